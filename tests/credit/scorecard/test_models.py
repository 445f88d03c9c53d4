"""What the database refuses of scorecards and of what they rest on."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, transaction

from accounts.models import Company, CustomerAccount, User
from credit.models import ClassOverride, EntityFacts, FinancialStatement, ScoreCard
from tests.factories.invoicing import AT, TODAY

POINTS = [Decimal(50), None, None, None, None]


@pytest.fixture(autouse=True)
def nobody_else(company: Company, analyst: User, manager: User) -> None:
    """People of every row below."""


def statement(account: CustomerAccount, by: User, **fields: Any) -> FinancialStatement:
    given = {"closed_on": date(2025, 12, 31), "currency": "EUR", "equity": 1, "source": "entered"}
    return FinancialStatement.objects.create(
        company=account.company, entity=account.entity, recorded_at=AT, recorded_by=by, **given | fields
    )


def facts(account: CustomerAccount, by: User, **fields: Any) -> EntityFacts:
    return EntityFacts.objects.create(
        company=account.company, entity=account.entity, recorded_at=AT, recorded_by=by, **fields
    )


def card(account: CustomerAccount, **fields: Any) -> ScoreCard:
    given = {
        "day": TODAY, "version": 1, "score": 50, "risk_class": "C", "known": 35, "points": POINTS, "inputs": {},
        "computed_at": AT,
    }  # fmt: skip
    return ScoreCard.objects.create(account=account, **given | fields)


def override(account: CustomerAccount, by: User, **fields: Any) -> ClassOverride:
    given = {
        "risk_class": "E",
        "cause": "insolvency",
        "reason": "Judgement of 3 November",
        "valid_until": TODAY,
    }
    return ClassOverride.objects.create(account=account, asked_by=by, asked_at=AT, **given | fields)


@pytest.mark.parametrize(
    ("constraint", "fields"),
    [
        ("statement_has_a_figure", {"equity": None}),
        ("statement_total_assets_not_negative", {"total_assets": -1, "equity": -2}),
        ("statement_current_assets_not_negative", {"current_assets": -1}),
        ("statement_current_liabilities_not_negative", {"current_liabilities": -1}),
        ("statement_revenue_not_negative", {"revenue": -1}),
        ("statement_equity_within_assets", {"equity": 11, "total_assets": 10}),
        ("statement_current_within_assets", {"current_assets": 11, "total_assets": 10}),
    ],
)
def test_a_statement_that_cannot_be(
    account: CustomerAccount, analyst: User, constraint: str, fields: dict[str, Any]
) -> None:
    with pytest.raises(IntegrityError, match=constraint):
        statement(account, analyst, **fields)


@pytest.mark.parametrize(
    ("constraint", "fields"),
    [
        ("entity_rating_whole", {"rating": "3+"}),
        ("entity_rating_whole", {"rating": "3+", "rating_scale": "bdf"}),
        ("entity_change_with_its_day", {"change": "control"}),
        ("entity_change_with_its_day", {"changed_on": TODAY}),
        (
            "entity_changed_after_it_was_founded",
            {"founded_on": date(2026, 1, 2), "changed_on": date(2026, 1, 1), "change": "address"},
        ),
    ],
)
def test_facts_that_cannot_be(
    account: CustomerAccount, analyst: User, constraint: str, fields: dict[str, Any]
) -> None:
    with pytest.raises(IntegrityError, match=constraint):
        facts(account, analyst, **fields)


@pytest.mark.parametrize(
    ("constraint", "fields"),
    [
        ("scorecard_class_with_its_score", {"score": None}),
        ("scorecard_class_with_its_score", {"risk_class": ""}),
        ("scorecard_class_with_its_score", {"score": Decimal("100.1")}),
        ("scorecard_class_with_its_score", {"score": -1}),
        ("scorecard_class_with_its_score", {"known": 0}),
        ("scorecard_points_of_every_block", {"points": [Decimal(50)]}),
    ],
)
def test_a_card_that_cannot_be(account: CustomerAccount, constraint: str, fields: dict[str, Any]) -> None:
    with pytest.raises(IntegrityError, match=constraint):
        card(account, **fields)


def test_cards_follow_each_other_one_by_one(account: CustomerAccount) -> None:
    first = card(account)
    card(account, follows=first)
    with pytest.raises(IntegrityError, match="one_first_scorecard_per_account"), transaction.atomic():
        card(account)
    with pytest.raises(IntegrityError, match="follows_id"), transaction.atomic():
        card(account, follows=first)


@pytest.mark.parametrize(
    ("constraint", "fields"),
    [
        ("class_override_has_a_reason", {"reason": ""}),
        ("class_override_insolvency_is_e", {"risk_class": "D"}),
        ("class_override_decided_by_somebody", {"status": "approved"}),
        ("class_override_decided_by_somebody", {"class_before": "C"}),
        ("class_override_ended_with_its_time", {"ended_at": AT}),
        ("class_override_ended_with_its_time", {"status": "lapsed"}),
    ],
)
def test_an_override_that_cannot_be(
    account: CustomerAccount, analyst: User, constraint: str, fields: dict[str, Any]
) -> None:
    with pytest.raises(IntegrityError, match=constraint):
        override(account, analyst, **fields)


def test_nobody_decides_what_they_asked_for_nor_whoever_they_stand_for(
    account: CustomerAccount, analyst: User, manager: User
) -> None:
    decided = {"status": "refused", "decided_at": AT}
    for who in ({"decided_by": analyst}, {"decided_by": manager, "on_behalf_of": analyst}):
        with pytest.raises(IntegrityError, match="class_override_four_eyes"), transaction.atomic():
            override(account, analyst, **decided, **who)
    assert override(account, analyst, **decided, decided_by=manager).pk


def test_one_override_at_a_time(account: CustomerAccount, analyst: User) -> None:
    override(account, analyst)
    with pytest.raises(IntegrityError, match="one_class_override_at_a_time"), transaction.atomic():
        override(account, analyst)


def test_an_end_by_somebody_has_a_reason(account: CustomerAccount, analyst: User, manager: User) -> None:
    ended = {"status": "ended", "decided_by": manager, "decided_at": AT, "class_before": "C", "ended_at": AT}
    with pytest.raises(IntegrityError, match="class_override_ended_with_a_reason"), transaction.atomic():
        override(account, analyst, **ended, ended_by=manager)
    assert override(account, analyst, **ended).pk


def test_rows_are_never_changed_nor_taken_away(account: CustomerAccount, analyst: User) -> None:
    kept = [statement(account, analyst), facts(account, analyst), card(account)]
    for row in kept:
        rows, key = type(row)._base_manager, row.pk + 100
        for change in (lambda: rows.update(id=key), lambda: rows.all().delete()):  # noqa: B023
            with pytest.raises(DatabaseError, match=r"append_only|Cannot"), transaction.atomic():
                change()
    asked = override(account, analyst)
    with pytest.raises(DatabaseError, match="class_override_frozen"), transaction.atomic():
        ClassOverride.objects.update(reason="Another")
    with pytest.raises(DatabaseError, match="class_override_not_deleted"), transaction.atomic():
        asked.delete()
