"""What a credit note comes to, and the lines of its document."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext_lazy as _

from invoicing import policy
from invoicing.models import CreditNoteRequest, Invoice, InvoiceLine
from o2c.shared.money import round_cents
from o2c.shared.problems import Invalid
from o2c.shared.vat import RateTotal, VatTotals, line_net, vat_totals

from .shared import require_cents


@dataclass(frozen=True)
class CreditLine:
    """One line of a credit note; with ``line`` of the invoice, what is left out is taken from there."""

    quantity: Decimal
    line: int | None = None
    sku: str | None = None
    description: str | None = None
    unit_price: Decimal | None = None
    vat_rate: Decimal | None = None


def worth_of(invoice: Invoice, amount: Decimal | None, lines: Sequence[CreditLine] | None) -> VatTotals:
    """Positive totals of what is to be credited."""
    if (amount is None) == (not lines):
        raise Invalid(errors={"amount": [_("Write either an amount or lines.")]})
    if lines:
        known = {line.line: line for line in invoice.lines.all()}
        totals = vat_totals((line.quantity, line.unit_price, line.vat_rate) for line in _filled(lines, known))
        if totals.incl <= 0:
            raise Invalid(errors={"lines": [_("The amount credited is above 0.")]})
        return totals
    assert amount is not None
    require_cents(amount, "amount")
    if amount <= 0:
        raise Invalid(errors={"amount": [_("The amount credited is above 0.")]})
    return policy.part_of_totals(round_cents(amount), _totals(invoice))


def _totals(invoice: Invoice) -> VatTotals | None:
    """The breakdown of an invoice; None of one taken over without lines."""
    lines = list(invoice.lines.all())
    if not lines:
        return None
    found = vat_totals((line.quantity, line.unit_price, line.vat_rate) for line in lines)
    return found if found.incl == invoice.total_incl_vat else None


def _filled(lines: Sequence[CreditLine], known: Mapping[int, InvoiceLine]) -> list[InvoiceLine]:
    """The lines as positive lines of a document, not yet stored."""
    made, errors = [], {}
    for position, line in enumerate(lines):
        of = known.get(line.line) if line.line is not None else None
        if line.line is not None and of is None:
            errors[f"lines.{position}.line"] = [_("The invoice has no such line.")]
            continue
        price = line.unit_price if line.unit_price is not None else of.unit_price if of else None
        description = line.description or (of.description if of else "")
        if price is None or not description or line.quantity <= 0 or price < 0:
            errors[f"lines.{position}"] = [_("A line needs a description, a quantity above 0 and a price.")]
            continue
        rate = line.vat_rate if line.vat_rate is not None else of.vat_rate if of else Decimal(20)
        made.append(
            InvoiceLine(
                line=position + 1,
                order_line_id=of.order_line_id if of else None,
                sku=line.sku or (of.sku if of else ""),
                description=description,
                quantity=line.quantity,
                unit_price=price,
                vat_rate=rate,
                net=line_net(line.quantity, price),
            )
        )
    if errors:
        raise Invalid(errors=errors)
    return made


def document_of(request: CreditNoteRequest) -> tuple[VatTotals, list[InvoiceLine]]:
    """Positive totals and the negative lines of the document, none where the invoice has none."""
    invoice = request.invoice
    known = {line.line: line for line in invoice.lines.all()}
    asked = [CreditLine(**_from_row(row)) for row in request.lines]
    if asked:
        positive = _filled(asked, known)
        totals = vat_totals((line.quantity, line.unit_price, line.vat_rate) for line in positive)
    elif request.amount == invoice.total_incl_vat and (whole := _totals(invoice)) is not None:
        totals = whole
        positive = [
            InvoiceLine(
                line=line.line,
                order_line_id=line.order_line_id,
                sku=line.sku,
                description=line.description,
                quantity=line.quantity,
                unit_price=line.unit_price,
                vat_rate=line.vat_rate,
                net=line.net,
            )
            for line in known.values()
        ]
    else:
        totals = policy.part_of_totals(request.amount, _totals(invoice))
        positive = [
            InvoiceLine(
                line=position,
                description=request.reason[:300],
                quantity=Decimal(1),
                unit_price=part.base,
                vat_rate=part.rate,
                net=part.base,
            )
            for position, part in enumerate(totals.by_rate, start=1)
        ]
    for line in positive:
        line.quantity, line.net = -line.quantity, -line.net
    return totals, positive


def negative(totals: VatTotals) -> VatTotals:
    by_rate = tuple(RateTotal(part.rate, -part.base, -part.vat) for part in totals.by_rate)
    return VatTotals(-totals.excl, -totals.vat, -totals.incl, by_rate)


def as_row(line: CreditLine) -> dict[str, Any]:
    return {name: value for name, value in vars(line).items() if value is not None}


def _from_row(row: Mapping[str, Any]) -> dict[str, Any]:
    numbers = {"quantity", "unit_price", "vat_rate"}
    return {name: Decimal(str(value)) if name in numbers else value for name, value in row.items()}
