"""What the checks before issue had found of a disputed invoice, and somebody waved through (features, lead 12)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from accounts.models import User
from invoicing.firewall.models import InvoiceAnomaly
from invoicing.firewall.policy import Anomaly

from .enums import DisputeType
from .models import Dispute, DisputeLine

# The dispute that an anomaly leads to, where it is plain; any other may still have.
LEADS_TO: Final[dict[str, frozenset[DisputeType]]] = {
    Anomaly.PURCHASE_ORDER_MISSING: frozenset({DisputeType.MISSING_PO}),
    Anomaly.PURCHASE_ORDER_DIFFERS: frozenset({DisputeType.MISSING_PO}),
    Anomaly.PRICE_DIFFERS: frozenset({DisputeType.PRICE, DisputeType.CALCULATION}),
    Anomaly.QUANTITY_EXCEEDS: frozenset({DisputeType.QUANTITY}),
    Anomaly.NOT_DELIVERED: frozenset({DisputeType.DELIVERY, DisputeType.QUANTITY}),
    Anomaly.POSSIBLE_DUPLICATE: frozenset({DisputeType.DUPLICATE}),
    Anomaly.VAT_RATE_UNUSUAL: frozenset({DisputeType.VAT_ADMIN, DisputeType.CALCULATION}),
    **dict.fromkeys(
        (
            Anomaly.SELLER_FACTS_MISSING,
            Anomaly.ADDRESS_MISSING,
            Anomaly.SIREN_MISSING,
            Anomaly.VAT_NUMBER_MISSING,
            Anomaly.BANK_DETAILS_MISSING,
        ),
        frozenset({DisputeType.VAT_ADMIN}),
    ),
}


@dataclass(frozen=True)
class Waved:
    """An anomaly of a disputed invoice.

    :ivar by: who saw it and let the invoice go; None where the portal only noted it
    :ivar explains: the dispute is of the kind that it leads to
    """

    invoice: str
    label: str
    by: User | None
    at: datetime
    explains: bool


def anomalies_behind(dispute: Dispute) -> list[Waved]:
    """What the invoices of a case were issued with, those that explain it first."""
    invoices = DisputeLine.objects.filter(dispute=dispute, item__invoice__isnull=False).values(
        "item__invoice"
    )
    rows = InvoiceAnomaly.objects.filter(invoice__in=invoices).select_related("invoice", "acknowledged_by")
    found = [
        Waved(
            invoice=row.invoice.number,
            label=str(Anomaly(row.code).label),
            by=row.acknowledged_by,
            at=row.noted_at,
            explains=dispute.type in LEADS_TO.get(row.code, ()),
        )
        for row in rows.order_by("pk")
    ]
    return sorted(found, key=lambda row: not row.explains)
