"""What stands beside open items: frozen by a judgement (domain.md 5.3), sold to the factor (4.7)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any, Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from credit.legal_policy import is_frozen
from credit.legal_queries import splits_of

from .factoring.queries import sold_keys

FROZEN: Final = "frozen"
SOLD: Final = "assigned"
LABELS: Final[dict[str, Promise]] = {
    FROZEN: _("frozen by a judgement"),
    SOLD: _("sold to the factor"),
}


def marks_of(items: Sequence[Any], *, on: date) -> dict[int, list[str]]:
    """The marks of items on a day as ``items/`` writes them, by key; two statements for any number of items.

    :param items: from ``queries.items_on`` or ``with_open_amount``
    """
    owed = [item for item in items if item.amount > 0 and item.open_on > 0]
    splits = splits_of({item.account_id for item in owed})
    sold = sold_keys([item.pk for item in items], on=on)
    frozen = {
        item.pk
        for item in owed
        if (split := splits.get(item.account_id)) is not None
        and split.judgement_on <= on
        and is_frozen(item.issue_date, split.judgement_on)
    }
    return {
        item.pk: [mark for mark, holds in ((SOLD, sold), (FROZEN, frozen)) if item.pk in holds]
        for item in items
    }
