"""Reminders stopped until a day, of an item or of a whole client: who may, from when until when, who sees it."""

from __future__ import annotations

import threading
from datetime import date, timedelta

import pytest
from django.db import IntegrityError, connection, connections, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.models import CustomerAccount, User
from invoicing import services
from invoicing.models import DunningStop, ReceivableItem
from invoicing.services.stops import NothingToRemind, NotStopped
from invoicing.stops import client_stopped, stop_of_client, stopped, stops_of
from o2c.shared.calendar import paris_date
from o2c.shared.models import AuditEvent
from o2c.shared.problems import Invalid, NotAllowed, NotFound
from tests.factories.accounts import CompanyFactory, CustomerAccountFactory, make_user
from tests.factories.invoicing import AT, day, make_credit, make_item

pytestmark = pytest.mark.django_db

LATER = day(10)


@pytest.fixture
def item(account: CustomerAccount, accountant: User) -> ReceivableItem:
    return make_item(account, by=accountant)


def stop(item: ReceivableItem, by: User, until: date = LATER, reason: str = "in talks") -> DunningStop:
    return services.stop_item(item_id=item.pk, reason=reason, until=until, by=by, at=AT)


def stop_all(account: CustomerAccount, by: User, until: date = LATER) -> DunningStop:
    return services.stop_client(account_id=account.pk, reason="in talks", until=until, by=by, at=AT)


def held_on(item: ReceivableItem) -> list[int]:
    """The days around today on which the item may not be reminded of, asked in two ways that must agree."""
    found = []
    for n in range(-2, 13):
        is_stopped = ReceivableItem.objects.filter(stopped(day(n)), pk=item.pk).exists()
        assert is_stopped == bool(stops_of([item], on=day(n))[item.pk].flags)
        found += [n] if is_stopped else []
    return found


def test_a_stop_holds_from_today_to_its_last_day(item: ReceivableItem, accountant: User) -> None:
    assert held_on(item) == []
    stop(item, accountant, until=day(3))
    assert held_on(item) == [0, 1, 2, 3]


def test_going_on_ends_it_from_that_day(item: ReceivableItem, accountant: User) -> None:
    stop(item, accountant)
    later = AT + timedelta(days=2)
    services.resume_item(item_id=item.pk, by=accountant, at=later)
    assert held_on(item) == [0, 1]
    with pytest.raises(NotStopped):
        services.resume_item(item_id=item.pk, by=accountant, at=later)


def test_a_new_stop_replaces_the_one_before(item: ReceivableItem, accountant: User) -> None:
    first = stop(item, accountant, until=day(1))
    assert stop(item, accountant, until=day(1)) == first
    second = stop(item, accountant, until=day(5))
    assert held_on(item) == [0, 1, 2, 3, 4, 5]
    first.refresh_from_db()
    assert (first.ended_on, first.ended_by, second.ended_on) == (day(0), accountant, None)


def test_one_that_ran_out_makes_room_for_another(item: ReceivableItem, accountant: User) -> None:
    stop(item, accountant, until=day(1))
    later = AT + timedelta(days=5)
    with pytest.raises(NotStopped):
        services.resume_item(item_id=item.pk, by=accountant, at=later)
    services.stop_item(item_id=item.pk, reason="again", until=day(7), by=accountant, at=later)
    assert held_on(item) == [0, 1, 5, 6, 7]


def test_a_client_is_stopped_with_all_it_owes_and_what_comes(
    account: CustomerAccount, item: ReceivableItem, accountant: User
) -> None:
    made = stop_all(account, accountant, until=day(2))
    new = make_item(account, by=accountant)
    other = make_item(CustomerAccountFactory(company=account.company), by=accountant)
    assert held_on(item) == held_on(new) == [0, 1, 2]
    assert held_on(other) == []
    assert stop_of_client(account, on=day(1)) == made
    assert list(CustomerAccount.objects.filter(client_stopped(day(1)))) == [account]
    stop(item, accountant, until=day(1))
    assert stops_of([item, new], on=day(0))[item.pk].flags == ["stopped", "client_stopped"]
    services.resume_client(account_id=account.pk, by=accountant, at=AT)
    assert (held_on(item), held_on(new)) == ([0, 1], [])


def test_it_asks_once_however_many_items(account: CustomerAccount, accountant: User) -> None:
    items = [make_item(account, by=accountant) for _ in range(4)]
    stop(items[0], accountant)
    with CaptureQueriesContext(connection) as sent:
        stops_of(items, on=day(0))
    assert len(sent.captured_queries) == 1


def test_what_is_refused(account: CustomerAccount, item: ReceivableItem, accountant: User) -> None:
    with pytest.raises(Invalid):
        stop(item, accountant, until=day(-1))
    with pytest.raises(Invalid):
        stop(item, accountant, reason=" ")
    with pytest.raises(NothingToRemind):
        stop(make_credit(account, "10", by=accountant), accountant)
    rep = make_user("sales", account.company, "rep")
    with pytest.raises(NotFound):
        stop(item, rep)
    with pytest.raises(NotFound):
        stop_all(account, rep)
    with pytest.raises(NotAllowed):
        stop(item, make_user("auditor", account.company))
    with pytest.raises(NotAllowed):
        stop_all(account, make_user("sales_manager", account.company))
    with pytest.raises(NotFound):
        stop_all(account, make_user("adv_officer", CompanyFactory()))
    assert not DunningStop.objects.exists()


def test_the_journal_tells_who_stopped_what(
    account: CustomerAccount, item: ReceivableItem, accountant: User
) -> None:
    stop(item, accountant)
    services.resume_item(item_id=item.pk, by=accountant, at=AT)
    stop_all(account, accountant)
    services.resume_client(account_id=account.pk, by=accountant, at=AT)
    events = AuditEvent.objects.filter(action__contains="reminders").order_by("pk")
    assert [(each.action, each.object_label, each.account_id, each.reason) for each in events] == [
        ("item.reminders_stopped", item.document, account.pk, "in talks"),
        ("item.reminders_resumed", item.document, account.pk, ""),
        ("account.reminders_stopped", account.code, account.pk, "in talks"),
        ("account.reminders_resumed", account.code, account.pk, ""),
    ]


def test_the_database_refuses_what_cannot_be(
    account: CustomerAccount, item: ReceivableItem, accountant: User
) -> None:
    facts = {"item": item, "reason": "x", "starts_on": day(0), "until": day(1)}
    facts |= {"stopped_by": accountant, "stopped_at": AT}
    other = CustomerAccountFactory(company=account.company)
    made = DunningStop.objects.create(**facts, account=other)
    made.refresh_from_db()
    assert made.account == account  # the item's, whatever was said
    whole = facts | {"item": None, "account": account}
    DunningStop.objects.create(**whole)
    for name, wrong in (
        ("one_dunning_stop_per_item", facts | {"account": account}),
        ("one_dunning_stop_per_client", whole),
        ("dunning_stop_has_a_reason", whole | {"account": other, "reason": ""}),
        ("dunning_stop_ends_after_start", whole | {"account": other, "until": day(-1)}),
        ("dunning_stop_ended_by_somebody", whole | {"account": other, "ended_on": day(0)}),
    ):
        with pytest.raises(IntegrityError, match=name), transaction.atomic():
            DunningStop.objects.create(**wrong)


@pytest.mark.django_db(transaction=True)
def test_two_at_a_time_leave_one_in_force() -> None:
    company = CompanyFactory(code="DEMO")
    account, by = CustomerAccountFactory(company=company), make_user("receivables_accountant", company)
    item = make_item(account, by=by)
    together = threading.Barrier(2, timeout=60)

    def act(until: date) -> None:
        try:
            together.wait()
            stop(item, by, until=until)
            stop_all(account, by, until=until)
        finally:
            connections.close_all()

    acting = [threading.Thread(target=act, args=[day(n)]) for n in (3, 4)]
    for each in acting:
        each.start()
    for each in acting:
        each.join()
    assert DunningStop.objects.filter(item=item, ended_on=None).count() == 1
    assert DunningStop.objects.filter(item=None, ended_on=None).count() == 1


def test_pages_stop_and_go_on(account: CustomerAccount, accountant: User) -> None:
    item = make_item(account, by=accountant, at=timezone.now())
    browser = Client(headers={"accept-language": "en"})
    browser.force_login(accountant, backend="django.contrib.auth.backends.ModelBackend")
    invoice_page = reverse("invoicing:detail", args=[item.document])
    page = reverse("invoicing:stop_item", args=[item.pk])
    assert page in browser.get(invoice_page).content.decode()
    assert "Stop reminders of" in browser.get(page).content.decode()
    assert browser.post(page, {"until": "", "reason": ""}).status_code == 422
    until = paris_date(timezone.now()) + timedelta(days=9)
    sent = {"until": until.strftime("%d/%m/%Y"), "reason": "Talks with Ms Roux"}
    answer = browser.post(page, sent, follow=True).content.decode()
    assert f"No reminder until {until:%d/%m/%Y}" in answer
    assert "Talks with Ms Roux" in browser.get(page).content.decode()
    answer = browser.post(reverse("invoicing:resume_item", args=[item.pk]), follow=True).content.decode()
    assert "No reminder until" not in answer
    whole = reverse("invoicing:stop_client", args=[account.code])
    client_page = browser.get(reverse("accounts:detail", args=[account.code])).content.decode()
    assert whole in client_page
    answer = browser.post(whole, sent, follow=True).content.decode()
    assert f"No reminder until {until:%d/%m/%Y}" in answer
    assert "The client is reminded of nothing until" in browser.get(invoice_page).content.decode()
    answer = browser.post(
        reverse("invoicing:resume_client", args=[account.code]), follow=True
    ).content.decode()
    assert "No reminder until" not in answer


def test_the_api_stops_and_goes_on(account: CustomerAccount, accountant: User) -> None:
    item = make_item(account, by=accountant, at=timezone.now())
    api = Client(headers={"accept-language": "en"})
    api.force_login(accountant, backend="django.contrib.auth.backends.ModelBackend")
    until = (paris_date(timezone.now()) + timedelta(days=9)).isoformat()
    body = {"reason": "in talks", "until": until}

    def post(path: str, sent: object = None) -> tuple[int, dict[str, object]]:
        answer = api.post(f"/api/v1/{path}", sent, content_type="application/json")
        return answer.status_code, answer.json()

    def flags() -> list[str]:
        found: list[str] = api.get(f"/api/v1/items/?account={account.code}").json()["results"][0]["flags"]
        return found

    before = flags()
    status, told = post(f"items/{item.pk}/stop/", body)
    assert (status, told["flags"]) == (200, [*before, "stopped"])
    assert flags() == [*before, "stopped"]
    status, told = post(f"accounts/{account.code}/stop/", body)
    assert (status, told["stopped"], told["until"], told["reason"]) == (200, True, until, "in talks")
    assert flags() == [*before, "stopped", "client_stopped"]
    assert post(f"items/{item.pk}/resume/")[1]["flags"] == [*before, "client_stopped"]
    assert post(f"items/{item.pk}/resume/") == (409, post(f"items/{item.pk}/resume/")[1])
    assert post(f"accounts/{account.code}/resume/")[1]["stopped"] is False
    status, told = post(f"accounts/{account.code}/resume/")
    assert (status, told["code"]) == (409, "not_stopped")
    assert flags() == before
    status, told = post(f"items/{item.pk}/stop/", {"reason": "x", "until": "2020-01-01"})
    assert (status, list(told["errors"])) == (400, ["until"])  # type: ignore[call-overload]
