"""Long lists: later pages show the rows that follow, later matches count, nobody sees more than before."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import CustomerAccount, TeamMember, User, documents_of
from invoicing import lists, queries, services
from invoicing.models import ReceivableItem
from invoicing.views.lists import ItemList
from o2c.shared.calendar import paris_date
from tests.factories.accounts import CompanyFactory, CustomerAccountFactory, make_user
from tests.factories.invoicing import make_credit, make_invoice, make_item

pytestmark = pytest.mark.django_db
TODAY = paris_date(timezone.now())


@pytest.fixture
def clerk() -> User:
    return make_user("receivables_accountant", CompanyFactory(code="DEMO"))


@pytest.mark.parametrize("page", ["2", "3", "99"])
def test_a_later_page_shows_the_rows_that_follow(clerk, client: Client, monkeypatch, page):
    monkeypatch.setattr(ItemList, "paginate_by", 2)
    account = CustomerAccountFactory(company=clerk.home_company)
    numbers = [
        make_invoice(account, "10.00", by=clerk, due=TODAY + timedelta(days=n)).number for n in range(5)
    ]
    client.force_login(clerk)
    shown = client.get(reverse("invoicing:items"), {"page": page}).content.decode()
    expected = numbers[2:4] if page == "2" else numbers[4:]
    assert [number for number in numbers if f">{number}<" in shown] == expected


def test_a_match_dated_ahead_is_put_back_and_costs_nothing_where_there_is_none(clerk):
    account = CustomerAccountFactory(company=clerk.home_company)
    item, credit = make_item(account, "100.00", by=clerk), make_credit(account, "60.00", by=clerk)
    book = queries.items_on(CustomerAccount.objects.all(), on=TODAY, open_only=True)
    assert "invoicing_allocation" not in str(book.query)
    services.allocate(
        from_item_id=credit.pk, to_item_id=item.pk, amount=Decimal(60), date=TODAY + timedelta(days=5), by=clerk,
        at=timezone.now(),
    )  # fmt: skip
    assert queries.moved_after(TODAY)
    assert not queries.moved_after(TODAY + timedelta(days=5))
    rows: Any = lists.open_items(clerk, clerk.home_company, TODAY)
    shown = {row.document: row.open_on for row in rows}
    assert shown == {item.document: Decimal(100), credit.document: Decimal(-60)}


def test_sums_of_all_are_those_of_the_rows_one_by_one(clerk):
    account, other = (CustomerAccountFactory(company=clerk.home_company) for _ in range(2))
    make_invoice(account, "100.00", by=clerk)
    make_invoice(other, "50.00", by=clerk)
    make_credit(account, "30.00", by=clerk)
    rows = lists.invoice_list(clerk, clerk.home_company, TODAY)
    for whole in (True, False):
        totals = lists.invoice_totals(rows, clerk, clerk.home_company, TODAY, whole=whole)
        assert totals == [lists.Totals("EUR", Decimal(150), Decimal(150), 2)]


def test_documents_are_those_of_the_company_the_portfolio_or_nobodys():
    company, elsewhere = CompanyFactory(code="DEMO"), CompanyFactory(code="ELSE")
    mine, theirs, other = (CustomerAccountFactory(company=c) for c in (company, company, elsewhere))
    clerk, rep = make_user("receivables_accountant", company), make_user("sales", company)
    TeamMember.objects.create(account=mine, user=rep, role="sales_rep", valid_from=TODAY)
    by = make_user("receivables_accountant", elsewhere)
    for account, who in ((mine, clerk), (theirs, clerk), (other, by)):
        make_invoice(account, "10.00", by=who)

    def seen(user: User, company: object) -> set[int]:
        rows = ReceivableItem.objects.filter(documents_of(user, company))  # type: ignore[arg-type]
        return set(rows.values_list("account_id", flat=True))

    assert seen(clerk, company) == seen(clerk, None) == {mine.pk, theirs.pk}
    assert seen(rep, company) == seen(rep, None) == {mine.pk}
    assert seen(clerk, elsewhere) == seen(rep, elsewhere) == set()
    clerk.is_active = False
    assert seen(clerk, company) == seen(clerk, None) == set()
