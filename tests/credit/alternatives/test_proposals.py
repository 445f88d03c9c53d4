"""What is proposed at first: the smallest measure of each kind."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from credit.alternatives.proposals import (
    Debt,
    deposit,
    early_payment,
    overdue_schedule,
    shorter_term,
    shorter_terms,
    temporary_limit,
)

TODAY = date(2026, 11, 23)


def debt(ref: str, amount: str, due: date) -> Debt:
    return Debt(ref, ref, due, Decimal(amount))


@pytest.mark.parametrize(
    ("excess", "order", "amount"),
    [
        ("8000", "12000", "8400.00"),
        ("0.01", "12000", "600.00"),
        ("12000", "12000", "12000.00"),
        ("11999.99", "12000", "12000.00"),
    ],
)
def test_a_deposit_is_the_gap_in_steps_of_five_percent(excess: str, order: str, amount: str) -> None:
    found = deposit(Decimal(excess), Decimal(order), on=TODAY)
    assert found is not None
    assert (found.amount, found.day) == (Decimal(amount), date(2026, 11, 26))


def test_no_deposit_closes_a_gap_larger_than_the_order() -> None:
    assert deposit(Decimal(9000), Decimal(8000), on=TODAY) is None
    assert deposit(Decimal(0), Decimal(8000), on=TODAY) is None


def test_the_fewest_invoices_are_paid_early_and_those_due_first() -> None:
    debts = [
        debt("late", "9000", date(2026, 11, 1)),
        debt("a", "3000", date(2026, 12, 1)),
        debt("b", "6000", date(2026, 12, 10)),
        debt("c", "8000", date(2026, 12, 20)),
        debt("d", "9000", date(2027, 1, 5)),
    ]
    one = early_payment(debts, Decimal(8000), on=TODAY)
    two = early_payment(debts, Decimal(11000), on=TODAY)
    late_too = early_payment(debts, Decimal(30000), on=TODAY)
    never = early_payment(debts, Decimal(90000), on=TODAY)
    assert one is not None
    assert one.refs == ("c",)
    assert two is not None
    assert two.refs == ("a", "c")
    assert late_too is not None
    assert late_too.refs == ("late", "b", "c", "d")
    assert never is not None
    assert len(never.refs) == 5
    assert one.day == date(2026, 11, 30)


def test_what_is_late_is_paid_in_four_weekly_parts_to_the_cent() -> None:
    found = overdue_schedule(
        [debt("x", "1000.03", date(2026, 11, 1)), debt("y", "50", date(2026, 12, 1))], on=TODAY
    )
    assert found is not None
    assert found.refs == ("x",)
    assert [part.amount for part in found.instalments] == [
        Decimal(a) for a in ("250.01", "250.01", "250.01", "250.00")
    ]
    assert [part.day for part in found.instalments] == [
        date(2026, 11, 26), date(2026, 12, 3), date(2026, 12, 10), date(2026, 12, 17),
    ]  # fmt: skip
    assert overdue_schedule([debt("y", "50", date(2026, 12, 1))], on=TODAY) is None


def test_the_longest_term_that_helps_is_offered() -> None:
    terms = shorter_terms(date(2027, 1, 29), invoiced_on=date(2026, 11, 30), delay=0)
    assert [code for code, _day in terms] == ["NET45", "NET30", "NET15", "NET8", "COD"]
    helps = shorter_term(terms, lambda term: term.day <= date(2026, 12, 15))
    none = shorter_term(terms, lambda term: False)
    assert helps is not None
    assert helps[0] == "NET15"
    assert none is not None
    assert none[0] == "COD"
    assert (
        shorter_term(shorter_terms(date(2026, 11, 30), invoiced_on=date(2026, 11, 30), delay=0), bool) is None
    )


def test_a_raise_is_round_and_ends_by_itself() -> None:
    fits = temporary_limit(Decimal("8000.01"), date(2026, 12, 21), on=TODAY)
    never = temporary_limit(Decimal(8000), None, on=TODAY)
    assert fits is not None
    assert (fits.amount, fits.until) == (Decimal(8500), date(2026, 12, 28))
    assert never is not None
    assert (never.amount, never.until) == (Decimal(8000), date(2027, 2, 21))
    assert temporary_limit(Decimal(0), None, on=TODAY) is None
