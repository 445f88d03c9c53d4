from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from accounts.enums import RiskClass
from credit.scorecard.enums import Block, InsurerAnswer, RatingScale
from credit.scorecard.policy import (
    BDF_RATINGS,
    WEIGHTS,
    Payments,
    Result,
    Statement,
    Trade,
    age_points,
    class_of,
    dependence,
    dispute_points,
    external_points,
    needs_review,
    payment_points,
    rating_points,
    ratios,
    statement_points,
    total,
)

ON = date(2026, 11, 26)


def points(*values: str | None) -> dict[Block, Decimal | None]:
    return {
        block: None if value is None else Decimal(value) for block, value in zip(Block, values, strict=True)
    }


def test_the_weights_make_a_hundred_and_name_every_block():
    assert (set(WEIGHTS), sum(WEIGHTS.values())) == (set(Block), 100)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (points("85", "70", "60", "90", "75"), Result(Decimal("75.8"), RiskClass.B, 100)),
        (points(None, "55", "50", "20", None), Result(Decimal("46.8"), RiskClass.D, 55)),
        # Everything known is perfect, but it is less than sixty percent of the weight.
        (points(None, "100", "100", "100", None), Result(Decimal("100.0"), RiskClass.C, 55)),
        (points("100", "100", None, None, None), Result(Decimal("100.0"), RiskClass.A, 60)),
        (points(None, None, None, None, None), Result(None, None, 0)),
        (points("0", None, None, None, None), Result(Decimal("0.0"), RiskClass.E, 35)),
    ],
)
def test_total_rescales_what_is_known(given, expected):
    assert total(given) == expected


@pytest.mark.parametrize(
    ("score", "expected"),
    [
        ("100", "A"), ("80", "A"), ("79.9", "B"), ("65", "B"), ("64.9", "C"), ("50", "C"), ("49.9", "D"),
        ("35", "D"), ("34.9", "E"), ("0", "E"),
    ],
)  # fmt: skip
def test_class_begins_at_its_bound(score, expected):
    assert class_of(Decimal(score)) == expected


@pytest.mark.parametrize(
    ("days", "expected"),
    [
        ("-8", "100.0"), ("0", "100.0"), ("2.5", "92.5"), ("5", "85.0"), ("10", "70.0"), ("15", "60.0"),
        ("20", "50.0"), ("30", "30.0"), ("45", "15.0"), ("60", "0.0"), ("400", "0.0"),
    ],
)  # fmt: skip
def test_days_late_run_along_the_scale(days, expected):
    assert payment_points(Payments(paid=Decimal(1000), paid_days=Decimal(days))) == Decimal(expected)


def test_what_is_late_now_weighs_with_what_was_paid():
    facts = Payments(paid=Decimal(3000), paid_days=Decimal(2), late=Decimal(1000), late_days=Decimal(14))
    assert (facts.days, payment_points(facts)) == (Decimal("5.0"), Decimal("85.0"))


@pytest.mark.parametrize(
    ("returned", "broken", "expected"), [(1, 0, "80.0"), (0, 1, "90.0"), (2, 3, "30.0"), (5, 1, "0.0")]
)
def test_returns_and_broken_promises_cost_points_down_to_nothing(returned, broken, expected):
    facts = Payments(paid=Decimal(1), returned=returned, broken=broken)
    assert payment_points(facts) == Decimal(expected)


def test_behaviour_is_unknown_before_anything_was_paid_or_due():
    assert payment_points(Payments(returned=1, broken=1)) is None


def statement(**figures: str) -> Statement:
    given = {"closed_on": date(2025, 12, 31)} | {name: Decimal(value) for name, value in figures.items()}
    return Statement(**given)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("figures", "expected"),
    [
        ({"equity": "35", "total_assets": "100"}, "100.0"),
        ({"equity": "20", "total_assets": "100"}, "50.0"),
        ({"equity": "-4", "total_assets": "100"}, "0.0"),
        ({"current_assets": "150", "current_liabilities": "100"}, "100.0"),
        ({"current_assets": "115", "current_liabilities": "100"}, "50.0"),
        ({"current_assets": "80", "current_liabilities": "100"}, "0.0"),
        ({"operating_result": "8", "revenue": "100"}, "100.0"),
        ({"operating_result": "3", "revenue": "100"}, "50.0"),
        ({"operating_result": "-2", "revenue": "100"}, "0.0"),
        ({"net_debt": "100", "ebitda": "100"}, "100.0"),
        ({"net_debt": "350", "ebitda": "100"}, "50.0"),
        ({"net_debt": "600", "ebitda": "100"}, "0.0"),
        ({"net_debt": "-5", "ebitda": "-1"}, "100.0"),
        ({"net_debt": "5", "ebitda": "-1"}, "0.0"),
        ({"equity": "35", "total_assets": "100", "net_debt": "350", "ebitda": "100"}, "75.0"),
    ],
)
def test_statement_is_the_mean_of_its_ratios(figures, expected):
    assert statement_points(statement(**figures), on=ON) == Decimal(expected)


@pytest.mark.parametrize(
    "figures",
    [
        {},
        {"equity": "5"},
        {"equity": "5", "total_assets": "0"},
        {"current_assets": "5", "current_liabilities": "0"},
        {"operating_result": "5", "revenue": "0"},
        {"net_debt": "5"},
    ],
)
def test_a_ratio_without_its_figures_is_unknown(figures):
    assert (ratios(statement(**figures)), statement_points(statement(**figures), on=ON)) == ((), None)


@pytest.mark.parametrize(
    ("closed_on", "counts"),
    [
        (date(2025, 5, 26), True),
        (date(2025, 5, 25), False),
        (date(2026, 11, 26), True),
        (date(2026, 11, 27), False),
    ],
)
def test_a_statement_counts_for_eighteen_months(closed_on, counts):
    facts = Statement(closed_on, equity=Decimal(35), total_assets=Decimal(100))
    assert (statement_points(facts, on=ON) is not None) == counts
    assert statement_points(None, on=ON) is None


def test_ratings_go_down_from_a_hundred_to_nothing():
    found = [rating_points(RatingScale.BDF, rating) or Decimal(0) for rating in BDF_RATINGS]
    assert (found[0], found[-1], len(found)) == (Decimal("100.0"), Decimal("0.0"), 20)
    assert found == sorted(found, reverse=True)
    assert rating_points(RatingScale.BDF, "P") == Decimal("0.0")
    assert rating_points(RatingScale.BDF, "0") is None
    assert rating_points(RatingScale.BUREAU, "57") == Decimal("57.0")


@pytest.mark.parametrize(
    ("scale", "rating"),
    [(RatingScale.BDF, "9"), (RatingScale.BUREAU, "101"), (RatingScale.BUREAU, "-1")],
)
def test_a_rating_the_scale_does_not_have_is_refused(scale, rating):
    with pytest.raises(ValueError, match=rating):
        rating_points(scale, rating)


@pytest.mark.parametrize(
    ("rating", "insurer", "expected"),
    [
        (None, None, None),
        ("70", None, "70"),
        (None, InsurerAnswer.FULL, "100"),
        ("70", InsurerAnswer.FULL, "70"),
        ("70", InsurerAnswer.PARTIAL, "60"),
        ("70", InsurerAnswer.REFUSED, "0"),
    ],
)
def test_the_lower_of_rating_and_insurer_counts(rating, insurer, expected):
    found = external_points(None if rating is None else Decimal(rating), insurer)
    assert found == (None if expected is None else Decimal(expected))


@pytest.mark.parametrize(
    ("founded_on", "expected"),
    [
        (date(2016, 11, 26), "100.0"),
        (date(2016, 11, 27), "99.5"),
        (date(2021, 11, 26), "70.0"),
        (date(2024, 11, 26), "30.0"),
        (date(2025, 5, 26), "15.0"),
        (date(2025, 11, 26), "0.0"),
        (date(2026, 11, 1), "0.0"),
    ],
)
def test_age_runs_along_the_scale(founded_on, expected):
    assert age_points(founded_on, None, on=ON) == Decimal(expected)


@pytest.mark.parametrize(
    ("founded_on", "changed_on", "expected"),
    [
        (None, None, None),
        (date(2026, 11, 27), None, None),
        (date(2000, 1, 1), date(2025, 11, 27), "80.0"),
        (date(2000, 1, 1), date(2025, 11, 26), "100.0"),
        (date(2026, 1, 1), date(2026, 10, 1), "0.0"),
    ],
)
def test_a_change_costs_for_twelve_months(founded_on, changed_on, expected):
    found = age_points(founded_on, changed_on, on=ON)
    assert found == (None if expected is None else Decimal(expected))


@pytest.mark.parametrize(
    ("disputed", "pretexts", "expected"),
    [
        ("0", 0, "100.0"),
        ("10", 0, "100.0"),
        ("55", 0, "50.0"),
        ("100", 0, "0.0"),
        ("0", 1, "100.0"),
        ("0", 2, "80.0"),
        ("100", 9, "0.0"),
    ],
)
def test_disputes_and_pretexts_cost_points(disputed, pretexts, expected):
    facts = Trade(invoiced=Decimal(1000), disputed=Decimal(disputed), pretexts=pretexts)
    assert dispute_points(facts) == Decimal(expected)


def test_disputes_are_unknown_where_nothing_was_invoiced():
    assert dispute_points(Trade(disputed=Decimal(10), pretexts=4)) is None


def test_dependence_is_a_share_of_the_clients_revenue():
    assert dependence(Decimal(50), Decimal(200)) == Decimal("25.00")
    assert (dependence(Decimal(50), None), dependence(Decimal(50), Decimal(0))) == (None, None)


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (None, ("50", "C"), False),
        (("60", "C"), ("50.1", "C"), False),
        (("60", "C"), ("50", "C"), True),
        (("65", "B"), ("64.9", "C"), True),
        (("64.9", "C"), ("65", "B"), True),
    ],
)
def test_a_review_is_due_after_a_drop_or_another_class(before, after, expected):
    def result(pair: tuple[str, str] | None) -> Result | None:
        return None if pair is None else Result(Decimal(pair[0]), RiskClass(pair[1]), 100)

    assert needs_review(result(before), result(after)) is expected  # type: ignore[arg-type]
