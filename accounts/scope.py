"""Documents of colleagues' sales: shown to a rep as a count and a total only (ADR 0010)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.db.models import Count, Q, QuerySet, Sum
from django.utils.module_loading import import_string
from django.utils.translation import get_language, ngettext

from accounts.models import User
from o2c.shared import formats
from o2c.shared.models import AuditEvent


@dataclass(frozen=True, slots=True)
class Outside:
    """What there is outside of a rep's own sales, in one currency."""

    currency: str
    count: int
    total: Decimal


def outside(rows: QuerySet[Any], own: Q, amount: str) -> list[Outside]:
    """Return count and total, per currency, of the rows that are not the reader's own, in one statement.

    :param rows: documents of every client in the reader's portfolio, or of one of them: no other filter, so that
        nobody finds a document by asking
    :param own: what is the reader's; empty when all is, and nothing is asked then
    :param amount: the field that is added up
    """
    if not own:
        return []
    sums = rows.exclude(own).order_by().values_list("currency").annotate(count=Count("pk"), total=Sum(amount))
    return [Outside(*row) for row in sums.order_by("currency")]


def in_words(found: Sequence[Outside]) -> str:
    """« et 3 documents hors de votre portefeuille, 12 000,00 € »; empty when there is none."""
    count = sum(row.count for row in found)
    if not count:
        return ""
    language = get_language() or "fr"
    amounts = ", ".join(formats.money(row.total, language, row.currency) for row in found)
    text = ngettext(
        "and %(n)s document outside of your portfolio, %(amounts)s",
        "and %(n)s documents outside of your portfolio, %(amounts)s",
        count,
    )
    return text % {"n": formats.number(count, language), "amounts": amounts}


def as_contract(found: Iterable[Outside]) -> list[dict[str, Any]]:
    """The same as the API says it."""
    return [{"currency": row.currency, "count": row.count, "total": f"{row.total:.2f}"} for row in found]


def readable_events(user: User, events: QuerySet[AuditEvent]) -> QuerySet[AuditEvent]:
    """Events without those of documents that are not the reader's to see (``settings.JOURNAL_SCOPES``)."""
    if user.sees_every_sale():
        return events
    for path in settings.JOURNAL_SCOPES:
        events = import_string(path)(user, events)
    return events
