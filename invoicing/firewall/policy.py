"""What may be wrong with an invoice before it is issued, and how much it matters. Plain values only."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final

from django.db import models
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.identifiers import check_siren, check_vat
from o2c.shared.money import ZERO

# Mainland France (domain.md 3.1).
VAT_RATES: Final = frozenset(map(Decimal, ("20", "10", "5.5", "2.1", "0")))
EU: Final = frozenset(
    [
        "AT",
        "BE",
        "BG",
        "CY",
        "CZ",
        "DE",
        "DK",
        "EE",
        "ES",
        "FI",
        "FR",
        "GR",
        "HR",
        "HU",
        "IE",
        "IT",
        "LT",
        "LU",
        "LV",
        "MT",
        "NL",
        "PL",
        "PT",
        "RO",
        "SE",
        "SI",
        "SK",
    ]
)
HOME: Final = "FR"


class Severity(models.TextChoices):
    """What an anomaly does: nothing, a note that stays with the invoice, a question, or a stop."""

    OFF = "off", pgettext_lazy("anomaly", "Not looked for")
    NOTE = "note", pgettext_lazy("anomaly", "Noted")
    WARN = "warn", pgettext_lazy("anomaly", "Asks first")
    BLOCK = "block", pgettext_lazy("anomaly", "Stops")


class Anomaly(models.TextChoices):
    """Each thing that is looked for."""

    SELLER_FACTS_MISSING = "SELLER_FACTS_MISSING", _("Facts of the seller are missing")
    ADDRESS_MISSING = "ADDRESS_MISSING", _("The client's address is missing")
    SIREN_MISSING = "SIREN_MISSING", _("The client's SIREN is missing or wrong")
    VAT_NUMBER_MISSING = "VAT_NUMBER_MISSING", _("The client's VAT number is missing or wrong")
    PURCHASE_ORDER_MISSING = "PURCHASE_ORDER_MISSING", _("The client's order number is missing")
    PURCHASE_ORDER_DIFFERS = "PURCHASE_ORDER_DIFFERS", _("The client's order says otherwise")
    PRICE_DIFFERS = "PRICE_DIFFERS", _("A price is not that of the order")
    QUANTITY_EXCEEDS = "QUANTITY_EXCEEDS", _("More than is left of the order")
    NOT_DELIVERED = "NOT_DELIVERED", _("Nothing proves the delivery")
    VAT_RATE_UNUSUAL = "VAT_RATE_UNUSUAL", _("No VAT rate of mainland France")
    POSSIBLE_DUPLICATE = "POSSIBLE_DUPLICATE", _("An invoice like this one exists")
    BANK_DETAILS_MISSING = "BANK_DETAILS_MISSING", _("No bank account to pay to")


DEFAULTS: Final[dict[str, Severity]] = {
    Anomaly.SELLER_FACTS_MISSING: Severity.NOTE,
    Anomaly.ADDRESS_MISSING: Severity.NOTE,
    Anomaly.SIREN_MISSING: Severity.NOTE,
    Anomaly.VAT_NUMBER_MISSING: Severity.NOTE,
    Anomaly.PURCHASE_ORDER_MISSING: Severity.NOTE,
    Anomaly.PURCHASE_ORDER_DIFFERS: Severity.WARN,
    Anomaly.PRICE_DIFFERS: Severity.WARN,
    Anomaly.QUANTITY_EXCEEDS: Severity.WARN,
    Anomaly.NOT_DELIVERED: Severity.NOTE,
    Anomaly.VAT_RATE_UNUSUAL: Severity.WARN,
    Anomaly.POSSIBLE_DUPLICATE: Severity.WARN,
    Anomaly.BANK_DETAILS_MISSING: Severity.NOTE,
}

# What mends it, in the words of whoever has to.
REMEDIES: Final[dict[str, str | Promise]] = {
    Anomaly.SELLER_FACTS_MISSING: _("Complete the company's legal form, SIREN, VAT number and address."),
    Anomaly.ADDRESS_MISSING: _("Enter the client's address, then issue the invoice."),
    Anomaly.SIREN_MISSING: _("Enter the client's SIREN: an e-invoice in France needs it."),
    Anomaly.VAT_NUMBER_MISSING: _("Enter the client's VAT number: without it the supply is not exempt."),
    Anomaly.PURCHASE_ORDER_MISSING: _("Ask the client for the number of its order and note it on ours."),
    Anomaly.PURCHASE_ORDER_DIFFERS: _("Correct our order, or have the difference accepted."),
    Anomaly.PRICE_DIFFERS: _("Take the price of the order, or change the order first."),
    Anomaly.QUANTITY_EXCEEDS: _("Invoice what is left, or change the order first."),
    Anomaly.NOT_DELIVERED: _("Record the delivery, or say that it is invoiced in advance."),
    Anomaly.VAT_RATE_UNUSUAL: _("Check the rate: mainland France has 20, 10, 5.5, 2.1 and 0 %."),
    Anomaly.POSSIBLE_DUPLICATE: _("Look at the other invoice; issue this one only if both are right."),
    Anomaly.BANK_DETAILS_MISSING: _("Add the bank account the client shall pay to."),
}

# What a client would dispute because of it (domain.md 7.1).
DISPUTE_TYPE: Final[dict[str, str]] = {
    Anomaly.SELLER_FACTS_MISSING: "VAT_ADMIN",
    Anomaly.ADDRESS_MISSING: "VAT_ADMIN",
    Anomaly.SIREN_MISSING: "VAT_ADMIN",
    Anomaly.VAT_NUMBER_MISSING: "VAT_ADMIN",
    Anomaly.VAT_RATE_UNUSUAL: "VAT_ADMIN",
    Anomaly.BANK_DETAILS_MISSING: "VAT_ADMIN",
    Anomaly.PURCHASE_ORDER_MISSING: "MISSING_PO",
    Anomaly.PURCHASE_ORDER_DIFFERS: "MISSING_PO",
    Anomaly.PRICE_DIFFERS: "PRICE",
    Anomaly.QUANTITY_EXCEEDS: "QUANTITY",
    Anomaly.NOT_DELIVERED: "DELIVERY",
    Anomaly.POSSIBLE_DUPLICATE: "DUPLICATE",
}


@dataclass(frozen=True)
class Found:
    """One anomaly: what, where, with which figures.

    :ivar place: the field, or the line by its number (``lines.2.unit_price``)
    """

    code: Anomaly
    place: str
    figures: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class LineFacts:
    """A line as it would be issued, beside the order's.

    :ivar agreed_price: of the order's line, None where the line stands for none
    :ivar left: what may still be invoiced of the order's line
    """

    line: int
    quantity: Decimal
    unit_price: Decimal
    vat_rate: Decimal
    agreed_price: Decimal | None = None
    left: Decimal | None = None


@dataclass(frozen=True)
class InvoiceFacts:
    """What an invoice would say and what is known around it.

    :ivar missing_of_seller: names of the seller's facts that are empty
    :ivar differences: open differences between our order and the client's, already accepted ones left out
    :ivar is_delivered: everything invoiced has been delivered; None where the invoice is of no order
    :ivar wants_reference: the client's class asks for evidence of its order
    :ivar twins: numbers of invoices of the client with the same amount and the same reference
    """

    country: str
    siren: str
    vat_number: str
    has_address: bool
    total: Decimal
    vat: Decimal
    customer_reference: str
    missing_of_seller: Sequence[str] = ()
    has_bank_account: bool = True
    wants_reference: bool = False
    differences: int = 0
    is_delivered: bool | None = None
    twins: Sequence[str] = ()
    lines: Sequence[LineFacts] = ()


def anomalies(facts: InvoiceFacts) -> Iterator[Found]:
    """Yield everything that is missing or does not fit, in the order of ``Anomaly``."""
    yield from _of_parties(facts)
    yield from _of_order(facts)
    for line in facts.lines:
        if line.vat_rate.normalize() not in VAT_RATES and facts.country == HOME:
            yield Found(
                Anomaly.VAT_RATE_UNUSUAL, f"lines.{line.line}.vat_rate", {"rate": f"{line.vat_rate:.2f}"}
            )
    if facts.twins:
        yield Found(Anomaly.POSSIBLE_DUPLICATE, "customer_reference", {"numbers": list(facts.twins)})
    if not facts.has_bank_account:
        yield Found(Anomaly.BANK_DETAILS_MISSING, "company")


def _of_parties(facts: InvoiceFacts) -> Iterator[Found]:
    if facts.missing_of_seller:
        yield Found(Anomaly.SELLER_FACTS_MISSING, "company", {"missing": list(facts.missing_of_seller)})
    if not facts.has_address:
        yield Found(Anomaly.ADDRESS_MISSING, "account.address")
    if facts.country == HOME and not check_siren(facts.siren).valid:
        yield Found(Anomaly.SIREN_MISSING, "account.siren", {"siren": facts.siren})
    # An exempt supply inside the Union names the buyer's number; at home a wrong one is no better than none.
    exempt_in_eu = facts.country in EU - {HOME} and facts.vat == ZERO and facts.total > ZERO
    wrong_at_home = facts.country == HOME and bool(facts.vat_number) and not check_vat(facts.vat_number).valid
    if wrong_at_home or (exempt_in_eu and not facts.vat_number):
        yield Found(Anomaly.VAT_NUMBER_MISSING, "account.vat_number", {"vat_number": facts.vat_number})


def _of_order(facts: InvoiceFacts) -> Iterator[Found]:
    if facts.wants_reference and not facts.customer_reference.strip():
        yield Found(Anomaly.PURCHASE_ORDER_MISSING, "customer_reference")
    if facts.differences:
        yield Found(Anomaly.PURCHASE_ORDER_DIFFERS, "order", {"count": facts.differences})
    for line in facts.lines:
        if line.agreed_price is not None and line.unit_price != line.agreed_price:
            figures = {"price": f"{line.unit_price:f}", "agreed": f"{line.agreed_price:f}"}
            yield Found(Anomaly.PRICE_DIFFERS, f"lines.{line.line}.unit_price", figures)
        if line.left is not None and line.quantity > line.left:
            figures = {"quantity": f"{line.quantity:f}", "left": f"{line.left:f}"}
            yield Found(Anomaly.QUANTITY_EXCEEDS, f"lines.{line.line}.quantity", figures)
    if facts.is_delivered is False:
        yield Found(Anomaly.NOT_DELIVERED, "order")


@dataclass(frozen=True)
class Judged:
    """An anomaly with what it does in this company, and whether whoever issues said that they saw it."""

    found: Found
    severity: Severity
    is_acknowledged: bool = False

    @property
    def stops(self) -> bool:
        """Whether the invoice is not issued because of it."""
        return self.severity is Severity.BLOCK or (
            self.severity is Severity.WARN and not self.is_acknowledged
        )


def judge(
    found: Sequence[Found], severities: Mapping[str, Severity], acknowledged: Collection[str]
) -> list[Judged]:
    """Say what each anomaly does; what a company does not look for is left out."""
    rows = []
    for each in found:
        severity = severities.get(each.code, DEFAULTS[each.code])
        if severity is not Severity.OFF:
            rows.append(Judged(each, severity, each.code in acknowledged))
    return rows
