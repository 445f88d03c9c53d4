"""What clients are expected to pay and when: open items and orders still to be invoiced (domain.md 8.13).

The fact ``expected_money`` of ``settings.CREDIT_FACTS``: what the simulator of alternatives takes off the exposure.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from datetime import date, timedelta
from typing import Any, Final

from django.db import connection

from accounts.circuit_policy import Circuit, next_run
from accounts.models import Company, CustomerAccount, User
from accounts.policy import COD, PREPAID, due_date
from accounts.queries import circuits_of
from credit.alternatives.facts import ExpectedMoney
from credit.exposure import FAR_FUTURE
from credit.horizon import BEYOND, horizon_days
from credit.horizon_policy import enters_on as enters
from invoicing.models import ReceivableItem
from invoicing.queries import items_on
from o2c.shared.calendar import business_day_on_or_after
from orders.queries import EXPOSURE_ROWS

from .queries import delays, expected_parts

_ORDERS: Final = """
    SELECT account_id, currency, SUM(amount), due_date, part = '{beyond}'
    FROM ({rows}) AS book (account_id, part, currency, amount, due_date)
    WHERE part IN ('open_orders', 'delivered_not_invoiced', '{beyond}')
    GROUP BY account_id, currency, due_date, part = '{beyond}' ORDER BY account_id, due_date
"""


def expected_money(
    *,
    account_ids: Collection[int],
    on: date,
    skip_order: int | None,
    reader: User | None,
    company: Company,
    counted_until: date | None = None,
) -> list[ExpectedMoney]:
    """Return what accounts are expected to pay: each open item, its contested part apart, and open orders by delivery.

    :param reader: whose right to see a document decides whether it is named; None names nothing
    :param counted_until: delivery of the order asked about: orders up to it count whatever the horizon
    """
    accounts = {
        account.pk: account
        for account in CustomerAccount.objects.filter(pk__in=account_ids).only(
            "pk", "company_id", "risk_class", "term", "payment_method"
        )
    }
    return [
        *_of_items(accounts, on, reader, company),
        *_of_orders(accounts, on, skip_order, counted_until or on),
    ]


def expected_payment(*, account_id: int, term: str, delivered_on: date, on: date) -> tuple[date, int]:
    """Return when an order delivered on a day would be paid, and the client's mean delay in whole days.

    The fact ``expected_payment`` of ``settings.CREDIT_FACTS``.
    """
    account = CustomerAccount.objects.only("pk", "company_id", "risk_class").get(pk=account_id)
    key = (account.company_id, account.pk, account.risk_class)
    delay = delays({key})(*key)
    circuit = circuits_of([account_id]).get(account_id)
    return _paid(term, max(delivered_on, on), delay, circuit), delay


def _of_items(
    accounts: dict[int, CustomerAccount], on: date, reader: User | None, company: Company
) -> Iterator[ExpectedMoney]:
    scope = CustomerAccount.objects.filter(pk__in=accounts)
    items: list[Any] = list(
        items_on(scope, on=on, open_only=True)
        .filter(amount__gt=0)
        .select_related("account")
        .order_by("due_date", "pk")
    )
    named = _named(items, reader, company)
    by_key = {item.pk: item for item in items}
    for part in expected_parts(items, on=on):
        item = by_key[part.item_id]
        yield ExpectedMoney(
            account_id=item.account_id,
            ref=str(item.pk),
            document=item.document if item.pk in named else "",
            currency=item.currency,
            amount=part.amount,
            due_date=item.due_on,
            day=part.expected.day,
            contested=part.contested,
            planned=part.planned,
        )


def _named(items: Iterable[Any], reader: User | None, company: Company) -> set[int]:
    if reader is None:
        return set()
    keys = [item.pk for item in items]
    return set(
        ReceivableItem.objects.visible_to(reader, company).filter(pk__in=keys).values_list("pk", flat=True)
    )


def _of_orders(
    accounts: dict[int, CustomerAccount], on: date, skip_order: int | None, until: date
) -> Iterator[ExpectedMoney]:
    with connection.cursor() as cursor:
        cursor.execute(
            _ORDERS.format(rows=EXPOSURE_ROWS, beyond=BEYOND),
            {
                "accounts": list(accounts),
                "today": on,
                "skip_order": skip_order or 0,
                "confirmed_before": FAR_FUTURE,
                "counted_until": until,
            },
        )
        rows = cursor.fetchall()
    delay = delays({(a.company_id, a.pk, a.risk_class) for a in accounts.values()})
    circuits = circuits_of(accounts)
    horizons: dict[int, int | None] = {}
    for account_id, currency, amount, delivery, is_beyond in rows:
        account = accounts[account_id]
        late = delay(account.company_id, account.pk, account.risk_class)
        day = _paid(account.term, max(delivery or on, on), late, circuits.get(account_id))
        enters_on = None
        if is_beyond:
            days = horizons.setdefault(account.company_id, horizon_days(account.company_id, on))
            enters_on = enters(delivery, days or 0)
        yield ExpectedMoney(account_id, "", "", currency, amount, day, day, enters_on=enters_on)


def _paid(term: str, invoiced_on: date, delay: int, circuit: Circuit | None) -> date:
    """When an order invoiced on a day is paid, by the client's payment runs where they are known.

    Money asked for in advance counts as paid on delivery.
    """
    code = COD if term == PREPAID else term
    day = due_date(invoiced_on, code, invoiced_on) + timedelta(days=max(0, delay))
    run = next_run(circuit, day, received=invoiced_on) if circuit else None
    return run or business_day_on_or_after(day)
