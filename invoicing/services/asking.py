"""Asking for payments that came in to be looked at."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from accounts.models import Company
from invoicing.models import MatchingRules
from o2c.shared import work

EXAMINE: Final = "matching.examine"
_A_PIECE: Final = 500


def ask_to_match(company: Company, payment_ids: Sequence[int]) -> None:
    """Ask for payments that came in to be looked at, in the act that recorded them; nothing where it is not wanted."""
    if not payment_ids or not MatchingRules.objects.filter(company=company, is_automatic=True).exists():
        return
    keys = sorted(payment_ids)
    pieces = [keys[start : start + _A_PIECE] for start in range(0, len(keys), _A_PIECE)]
    work.add_many(
        EXAMINE,
        {
            f"{company.pk}:{piece[0]}-{piece[-1]}": {"company_id": company.pk, "payment_ids": piece}
            for piece in pieces
        },
    )
