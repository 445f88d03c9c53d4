"""Rules of disputes without a database."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from disputes import policy
from disputes.enums import Department, DisputeOutcome, DisputeStatus, DisputeType, RootCause
from disputes.policy import Act
from o2c.shared.problems import Invalid

S = DisputeStatus


def test_every_type_has_its_department_and_days():
    assert set(policy.DEFAULTS) == set(DisputeType)
    assert policy.DEFAULTS[DisputeType.QUALITY] == (Department.QUALITY, 20)
    assert policy.DEFAULTS[DisputeType.INVOICE_NOT_RECEIVED] == (Department.ADV, 2)


def test_every_outcome_has_its_effects():
    assert set(policy.EFFECTS) == set(DisputeOutcome)


@pytest.mark.parametrize(
    ("act", "now", "then"),
    [
        (Act.QUALIFY, S.OPEN, S.QUALIFIED),
        (Act.ACCEPT, S.QUALIFIED, S.IN_PROGRESS),
        (Act.WAIT_CUSTOMER, S.IN_PROGRESS, S.WAITING_CUSTOMER),
        (Act.RESUME, S.WAITING_CUSTOMER, S.IN_PROGRESS),
        (Act.PROPOSE, S.QUALIFIED, S.PROPOSED),
        (Act.RESOLVE, S.QUALIFIED, S.RESOLVED),
        (Act.CARRY_OUT, S.RESOLVED, S.CLOSED),
        (Act.REJECT, S.OPEN, S.REJECTED),
        (Act.WITHDRAW, S.PROPOSED, S.WITHDRAWN),
        (Act.REOPEN, S.CLOSED, S.REOPENED),
        (Act.ASSIGN, S.WAITING_INTERNAL, S.WAITING_INTERNAL),
    ],
)
def test_an_act_leads_where_the_table_says(act: Act, now: DisputeStatus, then: DisputeStatus):
    assert policy.next_status(act, now) == then


@pytest.mark.parametrize(
    ("act", "now"),
    [
        (Act.RESOLVE, S.OPEN),
        (Act.RESOLVE, S.CLOSED),
        (Act.QUALIFY, S.PROPOSED),
        (Act.WITHDRAW, S.RESOLVED),
        (Act.REOPEN, S.IN_PROGRESS),
        (Act.ASSIGN, S.REJECTED),
    ],
)
def test_other_acts_are_refused(act: Act, now: DisputeStatus):
    with pytest.raises(policy.WrongState):
        policy.next_status(act, now)


def test_a_first_answer_is_due_in_two_working_days_and_the_clock_runs_in_calendar_days():
    friday = date(2026, 11, 20)
    assert policy.first_answer_due(friday) == date(2026, 11, 24)
    assert policy.agreed_due(friday, 10) == date(2026, 11, 30)
    assert policy.days_left(date(2026, 11, 18), friday) == -2
    assert policy.days_left(None, friday) is None


def _check(amount: str, **facts: str) -> None:
    given = {"total": "100", "open_amount": "100", "undisputed": "100", "credited": "0"} | facts
    policy.check_disputed(Decimal(amount), **{name: Decimal(value) for name, value in given.items()})


@pytest.mark.parametrize(
    ("amount", "facts", "said"),
    [
        ("1", {"total": "-100"}, "Only what a client owes can be disputed."),
        ("1", {"open_amount": "0"}, "This document is paid: there is nothing to dispute."),
        (
            "1",
            {"open_amount": "0", "credited": "100"},
            "This document is cancelled by a credit note: there is nothing to dispute.",
        ),
        ("1", {"undisputed": "0"}, "All that is open of this document is disputed already."),
        ("61", {"undisputed": "60"}, "Of 100 open, 60 is in no dispute yet: more cannot be disputed."),
        ("101", {}, "100 is open: more cannot be disputed."),
        ("0", {}, "100 is open: more cannot be disputed."),
    ],
)
def test_what_cannot_be_disputed_is_refused_with_its_reason(amount: str, facts: dict[str, str], said: str):
    with pytest.raises((policy.NothingOpen, policy.DisputedTwice)) as refused:
        _check(amount, **facts)
    assert str(refused.value) == said


def test_the_whole_open_amount_can_be_disputed():
    _check("100")


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ("PICKING", RootCause.PICKING),
        ("carrier.damage", RootCause.CARRIER_DAMAGE),
        ("platform/routing", RootCause.PLATFORM_ROUTING),
        ("customer cash pretext", RootCause.CUSTOMER_CASH_PRETEXT),
    ],
)
def test_root_causes_are_read_as_people_write_them(text: str, cause: RootCause):
    assert policy.root_cause_of(text) == cause


@pytest.mark.parametrize("text", ["", "weather"])
def test_a_root_cause_is_needed(text: str):
    with pytest.raises(Invalid) as refused:
        policy.root_cause_of(text)
    assert "root_cause" in refused.value.errors


def test_an_outcome_takes_off_what_is_named_or_all_that_is_disputed():
    disputed = Decimal("80.00")
    assert policy.outcome_amount(DisputeOutcome.CREDIT_NOTE, Decimal(30), disputed) == 30
    assert policy.outcome_amount(DisputeOutcome.CREDIT_NOTE, None, disputed) == 80
    assert policy.outcome_amount(DisputeOutcome.REINVOICE, Decimal(30), disputed) == 80
    assert policy.outcome_amount(DisputeOutcome.DOCUMENT_SENT, Decimal(30), disputed) == 0
    for wrong in ("0", "80.01"):
        with pytest.raises(policy.OutcomeAmount):
            policy.outcome_amount(DisputeOutcome.GOODWILL, Decimal(wrong), disputed)


def test_departments_follow_the_roles():
    assert policy.departments_of(["dispute_owner", "adv_officer"]) == {
        Department.LOGISTICS,
        Department.QUALITY,
        Department.ADV,
    }
    assert policy.departments_of(["auditor"]) == frozenset()
