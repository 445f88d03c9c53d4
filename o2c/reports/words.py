"""What reports say of themselves: whom they cover and whether they tie."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from invoicing.ageing import Basis
from o2c.shared import formats

from .aged_balance import AgedBalance
from .disputes import DisputeReport
from .exposure import ExposureStream
from .scope import COMPANY, PORTFOLIO


def covers(scope: str) -> str:
    """Return whom a report covers."""
    if scope == COMPANY:
        return _("every client")
    return _("clients of your portfolio") if scope == PORTFOLIO else _("a selection of clients")


def ties(scope: str, on: date, ledger_total: Decimal, difference: Decimal, currency: str) -> str:
    """Return the control line: what the documents of the scope make, and what the report differs by."""
    if scope == COMPANY:
        what = _("Receivables ledger")
    else:
        what = _("Documents of your portfolio") if scope == PORTFOLIO else _("Documents of this selection")
    language = get_language() or "fr"
    text = _("%(what)s on %(day)s: %(total)s, difference %(difference)s")
    return text % {
        "what": what,
        "day": formats.date_short(on),
        "total": formats.money(ledger_total, language, currency),
        "difference": formats.money(difference, language, currency),
    }


def described(report: AgedBalance | ExposureStream | DisputeReport) -> str:
    """Return one line that says what a report covers and whether it ties."""
    what = f"{report.company.code} {report.as_of.isoformat()}"
    if isinstance(report, AgedBalance):
        basis = _("by due date") if report.basis is Basis.DUE_DATE else _("by invoice date")
        sums = [(total.total, total.currency, total.difference) for total in report.totals]
        what, rows = f"{what} {basis}", len(report.rows)
    elif isinstance(report, DisputeReport):
        sums = [(report.ledger_total, report.company.currency, report.difference)]
        rows = len(report.rows)
    else:
        sums = [(report.totals["net_exposure"], report.company.currency, report.difference)]
        what, rows = f"{what} {report.source}", report.clients
    ties = ", ".join(f"{total:.2f} {currency} (difference {apart:.2f})" for total, currency, apart in sums)
    return f"{what}: {rows} rows, {ties}"
