"""When what is open is expected to be paid: one reading for any number of items."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any, Final, NamedTuple

from django.conf import settings
from django.db import connection
from django.db.models import Q
from django.utils.module_loading import import_string

from accounts.queries import circuits_of
from credit.alerts.facts import Event
from credit.alerts.policy import TREND_DAYS
from credit.legal_policy import is_frozen
from credit.legal_queries import splits_of
from invoicing.clearing import days_of
from invoicing.clearing_policy import DRAWN
from invoicing.einvoicing.policy import EInvoiceStatus
from invoicing.models import Assignment, EInvoice, PaymentHabit
from o2c.shared.calendar import add_months, paris_date

from . import policy
from .policy import Expected, Facts

# Invoices that money settled in two spans of time, by client: how many, and the mean days late weighted by amount.
_TREND: Final = """
    WITH paid AS (
        SELECT i.account_id, i.amount, MAX(a.effective_date) AS day, MAX(a.effective_date) - i.due_date AS late
        FROM invoicing_receivableitem i
        JOIN invoicing_allocation a ON a.debit_id = i.id
        JOIN invoicing_receivableitem c ON c.id = a.credit_id AND c.kind = 'PAYMENT'
        WHERE i.account_id = ANY(%(accounts)s) AND i.kind = 'INVOICE' AND i.open_amount = 0 AND i.amount > 0
          AND a.effective_date > %(since)s AND a.effective_date <= %(on)s
          AND a.reversal_of_id IS NULL AND NOT EXISTS (SELECT FROM invoicing_allocation r WHERE r.reversal_of_id = a.id)
        GROUP BY i.id
    )
    SELECT p.account_id, a.currency, SUM(p.amount) FILTER (WHERE p.day > %(middle)s),
           COUNT(*) FILTER (WHERE p.day <= %(middle)s), COUNT(*) FILTER (WHERE p.day > %(middle)s),
           SUM(p.amount * p.late) FILTER (WHERE p.day <= %(middle)s)
               / SUM(p.amount) FILTER (WHERE p.day <= %(middle)s),
           SUM(p.amount * p.late) FILTER (WHERE p.day > %(middle)s)
               / SUM(p.amount) FILTER (WHERE p.day > %(middle)s)
    FROM paid p JOIN accounts_customeraccount a ON a.id = p.account_id
    GROUP BY p.account_id, a.currency
    HAVING COUNT(*) FILTER (WHERE p.day <= %(middle)s) >= 2 AND COUNT(*) FILTER (WHERE p.day > %(middle)s) >= 2
"""


class ExpectedPart(NamedTuple):
    """A part of an item with the day it is expected on, or planned for; amounts in the item's currency."""

    item_id: int
    amount: Decimal
    expected: Expected
    contested: bool = False
    planned: bool = False


def expected_parts(items: Iterable[Any], *, on: date) -> Iterator[ExpectedPart]:
    """Yield, of items that are owed and open, the contested part and the rest, each with its expected day.

    What a payment plan brings in instalments is as many parts.

    :param items: from ``queries.with_open_amount`` or ``items_on``, with ``account`` fetched
    """
    rows = [item for item in items if item.amount > 0 and item.open_on > 0]
    if not rows:
        return
    keys = [item.pk for item in rows]
    delay = delays({(item.company_id, item.account_id, item.account.risk_class) for item in rows})
    sent = _payment_sent({item.invoice_id for item in rows if item.invoice_id})
    promised = _provided("promised", keys)
    planned = _planned(keys)
    resolved = _provided("resolutions", keys)
    circuits = circuits_of({item.account_id for item in rows})
    clearing = days_of({item.company_id for item in rows})
    splits = splits_of({item.account_id for item in rows})
    # With recourse it is expected as any other: unpaid it comes back.
    sales = Assignment.objects.in_force(on).filter(item__in=keys, with_recourse=False)
    sold = set(sales.values_list("item", flat=True))
    for item in rows:
        facts = Facts(
            due_date=item.due_on,
            promised=promised.get(item.pk),
            resolution=resolved.get(item.pk),
            payment_sent=sent.get(item.invoice_id),
            clearing_days=clearing[item.company_id].get(item.account.payment_method)
            if item.account.payment_method in DRAWN
            else None,
            delay=delay(item.company_id, item.account_id, item.account.risk_class),
            is_insolvent=item.account_id in splits
            and is_frozen(item.issue_date, splits[item.account_id].judgement_on),
            is_sold=item.pk in sold,
            circuit=circuits.get(item.account_id),
            received=item.issue_date,
        )
        contested = min(item.disputed_on, item.open_on)
        if contested:
            yield ExpectedPart(item.pk, contested, _of(facts, on, is_disputed=True), contested=True)
        rest = item.open_on - contested
        for day, amount in planned.get(item.pk, ()):
            part = min(amount, rest)
            if part > 0:
                expected = _of(replace(facts, promised=day), on, is_disputed=False)
                yield ExpectedPart(item.pk, part, expected, planned=True)
                rest -= part
        if rest > 0:
            yield ExpectedPart(item.pk, rest, _of(facts, on, is_disputed=False))


def expected_days(items: Iterable[Any], *, on: date) -> dict[int, Expected]:
    """The first day on which something of each item is expected, by key."""
    found: dict[int, Expected] = {}
    for part in expected_parts(items, on=on):
        known = found.get(part.item_id)
        if known is None or (part.expected.day or date.max) < (known.day or date.max):
            found[part.item_id] = part.expected
    return found


def _of(facts: Facts, on: date, *, is_disputed: bool) -> Expected:
    values = {**facts.__dict__, "is_disputed": is_disputed}
    if is_disputed:
        # A promise or a transfer is for what is not contested.
        values |= {"promised": None, "payment_sent": None}
    return policy.expected_date(Facts(**values), on=on)


def delays(wanted: Iterable[tuple[int, int, str]]) -> Callable[[int, int, str], int]:
    """The mean delay in whole days of each client: its own from five payments on, else its class's, its company's, 0.

    :param wanted: ``(company, account, risk class)``
    """
    rows = set(wanted)
    known: dict[tuple[int, int | None, str], PaymentHabit] = {
        (row.company_id, row.account_id, row.risk_class): row
        for row in PaymentHabit.objects.filter(
            Q(account__in={account for _company, account, _class in rows}) | Q(account=None),
            company__in={company for company, _account, _class in rows},
        )
    }

    def delay(company: int, account: int, risk_class: str) -> int:
        for key in ((company, account, ""), (company, None, risk_class), (company, None, "")):
            habit = known.get(key)
            if habit is not None and habit.payments >= policy.FEWEST_PAYMENTS:
                return policy.whole_days(habit.delay)
        return 0

    return delay


def _payment_sent(invoices: set[int]) -> dict[int, date]:
    rows = EInvoice.objects.filter(invoice__in=invoices, status=EInvoiceStatus.PAYMENT_SENT)
    return {key: paris_date(since) for key, since in rows.values_list("invoice", "since")}


def _provided(fact: str, keys: list[int]) -> dict[int, date]:
    """What applications to the right know of items, by the settings; the earliest day of each."""
    found: dict[int, date] = {}
    for path in settings.EXPECTED_RECEIPTS.get(fact, ()):
        for item_id, day in import_string(path)(keys):
            found[item_id] = min(day, found.get(item_id, day))
    return found


def delay_trends(*, account_ids: Sequence[int], since: date, on: date) -> Iterator[Event]:
    """Clients who pay a week later than three months ago, weighted by amount (``settings.ALERT_EVENTS``).

    The invoices settled within three months beside those of the three months before; of less than two nothing is said.
    """
    del since
    values: dict[str, Any] = {
        "accounts": list(account_ids),
        "on": on,
        "middle": add_months(on, -3),
        "since": add_months(on, -6),
    }
    with connection.cursor() as cursor:
        cursor.execute(_TREND, values)
        for account, currency, amount, _count_before, count, before, now in cursor.fetchall():
            days_before, days = policy.whole_days(before), policy.whole_days(now)
            if days - days_before >= TREND_DAYS:
                figures = {"days": days, "days_before": days_before, "invoices": count}
                yield Event(account, "", amount, currency, figures)


def _planned(keys: list[int]) -> dict[int, list[tuple[date, Decimal]]]:
    """What is to be paid of items by instalments, the earliest first."""
    found: dict[int, list[tuple[date, Decimal]]] = {}
    for path in settings.EXPECTED_RECEIPTS.get("planned", ()):
        for item_id, day, amount in import_string(path)(keys):
            found.setdefault(item_id, []).append((day, amount))
    return {key: sorted(rows) for key, rows in found.items()}
