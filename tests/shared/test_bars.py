"""Bars add up, stay inside the drawing and show what exists."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from o2c.shared.bars import Part, ageing_bar, bar_width, exposure_bar, share_of

PARTS = [
    Part(code="overdue", label="Overdue", amount=Decimal("7754.40"), url="/overdue"),
    Part(code="disputed", label="Disputed", amount=Decimal("1860.00")),
    Part(code="not_due", label="Not due", amount=Decimal("27480.00")),
    Part(code="delivered_not_invoiced", label="Delivered", amount=Decimal("3120.00")),
    Part(code="open_orders", label="Orders", amount=Decimal("8265.60")),
    Part(code="unallocated_payments", label="Payments", amount=Decimal("-1500.00")),
    Part(code="unallocated_credit_notes", label="Credit notes", amount=Decimal("-980.00")),
]


def test_credits_shorten_what_is_not_due_and_the_legend_keeps_every_part() -> None:
    bar = exposure_bar(PARTS, limit=Decimal("50000"))
    assert bar.total == Decimal("46000.00")
    not_due = next(part for part in bar.segments if part.code == "not_due")
    assert not_due.amount == Decimal("25000.00")
    assert not_due.netted
    assert [part.amount for part in bar.legend] == [part["amount"] for part in PARTS]
    assert sum(part.amount for part in bar.segments) == bar.total


def test_the_limit_stands_a_tenth_before_the_end_and_nothing_is_over_it() -> None:
    bar = exposure_bar(PARTS, limit=Decimal("50000"))
    assert bar.limit_x == "90.91%"
    assert bar.over == 0
    assert bar.over_width == ""


def test_an_order_beyond_the_limit_shows_what_is_missing() -> None:
    bar = exposure_bar(PARTS, limit=Decimal("50000"), order=Decimal("12000"))
    assert bar.over == Decimal("8000.00")
    assert bar.total_with_order == Decimal("58000.00")
    assert bar.segments[-1].css == "p-new"
    assert bar.segments[-1].hatched
    assert bar.over_width == "12.54%"


def test_without_limit_there_is_no_line_and_nothing_is_over() -> None:
    bar = exposure_bar(PARTS, limit=None, order=Decimal("12000"))
    assert bar.limit_x == ""
    assert bar.over == 0


def test_a_credit_balance_draws_no_debt() -> None:
    bar = exposure_bar([Part(code="not_due", label="", amount=Decimal("100")), PARTS[-2]], limit=Decimal("0"))
    assert bar.segments == ()
    assert bar.total == Decimal("-1400.00")


def test_an_empty_book_draws_nothing() -> None:
    assert exposure_bar([]).segments == ()
    assert exposure_bar([], limit=Decimal("0"), order=Decimal("0")).end_x == "0.00%"


amounts = st.decimals(min_value=Decimal("-1000000"), max_value=Decimal("1000000"), places=2)


@given(st.lists(amounts, max_size=8), st.one_of(st.none(), st.decimals(0, 1000000, places=2)), amounts)
def test_no_part_leaves_the_drawing(values: list[Decimal], limit: Decimal | None, order: Decimal) -> None:
    parts = [Part(code=f"part{index}", label="", amount=value) for index, value in enumerate(values)]
    bar = exposure_bar(parts, limit=limit, order=order)
    assert sum(part.amount for part in bar.segments if part.code != "order") == max(bar.total, Decimal(0))
    for part in bar.segments:
        assert Decimal(part.x[:-1]) >= 0
        assert Decimal(part.x[:-1]) + Decimal(part.width[:-1]) <= Decimal("100")


def test_ageing_takes_the_width_of_what_is_owed() -> None:
    rows = ageing_bar(
        [
            Part(label="Not due", amount=Decimal("75")),
            Part(label="1-30", amount=Decimal("25")),
            Part(label="31-60", amount=Decimal("0")),
            Part(label="Credits", amount=Decimal("-10"), css="p-free"),
        ]
    )
    assert [row.css for row in rows] == ["p-a1", "p-a2", "p-a3", "p-free"]
    assert [row.width for row in rows] == ["74.85%", "24.85%", "", ""]
    assert rows[1].x == "75.00%"


def test_small_bars() -> None:
    assert bar_width(Decimal("1.5")) == "100.00%"
    assert bar_width(Decimal("-1")) == "0.00%"
    assert bar_width(None) == "0%"
    assert share_of(Decimal("5"), Decimal("0")) is None
    assert share_of(Decimal("5"), Decimal("10")) == Decimal("0.5")
