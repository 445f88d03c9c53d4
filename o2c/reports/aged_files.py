"""The aged balance as a table for files and as a printed page."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from invoicing.ageing import NOT_DUE, Basis
from o2c.shared import formats

from .aged_balance import AgedBalance, AgedRow, AgedTotal
from .files import Paper, Sheet
from .words import covers, ties


def aged_sheet(report: AgedBalance) -> Sheet:
    """Return the report as a table: a line per client and currency."""
    amounts = len(report.bucket_names) + 3
    return Sheet(
        company=report.company,
        name=lambda: _("Aged balance"),
        stem=lambda: "_".join((_("aged-balance"), report.company.code, f"{report.as_of:%Y-%m-%d}")),
        header=lambda: _header(report),
        kinds=["text"] * 5 + ["money"] * (amounts + 1) + [""],
        lines=lambda: _lines(report),
        count=len(report.rows),
        contract=report.contract,
        records=report.records,
        paper=lambda language: _paper(report, language),
    )


def bucket_title(name: str) -> str:
    """Return the heading of a column by age: “Not due”, “1–30 days”, “Over 120 days”."""
    if name == NOT_DUE:
        return _("Not due")
    low, _mark, high = name.removeprefix("d").partition("_")
    if high == "plus":
        return _("Over %(days)s days") % {"days": int(low) - 1}
    return _("%(low)s–%(high)s days") % {"low": low, "high": high}


def basis_words(report: AgedBalance) -> str:
    """Return what the age counts from."""
    return _("by due date") if report.basis is Basis.DUE_DATE else _("by invoice date")


def _header(report: AgedBalance) -> list[str]:
    before = [_("Client code"), _("Client"), "SIREN", _("Sales rep"), _("Currency")]
    ages = [bucket_title(name) for name in report.bucket_names]
    after = [_("Credits"), _("Total"), _("Disputed"), _("Credit limit"), _("Oldest, days late")]
    return [*before, *ages, *after]


def _lines(report: AgedBalance) -> Iterator[list[Any]]:
    for row in report.rows:
        named = [row.account, row.name, row.siren, row.sales_rep, row.currency]
        yield [*named, *row.buckets, row.credits, row.total, row.disputed, row.limit, row.oldest_days]


def _paper(report: AgedBalance, language: str) -> Paper:
    several = len(report.totals) > 1
    ages = [(bucket_title(name), True) for name in report.bucket_names]
    return Paper(
        title=_("Aged balance"),
        facts=[
            (_("As of"), formats.date_short(report.as_of)),
            (_("Age counts from"), basis_words(report)),
            (_("Scope"), covers(report.scope)),
        ],
        header=[
            (_("Client"), False),
            *([(_("Currency"), False)] if several else []),
            *ages,
            *((title, True) for title in (_("Credits"), _("Total"), _("Disputed"), _("Oldest"))),
        ],
        lines=(_printed(row, [f"{row.name} · {row.account}"], several, language) for row in report.rows),
        foot=[_printed(total, [_("Total")], several, language) for total in report.totals],
        control=[
            ties(report.scope, report.as_of, total.ledger_total, total.difference, total.currency)
            for total in report.totals
        ],
    )


def _printed(line: AgedRow | AgedTotal, named: list[str], several: bool, language: str) -> Sequence[str]:
    def amount(value: Decimal) -> str:
        return formats.amount(value, language) if value else formats.NOTHING

    figures = (*line.buckets, line.credits, line.total, line.disputed)
    late = formats.days(line.oldest_days, language) if line.oldest_days else formats.NOTHING
    return [*named, *([line.currency] if several else []), *map(amount, figures), late]
