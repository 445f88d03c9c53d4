"""Two years of invoices, payments and disputes, and twelve months of exposure behind today."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from random import Random

from accounts.models import Company, CustomerAccount, ExchangeRate, User
from accounts.policy import due_date
from credit.formulas import PART_CODES
from credit.snapshots import make_months
from invoicing.services.bulk import ImportedRow, ImportedSettlement, book_imported
from o2c.shared.calendar import add_months, end_of_month
from o2c.shared.whole_tables import without_nested_loops

from .clients import EXPORT, PLAIN, habit_of
from .past_orders import with_orders

MONTHS = 24
RATES = {"USD": Decimal("1.0842"), "GBP": Decimal("0.8415"), "CHF": Decimal("0.9387")}

# How busy each month is: building rests in January and August, and slows down before the end of the year.
SEASON = (60, 80, 105, 115, 120, 125, 110, 50, 120, 125, 110, 80)
# One in so many invoices is followed by a credit note for part of it.
CREDITED = 45

# What is kept of the parts of an exposure; orders of the past were delivered and invoiced at once, and leave nothing.
_PARTS = {
    "open_invoices": "b.owed",
    "unallocated_payments": "b.payments",
    "unallocated_credit_notes": "b.credit_notes",
}
# What the nights would have kept: of each client a row for the day something of it changed, with its open items, what
# of them was late and contested, and the limit in force. Sums of what moved, so that a day costs its moves.
_SNAPSHOTS = f"""
    WITH items AS (
        SELECT id, account_id, amount, due_date, effective_date AS since,
               CASE WHEN amount > 0 THEN 'owed' WHEN kind = 'CREDIT_NOTE' THEN 'credit_note' ELSE 'payment' END AS part,
               GREATEST(effective_date, due_date + 1) AS late_since
        FROM invoicing_receivableitem WHERE company_id = %(company)s
    ),
    matched AS (
        SELECT i.*, -SIGN(i.amount) * a.amount AS change, a.day
        FROM items i
        JOIN (
            SELECT debit_id AS item_id, amount, effective_date AS day FROM invoicing_allocation
            UNION ALL SELECT credit_id, amount, effective_date FROM invoicing_allocation
        ) a ON a.item_id = i.id
    ),
    contested AS (
        SELECT i.account_id, d.amount, d.effective_from, d.effective_to
        FROM invoicing_disputedamount d JOIN items i ON i.id = d.item_id
    ),
    decided AS (
        SELECT l.account_id, l.valid_from, l.closed_on
        FROM credit_creditlimit l JOIN accounts_customeraccount c ON c.id = l.account_id
        WHERE c.company_id = %(company)s
    ),
    moves (account_id, day, part, amount) AS (
        SELECT account_id, since, part, amount FROM items
        UNION ALL SELECT account_id, late_since, 'late', amount FROM items WHERE amount > 0
        UNION ALL SELECT account_id, day, part, change FROM matched
        UNION ALL SELECT account_id, GREATEST(day, late_since), 'late', change FROM matched WHERE amount > 0
        UNION ALL SELECT account_id, effective_from, 'contested', amount FROM contested
        UNION ALL SELECT account_id, effective_to, 'contested', -amount FROM contested WHERE effective_to IS NOT NULL
        UNION ALL SELECT account_id, valid_from, 'limit', 0 FROM decided
        UNION ALL SELECT account_id, closed_on, 'limit', 0 FROM decided WHERE closed_on IS NOT NULL
    ),
    days AS (
        SELECT account_id, GREATEST(day, %(first)s) AS day, part, SUM(amount) AS amount
        FROM moves WHERE day <= %(last)s GROUP BY 1, 2, 3
    ),
    book AS (
        SELECT account_id, day,
               COALESCE(SUM(SUM(amount) FILTER (WHERE part = 'owed')) OVER past, 0) AS owed,
               COALESCE(SUM(SUM(amount) FILTER (WHERE part = 'payment')) OVER past, 0) AS payments,
               COALESCE(SUM(SUM(amount) FILTER (WHERE part = 'credit_note')) OVER past, 0) AS credit_notes,
               COALESCE(SUM(SUM(amount) FILTER (WHERE part = 'late')) OVER past, 0) AS late,
               COALESCE(SUM(SUM(amount) FILTER (WHERE part = 'contested')) OVER past, 0) AS contested
        FROM days GROUP BY account_id, day
        WINDOW past AS (PARTITION BY account_id ORDER BY day)
    ),
    lives AS (
        SELECT i.account_id, i.due_date, i.late_since,
               CASE WHEN SUM(m.change) = -i.amount THEN MAX(m.day) ELSE 'infinity' END AS until
        FROM items i LEFT JOIN matched m ON m.id = i.id
        WHERE i.amount > 0
        GROUP BY i.id, i.account_id, i.due_date, i.late_since, i.amount
    ),
    oldest AS (
        SELECT b.account_id, b.day, MIN(l.due_date) AS due_date
        FROM book b
        JOIN lives l ON l.account_id = b.account_id AND l.late_since <= b.day AND l.until > b.day
        GROUP BY b.account_id, b.day
    )
    INSERT INTO credit_exposuresnapshot
        (level, target_id, day, currency, parts, gross_exposure, net_exposure, overdue, oldest_due, disputed,
         on_hold_orders, limit_kind, effective_limit, recorded_at)
    SELECT 3, b.account_id, b.day, c.currency, ARRAY[{", ".join(_PARTS.get(code, "0") for code in PART_CODES)}],
           b.owed, b.owed + b.payments + b.credit_notes, b.late, o.due_date, b.contested, 0,
           COALESCE(l.kind, 'none'), COALESCE(l.amount, 0), %(at)s
    FROM book b
    JOIN accounts_customeraccount c ON c.id = b.account_id
    LEFT JOIN oldest o ON o.account_id = b.account_id AND o.day = b.day
    LEFT JOIN LATERAL (
        SELECT kind, amount FROM credit_creditlimit c
        WHERE c.account_id = b.account_id AND c.valid_from <= b.day AND (c.closed_on IS NULL OR c.closed_on > b.day)
        ORDER BY c.valid_from DESC LIMIT 1
    ) l ON TRUE
    ON CONFLICT DO NOTHING
"""


def make_rates(today: date) -> None:
    """Reference rates of the last two weeks."""
    ExchangeRate.objects.bulk_create(
        ExchangeRate(
            currency=currency, day=today - timedelta(days=back), units_per_eur=rate + Decimal(back) / 1000
        )
        for currency, rate in RATES.items()
        for back in range(14)
    )


def make_history(
    company: Company, accounts: list[CustomerAccount], *, by: User, at: datetime, today: date, random: Random
) -> None:
    """Book what was invoiced and paid, each client after its own habit; some of it is disputed."""
    rows: list[ImportedRow] = []
    for number, account in enumerate(accounts, start=1):
        if number not in EXPORT:
            rows.extend(_rows_of(account, number, today, random))
    rows.sort(key=lambda row: (row.issue_date, row.account_id))
    numbered = [
        replace(row, number=f"FC{row.issue_date.year}-{position:06d}")
        for position, row in enumerate(rows, start=1)
    ]
    # The plain clients have no rhythm of orders: nothing of theirs looks unusual beside it.
    terms = {account.pk: account.term for account in accounts[PLAIN:]}
    numbered = with_orders(numbered, company, terms, by=by, at=at, random=random)
    # Month by month, as it would have come in: each document and each payment is known from its own month on.
    for first in (add_months(today.replace(day=1), -back) for back in range(MONTHS, -1, -1)):
        last = min(end_of_month(first), today - timedelta(days=1))
        known_at = min(at, datetime.combine(last, time(12), at.tzinfo))
        book_imported(
            company=company,
            rows=[_as_known(row, last) for row in numbered if first <= row.issue_date <= last],
            settlements=[
                ImportedSettlement(row.number, row.settled_on)
                for row in numbered
                if row.settled_on is not None and row.issue_date < first <= row.settled_on <= last
            ],
            by=by,
            at=known_at,
        )


def _as_known(row: ImportedRow, last: date) -> ImportedRow:
    """A document as it was known at the end of a month: what is paid later is still open."""
    if row.settled_on is None or row.settled_on <= last:
        return row
    return replace(row, settled_on=None)


def make_snapshots(company: Company, *, at: datetime, today: date) -> None:
    """A row for each day of the last year on which something of a client changed, as the nights would have kept."""
    first, last = end_of_month(add_months(today, -12)), today - timedelta(days=1)
    make_months(first, last)
    # What the same transaction booked has no statistics: taken for a few rows, it would be read over and over.
    with without_nested_loops() as cursor:
        cursor.execute(_SNAPSHOTS, {"first": first, "last": last, "company": company.pk, "at": at})


def _rows_of(account: CustomerAccount, number: int, today: date, random: Random) -> Iterator[ImportedRow]:
    habit = habit_of(account, number, random)
    for back in range(MONTHS, -1, -1):
        first = add_months(today.replace(day=1), -back)
        for _ in range(habit.orders_a_month):
            issued = first + timedelta(days=random.randint(0, 27))
            if issued >= today or issued < account.opened_on:
                continue
            due = due_date(issued, account.term)
            paid = due + timedelta(days=round(random.gauss(habit.delay_days, habit.spread)))
            if random.random() < 0.015 and number > PLAIN:
                paid += timedelta(days=random.randint(40, 160))
            settled = max(issued + timedelta(days=1), paid)
            monthly = habit.monthly * SEASON[first.month - 1] // 100
            cents = random.randint(monthly * 40, monthly * 160) // habit.orders_a_month
            # In steps of six cents, so that net and VAT are whole cents too.
            amount = Decimal(cents // 6 * 6) / 100
            still_open = settled >= today
            disputed = still_open and number > PLAIN and random.random() < 0.06
            yield ImportedRow(
                account_id=account.pk,
                number="",
                issue_date=issued,
                due_date=due,
                currency=account.currency,
                amount=amount,
                settled_on=None if still_open or disputed else settled,
                disputed=(amount if random.random() < 0.5 else amount / 4).quantize(Decimal("0.01"))
                if disputed
                else Decimal("0.00"),
                customer_reference=f"BC {random.randint(10000, 99999)}",
            )
            if number > PLAIN and random.randrange(CREDITED) == 0:
                yield from _credit_note(account, amount, issued, today, random)


def _credit_note(
    account: CustomerAccount, amount: Decimal, issued: date, today: date, random: Random
) -> Iterator[ImportedRow]:
    """Part of an invoice taken back some weeks later; offset with the next payment, the latest still open."""
    day = issued + timedelta(days=random.randint(12, 40))
    if day >= today:
        return
    settled = day + timedelta(days=random.randint(20, 50))
    yield ImportedRow(
        account_id=account.pk,
        number="",
        issue_date=day,
        due_date=day,
        currency=account.currency,
        amount=-(amount / random.choice((4, 8, 10))).quantize(Decimal("0.01")),
        settled_on=settled if settled < today else None,
        customer_reference="Retour de marchandise",
    )
