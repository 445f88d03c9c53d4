"""The four causes of a hold, with what each one weighs (domain.md 5.5). Plain values only."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _

from o2c.shared.money import ZERO

from ..enums import Finding
from ..policy import Found


class CauseCode(models.TextChoices):
    """Why a client's order does not fit."""

    LATE_PAYMENT = "LATE_PAYMENT", _("Late payment")
    OPEN_DISPUTE = "OPEN_DISPUTE", _("Open dispute")
    EXCEPTIONAL_ORDERS = "EXCEPTIONAL_ORDERS", _("Exceptional order")
    LIMIT_REDUCED = "LIMIT_REDUCED", _("Limit revised downward")


@dataclass(frozen=True)
class Cause:
    """One cause and its amount; the amounts of several overlap and do not add up."""

    code: CauseCode
    amount: Decimal
    figures: Mapping[str, Any] = field(default_factory=dict)

    def without(self, available_after: Decimal) -> Decimal:
        """Return what would be left of the limit with the order if this cause were not; below zero: still missing."""
        return available_after + self.amount


@dataclass(frozen=True)
class Reduction:
    """A limit that counts less than it did.

    :ivar since: first day of the lower amount
    :ivar decided_by: who decided it, in words; empty where a review date passed by itself
    """

    before: Decimal
    now: Decimal
    since: date
    reason: str
    decided_by: str = ""


def causes_of(
    found: Iterable[Found],
    *,
    over_limit_by: Decimal,
    late: Decimal,
    oldest_days: int,
    disputed: Decimal,
    reduction: Reduction | None,
) -> tuple[Cause, ...]:
    """Return the causes of a hold, in the order they are spoken about.

    An exceptional order and a lowered limit explain what is missing: they are causes only where something is.

    :param late: what is overdue and not disputed
    """
    causes: list[Cause] = []
    if late > 0:
        causes.append(Cause(CauseCode.LATE_PAYMENT, late, {"oldest_days": oldest_days}))
    if disputed > 0:
        causes.append(Cause(CauseCode.OPEN_DISPUTE, disputed))
    if over_limit_by > 0:
        unusual = next((each for each in found if each.code == Finding.UNUSUAL_ORDER), None)
        if unusual is not None:
            amount, mean = unusual.figures["amount"], unusual.figures["mean"]
            figures = {"mean": mean, "orders": unusual.figures["orders"], "times": amount / mean}
            causes.append(Cause(CauseCode.EXCEPTIONAL_ORDERS, amount - mean, figures))
        if reduction is not None and reduction.before > reduction.now:
            figures = {
                "before": reduction.before,
                "now": reduction.now,
                "since": reduction.since,
                "reason": reduction.reason,
                "decided_by": reduction.decided_by,
            }
            causes.append(
                Cause(CauseCode.LIMIT_REDUCED, max(ZERO, reduction.before - reduction.now), figures)
            )
    return tuple(causes)
