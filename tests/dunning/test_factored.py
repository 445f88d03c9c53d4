"""What is sold by an agreement that notifies is the factor's to remind of; a confidential sale changes nothing."""

from __future__ import annotations

from datetime import timedelta

import pytest

from accounts.models import CustomerAccount, User
from dunning.enums import Exclusion
from dunning.queries.plan import read_plan
from dunning.queries.worklist import work_list
from dunning.services.scenarios import ensure_scenario
from invoicing.factoring.services import send_batch, take_back
from tests.factories.accounts import CompanyFactory, CustomerAccountFactory, LegalEntityFactory, make_user
from tests.factories.factoring import approve, make_agreement, sell
from tests.factories.invoicing import AT, TODAY, day, make_item

pytestmark = pytest.mark.django_db


@pytest.fixture
def account() -> CustomerAccount:
    company = CompanyFactory(code="TEST")
    return CustomerAccountFactory(company=company, entity=LegalEntityFactory(siren="732829320"))


@pytest.fixture
def books(account: CustomerAccount) -> User:
    return make_user("receivables_accountant", account.company)


def left_out(account: CustomerAccount, on=TODAY) -> dict[str, str]:
    ensure_scenario(account.company)
    _letters, rows = read_plan(account.company, as_of=on)
    return {row.document: row.reason for row in rows}


def test_notified_and_sold_is_left_out_until_it_is_taken_back(account: CustomerAccount, books: User) -> None:
    make_agreement(account.company, is_notified=True)
    approve(account)
    item = make_item(account, by=books)
    assert left_out(account) == {}
    on_its_way = make_item(account, by=books)
    send_batch(company=account.company, item_ids=[on_its_way.pk], by=books, at=AT)
    batch = sell(item, by=books)
    assert left_out(account) == {item.document: Exclusion.FACTORED}
    (line,), _more = work_list(books, account.company, on=TODAY)
    assert line.owed == on_its_way.open_amount
    later = AT + timedelta(days=1)
    take_back(assignment_id=batch.assignments.get().pk, reason="back", by=books, at=later)
    assert left_out(account) == {item.document: Exclusion.FACTORED}
    assert left_out(account, day(1)) == {}


def test_a_confidential_sale_is_still_ours_to_remind_of(account: CustomerAccount, books: User) -> None:
    make_agreement(account.company)
    approve(account)
    sell(make_item(account, by=books), by=books)
    assert left_out(account) == {}
