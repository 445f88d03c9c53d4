"""A suggested limit in words and as the API shows it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from o2c.shared import formats
from o2c.shared.audit import plain
from o2c.shared.money import ZERO

from ..enums import CoverStatus
from .enums import Bound, Unknown
from .policy import BoundFound, Suggestion


@dataclass(frozen=True)
class Line:
    """One bound as its line shows it."""

    label: str | Promise
    amount: Decimal | None
    sentence: str
    binds: bool


def as_contract(suggestion: Suggestion, currency: str) -> dict[str, Any]:
    """A suggestion as the API shows it and as decisions keep it; amounts are strings with two decimals."""
    binding = suggestion.binding
    return {
        "currency": currency,
        "amount": _text(suggestion.amount),
        "binding": binding.bound.value if binding else None,
        "terms": [
            {
                "code": found.bound.value,
                "amount": _text(found.amount),
                "unknown": found.unknown.value if found.unknown else None,
                "figures": plain(dict(found.figures)),
            }
            for found in suggestion.bounds
        ],
    }


def kept(stored: Mapping[str, Any]) -> Suggestion:
    """A suggestion as a decision kept it (``as_contract``), to be put into words again."""
    return Suggestion(
        tuple(
            BoundFound(
                Bound(row["code"]),
                None if row["amount"] is None else Decimal(row["amount"]),
                Unknown(row["unknown"]) if row["unknown"] else None,
                row["figures"],
            )
            for row in stored["terms"]
        )
    )


def lines(suggestion: Suggestion, currency: str) -> list[Line]:
    """Each bound with what stands behind it, in the language in force."""
    binding = suggestion.binding
    return [
        Line(found.bound.label, found.amount, _sentence(found, currency), found is binding)
        for found in suggestion.bounds
    ]


def prepared_reason(suggestion: Suggestion, currency: str) -> str:
    """What a request for the suggested limit gives as its reason, to be completed by whoever asks."""
    binding = suggestion.binding
    if binding is None:
        return ""
    return _("Suggested: %(amount)s, bounded by: %(bound)s. %(why)s") % {
        "amount": _money(binding.amount, currency),
        "bound": str(binding.bound.label).lower(),
        "why": _sentence(binding, currency),
    }


def _sentence(found: BoundFound, currency: str) -> str:
    if found.unknown is not None:
        return str(found.unknown.label)
    figures = found.figures
    match found.bound:
        case Bound.POLICY_CAP:
            return _("The most that is suggested to a client of this class.")
        case Bound.INSURER:
            return _insurer(figures, currency)
        case Bound.EQUITY:
            return _("10%% of an equity of %(equity)s, year closed on %(day)s.") % {
                "equity": _money(figures["equity"], currency),
                "day": _day(figures["closed_on"]),
            }
        case Bound.PURCHASES:
            return _purchases(figures, currency)


def _insurer(figures: Mapping[str, Any], currency: str) -> str:
    if figures["status"] in (CoverStatus.REFUSED, CoverStatus.CANCELLED):
        return _("The insurer covers nothing since %(day)s: %(status)s.") % {
            "day": _day(figures["since"]),
            "status": str(CoverStatus(figures["status"]).label).lower(),
        }
    return _("Limit of %(limit)s of which %(share)s are insured, since %(day)s.") % {
        "limit": _money(figures["limit"], currency),
        "share": formats.percent(Decimal(str(figures["insured_pct"])) / 100, _spoken(), decimals=0),
        "day": _day(figures["since"]),
    }


def _purchases(figures: Mapping[str, Any], currency: str) -> str:
    months, delay = int(figures["months"]), figures["delay"]
    bought = ngettext(
        "1.2 × %(monthly)s a month (%(months)d month, incl. VAT)",
        "1.2 × %(monthly)s a month (mean of %(months)d months, incl. VAT)",
        months,
    ) % {"monthly": _money(figures["monthly"], currency), "months": months}
    if delay is None:
        paid = _("× %(days)d days of term / 30; its delay is not known yet.") % {"days": figures["term_days"]}
    else:
        paid = _("× (%(days)d days of term %(delay)s days late on average) / 30.") % {
            "days": figures["term_days"],
            "delay": _signed(Decimal(str(delay))),
        }
    return f"{bought} {paid}"


def _signed(days: Decimal) -> str:
    number = formats.number(abs(days), _spoken(), decimals=1)
    return f"− {number}" if days < ZERO else f"+ {number}"


def _text(amount: Decimal | None) -> str | None:
    return None if amount is None else f"{amount:.2f}"


def _spoken() -> str:
    return get_language() or "fr"


def _money(amount: Any, currency: str) -> str:
    return formats.money(Decimal(str(amount)), _spoken(), currency)


def _day(day: Any) -> str:
    return formats.date_short(day if isinstance(day, date) else date.fromisoformat(str(day)))
