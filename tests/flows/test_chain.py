"""Money in, orders out: what frees credit lets held orders go, oldest first, without anybody pressing a button."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from accounts.models import Company, CustomerAccount, User
from credit import nightly
from credit import services as credit
from invoicing import services as invoicing
from invoicing.models import ReceivableItem
from o2c.shared import work
from o2c.shared.calendar import paris_date
from orders import services as orders
from orders.models import Order
from orders.queries import shown_status
from tests.factories.accounts import CompanyFactory, CustomerAccountFactory, LegalEntityFactory, make_user
from tests.factories.orders import give_limit, open_item, submitted

pytestmark = pytest.mark.django_db


@pytest.fixture
def company() -> Company:
    return CompanyFactory(code="DEMO")


@pytest.fixture
def account(company: Company) -> CustomerAccount:
    account = CustomerAccountFactory(company=company)
    give_limit(account, "10000")
    return account


@pytest.fixture
def adv(company: Company) -> User:
    return make_user("adv_officer", company)


@pytest.fixture
def clerk(company: Company) -> User:
    return make_user("receivables_accountant", company)


def status(order: Order) -> str:
    return shown_status(Order.objects.get(pk=order.pk)).value


def pay(account: CustomerAccount, amount: str, by: User, **fields: object) -> None:
    invoicing.record_payment(
        company=account.company,
        external_id=f"P{ReceivableItem.objects.count()}",
        account=account,
        received_on=paris_date(timezone.now()),
        amount=Decimal(amount),
        currency="EUR",
        method="transfer",
        by=by,
        at=timezone.now(),
        **fields,  # type: ignore[arg-type]
    )


def test_a_payment_that_comes_in_frees_a_held_order(account: CustomerAccount, adv: User, clerk: User) -> None:
    open_item(account, "8000")
    order = submitted(account, "5000", by=adv)
    assert status(order) == "on_hold"
    pay(account, "3000", clerk)
    work.drain()
    assert status(order) == "confirmed"


def test_a_match_lifts_what_late_items_held(account: CustomerAccount, adv: User, clerk: User) -> None:
    late = open_item(account, "2000", due=paris_date(timezone.now()) - timedelta(days=30))
    order = submitted(account, "1000", by=adv)
    pay(account, "2000", clerk)
    work.drain()
    # The money is there but nobody has said what it pays: the item is still late.
    assert status(order) == "on_hold"
    money = ReceivableItem.objects.get(kind="PAYMENT")
    invoicing.allocate(
        from_item_id=money.pk, to_item_id=late.pk, amount=Decimal(2000), by=clerk, at=timezone.now()
    )
    work.drain()
    assert status(order) == "confirmed"


def test_unmatching_takes_the_credit_back(account: CustomerAccount, adv: User, clerk: User) -> None:
    late = open_item(account, "2000", due=paris_date(timezone.now()) - timedelta(days=30))
    pay(account, "2000", clerk)
    money = ReceivableItem.objects.get(kind="PAYMENT")
    made = invoicing.allocate(
        from_item_id=money.pk, to_item_id=late.pk, amount=Decimal(2000), by=clerk, at=timezone.now()
    )
    invoicing.unallocate(allocation_id=made.pk, by=clerk, at=timezone.now())
    assert status(submitted(account, "1000", by=adv)) == "on_hold"


def test_the_oldest_goes_first_and_a_smaller_one_may_pass(account: CustomerAccount, adv: User) -> None:
    at = timezone.now()
    open_item(account, "9000")
    large = submitted(account, "8000", by=adv, at=at - timedelta(minutes=2))
    small = submitted(account, "1500", by=adv, at=at - timedelta(minutes=1))
    manager = make_user("credit_manager", account.company)
    request = credit.create_limit_request(
        account=account, amount=Decimal(11000), kind="base", reason="Un peu plus", by=adv, at=at, submit=True
    )
    credit.approve_limit_request(request_id=request.pk, reason="ok", by=manager, at=at)
    work.drain()
    assert (status(large), status(small)) == ("on_hold", "confirmed")


def test_a_company_may_forbid_passing(account: CustomerAccount, adv: User, clerk: User) -> None:
    Company.objects.update(smaller_order_may_pass=False)
    at = timezone.now()
    open_item(account, "9000")
    large = submitted(account, "8000", by=adv, at=at - timedelta(minutes=2))
    small = submitted(account, "1500", by=adv, at=at - timedelta(minutes=1))
    pay(account, "1000", clerk)
    work.drain()
    assert (status(large), status(small)) == ("on_hold", "on_hold")


def test_money_of_a_sister_account_frees_the_shared_limit(company: Company, adv: User, clerk: User) -> None:
    entity = LegalEntityFactory()
    one, two = (CustomerAccountFactory(company=company, entity=entity) for _ in range(2))
    give_limit(one, "1000", at_entity=True)
    open_item(one, "900")
    order = submitted(two, "500", by=adv)
    assert status(order) == "on_hold"
    pay(one, "500", clerk)
    work.drain()
    assert status(order) == "confirmed"


def test_a_block_lifted_and_a_cancellation_free_orders(account: CustomerAccount, adv: User) -> None:
    manager = make_user("credit_manager", account.company)
    credit.block(account_id=account.pk, reason="Impayé", by=manager, at=timezone.now())
    blocked = submitted(account, "9000", by=adv)
    credit.unblock(account_id=account.pk, reason="Payé", by=manager, at=timezone.now())
    work.drain()
    assert status(blocked) == "confirmed"
    waiting = submitted(account, "5000", by=adv)
    orders.cancel(order_id=blocked.pk, reason="Client", by=adv, at=timezone.now())
    work.drain()
    assert status(waiting) == "confirmed"


def test_a_prepaid_order_goes_when_its_money_is_there(
    account: CustomerAccount, adv: User, clerk: User
) -> None:
    order = submitted(account, "500", by=adv, term="PREPAID")
    pay(account, "499", clerk, order=order)
    work.drain()
    assert status(order) == "on_hold"
    pay(account, "1", clerk, order=order)
    work.drain()
    assert status(order) == "confirmed"


def test_the_whole_way_from_order_to_cash_counts_nothing_twice(
    account: CustomerAccount, adv: User, clerk: User
) -> None:
    def net() -> Decimal:
        from credit.queries import exposure_of

        return exposure_of(account, on=paris_date(timezone.now())).net

    order = submitted(account, "1200", by=adv)
    assert net() == Decimal(1200)
    orders.deliver(order_id=order.pk, by=adv, at=timezone.now())
    assert net() == Decimal(1200)
    invoice = invoicing.issue_from_order(order_id=order.pk, by=adv, at=timezone.now())
    assert net() == Decimal(1200)
    assert status(order) == "invoiced"
    pay(account, "1200", clerk, reference=invoice.number, match=True)
    assert net() == 0
    nightly.begin(at=timezone.now())
    work.drain()
    assert nightly.last_run().differences == []  # type: ignore[union-attr]
