"""Recurring invoices: their dates, each period billed once and in order, what stops one, pauses, ends, rights."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from threading import Barrier
from typing import Any

import pytest
import time_machine
from django.db import DatabaseError, connection, connections, transaction
from django.test import Client
from django.urls import reverse

from accounts.models import Company, CustomerAccount, User
from invoicing.firewall.services import set_rules
from invoicing.models import Invoice, RecurringInvoice, RecurringPeriod
from invoicing.policy import LineInput
from invoicing.recurring import policy, services
from invoicing.recurring.policy import Rhythm, Timing
from o2c.home.inbox import Inbox
from o2c.shared import work
from o2c.shared.calendar import PARIS
from o2c.shared.models import AuditEvent
from o2c.shared.problems import Invalid, NotAllowed, NotFound
from tests.factories.accounts import CompanyFactory, CustomerAccountFactory, make_user

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 26, 10, 0, tzinfo=PARIS)
RENT = LineInput("Maintenance", Decimal(2), Decimal("150.00"), Decimal(20), "M1")


@pytest.fixture
def today() -> Any:
    with time_machine.travel(NOW, tick=False) as clock:
        yield clock


def schedule(account: CustomerAccount, by: User, **wishes: Any) -> RecurringInvoice:
    options: dict[str, Any] = {
        "lines": [RENT], "rhythm": "month", "timing": "advance", "first_day": date(2026, 11, 1),
        "customer_reference": "PO-9",
    } | wishes  # fmt: skip
    return services.create_schedule(company=account.company, account=account, by=by, at=NOW, **options)


def spans(row: RecurringInvoice) -> list[tuple[date, date]]:
    rows = row.periods.filter(invoice__isnull=False).order_by("invoice__number")
    return list(rows.values_list("first", "last"))


# --- dates ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("first", "rhythm", "timing", "expected"),
    [
        (date(2027, 1, 31), "month", "advance", ["2027-01-31", "2027-02-28", "2027-03-31"]),
        (date(2027, 1, 1), "month", "arrears", ["2027-01-31", "2027-02-28", "2027-03-31"]),
        (date(2027, 1, 15), "quarter", "arrears", ["2027-04-14", "2027-07-14", "2027-10-14"]),
        (date(2028, 2, 29), "year", "advance", ["2028-02-29", "2029-02-28", "2030-02-28"]),
    ],
)
def test_the_days_invoices_are_due_on(first: date, rhythm: str, timing: str, expected: list[str]):
    found = [str(policy.period(first, rhythm, timing, place).bill_on) for place in range(3)]
    assert found == expected


def test_periods_follow_each_other_without_gap_until_the_last_day():
    rows = list(policy.periods(date(2027, 1, 31), Rhythm.MONTH, Timing.ADVANCE, last_day=date(2027, 12, 30)))
    assert len(rows) == 11
    assert all(two.first - one.last == timedelta(days=1) for one, two in pairwise(rows))


def test_a_schedule_ends_with_a_whole_period(account: CustomerAccount, accountant: User):
    with pytest.raises(Invalid) as refused:
        schedule(account, accountant, last_day=date(2027, 1, 15))
    (said,) = refused.value.errors["last_day"]
    assert "31/12/2026" in str(said)
    assert "31/01/2027" in str(said)


@pytest.mark.parametrize(
    "wishes",
    [
        {"first_day": date(2025, 1, 1)},
        {"last_day": date(2026, 10, 31)},
        {"term": "SOON"},
        {"lines": [LineInput("x" * 241, Decimal(1), Decimal(1))]},
    ],
)
def test_what_cannot_be_agreed(account: CustomerAccount, accountant: User, wishes: dict[str, Any]):
    with pytest.raises(Invalid):
        schedule(account, accountant, **wishes)


# --- billing -------------------------------------------------------------------------------------------------------


def test_what_was_missed_is_billed_in_order_and_once(account: CustomerAccount, accountant: User, today: Any):
    row = schedule(account, accountant, first_day=date(2026, 9, 1))
    work.drain()
    assert [first for first, _last in spans(row)] == [date(2026, 9, 1), date(2026, 10, 1), date(2026, 11, 1)]
    invoice = Invoice.objects.order_by("number")[0]
    assert (invoice.issue_date, invoice.total_incl_vat) == (NOW.date(), Decimal("360.00"))
    assert (invoice.created_by, invoice.customer_reference) == (None, "PO-9")
    assert "01/09/2026" in invoice.lines.get().description
    services.new_day()
    work.drain()
    assert Invoice.objects.count() == 3
    row.refresh_from_db()
    assert (row.next_on, row.status) == (date(2026, 12, 1), "running")


def test_the_clock_bills_on_the_day(account: CustomerAccount, accountant: User, today: Any):
    row = schedule(account, accountant, first_day=date(2026, 11, 1), timing="arrears")
    services.new_day()
    work.drain()
    assert spans(row) == []
    today.move_to(datetime(2026, 11, 30, 6, 0, tzinfo=PARIS))
    services.new_day()
    work.drain()
    assert spans(row) == [(date(2026, 11, 1), date(2026, 11, 30))]


def test_after_the_last_period_it_is_done(account: CustomerAccount, accountant: User, today: Any):
    row = schedule(account, accountant, last_day=date(2026, 11, 30))
    work.drain()
    row.refresh_from_db()
    assert (len(spans(row)), row.next_on, row.status) == (1, None, "finished")


def test_the_same_amount_every_month_is_no_duplicate_but_another_invoice_is(
    account: CustomerAccount, accountant: User, today: Any
):
    schedule(account, accountant, first_day=date(2026, 10, 1))
    work.drain()
    assert Invoice.objects.count() == 2
    other = schedule(account, accountant, first_day=date(2026, 11, 1))
    work.drain()
    other.refresh_from_db()
    assert (other.status, other.problem_code) == ("stuck", "anomalies_found")


# --- what stops one ------------------------------------------------------------------------------------------------


def test_a_finding_that_stops_is_a_task_until_it_is_mended(
    account: CustomerAccount, accountant: User, company: Company, today: Any
):
    director = make_user("finance_director", company)
    account.address_line1 = ""
    account.save()
    set_rules(company=company, severities={"ADDRESS_MISSING": "block"}, reason="law", by=director, at=NOW)
    row = schedule(account, accountant, first_day=date(2026, 10, 1))
    work.drain()
    services.new_day()
    work.drain()
    row.refresh_from_db()
    assert (spans(row), row.status, row.next_on) == ([], "stuck", date(2026, 10, 1))
    assert AuditEvent.objects.filter(action="recurring.stuck").count() == 1
    box = Inbox(accountant, company, NOW)
    (task,) = [line for line in box.inbox() if line.url == reverse("invoicing:recurring_one", args=[row.pk])]
    assert row.label in str(task.sub)
    account.address_line1, account.city = "1 rue de la Paix", "Paris"
    account.save()
    services.new_day()
    work.drain()
    assert [first for first, _last in spans(row)] == [date(2026, 10, 1), date(2026, 11, 1)]
    assert not [line for line in box.inbox() if "recurring" in line.url]


def test_a_finding_that_asks_is_answered_by_somebody(account: CustomerAccount, accountant: User, today: Any):
    odd = LineInput("Rent", Decimal(1), Decimal(10), Decimal(7))
    row = schedule(account, accountant, lines=[odd], first_day=date(2026, 10, 1))
    work.drain()
    browser = Client()
    browser.force_login(accountant)
    page = browser.get(reverse("invoicing:recurring_one", args=[row.pk]))
    assert "VAT_RATE_UNUSUAL" in page.content.decode()
    address = reverse("invoicing:recurring_bill", args=[row.pk])
    browser.post(address, {})
    assert spans(row) == []
    browser.post(address, {"acknowledge": ["VAT_RATE_UNUSUAL"]})
    assert [first for first, _last in spans(row)] == [date(2026, 10, 1)]
    assert Invoice.objects.get().anomalies.get(severity="warn").acknowledged_by == accountant


# --- pause and end -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("catch_up", "billed"), [(True, 2), (False, 0)])
def test_a_pause_is_caught_up_or_left_out(
    account: CustomerAccount, accountant: User, today: Any, catch_up: bool, billed: int
):
    row = schedule(account, accountant, first_day=date(2026, 12, 1))
    services.pause(schedule_id=row.pk, reason="works", by=accountant, at=NOW)
    today.move_to(datetime(2027, 1, 20, 6, 0, tzinfo=PARIS))
    services.new_day()
    work.drain()
    assert spans(row) == []
    later = datetime(2027, 1, 20, 10, 0, tzinfo=PARIS)
    services.resume(schedule_id=row.pk, catch_up=catch_up, by=accountant, at=later)
    work.drain()
    row.refresh_from_db()
    assert (len(spans(row)), row.periods.count(), row.next_on) == (billed, 2, date(2027, 2, 1))
    assert set(AuditEvent.objects.filter(object_id=row.pk).values_list("action", flat=True)) >= {
        "recurring.created", "recurring.paused", "recurring.resumed",
    }  # fmt: skip


def test_what_has_ended_bills_nothing_more(account: CustomerAccount, accountant: User, today: Any):
    row = schedule(account, accountant, first_day=date(2026, 12, 1))
    with pytest.raises(Invalid):
        services.end(schedule_id=row.pk, reason=" ", by=accountant, at=NOW)
    services.end(schedule_id=row.pk, reason="contract over", by=accountant, at=NOW)
    today.move_to(datetime(2027, 1, 20, 6, 0, tzinfo=PARIS))
    services.new_day()
    work.drain()
    assert spans(row) == []
    with pytest.raises(services.NotRunning):
        services.pause(schedule_id=row.pk, reason="again", by=accountant, at=NOW)
    with pytest.raises(services.NotDue):
        services.bill_now(schedule_id=row.pk, by=accountant, at=NOW)


# --- what the database refuses -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "act",
    [
        lambda row: row.delete(),
        lambda row: RecurringInvoice.objects.filter(pk=row.pk).update(first_day=date(2026, 1, 1)),
        lambda row: RecurringInvoice.objects.filter(pk=row.pk).update(paused_at=NOW),
        lambda row: RecurringInvoice.objects.filter(pk=row.pk).update(ended_at=NOW),
        lambda row: row.lines.update(unit_price=1),
        lambda row: row.periods.update(last=date(2027, 1, 1)),
        lambda row: row.periods.all().delete(),
        lambda row: again(row, position=0),
        lambda row: again(row, position=7),
        lambda row: again(row, position=8, first=date(2027, 5, 1), last=date(2027, 4, 1)),
        lambda row: again(row, position=9, first=date(2027, 5, 1), last=date(2027, 5, 31)),
    ],
)
def test_the_database_refuses(account: CustomerAccount, accountant: User, today: Any, act: Any):
    row = schedule(account, accountant)
    work.drain()
    with pytest.raises(DatabaseError), transaction.atomic():
        act(row)


def again(row: RecurringInvoice, **changes: Any) -> None:
    old = row.periods.get()
    values = {"position": old.position, "first": old.first, "last": old.last} | changes
    RecurringPeriod.objects.create(schedule=row, settled_at=NOW, **values)


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_two_workers_never_bill_a_period_twice():
    company = CompanyFactory(code="RACE")
    books, account = make_user("receivables_accountant", company), CustomerAccountFactory(company=company)
    rows = [schedule(account, books), schedule(account, books, customer_reference="PO-10")]
    start = Barrier(4)

    def run(row: RecurringInvoice) -> Any:
        try:
            connection.ensure_connection()
            start.wait()
            return services.bill_next(schedule_id=row.pk, by=None, at=NOW)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as pool:
        made = [invoice for invoice in pool.map(run, rows * 2) if invoice]
    assert len(made) == Invoice.objects.count() == RecurringPeriod.objects.count() == 2
    assert len({invoice.number for invoice in made}) == 2


# --- pages, API, rights --------------------------------------------------------------------------------------------


def test_rights(account: CustomerAccount, accountant: User, rep: User, company: Company):
    row = schedule(account, accountant)
    with pytest.raises(NotFound):
        services.pause(schedule_id=row.pk, reason="x", by=rep, at=NOW)
    analyst = make_user("credit_analyst", company)
    with pytest.raises(NotAllowed):
        services.pause(schedule_id=row.pk, reason="x", by=analyst, at=NOW)
    with pytest.raises(NotAllowed):
        schedule(account, analyst)


def test_set_up_on_the_page(account: CustomerAccount, accountant: User, today: Any):
    browser = Client()
    browser.force_login(accountant)
    typed = {
        "client": account.code, "rhythm": "quarter", "timing": "advance", "first_day": "01/12/2026", "last_day": "",
        "lines-TOTAL_FORMS": "1", "lines-INITIAL_FORMS": "0", "lines-0-sku": "A1", "lines-0-description": "Loyer",
        "lines-0-quantity": "1", "lines-0-unit_price": "1 200,50", "lines-0-vat_rate": "20",
    }  # fmt: skip
    dates = browser.post(reverse("invoicing:recurring_preview"), typed).content.decode()
    assert "01/12/2026" in dates
    assert "28/02/2027" in dates
    assert browser.get(reverse("invoicing:recurring_new")).status_code == 200
    answer = browser.post(reverse("invoicing:recurring_new"), typed, follow=True)
    row = RecurringInvoice.objects.get()
    assert row.label in answer.content.decode()
    assert (row.total_excl_vat, row.next_on) == (Decimal("1200.50"), date(2026, 12, 1))
    browser.post(reverse("invoicing:recurring_pause", args=[row.pk]), {"reason": "travaux"})
    assert row.label in browser.get(reverse("invoicing:recurring")).content.decode()
    row.refresh_from_db()
    assert row.status == "paused"
    wrong = browser.post(reverse("invoicing:recurring_new"), typed | {"last_day": "15/12/2026"})
    assert wrong.status_code == 422
