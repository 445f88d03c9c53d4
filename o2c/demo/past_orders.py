"""The orders behind two years of invoices: entered, confirmed, delivered and invoiced, as rows of their day."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, time, timedelta
from decimal import Decimal
from random import Random

from django.db import connection

from accounts.models import Company, TeamMember, User
from invoicing.services.bulk import ImportedRow
from o2c.shared.copying import copy_in
from orders.enums import OrderState
from orders.models import Delivery, DeliveryLine, Order, OrderLine

from .articles import ARTICLES

VAT = Decimal("1.2")
# Who brought what, in turn.
CARRIERS = ("Transports Vasseur", "Geodis", "Messagerie du Val", "Notre camion", "Heppner")
FREIGHT = ("TRA-001", "Transport et mise à quai, forfait")


def with_orders(
    rows: Sequence[ImportedRow],
    company: Company,
    terms: Mapping[int, str],
    *,
    by: User,
    at: datetime,
    random: Random,
) -> list[ImportedRow]:
    """Store an order with its delivery for every invoice, and return the invoices with their orders.

    :param terms: payment term of each client an order is made for; invoices of others have none
    """
    reps = dict(
        TeamMember.objects.filter(account__company=company, role="sales_rep").values_list(
            "account_id", "user_id"
        )
    )
    wanted = [row for row in rows if row.account_id in terms and row.amount > 0]
    orders = [
        _order(row, place, company, terms[row.account_id], reps.get(row.account_id), by, at, random)
        for place, row in enumerate(wanted, start=1)
    ]
    copy_in(orders)
    lines = [line for order in orders for line in _lines(order, random)]
    copy_in(lines)
    deliveries = [
        Delivery(
            order=order,
            number=f"{order.number}-L1",
            delivered_on=row.issue_date,
            carrier=CARRIERS[place % len(CARRIERS)],
            recorded_by=by,
            recorded_at=_at(row, at),
        )
        for place, (order, row) in enumerate(zip(orders, wanted, strict=True))
    ]
    copy_in(deliveries)
    of_order = {delivery.order_id: delivery for delivery in deliveries}
    copy_in(
        [
            DeliveryLine(delivery=of_order[line.order_id], order_line=line, quantity=line.quantity)
            for line in lines
        ]
    )
    _number_after(len(orders))
    found = {id(row): order.pk for row, order in zip(wanted, orders, strict=True)}
    return [replace(row, order_id=found.get(id(row))) for row in rows]


def _order(
    row: ImportedRow,
    place: int,
    company: Company,
    term: str,
    rep: int | None,
    by: User,
    at: datetime,
    random: Random,
) -> Order:
    ordered_on = row.issue_date - timedelta(days=random.randint(4, 16))
    entered = datetime.combine(ordered_on, time(9, random.randint(0, 59)), at.tzinfo)
    return Order(
        company=company,
        account_id=row.account_id,
        number=f"CDE-{ordered_on.year}-{place:05d}",
        state=OrderState.CONFIRMED,
        currency=row.currency,
        term=term,
        order_date=ordered_on,
        requested_delivery=row.issue_date,
        customer_reference=row.customer_reference,
        total_excl_vat=row.amount / VAT,
        total_incl_vat=row.amount,
        approved_total=row.amount,
        approved_term=term,
        is_started=True,
        is_open=False,
        sales_rep_id=rep,
        created_by=by,
        created_at=entered,
        submitted_by=by,
        submitted_at=entered + timedelta(minutes=6),
        confirmed_at=entered + timedelta(minutes=6),
        version=4,
    )


def _lines(order: Order, random: Random) -> list[OrderLine]:
    """An article as often as it fits, and freight for what is left: the lines come to the order's total."""
    left = order.total_excl_vat
    sku, label, price = random.choice(ARTICLES)
    count = Decimal(int(left / Decimal(price)))
    drawn = [(sku, label, count, Decimal(price))] if count else []
    rest = left - count * Decimal(price)
    if rest:
        drawn.append((*FREIGHT, Decimal(1), rest))
    return [
        OrderLine(
            order=order,
            line=place * 10,
            sku=code,
            description=name,
            quantity=quantity,
            unit_price=unit,
            delivered=quantity,
            invoiced=quantity,
            approved_quantity=quantity,
            approved_price=unit,
        )
        for place, (code, name, quantity, unit) in enumerate(drawn, start=1)
    ]


def _at(row: ImportedRow, at: datetime) -> datetime:
    return datetime.combine(row.issue_date, time(15), at.tzinfo)


def _number_after(last: int) -> None:
    """Let the next order of our own follow those of the past."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT setval('orders_number', GREATEST(last_value, %s)) FROM orders_number", [last])
