"""What must hold of a received invoice, checked on plain values (EN 16931, domain.md 3.4 and 9.6)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.identifiers import check_siren, check_vat
from o2c.shared.money import CENT, ZERO, round_cents

WITHOUT_LINES: Final = frozenset({"MINIMUM", "BASICWL"})
_FRENCH_NOTES: Final = ("PMT", "PMD", "AAB")


@dataclass(frozen=True)
class ReceivedLine:
    """One line as it came; what it does not say is None or empty."""

    line: str
    description: str
    quantity: Decimal | None
    unit_price: Decimal | None
    net: Decimal | None
    vat_category: str
    vat_rate: Decimal | None


@dataclass(frozen=True)
class ReceivedTax:
    """One line of the breakdown of VAT."""

    category: str
    rate: Decimal | None
    base: Decimal
    vat: Decimal


@dataclass(frozen=True)
class Received:
    """A received invoice as it came; amounts are None where it does not say them.

    :ivar format: ``factur-x``, ``cii`` or ``ubl``
    :ivar profile: of Factur-X in capitals, or the customisation of UBL
    """

    format: str
    number: str
    type: str
    issue_date: date | None
    due_date: date | None
    payment_terms: str
    currency: str
    profile: str
    seller: str
    seller_id: str
    seller_vat: str
    seller_country: str
    buyer: str
    buyer_id: str
    lines: tuple[ReceivedLine, ...]
    taxes: tuple[ReceivedTax, ...]
    line_total: Decimal | None
    charges: Decimal
    allowances: Decimal
    total_excl_vat: Decimal | None
    total_vat: Decimal
    rounding: Decimal
    total_incl_vat: Decimal | None
    paid: Decimal
    payable: Decimal | None
    note_codes: tuple[str, ...]


@dataclass(frozen=True)
class ReceivedFinding:
    """A rule that a received invoice breaks, in the shape of the contract."""

    code: str
    severity: str
    message: str | Promise
    place: str = ""


def broken_rules(received: Received) -> Iterator[ReceivedFinding]:
    """Yield what does not hold: sums first, then what is missing, then identities."""
    yield from _sums(received)
    yield from _missing(received)
    yield from _identities(received)


def _sums(received: Received) -> Iterator[ReceivedFinding]:
    has_lines = received.profile not in WITHOUT_LINES
    nets = sum((line.net or ZERO for line in received.lines), ZERO)
    excl, incl = received.total_excl_vat, received.total_incl_vat
    if has_lines and received.line_total is not None and nets != received.line_total:
        yield _differs(
            "BR-CO-10", _("The lines make %(sum)s, the invoice says %(said)s."), nets, received.line_total
        )
    if received.line_total is not None and excl is not None:
        expected = received.line_total - received.allowances + received.charges
        if expected != excl:
            yield _differs(
                "BR-CO-13", _("Excl. VAT it makes %(sum)s, the invoice says %(said)s."), expected, excl
            )
    if received.taxes:
        vat = sum((tax.vat for tax in received.taxes), ZERO)
        if vat != received.total_vat:
            yield _differs(
                "BR-CO-14", _("VAT makes %(sum)s, the invoice says %(said)s."), vat, received.total_vat
            )
    if excl is not None and incl is not None and excl + received.total_vat != incl:
        yield _differs(
            "BR-CO-15",
            _("Incl. VAT it makes %(sum)s, the invoice says %(said)s."),
            excl + received.total_vat,
            incl,
        )
    if incl is not None and received.payable is not None:
        expected = incl - received.paid + received.rounding
        if expected != received.payable:
            yield _differs(
                "BR-CO-16", _("To pay are %(sum)s, the invoice says %(said)s."), expected, received.payable
            )
    for tax in received.taxes:
        expected = round_cents(tax.base * (tax.rate or ZERO) / 100)
        if abs(expected - tax.vat) > CENT:
            yield _differs(
                "BR-CO-17", _("VAT of a rate makes %(sum)s, the invoice says %(said)s."), expected, tax.vat
            )


def _differs(code: str, text: str | Promise, found: Decimal, said: Decimal) -> ReceivedFinding:
    return ReceivedFinding(code, "block", text % {"sum": f"{found:.2f}", "said": f"{said:.2f}"})


def _missing(received: Received) -> Iterator[ReceivedFinding]:
    for code, value, text in (
        ("BR-02", received.number, _("The number is missing.")),
        ("BR-03", received.issue_date, _("The date of issue is missing or cannot be read.")),
        ("BR-05", received.currency, _("The currency is missing.")),
        ("BR-06", received.seller, _("The name of the seller is missing.")),
        ("BR-07", received.buyer, _("The name of the buyer is missing.")),
        ("BR-14", received.total_incl_vat, _("The total incl. VAT is missing or cannot be read.")),
    ):
        if value in (None, ""):
            yield ReceivedFinding(code, "block", text)
    if (received.payable or ZERO) > 0 and received.due_date is None and not received.payment_terms:
        yield ReceivedFinding("BR-CO-25", "warn", _("Neither a due date nor terms of payment are given."))
    if received.profile in WITHOUT_LINES:
        yield ReceivedFinding(
            "PROFILE_WITHOUT_LINES", "warn", _("This profile has no lines: it is not a full invoice.")
        )
    elif not received.lines:
        yield ReceivedFinding("BR-16", "block", _("The invoice has no lines."))
    if received.seller_country == "FR" and received.profile not in WITHOUT_LINES:
        for note in _FRENCH_NOTES:
            if note not in received.note_codes:
                yield ReceivedFinding(
                    "BR-FR-05",
                    "warn",
                    _("The note %(code)s that French law wants is missing.") % {"code": note},
                )


def _identities(received: Received) -> Iterator[ReceivedFinding]:
    if received.seller_country == "FR":
        if not received.seller_id:
            yield ReceivedFinding("BR-FR-10", "warn", _("The SIREN of the seller is missing."))
        elif not check_siren(received.seller_id[:9]).valid:
            yield ReceivedFinding("SELLER_SIREN_WRONG", "warn", _("The SIREN of the seller is wrong."))
        if received.seller_vat and not check_vat(received.seller_vat).valid:
            yield ReceivedFinding("SELLER_VAT_WRONG", "warn", _("The VAT number of the seller is wrong."))
