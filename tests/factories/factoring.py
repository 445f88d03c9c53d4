"""A factor with its agreement, its word on a client, and what is sold to it, made by the acts themselves."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from accounts.models import Company, CustomerAccount, User
from credit.factoring.services import record_approval, set_agreement
from credit.models import FactorAgreement, FactorApproval
from invoicing.factoring.services import receive_batch, send_batch
from invoicing.models import AssignmentBatch, ReceivableItem
from o2c.shared.calendar import paris_date
from tests.factories.accounts import make_user

from .invoicing import AT

IBAN = "FR7630006000011234567890189"


def make_agreement(company: Company, *, at: datetime = AT, **terms: Any) -> FactorAgreement:
    """Without recourse and confidential when nothing else is said, in force since the first of January."""
    given: dict[str, Any] = {
        "factor": "Factor SA",
        "number": "F-2026-1",
        "valid_from": date(paris_date(at).year, 1, 1),
        "with_recourse": False,
        "is_notified": False,
        "advance_pct": Decimal(85),
        "guarantee_fund_pct": Decimal(10),
        "commission_pct": Decimal("0.5"),
        "max_term_days": 90,
        "max_overdue_days": 60,
        "iban": IBAN if terms.get("is_notified") else "",
    }
    return set_agreement(company=company, by=make_user("finance_director", company), at=at, **given | terms)


def approve(
    account: CustomerAccount, amount: str = "1000", *, at: datetime = AT, **word: Any
) -> FactorApproval:
    """The factor takes so much of a client, since the first of February when nothing else is said."""
    given: dict[str, Any] = {"status": "APPROVED", "effective_on": date(paris_date(at).year, 2, 1)}
    by = make_user("credit_manager", account.company)
    return record_approval(account_id=account.pk, amount=Decimal(amount), by=by, at=at, **given | word)


def sell(
    *items: ReceivableItem, by: User, at: datetime = AT, received: date | None = None
) -> AssignmentBatch:
    """Items sent to the factor and received by it, today when nothing else is said."""
    batch = send_batch(company=items[0].company, item_ids=[item.pk for item in items], by=by, at=at)
    return receive_batch(batch_id=batch.pk, received_on=received or paris_date(at), by=by, at=at)
