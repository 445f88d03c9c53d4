"""Who stays behind when a client or an entity moves: figures and held orders of both sides."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.utils import timezone

from accounts.models import CustomerAccount, User
from credit.models import CreditStanding
from credit.queries import exposure_of
from credit.services.moves import change_client
from o2c.shared import work
from o2c.shared.calendar import paris_date
from orders.models import Order
from orders.queries import shown_status
from tests.factories.accounts import (
    CompanyFactory,
    CustomerAccountFactory,
    CustomerGroupFactory,
    LegalEntityFactory,
    make_user,
)
from tests.factories.orders import give_limit, open_item, submitted

pytestmark = pytest.mark.django_db


@pytest.fixture
def adv() -> User:
    return make_user("adv_manager", CompanyFactory(code="DEMO"))


@pytest.fixture
def pair(adv: User) -> list[CustomerAccount]:
    """Two clients under one entity in a group."""
    entity = LegalEntityFactory(group=CustomerGroupFactory(code="HOLDING"))
    return [CustomerAccountFactory(company=adv.home_company, entity=entity) for _ in range(2)]


def net(level: int, key: int) -> Decimal:
    return CreditStanding.objects.get(level=level, target_id=key).net_exposure


def test_the_entity_and_the_group_left_show_no_longer_what_moved(
    adv: User, pair: list[CustomerAccount]
) -> None:
    entity, group = pair[0].entity, pair[0].entity.group
    assert group is not None
    for account in pair:
        open_item(account, "100")
        change_client(account_id=account.pk, by=adv, at=timezone.now(), risk_class="B")
    work.drain()
    assert (net(2, entity.pk), net(1, group.pk)) == (Decimal(200), Decimal(200))
    change_client(account_id=pair[0].pk, siren=LegalEntityFactory.build().siren, by=adv, at=timezone.now())
    work.drain()
    assert (net(2, entity.pk), net(1, group.pk)) == (Decimal(100), Decimal(100))
    change_client(account_id=pair[1].pk, group="", by=adv, at=timezone.now())
    work.drain()
    assert (net(2, entity.pk), net(1, group.pk)) == (Decimal(100), Decimal(0))


def test_who_stays_behind_has_the_room_of_who_left(adv: User, pair: list[CustomerAccount]) -> None:
    give_limit(pair[0], "1000", at_entity=True, decided_by=adv)
    open_item(pair[0], "700")
    held = submitted(pair[1], "600", by=adv)
    assert shown_status(held) == "on_hold"
    change_client(account_id=pair[0].pk, siren=LegalEntityFactory.build().siren, by=adv, at=timezone.now())
    work.drain()
    assert shown_status(Order.objects.get(pk=held.pk)) == "confirmed"


def test_what_one_client_takes_of_a_group_is_gone_for_all_in_the_lists(adv: User) -> None:
    group = CustomerGroupFactory()
    one, other = (
        CustomerAccountFactory(company=adv.home_company, entity=LegalEntityFactory(group=group))
        for _ in range(2)
    )
    give_limit(one, "1000", at_group=True, decided_by=adv)
    for account in (one, other):
        change_client(account_id=account.pk, by=adv, at=timezone.now(), risk_class="B")
    work.drain()
    submitted(one, "600", by=adv)
    work.drain()
    shown = CreditStanding.objects.get(level=3, target_id=other.pk).available
    assert shown == exposure_of(other, on=paris_date(timezone.now())).available == Decimal(400)
