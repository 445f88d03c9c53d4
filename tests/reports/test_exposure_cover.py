"""What nobody bears in the exposure report: the insurer's part of each client and what is sold, as on its page."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.utils import timezone

from accounts.models import Company, CustomerAccount, User
from accounts.services.membership import move_entity
from credit import history, standing
from credit.models import BuyerCover, InsurancePolicy
from credit.queries import exposure_of
from credit.services.guarantees import confirm_guarantee, record_guarantee
from o2c.reports.exposure import ExposureReport, exposure_report
from o2c.reports.scope import Selection
from o2c.shared.calendar import paris_date
from o2c.shared.files import ReceivedFile
from tests.factories.accounts import CompanyFactory, CustomerAccountFactory, LegalEntityFactory, make_user
from tests.factories.factoring import approve, make_agreement, sell
from tests.factories.invoicing import make_invoice, make_item
from tests.factories.orders import give_limit, open_item

pytestmark = pytest.mark.django_db
D = Decimal
PAPER = ReceivedFile(name="caution.pdf", content_type="application/pdf", content=b"%PDF-1.4")
NOW = timezone.now()
TODAY = paris_date(NOW)
LATER = TODAY + timedelta(days=20)


@pytest.fixture
def company() -> Company:
    return CompanyFactory(code="TEST")


@pytest.fixture
def by(company: Company) -> User:
    return make_user("receivables_accountant", company)


@pytest.fixture
def clients(company: Company, by: User) -> list[CustomerAccount]:
    """Two of one entity that is a client elsewhere too, one alone, one abroad, one late, one that owes nothing."""
    shared = LegalEntityFactory()
    made = [
        CustomerAccountFactory(company=company, code="A1", entity=shared, term="NET30"),
        CustomerAccountFactory(company=company, code="A2", entity=shared, term="60D_EOM"),
        CustomerAccountFactory(
            company=company, code="A3", entity=LegalEntityFactory(siren="732829320"), term="NET30"
        ),
        CustomerAccountFactory(company=company, code="A4", country="DE", term="NET30"),
        CustomerAccountFactory(company=company, code="A5", term="NET30"),
        CustomerAccountFactory(company=company, code="A6", term="NET30"),
    ]
    far = CustomerAccountFactory(company=CompanyFactory(code="FAR"), code="X1", entity=shared)
    amounts = ("45000.01", "15000.07", "12000", "7000.33", "900", "90000")
    for account, amount in zip([*made[:5], far], amounts, strict=True):
        open_item(account, amount, due=LATER)
    open_item(made[1], "-333.33", kind="PAYMENT")
    open_item(made[4], "50", due=TODAY - timedelta(days=3))
    # What A3's invoices of the year carry: 700 of 10 000.
    seen = make_invoice(made[2], "10700", by=by, due=LATER, issued=TODAY - timedelta(days=9), at=NOW)
    seen.pk, seen.number = None, "V-1"
    seen.total_excl_vat, seen.total_vat = D(10000), D(700)
    seen.save(force_insert=True)
    return made


def cover(account: CustomerAccount, **fields: Any) -> BuyerCover:
    given = {
        "amount": D(30000), "currency": "EUR", "insured_pct": D(90), "status": "ACTIVE",
        "effective_on": date(2026, 1, 1), "recorded_at": NOW,
    }  # fmt: skip
    return BuyerCover.objects.create(company=account.company, entity=account.entity, **(given | fields))


def insured_by(company: Company, by: User, **fields: Any) -> None:
    given = {"insurer": "Allianz Trade", "number": "P-1", "valid_from": date(2026, 1, 1), "recorded_at": NOW}
    InsurancePolicy.objects.create(company=company, recorded_by=by, **(given | fields))


def report(company: Company, **asked: Any) -> ExposureReport:
    return exposure_report(**{"user": None, "company": company, "as_of": TODAY, "at": NOW, **asked})


def agree(company: Company, clients: list[CustomerAccount]) -> dict[str, Decimal]:
    """Each row says what the page of its client says, and the rows add up; returns what is insured."""
    found = report(company)
    rows = {row.account: row for row in found.rows}
    for account in clients:
        view, row = exposure_of(account, on=TODAY), rows[account.code]
        assert (row.guarantees, row.insured_cover, row.uncovered_exposure) == (
            view.guarantees, view.insured, view.uncovered
        )  # fmt: skip
        assert row.sold == view.figures.sold
    for name in ("guarantees", "insured_cover", "uncovered_exposure", "sold"):
        assert found.totals[name] == sum(row.figure(name) for row in found.rows)
    return {code: row.insured_cover for code, row in rows.items() if row.insured_cover}


def _policies() -> Iterator[dict[str, Any] | None]:
    yield None
    for vat_insured in (False, True):
        yield {"vat_insured": vat_insured}
        yield {"vat_insured": vat_insured, "max_term_days": 45}
        yield {"vat_insured": vat_insured, "blind_limit": D(5000), "blind_pct": D(80)}


@pytest.mark.parametrize("terms", list(_policies()))
def test_each_row_is_insured_as_the_page_of_its_client_says(
    company: Company, clients: list[CustomerAccount], by: User, terms: dict[str, Any] | None
) -> None:
    assert agree(company, clients) == {}
    if terms is not None:
        insured_by(company, by, **terms)
    cover(clients[0])
    cover(clients[2], amount=D(9000), insured_pct=D("95.5"), valid_until=TODAY)
    paper = record_guarantee(
        account_id=clients[0].pk, level="entity", kind="BANK", guarantor="Bank", reference="G-1", amount=D(10000),
        currency="EUR", valid_from=TODAY, document=PAPER, by=make_user("credit_analyst", company), at=NOW,
    )  # fmt: skip
    confirm_guarantee(guarantee_id=paper.pk, by=make_user("credit_manager", company), at=NOW)
    insured = agree(company, clients)
    blind = terms is not None and "blind_limit" in terms
    short = terms is not None and "max_term_days" in terms
    # A4 is covered blindly, A5 is late, A6 owes nothing; A2 pays later than some policies allow.
    assert set(insured) == {"A1", "A3"} | (set() if short else {"A2"}) | ({"A4"} if blind else set())


@pytest.mark.parametrize("status", ["REQUESTED", "REFUSED", "CANCELLED", "EXPIRED"])
def test_who_the_insurer_does_not_cover_has_no_blind_cover_either(
    company: Company, clients: list[CustomerAccount], by: User, status: str
) -> None:
    insured_by(company, by, blind_limit=D(5000))
    cover(clients[2], status=status, amount=D(0))
    assert "A3" not in agree(company, clients)


def test_one_selected_client_has_its_share_of_the_cover_all_the_same(
    company: Company, clients: list[CustomerAccount]
) -> None:
    cover(clients[0])
    (row,) = report(company, selection=Selection(account="A2")).rows
    assert row.insured_cover == exposure_of(clients[1], on=TODAY).insured > 0


def test_what_is_sold_stands_apart_in_rows_totals_and_files(
    company: Company, by: User, tmp_path: Any
) -> None:
    account = CustomerAccountFactory(company=company, code="A1", entity=LegalEntityFactory(siren="732829320"))
    give_limit(account, "1000")
    make_agreement(company)
    approve(account)
    sell(make_item(account, "300", by=by, due=LATER), by=by)
    make_item(account, "200", by=by, due=LATER)
    agree(company, [account])
    found = report(company)
    assert (found.totals["sold"], found.totals["net_exposure"], found.difference) == (D(300), D(200), D(0))
    answer = found.as_contract()
    assert (answer["rows"][0]["sold"], answer["totals"]["sold"], answer["control"]["sold"]) == ("300.00",) * 3
    target = tmp_path / "exposure.csv"
    call_command("export_report", "exposure", "--company", "TEST", "--format", "csv", "--output", str(target))
    (line,) = csv.DictReader(StringIO(target.read_text("utf-8-sig")), delimiter=";")
    assert line["Cédé à un factor sans recours"] == "300,00"
    assert exposure_of(account, on=TODAY).as_contract()["sold"] == "300.00"


PAST = TODAY - timedelta(days=1)


def recorded(clients: list[CustomerAccount]) -> None:
    """The figures of today stand as those of yesterday."""
    everybody = CustomerAccount.objects.all()
    standing.refresh([account.pk for account in everybody], at=NOW)
    standing.refresh_levels(sorted({account.entity_id for account in everybody}), at=NOW, day=TODAY)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE credit_exposuresnapshot SET day = %s", [PAST])


@pytest.mark.parametrize("terms", list(_policies()))
def test_a_past_day_is_split_by_the_cover_in_force_then(
    company: Company, clients: list[CustomerAccount], by: User, terms: dict[str, Any] | None
) -> None:
    if terms is not None:
        insured_by(company, by, **terms)
    cover(clients[0])
    cover(clients[2], amount=D(9000), insured_pct=D("95.5"), valid_until=PAST)
    paper = record_guarantee(
        account_id=clients[0].pk, level="entity", kind="BANK", guarantor="Bank", reference="G-1", amount=D(10000),
        currency="EUR", valid_from=PAST, document=PAPER, by=make_user("credit_analyst", company), at=NOW,
    )  # fmt: skip
    confirm_guarantee(guarantee_id=paper.pk, by=make_user("credit_manager", company), at=NOW)
    recorded(clients)
    # What happens from today on is none of yesterday's: the cover is cancelled, the policy is another one.
    cover(clients[0], status="CANCELLED", amount=D(0), effective_on=TODAY)
    insured_by(company, by, valid_from=TODAY, blind_limit=D(99999))
    found = report(company, as_of=PAST)
    rows = {row.account: row for row in found.rows}
    for account in clients:
        view, row = history.view_by(account, on=PAST), rows[account.code]
        assert (row.guarantees, row.insured_cover, row.uncovered_exposure) == (
            view.guarantees, view.insured, view.uncovered
        )  # fmt: skip
        assert view.as_contract()["insured_cover"] == f"{row.insured_cover:.2f}"
    for name in ("guarantees", "insured_cover", "uncovered_exposure"):
        assert found.totals[name] == sum(row.figure(name) for row in found.rows)
    blind = terms is not None and "blind_limit" in terms
    short = terms is not None and "max_term_days" in terms
    assert {code for code, row in rows.items() if row.insured_cover} == (
        {"A1", "A3"} | (set() if short else {"A2"}) | ({"A4"} if blind else set())
    )
    # One client alone has its share of the cover all the same.
    if not short:
        (row,) = report(company, as_of=PAST, selection=Selection(account="A2")).rows
        assert row.insured_cover == rows["A2"].insured_cover


def test_the_page_of_a_past_day_says_what_the_insurer_bore(
    company: Company, clients: list[CustomerAccount], client: Client
) -> None:
    cover(clients[2], amount=D(9000))
    recorded(clients)
    cover(clients[2], status="REFUSED", amount=D(0), effective_on=TODAY)
    client.force_login(make_user("credit_manager", company))
    address = f"/clients/{clients[2].code}/"
    then = client.get(address, {"as_of": PAST.isoformat()}, headers={"accept-language": "en"})
    assert "The insurer bears €8,100.00, we bear" in then.content.decode()
    now = client.get(address, headers={"accept-language": "en"}).content.decode()
    assert "The insurer covers no new delivery of this client." in now


def test_who_changed_entity_since_has_the_cover_of_the_one_before(
    company: Company, clients: list[CustomerAccount]
) -> None:
    cover(clients[0])
    recorded(clients)
    before = {row.account: row.insured_cover for row in report(company, as_of=PAST).rows}
    other = LegalEntityFactory(name="Other entity")
    move_entity(clients[1], other, on=TODAY, by=make_user("credit_manager", company), at=NOW)
    after = {row.account: row.insured_cover for row in report(company, as_of=PAST).rows}
    assert after == before
    assert history.view_by(clients[0], on=PAST).insured == before["A1"]
    clients[1].refresh_from_db()
    assert history.view_by(clients[1], on=PAST).insured == before["A2"] > 0
