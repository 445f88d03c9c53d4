"""How clients' disputes ended, as a fact for their score: unfounded ones and pretexts of twelve months."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Company, CustomerAccount, User
from credit.services.checks import fact
from disputes import services
from disputes.enums import DisputeOutcome
from disputes.models import Dispute
from disputes.policy import only_to_delay, share_unfounded
from disputes.queries import AbusiveDisputes, abusive_disputes
from o2c.shared.calendar import add_months
from tests.factories.accounts import CompanyFactory, CustomerAccountFactory, make_user
from tests.factories.invoicing import AT, TODAY, make_invoice

from .build import opened, qualified


@pytest.mark.parametrize(("pretexts", "counts"), [(0, False), (1, False), (2, True)])
def test_two_pretexts_count(pretexts: int, counts: bool) -> None:
    assert only_to_delay(pretexts) is counts


def test_the_share_of_unfounded_ones() -> None:
    assert (share_unfounded(1, 3), share_unfounded(0, 0)) == (Decimal("0.3333"), Decimal(0))


@pytest.fixture
def books(company: Company) -> User:
    return make_user("receivables_accountant", company, "books")


def unfounded(
    account: CustomerAccount, books: User, by: User, cause: str = "CUSTOMER_CASH_PRETEXT"
) -> Dispute:
    made = opened(make_invoice(account, "1000", by=books), by=by)
    return services.reject(dispute_id=made.pk, reason="proof sent", root_cause=cause, by=by, at=AT)


@pytest.mark.django_db
def test_what_ended_within_twelve_months_is_counted(
    account: CustomerAccount, books: User, manager: User, logistics: User
) -> None:
    company = account.company
    assert abusive_disputes(company, TODAY) == {}
    unfounded(account, books, manager)
    unfounded(account, books, manager, "CUSTOMER_PROCESS")
    right = qualified(make_invoice(account, "1000", by=books), by=manager, owner=logistics)
    services.resolve(
        dispute_id=right.pk,
        outcome=DisputeOutcome.DOCUMENT_SENT,
        reason="sent",
        root_cause="CARRIER.PROOF",
        by=manager,
        at=AT,
    )
    opened(make_invoice(account, "1000", by=books), by=manager)
    given_up = opened(make_invoice(account, "1000", by=books), by=manager)
    services.withdraw(dispute_id=given_up.pk, by=manager, at=AT)
    found = abusive_disputes(company, TODAY)
    assert found == {account.pk: AbusiveDisputes(decided=3, unfounded=2, pretexts=1)}
    assert (found[account.pk].share, found[account.pk].feeds_score) == (Decimal("0.6667"), False)
    unfounded(account, books, manager)
    assert abusive_disputes(company, TODAY)[account.pk].feeds_score
    # The day it ended is the first that counts, and twelve months later it counts no more.
    assert abusive_disputes(company, TODAY - timedelta(days=1)) == {}
    assert abusive_disputes(company, add_months(TODAY, 12)) == {}
    assert account.pk in abusive_disputes(company, add_months(TODAY, 12) - timedelta(days=1))


@pytest.mark.django_db
def test_one_statement_tells_of_all_or_of_some(company: Company, books: User, manager: User) -> None:
    accounts = [CustomerAccountFactory(company=company) for _number in range(3)]
    for each in accounts:
        unfounded(each, books, manager)
    with CaptureQueriesContext(connection) as seen:
        found = abusive_disputes(company, TODAY)
    assert len(seen) == 1
    assert found.keys() == {each.pk for each in accounts}
    asked = fact("abusive_disputes", company=company, on=TODAY, account_ids=[accounts[0].pk])
    assert asked == {accounts[0].pk: AbusiveDisputes(1, 1, 1)}
    assert abusive_disputes(CompanyFactory(code="ELSE"), TODAY) == {}
