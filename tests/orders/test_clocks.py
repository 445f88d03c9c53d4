"""The clock of a hold: reminded once after three working hours, the next level told once it is late; its owner."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone

from accounts.models import CustomerAccount, User
from o2c.shared import work
from o2c.shared.models import Notice
from o2c.shared.problems import Invalid, NotAllowed
from orders import services
from orders.models import HoldCase, OverrideRequest
from orders.services.refusals import WrongState
from tests.factories.accounts import make_user
from tests.factories.orders import submitted

from .pages import browse, text_of, url

pytestmark = pytest.mark.django_db
# A Tuesday morning.
NINE = datetime(2026, 11, 24, 9, 0, tzinfo=ZoneInfo("Europe/Paris"))


@pytest.fixture
def case(account: CustomerAccount, adv: User, analyst: User, manager: User) -> HoldCase:
    submitted(account, "12000", by=adv, at=NINE, number="CDE-1")
    work.drain()
    return HoldCase.objects.get()


def told(kind: str) -> list[str]:
    work.drain()
    return sorted(Notice.objects.filter(kind=kind).values_list("user__username", flat=True))


def test_four_working_hours_with_a_reminder_after_three(case: HoldCase) -> None:
    assert case.target_at - case.opened_at == timedelta(hours=4)
    assert case.alert_at == NINE + timedelta(hours=3)


def test_the_deciders_are_reminded_once(case: HoldCase, analyst: User) -> None:
    assert services.watch_clocks(at=NINE + timedelta(hours=2, minutes=59))["reminded"] == 0
    at = NINE + timedelta(hours=3)
    assert [services.watch_clocks(at=at)["reminded"] for _number in range(3)] == [1, 0, 0]
    assert told("case.alert") == ["analyst"]


def test_the_next_level_is_told_once_it_is_late(case: HoldCase, manager: User) -> None:
    at = NINE + timedelta(hours=4, minutes=1)
    assert [services.watch_clocks(at=at)["late"] for _number in range(3)] == [1, 0, 0]
    assert "manager" in told("case.overdue")
    assert "analyst" not in told("case.overdue")
    assert told("case.alert") == []


def test_the_owner_alone_is_reminded(case: HoldCase, manager: User) -> None:
    services.assign_case(order_id=case.order_id, owner=manager, by=manager, at=NINE)
    services.watch_clocks(at=NINE + timedelta(hours=3))
    assert told("case.alert") == ["manager"]


def test_nobody_is_reminded_of_what_is_decided(case: HoldCase, manager: User) -> None:
    services.watch_clocks(at=NINE + timedelta(hours=3))
    services.release(order_id=case.order_id, comment="Fine", by=manager, at=NINE)
    assert told("case.alert") == []
    assert services.watch_clocks(at=NINE + timedelta(days=3)) == {"reminded": 0, "late": 0, "expired": 0}


def test_a_request_whose_day_is_past_ends(case: HoldCase, rep: User) -> None:
    services.request_override(order_id=case.order_id, reason="r", by=rep, at=timezone.now())
    OverrideRequest.objects.update(valid_until=NINE.date())
    assert services.watch_clocks(at=NINE + timedelta(days=1))["expired"] == 1
    assert OverrideRequest.objects.get().status == "expired"


def test_a_hold_is_taken_and_given_back(case: HoldCase, manager: User, rep: User) -> None:
    client = browse(manager)
    answer = client.post(url("take", case.order), follow=True)
    assert "You look after this hold." in text_of(answer)
    case.refresh_from_db()
    assert case.owner == manager
    assert "Looked after by Helen Carter" in text_of(browse(rep).get(url("detail", case.order)))
    client.post(url("take", case.order), {"wish": "back"})
    case.refresh_from_db()
    assert case.owner is None


def test_only_who_works_on_holds_owns_one(case: HoldCase, rep: User, manager: User) -> None:
    assert browse(rep).post(url("take", case.order)).status_code == 403
    with pytest.raises(NotAllowed):
        services.assign_case(order_id=case.order_id, owner=manager, by=rep, at=NINE)
    with pytest.raises(Invalid):
        services.assign_case(order_id=case.order_id, owner=rep, by=manager, at=NINE)
    auditor = make_user("auditor", case.order.company)
    with pytest.raises(NotAllowed):
        services.assign_case(order_id=case.order_id, owner=auditor, by=auditor, at=NINE)
    services.release(order_id=case.order_id, comment="Fine", by=manager, at=NINE)
    with pytest.raises(WrongState):
        services.assign_case(order_id=case.order_id, owner=manager, by=manager, at=NINE)
