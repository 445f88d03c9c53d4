"""A release taken back: on hold again as before, as long as nothing has left, by the same person or a higher one."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.db import IntegrityError
from django.utils import timezone

from accounts.models import CustomerAccount, User
from credit.queries import exposure_of
from o2c.shared.calendar import paris_date
from o2c.shared.models import AuditEvent
from o2c.shared.problems import NotAllowed
from orders import services
from orders.models import Order, Release
from orders.queries import active_holds, shown_status
from orders.services import LineInput
from orders.services.refusals import AuthorityExceeded, FitsNow, WrongState
from tests.factories.accounts import make_user
from tests.factories.orders import submitted

from .pages import browse, text_of, url

pytestmark = pytest.mark.django_db


@pytest.fixture
def released(account: CustomerAccount, adv: User, manager: User) -> Order:
    order = submitted(account, "12000", by=adv, number="CDE-1")
    return services.release(order_id=order.pk, comment="Fine", by=manager, at=timezone.now())


def undo(order: Order, by: User) -> Order:
    return services.undo_release(order_id=order.pk, by=by, at=timezone.now())


def net(account: CustomerAccount) -> Decimal:
    return exposure_of(account, on=paris_date(timezone.now())).net


def test_it_is_on_hold_again_and_takes_no_credit(
    released: Order, account: CustomerAccount, manager: User
) -> None:
    assert net(account) == Decimal(12000)
    undo(released, manager)
    order = Order.objects.get()
    assert shown_status(order) == "on_hold"
    assert (order.state, order.confirmed_at, order.is_open) == ("SUBMITTED", None, False)
    assert (order.approved_total, order.approved_lines) == (Decimal(0), [])
    assert [hold.reason for hold in active_holds(order)] == ["OVER_LIMIT"]
    assert net(account) == 0
    release = Release.objects.get()
    assert release.voided_by == manager
    assert AuditEvent.objects.get(action="order.release_undone").actor == "manager"
    with pytest.raises(WrongState):
        undo(released, manager)
    services.release(order_id=order.pk, comment="After all", by=manager, at=timezone.now())
    assert net(account) == Decimal(12000)


def test_a_raise_that_was_released_goes_back_to_what_was_approved_before(
    account: CustomerAccount, adv: User, manager: User
) -> None:
    order = submitted(account, "6000", by=adv)
    row = order.lines.get()
    services.change_order(
        order_id=order.pk,
        lines=[
            LineInput(
                line=row.line, sku="A1", description="Goods", quantity=Decimal(2), unit_price=row.unit_price
            )
        ],
        by=adv,
        at=timezone.now(),
    )
    services.release(order_id=order.pk, comment="Fine", by=manager, at=timezone.now())
    assert net(account) == Decimal(12000)
    undo(order, manager)
    order = Order.objects.get()
    assert (order.state, shown_status(order)) == ("CONFIRMED", "on_hold")
    assert (order.approved_total, net(account)) == (Decimal(6000), Decimal(6000))


def test_a_hold_by_hand_comes_back_too(account: CustomerAccount, adv: User, manager: User) -> None:
    order = submitted(account, "12000", by=adv)
    services.hold(order_id=order.pk, comment="Address", by=adv, at=timezone.now())
    services.release(order_id=order.pk, comment="Fine", by=manager, at=timezone.now())
    undo(order, manager)
    assert {hold.reason for hold in active_holds(Order.objects.get())} == {"OVER_LIMIT", "MANUAL"}


def test_what_has_left_is_not_undone(released: Order, adv: User, manager: User) -> None:
    services.deliver(order_id=released.pk, by=adv, at=timezone.now())
    with pytest.raises(WrongState):
        undo(released, manager)


def test_what_was_never_released_is_not_undone(account: CustomerAccount, adv: User, manager: User) -> None:
    with pytest.raises(WrongState):
        undo(submitted(account, "500", by=adv), manager)


def test_an_order_that_fits_by_itself_stays(released: Order, account: CustomerAccount, manager: User) -> None:
    account.creditlimits.update(amount=Decimal(50000))
    with pytest.raises(FitsNow):
        undo(released, manager)
    assert shown_status(Order.objects.get()) == "confirmed"
    assert Release.objects.get().voided_at is None


def test_the_same_person_or_a_higher_one(
    released: Order, account: CustomerAccount, adv: User, analyst: User, rep: User
) -> None:
    with pytest.raises(NotAllowed):
        undo(released, rep)
    for user in (analyst, make_user("credit_manager", account.company)):
        with pytest.raises(AuthorityExceeded):
            undo(released, user)
    undo(released, make_user("finance_director", account.company))
    assert shown_status(Order.objects.get()) == "on_hold"


def test_the_toast_undoes_it(account: CustomerAccount, adv: User, manager: User, rep: User) -> None:
    order = submitted(account, "12000", by=adv)
    client = browse(manager)
    answer = client.post(url("release", order), {"reason": "Fine"}, follow=True)
    address = url("undo_release", order)
    assert f'action="{address}"' in answer.content.decode()
    assert "on hold again" in text_of(client.post(address, follow=True))
    assert "cannot be undone any more" in text_of(client.post(address, follow=True))
    assert browse(rep).post(address).status_code == 403


def test_the_database_refuses_an_author_without_a_time(released: Order, manager: User) -> None:
    with pytest.raises(IntegrityError, match="release_voided_by_with_voided_at"):
        Release.objects.update(voided_by=manager)
