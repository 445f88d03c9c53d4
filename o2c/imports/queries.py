"""What an import tells of the book it met and of the book it leaves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Final, NamedTuple

from django.db import connection
from django.db.models import QuerySet

from accounts.models import Company, CustomerAccount
from invoicing.ageing import TOTAL, OpenItem, age_items, bucket_names
from invoicing.queries import items_on
from o2c.shared.money import ZERO


class KnownDocument(NamedTuple):
    """A document that stands in the book already."""

    number: str
    customer_code: str
    issue_date: date
    currency: str
    amount: Decimal
    is_open: bool


@dataclass(frozen=True)
class BookTotals:
    """The book of a company in one currency at the end of a day.

    :ivar clients: those with a document by then
    :ivar open: net of credits
    :ivar overdue: bucket → amount owed and due before the day
    :ivar disputed: contested of what is open
    """

    currency: str
    clients: int = 0
    invoices: int = 0
    invoiced: Decimal = ZERO
    open_items: int = 0
    open: Decimal = ZERO
    overdue: tuple[tuple[str, Decimal], ...] = ()
    disputed: Decimal = ZERO

    @property
    def overdue_total(self) -> Decimal:
        """Everything overdue."""
        return sum((amount for _bucket, amount in self.overdue), ZERO)


_KNOWN: Final = """
    SELECT i.number, a.code, i.issue_date, i.currency, i.total_incl_vat,
           EXISTS (SELECT FROM invoicing_receivableitem r WHERE r.invoice_id = i.id AND r.open_amount <> 0)
    FROM invoicing_invoice i JOIN accounts_customeraccount a ON a.id = i.account_id
    WHERE i.company_id = %(company)s AND i.number = ANY(%(numbers)s)
"""

_BOOKED: Final = """
    SELECT currency, SUM(total_incl_vat) FROM invoicing_invoice
    WHERE company_id = %(company)s AND number = ANY(%(numbers)s) GROUP BY currency
"""

_INVOICED: Final = """
    SELECT currency, COUNT(DISTINCT account_id), COUNT(*), SUM(total_incl_vat) FROM invoicing_invoice
    WHERE company_id = %(company)s AND issue_date <= %(on)s GROUP BY currency
"""


def known_documents(company: Company, numbers: Sequence[str]) -> dict[str, KnownDocument]:
    """Those of these numbers that the company's book holds."""
    with connection.cursor() as cursor:
        cursor.execute(_KNOWN, {"company": company.pk, "numbers": list(numbers)})
        return {row[0]: KnownDocument(*row) for row in cursor.fetchall()}


def booked_total(company: Company, numbers: Sequence[str]) -> dict[str, Decimal]:
    """The sum of these documents as they stand in the book, per currency."""
    with connection.cursor() as cursor:
        cursor.execute(_BOOKED, {"company": company.pk, "numbers": list(numbers)})
        return dict(cursor.fetchall())


def book_totals(company: Company, *, on: date) -> list[BookTotals]:
    """The company's book at the end of a day, per currency; the company's own even when the book is empty."""
    params: dict[str, int | date] = {"company": company.pk, "on": on}
    with connection.cursor() as cursor:
        cursor.execute(_INVOICED, params)
        invoiced = {row[0]: row[1:] for row in cursor.fetchall()}
    accounts = CustomerAccount.objects.filter(company=company)
    opened: dict[str, list[OpenItem]] = {}
    disputed: dict[str, Decimal] = {}
    rows: QuerySet[Any] = items_on(accounts, on=on, open_only=True).order_by()
    values = rows.values_list("currency", "issue_date", "due_on", "open_on", "disputed_on")
    for currency, issued, due, amount, contested in values.iterator(chunk_size=5000):
        opened.setdefault(currency, []).append(OpenItem(issued, due, amount))
        disputed[currency] = disputed.get(currency, ZERO) + contested
    totals = []
    for currency in sorted(invoiced.keys() | opened.keys()) or [company.currency]:
        ages = age_items(opened.get(currency, ()), on)
        clients, invoices, amount = invoiced.get(currency, (0, 0, ZERO))
        totals.append(
            BookTotals(
                currency,
                clients,
                invoices,
                amount,
                open_items=len(opened.get(currency, ())),
                open=ages[TOTAL],
                overdue=tuple((name, ages[name]) for name in bucket_names()[1:]),
                disputed=disputed.get(currency, ZERO),
            )
        )
    return totals
