"""Guarantees: what they relieve, who enters and confirms them, that the database keeps them sound."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from accounts.models import Company, CustomerAccount, User
from credit import standing
from credit.alerts.facts import alerts_found
from credit.enums import AlertKind, Level
from credit.guarantee_policy import secured, share
from credit.history import exposure_by
from credit.insurance_policy import cover_of
from credit.models import BuyerCover, CreditStanding, ExposureSnapshot, Guarantee, InsurancePolicy
from credit.queries import exposure_of
from credit.services.guarantees import (
    GuaranteeEnded,
    GuaranteeKnown,
    GuaranteeOwn,
    confirm_guarantee,
    end_guarantee,
    record_guarantee,
)
from o2c.reports.exposure import exposure_report
from o2c.shared.calendar import paris_date
from o2c.shared.files import ReceivedFile
from o2c.shared.models import AuditEvent, Work
from o2c.shared.problems import Invalid, NotAllowed, NotFound
from tests.credit.test_insurance import facts
from tests.factories.accounts import (
    CompanyFactory,
    CustomerAccountFactory,
    CustomerGroupFactory,
    LegalEntityFactory,
    make_user,
)
from tests.factories.orders import give_limit, open_item

D = Decimal
PAPER = ReceivedFile(name="caution.pdf", content_type="application/pdf", content=b"%PDF-1.4")


def today() -> date:
    return paris_date(timezone.now())


# --- the rule ---


def test_an_account_has_its_own_and_its_share_of_those_above():
    assert secured(D(100), owed=D(300), above=[(D(90), D(900)), (D(0), D(900))]) == D("130.00")
    assert share(D(90), owed=D(0), owing=D(900)) == D(0)
    assert share(D(90), owed=D(-5), owing=D(900)) == D(0)
    assert share(D(90), owed=D(5), owing=D(0)) == D(0)
    assert share(D(0), owed=D(5), owing=D(10)) == D(0)


@given(
    amount=st.decimals(1, 100000, places=2),
    owed=st.lists(st.decimals(-1000, 100000, places=2), min_size=1, max_size=8),
)
def test_shares_of_a_guarantee_are_never_more_than_it(amount: Decimal, owed: list[Decimal]):
    owing = sum((max(each, D(0)) for each in owed), D(0))
    shares = [share(amount, owed=each, owing=owing) for each in owed]
    assert all(part >= 0 for part in shares)
    # Each share is rounded to the cent.
    assert sum(shares, D(0)) <= amount + D("0.005") * len(owed)
    if owing:
        assert sum(shares, D(0)) >= amount - D("0.005") * len(owed)


def test_the_insurer_bears_its_share_of_what_guarantees_leave():
    # P-exposure-01: net 60 800, guarantees 10 000, insurer's limit 40 000 at 90 %: 36 000, uncovered 14 800.
    own: dict[str, Any] = {"vat_pct": D(0), "counts": True, "secured": (D(10000), D(10000))}
    assert cover_of(facts(amount=D(40000)), nets=(D(60800), D(60800)), **own) == D("36000.00")
    assert cover_of(facts(amount=D(80000)), nets=(D(60800), D(60800)), **own) == D("45720.00")
    assert cover_of(facts(), nets=(D(9000), D(9000)), **own) == D(0)
    # VAT not insured: the rest of 12 000 after 6 000 is 5 000 excl. VAT.
    no_vat: dict[str, Any] = {"vat_pct": D(20), "counts": True, "secured": (D(6000), D(6000))}
    assert cover_of(facts(vat_insured=False), nets=(D(12000), D(12000)), **no_vat) == D("4500.00")


# --- the acts ---


@pytest.fixture
def company(db: None) -> Company:
    return CompanyFactory(code="DEMO")


@pytest.fixture
def analyst(company: Company) -> User:
    return make_user("credit_analyst", company, "analyst")


@pytest.fixture
def manager(company: Company) -> User:
    return make_user("credit_manager", company, "manager")


@pytest.fixture
def account(company: Company, manager: User) -> CustomerAccount:
    group = CustomerGroupFactory(code="GRP")
    account = CustomerAccountFactory(
        company=company, code="C0042", term="NET30", entity=LegalEntityFactory(group=group)
    )
    give_limit(account, "100000", decided_by=manager)
    open_item(account, "20000", due=today() + timedelta(days=20))
    return account


def enter(account: CustomerAccount, by: User, **fields: Any) -> Guarantee:
    given: dict[str, Any] = {
        "level": "account", "kind": "BANK", "guarantor": "Banque du Nord", "reference": "GAR-1", "amount": D(10000),
        "currency": "EUR", "valid_from": today(), "document": PAPER,
    }  # fmt: skip
    return record_guarantee(account_id=account.pk, by=by, at=timezone.now(), **given | fields)


def confirmed(account: CustomerAccount, by: User, other: User, **fields: Any) -> Guarantee:
    return confirm_guarantee(guarantee_id=enter(account, by, **fields).pk, by=other, at=timezone.now())


def told(account: CustomerAccount) -> tuple[str, str, str]:
    shown = exposure_of(account, on=today()).as_contract()
    return shown["guarantees"], shown["uncovered_exposure"], shown["available"]


def test_it_counts_once_somebody_else_confirmed_it(account: CustomerAccount, analyst: User, manager: User):
    at = timezone.now()
    row = enter(account, analyst, haircut_pct=D(80))
    assert enter(account, analyst, haircut_pct=D(80)) == row
    with pytest.raises(GuaranteeKnown):
        enter(account, analyst, haircut_pct=D(90))
    assert told(account) == ("0.00", "20000.00", "80000.00")
    with pytest.raises(GuaranteeOwn):
        confirm_guarantee(guarantee_id=row.pk, by=analyst, at=at)
    with pytest.raises(NotAllowed):
        confirm_guarantee(guarantee_id=row.pk, by=make_user("adv_officer", account.company), at=at)
    with pytest.raises(NotFound):
        confirm_guarantee(guarantee_id=row.pk, by=make_user("credit_manager", CompanyFactory()), at=at)
    confirm_guarantee(guarantee_id=row.pk, by=manager, at=at)
    confirm_guarantee(guarantee_id=row.pk, by=manager, at=at)
    # What may still be sold is what it was.
    assert told(account) == ("8000.00", "12000.00", "80000.00")
    assert Work.objects.filter(
        kind="react:credit.standing.refresh_after", payload={"account_id": account.pk}
    ).exists()
    with pytest.raises(Invalid):
        end_guarantee(guarantee_id=row.pk, reason=" ", by=analyst, at=at)
    end_guarantee(guarantee_id=row.pk, reason="Given back", by=analyst, at=at)
    end_guarantee(guarantee_id=row.pk, reason="Given back", by=analyst, at=at)
    assert told(account) == ("0.00", "20000.00", "80000.00")
    acts = AuditEvent.objects.filter(action__startswith="guarantee.").values_list("action", flat=True)
    assert sorted(acts) == ["guarantee.confirmed", "guarantee.ended", "guarantee.recorded"]


def test_one_that_was_refused_is_not_confirmed(account: CustomerAccount, analyst: User, manager: User):
    row = enter(account, analyst)
    end_guarantee(guarantee_id=row.pk, reason="The paper says another amount", by=manager, at=timezone.now())
    with pytest.raises(GuaranteeEnded):
        confirm_guarantee(guarantee_id=row.pk, by=manager, at=timezone.now())
    # Its reference is free for the right one.
    assert enter(account, analyst, amount=D(9000)).pk != row.pk


@pytest.mark.parametrize(
    ("field", "fields"),
    [
        ("amount", {"amount": D(0)}),
        ("haircut_pct", {"haircut_pct": D(0)}),
        ("haircut_pct", {"haircut_pct": D("100.01")}),
        ("valid_until", {"valid_until": date(2020, 1, 1)}),
        ("level", {"level": "region"}),
        ("kind", {"kind": "WORD"}),
        ("currency", {"currency": "E"}),
        ("guarantor", {"guarantor": " "}),
        ("reference", {"reference": ""}),
    ],
)
def test_what_does_not_fit_is_named(
    field: str, fields: dict[str, Any], account: CustomerAccount, analyst: User
):
    with pytest.raises(Invalid) as refused:
        enter(account, analyst, **fields)
    assert set(refused.value.errors) == {field}


def test_who_has_no_group_gives_none_for_it(company: Company, analyst: User):
    with pytest.raises(Invalid):
        enter(CustomerAccountFactory(company=company), analyst, level="group")
    with pytest.raises(NotAllowed):
        enter(CustomerAccountFactory(company=company), make_user("adv_officer", company))
    with pytest.raises(NotFound):
        enter(CustomerAccountFactory(), analyst)


# --- what counts, everywhere the same ---


def everywhere(account: CustomerAccount, reader: User) -> set[tuple[str, str]]:
    """Guarantees and what nobody covers: live, in the report, and as recorded a day later read back."""
    now = timezone.now()
    kin = list(CustomerAccount.objects.values_list("pk", flat=True))
    standing.refresh(kin, at=now)
    standing.refresh_levels(sorted(set(CustomerAccount.objects.values_list("entity_id", flat=True))), at=now)
    found = set()
    report = exposure_report(user=reader, company=account.company, as_of=today(), at=now)
    later = now + timedelta(days=1)
    recorded = exposure_report(user=reader, company=account.company, as_of=today(), at=later)
    assert recorded.source == "snapshot"
    for one in (report, recorded):
        row = next(row for row in one.rows if row.account_id == account.pk)
        found.add((f"{row.guarantees:.2f}", f"{row.uncovered_exposure:.2f}"))
        assert one.totals["guarantees"] == sum(row.guarantees for row in one.rows)
        assert one.totals["uncovered_exposure"] == sum(row.uncovered_exposure for row in one.rows)
    for shown in (exposure_of(account, on=today()).as_contract(), exposure_by(account, on=today())):
        found.add((shown["guarantees"], shown["uncovered_exposure"]))
    return found


def test_every_reading_says_the_same(account: CustomerAccount, analyst: User, manager: User):
    other = CustomerAccountFactory(company=account.company, entity=account.entity)
    open_item(other, "60000", due=today() + timedelta(days=20))
    in_credit = CustomerAccountFactory(company=account.company, entity=account.entity)
    open_item(in_credit, "-7000", kind="PAYMENT", due=today())
    cousin = CustomerAccountFactory(
        company=account.company, entity=LegalEntityFactory(group=account.entity.group)
    )
    open_item(cousin, "20000", due=today() + timedelta(days=20))
    stranger = CustomerAccountFactory(company=account.company)
    open_item(stranger, "5000", due=today() + timedelta(days=20))
    confirmed(account, analyst, manager, amount=D(1000))
    assert everywhere(account, manager) == {("1000.00", "19000.00")}
    confirmed(account, analyst, manager, level="entity", amount=D(8000), reference="GAR-2")
    assert everywhere(account, manager) == {("3000.00", "17000.00")}
    confirmed(cousin, analyst, manager, level="group", amount=D(10000), reference="GAR-3")
    assert everywhere(account, manager) == {("5000.00", "15000.00")}
    assert everywhere(other, manager) == {("12000.00", "48000.00")}
    assert everywhere(cousin, manager) == {("2000.00", "18000.00")}
    assert everywhere(in_credit, manager) == {("0.00", "0.00")}
    assert everywhere(stranger, manager) == {("0.00", "5000.00")}
    rows = CreditStanding.objects.order_by("level").values_list("level", "guarantees", "owing")
    assert {(level, held, owing) for level, held, owing in rows if held} == {
        (Level.GROUP, D(10000), D(100000)), (Level.ENTITY, D(8000), D(80000)), (Level.ACCOUNT, D(1000), D(0)),
    }  # fmt: skip
    assert not list(
        standing.drift(
            list(CustomerAccount.objects.order_by("pk").values_list("pk", flat=True)),
            waiting=[], at=timezone.now(), day=today(),
        )
    )  # fmt: skip


@pytest.mark.parametrize(
    ("fields", "counts"),
    [
        ({}, "10000.00"),
        ({"is_eligible": False}, "0.00"),
        ({"valid_from": "+1"}, "0.00"),
        ({"valid_until": "+0"}, "10000.00"),
        ({"currency": "XXX"}, "0.00"),  # without a rate of the day
    ],
)
def test_which_count(
    fields: dict[str, Any], counts: str, account: CustomerAccount, analyst: User, manager: User
):
    days = {
        name: today() + timedelta(days=int(text)) for name, text in fields.items() if name.startswith("valid")
    }
    row = confirmed(account, analyst, manager, **fields | days)
    assert {held for held, _rest in everywhere(account, manager)} == {counts}
    Guarantee.objects.filter(pk=row.pk).update(
        valid_from=date(2020, 1, 1), valid_until=today() - timedelta(days=1)
    )
    assert told(account)[0] == "0.00"


def test_the_insurer_comes_after_the_guarantees(account: CustomerAccount, analyst: User, manager: User):
    at = timezone.now()
    BuyerCover.objects.create(
        company=account.company, entity=account.entity, amount=D(30000), currency="EUR", insured_pct=D(90),
        status="ACTIVE", effective_on=date(2026, 1, 1), recorded_at=at,
    )  # fmt: skip
    InsurancePolicy.objects.create(
        company=account.company, insurer="I", number="1", valid_from=date(2026, 1, 1), vat_insured=True,
        recorded_by=manager, recorded_at=at,
    )  # fmt: skip
    confirmed(account, analyst, manager)
    shown = exposure_of(account, on=today()).as_contract()
    assert (shown["guarantees"], shown["insured_cover"], shown["uncovered_exposure"]) == (
        "10000.00", "9000.00", "1000.00",
    )  # fmt: skip


def test_a_check_asks_the_database_no_more_than_without(
    account: CustomerAccount, analyst: User, manager: User
):
    def asked() -> int:
        with CaptureQueriesContext(
            connection,
        ) as queries:
            exposure_of(account, on=today())
        return len(queries)

    asked()
    without = asked()
    for place in range(3):
        confirmed(account, analyst, manager, reference=f"GAR-{place}")
    assert asked() == without


def test_its_end_is_told_thirty_days_before(account: CustomerAccount, analyst: User, manager: User):
    now = timezone.now()
    standing.refresh([account.pk], at=now)
    standing.refresh_levels([account.entity_id], at=now)
    row = confirmed(account, analyst, manager, level="entity", valid_until=today() + timedelta(days=30))
    confirmed(account, analyst, manager, reference="GAR-2", valid_until=today() + timedelta(days=31))
    confirmed(account, analyst, manager, reference="GAR-3")

    def alerts() -> list[tuple[Any, ...]]:
        found = alerts_found([account.pk], today()).get(account.pk, [])
        return [(a.key, a.until, a.figures["amount"]) for a in found if a.kind == AlertKind.GUARANTEE_END]

    assert alerts() == [("GAR-1", today() + timedelta(days=30), D("10000.00"))]
    end_guarantee(guarantee_id=row.pk, reason="Called", by=manager, at=now)
    assert alerts() == []


# --- the database ---


@pytest.mark.parametrize(
    ("constraint", "fields"),
    [
        ("guarantee_on_one_level", {"account": None}),
        ("guarantee_kind_is_known", {"kind": "WORD"}),
        ("guarantee_is_something", {"amount": D(0)}),
        ("guarantee_share_of_a_hundred", {"haircut_pct": D(0)}),
        ("guarantee_share_of_a_hundred", {"haircut_pct": D("100.01")}),
        ("guarantee_ends_after_start", {"valid_until": date(2020, 1, 1)}),
        ("guarantee_ended_by_somebody_with_a_reason", {"ended_on": date(2026, 1, 1)}),
    ],
)
def test_the_database_keeps_them_sound(
    constraint: str, fields: dict[str, Any], account: CustomerAccount, analyst: User
):
    row = enter(account, analyst)
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        Guarantee.objects.filter(pk=row.pk).update(**fields)


def test_the_database_knows_four_eyes_and_levels(account: CustomerAccount, analyst: User, manager: User):
    at = timezone.now()
    row = enter(account, analyst)
    mine = Guarantee.objects.filter(pk=row.pk)
    with pytest.raises(IntegrityError, match="guarantee_four_eyes"), transaction.atomic():
        mine.update(confirmed_at=at, confirmed_by=analyst)
    with pytest.raises(IntegrityError, match="guarantee_four_eyes_of_the_represented"), transaction.atomic():
        mine.update(confirmed_at=at, confirmed_by=manager, on_behalf_of=analyst)
    with pytest.raises(IntegrityError, match="guarantee_on_one_level"), transaction.atomic():
        mine.update(entity=account.entity)
    with pytest.raises(IntegrityError, match="one_guarantee_per_reference"), transaction.atomic():
        Guarantee.objects.create(
            level=Level.ACCOUNT, account=account, given_for=account, kind="BANK", guarantor="x", reference="GAR-1",
            amount=1, currency="EUR", valid_from=today(), file="x", file_name="x", content_type="x", recorded_at=at,
            recorded_by=analyst,
        )  # fmt: skip


# --- on screen ---


def signed_in(user: User) -> Client:
    client = Client(headers={"accept-language": "en"})
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


def test_on_screen(account: CustomerAccount, analyst: User, manager: User, settings: Any, tmp_path: Any):
    settings.MEDIA_ROOT = tmp_path
    browser, address = signed_in(analyst), f"/credit/clients/{account.code}/guarantee/"
    body = {
        "level": "entity", "kind": "PLEDGE", "guarantor": "Nord", "reference": "N-7", "amount": "5000",
        "currency": "eur", "haircut_pct": "80", "is_eligible": "on", "valid_from": "2026-01-01",
    }  # fmt: skip
    assert browser.get(address).status_code == 200
    assert browser.post(address, body).status_code == 422
    wrong = SimpleUploadedFile("paper.pdf", b"MZ")
    assert browser.post(address, body | {"document": wrong}).status_code == 422
    made = browser.post(address, body | {"document": SimpleUploadedFile("paper.pdf", b"%PDF-1.4")})
    assert made.status_code == 302
    mine = made.headers["Location"]
    page = browser.get(mine).content.decode()
    assert "Somebody else must confirm it" in page
    assert browser.post(f"{mine}confirm/").status_code == 403
    other = signed_in(manager)
    assert "Pledge, entered by" in other.get("/").content.decode()
    assert other.post(f"{mine}confirm/").status_code == 302
    assert other.get(f"{mine}file/").headers["Content-Disposition"].startswith("attachment")
    shown = other.get(f"/clients/{account.code}/").content.decode()
    assert "Guarantees count for €4,000.00; nobody covers €16,000.00." in shown
    for state, there in (("in_force", True), ("to_confirm", False), ("over", False), ("", True)):
        rows = other.get("/credit/guarantees/", {"state": state}).content.decode()
        assert ("N-7" in rows) is there
    assert other.get("/credit/guarantees/", {"q": "nord"}).content.decode().count("N-7") == 1
    assert other.post(f"{mine}end/", {"reason": ""}).status_code == 422
    assert other.post(f"{mine}end/", {"reason": "Called"}).status_code == 302
    assert "Called" in other.get(mine).content.decode()
    assert ExposureSnapshot.objects.filter(guarantees__gt=0).count() == 0
