"""An invoice to a client that the factor takes names it, and where to pay; frozen as it was issued."""

from __future__ import annotations

from typing import Any

import pytest
from lxml import etree

from accounts.models import CustomerAccount, User
from invoicing import services
from invoicing.enums import Origin
from invoicing.facturx.checks import failures
from invoicing.facturx.cii import cii_xml
from invoicing.facturx.document import document_of
from invoicing.models import Invoice
from tests.factories.accounts import make_user
from tests.factories.factoring import approve, make_agreement
from tests.factories.invoicing import AT, TODAY, day, line

pytestmark = pytest.mark.django_db

NS = {"ram": "urn:un:unece:uncefact:data:standard:ReusableAggregateBusinessInformationEntity:100"}
THEIRS = "FR1420041010050500013M02606"


def issued(account: CustomerAccount, by: User, **fields: Any) -> Invoice:
    return services.record_invoice(
        company=account.company, account=account, issue_date=TODAY, lines=[line()], origin=Origin.ISSUED, by=by, at=AT,
        **fields,
    )  # fmt: skip


def said(invoice: Invoice) -> tuple[str | None, str | None, list[str]]:
    """IBAN, name of the account, and subject codes of the notes of a document that breaks no rule."""
    xml = cii_xml(document_of(invoice))
    assert failures(xml) == ()
    tree = etree.fromstring(xml)
    path = ".//ram:PayeePartyCreditorFinancialAccount/ram:"
    codes = [each.text for each in tree.iterfind(".//ram:IncludedNote/ram:SubjectCode", NS)]
    return (
        tree.findtext(f"{path}IBANID", namespaces=NS),
        tree.findtext(f"{path}AccountName", namespaces=NS),
        codes,
    )


def payee(invoice: Invoice) -> tuple[str | None, str | None, str | None]:
    """Type, payee and its registration as a document that breaks no rule says them."""
    xml = cii_xml(document_of(invoice))
    assert failures(xml) == ()
    tree = etree.fromstring(xml)
    party = ".//ram:PayeeTradeParty/ram:"
    registration = tree.find(f"{party}SpecifiedLegalOrganization/ram:ID", NS)
    if registration is not None:
        assert registration.get("schemeID") == "0002"
    return (
        tree.findtext("{*}ExchangedDocument/ram:TypeCode", namespaces=NS),
        tree.findtext(f"{party}Name", namespaces=NS),
        None if registration is None else registration.text,
    )


def test_the_factor_is_the_payee_and_the_document_a_factored_one(
    account: CustomerAccount, accountant: User
) -> None:
    before = issued(account, accountant)
    make_agreement(account.company, is_notified=True, iban=THEIRS, siren="732829320", valid_from=day(-30))
    approve(account, effective_on=day(-20))
    invoice = issued(account, accountant)
    assert payee(invoice) == ("393", "Factor SA", "732829320")
    assert payee(before) == ("380", None, None)
    by = make_user("finance_director", account.company)
    for corrected, code in ((invoice, "396"), (before, "381")):
        services.credit_invoice(
            invoice_id=corrected.pk, amount=corrected.total_incl_vat, reason="goods back", by=by, at=AT
        )
        assert payee(Invoice.objects.get(corrects=corrected)) == (code, None, None)


def test_without_its_number_the_payee_has_its_name_alone(account: CustomerAccount, accountant: User) -> None:
    make_agreement(account.company, is_notified=True, iban=THEIRS)
    approve(account)
    assert payee(issued(account, accountant)) == ("393", "Factor SA", None)


def test_what_was_issued_before_the_payee_was_kept_stays_as_it_was(
    account: CustomerAccount, accountant: User
) -> None:
    make_agreement(account.company, is_notified=True, iban=THEIRS, siren="732829320")
    approve(account)
    invoice = issued(account, accountant)
    kept = {name: value for name, value in invoice.frozen.items() if name != "payee"} | {"type_code": "380"}
    invoice.frozen = kept
    assert payee(invoice) == ("380", None, None)


def test_notified_and_approved_pays_the_factor(account: CustomerAccount, accountant: User) -> None:
    before = issued(account, accountant)
    make_agreement(account.company, is_notified=True, iban=THEIRS)
    assert said(issued(account, accountant))[0] != THEIRS
    approve(account)
    invoice = issued(account, accountant)
    iban, name, codes = said(invoice)
    assert (iban, name) == (THEIRS, "Factor SA")
    assert codes == ["PMT", "PMD", "AAB", "ACC"]
    assert "1346-1" in document_of(invoice).notes[-1].text
    # What was issued before keeps what it said, and so does this one when the factor takes the client no longer.
    assert said(before)[2] == ["PMT", "PMD", "AAB"]
    approve(account, "0", status="CANCELLED", effective_on=TODAY)
    assert said(Invoice.objects.get(pk=invoice.pk))[0] == THEIRS
    assert said(issued(account, accountant))[0] != THEIRS


def test_confidential_stays_unsaid(account: CustomerAccount, accountant: User) -> None:
    make_agreement(account.company, iban=THEIRS)
    approve(account)
    iban, _name, codes = said(issued(account, accountant))
    assert iban != THEIRS
    assert "ACC" not in codes


def test_a_credit_note_is_not_sold(account: CustomerAccount, accountant: User) -> None:
    make_agreement(account.company, is_notified=True, iban=THEIRS, valid_from=day(-30))
    approve(account, effective_on=day(-20))
    invoice = issued(account, accountant)
    by = make_user("finance_director", account.company)
    services.credit_invoice(
        invoice_id=invoice.pk, amount=invoice.total_incl_vat, reason="goods back", by=by, at=AT
    )
    note = Invoice.objects.get(corrects=invoice)
    assert [each.code for each in document_of(note).notes] == ["PMT", "PMD", "AAB"]
