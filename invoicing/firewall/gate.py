"""The gate an invoice passes when it is issued."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext_lazy as _

from accounts.models import User
from invoicing.models import Invoice, InvoiceAnomaly, InvoiceLine
from o2c.shared.problems import RuleRefused
from orders.models import OrderLine

from .policy import REMEDIES, Judged, Severity, judge
from .queries import anomalies_of, severities_of


class AnomaliesFound(RuleRefused):
    """The invoice is not issued: something stops it, or asks to be acknowledged first."""

    code = "anomalies_found"
    message = _("Something is missing or does not fit: the invoice is not issued.")


def let_through(
    invoice: Invoice,
    lines: Sequence[InvoiceLine],
    *,
    order_lines: Sequence[OrderLine] = (),
    prices: Mapping[int, Decimal] | None = None,
    acknowledged: Collection[str] = (),
    apart_from: Collection[int] = (),
) -> list[Judged]:
    """Look at a document before it is stored; what it may be issued with, for ``keep``.

    :param acknowledged: codes that whoever issues it says to have seen
    :param apart_from: keys of invoices it may look like
    :raises AnomaliesFound: one stops, or asks and is not acknowledged; all of them are told
    """
    found = anomalies_of(invoice, lines, order_lines=order_lines, prices=prices, apart_from=apart_from)
    judged = judge(found, severities_of(invoice.company), acknowledged)
    if any(row.stops for row in judged):
        raise AnomaliesFound(findings=[as_finding(row) for row in judged])
    return judged


def keep(invoice: Invoice, judged: Sequence[Judged], *, by: User | None, at: datetime) -> None:
    """Store with an issued document what it was issued with in spite of."""
    InvoiceAnomaly.objects.bulk_create(
        InvoiceAnomaly(
            invoice=invoice,
            code=row.found.code,
            place=row.found.place,
            figures=row.found.figures,
            severity=row.severity,
            acknowledged_by=by if row.severity is Severity.WARN else None,
            noted_at=at,
        )
        for row in judged
    )


def as_finding(row: Judged) -> dict[str, Any]:
    """An anomaly as a refusal tells it."""
    return {
        "code": row.found.code.value,
        "severity": row.severity.value,
        "place": row.found.place,
        "figures": row.found.figures,
        "message": row.found.code.label,
        "remedy": REMEDIES[row.found.code],
        "acknowledged": row.is_acknowledged,
    }
