"""The report of disputes as a table and on paper."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.utils.translation import gettext as _

from disputes.enums import Department, DisputeOutcome, DisputeStatus, DisputeType, RootCause
from o2c.shared import formats

from .dispute_bars import total
from .disputes import DisputeReport, DisputeRow
from .files import Paper, Sheet


def dispute_sheet(report: DisputeReport) -> Sheet:
    """Return the report as a table: a line per case."""
    return Sheet(
        company=report.company,
        name=lambda: _("Disputes"),
        stem=lambda: "_".join((_("disputes"), report.company.code, f"{report.as_of:%Y-%m-%d}")),
        header=_header,
        kinds=[
            *["text"] * 9,
            "",
            "",
            "",
            "text",
            "money",
            "money",
            "number",
            "text",
            *["text"] * 3,
            *["money"] * 4,
        ],
        lines=lambda: _lines(report),
        count=len(report.rows),
        contract=report.contract,
        records=report.records,
        paper=lambda language: _paper(report, language),
    )


def _header() -> list[str]:
    return [
        _("Dispute"), _("Client code"), _("Client"), _("What is disputed"), _("Root cause"), _("Department"),
        _("Owner"), _("Status"), _("Outcome"), _("Opened"), _("Agreed date"), _("Ended"), _("Currency"), _("Disputed"),
        _("Credited"), _("Days"), _("Within the delay"), _("Sales rep"), _("Articles"), _("Carriers"), _("Hours"),
        _("Cost of the hours"), _("Interest lost"), _("Cost"),
    ]  # fmt: skip


def _words(row: DisputeRow) -> tuple[str, str, str, str, str]:
    return (
        str(DisputeType(row.type).label),
        str(RootCause(row.root_cause).label) if row.root_cause else "",
        str(Department(row.department).label),
        str(DisputeStatus(row.status).label),
        str(DisputeOutcome(row.outcome).label) if row.outcome else "",
    )


def _lines(report: DisputeReport) -> Iterator[list[Any]]:
    kept = {None: "", True: _("yes"), False: _("no")}
    for row in report.rows:
        kind, cause, department, status, outcome = _words(row)
        yield [
            row.number, row.account, row.name, kind, cause, department, row.owner, status, outcome, row.opened_on,
            row.agreed_due_on, row.closed_on, row.currency, row.amount, row.credited, row.days, kept[row.within],
            row.salesperson, ", ".join(row.articles), ", ".join(row.carriers), row.hours,
            "" if row.time_cost is None else row.time_cost, "" if row.interest_lost is None else row.interest_lost,
            row.cost,
        ]  # fmt: skip


def _paper(report: DisputeReport, language: str) -> Paper:
    def printed(row: DisputeRow) -> list[str]:
        kind, cause, department, status, _outcome = _words(row)
        return [
            f"{row.name} · {row.number}", kind, cause or formats.NOTHING, department, status,
            formats.date_short(row.opened_on),
            formats.date_short(row.agreed_due_on) if row.agreed_due_on else formats.NOTHING,
            str(row.days), formats.amount(row.amount, language), formats.amount(row.credited, language),
        ]  # fmt: skip

    causes = [
        f"{bar.label}: {formats.money(bar.amount, language, report.company.currency)}, {bar.count},"
        f" {formats.percent(bar.share, language, decimals=0)}"
        for bar in report.causes()
    ]
    within, right = report.within_delay, report.right_first_time
    return Paper(
        title=_("Disputes"),
        facts=[
            (_("As of"), formats.date_short(report.as_of)),
            (_("Within the delay"), formats.percent(within, language, decimals=0)),
            (_("Invoices right first time"), formats.percent(right, language, decimals=1)),
            (_("Cost"), formats.money(total(report.own, "cost"), language, report.company.currency)),
        ],
        header=[
            (_("Client"), False), (_("What is disputed"), True), (_("Root cause"), True), (_("Department"), True),
            (_("Status"), True), (_("Opened"), True), (_("Agreed date"), True), (_("Days"), True),
            (_("Disputed"), True), (_("Credited"), True),
        ],
        lines=(printed(row) for row in report.rows),
        foot=[
            [
                _("Total"), "", "", "", "", "", "", "",
                formats.amount(total(report.own, "amount"), language),
                formats.amount(total(report.own, "credited"), language),
            ]
        ],
        control=causes or [_("No dispute has been decided yet.")],
    )  # fmt: skip
