"""Who stays behind when a client or an entity moves: figures and held orders of both sides."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import CustomerAccount, EntityMembership, User
from accounts.services.membership import BeforePresent
from credit.models import CreditStanding
from credit.queries import exposure_of
from credit.services.moves import NothingMoves, change_client, move_client
from o2c.reports.aged_balance import AgedRow, aged_balance
from o2c.reports.scope import Selection
from o2c.shared import work
from o2c.shared.calendar import paris_date
from o2c.shared.models import AuditEvent
from o2c.shared.problems import Invalid, NotAllowed, NotFound
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


def move(account: CustomerAccount, by: User, **to: object) -> None:
    move_client(account_id=account.pk, reason="merger", by=by, at=timezone.now(), **to)  # type: ignore[arg-type]


def row_on(account: CustomerAccount, day: date) -> AgedRow:
    report = aged_balance(
        user=None, company=account.company, as_of=day, selection=Selection(account=account.code)
    )
    return report.rows[0]


def test_a_past_day_keeps_entity_group_limit_and_rep(adv: User) -> None:
    company, today = adv.home_company, paris_date(timezone.now())
    since = today - timedelta(days=10)
    reps = [make_user("sales", company) for _ in range(2)]
    account = CustomerAccountFactory(company=company, rep=reps[0])
    old = account.entity.siren
    other = LegalEntityFactory(group=CustomerGroupFactory(code="NEWCO"))
    give_limit(CustomerAccountFactory(company=company, entity=other), "900", at_group=True, decided_by=adv)
    open_item(account, "100", due=today - timedelta(days=40))
    before = row_on(account, today)
    move(account, adv, siren=other.siren, sales_rep=reps[1].username, effective_on=since)
    then = row_on(account, since - timedelta(days=1))
    assert (then.siren, then.limit, then.sales_rep) == (before.siren, before.limit, before.sales_rep)
    moved = row_on(account, since)
    assert (before.siren, before.limit, before.sales_rep) == (old, None, reps[0].username)
    assert (moved.siren, moved.limit, moved.sales_rep) == (other.siren, Decimal(900), reps[1].username)
    for rep, day, count in (
        (reps[0], since, 0),
        (reps[1], since, 1),
        (reps[0], since - timedelta(days=1), 1),
    ):
        found = aged_balance(
            user=None, company=account.company, as_of=day, selection=Selection(sales_rep=rep.username)
        )
        assert len(found.rows) == count


def test_a_group_joined_later_had_no_limit_before(adv: User) -> None:
    today = paris_date(timezone.now())
    account = CustomerAccountFactory(company=adv.home_company)
    CustomerGroupFactory(code="JOINED")
    open_item(account, "100", due=today - timedelta(days=40))
    move(account, adv, group="JOINED", effective_on=today - timedelta(days=5))
    account.refresh_from_db()
    give_limit(account, "700", at_group=True, decided_by=adv)
    assert row_on(account, today).limit == Decimal(700)
    assert row_on(account, today - timedelta(days=6)).limit is None
    move(account, adv, group="")
    assert row_on(account, today - timedelta(days=1)).limit == Decimal(700)
    assert row_on(account, today).limit is None


def test_what_a_move_refuses(adv: User, pair: list[CustomerAccount]) -> None:
    account, today = pair[0], paris_date(timezone.now())
    siren = LegalEntityFactory().siren
    with pytest.raises(Invalid):
        move_client(account_id=account.pk, reason=" ", siren=str(siren), by=adv, at=timezone.now())
    with pytest.raises(Invalid):
        move(account, adv, siren=siren, effective_on=today + timedelta(days=1))
    with pytest.raises(NothingMoves):
        move(account, adv, group="HOLDING")
    with pytest.raises(BeforePresent):
        move(account, adv, siren=siren, effective_on=date(2019, 12, 31))
    for role, refusal in (("adv_officer", NotAllowed), ("credit_analyst", NotAllowed), ("sales", NotFound)):
        with pytest.raises(refusal):
            move(account, make_user(role, account.company), siren=siren)
    assert EntityMembership.objects.filter(account=account).count() == 1
    move(account, adv, siren=siren)
    event = AuditEvent.objects.get(action="account.entity_changed")
    assert (event.reason, event.after is not None and event.after["from"]) == ("merger", today.isoformat())


def test_the_page_moves_a_client(adv: User, pair: list[CustomerAccount], client: Client) -> None:
    client.force_login(adv)
    address = reverse("credit:move", args=[pair[0].code])
    assert client.get(address).status_code == 200
    assert client.post(address, {"reason": ""}).status_code == 422
    assert client.post(address, {"reason": "sold"}).status_code == 422
    assert client.post(address, {"reason": "sold", "leaves_group": "on"}).status_code == 302
    pair[0].entity.refresh_from_db()
    assert pair[0].entity.group is None
    client.force_login(make_user("adv_officer", adv.home_company))
    assert client.get(address).status_code == 403
