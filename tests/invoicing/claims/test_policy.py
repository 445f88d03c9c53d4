"""What may be claimed of the insurer, what it would pay, and when."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest

from invoicing.claims.enums import ClaimOutcome, ClaimStatus
from invoicing.claims.policy import (
    Against,
    Claimable,
    Worth,
    against,
    deadline_of,
    may_follow,
    outcome_problem,
    waits_until,
    worth_of,
)

D = Decimal
ON = date(2026, 11, 23)
ONE = Claimable(
    item_id=1, document="F1", currency="EUR", issue_date=ON - timedelta(days=60), due_date=ON - timedelta(days=30),
    open_amount=D("1200.00"), amount=D("1200.00"), limit=D(10000), insured_pct=D(90),
)  # fmt: skip


@pytest.mark.parametrize(
    ("facts", "why"),
    [
        ({}, None),
        ({"open_amount": D(0), "amount": D(0)}, Against.NOT_OWED),
        ({"amount": D(0)}, Against.DISPUTED),
        ({"due_date": ON}, Against.NOT_LATE),
        ({"due_date": ON + timedelta(days=9), "frozen": True}, None),
        ({"limit": None}, Against.NOT_COVERED),
        ({"is_sold": True}, Against.SOLD),
        ({"is_claimed": True}, Against.CLAIMED),
    ],
)
def test_what_speaks_against_a_document(facts, why):
    assert against(replace(ONE, **facts), on=ON) == why


def test_vat_is_taken_off_unless_it_is_insured():
    assert worth_of([ONE], vat_pct=D(20)) == Worth(D("1200.00"), D("1000.00"), D("900.00"))
    assert worth_of([ONE], vat_pct=D(0)) == Worth(D("1200.00"), D("1200.00"), D("1080.00"))


def test_a_reduced_limit_leaves_what_was_delivered_before_it():
    before = replace(ONE, amount=D(8000), limit=D(10000))
    after = replace(ONE, item_id=2, issue_date=ON - timedelta(days=40), amount=D(3000), limit=D(9000))
    found = worth_of([after, before], vat_pct=D(0))
    assert found == Worth(D(11000), D(9000), D("8100.00"))  # 8 000 by the old limit, 1 000 within the new one


def test_other_claims_take_of_the_limit():
    assert worth_of([ONE], vat_pct=D(0), taken=D(9500)).covered == D(500)
    assert worth_of([ONE], vat_pct=D(0), taken=D(12000)) == Worth(D("1200.00"), D(0), D(0))


def test_the_cap_of_the_year_limits_what_is_expected():
    assert worth_of([ONE], vat_pct=D(20), left=D(900)) == Worth(D("1200.00"), D("1000.00"), D("900.00"))
    found = worth_of([ONE], vat_pct=D(20), left=D("250.40"))
    assert found == Worth(D("1200.00"), D("1000.00"), D("250.40"), D("649.60"))
    assert found.insured == D("900.00")
    assert worth_of([ONE], vat_pct=D(20), left=D(0)).expected == D(0)


def test_delays():
    assert deadline_of([ON, ON - timedelta(days=5)], days=60) == ON + timedelta(days=55)
    assert waits_until(ON, waiting_days=90, is_insolvency=False) == ON + timedelta(days=90)
    assert waits_until(ON, waiting_days=90, is_insolvency=True) == ON


def test_the_steps_of_a_file():
    ways = {(a.value, b.value) for a in ClaimStatus for b in ClaimStatus if may_follow(a, b)}
    assert ways == {
        ("THREAT", "DECLARED"), ("THREAT", "CLOSED"), ("DECLARED", "IN_RECOVERY"), ("DECLARED", "INDEMNIFIED"),
        ("DECLARED", "CLOSED"), ("IN_RECOVERY", "INDEMNIFIED"), ("IN_RECOVERY", "CLOSED"),
        ("INDEMNIFIED", "INDEMNIFIED"), ("INDEMNIFIED", "CLOSED"),
    }  # fmt: skip


def test_an_end_must_fit_the_figures():
    assert outcome_problem(ClaimOutcome.PAID, open_amount=D(1), indemnity=D(0))
    assert outcome_problem(ClaimOutcome.PAID, open_amount=D(0), indemnity=D(0)) is None
    assert outcome_problem(ClaimOutcome.INDEMNIFIED, open_amount=D(1), indemnity=D(0))
    assert outcome_problem(ClaimOutcome.INDEMNIFIED, open_amount=D(1), indemnity=D(1)) is None
    assert outcome_problem(ClaimOutcome.REFUSED, open_amount=D(1), indemnity=D(0)) is None
