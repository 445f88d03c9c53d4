"""How invoices count on the lines of their order, so that nothing stands in the exposure twice."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

from invoicing.models import InvoiceLine
from invoicing.policy import LineInput
from orders import services as orders
from orders.models import Order, OrderLine

Quantities = dict[int, Decimal]


def lock_order(order_id: int) -> Order:
    """Lock an order until the transaction ends and return it as it stands; credit is locked before."""
    return (
        Order.objects.select_for_update(of=("self",), no_key=True)
        .select_related("account__entity", "company")
        .get(pk=order_id)
    )


def delivered_quantities(lines: Sequence[OrderLine]) -> Quantities:
    """Return what is delivered and not yet invoiced, by key of the line."""
    return {line.pk: line.delivered - line.invoiced for line in lines if line.delivered > line.invoiced}


def left_quantities(lines: Sequence[OrderLine]) -> Quantities:
    """Return what is ordered and not yet invoiced, by key of the line."""
    return {
        line.pk: line.quantity - line.cancelled - line.invoiced
        for line in lines
        if line.quantity - line.cancelled > line.invoiced
    }


def quantities_named(lines: Sequence[OrderLine], billed: Sequence[LineInput]) -> Quantities:
    """Return what a document written elsewhere invoices of an order, at most what is left of each line.

    Its lines say it by line number, else by article. Without lines it stands for what is delivered, or
    before any delivery for the whole order.
    """
    left = left_quantities(lines)
    if not billed:
        return delivered_quantities(lines) if any(line.delivered for line in lines) else left
    by_number = {line.line: line.pk for line in lines}
    by_article = {line.sku: line.pk for line in lines}
    found: Quantities = {}
    for line in billed:
        key = by_article.get(line.sku) if line.order_line is None else by_number.get(line.order_line)
        if key is not None and key in left:
            found[key] = min(left[key], found.get(key, Decimal(0)) + max(Decimal(0), line.quantity))
    return {key: quantity for key, quantity in found.items() if quantity}


def uncount_invoiced(order: Order, lines: Sequence[OrderLine], billed: Sequence[InvoiceLine]) -> None:
    """Take the quantities of a document that is credited whole off a locked order: they may be invoiced again.

    A document without lines stood for all that was invoiced.
    """
    by_key, by_article = {line.pk: line for line in lines}, {line.sku: line for line in lines}
    if not billed:
        for line in lines:
            line.invoiced = Decimal(0)
    for each in billed:
        found = by_key.get(each.order_line_id or 0) or by_article.get(each.sku)
        if found is not None:
            found.invoiced = max(Decimal(0), found.invoiced - each.quantity)
    OrderLine.objects.bulk_update(lines, ["invoiced"])
    orders.note_progress(order)


def count_as_invoiced(order: Order, lines: Sequence[OrderLine], quantities: Mapping[int, Decimal]) -> None:
    """Move quantities of a locked order from delivered or ordered to invoiced."""
    billed = [line for line in lines if line.pk in quantities]
    for line in billed:
        line.invoiced += quantities[line.pk]
    OrderLine.objects.bulk_update(billed, ["invoiced"])
    orders.note_progress(order)
