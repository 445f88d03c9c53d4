"""What matching is told and what it answers: payments, open items, clients, proposals. Plain values, no rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple

from o2c.shared.money import ZERO


class Why(StrEnum):
    """What speaks for a proposal, or against it; ``wording`` says it to people."""

    REFERENCE = "reference"
    CITED = "cited"
    CITED_LOOSELY = "cited_loosely"
    EXACT = "exact"
    SUM = "sum"
    BALANCE = "balance"
    DISCOUNT = "discount"
    TOLERANCE = "tolerance"
    EXCHANGE = "exchange"
    CREDIT_NOTE = "credit_note"
    SHORT = "short"
    OVER = "over"
    OLDEST_FIRST = "oldest_first"
    PAYER_RECORDED = "payer_recorded"
    PAYER_IBAN = "payer_iban"
    PAYER_NAME = "payer_name"
    PAYER_RELATED = "payer_related"
    PAYER_UNLIKE = "payer_unlike"
    PAYER_ELSEWHERE = "payer_elsewhere"
    SEVERAL_FIT = "several_fit"
    CITES_OTHER = "cites_other"
    LATE_DISCOUNT = "late_discount"


class Reason(NamedTuple):
    """One reason with its figures: amounts, numbers of documents, names, counts."""

    why: Why
    figures: Mapping[str, object] = {}


@dataclass(frozen=True)
class Rules:
    """What a company asks of matching.

    :ivar confidence: from this score on a payment may be matched without anybody looking
    :ivar margin: how much surer than anything else it must be for that
    :ivar tolerance: the difference that may be written off, in the payment's currency
    :ivar exchange_share: the difference a bank's exchange may make, as a share, in a foreign currency
    """

    automatic: bool = False
    confidence: Decimal = Decimal("0.90")
    margin: Decimal = Decimal("0.10")
    tolerance: Decimal = Decimal("1.00")
    exchange_share: Decimal = Decimal("0.01")


class DiscountTerms(NamedTuple):
    """A cash discount: percent of the price, for money received at most so many days after the issue."""

    percent: Decimal
    days: int


@dataclass(frozen=True, slots=True)
class OpenItem:
    """Something a client owes, or is owed (negative).

    :ivar discount: what may be left out where the payment comes by ``discount_until``
    """

    key: int
    document: str
    account_id: int
    open_amount: Decimal
    issue_date: date
    due_date: date
    discount: Decimal = ZERO
    discount_until: date | None = None


@dataclass(frozen=True, slots=True)
class Circle:
    """Clients of one legal entity or group: a payment settles items of one of them only.

    :ivar recorded: the account the payment is booked on, if it is in this circle
    :ivar linked: account → how often the payer's bank account paid for it before
    :ivar names: account → its name and its legal entity's
    """

    key: str
    items: Sequence[OpenItem]
    recorded: int | None = None
    linked: Mapping[int, int] = field(default_factory=dict)
    names: Mapping[int, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Money:
    """A payment, or what is left of it.

    :ivar foreign: not in the company's currency
    """

    key: int
    amount: Decimal
    received_on: date
    text: str = ""
    payer_name: str = ""
    foreign: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    """What becomes of one item: an amount of the payment (of a credit: negative), and what is let go of it.

    :ivar discount: taken by the client, within its terms
    :ivar write_off: small difference, or what the bank's exchange made where ``is_exchange``
    """

    item: OpenItem
    amount: Decimal
    discount: Decimal = ZERO
    write_off: Decimal = ZERO
    is_exchange: bool = False


@dataclass(frozen=True)
class Proposal:
    """One way to match a payment.

    :ivar account_id: whose payment it then is
    :ivar left: what stays of the payment
    :ivar over: more than was owed by so little that it is written off; part of nothing else
    """

    lines: tuple[Line, ...]
    score: Decimal
    reasons: tuple[Reason, ...]
    account_id: int
    left: Decimal = ZERO
    over: Decimal = ZERO

    @property
    def over_is_exchange(self) -> bool:
        """Whether what is more than was owed was made by an exchange."""
        return any(reason.why is Why.EXCHANGE for reason in self.reasons)

    @property
    def keys(self) -> tuple[tuple[int, Decimal], ...]:
        """What tells one proposal from another: its items with their amounts."""
        return tuple(sorted((line.item.key, line.amount) for line in self.lines))

    @property
    def is_whole(self) -> bool:
        """Whether nothing is left, neither of the payment nor of what is owed."""
        return self.left == 0 and all(
            line.amount + line.discount + line.write_off == line.item.open_amount
            for line in self.lines
            if line.item.open_amount > 0
        )
