"""The suggested base limit on screen: on the client page, beside a wish being written, beside one to decide."""

from __future__ import annotations

from typing import Any

from accounts.models import CustomerAccount, User
from credit.enums import RequestStatus
from credit.models import LimitRequest
from credit.suggestion.policy import Suggestion
from credit.suggestion.words import kept, lines


def shown(suggestion: Suggestion, account: CustomerAccount, reader: User | None = None) -> dict[str, Any]:
    """What ``credit/_suggestion.html`` draws.

    :param reader: who may be offered to ask for it; None where it is asked for already
    """
    currency = account.company.currency
    may_ask = reader is not None and reader.may("credit.request_limit", account.company)
    return {
        "amount": suggestion.amount,
        "lines": lines(suggestion, currency),
        "currency": currency,
        "account": account,
        "may_ask": may_ask and suggestion.amount is not None,
    }


def seen_by_decision(wish: LimitRequest) -> Suggestion | None:
    """What the decision on a wish saw suggested; None while it waits, and of those decided before it was kept."""
    stored = wish.facts.get("suggested_limit")
    decided = wish.status in (RequestStatus.APPROVED, RequestStatus.REFUSED)
    return kept(stored) if decided and stored else None
