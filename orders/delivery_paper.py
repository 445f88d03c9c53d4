"""The note that goes with a delivery: what left, what is still to come, room for the receiver's hand."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from django.db.models import Sum

from o2c.shared import formats
from o2c.shared.pdf import render_pdf

from .models import Delivery, DeliveryLine
from .paper import figure, language_of, paper_facts


@dataclass(frozen=True)
class NoteLine:
    """One line written out: ordered, in this delivery, still to come."""

    sku: str
    description: str
    ordered: str
    moved: str
    left: str


def delivery_note_pdf(delivery: Delivery) -> bytes:
    """A delivery, or a return, as the client receives it, in the client's language; without prices.

    :param delivery: with ``order__company`` and ``order__account__entity`` at hand
    """
    order = delivery.order
    language = language_of(order.account)
    context = {
        "company": order.company,
        "account": order.account,
        "siren": formats.siren(order.company.siren) if order.company.siren else "",
        "client_siren": formats.siren(order.account.siren) if order.account.siren else "",
        "delivery": delivery,
        "order": order,
        "delivered_on": formats.date_long(delivery.delivered_on, language),
        "ordered_on": formats.date_long(order.order_date, language),
        "lines": _lines(delivery, language),
        **paper_facts(order.company, order.account),
    }
    return render_pdf("pdf/delivery_note.html", context, language=language)


def _lines(delivery: Delivery, language: str) -> list[NoteLine]:
    """Lines of the delivery; what is left counts deliveries up to this one."""
    until = DeliveryLine.objects.filter(delivery__order=delivery.order, delivery__pk__lte=delivery.pk)
    so_far = dict(until.values_list("order_line").annotate(sum=Sum("quantity")))
    rows = delivery.lines.select_related("order_line").order_by("order_line__line", "pk")
    return [
        NoteLine(
            row.order_line.sku,
            row.order_line.description,
            figure(row.order_line.quantity - row.order_line.cancelled, language),
            figure(abs(row.quantity), language),
            figure(
                max(
                    Decimal(0),
                    row.order_line.quantity - row.order_line.cancelled - so_far[row.order_line_id],
                ),
                language,
            ),
        )
        for row in rows
    ]
