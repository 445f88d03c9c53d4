"""What is known around an invoice that is about to be issued, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Final

from accounts.models import Company
from invoicing.enums import DocumentKind
from invoicing.models import AnomalyRule, BankAccount, Invoice, InvoiceLine
from o2c.shared.money import ZERO
from orders.models import Order, OrderLine
from orders.papers import differences_of
from orders.services.rules import order_rules

from .policy import DEFAULTS, Found, InvoiceFacts, LineFacts, Severity, anomalies

# Two invoices of one amount and one reference this close are looked at twice.
_TWINS_WITHIN: Final = timedelta(days=90)
_TWINS_TOLD: Final = 3
_OF_SELLER: Final = ("legal_form", "siren", "vat_number", "address_line1", "postcode", "city")


def severities_of(company: Company) -> dict[str, Severity]:
    """What each anomaly does in a company."""
    own = AnomalyRule.objects.filter(company=company).values_list("code", "severity")
    return DEFAULTS | {code: Severity(severity) for code, severity in own}


def anomalies_of(
    invoice: Invoice,
    lines: Sequence[InvoiceLine],
    *,
    order_lines: Sequence[OrderLine] = (),
    prices: Mapping[int, Decimal] | None = None,
    apart_from: Collection[int] = (),
) -> list[Found]:
    """Return what is missing or does not fit of a document that is not stored yet.

    :param order_lines: those of its order, before they count as invoiced
    :param apart_from: keys of invoices it may look like
    :param prices: agreed price by key of an order's line
    """
    company, account = invoice.company, invoice.account
    facts = InvoiceFacts(
        country=account.country,
        siren=account.siren or "",
        vat_number=account.vat_number,
        has_address=bool(account.address_line1 and account.city),
        total=invoice.total_incl_vat,
        vat=invoice.total_vat if invoice.total_vat is not None else ZERO,
        customer_reference=invoice.customer_reference,
        missing_of_seller=[name for name in _OF_SELLER if not getattr(company, name)],
        has_bank_account=BankAccount.objects.filter(company=company, currency=invoice.currency).exists(),
        wants_reference=account.risk_class in order_rules(company).evidence_classes,
        differences=_differences(order_lines),
        is_delivered=_is_delivered(lines, order_lines),
        twins=_twins(invoice, {line.order_id for line in order_lines}, apart_from),
        lines=_lines(lines, order_lines, prices or {}),
    )
    return list(anomalies(facts))


def _differences(order_lines: Sequence[OrderLine]) -> int:
    """How much still differs from the client's own purchase orders."""
    of_order: dict[Order, list[OrderLine]] = {}
    for line in order_lines:
        of_order.setdefault(line.order, []).append(line)
    return sum(len(differences_of(order, lines)) for order, lines in of_order.items())


def _is_delivered(lines: Sequence[InvoiceLine], order_lines: Sequence[OrderLine]) -> bool | None:
    if not order_lines:
        return None
    waiting = {line.pk: line.delivered - line.invoiced for line in order_lines}
    return all(line.quantity <= waiting.get(line.order_line_id or 0, line.quantity) for line in lines)


def _twins(invoice: Invoice, orders: set[int], apart_from: Collection[int]) -> list[str]:
    """Invoices of the client with the same amount and the client's same reference; parts of one order are none."""
    if not invoice.customer_reference:
        return []
    rows = Invoice.objects.filter(
        account_id=invoice.account_id,
        kind=DocumentKind.INVOICE,
        total_incl_vat=invoice.total_incl_vat,
        currency=invoice.currency,
        customer_reference=invoice.customer_reference,
        issue_date__gte=invoice.issue_date - _TWINS_WITHIN,
        credit_notes=None,
    ).exclude(pk__in=[key for key in apart_from if key])
    if orders:
        rows = rows.exclude(order__in=orders).exclude(lines__order_line__order__in=orders)
    return list(rows.order_by("-issue_date", "-pk").values_list("number", flat=True)[:_TWINS_TOLD])


def _lines(
    lines: Sequence[InvoiceLine], order_lines: Sequence[OrderLine], prices: Mapping[int, Decimal]
) -> list[LineFacts]:
    by_key = {line.pk: line for line in order_lines}
    found = []
    for line in lines:
        ordered = by_key.get(line.order_line_id or 0)
        found.append(
            LineFacts(
                line=line.line,
                quantity=line.quantity,
                unit_price=line.unit_price,
                vat_rate=line.vat_rate,
                agreed_price=prices.get(ordered.pk) if ordered else None,
                left=ordered.quantity - ordered.cancelled - ordered.invoiced if ordered else None,
            )
        )
    return found
