"""The scenario a company starts with (domain.md 6.1): its steps and the words of its letters, in both languages."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from accounts.enums import ContactRole

from .enums import StepChannel, StepOwner

NAME: Final = "Standard"


@dataclass(frozen=True)
class StepDefault:
    """A step as it is made for a new company."""

    number: int
    day: int
    channel: StepChannel
    owner: StepOwner
    contact: ContactRole = ContactRole.ACCOUNTS_PAYABLE
    min_amount: Decimal = Decimal(0)
    quotes_penalties: bool = False
    attaches_invoices: bool = False
    is_formal: bool = False
    subject_fr: str = ""
    body_fr: str = ""
    subject_en: str = ""
    body_en: str = ""


# The words of a text message for whoever makes such a step: short, and of signs that fit into 7 bits.
TEXT_FR: Final = (
    "$company : sauf erreur, $total restent dus (compte $code). Merci de régler ou de nous dire la date du"
    " virement : $link"
)
TEXT_EN: Final = (
    "$company: $total are still open on account $code. Please pay, or tell us the date of your transfer:"
    " $link"
)

STEPS: Final = (
    StepDefault(
        0, -7, StepChannel.EMAIL, StepOwner.ADV, min_amount=Decimal(1000),
        subject_fr="Vos prochaines échéances chez $company",
        body_fr=(
            "Bonjour,\n\nLes factures ci-dessous arrivent à échéance. Les avez-vous bien reçues et sont-elles "
            "bonnes à payer\u202f? S’il manque une pièce, un numéro de commande ou si quelque chose ne va pas, "
            "répondez simplement à ce message\u00a0: nous nous en occupons tout de suite.\n\nPouvez-vous nous "
            "indiquer la date de votre prochaine campagne de règlement\u202f?"
        ),
        subject_en="Invoices due soon from $company",
        body_en=(
            "Hello,\n\nThe invoices below are due soon. Have you received them and are they approved for "
            "payment? If a document or an order number is missing, or if anything is wrong, simply answer this "
            "message and we will see to it at once.\n\nCould you tell us the date of your next payment run?"
        ),
    ),
    StepDefault(1, 3, StepChannel.CALL, StepOwner.ADV),
    StepDefault(
        2, 8, StepChannel.EMAIL, StepOwner.ADV, attaches_invoices=True,
        subject_fr="Relance\u00a0: $total en retard chez $company",
        body_fr=(
            "Bonjour,\n\nSauf erreur de notre part, les factures ci-dessous sont échues et nous n’avons pas "
            "encore reçu votre règlement. Vous trouverez ci-joint votre relevé et les copies des "
            "factures.\n\nMerci de nous indiquer la date de votre virement, ou de nous dire ce qui le retient."
        ),
        subject_en="Reminder: $total overdue at $company",
        body_en=(
            "Hello,\n\nUnless we are mistaken, the invoices below are past due and your payment has not "
            "reached us yet. Your statement and copies of the invoices are attached.\n\nPlease tell us the "
            "date of your transfer, or what is holding it back."
        ),
    ),
    StepDefault(
        3, 15, StepChannel.EMAIL, StepOwner.CREDIT, ContactRole.FINANCE_HEAD, quotes_penalties=True,
        attaches_invoices=True,
        subject_fr="Deuxième relance\u00a0: $total à régler",
        body_fr=(
            "Bonjour,\n\nMalgré notre précédente relance, $total restent impayés, dont le plus ancien document "
            "depuis $oldest. Nous vous demandons de régler cette somme sous huit jours.\n\n$penalties"
        ),
        subject_en="Second reminder: $total to be paid",
        body_en=(
            "Hello,\n\nIn spite of our earlier reminder, $total are still unpaid, the oldest document for "
            "$oldest. Please pay this amount within eight days.\n\n$penalties"
        ),
    ),
    StepDefault(
        4, 22, StepChannel.EMAIL, StepOwner.CREDIT, ContactRole.FINANCE_HEAD, quotes_penalties=True,
        attaches_invoices=True,
        subject_fr="Dernier avis avant mise en demeure\u00a0: $total",
        body_fr=(
            "Bonjour,\n\nSans règlement de votre part, nous serons contraints de suspendre vos livraisons et "
            "de vous adresser une mise en demeure. Il est encore temps de nous appeler pour convenir d’une "
            "solution.\n\n$penalties"
        ),
        subject_en="Last notice before formal demand: $total",
        body_en=(
            "Hello,\n\nWithout your payment we will have to suspend deliveries and send you a formal notice. "
            "There is still time to call us and agree on a solution.\n\n$penalties"
        ),
    ),
    StepDefault(
        5, 30, StepChannel.REGISTERED, StepOwner.FINANCE, ContactRole.LEGAL_REPRESENTATIVE, quotes_penalties=True,
        is_formal=True,
        subject_fr="MISE EN DEMEURE de payer $total",
        body_fr=(
            "Madame, Monsieur,\n\nPar la présente, nous vous METTONS EN DEMEURE, au sens de l’article 1344 du "
            "code civil, de nous payer la somme de $total en principal, outre les pénalités et indemnités, dont le "
            "détail figure ci-dessous, dans un délai de $days jours à compter de la présente lettre, soit au plus "
            "tard le $deadline.\n\n$penalties\n\nÀ "
            "défaut de paiement dans ce délai, nous suspendrons nos livraisons, nous demanderons le paiement "
            "immédiat de toutes les sommes que vous nous devez et nous saisirons le tribunal compétent, sans "
            "autre avis."
        ),
        subject_en="FORMAL NOTICE (mise en demeure) to pay $total",
        body_en=(
            "Dear Sir or Madam,\n\nBy this letter we give you FORMAL NOTICE (MISE EN DEMEURE), within the "
            "meaning of article 1344 of the French civil code, to pay us the sum of $total in principal, and "
            "interest and indemnities, detailed below, within $days days of this letter, that is by $deadline "
            "at the latest.\n\n$penalties\n\nFailing payment within this time we will suspend deliveries, "
            "demand immediate payment of every sum you owe us and bring the matter before the competent court "
            "without further notice."
        ),
    ),
    StepDefault(6, 45, StepChannel.FILE, StepOwner.CREDIT, ContactRole.LEGAL_REPRESENTATIVE),
)  # fmt: skip
