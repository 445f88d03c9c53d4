"""Documents as XML: the schema and both sets of rules accept them, and their amounts are those of the database."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from lxml import etree

from accounts.models import Company, CustomerAccount, User
from invoicing import services
from invoicing.enums import Origin, VatCategory
from invoicing.facturx.checks import failures
from invoicing.facturx.cii import cii_xml
from invoicing.facturx.document import NotIssuedHere, document_of
from invoicing.models import BuyerDetails, Invoice, SellerDetails
from invoicing.policy import LineInput
from tests.factories.invoicing import AT, TODAY, line, make_invoice

pytestmark = pytest.mark.django_db

NS = {
    "ram": "urn:un:unece:uncefact:data:standard:ReusableAggregateBusinessInformationEntity:100",
    "rsm": "urn:un:unece:uncefact:data:standard:CrossIndustryInvoice:100",
}


def issued(account: CustomerAccount, *lines: LineInput, by: User, **fields: Any) -> Invoice:
    """An invoice issued here today."""
    return services.record_invoice(
        company=account.company,
        account=account,
        issue_date=TODAY,
        lines=list(lines),
        origin=Origin.ISSUED,
        by=by,
        at=AT,
        **fields,
    )


def amounts(xml: bytes) -> dict[str, Decimal]:
    """The totals of an XML by the name of their element."""
    tree = etree.fromstring(xml)
    found = tree.find(".//ram:SpecifiedTradeSettlementHeaderMonetarySummation", NS)
    return {etree.QName(each).localname: Decimal(each.text) for each in found}


def value(xml: bytes, path: str) -> str:
    return etree.fromstring(xml).findtext(path, namespaces=NS)


def proved(invoice: Invoice) -> bytes:
    """The XML of a document that breaks no rule and agrees with the database."""
    xml = cii_xml(document_of(invoice))
    assert failures(xml) == ()
    sums = amounts(xml)
    assert sums["DuePayableAmount"] == abs(invoice.total_incl_vat)
    return xml


def test_an_invoice_between_french_businesses(account: CustomerAccount, accountant: User) -> None:
    invoice = issued(
        account,
        line("3", "1.82", "20", description="Vis", sku="V-1"),
        line("2", "9.99", "5.5"),
        line("5", "9.99", "10", description="Livre\nà deux lignes"),
        by=accountant,
        customer_reference="PO-2026-118",
    )
    xml = proved(invoice)
    assert amounts(xml) == {
        "LineTotalAmount": invoice.total_excl_vat,
        "TaxBasisTotalAmount": invoice.total_excl_vat,
        "TaxTotalAmount": invoice.total_vat,
        "GrandTotalAmount": invoice.total_incl_vat,
        "DuePayableAmount": invoice.total_incl_vat,
    }
    assert value(xml, ".//rsm:ExchangedDocument/ram:TypeCode") == "380"
    assert value(xml, ".//ram:BuyerOrderReferencedDocument/ram:IssuerAssignedID") == "PO-2026-118"
    notes = {each["code"]: each["text"] for each in invoice.frozen["notes"]}
    assert set(notes) == {"PMT", "PMD", "AAB"}
    assert "12,40" in notes["PMD"]
    assert invoice.lines.get(line=1).vat_category == VatCategory.STANDARD


def test_a_credit_note_names_its_invoice(account: CustomerAccount, accountant: User) -> None:
    invoice = issued(account, line("10", "100"), by=accountant)
    request = services.credit_invoice(
        invoice_id=invoice.pk, amount=Decimal("120.00"), reason="Broken", by=accountant, at=AT
    )
    note = request.credit_note
    assert note is not None
    xml = proved(note)
    assert value(xml, ".//rsm:ExchangedDocument/ram:TypeCode") == "381"
    assert value(xml, ".//ram:InvoiceReferencedDocument/ram:IssuerAssignedID") == invoice.number
    assert amounts(xml)["GrandTotalAmount"] == Decimal("120.00")


def test_goods_to_a_business_in_the_union(abroad, accountant: User) -> None:
    client = abroad("DE", vat="DE136695976")
    invoice = issued(client, line("2", "500", "0"), by=accountant)
    xml = proved(invoice)
    assert value(xml, ".//ram:ApplicableHeaderTradeSettlement/ram:ApplicableTradeTax/ram:CategoryCode") == "K"
    assert "262 ter" in value(xml, ".//ram:ExemptionReason")


def test_services_to_a_business_in_the_union_are_reverse_charged(
    company: Company, abroad, accountant: User
) -> None:
    SellerDetails.objects.filter(company=company).update(operation_category="services")
    invoice = issued(abroad("BE", vat="BE0428759497"), line("1", "900", "0"), by=accountant)
    xml = proved(invoice)
    assert (
        value(xml, ".//ram:ApplicableHeaderTradeSettlement/ram:ApplicableTradeTax/ram:CategoryCode") == "AE"
    )
    assert "283-2" in value(xml, ".//ram:ExemptionReason")


def test_construction_subcontracting_is_reverse_charged(account: CustomerAccount, accountant: User) -> None:
    BuyerDetails.objects.create(account=account, vat_treatment="subcontracting")
    xml = proved(issued(account, line("1", "900", "0"), by=accountant))
    assert "283-2 nonies" in value(xml, ".//ram:ExemptionReason")


def test_goods_to_elsewhere_are_exports(abroad, accountant: User) -> None:
    client = abroad("US", address="ap@example.test")
    xml = proved(issued(client, line("1", "900", "0"), by=accountant))
    assert value(xml, ".//ram:ApplicableHeaderTradeSettlement/ram:ApplicableTradeTax/ram:CategoryCode") == "G"


def test_services_to_elsewhere_are_out_of_scope(company: Company, abroad, accountant: User) -> None:
    SellerDetails.objects.filter(company=company).update(operation_category="services")
    client = abroad("US", address="ap@example.test")
    xml = proved(issued(client, line("1", "900", "0"), by=accountant))
    assert value(xml, ".//ram:ApplicableHeaderTradeSettlement/ram:ApplicableTradeTax/ram:CategoryCode") == "O"


def test_a_small_business_charges_no_vat(
    company: Company, account: CustomerAccount, accountant: User
) -> None:
    SellerDetails.objects.filter(company=company).update(vat_franchise=True)
    xml = proved(issued(account, line("1", "900", "0"), by=accountant))
    assert "293 B" in value(xml, ".//ram:ExemptionReason")


def test_a_client_that_nobody_can_reach_is_a_finding(abroad, accountant: User) -> None:
    invoice = issued(abroad("US"), line("1", "900", "0"), by=accountant)
    found = failures(cii_xml(document_of(invoice)))
    assert "BR-FR-12_BT-49" in {each.rule for each in found}


def test_what_was_issued_elsewhere_has_no_file_of_ours(account: CustomerAccount, accountant: User) -> None:
    with pytest.raises(NotIssuedHere):
        document_of(make_invoice(account, by=accountant))


def test_a_document_says_later_what_it_said_at_issue(
    company: Company, account: CustomerAccount, accountant: User
) -> None:
    invoice = issued(account, line("1", "900"), by=accountant)
    before = cii_xml(document_of(invoice))
    account.name, account.city, account.vat_number = "Other", "Paris", ""
    account.save()
    SellerDetails.objects.filter(company=company).update(iban="", share_capital=1, penalty_rate=9)
    company.name = "Renamed"
    company.save()
    again = Invoice.objects.get(pk=invoice.pk)
    assert cii_xml(document_of(again)) == before


def test_a_document_older_than_the_facts_is_completed(account: CustomerAccount, accountant: User) -> None:
    invoice = issued(account, line("1", "900"), by=accountant)
    kept = {name: invoice.frozen[name] for name in ("supply_date", "payment_method", "instalments", "order")}
    invoice.frozen = kept | {"seller": {"name": "Before"}, "buyer": {"name": "Then"}}
    xml = proved(invoice)
    assert value(xml, ".//ram:SellerTradeParty/ram:Name") == "Before"
    assert value(xml, ".//ram:BuyerTradeParty/ram:Name") == "Then"


def test_another_currency_shows_vat_in_euro(account: CustomerAccount, accountant: User) -> None:
    from accounts.models import ExchangeRate

    ExchangeRate.objects.create(currency="USD", day=date(2026, 11, 20), units_per_eur=Decimal("1.25"))
    invoice = issued(account, line("1", "1000"), by=accountant, currency="USD")
    xml = cii_xml(document_of(invoice))
    assert failures(xml) == ()
    sums = etree.fromstring(xml).findall(".//ram:TaxTotalAmount", NS)
    assert {each.get("currencyID"): each.text for each in sums} == {"USD": "200.00", "EUR": "160.00"}
