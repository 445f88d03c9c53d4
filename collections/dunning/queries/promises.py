"""What was promised: by items, by client, with the money that came in for it."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Final

from django.db import connection
from django.db.models import Prefetch, QuerySet

from accounts.models import Company, User
from credit.keys import Keys
from dunning.enums import PromiseStatus
from dunning.models import PromiseItem, PromiseToPay
from dunning.policy import HOLDS_FOR_DAYS, NOT_KEPT, Pool, Receipt
from invoicing.models import ReceivableItem
from invoicing.scope import own_items
from o2c.shared.calendar import paris_date
from o2c.shared.money import ZERO
from o2c.shared.prepared import Prepared

# What was matched with the items of promises after they were given; cash by the day it came, the rest apart.
_MATCHED: Final = """
    SELECT pi.promise_id, c.kind = 'PAYMENT' AS is_cash, COALESCE(pay.received_on, a.effective_date), SUM(a.amount)
    FROM dunning_promiseitem pi
    JOIN dunning_promisetopay p ON p.id = pi.promise_id
    JOIN invoicing_allocation a ON a.debit_id = pi.item_id AND a.recorded_at >= p.taken_at
    JOIN invoicing_receivableitem c ON c.id = a.credit_id
    LEFT JOIN invoicing_payment pay ON pay.id = c.payment_id AND c.kind = 'PAYMENT'
    WHERE pi.promise_id = ANY(%(promises)s)
    GROUP BY 1, 2, 3
    HAVING SUM(a.amount) <> 0
"""
_BROKEN: Final = """
    SELECT account_id, COUNT(*), MAX(ended_on) FROM dunning_promisetopay
    WHERE account_id {among} AND status = ANY(%(states)s) AND ended_on > %(since)s AND ended_on <= %(on)s
    GROUP BY account_id
"""
# Money of the clients that nobody has matched; what came for an order that waits for it keeps no other promise.
_ON_ACCOUNT: Final = """
    SELECT c.account_id, c.currency, pay.received_on, -SUM(c.open_amount)
    FROM invoicing_receivableitem c JOIN invoicing_payment pay ON pay.id = c.payment_id
    LEFT JOIN orders_order o ON o.id = pay.order_id AND o.state IN ('SUBMITTED', 'CONFIRMED')
    WHERE c.kind = 'PAYMENT' AND c.open_amount < 0 AND c.account_id = ANY(%(accounts)s) AND o.id IS NULL
    GROUP BY 1, 2, 3
"""

# Asked by every credit check.
_NOT_KEPT_SINCE: Final = Prepared(
    "dunning_promises_not_kept",
    lambda: (
        """
        SELECT count(*), max(day) FROM (
            SELECT ended_on AS day FROM dunning_promisetopay
            WHERE account_id = %(account)s AND status = ANY(%(statuses)s)
            UNION ALL
            SELECT ended_on FROM dunning_paymentplan WHERE account_id = %(account)s AND status = 'BROKEN'
            UNION ALL
            SELECT i.missed_on FROM dunning_paymentplan p JOIN dunning_planinstalment i ON i.plan_id = p.id
            WHERE p.account_id = %(account)s AND p.status = 'ACTIVE' AND i.paid_on IS NULL
        ) AS d WHERE day > %(since)s AND day <= %(on)s
    """
    ),
    {"account": "bigint", "statuses": "text[]", "since": "date", "on": "date"},
)


def promise_list(user: User, company: Company | None = None) -> QuerySet[PromiseToPay]:
    """Promises this user may see, with those of their items that are theirs to see."""
    seen = PromiseItem.objects.select_related("item__invoice").order_by("item__due_date", "item")
    if not user.sees_every_sale(company):
        own = ReceivableItem.objects.filter(own_items(user, company))
        seen = seen.filter(item__in=own)
    return (
        PromiseToPay.objects.visible_to(user, company)
        .select_related("account", "company", "taken_by", "ended_by")
        .prefetch_related(Prefetch("promise_items", queryset=seen, to_attr="seen_items"))
    )


def promised_days(keys: Sequence[int]) -> list[tuple[int, date]]:
    """The day each of some items is promised for (``settings.EXPECTED_RECEIPTS``)."""
    rows = PromiseItem.objects.filter(item__in=keys, is_open=True)
    return list(rows.values_list("item", "promise__promised_date"))


def promises_not_kept(*, account_id: int, on: date) -> tuple[int, date | None]:
    """How many promises of a client were not kept in the last days, and when the last one (``CREDIT_FACTS``).

    One kept in part counts: what was promised did not come. So do payment plans that broke, and instalments of
    running ones that are missing, until they are made up for.
    """
    since = on - timedelta(days=HOLDS_FOR_DAYS)
    ((count, last),) = _NOT_KEPT_SINCE.rows(account=account_id, statuses=sorted(NOT_KEPT), since=since, on=on)
    return count, last


def broken_in(keys: Keys, *, since: date, on: date) -> list[tuple[int, int, date]]:
    """Promises of many clients that were not kept, or kept in part, and the last day (``settings.SCORE_FACTS``)."""
    with connection.cursor() as cursor:
        cursor.execute(
            _BROKEN.format(among=keys.among),
            keys.params | {"since": since, "on": on, "states": list(NOT_KEPT)},
        )
        return cursor.fetchall()


def receipts_of(promises: Sequence[PromiseToPay]) -> dict[int, tuple[list[Receipt], Decimal]]:
    """By promise: the money that came in for it, and what was settled without money since it was given.

    Three readings for any number of promises. Money on account counts for the one that ends first.
    """
    cash: dict[int, list[Receipt]] = defaultdict(list)
    otherwise: dict[int, Decimal] = defaultdict(lambda: ZERO)
    with connection.cursor() as cursor:
        cursor.execute(_MATCHED, {"promises": [promise.pk for promise in promises]})
        for key, is_cash, day, amount in cursor.fetchall():
            if is_cash:
                cash[key].append(Receipt(day, amount))
            else:
                otherwise[key] += amount
    pools = on_account({promise.account_id for promise in promises})
    for promise in sorted(promises, key=lambda each: (each.last_day, each.pk)):
        pool = pools.get((promise.account_id, promise.currency))
        missing = promise.amount - otherwise[promise.pk] - sum((row.amount for row in cash[promise.pk]), ZERO)
        if pool is not None and missing > 0:
            cash[promise.pk] += pool.take(missing, since=paris_date(promise.taken_at), until=promise.last_day)
    return {promise.pk: (cash[promise.pk], otherwise[promise.pk]) for promise in promises}


def on_account(accounts: Iterable[int]) -> dict[tuple[int, str], Pool]:
    """Money of clients that nobody has matched, by client and currency."""
    free: dict[tuple[int, str], list[Receipt]] = defaultdict(list)
    with connection.cursor() as cursor:
        cursor.execute(_ON_ACCOUNT, {"accounts": sorted(accounts)})
        for account, currency, day, amount in cursor.fetchall():
            free[account, currency].append(Receipt(day, amount))
    return {key: Pool(rows) for key, rows in free.items()}


def promises_before(items: Iterable[int]) -> int:
    """The most promises that any of some items has had; one taken back on its own day was a mistake."""
    rows = PromiseItem.objects.filter(item__in=items).values_list(
        "item", "promise__status", "promise__ended_on", "promise__taken_at"
    )
    counts = Counter(
        item
        for item, status, ended_on, taken_at in rows
        if not (status == PromiseStatus.CANCELLED and ended_on == paris_date(taken_at))
    )
    return max(counts.values(), default=0)
