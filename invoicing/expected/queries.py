"""When what is open is expected to be paid: one reading for any number of items."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

from django.conf import settings
from django.db.models import Q
from django.utils.module_loading import import_string

from invoicing.einvoicing.policy import EInvoiceStatus
from invoicing.models import EInvoice, PaymentHabit
from o2c.shared.calendar import paris_date

from . import policy
from .policy import CLEARING_DAYS, Expected, Facts


class ExpectedPart(NamedTuple):
    """A part of an item with the day it is expected on; amounts in the item's currency."""

    item_id: int
    amount: Decimal
    expected: Expected


def expected_parts(items: Iterable[Any], *, on: date) -> Iterator[ExpectedPart]:
    """Yield, of items that are owed and open, the contested part and the rest, each with its expected day.

    :param items: from ``queries.with_open_amount`` or ``items_on``, with ``account`` fetched
    """
    rows = [item for item in items if item.amount > 0 and item.open_on > 0]
    if not rows:
        return
    keys = [item.pk for item in rows]
    delay = delays({(item.company_id, item.account_id, item.account.risk_class) for item in rows})
    sent = _payment_sent({item.invoice_id for item in rows if item.invoice_id})
    promised = _provided("promised", keys)
    resolved = _provided("resolutions", keys)
    for item in rows:
        facts = Facts(
            due_date=item.due_on,
            promised=promised.get(item.pk),
            resolution=resolved.get(item.pk),
            payment_sent=sent.get(item.invoice_id),
            clearing_days=CLEARING_DAYS.get(item.account.payment_method),
            delay=delay(item.company_id, item.account_id, item.account.risk_class),
        )
        contested = min(item.disputed_on, item.open_on)
        if contested:
            yield ExpectedPart(item.pk, contested, _of(facts, on, is_disputed=True))
        if item.open_on > contested:
            yield ExpectedPart(item.pk, item.open_on - contested, _of(facts, on, is_disputed=False))


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
