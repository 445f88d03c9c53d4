"""What an order counts at the edges of its life: changed while it waits, closed, taken back, re-opened, raised."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

import pytest
from django.utils import timezone

from accounts.models import CustomerAccount, User
from credit.queries import exposure_of
from invoicing import services as invoicing
from o2c.shared.calendar import paris_date
from orders import services
from orders.models import Order
from orders.queries import shown_status
from orders.services import LineInput
from tests.factories.orders import submitted

pytestmark = pytest.mark.django_db


def now() -> datetime:
    return timezone.now()


def parts(account: CustomerAccount) -> dict[str, Decimal]:
    shown = exposure_of(account, on=paris_date(now())).figures.parts
    return {name: amount for name, amount in shown.items() if amount}


def goods(number: int, quantity: str, price: str) -> LineInput:
    """A line without VAT."""
    return LineInput(f"A{number}", "Goods", Decimal(quantity), Decimal(price), Decimal(0), number)


def confirmed(account: CustomerAccount, adv: User, *lines: LineInput) -> Order:
    order = services.create_order(company=account.company, account=account, lines=lines, by=adv, at=now())
    order = services.submit(order_id=order.pk, by=adv, at=now())
    assert shown_status(order) == "confirmed"
    return order


def test_a_raise_counts_what_was_confirmed_after_the_order(account: CustomerAccount, adv: User) -> None:
    first = confirmed(account, adv, goods(1, "1", "4000"))
    confirmed(account, adv, goods(1, "1", "6000"))
    raised = services.change_order(order_id=first.pk, lines=[goods(1, "1", "10000")], by=adv, at=now())
    assert shown_status(raised) == "on_hold"
    assert parts(account) == {"open_orders": Decimal("10000.00")}
    services.reexamine(account_id=account.pk, at=now())
    assert shown_status(Order.objects.get(pk=first.pk)) == "on_hold"


def test_an_unchanged_order_is_not_held_by_what_came_after_it(account: CustomerAccount, adv: User) -> None:
    first = confirmed(account, adv, goods(1, "1", "4000"))
    later = submitted(account, "20000", by=adv)
    Order.objects.filter(pk=later.pk).update(
        state="CONFIRMED", confirmed_at=now(), approved_total=Decimal(20000), is_open=True
    )
    assert shown_status(services.deliver(order_id=first.pk, by=adv, at=now())) == "delivered"


def test_moving_value_from_what_is_invoiced_to_what_is_open_is_a_raise(
    account: CustomerAccount, adv: User
) -> None:
    order = confirmed(account, adv, goods(1, "10", "500"), goods(2, "10", "500"))
    services.deliver(order_id=order.pk, lines=[(1, Decimal(10))], by=adv, at=now())
    invoicing.issue_from_order(order_id=order.pk, by=adv, at=now())
    assert parts(account) == {"open_invoices": Decimal("5000.00"), "open_orders": Decimal("5000.00")}
    changed = services.change_order(
        order_id=order.pk, lines=[goods(1, "10", "1"), goods(2, "10", "999")], by=adv, at=now()
    )
    assert changed.total_incl_vat == order.total_incl_vat
    assert shown_status(changed) == "on_hold"
    assert parts(account) == {"open_invoices": Decimal("5000.00"), "open_orders": Decimal("5000.00")}


def test_a_line_removed_in_a_raise_counts_until_the_raise_is_decided(
    account: CustomerAccount, adv: User, manager: User
) -> None:
    order = confirmed(account, adv, goods(1, "2", "1000"), goods(2, "1", "3000"))
    services.deliver(order_id=order.pk, lines=[(1, Decimal(1))], by=adv, at=now())
    before = {"open_orders": Decimal("4000.00"), "delivered_not_invoiced": Decimal("1000.00")}
    assert parts(account) == before
    services.change_order(order_id=order.pk, lines=[goods(1, "20", "1000")], by=adv, at=now())
    assert parts(account) == before
    services.change_order(
        order_id=order.pk, lines=[goods(1, "30", "1000"), goods(2, "1", "3000")], by=adv, at=now()
    )
    assert parts(account) == before
    services.refuse(order_id=order.pk, reason="no", by=manager, at=now())
    assert parts(account) == before


def test_what_comes_back_on_a_closed_order_leaves_the_exposure(account: CustomerAccount, adv: User) -> None:
    order = confirmed(account, adv, goods(1, "10", "100"))
    services.deliver(order_id=order.pk, lines=[(1, Decimal(6))], by=adv, at=now())
    services.close(order_id=order.pk, reason="enough", by=adv, at=now())
    assert parts(account) == {"delivered_not_invoiced": Decimal("600.00")}
    services.take_back(order_id=order.pk, lines=[(1, Decimal(2))], by=adv, at=now())
    assert parts(account) == {"delivered_not_invoiced": Decimal("400.00")}
    services.take_back(order_id=order.pk, by=adv, at=now())
    assert parts(account) == {}


def test_refusing_a_reopened_order_leaves_what_was_delivered(
    account: CustomerAccount, adv: User, manager: User
) -> None:
    order = confirmed(account, adv, goods(1, "10", "900"))
    services.deliver(order_id=order.pk, lines=[(1, Decimal(1))], by=adv, at=now())
    services.close(order_id=order.pk, reason="enough", by=adv, at=now())
    confirmed(account, adv, goods(1, "1", "9000"))
    assert shown_status(services.reopen(order_id=order.pk, by=adv, at=now())) == "on_hold"
    services.refuse(order_id=order.pk, reason="no", by=manager, at=now())
    assert parts(account) == {
        "delivered_not_invoiced": Decimal("900.00"),
        "open_orders": Decimal("9000.00"),
    }
