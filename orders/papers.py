"""Readings of the client's papers: what the check asks of an order, and what still differs."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from datetime import date
from typing import Any

from django.db.models import QuerySet

from o2c.shared.audit import plain

from .models import Delivery, Order, OrderConfirmation, OrderLine, PurchaseOrder
from .paper import language_of
from .review import Difference, Paper, PaperLine, amount_of, differences


def purchase_order_of(order: Order) -> PurchaseOrder | None:
    """The purchase order in force, with its lines and what was accepted; nothing is asked where there is none."""
    if not order.has_purchase_order:
        return None
    return (
        PurchaseOrder.objects.filter(order=order, replaced_at=None)
        .select_related("recorded_by")
        .prefetch_related("lines", "accepted__accepted_by")
        .first()
    )


def all_differences(
    order: Order, lines: Sequence[OrderLine], theirs: PurchaseOrder
) -> tuple[Difference, ...]:
    """Every difference between the order and this purchase order, accepted ones too."""
    return differences(_ours(order, lines), _theirs(theirs), order_date=order.order_date)


def differences_of(order: Order, lines: Sequence[OrderLine]) -> tuple[Difference, ...]:
    """What still differs from the client's purchase order: what was accepted as it stands is left out."""
    theirs = purchase_order_of(order)
    if theirs is None:
        return ()
    accepted = {(row.place, row.ours, row.theirs) for row in theirs.accepted.all()}
    return tuple(found for found in all_differences(order, lines, theirs) if found.key not in accepted)


def mismatch_figures(order: Order, lines: Sequence[OrderLine]) -> dict[str, Any] | None:
    """The figures of ``PO_MISMATCH``; None when both papers agree or there is only one."""
    theirs = purchase_order_of(order)
    found = differences_of(order, lines) if theirs is not None else ()
    if theirs is None or not found:
        return None
    return {
        "number": theirs.number,
        "differences": len(found),
        "amount": amount_of(found),
        "places": [each.place for each in found],
    }


def confirmation_in_force(order: Order) -> OrderConfirmation | None:
    """The confirmation that still says what the order says; None when it was changed since, or never issued."""
    issued = OrderConfirmation.objects.filter(order=order, replaced_at=None).select_related("order").first()
    if issued is None:
        return None
    lines = [line for line in order.lines.all() if line.quantity > line.cancelled]
    return issued if issued.content_hash == content_hash(order, lines) else None


def deliveries_of(order: Order) -> QuerySet[Delivery]:
    """Deliveries of an order with what their notes say of it, the oldest first."""
    rows = Delivery.objects.filter(order=order).select_related("order__company", "order__account__entity")
    return rows.order_by("delivered_on", "pk")


def content_hash(order: Order, lines: Sequence[OrderLine]) -> str:
    """Hash of what a confirmation says of an order: progress of deliveries and invoices is none of it."""
    said = {
        "term": order.term,
        "delivery": order.requested_delivery,
        "reference": order.customer_reference,
        "language": language_of(order.account),
        "name": order.account.name,
        "lines": [
            [
                line.line,
                line.sku,
                line.description,
                (line.quantity - line.cancelled).normalize(),
                line.unit_price.normalize(),
                line.vat_rate.normalize(),
            ]
            for line in lines
        ],
    }
    return hashlib.sha256(json.dumps(plain(said), sort_keys=True).encode()).hexdigest()


def _ours(order: Order, lines: Sequence[OrderLine]) -> Paper:
    return Paper(
        currency=order.currency,
        term=order.term,
        delivery=order.requested_delivery,
        lines=[
            PaperLine(row.line, row.sku, row.description, row.quantity - row.cancelled, row.unit_price)
            for row in lines
            if row.quantity > row.cancelled
        ],
    )


def _theirs(theirs: PurchaseOrder) -> Paper:
    delivery: date | None = theirs.requested_delivery
    return Paper(
        currency=theirs.currency,
        term=theirs.term,
        delivery=delivery,
        total=theirs.total_excl_vat,
        lines=[
            PaperLine(row.line, row.sku, row.description, row.quantity, row.unit_price, row.delivery_date)
            for row in theirs.lines.all()
        ],
    )
