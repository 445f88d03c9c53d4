"""The life cycle of an e-invoice (AFNOR XP Z12-012 and Z12-014): which status may follow which, with what reason."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from o2c.shared.money import round_cents
from o2c.shared.problems import Conflict, Invalid
from o2c.shared.vat import vat_totals


class Phase(models.TextChoices):
    """Who moves an invoice on: the platforms that carry it, or the buyer who works on it."""

    TRANSMISSION = "transmission", _("Transmission")
    PROCESSING = "processing", _("Processing")


class EInvoiceStatus(models.TextChoices):
    """The fourteen statuses of the reform; the code is that of the norm."""

    DEPOSITED = "DEPOSITED", _("Deposited")
    ISSUED_BY_PLATFORM = "ISSUED_BY_PLATFORM", _("Issued by the platform")
    RECEIVED_BY_PLATFORM = "RECEIVED_BY_PLATFORM", _("Received by the platform")
    MADE_AVAILABLE = "MADE_AVAILABLE", _("Made available")
    IN_HAND = "IN_HAND", _("In hand")
    APPROVED = "APPROVED", pgettext_lazy("e-invoice", "Approved")
    PARTIALLY_APPROVED = "PARTIALLY_APPROVED", _("Partly approved")
    DISPUTED = "DISPUTED", pgettext_lazy("e-invoice", "Disputed")
    SUSPENDED = "SUSPENDED", pgettext_lazy("e-invoice", "Suspended")
    COMPLETED = "COMPLETED", pgettext_lazy("e-invoice", "Completed")
    REFUSED = "REFUSED", pgettext_lazy("e-invoice", "Refused")
    PAYMENT_SENT = "PAYMENT_SENT", _("Payment sent")
    CASHED = "CASHED", _("Cashed")
    REJECTED = "REJECTED", _("Rejected by the platform")


_S = EInvoiceStatus

# The words of the norm, as the platforms show them.
FRENCH: Final = {
    _S.DEPOSITED: "Déposée",
    _S.ISSUED_BY_PLATFORM: "Émise par la plateforme",
    _S.RECEIVED_BY_PLATFORM: "Reçue par la plateforme",
    _S.MADE_AVAILABLE: "Mise à disposition",
    _S.IN_HAND: "Prise en charge",
    _S.APPROVED: "Approuvée",
    _S.PARTIALLY_APPROVED: "Approuvée partiellement",
    _S.DISPUTED: "En litige",
    _S.SUSPENDED: "Suspendue",
    _S.COMPLETED: "Complétée",
    _S.REFUSED: "Refusée",
    _S.PAYMENT_SENT: "Paiement transmis",
    _S.CASHED: "Encaissée",
    _S.REJECTED: "Rejetée",
}
# The work that hands an issued document over, by its key ``invoice:<key>``.
HAND_OVER: Final = "einvoicing.hand_over"
CODES: Final = {status: 200 + position for position, status in enumerate(FRENCH)}
BY_CODE: Final = {code: status for status, code in CODES.items()}

TRANSMISSION: Final = (_S.DEPOSITED, _S.ISSUED_BY_PLATFORM, _S.RECEIVED_BY_PLATFORM, _S.MADE_AVAILABLE)
# What the buyer says while the invoice is worked on; the seller's own answer to a suspension is one of them.
WORKED_ON: Final = frozenset(
    {
        _S.IN_HAND,
        _S.APPROVED,
        _S.PARTIALLY_APPROVED,
        _S.DISPUTED,
        _S.SUSPENDED,
        _S.COMPLETED,
        _S.PAYMENT_SENT,
    }
)
FINAL: Final = frozenset({_S.REFUSED, _S.REJECTED})
# Sent by the seller, never received: the answer to a suspension, and the money that came in.
OURS: Final = frozenset({_S.COMPLETED, _S.CASHED})
TOLD_TO_THE_TAX_PORTAL: Final = frozenset({_S.DEPOSITED, _S.REFUSED, _S.CASHED, _S.REJECTED})
# Told of money that is paid: no credit note has them.
OF_MONEY: Final = frozenset({_S.PAYMENT_SENT, _S.CASHED})
REASON_REQUIRED: Final = frozenset({_S.DISPUTED, _S.SUSPENDED, _S.REFUSED, _S.REJECTED})

_NEVER_OURS: Final = (
    "TX_TVA_ERR", "MONTANTTOTAL_ERR", "CALCUL_ERR", "NON_CONFORME", "DOUBLON", "DEST_ERR", "TRANSAC_INC", "EMMET_INC",
    "CONTRAT_TERM", "DOUBLE_FACT", "CMD_ERR", "ADR_ERR", "REF_CT_ABSENT",
)  # fmt: skip
_PARTLY: Final = (
    "AUTRE", "CMD_ERR", "REF_CT_ABSENT", "SIRET_ERR", "CODE_ROUTAGE_ERR", "REF_ERR", "PU_ERR", "REM_ERR", "QTE_ERR",
    "ART_ERR", "MODPAI_ERR", "QUALITE_ERR", "LIVR_INCOMP",
)  # fmt: skip
REASONS: Final[dict[EInvoiceStatus, frozenset[str]]] = {
    _S.DEPOSITED: frozenset({"NON_TRANSMISE"}),
    _S.PARTIALLY_APPROVED: frozenset(_PARTLY),
    _S.DISPUTED: frozenset({*_PARTLY, *_NEVER_OURS, "COORD_BANC_ERR"}),
    _S.SUSPENDED: frozenset(
        {
            "JUSTIF_ABS",
            "COORD_BANC_ERR",
            "CMD_ERR",
            "SIRET_ERR",
            "CODE_ROUTAGE_ERR",
            "REF_CT_ABSENT",
            "REF_ERR",
        }
    ),
    _S.REFUSED: frozenset(_NEVER_OURS),
    _S.REJECTED: frozenset({"REJ_SEMAN", "REJ_UNI", "REJ_COH", "REJ_ADR"}),
}

# What a reason means as a dispute.
DISPUTE_TYPE: Final = {
    "PU_ERR": "PRICE",
    "REM_ERR": "PRICE",
    "QTE_ERR": "QUANTITY",
    "QUALITE_ERR": "QUALITY",
    "ART_ERR": "QUALITY",
    "LIVR_INCOMP": "DELIVERY",
    "CMD_ERR": "MISSING_PO",
    "REF_CT_ABSENT": "MISSING_PO",
    "REF_ERR": "MISSING_PO",
    "TX_TVA_ERR": "VAT_ADMIN",
    "ADR_ERR": "VAT_ADMIN",
    "SIRET_ERR": "VAT_ADMIN",
    "NON_CONFORME": "VAT_ADMIN",
    "COORD_BANC_ERR": "VAT_ADMIN",
    "NON_TRANSMISE": "INVOICE_NOT_RECEIVED",
    "DEST_ERR": "INVOICE_NOT_RECEIVED",
    "CODE_ROUTAGE_ERR": "INVOICE_NOT_RECEIVED",
    "DOUBLON": "DUPLICATE",
    "DOUBLE_FACT": "DUPLICATE",
    "MODPAI_ERR": "TERMS",
    "CONTRAT_TERM": "CONTRACT",
    "TRANSAC_INC": "CONTRACT",
    "EMMET_INC": "CONTRACT",
    "CALCUL_ERR": "CALCULATION",
    "MONTANTTOTAL_ERR": "CALCULATION",
    "JUSTIF_ABS": "MISSING_DOCUMENT",
    "AUTRE": "COMMERCIAL_OTHER",
}

# In the reader's words; the code stands beside them.
REASON_WORDS: Final = {
    "TX_TVA_ERR": _("Wrong VAT rate"),
    "MONTANTTOTAL_ERR": _("Wrong total"),
    "CALCUL_ERR": _("Error of calculation"),
    "NON_CONFORME": _("A legal mention is missing"),
    "DOUBLON": _("Received twice"),
    "DEST_ERR": _("Wrong recipient"),
    "TRANSAC_INC": _("Unknown transaction"),
    "EMMET_INC": _("Unknown sender"),
    "CONTRAT_TERM": _("The contract has ended"),
    "DOUBLE_FACT": _("Invoiced twice"),
    "CMD_ERR": _("Wrong or missing order number"),
    "ADR_ERR": _("Wrong invoicing address"),
    "SIRET_ERR": _("Wrong or missing SIRET"),
    "CODE_ROUTAGE_ERR": _("Wrong or missing routing code"),
    "REF_CT_ABSENT": _("The contract reference is missing"),
    "REF_ERR": _("Wrong reference"),
    "PU_ERR": _("Wrong unit price"),
    "REM_ERR": _("Wrong discount"),
    "QTE_ERR": _("Wrong quantity"),
    "ART_ERR": _("Wrong article"),
    "MODPAI_ERR": _("Wrong payment term"),
    "QUALITE_ERR": _("Quality of what was delivered"),
    "LIVR_INCOMP": _("Incomplete delivery"),
    "COORD_BANC_ERR": _("Wrong bank details"),
    "JUSTIF_ABS": _("A supporting document is missing"),
    "AUTRE": _("Another reason"),
    "NON_TRANSMISE": _("The buyer has no active address to receive it"),
    "REJ_SEMAN": _("The content breaks a rule of the format"),
    "REJ_UNI": _("The number was used before"),
    "REJ_COH": _("The data contradict each other"),
    "REJ_ADR": _("The electronic address does not exist"),
}


class StatusImpossible(Conflict):
    code = "status_impossible"
    message = _("This status cannot follow the present one.")


@dataclass(frozen=True)
class Marks:
    """What the norm says of a status."""

    code: int
    label_fr: str
    phase: Phase
    sent_to_tax_portal: bool
    reason_required: bool
    final: bool
    transitions: frozenset[EInvoiceStatus]
    reason_codes: frozenset[str]


def marks_of(status: EInvoiceStatus) -> Marks:
    """What the norm says of a status: its code, its words, where it may go."""
    carried = status in TRANSMISSION or status is _S.REJECTED
    return Marks(
        code=CODES[status],
        label_fr=FRENCH[status],
        phase=Phase.TRANSMISSION if carried else Phase.PROCESSING,
        sent_to_tax_portal=status in TOLD_TO_THE_TAX_PORTAL,
        reason_required=status in REASON_REQUIRED,
        final=status in FINAL,
        transitions=followers(status),
        reason_codes=REASONS.get(status, frozenset()),
    )


def followers(status: EInvoiceStatus | None, *, is_credit: bool = False) -> frozenset[EInvoiceStatus]:
    """Statuses that may follow one; with none known yet the document counts as deposited.

    Transmission only goes forward, a platform rejects only what has not been received, the buyer may change their
    mind until they refuse, and nothing follows an end but another receipt of money.

    :param is_credit: of a credit note, for which no money comes in
    """
    if is_credit:
        return followers(status) - OF_MONEY
    if status is None:
        return followers(_S.DEPOSITED) | {_S.DEPOSITED}
    if status in FINAL:
        return frozenset()
    if status is _S.CASHED:
        return frozenset({_S.CASHED, _S.PAYMENT_SENT})
    found = (WORKED_ON | {_S.REFUSED, _S.CASHED}) - {status}
    if status in TRANSMISSION:
        found |= set(TRANSMISSION[TRANSMISSION.index(status) + 1 :])
        if status in (_S.DEPOSITED, _S.ISSUED_BY_PLATFORM):
            found |= {_S.REJECTED}
    return frozenset(found)


def check_status(
    new: EInvoiceStatus,
    *,
    after: EInvoiceStatus | None,
    reason_code: str = "",
    amount: Decimal | None = None,
    total: Decimal,
    is_credit: bool = False,
) -> None:
    """Refuse a status that cannot follow the present one, or whose reason or amount does not fit it.

    :param amount: what of the invoice it concerns; only a dispute or a partial approval has one
    :param total: of the invoice, incl. VAT; of a credit note without its sign
    :param is_credit: of a credit note
    :raises StatusImpossible: it cannot follow
    :raises Invalid: a reason is missing or is none of this status; the amount is not above 0 and within the total
    """
    if new not in followers(after, is_credit=is_credit):
        raise StatusImpossible(
            _("“%(new)s” cannot follow “%(old)s”.")
            % {"new": new.label, "old": after.label if after else _("not deposited yet")}
        )
    if not reason_code and new in REASON_REQUIRED:
        known = ", ".join(sorted(REASONS[new]))
        raise Invalid(
            errors={"reason_code": [_("This status needs a reason: %(known)s.") % {"known": known}]}
        )
    if reason_code and reason_code not in REASONS.get(new, frozenset()):
        known = ", ".join(sorted(REASONS.get(new, ()))) or str(_("none"))
        text = _("“%(code)s” is no reason of this status. Known: %(known)s.")
        raise Invalid(errors={"reason_code": [text % {"code": reason_code, "known": known}]})
    if amount is None:
        return
    if new not in (_S.DISPUTED, _S.PARTIALLY_APPROVED, _S.CASHED):
        raise Invalid(errors={"amount": [_("This status has no amount.")]})
    if new is not _S.CASHED and not 0 < amount <= total:
        raise Invalid(errors={"amount": [_("The amount is above 0 and at most the total of the invoice.")]})


def vat_of_receipt(
    amount: Decimal, total: Decimal, lines: Iterable[tuple[Decimal, Decimal]]
) -> list[dict[str, str]]:
    """Split what came in over the rates of an invoice, as the platform wants it of services taxed on receipt.

    Each rate takes its share of the total incl. VAT, the last one what rounding leaves, so that the parts are the
    amount.

    :param amount: incl. VAT; negative when it went back
    :param total: of the invoice, incl. VAT
    :param lines: ``(VAT rate in percent, net)`` of the invoice's lines; none of an invoice without lines
    """
    by_rate = vat_totals((Decimal(1), net, rate) for rate, net in lines).by_rate
    found: list[dict[str, str]] = []
    left = amount
    for position, row in enumerate(by_rate, start=1):
        whole = row.base + row.vat
        part = left if position == len(by_rate) else round_cents(amount * whole / total)
        vat = round_cents(part * row.rate / (100 + row.rate))
        found.append({"rate": f"{row.rate:.2f}", "base": f"{part - vat:.2f}", "vat": f"{vat:.2f}"})
        left -= part
    return found
