"""The mentions of each kind of paper, the words they are told by, and what to write where one is missing.

Sources: CGI ann. II art. 242 nonies A; C. com. R123-237, R123-238, L441-1, L441-9, L441-10, D441-5 (domain.md 3).
"""

from __future__ import annotations

from typing import Final

from django.utils.translation import gettext_lazy as _

from . import doubts
from .common_rules import (
    CGI,
    CLAUSE,
    DOCUMENT,
    FACTS,
    IDENTITY,
    INVOICE,
    L441_1,
    L441_9,
    L441_10,
    NOTE,
    PAYMENT,
    PRICES,
    QUOTATION,
    SUMS,
    TERMS,
    WORDS,
    mention,
)
from .enums import Weight
from .policy import Mention

_OF_INVOICE: Final = (
    mention(
        "BUYER_SIREN",
        _("SIREN of the client"),
        r"\bsire[nt]\b",
        on=INVOICE,
        where=FACTS,
        source="CGI ann. II art. 242 nonies A, décret 2022-1299",
        doubt=doubts.one_siren_only,
        remedy=_("Write the SIREN of a French client beside its address; the reform of e-invoices wants it."),
    ),
    mention(
        "CATEGORY",
        _("Goods, services or both"),
        r"livraisons? de biens|prestations? de services?|nature de l'operation|categorie de l'operation"
        r"|operations? mixtes?|supply of (?:goods|services)|nature of the (?:operation|transaction)|\boperations?\b",
        on=INVOICE,
        where=FACTS,
        source="CGI ann. II art. 242 nonies A, décret 2022-1299",
        remedy=_("Write “Supply of goods”, “Supply of services” or both; the reform of e-invoices wants it."),
    ),
    mention(
        "SUPPLY_DATE",
        _("Date of the delivery or the service"),
        r"date (?:de |d'|de la )?(?:livraison|prestation|execution)|livre[es]* le|livraison du|realise[es]* le"
        r"|date of supply|delivery date|delivered on|periode du",
        on=INVOICE,
        where=FACTS,
        source=CGI,
        weight=Weight.DEPENDS,
        remedy=_("Needed where it is not the date of issue: “Delivered on …”."),
    ),
    mention(
        "DELIVERY_ADDRESS",
        _("Address of delivery"),
        r"adresse de livraison|livre[es]* (?:a|chez)\b|lieu de livraison|delivery address|delivered to|ship(?:ped)? to",
        on=frozenset({INVOICE, NOTE}),
        where=FACTS,
        source="CGI ann. II art. 242 nonies A, décret 2022-1299",
        weight=Weight.DEPENDS,
        remedy=_("Needed for goods where it is not the client's address: “Delivered to …”."),
    ),
    mention(
        "VAT_ON_DEBITS",
        _("VAT on debits"),
        r"d'apres les debits|sur les debits|vat on debits",
        on=INVOICE,
        where=WORDS,
        source="CGI ann. II art. 242 nonies A, décret 2022-1299",
        weight=Weight.DEPENDS,
        remedy=_("Only where it was chosen: “Option pour le paiement de la taxe d’après les débits”."),
    ),
    mention(
        "PURCHASE_ORDER",
        _("Number of the client's order"),
        r"bon de commande|n ?[°ºo] (?:de )?(?:votre )?commande|votre (?:commande|reference)|commande client"
        r"|purchase order|your (?:order|reference)|reference (?:client|acheteur)",
        on=frozenset({INVOICE, NOTE}),
        where=FACTS,
        source=L441_9,
        weight=Weight.DEPENDS,
        remedy=_(
            "Needed where the client has given one: “Your order no. …”. Without it many clients do not pay."
        ),
    ),
    mention(
        "EXEMPTION",
        _("Why no VAT is charged"),
        r"autoliquidation|reverse charge|exoneration|art(?:icle|\.)? ?(?:262|259|261|283|293|44|196)"
        r"|t\.?v\.?a\.? non applicable|vat exempt",
        on=INVOICE,
        where=SUMS,
        source=CGI,
        weight=Weight.DEPENDS,
        remedy=_("Only where no VAT is charged: “Autoliquidation”, or the article of the exemption."),
    ),
    mention(
        "DUE_DATE",
        _("Date of payment"),
        r"echeance|date de reglement|date de paiement|a (?:regler|payer) (?:le|avant|pour|au plus tard)"
        r"|payable (?:le|au plus tard|by)|due (?:date|on|by)|to be paid by|\bregle(?:ment)? (?:le|au)\b",
        on=INVOICE,
        where=WORDS,
        source=L441_9,
        doubt=doubts.no_day,
        remedy=_(
            "Write the day itself: “To be paid by 31/12/2026”; “30 days end of month” alone is not enough."
        ),
    ),
    mention(
        "IBAN",
        _("Bank account to pay to"),
        r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){3,7}(?: ?[A-Z0-9]{1,3})?\b|\biban\b",
        on=INVOICE,
        where=WORDS,
        weight=Weight.ADVISED,
        doubt=doubts.other_iban,
        remedy=_("Nothing wants it, but a client who looks for it pays later: “IBAN %(iban)s”."),
    ),
)

_OF_QUOTATION: Final = (
    mention(
        "VALIDITY",
        _("How long the quotation holds"),
        r"val(?:able|idite|ide)|offre (?:ferme|valable)|valid (?:until|for)",
        on=QUOTATION,
        where=FACTS,
        weight=Weight.ADVISED,
        remedy=_(
            "Write “Valid until …”: without it an offer holds for a reasonable time that others decide."
        ),
    ),
    mention(
        "DELIVERY_TIME",
        _("When it is delivered"),
        r"delais? de (?:livraison|realisation|execution)|date de livraison|\blivraison\b|delivery",
        on=QUOTATION,
        where=FACTS,
        weight=Weight.ADVISED,
        remedy=_("Write the day or the time of delivery."),
    ),
    mention(
        "PAYMENT_TERMS",
        _("Terms of payment"),
        r"(?:conditions?|modalites?|delais?|termes?) de (?:reglement|paiement)"
        r"|(?:reglement|paiement)s? (?:a|sous|dans|le|par)"
        r"|payment (?:terms|within)|payable|terms of payment|\b\d{1,3} (?:jours|days)\b",
        on=frozenset({QUOTATION, TERMS}),
        where=WORDS,
        source=L441_1,
        advised_on=frozenset({QUOTATION}),
        doubt=doubts.term_over_cap,
        remedy=_("Write the term: at most 60 days from the invoice, or 45 days end of month where agreed."),
    ),
    mention(
        "AGREEMENT",
        _("Room for the client's agreement"),
        r"bon pour accord|signature|agreed|acceptation",
        on=QUOTATION,
        where=SUMS,
        weight=Weight.ADVISED,
        remedy=_(
            "Leave room for date, name, signature and the words “agreed”: it is the proof of the order."
        ),
    ),
    mention(
        "TERMS_NAMED",
        _("Terms of sale named"),
        r"conditions generales|\bcgv\b|terms (?:and conditions|of sale)",
        on=QUOTATION,
        where=WORDS,
        weight=Weight.ADVISED,
        remedy=_(
            "Name the terms of sale and join them: what the client did not see before does not bind it."
        ),
    ),
)

_OF_NOTE: Final = (
    mention(
        "ORDER",
        _("Number of our order"),
        r"\bcommande\b|\border\b",
        on=NOTE,
        where=FACTS,
        weight=Weight.ADVISED,
        remedy=_("Write the number and the date of the order that is delivered."),
    ),
    mention(
        "RECEIPT",
        _("Room for the receiver's signature"),
        r"signature|recu (?:le|par)|emargement|received (?:on|by)|cachet|stamp",
        on=NOTE,
        where=SUMS,
        weight=Weight.ADVISED,
        remedy=_("Leave room for date, name, signature and stamp: a signed note is the proof of delivery."),
    ),
    mention(
        "RESERVATIONS",
        _("Reservations within three days"),
        r"reserves?\b(?! de propriete)|reservations?",
        on=NOTE,
        where=SUMS,
        source="C. com. L133-3",
        weight=Weight.ADVISED,
        remedy=_(
            "Write that reservations stand on the note and are confirmed to the carrier within three days."
        ),
    ),
)

_OF_TERMS: Final = (
    mention(
        "PRICES",
        _("How prices are made"),
        r"\btarifs?\b|bareme|\bprix\b|price list|\bprices?\b",
        on=TERMS,
        where=CLAUSE,
        source=L441_1,
        remedy=_("Say how the price is made: price list, unit, what is included, how it is revised."),
    ),
    mention(
        "REBATES",
        _("Rebates"),
        r"remises?\b|rabais|ristournes?|reductions? de prix|rebates?|\bdiscounts?\b",
        on=TERMS,
        where=CLAUSE,
        source=L441_1,
        weight=Weight.DEPENDS,
        remedy=_("Where rebates are given, say on what they depend."),
    ),
    mention(
        "WITHOUT_REMINDER",
        _("Penalties without reminder"),
        r"sans (?:qu'un|qu'aucun|necessite d[e'] ?un) rappel|sans (?:rappel|mise en demeure)|without (?:any )?reminder",
        on=TERMS,
        where=CLAUSE,
        source=L441_10,
        weight=Weight.ADVISED,
        remedy=_("Add “due without reminder”: it is the law, and the client reads it here."),
    ),
    mention(
        "RETENTION_OF_TITLE",
        _("Retention of title"),
        r"reserve de propriete|conserve la propriete|retention of title|title (?:to|in) the goods|reste propriete",
        on=TERMS,
        where=CLAUSE,
        source="C. com. L624-16",
        weight=Weight.ADVISED,
        remedy=_(
            "Write “The goods remain ours until the whole price is paid.”; agreed in writing before delivery."
        ),
    ),
    mention(
        "RISK",
        _("Delivery and passing of risk"),
        r"transferts? des? risques?|incoterm|passing of risk|risks? pass|livraison|delivery",
        on=TERMS,
        where=CLAUSE,
        weight=Weight.ADVISED,
        remedy=_("Say when and where goods are delivered and from when the client bears the risk."),
    ),
    mention(
        "COMPLAINTS",
        _("Complaints"),
        r"reclamations?|non[- ]conform|vices? apparents?|complaints?|garanties?|warrant",
        on=TERMS,
        where=CLAUSE,
        weight=Weight.ADVISED,
        remedy=_("Say within how many days and how defects are told; the clock of a dispute starts there."),
    ),
    mention(
        "ACCELERATION",
        _("What an unpaid date changes"),
        r"decheance du terme|exigibilite (?:immediate|anticipee)|immediatement exigible|immediately due"
        r"|suspen(?:dre|sion).{0,60}(?:livraison|commande|deliver)",
        on=TERMS,
        where=CLAUSE,
        weight=Weight.ADVISED,
        remedy=_(
            "Say that one unpaid date makes the rest due and stops deliveries: it must be agreed expressly."
        ),
    ),
    mention(
        "COURT",
        _("Court and law"),
        r"tribunal|juridiction|competence (?:exclusive|territoriale)|droit (?:francais|applicable)"
        r"|jurisdiction|governing law",
        on=TERMS,
        where=CLAUSE,
        source="CPC art. 48",
        weight=Weight.ADVISED,
        remedy=_("Between traders name the court, in letters that are plainly seen, and the law."),
    ),
)

MENTIONS: Final[tuple[Mention, ...]] = (
    *IDENTITY, *DOCUMENT, *PRICES, *_OF_INVOICE, *PAYMENT, *_OF_QUOTATION, *_OF_NOTE, *_OF_TERMS
)  # fmt: skip
