"""An outside partner: the clients entrusted to it from a day until a day, what is owed of them, and nothing else."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts import services as accounts
from accounts.models import Company, CustomerAccount, TeamMember, User
from accounts.team_policy import fits
from disputes.models import Dispute
from dunning.enums import LegalRoute
from dunning.models import Call, HandOver, PromiseToPay
from dunning.queries import worklist
from dunning.services.calls import record_call
from dunning.services.handovers import add_cost, hand_over
from dunning.services.promises import make_promise
from invoicing.models import ReceivableItem
from o2c.shared.calendar import paris_date
from o2c.shared.problems import Invalid, NotAllowed, NotFound
from tests.factories.accounts import CompanyFactory, CustomerAccountFactory, make_user
from tests.factories.invoicing import make_item
from tests.orders.pages import browse

pytestmark = pytest.mark.django_db


@pytest.fixture
def partner(company: Company) -> User:
    return make_user("partner", company, "partner")


@pytest.fixture
def manager(company: Company) -> User:
    return make_user("credit_manager", company, "manager")


@pytest.fixture
def late(account: CustomerAccount, accountant: User) -> ReceivableItem:
    today = paris_date(timezone.now())
    return make_item(
        account, "900.00", by=accountant, issued=today - timedelta(days=70), due=today - timedelta(days=40)
    )


def entrust(account: CustomerAccount, partner: User, by: User, **fields: Any) -> TeamMember:
    return accounts.add_member(
        account_id=account.pk, user=partner, role="partner", by=by, at=timezone.now(), **fields
    )


def fresh(user: User) -> User:
    return User.objects.get(pk=user.pk)


def listed(user: User, company: Company) -> list[str]:
    rows, _count = worklist.work_list(fresh(user), company, on=paris_date(timezone.now()))
    return [row.account.code for row in rows]


@pytest.mark.parametrize(
    ("role", "held", "may"),
    [
        ("partner", {"partner"}, True),
        ("collector", {"partner"}, False),
        ("partner", {"credit_manager"}, False),
        ("partner", {"partner", "adv_officer"}, False),
        ("adv", {"adv_officer"}, True),
    ],
)
def test_who_is_outside_is_a_partner_and_nobody_else(role: str, held: set[str], may: bool) -> None:
    assert fits(role, held) is may


def test_a_client_is_there_from_the_day_it_is_entrusted_until_the_last_one(
    account: CustomerAccount, partner: User, manager: User, late: ReceivableItem, time_machine: Any
) -> None:
    assert not CustomerAccount.objects.visible_to(partner).exists()
    entrust(account, partner, manager, valid_until=paris_date(timezone.now()) + timedelta(days=10))
    assert list(CustomerAccount.objects.visible_to(fresh(partner))) == [account]
    assert list(ReceivableItem.objects.visible_to(fresh(partner), account.company)) == [late]
    time_machine.move_to(timezone.now() + timedelta(days=11))
    assert not CustomerAccount.objects.visible_to(fresh(partner)).exists()
    assert not ReceivableItem.objects.visible_to(fresh(partner), account.company).exists()
    with pytest.raises(NotFound):
        record_call(account_id=account.pk, outcome="other", by=fresh(partner), at=timezone.now())


def test_it_reads_what_any_rep_sold_to_the_client(
    account: CustomerAccount, partner: User, manager: User, late: ReceivableItem, rep: User
) -> None:
    TeamMember.objects.create(account=account, user=rep, role="sales_rep", valid_from=account.opened_on)
    entrust(account, partner, manager)
    today = paris_date(timezone.now())
    assert worklist.items_to_talk_about(fresh(partner), account, on=today) == [late]


def test_who_entrusts_and_to_whom(
    account: CustomerAccount, partner: User, accountant: User, manager: User
) -> None:
    with pytest.raises(NotAllowed):
        entrust(account, partner, accountant)
    with pytest.raises(NotAllowed):
        entrust(account, partner, make_user("adv_officer", account.company))
    with pytest.raises(Invalid):
        entrust(account, accountant, manager)
    with pytest.raises(Invalid):
        accounts.add_member(
            account_id=account.pk, user=partner, role="collector", by=accountant, at=timezone.now()
        )
    with pytest.raises(Invalid):
        entrust(account, make_user("partner", CompanyFactory()), manager)


def test_it_stands_in_for_nobody(partner: User, manager: User, company: Company) -> None:
    today = paris_date(timezone.now())
    with pytest.raises(Invalid):
        accounts.name_substitute(
            absent=manager, substitute=partner, company=company, valid_from=today, valid_until=today, reason="away",
            by=manager, at=timezone.now(),
        )  # fmt: skip


def test_one_voice_the_house_does_not_call_whom_the_partner_calls(
    account: CustomerAccount,
    company: Company,
    partner: User,
    manager: User,
    accountant: User,
    late: ReceivableItem,
) -> None:
    assert listed(accountant, company) == [account.code]
    member = entrust(account, partner, manager)
    assert listed(partner, company) == [account.code]
    assert listed(accountant, company) == []
    accounts.end_member(member_id=member.pk, by=manager, at=timezone.now())
    assert listed(partner, company) == []
    assert listed(accountant, company) == [account.code]


def test_what_was_handed_over_stands_in_the_partners_list_alone(
    account: CustomerAccount,
    company: Company,
    partner: User,
    manager: User,
    accountant: User,
    late: ReceivableItem,
) -> None:
    at = timezone.now()
    made = hand_over(
        item_ids=[late.pk],
        route=LegalRoute.AMICABLE,
        recipient="Agency",
        reason="no answer",
        by=manager,
        at=at,
    )
    entrust(account, partner, manager)
    assert (listed(partner, company), listed(accountant, company)) == ([account.code], [])
    assert list(HandOver.objects.visible_to(fresh(partner), company)) == [made]
    with pytest.raises(NotAllowed):
        add_cost(hand_over_id=made.pk, what="fees", amount=Decimal(5), by=fresh(partner), at=at)


def test_it_calls_takes_promises_and_notes_disputes(
    account: CustomerAccount, partner: User, manager: User, late: ReceivableItem
) -> None:
    entrust(account, partner, manager)
    by, at = fresh(partner), timezone.now()
    promised_date = paris_date(at) + timedelta(days=4)
    promise = make_promise(item_ids=[late.pk], amount=Decimal(100), promised_date=promised_date, by=by, at=at)
    assert list(PromiseToPay.objects.visible_to(by, account.company)) == [promise]
    record_call(account_id=account.pk, outcome="dispute", item_ids=[late.pk], note="price", by=by, at=at)
    assert Dispute.objects.visible_to(by, account.company).count() == 1
    assert Call.objects.visible_to(by, account.company).count() == 1


def test_what_is_not_entrusted_does_not_exist(
    account: CustomerAccount,
    company: Company,
    partner: User,
    manager: User,
    accountant: User,
    late: ReceivableItem,
) -> None:
    entrust(CustomerAccountFactory(company=company), partner, manager)
    by, at = fresh(partner), timezone.now()
    with pytest.raises(NotFound):
        record_call(account_id=account.pk, outcome="other", by=by, at=at)
    with pytest.raises(NotFound):
        make_promise(
            item_ids=[late.pk],
            amount=Decimal(1),
            promised_date=paris_date(at) + timedelta(days=4),
            by=by,
            at=at,
        )
    client = Client()
    client.force_login(by)
    assert client.get(f"/collections/work/?client={account.code}").status_code == 404
    assert account.name not in client.get("/invoicing/items/").content.decode()


def test_pages_of_credit_and_orders_are_closed_to_it(
    account: CustomerAccount, partner: User, manager: User, late: ReceivableItem
) -> None:
    entrust(account, partner, manager)
    client = Client()
    client.force_login(partner)
    for page in (
        f"/clients/{account.code}/",
        f"/credit/clients/{account.code}/scorecard/",
        f"/api/v1/accounts/{account.code}/exposure/",
        "/orders/",
        "/reports/aged-balance/",
        "/outbox/",
    ):
        assert client.get(page).status_code == 403, page
    home, sheet = client.get("/"), client.get("/collections/work/")
    assert (home.status_code, sheet.status_code) == (200, 200)
    assert account.name in sheet.content.decode()
    assert f'href="/clients/{account.code}/"' not in sheet.content.decode() + home.content.decode()


def test_a_partner_is_offered_no_page_that_it_may_not_open(
    account: CustomerAccount, late: ReceivableItem, partner: User, manager: User, accountant: User
) -> None:
    entrust(account, partner, manager)
    promise = make_promise(
        item_ids=[late.pk],
        promised_date=paris_date(timezone.now()) + timedelta(days=3),
        by=accountant,
        at=timezone.now(),
    )
    invoice = late.invoice
    assert invoice is not None
    client_page = reverse("accounts:detail", args=[account.code])
    pages = (
        reverse("dunning:promises"),
        reverse("dunning:promise", args=[promise.pk]),
        reverse("invoicing:detail", args=[invoice.number]),
    )
    for address in pages:
        mine = browse(fresh(partner)).get(address)
        assert mine.status_code == 200, address
        assert account.name in mine.content.decode()
        assert f'href="{client_page}"' not in mine.content.decode(), address
        assert f'href="{client_page}' in browse(accountant).get(address).content.decode(), address
