"""The aged balance as its page shows it: a block per currency, every figure with the address of its items."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from django.utils.translation import gettext as _

from invoicing.ageing import CREDITS, TOTAL, Basis
from o2c.shared.bars import Part, Segment, ageing_bar

from .aged_balance import AgedBalance, AgedRow, AgedTotal
from .aged_files import bucket_title
from .drill import DISPUTED
from .history import MonthEnd

ROWS: Final = 50
DEFAULT_SORT: Final = "-total"
# Address of the items behind a figure: (account code or empty, bucket, currency).
Address = Callable[[str, str, str], str]


@dataclass(frozen=True, slots=True)
class Column:
    """A column that sorts: code, heading, in full for readers of the screen, and what a click sorts by."""

    code: str
    label: str
    full: str
    sort: str
    order: str


@dataclass(frozen=True, slots=True)
class Cell:
    """A figure and the address of its items; nothing to open where it is zero."""

    amount: Decimal
    url: str
    strong: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    """One client: cells by age, credits and total, the profile of its ages, its oldest item."""

    key: str
    row: AgedRow
    url: str
    cells: tuple[Cell, ...]
    profile: tuple[Part, ...]


@dataclass(frozen=True)
class Block:
    """Everything in one currency.

    :ivar overdue_share: of what is owed before credits; None by invoice date and when nothing is owed
    :ivar legend: ages, then credits and what is disputed of it
    :ivar pages: number of the page, its first and last line, the number of lines
    """

    total: AgedTotal
    segments: tuple[Segment, ...]
    legend: tuple[Segment, ...]
    overdue: Decimal
    overdue_share: Decimal | None
    columns: tuple[Column, ...]
    lines: tuple[Line, ...]
    foot: tuple[Cell, ...]
    page: int
    first: int
    last: int
    count: int

    @property
    def previous(self) -> int:
        """Number of the page before."""
        return self.page - 1

    @property
    def next(self) -> int:
        """Number of the page after."""
        return self.page + 1

    @property
    def ties(self) -> bool:
        """Whether rows and documents agree to the cent."""
        return self.total.difference == 0


def blocks(
    report: AgedBalance, address: Address, client: Callable[[str], str], *, sort: str, page: int
) -> list[Block]:
    """Lay out a report, the company's own currency first."""
    return [_block(report, total, address, client, sort, page) for total in report.totals]


def _block(
    report: AgedBalance,
    total: AgedTotal,
    address: Address,
    client: Callable[[str], str],
    sort: str,
    page: int,
) -> Block:
    rows = _sorted([row for row in report.rows if row.currency == total.currency], report, sort)
    last_page = max(1, -(-len(rows) // ROWS))
    page = min(max(page, 1), last_page)
    start = (page - 1) * ROWS
    shown = rows[start : start + ROWS]
    parts = _parts(report, total, lambda name: address("", name, total.currency))
    owed = sum(total.buckets, Decimal(0))
    overdue = report.overdue(total)
    return Block(
        total=total,
        segments=ageing_bar(parts),
        legend=(*ageing_bar(parts), *_beside(total, address)),
        overdue=overdue,
        overdue_share=overdue / owed if owed and report.basis is Basis.DUE_DATE else None,
        columns=_columns(report, sort),
        lines=tuple(_line(report, row, address, client) for row in shown),
        foot=_cells(report, total, lambda name: address("", name, total.currency)),
        page=page,
        first=start + 1 if rows else 0,
        last=start + len(shown),
        count=len(rows),
    )


def _parts(report: AgedBalance, line: AgedRow | AgedTotal, url: Callable[[str], str]) -> tuple[Part, ...]:
    return tuple(
        Part(code=name, label=bucket_title(name), amount=amount, url=url(name) if amount else "")
        for name, amount in zip(report.bucket_names, line.buckets, strict=True)
    )


def _beside(total: AgedTotal, address: Address) -> tuple[Segment, ...]:
    """Legend of what the bar does not draw: credits, and what is disputed of the whole."""
    rows = (
        (CREDITS, _("Credits and unmatched payments"), total.credits, "p-free", False),
        (DISPUTED, _("Of which disputed"), total.disputed, "p-disp", True),
    )
    return tuple(
        Segment(
            code, label, amount, "", "", css, hatched, address("", code, total.currency) if amount else ""
        )
        for code, label, amount, css, hatched in rows
    )


def _line(report: AgedBalance, row: AgedRow, address: Address, client: Callable[[str], str]) -> Line:
    return Line(
        key=f"{row.account_id}-{row.currency}",
        row=row,
        url=client(row.account),
        cells=_cells(report, row, lambda name: address(row.account, name, row.currency)),
        profile=_parts(report, row, lambda name: ""),
    )


def _cells(report: AgedBalance, line: AgedRow | AgedTotal, url: Callable[[str], str]) -> tuple[Cell, ...]:
    named = [*zip(report.bucket_names, line.buckets, strict=True), (CREDITS, line.credits)]
    cells = [Cell(amount, url(name) if amount else "") for name, amount in named]
    return (*cells, Cell(line.total, url(TOTAL), strong=True))


def _columns(report: AgedBalance, sort: str) -> tuple[Column, ...]:
    """Headings of the figures; a click on the one sorted by turns it round, largest first."""
    named = [(name, _short(name), bucket_title(name)) for name in report.bucket_names]
    named += [(CREDITS, _("Credits"), _("Credits")), (TOTAL, _("Total"), _("Total"))]
    return tuple(column(code, label, full, sort) for code, label, full in named)


def column(code: str, label: str, full: str, sort: str, *, upwards: bool = False) -> Column:
    """Return a heading; a click on the one sorted by turns it round.

    :param upwards: the first click sorts from the least on, as names are read from A on
    """
    order = {f"-{code}": "descending", code: "ascending"}.get(sort, "")
    if upwards:
        return Column(code, label, full, f"-{code}" if order == "ascending" else code, order)
    return Column(code, label, full, code if order == "descending" else f"-{code}", order)


def other_columns(sort: str) -> dict[str, Column]:
    """Headings of the client and of the oldest item."""
    return {
        "client": column("name", _("Client"), _("Client"), sort, upwards=True),
        "oldest": column("oldest", _("Oldest"), _("Oldest item, days late"), sort),
    }


def _short(name: str) -> str:
    low, _mark, high = name.removeprefix("d").partition("_")
    if high == "plus":
        return f"> {int(low) - 1}"
    return f"{low}–{high}" if low.isdecimal() else bucket_title(name)


def _sorted(rows: list[AgedRow], report: AgedBalance, sort: str) -> list[AgedRow]:
    key, downwards = sort.removeprefix("-"), sort.startswith("-")
    if key == "name":  # as they come: in the order of the alphabet, accents aside
        return rows[::-1] if downwards else rows
    names = report.bucket_names

    def figure(row: AgedRow) -> Decimal | int:
        if key in names:
            return row.buckets[names.index(key)]
        if key == "oldest":
            return row.oldest_days
        return row.credits if key == CREDITS else row.total

    return sorted(rows, key=figure, reverse=downwards)


def history_chart(months: Sequence[MonthEnd], labels: Sequence[str], currency: str) -> dict[str, Any]:
    """What was late at the end of each month, as ``charts.js`` draws it."""
    return {
        "type": "bar",
        "stacked": True,
        "currency": currency,
        "ticks": len(labels),
        "labels": list(labels),
        "sets": [
            {
                "label": _("Overdue"),
                "color": "--o-a4",
                "bar": True,
                "data": [float(month.overdue) for month in months],
            }
        ],
    }
