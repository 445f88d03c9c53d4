"""What others send: Factur-X, CII or UBL read into one shape, with every rule it breaks.

The files are hostile until shown otherwise: no entities, no document types, no network, nothing unpacked without a
bound. Where the page of a Factur-X and its XML disagree, the XML counts and the difference is told (domain.md 9.6).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from io import BytesIO
from typing import Any, Final

from django.utils.translation import gettext_lazy as _
from lxml import etree

from o2c.shared.money import ZERO
from o2c.shared.problems import RuleRefused

from .checks import safe_parser, schema_failures
from .received_rules import Received, ReceivedFinding, ReceivedLine, ReceivedTax, broken_rules

LARGEST: Final = 20 * 1024 * 1024
_LARGEST_XML: Final = 10 * 1024 * 1024
_MOST_LINES: Final = 20_000
# Opening and closing: what is kept of each takes a hundred times its room in the file.
_MOST_TAGS: Final = 1_000_000
# How much of a page is read to be set against the XML.
_LARGEST_PAGES: Final = 3 * 1024 * 1024
_FIRST_PAGES: Final = 3
_NAMES: Final = ("factur-x.xml", "zugferd-invoice.xml", "xrechnung.xml")
_PROFILES: Final = ("minimum", "basicwl", "basic", "en16931", "extended")
_UBL: Final = "urn:oasis:names:specification:ubl:schema:xsd:"
_NS: Final = {
    "rsm": "urn:un:unece:uncefact:data:standard:CrossIndustryInvoice:100",
    "ram": "urn:un:unece:uncefact:data:standard:ReusableAggregateBusinessInformationEntity:100",
    "udt": "urn:un:unece:uncefact:data:standard:UnqualifiedDataType:100",
    "cac": f"{_UBL}CommonAggregateComponents-2",
    "cbc": f"{_UBL}CommonBasicComponents-2",
}
_CII_ROOT: Final = f"{{{_NS['rsm']}}}CrossIndustryInvoice"
_UBL_ROOTS: Final = {
    f"{{{_UBL}Invoice-2}}Invoice": "Invoice",
    f"{{{_UBL}CreditNote-2}}CreditNote": "CreditNote",
}


class Unreadable(RuleRefused):
    code = "unreadable"
    message = _("This is no Factur-X, CII or UBL invoice.")


@dataclass(frozen=True)
class _Paths:
    """Where a syntax keeps each term; relative to the root, to a line, to a line of the breakdown."""

    terms: dict[str, str]
    line: str
    line_terms: dict[str, str]
    tax: str
    tax_terms: dict[str, str]
    notes: str


_TRADE: Final = "rsm:SupplyChainTradeTransaction"
_AGREED: Final = f"{_TRADE}/ram:ApplicableHeaderTradeAgreement"
_SETTLED: Final = f"{_TRADE}/ram:ApplicableHeaderTradeSettlement"
_SUMS: Final = f"{_SETTLED}/ram:SpecifiedTradeSettlementHeaderMonetarySummation"
_CII: Final = _Paths(
    terms={
        "profile": "rsm:ExchangedDocumentContext/ram:GuidelineSpecifiedDocumentContextParameter/ram:ID",
        "number": "rsm:ExchangedDocument/ram:ID",
        "type": "rsm:ExchangedDocument/ram:TypeCode",
        "issue_date": "rsm:ExchangedDocument/ram:IssueDateTime/udt:DateTimeString",
        "due_date": f"{_SETTLED}/ram:SpecifiedTradePaymentTerms/ram:DueDateDateTime/udt:DateTimeString",
        "payment_terms": f"{_SETTLED}/ram:SpecifiedTradePaymentTerms/ram:Description",
        "currency": f"{_SETTLED}/ram:InvoiceCurrencyCode",
        "seller": f"{_AGREED}/ram:SellerTradeParty/ram:Name",
        "seller_id": f"{_AGREED}/ram:SellerTradeParty/ram:SpecifiedLegalOrganization/ram:ID",
        "seller_country": f"{_AGREED}/ram:SellerTradeParty/ram:PostalTradeAddress/ram:CountryID",
        "seller_vat": f"{_AGREED}/ram:SellerTradeParty/ram:SpecifiedTaxRegistration/ram:ID[@schemeID='VA']",
        "buyer": f"{_AGREED}/ram:BuyerTradeParty/ram:Name",
        "buyer_id": f"{_AGREED}/ram:BuyerTradeParty/ram:SpecifiedLegalOrganization/ram:ID",
        "line_total": f"{_SUMS}/ram:LineTotalAmount",
        "charges": f"{_SUMS}/ram:ChargeTotalAmount",
        "allowances": f"{_SUMS}/ram:AllowanceTotalAmount",
        "total_excl_vat": f"{_SUMS}/ram:TaxBasisTotalAmount",
        "total_vat": f"{_SUMS}/ram:TaxTotalAmount",
        "rounding": f"{_SUMS}/ram:RoundingAmount",
        "total_incl_vat": f"{_SUMS}/ram:GrandTotalAmount",
        "paid": f"{_SUMS}/ram:TotalPrepaidAmount",
        "payable": f"{_SUMS}/ram:DuePayableAmount",
    },
    line=f"{_TRADE}/ram:IncludedSupplyChainTradeLineItem",
    line_terms={
        "line": "ram:AssociatedDocumentLineDocument/ram:LineID",
        "description": "ram:SpecifiedTradeProduct/ram:Name",
        "quantity": "ram:SpecifiedLineTradeDelivery/ram:BilledQuantity",
        "unit_price": "ram:SpecifiedLineTradeAgreement/ram:NetPriceProductTradePrice/ram:ChargeAmount",
        "net": "ram:SpecifiedLineTradeSettlement/ram:SpecifiedTradeSettlementLineMonetarySummation/ram:LineTotalAmount",
        "vat_category": "ram:SpecifiedLineTradeSettlement/ram:ApplicableTradeTax/ram:CategoryCode",
        "vat_rate": "ram:SpecifiedLineTradeSettlement/ram:ApplicableTradeTax/ram:RateApplicablePercent",
    },
    tax=f"{_SETTLED}/ram:ApplicableTradeTax",
    tax_terms={
        "category": "ram:CategoryCode",
        "rate": "ram:RateApplicablePercent",
        "base": "ram:BasisAmount",
        "vat": "ram:CalculatedAmount",
    },
    notes="rsm:ExchangedDocument/ram:IncludedNote/ram:SubjectCode",
)
_SUPPLIER: Final = "cac:AccountingSupplierParty/cac:Party"
_CUSTOMER: Final = "cac:AccountingCustomerParty/cac:Party"
_UBL_PATHS: Final = _Paths(
    terms={
        "profile": "cbc:CustomizationID",
        "number": "cbc:ID",
        "type": "cbc:InvoiceTypeCode",
        "issue_date": "cbc:IssueDate",
        "due_date": "cbc:DueDate",
        "payment_terms": "cac:PaymentTerms/cbc:Note",
        "currency": "cbc:DocumentCurrencyCode",
        "seller": f"{_SUPPLIER}/cac:PartyLegalEntity/cbc:RegistrationName",
        "seller_id": f"{_SUPPLIER}/cac:PartyLegalEntity/cbc:CompanyID",
        "seller_country": f"{_SUPPLIER}/cac:PostalAddress/cac:Country/cbc:IdentificationCode",
        "seller_vat": f"{_SUPPLIER}/cac:PartyTaxScheme/cbc:CompanyID",
        "buyer": f"{_CUSTOMER}/cac:PartyLegalEntity/cbc:RegistrationName",
        "buyer_id": f"{_CUSTOMER}/cac:PartyLegalEntity/cbc:CompanyID",
        "line_total": "cac:LegalMonetaryTotal/cbc:LineExtensionAmount",
        "charges": "cac:LegalMonetaryTotal/cbc:ChargeTotalAmount",
        "allowances": "cac:LegalMonetaryTotal/cbc:AllowanceTotalAmount",
        "total_excl_vat": "cac:LegalMonetaryTotal/cbc:TaxExclusiveAmount",
        "total_vat": "cac:TaxTotal/cbc:TaxAmount",
        "rounding": "cac:LegalMonetaryTotal/cbc:PayableRoundingAmount",
        "total_incl_vat": "cac:LegalMonetaryTotal/cbc:TaxInclusiveAmount",
        "paid": "cac:LegalMonetaryTotal/cbc:PrepaidAmount",
        "payable": "cac:LegalMonetaryTotal/cbc:PayableAmount",
    },
    line="cac:InvoiceLine",
    line_terms={
        "line": "cbc:ID",
        "description": "cac:Item/cbc:Name",
        "quantity": "cbc:InvoicedQuantity",
        "unit_price": "cac:Price/cbc:PriceAmount",
        "net": "cbc:LineExtensionAmount",
        "vat_category": "cac:Item/cac:ClassifiedTaxCategory/cbc:ID",
        "vat_rate": "cac:Item/cac:ClassifiedTaxCategory/cbc:Percent",
    },
    tax="cac:TaxTotal/cac:TaxSubtotal",
    tax_terms={
        "category": "cac:TaxCategory/cbc:ID",
        "rate": "cac:TaxCategory/cbc:Percent",
        "base": "cbc:TaxableAmount",
        "vat": "cbc:TaxAmount",
    },
    notes="cbc:Note",
)
_UBL_CREDIT: Final = _Paths(
    terms=_UBL_PATHS.terms
    | {"type": "cbc:CreditNoteTypeCode", "due_date": "cac:PaymentMeans/cbc:PaymentDueDate"},
    line="cac:CreditNoteLine",
    line_terms=_UBL_PATHS.line_terms | {"quantity": "cbc:CreditedQuantity"},
    tax=_UBL_PATHS.tax,
    tax_terms=_UBL_PATHS.tax_terms,
    notes=_UBL_PATHS.notes,
)


def read(content: bytes) -> tuple[Received, Sequence[ReceivedFinding]]:
    """Read a received invoice and look for the rules it breaks.

    :raises Unreadable: neither a PDF with such a file nor such an XML, or one that is cut off or built to harm
    """
    is_pdf = b"%PDF-" in content[:1024]
    xml, words = _from_pdf(content) if is_pdf else (content, None)
    tree = _tree(xml)
    name, paths, level = _syntax(tree)
    received = _received(tree, paths, "factur-x" if is_pdf else name)
    findings = [
        ReceivedFinding(each.rule or "XSD", "warn", each.message, each.place)
        for each in schema_failures(tree, level)
    ]
    return received, [*findings, *broken_rules(received), *_page_differs(received, words)]


def _from_pdf(content: bytes) -> tuple[bytes, str | None]:
    """The XML inside a PDF and the words of its first pages.

    The library has its own bound on what is unpacked; whatever it raises means unreadable.
    """
    from pypdf import PdfReader

    try:
        reader = PdfReader(BytesIO(content))
        xml = next((bytes(a.content) for a in reader.attachment_list if a.name.lower() in _NAMES), None)
        if xml is None:
            raise Unreadable(_("This PDF file holds no factur-x.xml: it is no Factur-X."))
        words = None
        if len(content) <= _LARGEST_PAGES:
            words = " ".join(page.extract_text() for page in reader.pages[:_FIRST_PAGES])
    except Unreadable:
        raise
    except Exception as error:  # a file built by anybody: the library may raise anything on it
        raise Unreadable(_("This PDF file is cut off or damaged.")) from error
    return xml, words


def _page_differs(received: Received, words: str | None) -> Iterator[ReceivedFinding]:
    """Tell where the page does not show the number that the XML gives: the XML counts."""
    if words is None or not received.number:
        return
    bare = "".join(words.split())
    if bare and "".join(received.number.split()) not in bare:
        yield ReceivedFinding(
            "PAGE_DIFFERS",
            "warn",
            _("The page does not show the number %(number)s of the XML; the XML counts.")
            % {"number": received.number},
        )


def _tree(xml: bytes) -> Any:
    if len(xml) > _LARGEST_XML:
        raise Unreadable(_("The XML is larger than 10 MB."))
    if xml.count(b"<") > _MOST_TAGS or xml.count(b"=") > _MOST_TAGS:
        raise Unreadable(_("The XML has more elements or attributes than any invoice."))
    try:
        tree = etree.fromstring(xml, safe_parser())
    except (etree.XMLSyntaxError, ValueError) as error:
        place = f" ({error})" if isinstance(error, etree.XMLSyntaxError) else ""
        raise Unreadable(_("This is no XML that can be read.%(place)s") % {"place": place}) from error
    if tree.getroottree().docinfo.internalDTD is not None:
        raise Unreadable(_("An invoice has no document type of its own: this file is not read."))
    return tree


def _syntax(tree: Any) -> tuple[str, _Paths, str]:
    if tree.tag == _CII_ROOT:
        profile = tree.findtext(_CII.terms["profile"], namespaces=_NS) or ""
        return "cii", _CII, _level(profile)
    if (kind := _UBL_ROOTS.get(tree.tag)) is not None:
        return "ubl", _UBL_CREDIT if kind == "CreditNote" else _UBL_PATHS, f"ubl-2.1-{kind.lower()}"
    raise Unreadable


def _level(profile: str) -> str:
    """The profile as the schemas are named: the last word of its address, EN 16931 for its national rules."""
    tail = profile.lower().replace(":compliant#", "#").split(":")[-1]
    return tail if tail in _PROFILES and tail != "en16931" else "en16931"


def _received(tree: Any, paths: _Paths, name: str) -> Received:
    found = {term: (tree.findtext(path, namespaces=_NS) or "").strip() for term, path in paths.terms.items()}
    if not found["seller"] and name == "ubl":
        found["seller"] = tree.findtext(f"{_SUPPLIER}/cac:PartyName/cbc:Name", default="", namespaces=_NS)
    lines = tree.findall(paths.line, namespaces=_NS)
    if len(lines) > _MOST_LINES:
        raise Unreadable(_("The invoice has more than 20,000 lines."))
    profile = found["profile"]
    return Received(
        format=name,
        number=found["number"],
        type=found["type"],
        issue_date=_day(found["issue_date"]),
        due_date=_day(found["due_date"]),
        payment_terms=found["payment_terms"],
        currency=found["currency"],
        profile=_level(profile).upper() if name != "ubl" else profile,
        seller=found["seller"],
        seller_id=found["seller_id"],
        seller_vat=found["seller_vat"],
        seller_country=found["seller_country"],
        buyer=found["buyer"],
        buyer_id=found["buyer_id"],
        lines=tuple(_lines(lines, paths)),
        taxes=tuple(_taxes(tree, paths)),
        line_total=_number(found["line_total"]),
        charges=_number(found["charges"]) or ZERO,
        allowances=_number(found["allowances"]) or ZERO,
        total_excl_vat=_number(found["total_excl_vat"]),
        total_vat=_number(found["total_vat"]) or ZERO,
        rounding=_number(found["rounding"]) or ZERO,
        total_incl_vat=_number(found["total_incl_vat"]),
        paid=_number(found["paid"]) or ZERO,
        payable=_number(found["payable"]),
        note_codes=tuple(_note_codes(tree, paths, name)),
    )


def _lines(nodes: Sequence[Any], paths: _Paths) -> Iterator[ReceivedLine]:
    for node in nodes:
        found = {
            term: (node.findtext(path, namespaces=_NS) or "").strip()
            for term, path in paths.line_terms.items()
        }
        yield ReceivedLine(
            line=found["line"],
            description=found["description"],
            quantity=_number(found["quantity"]),
            unit_price=_number(found["unit_price"]),
            net=_number(found["net"]),
            vat_category=found["vat_category"],
            vat_rate=_number(found["vat_rate"]),
        )


def _taxes(tree: Any, paths: _Paths) -> Iterator[ReceivedTax]:
    for node in tree.findall(paths.tax, namespaces=_NS):
        found = {
            term: (node.findtext(path, namespaces=_NS) or "").strip()
            for term, path in paths.tax_terms.items()
        }
        yield ReceivedTax(
            found["category"],
            _number(found["rate"]),
            _number(found["base"]) or ZERO,
            _number(found["vat"]) or ZERO,
        )


def _note_codes(tree: Any, paths: _Paths, name: str) -> Iterator[str]:
    """Subject codes of the notes; UBL writes them into the text: ``#PMT#…``."""
    for node in tree.findall(paths.notes, namespaces=_NS):
        text = (node.text or "").strip()
        if name == "ubl":
            if text.startswith("#") and text[4:5] == "#":
                yield text[1:4]
        elif text:
            yield text


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        return None


def _number(text: str) -> Decimal | None:
    try:
        found = Decimal(text) if text and len(text) < 40 else None
    except InvalidOperation:
        return None
    return found if found is not None and found.is_finite() else None
