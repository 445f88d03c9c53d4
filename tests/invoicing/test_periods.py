"""Closed months: who closes them, what they refuse, in the acts and in the database, and that their figures stay."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import CustomerAccount, User
from invoicing import services
from invoicing.models import AccountingPeriod, Allocation, DisputedAmount, ReceivableItem
from invoicing.policy import ClosedPeriod
from invoicing.services.periods import AlreadyClosed, NotClosed, NotEnded
from o2c.reports.aged_balance import aged_balance
from o2c.shared.calendar import PARIS
from o2c.shared.models import AuditEvent
from o2c.shared.problems import Invalid, NotAllowed
from tests.factories.accounts import CompanyFactory, CustomerAccountFactory, make_user
from tests.factories.invoicing import AT, make_credit, make_invoice, make_item, make_payment

pytestmark = pytest.mark.django_db

OCTOBER = date(2026, 10, 1)
LAST = date(2026, 10, 31)


@pytest.fixture
def clerk() -> User:
    return make_user("receivables_accountant", CompanyFactory(code="DEMO"))


@pytest.fixture
def director(clerk: User) -> User:
    return make_user("finance_director", clerk.home_company)


@pytest.fixture
def account(clerk: User) -> CustomerAccount:
    return CustomerAccountFactory(company=clerk.home_company)


def close(by: User, month: date = OCTOBER, at: datetime = AT) -> list[AccountingPeriod]:
    assert by.home_company is not None
    return services.close_period(company=by.home_company, month=month, by=by, at=at)


def test_closing_a_month_closes_what_is_open_before_it(clerk: User) -> None:
    closed = close(clerk)
    assert [row.month for row in closed][:2] == [date(2024, 11, 1), date(2024, 12, 1)]
    assert closed[-1].month == OCTOBER
    assert AuditEvent.objects.filter(action="period.closed").count() == len(closed) == 24
    with pytest.raises(AlreadyClosed):
        close(clerk)


def test_a_month_is_closed_once_it_has_ended(clerk: User) -> None:
    with pytest.raises(NotEnded):
        close(clerk, date(2026, 11, 1))
    with pytest.raises(NotEnded):
        close(clerk, date(2026, 11, 30), datetime(2026, 11, 30, 23, 59, tzinfo=PARIS))
    assert close(clerk, date(2026, 11, 1), datetime(2026, 12, 1, 0, 1, tzinfo=PARIS))


def test_only_the_finance_director_opens_a_month_again_and_says_why(clerk: User, director: User) -> None:
    close(clerk)
    company = clerk.home_company
    assert company is not None
    with pytest.raises(NotAllowed):
        services.reopen_period(company=company, month=OCTOBER, reason="late", by=clerk, at=AT)
    with pytest.raises(Invalid):
        services.reopen_period(company=company, month=OCTOBER, reason=" ", by=director, at=AT)
    (row,) = services.reopen_period(company=company, month=OCTOBER, reason="late", by=director, at=AT)
    assert (row.is_closed, row.reopened_by, row.reopen_reason) == (False, director, "late")
    with pytest.raises(NotClosed):
        services.reopen_period(company=company, month=OCTOBER, reason="late", by=director, at=AT)
    assert AuditEvent.objects.get(action="period.reopened").reason == "late"
    assert [each.month for each in close(clerk)] == [OCTOBER]
    for role in ("adv_manager", "credit_manager", "auditor"):
        with pytest.raises(NotAllowed):
            close(make_user(role, company))


def test_opening_a_month_opens_those_after_it_which_build_on_it(clerk: User, director: User) -> None:
    close(clerk)
    company = clerk.home_company
    assert company is not None
    rows = services.reopen_period(company=company, month=date(2026, 8, 1), reason="late", by=director, at=AT)
    assert [row.month.month for row in rows] == [8, 9, 10]
    assert AuditEvent.objects.filter(action="period.reopened").count() == 3
    assert [row.month.month for row in close(clerk)] == [8, 9, 10]


def test_every_act_refuses_a_day_asked_for_in_a_closed_month(clerk: User, account: CustomerAccount) -> None:
    item = make_item(account, "100", by=clerk, issued=date(2026, 9, 10))
    credit = make_credit(account, "40", by=clerk, received=date(2026, 9, 20))
    dispute = services.dispute_amount(
        item_id=item.pk, amount=Decimal(10), on=date(2026, 10, 5), by=clerk, at=AT
    )
    close(clerk)
    with pytest.raises(ClosedPeriod, match="01/11/2026"):
        make_invoice(account, by=clerk, issued=LAST)
    with pytest.raises(ClosedPeriod):
        make_invoice(account, "-10", by=clerk, issued=LAST, due=LAST)
    with pytest.raises(ClosedPeriod):
        make_payment(account, by=clerk, received=LAST)
    with pytest.raises(ClosedPeriod):
        services.allocate(
            from_item_id=credit.pk, to_item_id=item.pk, amount=Decimal(1), date=LAST, by=clerk, at=AT
        )
    with pytest.raises(ClosedPeriod):
        services.dispute_amount(item_id=item.pk, amount=Decimal(1), on=LAST, by=clerk, at=AT)
    with pytest.raises(ClosedPeriod):
        services.end_dispute(disputed_id=dispute.pk, on=LAST, by=clerk, at=AT)
    assert make_invoice(account, by=clerk, issued=date(2026, 11, 1), due=date(2026, 12, 1)).pk


def test_a_match_of_old_items_counts_from_the_first_open_day(
    clerk: User, director: User, account: CustomerAccount
) -> None:
    item = make_item(account, "100", by=clerk, issued=date(2026, 7, 10))
    credit = make_credit(account, "40", by=clerk, received=date(2026, 8, 20))
    close(clerk)

    def match(amount: int) -> Allocation:
        return services.allocate(
            from_item_id=credit.pk, to_item_id=item.pk, amount=Decimal(amount), by=clerk, at=AT
        )

    first = match(1)
    assert first.effective_date == date(2026, 11, 1)
    services.reopen_period(company=account.company, month=date(2026, 9, 1), reason="x", by=director, at=AT)
    assert match(1).effective_date == date(2026, 9, 1)
    undone = services.unallocate(allocation_id=first.pk, by=clerk, at=AT)
    assert undone.effective_date == AT.date()


def test_a_match_made_before_its_month_was_closed_is_undone_today(
    clerk: User, account: CustomerAccount
) -> None:
    item = make_item(account, "100", by=clerk, issued=date(2026, 7, 10))
    credit = make_credit(account, "40", by=clerk, received=date(2026, 8, 20))
    made = services.allocate(from_item_id=credit.pk, to_item_id=item.pk, amount=Decimal(40), by=clerk, at=AT)
    assert made.effective_date == date(2026, 8, 20)
    close(clerk)
    before = aged_balance(user=None, company=account.company, as_of=LAST)
    undone = services.unallocate(allocation_id=made.pk, by=clerk, at=AT)
    assert (undone.effective_date, undone.letter) == (AT.date(), made.letter)
    assert aged_balance(user=None, company=account.company, as_of=LAST) == before
    again = services.allocate(from_item_id=credit.pk, to_item_id=item.pk, amount=Decimal(40), by=clerk, at=AT)
    # Not the first open day: until today the former match was in force.
    assert again.effective_date == AT.date()


def test_the_aged_balance_of_a_closed_month_stays(
    clerk: User, director: User, account: CustomerAccount
) -> None:
    old, other = (make_item(account, "100", by=clerk, issued=date(2026, 7, 10)) for _ in range(2))
    money = make_credit(account, "60", by=clerk, received=date(2026, 8, 20))
    dispute = services.dispute_amount(
        item_id=other.pk, amount=Decimal(10), on=date(2026, 10, 5), by=clerk, at=AT
    )
    close(clerk)
    days = [date(2026, 8, 31), date(2026, 9, 30), LAST]
    before = [aged_balance(user=None, company=account.company, as_of=day) for day in days]
    match = services.allocate(from_item_id=money.pk, to_item_id=old.pk, amount=Decimal(60), by=clerk, at=AT)
    services.unallocate(allocation_id=match.pk, by=clerk, at=AT)
    make_invoice(account, "-30", by=clerk, issued=AT.date(), due=AT.date())
    make_payment(account, "500", by=clerk, received=date(2026, 11, 1), match=True)
    services.end_dispute(disputed_id=dispute.pk, on=AT.date(), by=clerk, at=AT)
    services.dispute_amount(item_id=old.pk, amount=Decimal(5), on=AT.date(), by=clerk, at=AT)
    assert [aged_balance(user=None, company=account.company, as_of=day) for day in days] == before


def test_the_database_refuses_what_no_act_would_write(clerk: User, account: CustomerAccount) -> None:
    item = make_item(account, "100", by=clerk, issued=date(2026, 9, 10))
    credit = make_credit(account, "40", by=clerk, received=date(2026, 9, 20))
    dispute = services.dispute_amount(item_id=item.pk, amount=Decimal(1), on=AT.date(), by=clerk, at=AT)
    close(clerk)
    stray = ReceivableItem(
        company=account.company,
        account=account,
        kind="OPENING",
        document="X",
        issue_date=LAST,
        due_date=LAST,
        currency="EUR",
        amount=1,
        open_amount=1,
        effective_date=LAST,
        recorded_at=AT,
    )
    match = Allocation(debit=item, credit=credit, amount=1, effective_date=LAST, recorded_at=AT)
    contested = DisputedAmount(item=item, amount=1, effective_from=LAST, recorded_at=AT)
    for row in (stray, match, contested):
        with pytest.raises(IntegrityError, match="closed period"), transaction.atomic():
            row.save(force_insert=True)
    for change in ({"effective_from": LAST}, {"effective_from": LAST, "effective_to": AT.date()}):
        with pytest.raises(IntegrityError, match="closed period"), transaction.atomic():
            DisputedAmount.objects.filter(pk=dispute.pk).update(**change)
    with pytest.raises(IntegrityError, match="closed period"), transaction.atomic():
        ReceivableItem.objects.bulk_create([stray])


@pytest.mark.parametrize(
    ("change", "constraint"),
    [
        ({"month": date(2026, 10, 2)}, "period_begins_on_the_first"),
        ({"is_closed": False}, "period_reopened_by_somebody_with_a_reason"),
        ({"month": date(2026, 9, 1)}, "one_period_per_company_and_month"),
    ],
)
def test_periods_that_cannot_be(clerk: User, change: dict[str, object], constraint: str) -> None:
    close(clerk)
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        AccountingPeriod.objects.filter(month=OCTOBER).update(**change)


def test_the_page_says_what_is_open_and_lets_finance_close(
    clerk: User, director: User, client: Client
) -> None:
    client.force_login(director)
    page = client.get(reverse("invoicing:periods"))
    shown = page.context["months"]
    assert [month.state for month in shown[:2]] == ["current", "open_period"]
    ended = shown[1].first
    address = reverse("invoicing:close_period", args=[ended.year, ended.month])
    assert "24" in client.get(address).content.decode()
    assert client.post(address).status_code == 302
    again = client.post(address)
    assert (again.status_code, str(AlreadyClosed.message) in again.content.decode()) == (422, True)
    reopen = reverse("invoicing:reopen_period", args=[ended.year, ended.month])
    assert client.post(reopen, {"reason": ""}).status_code == 422
    assert client.post(reopen, {"reason": "late invoice"}).status_code == 302
    assert "late invoice" in client.get(reverse("invoicing:periods")).content.decode()
    client.force_login(clerk)
    assert client.get(reopen).status_code == 403
    assert client.get(address).status_code == 200
    assert client.get(reverse("invoicing:close_period", args=[2026, 13])).status_code == 404


def test_the_page_asks_the_same_whatever_is_closed(director: User, client: Client) -> None:
    client.force_login(director)
    address = reverse("invoicing:periods")
    first = client.get(address).context["months"][1].first

    def queries() -> int:
        with CaptureQueriesContext(connection) as asked:
            client.get(address)
        return len(asked)

    before = queries()
    client.post(reverse("invoicing:close_period", args=[first.year, first.month]))
    client.get(address)
    assert queries() == before


def test_the_api_reads_the_months(director: User, client: Client) -> None:
    client.force_login(director)
    rows = client.get("/api/v1/periods/").json()
    assert rows["count"] == len(rows["results"])
    month = rows["results"][1]["month"]
    assert rows["results"][1]["state"] == "open"
    client.post(reverse("invoicing:close_period", args=[int(month[:4]), int(month[5:])]))
    closed = client.get("/api/v1/periods/").json()["results"][1]
    assert (closed["month"], closed["state"], closed["closed_by"]) == (month, "closed", director.username)
    ahead = AT.date() + timedelta(days=40)
    assert ahead.strftime("%Y-%m") not in {row["month"] for row in rows["results"]}
