"""Invoicing an order: delivered goods always, the whole in advance only when the check lets it pass."""

from __future__ import annotations

from decimal import Decimal

import pytest

from accounts.models import CustomerAccount, User
from invoicing import services
from invoicing.models import Invoice
from invoicing.policy import BeyondLegalCap, Instalment, InstalmentsDoNotAddUp
from invoicing.services.order_invoices import NotConfirmed, NothingToInvoice
from o2c.shared.problems import NotAllowed, NotFound, RuleRefused
from orders import services as orders
from orders.enums import OrderState
from orders.models import Order, OrderLine
from tests.factories.accounts import make_user
from tests.factories.invoicing import AT, TODAY, day, make_confirmed_order

pytestmark = pytest.mark.django_db


@pytest.fixture
def cleared(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Orders whose check before invoicing was asked for; it lets all pass."""
    asked: list[int] = []
    monkeypatch.setattr(
        orders, "clear_for_invoice", lambda *, order_id, **_: asked.append(order_id), raising=False
    )
    return asked


def issue(order: Order, by: User, **fields) -> Invoice:
    return services.issue_from_order(order_id=order.pk, by=by, at=AT, **fields)


def invoiced(order: Order) -> list[str]:
    return [f"{line.invoiced:.0f}" for line in order.lines.all()]


def test_an_order_that_is_not_confirmed_is_refused(
    account: CustomerAccount, accountant: User, cleared: list[int]
):
    for state in (OrderState.DRAFT, OrderState.SUBMITTED, OrderState.CANCELLED, OrderState.CLOSED):
        with pytest.raises(NotConfirmed) as refusal:
            issue(make_confirmed_order(account, by=accountant, state=state), accountant)
        assert refusal.value.status == 409
    assert cleared == []


def test_what_the_check_refuses_books_nothing(
    account: CustomerAccount, accountant: User, monkeypatch: pytest.MonkeyPatch
):
    def refuse(**_):
        raise RuleRefused(code="order_on_hold")

    monkeypatch.setattr(orders, "clear_for_invoice", refuse, raising=False)
    order = make_confirmed_order(account, by=accountant)

    with pytest.raises(RuleRefused):
        issue(order, accountant)

    assert invoiced(order) == ["0"]
    assert not Invoice.objects.exists()


def test_nothing_is_left_after_everything_is_invoiced(
    account: CustomerAccount, accountant: User, cleared: list[int]
):
    order = make_confirmed_order(account, by=accountant)
    issue(order, accountant)

    with pytest.raises(NothingToInvoice) as refusal:
        issue(order, accountant)

    assert (refusal.value.code, refusal.value.status) == ("nothing_to_invoice", 409)


def test_what_is_still_to_deliver_waits(account: CustomerAccount, accountant: User, cleared: list[int]):
    order = make_confirmed_order(account, by=accountant, delivered=("4",))
    issue(order, accountant)

    with pytest.raises(NothingToInvoice):
        issue(order, accountant)
    assert cleared == []


def test_rights_and_sight(account: CustomerAccount, accountant: User, rep: User, cleared: list[int]):
    order = make_confirmed_order(account, by=accountant)
    with pytest.raises(NotFound):
        issue(order, rep)
    with pytest.raises(NotAllowed):
        issue(order, make_user("credit_manager", account.company))
    with pytest.raises(NotFound):
        services.issue_from_order(order_id=0, by=accountant, at=AT)


def test_delivered_goods_are_invoiced_without_asking_again(
    account: CustomerAccount, accountant: User, cleared: list[int]
):
    order = make_confirmed_order(
        account, by=accountant, lines=(("10", "100"), ("5", "10")), delivered=("4", "0")
    )

    invoice = issue(order, accountant)

    assert (invoice.number, invoice.total_incl_vat, invoice.order) == (
        "FA2026-000001",
        Decimal("480.00"),
        order,
    )
    assert [
        (row.line, row.quantity, row.order_line.sku) for row in invoice.lines.all() if row.order_line
    ] == [(1, Decimal("4.000"), "A1")]
    assert invoice.items.get().open_amount == Decimal("480.00")
    assert (invoiced(order), cleared) == (["4", "0"], [])
    order.refresh_from_db()
    assert (order.is_started, order.version) == (True, 2)


def test_before_any_delivery_the_whole_is_invoiced_after_a_check(
    account: CustomerAccount, accountant: User, cleared: list[int]
):
    order = make_confirmed_order(account, by=accountant)
    OrderLine.objects.filter(order=order).update(cancelled=2)

    invoice = issue(order, accountant)

    assert (invoice.total_incl_vat, invoiced(order), cleared) == (Decimal("960.00"), ["8"], [order.pk])


def test_what_is_left_of_a_part_delivered_order_can_be_asked_for(
    account: CustomerAccount, accountant: User, cleared: list[int]
):
    order = make_confirmed_order(account, by=accountant, delivered=("4",))

    invoice = issue(order, accountant, only_delivered=False)

    assert (invoice.total_incl_vat, cleared) == (Decimal("1200.00"), [order.pk])


def test_a_closed_orders_deliveries_are_still_invoiced(
    account: CustomerAccount, accountant: User, cleared: list[int]
):
    order = make_confirmed_order(account, by=accountant, delivered=("4",), state=OrderState.CLOSED)
    assert issue(order, accountant).total_incl_vat == Decimal("480.00")


def test_a_raise_that_waits_for_its_decision_does_not_reach_the_client(
    account: CustomerAccount, accountant: User, cleared: list[int]
):
    order = make_confirmed_order(account, by=accountant, delivered=("4",))
    OrderLine.objects.filter(order=order).update(unit_price=150)

    assert issue(order, accountant).total_excl_vat == Decimal("400.00")


def test_the_orders_term_gives_the_due_date_and_may_be_replaced_within_the_cap(
    account: CustomerAccount, accountant: User, cleared: list[int]
):
    orders_made = [make_confirmed_order(account, by=accountant, delivered=("1",)) for _ in range(4)]

    assert issue(orders_made[0], accountant).due_date == day(30)
    assert issue(orders_made[1], accountant, due_date=day(60)).due_date == day(60)
    with pytest.raises(BeyondLegalCap):
        issue(orders_made[2], accountant, due_date=day(61))
    Order.objects.filter(pk=orders_made[3].pk).update(term="NET90")
    assert issue(orders_made[3], accountant).due_date == day(90)


def test_instalments_of_an_order(account: CustomerAccount, accountant: User, cleared: list[int]):
    order = make_confirmed_order(account, by=accountant, delivered=("1",))
    with pytest.raises(InstalmentsDoNotAddUp):
        issue(order, accountant, instalments=[Instalment(TODAY, Decimal(100))])

    invoice = issue(
        order, accountant, instalments=[Instalment(day(10), Decimal(50)), Instalment(day(40), Decimal(70))]
    )

    assert [item.due_date for item in invoice.items.order_by("instalment")] == [day(10), day(40)]
