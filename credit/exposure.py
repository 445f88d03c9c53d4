"""The exposure of accounts, in one statement (design 3.3, ADR 0003).

``settings.CREDIT_EXPOSURE`` names the parts: each provider gives the SQL of rows ``(account_id, part, currency,
amount, due_date)``; here they are joined by ``UNION ALL`` and added up in the database. Two statements would see
two books while a payment is matched.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import cache
from typing import Any

from django.conf import settings
from django.db import connection
from django.utils.module_loading import import_string

from accounts.models import ExchangeRate
from o2c.shared.money import ZERO, convert

from .formulas import PART_CODES, ExposureParts
from .horizon import BEYOND
from .switches import SWITCHED, counts_sql

DISPUTED = "disputed"
ON_HOLD = "on_hold_orders"
OWN_DEPOSITS = "own_deposits"
SOLD = "sold"
OPEN_INVOICES = "open_invoices"
# Of a client that sold something late: the oldest that is still its own, or no day.
OLDEST_OURS = "oldest_ours"
FAR_FUTURE = "infinity"
ONE = Decimal(1)


@dataclass(frozen=True)
class Cuts:
    """Days of the evaluation: items due before a cut count in its sum."""

    today: date
    grace: date
    late: date

    @classmethod
    def on(cls, today: date, *, grace_days: int = 0, overdue_days: int = 0) -> Cuts:
        """Cuts for an item more than ``grace_days`` or ``overdue_days`` late."""
        return cls(today, today - timedelta(days=grace_days), today - timedelta(days=overdue_days))


@dataclass
class AccountFigures:
    """What the book says of one account, in one currency."""

    parts: dict[str, Decimal] = field(default_factory=lambda: dict.fromkeys(PART_CODES, ZERO))
    disputed: Decimal = ZERO
    on_hold: Decimal = ZERO
    # What was received as deposits for the order left out.
    own_deposits: Decimal = ZERO
    # Sold to a factor without recourse: in no part, told apart.
    sold: Decimal = ZERO
    # Parts that the company does not count, with what they come to; orders beyond its horizon among them.
    left_out: dict[str, Decimal] = field(default_factory=dict)
    overdue: Decimal = ZERO
    overdue_undisputed: Decimal = ZERO
    beyond_grace: Decimal = ZERO
    beyond_class: Decimal = ZERO
    oldest_due: date | None = None
    missing_rates: set[str] = field(default_factory=set)

    def exposure(self) -> ExposureParts:
        """The parts as the formulas take them."""
        return ExposureParts(**self.parts)

    def oldest_days(self, on: date) -> int:
        """Days the oldest open invoice is late, 0 when none is."""
        return 0 if self.oldest_due is None else max(0, (on - self.oldest_due).days)


@dataclass(frozen=True)
class Book:
    """One reading: the figures per account and the rates used."""

    currency: str
    accounts: Mapping[int, AccountFigures]
    rates: Mapping[str, Decimal]

    def of(self, account_id: int) -> AccountFigures:
        """Figures of one account; zeros when nothing is open."""
        return self.accounts.get(account_id) or AccountFigures()


@cache
def _statement() -> str:
    rows = "\n    UNION ALL\n".join(import_string(path)() for path in settings.CREDIT_EXPOSURE)
    return f"""
        WITH {SWITCHED},
        sums AS (
            SELECT account_id, part, currency, SUM(amount) AS amount,
                   SUM(amount) FILTER (WHERE due_date < %(today)s) AS overdue,
                   SUM(amount) FILTER (WHERE due_date < %(grace)s) AS beyond_grace,
                   SUM(amount) FILTER (WHERE due_date < %(late)s) AS beyond_class,
                   MIN(due_date) FILTER (WHERE due_date < %(today)s) AS oldest
            FROM ({rows}) AS book (account_id, part, currency, amount, due_date)
            GROUP BY account_id, part, currency
        )
        SELECT s.account_id, s.part, s.currency, {counts_sql("s.part", "x.part IS NOT NULL")},
               s.amount, s.overdue, s.beyond_grace, s.beyond_class, s.oldest
        FROM sums s
        JOIN accounts_customeraccount a ON a.id = s.account_id
        LEFT JOIN switched x ON x.company_id = a.company_id AND x.part = s.part
    """


def read(
    account_ids: Iterable[int],
    *,
    currency: str,
    cuts: Cuts,
    skip_order: int | None = None,
    confirmed_before: datetime | None = None,
    counted_until: date | None = None,
) -> Book:
    """Read the live exposure of accounts in one statement.

    :param currency: what the figures are converted into, with the rate of the evaluation day
    :param skip_order: an order left out, since a re-check leaves the order itself out
    :param confirmed_before: count undelivered orders confirmed earlier than this only (design 3.11)
    :param counted_until: delivery of the order asked about: orders up to it count whatever the horizon
    """
    with connection.cursor() as cursor:
        cursor.execute(
            _statement(),
            {
                "accounts": list(account_ids),
                "today": cuts.today,
                "grace": cuts.grace,
                "late": cuts.late,
                "skip_order": skip_order or 0,
                "confirmed_before": confirmed_before or FAR_FUTURE,
                "counted_until": counted_until or cuts.today,
            },
        )
        rows = cursor.fetchall()
    return book_of(rows, currency=currency, on=cuts.today)


def book_of(rows: Sequence[Sequence[Any]], *, currency: str, on: date, also: Iterable[str] = ()) -> Book:
    """Add up what the statement said, in one currency.

    :param rows: ``(account, part, currency, whether the part counts, amount, overdue, beyond grace, beyond class,
        oldest due date)``
    :param also: further currencies whose rates are needed
    """
    rates = rates_on(on, {row[2] for row in rows}.union(also) - {currency}, currency)
    book: dict[int, AccountFigures] = {}
    for row in rows:
        _add(book.setdefault(row[0], AccountFigures()), row, currency, rates)
    for row in rows:
        if row[1] == OLDEST_OURS:
            book[row[0]].oldest_due = row[-1]
    return Book(currency, book, rates)


def _add(figures: AccountFigures, row: Sequence[object], currency: str, rates: Mapping[str, Decimal]) -> None:
    _account, part, row_currency, is_counted, *sums, oldest = row
    amounts = [s if isinstance(s, Decimal) else ZERO for s in sums]
    if row_currency != currency:
        if row_currency not in rates:
            figures.missing_rates.add(str(row_currency))
            return
        amounts = [convert(a, rates[str(row_currency)], rates[currency]) for a in amounts]
    amount, overdue, beyond_grace, beyond_class = amounts
    if not is_counted or part == BEYOND:
        figures.left_out[str(part)] = figures.left_out.get(str(part), ZERO) + amount
        return
    if part == DISPUTED:
        figures.disputed += amount
        figures.overdue_undisputed -= overdue
        figures.beyond_grace -= beyond_grace
        figures.beyond_class -= beyond_class
        return
    if part == OLDEST_OURS:
        return
    if part == ON_HOLD:
        figures.on_hold += amount
        return
    if part == OWN_DEPOSITS:
        figures.own_deposits += amount
        return
    if part == SOLD:
        figures.sold += amount
        return
    figures.parts[str(part)] += amount
    if part == OPEN_INVOICES:
        figures.overdue += overdue
        figures.overdue_undisputed += overdue
        figures.beyond_grace += beyond_grace
        figures.beyond_class += beyond_class
        if isinstance(oldest, date):
            figures.oldest_due = min(oldest, figures.oldest_due or oldest)


def rates_on(day: date, currencies: set[str], target: str) -> dict[str, Decimal]:
    """Rates (units per euro) of a day: the last published, at most ``RATE_MAX_AGE_DAYS`` old.

    A currency without one is missing from the answer, never assumed; the target comes along.
    """
    if not currencies:
        return {}
    found = all_rates_on(day, only=currencies | {target})
    return found if target in found else {}


def all_rates_on(day: date, *, only: set[str] | None = None) -> dict[str, Decimal]:
    """Every usable rate of a day, the euro's own included."""
    oldest = day - timedelta(days=settings.RATE_MAX_AGE_DAYS)
    rows = ExchangeRate.objects.filter(day__gte=oldest, day__lte=day)
    if only is not None:
        rows = rows.filter(currency__in=only)
    found = {
        row.currency: row.units_per_eur for row in rows.order_by("currency", "-day").distinct("currency")
    }
    return found | {"EUR": ONE}
