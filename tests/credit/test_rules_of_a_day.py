"""Authority and thresholds as dated rows: who changes them, from when, what is impossible, what past days keep."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, InternalError, transaction
from django.utils import timezone, translation

from accounts.models import Company, CustomerAccount, User
from credit.models import DelegationRule, ThresholdChange
from credit.policy import Thresholds
from credit.queries import exposure_of
from credit.rule_policy import Authority, authority_errors, threshold_errors
from credit.rule_queries import all_thresholds, delegation_of, matrix_of, thresholds_of
from credit.rule_words import say_authority, say_thresholds
from credit.services.authority_rules import (
    AuthorityUnchanged,
    ChangeDecided,
    ChangeOwn,
    ChangeWaits,
    OwnAuthority,
    decide_authority,
    propose_authority,
)
from credit.services.checks import check, mandates
from credit.services.threshold_rules import ThresholdsUnchanged, change_thresholds
from credit.written.values import Live
from o2c.shared.calendar import paris_date
from o2c.shared.models import AuditEvent
from o2c.shared.problems import Invalid, NotAllowed, NotFound
from tests.factories.accounts import CompanyFactory, CustomerAccountFactory, make_user
from tests.factories.orders import give_limit, open_item
from tests.orders.pages import browse, text_of

pytestmark = pytest.mark.django_db
D = Decimal
NOW = timezone.now()
TODAY = paris_date(NOW)
LATER = TODAY + timedelta(days=10)


@pytest.fixture
def company(db: None) -> Company:
    return CompanyFactory(code="TEST")


@pytest.fixture
def account(company: Company) -> CustomerAccount:
    account = CustomerAccountFactory(company=company, code="C0001", name="Alpha")
    give_limit(account, "10000")
    return account


@pytest.fixture
def director(company: Company) -> User:
    return make_user("finance_director", company, "finance")


@pytest.fixture
def chief(company: Company) -> User:
    return make_user("executive", company, "chief")


def level(company: Company, number: int, **changes: Any) -> Authority:
    found = next(row for row in matrix_of(company.pk, TODAY) if row.level == number)
    return replace(found, **changes)


def ask(company: Company, rule: Authority, by: User, day: Any = None) -> DelegationRule:
    return propose_authority(
        company_id=company.pk, rule=rule, effective_from=day or TODAY, reason="As sat", by=by, at=NOW
    )


def answer(row: DelegationRule, by: User, accept: bool = True, reason: str = "Seen") -> DelegationRule:
    return decide_authority(change_id=row.pk, accept=accept, reason=reason, by=by, at=NOW)


def thresholds(company: Company, by: User, day: Any = None, risk_class: str = "C", **changes: Any) -> Any:
    values = replace(thresholds_of(company, TODAY)[risk_class].values, **changes)
    return change_thresholds(
        company_id=company.pk,
        risk_class=risk_class,
        values=values,
        effective_from=day or TODAY,
        reason="As sat",
        by=by,
        at=NOW,
    )


# --- the matrix: pure rules ---


MATRIX = (
    Authority(1, "adv_officer", D(500), D(2), False, D(0), D(50)),
    Authority(2, "credit_analyst", D(10000), None, True, D(25000), D(500)),
    Authority(3, "executive", None, None, True, None, None),
)


@pytest.mark.parametrize(
    ("changed", "fields"),
    [
        (replace(MATRIX[1], release_amount=D(12000)), set()),
        (replace(MATRIX[1], release_amount=D(500)), set()),
        (replace(MATRIX[1], release_amount=D("499.99")), {"release_amount"}),
        (replace(MATRIX[0], release_amount=D(10001)), {"release_amount"}),
        (replace(MATRIX[0], release_amount=None), {"release_amount"}),
        (replace(MATRIX[1], limit_amount=D(-1)), {"limit_amount"}),
        (replace(MATRIX[1], write_off_amount=D("500.005")), {"write_off_amount"}),
        (replace(MATRIX[1], write_off_amount=D(10) ** 12), {"write_off_amount"}),
        (replace(MATRIX[1], release_with_overdue=False), set()),
        (replace(MATRIX[0], release_with_overdue=True), set()),
        (replace(MATRIX[1], release_pct=D("1.5")), {"release_pct"}),
        (replace(MATRIX[1], release_pct=D(0)), {"release_pct"}),
        (replace(MATRIX[1], release_pct=D("101")), {"release_pct"}),
        (replace(MATRIX[2], limit_amount=D(900000)), {"limit_amount"}),
        (replace(MATRIX[2], release_with_overdue=False), {"release_with_overdue"}),
    ],
)
def test_a_matrix_in_which_a_higher_level_decides_less_is_refused(
    changed: Authority, fields: set[str]
) -> None:
    matrix = [changed if row.level == changed.level else row for row in MATRIX]
    assert set(authority_errors(changed, matrix)) == fields


def test_widening_is_seen_in_each_thing() -> None:
    row = MATRIX[0]
    for wider in (
        {"release_amount": D(501)}, {"release_amount": None}, {"release_pct": None}, {"limit_amount": D(1)},
        {"write_off_amount": D(51)}, {"release_with_overdue": True},
    ):  # fmt: skip
        assert replace(row, **wider).widens(row), wider
        assert not row.widens(replace(row, **wider)), wider
    assert not row.widens(row)


def test_thresholds_out_of_bounds_are_named() -> None:
    good = {name: getattr(Thresholds(30), name) for name in Thresholds.__dataclass_fields__}
    assert threshold_errors(good) == {}
    for name, value in {
        "overdue_days": -1, "grace_days": 731, "new_account_days": 731, "overdue_floor": D(-1),
        "overdue_cap": D("0.001"), "tolerance_amount": D(10) ** 10, "overdue_pct": D(101), "dispute_pct": D(-1),
        "tolerance_pct": D("0.005"), "unusual_factor": D("0.5"), "unusual_min_orders": 0,
    }.items():  # fmt: skip
        assert set(threshold_errors({**good, name: value})) == {name}


# --- authority: two people, from a day on ---


def test_a_change_counts_once_another_agrees_and_from_its_day_on(
    company: Company, account: CustomerAccount, director: User, chief: User
) -> None:
    row = ask(company, level(company, 2, release_amount=D(20000)), director, LATER)
    assert mandates(company.pk)[1].release_amount == D(10000)
    assert answer(row, chief).is_accepted
    assert answer(row, chief).decided_by == chief, "the same answer again changes nothing"
    assert mandates(company.pk)[1].release_amount == D(10000), "not before its day"
    assert delegation_of(company.pk, LATER)[1].release_amount == D(20000)
    assert delegation_of(company.pk, LATER - timedelta(days=1))[1].release_amount == D(10000)
    assert delegation_of(CompanyFactory(code="FAR").pk, LATER)[1].release_amount == D(10000)
    actions = AuditEvent.objects.filter(action__startswith="authority.").order_by("pk")
    assert [event.action for event in actions] == ["authority.change_asked", "authority.change_agreed"]
    assert actions[0].reason == "As sat"


def test_the_check_decides_by_the_matrix_of_its_day(
    company: Company, account: CustomerAccount, director: User, chief: User
) -> None:
    open_item(account, "9500")
    asked: dict[str, Any] = {"account": account, "amount": D(9500), "at": NOW, "by": director}
    assert check(**asked).mandate.role == "credit_analyst"
    row = ask(company, level(company, 2, release_amount=D(600)), director)
    assert check(**asked).mandate.role == "credit_analyst", "nobody has agreed"
    answer(row, chief)
    assert check(**asked).mandate.role == "credit_manager"
    assert mandates(company.pk)[1].release_amount == D(600)


def test_four_eyes_and_nobody_raises_the_own_level(company: Company, director: User, chief: User) -> None:
    row = ask(company, level(company, 4, limit_amount=D(600000)), director)
    with pytest.raises(ChangeOwn):
        answer(row, director)
    second = make_user("finance_director", company, "finance2")
    with pytest.raises(OwnAuthority):
        answer(row, second)
    assert answer(row, chief).is_accepted, "somebody of another level agrees"
    lower = ask(company, level(company, 4, limit_amount=D(400000)), director)
    assert answer(lower, second).is_accepted, "less authority is nobody's gain"
    waiting = ask(company, level(company, 3, limit_amount=D(160000)), director)
    with pytest.raises(IntegrityError, match="delegation_change_four_eyes"), transaction.atomic():
        DelegationRule.objects.filter(pk=waiting.pk).update(
            decided_by=director, decided_at=NOW, is_accepted=True
        )


def test_who_may_not_and_what_cannot_be(company: Company, director: User, chief: User) -> None:
    for role in ("credit_manager", "administrator", "auditor"):
        with pytest.raises(NotAllowed):
            ask(company, level(company, 2, release_amount=D(20000)), make_user(role, company))
    with pytest.raises(Invalid) as refused:
        propose_authority(
            company_id=company.pk,
            rule=level(company, 2, release_amount=D(60000)),
            effective_from=TODAY - timedelta(days=1),
            reason=" ",
            by=director,
            at=NOW,
        )
    assert set(refused.value.errors) == {"release_amount", "effective_from", "reason"}
    with pytest.raises(Invalid):
        ask(company, replace(level(company, 2), level=9), director)
    with pytest.raises(AuthorityUnchanged):
        ask(company, level(company, 2), director)
    row = ask(company, level(company, 2, release_amount=D(20000)), director)
    with pytest.raises(ChangeWaits):
        ask(company, level(company, 2, release_amount=D(30000)), chief)
    with pytest.raises(Invalid):
        answer(row, chief, accept=False, reason=" ")
    assert answer(row, chief, accept=False).is_accepted is False
    with pytest.raises(ChangeDecided):
        answer(row, chief)
    assert mandates(company.pk)[1].release_amount == D(10000)
    stranger = make_user("executive", CompanyFactory(code="FAR"), "stranger")
    with pytest.raises(NotFound):
        answer(row, stranger)
    with pytest.raises(NotFound):
        decide_authority(change_id=delegation_of(company.pk)[0].pk, accept=True, reason="", by=chief, at=NOW)


def test_a_change_that_would_contradict_a_later_one_is_refused(
    company: Company, director: User, chief: User
) -> None:
    answer(ask(company, level(company, 3, release_amount=D(15000)), director, LATER), chief)
    with pytest.raises(Invalid) as refused:
        ask(company, level(company, 2, release_amount=D(20000)), director)
    assert set(refused.value.errors) == {"release_amount"}


def test_an_agreement_after_its_day_counts_from_today_on(
    company: Company, director: User, chief: User
) -> None:
    row = ask(company, level(company, 2, release_amount=D(20000)), director)
    tomorrow = NOW + timedelta(days=3)
    decide_authority(change_id=row.pk, accept=True, reason="", by=chief, at=tomorrow)
    row.refresh_from_db()
    assert row.effective_from == paris_date(tomorrow)
    assert mandates(company.pk)[1].release_amount == D(10000)


def test_rows_are_never_overwritten(company: Company, director: User, chief: User) -> None:
    row = ask(company, level(company, 2, release_amount=D(20000)), director)
    with pytest.raises(InternalError, match="delegation_change_frozen"), transaction.atomic():
        DelegationRule.objects.filter(pk=row.pk).update(release_amount=D(1))
    change = thresholds(company, director, overdue_days=3)
    for act in (
        lambda: ThresholdChange.objects.filter(pk=change.pk).update(overdue_days=99),
        lambda: ThresholdChange.objects.filter(pk=change.pk).delete(),
    ):
        with pytest.raises(InternalError, match="threshold_change_append_only"), transaction.atomic():
            act()


# --- thresholds: from a day on, by right ---


def test_thresholds_change_from_their_day_on_and_only_there(
    company: Company, account: CustomerAccount, director: User
) -> None:
    open_item(account, "400", due=TODAY - timedelta(days=12))
    open_item(account, "4600", due=TODAY + timedelta(days=12))
    asked: dict[str, Any] = {"account": account, "amount": D(10), "at": NOW, "by": director}
    assert not check(**asked).found, "class C tolerates 15 days; the amount is below what may be overdue"
    thresholds(company, director, LATER, overdue_days=5)
    assert not check(**asked).found
    thresholds(company, director, overdue_days=10)
    result = check(**asked)
    assert [found.code for found in result.found] == ["OVERDUE_DAYS"]
    assert result.thresholds is not None
    assert result.thresholds.overdue_days == 10
    assert thresholds_of(company, LATER)["C"].values.overdue_days == 5
    assert all_thresholds(TODAY)[company.pk, "C"].overdue_days == 10
    assert all_thresholds(TODAY)[None, "C"].overdue_days == 15
    assert thresholds_of(CompanyFactory(code="FAR"), LATER)["C"].values.overdue_days == 15
    with translation.override("en"):
        assert "10 days (class C)" in (Live(company).words("overdue_days") or "")
    assert exposure_of(account, on=TODAY).figures.beyond_class == D(400)


def test_a_tolerance_of_a_class_lets_an_order_pass(
    company: Company, account: CustomerAccount, director: User
) -> None:
    asked: dict[str, Any] = {"account": account, "amount": D(10100), "at": NOW, "by": director}
    assert check(**asked).verdict == "hold"
    thresholds(company, director, tolerance_pct=D(2), tolerance_amount=D(150))
    assert check(**asked).verdict == "warn"


def test_who_changes_thresholds_and_which(company: Company, director: User) -> None:
    for role in ("credit_manager", "administrator"):
        with pytest.raises(NotAllowed):
            thresholds(company, make_user(role, company), overdue_days=3)
    with pytest.raises(ThresholdsUnchanged):
        thresholds(company, director)
    with pytest.raises(Invalid) as refused:
        change_thresholds(
            company_id=company.pk,
            risk_class="X",
            values=Thresholds(-1),
            effective_from=TODAY - timedelta(days=1),
            reason="",
            by=director,
            at=NOW,
        )
    assert set(refused.value.errors) == {"risk_class", "overdue_days", "effective_from", "reason"}
    thresholds(company, director, overdue_days=3)
    event = AuditEvent.objects.get(action="thresholds.changed")
    assert event.before == {"overdue_days": 15}
    assert event.after is not None
    assert event.after["overdue_days"] == 3


# --- pages, words, API ---


def test_the_page_of_authority_asks_and_answers(company: Company, director: User, chief: User) -> None:
    address = "/credit/authority/"
    rep = make_user("sales", company, "rep")
    page = text_of(browse(rep).get(address))
    assert "up to €10,000" in page
    assert "art. 3.1" in page
    assert "Ask for the change" not in page
    data = {
        "level": "2", "release_amount": "20000", "release_with_overdue": "on", "limit_amount": "25000",
        "write_off_amount": "500", "effective_from": TODAY.isoformat(), "reason": "As sat",
    }  # fmt: skip
    assert browse(rep).post(address, data).status_code == 403
    assert browse(director).post(address, data | {"release_amount": "90000"}).status_code == 422
    assert browse(director).post(address, data).status_code == 302
    row = DelegationRule.objects.get(set_by=director)
    assert "you asked for this change" in text_of(browse(director).get(address))
    assert "up to €20,000" in text_of(browse(chief).get(address))
    assert browse(chief).post(f"{address}{row.pk}/answer/", {"answer": "refuse"}).status_code == 302
    row.refresh_from_db()
    assert row.decided_by is None, "refused without a reason: nothing happens"
    browse(chief).post(f"{address}{row.pk}/answer/", {"answer": "agree"})
    assert mandates(company.pk)[1].release_amount == D(20000)
    assert "As sat" in text_of(browse(rep).get(address))


def test_the_page_of_thresholds_says_what_they_mean(company: Company, director: User) -> None:
    address = "/credit/thresholds/"
    rep = make_user("sales", company, "rep")
    page = text_of(browse(rep).get(address))
    assert "Held when more than €100 is late by more than 15 days" in page
    assert "art. 4.4" in page
    data = {
        "risk_class": "C", "overdue_days": "11", "overdue_floor": "100", "grace_days": "2", "overdue_pct": "10",
        "overdue_cap": "5000", "dispute_pct": "20", "tolerance_pct": "0", "tolerance_amount": "0",
        "unusual_factor": "2", "unusual_min_orders": "3", "new_account_days": "180",
        "effective_from": LATER.isoformat(), "reason": "Late payers",
    }  # fmt: skip
    assert browse(rep).post(address, data).status_code == 403
    assert browse(director).post(address, data | {"reason": ""}).status_code == 422
    assert browse(director).post(address, data).status_code == 302
    assert "Begins later" in text_of(browse(rep).get(address))


def test_words_in_both_languages() -> None:
    for language, said in {
        "en": "up to €500 and 2% of the limit, while nothing is late",
        "fr": "jusqu’à 500\u00a0€ et 2\u00a0% du plafond, tant que rien n’est en retard",
    }.items():
        with translation.override(language):
            assert say_authority(MATRIX[0], "EUR").release == said
            assert len(say_thresholds(Thresholds(30), "EUR")) == 6
    with translation.override("en"):
        half = replace(MATRIX[1], release_pct=D("2.5"), release_amount=None, release_with_overdue=True)
        assert say_authority(half, "EUR").release == "up to 2.50% of the limit"
        assert say_authority(replace(half, release_amount=D(0)), "EUR").release == "nothing"


def test_the_api_reads_both_of_a_day(company: Company, director: User, chief: User) -> None:
    answer(ask(company, level(company, 2, release_amount=D(20000)), director, LATER), chief)
    ask(company, level(company, 3, release_amount=D(60000)), director)
    thresholds(company, director, LATER, overdue_days=3)
    browser = browse(director)
    now = browser.get("/api/v1/credit-authority/").json()
    assert [row["release_amount"] for row in now["levels"]][:2] == ["500.00", "10000.00"]
    assert now["levels"][4]["release_amount"] is None
    assert (now["coming"][0]["agreed_by"], now["waiting"][0]["level"]) == ("chief", 3)
    then = browser.get("/api/v1/credit-authority/", {"on": LATER.isoformat()}).json()
    assert then["levels"][1]["release_amount"] == "20000.00"
    classes = browser.get("/api/v1/credit-thresholds/", {"on": LATER.isoformat()}).json()["classes"]
    assert {row["risk_class"]: row["overdue_days"] for row in classes}["C"] == 3
    assert browser.get("/api/v1/credit-thresholds/", {"on": "soon"}).status_code == 400
