"""The insurer's part of the exposure, and the end of cover beyond its extension."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, transaction
from django.test import Client
from django.utils import timezone

from accounts.models import Company, CustomerAccount, User
from credit.enums import CoverStatus
from credit.insurance_policy import CoverFacts, CoverYear, cover_of, insurance_year, stops_deliveries
from credit.models import BuyerCover, InsurancePolicy
from credit.queries import exposure_of
from credit.services.checks import check
from credit.services.insurance import PolicyKnown, set_policy
from invoicing.declarations import declarations_due
from invoicing.models import DueDateChange
from invoicing.services import dispute_amount
from o2c.shared.calendar import paris_date
from o2c.shared.models import AuditEvent
from o2c.shared.problems import Invalid, NotAllowed
from tests.factories.accounts import CompanyFactory, CustomerAccountFactory, make_user
from tests.factories.orders import give_limit, open_item

D = Decimal
AT = datetime(2026, 1, 1, 9, 0, tzinfo=UTC)
ON = date(2026, 11, 26)


def facts(**given: Any) -> CoverFacts:
    fields: dict[str, Any] = {
        "status": CoverStatus.ACTIVE,
        "amount": D(30000),
        "insured_pct": D(90),
        "vat_insured": True,
        "extension_days": 60,
    }
    return CoverFacts(**fields | given)


@pytest.mark.parametrize(
    ("given", "counts"),
    [
        ({}, True),
        ({"status": CoverStatus.PARTIAL}, True),
        ({"status": CoverStatus.REDUCED}, True),
        ({"status": CoverStatus.REQUESTED}, False),
        ({"status": CoverStatus.REFUSED}, False),
        ({"status": CoverStatus.CANCELLED}, False),
        ({"status": CoverStatus.EXPIRED}, False),
        ({"until": ON}, True),
        ({"until": ON - timedelta(days=1)}, False),
        ({"max_term_days": 45}, True),
        ({"max_term_days": 44}, False),
    ],
)
def test_which_cover_counts_for_new_deliveries(given: dict[str, Any], counts: bool):
    assert facts(**given).counts_for(on=ON, term_days=45, overdue=D(10)) is counts


def test_a_blind_cover_needs_a_buyer_with_nothing_late():
    blind = facts(status=None, amount=D(5000))
    assert blind.counts_for(on=ON, term_days=30, overdue=D(0))
    assert not blind.counts_for(on=ON, term_days=30, overdue=D("0.01"))


def test_the_insurers_limit_is_of_the_legal_entity():
    own: dict[str, Any] = {"vat_pct": D(0), "counts": True}
    assert cover_of(facts(), nets=(D(20000), D(20000)), **own) == D("18000.00")
    assert cover_of(facts(), nets=(D(45000), D(60000)), **own) == D("20250.00")
    assert cover_of(facts(), nets=(D(15000), D(60000)), **own) == D("6750.00")
    assert cover_of(facts(), nets=(D(-5), D(60000)), **own) == D(0)
    assert cover_of(facts(), nets=(D(20000), D(20000)), vat_pct=D(0), counts=False) == D(0)


def test_vat_is_taken_off_where_the_policy_does_not_insure_it():
    found = cover_of(facts(vat_insured=False), nets=(D(12000), D(12000)), vat_pct=D(20), counts=True)
    assert found == D("9000.00")


def test_beyond_the_extension_new_deliveries_are_not_insured():
    asked: dict[str, Any] = {"floor": D(100)}
    assert stops_deliveries(facts(), unpaid=D("100.01"), **asked)
    assert not stops_deliveries(facts(), unpaid=D(100), **asked)
    assert not stops_deliveries(facts(extension_days=None), unpaid=D(500), **asked)
    assert not stops_deliveries(facts(status=CoverStatus.CANCELLED), unpaid=D(500), **asked)
    assert not stops_deliveries(facts(status=None), unpaid=D(500), **asked)


@pytest.fixture
def company(db: None) -> Company:
    return CompanyFactory(code="DEMO")


@pytest.fixture
def manager(company: Company) -> User:
    return make_user("credit_manager", company, "manager")


@pytest.fixture
def account(company: Company, manager: User) -> CustomerAccount:
    account = CustomerAccountFactory(company=company, code="C0042", term="NET30")
    give_limit(account, "100000", decided_by=manager)
    return account


def cover(account: CustomerAccount, **fields: Any) -> BuyerCover:
    given = {
        "amount": D(30000),
        "currency": "EUR",
        "insured_pct": D(90),
        "status": "ACTIVE",
        "effective_on": date(2026, 1, 1),
        "recorded_at": AT,
    }
    return BuyerCover.objects.create(company=account.company, entity=account.entity, **(given | fields))


def policy(company: Company, by: User, **fields: Any) -> InsurancePolicy:
    given = {
        "insurer": "Allianz Trade", "number": "P-1", "valid_from": date(2026, 1, 1), "recorded_at": AT,
    }  # fmt: skip
    return InsurancePolicy.objects.create(company=company, recorded_by=by, **(given | fields))


def told(account: CustomerAccount) -> tuple[str, str]:
    shown = exposure_of(account, on=paris_date(timezone.now())).as_contract()
    return shown["insured_cover"], shown["uncovered_exposure"]


def test_the_exposure_says_what_is_insured(account: CustomerAccount, manager: User):
    open_item(account, "12000", due=paris_date(timezone.now()) + timedelta(days=20))
    assert told(account) == ("0.00", "12000.00")
    cover(account)
    # Without the rate of any document, what France adds: 12 000 are 10 000 excl. VAT.
    assert told(account) == ("9000.00", "3000.00")
    policy(account.company, manager, vat_insured=True)
    assert told(account) == ("10800.00", "1200.00")
    cover(account, status="CANCELLED", effective_on=date(2026, 6, 1), amount=D(0))
    assert told(account) == ("0.00", "12000.00")


def test_clients_of_one_legal_entity_share_its_cover(account: CustomerAccount, manager: User):
    today = paris_date(timezone.now())
    policy(account.company, manager, vat_insured=True)
    cover(account)
    other = CustomerAccountFactory(company=account.company, entity=account.entity)
    elsewhere = CustomerAccountFactory(company=CompanyFactory(code="OTHER"), entity=account.entity)
    for one, amount in ((account, "45000"), (other, "15000"), (elsewhere, "90000")):
        open_item(one, amount, due=today + timedelta(days=20))
    assert told(account) == ("20250.00", "24750.00")
    assert told(other) == ("6750.00", "8250.00")
    assert told(elsewhere) == ("0.00", "90000.00")


def test_a_buyer_nobody_named_has_the_blind_cover_until_the_insurer_says_no(
    account: CustomerAccount, manager: User
):
    today = paris_date(timezone.now())
    policy(account.company, manager, vat_insured=True, blind_limit=D(5000), blind_pct=D(80))
    open_item(account, "12000", due=today + timedelta(days=20))
    assert told(account) == ("4000.00", "8000.00")
    late = open_item(account, "10", due=today - timedelta(days=1))
    assert told(account) == ("0.00", "12010.00")
    late.delete()
    cover(account, status="REFUSED", amount=D(0))
    assert told(account) == ("0.00", "12000.00")


def test_what_is_unpaid_beyond_the_extension_holds_new_orders(
    account: CustomerAccount, company: Company, manager: User
):
    now = timezone.now()
    today = paris_date(now)

    def found() -> dict[str, Any]:
        result = check(account=account, amount=D(10), at=now)
        return {each.code.value: each.figures for each in result.found}

    open_item(account, "500", due=today - timedelta(days=60))
    old = open_item(account, "300", due=today - timedelta(days=61))
    cover(account)
    assert "INSURANCE_STOP" not in found()  # no policy says how long the insured may wait
    policy(company, manager, extension_days=60)
    assert found()["INSURANCE_STOP"] == {"amount": D("300.00"), "extension_days": 60}
    accountant = make_user("receivables_accountant", company)
    dispute_amount(item_id=old.pk, amount=D(250), on=today, by=accountant, at=now)
    assert "INSURANCE_STOP" not in found()


@pytest.mark.parametrize(
    ("constraint", "fields"),
    [
        ("blind_cover_is_something", {"blind_limit": D(0)}),
        ("blind_share_of_a_hundred", {"blind_pct": D("100.01")}),
        ("insurance_days_are_some", {"extension_days": 0}),
        ("insurance_cap_is_something", {"aggregate_cap": D(0)}),
        ("insurance_days_are_some", {"declaration_days": 0}),
    ],
)
def test_the_database_keeps_policies_sound(
    constraint: str, fields: dict[str, Any], company: Company, manager: User
):
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        policy(company, manager, **fields)


def test_a_policy_is_never_changed(company: Company, manager: User):
    row = policy(company, manager)
    with pytest.raises(IntegrityError, match="one_insurance_policy_per_day"), transaction.atomic():
        policy(company, manager)
    with pytest.raises(DatabaseError, match="Cannot update or delete"), transaction.atomic():
        InsurancePolicy.objects.filter(pk=row.pk).update(waiting_days=1)
    with pytest.raises(DatabaseError, match="Cannot update or delete"), transaction.atomic():
        row.delete()


def test_what_must_be_declared_is_told_ten_days_before(
    account: CustomerAccount, company: Company, manager: User
):
    now = timezone.now()
    today = paris_date(now)
    policy(company, manager, declaration_days=60)
    cover(account)
    old = open_item(account, "300", due=today - timedelta(days=50), document="FA-1")
    open_item(account, "200", due=today - timedelta(days=49))

    def due() -> list[tuple[Any, ...]]:
        found = declarations_due(account_ids=[account.pk], since=today - timedelta(days=30), on=today)
        return [(event.amount, event.figures["day"], event.figures["document"]) for event in found]

    assert due() == [(D("300.00"), today + timedelta(days=10), "FA-1")]
    # Put off since: the delay runs from the due date it was issued with.
    accountant = make_user("receivables_accountant", company)
    later = open_item(account, "100", due=today - timedelta(days=20), document="FA-2")
    DueDateChange.objects.create(
        item=later,
        old_due_date=today - timedelta(days=55),
        new_due_date=today - timedelta(days=20),
        effective_from=today - timedelta(days=40),
        reason="asked",
        recorded_at=now,
        recorded_by=accountant,
    )
    assert due() == [(D("400.00"), today + timedelta(days=5), "FA-2")]
    dispute_amount(item_id=old.pk, amount=D(300), on=today, by=accountant, at=now)
    assert due() == [(D("100.00"), today + timedelta(days=5), "FA-2")]
    cover(account, status="REFUSED", effective_on=date(2026, 6, 1), amount=D(0))
    assert due() == []


def test_the_terms_are_entered_once(company: Company, manager: User):
    director = make_user("finance_director", company)
    terms: dict[str, Any] = {"insurer": "Coface", "number": "P-9", "extension_days": 45}
    at = timezone.now()
    with pytest.raises(NotAllowed):
        set_policy(company=company, valid_from=ON, by=manager, at=at, **terms)
    with pytest.raises(Invalid):
        set_policy(company=company, valid_from=ON, by=director, at=at, **terms | {"extension_days": 0})
    with pytest.raises(Invalid):
        set_policy(company=company, valid_from=ON, by=director, at=at, **terms | {"blind_pct": D(101)})
    made = set_policy(company=company, valid_from=ON, by=director, at=at, **terms)
    assert set_policy(company=company, valid_from=ON, by=director, at=at, **terms) == made
    with pytest.raises(PolicyKnown):
        set_policy(company=company, valid_from=ON, by=director, at=at, **terms | {"number": "P-10"})
    assert AuditEvent.objects.filter(action="insurance.policy_set").count() == 1


def test_other_terms_of_a_policy_keep_its_year(company: Company):
    director = make_user("finance_director", company)

    def enter(valid_from: date, **terms: Any) -> InsurancePolicy:
        given = {"insurer": "Coface", "number": "P-9", "aggregate_cap": D(1000)} | terms
        return set_policy(company=company, valid_from=valid_from, by=director, at=timezone.now(), **given)

    with pytest.raises(Invalid):
        enter(date(2025, 3, 1), aggregate_cap=D(0))
    assert enter(date(2025, 3, 1)).year_begun == date(2025, 3, 1)
    assert enter(date(2026, 1, 1), aggregate_cap=D(2000)).year_begun == date(2025, 3, 1)
    assert enter(date(2026, 2, 1), number="P-10").year_begun == date(2026, 2, 1)
    assert enter(date(2026, 4, 1), year_from=date(2020, 7, 1)).year_begun == date(2020, 7, 1)


@pytest.mark.parametrize(
    ("begun", "on", "first", "last"),
    [
        (date(2025, 3, 1), date(2026, 11, 23), date(2026, 3, 1), date(2027, 2, 28)),
        (date(2025, 3, 1), date(2026, 3, 1), date(2026, 3, 1), date(2027, 2, 28)),
        (date(2025, 3, 1), date(2026, 2, 28), date(2025, 3, 1), date(2026, 2, 28)),
        (date(2025, 3, 1), date(2024, 2, 29), date(2023, 3, 1), date(2024, 2, 29)),
        (date(2024, 2, 29), date(2026, 2, 28), date(2026, 2, 28), date(2027, 2, 27)),
        (date(2024, 2, 29), date(2028, 2, 28), date(2027, 2, 28), date(2028, 2, 28)),
        (date(2026, 1, 1), date(2026, 12, 31), date(2026, 1, 1), date(2026, 12, 31)),
    ],
)
def test_a_year_of_a_policy(begun: date, on: date, first: date, last: date):
    assert insurance_year(begun, on=on) == (first, last)


def test_what_is_left_of_a_year():
    year = CoverYear(ON, ON, D(1000), paid=D(500), promised=D(299))
    assert (year.left, year.is_short) == (D(201), False)
    assert CoverYear(ON, ON, D(1000), paid=D(500), promised=D(300)).is_short
    # The insurer may have paid more than it had to.
    assert CoverYear(ON, ON, D(1000), paid=D(1100)).left == D(0)


def test_on_screen(account: CustomerAccount, company: Company, manager: User):
    today = paris_date(timezone.now())
    director = make_user("finance_director", company)
    open_item(account, "12000", due=today + timedelta(days=20))
    cover(account)
    client = Client(headers={"accept-language": "en"})
    client.force_login(director, backend="django.contrib.auth.backends.ModelBackend")
    body = {
        "insurer": "Coface", "number": "P-9", "valid_from": "2026-01-01", "vat_insured": "on", "extension_days": "60",
        "declaration_days": "60", "waiting_days": "90", "blind_pct": "90", "insolvency_days": "10",
    }  # fmt: skip
    assert client.post("/credit/insurance/policy/", body | {"extension_days": "0"}).status_code == 422
    capped = body | {"aggregate_cap": "50,000", "year_from": "2020-04-01"}
    assert client.post("/credit/insurance/policy/", capped).status_code == 302
    assert client.post("/credit/insurance/policy/", body | {"number": "P-10"}).status_code == 422
    page = client.get("/credit/insurance/policy/").content.decode()
    assert "Left in this year of the policy" in page
    assert "at most €50,000 a year" in page
    page = client.get("/credit/insurance/").content.decode()
    assert account.name in page
    assert "Coface, policy P-9" in page
    page = client.get(f"/clients/{account.code}/").content.decode()
    assert "The insurer bears €10,800.00, we bear €1,200.00." in page
    client.force_login(manager, backend="django.contrib.auth.backends.ModelBackend")
    assert client.get("/credit/insurance/policy/").status_code == 200
    assert client.post("/credit/insurance/policy/", body).status_code == 403
