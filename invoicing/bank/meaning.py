"""What a movement of the bank is to us: a client's payment, one taken back, a fee, or nothing of ours."""

from __future__ import annotations

import re
from typing import Final

from accounts.enums import PaymentMethod
from invoicing.enums import LineOutcome

from .records import Movement

Meaning = LineOutcome

# Words of the bank. Labels say more than codes, which differ from bank to bank (domain.md 9.1).
_FEE: Final = re.compile(
    r"\b(FRAIS|COMMISSIONS?|COM(?=\s)|CION|AGIOS?|COTISATION|ABONNEMENT|INTERETS? DEBITEURS?|TENUE DE COMPTE"
    r"|ARRETE DE COMPTE|FEES?|CHARGES?)\b"
)
_RETURN: Final = re.compile(
    r"\b(IMPAYES?|REJETS?|REJETEE?S?|RETOURS?|UNPAID|RETURNED|RETURN|RECALL|CHARGEBACK)\b"
)
_METHODS: Final = (
    (re.compile(r"\b(CHQ|CHEQUES?|REM(ISE)? CHQ?S?)\b"), PaymentMethod.CHEQUE),
    (re.compile(r"\b(BOR|BILLETS? A ORDRE)\b"), PaymentMethod.BOR),
    (re.compile(r"\b(LCR|EFFETS?|TRAITES?|LETTRES? DE CHANGE)\b"), PaymentMethod.LCR),
    (
        re.compile(r"\b(PRLVS?|PRELEVEMENTS?|PRLVT|SDD|DIRECT DEBIT)\b.*\b(B2B|INTERENTREPRISES?)\b"),
        PaymentMethod.SDD_B2B,
    ),
    (re.compile(r"\b(PRLVS?|PRELEVEMENTS?|PRLVT|SDD|DIRECT DEBIT)\b"), PaymentMethod.DIRECT_DEBIT),
    (re.compile(r"\b(VIRT?S?|VIREMENTS?|VRT|SCT|TRANSFER)\b"), PaymentMethod.TRANSFER),
    (re.compile(r"\b(CB|CARTES?|TPE|REM(ISE)? CB)\b"), PaymentMethod.CARD),
)
# What a payer writes may speak of a card or a transfer that was none.
_SURE_IN_ANY_TEXT: Final = 5
# Says more than the family it stands beside: SEPA business-to-business direct debit.
_B2B_CODE: Final = "BBDD"
_CODES: Final = {
    # MT940 types, without their first letter.
    "CHK": PaymentMethod.CHEQUE, "DDT": PaymentMethod.DIRECT_DEBIT, "BOE": PaymentMethod.LCR, "COL": PaymentMethod.LCR,
    "CRD": PaymentMethod.CARD,
    # ISO 20022 families.
    "RDDT": PaymentMethod.DIRECT_DEBIT, "IDDT": PaymentMethod.DIRECT_DEBIT, "RCHQ": PaymentMethod.CHEQUE,
    "ICHQ": PaymentMethod.CHEQUE, "CCRD": PaymentMethod.CARD, "MCRD": PaymentMethod.CARD, "DRFT": PaymentMethod.LCR,
    # CFONB.
    "02": PaymentMethod.CHEQUE, "61": PaymentMethod.LCR, "B2": PaymentMethod.DIRECT_DEBIT,
    "B3": PaymentMethod.DIRECT_DEBIT,
}  # fmt: skip


def meaning_of(movement: Movement) -> Meaning:
    """Say what a movement is to us.

    Money in is a client's until somebody knows better, but for a debit of our own that comes back. Money out is a
    return where the format or the words say so, a fee where the words do, else nothing of ours.
    """
    if movement.amount > 0:
        return Meaning.OTHER if movement.is_reversal else Meaning.PAYMENT
    words = f"{movement.label} {movement.text}".upper()
    if movement.is_reversal:
        return Meaning.RETURN
    if _FEE.search(words):
        return Meaning.FEE
    if movement.return_reason or _RETURN.search(words):
        return Meaning.RETURN
    return (
        Meaning.FEE
        if "CHRG" in movement.operation_code or "NCHG" in movement.operation_code
        else Meaning.OTHER
    )


def method_of(*, label: str, text: str, operation_code: str) -> PaymentMethod:
    """How the client paid, by the words of the bank, then by its code; a transfer where neither says."""
    for pattern, method in _METHODS:
        if pattern.search(label.upper()):
            return method
    if _B2B_CODE in operation_code.split("-"):
        return PaymentMethod.SDD_B2B
    for part in (*operation_code.split("-"), operation_code[1:]):
        if part in _CODES:
            return _CODES[part]
    for pattern, method in _METHODS[:_SURE_IN_ANY_TEXT]:
        if pattern.search(text.upper()):
            return method
    return PaymentMethod.TRANSFER
