"""Due dates put off and brought forward: what is late from which day on, and what earlier days keep."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse

from accounts.models import CustomerAccount, User
from invoicing import proofs, queries, services
from invoicing.ageing import Basis
from invoicing.models import DueDateChange, ReceivableItem
from invoicing.policy import BeyondLegalCap, ClosedPeriod, DatedAhead
from invoicing.services.due_dates import NothingDue
from o2c.reports.aged_balance import aged_balance
from o2c.reports.drill import items_behind
from o2c.reports.history import overdue_history
from o2c.shared.models import AuditEvent
from o2c.shared.problems import Invalid, NotAllowed, NotFound
from tests.factories.accounts import make_user
from tests.factories.invoicing import AT, TODAY, day, make_credit, make_item, woken

pytestmark = pytest.mark.django_db


@pytest.fixture
def credit(account: CustomerAccount) -> User:
    return make_user("credit_manager", account.company)


@pytest.fixture
def item(account: CustomerAccount, accountant: User) -> ReceivableItem:
    """100 issued 60 days ago, due 30 days ago."""
    return make_item(account, by=accountant)


def change(item: ReceivableItem, due: date, by: User, on: date | None = None) -> DueDateChange:
    return services.change_due_date(item_id=item.pk, due_date=due, reason="agreed", on=on, by=by, at=AT)


def late_on(account: CustomerAccount, on: date) -> Decimal:
    """What was late on a day, from three readings that must agree."""
    company = account.company
    report = aged_balance(user=None, company=company, as_of=on)
    late = sum((report.overdue(row) for row in report.rows), Decimal(0))
    listed = queries.items_on(CustomerAccount.objects.filter(pk=account.pk), on=on, overdue_only=True)
    assert sum((row.open_on for row in listed), Decimal(0)) == late
    assert all(row.days_late == (on - row.due_on).days for row in listed)
    history = overdue_history(user=None, company=company, as_of=on, months=1)
    assert history[-1].overdue == late
    return late


def test_a_date_put_off_counts_from_its_day_on(account: CustomerAccount, item: ReceivableItem, credit: User):
    change(item, day(0), credit)
    assert [late_on(account, day(n)) for n in (-31, -30, -29, -1, 0, 1)] == [0, 0, 100, 100, 0, 100]


def test_a_date_brought_forward_and_put_off_again(
    account: CustomerAccount, item: ReceivableItem, credit: User
):
    change(item, day(-50), credit, on=day(-45))
    change(item, day(-10), credit, on=day(-20))
    days = (-50, -46, -45, -21, -20, -11, -10, -9, 0)
    assert [late_on(account, day(n)) for n in days] == [0, 0, 100, 100, 0, 0, 0, 100, 100]
    assert list(proofs.differences(company=account.company, today=TODAY)) == []


def test_an_item_partly_paid_since_is_late_by_the_date_of_then(
    account: CustomerAccount, item: ReceivableItem, accountant: User, credit: User
):
    money = make_credit(account, "40", by=accountant, received=day(-5))
    services.allocate(
        from_item_id=money.pk, to_item_id=item.pk, amount=Decimal(40), date=day(-5), by=accountant, at=AT
    )
    change(item, day(0), credit, on=day(-3))
    assert [late_on(account, day(n)) for n in (-29, -6, -5, -4, -3, 0, 1)] == [100, 100, 60, 60, 0, 0, 60]


def test_a_total_never_moves_and_a_figure_has_its_items(
    account: CustomerAccount, item: ReceivableItem, credit: User
):
    before = aged_balance(user=None, company=account.company, as_of=day(-1))
    by_invoice = aged_balance(user=None, company=account.company, as_of=day(-1), by=Basis.INVOICE_DATE)
    change(item, day(0), credit)
    assert aged_balance(user=None, company=account.company, as_of=day(-1)) == before
    again = aged_balance(user=None, company=account.company, as_of=day(-1), by=Basis.INVOICE_DATE)
    assert again == by_invoice
    for bucket, count in (("d1_30", 1), ("not_due", 0)):
        assert items_behind(before, credit, bucket=bucket, currency="EUR").count() == count


def test_what_is_refused(account: CustomerAccount, item: ReceivableItem, credit: User, accountant: User):
    for due in (item.due_date, day(-61)):
        with pytest.raises(Invalid):
            change(item, due, credit)
    with pytest.raises(BeyondLegalCap):
        change(item, day(1), credit)
    with pytest.raises(DatedAhead):
        change(item, day(0), credit, on=day(1))
    with pytest.raises(Invalid):
        change(item, day(0), credit, on=day(-61))
    with pytest.raises(Invalid):
        services.change_due_date(item_id=item.pk, due_date=day(0), reason=" ", by=credit, at=AT)
    with pytest.raises(NotAllowed):
        change(item, day(0), accountant)
    with pytest.raises(NotFound):
        change(item, day(0), make_user("sales", account.company))
    with pytest.raises(NothingDue):
        change(make_credit(account, by=accountant), day(0), credit)
    change(item, day(-5), credit, on=day(-4))
    with pytest.raises(Invalid):
        change(item, day(0), credit, on=day(-5))
    assert DueDateChange.objects.count() == 1


def test_a_closed_month_keeps_its_due_dates(
    account: CustomerAccount, item: ReceivableItem, credit: User, accountant: User
):
    services.close_period(company=account.company, month=date(2026, 10, 1), by=accountant, at=AT)
    with pytest.raises(ClosedPeriod):
        change(item, day(0), credit, on=date(2026, 10, 31))
    row = DueDateChange(
        item=item,
        old_due_date=item.due_date,
        new_due_date=day(0),
        effective_from=date(2026, 10, 31),
        reason="x",
        recorded_at=AT,
        recorded_by=credit,
    )
    with pytest.raises(IntegrityError, match="closed period"), transaction.atomic():
        row.save(force_insert=True)


def test_changes_are_rows_nobody_changes_and_the_book_proves_them(
    account: CustomerAccount, item: ReceivableItem, credit: User
):
    row = change(item, day(0), credit)
    with pytest.raises(Exception, match="Cannot update or delete"), transaction.atomic():
        DueDateChange.objects.filter(pk=row.pk).update(reason="other")
    for wrong in ({"new_due_date": row.old_due_date}, {"reason": ""}):
        bad = DueDateChange.objects.get(pk=row.pk)
        bad.pk = None
        for name, value in wrong.items():
            setattr(bad, name, value)
        with pytest.raises(IntegrityError, match="due_date_change"), transaction.atomic():
            bad.save(force_insert=True)
    ReceivableItem.objects.filter(pk=item.pk).update(due_date=day(7))
    (found,) = proofs.differences(company=account.company)
    assert (found.proof, found.expected, found.found) == ("due date", str(day(0)), str(day(7)))


def test_it_is_journalled_and_wakes_who_waits(account: CustomerAccount, item: ReceivableItem, credit: User):
    before = len(woken())
    change(item, day(0), credit)
    event = AuditEvent.objects.get(action="item.due_date_changed")
    assert (event.reason, event.object_label, event.account_id) == ("agreed", item.document, account.pk)
    assert woken()[before:] == [account.pk]


def test_the_page_and_the_api_change_it(
    account: CustomerAccount, item: ReceivableItem, credit: User, accountant: User, client: Client
):
    client.force_login(credit)
    address = reverse("invoicing:due_date", args=[item.pk])
    assert client.get(address).status_code == 200
    assert client.post(address, {"due_date": "", "reason": ""}).status_code == 422
    late = client.post(address, {"due_date": "2035-01-01", "reason": "x"})
    assert (late.status_code, str(BeyondLegalCap.message) in late.content.decode()) == (422, True)
    assert client.post(address, {"due_date": day(-20).isoformat(), "reason": "agreed"}).status_code == 302
    shown = client.get(reverse("invoicing:detail", args=[item.document])).content.decode()
    assert f"{day(-30):%d/%m/%Y}" in shown
    body = {"due_date": day(-10).isoformat(), "reason": "agreed"}
    answer = client.post(f"/api/v1/items/{item.pk}/due-date/", body, content_type="application/json")
    assert (answer.status_code, answer.json()["due_date"]) == (200, day(-10).isoformat())
    past = client.get(f"/api/v1/items/{item.pk}/?as_of={day(-1).isoformat()}").json()
    assert past["due_date"] == day(-30).isoformat()
    client.force_login(accountant)
    assert client.get(address).status_code == 403
    answer = client.post(f"/api/v1/items/{item.pk}/due-date/", body, content_type="application/json")
    assert (answer.status_code, answer.json()["required_role"]) == (403, "credit_analyst")
