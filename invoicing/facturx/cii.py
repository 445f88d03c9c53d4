"""A document as CII XML of the profile EN 16931 (domain.md 9.6): terms by their numbers, written by ``factur-x``."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final

from django.utils import translation
from django.utils.translation import gettext as _
from facturx import generate_cii_xml

from invoicing.enums import VatCategory
from o2c.shared import formats

from .document import Address, Document, DocumentLine, Party, Payee

LEVEL: Final = "en16931"
# Schemes of ISO 6523: SIREN, SIRET.
SIREN_SCHEME: Final = "0002"
SIRET_SCHEME: Final = "0009"
# UNTDID 4461; a transfer in euro is a SEPA transfer.
_MEANS: Final = {
    "transfer": "30",
    "direct_debit": "59",
    "sdd_b2b": "59",
    "lcr": "24",
    "bor": "60",
    "cheque": "20",
    "card": "48",
    "offset": "97",
}
SEPA_TRANSFER: Final = "58"
NOT_DEFINED: Final = "1"
# UN/ECE recommendation 20: orders count pieces.
PIECE: Final = "C62"


def cii_xml(document: Document) -> bytes:
    """Write the XML of a document; nothing is checked here.

    :raises ValueError: a term that cannot be written at all, such as an unknown currency
    """
    written: bytes = generate_cii_xml(
        terms_of(document), level=LEVEL, check_xsd=False, check_schematron=False
    )
    return written


def terms_of(document: Document) -> dict[str, Any]:
    """The business terms of a document by number; amounts and figures as text."""
    is_out_of_scope = any(tax.category == VatCategory.OUT_OF_SCOPE for tax in document.taxes)
    terms: dict[str, Any] = {
        "BT-1": document.number,
        "BT-2": document.issue_date,
        "BT-3": document.type_code,
        "BT-5": document.currency,
        "BT-9": None if document.is_credit else document.due_date,
        "BT-10": document.buyer.facts.get("reference", ""),
        "BT-13": document.purchase_order,
        "BT-14": document.sales_order,
        "BT-20": payment_terms(document),
        "BT-23": document.framework,
        "BT-72": document.supply_date,
        "BG-1": [{"BT-21": note.code, "BT-22": note.text} for note in document.notes]
        + [{"BT-22": text} for text in (*document.mentions, *_delivery_note_text(document))],
        "BG-3": [{"BT-25": number, "BT-26": day} for number, day in document.preceding],
        "BG-4": _seller(document.seller, hides_vat=is_out_of_scope),
        "BG-10": _payee(document.payee),
        "BG-7": _buyer(document.buyer, hides_vat=is_out_of_scope),
        "BG-13": _delivery(document),
        "BG-23": [
            {
                "BT-116": _amount(tax.base),
                "BT-117": _amount(tax.vat),
                "BT-118": str(tax.category),
                "BT-119": None if tax.category == VatCategory.OUT_OF_SCOPE else _figure(tax.rate),
                "BT-120": tax.exemption,
                "BT-121": tax.exemption_code,
            }
            for tax in document.taxes
        ],
        "BG-25": [_line(line) for line in document.lines],
        "BT-106": _amount(sum((line.net for line in document.lines), Decimal(0))),
        "BT-109": _amount(document.excl),
        "BT-110": _amount(document.vat),
        "BT-112": _amount(document.incl),
        "BT-113": _amount(document.paid) if document.paid else None,
        "BT-115": _amount(document.payable),
    }
    if len(document.delivery_notes) == 1:
        terms["BT-16"] = document.delivery_notes[0][0]
    if document.seller.facts.get("vat_on_debits"):
        terms["BT-8"] = "invoice"
    if document.currency != "EUR" and document.vat_in_eur is not None:
        terms |= {"BT-6": "EUR", "BT-111": _amount(document.vat_in_eur)}
    terms |= _payment(document)
    return {name: value for name, value in terms.items() if value not in (None, "", [])}


def payment_terms(document: Document) -> str:
    """The terms of payment in words, each instalment with its day (BT-20)."""
    words = [document.term]
    if len(document.instalments) > 1:
        words += [f"{part.due_date:%d/%m/%Y} : {_amount(part.amount)}" for part in document.instalments]
    return " ; ".join(word for word in words if word)


def _payment(document: Document) -> dict[str, Any]:
    code = _MEANS.get(document.payment_method, NOT_DEFINED)
    iban = document.seller.facts.get("iban", "")
    if code == _MEANS["transfer"]:
        if not iban:
            return {"BT-81": NOT_DEFINED}
        code = SEPA_TRANSFER if document.currency == "EUR" else code
        return {
            "BT-81": code,
            "BT-83": document.number,
            "BT-84": iban,
            "BT-85": document.seller.facts.get("payee") or document.seller.name,
            "BT-86": document.seller.facts.get("bic", ""),
        }
    return {"BT-81": code}


def _seller(party: Party, *, hides_vat: bool) -> dict[str, Any]:
    facts = party.facts
    contact = {"name": party.name, "phone": facts.get("phone"), "email": facts.get("email")}
    return _party(party, hides_vat=hides_vat) | {
        "legal_info": legal_line(party),
        "contacts": [contact] if contact["phone"] or contact["email"] else [],
    }


def _buyer(party: Party, *, hides_vat: bool) -> dict[str, Any]:
    return _party(party, hides_vat=hides_vat)


def _payee(payee: Payee | None) -> dict[str, str] | None:
    """Whom the client pays: name (BT-59), registration (BT-61)."""
    if payee is None:
        return None
    register = {"legal_identifier": payee.siren, "legal_identifier_schemeid": SIREN_SCHEME}
    return {"name": payee.name} | (register if payee.siren else {})


def legal_line(party: Party) -> str:
    """Legal form, capital and register in one line (C. com. R123-237, R123-238)."""
    facts = party.facts
    words = [facts.get("legal_form", "")]
    if facts.get("share_capital") and "capital" not in words[0]:
        capital = formats.money(Decimal(facts["share_capital"]), "fr", facts.get("currency", "EUR"))
        words.append(f"au capital de {capital}")
    line = " ".join(word for word in words if word)
    if facts.get("register_town"):
        line += f"{', ' if line else ''}RCS {facts['register_town']} {formats.siren(party.siren)}"
    return line


def _party(party: Party, *, hides_vat: bool) -> dict[str, Any]:
    return {
        "name": party.name,
        "identifiers": {SIRET_SCHEME: party.siret} if party.siret else {},
        "legal_identifier": party.siren,
        "legal_identifier_schemeid": SIREN_SCHEME if party.siren else "",
        "vat_identifier": "" if hides_vat else party.vat_number,
        "einvoicing_addr": party.electronic_address,
        "einvoicing_addr_schemeid": party.electronic_scheme,
        **_address(party.address),
    }


def _address(address: Address) -> dict[str, str]:
    return {
        "addr_l1": address.line1,
        "addr_l2": address.line2,
        "postcode": address.postcode,
        "city": address.city,
        "country_code": address.country,
    }


def _delivery(document: Document) -> dict[str, Any] | None:
    """Where goods went: within the Union the country of arrival is compulsory."""
    if document.delivery is not None:
        return {"name": document.delivery.name or document.buyer.name, **_address(document.delivery)}
    if any(tax.category == VatCategory.INTRA_EU for tax in document.taxes):
        return {"name": document.buyer.name, **_address(document.buyer.address)}
    return None


def _delivery_note_text(document: Document) -> list[str]:
    """Several delivery notes have no place of their own in the profile: they are named in a note."""
    if len(document.delivery_notes) < 2:
        return []
    numbers = ", ".join(number for number, _day in document.delivery_notes)
    with translation.override(document.language):
        return [_("Delivery notes: %(numbers)s") % {"numbers": numbers}]


def _line(line: DocumentLine) -> dict[str, Any]:
    return {
        "BT-126": str(line.number),
        "BT-129": _figure(line.quantity),
        "BT-130": PIECE,
        "BT-131": _amount(line.net),
        "BT-146": _price(line.unit_price),
        "BT-151": str(line.category),
        "BT-152": None if line.category == VatCategory.OUT_OF_SCOPE else _figure(line.rate),
        "BT-153": " ".join(line.description.split()),
        "BT-155": line.sku,
    }


def _amount(value: Decimal) -> str:
    return f"{value:.2f}"


def _figure(value: Decimal) -> str:
    """A quantity or rate without superfluous zeros."""
    written = format(value.normalize(), "f")
    return written if written != "-0" else "0"


def _price(value: Decimal) -> str:
    places = max(2, -int(value.normalize().as_tuple().exponent))
    return f"{value:.{places}f}"
