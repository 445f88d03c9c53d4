"""``invoicing.factoring.policy``: what may be sold, and what the factor pays for it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest

from invoicing.factoring import policy
from invoicing.factoring.enums import LeftOut
from invoicing.factoring.policy import Candidate, Terms

TODAY = date(2026, 11, 27)
TERMS = Terms(currency="EUR", with_recourse=False, max_term_days=60, max_overdue_days=5, takes_public=False)
ITEM = Candidate(
    key=1, debtor=7, is_invoice=True, amount=Decimal(100), currency="EUR", issue_date=date(2026, 10, 1),
    due_date=date(2026, 11, 30), approved=Decimal(500),
)  # fmt: skip


def test_what_meets_every_term_may_be_sold():
    assert policy.reasons_against(ITEM, TERMS, on=TODAY) == ()


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"is_invoice": False}, LeftOut.NOT_AN_INVOICE),
        ({"amount": Decimal(0)}, LeftOut.NOT_AN_INVOICE),
        ({"is_sold": True}, LeftOut.SOLD),
        ({"is_business": False}, LeftOut.NO_BUSINESS),
        ({"is_public": True}, LeftOut.PUBLIC),
        ({"currency": "USD"}, LeftOut.CURRENCY),
        ({"is_delivered": False}, LeftOut.NOT_DELIVERED),
        ({"is_accepted": False}, LeftOut.NOT_ACCEPTED),
        ({"disputed": Decimal("0.01")}, LeftOut.DISPUTED),
        ({"due_date": TODAY - timedelta(days=6)}, LeftOut.OVERDUE),
        ({"issue_date": date(2026, 9, 30)}, LeftOut.TERM),
        ({"has_credits": True}, LeftOut.OFFSET),
        ({"is_insolvent": True}, LeftOut.INSOLVENT),
        ({"approved": None}, LeftOut.NOT_APPROVED),
    ],
)
def test_each_reason_alone(changed, reason):
    assert policy.reasons_against(replace(ITEM, **changed), TERMS, on=TODAY) == (reason,)


def test_the_last_days_are_within_the_terms():
    late = replace(ITEM, issue_date=date(2026, 9, 23), due_date=TODAY - timedelta(days=5))
    assert (late.due_date - late.issue_date).days == 60
    assert policy.reasons_against(late, TERMS, on=TODAY) == ()


def test_every_reason_is_told():
    bad = replace(ITEM, disputed=Decimal(1), has_credits=True, approved=None)
    assert policy.reasons_against(bad, TERMS, on=TODAY) == (
        LeftOut.DISPUTED, LeftOut.OFFSET, LeftOut.NOT_APPROVED,
    )  # fmt: skip


@pytest.mark.parametrize("changed", [{"is_public": True}, {"is_business": False}])
def test_public_bodies_and_private_persons_where_that_is_agreed(changed):
    taken = replace(TERMS, takes_public=True)
    assert policy.reasons_against(replace(ITEM, **changed), taken, on=TODAY) == ()


@pytest.mark.parametrize(
    ("siren", "public"), [("130005481", True), ("217500016", True), ("732829320", False), ("", False)]
)
def test_public_bodies_are_told_by_their_siren(siren, public):
    assert policy.is_public_body(siren) is public


def offered(with_recourse, *, outstanding="0"):
    items = [
        replace(ITEM, key=1, amount=Decimal(300), due_date=date(2026, 11, 29)),
        replace(ITEM, key=2, amount=Decimal(250), due_date=date(2026, 11, 28)),
        replace(ITEM, key=3, amount=Decimal(200), due_date=date(2026, 11, 30)),
    ]
    found = policy.offers(
        items, replace(TERMS, with_recourse=with_recourse), outstanding={7: Decimal(outstanding)}, on=TODAY
    )
    return [(offer.candidate.key, *offer.reasons) for offer in found]


def test_without_recourse_nothing_is_sold_beyond_what_is_approved():
    # 500 approved: 250 first, 300 no longer, 200 still.
    assert offered(False) == [(2,), (1, LeftOut.BEYOND_APPROVAL), (3,)]
    assert offered(False, outstanding="260") == [
        (2, LeftOut.BEYOND_APPROVAL), (1, LeftOut.BEYOND_APPROVAL), (3,),
    ]  # fmt: skip


def test_with_recourse_more_may_be_sold_than_is_financed():
    assert offered(True) == [(2,), (1,), (3,)]


@pytest.mark.parametrize(
    ("sold", "limit", "outstanding", "held", "expected"),
    [
        # min(1000, 5000) x 85 % - 10 % of what is sold
        ("1000", "5000", "0", "0", ("1000", "1000", "100.00", "750.00")),
        # the limit carries 400 of it
        ("1000", "400", "0", "0", ("1000", "400", "100.00", "240.00")),
        # 300 of the limit are used; the fund holds its share of them
        ("1000", "1000", "300", "30", ("1000", "700", "100.00", "495.00")),
        # the limit is used up: nothing is financed, never less than nothing
        ("1000", "300", "300", "30", ("1000", "0", "100.00", "0")),
        # the fund is full
        ("1000", "5000", "0", "100", ("1000", "1000", "0", "850.00")),
    ],
)
def test_what_a_batch_brings(sold, limit, outstanding, held, expected):
    found = policy.financing(
        [(7, Decimal(sold) / 2), (7, Decimal(sold) / 2)],
        limits={7: Decimal(limit)},
        outstanding={7: Decimal(outstanding)},
        advance_pct=Decimal(85),
        fund_pct=Decimal(10),
        fund_held=Decimal(held),
    )
    assert found == tuple(map(Decimal, expected))


def test_a_debtor_that_is_not_approved_brings_nothing():
    found = policy.financing(
        [(7, Decimal(100)), (8, Decimal(100))], limits={7: Decimal(500)}, outstanding={}, advance_pct=Decimal(80),
        fund_pct=Decimal(0), fund_held=Decimal(0),
    )  # fmt: skip
    assert found == (Decimal(200), Decimal(100), Decimal(0), Decimal("80.00"))


def test_the_fund_gives_back_as_debtors_pay():
    assert policy.fund_held(Decimal(100), Decimal(600), fund_pct=Decimal(10)) == Decimal("60.00")
    assert policy.fund_held(Decimal(40), Decimal(600), fund_pct=Decimal(10)) == Decimal(40)
