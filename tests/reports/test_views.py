"""The aged balance on the screen: figures that open, files of what is shown, past days, scopes."""

from __future__ import annotations

import csv
import io
import json
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from accounts.models import Company, CustomerAccount, User
from invoicing import services
from o2c.reports import screen
from o2c.shared.calendar import paris_date
from tests.factories.accounts import CompanyFactory, CustomerAccountFactory, make_user
from tests.factories.invoicing import make_credit, make_invoice

pytestmark = pytest.mark.django_db

NOW = timezone.now()
TODAY = paris_date(NOW)
PAGE, ITEMS = "reports:aged_balance", "reports:aged_balance_items"


def signed_in(user: User) -> Client:
    client = Client(headers={"accept-language": "en"})
    client.force_login(user)
    return client


@pytest.fixture
def company() -> Company:
    return CompanyFactory(code="TEST")


@pytest.fixture
def writer(company: Company) -> User:
    return make_user("receivables_accountant", company)


@pytest.fixture
def reader(company: Company) -> Client:
    return signed_in(make_user("finance_director", company))


def owes(account: CustomerAccount, amount: str, late: int, *, by: User, **fields: Any) -> None:
    """An invoice that many days late today, issued 30 days before its due date."""
    due = TODAY - timedelta(days=late)
    make_invoice(account, amount, by=by, issued=due - timedelta(days=30), due=due, at=NOW, **fields)


@pytest.fixture
def book(company: Company, writer: User) -> CustomerAccount:
    """Two clients with something in every bucket."""
    first = CustomerAccountFactory(company=company, code="A1", name="Façades Mirabel")
    for amount, late in (
        ("10.00", -5),
        ("20.00", 1),
        ("30.00", 30),
        ("40.00", 31),
        ("50.00", 90),
        ("60.00", 200),
    ):
        owes(first, amount, late, by=writer)
    make_credit(first, "7.00", by=writer, at=NOW)
    owes(CustomerAccountFactory(company=company, code="B2"), "500.00", 100, by=writer)
    return first


def test_every_figure_opens_items_that_come_to_it(reader: Client, book: CustomerAccount) -> None:
    """By due date and by invoice date, for each client and for the totals."""
    opened = 0
    for by in ("due_date", "invoice_date"):
        block = reader.get(reverse(PAGE), {"by": by}).context["blocks"][0]
        for cell in [cell for line in block.lines for cell in line.cells] + list(block.foot):
            if cell.amount:
                shown = reader.get(cell.url, headers={"hx-request": "true"})
                assert shown.context["total"] == cell.amount
                opened += 1
            else:
                assert cell.url == ""
    assert opened > 20


def test_the_figures_are_those_of_the_book_and_tie(reader: Client, book: CustomerAccount) -> None:
    response = reader.get(reverse(PAGE))
    block = response.context["blocks"][0]
    assert [cell.amount for cell in block.foot] == [10, 50, 40, 50, 500, 60, -7, 703]
    assert [line.row.account for line in block.lines] == ["B2", "A1"]
    assert block.ties
    assert "difference 0.00" in response.content.decode()
    assert block.overdue_share == Decimal(700) / Decimal(710)


def test_a_difference_is_shouted(
    reader: Client, book: CustomerAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    from o2c.reports.aged_balance import AgedTotal

    monkeypatch.setattr(AgedTotal, "difference", property(lambda total: Decimal("12.34")))
    shown = reader.get(reverse(PAGE)).content.decode()
    assert "The balance and the ledger differ by €12.34." in shown
    assert "o-b o-bad" in shown


def test_a_past_day_shows_the_book_as_it_stood(reader: Client, writer: User, book: CustomerAccount) -> None:
    item = book.items.get(amount=60)
    credit = make_credit(book, "60.00", by=writer, at=NOW)
    services.allocate(from_item_id=credit.pk, to_item_id=item.pk, amount=Decimal(60), by=writer, at=NOW)
    yesterday = TODAY - timedelta(days=1)
    response = reader.get(reverse(PAGE), {"as_of": f"{yesterday:%d/%m/%Y}", "account": "A1"})
    assert response.context["title"] == f"Aged balance on {yesterday:%d/%m/%Y}"
    assert response.context["blocks"][0].foot[5].amount == 60
    now = reader.get(reverse(PAGE), {"account": "A1"})
    assert now.context["blocks"][0].foot[5].amount == 0


@pytest.mark.parametrize("kind", ["csv", "json", "xlsx"])
def test_files_hold_what_the_page_shows(kind: str, reader: Client, book: CustomerAccount) -> None:
    response = reader.get(reverse(PAGE), {"export": kind, "account": "A1"})
    content = b"".join(response.streaming_content)  # type: ignore[attr-defined]
    name = f"aged-balance_TEST_{TODAY.isoformat()}.{kind}"
    assert response.headers["Content-Disposition"] == f'attachment; filename="{name}"'
    if kind == "csv":
        rows = list(csv.DictReader(io.StringIO(content.decode("utf-8-sig")), delimiter=";"))
        assert [(row["Client code"], row["Total"]) for row in rows] == [("A1", "203.00")]
    elif kind == "json":
        assert json.loads(content)["totals"]["total"] == "203.00"
    else:
        assert content[:2] == b"PK"


def test_other_buckets_and_what_cannot_be_read(reader: Client, book: CustomerAccount) -> None:
    response = reader.get(reverse(PAGE), {"buckets": "15 45"})
    assert response.context["report"].edges == (15, 45)
    wrong = reader.get(reverse(PAGE), {"buckets": "60, 30", "as_of": "31/11/2026"})
    assert wrong.context["report"].as_of == TODAY
    said = wrong.content.decode()
    assert "Write rising numbers of days, such as 30, 60, 90." in said
    assert "This date does not exist. November has 30 days." in said


def test_a_rep_sees_the_own_portfolio_and_it_ties(company: Company, writer: User) -> None:
    rep = make_user("sales", company, username="rep")
    owes(CustomerAccountFactory(company=company, code="MINE", rep=rep), "100.00", 10, by=writer)
    owes(CustomerAccountFactory(company=company, code="OTHER"), "900.00", 10, by=writer)
    client = signed_in(rep)
    response = client.get(reverse(PAGE))
    block = response.context["blocks"][0]
    assert ([line.row.account for line in block.lines], block.total.total, block.ties) == (
        ["MINE"],
        100,
        True,
    )
    assert "your portfolio: 1 client" in response.content.decode()
    hidden = client.get(reverse(PAGE), {"account": "OTHER"})
    assert (list(hidden.context["form"].errors), hidden.context["report"].scope) == (["account"], "portfolio")
    total = {"bucket": "total", "currency": "EUR"}
    assert client.get(reverse(ITEMS), total).context["total"] == 100
    assert client.get(reverse(ITEMS), total | {"client": "OTHER"}).status_code == 404


def test_the_filter_by_rep_reaches_the_items_of_the_totals(
    reader: Client, company: Company, writer: User
) -> None:
    rep = make_user("sales", company, username="rep")
    owes(CustomerAccountFactory(company=company, rep=rep), "100.00", 10, by=writer)
    owes(CustomerAccountFactory(company=company), "900.00", 10, by=writer)
    block = reader.get(reverse(PAGE), {"sales_rep": "rep"}).context["blocks"][0]
    assert block.foot[-1].amount == 100
    assert reader.get(block.foot[-1].url).context["total"] == 100


def test_each_currency_has_a_block_of_its_own(reader: Client, company: Company, writer: User) -> None:
    owes(CustomerAccountFactory(company=company, currency="USD"), "70.00", 10, by=writer, currency="USD")
    owes(CustomerAccountFactory(company=company), "30.00", 10, by=writer)
    found = reader.get(reverse(PAGE)).context["blocks"]
    assert [(block.total.currency, block.total.total) for block in found] == [("EUR", 30), ("USD", 70)]
    only = reader.get(reverse(PAGE), {"currency": "USD"}).context["blocks"]
    assert [block.total.currency for block in only] == ["USD"]


def test_sorting_and_pages(
    reader: Client, company: Company, writer: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(screen, "ROWS", 2)
    for code, amount in (("A", "10.00"), ("B", "30.00"), ("C", "20.00")):
        owes(CustomerAccountFactory(company=company, code=code, name=code), amount, 10, by=writer)

    def codes(**query: str) -> list[str]:
        block = reader.get(reverse(PAGE), query).context["blocks"][0]
        return [line.row.account for line in block.lines]

    assert codes() == ["B", "C"]
    assert codes(page="2") == ["A"]
    assert codes(sort="name") == ["A", "B"]
    assert codes(sort="-name") == ["C", "B"]
    assert codes(sort="total") == ["A", "C"]


def test_who_may_not_read_reports_is_told_so(company: Company) -> None:
    client = signed_in(make_user("dispute_owner", company))
    assert client.get(reverse(PAGE)).status_code == 403
    assert client.get(reverse(ITEMS), {"bucket": "total"}).status_code == 403
    assert client.get(reverse("reports:overdue_history")).status_code == 403


def test_an_unknown_column_is_not_found(reader: Client, book: CustomerAccount) -> None:
    assert reader.get(reverse(ITEMS), {"bucket": "d7_9"}).status_code == 404
    assert reader.get(reverse(ITEMS)).status_code == 404


def test_an_empty_book_says_how_to_fill_it(reader: Client, company: Company) -> None:
    assert "Nothing is open" in reader.get(reverse(PAGE)).content.decode()
    accountant = signed_in(make_user("receivables_accountant", company))
    assert reverse("imports:new") in accountant.get(reverse(PAGE)).content.decode()


def test_the_drawing_holds_twelve_months_up_to_the_day(reader: Client, book: CustomerAccount) -> None:
    response = reader.get(reverse("reports:overdue_history"))
    data = response.context["spec"]["sets"][0]["data"]
    assert (len(data), data[-1]) == (12, 700.0)


def test_the_page_asks_as_often_for_three_clients_as_for_one(
    reader: Client, company: Company, writer: User, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    def count() -> int:
        with django_assert_max_num_queries(40) as found:
            reader.get(reverse(PAGE))
        return len(found)

    owes(CustomerAccountFactory(company=company), "30.00", 10, by=writer)
    reader.get(reverse(PAGE))
    one = count()
    for _more in range(2):
        owes(CustomerAccountFactory(company=company), "30.00", 10, by=writer)
    assert count() == one


def test_what_colleagues_sold_is_told_beside_the_list_and_comes_to_the_figure(
    company: Company, writer: User
) -> None:
    former, rep = make_user("sales", company), make_user("sales", company)
    account = CustomerAccountFactory(company=company, code="A1", rep=rep)
    account.team.filter(user=rep).update(valid_from=TODAY - timedelta(days=20))
    account.team.create(
        user=former,
        role="sales_rep",
        valid_from=TODAY - timedelta(days=900),
        valid_to=TODAY - timedelta(days=20),
    )
    make_invoice(
        account, "70.00", by=writer, issued=TODAY - timedelta(days=50), due=TODAY - timedelta(days=5), at=NOW
    )
    make_invoice(
        account, "30.00", by=writer, issued=TODAY - timedelta(days=10), due=TODAY - timedelta(days=5), at=NOW
    )
    make_invoice(
        account, "9.00", by=writer, issued=TODAY - timedelta(days=50), due=TODAY + timedelta(days=5), at=NOW
    )
    client = signed_in(rep)
    (block,) = client.get(reverse(PAGE)).context["blocks"]
    figure = block.lines[0].cells[1]

    opened = client.get(figure.url)

    assert (opened.context["total"], opened.context["outside"]) == (Decimal("30.00"), Decimal("70.00"))
    assert opened.context["total"] + opened.context["outside"] == figure.amount
    assert "and €70.00 of colleagues’ sales" in opened.content.decode()
    assert client.get(block.foot[1].url).context["outside"] == Decimal("70.00")


def test_who_sees_every_sale_is_told_of_none(reader: Client, book: CustomerAccount) -> None:
    (block,) = reader.get(reverse(PAGE)).context["blocks"]

    opened = reader.get(block.foot[1].url)

    assert opened.context["outside"] == 0
    assert "colleagues" not in opened.content.decode()


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
