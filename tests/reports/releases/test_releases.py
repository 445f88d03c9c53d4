"""The list of releases with their outcome, and the record of each decider."""

from __future__ import annotations

import csv
from datetime import timedelta
from decimal import Decimal
from io import StringIO
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import Company, CustomerAccount, User
from credit.models import CreditDecision
from invoicing import services
from invoicing.models import ReceivableItem
from invoicing.outcomes.services import mark_releases
from o2c.reports.releases.queries import records_of, releases_visible
from orders import services as orders
from orders.models import Order
from tests.factories.accounts import CompanyFactory, CustomerAccountFactory, make_user
from tests.factories.invoicing import AT, make_payment
from tests.factories.orders import give_limit, submitted
from tests.orders.pages import browse, text_of

pytestmark = pytest.mark.django_db
PAGE = "/reports/releases/"


@pytest.fixture
def company(db: None) -> Company:
    return CompanyFactory(code="TEST")


@pytest.fixture
def account(company: Company) -> CustomerAccount:
    return CustomerAccountFactory(company=company, name="Alpha")


@pytest.fixture
def manager(company: Company) -> User:
    return make_user("credit_manager", company, "credit", first_name="Helen", last_name="Carter")


@pytest.fixture
def analyst(company: Company) -> User:
    return make_user("credit_analyst", company, "analyst", first_name="Ana", last_name="Lyst")


@pytest.fixture
def adv(company: Company) -> User:
    return make_user("adv_officer", company, "adv")


def let_go(account: CustomerAccount, total: str, *, adv: User, by: User, number: str) -> Order:
    order = submitted(account, total, by=adv, number=number)
    orders.release(order_id=order.pk, comment="known for years", by=by, at=AT)
    return order


def delivered(order: Order, adv: User) -> ReceivableItem:
    orders.deliver(order_id=order.pk, by=adv, at=AT)
    services.issue_from_order(order_id=order.pk, by=adv, at=AT)
    return ReceivableItem.objects.get(invoice__order=order)


def test_each_release_says_how_it_turned_out(
    company: Company, account: CustomerAccount, manager: User, analyst: User, adv: User
) -> None:
    give_limit(account, "100")
    paid = delivered(let_go(account, "600", adv=adv, by=manager, number="CDE-1"), adv)
    late = delivered(let_go(account, "700", adv=adv, by=analyst, number="CDE-2"), adv)
    let_go(account, "800", adv=adv, by=manager, number="CDE-3")
    accountant = make_user("receivables_accountant", company)
    payment = make_payment(account, paid.amount, by=accountant)
    services.allocate_payment(payment_id=payment.pk, items=[(paid.pk, paid.amount)], by=accountant, at=AT)
    mark_releases(on=late.due_date + timedelta(days=20))

    days = {row.order_number: row.days_late for row in CreditDecision.objects.filter(occasion="release")}
    assert days["CDE-2"] == 20
    assert days["CDE-1"] is not None
    assert days["CDE-1"] < 0
    assert days["CDE-3"] is None, "nothing is invoiced yet"

    records = {row.username: row for row in records_of(releases_visible(manager, company))}
    assert (records["credit"].releases, records["credit"].measurable, records["credit"].rate) == (
        2,
        1,
        Decimal("100.0"),
    )
    assert (records["analyst"].late, records["analyst"].rate) == (1, Decimal("0.0"))

    page = text_of(browse(manager).get(PAGE))
    for words in ("CDE-1", "CDE-2", "CDE-3", "Paid on time", "Paid late", "20 d", "Record of each decider"):
        assert words in page
    assert "CDE-1" not in text_of(browse(manager).get(PAGE, {"outcome": "late"}))
    assert "CDE-2" not in text_of(browse(manager).get(PAGE, {"by": "credit"}))
    assert f'<option value="analyst">{analyst.label()}</option>' in browse(manager).get(PAGE).content.decode()
    assert "Decided by" in page
    assert "CDE-1" in text_of(browse(manager).get(PAGE, {"cause": "OVER_LIMIT"}))
    assert "CDE-1" not in text_of(browse(manager).get(PAGE, {"cause": "NO_LIMIT"}))
    assert "CDE-1" not in text_of(browse(manager).get(PAGE, {"until": "01/01/2020"}))
    assert "20 d" in text_of(browse(manager).get("/orders/CDE-2/"))


def test_the_file_holds_what_the_list_shows(
    company: Company, account: CustomerAccount, manager: User, adv: User
) -> None:
    give_limit(account, "100")
    let_go(account, "600", adv=adv, by=manager, number="CDE-1")
    answer: Any = browse(manager).get(PAGE, {"export": "csv"})
    text = b"".join(answer.streaming_content).decode("utf-8-sig")
    (row,) = csv.DictReader(StringIO(text), delimiter=";")
    assert (row["Order"], row["Released by"], row["Reason"], row["Outcome"]) == (
        "CDE-1",
        "Helen Carter",
        "known for years",
        "Still open",
    )


def test_an_undone_release_is_nobodys_record(
    company: Company, account: CustomerAccount, manager: User, adv: User
) -> None:
    give_limit(account, "100")
    order = submitted(account, "600", by=adv, number="CDE-1")
    orders.release(order_id=order.pk, comment="known for years", by=manager, at=timezone.now())
    orders.undo_release(order_id=order.pk, by=manager, at=timezone.now())
    assert not releases_visible(manager, company).exists()


def test_a_rep_sees_own_clients_and_no_records_and_another_company_sees_nothing(
    company: Company, manager: User, adv: User
) -> None:
    rep, other = make_user("sales", company, "rep"), make_user("sales", company, "other")
    mine = CustomerAccountFactory(company=company, rep=rep)
    theirs = CustomerAccountFactory(company=company, rep=other)
    for number, account in (("CDE-1", mine), ("CDE-2", theirs)):
        give_limit(account, "100", decided_by=manager)
        let_go(account, "600", adv=adv, by=manager, number=number)
    page = text_of(browse(rep).get(PAGE))
    assert "CDE-1" in page
    assert "CDE-2" not in page
    assert "Record of each decider" not in page
    stranger = make_user("credit_manager", CompanyFactory(code="FAR"))
    assert "CDE-1" not in text_of(browse(stranger).get(PAGE))
    assert browse(make_user("dispute_owner", company)).get(PAGE).status_code == 403


def test_as_many_statements_for_three_as_for_one(
    company: Company, account: CustomerAccount, manager: User, adv: User
) -> None:
    give_limit(account, "100")
    client, counts = browse(manager), []
    for number in ("CDE-1", "CDE-2", "CDE-3"):
        let_go(account, "600", adv=adv, by=manager, number=number)
        with CaptureQueriesContext(connection) as asked:
            assert client.get(PAGE).status_code == 200
        counts.append(len(asked))
    assert counts[1] == counts[2], counts
