"""Sites of one legal entity: one line, one sheet, one call, one collector."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.models import Company, CustomerAccount, TeamMember, User
from dunning.enums import ReminderStatus
from dunning.models import Call, DunningRun, PromiseToPay, Reminder
from dunning.queries import worklist
from dunning.services.calls import record_call, record_call_about_sites
from dunning.services.scenarios import ensure_scenario
from invoicing.models import ReceivableItem
from o2c.shared.calendar import paris_date
from o2c.shared.problems import Invalid, NotFound
from tests.factories.accounts import CustomerAccountFactory, make_user
from tests.factories.invoicing import make_item

pytestmark = pytest.mark.django_db
D = Decimal
TODAY = paris_date(timezone.now())
Late = Callable[..., ReceivableItem]


@pytest.fixture
def late(accountant: User) -> Late:
    def make(account: CustomerAccount, days: int, amount: str = "100.00") -> ReceivableItem:
        due = TODAY - timedelta(days=days)
        return make_item(account, amount, by=accountant, issued=due - timedelta(days=30), due=due)

    return make


@pytest.fixture
def sites(company: Company, account: CustomerAccount, late: Late) -> list[CustomerAccount]:
    """Three sites of one legal entity that owe 100, 300 and 200."""
    found = [account, *(CustomerAccountFactory(company=company, entity=account.entity) for _n in range(2))]
    for site, days, amount in zip(found, (10, 20, 40), ("100.00", "300.00", "200.00"), strict=True):
        late(site, days, amount)
    return found


def collector(account: CustomerAccount, user: User, since: date) -> None:
    TeamMember.objects.create(account=account, user=user, role="collector", valid_from=since)


def call(sites: list[CustomerAccount], by: User, **given: Any) -> list[Call]:
    fields = {"outcome": "not_reached"} | given
    return record_call_about_sites(
        account_ids=[site.pk for site in sites], by=by, at=timezone.now(), **fields
    )


def test_one_line_with_its_sites_and_the_sum_at_stake(
    company: Company, sites: list[CustomerAccount], accountant: User, late: Late
) -> None:
    alone = CustomerAccountFactory(company=company)
    late(alone, 10, "50.00")
    listed, count = worklist.work_list(accountant, company, on=TODAY)
    assert count == 2
    assert [(row.name, row.owed) for row in listed] == [
        (sites[0].entity.name, D("600.00")),
        (alone.name, D("50.00")),
    ]
    assert [(site.account, site.owed, site.oldest_days) for site in listed[0].sites] == [
        (sites[1], D("300.00"), 20), (sites[2], D("200.00"), 40), (sites[0], D("100.00"), 10),
    ]  # fmt: skip
    assert listed[0].oldest_days == 40


def test_a_site_of_another_selling_company_is_not_pooled(
    company: Company, sites: list[CustomerAccount], accountant: User, late: Late
) -> None:
    elsewhere = CustomerAccountFactory(entity=sites[0].entity)
    due = TODAY - timedelta(days=10)
    books = make_user("receivables_accountant", elsewhere.company)
    make_item(elsewhere, "5000.00", by=books, issued=due - timedelta(days=30), due=due)
    listed, _count = worklist.work_list(accountant, company, on=TODAY)
    assert listed[0].owed == D("600.00")
    assert elsewhere not in worklist.sites_of(accountant, sites[0])


def test_a_rep_pools_the_own_sites_alone(company: Company, sites: list[CustomerAccount], rep: User) -> None:
    TeamMember.objects.create(account=sites[0], user=rep, role="sales_rep", valid_from=sites[0].opened_on)
    listed, _count = worklist.work_list(rep, company, on=TODAY)
    assert [[site.account for site in row.sites] for row in listed] == [[sites[0]]]
    assert worklist.sites_of(rep, sites[0]) == [sites[0]]
    with pytest.raises(NotFound):
        call(sites, rep)


def test_a_call_is_noted_with_each_site_and_counts_once(
    company: Company, sites: list[CustomerAccount], accountant: User
) -> None:
    first, *others = call(sites, accountant, outcome="other", satisfaction=4, note="spoke to the head")
    assert [row.account for row in [first, *others]] == sites
    assert (first.pooled_with, {row.pooled_with for row in others}) == (None, {first})
    assert [row.satisfaction for row in [first, *others]] == [4, None, None]
    assert worklist.called_today(accountant, company, on=TODAY) == 1
    assert worklist.work_list(accountant, company, on=TODAY) == ([], 0)


def test_who_was_called_about_one_site_is_called_about_none(
    company: Company, sites: list[CustomerAccount], accountant: User
) -> None:
    record_call(account_id=sites[2].pk, outcome="not_reached", by=accountant, at=timezone.now())
    assert worklist.work_list(accountant, company, on=TODAY) == ([], 0)


def test_a_promise_is_of_the_site_whose_documents_were_chosen(
    sites: list[CustomerAccount], accountant: User
) -> None:
    day = TODAY + timedelta(days=4)
    items = [ReceivableItem.objects.get(account=sites[n]).pk for n in (1, 2)]
    rows = call(sites, accountant, outcome="promise", item_ids=items, promised_date=day)
    assert [(row.account, row.outcome) for row in rows] == [
        (sites[1], "promise"), (sites[2], "promise"), (sites[0], "other"),
    ]  # fmt: skip
    assert set(PromiseToPay.objects.values_list("account", "amount")) == {
        (sites[1].pk, D("300.00")), (sites[2].pk, D("200.00")),
    }  # fmt: skip


def test_what_cannot_be_noted_leaves_nothing(
    company: Company, sites: list[CustomerAccount], accountant: User, late: Late
) -> None:
    day = TODAY + timedelta(days=4)
    items = [ReceivableItem.objects.get(account=sites[n]).pk for n in (1, 2)]
    with pytest.raises(Invalid):
        call(sites, accountant, outcome="promise", item_ids=items, promised_date=day, amount=D(10))
    stranger = CustomerAccountFactory(company=company)
    with pytest.raises(Invalid):
        call([*sites, stranger], accountant)
    with pytest.raises(NotFound):
        call(sites, accountant, outcome="dispute", item_ids=[late(stranger, 10).pk])
    with pytest.raises(NotFound):
        call([], accountant)
    assert not Call.objects.exists()
    assert not PromiseToPay.objects.exists()


def test_calls_of_scenarios_are_made_for_every_site(sites: list[CustomerAccount], accountant: User) -> None:
    company = sites[0].company
    run = DunningRun.objects.create(company=company, as_of=TODAY, created_at=timezone.now())
    step = ensure_scenario(company).steps.get(number=1)
    for site in sites:
        Reminder.objects.create(
            company=company, run=run, account=site, step=step, number=1, channel="call", language="fr", as_of=TODAY,
            currency="EUR", total=1, status=ReminderStatus.TO_CALL,
        )  # fmt: skip
    call(sites, accountant, outcome="other")
    assert set(Reminder.objects.values_list("status", flat=True)) == {ReminderStatus.CALLED}


def test_one_collector_for_all_sites_and_each_client_counted_once(
    company: Company, sites: list[CustomerAccount], accountant: User, late: Late
) -> None:
    old, new = make_user("receivables_accountant", company), make_user("receivables_accountant", company)
    collector(sites[0], new, date(2026, 1, 1))
    collector(sites[2], old, date(2025, 1, 1))
    alone = CustomerAccountFactory(company=company)
    late(alone, 10, "50.00")
    listed, _count = worklist.work_list(accountant, company, on=TODAY)
    assert [row.collector for row in listed] == [old, None]
    mine, count = worklist.work_list(old, company, on=TODAY, mine=True)
    assert ([row.account.entity for row in mine], count) == ([sites[0].entity, alone.entity], 2)
    mine, count = worklist.work_list(new, company, on=TODAY, mine=True)
    assert ([row.account for row in mine], count) == ([alone], 1)
    loads = worklist.workloads(accountant, company, on=TODAY)
    assert [(row.collector, row.clients, row.sites, row.documents, row.owed) for row in loads] == [
        (old, 1, 3, 3, D("600.00")), (None, 1, 1, 1, D("50.00")),
    ]  # fmt: skip


def test_readings_do_not_grow_with_sites(
    company: Company, sites: list[CustomerAccount], accountant: User, late: Late
) -> None:
    def asked() -> tuple[int, int]:
        with CaptureQueriesContext(connection) as sent:
            worklist.work_list(accountant, company, on=TODAY)
        with CaptureQueriesContext(connection) as counted:
            worklist.workloads(accountant, company, on=TODAY)
        return len(sent), len(counted)

    few = asked()
    for _n in range(3):
        late(CustomerAccountFactory(company=company, entity=sites[0].entity), 10)
        late(CustomerAccountFactory(company=company), 10)
    assert asked() == few


def test_the_sheet_shows_the_sites_and_notes_one_call(
    client: Client, sites: list[CustomerAccount], accountant: User
) -> None:
    client.force_login(accountant)
    page = client.get(reverse("dunning:work_list")).content.decode()
    for site in sites:
        assert site.name in page
        assert ReceivableItem.objects.get(account=site).document in page
    answer = client.post(reverse("dunning:record_call", args=[sites[1].code]), {"outcome": "not_reached"})
    assert answer.status_code == 302
    assert Call.objects.count() == 3
    load = client.get(reverse("dunning:workload"))
    assert load.status_code == 200
    assert "600" in load.content.decode()
