"""Which category of VAT a line falls under, and the words the law wants where none is charged (domain.md 3.1)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from django.utils.translation import gettext as _

from invoicing.enums import OperationCategory, VatCategory, VatTreatment
from o2c.shared.money import ZERO, round_cents

# Member states of the European Union but France, as VAT numbers begin (Greece: EL), with the EAS code of an
# electronic address that is a VAT number there.
EU_SCHEMES: Final = {
    "AT": "9914", "BE": "9925", "BG": "9926", "CY": "9928", "CZ": "9929", "DE": "9930", "DK": "0184",
    "EE": "9931", "ES": "9920", "FI": "0213", "GR": "9933", "HR": "9934", "HU": "9910", "IE": "9935",
    "IT": "0211", "LT": "9937", "LU": "9938", "LV": "9939", "MT": "9943", "NL": "9944", "PL": "9945",
    "PT": "9946", "RO": "9947", "SE": "9955", "SI": "9949", "SK": "9950",
}  # fmt: skip


@dataclass(frozen=True)
class Exemption:
    """Why a category charges nothing: ``code`` of the VATEX list, ``text`` as printed."""

    code: str
    text: str


@dataclass(frozen=True)
class Sale:
    """What decides the category of a line without VAT.

    :ivar buyer_country: ISO code of the buyer
    :ivar is_identified: whether the buyer has a VAT number
    :ivar franchise: the seller is a small business under CGI art. 293 B
    """

    operation: OperationCategory
    buyer_country: str
    is_identified: bool
    treatment: VatTreatment = VatTreatment.AUTOMATIC
    exemption_text: str = ""
    franchise: bool = False

    @property
    def is_domestic(self) -> bool:
        """Both parties are in France or Monaco, which is French territory for VAT."""
        return self.buyer_country in {"FR", "MC"}


@dataclass(frozen=True)
class Tax:
    """One line of the breakdown; amounts have the document's sign."""

    category: VatCategory
    rate: Decimal
    base: Decimal
    vat: Decimal
    exemption: Exemption | None


def category_of(rate: Decimal, sale: Sale) -> VatCategory:
    """Return the category of a line.

    A rate above 0 is always standard. Without VAT the parties tell why: within the Union goods are exempt and
    services reverse-charged, goods to elsewhere are exports, services to elsewhere out of scope (CGI 259-1).
    """
    if rate > 0:
        return VatCategory.STANDARD
    if sale.franchise or sale.treatment == VatTreatment.EXEMPT:
        return VatCategory.EXEMPT
    if sale.treatment in {VatTreatment.SUBCONTRACTING, VatTreatment.REVERSE_CHARGE}:
        return VatCategory.REVERSE_CHARGE
    if sale.is_domestic:
        return VatCategory.ZERO
    is_service = sale.operation == OperationCategory.SERVICES
    if sale.buyer_country in EU_SCHEMES and sale.is_identified:
        return VatCategory.REVERSE_CHARGE if is_service else VatCategory.INTRA_EU
    return VatCategory.OUT_OF_SCOPE if is_service else VatCategory.EXPORT


def exemption_of(category: VatCategory, sale: Sale) -> Exemption | None:
    """Return code and words for a category, None where VAT is charged or the rate is zero.

    The words of a French document stay French law's own in every language; a translation stands beside them.
    """
    match category:
        case VatCategory.INTRA_EU:
            return Exemption("VATEX-EU-IC", _("VAT exempt, intra-Community supply, art. 262 ter I CGI"))
        case VatCategory.EXPORT:
            return Exemption("VATEX-EU-G", _("VAT exempt, export, art. 262 I CGI"))
        case VatCategory.OUT_OF_SCOPE:
            return Exemption("VATEX-EU-O", _("Outside the scope of French VAT, art. 259-1 CGI"))
        case VatCategory.REVERSE_CHARGE:
            article = "283-2 nonies" if sale.treatment == VatTreatment.SUBCONTRACTING else "283-2"
            return Exemption(
                "VATEX-EU-AE",
                _("Reverse charge (autoliquidation), art. %(article)s CGI") % {"article": article},
            )
        case VatCategory.EXEMPT if sale.franchise:
            return Exemption("VATEX-FR-FRANCHISE", _("VAT not applicable, art. 293 B CGI"))
        case VatCategory.EXEMPT:
            return Exemption("", sale.exemption_text)
        case _:
            return None


def breakdown(lines: Iterable[tuple[VatCategory, Decimal, Decimal]], sale: Sale) -> tuple[Tax, ...]:
    """Total ``(category, rate, net)`` per category and rate; VAT once per rate, half-up (BR-CO-17)."""
    bases: dict[tuple[VatCategory, Decimal], Decimal] = {}
    for category, rate, net in lines:
        bases[category, rate] = bases.get((category, rate), ZERO) + net
    return tuple(
        Tax(category, rate, base, round_cents(base * rate / 100), exemption_of(category, sale))
        for (category, rate), base in sorted(bases.items(), key=lambda each: (each[0][1], each[0][0]))
    )
