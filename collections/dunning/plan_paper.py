"""Papers of a payment plan: the acknowledgement of debt to be signed, and the formal notice of what is missing."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import CustomerAccount
from invoicing.facturx.facts import iban_for, seller_details
from invoicing.paper_facts import legal_line
from o2c.shared import formats
from o2c.shared.money import ZERO
from o2c.shared.number_words import amount_in_words
from o2c.shared.pdf import render_pdf
from orders.paper import language_of

from .models import PaymentPlan, PlanItem
from .plan_policy import NOTICE_DAYS


def acknowledgement_pdf(plan: PaymentPlan, *, on: date, language: str = "") -> bytes:
    """The plan as the client signs it: what is owed in figures and letters, the calendar, the default clause.

    :param on: the day it is drawn
    :param language: the client's when left out
    """
    spoken = language or language_of(plan.account)
    with translation.override(spoken):
        context = _common(plan, spoken, on) | _acknowledged(plan, spoken)
    return render_pdf("pdf/payment_plan.html", context, language=spoken)


def notice_pdf(plan: PaymentPlan, *, on: date, language: str = "") -> bytes:
    """The formal notice of instalments that are missing: without effect for eight days the balance is due."""
    spoken = language or language_of(plan.account)
    with translation.override(spoken):
        context = _common(plan, spoken, on) | _demanded(plan, spoken, on)
    return render_pdf("pdf/plan_notice.html", context, language=spoken)


def _common(plan: PaymentPlan, language: str, on: date) -> dict[str, Any]:
    company, account = plan.company, plan.account
    seller = seller_details(company)
    iban = iban_for(seller, plan.currency)
    return {
        "company": company,
        "account": account,
        "siren": formats.siren(company.siren) if company.siren else "",
        "legal_line": legal_line(company, seller),
        "client_siren": formats.siren(account.siren) if account.siren else "",
        "on": formats.date_long(on, language),
        "number": f"{account.code}-{plan.pk}",
        "iban": formats.iban(iban),
        "bic": seller.bic,
        "total": formats.money(plan.amount, language, plan.currency),
    }


def _acknowledged(plan: PaymentPlan, language: str) -> dict[str, Any]:
    def money(value: Any) -> str:
        return formats.money(value, language, plan.currency)

    parts = list(plan.instalments.all())
    items = PlanItem.objects.filter(plan=plan).select_related("item").order_by("item__due_date", "item")
    method = str(plan.get_method_display())
    words = {
        "client": _named(plan.account),
        "company": plan.company.name,
        "amount": money(plan.amount),
        "words": amount_in_words(plan.amount, plan.currency, language),
        "method": method[:1].lower() + method[1:],
        "count": len(parts),
        "days": NOTICE_DAYS,
    }
    interest = (
        _(
            "%(company)s gives up the late-payment interest on these documents, provided that every instalment is paid"
            " on its day; the indemnities for recovery costs stay owed."
        )
        if plan.waives_interest
        else _(
            "Late-payment interest and the indemnity of €40 for each invoice stay owed and are claimed apart"
            " (C. com. L441-10 II)."
        )
    )
    return {
        "owes": _(
            "%(client)s acknowledges that it owes %(company)s the sum of %(amount)s (%(words)s), for the documents"
            " below, and contests neither their principle nor their amount."
        )
        % words,
        "undertakes": ngettext(
            "It undertakes to pay this sum in one instalment, by %(method)s:",
            "It undertakes to pay this sum in %(count)s instalments, by %(method)s:",
            len(parts),
        )
        % words,
        "items": [
            {
                "document": row.item.document,
                "issued": formats.date_short(row.item.issue_date),
                "due": formats.date_short(row.item.due_date),
                "amount": money(row.amount),
            }
            for row in items
        ],
        "parts": [
            {
                "number": part.number,
                "day": formats.date_long(part.due_date, language),
                "amount": money(part.amount),
            }
            for part in parts
        ],
        "clauses": [
            (_("Interest"), interest),
            (
                _("Default clause"),
                _(
                    "Any instalment that is not paid on its day makes the whole balance due at once, after a formal"
                    " notice without effect for %(days)s days. The documents then bear the dates and the interest they"
                    " bore before."
                )
                % words,
            ),
            *([(_("Guarantees"), plan.guarantees)] if plan.guarantees else []),
            (
                _("Effect"),
                _(
                    "This acknowledgement interrupts the limitation (C. civ. 2240). It is no novation: what is due"
                    " later is paid at its own date, and nothing in the contracts changes."
                ),
            ),
        ],
        "by_hand": _(
            "Before signing, write by hand: “Good for acknowledgement of debt of %(amount)s (%(words)s)”."
        )
        % words,
        "signatory": plan.signatory,
        "capacity": plan.capacity,
        "signed_on": formats.date_long(plan.signed_on, language) if plan.signed_on else "",
    }


def _demanded(plan: PaymentPlan, language: str, on: date) -> dict[str, Any]:
    def money(value: Any) -> str:
        return formats.money(value, language, plan.currency)

    parts = list(plan.instalments.all())
    missing = [part for part in parts if part.missed_on is not None and part.paid_on is None]
    # What came beyond the instalments that are complete is taken off the first one that is missing.
    paid = sum((part.amount for part in parts if part.paid_on is not None), ZERO)
    owed = sum((part.amount for part in missing), ZERO)
    behind = max(ZERO, owed - max(ZERO, plan.received - paid))
    starts = plan.noticed_on or on
    words = {
        "client": _named(plan.account),
        "signed": formats.date_long(plan.signed_on or on, language),
        "behind": money(behind),
        "balance": money(plan.amount - plan.received),
        "days": NOTICE_DAYS,
        "deadline": formats.date_long(starts + timedelta(days=NOTICE_DAYS), language),
    }
    return {
        "missing": [
            {
                "number": part.number,
                "day": formats.date_long(part.due_date, language),
                "amount": money(part.amount),
            }
            for part in missing
        ],
        "behind": money(behind),
        "balance": money(plan.amount - plan.received),
        "demands": [
            _(
                "By the payment plan signed on %(signed)s you undertook to pay what you owe us in instalments. Those"
                " below have not been paid on their day."
            )
            % words,
            _(
                "We give you formal notice to pay %(behind)s within %(days)s days, by %(deadline)s at the latest."
            )
            % words,
            _(
                "Failing this, the whole balance of %(balance)s becomes due at once, as the default clause of the plan"
                " says, without any other formality; we shall then take every step to recover it, with the interest and"
                " the indemnities the law provides for."
            )
            % words,
        ],
        "signed_by": plan.noticed_by.label() if plan.noticed_by else "",
    }


def _named(account: CustomerAccount) -> str:
    if not account.siren:
        return account.name
    return f"{account.name} (SIREN {formats.siren(account.siren)})"
