"""What several kinds of paper carry: who writes, what the document is, prices, payment; and how a mention is declared.

Sources: CGI ann. II art. 242 nonies A; C. com. R123-237, R123-238, L441-1, L441-9, L441-10, D441-5 (domain.md 3).
"""

from __future__ import annotations

import re
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from . import doubts
from .enums import Paper, Weight
from .policy import Mention

QUOTATION, TERMS, NOTE, INVOICE = Paper.QUOTATION, Paper.TERMS, Paper.DELIVERY_NOTE, Paper.INVOICE
_ALL: Final = frozenset(Paper)
HEAD: Final = _("at the head or the foot of each page")
FACTS: Final = _("beside the number, at the head")
LINES: Final = _("in the table of lines")
SUMS: Final = _("below the lines")
WORDS: Final = _("below the totals, in readable letters")
CLAUSE: Final = _("in a clause of its own")
_COMPANY: Final = "C. com. R123-237, R123-238"
CGI: Final = "CGI ann. II art. 242 nonies A"
L441_9: Final = "C. com. L441-9"
L441_10: Final = "C. com. L441-10"
L441_1: Final = "C. com. L441-1"


def mention(
    code: str,
    title: str | Promise,
    pattern: str,
    *,
    on: frozenset[Paper] | Paper,
    where: str | Promise,
    remedy: str | Promise,
    source: str = "",
    weight: Weight = Weight.MUST,
    doubt: doubts.Doubt | None = None,
    advised_on: frozenset[Paper] = frozenset(),
) -> Mention:
    """Declare a mention; ``pattern`` is read without accents and case.

    :param on: the papers that carry it
    :param advised_on: those of them where it is advised only
    """
    papers = frozenset({on}) if isinstance(on, Paper) else on
    compiled = re.compile(pattern, re.IGNORECASE)
    return Mention(code, title, papers, weight, compiled, where, remedy, source, doubt, advised_on)


IDENTITY: Final = (
    mention(
        "LEGAL_FORM",
        _("Legal form of the company"),
        r"(?-i:\b(?:SAS|SASU|SARL|EURL|SNC|SCA|SCOP|SELARL|SA|EI)\b|S\.A\.(?:S|R\.L)?\.?)"
        r"|societe (?:par actions|a responsabilite|anonyme|en nom)|entrepreneur individuel",
        on=_ALL,
        where=HEAD,
        source=_COMPANY,
        remedy=_("Write the legal form beside the name: “%(name)s, %(legal_form)s”."),
    ),
    mention(
        "SHARE_CAPITAL",
        _("Share capital"),
        r"capital(?: social)?\b.{0,30}?\d|share capital.{0,20}?\d",
        on=_ALL,
        where=HEAD,
        source=_COMPANY,
        weight=Weight.DEPENDS,
        doubt=doubts.other_capital,
        remedy=_("A company with a capital writes it: “with a capital of …”. A sole trader has none."),
    ),
    mention(
        "ADDRESS",
        _("Address of the registered office"),
        r"\b\d{5}\b[ ,]+[a-z]",
        on=_ALL,
        where=HEAD,
        source=_COMPANY,
        doubt=doubts.other_address,
        remedy=_("Write the whole address of the registered office: “%(postcode)s %(city)s”."),
    ),
    mention(
        "SIREN",
        _("SIREN of the company"),
        r"(?:sire[nt]|r\.?c\.?s\.?)[^0-9]{0,40}\d{3} ?\d{3} ?\d{3}(?: ?\d{5})?",
        on=_ALL,
        where=HEAD,
        source=_COMPANY,
        doubt=doubts.other_siren,
        remedy=_("Write “SIREN %(siren)s”."),
    ),
    mention(
        "REGISTER",
        _("Trade register with its town"),
        r"\br\.?c\.?s\.?\b|registre du commerce|trade register|repertoire des metiers|\brne\b",
        on=_ALL,
        where=HEAD,
        source=_COMPANY,
        doubt=doubts.other_town,
        remedy=_("Write “RCS %(register_town)s %(siren)s”."),
    ),
    mention(
        "VAT_NUMBER",
        _("VAT number of the company"),
        r"\bFR ?[0-9A-Z]{2} ?\d{3} ?\d{3} ?\d{3}\b|t\.?v\.?a\.? intracommunautaire|vat (?:no|number)",
        on=_ALL,
        where=HEAD,
        source=CGI,
        advised_on=frozenset({QUOTATION, TERMS, NOTE}),
        doubt=doubts.other_vat_number,
        remedy=_("Write “VAT %(vat_number)s”. An invoice of at most 150 € excl. VAT may do without."),
    ),
)

DOCUMENT: Final = (
    mention(
        "NUMBER",
        _("Number of the document"),
        r"(?:facture|invoice|devis|quotation|quote|bon de livraison|delivery note|avoir)(?: d'acompte| de livraison)?"
        r"\s*(?:n ?[°ºo]|numero|number|no\b|#|:)|\bn ?[°º] ?(?:de |: ?)|numero d[eu]"
        r"|(?:facture|invoice|devis|quotation|bon de livraison|delivery note) [a-z]{0,6}[-/ ]?[a-z0-9/-]*\d{3}",
        on=frozenset({QUOTATION, NOTE, INVOICE}),
        where=FACTS,
        source=CGI,
        advised_on=frozenset({QUOTATION, NOTE}),
        remedy=_("Write the number, unique and in one unbroken sequence: “Invoice no. FA2026-000123”."),
    ),
    mention(
        "ISSUE_DATE",
        _("Date of issue"),
        r"\bdate\b|\bemise? le|\betabli[e]? le|\bissued on|\bdu \d{1,2}[/. ]|\ble \d{1,2}[/. ]|issue date"
        r"|\d{1,2}(?:er)? (?:janvier|fevrier|mars|avril|mai|juin|juillet|aout|septembre|octobre|novembre|decembre)"
        r" \d{4}"
        r"|\d{1,2} (?:january|february|march|april|may|june|july|august|september|october|november|december) \d{4}",
        on=frozenset({QUOTATION, NOTE, INVOICE}),
        where=FACTS,
        source=CGI,
        advised_on=frozenset({QUOTATION, NOTE}),
        remedy=_("Write the date of issue beside the number."),
    ),
    mention(
        "BUYER",
        _("Name and address of the client"),
        r"\bclient\b|factur[e]e? a\b|adresse de facturation|destinataire|acheteur|bill(?:ed)? to|invoiced? to|customer",
        on=frozenset({QUOTATION, NOTE, INVOICE}),
        where=FACTS,
        source=CGI,
        advised_on=frozenset({QUOTATION, NOTE}),
        remedy=_(
            "Write the whole name and the address of the client, and the address of invoicing where it differs."
        ),
    ),
    mention(
        "DESCRIPTION",
        _("What is sold, line by line"),
        r"designation|description|libelle|\barticle|\bproduit|\bprestation",
        on=frozenset({QUOTATION, NOTE, INVOICE}),
        where=LINES,
        source=CGI,
        remedy=_("Each line says precisely what is delivered or done."),
    ),
    mention(
        "QUANTITY",
        _("Quantity of each line"),
        r"quantites?|\bqtes?\b|\bqty\b|quantity|\bordered\b.{0,40}\bdelivered\b|commande.{0,40}livre",
        on=frozenset({QUOTATION, NOTE, INVOICE}),
        where=LINES,
        source=CGI,
        remedy=_("Each line has its quantity and unit."),
    ),
)

PRICES: Final = (
    mention(
        "UNIT_PRICE",
        _("Unit price without VAT"),
        r"prix unitaires?|\bp\.?u\.?\b|unit price|prix (?:ht|hors)",
        on=frozenset({QUOTATION, INVOICE}),
        where=LINES,
        source=CGI,
        doubt=doubts.without_vat_word,
        remedy=_("Head the column “Unit price excl. VAT”; rebates that are already earned stand beside it."),
    ),
    mention(
        "VAT_RATE",
        _("VAT rate"),
        r"t\.?v\.?a\.?.{0,40}\d{1,2}(?:[.,]\d{1,2})? ?%|\d{1,2}(?:[.,]\d{1,2})? ?%.{0,40}t\.?v\.?a"
        r"|\bvat\b.{0,40}\d{1,2}(?:[.,]\d{1,2})? ?%|taux (?:de )?t\.?v\.?a|t\.?v\.?a\.? non applicable|vat rate",
        on=frozenset({QUOTATION, INVOICE}),
        where=LINES,
        source=CGI,
        remedy=_("Each line has its VAT rate, also 0 %% with the reason."),
    ),
    mention(
        "TOTAL_EXCL",
        _("Total without VAT"),
        r"(?:total|montant|net|base)s? ?(?:general|net)? ?(?:h\.?t\b|hors tax|excl)",
        on=frozenset({QUOTATION, INVOICE}),
        where=SUMS,
        source=CGI,
        remedy=_("Write the total without VAT, per rate where there are several."),
    ),
    mention(
        "TOTAL_VAT",
        _("Amount of VAT"),
        r"(?:total|montant)(?: de la| des)? t\.?v\.?a|t\.?v\.?a\.? ?\(?\d|(?:total|amount of) vat|\bvat \d"
        r"|t\.?v\.?a\.? non applicable",
        on=frozenset({QUOTATION, INVOICE}),
        where=SUMS,
        source=CGI,
        remedy=_("Write the amount of VAT, per rate where there are several."),
    ),
    mention(
        "TOTAL_INCL",
        _("Total with VAT"),
        r"(?:total|montant|net)s? ?(?:general )?(?:t\.?t\.?c|toutes taxes|incl)|net a payer|amount (?:due|payable)",
        on=frozenset({QUOTATION, INVOICE}),
        where=SUMS,
        source=CGI,
        remedy=_("Write the total with VAT, or “net to pay”."),
    ),
)

PAYMENT: Final = (
    mention(
        "DISCOUNT",
        _("Discount for early payment, or none"),
        r"escompte|discount for (?:early|prompt|cash)|cash discount|early payment discount|early settlement",
        on=frozenset({INVOICE, TERMS}),
        where=WORDS,
        source=L441_9,
        remedy=_("Write “Discount for early payment: none.”, or its terms."),
    ),
    mention(
        "PENALTIES",
        _("Rate of the penalties for late payment"),
        r"penalites?(?: de retard)?|interets? (?:de|pour) retard|interets? moratoires?|late payment|bears? interest",
        on=frozenset({INVOICE, TERMS, QUOTATION}),
        where=WORDS,
        source=L441_10,
        advised_on=frozenset({QUOTATION}),
        doubt=doubts.no_rate,
        remedy=_(
            "Write the yearly rate, at least three times the legal one: “Any late payment bears interest at the"
            " refinancing rate of the European Central Bank plus 10 points from the day after the due date.”"
        ),
    ),
    mention(
        "RECOVERY_FEE",
        _("Fixed sum of 40 € for recovery costs"),
        r"indemnite forfaitaire|frais de recouvrement|recovery (?:cost|fee)|(?:40|quarante)[., 0]*(?:€|euros?)",
        on=frozenset({INVOICE, TERMS, QUOTATION}),
        where=WORDS,
        source="C. com. L441-9, L441-10, D441-5",
        advised_on=frozenset({QUOTATION}),
        doubt=doubts.no_fee,
        remedy=_("Write “In case of late payment a fixed sum of €40 for recovery costs is due.”"),
    ),
)
