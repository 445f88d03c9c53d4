"""Deposits: invoiced when the money is there, deducted once, their documents accepted by every rule."""

from __future__ import annotations

from decimal import Decimal

import pytest

from accounts.models import CustomerAccount, User
from invoicing import services
from invoicing.enums import DocumentKind
from invoicing.facturx.checks import failures
from invoicing.facturx.cii import cii_xml
from invoicing.facturx.document import document_of
from invoicing.models import Invoice
from o2c.shared.problems import Refusal
from tests.factories.accounts import CustomerAccountFactory
from tests.factories.invoicing import AT, make_confirmed_order, make_payment

from .test_documents import amounts, proved, value

pytestmark = pytest.mark.django_db


@pytest.fixture
def order(account: CustomerAccount, accountant: User):
    return make_confirmed_order(
        account, by=accountant, lines=(("10", "100"), ("1", "33.33")), delivered=("10", "1")
    )


def deposit(order, amount: str, by: User) -> Invoice:
    payment = make_payment(order.account, amount, by=by)
    return services.issue_deposit(order_id=order.pk, payment_id=payment.pk, by=by, at=AT)


def test_a_deposit_is_invoiced_and_settled_by_its_money(order, accountant: User) -> None:
    invoice = deposit(order, "360.00", accountant)
    assert (invoice.number[:2], invoice.kind) == ("AC", DocumentKind.DEPOSIT_INVOICE)
    assert (invoice.total_excl_vat, invoice.total_vat) == (Decimal("300.00"), Decimal("60.00"))
    assert invoice.items.get().open_amount == 0
    xml = cii_xml(document_of(invoice))
    assert value(xml, ".//rsm:ExchangedDocument/ram:TypeCode") == "386"
    assert failures(xml) == ()
    sums = amounts(xml)
    assert (sums["GrandTotalAmount"], sums["TotalPrepaidAmount"], sums["DuePayableAmount"]) == (
        Decimal("360.00"),
        Decimal("360.00"),
        Decimal("0.00"),
    )


def test_the_invoice_of_the_order_deducts_it(order, accountant: User) -> None:
    first, second = deposit(order, "360.00", accountant), deposit(order, "100.01", accountant)
    invoice = services.issue_from_order(order_id=order.pk, by=accountant, at=AT)
    assert invoice.total_incl_vat == Decimal("1240.00") - Decimal("460.01")
    assert invoice.items.get().amount == invoice.total_incl_vat
    xml = proved(invoice)
    sums = amounts(xml)
    assert (sums["GrandTotalAmount"], sums["TotalPrepaidAmount"]) == (Decimal("1240.00"), Decimal("460.01"))
    parts = [each.total_vat or Decimal(0) for each in (invoice, first, second)]
    assert sums["TaxTotalAmount"] == sum(parts)
    assert value(xml, ".//ram:BusinessProcessSpecifiedDocumentContextParameter/ram:ID") == "B4"
    assert [each["number"] for each in invoice.frozen["deductions"]] == [first.number, second.number]


def test_a_deposit_is_deducted_once(order, accountant: User) -> None:
    deposit(order, "360.00", accountant)
    services.issue_from_order(order_id=order.pk, by=accountant, at=AT)
    assert services.deposits_of(order) == []


def test_a_deposit_is_credited_with_its_own_type(order, accountant: User) -> None:
    invoice = deposit(order, "360.00", accountant)
    request = services.credit_invoice(
        invoice_id=invoice.pk, amount=Decimal("360.00"), reason="Order cancelled", by=accountant, at=AT
    )
    note = request.credit_note
    assert note is not None
    assert value(proved(note), ".//rsm:ExchangedDocument/ram:TypeCode") == "503"
    assert services.deposits_of(order) == []


def test_more_than_the_order_is_no_deposit(order, accountant: User) -> None:
    deposit(order, "1000.00", accountant)
    with pytest.raises(services.DepositTooLarge):
        deposit(order, "300.00", accountant)


def test_money_of_another_client_is_no_deposit(order, accountant: User) -> None:
    other = make_payment(CustomerAccountFactory(company=order.company), "10.00", by=accountant)
    with pytest.raises(services.NotADeposit):
        services.issue_deposit(order_id=order.pk, payment_id=other.pk, by=accountant, at=AT)


def test_money_is_a_deposit_once(order, accountant: User) -> None:
    payment = make_payment(order.account, "360.00", by=accountant)
    services.issue_deposit(order_id=order.pk, payment_id=payment.pk, by=accountant, at=AT)
    with pytest.raises(services.NotADeposit):
        services.issue_deposit(order_id=order.pk, payment_id=payment.pk, by=accountant, at=AT)


def test_a_rep_issues_none(order, rep: User, accountant: User) -> None:
    payment = make_payment(order.account, "360.00", by=accountant)
    with pytest.raises(Refusal):
        services.issue_deposit(order_id=order.pk, payment_id=payment.pk, by=rep, at=AT)
