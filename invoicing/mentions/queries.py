"""A paper checked: what is known of the company and of the law of the day, what was found, what to write."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date

from django.utils.translation import gettext as _

from accounts.models import Company
from invoicing.interest_policy import HalfYear
from invoicing.interest_queries import rate_table
from invoicing.models import SellerDetails

from . import policy, reading
from .enums import Found, Paper
from .policy import Finding, Ours
from .rules import MENTIONS


def ours(company: Company, *, on: date) -> Ours:
    """Return what documents of a company say of it, with the least rate of penalties on a day where it is known."""
    details = SellerDetails.objects.filter(company=company).first() or SellerDetails(company=company)
    rates = rate_table().get(HalfYear.of(on))
    return Ours(
        name=company.name,
        legal_form=company.legal_form,
        siren=company.siren or "",
        vat_number=company.vat_number,
        postcode=company.postcode,
        city=company.city,
        register_town=details.register_town,
        capital=details.share_capital,
        iban=details.iban,
        rate_floor=rates.floor if rates is not None else None,
    )


def checked(content: bytes, paper: Paper, known: Ours) -> list[Finding]:
    """Look for every mention of a kind of paper in a file, the most urgent first; nothing of the file is kept.

    :raises PaperTooLarge, PaperTooLong, EncryptedPaper, NoWords, UnreadablePaper:
    """
    words = [(each.place, each.number, each.text) for each in reading.read(content)]
    return policy.check(words, MENTIONS, paper, known)


def remedy_of(finding: Finding, known: Ours) -> str:
    """What to write; nothing where it is there. Three dots for what is not known of the company."""
    if finding.found is Found.FOUND:
        return ""
    return str(finding.mention.remedy) % {name: value or "…" for name, value in asdict(known).items()}


def place_of(finding: Finding) -> str:
    """Where it stands in the file, else where it usually stands."""
    spot = finding.spot
    if spot is None:
        return str(finding.mention.where)
    names = {
        "page": _("page %(number)s"),
        "header": _("head"),
        "footer": _("foot"),
        "part": _("part %(number)s"),
    }
    return names[spot.place] % {"number": spot.number}
