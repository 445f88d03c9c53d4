"""What disputes cost: credit notes and goodwill, the hours they took, the late interest nobody will pay (7.5)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import Final

from disputes.enums import DisputeOutcome
from disputes.models import Dispute, DisputeLine
from invoicing.interest_policy import Debt, RateMissing, late_interest
from invoicing.interest_queries import rate_table, terms_of_many
from o2c.shared.money import ZERO, round_cents

# What was owed and is given up. A credit note says it never was owed and never bore any; what the client owes after
# all bears its interest from the first due date: nothing of either is lost.
_GIVEN_UP: Final = (DisputeOutcome.GOODWILL, DisputeOutcome.SETTLEMENT, DisputeOutcome.WRITE_OFF)


def interest_lost(cases: Iterable[Dispute], *, as_of: date) -> dict[int, Decimal | None]:
    """Return the late interest that the disputes which ended by a day took, by case.

    While a case is open no interest of what is disputed is claimed. What its outcome then gives up, goodwill, settled
    or written off, takes along the interest of the days it was overdue and contested.

    :returns: None where the legal rate of a half-year is missing; cases without any loss are left out
    """
    ended = {
        case.pk: case
        for case in cases
        if case.outcome in _GIVEN_UP and case.outcome_amount and case.closed_on and case.closed_on <= as_of
    }
    if not ended:
        return {}
    columns = ("dispute", "amount", "item__due_date", "item__issue_date", "item__account")
    lines = list(DisputeLine.objects.filter(dispute__in=ended).order_by("pk").values_list(*columns))
    rates = rate_table()
    company = next(iter(ended.values())).company_id
    terms = terms_of_many(company, {(account, issued) for *_rest, issued, account in lines})
    found: dict[int, Decimal | None] = {}
    for key, amount, due, issued, account in lines:
        case = ended[key]
        assert case.closed_on is not None
        assert case.outcome_amount is not None
        part = round_cents(amount * case.outcome_amount / case.amount)
        debt = Debt(part, max(due, case.opened_on))
        try:
            lost = late_interest(
                [debt], as_of=case.closed_on, terms=terms[account, issued], rates=rates
            ).interest
        except RateMissing:
            found[key] = None
            continue
        known = found.get(key, ZERO)
        if known is not None:
            found[key] = known + lost
    return {key: lost for key, lost in found.items() if lost != ZERO}
