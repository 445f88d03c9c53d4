"""CFONB 120: the statement of French banks, lines of 120 characters (domain.md 9.1)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Final

from django.utils.translation import gettext as _

from .records import AccountId, Movement, Statement, Unreadable, cents, clean, iban_in

_WIDTH: Final = 120
_OPENING, _MOVEMENT, _DETAIL, _CLOSING = "01", "04", "05", "07"
# The last character of an amount carries digit and sign.
_CREDIT: Final = {character: digit for digit, character in enumerate("{ABCDEFGHI")}
_DEBIT: Final = {character: digit for digit, character in enumerate("}JKLMNOPQR")}
# A year above it lies in the last century.
_LAST_CENTURY_ABOVE: Final = 60
_ISO_REASON: Final = re.compile(r"\b(?:AC|AG|AM|BE|CN|DN|DT|ED|FF|MD|MS|RC|RR|SL|SV|TM)[0-9]{2}\b")
# What banks put before the payer's name in a label.
_NAMED: Final = re.compile(
    r"(?:(?:IMPAYE|REJET|RETOUR) )?(?:VIR(?:EMENT)?|PRLV|PRELEVEMENT)(?: (?:SEPA|INST|RECU|EUROPEEN|DE))* (.+)"
)
_REFERENCE_LENGTH: Final = 35


@dataclass
class _Open:
    """A statement whose closing balance has not come yet."""

    line: int
    account: AccountId
    currency: str
    opening_on: date
    opening_balance: Decimal
    movements: list[Movement] = field(default_factory=list)
    raw: str = ""
    raw_line: int = 0
    details: list[tuple[str, str]] = field(default_factory=list)

    def finish_movement(self) -> None:
        """Store the movement whose details have all come."""
        if self.raw:
            movement = _movement(self.raw, self.raw_line, tuple(self.details))
            if movement is not None:
                self.movements.append(movement)
        self.raw, self.details = "", []


def read(content: bytes) -> list[Statement]:
    """Read every statement of a file.

    Lines cut on the right, empty lines, qualifiers unknown here and a bank code that differs within a statement are
    read as they come; records out of their order are not.

    :raises Unreadable: naming the line and what is wrong with it
    """
    found: list[Statement] = []
    current: _Open | None = None
    last = 1
    for number, line in _records(content):
        last, kind = number, line[:2]
        if kind == _OPENING:
            if current is not None:
                raise Unreadable(
                    number,
                    _("a statement starts (01) before the one of line %(open)d has its new balance (07).")
                    % {"open": current.line},
                )
            current = _opened(line, number)
            continue
        if current is None:
            raise Unreadable(
                number, _("a record %(kind)s before the old balance (01) of its statement.") % {"kind": kind}
            )
        if line[21:32].strip() != current.account.number:
            raise Unreadable(
                number,
                _("account %(found)s in the statement of account %(expected)s.")
                % {"found": line[21:32].strip() or "-", "expected": current.account.number},
            )
        if kind == _DETAIL:
            if not current.raw:
                raise Unreadable(number, _("a detail (05) without its movement (04) before it."))
            current.details.append((line[45:48].strip(), line[48:118].rstrip()))
            continue
        current.finish_movement()
        if _currency(line) != current.currency:
            raise Unreadable(
                number,
                _("currency %(found)s in a statement in %(expected)s.")
                % {"found": _currency(line), "expected": current.currency},
            )
        if kind == _MOVEMENT:
            current.raw, current.raw_line = line, number
            continue
        found.append(_closed(current, line, number))
        current = None
    if current is not None:
        raise Unreadable(
            last,
            _("the file ends before the new balance (07) of the statement of line %(open)d: it is cut short.")
            % {"open": current.line},
        )
    if not found:
        raise Unreadable(1, _("there is no statement in this file."))
    return found


def _records(content: bytes) -> Iterator[tuple[int, str]]:
    """The lines that say something, padded to their width, each with its number."""
    text = _decoded(content)
    lines = re.split(r"\r\n|\n|\r|\x1a", text)
    if len(lines) == 1 and len(text) > _WIDTH:
        # Some banks send the records without line ends.
        lines = [text[start : start + _WIDTH] for start in range(0, len(text), _WIDTH)]
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        if line[:2] not in {_OPENING, _MOVEMENT, _DETAIL, _CLOSING}:
            raise Unreadable(
                number,
                _("a CFONB line starts with 01, 04, 05 or 07, this one with “%(start)s”.")
                % {"start": clean(line[:12])},
            )
        if len(line.rstrip()) > _WIDTH:
            raise Unreadable(
                number,
                _("this line has %(length)d characters, a CFONB line has 120.")
                % {"length": len(line.rstrip())},
            )
        if "\0" in line:
            raise Unreadable(number, _("this line holds null characters: save the file as plain text."))
        yield number, line.ljust(_WIDTH)[:_WIDTH]


def _decoded(content: bytes) -> str:
    """Latin-1, as banks send it; UTF-8 where accents show that somebody saved it so."""
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("latin-1")


def _opened(line: str, number: int) -> _Open:
    account = AccountId(bank=line[2:7].strip(), branch=line[11:16].strip(), number=line[21:32].strip())
    if not account.number:
        raise Unreadable(number, _("the old balance (01) names no account."))
    return _Open(number, account, _currency(line), _day(line, 34, number), _amount(line, number))


def _closed(current: _Open, line: str, number: int) -> Statement:
    return Statement(
        line=number,
        account=current.account,
        currency=current.currency,
        number="",
        opening_on=current.opening_on,
        opening_balance=current.opening_balance,
        closing_on=_day(line, 34, number),
        closing_balance=_amount(line, number),
        movements=tuple(current.movements),
    )


def _movement(line: str, number: int, details: tuple[tuple[str, str], ...]) -> Movement | None:
    """A movement with its details; None for one without amount, which only informs."""
    amount = _amount(line, number)
    if not amount:
        return None
    by_code: dict[str, list[str]] = {}
    for code, text in details:
        by_code.setdefault(code, []).append(text)
    label = clean(line[48:79])
    free = [*by_code.get("LIB", ()), *by_code.get("LCC", ()), *by_code.get("LC2", ())]
    client_reference = (by_code.get("RCN") or [""])[0]
    text = clean(" ".join([label, *free]))
    reject = line[40:42].strip()
    reason = next((found[0] for found in map(_ISO_REASON.findall, free) if found), reject)
    payer = (by_code.get("NPY") or by_code.get("NPO") or [""])[0]
    references = [*by_code.get("LCS", ()), line[104:120], *by_code.get("REF", ())]
    return Movement(
        line=number,
        booked_on=_day(line, 34, number),
        value_on=_day(line, 42, number) if line[42:48].strip() else None,
        amount=amount,
        label=label,
        text=text,
        reference=next(filter(None, (clean(each, 300) for each in references)), ""),
        end_to_end_id=_given(client_reference[:_REFERENCE_LENGTH]),
        mandate=clean((by_code.get("RUM") or [""])[0], 70),
        payer_name=clean(payer, 200) or _named(label),
        payer_iban=next(filter(None, (iban_in(t) for c in ("IPY", "CPY") for t in by_code.get(c, ()))), ""),
        operation_code=line[32:34].strip(),
        return_reason=reason,
        is_reversal=bool(reject.strip("0")),
        details=details,
    )


def _named(label: str) -> str:
    """The payer where only the label names one."""
    match = _NAMED.fullmatch(label)
    return match[1] if match else ""


def _given(text: str) -> str:
    value = clean(text, 70)
    return "" if value.upper() in {"NOTPROVIDED", "NOT PROVIDED"} else value


def _currency(line: str) -> str:
    return line[16:19].strip().upper() or "EUR"


def _day(line: str, start: int, number: int) -> date:
    """A day written DDMMYY at an index."""
    text = line[start : start + 6]
    if not re.fullmatch(r"[0-9]{6}", text, re.ASCII):
        raise Unreadable(
            number,
            _("“%(text)s” in columns %(first)d to %(last)d is no date (DDMMYY).")
            % {"text": text.strip(), "first": start + 1, "last": start + 6},
        )
    year = int(text[4:])
    try:
        return date(year + (1900 if year > _LAST_CENTURY_ABOVE else 2000), int(text[2:4]), int(text[:2]))
    except ValueError as error:
        raise Unreadable(
            number,
            _("“%(text)s” in columns %(first)d to %(last)d is no date (DDMMYY).")
            % {"text": text, "first": start + 1, "last": start + 6},
        ) from error


def _amount(line: str, number: int) -> Decimal:
    """The amount of columns 91 to 104; its last character carries digit and sign."""
    text = line[90:104]
    digits, last = text[:-1].strip(), text[-1]
    decimals = line[19:20].strip() or "2"
    if not re.fullmatch(r"[0-9]+", digits, re.ASCII) or not (last in _CREDIT or last in _DEBIT):
        raise Unreadable(
            number,
            _(
                "“%(text)s” in columns 91 to 104 is no amount: digits, then a last character that carries the sign"
                " ({ABCDEFGHI for credits, }JKLMNOPQR for debits)."
            )
            % {"text": text.strip()},
        )
    if decimals not in "0123":
        raise Unreadable(number, _("column 20 gives “%(text)s” decimals.") % {"text": decimals})
    value = Decimal(f"{digits}{_CREDIT.get(last, _DEBIT.get(last, 0))}").scaleb(-int(decimals))
    return cents(-value if last in _DEBIT else value, number)
