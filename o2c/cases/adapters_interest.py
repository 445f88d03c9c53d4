"""Worked cases of late interest and cash discount, handed to the product's own functions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from invoicing import discount_policy
from invoicing import interest_policy as interest
from invoicing.legal_rates import SEEDED

Values = Mapping[str, Any]


def late_interest(case: Values) -> Values:
    """Interest, indemnity and breach of the floor of one invoice, at the rates the product is delivered with."""
    debt = interest.Debt(
        Decimal(case["amount_incl_vat"]), date.fromisoformat(case["due_date"]), tuple(_movements(case))
    )
    judgement = case["insolvency_judgement_date"]
    found = interest.late_interest(
        [debt],
        as_of=date.fromisoformat(case["paid_date"]),
        terms=interest.InterestTerms(
            regime=interest.Regime(case["rate_mode"]),
            contract_rate=Decimal(case["contract_rate_pct"]) if case["contract_rate_pct"] else None,
            basis=interest.DayBasis(case["day_basis"]),
            paid_first=interest.PaidFirst(case["allocation"]),
            judgement=date.fromisoformat(judgement) if judgement else None,
        ),
        rates=SEEDED,
    )
    return {
        "expected_interest_days": found.days,
        "expected_interest": found.interest,
        "expected_fee": found.fee,
        "expected_total": found.interest + found.fee,
        "floor_breach": found.floor_breach,
    }


def _movements(case: Values) -> Iterator[interest.Movement]:
    """Payments ``date:amount``, credit notes ``date:amount:RETRO`` or ``DATED``, several divided by ``|``."""
    for written in filter(None, case["partial_payments"].split("|")):
        day, amount = written.split(":")
        yield interest.Movement(date.fromisoformat(day), Decimal(amount))
    for written in filter(None, case["credit_notes"].split("|")):
        day, amount, kind = written.split(":")
        yield interest.Movement(date.fromisoformat(day), Decimal(amount), interest.Kind(kind))


def cash_discount(case: Values) -> Values:
    """What is payable with a discount for paying early."""
    rate, excl = Decimal(case["vat_rate_pct"]), Decimal(case["amount_excl_vat"])
    found = discount_policy.cash_discount([(rate, excl)], Decimal(case["discount_pct"]))
    return {
        "discount_excl_vat": found.off,
        "net_excl_vat": found.excl,
        "vat_without_discount": found.vat_without,
        "vat_with_discount": found.vat,
        "payable_without": found.incl_without,
        "payable_with": found.incl,
        "customer_gain_incl_vat": found.gain,
    }


def discount_annual_rate(case: Values) -> Values:
    """What granting a discount costs a year."""
    return {
        "annual_rate_pct": discount_policy.discount_annual_rate(
            Decimal(case["discount_pct"]), full_days=case["full_days"], early_days=case["early_days"]
        )
    }
