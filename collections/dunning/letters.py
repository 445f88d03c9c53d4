"""A reminder as the client reads it, as a message and on paper, with the figures of its sending (domain.md 6.3)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, NamedTuple

from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.circuit_policy import next_run
from accounts.models import Company, Contact, CustomerAccount
from accounts.queries import circuit_of
from invoicing.facturx.facts import iban_for, seller_details
from invoicing.interest_policy import FEE_CURRENCY
from invoicing.interest_queries import interest_of
from invoicing.models import ReceivableItem
from invoicing.paper_facts import legal_line
from o2c.shared import formats
from o2c.shared.money import ZERO
from o2c.shared.pdf import render_pdf
from o2c.shared.texting import plain
from orders.paper import language_of

from .enums import StepChannel, StepOwner
from .models import DunningStep
from .queries.letter_items import Credits, Later, all_credits, due_later, references_of
from .templating import filled


@dataclass(frozen=True)
class Asked:
    """An item that a letter asks for: what is open of it and not contested."""

    item: ReceivableItem
    amount: Decimal


@dataclass(frozen=True)
class Written:
    """A letter in words; ``context`` draws it on paper."""

    subject: str
    text: str
    context: dict[str, Any]
    language: str


def write_letter(
    account: CustomerAccount,
    step: DunningStep,
    asked: Sequence[Asked],
    *,
    on: date,
    contact: Contact | None,
    language: str = "",
    signed_by: str = "",
    link: str = "",
    credits: Credits | None = None,
    encloses: Sequence[str] = (),
) -> Written:
    """Write a letter of a step about some items of one currency.

    Not-due items and credits of the client stand in it, and what it comes to when the credits are taken off. A
    formal notice says what the sum is made of, and to which order and reference each document belongs. A text message
    is its words alone, with the client's page at their end where they do not name it.

    :param language: the client's when left out
    :param signed_by: who signs a formal notice
    :param link: address of the client's own page; it stands below the figures where the words do not name it
    :param credits: what of the client's credits is taken off; all that is open when left out
    :param encloses: what goes with a letter on paper, in words
    """
    language = language or language_of(account)
    with translation.override(language):
        found = credits or all_credits(account, asked[0].item.currency, on)
        context = _context(account, step, asked, on=on, contact=contact, language=language, credits=found)
        context |= {"signed_by": signed_by if step.is_formal else "", "encloses": ", ".join(encloses)}
        values = context["values"]
        values["link"] = link
        subject = filled(getattr(step, f"subject_{language}"), values)
        body = _body(step, language, values)
        context |= {"subject": subject, "paragraphs": [part for part in body.split("\n\n") if part.strip()]}
        rest = "" if link in body else link
        if step.channel == StepChannel.SMS:
            text = plain(f"{body.strip()} {rest}".strip())
        else:
            text = "\n".join(_text(body, context, language, rest))
    return Written(subject, text, context, language)


def letter_pdf(written: Written) -> bytes:
    """The letter on paper."""
    return render_pdf("pdf/reminder.html", written.context, language=written.language)


def _body(step: DunningStep, language: str, values: dict[str, str]) -> str:
    """The words of a step; a step that names penalties names them though its words do not."""
    words = str(getattr(step, f"body_{language}"))
    said = filled(words, values)
    if values["penalties"] and values["penalties"] not in said and step.channel != StepChannel.SMS:
        said = f"{said}\n\n{values['penalties']}"
    return re.sub(r"\n{3,}", "\n\n", said).strip()


def _context(
    account: CustomerAccount,
    step: DunningStep,
    asked: Sequence[Asked],
    *,
    on: date,
    contact: Contact | None,
    language: str,
    credits: Credits,
) -> dict[str, Any]:
    company, seller = account.company, seller_details(account.company)
    currency = asked[0].item.currency

    def money(value: Decimal, of: str = currency) -> str:
        return formats.money(value, language, of)

    late = [row for row in asked if row.item.due_date < on]
    total = sum((row.amount for row in late or asked), ZERO)
    deadline = on + timedelta(days=step.scenario.formal_days)
    oldest = max((on - min(row.item.due_date for row in asked)).days, 0)
    iban = iban_for(seller, currency)
    run_up = _run_up(late, on) if step.quotes_penalties else None
    penalties = _in_words(run_up, language) if run_up is not None else ""
    keys = [row.item.invoice_id for row in late or asked if row.item.invoice_id]
    references = references_of(keys) if step.is_formal else {}
    claim = _claim(run_up, total, credits.left, language, currency) if step.is_formal else []
    later = due_later(account, currency, on) if late else Later([], 0, ZERO)
    return {
        "company": company,
        "account": account,
        "siren": formats.siren(company.siren) if company.siren else "",
        "legal_line": legal_line(company, seller),
        "client_siren": formats.siren(account.siren) if account.siren else "",
        "on": formats.date_long(on, language),
        "is_formal": step.is_formal,
        "is_late": bool(late),
        "lines": [
            _line(row, on, language) | {"reference": references.get(row.item.invoice_id or 0, "")}
            for row in late or asked
        ],
        "claim": claim,
        "not_due": [_line(Asked(*row), on, language) for row in later.rows],
        "not_due_more": _more(later, language, currency),
        "total": money(total),
        "credits": money(-credits.left) if credits.left else "",
        "net": money(max(ZERO, total - credits.left)) if credits.left else "",
        "taken": _taken(credits, language, currency),
        "is_registered": step.channel == StepChannel.REGISTERED,
        "penalties": penalties,
        "run": "" if step.is_formal else _run(account, late or asked, on, language),
        "iban": formats.iban(iban),
        "bic": seller.bic,
        "phone": seller.phone,
        "email": seller.email,
        "contact": contact.name if contact else "",
        "signed": str(StepOwner(step.owner).label),
        "values": {
            "client": account.name,
            "code": account.code,
            "company": company.name,
            "total": money(max(ZERO, total - credits.left)),
            "count": str(len(late or asked)),
            "oldest": formats.days_in_words(oldest, language) if oldest else "",
            "today": formats.date_long(on, language),
            "deadline": formats.date_long(deadline, language),
            "days": str(step.scenario.formal_days),
            "penalties": penalties,
            "contact": contact.name if contact else "",
            "signed": str(StepOwner(step.owner).label),
        },
    }


def _run(account: CustomerAccount, asked: Sequence[Asked], on: date, language: str) -> str:
    """The client's payment run that still takes all of these, and the references it asks for, in words."""
    known = circuit_of(account)
    if known is None:
        return ""
    said, latest = [], max(row.item.issue_date for row in asked)
    day = next_run(known.runs, max(on, *(row.item.due_date for row in asked)), received=latest)
    if day is not None:
        said.append(
            _("Please put these documents into your payment run of %(day)s.")
            % {"day": formats.date_long(day, language)}
        )
    if known.references:
        said.append(_("You ask for these references: %(references)s.") % {"references": known.references})
    return " ".join(said)


def _line(row: Asked, on: date, language: str) -> dict[str, str]:
    item = row.item
    days = (on - item.due_date).days
    return {
        "document": item.document,
        "kind": str(item.get_kind_display()),
        "issued": formats.date_short(item.issue_date),
        "due": formats.date_short(item.due_date),
        "late": formats.days(days, language) if days > 0 else "",
        "late_words": formats.days_in_words(days, language) if days > 0 else "",
        "amount": formats.money(row.amount, language, item.currency),
    }


def _more(later: Later, language: str, currency: str) -> str:
    """What is due later and not listed, in words."""
    if not later.more:
        return ""
    amount = formats.money(later.more_amount, language, currency)
    return ngettext(
        "and %(count)s more document of %(amount)s", "and %(count)s more documents of %(amount)s", later.more
    ) % {"count": formats.number(later.more, language), "amount": amount}


def _taken(credits: Credits, language: str, currency: str) -> str:
    """Where the rest of the client's credits goes, so that its books and ours agree."""
    if not credits.taken:
        return ""
    return _("Of your credits, %(amount)s cover older documents that are not listed here.") % {
        "amount": formats.money(credits.taken, language, currency)
    }


class _RunUp(NamedTuple):
    """Interest and indemnities to a day; no amounts where a legal rate is missing."""

    interest: Decimal | None
    fees: Decimal
    rates: tuple[Decimal, ...]
    currency: str


def _run_up(late: Sequence[Asked], on: date) -> _RunUp | None:
    """What late payment has run up by a day; None where nothing has."""
    found = interest_of([row.item.invoice_id for row in late if row.item.invoice_id], on)
    if not found:
        return None
    fees = sum((row.whole.fee for row in found.values() if row.whole and not row.waives_fee), ZERO)
    currency = next(iter(found.values())).currency
    if any(row.missing for row in found.values()):
        return _RunUp(None, fees, (), currency)
    interest = sum(
        (row.whole.interest for row in found.values() if row.whole and not row.waives_interest), ZERO
    )
    rates = sorted({part.rate for row in found.values() if row.whole for part in row.whole.segments})
    return _RunUp(interest, fees, tuple(rates), currency) if interest or fees else None


def _in_words(run_up: _RunUp, language: str) -> str:
    """Interest and indemnities in a sentence; without amount where a legal rate is missing (design 3.21)."""
    if run_up.interest is None:
        return _(
            "Late-payment interest is owed from the day after each due date at the legal rate applicable, and an"
            " indemnity of €40 for each invoice (C. com. L441-10 II and D441-5)."
        )
    return _(
        "To this day late-payment interest of %(interest)s has run up (rate of %(rates)s a year), and indemnities of"
        " %(fees)s for recovery costs (€40 for each invoice), without reminder being needed (C. com. L441-10 II and"
        " D441-5)."
    ) % {
        "interest": formats.money(run_up.interest, language, run_up.currency),
        "rates": " / ".join(formats.percent(rate / 100, language, decimals=2) for rate in run_up.rates)
        or "—",
        "fees": formats.money(run_up.fees, language, FEE_CURRENCY),
    }


def _claim(
    run_up: _RunUp | None, total: Decimal, credits: Decimal, language: str, currency: str
) -> list[tuple[str, str]]:
    """What a formal notice demands, part by part: principal, credits, interest, indemnities (domain.md 6.3)."""
    rows = [(_("Principal"), formats.money(total, language, currency))]
    if credits:
        rows.append((_("Credits and payments on your account"), formats.money(-credits, language, currency)))
    if run_up is not None:
        interest = (
            _("at the legal rate applicable")
            if run_up.interest is None
            else formats.money(run_up.interest, language, run_up.currency)
        )
        rows.append((_("Late-payment interest to this day"), interest))
        rows.append((_("Indemnities for recovery costs"), formats.money(run_up.fees, language, FEE_CURRENCY)))
        if run_up.interest is not None and run_up.currency == currency == FEE_CURRENCY:
            whole = max(ZERO, total - credits) + run_up.interest + run_up.fees
            rows.append((_("Owed in all to this day"), formats.money(whole, language, currency)))
    return rows


def _text(body: str, context: dict[str, Any], language: str, link: str) -> list[str]:
    """The message in lines: words, documents, what it comes to, how to pay, the client's own page, who we are."""
    lines = [body, ""]
    for row in context["lines"]:
        when = _("due %(day)s") % {"day": row["due"]}
        late = _("%(days)s late") % {"days": row["late_words"]} if row["late_words"] else ""
        parts = (row["document"], row["reference"], when, late, row["amount"])
        lines.append("- " + " · ".join(part for part in parts if part))
    if context["claim"]:
        mark = "\u00a0:" if language == "fr" else ":"
        lines += ["", *(f"{label}{mark} {amount}" for label, amount in context["claim"])]
    else:
        lines += _sum(context)
    lines += [context["taken"]] if context["taken"] else []
    if context["not_due"]:
        lines += ["", _("Due later:")]
        lines += [f"- {row['document']} · {row['due']} · {row['amount']}" for row in context["not_due"]]
        lines += [f"- {context['not_due_more']}"] if context["not_due_more"] else []
    if context["run"]:
        lines += ["", context["run"]]
    if context["iban"]:
        account = context["iban"] + (f" (BIC {context['bic']})" if context["bic"] else "")
        lines += ["", _("Please pay to IBAN %(iban)s, with the numbers of the invoices.") % {"iban": account}]
    if link:
        lines += [
            "",
            _(
                "Your statement, your invoices, a date to announce or a disagreement to declare, without an account:"
            ),
            link,
        ]
    lines += [
        "",
        _("If your payment has crossed this message, please take no notice of it."),
        "",
        *([context["signed_by"]] if context["signed_by"] else []),
        context["signed"],
        *_sender(context["company"]),
        " · ".join(part for part in (context["phone"], context["email"]) if part),
    ]
    return lines


def _sum(context: dict[str, Any]) -> list[str]:
    """What it comes to, credits taken off."""
    lines = ["", _("Total: %(amount)s") % {"amount": context["total"]}]
    if context["credits"]:
        lines += [
            _("Credits and payments on your account: %(amount)s") % {"amount": context["credits"]},
            _("To be paid: %(amount)s") % {"amount": context["net"]},
        ]
    return lines


def _sender(company: Company) -> list[str]:
    first = company.name + (f", {company.legal_form}" if company.legal_form else "")
    place = f"{company.address_line1}, {company.postcode} {company.city}" if company.address_line1 else ""
    siren = f"SIREN {formats.siren(company.siren)}" if company.siren else ""
    return [first, " · ".join(part for part in (place, siren) if part)]
