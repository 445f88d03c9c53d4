"""Their purchase order against our order: every difference, its place and amount; no database."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from orders.review import Field, Paper, PaperLine, amount_of, differences

DAY = date(2026, 3, 10)
DELIVERY = date(2026, 3, 20)
FIRST = PaperLine(10, "FEN-120", "Window", Decimal(2), Decimal("312.50"))
SECOND = PaperLine(20, "POR-083", "Door", Decimal(1), Decimal("1180.00"))
OURS = Paper("EUR", [FIRST, SECOND], term="NET30", delivery=DELIVERY)


def found(theirs: Paper, ours: Paper = OURS) -> list[tuple[str, str, str, Decimal | None]]:
    return [(d.place, d.ours, d.theirs, d.effect) for d in differences(ours, theirs, order_date=DAY)]


def test_equal_papers_agree() -> None:
    assert found(replace(OURS, total=Decimal("1805.00"))) == []


def test_what_their_paper_does_not_say_is_not_compared() -> None:
    assert found(Paper("", [FIRST, SECOND])) == []


def test_quantity_and_price_are_exact_and_carry_their_amount() -> None:
    theirs = replace(OURS, lines=[replace(FIRST, quantity=Decimal("1.999")), SECOND])
    assert found(theirs) == [("10.quantity", "2", "1.999", Decimal("0.31"))]
    theirs = replace(OURS, lines=[replace(FIRST, unit_price=Decimal("312.5001")), SECOND])
    assert found(theirs) == [("10.unit_price", "312.5", "312.5001", Decimal("0.00"))]
    theirs = replace(OURS, lines=[replace(FIRST, unit_price=Decimal("300")), SECOND])
    assert found(theirs) == [("10.unit_price", "312.5", "300", Decimal("25.00"))]


def test_both_at_once_explain_the_whole() -> None:
    theirs = replace(
        OURS,
        lines=[replace(FIRST, quantity=Decimal(1), unit_price=Decimal(300)), SECOND],
        total=Decimal(1480),
    )
    # 325 more in all: one window at their price, two at the difference of prices; the total adds nothing.
    assert [effect for *_place, effect in found(theirs)] == [Decimal("300.00"), Decimal("25.00")]


@pytest.mark.parametrize(
    ("total", "differs"),
    [("1805.02", False), ("1804.98", False), ("1805.03", True), ("1804.97", True)],
)
def test_a_total_may_differ_by_a_cent_a_line(total: str, differs: bool) -> None:
    assert bool(found(replace(OURS, total=Decimal(total)))) is differs


def test_a_total_without_a_reason_in_the_lines_is_named() -> None:
    assert found(replace(OURS, total=Decimal(1700))) == [("total", "1805", "1700", Decimal("105.00"))]


@pytest.mark.parametrize(
    ("term", "differs"), [("NET30", False), ("NET45", True), ("30D_EOM", True), ("PREPAID", True)]
)
def test_terms_are_compared_by_the_day_money_is_due(term: str, differs: bool) -> None:
    assert bool(found(replace(OURS, term=term))) is differs


def test_terms_that_mean_the_same_day_agree() -> None:
    # From 1 January the end of the month and 30 days net are the same day.
    ours = replace(OURS, term="EOM", delivery=date(2026, 1, 1))
    assert found(replace(ours, term="NET30"), ours) == []


def test_currency_and_delivery_of_the_head() -> None:
    theirs = replace(OURS, currency="USD", delivery=date(2026, 3, 19))
    assert [place for place, *_rest in found(theirs)] == ["currency", "delivery"]


def test_a_line_of_theirs_may_have_its_own_day() -> None:
    theirs = replace(
        OURS, lines=[replace(FIRST, delivery=date(2026, 4, 1)), replace(SECOND, delivery=DELIVERY)]
    )
    assert found(theirs) == [("10.delivery", "2026-03-20", "2026-04-01", None)]


def test_lines_on_one_paper_alone() -> None:
    other = PaperLine(30, "ISO-145", "Wool", Decimal(4), Decimal("23.40"))
    theirs = replace(OURS, lines=[FIRST, other])
    assert found(theirs) == [
        ("20.not_on_theirs", "1 × 1180", "", Decimal("1180.00")),
        ("30.not_on_ours", "", "4 × 23.4", Decimal("-93.60")),
    ]
    assert amount_of(differences(OURS, theirs, order_date=DAY)) == Decimal("1273.60")


def test_lines_are_matched_by_article_whatever_their_order_and_writing() -> None:
    theirs = replace(
        OURS, lines=[replace(SECOND, line=10, sku="por-083 "), replace(FIRST, line=20, sku="FEN - 120")]
    )
    assert found(theirs) == []


def test_without_an_article_the_words_match() -> None:
    theirs = replace(OURS, lines=[replace(FIRST, sku="", description=" WINDOW"), SECOND])
    assert found(theirs) == []


def test_twice_the_same_article_finds_its_own() -> None:
    ours = replace(OURS, lines=[FIRST, replace(FIRST, line=20, quantity=Decimal(5))])
    theirs = replace(ours, lines=[replace(FIRST, line=1, quantity=Decimal(5)), replace(FIRST, line=2)])
    assert found(theirs, ours) == []


def test_a_place_is_a_field_or_a_line_with_its_field() -> None:
    theirs = replace(OURS, currency="USD", lines=[replace(FIRST, quantity=Decimal(3)), SECOND])
    both = differences(OURS, theirs, order_date=DAY)
    assert [(each.field, each.line, each.place) for each in both] == [
        (Field.CURRENCY, None, "currency"),
        (Field.QUANTITY, 10, "10.quantity"),
    ]
