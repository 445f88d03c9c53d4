"""An interest note as the client receives it, drawn from what was frozen when it was issued."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any

from django.utils import translation
from django.utils.translation import gettext as _

from o2c.shared import formats
from o2c.shared.pdf import render_pdf

from .interest_policy import FEE_CURRENCY
from .models import PenaltyNote


def note_pdf(note: PenaltyNote) -> bytes:
    """The note in the language it was issued in: the same content gives the same pages."""
    language = note.language
    with translation.override(language):
        context = _context(note, language)
    return render_pdf("pdf/penalty_note.html", context, language=language)


def _context(note: PenaltyNote, language: str) -> dict[str, Any]:
    former = note.cancels
    sign = -1 if former else 1
    claims = list((former or note).claims.select_related("invoice").order_by("invoice__due_date", "pk"))
    seller = note.frozen["seller"]
    buyer = note.frozen["buyer"]

    def money(value: Decimal, currency: str = note.currency) -> str:
        return formats.money(value, language, currency)

    totals = [(_("Late-payment interest"), money(note.interest))] if note.interest else []
    if note.fee:
        totals.append((_("Indemnities for recovery costs"), money(note.fee, FEE_CURRENCY)))
    return {
        "note": note,
        "company": seller,
        "account": buyer,
        "siren": formats.siren(seller["siren"]) if seller["siren"] else "",
        "client_siren": formats.siren(buyer["siren"]) if buyer["siren"] else "",
        "title": _("Cancellation of an interest note") if former else _("Late-payment interest note"),
        "former": former.number if former else "",
        "issued_on": formats.date_long(note.issue_date, language),
        "due_on": formats.date_long(note.due_date, language),
        "until": formats.date_long(note.as_of, language),
        "lines": [line for claim in claims for line in _lines(claim, sign, language, note.currency)],
        "totals": totals,
        "total": money(note.interest + note.fee) if note.currency == FEE_CURRENCY else "",
        "mentions": _mentions(claims, cancels=former is not None),
    }


def _lines(claim: Any, sign: int, language: str, currency: str) -> Iterator[dict[str, str]]:
    """One line per segment, then the indemnity."""
    invoice = claim.invoice
    name = _("Invoice %(number)s, due %(due)s") % {
        "number": invoice.number,
        "due": formats.date_short(invoice.due_date),
    }
    for row in claim.segments:
        yield {
            "name": name,
            "from": formats.date_short(date.fromisoformat(row["from"])),
            "to": formats.date_short(date.fromisoformat(row["to"])),
            "days": str(row["days"]),
            "balance": formats.money(Decimal(row["balance"]), language, currency),
            "rate": formats.percent(Decimal(row["rate"]) / 100, language, decimals=2),
            "amount": formats.money(sign * Decimal(row["amount"]), language, currency),
        }
        name = ""
    if claim.fee:
        yield {
            "name": name,
            "words": _("Fixed indemnity for recovery costs (C. com. D441-5)"),
            "amount": formats.money(sign * claim.fee, language, FEE_CURRENCY),
        }


def _year_days(claims: list[Any]) -> str:
    """What a year had in the count: 365, in leap years counted as they are 366 too."""
    return " / ".join(sorted({str(row["basis"]) for claim in claims for row in claim.segments})) or "365"


def _mentions(claims: list[Any], *, cancels: bool) -> list[str]:
    """What the law says of it."""
    if cancels:
        return [_("This note takes the one named above back: nothing is claimed by it any more.")]
    said = [
        _(
            "Late-payment interest is owed from the day after the due date, without reminder (C. com. L441-10 II):"
            " balance incl. VAT × rate × days / %(days)s. The day of payment is counted."
        )
        % {"days": _year_days(claims)},
        _("Outside the scope of VAT."),
    ]
    if any(claim.is_assumed for claim in claims):
        said.append(_("The rate of the current half-year is subject to confirmation."))
    return said
