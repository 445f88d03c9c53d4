"""The team of a client: who may change which member, from when to when, and what four eyes look at."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts import services
from accounts.models import Company, CustomerAccount, TeamMember, User
from accounts.queries import belonging_on, rep_of
from accounts.services.membership import BeforePresent
from accounts.services.team import AlreadyMember, NotMember
from accounts.team_policy import CHANGED_BY, Change, MemberBlocker, member_blockers, roles_changed_with
from o2c.shared.calendar import paris_date
from o2c.shared.models import AuditEvent
from o2c.shared.problems import Invalid, NotAllowed, NotFound
from orders.models import Order
from tests.factories.accounts import CompanyFactory, CustomerAccountFactory, make_user
from tests.factories.orders import draft

TODAY = paris_date(timezone.now())


def ago(days: int) -> date:
    return TODAY - timedelta(days=days)


@pytest.mark.parametrize(
    ("change", "held", "expected"),
    [
        (Change("adv"), {"accounts.edit"}, ()),
        (Change("collector"), {"accounts.edit"}, (MemberBlocker.ROLE,)),
        (Change("collector"), {"payments.allocate"}, ()),
        (Change("credit"), {"accounts.edit"}, (MemberBlocker.ROLE,)),
        (Change("credit"), {"credit.decide_limit"}, ()),
        (Change("sales_rep", earlier=True), {"accounts.edit"}, (MemberBlocker.EARLIER_DAY,)),
        (Change("sales_rep", earlier=True), {"accounts.move"}, ()),
        (Change("sales_rep", bonus=True), {"accounts.edit"}, (MemberBlocker.BONUS,)),
        (Change("sales_rep", bonus=True, own=True), {"accounts.move"}, (MemberBlocker.OWN_BONUS,)),
        (Change("unheard of"), {"accounts.move"}, (MemberBlocker.ROLE,)),
        (Change("adv"), set(), (MemberBlocker.ROLE,)),
    ],
)
def test_who_may_change_which_member(change, held, expected):
    assert member_blockers(change, held) == expected


def test_who_leads_changes_every_role():
    assert roles_changed_with({"accounts.move"}) == tuple(CHANGED_BY)
    assert roles_changed_with({"payments.allocate"}) == ("collector",)


@pytest.fixture
def company(db: None) -> Company:
    return CompanyFactory(code="DEMO")


@pytest.fixture
def rep(company: Company) -> User:
    return make_user("sales", company, "rep", last_name="Martin")


@pytest.fixture
def account(company: Company, rep: User) -> CustomerAccount:
    return CustomerAccountFactory(company=company, code="C0001", rep=rep)


@pytest.fixture
def adv(company: Company) -> User:
    return make_user("adv_officer", company, "adv")


@pytest.fixture
def manager(company: Company) -> User:
    return make_user("credit_manager", company, "manager")


def add(account: CustomerAccount, user: User, role: str, by: User, **fields: Any) -> TeamMember:
    return services.add_member(
        account_id=account.pk, user=user, role=role, by=by, at=timezone.now(), **fields
    )


@pytest.mark.parametrize("role", ["sales", "sales_manager", "auditor", "dispute_owner", "administrator"])
def test_others_change_nobody(account, rep, role):
    by = make_user(role, account.company, "other")
    TeamMember.objects.create(
        account=account, user=by, role="sales_rep", valid_from=ago(9), valid_to=TODAY + timedelta(9)
    )
    for each in CHANGED_BY:
        with pytest.raises(NotAllowed):
            add(account, by, each, by)
    with pytest.raises(NotAllowed):
        services.end_member(member_id=account.team.first().pk, by=by, at=timezone.now())
    assert not AuditEvent.objects.filter(action__startswith="account.member").exists()


def test_a_client_of_another_company_is_not_there(account, rep):
    stranger = make_user("credit_manager", CompanyFactory(code="FAR"))
    with pytest.raises(NotFound):
        add(account, rep, "adv", stranger)
    with pytest.raises(NotFound):
        services.end_member(member_id=account.team.get().pk, by=stranger, at=timezone.now())


def test_a_new_rep_takes_the_place_of_the_present_one_from_a_day_on(account, rep, manager):
    other = make_user("sales", account.company, "other")
    add(account, other, "sales_rep", manager, valid_from=ago(3), reason="Territory changed")
    assert (rep_of(account, ago(4)), rep_of(account, ago(3)), rep_of(account, TODAY)) == (rep, other, other)
    assert list(CustomerAccount.objects.visible_to(other)) == [account]
    assert list(CustomerAccount.objects.visible_to(rep)) == []
    event = AuditEvent.objects.get(action="account.member_added")
    assert event.after is not None
    assert (event.after["member"], event.after["valid_from"], event.reason) == (
        "other", ago(3).isoformat(), "Territory changed",
    )  # fmt: skip


def test_an_earlier_day_takes_the_right_to_move(account, adv):
    other = make_user("sales", account.company, "other")
    with pytest.raises(NotAllowed):
        add(account, other, "sales_rep", adv, valid_from=ago(1))
    add(account, other, "sales_rep", adv)


def test_whoever_stands_in_sees_the_client_until_the_last_day(account, adv, rep, time_machine):
    other = make_user("sales", account.company, "other")
    order = draft(account, "120.00", by=adv, at=timezone.now())
    assert not Order.objects.visible_to(other).exists()
    add(account, other, "substitute", adv, valid_until=TODAY + timedelta(days=2))
    assert rep_of(account, TODAY) == belonging_on(account, TODAY).rep == rep, "the rep stays the rep"
    assert list(Order.objects.visible_to(other)) == [order], "what the rep sells is theirs to read meanwhile"
    assert list(CustomerAccount.objects.visible_to(other)) == [account]
    time_machine.move_to(timezone.now() + timedelta(days=2))
    assert list(CustomerAccount.objects.visible_to(User.objects.get(pk=other.pk))) == [account]
    time_machine.move_to(timezone.now() + timedelta(days=1))
    assert list(CustomerAccount.objects.visible_to(User.objects.get(pk=other.pk))) == []


@pytest.mark.parametrize(
    ("fields", "name"),
    [
        ({"valid_from": TODAY + timedelta(days=1)}, "valid_from"),
        ({"valid_until": TODAY - timedelta(days=1)}, "valid_until"),
        ({"role": "substitute"}, "valid_until"),
        ({"role": "sales_rep", "valid_until": TODAY + timedelta(days=9)}, "valid_until"),
    ],
)
def test_days_that_do_not_fit(account, adv, fields, name):
    with pytest.raises(Invalid) as refused:
        add(account, adv, **{"role": "adv", "by": adv, **fields})
    assert list(refused.value.errors) == [name]


def test_somebody_without_a_role_there_is_refused(account, adv):
    for user in (make_user(None, account.company, "nobody"), make_user("sales", CompanyFactory(code="FAR"))):
        with pytest.raises(Invalid) as refused:
            add(account, user, "adv", adv)
        assert list(refused.value.errors) == ["user"]


def test_nobody_does_the_same_twice(account, adv):
    add(account, adv, "adv", adv)
    for fields in ({}, {"valid_until": TODAY + timedelta(days=5)}):
        with pytest.raises(AlreadyMember):
            add(account, adv, "adv", adv, **fields)
    with pytest.raises(IntegrityError, match="one_open_membership"), transaction.atomic():
        TeamMember.objects.create(account=account, user=adv, role="adv", valid_from=TODAY)
    with pytest.raises(IntegrityError, match="substitute_has_an_end"), transaction.atomic():
        TeamMember.objects.create(account=account, user=adv, role="substitute", valid_from=TODAY)
    with pytest.raises(IntegrityError, match="team_member_ends_after_start"), transaction.atomic():
        TeamMember.objects.create(account=account, user=adv, role="adv", valid_from=TODAY, valid_to=ago(1))


def test_a_membership_ends_once(account, adv):
    member = add(account, adv, "adv", adv)
    ended = services.end_member(member_id=member.pk, by=adv, at=timezone.now())
    assert ended.valid_to == TODAY
    with pytest.raises(NotMember):
        services.end_member(member_id=member.pk, by=adv, at=timezone.now())
    assert account.team.filter(user=adv).count() == 1, "its history stays"


def test_ends_that_do_not_fit(account, adv, manager, rep):
    own = account.team.get(user=rep)
    with pytest.raises(Invalid):
        services.end_member(
            member_id=own.pk, by=manager, at=timezone.now(), last_day=TODAY + timedelta(days=9)
        )
    with pytest.raises(BeforePresent):
        services.end_member(member_id=own.pk, by=manager, at=timezone.now(), last_day=date(2001, 1, 1))
    with pytest.raises(NotAllowed):
        services.end_member(member_id=own.pk, by=adv, at=timezone.now(), last_day=ago(5))


def test_nobody_takes_or_lays_down_a_bonus_of_their_own(account, manager):
    with pytest.raises(NotAllowed):
        add(account, manager, "credit", manager, has_bonus=True)
    chief = make_user("executive", account.company)
    member = add(account, manager, "credit", chief, has_bonus=True)
    with pytest.raises(NotAllowed):
        services.end_member(member_id=member.pk, by=manager, at=timezone.now())
    services.end_member(member_id=member.pk, by=chief, at=timezone.now())


# --- the page ------------------------------------------------------------------------------------------------------


def browser(user: User) -> Client:
    found = Client(headers={"accept-language": "en"})
    found.force_login(user)
    return found


def test_the_page_adds_and_ends(account, adv):
    url = reverse("accounts:team", args=["C0001"])
    other = make_user("adv_officer", account.company, "other", first_name="Ann", last_name="Other")
    answer = browser(adv).post(url, {"user": other.pk, "role": "adv", "reason": "new"}, follow=True)
    assert "Ann Other is in the team" in answer.content.decode()
    member = account.team.get(user=other)
    answer = browser(adv).post(reverse("accounts:end_member", args=["C0001", member.pk]), follow=True)
    assert "Ann Other leaves the team" in answer.content.decode()
    member.refresh_from_db()
    assert member.valid_to == TODAY


def test_the_page_offers_what_the_reader_may(account, adv, rep):
    url = reverse("accounts:team", args=["C0001"])
    seen = browser(rep).get(url).content.decode()
    assert "Add a member" not in seen
    assert 'method="post" action="/clients/' not in seen
    assert browser(rep).post(url, {"role": "adv"}).status_code == 403
    form = browser(adv).get(url).context["form"]
    assert [value for value, _label in form.fields["role"].choices] == ["sales_rep", "substitute", "adv"]
    assert "has_bonus" not in form.fields
    books = make_user("receivables_accountant", account.company)
    form = browser(books).get(url).context["form"]
    assert [value for value, _label in form.fields["role"].choices] == ["collector"]


def test_what_is_wrong_stands_beside_its_field(account, adv):
    url = reverse("accounts:team", args=["C0001"])
    body = {"user": adv.pk, "role": "adv", "valid_until": ago(3).isoformat()}
    answer = browser(adv).post(url, body)
    assert answer.status_code == 422
    assert list(answer.context["form"].errors) == ["valid_until"]
    assert not account.team.filter(user=adv).exists()


def test_a_member_of_another_client_is_not_ended_from_here(account, adv):
    other = CustomerAccountFactory(company=account.company, code="C0002")
    member = TeamMember.objects.create(account=other, user=adv, role="adv", valid_from=ago(3))
    assert browser(adv).post(reverse("accounts:end_member", args=["C0001", member.pk])).status_code == 404
