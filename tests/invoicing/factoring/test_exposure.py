"""What is sold in the exposure: a part of its own, or in none and told apart; never twice (domain.md 4.1, E5)."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Company, CustomerAccount, User
from credit import standing
from credit.exposure import AccountFigures, Cuts, read
from credit.models import CreditStanding
from credit.queries import exposure_of
from credit.services import check
from invoicing import proofs, services
from invoicing.expected.policy import Why
from invoicing.expected.queries import expected_parts
from invoicing.factoring import queries
from invoicing.factoring.services import take_back
from invoicing.models import ReceivableItem
from invoicing.queries import items_on
from o2c.reports.exposure import exposure_report
from tests.factories.accounts import CustomerAccountFactory, LegalEntityFactory
from tests.factories.factoring import approve, make_agreement, sell
from tests.factories.invoicing import AT, TODAY, day, make_credit, make_item
from tests.factories.orders import give_limit

pytestmark = pytest.mark.django_db
D = Decimal


@pytest.fixture
def account(company: Company) -> CustomerAccount:
    return CustomerAccountFactory(company=company, entity=LegalEntityFactory(siren="732829320"))


def book(account: CustomerAccount, on: date = TODAY) -> AccountFigures:
    return read([account.pk], currency="EUR", cuts=Cuts.on(on)).of(account.pk)


def parts(account: CustomerAccount, on: date = TODAY) -> dict[str, Decimal]:
    figures = book(account, on)
    shown = {code: amount for code, amount in figures.exposure().items() if amount}
    return shown | ({"sold": figures.sold} if figures.sold else {})


def items(account: CustomerAccount, by: User) -> tuple[ReceivableItem, ReceivableItem]:
    approve(account)
    return (
        make_item(account, "300", by=by, due=day(10)),
        make_item(account, "200", by=by, due=day(-10), issued=day(-40)),
    )


def test_without_recourse_it_leaves_the_exposure_and_is_told_apart(
    account: CustomerAccount, accountant: User
) -> None:
    make_agreement(account.company)
    ahead, late = items(account, accountant)
    assert parts(account) == {"open_invoices": 500}
    assert book(account).overdue == 200
    batch = sell(ahead, late, by=accountant)
    assert parts(account) == {"sold": 500}
    assert (book(account).overdue, book(account).exposure().net) == (D(0), D(0))
    # The day before it was not sold yet.
    assert parts(account, day(-1)) == {"open_invoices": 500}
    take_back(
        assignment_id=batch.assignments.get(item=late).pk,
        reason="back",
        by=accountant,
        at=AT + timedelta(days=3),
    )
    assert parts(account, day(2)) == {"sold": 500}
    assert parts(account, day(3)) == {"open_invoices": 200, "sold": 300}
    assert list(proofs.differences(today=day(3))) == []


def test_with_recourse_it_is_a_part_of_its_own_until_it_is_due(
    account: CustomerAccount, accountant: User
) -> None:
    make_agreement(account.company, with_recourse=True)
    ahead, late = items(account, accountant)
    sell(ahead, late, by=accountant)
    assert parts(account) == {"open_invoices": 200, "discounted_not_matured": 300}
    assert (book(account).overdue, book(account).exposure().net) == (D(200), D(500))
    # On its due date it is not late yet; after it it comes back.
    assert parts(account, day(10)) == {"open_invoices": 200, "discounted_not_matured": 300}
    assert parts(account, day(11)) == {"open_invoices": 500}
    assert book(account, day(11)).overdue == 500
    assert list(proofs.differences(today=TODAY)) == []


@pytest.mark.parametrize(("with_recourse", "name"), [(False, "sold"), (True, "discounted_not_matured")])
def test_what_is_contested_stays_ours_and_counts_once(
    account: CustomerAccount, accountant: User, with_recourse: bool, name: str
) -> None:
    make_agreement(account.company, with_recourse=with_recourse)
    ahead, _late = items(account, accountant)
    sell(ahead, by=accountant)
    services.dispute_amount(item_id=ahead.pk, amount=D(120), on=TODAY, by=accountant, at=AT)
    assert parts(account) == {"open_invoices": 320, name: 180}
    assert (book(account).disputed, book(account).overdue_undisputed) == (D(120), D(200))
    assert list(proofs.differences(today=TODAY)) == []


def test_a_late_contested_sale_without_recourse_is_never_less_than_nothing(
    account: CustomerAccount, accountant: User
) -> None:
    make_agreement(account.company)
    _ahead, late = items(account, accountant)
    sell(late, by=accountant)
    services.dispute_amount(item_id=late.pk, amount=D(200), on=TODAY, by=accountant, at=AT)
    figures = book(account)
    assert (figures.overdue, figures.overdue_undisputed, figures.sold) == (D(200), D(0), D(0))


def test_what_is_paid_leaves_with_the_payment_s_day(account: CustomerAccount, accountant: User) -> None:
    make_agreement(account.company)
    ahead, _late = items(account, accountant)
    sell(ahead, by=accountant)
    paid = make_credit(account, "100", by=accountant, received=TODAY)
    services.allocate(
        from_item_id=paid.pk, to_item_id=ahead.pk, amount=D(100), date=day(2), by=accountant, at=AT
    )
    assert parts(account) == {"open_invoices": 200, "unallocated_payments": -100, "sold": 300}
    assert parts(account, day(2)) == {"open_invoices": 200, "sold": 200}
    assert list(proofs.differences(today=TODAY)) == []


def test_the_oldest_that_is_late_is_the_oldest_that_is_ours(
    account: CustomerAccount, accountant: User
) -> None:
    make_agreement(account.company)
    approve(account)
    oldest, later = (
        make_item(account, "200", by=accountant, due=day(-late), issued=day(-40)) for late in (30, 7)
    )
    assert oldest_days(account) == 30
    batch = sell(oldest, by=accountant)
    assert oldest_days(account) == 7
    sell(later, by=accountant)
    assert oldest_days(account) == 0
    services.dispute_amount(item_id=later.pk, amount=D(50), on=TODAY, by=accountant, at=AT)
    assert oldest_days(account) == 7, "what is contested stays ours"
    take_back(
        assignment_id=batch.assignments.get(item=oldest).pk,
        reason="back",
        by=accountant,
        at=AT + timedelta(days=3),
    )
    assert book(account, day(3)).oldest_days(day(3)) == 33
    assert list(proofs.differences(today=TODAY)) == []


def test_with_recourse_what_is_due_is_late_as_any_other(account: CustomerAccount, accountant: User) -> None:
    make_agreement(account.company, with_recourse=True)
    _ahead, late = items(account, accountant)
    sell(late, by=accountant)
    assert oldest_days(account) == 10


def test_nothing_is_expected_of_what_is_sold_without_recourse(
    account: CustomerAccount, accountant: User
) -> None:
    make_agreement(account.company)
    ahead, late = items(account, accountant)
    sell(ahead, late, by=accountant)
    services.dispute_amount(item_id=ahead.pk, amount=D(120), on=TODAY, by=accountant, at=AT)
    rows = items_on(CustomerAccount.objects.filter(pk=account.pk), on=TODAY).select_related("account")
    found = {(part.item_id, part.amount): part.expected for part in expected_parts(rows, on=TODAY)}
    assert found[ahead.pk, D(180)] == (None, Why.SOLD)
    assert found[late.pk, D(200)] == (None, Why.SOLD)
    assert found[ahead.pk, D(120)].why is Why.DISPUTE


def test_what_is_sold_with_recourse_is_expected_as_any_other(
    account: CustomerAccount, accountant: User
) -> None:
    make_agreement(account.company, with_recourse=True)
    ahead, late = items(account, accountant)
    sell(ahead, late, by=accountant)
    rows = items_on(CustomerAccount.objects.filter(pk=account.pk), on=TODAY).select_related("account")
    assert all(part.expected.day for part in expected_parts(rows, on=TODAY))


def oldest_days(account: CustomerAccount) -> int:
    """As the live book says it; what is stored and reported says the same."""
    found = book(account)
    standing.refresh([account.pk], at=AT)
    assert CreditStanding.objects.get(level=3, target_id=account.pk).oldest_due == found.oldest_due
    (row,) = exposure_report(user=None, company=account.company, as_of=TODAY, at=AT).rows
    assert row.oldest_days == found.oldest_days(TODAY)
    shown = exposure_of(account, on=TODAY).as_contract()["overdue"]
    assert (shown["oldest_days"], D(shown["amount"])) == (row.oldest_days, row.overdue)
    return row.oldest_days


def test_a_check_asks_as_often_as_before(account: CustomerAccount, accountant: User) -> None:
    make_agreement(account.company)
    approve(account)
    sold = [make_item(account, amount, by=accountant, due=day(10)) for amount in ("300", "200")]
    give_limit(account, "1000")

    def asked() -> int:
        with CaptureQueriesContext(connection) as made:
            check(account=account, amount=D(10), at=AT, by=accountant)
        return len(made)

    asked()
    before = asked()
    held = check(account=account, amount=D(700), at=AT, by=accountant)
    sell(*sold, by=accountant)
    passes = check(account=account, amount=D(700), at=AT, by=accountant)
    assert (held.over_limit_by, passes.over_limit_by) == (D(200), D(0))
    assert asked() == before == 4


def test_standing_and_report_agree_with_the_live_figures(account: CustomerAccount, accountant: User) -> None:
    make_agreement(account.company)
    ahead, late = items(account, accountant)
    sell(ahead, by=accountant)
    standing.refresh([account.pk], at=AT)
    row = CreditStanding.objects.get(level=3, target_id=account.pk)
    assert (row.net_exposure, row.overdue) == (D(200), D(200))
    report = exposure_report(user=None, company=account.company, as_of=TODAY, at=AT)
    assert (report.totals["net_exposure"], report.ledger_total, report.sold, report.difference) == (
        D(200),
        D(500),
        D(300),
        D(0),
    )
    recorded = exposure_report(user=None, company=account.company, as_of=TODAY, at=AT + timedelta(days=1))
    assert (recorded.source, recorded.sold, recorded.difference) == ("snapshot", D(300), D(0))
    assert late.open_amount == 200


def test_sums_by_kind(account: CustomerAccount, accountant: User) -> None:
    make_agreement(account.company)
    ahead, late = items(account, accountant)
    sell(late, by=accountant)
    make_agreement(account.company, valid_from=TODAY, with_recourse=True)
    sell(ahead, by=accountant)
    assert queries.sold_sums([account.pk], on=TODAY) == [("EUR", D(300), D(200))]
    assert queries.sold_sums([account.pk], on=day(-1)) == []
    assert queries.sold_keys([ahead.pk, late.pk], on=TODAY) == {ahead.pk, late.pk}
