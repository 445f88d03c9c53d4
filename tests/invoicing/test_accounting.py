"""Entries for the general ledger: balanced, lettered, the same again, and the accounts they stand on."""

from __future__ import annotations

import csv
import io
from collections import defaultdict
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, transaction
from django.test import Client

from accounts.models import Company, CustomerAccount, ExchangeRate, User
from invoicing import services
from invoicing.accounting import fec
from invoicing.accounting.chart import Journal, Use
from invoicing.accounting.models import LedgerAccount
from invoicing.accounting.policy import Entry, Line, Unbalanced, converted
from invoicing.accounting.services import set_accounts
from invoicing.enums import ItemKind
from invoicing.models import ReceivableItem
from o2c.shared.problems import Invalid, NotAllowed
from tests.factories.accounts import CustomerAccountFactory, make_user
from tests.factories.invoicing import (
    AT,
    TODAY,
    day,
    line,
    make_confirmed_order,
    make_invoice,
    make_item,
    make_payment,
)

pytestmark = pytest.mark.django_db

YEAR = date(2026, 1, 1)


def read(company: Company, first: date = YEAR, until: date = TODAY) -> list[dict[str, str]]:
    raw = b"".join(fec.written(company, first=first, until=until)).decode()
    assert raw.count("\r\n") == raw.count("\n")
    return list(csv.DictReader(io.StringIO(raw, newline=""), delimiter="\t"))


def value(text: str) -> Decimal:
    return Decimal(text.replace(",", "."))


def sums(rows: list[dict[str, str]], key: str) -> dict[str, Decimal]:
    found: dict[str, Decimal] = defaultdict(Decimal)
    for row in rows:
        found[row[key]] += value(row["Debit"]) - value(row["Credit"])
    return dict(found)


def accounts(rows: list[dict[str, str]]) -> list[tuple[str, str]]:
    return [(row["CompteNum"], str(value(row["Debit"]) - value(row["Credit"]))) for row in rows]


@pytest.fixture
def book(company: Company, account: CustomerAccount, accountant: User) -> ReceivableItem:
    """Two rates, a part paid, a cheque of nobody, a return, all in one year."""
    invoice = make_invoice(
        account,
        "170.50",
        by=accountant,
        number="FA 1",
        lines=[line("1", "100", "20"), line("2", "22.965", "10"), line("1", "0", "5.5")],
    )
    paid = make_payment(account, "170.50", by=accountant, external_id="BANK\t1", received=day(-3))
    item = invoice.items.get()
    services.allocate_payment(payment_id=paid.pk, items=[(item.pk, Decimal("170.50"))], by=accountant, at=AT)
    make_invoice(account, "-20", by=accountant, number="AV 1")
    make_payment(None, "5", by=accountant, company=company, payer_name="ACME")
    bounced = make_payment(account, "7", by=accountant, received=day(-6))
    services.return_payment(
        payment_id=bounced.pk, returned_on=day(-4), reason="no money", fee=Decimal("12"), by=accountant, at=AT
    )
    return item


def test_every_entry_balances_and_every_field_is_there(book: ReceivableItem, company: Company):
    rows = read(company)
    assert tuple(rows[0]) == fec.FIELDS
    assert len(fec.FIELDS) == 18
    assert set(sums(rows, "EcritureNum").values()) == {Decimal(0)}
    assert all((row["Debit"] == "0,00") != (row["Credit"] == "0,00") for row in rows)
    assert all(row["ValidDate"] and row["PieceRef"] and row["EcritureLib"] for row in rows)
    owed = sum((item.amount for item in ReceivableItem.objects.filter(company=company)), Decimal(0))
    assert sums(rows, "CompteNum")["411000"] == owed


def test_sales_stand_by_rate_and_what_is_not_known_waits(book: ReceivableItem, company: Company):
    rows = [row for row in read(company) if row["JournalCode"] == "VE"]
    assert accounts([row for row in rows if row["PieceRef"] == "FA 1"]) == [
        ("411000", "170.50"), ("707000", "-45.93"), ("445710", "-4.59"), ("707000", "-100.00"), ("445710", "-20.00"),
        ("445710", "0.02"),
    ]  # fmt: skip
    assert accounts([row for row in rows if row["PieceRef"] == "AV 1"]) == [
        ("411000", "-20.00"), ("471000", "20.00"),
    ]  # fmt: skip


def test_money_stands_where_it_came_in(book: ReceivableItem, company: Company):
    rows = [row for row in read(company) if row["JournalCode"] == "BQ"]
    assert sums(rows, "CompteNum") == {
        "411000": Decimal("-158.50"),  # 170.50 and 7 in, 7 taken back, 12 of fees
        "471000": Decimal("-5.00"),
        "512000": Decimal("175.50"),
        "708800": Decimal("-12.00"),
    }
    # A tab of the bank's reference ends no field.
    assert "BANK 1" in {row["PieceRef"] for row in rows}


def test_letters_stand_where_everything_is_settled(
    book: ReceivableItem, company: Company, account: CustomerAccount, accountant: User
):
    other = make_item(account, "50", by=accountant, number="FA 2")
    part = make_payment(account, "20", by=accountant)
    services.allocate_payment(payment_id=part.pk, items=[(other.pk, Decimal(20))], by=accountant, at=AT)
    rows = read(company)
    lettered = {row["PieceRef"]: row["EcritureLet"] for row in rows if row["EcritureLet"]}
    assert {"FA 1", "BANK 1"} <= set(lettered)
    assert "FA 2" not in lettered
    for letter in set(lettered.values()):
        own = [row for row in rows if row["EcritureLet"] == letter]
        assert sum(value(row["Debit"]) - value(row["Credit"]) for row in own) == 0
        assert {row["CompteNum"] for row in own} == {"411000"}
        assert all(row["DateLet"] for row in own)
    # Before it was matched there was no letter.
    assert not any(row["EcritureLet"] for row in read(company, until=day(-5)))


def test_months_follow_each_other_and_are_the_same_again(book: ReceivableItem, company: Company):
    whole = {row["EcritureNum"] for row in read(company)}
    months: list[str] = []
    first = YEAR
    while first <= TODAY:
        last = min((first + timedelta(days=32)).replace(day=1) - timedelta(days=1), TODAY)
        months += dict.fromkeys(row["EcritureNum"] for row in read(company, first, last))
        first = last + timedelta(days=1)
    assert len(months) == len(set(months))
    assert set(months) == whole
    numbers = sorted(int(number.rpartition("-")[2]) for number in whole if number.startswith("VE"))
    assert numbers == list(range(1, len(numbers) + 1))
    once, again = (b"".join(fec.written(company, first=YEAR, until=TODAY)) for _ in range(2))
    assert once == again


def test_another_currency_stands_beside_ours(company: Company, accountant: User):
    abroad = CustomerAccountFactory(company=company, currency="USD")
    make_invoice(abroad, "100.01", by=accountant, number="US", lines=[line("3", "33.33", "0"), line("1", "0.02", "0")],
                 currency="USD")  # fmt: skip
    with pytest.raises(fec.RateMissing, match="USD"):
        read(company)
    ExchangeRate.objects.create(currency="USD", day=day(-61), units_per_eur=Decimal("1.0842"))
    rows = read(company)
    assert sum(value(row["Debit"]) - value(row["Credit"]) for row in rows) == 0
    assert {row["Idevise"] for row in rows} == {"USD"}
    assert rows[0]["Debit"] == "92,24"
    assert rows[0]["Montantdevise"] == "100,01"


def test_an_entry_that_does_not_add_up_is_refused():
    entry = Entry(
        Journal.SALES, TODAY, "X", "X", "EUR", [Line(Use.CUSTOMERS, Decimal(2)), Line(Use.SALES, Decimal(-1))]
    )
    with pytest.raises(Unbalanced):
        converted(entry, "EUR", {})


def test_every_kind_of_item_has_its_entry(company: Company, account: CustomerAccount):
    for kind in ItemKind.values:
        if kind not in {"INVOICE", "CREDIT_NOTE", "DEPOSIT_INVOICE", "PAYMENT"}:
            for amount in (Decimal(9), Decimal(-4)):
                ReceivableItem.objects.create(
                    company=company, account=account, kind=kind, document=kind, issue_date=TODAY, due_date=TODAY,
                    currency="EUR", amount=amount, open_amount=amount, effective_date=TODAY, recorded_at=AT,
                )  # fmt: skip
    rows = read(company)
    assert set(sums(rows, "EcritureNum").values()) == {Decimal(0)}
    assert {row["JournalCode"] for row in rows} == {"AN", "VE", "BQ", "OD"}
    assert sums(rows, "CompteNum")["411000"] == 7 * 5


# --- accounts ---


def test_a_company_names_its_own_accounts(book: ReceivableItem, company: Company, accountant: User):
    finance = make_user("finance_director", company)
    own = {"sales": ("701100", "Ventes de produits finis")}
    with pytest.raises(NotAllowed):
        set_accounts(company=company, accounts=own, by=accountant, at=AT)
    for wrong in (
        {"sales": ("70", "x")},
        {"sales": ("701;", "x")},
        {"sales": ("701", " ")},
        {"what": ("701", "x")},
    ):
        with pytest.raises(Invalid):
            set_accounts(company=company, accounts=wrong, by=finance, at=AT)
    assert set_accounts(company=company, accounts=own, by=finance, at=AT) == ["sales"]
    assert set_accounts(company=company, accounts=own, by=finance, at=AT) == []
    assert "701100" in sums(read(company), "CompteNum")
    set_accounts(company=company, accounts={"sales": ("707000", "Ventes de marchandises")}, by=finance, at=AT)
    assert not LedgerAccount.objects.exists()


def test_the_database_refuses_an_account_outside_the_chart(company: Company):
    with pytest.raises(IntegrityError), transaction.atomic():
        LedgerAccount.objects.create(company=company, use="sales", number="7a", label="x")


# --- the file ---


def test_the_page_gives_the_file_of_a_month(book: ReceivableItem, company: Company, accountant: User):
    client = Client()
    client.force_login(accountant)
    answer: Any = client.get(f"/invoicing/periods/{TODAY:%Y}-{TODAY.month}/entries/")
    assert answer.status_code == 200
    assert b"".join(answer.streaming_content).startswith(b"JournalCode\t")
    assert client.get("/invoicing/periods/2026-13/entries/").status_code == 404
    assert client.get("/invoicing/periods/2999-1/entries/").status_code == 404
    make_invoice(CustomerAccountFactory(company=company, currency="USD"), "1", by=accountant, currency="USD")
    # What is missing is said on the page, and no half file leaves.
    assert client.get(f"/invoicing/periods/{day(-60):%Y}-{day(-60).month}/entries/").status_code == 302


def test_the_command_writes_a_whole_file_or_none(
    book: ReceivableItem, company: Company, accountant: User, tmp_path: Path
):
    target = tmp_path / "fec.txt"
    asked = {"company": "TEST", "format": "txt", "output": target, "as_of": TODAY}
    call_command("export_report", "fec", **asked)
    assert len(target.read_bytes().splitlines()) == len(read(company)) + 1
    with pytest.raises(CommandError, match="txt"):
        call_command("export_report", "fec", **{**asked, "format": "csv"})
    make_invoice(CustomerAccountFactory(company=company, currency="USD"), "1", by=accountant, currency="USD")
    with pytest.raises(CommandError, match="USD"):
        call_command("export_report", "fec", **{**asked, "output": tmp_path / "other.txt"})
    assert [path.name for path in tmp_path.iterdir()] == ["fec.txt"]


def test_a_deposit_is_received_once_and_taken_off_the_final_invoice(
    company: Company, account: CustomerAccount, accountant: User
):
    order = make_confirmed_order(account, by=accountant, delivered=("10",))
    money = make_payment(account, "240", by=accountant, order=order)
    services.issue_deposit(order_id=order.pk, payment_id=money.pk, by=accountant, at=AT)
    services.issue_from_order(order_id=order.pk, by=accountant, at=AT)
    rows = read(company)
    assert set(sums(rows, "EcritureNum").values()) == {Decimal(0)}
    found = sums(rows, "CompteNum")
    # What was received is taken off again; the sale and its VAT stand once, whole.
    assert (found["419100"], found["707000"], found["445710"]) == (Decimal(0), Decimal(-1000), Decimal(-200))
    assert (found["411000"], found["512000"]) == (Decimal(960), Decimal(240))
