"""Items open on a past day, read set against set: the same figures as item by item, whoever filters and orders."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.db.models import Q, Sum
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import Company, CustomerAccount, User, documents_of
from invoicing import lists, queries, services
from invoicing.models import ReceivableItem
from invoicing.past_items import open_then
from tests.factories.accounts import CustomerAccountFactory, make_user
from tests.factories.invoicing import AT, TODAY, day, make_credit, make_item

pytestmark = pytest.mark.django_db
PAST = day(-20)


@pytest.fixture
def book(company: Company, account: CustomerAccount, accountant: User) -> dict[str, ReceivableItem]:
    """Since the past day: one paid, one paid in part, one put off, one recorded, one paid and undone; one still."""
    items = {
        name: make_item(account, amount, by=accountant, number=name, issued=day(-60), due=day(due))
        for name, amount, due in (
            ("PAID", "100", -40), ("PART", "80", -35), ("LATER", "60", -30), ("UNDONE", "40", -25),
            ("STILL", "20", -10),
        )
    }  # fmt: skip
    make_item(account, "5", by=accountant, number="NEW", issued=day(-5), due=day(-1))
    items["MONEY"] = make_credit(account, "300", by=accountant, external_id="MONEY", received=day(-50))
    for name, amount, days in (("PAID", "100", -10), ("PART", "30", -9), ("UNDONE", "40", -8)):
        made = services.allocate(
            from_item_id=items["MONEY"].pk, to_item_id=items[name].pk, amount=Decimal(amount), date=day(days),
            by=accountant, at=AT + timedelta(days=days),
        )  # fmt: skip
    services.unallocate(allocation_id=made.pk, by=accountant, at=AT + timedelta(days=-2))
    manager = make_user("credit_manager", company)
    for due, days in ((day(-8), -12), (day(-1), -3)):
        services.change_due_date(
            item_id=items["LATER"].pk, due_date=due, reason="promised", on=day(days), by=manager, at=AT
        )
    return items


def figures(rows: Any) -> list[tuple[str, Decimal, date, int, Decimal]]:
    return [(row.document, row.open_on, row.due_on, row.days_late, row.disputed_on) for row in rows]


@pytest.mark.parametrize(
    "on", [day(-70), day(-60), day(-45), PAST, day(-12), day(-9), day(-4), day(-2), TODAY]
)
def test_each_day_reads_as_item_by_item(book, company: Company, accountant: User, on: date):
    accounts = CustomerAccount.objects.filter(company=company)
    every: Any = queries.with_open_amount(
        ReceivableItem.objects.filter(company=company, effective_date__lte=on), on=on, moved=True
    )
    expected = figures(every.exclude(open_on=0).order_by("pk"))
    late = figures(every.filter(open_on__gt=0, due_on__lt=on).order_by("pk"))

    whose: Any
    for whose in (None, documents_of(accountant, company)):
        asked: dict[str, Any] = {"on": on, "whose": whose, "whole": whose is not None}
        assert figures(queries.items_on(accounts, open_only=True, **asked).order_by("pk")) == expected
        assert figures(queries.items_on(accounts, overdue_only=True, **asked).order_by("pk")) == late


def test_the_book_of_the_past_day(book, company: Company, accountant: User):
    rows: Any = lists.open_items(accountant, company, PAST)

    assert [(row.document, row.open_on, row.due_on) for row in rows] == [
        ("MONEY", Decimal(-300), day(-50)),
        ("PAID", Decimal(100), day(-40)),
        ("PART", Decimal(80), day(-35)),
        ("LATER", Decimal(60), day(-30)),
        ("UNDONE", Decimal(40), day(-25)),
        ("STILL", Decimal(20), day(-10)),
    ]
    assert lists.item_totals(rows) == [lists.Totals("EUR", Decimal(0), Decimal(0), 6)]
    # What an item is now stays what it says of itself.
    assert {row.document: row.open_amount for row in rows}["PAID"] == 0


def test_items_of_a_past_day_filter_join_and_nest_as_any(book, company: Company, account, accountant: User):
    other = CustomerAccountFactory(company=company)
    make_item(other, "7", by=accountant, number="OTHER", issued=day(-60))
    rows: Any = lists.open_items(accountant, company, PAST)

    assert [row.document for row in rows.filter(account__code=other.code)] == ["OTHER"]
    assert [row.document for row in rows.filter(open_on__gt=50, invoice__isnull=False)] == [
        "PAID",
        "PART",
        "LATER",
    ]
    assert {row.document for row in rows.exclude(Q(open_on__lt=0) | Q(account=account))} == {"OTHER"}
    assert ReceivableItem.objects.filter(pk__in=rows.values("pk")).count() == rows.count() == 7
    nested = ReceivableItem.objects.filter(pk__in=rows.filter(open_on=Decimal(100)).values("pk"))
    assert [row.document for row in nested] == ["PAID"]
    owing = CustomerAccount.objects.filter(pk__in=rows.filter(open_on=Decimal(7)).values("account"))
    assert list(owing) == [other]
    assert rows.filter(pk=book["PART"].pk).aggregate(sum=Sum("open_on"))["sum"] == 80


def test_only_what_moved_of_the_clients_asked_for_is_added_up(
    book, company: Company, account, accountant: User
):
    other = CustomerAccountFactory(company=company)
    foreign = make_item(other, "9", by=accountant, number="OTHER", issued=day(-60))
    payment = make_credit(other, "9", by=accountant, external_id="THEIRS", received=day(-50))
    services.allocate(
        from_item_id=payment.pk, to_item_id=foreign.pk, amount=Decimal(9), date=day(-3), by=accountant, at=AT
    )
    own = CustomerAccount.objects.filter(pk=account.pk)

    assert {row.document for row in open_then(PAST, own).filter(account=account)} == set(book)
    assert {row.document for row in queries.items_on(own, on=PAST, open_only=True)} == set(book)
    assert not list(queries.items_on(CustomerAccount.objects.none(), on=PAST, open_only=True))


def test_the_page_counts_and_adds_up_in_one_pass(
    book, client: Client, company: Company, account, accountant: User
):
    client.force_login(accountant)

    def asked() -> int:
        with CaptureQueriesContext(connection) as found:
            page = client.get(reverse("invoicing:items"), {"as_of": PAST.isoformat()})
        assert page.status_code == 200
        return sum("open_then" in query["sql"] for query in found)

    assert asked() == 2
    for number in range(3):
        make_item(account, "3", by=accountant, number=f"MORE{number}", issued=day(-60))
    assert asked() == 2


def test_a_rep_sees_the_own_clients_of_a_past_day_alone(book, client: Client, company: Company):
    client.force_login(make_user("sales", company))

    shown = client.get(reverse("invoicing:items"), {"as_of": PAST.isoformat()}).content.decode()

    assert "PAID" not in shown
    assert "STILL" not in shown
