"""Payments matched by the portal itself, where a company wants it and they are sure (work rows)."""

from __future__ import annotations

from typing import Any, Final

from django.db import transaction
from django.utils import timezone

from accounts.models import Company
from invoicing.matching import reading
from invoicing.matching.policy import automatic
from o2c.shared import work as work_table
from o2c.shared.problems import Refusal

from .settling import lines_of, settle

ONE: Final = "matching.one"


def examine(*, work: Any, company_id: int, payment_ids: list[int]) -> dict[str, int]:
    """Work handler: look which of these payments are sure, and ask for each to be matched by itself."""
    company = Company.objects.get(pk=company_id)
    rules = reading.rules_of(company)
    cases = reading.proposals_for(company, payment_ids, rules=rules) if rules.automatic else ()
    sure = [case.payment.pk for case in cases if automatic(case.proposals, rules) is not None]
    work_table.add_many(
        ONE, {f"payment:{key}": {"company_id": company_id, "payment_id": key} for key in sure}
    )
    return {"examined": len(payment_ids), "sure": len(sure)}


def match_one(*, work: Any, company_id: int, payment_id: int) -> dict[str, int]:
    """Work handler: match one payment if it is still sure; one that somebody was faster with is left as it is."""
    company = Company.objects.get(pk=company_id)
    rules = reading.rules_of(company)
    for case in reading.proposals_for(company, [payment_id], rules=rules):
        chosen = automatic(case.proposals, rules)
        if chosen is None:
            continue
        try:
            with transaction.atomic():
                settle(
                    payment_id=payment_id,
                    lines=lines_of(chosen),
                    over=chosen.over,
                    account_id=chosen.account_id if case.payment.account_id is None else None,
                    key=f"automatic:{payment_id}",
                    proposal=chosen,
                    by=None,
                    at=timezone.now(),
                )
        except Refusal:
            return {"matched": 0}
        return {"matched": 1}
    return {"matched": 0}
