"""What belongs into the bundle of an invoice, in its order, and what is missing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from invoicing.enums import DocumentKind, FileKind
from invoicing.models import Invoice, InvoiceFile
from o2c.shared.pdf import PDF_TYPE
from orders.models import Delivery, Order, OrderConfirmation, OrderEvidence
from orders.services import delivery_note


class Kind(models.TextChoices):
    """What a piece proves, in the order in which a reader asks."""

    ORDER = "order", _("Client’s order")
    CONFIRMATION = "confirmation", _("Order confirmation")
    DELIVERY = "delivery", _("Delivery note")
    INVOICE = "invoice", pgettext_lazy("document", "Invoice")


@dataclass(frozen=True)
class Piece:
    """One paper, or the place where one is missing.

    :ivar title: its number or name; what is known of it where there is no file
    :ivar read: gives its bytes; None where there is no file
    """

    kind: Kind
    title: str = ""
    day: date | None = None
    content_type: str = PDF_TYPE
    read: Callable[[], bytes] | None = None

    @property
    def is_missing(self) -> bool:
        """Whether nothing at all is known of it."""
        return self.read is None and not self.title


def pieces_of(invoice: Invoice, *, at: datetime) -> list[Piece]:
    """Everything that proves an invoice, order by order, then the invoice itself.

    Its PDF must be kept already; the notes of its deliveries are drawn where they were not yet.
    """
    orders = _orders_of(invoice)
    pieces = [piece for order in orders for piece in _of_order(order, invoice, at)]
    if not orders:
        pieces = [
            Piece(Kind.ORDER, invoice.customer_reference),
            Piece(Kind.CONFIRMATION),
            Piece(Kind.DELIVERY),
        ]
    kept = InvoiceFile.objects.get(invoice=invoice, kind=FileKind.PDF)
    return [*pieces, Piece(Kind.INVOICE, invoice.number, invoice.issue_date, read=_reading(kept.file))]


def _orders_of(invoice: Invoice) -> list[Order]:
    """The orders an invoice bills: its own, and those of its lines."""
    billed = invoice.lines.filter(order_line__isnull=False).values("order_line__order")
    rows = Order.objects.filter(pk__in=billed)
    if invoice.order_id:
        rows = rows | Order.objects.filter(pk=invoice.order_id)
    return list(rows.distinct().order_by("order_date", "pk"))


def _of_order(order: Order, invoice: Invoice, at: datetime) -> list[Piece]:
    evidence = [
        _evidence(row) for row in OrderEvidence.objects.filter(order=order).order_by("recorded_at", "pk")
    ]
    if not evidence:
        evidence = [Piece(Kind.ORDER, order.customer_reference)]
    confirmed = (
        OrderConfirmation.objects.filter(order=order, replaced_at=None).select_related("order").first()
    )
    confirmation = (
        Piece(Kind.CONFIRMATION, confirmed.number, confirmed.issued_at.date(), read=_reading(confirmed.file))
        if confirmed
        else Piece(Kind.CONFIRMATION)
    )
    return [*evidence, confirmation, *_deliveries(order, invoice, at)]


def _evidence(row: OrderEvidence) -> Piece:
    title = " · ".join(part for part in (row.name, row.reference) if part)
    return Piece(
        Kind.ORDER,
        f"{title} ({row.get_channel_display()})",
        row.dated_on,
        row.content_type or PDF_TYPE,
        _reading(row.file) if row.file else None,
    )


def _deliveries(order: Order, invoice: Invoice, at: datetime) -> list[Piece]:
    """Deliveries, and returns, of what the invoice bills, up to its issue; of a credit note all of them."""
    if invoice.kind == DocumentKind.DEPOSIT_INVOICE:
        return []  # asked for before anything leaves
    billed = invoice.lines.filter(order_line__order=order).values("order_line")
    rows = Delivery.objects.filter(lines__order_line__in=billed).distinct()
    if invoice.kind == DocumentKind.INVOICE:
        rows = rows.filter(recorded_at__lte=invoice.recorded_at)
    found = rows.select_related("order__company", "order__account__entity").order_by("delivered_on", "pk")
    pieces = [Piece(Kind.DELIVERY, each.number, each.delivered_on, read=_note(each, at)) for each in found]
    return pieces or [Piece(Kind.DELIVERY)]


def _note(delivery: Delivery, at: datetime) -> Callable[[], bytes]:
    return lambda: _reading(delivery_note(delivery=delivery, at=at).file)()


def _reading(file: Any) -> Callable[[], bytes]:
    def read() -> bytes:
        with file.open("rb") as opened:
            content: bytes = opened.read()
        return content

    return read
