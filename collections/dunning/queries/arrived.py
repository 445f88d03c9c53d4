"""Items that money which came in would settle, as matching proposes: nobody is reminded of them (domain.md 6.2)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Final

from django.db.models import Q

from accounts.models import Company
from invoicing.matching.reading import proposals_for
from invoicing.models import Payment
from o2c.shared.money import ZERO

# From this score on a proposal is taken for granted.
_SURE: Final = Decimal("0.90")
_COVERS: Final = Decimal("0.95")
# Older money that nobody has matched tells nothing any more; of the rest the latest are looked at.
_RECENT: Final = timedelta(days=60)
_MOST: Final = 500


@dataclass(frozen=True)
class Arrived:
    """What money that came in, and that nobody has matched yet, settles surely.

    :ivar items: nearly in full
    :ivar used: how much of each payment goes there, by its key: it is no credit for anything else
    """

    items: list[int] = field(default_factory=list)
    used: dict[int, Decimal] = field(default_factory=dict)


def items_with_payment(company: Company, *, on: date, accounts: Iterable[int] | None = None) -> Arrived:
    """Items that a payment waiting to be matched settles surely, nearly in full.

    :param accounts: look at the payments of these clients alone; else at all, those of nobody included
    """
    whose = Q(items__open_amount__lt=0)
    whose = whose | Q(account=None) if accounts is None else whose & Q(account__in=list(accounts))
    waiting = Payment.objects.filter(
        whose, company=company, received_on__gt=on - _RECENT, received_on__lte=on
    )
    keys = list(waiting.order_by("-received_on", "-pk").values_list("pk", flat=True)[:_MOST])
    found: set[int] = set()
    used: dict[int, Decimal] = {}
    for case in proposals_for(company, keys):
        best = case.proposals[0] if case.proposals else None
        if best is None or best.score < _SURE:
            continue
        settled = [
            line
            for line in best.lines
            if line.amount > 0 and line.amount + line.discount >= line.item.open_amount * _COVERS
        ]
        found |= {line.item.key for line in settled}
        used[case.payment.pk] = min(case.left, sum((line.amount for line in settled), ZERO))
    return Arrived(sorted(found), used)
