"""Many clients at once for the last of a limit: exactly one gets it, nobody sees a lock error.

Real threads, real commits, on the real acts.
"""

from __future__ import annotations

import os
import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from functools import partial

import pytest
from django.db import connection
from django.utils import timezone

from accounts.models import CustomerAccount, User
from credit.queries import exposure_of
from credit.services.moves import move_client
from invoicing import services as invoicing
from o2c.shared.calendar import paris_date
from orders import services
from orders.models import Order
from orders.queries import shown_status
from tests.factories.accounts import CompanyFactory, CustomerAccountFactory, LegalEntityFactory, make_user
from tests.factories.orders import draft, give_limit, open_item, submitted

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

CLIENTS = 16
ROUNDS = int(os.environ.get("RACE_ROUNDS", "20"))


def at_once(acts: list[Callable[[], object]]) -> list[BaseException]:
    """Start all acts at the same moment, each in a thread and connection of its own; the errors they raised."""
    start = threading.Barrier(len(acts))
    errors: list[BaseException] = []

    def one(act: Callable[[], object]) -> None:
        try:
            start.wait()
            act()
        except BaseException as error:
            errors.append(error)
        finally:
            connection.close()

    with ThreadPoolExecutor(len(acts)) as pool:
        list(pool.map(one, acts))
    return errors


@pytest.fixture
def adv() -> User:
    return make_user("adv_manager", CompanyFactory(code="DEMO"))


@pytest.fixture
def rounds() -> int:
    return ROUNDS


def shown(orders: list[Order]) -> Counter[str]:
    return Counter(shown_status(Order.objects.get(pk=order.pk)).value for order in orders)


def race(
    accounts: list[CustomerAccount], adv: User, beside: list[Callable[[], object]] | None = None
) -> None:
    orders = [draft(accounts[n % len(accounts)], "600", by=adv) for n in range(CLIENTS)]
    acts: list[Callable[[], object]] = [
        partial(services.submit, order_id=order.pk, by=adv, at=timezone.now()) for order in orders
    ]
    assert at_once(acts + (beside or [])) == []
    assert shown(orders) == {"confirmed": 1, "on_hold": CLIENTS - 1}


def test_one_client_whose_limit_admits_one_order(adv: User, rounds: int) -> None:
    company = adv.home_company
    for _ in range(rounds):
        account = CustomerAccountFactory(company=company)
        give_limit(account, "1000", decided_by=adv)
        race([account], adv)
        assert exposure_of(account, on=paris_date(timezone.now())).net == Decimal("600.00")


def test_one_limit_of_an_entity_shared_by_two_accounts(adv: User, rounds: int) -> None:
    company = adv.home_company
    for _ in range(rounds):
        entity = LegalEntityFactory()
        accounts = [CustomerAccountFactory(company=company, entity=entity) for _ in range(2)]
        give_limit(accounts[0], "1000", at_entity=True, decided_by=adv)
        race(accounts, adv)


def test_while_payments_are_matched_and_orders_invoiced(adv: User, rounds: int) -> None:
    company = adv.home_company
    clerk = make_user("receivables_accountant", company)
    for _ in range(rounds):
        account = CustomerAccountFactory(company=company)
        give_limit(account, "1000", decided_by=adv)
        # What moves beside the race takes no headroom away and frees none: 300 stay taken throughout.
        to_invoice = submitted(account, "200", by=adv)
        services.deliver(order_id=to_invoice.pk, by=adv, at=timezone.now())
        open_item(account, "100")
        money = [open_item(account, "-25", kind="PAYMENT") for _ in range(2)]
        more = [open_item(account, "25") for _ in range(2)]
        beside: list[Callable[[], object]] = [
            partial(invoicing.issue_from_order, order_id=to_invoice.pk, by=adv, at=timezone.now()),
            *[
                lambda pair=pair: invoicing.allocate(
                    from_item_id=pair[0].pk,
                    to_item_id=pair[1].pk,
                    amount=Decimal(25),
                    by=clerk,
                    at=timezone.now(),
                )
                for pair in zip(money, more, strict=True)
            ],
        ]
        race([account], adv, beside)
        assert exposure_of(account, on=paris_date(timezone.now())).net == Decimal("900.00")


def test_a_client_that_moves_to_another_entity_takes_only_what_one_limit_admits(
    adv: User, rounds: int
) -> None:
    company = adv.home_company
    for _ in range(rounds):
        mover = CustomerAccountFactory(company=company)
        joined = CustomerAccountFactory(company=company)
        for account in (mover, joined):
            give_limit(account, "1000", at_entity=True, decided_by=adv)
        move = partial(
            move_client,
            account_id=mover.pk,
            siren=joined.siren,
            reason="merger",
            by=adv,
            at=timezone.now(),
        )
        orders = [draft(mover, "600", by=adv) for _ in range(CLIENTS)]
        submits = [partial(services.submit, order_id=order.pk, by=adv, at=timezone.now()) for order in orders]
        assert at_once([*submits, move]) == []
        assert shown(orders) == {"confirmed": 1, "on_hold": CLIENTS - 1}
