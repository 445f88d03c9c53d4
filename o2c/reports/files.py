"""The aged balance as a file: CSV and XLSX as French spreadsheets read them, JSON as the API answers."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Final

from django.utils import translation
from django.utils.translation import gettext as _

from invoicing.ageing import NOT_DUE, Basis
from o2c.shared.exports import csv_chunks, xlsx_file

from .aged_balance import AgedBalance

FORMATS: Final = ("csv", "xlsx", "json")
_PIECE: Final = 64 * 1024


def aged_balance_file(report: AgedBalance, file_format: str, *, language: str) -> Iterator[bytes]:
    """Yield the report piece by piece in one of ``FORMATS``; a line per client and currency, no line of totals.

    :raises ValueError: another format
    """
    if file_format == "json":
        return _json(report)
    with translation.override(language):
        header = _header(report)
        sheet = _("Aged balance")
    if file_format == "csv":
        return csv_chunks(header, _lines(report), language=language)
    if file_format == "xlsx":
        return _xlsx(report, header, sheet, language)
    raise ValueError(f"{file_format} is none of {', '.join(FORMATS)}.")


def _json(report: AgedBalance) -> Iterator[bytes]:
    yield json.dumps(report.as_contract(), ensure_ascii=False, indent=1).encode()


def _xlsx(report: AgedBalance, header: list[str], sheet: str, language: str) -> Iterator[bytes]:
    amounts = len(report.bucket_names) + 3
    kinds = ["text"] * 5 + ["money"] * (amounts + 1) + [""]
    with xlsx_file(header, _lines(report), language=language, sheet=sheet, kinds=kinds) as file:
        while piece := file.read(_PIECE):
            yield piece


def bucket_title(name: str) -> str:
    """Return the heading of a column by age: “Not due”, “1–30 days”, “Over 120 days”."""
    if name == NOT_DUE:
        return _("Not due")
    low, _mark, high = name.removeprefix("d").partition("_")
    if high == "plus":
        return _("Over %(days)s days") % {"days": int(low) - 1}
    return _("%(low)s–%(high)s days") % {"low": low, "high": high}


def _header(report: AgedBalance) -> list[str]:
    before = [_("Client code"), _("Client"), "SIREN", _("Sales rep"), _("Currency")]
    ages = [bucket_title(name) for name in report.bucket_names]
    return [
        *before,
        *ages,
        _("Credits"),
        _("Total"),
        _("Disputed"),
        _("Credit limit"),
        _("Oldest, days late"),
    ]


def _lines(report: AgedBalance) -> Iterator[list[Any]]:
    for row in report.rows:
        named = [row.account, row.name, row.siren, row.sales_rep, row.currency]
        yield [*named, *row.buckets, row.credits, row.total, row.disputed, row.limit, row.oldest_days]


def described(report: AgedBalance) -> str:
    """Return one line that says what the report covers and whether it ties."""
    basis = _("by due date") if report.basis is Basis.DUE_DATE else _("by invoice date")
    ties = ", ".join(
        f"{total.total:.2f} {total.currency} (difference {total.difference:.2f})" for total in report.totals
    )
    return f"{report.company.code} {report.as_of.isoformat()} {basis}: {len(report.rows)} rows, {ties}"
