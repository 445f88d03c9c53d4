"""A document as pages for people, in the client's language, written from the same reading as its XML."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from babel import Locale
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from accounts.enums import PaymentMethod
from invoicing.enums import DocumentKind, OperationCategory
from o2c.shared import formats
from o2c.shared.money import ZERO

from .cii import legal_line
from .document import Address, Document, DocumentLine, Party
from .facts import CORRECTIVE, DEPOSIT_CREDIT


@dataclass(frozen=True)
class LineOnPage:
    """One line written out.

    :ivar carried: the total up to and with it, for the foot of its page; empty on the last line
    :ivar brought: the same for the head of the page after it
    """

    sku: str
    description: str
    quantity: str
    price: str
    rate: str
    net: str
    carried: str
    brought: str


def invoice_html(document: Document) -> str:
    """The page of a document as HTML for the drawing engine."""
    with translation.override(document.language):
        return render_to_string("pdf/invoice.html", page_context(document))


def page_context(document: Document) -> dict[str, Any]:
    """What the page shows, written out; within the document's language."""
    language = document.language

    def money(value: Decimal) -> str:
        return formats.money(value, language, document.currency)

    seller, buyer = document.seller, document.buyer
    return {
        "language": language,
        "document": document,
        "title": title_of(document),
        "seller": seller,
        "seller_lines": address_lines(seller.address, home="FR", language=language),
        "seller_facts": _identity(seller),
        "legal_line": legal_line(seller),
        "buyer_lines": address_lines(buyer.address, home="FR", language=language),
        "buyer_facts": _identity(buyer),
        "billing": _with_name(document.billing, buyer, language),
        "delivery": _with_name(document.delivery, buyer, language),
        "facts": list(_facts(document)),
        "lines": list(_lines(document.lines, language, money)),
        "taxes": [
            (
                formats.percent(tax.rate / 100, language),
                money(tax.base),
                money(tax.vat),
                str(tax.category),
            )
            for tax in document.taxes
        ],
        "excl": money(document.excl),
        "vat": money(document.vat),
        "incl": money(document.incl),
        "deductions": [
            (
                each.number,
                formats.date_short(each.issue_date),
                money(each.excl),
                money(each.vat),
                money(-each.incl),
            )
            for each in document.deductions
        ],
        "paid": money(-document.paid) if document.kind == DocumentKind.DEPOSIT_INVOICE else "",
        "payable": money(document.payable),
        "payable_words": _("To be credited") if document.is_credit else _("To pay"),
        "vat_in_eur": formats.money(document.vat_in_eur, language) if document.vat_in_eur is not None else "",
        "exemptions": sorted({tax.exemption for tax in document.taxes if tax.exemption}),
        "payment": None if document.is_credit or not document.payable else _payment(document, money),
        "mentions": [*document.mentions, *(note.text for note in document.notes)],
    }


def title_of(document: Document) -> str:
    """What the document is called."""
    if document.type_code == DEPOSIT_CREDIT:
        return _("Credit note on a deposit invoice")
    if document.type_code == CORRECTIVE:
        return _("Corrective invoice")
    return {
        DocumentKind.INVOICE: pgettext("document", "Invoice"),
        DocumentKind.CREDIT_NOTE: pgettext("document", "Credit note"),
        DocumentKind.DEPOSIT_INVOICE: pgettext("document", "Deposit invoice"),
    }[document.kind]


def address_lines(address: Address, *, home: str, language: str) -> list[str]:
    """An address as it stands on an envelope; the country where it is another than the seller's."""
    country = ""
    if address.country != home:
        country = Locale.parse(language).territories.get(address.country, address.country).upper()
    lines = [address.line1, address.line2, f"{address.postcode} {address.city}".strip(), country]
    return [line for line in lines if line]


def _with_name(address: Address | None, buyer: Party, language: str) -> dict[str, Any] | None:
    if address is None:
        return None
    return {
        "name": address.name or buyer.name,
        "lines": address_lines(address, home="FR", language=language),
    }


def _identity(party: Party) -> list[tuple[str, str]]:
    found = [
        ("SIREN", formats.siren(party.siren) if party.siren and not party.siret else ""),
        ("SIRET", formats.siren(party.siret) if party.siret else ""),
        (_("VAT"), party.vat_number),
    ]
    return [(label, value) for label, value in found if value]


def _facts(document: Document) -> Iterator[tuple[str, str]]:
    """Dates and references beside the client's address."""
    yield _("Date of issue"), formats.date_short(document.issue_date)
    if document.supply_date and document.supply_date != document.issue_date:
        yield _("Date of supply"), formats.date_short(document.supply_date)
    if not document.is_credit:
        yield _("Due date"), formats.date_short(document.due_date)
    operation = OperationCategory(document.operation)
    yield _("Operation"), str(operation.label)
    if document.purchase_order:
        yield _("Your order"), document.purchase_order
    if document.sales_order:
        yield _("Our order"), document.sales_order
    if document.delivery_notes:
        yield _("Delivery note"), ", ".join(number for number, _day in document.delivery_notes)
    if document.buyer.facts.get("reference"):
        yield _("Your reference"), document.buyer.facts["reference"]
    if document.is_credit or document.type_code == CORRECTIVE:
        for number, day in document.preceding:
            yield _("Corrects"), f"{number}, {formats.date_short(day)}"
    yield _("Client"), document.buyer.facts.get("code", "")


def _lines(lines: Sequence[DocumentLine], language: str, money: Any) -> Iterator[LineOnPage]:
    total = ZERO
    for place, line in enumerate(lines, start=1):
        total += line.net
        goes_on = {"total": money(total)} if place < len(lines) else None
        yield LineOnPage(
            sku=line.sku,
            description=line.description,
            quantity=_figure(line.quantity, language),
            price=_figure(line.unit_price, language, least=2),
            rate=formats.percent(line.rate / 100, language),
            net=formats.amount(line.net, language),
            carried=_("Carried forward %(total)s") % goes_on if goes_on else "",
            brought=_("Brought forward %(total)s") % goes_on if goes_on else "",
        )


def _payment(document: Document, money: Any) -> dict[str, Any]:
    """How and when to pay, bank details where a transfer is agreed."""
    facts = document.seller.facts
    iban = facts.get("iban", "") if document.payment_method in {"transfer", "cheque"} else ""
    return {
        "method": str(PaymentMethod(document.payment_method).label) if document.payment_method else "",
        "due": formats.date_short(document.due_date),
        "term": document.term,
        "instalments": [
            (formats.date_short(part.due_date), money(part.amount)) for part in document.instalments
        ]
        if len(document.instalments) > 1
        else [],
        "iban": formats.iban(iban),
        "bic": facts.get("bic", ""),
        "bank": facts.get("bank_name", ""),
        "reference": document.number,
    }


def _figure(value: Decimal, language: str, *, least: int = 0) -> str:
    places = max(least, -int(value.normalize().as_tuple().exponent))
    return formats.number(value, language, decimals=places)
