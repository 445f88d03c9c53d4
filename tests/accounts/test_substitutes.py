"""Who decides for whom: authority lent with dates, in one company, never passed on; four eyes against both."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from accounts import services
from accounts.models import Company, CustomerAccount, Substitution, User
from credit import services as credit
from credit.services.limits import AuthorityExceeded as LimitAuthorityExceeded
from credit.services.limits import FourEyes as LimitFourEyes
from o2c.shared.calendar import paris_date
from o2c.shared.models import AuditEvent
from o2c.shared.problems import Conflict, Invalid, NotAllowed
from orders import services as orders
from orders.models import OverrideRequest
from orders.services.refusals import AuthorityExceeded, FourEyes
from tests.factories.accounts import CompanyFactory, CustomerAccountFactory, make_user
from tests.factories.orders import give_limit, submitted

pytestmark = pytest.mark.django_db


@pytest.fixture
def company() -> Company:
    return CompanyFactory(code="DEMO")


@pytest.fixture
def manager(company: Company) -> User:
    return make_user("credit_manager", company, "manager")


@pytest.fixture
def analyst(company: Company) -> User:
    return make_user("credit_analyst", company, "analyst")


@pytest.fixture
def adv(company: Company) -> User:
    return make_user("adv_officer", company, "adv")


@pytest.fixture
def rep(company: Company) -> User:
    return make_user("sales", company, "rep")


@pytest.fixture
def account(company: Company, rep: User) -> CustomerAccount:
    account = CustomerAccountFactory(company=company, rep=rep)
    give_limit(account, "10000")
    return account


def today(days: int = 0) -> date:
    return paris_date(timezone.now()) + timedelta(days=days)


def stand_in(absent: User, substitute: User, **fields: Any) -> Substitution:
    fields.setdefault("company", absent.home_company)
    fields.setdefault("valid_from", today())
    fields.setdefault("valid_until", today(5))
    fields.setdefault("reason", "Holidays")
    fields.setdefault("by", absent)
    return services.name_substitute(absent=absent, substitute=substitute, at=timezone.now(), **fields)


def fresh(user: User) -> User:
    """The same person in the next request."""
    return User.objects.get(pk=user.pk)


def test_authority_is_lent_for_the_days_and_the_company(
    company: Company, manager: User, analyst: User
) -> None:
    other = CompanyFactory(code="OTHER")
    stand_in(manager, analyst)
    assert fresh(analyst).authority_in(company) == 3
    assert fresh(analyst).authority_in(other) == 0
    Substitution.objects.update(valid_from=today(1))
    assert fresh(analyst).authority_in(company) == 2
    Substitution.objects.update(valid_from=today(-5), valid_until=today(-1))
    assert fresh(analyst).authority_in(company) == 2
    Substitution.objects.update(valid_until=today(), ended_at=timezone.now())
    assert fresh(analyst).authority_in(company) == 2


def test_only_seeing_and_deciding_is_lent(company: Company, manager: User) -> None:
    seller = make_user("sales", company, "other")
    client = CustomerAccountFactory(company=company)
    assert not CustomerAccount.objects.visible_to(seller).filter(pk=client.pk).exists()
    stand_in(manager, seller)
    seller = fresh(seller)
    assert CustomerAccount.objects.visible_to(seller).filter(pk=client.pk).exists()
    assert seller.may("orders.release", company)
    assert seller.may("credit.decide_limit", company)
    assert not seller.may("accounts.block", company)
    assert not seller.may("audit.view", company)


def test_what_is_lent_is_not_passed_on(company: Company, manager: User, analyst: User, adv: User) -> None:
    stand_in(manager, analyst)
    stand_in(analyst, adv)
    assert fresh(analyst).authority_in(company) == 3
    assert fresh(adv).authority_in(company) == 2


def test_who_has_left_lends_nothing(company: Company, manager: User, analyst: User) -> None:
    stand_in(manager, analyst)
    User.objects.filter(pk=manager.pk).update(is_active=False)
    assert fresh(analyst).authority_in(company) == 2


def test_rights_cost_one_query(
    company: Company, manager: User, analyst: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    stand_in(manager, analyst)
    reader = fresh(analyst)
    with django_assert_num_queries(1):
        reader.may("orders.release", company)
        reader.authority_in(company)
        reader.acting_in(company)
        reader.company_ids()


def test_the_substitute_decides_in_the_absent_persons_name(
    account: CustomerAccount, adv: User, rep: User, manager: User, analyst: User
) -> None:
    order = submitted(account, "32000", by=adv)
    asked = orders.request_override(order_id=order.pk, reason="Signed", by=rep, at=timezone.now())
    with pytest.raises(AuthorityExceeded):
        orders.approve_override(request_id=asked.pk, reason="ok", by=fresh(analyst), at=timezone.now())
    stand_in(manager, analyst)
    orders.approve_override(request_id=asked.pk, reason="ok", by=fresh(analyst), at=timezone.now())
    asked.refresh_from_db()
    assert (asked.decided_by, asked.on_behalf_of) == (analyst, manager)
    event = AuditEvent.objects.get(action="order.released")
    assert (event.actor, event.on_behalf_of) == ("analyst", "manager")


def test_within_their_own_authority_they_decide_for_themselves(
    account: CustomerAccount, adv: User, manager: User, analyst: User
) -> None:
    stand_in(manager, analyst)
    order = submitted(account, "12000", by=adv)
    orders.release(order_id=order.pk, comment="ok", by=fresh(analyst), at=timezone.now())
    assert OverrideRequest.objects.get().on_behalf_of is None
    assert AuditEvent.objects.get(action="order.released").on_behalf_of == ""


def test_never_higher_than_the_absent_person(
    account: CustomerAccount, adv: User, manager: User, analyst: User
) -> None:
    stand_in(manager, analyst)
    order = submitted(account, "90000", by=adv)
    with pytest.raises(AuthorityExceeded) as refusal:
        orders.release(order_id=order.pk, comment="ok", by=fresh(analyst), at=timezone.now())
    assert refusal.value.required_role == "finance_director"


@pytest.mark.parametrize("total", ["12000", "32000"])
def test_four_eyes_hold_against_both(
    account: CustomerAccount, adv: User, manager: User, analyst: User, total: str
) -> None:
    stand_in(manager, analyst)
    order = submitted(account, total, by=adv)
    asked = orders.request_override(order_id=order.pk, reason="r", by=manager, at=timezone.now())
    for act in (orders.approve_override, orders.refuse_override):
        with pytest.raises(FourEyes):
            act(request_id=asked.pk, reason="ok", by=fresh(analyst), at=timezone.now())
    orders.withdraw_override(request_id=asked.pk, by=manager, at=timezone.now())
    own = orders.request_override(order_id=order.pk, reason="r", by=fresh(analyst), at=timezone.now())
    with pytest.raises(FourEyes):
        orders.approve_override(request_id=own.pk, reason="ok", by=fresh(analyst), at=timezone.now())


def test_limits_follow_the_same_rules(
    account: CustomerAccount, rep: User, manager: User, analyst: User
) -> None:
    def wish(by: User) -> int:
        made = credit.create_limit_request(
            account=account,
            amount=Decimal(90000),
            kind="base",
            reason="r",
            by=by,
            at=timezone.now(),
            submit=True,
        )
        return made.pk

    def approve(key: int) -> Any:
        return credit.approve_limit_request(request_id=key, reason="ok", by=fresh(analyst), at=timezone.now())

    with pytest.raises(LimitAuthorityExceeded):
        approve(wish(rep))
    stand_in(manager, analyst)
    for mine in (wish(manager), wish(analyst)):
        with pytest.raises(LimitFourEyes):
            approve(mine)
    assert approve(wish(rep)).on_behalf_of == manager
    assert AuditEvent.objects.get(action="limit.approved").on_behalf_of == "manager"


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"valid_until": today(-1), "valid_from": today(-2)}, "valid_until"),
        ({"valid_from": today(3), "valid_until": today(2)}, "valid_until"),
        ({"valid_until": today(400)}, "valid_until"),
        ({"reason": " "}, "reason"),
    ],
)
def test_days_and_reason_must_fit(manager: User, analyst: User, fields: dict[str, Any], field: str) -> None:
    with pytest.raises(Invalid) as refusal:
        stand_in(manager, analyst, **fields)
    assert list(refusal.value.errors) == [field]


def test_who_may_stand_in_for_whom(company: Company, manager: User, analyst: User, rep: User) -> None:
    stranger = make_user("credit_manager", CompanyFactory(code="OTHER"), "stranger")
    system = make_user("integration", company, "robot", is_system=True)
    for substitute in (manager, stranger, system):
        with pytest.raises(Invalid) as refusal:
            stand_in(manager, substitute, company=company)
        assert list(refusal.value.errors) == ["substitute"]
    with pytest.raises(Invalid) as refusal:
        stand_in(rep, manager)
    assert list(refusal.value.errors) == ["absent"]
    with pytest.raises(NotAllowed):
        stand_in(manager, analyst, by=analyst)
    stand_in(manager, analyst, by=make_user("administrator", company))


def test_a_substitution_is_ended_once(company: Company, manager: User, analyst: User, adv: User) -> None:
    named = stand_in(manager, analyst)
    with pytest.raises(NotAllowed):
        services.end_substitution(substitution_id=named.pk, by=adv, at=timezone.now())
    services.end_substitution(substitution_id=named.pk, by=manager, at=timezone.now())
    with pytest.raises(Conflict):
        services.end_substitution(substitution_id=named.pk, by=manager, at=timezone.now())
    assert AuditEvent.objects.filter(action__startswith="user.substitute").count() == 2


@pytest.mark.parametrize(
    ("constraint", "change"),
    [
        ("substitution_by_somebody_else", {"substitute": "absent"}),
        ("substitution_ends_after_start", {"valid_until": date(2020, 1, 1)}),
        ("substitution_has_a_reason", {"reason": ""}),
    ],
)
def test_the_database_refuses(manager: User, analyst: User, constraint: str, change: dict[str, Any]) -> None:
    named = stand_in(manager, analyst)
    values = {name: named.absent if value == "absent" else value for name, value in change.items()}
    with pytest.raises(IntegrityError, match=constraint):
        Substitution.objects.filter(pk=named.pk).update(**values)


def test_the_database_refuses_a_decision_for_who_asked(
    account: CustomerAccount, adv: User, rep: User, manager: User
) -> None:
    order = submitted(account, "12000", by=adv)
    asked = orders.request_override(order_id=order.pk, reason="r", by=rep, at=timezone.now())
    orders.approve_override(request_id=asked.pk, reason="ok", by=manager, at=timezone.now())
    with pytest.raises(IntegrityError, match="override_four_eyes_of_the_represented"):
        OverrideRequest.objects.update(on_behalf_of=rep)
