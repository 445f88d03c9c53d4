"""The items behind a figure of the aged balance: the same book of the same day, so the sums cannot differ."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any, Final

from django.db.models import Count, Q, QuerySet, Sum

from accounts.models import User
from invoicing.ageing import CREDITS, NOT_DUE, TOTAL, Basis
from invoicing.queries import items_on
from invoicing.scope import own_items
from o2c.shared.money import ZERO
from o2c.shared.problems import NotFound

from .aged_balance import AgedBalance
from .scope import EVERYBODY, Selection

DISPUTED: Final = "disputed"


def items_behind(
    report: AgedBalance,
    user: User,
    *,
    bucket: str,
    currency: str,
    selection: Selection = EVERYBODY,
) -> QuerySet[Any]:
    """Return the items that make one figure, each with ``open_on``, ``disputed_on`` and ``days_late``.

    :param report: gives company, day, basis and buckets
    :param bucket: one of the report's columns by age, ``credits``, ``total`` or ``disputed``
    :param selection: the line's client, or the filters of the report for its line of totals
    :raises NotFound: no such column, or a client that is not the reader's to see
    """
    items = _all_behind(report, user, bucket=bucket, currency=currency, selection=selection)
    return items.filter(own_items(user, report.company)).order_by("due_date", "pk")


def outside(
    report: AgedBalance, user: User, *, bucket: str, currency: str, selection: Selection = EVERYBODY
) -> Decimal:
    """Return what colleagues' sales are of a figure: in it, but listed to their reps alone (ADR 0010).

    No number of documents: the figure and what is listed of it tell as much already.

    :raises NotFound: as ``items_behind``
    """
    own = own_items(user, report.company)
    if not own:
        return ZERO
    items = _all_behind(report, user, bucket=bucket, currency=currency, selection=selection)
    return sum_of(items.exclude(own), bucket)[0]


def _all_behind(
    report: AgedBalance, user: User, *, bucket: str, currency: str, selection: Selection
) -> QuerySet[Any]:
    accounts, _scope = selection.of(user, report.company, on=report.as_of)
    items = items_on(accounts, on=report.as_of, open_only=True).filter(currency=currency)
    return items.filter(_of_bucket(report, bucket))


def _of_bucket(report: AgedBalance, bucket: str) -> Q:
    if bucket == TOTAL:
        return Q()
    if bucket == CREDITS:
        return Q(amount__lt=0)
    if bucket == DISPUTED:
        return Q(disputed_on__gt=0)
    if bucket not in report.bucket_names:
        raise NotFound
    field = "due_on" if report.basis is Basis.DUE_DATE else "issue_date"
    owed = Q(amount__gt=0)
    if bucket == NOT_DUE:
        return owed & Q(**{f"{field}__gte": report.as_of})
    low, _mark, high = bucket.removeprefix("d").partition("_")
    if int(low):  # the first bucket by invoice date also takes what is dated ahead
        owed &= Q(**{f"{field}__lte": report.as_of - timedelta(days=int(low))})
    if high != "plus":
        owed &= Q(**{f"{field}__gte": report.as_of - timedelta(days=int(high))})
    return owed


def sum_of(items: QuerySet[Any], bucket: str) -> tuple[Decimal, int]:
    """Return what items come to in the sense of their column, and how many they are."""
    found = items.order_by().aggregate(
        sum=Sum("disputed_on" if bucket == DISPUTED else "open_on"), count=Count("pk")
    )
    return found["sum"] or ZERO, found["count"]
