"""Findings in words: what is wrong, with its figures, in the reader's language."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from django.utils.translation import get_language, ngettext, override
from django.utils.translation import gettext as _

from accounts.policy import describe_term
from o2c.shared.formats import date_short, money

from .enums import Finding, LegalNoticeKind, LimitedPart


def message(code: str, figures: Mapping[str, Any], *, currency: str, language: str | None = None) -> str:
    """One sentence for a finding; figures may come from the check itself or from what was stored.

    :param language: the reader's; the active one when not given
    """
    spoken = language or get_language() or "fr"
    with override(spoken):
        return _in_words(code, figures, currency, spoken[:2])


def _in_words(code: str, figures: Mapping[str, Any], currency: str, language: str) -> str:

    def amount(name: str) -> str:
        value = figures.get(name)
        return "" if value is None else money(Decimal(str(value)), language, currency)

    def day(name: str) -> str:
        value = figures.get(name)
        if not value:
            return ""
        return date_short(value if isinstance(value, date) else date.fromisoformat(str(value)))

    days = int(figures.get("oldest_days") or 0)
    texts: dict[Finding, Callable[[], str]] = {
        Finding.OVER_LIMIT: lambda: (
            _("The order exceeds the credit limit by %(excess)s.") % {"excess": amount("excess")}
        ),
        Finding.NO_LIMIT: lambda: _("No credit limit has been decided for this client."),
        Finding.REVIEW_EXPIRED: lambda: _("The credit limit has expired and must be reviewed."),
        Finding.OVERDUE_DAYS: lambda: (
            ngettext(
                "%(amount)s is late beyond what is allowed, the oldest by %(days)d day.",
                "%(amount)s is late beyond what is allowed, the oldest by %(days)d days.",
                days,
            )
            % {"amount": amount("amount"), "days": days}
        ),
        Finding.OVERDUE_AMOUNT: lambda: (
            _("%(amount)s is overdue, more than the %(threshold)s allowed.")
            % {"amount": amount("amount"), "threshold": amount("threshold")}
        ),
        Finding.DISPUTE_OPEN: lambda: (
            _("%(amount)s is in dispute, more than the %(threshold)s allowed.")
            % {"amount": amount("amount"), "threshold": amount("threshold")}
        ),
        Finding.INSURANCE_STOP: lambda: (
            _("%(amount)s is unpaid beyond the insurer's %(days)d days: new deliveries are not insured.")
            % {"amount": amount("amount"), "days": int(figures.get("extension_days") or 0)}
        ),
        Finding.BROKEN_PROMISE: lambda: (
            ngettext(
                "%(count)d promise to pay was not kept, on %(day)s.",
                "%(count)d promises to pay were not kept, the last one on %(day)s.",
                int(figures.get("promises") or 0),
            )
            % {"count": int(figures.get("promises") or 0), "day": day("last_on")}
        ),
        Finding.UNPAID_INSTRUMENT: lambda: (
            _("%(amount)s of returned payments has not been replaced, the last one came back on %(day)s.")
            % {"amount": amount("amount"), "day": day("last_on")}
        ),
        Finding.PART_LIMIT: lambda: " ".join(
            _beyond_part(each, currency, language) for each in (figures, *figures.get("others", ()))
        ),
        Finding.ACCOUNT_BLOCKED: lambda: (
            _("The account is blocked since %(since)s: %(reason)s")
            % {"since": day("since"), "reason": figures.get("reason") or ""}
        ),
        Finding.INSOLVENCY: lambda: (
            (
                _(
                    "%(kind)s since %(since)s: paid in advance, the order may go once the credit manager releases it;"
                    " what was owed before is frozen."
                )
                if figures.get("prepaid")
                else _(
                    "%(kind)s since %(since)s: new orders go against payment in advance alone; what was owed before"
                    " is frozen."
                )
            )
            % {"kind": LegalNoticeKind(figures["kind"]).label, "since": day("since")}
        ),
        Finding.TERMS_CHANGED: lambda: (
            (
                _("The term asked for (%(term)s) exceeds the legal cap.")
                if figures.get("beyond_cap")
                else _("The term asked for (%(term)s) is longer than the client's (%(account_term)s).")
            )
            % {
                "term": _term(figures.get("term"), language),
                "account_term": _term(figures.get("account_term"), language),
            }
        ),
        Finding.UNUSUAL_ORDER: lambda: (
            _("The order is far above the client's mean order of %(mean)s over 12 months.")
            % {"mean": amount("mean")}
        ),
        Finding.NEW_ACCOUNT: lambda: _("The account is new and no invoice has been paid yet."),
        Finding.DEPOSIT_MISSING: lambda: (
            _("Paid in advance: %(missing)s has not come in yet.") % {"missing": amount("missing")}
        ),
        Finding.RATE_MISSING: lambda: (
            _("No exchange rate of the last seven days for %(currencies)s.")
            % {"currencies": ", ".join(figures.get("currencies") or ())}
        ),
        Finding.RECONFIRM: lambda: _("Ready to go, to be confirmed with the client: it has waited too long."),
        Finding.EVIDENCE_MISSING: lambda: _("There is no evidence yet that the client has ordered."),
        Finding.PO_MISMATCH: lambda: (
            ngettext(
                "The client's purchase order %(number)s differs in %(count)d place, %(amount)s in all.",
                "The client's purchase order %(number)s differs in %(count)d places, %(amount)s in all.",
                int(figures.get("differences") or 0),
            )
            % {
                "number": figures.get("number") or "",
                "count": int(figures.get("differences") or 0),
                "amount": amount("amount"),
            }
        ),
        Finding.MANUAL: lambda: _("Held by hand: %(comment)s") % {"comment": figures.get("comment") or ""},
    }
    words = texts.get(Finding(code))
    return words() if words else str(Finding(code).label)


def _beyond_part(figures: Mapping[str, Any], currency: str, language: str) -> str:
    part = LimitedPart(figures["part"])
    return (
        _("%(part)s: %(amount)s with this order, more than the %(most)s this client may have of it.")
        if part == LimitedPart.ORDERS
        else _("%(part)s: %(amount)s, more than the %(most)s this client may have of it.")
    ) % {
        "part": part.label,
        "amount": money(Decimal(str(figures["amount"])), language, currency),
        "most": money(Decimal(str(figures["most"])), language, currency),
    }


def _term(code: Any, language: str) -> str:
    return describe_term(str(code), language) if code else ""
