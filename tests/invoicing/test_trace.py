"""What a payment set off, read back: in its order, running while something is to come, without what one may not see."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.enums import TeamRole
from accounts.models import Company, CustomerAccount, TeamMember, User
from invoicing import services
from invoicing.models import Payment, ReceivableItem
from invoicing.trace import trace_of
from o2c.shared import work
from o2c.shared.calendar import paris_date
from tests.factories.accounts import CompanyFactory, CustomerAccountFactory, make_user
from tests.factories.invoicing import make_payment
from tests.factories.orders import give_limit, open_item, submitted

# Transactions of their own: what an examination has seen is told by them.
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def company() -> Company:
    return CompanyFactory(code="DEMO")


@pytest.fixture
def clerk(company: Company) -> User:
    return make_user("receivables_accountant", company)


@pytest.fixture
def adv(company: Company) -> User:
    return make_user("adv_officer", company)


@pytest.fixture
def account(company: Company) -> CustomerAccount:
    account = CustomerAccountFactory(company=company)
    give_limit(account, "1000")
    return account


def pay(account: CustomerAccount, amount: str, by: User) -> Payment:
    return make_payment(account, amount, by=by, at=timezone.now())


def match(payment: Payment, item: ReceivableItem, amount: str, by: User) -> None:
    services.allocate(
        from_item_id=payment.items.get().pk,
        to_item_id=item.pk,
        amount=Decimal(amount),
        by=by,
        at=timezone.now(),
    )


def kinds(payment: Payment, reader: User) -> list[str]:
    return [step.kind for step in trace_of(payment, reader).steps]


def test_it_runs_until_the_orders_are_looked_at_and_people_told(
    account: CustomerAccount, adv: User, clerk: User
) -> None:
    open_item(account, "900")
    order = submitted(account, "500", by=adv)
    work.drain()
    payment = pay(account, "600", clerk)
    trace = trace_of(payment, clerk)
    assert ([step.kind for step in trace.steps], trace.running) == (["received"], True)
    work.drain()
    trace = trace_of(payment, clerk)
    assert [step.kind for step in trace.steps] == ["received", "examined", "told"]
    assert not trace.running
    (row,) = trace.steps[1].orders
    assert (row.order_id, row.result) == (order.pk, "released")
    assert [row.missing_before, row.missing] == [400, 0]
    assert trace.steps[2].message is not None
    assert trace.steps[2].message.user == adv
    assert trace.whole == trace.steps[2].at - trace.steps[0].at


def test_several_acts_before_a_worker_comes_are_answered_once(
    account: CustomerAccount, adv: User, clerk: User
) -> None:
    owed = open_item(account, "900")
    submitted(account, "500", by=adv)
    work.drain()
    payment = pay(account, "600", clerk)
    match(payment, owed, "100", clerk)
    match(payment, owed, "200", clerk)
    work.drain()
    assert kinds(payment, clerk) == ["received", "matched", "matched", "examined", "told"]


def test_an_order_held_later_did_not_wait_for_this_money(
    account: CustomerAccount, adv: User, clerk: User
) -> None:
    payment = pay(account, "50", clerk)
    submitted(account, "5000", by=adv)
    work.drain()
    trace = trace_of(payment, clerk)
    assert [(step.kind, len(step.orders)) for step in trace.steps] == [("received", 0), ("examined", 0)]
    page = Client(headers={"accept-language": "en"})
    page.force_login(clerk, backend="django.contrib.auth.backends.ModelBackend")
    answer = page.get(reverse("invoicing:trace", args=[payment.pk])).content.decode()
    assert "No order was waiting for this credit." in answer


def test_unmatching_frees_nothing_and_is_told(account: CustomerAccount, clerk: User) -> None:
    owed = open_item(account, "900")
    payment = pay(account, "600", clerk)
    match(payment, owed, "100", clerk)
    work.drain()
    made = owed.allocations_received.get()
    services.unallocate(allocation_id=made.pk, by=clerk, at=timezone.now())
    trace = trace_of(payment, clerk)
    assert [step.kind for step in trace.steps] == ["received", "matched", "examined", "unmatched"]
    assert [each.amount for each in trace.steps[3].matches] == [-100]
    work.drain()
    assert not trace_of(payment, clerk).running


def test_money_nobody_knows_sets_off_nothing(company: Company, clerk: User) -> None:
    payment = make_payment(None, "10", by=clerk, company=company, at=timezone.now())
    trace = trace_of(payment, clerk)
    assert ([step.kind for step in trace.steps], trace.running) == (["received"], False)


def test_a_colleagues_order_is_counted_and_not_named(
    company: Company, account: CustomerAccount, adv: User, clerk: User
) -> None:
    today = paris_date(timezone.now())
    rep, colleague = make_user("sales", company, "rep"), make_user("sales", company, "colleague")
    TeamMember.objects.create(account=account, user=rep, role=TeamRole.SALES_REP, valid_from=today)
    open_item(account, "900")
    order = submitted(account, "500", by=adv)
    type(order).objects.filter(pk=order.pk).update(sales_rep=colleague)
    work.drain()
    payment = pay(account, "600", clerk)
    work.drain()
    seen = trace_of(payment, rep).steps[1]
    assert ([row.order_id for row in seen.orders], seen.hidden) == ([], 1)
    assert kinds(payment, rep) == ["received", "examined"]
    whole = trace_of(payment, clerk).steps[1]
    assert ([row.order_id for row in whole.orders], whole.hidden) == ([order.pk], 0)


def test_it_asks_as_often_for_many_matches_as_for_one(
    account: CustomerAccount, adv: User, clerk: User
) -> None:
    def statements() -> int:
        with CaptureQueriesContext(connection) as sent:
            trace_of(payment, clerk)
        return len(sent.captured_queries)

    owed = open_item(account, "900")
    submitted(account, "500", by=adv)
    work.drain()
    payment = pay(account, "600", clerk)
    match(payment, owed, "10", clerk)
    work.drain()
    asked = statements()
    for _turn in range(3):
        match(payment, owed, "10", clerk)
        submitted(account, "900", by=adv)
        work.drain()
    assert statements() == asked


def test_the_api_tells_the_same(account: CustomerAccount, adv: User, clerk: User) -> None:
    owed = open_item(account, "900")
    order = submitted(account, "500", by=adv)
    work.drain()
    payment = pay(account, "600", clerk)
    match(payment, owed, "100", clerk)
    work.drain()
    api = Client(headers={"accept-language": "en"})
    api.force_login(clerk, backend="django.contrib.auth.backends.ModelBackend")
    told: dict[str, Any] = api.get(f"/api/v1/payments/{payment.pk}/trace/").json()
    assert told["running"] is False
    assert [step["step"] for step in told["steps"]] == ["received", "matched", "examined", "told"]
    assert told["steps"][1]["items"] == [
        {
            "item": owed.pk,
            "document": owed.document,
            "account": account.code,
            "amount": "100.00",
            "letter": "AAA",
        }
    ]
    assert told["steps"][2]["orders"] == [
        {
            "order": order.number,
            "account": account.code,
            "result": "released",
            "currency": "EUR",
            "room_before": "100.00",
            "room": "700.00",
            "missing_before": "400.00",
            "missing": "0.00",
            "reasons": [],
        }
    ]
