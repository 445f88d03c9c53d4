"""Writes the statement that the demonstration's bank would send, as CFONB 120 (domain.md 9.1)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final

_CREDIT: Final = "{ABCDEFGHI"
_DEBIT: Final = "}JKLMNOPQR"
_TEXT_WIDTH: Final = 70


@dataclass(frozen=True)
class Entry:
    """One movement as the bank writes it; ``details`` are qualifiers with their texts."""

    day: date
    amount: Decimal
    label: str
    code: str = "18"
    value_day: date | None = None
    reference: str = ""
    reject: str = ""
    details: Sequence[tuple[str, str]] = ()


def statement(
    *,
    bank: str,
    branch: str,
    account: str,
    opening_on: date,
    opening: Decimal,
    closing_on: date,
    entries: Sequence[Entry],
    currency: str = "EUR",
) -> bytes:
    """The lines of one statement; its new balance follows from the movements."""

    def head(kind: str, code: str = "") -> str:
        return f"{kind}{bank:5}{code:4}{branch:5}{currency:3}2 {account:>11}"

    def balance(kind: str, day: date, amount: Decimal) -> str:
        return f"{head(kind)}  {day:%d%m%y}{'':50}{_amount(amount)}"

    lines = [balance("01", opening_on, opening)]
    for entry in entries:
        value = entry.value_day or entry.day
        lines.append(
            f"{head('04')}{entry.code:2}{entry.day:%d%m%y}{entry.reject:2}{value:%d%m%y}{entry.label[:31]:31}"
            f"{'':2}{0:07d}  {_amount(entry.amount)}{entry.reference[:16]:16}"
        )
        for qualifier, text in entry.details:
            lines.append(
                f"{head('05')}{entry.code:2}{entry.day:%d%m%y}{'':5}{qualifier:3}{text[:_TEXT_WIDTH]:70}"
            )
    lines.append(balance("07", closing_on, opening + sum((e.amount for e in entries), Decimal(0))))
    return "".join(f"{line:120}\r\n" for line in lines).encode("latin-1", "replace")


def _amount(amount: Decimal) -> str:
    """Fourteen characters, the last of which carries digit and sign."""
    digits = f"{abs(int(amount * 100)):014d}"
    return digits[:-1] + (_DEBIT if amount < 0 else _CREDIT)[int(digits[-1])]
