"""The exposure report as its page shows it: the lines of a page, the bar of the whole, what deserves a look."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from django.utils.translation import gettext as _

from credit.formulas import PART_CODES
from o2c.shared.bars import ExposureBar, Part, exposure_bar
from o2c.shared.money import ZERO

from .exposure import ExposureReport, ExposureRow
from .exposure_files import part_label, sum_of_parts
from .exposure_sql import CREDITS, ORDERS, OTHERS
from .screen import Column, column

ROWS: Final = 50
DEFAULT_SORT: Final = "-net"


@dataclass(frozen=True, slots=True)
class Line:
    """One client, or all of them: parts put together as people read them, and where the client's page is."""

    row: ExposureRow | None
    url: str
    invoices: Decimal
    orders: Decimal
    others: Decimal
    credits: Decimal


@dataclass(frozen=True)
class Screen:
    """What stands on one page of the report.

    :ivar others: whether a client has bills or penalties, so that they deserve a column
    :ivar over: how many clients use more than their limit gives
    :ivar excess: what they exceed it by, counted for each of them where several share one limit
    :ivar left_out: label and amount of each part that the company does not count
    """

    bar: ExposureBar
    lines: tuple[Line, ...]
    foot: Line
    columns: tuple[Column, ...]
    client: Column
    others: bool
    over: int
    excess: Decimal
    left_out: tuple[tuple[str, Decimal], ...]
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


def laid_out(report: ExposureReport, client: Callable[[str], str], *, sort: str, page: int) -> Screen:
    """Lay out a report that was read with the rows of one page (``exposure.Page``).

    :param client: address of a client's page
    :param sort: name of a column, ``-`` in front for the largest first, as it was read
    :param page: the page that was asked for
    """
    others = any(report.totals[code] for code in OTHERS)
    page = min(page, max(1, -(-report.clients // ROWS)))
    start = (page - 1) * ROWS
    return Screen(
        bar=exposure_bar(
            [
                Part(code=code, label=part_label(code), amount=report.totals[code])
                for code in PART_CODES
                if report.totals[code]
            ]
        ),
        lines=tuple(_line(row, client(row.account)) for row in report.rows),
        foot=_foot(report),
        columns=_columns(sort, others),
        client=column("name", _("Client"), _("Client"), sort, upwards=True),
        others=others,
        over=report.over_limit,
        excess=report.excess,
        left_out=tuple((part_label(code), amount) for code, amount in report.left_out.items()),
        page=page,
        first=start + 1 if report.rows else 0,
        last=start + len(report.rows),
        count=report.clients,
    )


def _line(row: ExposureRow, url: str) -> Line:
    return Line(
        row=row,
        url=url,
        invoices=row.figure("open_invoices"),
        orders=sum_of_parts(row, ORDERS),
        others=sum_of_parts(row, OTHERS),
        credits=sum_of_parts(row, CREDITS),
    )


def _foot(report: ExposureReport) -> Line:
    totals = report.totals
    return Line(
        row=None,
        url="",
        invoices=totals["open_invoices"],
        orders=sum((totals[code] for code in ORDERS), ZERO),
        others=sum((totals[code] for code in OTHERS), ZERO),
        credits=sum((totals[code] for code in CREDITS), ZERO),
    )


def _columns(sort: str, others: bool) -> tuple[Column, ...]:
    named = [
        ("invoices", _("Invoices"), _("Open invoices")),
        ("orders", _("Orders"), _("Confirmed orders and what is delivered but not invoiced")),
        *(
            [("others", _("Bills, penalties"), _("Bills not matured and penalties claimed"))]
            if others
            else []
        ),
        ("credits", _("Credits"), _("Unmatched payments, credit notes, deposits held")),
        ("net", _("Net exposure"), _("Net exposure")),
        ("limit", _("Limit"), _("The limit that counts, of the level that binds")),
        ("available", _("Headroom"), _("Headroom")),
        ("use", _("Use"), _("Net exposure over the limit")),
        ("overdue", _("Overdue"), _("Overdue")),
        ("hold", _("On hold"), _("Orders on hold, beside the exposure")),
    ]
    return tuple(column(code, label, full, sort) for code, label, full in named)
