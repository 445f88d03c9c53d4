"""What a document shows, frozen when it is issued (CGI ann. II 242 nonies A, C. com. L441-9)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any, Final

from invoicing.models import Invoice
from invoicing.policy import Instalment
from o2c.shared.vat import VatTotals

# C. com. D441-5: fixed sum for the cost of recovery, in euro.
RECOVERY_FEE: Final = Decimal("40.00")


def frozen_facts(
    invoice: Invoice, parts: Sequence[Instalment], totals: VatTotals, *, supplied_on: date | None
) -> dict[str, Any]:
    """Return seller, buyer, breakdown and terms of a document as they are now; later changes leave them.

    :param supplied_on: date of supply where it differs from the date of issue
    """
    seller, buyer, order = invoice.company, invoice.account, invoice.order
    corrected = invoice.corrects
    return {
        "corrects": {"number": corrected.number, "issue_date": corrected.issue_date} if corrected else None,
        "seller": {
            "name": seller.name,
            "legal_form": seller.legal_form,
            "siren": seller.siren,
            "vat_number": seller.vat_number,
            "address": [seller.address_line1, f"{seller.postcode} {seller.city}".strip()],
        },
        "buyer": {
            "code": buyer.code,
            "name": buyer.name,
            "siren": buyer.siren,
            "siret": buyer.siret,
            "vat_number": buyer.vat_number,
            "country": buyer.country,
            "address": [buyer.address_line1, buyer.address_line2, f"{buyer.postcode} {buyer.city}".strip()],
        },
        "order": {"number": order.number, "date": order.order_date} if order else None,
        "supply_date": supplied_on or invoice.issue_date,
        "vat_breakdown": [{"rate": r.rate, "base": r.base, "vat": r.vat} for r in totals.by_rate],
        "term": invoice.term,
        "instalments": [{"due_date": part.due_date, "amount": part.amount} for part in parts],
        "payment_method": buyer.payment_method,
        "recovery_fee": RECOVERY_FEE,
    }
