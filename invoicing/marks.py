"""What stands beside open items: frozen by a judgement (domain.md 5.3), sold to the factor (4.7)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any, Final

from django.db.models import Case, DateField, F, OuterRef, QuerySet, Subquery, When
from django.db.models.expressions import RawSQL
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from credit.legal_policy import is_frozen, judgement_sql
from credit.legal_queries import splits_of

from .factoring.queries import sold_keys
from .models import Assignment, ReceivableItem

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


def with_marks(items: QuerySet[ReceivableItem], *, on: date) -> QuerySet[ReceivableItem]:
    """Annotate ``sold_on`` and ``frozen_by``, the day of the judgement, by the rules of ``marks_of``.

    For files, which the database writes; a page asks for the marks of its rows alone.

    :param items: as for ``marks_of``
    """
    sold = Assignment.objects.in_force(on).filter(item=OuterRef("pk")).values("effective_from")[:1]
    judgement = RawSQL(judgement_sql('"invoicing_receivableitem"."account_id"'), [], output_field=DateField())
    return items.annotate(sold_on=Subquery(sold), judgement_on=judgement).annotate(
        frozen_by=Case(
            When(
                amount__gt=0, open_on__gt=0, judgement_on__lte=on, issue_date__lt=F("judgement_on"),
                then=F("judgement_on"),
            ),
            output_field=DateField(),
        )
    )  # fmt: skip
