"""How far a release goes: what may be asked for and decided, before any row is touched (domain.md 5.2)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext_lazy as _

from o2c.shared.calendar import paris_date
from o2c.shared.problems import Invalid

from .. import policy
from ..enums import ReleaseScope
from ..models import Order
from .refusals import CommentMissing


@dataclass(frozen=True)
class ReleaseTerms:
    """How far a release goes; what is left out is what was asked for, else the order itself.

    :ivar amount: up to how much, in the order's currency
    :ivar valid_until: last day of the release
    :ivar conditions: what goes with it, in words: texts, or ``{"kind": "text", "text": …}``
    """

    amount: Decimal | None = None
    valid_until: date | None = None
    scope: str | None = None
    conditions: Sequence[Any] = ()


def require_reason(text: str, name: str = "comment") -> None:
    """Refuse an empty reason.

    :raises CommentMissing: names the field
    """
    if not text.strip():
        raise CommentMissing(errors={name: [_("A reason is required.")]})


def amount_for(amount: Decimal | None, tested: Decimal) -> Decimal | None:
    """How much a release lets through; None is the order's own amount.

    :raises Invalid: less than the order
    """
    if amount is not None and amount < tested:
        raise Invalid(errors={"amount": [_("The amount must cover the order.")]})
    return amount


def scope_for(scope: str | None, amount: Decimal | None) -> str:
    """Whether a release is for the order alone or up to an amount.

    :raises Invalid: up to an amount, without the amount
    """
    if scope == ReleaseScope.AMOUNT and amount is None:
        raise Invalid(errors={"amount": [_("Say up to which amount.")]})
    return scope or (ReleaseScope.ORDER if amount is None else ReleaseScope.AMOUNT)


def conditions_of(conditions: Sequence[Any]) -> list[dict[str, str]]:
    """Conditions as they are kept: in words. A condition that would act by itself is not known yet.

    :raises Invalid: an unknown kind, or no words
    """
    kept = []
    for condition in conditions:
        given = {"kind": "text", "text": condition} if isinstance(condition, str) else condition
        kind = given.get("kind", "text") if isinstance(given, Mapping) else ""
        if kind != "text":
            said = _("A condition of the kind “%(kind)s” is not known: write it in words.") % {"kind": kind}
            raise Invalid(errors={"conditions": [said]}, code="condition_unknown")
        text = given.get("text")
        if not isinstance(text, str) or not text.strip():
            raise Invalid(errors={"conditions": [_("A condition needs its words.")]})
        kept.append({"kind": "text", "text": text.strip()[:1000]})
    return kept


def until_for(valid_until: date | None, order: Order, at: datetime) -> date:
    """Last day of a release: the one given, else as long as a release lasts by itself.

    :raises Invalid: a day that is past, or too far ahead
    """
    today = paris_date(at)
    longest = policy.release_valid_until(today, order.requested_delivery)
    if valid_until is None:
        return longest
    if valid_until < today:
        raise Invalid(errors={"valid_until": [_("This day is past.")]})
    if valid_until > today + policy.RELEASE_LONGEST:
        raise Invalid(errors={"valid_until": [_("A release lasts 60 days at most.")]})
    return valid_until
