"""What waits to be invoiced, invoicing many orders at once, and one invoice for several of them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import Company, CustomerAccount, User
from invoicing import proofs, services
from invoicing.billing import to_invoice
from invoicing.firewall.policy import Anomaly, Severity
from invoicing.models import AnomalyRule, Invoice
from invoicing.services.order_invoices import NothingToInvoice
from o2c.shared.problems import NotAllowed, NotFound
from orders.models import Order
from tests.factories.accounts import CompanyFactory, CustomerAccountFactory, make_user
from tests.factories.invoicing import AT, TODAY, make_confirmed_order

pytestmark = pytest.mark.django_db


@pytest.fixture
def orders(account: CustomerAccount, accountant: User) -> list[Order]:
    """Two delivered in part, one not."""
    return [
        make_confirmed_order(account, by=accountant, delivered=("4",)),
        make_confirmed_order(account, by=accountant, lines=(("3", "20"), ("2", "5")), delivered=("3", "1")),
        make_confirmed_order(account, by=accountant),
    ]


def grouped(orders: list[Order], by: User, **fields: Any) -> Invoice:
    return services.issue_grouped(order_ids=[order.pk for order in orders], by=by, at=AT, **fields)


def test_what_is_delivered_and_not_invoiced_waits(orders: list[Order], accountant: User, company: Company):
    found = {order.number: order.waiting for order in to_invoice(accountant, company)}  # type: ignore[attr-defined]
    assert found == {orders[0].number: Decimal(400), orders[1].number: Decimal(65)}
    services.issue_from_order(order_id=orders[0].pk, by=accountant, at=AT)
    assert [order.number for order in to_invoice(accountant, company)] == [orders[1].number]
    far = make_user("receivables_accountant", CompanyFactory(code="FAR"))
    assert not to_invoice(far, None).exists()


def test_one_invoice_takes_several_orders(orders: list[Order], accountant: User, company: Company):
    invoice = grouped(orders[:2], accountant)
    assert invoice.total_incl_vat == Decimal("558.00")
    assert invoice.order is None
    rows = [
        (line.order_line.order.number, int(line.quantity)) for line in invoice.lines.all() if line.order_line
    ]
    assert rows == [(orders[0].number, 4), (orders[1].number, 3), (orders[1].number, 1)]
    with pytest.raises(NothingToInvoice):
        grouped(orders[:2], accountant)
    assert Invoice.objects.count() == 1
    assert list(proofs.differences(company=company, today=TODAY)) == []


def test_a_whole_credit_note_lets_each_order_be_invoiced_again(
    orders: list[Order], accountant: User, company: Company
):
    invoice = grouped(orders[:2], accountant)
    services.credit_invoice(
        invoice_id=invoice.pk, amount=invoice.total_incl_vat, reason="wrong client reference",
        reason_code="REINVOICE", by=make_user("executive", company), at=AT,
    )  # fmt: skip
    assert {order.number for order in to_invoice(accountant, company)} == {o.number for o in orders[:2]}
    assert grouped(orders[:2], accountant).total_incl_vat == invoice.total_incl_vat


def test_one_invoice_is_of_one_client_currency_and_term(
    orders: list[Order], accountant: User, company: Company
):
    other = make_confirmed_order(CustomerAccountFactory(company=company), by=accountant, delivered=("1",))
    with pytest.raises(services.NotOneInvoice):
        grouped([orders[0], other], accountant)
    Order.objects.filter(pk=orders[1].pk).update(term="NET45")
    with pytest.raises(services.NotOneInvoice):
        grouped(orders[:2], accountant)
    with pytest.raises(NothingToInvoice):
        grouped([orders[2]], accountant)
    with pytest.raises(NotAllowed):
        grouped([orders[0]], make_user("sales_manager", company))
    with pytest.raises(NotFound):
        services.issue_grouped(order_ids=[orders[0].pk, 10**9], by=accountant, at=AT)
    assert not Invoice.objects.exists()


def test_each_chosen_order_is_invoiced_and_a_refused_one_keeps_no_other(
    orders: list[Order], accountant: User, company: Company
):
    client = Client(headers={"accept-language": "en"})
    client.force_login(accountant)
    keys = [order.pk for order in orders]
    page = client.post("/invoicing/to-invoice/issue/", {"ids": keys, "action": "grouped"})
    assert page.status_code == 200
    [invoice] = Invoice.objects.all()
    assert invoice.number in page.content.decode()
    # Pressed twice: nothing more.
    assert client.post("/invoicing/to-invoice/issue/", {"ids": keys}).status_code == 302
    assert Invoice.objects.count() == 1

    more = [make_confirmed_order(orders[0].account, by=accountant, delivered=("1",)) for _ in range(2)]
    AnomalyRule.objects.create(company=company, code=Anomaly.NOT_DELIVERED, severity=Severity.BLOCK)
    AnomalyRule.objects.create(company=company, code=Anomaly.BANK_DETAILS_MISSING, severity=Severity.BLOCK)
    refused = client.post("/invoicing/to-invoice/issue/", {"ids": [order.pk for order in more]})
    assert refused.status_code == 422
    assert "No bank account to pay to" in refused.content.decode()
    too_many = client.post("/invoicing/to-invoice/issue/", {"ids": list(range(60))})
    assert too_many.status_code == 302
    assert Invoice.objects.count() == 1


def test_the_list_costs_as_many_queries_at_any_length(account: CustomerAccount, accountant: User):
    client = Client()
    client.force_login(accountant)
    counts = []
    for more in (1, 2):
        for _ in range(more):
            make_confirmed_order(account, by=accountant, delivered=("1",))
        client.get("/invoicing/to-invoice/")
        with CaptureQueriesContext(connection) as queries:
            assert client.get("/invoicing/to-invoice/").status_code == 200
        counts.append(len(queries))
    assert counts[0] == counts[1]
