"""Rules of the ledger, without a database."""

from __future__ import annotations

import string
from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from invoicing import policy
from invoicing.enums import InvoiceStatus, PaymentStatus
from invoicing.policy import (
    ClosedPeriod,
    DatedAhead,
    Instalment,
    InstalmentsDoNotAddUp,
    OpenDays,
    OtherCurrency,
    OtherDebtor,
    OverAllocated,
    SameSide,
    Side,
)

DAY = date(2026, 11, 23)

cents = st.decimals(min_value=Decimal("0.01"), max_value=Decimal(10**9), places=2)
days = st.dates(date(2020, 1, 1), date(2030, 1, 1))


def side(amount: str, **fields) -> Side:
    facts = {
        "company_id": 1,
        "account_id": 1,
        "entity_id": 1,
        "group_id": None,
        "currency": "EUR",
        "amount": Decimal(amount),
        "open_amount": Decimal(amount),
        "effective_date": DAY,
    }
    return Side(**{**facts, **fields})


@pytest.mark.parametrize(
    ("debit", "credit", "amount", "refusal"),
    [
        (side("100"), side("100"), "1", SameSide),
        (side("-100"), side("-100"), "1", SameSide),
        (side("100"), side("-100", entity_id=2), "1", OtherDebtor),
        (side("100"), side("-100", company_id=2), "1", OtherDebtor),
        (side("100", group_id=7), side("-100", entity_id=2, group_id=8), "1", OtherDebtor),
        (side("100"), side("-100", currency="USD"), "1", OtherCurrency),
        (side("100"), side("-60"), "60.01", OverAllocated),
        (side("50"), side("-60"), "50.01", OverAllocated),
        (side("50"), side("-60"), "0", OverAllocated),
        (side("50", open_amount=Decimal(0)), side("-60"), "1", OverAllocated),
    ],
)
def test_matches_that_must_not_be(debit: Side, credit: Side, amount: str, refusal: type[Exception]):
    with pytest.raises(refusal):
        policy.check_match(debit, credit, Decimal(amount))


@pytest.mark.parametrize(
    "credit", [side("-60"), side("-60", account_id=2), side("-60", account_id=2, entity_id=2, group_id=7)]
)
def test_one_account_entity_or_group_may_be_matched(credit: Side):
    policy.check_match(side("60", group_id=7), credit, Decimal(60))


def test_dates_of_documents():
    policy.check_document_date(DAY, today=DAY, open_days=OpenDays(DAY))
    with pytest.raises(DatedAhead):
        policy.check_document_date(DAY + timedelta(1), today=DAY, open_days=OpenDays(DAY))
    with pytest.raises(ClosedPeriod):
        policy.check_document_date(DAY - timedelta(1), today=DAY, open_days=OpenDays(DAY))


@given(days, days, st.none() | days, days)
def test_a_match_never_counts_before_either_side_nor_in_a_closed_period(
    debit: date, credit: date, asked: date | None, first_open: date
):
    if asked is not None and asked < first_open:
        with pytest.raises(ClosedPeriod):
            policy.match_date(debit, credit, asked, OpenDays(first_open))
        return
    effective = policy.match_date(debit, credit, asked, OpenDays(first_open))
    assert effective == max(day for day in (debit, credit, asked, first_open) if day)


@given(days, days)
def test_an_undoing_moves_no_day_before_today(matched_on: date, today: date):
    assert policy.reversal_date(matched_on, today) == max(matched_on, today)


@given(st.lists(st.tuples(days, cents), min_size=1, max_size=8))
def test_instalments_that_add_up_keep_every_cent(parts: list[tuple[date, Decimal]]):
    total = sum((amount for _day, amount in parts), Decimal(0))

    made = policy.instalments_of(total, DAY, [Instalment(*part) for part in parts])

    assert sum(part.amount for part in made) == total
    assert [part.due_date for part in made] == sorted(day for day, _amount in parts)
    with pytest.raises(InstalmentsDoNotAddUp):
        policy.instalments_of(total + Decimal("0.01"), DAY, made)


def test_without_instalments_all_is_due_at_once():
    assert policy.instalments_of(Decimal(-5), DAY, None) == (Instalment(DAY, Decimal(-5)),)
    assert policy.instalments_of(Decimal(-5), DAY, [Instalment(DAY, Decimal(-5))]) == (
        Instalment(DAY, Decimal(-5)),
    )


@pytest.mark.parametrize(
    ("last", "following"),
    [
        (None, "AAA"),
        ("", "AAA"),
        ("AAA", "AAB"),
        ("AAZ", "ABA"),
        ("AZZ", "BAA"),
        ("ZZZ", "AAAA"),
        ("ABCZ", "ABDA"),
    ],
)
def test_letters_follow_each_other(last: str | None, following: str):
    assert policy.next_letter(last) == following


@given(st.text(string.ascii_uppercase, min_size=3, max_size=5))
def test_letters_always_rise(last: str):
    following = policy.next_letter(last)
    assert (len(following), following) > (len(last), last)


def test_words_of_a_reference():
    words = policy.document_words("Vir. fa2026-000123/F_99, n°611365 (CLIENT)")
    assert {"FA2026-000123", "99", "611365", "CLIENT"} <= words
    assert "6113" not in words
    assert policy.document_words("") == frozenset()


@pytest.mark.parametrize(
    ("total", "left", "status"),
    [("100", "100", "issued"), ("100", "40", "partially_paid"), ("100", "0", "paid"), ("-5", "-5", "issued")],
)
def test_status_of_a_document(total: str, left: str, status: str):
    assert policy.invoice_status(Decimal(total), Decimal(left)) == InvoiceStatus(status)


@pytest.mark.parametrize(
    ("amount", "left", "status"),
    [("100", "100", "unallocated"), ("100", "40", "partially_allocated"), ("100", "0", "allocated")],
)
def test_status_of_a_payment(amount: str, left: str, status: str):
    assert policy.payment_status(Decimal(amount), Decimal(left)) == PaymentStatus(status)


def test_numbers_of_a_series():
    assert policy.series_number("FA", 2026, 123) == "FA2026-000123"
    assert policy.is_series_number("FA2026-000123")
    assert not policy.is_series_number("WEB-123")


def test_open_days_leave_closed_months_out_and_take_what_was_opened_again_in():
    days = OpenDays(date(2026, 6, 15), closed=frozenset({date(2026, 7, 1), date(2026, 8, 1)}))
    assert [days.is_open(d) for d in (date(2026, 6, 14), date(2026, 6, 15), date(2026, 7, 31))] == [
        False,
        True,
        False,
    ]
    assert days.first_from(date(2020, 2, 29)) == date(2026, 6, 15)
    assert days.first_from(date(2026, 7, 2)) == date(2026, 9, 1)
    again = OpenDays(date(2026, 6, 15), days.closed, reopened=frozenset({date(2025, 1, 1)}))
    assert again.is_open(date(2025, 1, 31))
    assert not again.is_open(date(2025, 2, 1))
    assert again.first_from(date(2024, 5, 5)) == date(2025, 1, 1)
    assert again.first_from(date(2025, 2, 1)) == date(2026, 6, 15)


def test_a_closed_day_names_the_first_open_one():
    days = OpenDays(date(2026, 6, 15), closed=frozenset({date(2026, 10, 1)}))
    with pytest.raises(ClosedPeriod, match=r"31/10/2026 .* 01/11/2026"):
        days.check(date(2026, 10, 31))


@given(day=st.dates(), first=st.dates(), months=st.sets(st.dates().map(lambda d: d.replace(day=1))))
def test_the_first_open_day_is_open_and_none_before_it_is(day: date, first: date, months: set[date]):
    if day > date(9900, 1, 1) or first > date(9900, 1, 1):
        return
    days = OpenDays(first, closed=frozenset(months))
    found = days.first_from(day)
    assert days.is_open(found)
    assert found >= day
    assert not any(days.is_open(day + timedelta(n)) for n in range(min(400, (found - day).days)))
