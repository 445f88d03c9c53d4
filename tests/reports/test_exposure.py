"""The exposure report: the same figures as each client's own, today and on a past day, tied to the open items."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from openpyxl import load_workbook
from pytest_django import DjangoAssertNumQueries

from accounts.models import Company, CustomerAccount, ExchangeRate, User
from credit import standing
from credit.history import NoSnapshot, exposure_by
from credit.models import TemporaryLimit
from credit.queries import exposure_of
from credit.services.moves import move_client
from invoicing import services
from o2c.reports.exposure import (
    SUMMED,
    ExposureReport,
    ExposureStream,
    Page,
    exposure_report,
    exposure_stream,
)
from o2c.reports.exposure_files import exposure_sheet
from o2c.reports.files import written
from o2c.reports.scope import Selection
from o2c.shared import memory
from o2c.shared.calendar import paris_date
from o2c.shared.problems import Invalid, NotAllowed, NotFound
from tests.factories.accounts import (
    CompanyFactory,
    CustomerAccountFactory,
    CustomerGroupFactory,
    LegalEntityFactory,
    make_user,
)
from tests.factories.invoicing import make_confirmed_order, make_credit, make_invoice, make_item
from tests.factories.orders import give_limit, submitted

pytestmark = pytest.mark.django_db

NOW = timezone.now()
TODAY = paris_date(NOW)


@pytest.fixture
def company() -> Company:
    return CompanyFactory(code="TEST")


@pytest.fixture
def by(company: Company) -> User:
    return make_user("receivables_accountant", company)


def report(company: Company, on: date = TODAY, **asked: Any) -> ExposureReport:
    return exposure_report(**{"user": None, "company": company, "as_of": on, "at": NOW, **asked})


def due(late: int) -> date:
    return TODAY - timedelta(days=late)


@pytest.fixture
def book(company: Company, by: User) -> list[CustomerAccount]:
    """Every kind of limit and level, every part that documents make, matches dated ahead, two companies."""
    group = CustomerGroupFactory()
    shared, alone = LegalEntityFactory(group=group), LegalEntityFactory(group=group)
    first = CustomerAccountFactory(company=company, code="A1", entity=shared)
    second = CustomerAccountFactory(company=company, code="A2", entity=shared)
    third = CustomerAccountFactory(company=company, code="A3", entity=alone)
    other = CustomerAccountFactory(company=CompanyFactory(code="OTHER"), code="X1", entity=alone)
    bare = CustomerAccountFactory(company=company, code="A4")
    free = CustomerAccountFactory(company=company, code="A5")
    expired = CustomerAccountFactory(company=company, code="A6")
    give_limit(first, "5000")
    give_limit(second, "300")
    give_limit(first, "6000", at_entity=True)
    give_limit(third, "9000", at_group=True)
    give_limit(free, None)
    give_limit(expired, "700", valid_until=TODAY - timedelta(days=1))
    for account in (second, bare):
        TemporaryLimit.objects.create(
            level=3, account=account, amount=Decimal(50), currency="EUR", valid_from=TODAY, valid_until=TODAY,
            reason="test", decided_by=make_user("credit_manager", company), decided_at=NOW,
        )  # fmt: skip
    for account, amount, late in (
        (first, "1000", 12),
        (first, "200", -5),
        (second, "400", 40),
        (bare, "80", 1),
    ):
        make_invoice(account, amount, by=by, due=due(late), issued=due(60), at=NOW)
    make_invoice(third, "-30.25", by=by, due=due(3), issued=due(3), at=NOW)
    writer = make_user("receivables_accountant", other.company)
    make_invoice(other, "2500", by=writer, due=due(1), issued=due(60), at=NOW)
    contested = make_item(first, "60", by=by, due=due(9), issued=due(60), at=NOW)
    ahead = make_credit(first, "60", by=by, received=TODAY + timedelta(days=4), at=NOW)
    services.allocate(from_item_id=ahead.pk, to_item_id=contested.pk, amount=Decimal(60), by=by, at=NOW)
    services.dispute_amount(item_id=contested.pk, amount=Decimal(45), on=due(4), by=by, at=NOW)
    make_credit(second, "70", by=by, at=NOW)
    make_confirmed_order(third, by=by)
    submitted(bare, "120.00", by=make_user("adv_officer", company))
    return [first, second, third, bare, free, expired]


def as_row(shown: dict[str, Any]) -> dict[str, Any]:
    """The exposure of one client (contract §4) with the names of a row."""
    flat = {part["code"]: part["amount"] for part in shown["parts"]}
    same = (
        "account", "currency", "gross_exposure", "net_exposure", "guarantees", "insured_cover", "uncovered_exposure",
        "effective_limit", "available", "utilisation", "binding_level", "disputed", "on_hold_orders",
    )  # fmt: skip
    flat["sold"] = shown["sold"] or "0.00"
    return flat | {name: shown[name] for name in same} | {
        "limit_kind": shown["limit"]["kind"], "limit": shown["limit"]["amount"],
        "temporary": shown["limit"]["temporary"], "limit_valid_until": shown["limit"]["valid_until"],
        "overdue": shown["overdue"]["amount"], "oldest_days": shown["overdue"]["oldest_days"],
    }  # fmt: skip


def without_names(found: ExposureReport) -> list[dict[str, Any]]:
    rows = found.as_contract()["rows"]
    return [{k: v for k, v in row.items() if k not in {"name", "siren", "sales_rep"}} for row in rows]


def by_code(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(rows, key=lambda row: str(row["account"]))


def test_each_row_is_the_exposure_of_its_client(company: Company, book: list[CustomerAccount]):
    found = report(company)

    assert by_code(without_names(found)) == [
        as_row(exposure_of(account, on=TODAY).as_contract()) for account in book
    ]
    assert found.source == "live"
    assert found.difference == 0
    assert [row["binding_level"] for row in by_code(without_names(found))] == [
        "account", "account", "group", None, None, "account"
    ]  # fmt: skip


def test_totals_add_up_and_tie_to_the_open_items(company: Company, book: list[CustomerAccount]):
    answer = report(company).as_contract()

    for name in ("open_invoices", "net_exposure", "overdue", "on_hold_orders", "uncovered_exposure"):
        assert Decimal(answer["totals"][name]) == sum(Decimal(row[name]) for row in answer["rows"])
    # 1000 + 200 + 60 + 400 + 80 owed, 70 received and 30.25 credited; orders are in no item.
    assert answer["control"] == {
        "currency": "EUR",
        "receivables": "1639.75",
        "ledger_total": "1639.75",
        "difference": "0.00",
        "sold": "0.00",
        "left_out": [],
        "missing_rates": [],
    }
    assert (answer["totals"]["accounts"], answer["totals"]["over_limit"]) == (6, 1)


def test_a_client_without_anything_has_a_row_of_zeros(company: Company):
    CustomerAccountFactory(company=company, code="A1")

    (row,) = report(company).as_contract()["rows"]

    assert (row["net_exposure"], row["limit_kind"], row["limit"], row["effective_limit"], row["available"]) == (
        "0.00", "none", None, "0.00", "0.00"
    )  # fmt: skip


def test_an_empty_company_has_no_rows_and_zeros(company: Company):
    answer = report(company).as_contract()

    assert (answer["rows"], answer["totals"]["net_exposure"], answer["control"]["difference"]) == (
        [],
        "0.00",
        "0.00",
    )


def test_another_currency_is_converted_part_by_part_and_ties(company: Company, by: User):
    ExchangeRate.objects.create(currency="USD", day=TODAY, units_per_eur=Decimal("1.0837"))
    account = CustomerAccountFactory(company=company, code="A1")
    for amount in ("33.33", "12.34", "7.77"):
        make_invoice(account, amount, by=by, currency="USD", issued=due(60), due=due(4), at=NOW)
    make_credit(account, "5.55", by=by, currency="USD", at=NOW)

    found = report(company)

    assert without_names(found) == [as_row(exposure_of(account, on=TODAY).as_contract())]
    assert found.difference == 0


def test_what_has_no_rate_is_named_and_left_out(company: Company, by: User):
    account = CustomerAccountFactory(company=company, code="A1")
    make_invoice(account, "100", by=by, currency="GBP", issued=due(60), due=due(4), at=NOW)
    make_invoice(account, "10", by=by, issued=due(60), due=due(4), at=NOW)

    found = report(company)

    assert (found.missing_rates, found.receivables, found.difference) == (("GBP",), Decimal(10), Decimal(0))


def test_a_past_day_is_what_was_recorded(company: Company, book: list[CustomerAccount]):
    past = TODAY - timedelta(days=3)
    keys = [account.pk for account in CustomerAccount.objects.all()]
    standing.refresh(keys, at=NOW, day=past)
    standing.refresh_levels(sorted({account.entity_id for account in book}), at=NOW, day=past)

    found = report(company, past)

    expected = [as_row(exposure_by(account, on=past)) for account in book]
    assert by_code(without_names(found)) == expected
    assert found.source == "snapshot"
    assert report(company, TODAY - timedelta(days=1)).rows == tuple(
        row._replace(oldest_days=row.oldest_days + 2 if row.oldest_days else 0) for row in found.rows
    )


def test_a_past_day_keeps_the_levels_of_then(company: Company, by: User):
    past = TODAY - timedelta(days=9)
    old = LegalEntityFactory(group=CustomerGroupFactory(code="OLD"))
    account = CustomerAccountFactory(company=company, code="A1", entity=old)
    sibling = CustomerAccountFactory(company=company, code="A2", entity=old)
    give_limit(sibling, "900", at_group=True)
    for each in (account, sibling):
        make_invoice(each, "300", by=by, issued=due(60), due=due(20), at=NOW)
    standing.refresh([account.pk, sibling.pk], at=NOW, day=past)
    standing.refresh_levels([old.pk], at=NOW, day=past)
    new = LegalEntityFactory()
    move_client(
        account_id=account.pk, siren=str(new.siren), effective_on=TODAY - timedelta(days=2), reason="sold",
        by=make_user("credit_manager", company), at=NOW,
    )  # fmt: skip
    account.refresh_from_db()

    found = by_code(without_names(report(company, past)))
    today = by_code(without_names(report(company)))

    assert found[0] == as_row(exposure_by(account, on=past))
    assert (found[0]["binding_level"], found[0]["available"]) == ("group", "300.00")
    assert (today[0]["binding_level"], today[1]["available"]) == (None, "600.00")


def test_what_was_booked_later_for_a_past_day_stands_in_the_difference(company: Company, by: User):
    account = CustomerAccountFactory(company=company, code="A1")
    past = TODAY - timedelta(days=3)
    make_invoice(account, "100", by=by, issued=due(60), due=due(4), at=NOW)
    standing.refresh([account.pk], at=NOW, day=past)
    make_invoice(account, "40", by=by, issued=due(10), due=due(4), at=NOW)

    found = report(company, past)

    figures = (found.receivables, found.ledger_total, found.difference)
    assert figures == (Decimal(100), Decimal(140), Decimal(-40))


def test_before_the_first_snapshot_there_is_nothing(company: Company, book: list[CustomerAccount]):
    with pytest.raises(NoSnapshot) as refused:
        report(company, TODAY - timedelta(days=3))

    assert (refused.value.status, refused.value.code) == (404, "no_snapshot")


def test_a_day_to_come_is_refused(company: Company):
    with pytest.raises(Invalid):
        report(company, TODAY + timedelta(days=1))


def test_who_has_no_right_to_reports_is_refused(company: Company):
    outsider = make_user("receivables_accountant", CompanyFactory(code="OTHER"))

    with pytest.raises(NotAllowed):
        report(company, user=outsider)


def test_a_rep_reads_the_own_portfolio_with_limits_shared_by_others(
    company: Company, book: list[CustomerAccount]
):
    rep = make_user("sales", company)
    third = book[2]
    third.team.create(user=rep, role="sales_rep", valid_from=TODAY - timedelta(days=9))

    found = report(company, user=rep)

    assert (found.scope, [row.account for row in found.rows]) == ("portfolio", ["A3"])
    assert without_names(found) == [as_row(exposure_of(third, on=TODAY).as_contract())]
    with pytest.raises(NotFound):
        report(company, user=rep, selection=Selection(account="A1"))


def test_filters_narrow_the_report_and_its_control(company: Company, book: list[CustomerAccount]):
    entity = book[0].entity
    assert entity.group is not None

    for selection, codes in (
        (Selection(account="A2"), ["A2"]),
        (Selection(siren=entity.siren or ""), ["A1", "A2"]),
        (Selection(group=entity.group.code), ["A1", "A2", "A3"]),
    ):
        found = report(company, selection=selection)
        assert (sorted(row.account for row in found.rows), found.scope) == (codes, "selection")
        assert found.difference == 0


@pytest.mark.parametrize("unknown", [{"account": "Z"}, {"siren": "000000000"}, {"group": "Z"}])
def test_an_unknown_filter_is_no_empty_report(company: Company, unknown: dict[str, str]):
    with pytest.raises(NotFound):
        report(company, selection=Selection(**unknown))


def test_one_client_and_three_cost_the_same(
    company: Company, by: User, django_assert_num_queries: DjangoAssertNumQueries
):
    for _ in range(2):
        make_invoice(CustomerAccountFactory(company=company), "10", by=by, issued=due(9), due=due(1), at=NOW)
        with django_assert_num_queries(5):  # rates, switches, insurance, memory for the report, the report
            report(company)


# --- rows as they come, and one page of them -----------------------------------------------------------------------


@pytest.fixture
def past(book: list[CustomerAccount]) -> date:
    past = TODAY - timedelta(days=3)
    standing.refresh([account.pk for account in CustomerAccount.objects.all()], at=NOW, day=past)
    standing.refresh_levels(sorted({account.entity_id for account in book}), at=NOW, day=past)
    return past


def stream(company: Company, on: date = TODAY) -> ExposureStream:
    return exposure_stream(user=None, company=company, as_of=on, at=NOW)


def test_sums_of_the_database_are_those_of_the_rows(company: Company, past: date):
    for day in (TODAY, past):
        found = report(company, day)
        assert found.totals == {name: sum(row.figure(name) for row in found.rows) for name in SUMMED}
        over = [row.available for row in found.rows if row.available is not None and row.available < 0]
        assert (found.clients, found.over_limit, found.excess) == (len(found.rows), len(over), -sum(over))
        assert found.over_limit > 0


def test_rows_that_come_one_by_one_are_the_report(
    company: Company, past: date, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(memory, "ROWS_AT_ONCE", 2)
    for day in (TODAY, past):
        held = report(company, day)
        found = stream(company, day)
        assert replace(found, rows=tuple(found.rows)) == ExposureStream(**vars(held))
        text = "".join(
            piece.decode() for piece in written(exposure_sheet(stream(company, day)), "json", language="fr")
        )
        assert text == json.dumps(held.as_contract(), ensure_ascii=False, indent=1)
        whole, piecemeal = (
            b"".join(written(exposure_sheet(each), "csv", language="fr"))
            for each in (held, stream(company, day))
        )
        assert piecemeal == whole


def test_an_empty_report_is_written_too(company: Company):
    text = b"".join(written(exposure_sheet(stream(company)), "json", language="fr")).decode()

    assert text == json.dumps(report(company).as_contract(), ensure_ascii=False, indent=1)


def test_no_more_rows_are_read_than_are_written(
    company: Company, book: list[CustomerAccount], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(memory, "ROWS_AT_ONCE", 2)
    with CaptureQueriesContext(connection) as asked:
        found = stream(company)
        rows = iter(found.rows)
        next(rows)
        fetched = [query["sql"] for query in asked if query["sql"].startswith("FETCH")]
        assert len(fetched) == 2  # sums, control and two of six clients
        assert len(list(rows)) == 5


SORTS = {
    "name": None,
    "invoices": lambda row: row.figure("open_invoices"),
    "orders": lambda row: row.figure("open_orders") + row.figure("delivered_not_invoiced"),
    "others": lambda row: row.figure("claimed_penalties"),
    "credits": lambda row: row.figure("unallocated_payments") + row.figure("unallocated_credit_notes"),
    "net": lambda row: row.net_exposure,
    "limit": lambda row: row.effective_limit,
    "available": lambda row: row.available,
    "use": lambda row: row.utilisation,
    "overdue": lambda row: row.overdue,
    "hold": lambda row: row.on_hold_orders,
}


@pytest.mark.parametrize("way", ["", "-"])
@pytest.mark.parametrize("key", SORTS)
def test_pages_are_the_report_in_order(company: Company, book: list[CustomerAccount], key: str, way: str):
    whole = report(company)
    figure: Any = SORTS[key]
    if figure is None:
        expected = list(whole.rows[:: -1 if way else 1])
    else:
        known = sorted((row for row in whole.rows if figure(row) is not None), key=figure, reverse=bool(way))
        expected = [*known, *(row for row in whole.rows if figure(row) is None)]

    pages = [report(company, page=Page(number, 4, way + key)) for number in (1, 2, 3)]

    assert [*pages[0].rows, *pages[1].rows] == expected
    assert pages[2].rows == pages[1].rows
    assert {(page.clients, page.ledger_total, page.excess) for page in pages} == {
        (6, whole.ledger_total, whole.excess)
    }


# --- files and pages -----------------------------------------------------------------------------------------------


def exported(tmp_path: Path, file_format: str, *more: str) -> Path:
    target = tmp_path / f"exposure.{file_format}"
    call_command(
        "export_report", "exposure", "--company=TEST", f"--format={file_format}", f"--output={target}", *more
    )
    return target


def test_the_command_writes_every_format(company: Company, book: list[CustomerAccount], tmp_path: Path):
    answer = json.loads(exported(tmp_path, "json").read_text())
    assert answer == report(company).as_contract()
    raw = exported(tmp_path, "csv", "--group", str(book[0].entity.group and book[0].entity.group.code))
    rows = list(csv.reader(raw.read_text("utf-8-sig").splitlines(), delimiter=";"))
    assert [row[0] for row in rows[1:]] == ["A1", "A2", "A3"]
    assert len({len(row) for row in rows}) == 1
    assert dict(zip(rows[0], rows[1], strict=True))["Encours net"] == "1260,00"
    sheet = load_workbook(exported(tmp_path, "xlsx")).active
    assert (sheet.max_row, sheet.max_column) == (7, len(rows[0]))
    assert exported(tmp_path, "pdf").read_bytes().startswith(b"%PDF-")


def test_the_command_names_a_day_without_snapshot(company: Company, tmp_path: Path):
    with pytest.raises(CommandError, match=r"enregistré|recorded"):
        exported(tmp_path, "csv", "--as-of=2020-01-01")
    with pytest.raises(CommandError, match="as_of"):
        exported(tmp_path, "csv", "--as-of=2199-01-01")
    assert not list(tmp_path.iterdir())


PAGE = "reports:exposure"


def signed_in(user: User) -> Client:
    client = Client(headers={"accept-language": "en"})
    client.force_login(user)
    return client


@pytest.fixture
def reader(company: Company) -> Client:
    return signed_in(make_user("finance_director", company))


def test_the_page_shows_each_client_and_the_control(reader: Client, book: list[CustomerAccount]):
    shown = reader.get(reverse(PAGE)).content.decode()

    assert [code for code in ("A1", "A2", "A3", "A4", "A5", "A6") if f">{code}</span>" in shown] == [
        "A1", "A2", "A3", "A4", "A5", "A6"
    ]  # fmt: skip
    assert "1,639.75" in shown
    assert "difference 0.00" in shown
    assert "of the group" in shown
    assert "X1" not in shown


@pytest.mark.parametrize(
    ("sort", "first"), [("-net", "A1"), ("available", "A4"), ("name", "A1"), ("nonsense", "A3")]
)
def test_lines_are_sorted_as_asked(reader: Client, book: list[CustomerAccount], sort: str, first: str):
    answer = reader.get(reverse(PAGE), {"sort": sort})

    assert answer.context["screen"].lines[0].row.account == first


def test_a_past_day_says_that_it_was_recorded_and_its_links_keep_the_day(
    reader: Client, book: list[CustomerAccount]
):
    past = TODAY - timedelta(days=3)
    standing.refresh([account.pk for account in book], at=NOW, day=past)

    answer = reader.get(reverse(PAGE), {"as_of": past.isoformat()})

    assert "as recorded by that day" in answer.content.decode()
    assert answer.context["screen"].lines[0].url == f"/clients/A1/?as_of={past.isoformat()}#exposure"


def test_days_that_cannot_be_read_are_said_on_the_page(reader: Client, book: list[CustomerAccount]):
    for day, words in (
        ("2020-01-01", "No exposure was recorded by that day."),
        ("2199-01-01", "This day is still to come."),
    ):
        answer = reader.get(reverse(PAGE), {"as_of": day})
        assert answer.status_code == 200
        assert words in answer.content.decode()


def test_the_page_gives_the_files(reader: Client, book: list[CustomerAccount]):
    for file_format, kind in (("csv", "text/csv; charset=utf-8"), ("pdf", "application/pdf")):
        answer: Any = reader.get(reverse(PAGE), {"export": file_format, "account": "A2"})
        assert (answer["Content-Type"], answer["X-Content-Type-Options"]) == (kind, "nosniff")
        body = b"".join(answer.streaming_content)
        assert body.startswith(b"%PDF" if file_format == "pdf" else "\ufeffClient code".encode())


def test_the_page_is_for_readers_of_reports(company: Company):
    assert signed_in(make_user("dispute_owner", company)).get(reverse(PAGE)).status_code == 403
    assert Client().get(reverse(PAGE)).status_code == 302


@pytest.mark.parametrize("asked", [{"account": "NONE"}, {"siren": "000 000 000"}, {"group": "NONE"}])
def test_a_filter_nobody_has_is_said_at_its_field_and_left_out(
    reader: Client, book: Any, asked: dict[str, str]
) -> None:
    answer = reader.get(reverse(PAGE), asked)

    assert answer.status_code == 200
    assert set(answer.context["form"].errors) == set(asked)
    assert answer.context["report"].scope == "company"
    assert ">A1</span>" in answer.content.decode()
    assert reader.get(reverse(PAGE), asked | {"export": "csv"}).status_code == 404
