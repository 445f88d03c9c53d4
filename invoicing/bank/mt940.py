"""MT940: the statement of SWIFT (domain.md 9.2).

A reader of our own: what is refused must name its line, and pages, broken lines, funds codes and 30/360 dates are read
as banks really send them.
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from typing import Final

from django.utils.translation import gettext as _

from .records import (
    AccountId,
    Movement,
    Statement,
    Unreadable,
    cents,
    clean,
    french_number,
    iban_in,
    is_right_iban,
)

_FIELD: Final = re.compile(r":([0-9]{2}[A-Z]?):(.*)", re.DOTALL)
_WRAPPED_AT: Final = 65
_BALANCE: Final = re.compile(r"([CD])([0-9]{6})([A-Z]{3})([0-9]{1,15}(?:,[0-9]*)?)", re.ASCII)
# Value day, booking day, mark (R takes back), funds code, amount, type, reference.
_LINE: Final = re.compile(
    r"([0-9]{6})([0-9]{4})?(R?[CD])([A-Z])?([0-9]{1,15}(?:,[0-9]*)?)([A-Z][A-Z0-9]{3})?(.*)", re.ASCII
)
_KNOWN: Final = {
    "13", "13D", "20", "21", "25", "25P", "28", "28C", "34F", "60F", "60M", "61", "62F", "62M", "64", "65", "86", "90C",
    "90D", "NS",
}  # fmt: skip
_RETURN_TYPES: Final = {"NRTI", "NRET", "FRTI"}
_NOT_GIVEN: Final = {"", "NONREF", "EREF", "PREF", "NOTPROVIDED"}
_CODE_WORDS: Final = re.compile(
    r"/(EREF|PREF|IREF|KREF|MARF|CSID|RTRN|CNTP|REMI|NAME|BENM|ORDP|IBAN|BIC|ISDT|ADDR|PURP|SVCL|TRTP|TRCD|UDTR|UCRD"
    r"|ULTD|ULTC|RREF|ID)/"
)
_GERMAN: Final = re.compile(r"^[0-9]{3}\?")
_GERMAN_WORDS: Final = re.compile(r"(EREF|KREF|MREF|CRED|DEBT|SVWZ|ABWA|ABWE|IBAN|BIC)\+")
_CENTURY: Final = 2000
_LAST_CENTURY_FROM: Final = 80
_HALF_YEAR: Final = 6


@dataclass
class _Open:
    """A statement, or page of one, whose closing balance has not come yet."""

    line: int
    account: AccountId | None = None
    number: str = ""
    currency: str = ""
    opening_on: date | None = None
    opening: Decimal | None = None
    goes_on: bool = False
    movements: list[Movement] = field(default_factory=list)


def read(content: bytes) -> list[Statement]:
    """Read every statement of a file; pages of one (60M, 62M) become one, zero amounts are left out.

    :raises Unreadable: naming the line and what is wrong with it
    """
    found: list[Statement] = []
    pages: list[tuple[bool, bool]] = []
    current: _Open | None = None
    last, awaits_text = 1, False
    for number, tag, value in _fields(content):
        last = number
        if tag == "20":
            if current is not None:
                raise _unfinished(number, current)
            current = _Open(number)
            continue
        if current is None:
            # What a bank sends behind a closing balance (64, 65, 86) says nothing of movements.
            if found and tag in {"64", "65", "86", "13D", "90C", "90D"}:
                continue
            raise Unreadable(number, _(":%(tag)s: before the :20: of its statement.") % {"tag": tag})
        if tag in {"25", "25P"}:
            current.account = _account(value, number)
        elif tag in {"28", "28C"}:
            current.number = clean(re.sub(r"\s", "", value).partition("/")[0], 60)
        elif tag in {"60F", "60M"}:
            current.opening, current.opening_on, current.currency = _balance(tag, value, number)
            current.goes_on = tag == "60M"
        elif tag == "61":
            if current.opening is None:
                raise Unreadable(number, _("a movement (:61:) before the old balance (:60F:)."))
            movement = _movement(value, number)
            awaits_text = movement is not None
            if movement is not None:
                current.movements.append(movement)
            continue
        elif tag == "86":
            if awaits_text:
                current.movements[-1] = _with_text(current.movements[-1], value)
        elif tag in {"62F", "62M"}:
            statement = _closed(current, tag, value, number)
            _add(found, pages, statement, starts=current.goes_on, goes_on=tag == "62M")
            current = None
        elif tag not in _KNOWN:
            raise Unreadable(number, _(":%(tag)s: is no field of an MT940 statement.") % {"tag": tag})
        awaits_text = False
    if current is not None:
        raise _unfinished(last, current)
    if not found:
        raise Unreadable(1, _("there is no statement in this file."))
    return found


def _unfinished(line: int, current: _Open) -> Unreadable:
    return Unreadable(
        line,
        _("the statement of line %(open)d has no new balance (:62F:): the file is cut short.")
        % {"open": current.line},
    )


def _fields(content: bytes) -> Iterator[tuple[int, str, str]]:
    """Each field with the number of its first line, its tag and its text, lines apart by line feeds."""
    lines = _decoded(content).replace("\r\n", "\n").replace("\r", "\n").split("\n")
    tag, start, parts = "", 0, [""]
    for number, line in enumerate(lines, start=1):
        if "\0" in line:
            raise Unreadable(number, _("this line holds null characters: save the file as plain text."))
        text = re.sub(r"^(\{[0-9]:[^{}]*\}?)+", "", line).rstrip()
        match = _FIELD.fullmatch(text)
        if match:
            if tag:
                yield start, tag, "\n".join(parts)
            tag, start, parts = match[1], number, [match[2]]
        elif _ends_message(text, lines[number:]):
            if tag:
                yield start, tag, "\n".join(parts)
            tag = ""
        elif tag:
            parts.append(text)
        elif text and not re.fullmatch(r":[0-9]{3}:|\{.*|\}", text):
            raise Unreadable(
                number,
                _("an MT940 line starts with a tag such as :20:, this one with “%(start)s”.")
                % {"start": clean(text, 12)},
            )
    if tag:
        yield start, tag, "\n".join(parts)


def _ends_message(text: str, following: list[str]) -> bool:
    """Whether a line ends a message: ``-}``, or ``-`` with another message or nothing behind it."""
    if text in {"-}", "}", "-}}"} or re.fullmatch(r":[0-9]{3}:", text):
        return True
    if text != "-":
        return False
    behind = next((line.strip() for line in following if line.strip()), "")
    return not behind or behind.startswith(("{", "}", ":20:", ":940:", "-"))


def _decoded(content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("latin-1")


def _account(value: str, number: int) -> AccountId:
    """The account of :25:, which may carry its currency behind it or a bank before it."""
    text = re.sub(r"\s", "", value).upper()
    for whole in (text, text.rpartition("/")[2]):
        # A currency may stand behind the number; what is a right IBAN as it is has none.
        bare = whole[:-3] if whole[-3:].isalpha() and not is_right_iban(whole) else whole
        if iban := iban_in(bare):
            return AccountId(iban=iban)
        if rib := french_number(bare):
            return rib
    bank, slash, rest = text.partition("/")
    account = AccountId(bank=bank[:11], number=rest[:34]) if slash else AccountId(number=text[:34])
    if not account.number:
        raise Unreadable(number, _("the statement names no account (:25:)."))
    return account


def _balance(tag: str, value: str, number: int) -> tuple[Decimal, date, str]:
    match = _BALANCE.fullmatch(re.sub(r"\s", "", value))
    if match is None:
        raise Unreadable(
            number,
            _("“%(text)s” is no balance: C or D, the day (YYMMDD), the currency, the amount with a comma.")
            % {"text": clean(f":{tag}:{value}", 60)},
        )
    amount = _amount(match[4], number)
    return (amount if match[1] == "C" else -amount), _day(match[2], number), match[3]


def _amount(text: str, number: int) -> Decimal:
    return cents(Decimal(text.replace(",", ".").rstrip(".") or "0"), number)


def _day(text: str, number: int) -> date:
    """A day written YYMMDD; the 30th of February, which some banks count with, is the last of the month."""
    year, month, day = int(text[:2]), int(text[2:4]), int(text[4:6])
    year += _CENTURY if year < _LAST_CENTURY_FROM else _CENTURY - 100
    return _real_day(year, month, day, text, number)


def _real_day(year: int, month: int, day: int, text: str, number: int) -> date:
    if not 1 <= month <= 12 or not 1 <= day <= 31 or (day == 31 and monthrange(year, month)[1] < 31):
        raise Unreadable(number, _("“%(text)s” is no date (YYMMDD).") % {"text": text})
    return date(year, month, min(day, monthrange(year, month)[1]))


def _movement(value: str, number: int) -> Movement | None:
    """A line of :61:; None for an amount of nothing."""
    first, _lf, more = value.partition("\n")
    match = _LINE.fullmatch(first.strip())
    if match is None:
        raise Unreadable(
            number,
            _(
                "“%(text)s” is no movement: day (YYMMDD), C or D, the amount with a comma, the type, the reference."
            )
            % {"text": clean(first, 60)},
        )
    value_on = _day(match[1], number)
    amount = _amount(match[5], number)
    if not amount:
        return None
    mark, kind = match[3], match[6] or ""
    # RC takes a credit back and so is a debit, RD the other way round.
    is_credit = mark in {"C", "RD"}
    own, _slashes, banks = match[7].partition("//")
    return Movement(
        line=number,
        booked_on=_booked(match[2], value_on, number) if match[2] else value_on,
        value_on=value_on,
        amount=amount if is_credit else -amount,
        label=clean(f"{kind} {own}", 500),
        reference=clean(own if own.strip().upper() not in _NOT_GIVEN else banks, 300),
        payer_iban=iban_in(more.partition("\n")[0]),
        operation_code=kind,
        is_reversal=mark in {"RC", "RD"} or kind in _RETURN_TYPES,
    )


def _booked(text: str, value_on: date, number: int) -> date:
    """The booking day MMDD, in the year that brings it nearest to the value day."""
    month, day = int(text[:2]), int(text[2:])
    year = value_on.year
    if month - value_on.month > _HALF_YEAR:
        year -= 1
    elif value_on.month - month > _HALF_YEAR:
        year += 1
    return _real_day(year, month, day, text, number)


def _closed(current: _Open, tag: str, value: str, number: int) -> Statement:
    if current.account is None:
        raise Unreadable(number, _("the statement names no account (:25:)."))
    if current.opening is None or current.opening_on is None:
        raise Unreadable(number, _("the statement has no old balance (:60F:)."))
    closing, closing_on, currency = _balance(tag, value, number)
    if currency != current.currency:
        raise Unreadable(
            number,
            _("currency %(found)s in a statement in %(expected)s.")
            % {"found": currency, "expected": current.currency},
        )
    return Statement(
        line=number,
        account=current.account,
        currency=currency,
        number=current.number,
        opening_on=current.opening_on,
        opening_balance=current.opening,
        closing_on=closing_on,
        closing_balance=closing,
        movements=tuple(current.movements),
    )


def _add(
    found: list[Statement],
    pages: list[tuple[bool, bool]],
    page: Statement,
    *,
    starts: bool,
    goes_on: bool,
) -> None:
    """Put a page behind the one it continues, else store it as a statement of its own."""
    before = found[-1] if found and pages[-1][1] and starts else None
    if before is not None and before.account.key == page.account.key and before.currency == page.currency:
        if before.closing_balance != page.opening_balance:
            raise Unreadable(
                page.line,
                _(
                    "the page opens with %(found)s, the one before it closed with %(expected)s: a page is missing."
                )
                % {"found": page.opening_balance, "expected": before.closing_balance},
            )
        found[-1] = replace(
            page,
            number=before.number,
            opening_on=before.opening_on,
            opening_balance=before.opening_balance,
            movements=before.movements + page.movements,
        )
        pages[-1] = (starts, goes_on)
        return
    found.append(page)
    pages.append((starts, goes_on))


def _with_text(movement: Movement, value: str) -> Movement:
    """A movement with what :86: says of it, whichever of the three ways the bank writes it in."""
    lines = value.split("\n")
    joined = _joined(lines, structured=lines[0].startswith("/") or bool(_GERMAN.match(lines[0])))
    if _GERMAN.match(joined):
        said = _german(joined)
    elif _CODE_WORDS.search(joined):
        said = _code_words(joined)
    else:
        said = {"text": clean(joined)}
    reason = clean(said.get("reason", ""), 40)
    return replace(
        movement,
        label=clean(said["text"] or said.get("name", "") or joined or movement.label, 500),
        text=said["text"],
        reference=clean(said.get("reference") or movement.reference, 300),
        end_to_end_id=_given(said.get("end_to_end", "")),
        mandate=_given(said.get("mandate", "")),
        payer_name=clean(said.get("name", ""), 200),
        payer_iban=iban_in(said.get("iban", "")) or movement.payer_iban,
        return_reason=reason or movement.return_reason,
        is_reversal=movement.is_reversal or bool(reason),
    )


def _given(text: str) -> str:
    value = clean(text, 70)
    return "" if value.upper() in _NOT_GIVEN else value


def _joined(lines: list[str], *, structured: bool) -> str:
    """The lines of a field as one: a full line was cut in a word, a shorter one ended where it should."""
    text, before = "", ""
    for line in lines:
        gap = "" if structured or not text or len(before) >= _WRAPPED_AT else " "
        text, before = text + gap + line, line
    return text


def _code_words(text: str) -> Mapping[str, str]:
    """``/EREF/…//CNTP/iban/bic/name///REMI/USTD//text/`` and ``/BENM//NAME/…/REMI/text/ISDT/…``."""
    pieces = _CODE_WORDS.split(text)
    values: dict[str, str] = {}
    for word, value in zip(pieces[1::2], pieces[2::2], strict=True):
        values.setdefault(word, value.strip("/").strip())
    said = {
        "end_to_end": values.get("EREF", ""),
        "mandate": values.get("MARF", ""),
        "reason": values.get("RTRN", ""),
        "name": values.get("NAME", ""),
        "iban": values.get("IBAN", ""),
    }
    if party := values.get("CNTP"):
        parts = party.split("/")
        said["iban"] = parts[0]
        said["name"] = next((part for part in parts[2:] if part), said["name"])
    remittance = values.get("REMI", "")
    kind, _slash, rest = remittance.partition("/")
    if kind == "USTD":
        remittance = rest.strip("/")
    elif kind == "STRD":
        remittance = rest.rpartition("/")[2]
        said["reference"] = clean(remittance, 300)
    said["text"] = clean(remittance)
    return said


def _german(text: str) -> Mapping[str, str]:
    """``166?00GUTSCHRIFT?20EREF+…?21SVWZ+…?31iban?32name?33name``."""
    parts: dict[str, str] = {}
    for piece in text.split("?")[1:]:
        parts[piece[:2]] = parts.get(piece[:2], "") + piece[2:]
    free = "".join(value for code, value in parts.items() if "20" <= code <= "29" or "60" <= code <= "63")
    pieces = _GERMAN_WORDS.split(free)
    words = dict(zip(pieces[1::2], (clean(value) for value in pieces[2::2]), strict=True))
    return {
        "text": words.get("SVWZ") or clean(free),
        "end_to_end": words.get("EREF", ""),
        "mandate": words.get("MREF", ""),
        "name": clean(parts.get("32", "") + parts.get("33", "")),
        "iban": parts.get("31", "") or words.get("IBAN", ""),
        "reason": "",
    }
