"""Rules of the ledger over plain values: dates, instalments, what may be matched, letters, numbers."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Final, NamedTuple

from django.utils.translation import gettext_lazy as _

from o2c.shared import formats
from o2c.shared.calendar import end_of_month
from o2c.shared.money import ZERO, round_cents
from o2c.shared.problems import RuleRefused
from o2c.shared.vat import RateTotal, VatTotals

from .enums import InvoiceStatus, PaymentStatus

INVOICE_PREFIX: Final = "FA"
CREDIT_NOTE_PREFIX: Final = "AV"
DEPOSIT_PREFIX: Final = "AC"
PENALTY_PREFIX: Final = "IR"
# A credit note of the whole invoice for this reason lets its order be invoiced again.
REINVOICE: Final = "REINVOICE"
# What whoever may credit at all credits alone (domain.md 5.4).
CREDITED_ALONE: Final = Decimal(500)
FIRST_LETTERS: Final = "AAA"

_SERIES_NUMBER: Final = re.compile(
    rf"(?:{INVOICE_PREFIX}|{CREDIT_NOTE_PREFIX}|{DEPOSIT_PREFIX}|{PENALTY_PREFIX})\d{{4}}-\d{{6,}}"
)
# What a document number may look like inside the text of a transfer.
_TOKEN: Final = re.compile(r"[0-9A-Za-zÀ-ÿ]+(?:[-/_.][0-9A-Za-zÀ-ÿ]+)*")


class InstalmentsDoNotAddUp(RuleRefused):
    code = "instalments_do_not_add_up"
    message = _("The instalments do not add up to the total of the document.")


class ClosedPeriod(RuleRefused):
    code = "closed_period"
    message = _("This date lies in a closed period.")


class DatedAhead(RuleRefused):
    code = "dated_ahead"
    message = _("A document cannot be dated after today.")


class ReturnedBeforeReceived(RuleRefused):
    code = "returned_before_received"
    message = _("A payment cannot be returned before it came in.")


class BeyondLegalCap(RuleRefused):
    code = "beyond_legal_cap"
    message = _("The due date lies beyond the legal cap on payment terms.")


class OverAllocated(RuleRefused):
    code = "over_allocated"
    message = _("More than what is open cannot be matched.")


class OtherDebtor(RuleRefused):
    code = "other_debtor"
    message = _("Items of two clients are matched only within one legal entity or group of the same company.")


class OtherCurrency(RuleRefused):
    code = "other_currency"
    message = _("Items in different currencies cannot be matched.")


class FrozenItem(RuleRefused):
    code = "frozen_by_insolvency"
    message = _("This is a debt of before the judgement: new money cannot pay it (C. com. L622-7).")


class SameSide(RuleRefused):
    code = "same_side"
    message = _("A match needs one item that is owed and one credit.")


class OverDisputed(RuleRefused):
    code = "over_disputed"
    message = _("More than what is open cannot be disputed.")


class Instalment(NamedTuple):
    """One part of a document with its own due date; negative in a credit note."""

    due_date: date
    amount: Decimal


@dataclass(frozen=True)
class LineInput:
    """One line of a document to be: price excl. VAT, rate in percent.

    :ivar order_line: number of the order's line it invoices, where it invoices one
    """

    description: str
    quantity: Decimal
    unit_price: Decimal
    vat_rate: Decimal = Decimal(20)
    sku: str = ""
    order_line: int | None = None


@dataclass(frozen=True)
class Side:
    """What a match must know of one of its two items; ``open_amount`` is signed, credits are negative."""

    company_id: int
    account_id: int
    entity_id: int
    group_id: int | None
    currency: str
    amount: Decimal
    open_amount: Decimal
    effective_date: date


@dataclass(frozen=True)
class OpenDays:
    """Which days accept entries: those from a first one on, less the months closed, with those opened again.

    :ivar first: first day open where nobody closed or opened its month
    :ivar closed: first days of the closed months
    :ivar reopened: first days of the months opened again, however long ago they are
    """

    first: date
    closed: frozenset[date] = frozenset()
    reopened: frozenset[date] = frozenset()

    def is_open(self, day: date) -> bool:
        """Whether a day accepts entries."""
        month = day.replace(day=1)
        return month not in self.closed and (day >= self.first or month in self.reopened)

    def first_from(self, day: date) -> date:
        """The day itself when it is open, else the first open one after it."""
        day = max(day, min([self.first, *self.reopened]))
        while not self.is_open(day):
            following = end_of_month(day) + timedelta(days=1)
            day = self.first if day < self.first < following else following
        return day

    def check(self, day: date) -> None:
        """Refuse a day somebody asks for that is closed.

        :raises ClosedPeriod: names the first open day
        """
        if not self.is_open(day):
            raise ClosedPeriod(
                _("%(day)s lies in a closed period. The first open day is %(open)s.")
                % {"day": formats.date_short(day), "open": formats.date_short(self.first_from(day))}
            )


def check_document_date(day: date, *, today: date, open_days: OpenDays) -> None:
    """Refuse a date of issue that is to come or in a closed period.

    :raises DatedAhead: after today
    :raises ClosedPeriod: not an open day
    """
    if day > today:
        raise DatedAhead
    open_days.check(day)


def check_return_date(day: date, *, received: date, today: date, open_days: OpenDays) -> None:
    """Refuse a day on which a payment cannot have been returned, or on which the books take nothing.

    :raises DatedAhead: after today
    :raises ReturnedBeforeReceived: names the day it came in
    :raises ClosedPeriod: not an open day
    """
    if day > today:
        raise DatedAhead(_("A return cannot be dated after today."))
    if day < received:
        raise ReturnedBeforeReceived(
            _("This payment came in on %(day)s: it cannot be returned before.")
            % {"day": formats.date_short(received)}
        )
    open_days.check(day)


def instalments_of(
    total: Decimal, due: date, instalments: Sequence[Instalment] | None
) -> tuple[Instalment, ...]:
    """Return the parts of a document: those given, or the whole on its due date.

    :raises InstalmentsDoNotAddUp: a wrong sum, or a part without amount or of the wrong sign
    """
    if not instalments:
        return (Instalment(due, total),)
    if sum((part.amount for part in instalments), ZERO) != total or any(
        part.amount * total <= 0 for part in instalments
    ):
        raise InstalmentsDoNotAddUp
    return tuple(sorted(instalments, key=lambda part: part.due_date))


def part_of_totals(amount: Decimal, whole: VatTotals | None) -> VatTotals:
    """Split an amount incl. VAT over the rates of a document in their proportion; the last takes the rest.

    Without a breakdown there is nothing to split: the amount stands alone.
    """
    if whole is None or whole.incl == 0:
        return VatTotals(amount, ZERO, amount, ())
    parts: list[RateTotal] = []
    left = amount
    for position, rate in enumerate(whole.by_rate, start=1):
        share = round_cents(amount * (rate.base + rate.vat) / whole.incl)
        share = left if position == len(whole.by_rate) else share
        base = round_cents(share / (1 + rate.rate / 100))
        parts.append(RateTotal(rate.rate, base, share - base))
        left -= share
    excl = sum((part.base for part in parts), ZERO)
    return VatTotals(excl, amount - excl, amount, tuple(parts))


def credit_bound(level: int, matrix: Mapping[int, Decimal | None]) -> Decimal | None:
    """Return how much somebody of this level credits alone, None without bound (domain.md 5.4)."""
    if level not in matrix:
        return CREDITED_ALONE
    bound = matrix[level]
    return None if bound is None else max(bound, CREDITED_ALONE)


def check_match(debit: Side, credit: Side, amount: Decimal) -> None:
    """Refuse a match that must not be; amounts are those open under the lock.

    :raises SameSide: two debits or two credits
    :raises OtherDebtor: neither one account, nor one entity, nor one group of one company
    :raises OtherCurrency: two currencies
    :raises OverAllocated: nothing or less, or more than either side has open
    """
    if debit.amount < 0 or credit.amount >= 0:
        raise SameSide
    related = debit.entity_id == credit.entity_id or (
        debit.group_id is not None and debit.group_id == credit.group_id
    )
    if debit.company_id != credit.company_id or not related:
        raise OtherDebtor
    if debit.currency != credit.currency:
        raise OtherCurrency
    if not 0 < amount <= min(debit.open_amount, -credit.open_amount):
        raise OverAllocated


def match_date(debit: date, credit: date, asked: date | None, open_days: OpenDays) -> date:
    """Return the day a match takes effect: the later of its two items' days, or later if asked.

    A closed period accepts nothing: there the default becomes the first open day after it.

    :raises ClosedPeriod: a day asked for that is closed
    """
    if asked is not None:
        open_days.check(asked)
    return open_days.first_from(max(debit, credit, asked or debit))


def reversal_date(matched_on: date, today: date) -> date:
    """Return when an un-matching takes effect: today or the match's own if later: no past reading moves."""
    return max(matched_on, today)


def next_letter(last: str | None) -> str:
    """Return the matching code that follows: AAA, AAB, … AAZ, ABA, … ZZZ, AAAA."""
    if not last:
        return FIRST_LETTERS
    kept = last.rstrip("Z")
    if not kept:
        return "A" * (len(last) + 1)
    return kept[:-1] + chr(ord(kept[-1]) + 1) + "A" * (len(last) - len(kept))


def series_number(prefix: str, year: int, number: int) -> str:
    """Write a number of a series: ``FA2026-000123``."""
    return f"{prefix}{year}-{number:06d}"


def is_series_number(number: str) -> bool:
    """Tell whether a number looks like one of our own series, which nobody may choose by hand."""
    return _SERIES_NUMBER.fullmatch(number) is not None


def document_words(reference: str) -> frozenset[str]:
    """Return every word of a payment's text that may be a document number, as written and in capitals.

    A word put together with ``/``, ``_`` or ``.`` counts whole and in its pieces, since banks glue words.
    """
    words = {
        piece for word in _TOKEN.findall(reference) for piece in (word, *re.split(r"[/_.]", word)) if piece
    }
    return frozenset(words | {word.upper() for word in words})


def invoice_status(total: Decimal, open_amount: Decimal) -> InvoiceStatus:
    """Return the shown status of a document of which ``open_amount`` is left."""
    if open_amount == 0:
        return InvoiceStatus.PAID
    return InvoiceStatus.ISSUED if open_amount == total else InvoiceStatus.PARTIALLY_PAID


def payment_status(amount: Decimal, unallocated: Decimal) -> PaymentStatus:
    """Return the shown status of a payment of which ``unallocated`` is left, both positive."""
    if unallocated == 0:
        return PaymentStatus.ALLOCATED
    return PaymentStatus.UNALLOCATED if unallocated == amount else PaymentStatus.PARTIALLY_ALLOCATED


def disputed_part(open_amount: Decimal, disputed: Iterable[Decimal]) -> Decimal:
    """Return what counts as disputed: the rows in force, at most what is open, nothing of a credit."""
    return max(ZERO, min(open_amount, sum(disputed, ZERO)))
