"""When money is expected: the rule, the habits it rests on, and the reading of many items at once."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from accounts.enums import PaymentMethod
from accounts.models import Company, CustomerAccount, User
from invoicing import services
from invoicing.einvoicing.policy import EInvoiceStatus
from invoicing.einvoicing.services import record_status
from invoicing.expected.policy import Facts, Why, by_week, expected_date, whole_days
from invoicing.expected.queries import expected_days, expected_parts
from invoicing.expected.services import refresh_habits
from invoicing.models import PaymentHabit, ReceivableItem
from invoicing.queries import items_on
from o2c.shared.calendar import is_business_day
from tests.factories.accounts import CustomerAccountFactory
from tests.factories.invoicing import AT, TODAY, day, make_credit, make_item, make_payment

MONDAY = date(2026, 11, 23)
_DAYS = st.dates(date(2026, 1, 1), date(2027, 12, 31))


def expected(**facts: Any) -> tuple[date | None, Why]:
    return expected_date(Facts(**{"due_date": MONDAY, **facts}), on=MONDAY)


def test_the_strongest_word_counts():
    friday = date(2026, 11, 27)
    assert expected(promised=friday, is_disputed=True, delay=40) == (friday, Why.PROMISE)
    # A promise of the past counts no more.
    assert expected(promised=date(2026, 11, 20), delay=2) == (date(2026, 11, 25), Why.HABIT)
    assert expected(is_disputed=True) == (date(2026, 12, 8), Why.DISPUTE)
    assert expected(is_disputed=True, resolution=date(2026, 12, 1)) == (date(2026, 12, 16), Why.DISPUTE)
    assert expected(payment_sent=friday) == (date(2026, 12, 2), Why.PAYMENT_SENT)
    assert expected(clearing_days=5, delay=30) == (date(2026, 11, 30), Why.INSTRUMENT)
    assert expected(due_date=date(2026, 10, 1)) == (date(2026, 11, 30), Why.OVERDUE)
    assert expected(is_insolvent=True, promised=friday) == (None, Why.INSOLVENT)


@given(due=_DAYS, on=_DAYS, delay=st.integers(-60, 120), disputed=st.booleans(), promised=st.none() | _DAYS)
def test_money_is_expected_on_a_business_day_that_has_not_passed(
    due: date, on: date, delay: int, disputed: bool, promised: date | None
):
    facts = Facts(due_date=due, delay=delay, is_disputed=disputed, promised=promised)
    found = expected_date(facts, on=on).day
    assert found is not None
    assert found >= on
    assert is_business_day(found)


@given(
    parts=st.lists(st.tuples(st.none() | _DAYS, st.decimals(min_value=-999, max_value=999, places=2))),
    weeks=st.integers(1, 13),
)
def test_no_receipt_is_lost_between_the_weeks(parts: list[tuple[date | None, Decimal]], weeks: int):
    found = by_week(parts, on=date(2026, 11, 25), weeks=weeks)
    assert found.week_starts[0] == MONDAY
    total = sum((amount for _day, amount in parts), Decimal(0))
    assert sum(found.weekly, found.later + found.excluded) == total


def test_half_a_day_rounds_up():
    assert [whole_days(Decimal(text)) for text in ("4.5", "4.49", "-0.5", "-0.4")] == [5, 4, -1, 0]


# --- habits ---


def pay(account: CustomerAccount, by: User, amount: str, *, due: date, paid: date) -> None:
    item = make_item(account, amount, by=by, issued=due - timedelta(days=30), due=due)
    money = make_payment(account, amount, by=by, received=paid)
    services.allocate_payment(payment_id=money.pk, items=[(item.pk, Decimal(amount))], by=by, at=AT)


def habits(company: Company) -> dict[tuple[str, str], tuple[int, str]]:
    return {
        (row.account.code if row.account else "", row.risk_class): (row.payments, str(row.delay))
        for row in PaymentHabit.objects.filter(company=company).select_related("account")
    }


@pytest.mark.django_db
def test_habits_are_weighted_by_amount_and_forgotten_after_a_year(
    company: Company, account: CustomerAccount, accountant: User
):
    pay(account, accountant, "100", due=day(-40), paid=day(-30))
    pay(account, accountant, "300", due=day(-40), paid=day(-46))
    other = CustomerAccountFactory(company=company, risk_class=account.risk_class)
    pay(other, accountant, "100", due=day(-40), paid=day(-20))
    # Paid by a credit note, paid in part, undone: no habit.
    settled = make_item(account, "50", by=accountant)
    note = make_item(account, "-50", by=accountant)
    services.allocate(from_item_id=note.pk, to_item_id=settled.pk, amount=Decimal(50), by=accountant, at=AT)
    part = make_item(account, "80", by=accountant)
    money = make_credit(account, "40", by=accountant)
    services.allocate(from_item_id=money.pk, to_item_id=part.pk, amount=Decimal(40), by=accountant, at=AT)

    assert refresh_habits(company, on=TODAY) == 4
    assert habits(company) == {
        (account.code, ""): (2, "-2.00"),
        (other.code, ""): (1, "20.00"),
        ("", account.risk_class): (3, "2.40"),
        ("", ""): (3, "2.40"),
    }
    assert refresh_habits(company, on=TODAY) == 0
    refresh_habits(company, on=day(400))
    assert habits(company) == {}


@pytest.mark.django_db
def test_a_habit_is_of_one_thing_and_there_once(company: Company, account: CustomerAccount):
    row = {"company": company, "payments": 1, "delay": 1, "computed_on": TODAY}
    PaymentHabit.objects.create(**row)
    for wrong in ({}, {"account": account, "risk_class": "C"}):
        with pytest.raises(IntegrityError), transaction.atomic():
            PaymentHabit.objects.create(**row, **wrong)


@pytest.mark.django_db
def test_the_own_habit_counts_from_five_payments_on(
    company: Company, account: CustomerAccount, accountant: User
):
    item = make_item(account, "100", by=accountant, due=day(10))
    for scope, payments, delay in ((None, 50, 9), ("class", 6, 4), ("own", 4, 2)):
        PaymentHabit.objects.create(
            company=company,
            account=account if scope == "own" else None,
            risk_class=account.risk_class if scope == "class" else "",
            payments=payments,
            delay=delay,
            computed_on=TODAY,
        )
    assert days(account)[item.pk] == day(14)
    PaymentHabit.objects.filter(account=account).update(payments=5)
    # Two days after a due date on a Thursday is a Saturday.
    assert days(account)[item.pk] == day(14)
    PaymentHabit.objects.filter(account=account).update(delay=1)
    assert days(account)[item.pk] == day(11)


def days(account: CustomerAccount) -> dict[int, date | None]:
    rows = items_on(CustomerAccount.objects.filter(pk=account.pk), on=TODAY).select_related("account")
    return {key: found.day for key, found in expected_days(rows, on=TODAY).items()}


@pytest.mark.django_db
def test_the_contested_part_comes_later_than_the_rest(account: CustomerAccount, accountant: User):
    item = make_item(account, "100", by=accountant, due=day(2))
    make_credit(account, "10", by=accountant)
    record_status(invoice_id=item.invoice_id or 0, status=EInvoiceStatus.DISPUTED, reason_code="PU_ERR",
                  amount=Decimal(30), by=accountant, at=AT)  # fmt: skip
    rows = items_on(CustomerAccount.objects.filter(pk=account.pk), on=TODAY).select_related("account")
    found = [(part.amount, part.expected.why, part.expected.day) for part in expected_parts(rows, on=TODAY)]
    assert found == [
        (Decimal(30), Why.DISPUTE, day(15)),
        (Decimal(70), Why.HABIT, day(2)),
    ]
    record_status(invoice_id=item.invoice_id or 0, status=EInvoiceStatus.PAYMENT_SENT, by=accountant, at=AT)
    assert days(account) == {item.pk: day(3)}


@pytest.mark.django_db
def test_a_direct_debit_is_good_some_days_after_its_due_date(account: CustomerAccount, accountant: User):
    account.payment_method = PaymentMethod.DIRECT_DEBIT
    account.save(update_fields=["payment_method"])
    item = make_item(account, "100", by=accountant, due=day(0))
    assert days(account) == {item.pk: day(7)}


@pytest.mark.django_db
@pytest.mark.parametrize("count", [1, 3])
def test_any_number_of_items_costs_as_many_queries(
    count: int, account: CustomerAccount, accountant: User, django_assert_num_queries: Any
):
    for _ in range(count):
        make_item(account, "10", by=accountant)
    rows = list(items_on(CustomerAccount.objects.filter(pk=account.pk), on=TODAY).select_related("account"))
    # Delays, statuses of the platforms, promises, plans, disputes, payment circuits, clearing days, sales.
    with django_assert_num_queries(9):
        assert len(expected_days(rows, on=TODAY)) == count


@pytest.mark.django_db
def test_the_api_and_the_page_say_when_and_why(account: CustomerAccount, accountant: User):
    item = make_item(account, "100", by=accountant, number="F1")
    client = Client()
    client.force_login(accountant)
    [row] = client.get("/api/v1/items/").json()["results"]
    assert row["expected_on"] >= TODAY.isoformat()
    assert row["expected_because"] == "overdue"
    past = client.get(f"/api/v1/items/{item.pk}/?as_of={day(-5)}").json()
    assert past["expected_on"] is None
    assert "Attendu" in client.get("/invoicing/F1/", headers={"accept-language": "fr"}).content.decode()
    assert ReceivableItem.objects.count() == 1
