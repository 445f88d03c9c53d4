"""What a release lets through, it lets through once (design 3.11, domain.md 5.2)."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from accounts.models import Company, CustomerAccount, User
from invoicing.services import allocate, issue_from_order
from orders import services
from orders.models import HoldCase, Order, Release
from orders.policy import (
    RAISE_ALLOWED,
    RELEASE_ROUNDING,
    LineFacts,
    ReleaseFacts,
    covered,
    goods_released,
    goods_to_go_out,
    value_in_exposure,
)
from orders.services import LineInput
from orders.services.refusals import HeldAgain
from tests.factories.accounts import CompanyFactory, CustomerAccountFactory, make_user
from tests.factories.invoicing import make_credit
from tests.factories.orders import give_limit

DAY = date(2026, 11, 26)
PRICE = Decimal("1.2")
FOUND = {"OVER_LIMIT": {"excess": "10.00"}}


def release_of(amount: str = "1000", **fields: Any) -> ReleaseFacts:
    facts: dict[str, Any] = {
        "amount": Decimal(amount), "goods": Decimal(amount), "consumed": Decimal(0), "term_due": DAY,
        "covers": FOUND, "valid_until": DAY,
    }  # fmt: skip
    return ReleaseFacts(**(facts | fields))


@pytest.mark.parametrize(
    ("consumed", "left", "expected"),
    [
        ("0", "1000", True),
        ("0", "1020", True),
        ("0", "1020.04", False),
        ("600", "400", True),
        ("600", "420", True),
        ("1000", "0", True),
        ("1000", "400", False),
        ("1000", "1000", False),
    ],
)
def test_what_has_left_is_not_let_through_again(consumed, left, expected):
    release = release_of(consumed=Decimal(consumed))
    found = covered(release, FOUND, amount=Decimal(1000), to_go_out=Decimal(left), term_due=DAY, on=DAY)
    assert found is expected


@pytest.mark.parametrize(
    ("amount", "tested", "to_go_out", "expected"),
    [
        ("1000", "1000", "1000", "1000"),  # nothing has left
        ("1000", "1000", "400", "400"),  # 600 delivered and not invoiced: they have left already
        ("1300", "1000", "1000", "1300"),  # up to an amount above the order
        ("0", "0", "1000", "1000"),  # invoiced ahead: not in the order's own exposure, and still to go out
        ("0", "600", "0", "0"),
    ],
)
def test_goods_of_a_release(amount, tested, to_go_out, expected):
    found = goods_released(Decimal(amount), tested=Decimal(tested), to_go_out=Decimal(to_go_out))
    assert found == Decimal(expected)


acts = st.lists(
    st.tuples(
        st.sampled_from(["deliver", "return", "invoice", "raise", "lower"]),
        st.integers(min_value=1, max_value=1500),
    ),
    max_size=25,
)


@given(acts=acts, ahead=st.integers(0, 1000), beyond=st.integers(0, 300))
def test_no_sequence_of_acts_lets_more_out_than_was_released(acts, ahead, beyond):
    quantity, delivered, invoiced = Decimal(1000), Decimal(0), Decimal(ahead)

    def lines() -> list[LineFacts]:
        return [LineFacts(quantity, Decimal(0), delivered, invoiced, PRICE)]

    tested = value_in_exposure(quantity * PRICE, lines())
    amount = tested + beyond
    goods = goods_released(amount, tested=tested, to_go_out=goods_to_go_out(lines()))
    consumed = left_in_all = Decimal(0)
    for act, size in acts:
        some = Decimal(size)
        if act == "deliver":
            out = min(some, quantity - delivered)
            carried = covered(
                release_of(amount=str(amount), goods=goods, consumed=consumed),
                FOUND,
                amount=value_in_exposure(quantity * PRICE, lines()),
                to_go_out=goods_to_go_out(lines()),
                term_due=DAY,
                on=DAY,
            )
            if out > 0 and carried:
                delivered += out
                consumed += out * PRICE
                left_in_all += out * PRICE
        elif act == "return":
            delivered -= min(some, delivered)
        elif act == "invoice":
            invoiced += min(some, max(Decimal(0), quantity - invoiced))
        elif act == "raise":
            quantity += some
        else:
            quantity = max(quantity - some, delivered, invoiced)
        assert left_in_all <= goods + amount * RAISE_ALLOWED + RELEASE_ROUNDING


# --- the acts ------------------------------------------------------------------------------------------------------


@pytest.fixture
def company() -> Company:
    return CompanyFactory(code="DEMO")


@pytest.fixture
def adv(company: Company) -> User:
    return make_user("adv_officer", company)


@pytest.fixture
def account(company: Company) -> CustomerAccount:
    account = CustomerAccountFactory(company=company)
    give_limit(account, "100")
    return account


def lines(quantity: int) -> list[LineInput]:
    """So many pieces of 120 incl. VAT."""
    return [
        LineInput(sku="A1", description="Goods", quantity=Decimal(quantity), unit_price=Decimal(100), line=10)
    ]


@pytest.fixture
def released(account: CustomerAccount, adv: User) -> Order:
    """Ten pieces, far over the limit, released."""
    now = timezone.now()
    order = services.create_order(company=account.company, account=account, lines=lines(10), by=adv, at=now)
    services.submit(order_id=order.pk, by=adv, at=now)
    manager = make_user("credit_manager", account.company)
    return services.release(order_id=order.pk, comment="good payer", by=manager, at=now)


def held(order: Order) -> bool:
    return HoldCase.objects.filter(order=order, closed_at=None).exists()


@pytest.mark.django_db
def test_goods_of_a_release_go_out_in_parts_and_no_more(released: Order, adv: User) -> None:
    release = Release.objects.get()
    assert (release.amount, release.goods, release.consumed) == (Decimal(1200), Decimal(1200), Decimal(0))
    services.deliver(order_id=released.pk, lines=[(10, Decimal(4))], by=adv, at=timezone.now())
    services.deliver(order_id=released.pk, lines=[(10, Decimal(6))], by=adv, at=timezone.now())
    assert Release.objects.get().consumed == Decimal(1200)
    assert not held(released)


@pytest.mark.django_db
def test_a_delivered_and_invoiced_order_is_not_released_for_as_much_again(released: Order, adv: User) -> None:
    now = timezone.now()
    services.deliver(order_id=released.pk, by=adv, at=now)
    invoice = issue_from_order(order_id=released.pk, by=adv, at=now)
    books = make_user("receivables_accountant", released.company)
    money = make_credit(released.account, "1200", by=books, at=now)
    allocate(
        from_item_id=money.pk, to_item_id=invoice.items.get().pk, amount=Decimal(1200), by=books, at=now
    )  # paid: what is over the limit is no worse than when it was released
    services.change_order(order_id=released.pk, lines=lines(20), by=adv, at=now)
    assert held(released), "its release is used up: the ten pieces more need a decision of their own"
    with pytest.raises(HeldAgain):
        services.deliver(order_id=released.pk, by=adv, at=now)


@pytest.mark.django_db
def test_what_was_invoiced_ahead_does_not_free_the_release(released: Order, adv: User) -> None:
    now = timezone.now()
    issue_from_order(order_id=released.pk, by=adv, at=now)
    services.deliver(order_id=released.pk, lines=[(10, Decimal(5))], by=adv, at=now)
    services.change_order(order_id=released.pk, lines=lines(20), by=adv, at=now)
    assert held(released)


@pytest.mark.django_db
def test_what_came_back_goes_out_on_a_new_decision(released: Order, adv: User) -> None:
    now = timezone.now()
    services.deliver(order_id=released.pk, by=adv, at=now)
    services.take_back(order_id=released.pk, by=adv, at=now, reason="damaged")
    with pytest.raises(HeldAgain):
        services.deliver(order_id=released.pk, by=adv, at=now)
    other = make_user("credit_manager", released.company)
    services.release(order_id=released.pk, comment="replacement", by=other, at=now)
    services.deliver(order_id=released.pk, by=adv, at=now)
    _first, second = Release.objects.order_by("pk")
    assert (second.goods, second.consumed) == (Decimal(1200), Decimal(1200))


@pytest.mark.django_db
def test_a_release_that_has_run_out_is_not_used_up(released: Order, adv: User) -> None:
    Release.objects.update(valid_until=timezone.localdate() - timedelta(days=1))
    with pytest.raises(HeldAgain):
        services.deliver(order_id=released.pk, by=adv, at=timezone.now())
    assert Release.objects.get().consumed == 0


@pytest.mark.django_db
def test_goods_are_never_negative(released: Order) -> None:
    for name in ("goods", "consumed"):
        with pytest.raises(IntegrityError, match="release_goods_not_negative"), transaction.atomic():
            Release.objects.update(**{name: Decimal(-1)})
