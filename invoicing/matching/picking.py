"""A payment shared out by hand: what somebody picked, and what becomes of the difference. Plain values, no rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from enum import StrEnum

from o2c.shared.money import ZERO

from .facts import Line, OpenItem


class Rest(StrEnum):
    """What becomes of the difference between a payment and what was picked."""

    KEEP = "keep"
    WRITE_OFF = "write_off"
    EXCHANGE = "exchange"
    DISCOUNT = "discount"


@dataclass(frozen=True)
class Shared:
    """What a payment settles.

    :ivar left: what stays of the payment on the client's account
    :ivar short: what stays open of what was picked
    :ivar gone: what is let go, signed: above 0 of what is owed, below 0 of the payment
    :ivar over: the part of the payment that is let go
    """

    lines: tuple[Line, ...]
    left: Decimal = ZERO
    short: Decimal = ZERO
    gone: Decimal = ZERO
    over: Decimal = ZERO
    over_is_exchange: bool = False


def share_out(money: Decimal, picked: Sequence[tuple[OpenItem, Decimal | None]], rest: Rest) -> Shared:
    """Share a payment out over items in their order, credits of the client added to it.

    What the money does not reach stays open of the last ones, or is let go of the largest; what is more than was picked
    stays on account, or is let go.

    :param picked: each with the amount that is wanted of it, all that is open where None; negative of a credit
    """
    wanted = [(item, item.open_amount if amount is None else amount) for item, amount in picked]
    short = sum((amount for _item, amount in wanted), ZERO) - money
    if short == 0 or not wanted:
        return _shared(wanted, left=-short if short < 0 else ZERO)
    if short < 0:
        if rest in (Rest.WRITE_OFF, Rest.EXCHANGE):
            made = _shared(wanted)
            return replace(made, over=-short, gone=short, over_is_exchange=rest is Rest.EXCHANGE)
        return _shared(wanted, left=-short)
    if rest is Rest.KEEP:
        return replace(_shared(_reached(wanted, short)), short=_left_open(wanted) + short)
    largest = max(wanted, key=lambda pair: pair[1])[0]
    lines = tuple(
        _let_go(item, amount, short, rest) if item is largest else Line(item, amount)
        for item, amount in wanted
    )
    return replace(_shared(wanted), lines=lines, gone=short, short=_open(lines))


def _let_go(item: OpenItem, amount: Decimal, short: Decimal, rest: Rest) -> Line:
    if rest is Rest.DISCOUNT:
        return Line(item, amount - short, discount=short)
    return Line(item, amount - short, write_off=short, is_exchange=rest is Rest.EXCHANGE)


def _reached(wanted: Sequence[tuple[OpenItem, Decimal]], short: Decimal) -> list[tuple[OpenItem, Decimal]]:
    """The items as far as the money goes: the last ones lose first."""
    kept: list[tuple[OpenItem, Decimal]] = []
    for item, amount in reversed(wanted):
        taken = min(short, amount) if amount > 0 else ZERO
        short -= taken
        if amount != taken:
            kept.append((item, amount - taken))
    return kept[::-1]


def _shared(wanted: Sequence[tuple[OpenItem, Decimal]], *, left: Decimal = ZERO) -> Shared:
    lines = tuple(Line(item, amount) for item, amount in wanted)
    return Shared(lines, left=left, short=_open(lines))


def _left_open(wanted: Sequence[tuple[OpenItem, Decimal]]) -> Decimal:
    """What stays open of the items where each gets what is wanted of it."""
    return sum((item.open_amount - amount for item, amount in wanted if item.open_amount > 0), ZERO)


def _open(lines: Sequence[Line]) -> Decimal:
    return sum(
        (
            line.item.open_amount - line.amount - line.discount - line.write_off
            for line in lines
            if line.item.open_amount > 0
        ),
        ZERO,
    )
