"""Their purchase order against our order: every difference with its place, both values and its amount.

Plain values only. Quantities and prices must be equal; a total may differ by a cent a line from rounding; terms
are compared by the day on which an invoice would fall due; articles, blanks and capitals aside, by their code.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import field as about
from datetime import date
from decimal import Decimal
from enum import StrEnum

from accounts.policy import due_date
from o2c.shared.money import ZERO, round_cents

CENT = Decimal("0.01")


class Field(StrEnum):
    """What differs."""

    CURRENCY = "currency"
    TERM = "term"
    DELIVERY = "delivery"
    TOTAL = "total"
    QUANTITY = "quantity"
    PRICE = "unit_price"
    NOT_THEIRS = "not_on_theirs"
    NOT_OURS = "not_on_ours"


@dataclass(frozen=True)
class PaperLine:
    """A line as it reads on either paper; the price excludes VAT."""

    line: int
    sku: str
    description: str
    quantity: Decimal
    unit_price: Decimal
    delivery: date | None = None

    @property
    def net(self) -> Decimal:
        """Quantity times price, to the cent."""
        return round_cents(self.quantity * self.unit_price)


@dataclass(frozen=True)
class Paper:
    """An order as it reads on either paper; what a paper does not say is empty and not compared."""

    currency: str
    lines: Sequence[PaperLine]
    term: str = ""
    delivery: date | None = None
    total: Decimal | None = None
    dated_on: date | None = None


@dataclass(frozen=True)
class Difference:
    """One difference. ``effect`` is what we would bill beyond their paper, below zero when it is less."""

    field: Field
    ours: str
    theirs: str
    line: int | None = None
    what: str = ""
    effect: Decimal | None = about(default=None, compare=False)

    @property
    def place(self) -> str:
        """Where it is: ``currency``, or ``10.quantity`` for a line."""
        return self.field.value if self.line is None else f"{self.line}.{self.field.value}"

    @property
    def key(self) -> tuple[str, str, str]:
        """What makes it the same difference: the place and both values."""
        return (self.place, self.ours, self.theirs)


def differences(ours: Paper, theirs: Paper, *, order_date: date) -> tuple[Difference, ...]:
    """Return every difference between our order and the client's purchase order, head first, then by line."""
    by_line = _of_lines(ours, theirs)
    explained = sum((found.effect or ZERO for found in by_line), ZERO)
    head = [
        _currency(ours, theirs),
        _term(ours, theirs, order_date),
        _delivery(ours, theirs),
        _total(ours, theirs, explained),
    ]
    return (*(found for found in head if found is not None), *by_line)


def amount_of(found: Sequence[Difference]) -> Decimal:
    """What the differences come to, whichever way each goes."""
    return sum((abs(each.effect) for each in found if each.effect is not None), ZERO)


def _currency(ours: Paper, theirs: Paper) -> Difference | None:
    if not theirs.currency or ours.currency == theirs.currency:
        return None
    return Difference(Field.CURRENCY, ours.currency, theirs.currency)


def _term(ours: Paper, theirs: Paper, order_date: date) -> Difference | None:
    if not theirs.term or theirs.term == ours.term:
        return None
    delivered = ours.delivery or order_date
    if "PREPAID" not in {ours.term, theirs.term} and (
        due_date(delivered, ours.term, delivered) == due_date(delivered, theirs.term, delivered)
    ):
        return None
    return Difference(Field.TERM, ours.term, theirs.term)


def _delivery(ours: Paper, theirs: Paper) -> Difference | None:
    if theirs.delivery is None or theirs.delivery == ours.delivery:
        return None
    return Difference(Field.DELIVERY, _day(ours.delivery), _day(theirs.delivery))


def _total(ours: Paper, theirs: Paper, explained: Decimal) -> Difference | None:
    """A total that the lines do not explain."""
    if theirs.total is None:
        return None
    own = sum((line.net for line in ours.lines), ZERO)
    effect = own - theirs.total
    if abs(effect - explained) <= CENT * max(len(ours.lines), len(theirs.lines), 1):
        return None
    return Difference(Field.TOTAL, _plain(own), _plain(theirs.total), effect=effect - explained)


def _of_lines(ours: Paper, theirs: Paper) -> list[Difference]:
    left = list(theirs.lines)
    found: list[Difference] = []
    for line in ours.lines:
        match = _match(line, left)
        if match is None:
            gone = f"{_plain(line.quantity)} × {_plain(line.unit_price)}"
            found.append(Difference(Field.NOT_THEIRS, gone, "", line.line, line.description, effect=line.net))
            continue
        left.remove(match)
        found += _of_line(line, match, ours.delivery)
    for line in left:
        there = f"{_plain(line.quantity)} × {_plain(line.unit_price)}"
        name = line.description or line.sku
        found.append(Difference(Field.NOT_OURS, "", there, line.line, name, effect=-line.net))
    return found


def _of_line(ours: PaperLine, theirs: PaperLine, delivery: date | None) -> list[Difference]:
    found: list[Difference] = []

    def differs(what: Field, own: str, other: str, effect: Decimal | None = None) -> None:
        found.append(Difference(what, own, other, ours.line, ours.description, effect))

    if ours.quantity != theirs.quantity:
        effect = round_cents((ours.quantity - theirs.quantity) * theirs.unit_price)
        differs(Field.QUANTITY, _plain(ours.quantity), _plain(theirs.quantity), effect)
    if ours.unit_price != theirs.unit_price:
        effect = round_cents((ours.unit_price - theirs.unit_price) * ours.quantity)
        differs(Field.PRICE, _plain(ours.unit_price), _plain(theirs.unit_price), effect)
    if theirs.delivery is not None and theirs.delivery != delivery:
        differs(Field.DELIVERY, _day(delivery), _day(theirs.delivery))
    return found


def _match(line: PaperLine, candidates: Sequence[PaperLine]) -> PaperLine | None:
    """Their line for one of ours: the same article, best with the same line number; else the same words."""
    same = [each for each in candidates if _word(each.sku) and _word(each.sku) == _word(line.sku)]
    same = same or [
        each
        for each in candidates
        if not _word(each.sku) and _word(each.description) == _word(line.description)
    ]
    equal = [each for each in same if (each.quantity, each.unit_price) == (line.quantity, line.unit_price)]
    first = next(iter(equal or same), None)
    return next((each for each in same if each.line == line.line), first)


def _word(text: str) -> str:
    return "".join(text.split()).casefold()


def _day(day: date | None) -> str:
    return day.isoformat() if day else ""


def _plain(value: Decimal) -> str:
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text
