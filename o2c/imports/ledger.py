"""A receivables ledger, line by line: from cells to checked values, or to what is wrong with the line. No database."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import Final

from django.utils.translation import gettext as _

from accounts.identifiers import check_siren
from accounts.policy import UnknownTerm, parse_term
from o2c.shared.money import ZERO, parse_decimal, round_cents

from .cells import LARGEST, currencies, is_plain, read_date, text_of
from .mapping import Mapping
from .reader import Cell, Row, Table

_LENGTHS: Final = {"customer_code": 40, "customer_name": 200, "number": 60, "customer_reference": 120}
_PROGRESS_EVERY: Final = 5000


@dataclass(frozen=True)
class LineError:
    """What is wrong with one line of the file; the header is line 1."""

    line: int
    message: str

    def __str__(self) -> str:
        return _("line %(line)d: %(message)s") % {"line": self.line, "message": self.message}


@dataclass(frozen=True, slots=True)
class LedgerLine:
    """One document of a ledger.

    :ivar amount: incl. VAT; negative for a credit note
    :ivar settled_on: the day it was paid in full, None while it is open
    :ivar disputed: what the client contests of it, 0 when nothing
    """

    line: int
    customer_code: str
    number: str
    issue_date: date
    due_date: date
    currency: str
    amount: Decimal
    settled_on: date | None
    disputed: Decimal
    customer_reference: str


@dataclass(frozen=True, slots=True)
class Customer:
    """A client as the file describes it, from the first line that does."""

    code: str
    name: str
    siren: str
    country: str
    term: str
    currency: str


@dataclass
class Ledger:
    """A file as read: good lines, clients, and what is wrong with the others."""

    lines: list[LedgerLine] = field(default_factory=list)
    customers: dict[str, Customer] = field(default_factory=dict)
    errors: list[LineError] = field(default_factory=list)
    read: int = 0


class _Wrong(Exception):
    """One cell cannot be taken."""


def read_ledger(
    table: Table, mapping: Mapping, *, today: date, progress: Callable[[int], None] | None = None
) -> Ledger:
    """Read every line of a ledger and check it; a line with an error is left out of ``lines``.

    :param today: documents dated later are refused
    :param progress: told the number of lines read every few thousand
    """
    ledger = Ledger()
    columns, missing = _columns(table.columns, mapping)
    if missing:
        ledger.errors = [LineError(1, message) for message in missing]
        return ledger
    reader = _LineReader(mapping, columns, today)
    for row in table.rows:
        ledger.read += 1
        if progress is not None and ledger.read % _PROGRESS_EVERY == 0:
            progress(ledger.read)
        if row.problem:
            ledger.errors.append(LineError(row.line, row.problem))
            continue
        line = reader.read(row)
        if line is not None:
            ledger.lines.append(line)
    ledger.errors += reader.errors
    ledger.errors.sort(key=lambda error: error.line)
    ledger.customers = reader.customers
    return ledger


def _columns(found: Iterable[str], mapping: Mapping) -> tuple[dict[str, str], list[str]]:
    """Which column of this file holds each field, and what is missing; case does not matter."""
    by_name = {name.casefold(): name for name in found}
    columns, missing = {}, []
    for column, name in mapping.columns.items():
        actual = by_name.get(column.casefold())
        if actual is None:
            missing.append(
                _("the column “%(column)s” (%(field)s) is missing; there are %(found)s.")
                % {"column": column, "field": name, "found": ", ".join(n for n in by_name.values() if n)}
            )
        else:
            columns[name] = actual
    return columns, missing


class _LineReader:
    """Reads the lines of one file; remembers what must agree between lines."""

    def __init__(self, mapping: Mapping, columns: dict[str, str], today: date) -> None:
        self.mapping = mapping
        self.columns = columns
        self.today = today
        self.errors: list[LineError] = []
        self.customers: dict[str, Customer] = {}
        self._line_of: dict[str, int] = {}
        self._date = lru_cache(maxsize=20_000)(lambda text: read_date(text, mapping.date_format))

    def read(self, row: Row) -> LedgerLine | None:
        """The line, or None with its errors noted."""
        values: dict[str, object] = {}
        wrong: list[str] = []
        for name, column in self.columns.items():
            try:
                values[name] = self._value(name, row.cells[column])
            except (_Wrong, ValueError, UnknownTerm) as error:
                wrong.append(f"{column}: {error}")
        if not wrong:
            try:
                line, customer = self._line(row.line, values)
                self._agree(line, customer)
            except _Wrong as error:
                wrong.append(str(error))
            else:
                return line
        self.errors += [LineError(row.line, message) for message in wrong]
        return None

    def _value(self, name: str, cell: Cell) -> object:
        words = self.mapping.value_maps.get(name)
        if words is not None:
            return self._meaning(words, text_of(cell))
        if name in {"issue_date", "due_date", "settled_on"}:
            return self._day(cell, needed=name != "settled_on")
        if name in {"amount", "disputed_amount"}:
            return self._amount(cell, needed=name == "amount")
        text = text_of(cell)
        if name == "disputed":
            return self._meaning({"yes": "yes", "oui": "yes", "no": "no", "non": "no"}, text)
        return _checked_text(name, text)

    @staticmethod
    def _meaning(words: object, text: str) -> str:
        assert isinstance(words, dict)
        if not text and "" not in words:
            return ""
        meaning = words.get(text.casefold())
        if meaning is None:
            raise _Wrong(_("“%(text)s” is none of %(known)s") % {"text": text, "known": ", ".join(words)})
        return str(meaning)

    def _day(self, cell: Cell, *, needed: bool) -> date | None:
        if isinstance(cell, date):
            return cell
        text = text_of(cell)
        if not text:
            if needed:
                raise _Wrong(_("a date is missing"))
            return None
        return self._date(text)

    def _amount(self, cell: Cell, *, needed: bool) -> Decimal | None:
        if isinstance(cell, date):
            raise _Wrong(_("“%(text)s” is a date, not an amount") % {"text": text_of(cell)})
        if isinstance(cell, Decimal):
            value = cell
        elif cell:
            value = parse_decimal(cell, decimal_mark=self.mapping.decimal)
        elif needed:
            raise _Wrong(_("an amount is missing"))
        else:
            return None
        if not is_plain(value):
            raise _Wrong(_("“%(text)s” is too large") % {"text": text_of(cell)[:40]})
        # A spreadsheet keeps 0.1 + 0.2: a trace of binary arithmetic is no third decimal.
        rounded = round_cents(value)
        exact = abs(value - rounded) < Decimal("0.000001") if isinstance(cell, Decimal) else value == rounded
        if not exact:
            raise _Wrong(_("“%(text)s” has more than two decimals") % {"text": text_of(cell)})
        if abs(rounded) > LARGEST:
            raise _Wrong(_("“%(text)s” is too large") % {"text": text_of(cell)})
        if rounded < 0 and not self.mapping.negatives_are_credit_notes:
            raise _Wrong(_("“%(text)s” is negative") % {"text": text_of(cell)})
        return rounded

    def _line(self, number: int, values: dict[str, object]) -> tuple[LedgerLine, Customer]:
        amount, issued, settled = values["amount"], values["issue_date"], values.get("settled_on")
        due, disputed = values["due_date"], values.get("disputed_amount")
        assert isinstance(amount, Decimal)
        assert isinstance(issued, date)
        assert isinstance(due, date)
        assert settled is None or isinstance(settled, date)
        if issued > self.today:
            raise _Wrong(_("issued on %(day)s, after today") % {"day": issued})
        if due < issued:
            raise _Wrong(_("due on %(due)s, before it was issued on %(day)s") % {"due": due, "day": issued})
        if settled is not None and settled < issued:
            raise _Wrong(
                _("settled on %(settled)s, before it was issued on %(day)s")
                % {"settled": settled, "day": issued}
            )
        if not isinstance(disputed, Decimal):
            # A contested credit note takes nothing away.
            disputed = max(amount, ZERO) if values.get("disputed") == "yes" else ZERO
        elif disputed < 0 or disputed > max(amount, ZERO):
            raise _Wrong(_("disputed %(disputed)s of %(amount)s") % {"disputed": disputed, "amount": amount})
        currency = str(values.get("currency") or self.mapping.currency)
        code = str(values["customer_code"])
        line = LedgerLine(
            line=number,
            customer_code=code,
            number=str(values["number"]),
            issue_date=issued,
            due_date=due,
            currency=currency,
            amount=amount,
            settled_on=settled,
            disputed=disputed,
            customer_reference=str(values.get("customer_reference", "")),
        )
        customer = Customer(
            code=code,
            name=str(values.get("customer_name") or code),
            siren=str(values.get("siren", "")),
            country=str(values.get("country") or self.mapping.country),
            term=str(values.get("term") or self.mapping.term),
            currency=currency,
        )
        return line, customer

    def _agree(self, line: LedgerLine, customer: Customer) -> None:
        earlier = self._line_of.get(line.number)
        if earlier is not None:
            raise _Wrong(
                _("%(number)s stands already on line %(line)d") % {"number": line.number, "line": earlier}
            )
        known = self.customers.setdefault(customer.code, customer)
        if known.siren != customer.siren:
            raise _Wrong(
                _("client %(code)s has the SIREN “%(siren)s” on an earlier line, here “%(other)s”")
                % {"code": customer.code, "siren": known.siren, "other": customer.siren}
            )
        self._line_of[line.number] = line.line


def _checked_text(name: str, text: str) -> str:
    if name in {"customer_code", "number"} and not text:
        raise _Wrong(_("nothing is written here"))
    if len(text) > _LENGTHS.get(name, 200):
        raise _Wrong(_("longer than %(length)d characters") % {"length": _LENGTHS.get(name, 200)})
    if name == "siren" and text:
        checked = check_siren(text)
        if not checked.valid:
            raise _Wrong(checked.problem)
        return checked.value
    if name == "country" and text and not re.fullmatch(r"[A-Za-z]{2}", text):
        raise _Wrong(_("“%(text)s” is no country: write FR, BE, DE") % {"text": text})
    if name == "currency" and text and text.upper() not in currencies():
        raise _Wrong(_("“%(text)s” is no currency: write EUR, USD") % {"text": text})
    if name == "term" and text:
        return parse_term(text).code
    return text.upper() if name in {"country", "currency"} else text
