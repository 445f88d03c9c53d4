"""The exposure report as a table for files and as a printed page."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from credit.drawing import PART_LABELS
from credit.enums import Level
from credit.formulas import PART_CODES, RELIEVING_PARTS, LimitState
from o2c.shared import formats
from o2c.shared.money import ZERO

from .exposure import LIVE, ExposureRow, ExposureStream
from .exposure_sql import ORDERS
from .files import Paper, Sheet
from .words import covers, ties


def exposure_sheet(report: ExposureStream) -> Sheet:
    """Return the report as a table: a line per client; its rows are read once, by the one file written."""
    money = ["money"] * (len(PART_CODES) + 5)
    return Sheet(
        company=report.company,
        name=lambda: _("Exposure"),
        stem=lambda: "_".join((_("exposure"), report.company.code, f"{report.as_of:%Y-%m-%d}")),
        header=_header,
        kinds=[
            *["text"] * 5, *money, "text", "money", "money", "", "money", "money", "number", "text", "money", "",
            "money", "money", "money",
        ],
        lines=lambda: _lines(report),
        count=report.clients,
        contract=report.contract,
        records=report.records,
        paper=lambda language: _paper(report, language),
    )  # fmt: skip


def part_label(code: str) -> str:
    """Return the name of a part; open invoices are one here, not split by what they need."""
    return _("Open invoices") if code == "open_invoices" else str(PART_LABELS[code])


def kind_label(kind: str) -> str:
    """Return what is decided of a limit."""
    words = {"none": _("none"), "base": _("granted"), "expired": _("expired"), "unlimited": _("unlimited")}
    return words[kind]


def sum_of_parts(row: ExposureRow, codes: Sequence[str]) -> Decimal:
    """Add up some parts of one client."""
    return sum((row.figure(code) for code in codes), ZERO)


def _header() -> list[str]:
    return [
        _("Client code"),
        _("Client"),
        "SIREN",
        _("Sales rep"),
        _("Currency"),
        *(part_label(code) for code in PART_CODES),
        _("Gross exposure"),
        _("Net exposure"),
        _("Guarantees"),
        _("Insured cover"),
        _("Uncovered exposure"),
        _("State of the limit"),
        _("Base limit"),
        _("Temporary raise"),
        _("Valid until"),
        _("Limit that counts"),
        _("Headroom"),
        _("Use of the limit"),
        _("Limiting level"),
        _("Overdue"),
        _("Oldest, days late"),
        _("Disputed"),
        _("Orders on hold"),
        _("Sold to a factor without recourse"),
    ]


def _lines(report: ExposureStream) -> Iterator[list[Any]]:
    levels = {level.word: str(level.label) for level in Level} | {None: ""}
    kinds = {state.value: kind_label(state.value) for state in LimitState}
    for row in report.rows:
        yield [
            row.account, row.name, row.siren, row.sales_rep, row.currency, *row.parts, row.gross_exposure,
            row.net_exposure, row.guarantees, row.insured_cover, row.uncovered_exposure, kinds[row.limit_kind],
            row.limit, row.temporary, row.limit_valid_until, row.effective_limit, row.available, row.utilisation,
            levels[row.binding_level], row.overdue, row.oldest_days, row.disputed, row.on_hold_orders,
            row.sold,
        ]  # fmt: skip


def _paper(report: ExposureStream, language: str) -> Paper:
    def amount(value: Decimal) -> str:
        return formats.amount(value, language) if value else formats.NOTHING

    def printed(row: ExposureRow) -> list[str]:
        unlimited = _("unlimited") if row.limit_kind == "unlimited" else formats.NOTHING
        return [
            f"{row.name} · {row.account}",
            amount(row.figure("open_invoices")),
            amount(sum_of_parts(row, ORDERS)),
            amount(sum_of_parts(row, sorted(RELIEVING_PARTS))),
            formats.amount(row.net_exposure, language),
            unlimited if row.effective_limit is None else formats.amount(row.effective_limit, language),
            formats.NOTHING if row.available is None else formats.amount(row.available, language),
            formats.percent(row.utilisation, language, decimals=0),
            amount(row.overdue),
            amount(row.on_hold_orders),
        ]

    totals = report.totals
    headings = (
        _("Open invoices"), _("Orders"), _("Payments and credits"), _("Net exposure"), _("Limit that counts"),
        _("Headroom"), _("Use"), _("Overdue"), _("On hold"),
    )  # fmt: skip
    source = _("live") if report.source == LIVE else _("as recorded by that day")
    control = [
        ties(report.scope, report.as_of, report.ledger_total, report.difference, report.company.currency)
    ]
    if report.sold:
        control.append(
            _("Sold to a factor without recourse, in no exposure: %(amount)s")
            % {"amount": formats.money(report.sold, language, report.company.currency)}
        )
    control += [
        _("%(part)s, not counted: %(amount)s")
        % {"part": part_label(code), "amount": formats.money(left, language, report.company.currency)}
        for code, left in report.left_out.items()
    ]
    if report.missing_rates:
        control.append(
            _("Without a rate, left out: %(currencies)s") % {"currencies": ", ".join(report.missing_rates)}
        )
    return Paper(
        title=_("Exposure"),
        facts=[
            (_("As of"), f"{formats.date_short(report.as_of)}, {source}"),
            (_("Scope"), covers(report.scope)),
            (_("Amounts in"), report.company.currency),
        ],
        header=[(_("Client"), False), *((title, True) for title in headings)],
        lines=(printed(row) for row in report.rows),
        foot=[
            [
                _("Total"),
                amount(totals["open_invoices"]),
                amount(sum((totals[code] for code in ORDERS), ZERO)),
                amount(sum((totals[code] for code in RELIEVING_PARTS), ZERO)),
                formats.amount(totals["net_exposure"], language),
                "",
                "",
                "",
                amount(totals["overdue"]),
                amount(totals["on_hold_orders"]),
            ]
        ],
        control=control,
    )
