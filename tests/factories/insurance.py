"""A credit insurer with its policy and its word on a client."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from accounts.models import Company, CustomerAccount
from credit.models import BuyerCover, InsurancePolicy
from tests.factories.accounts import make_user

from .invoicing import AT


def insure(company: Company, **terms: Any) -> InsurancePolicy:
    """A policy in force since 2020; VAT is not insured when nothing else is said."""
    given: dict[str, Any] = {
        "insurer": "Insurer SA", "number": "P-1", "valid_from": date(2020, 1, 1), "recorded_at": AT,
        "recorded_by": make_user("finance_director", company),
    }  # fmt: skip
    return InsurancePolicy.objects.create(company=company, **given | terms)


def cover(account: CustomerAccount, amount: str = "30000", **word: Any) -> BuyerCover:
    """The insurer covers so much of a client, at 90 percent, since 2020 when nothing else is said."""
    given: dict[str, Any] = {
        "currency": "EUR", "insured_pct": Decimal(90), "status": "ACTIVE", "effective_on": date(2020, 1, 1),
        "recorded_at": AT,
    }  # fmt: skip
    return BuyerCover.objects.create(
        company=account.company, entity=account.entity, amount=Decimal(amount), **given | word
    )
