"""What a statement says once it is read, whatever the format: plain values, and the two ways a file is refused."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any, Final

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from stdnum import iban as iban_number

from o2c.shared.money import ZERO
from o2c.shared.problems import Invalid, RuleRefused

# The largest file that is read at all: a year of a busy account is a tenth of it.
LARGEST_FILE: Final = 20 * 1024 * 1024
# Beyond it no account of ours moves, and no column of the book takes it.
_LARGEST_AMOUNT: Final = Decimal(10) ** 12

_NOT_ALNUM: Final = re.compile(r"[^0-9A-Z]")
_BLANKS: Final = re.compile(r"\s+")
_CONTROLS: Final = re.compile(r"[\x00-\x1f\x7f]+")
_IBAN_FORM: Final = re.compile(r"[A-Z]{2}[0-9]{2}[0-9A-Z]{11,30}")
_FRENCH_BANK_NUMBER: Final = re.compile(r"[0-9]{5}[0-9]{5}[0-9A-Z]{11}")
# Countries whose IBAN holds bank, branch and number as CFONB writes them, and that IBAN's length.
_RIB_COUNTRIES: Final = ("FR", "MC")
_RIB_IBAN_LENGTH: Final = 27


class Unreadable(Invalid):
    """The file is no statement, or breaks off; ``line`` is the line of the file where that shows."""

    code = "unreadable"

    def __init__(self, line: int, message: str) -> None:
        self.line = line
        told = _("Line %(line)d: %(message)s") % {"line": line, "message": message}
        super().__init__(told, errors={"file": [told]})


class TotalsDoNotTie(RuleRefused):
    """The movements do not lead from the old balance to the new one."""

    code = "totals_do_not_tie"

    def __init__(self, line: int, opening: Decimal, moved: Decimal, closing: Decimal, account: str) -> None:
        self.line = line
        told = _(
            "Line %(line)d: the statement of %(account)s does not tie. It opens with %(opening)s, its movements add up"
            " to %(moved)s, so it should close with %(expected)s, and it says %(closing)s. Fetch the file again: a"
            " line is missing or was changed."
        ) % {
            "line": line,
            "account": account,
            "opening": opening,
            "moved": moved,
            "expected": opening + moved,
            "closing": closing,
        }
        super().__init__(told, errors={"file": [told]})


class TooLarge(Invalid):
    """A file beyond what is read."""

    code = "unreadable"
    message = gettext_lazy(
        "Line 1: this file is larger than 20 MB, and was not read. Ask the bank for shorter periods."
    )


@dataclass(frozen=True, slots=True)
class AccountId:
    """An account as a bank writes it: an IBAN, or bank, branch and number (each may be empty)."""

    iban: str = ""
    bank: str = ""
    branch: str = ""
    number: str = ""

    @property
    def key(self) -> str:
        """What the same account has in common however it is written; French IBAN and RIB give one key."""
        if self.iban:
            rib = self.iban[:2] in _RIB_COUNTRIES and len(self.iban) == _RIB_IBAN_LENGTH
            return f"RIB{self.iban[4:25]}" if rib else self.iban
        rib_number = f"{self.bank.zfill(5)}{self.branch.zfill(5)}{self.number.zfill(11)}"
        if self.bank and self.branch and _FRENCH_BANK_NUMBER.fullmatch(rib_number):
            return f"RIB{rib_number}"
        return f"{self.bank}/{self.branch}/{self.number}"

    def __str__(self) -> str:
        return self.iban or " ".join(part for part in (self.bank, self.branch, self.number) if part)


@dataclass(frozen=True, slots=True)
class Movement:
    """One movement.

    :ivar line: of the file, from 1
    :ivar booked_on: day of the entry on the account
    :ivar value_on: day from which the bank counts it, None where it says none
    :ivar amount: positive for what came in, never 0
    :ivar label: what the bank calls it; with day and amount it tells a movement again
    :ivar text: what the payer wrote, whole
    :ivar reference: structured reference, else the bank's
    :ivar operation_code: how the bank classes it, in the words of the format
    :ivar return_reason: why it was taken back, where the format has a place for it
    :ivar is_reversal: the format itself says that it takes an earlier movement back
    :ivar split_by_hand: several payments in one amount, of which the bank tells none
    :ivar details: CFONB qualifiers with their texts, as they stand
    """

    line: int
    booked_on: date
    value_on: date | None
    amount: Decimal
    label: str
    text: str = ""
    reference: str = ""
    end_to_end_id: str = ""
    mandate: str = ""
    payer_name: str = ""
    payer_iban: str = ""
    operation_code: str = ""
    return_reason: str = ""
    is_reversal: bool = False
    split_by_hand: bool = False
    details: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Statement:
    """What a bank says of one account between two balances.

    :ivar line: of the file, where its closing balance stands
    :ivar number: empty where the format numbers none
    """

    line: int
    account: AccountId
    currency: str
    number: str
    opening_on: date
    opening_balance: Decimal
    closing_on: date
    closing_balance: Decimal
    movements: tuple[Movement, ...] = field(default_factory=tuple)

    @property
    def moved(self) -> Decimal:
        """Sum of the movements."""
        return sum((movement.amount for movement in self.movements), ZERO)

    @property
    def fingerprint(self) -> str:
        """One value for everything the bank wrote in it."""
        head = (
            self.account.key,
            self.currency,
            self.number,
            self.opening_on.isoformat(),
            f"{self.opening_balance:.2f}",
            self.closing_on.isoformat(),
            f"{self.closing_balance:.2f}",
        )
        lines = (
            (m.booked_on.isoformat(), f"{m.amount:.2f}", m.label, m.text, m.end_to_end_id)
            for m in self.movements
        )
        return digest([*head, *(part for line in lines for part in line)])


def check_totals(statements: Sequence[Statement]) -> None:
    """Refuse a statement whose movements do not lead from its old balance to its new one.

    :raises TotalsDoNotTie: naming the figures
    :raises Unreadable: it closes before it opens
    """
    for each in statements:
        if each.opening_on > each.closing_on:
            raise Unreadable(each.line, _("the new balance is dated before the old one."))
        if each.opening_balance + each.moved != each.closing_balance:
            raise TotalsDoNotTie(
                each.line, each.opening_balance, each.moved, each.closing_balance, str(each.account)
            )


def digest(parts: Iterable[str]) -> str:
    """SHA-256 of texts, each apart from the next."""
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()


def cents(amount: Decimal, line: int) -> Decimal:
    """An amount of the file with two decimals.

    :raises Unreadable: fractions of a cent, or beyond any account
    """
    rounded = amount.quantize(Decimal("0.01")) if abs(amount) < _LARGEST_AMOUNT else None
    if rounded is None:
        raise Unreadable(
            line, _("this amount is larger than any account takes: %(amount)s.") % {"amount": amount}
        )
    if rounded != amount:
        raise Unreadable(
            line, _("amounts have two decimals here, this one has more: %(amount)s.") % {"amount": amount}
        )
    return rounded


def clean(text: str, most: int = 0) -> str:
    """Text on one line, without control characters and doubled blanks, at most so long (0: as it is)."""
    plain = _BLANKS.sub(" ", _CONTROLS.sub(" ", text)).strip()
    return plain[:most].rstrip() if most else plain


def iban_in(text: str) -> str:
    """The IBAN a text is, without blanks, as the bank wrote it; empty when it has not the form of one."""
    value = _NOT_ALNUM.sub("", text.upper())
    return value if _IBAN_FORM.fullmatch(value) else ""


def is_right_iban(value: str) -> bool:
    """Whether the check digits of an IBAN are right."""
    return bool(iban_number.is_valid(value))


def french_number(text: str) -> AccountId | None:
    """Bank, branch and number where a text is the 21 characters of a French account, with or without its key."""
    value = _NOT_ALNUM.sub("", text.upper())
    if len(value) in {21, 23} and _FRENCH_BANK_NUMBER.fullmatch(value[:21]):
        return AccountId(bank=value[:5], branch=value[5:10], number=value[10:21])
    return None


def movement_fields(movement: Movement) -> dict[str, Any]:
    """A movement as the contract shows it (``import_statement --json``, ``statements/{id}/lines/``)."""
    return {
        "date": movement.booked_on,
        "value_date": movement.value_on,
        "amount": f"{movement.amount:.2f}",
        "reference": movement.reference,
        "end_to_end_id": movement.end_to_end_id,
        "payer_name": movement.payer_name,
        "payer_iban": movement.payer_iban,
        "text": movement.text,
        "label": movement.label,
        "operation_code": movement.operation_code,
        "return_reason": movement.return_reason,
        "line": movement.line,
    }


def statement_fields(statement: Statement) -> dict[str, Any]:
    """The head of a statement as the contract shows it."""
    return {
        "account": str(statement.account),
        "currency": statement.currency,
        "number": statement.number,
        "opening_balance": f"{statement.opening_balance:.2f}",
        "opening_date": statement.opening_on,
        "closing_balance": f"{statement.closing_balance:.2f}",
        "closing_date": statement.closing_on,
    }
