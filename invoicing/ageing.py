"""The ageing of open items, by due date or by invoice date. Plain values only."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal
from enum import StrEnum
from itertools import pairwise
from typing import Final, NamedTuple

from o2c.shared.money import ZERO


class Basis(StrEnum):
    """The date an item's age is counted from."""

    DUE_DATE = "due_date"
    INVOICE_DATE = "invoice_date"


class OpenItem(NamedTuple):
    """What ageing must know of an open item; credits are negative."""

    invoice_date: date
    due_date: date
    open_amount: Decimal


EDGES: Final = (30, 60, 90, 120)
NOT_DUE: Final = "not_due"
CREDITS: Final = "credits"
TOTAL: Final = "total"


def bucket_names(edges: Sequence[int] = EDGES, basis: Basis = Basis.DUE_DATE) -> tuple[str, ...]:
    """Return the column names of the ageing, youngest first, without credits and total.

    By due date ``not_due, d1_30, …, d121_plus``; by invoice date ``d0_30`` stands for the first two.

    :raises ValueError: edges that do not rise from above zero
    """
    if not edges or edges[0] < 1 or any(low >= high for low, high in pairwise(edges)):
        raise ValueError(f"Buckets must rise from above 0, such as 30,60,90: {list(edges)}.")
    lows = (1, *(edge + 1 for edge in edges))
    aged = [f"d{low}_{high}" for low, high in zip(lows, edges, strict=False)] + [f"d{lows[-1]}_plus"]
    if basis is Basis.INVOICE_DATE:
        return (f"d0_{edges[0]}", *aged[1:])
    return (NOT_DUE, *aged)


def bucket_of(days: int, edges: Sequence[int] = EDGES, basis: Basis = Basis.DUE_DATE) -> str:
    """Return the bucket of an age in days: days late by due date, days since issue by invoice date.

    An item due today is not overdue; one dated ahead is in the first bucket.

    :raises ValueError: edges that do not rise from above zero
    """
    names = bucket_names(edges, basis)
    if basis is Basis.DUE_DATE:
        if days <= 0:
            return names[0]
        names = names[1:]
    return next((name for name, edge in zip(names, edges, strict=False) if days <= edge), names[-1])


def age_items(
    items: Iterable[OpenItem],
    as_of: date,
    basis: Basis = Basis.DUE_DATE,
    edges: Sequence[int] = EDGES,
) -> dict[str, Decimal]:
    """Return the amount of each bucket, then ``credits`` (negative items) and ``total`` net of them.

    Amounts must be of one currency; ``as_of`` is the day the book is read at.

    :raises ValueError: edges that do not rise from above zero
    """
    ages = dict.fromkeys((*bucket_names(edges, basis), CREDITS, TOTAL), ZERO)
    for item in items:
        since = item.due_date if basis is Basis.DUE_DATE else item.invoice_date
        column = CREDITS if item.open_amount < 0 else bucket_of((as_of - since).days, edges, basis)
        ages[column] += item.open_amount
        ages[TOTAL] += item.open_amount
    return ages
