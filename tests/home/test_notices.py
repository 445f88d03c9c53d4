"""Who is told of a held, released or refused order; once per person and event."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.db import connection
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from accounts.models import Company, CustomerAccount, RoleGrant, User
from credit import nightly
from credit import services as credit
from o2c.home import notices, words
from o2c.shared import work
from o2c.shared.models import Notice
from orders import services
from orders.models import Order
from tests.factories.accounts import CompanyFactory, CustomerAccountFactory, make_user
from tests.factories.orders import give_limit, open_item, submitted

pytestmark = pytest.mark.django_db


@pytest.fixture
def company() -> Company:
    return CompanyFactory(code="DEMO")


@pytest.fixture
def rep(company: Company) -> User:
    return make_user("sales", company, "sales")


@pytest.fixture
def adv(company: Company) -> User:
    return make_user("adv_officer", company, "adv")


@pytest.fixture
def analyst(company: Company) -> User:
    return make_user("credit_analyst", company, "analyst")


@pytest.fixture
def manager(company: Company) -> User:
    return make_user("credit_manager", company, "credit")


@pytest.fixture
def held(company: Company, rep: User, adv: User, analyst: User, manager: User) -> Order:
    account: CustomerAccount = CustomerAccountFactory(
        company=company, code="C0001", name="Bâti-Loire", rep=rep
    )
    give_limit(account, "1000")
    return submitted(account, "5000", by=adv, number="CDE-1")


def told(kind: str) -> set[str]:
    return set(Notice.objects.filter(kind=kind).values_list("user__username", flat=True))


def test_a_hold_is_told_to_rep_submitter_and_the_lowest_who_may_decide(held: Order) -> None:
    notices.order_held(work=None, order_id=held.pk)
    notices.order_held(work=None, order_id=held.pk)

    assert told("order.held") == {"sales", "adv", "analyst"}
    assert Notice.objects.count() == 3
    notice = Notice.objects.get(user__username="sales")
    assert notice.figures["client"] == "Bâti-Loire"
    assert notice.figures["over_limit_by"] == "4000.00"
    assert notice.url == "/orders/CDE-1/"


def test_a_hold_that_has_ended_is_told_to_nobody(held: Order, manager: User) -> None:
    services.release(order_id=held.pk, comment="fine", by=manager, at=timezone.now())
    notices.order_held(work=None, order_id=held.pk)
    assert not Notice.objects.exists()


def test_a_release_is_told_to_rep_and_submitter(held: Order, manager: User) -> None:
    services.release(order_id=held.pk, comment="fine", by=manager, at=timezone.now())
    notices.order_released(work=None, order_id=held.pk)
    assert told("order.released") == {"sales", "adv"}


def test_a_refusal_is_told_with_its_reason(held: Order, manager: User) -> None:
    services.refuse(order_id=held.pk, reason="Insolvent", by=manager, at=timezone.now())
    notices.order_refused(work=None, order_id=held.pk)
    assert told("order.refused") == {"sales", "adv"}
    assert {notice.figures["reason"] for notice in Notice.objects.all()} == {"Insolvent"}


def test_the_queue_delivers_them(held: Order) -> None:
    work.drain()
    assert told("order.held") == {"sales", "adv", "analyst"}


def test_writing_the_lines_costs_the_same_however_many_are_told(
    held: Order, company: Company, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_num_queries(10):
        notices.order_held(work=None, order_id=held.pk)
    Notice.objects.all().delete()
    for number in range(3):
        make_user("credit_analyst", company, f"analyst{number}")
    # One more: the work that waits already for the messages of the first time is found, not asked for again.
    with django_assert_num_queries(11):
        notices.order_held(work=None, order_id=held.pk)
    assert Notice.objects.count() == 6


def test_a_limit_request_is_told_to_the_lowest_who_may_decide(held: Order, rep: User, analyst: User) -> None:
    wish = credit.create_limit_request(
        account=held.account,
        amount=Decimal(20000),
        kind="base",
        reason="r",
        by=rep,
        at=timezone.now(),
        submit=True,
    )
    work.drain()
    assert told("limit.submitted") == {"analyst"}

    credit.approve_limit_request(request_id=wish.pk, reason="Paid on time", by=analyst, at=timezone.now())
    work.drain()
    assert told("limit.approved") == {"sales"}
    assert Notice.objects.get(kind="limit.approved").figures["reason"] == "Paid on time"


def test_a_book_that_does_not_agree_is_told_to_those_who_keep_it(
    company: Company, rep: User, adv: User
) -> None:
    manager = make_user("credit_manager", company, "keeper")
    administrator = make_user(None, company, "admin")
    RoleGrant.objects.create(user=administrator, role_id="administrator")
    make_user("credit_manager", CompanyFactory(code="OTHER"), "elsewhere")
    account = CustomerAccountFactory(company=company)
    item = open_item(account, "100")
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute("UPDATE invoicing_receivableitem SET open_amount = 90 WHERE id = %s", [item.pk])
        cursor.execute("SET LOCAL session_replication_role = origin")
    for _ in range(2):
        run = nightly.begin(at=timezone.now())
        work.drain()
    run.refresh_from_db()
    assert run.differences != []
    assert told("book.differs") == {manager.username, administrator.username}
    notice = Notice.objects.filter(user=manager, kind="book.differs").latest("pk")
    assert item.document in notice.figures["reason"]
    assert "DEMO: figures do not agree" in words.notice_of(notice)["text"]
    item.refresh_from_db()
    assert (item.amount, item.open_amount) == (Decimal(100), Decimal(90))
