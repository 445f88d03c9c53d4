"""What an alert says: to the reader, and to the client in the client's language."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from django.utils import translation
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from o2c.shared import formats

from ..enums import AlertKind, CoverStatus, Finding, LegalNoticeKind
from ..models import CreditAlert
from ..notes.enums import NoteKind, NoteTopic


def sentence(alert: CreditAlert) -> str:
    """What was found, with its figures, in the language in force."""
    figures, currency = alert.figures, alert.account.company.currency
    match AlertKind(alert.kind):
        case AlertKind.BLOCK_AHEAD:
            return _ahead(figures, currency)
        case AlertKind.UTILISATION:
            return _("%(pct)s of the limit used: %(net)s of %(limit)s.") % {
                "pct": formats.percent(Decimal(figures["used_pct"]) / 100, _spoken(), decimals=0),
                "net": _money(figures["net"], currency),
                "limit": _money(figures["limit"], currency),
            }
        case AlertKind.OVERDUE:
            return _("%(amount)s overdue, the oldest due on %(day)s.") % {
                "amount": _money(figures["amount"], currency),
                "day": _day(figures["oldest_due"]),
            }
        case AlertKind.DELAY_TREND:
            return _("Pays %(days)s days late on average, %(before)s three months ago.") % {
                "days": figures["days"],
                "before": figures["days_before"],
            }
        case AlertKind.UNUSUAL_ORDER:
            return _("Order %(order)s of %(amount)s is far above the client's usual ones.") % {
                "order": figures["order"],
                "amount": _money(figures["amount"], figures["currency"]),
            }
        case AlertKind.NEW_DISPUTE:
            return _("Dispute %(dispute)s contests %(amount)s, more than a tenth of the exposure.") % {
                "dispute": figures["dispute"],
                "amount": _money(figures["amount"], figures["currency"]),
            }
        case AlertKind.DECLARATION if "judgement_on" in figures:
            return _("Proceedings opened on %(judged)s: declare %(amount)s to %(insurer)s by %(day)s.") % {
                "judged": _day(figures["judgement_on"]),
                "amount": _money(figures["amount"], figures["currency"]),
                "insurer": figures["insurer"],
                "day": _day(figures["day"]),
            }
        case AlertKind.DECLARATION:
            return _(
                "%(amount)s must be declared to %(insurer)s by %(day)s; the oldest document: %(document)s."
            ) % {
                "amount": _money(figures["amount"], figures["currency"]),
                "insurer": figures["insurer"],
                "day": _day(figures["day"]),
                "document": figures["document"],
            }
        case AlertKind.LIMITATION:
            return _("%(document)s of %(amount)s can be claimed until %(day)s.") % {
                "document": figures["document"],
                "amount": _money(figures["amount"], figures["currency"]),
                "day": _day(figures["day"]),
            }
        case AlertKind.DISPLEASED:
            return _("Gave us %(score)s of 5 on %(day)s.") % {
                "score": figures["score"],
                "day": _day(figures["day"]),
            }
        case AlertKind.GUARANTEE_END:
            return _(
                "Guarantee %(reference)s of %(guarantor)s ends on %(day)s; it counts for %(amount)s."
            ) % {
                "reference": figures["reference"],
                "guarantor": figures["guarantor"],
                "day": _day(figures["day"]),
                "amount": _money(figures["amount"], figures["currency"]),
            }
        case AlertKind.LEGAL_NOTICE:
            return _("%(kind)s: judgement of %(judged)s, published on %(published)s (%(reference)s).") % {
                "kind": LegalNoticeKind(figures["notice"]).label,
                "judged": _day(figures["judgement_on"]),
                "published": _day(figures["published_on"]),
                "reference": figures["reference"],
            }
        case AlertKind.CLIENT_NOTE:
            topic, kind = figures["topic"], figures["kind"]
            return _("A worrying note of %(day)s: %(about)s.") % {
                "day": _day(figures["day"]),
                "about": str(NoteTopic(topic).label if topic else NoteKind(kind).label).lower(),
            }
        case AlertKind.INDEMNITY_DUE:
            return _("%(insurer)s owes about %(amount)s for the claim file %(document)s since %(day)s.") % {
                "insurer": figures["insurer"],
                "amount": _money(figures["amount"], figures["currency"]),
                "document": figures["document"],
                "day": _day(figures["day"]),
            }
        case AlertKind.CLAIM_FILING:
            return _("%(amount)s of before the judgement of %(judged)s: file the claim by %(day)s.") % {
                "amount": _money(figures["amount"], figures["currency"]),
                "judged": _day(figures["judgement_on"]),
                "day": _day(figures["day"]),
            }
        case AlertKind.TITLE_CLAIM:
            return _("Goods under retention of title, %(amount)s unpaid: claim them back by %(day)s.") % {
                "amount": _money(figures["amount"], figures["currency"]),
                "day": _day(figures["day"]),
            }
        case AlertKind.FROZEN_PAYMENT:
            return _("%(amount)s came in on %(day)s for what the judgement of %(judged)s froze.") % {
                "amount": _money(figures["amount"], figures["currency"]),
                "day": _day(figures["received_on"]),
                "judged": _day(figures["judgement_on"]),
            }
        case AlertKind.SOLD_DISPUTED:
            return _("%(document)s is sold to %(factor)s, and the client contests %(amount)s of it.") % {
                "document": figures["document"],
                "factor": figures["factor"],
                "amount": _money(figures["amount"], figures["currency"]),
            }
        case AlertKind.TO_PASS_ON:
            return _("%(amount)s for %(document)s came in here on %(day)s and belongs to %(factor)s.") % {
                "amount": _money(figures["amount"], figures["currency"]),
                "document": figures["document"],
                "day": _day(figures["day"]),
                "factor": figures["factor"],
            }
        case AlertKind.COVER_CHANGE:
            return _("The insurer's cover: %(status)s from %(day)s, %(amount)s.") % {
                "status": str(CoverStatus(figures["cover"]).label).lower(),
                "day": _day(figures["day"]),
                "amount": _money(figures["amount"], figures["currency"]),
            }
        case _:
            return _review(alert, currency)


def _review(alert: CreditAlert, currency: str) -> str:
    """Why a limit is to be looked at again."""
    figures = alert.figures
    match AlertKind(alert.kind):
        case AlertKind.SCORE_FALL:
            return _(
                "Score %(score)s, class %(class)s; before: %(score_before)s, class %(class_before)s."
            ) % {
                "score": _points(figures["score"]),
                "class": figures["risk_class"] or "—",
                "score_before": _points(figures["score_before"]),
                "class_before": figures["class_before"] or "—",
            }
        case AlertKind.BROKEN_PROMISE:
            return ngettext(
                "%(count)d promise to pay was not kept, on %(day)s.",
                "%(count)d promises to pay were not kept, the last on %(day)s.",
                int(figures["promises"]),
            ) % {"count": int(figures["promises"]), "day": _day(figures["last_on"])}
        case AlertKind.FIRST_OVERDUE:
            return _("%(amount)s overdue for the first time by more than 30 days: due on %(day)s.") % {
                "amount": _money(figures["amount"], currency),
                "day": _day(figures["oldest_due"]),
            }
        case AlertKind.INSOLVENT:
            return _("Class E for insolvency proceedings since %(day)s.") % {"day": _day(figures["day"])}
        case AlertKind.GROWTH:
            return _("The exposure has grown by %(pct)s: %(net)s, %(before)s before.") % {
                "pct": formats.percent(Decimal(figures["pct"]) / 100, _spoken(), decimals=0),
                "net": _money(figures["net"], currency),
                "before": _money(figures["net_before"], currency),
            }
        case _:
            return _("The limit decided on %(decided)s is to be looked at again by %(day)s.") % {
                "decided": _day(figures["decided_on"]),
                "day": _day(figures["day"]),
            }


def remedy(alert: CreditAlert) -> str:
    """What can be done now."""
    figures, currency = alert.figures, alert.account.company.currency
    match AlertKind(alert.kind):
        case AlertKind.BLOCK_AHEAD if figures["reason"] == Finding.REVIEW_EXPIRED:
            return _("Ask for a new limit before that day.")
        case AlertKind.BLOCK_AHEAD:
            return _("Have the client pay %(amount)s before that day, or agree a payment plan.") % {
                "amount": _money(figures["amount"], currency)
            }
        case AlertKind.UTILISATION:
            return _("Have open invoices paid, or ask for another limit.")
        case AlertKind.OVERDUE | AlertKind.DELAY_TREND:
            return _("Call the client; watch it or lower its limit where nothing comes.")
        case AlertKind.UNUSUAL_ORDER:
            return _("Ask the sales rep what stands behind it.")
        case AlertKind.NEW_DISPUTE:
            return _("See that somebody answers the client in time.")
        case AlertKind.DECLARATION:
            return _("Have it paid, or declare it: later the insurer does not indemnify it.")
        case AlertKind.LIMITATION:
            return _("Have the debt acknowledged, or hand it over to the court before that day.")
        case AlertKind.DISPLEASED:
            return _("Call the client, and say what will be done about it.")
        case AlertKind.GUARANTEE_END:
            return _("Ask for another one or call it before that day; look at the limit again.")
        case AlertKind.LEGAL_NOTICE:
            return _("Look at the client's limit, its open orders and what it owes.")
        case AlertKind.CLIENT_NOTE:
            return _("Read the note; watch the client, or look at its limit again.")
        case AlertKind.INDEMNITY_DUE:
            return _("Ask the insurer for it, and enter it once it came (Claims on the insurer).")
        case AlertKind.CLAIM_FILING:
            return _("File it with the creditors' representative; later it can no longer be paid.")
        case AlertKind.TITLE_CLAIM:
            return _("Have the goods counted and write to the administrator; file the claim as well.")
        case AlertKind.FROZEN_PAYMENT:
            return _(
                "Do not match it; ask the administrator: it may have to be given back within three years."
            )
        case AlertKind.SOLD_DISPUTED:
            return _("Tell the factor and settle the dispute, or take the document back.")
        case AlertKind.TO_PASS_ON:
            return _("Pay it on to the factor and enter the day (Sold to the factor, To pass on).")
        case AlertKind.COVER_CHANGE:
            return _("Look at the limit again: less of it is insured.")
        case _:
            return _("Look at the limit again: ask for the one that suits, or for the same.")


def words_for_client(alert: CreditAlert, language: str) -> str:
    """What the rep may say to the client, in a language; nothing where the client can do nothing about it."""
    figures = alert.figures
    if alert.kind != AlertKind.BLOCK_AHEAD or figures["reason"] == Finding.REVIEW_EXPIRED:
        return ""
    with translation.override(language):
        return _(
            "Hello, invoices for %(amount)s, the first due on %(due)s, are not paid yet. From %(day)s on we could not"
            " confirm your new orders. Can you tell me when you will pay, or shall we agree instalments?"
        ) % {
            "amount": _money(figures["amount"], alert.account.company.currency),
            "due": _day(figures["due_first"]),
            "day": _day(figures["day"]),
        }


def _ahead(figures: Mapping[str, Any], currency: str) -> str:
    told = {"day": _day(figures["day"]), "amount": _money(figures["amount"], currency)}
    if figures["reason"] == Finding.REVIEW_EXPIRED:
        return _("Orders will be held from %(day)s: the limit ends.") % told
    if figures["reason"] == Finding.OVERDUE_DAYS:
        return _("Orders will be held from %(day)s: %(amount)s will be too long overdue.") % told
    return _("Orders will be held from %(day)s: %(amount)s will be overdue.") % told


def _points(score: str | None) -> str:
    return _("unknown") if score is None else formats.number(Decimal(score), _spoken(), decimals=1)


def _spoken() -> str:
    return get_language() or "fr"


def _money(amount: str, currency: str) -> str:
    return formats.money(Decimal(amount), _spoken(), currency)


def _day(iso: str) -> str:
    return formats.date_short(date.fromisoformat(iso))
