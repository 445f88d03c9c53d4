"""What quotations and order confirmations show on paper: parties, lines, totals, terms in words, mentions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Protocol

from django.conf import settings
from django.utils import translation
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _

from accounts.models import Company, CustomerAccount
from accounts.policy import describe_term, due_date
from o2c.shared import formats
from o2c.shared.calendar import paris_date
from o2c.shared.pdf import render_pdf
from o2c.shared.vat import line_net, vat_totals

from .models import OrderConfirmation, OrderLine, Quotation

PREPAID = "PREPAID"


class Line(Protocol):
    """A line as paper shows it."""

    @property
    def sku(self) -> str:
        """The article's code."""

    @property
    def description(self) -> str:
        """Its name."""

    @property
    def quantity(self) -> Decimal:
        """How many."""

    @property
    def unit_price(self) -> Decimal:
        """Price of one, excl. VAT."""

    @property
    def vat_rate(self) -> Decimal:
        """In percent."""


@dataclass(frozen=True)
class LineOnPaper:
    """One line with its figures written out."""

    sku: str
    description: str
    quantity: str
    price: str
    rate: str
    net: str


@dataclass(frozen=True)
class KeptLine:
    """A line of an order less what was dropped of it."""

    sku: str
    description: str
    quantity: Decimal
    unit_price: Decimal
    vat_rate: Decimal


def quotation_pdf(quotation: Quotation) -> bytes:
    """A quotation as the client receives it, in the client's language."""
    language = language_of(quotation.account)
    delivery = quotation.requested_delivery
    context = {
        **document(
            company=quotation.company,
            account=quotation.account,
            lines=list(quotation.lines.all()),
            currency=quotation.currency,
            language=language,
        ),
        "quotation": quotation,
        "terms": terms_in_words(quotation.term, delivery or quotation.quoted_on, language),
        "quoted_on": formats.date_long(quotation.quoted_on, language),
        "valid_until": formats.date_long(quotation.valid_until, language),
        "delivery": formats.date_long(delivery, language) if delivery else "",
    }
    return render_pdf("pdf/quotation.html", context, language=language)


def confirmation_pdf(confirmation: OrderConfirmation, lines: Sequence[OrderLine]) -> bytes:
    """An order confirmation as the client receives it: what was ordered and is not dropped."""
    order, language = confirmation.order, confirmation.language
    delivery = order.requested_delivery
    former = order.confirmations.filter(replaced_at=None).order_by("-issue").first()
    context = {
        **document(
            company=order.company,
            account=order.account,
            lines=[_kept(line) for line in lines],
            currency=order.currency,
            language=language,
        ),
        "confirmation": confirmation,
        "order": order,
        "former": former,
        "terms": terms_in_words(order.term, delivery or order.order_date, language),
        "issued_on": formats.date_long(paris_date(confirmation.issued_at), language),
        "ordered_on": formats.date_long(order.order_date, language),
        "delivery": formats.date_long(delivery, language) if delivery else "",
    }
    return render_pdf("pdf/confirmation.html", context, language=language)


def document(
    *,
    company: Company,
    account: CustomerAccount,
    lines: Sequence[Line],
    currency: str,
    language: str,
) -> dict[str, Any]:
    """What every document shows: both parties, lines and totals written in the client's language."""
    totals = vat_totals((line.quantity, line.unit_price, line.vat_rate) for line in lines)

    def money(value: Decimal) -> str:
        return formats.money(value, language, currency)

    return {
        "company": company,
        "account": account,
        "siren": formats.siren(company.siren) if company.siren else "",
        "client_siren": formats.siren(account.siren) if account.siren else "",
        "lines": [on_paper(line, language) for line in lines],
        "totals": {
            "excl": money(totals.excl),
            "incl": money(totals.incl),
            "by_rate": [
                (formats.percent(rate.rate / 100, language), money(rate.base), money(rate.vat))
                for rate in totals.by_rate
            ],
        },
        "mentions": mentions(language),
        **paper_facts(company, account),
    }


def paper_facts(company: Company, account: CustomerAccount) -> dict[str, Any]:
    """What invoicing knows of both for any paper (``settings.PAPER_FACTS``): ``legal_line``, ``delivery_place``."""
    found: dict[str, Any] = import_string(settings.PAPER_FACTS)(company, account)
    return found


def on_paper(line: Line, language: str) -> LineOnPaper:
    """A line with its figures written out."""
    return LineOnPaper(
        sku=line.sku,
        description=line.description,
        quantity=figure(line.quantity, language),
        price=figure(line.unit_price, language, least=2),
        rate=formats.percent(line.vat_rate / 100, language),
        net=formats.amount(line_net(line.quantity, line.unit_price), language),
    )


def terms_in_words(term: str, delivered_on: date, language: str) -> list[str]:
    """The payment term as a sentence, and what it means for an invoice of the day of delivery."""
    with translation.override(language):
        words = [_("Payment: %(term)s.") % {"term": describe_term(term, language)}]
        if term != PREPAID:
            due = due_date(delivered_on, term, delivered_on)
            words.append(
                _("For example, an invoice of %(day)s is to be paid by %(due)s.")
                % {
                    "day": formats.date_long(delivered_on, language),
                    "due": formats.date_long(due, language),
                }
            )
        return words


def mentions(language: str) -> list[str]:
    """What French law wants under the terms of a sale between traders (C. com. L441-10)."""
    with translation.override(language):
        return [
            _("No discount is given for payment before the due date."),
            _(
                "After the due date, late-payment interest is owed without reminder at the rate of the European"
                " Central Bank plus 10 points, and a fixed sum of €40 for recovery costs (C. com. L441-10)."
            ),
        ]


def language_of(account: CustomerAccount) -> str:
    """The language of a client's papers: French or English."""
    return "fr" if account.language.lower().startswith("fr") else "en"


def figure(value: Decimal, language: str, *, least: int = 0) -> str:
    places = max(least, -int(value.normalize().as_tuple().exponent))
    return formats.number(value, language, decimals=places)


def _kept(line: OrderLine) -> KeptLine:
    return KeptLine(
        line.sku,
        line.description,
        line.quantity - line.cancelled,
        line.unit_price,
        line.vat_rate,
    )
