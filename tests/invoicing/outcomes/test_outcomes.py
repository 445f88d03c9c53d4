"""How released orders turned out: the rule, and the statement of the night that says the same."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from accounts.models import Company, CustomerAccount, User
from credit.models import CreditDecision
from invoicing import services
from invoicing.models import ReceivableItem
from invoicing.outcomes.policy import Outcome, hit_rate, outcome
from invoicing.outcomes.services import mark_releases
from o2c.home.queries import hit_rate_of
from orders import services as orders
from orders.models import Order
from tests.factories.accounts import make_user
from tests.factories.invoicing import AT, TODAY, make_payment
from tests.factories.orders import give_limit, submitted

DUE = date(2026, 9, 30)


@pytest.mark.parametrize(
    ("paid_on", "on", "lost", "expected"),
    [
        (date(2026, 10, 15), date(2026, 10, 16), False, Outcome.PAID),
        (date(2026, 10, 16), date(2026, 10, 17), False, Outcome.LATE),
        (None, date(2026, 10, 15), False, Outcome.OPEN),
        (date(2026, 9, 30), date(2026, 10, 15), False, Outcome.OPEN),
        (None, date(2026, 10, 16), False, Outcome.LATE),
        (None, date(2026, 10, 1), True, Outcome.LOST),
    ],
)
def test_an_order_is_measured_once_its_grace_is_past(
    paid_on: date | None, on: date, lost: bool, expected: Outcome
) -> None:
    assert outcome(DUE, paid_on, on=on, lost=lost) == expected


def test_the_hit_rate_leaves_out_what_cannot_be_measured() -> None:
    found = hit_rate([Outcome.PAID, Outcome.LATE, Outcome.OPEN, Outcome.LOST])
    assert (found.measurable, found.successes, found.rate) == (3, 1, Decimal("33.3"))
    assert hit_rate([Outcome.OPEN]).rate is None


@pytest.fixture
def manager(company: Company) -> User:
    return make_user("credit_manager", company)


@pytest.fixture
def released(account: CustomerAccount, manager: User) -> Order:
    """An order over its limit, released, delivered and invoiced."""
    give_limit(account, "100")
    adv = make_user("adv_officer", account.company)
    order = submitted(account, "600", by=adv)
    orders.release(order_id=order.pk, comment="known for years", by=manager, at=AT)
    orders.deliver(order_id=order.pk, by=adv, at=AT)
    services.issue_from_order(order_id=order.pk, by=adv, at=AT)
    return order


def marked(order: Order, on: date) -> str:
    mark_releases(on=on)
    return str(CreditDecision.objects.get(releases__order=order).outcome)


@pytest.mark.django_db
def test_the_night_says_what_the_rule_says(
    released: Order, account: CustomerAccount, accountant: User, manager: User
) -> None:
    item = ReceivableItem.objects.get(invoice__order=released)
    last = item.due_date + timedelta(days=15)
    assert marked(released, last) == Outcome.OPEN
    assert marked(released, last + timedelta(days=1)) == Outcome.LATE
    assert hit_rate_of(manager, account.company).rate == Decimal("0.0")

    payment = make_payment(account, item.amount, by=accountant)
    services.allocate_payment(payment_id=payment.pk, items=[(item.pk, item.amount)], by=accountant, at=AT)

    assert marked(released, last + timedelta(days=1)) == Outcome.PAID
    assert hit_rate_of(manager, account.company).rate == Decimal("100.0")
    assert mark_releases(on=last + timedelta(days=1)) == {"marked": 0}
    services.return_payment(payment_id=payment.pk, returned_on=TODAY, reason="no funds", by=accountant, at=AT)
    assert marked(released, last + timedelta(days=1)) == Outcome.LATE


@pytest.mark.django_db
def test_nothing_is_said_while_goods_are_to_come_or_after_an_undone_release(
    account: CustomerAccount, manager: User
) -> None:
    give_limit(account, "100")
    order = submitted(account, "600", by=make_user("adv_officer", account.company))
    orders.release(order_id=order.pk, comment="known", by=manager, at=timezone.now())
    assert marked(order, TODAY + timedelta(days=400)) == Outcome.OPEN
    orders.undo_release(order_id=order.pk, by=manager, at=timezone.now())
    assert mark_releases(on=TODAY + timedelta(days=400)) == {"marked": 0}
