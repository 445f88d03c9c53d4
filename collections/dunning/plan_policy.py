"""When a payment plan is sound, respected, late or broken, and what it brings (domain.md 6.6). Plain values only."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Final, NamedTuple

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from o2c.shared import formats
from o2c.shared.calendar import add_business_days, add_months
from o2c.shared.money import ZERO, round_cents

from .enums import PlanStatus
from .policy import KEPT_FROM, Receipt

# Business days after its date in which an instalment may still come.
TOLERANCE_DAYS: Final = 3
# Days a formal notice leaves before the balance becomes due.
NOTICE_DAYS: Final = 8
MOST_INSTALMENTS: Final = 36
# Nobody grants more by agreement than a judge may (C. civ. 1343-5).
LONGEST_YEARS: Final = 2
# Days beyond the original due date up to which an insurer need not be asked (domain.md 4.6).
INSURER_DAYS: Final = 60


class Part(NamedTuple):
    """One instalment: its day and its amount."""

    day: date
    amount: Decimal


class PartJudged(NamedTuple):
    """What became of an instalment: when it was complete, and since when it was missing."""

    paid_on: date | None
    missed_on: date | None

    @property
    def is_missing(self) -> bool:
        """Whether it is late and still not there."""
        return self.missed_on is not None and self.paid_on is None


class Judged(NamedTuple):
    """What became of a plan by the end of a day; ``parts`` in their order."""

    status: PlanStatus
    parts: tuple[PartJudged, ...]
    received: Decimal
    late_since: date | None


def calendar_faults(parts: Sequence[Part], amount: Decimal, *, currency: str, on: date) -> list[str]:
    """Return what is wrong with a calendar for an amount, made on a day, in words; nothing when it is sound."""
    faults: list[str] = []
    if not 1 <= len(parts) <= MOST_INSTALMENTS:
        faults.append(_("A plan has between 1 and %(most)d instalments.") % {"most": MOST_INSTALMENTS})
    if any(part.amount <= 0 or part.amount != round_cents(part.amount) for part in parts):
        faults.append(_("Each instalment is an amount above zero, with two decimals at most."))
    if any(later.day <= earlier.day for earlier, later in pairwise(parts)):
        faults.append(_("Each instalment has a later day than the one before."))
    if parts and parts[0].day < on:
        faults.append(_("The first instalment is for today or a day to come."))
    if parts and parts[-1].day > add_months(on, 12 * LONGEST_YEARS):
        faults.append(_("The last instalment is within %(years)d years.") % {"years": LONGEST_YEARS})
    total, spoken = sum((part.amount for part in parts), ZERO), get_language() or "fr"
    if not faults and total != amount:
        faults.append(
            _("The instalments come to %(total)s, and %(amount)s is to be paid.")
            % {
                "total": formats.money(total, spoken, currency),
                "amount": formats.money(amount, spoken, currency),
            }
        )
    return faults


def spread(amount: Decimal, count: int, *, first: date, months: bool = True) -> tuple[Part, ...]:
    """Return equal instalments, the cents in the last: one a month on the same day, or one a week."""
    each = round_cents(amount / count)
    days = [add_months(first, n) if months else first + timedelta(weeks=n) for n in range(count)]
    return tuple(
        Part(day, each if number < count else amount - each * (count - 1))
        for number, day in enumerate(days, 1)
    )


def covered(opens: Sequence[tuple[int, Decimal]], amount: Decimal) -> dict[int, Decimal]:
    """Return what a plan pays of each item, the first ones first; what it does not reach is left out."""
    found: dict[int, Decimal] = {}
    for key, left in opens:
        part = min(left, amount)
        if part > 0:
            found[key] = part
            amount -= part
    return found


def expected_of(
    items: Sequence[tuple[int, Decimal]], parts: Sequence[Part]
) -> list[tuple[int, date, Decimal]]:
    """Return which instalment pays what of which item: the items in their order, the instalments in theirs."""
    rows: list[tuple[int, date, Decimal]] = []
    left = list(parts)
    for key, wanted in items:
        owed = wanted
        while owed > 0 and left:
            part = left.pop(0)
            taken = min(owed, part.amount)
            rows.append((key, part.day, taken))
            owed -= taken
            if part.amount > taken:
                left.insert(0, Part(part.day, part.amount - taken))
    return rows


def last_day(day: date) -> date:
    """The last day on which an instalment may come."""
    return add_business_days(day, TOLERANCE_DAYS)


def judge(
    parts: Sequence[Part], receipts: Iterable[Receipt], *, noticed_on: date | None = None, on: date
) -> Judged:
    """Return what became of a plan by the end of a day.

    Money counts for the instalments in their order, whenever it comes: who pays ahead need not pay again. As with a
    promise 98 % of an instalment will do. It is broken when a formal notice was without effect for eight days.
    """
    came = sorted(row for row in receipts if row.day <= on)
    total = sum((part.amount for part in parts), ZERO)
    judged: list[PartJudged] = []
    wanted = ZERO
    for part in parts:
        wanted += part.amount
        paid_on = _day_of(came, wanted - part.amount * (100 - KEPT_FROM) / 100)
        after = last_day(part.day) + timedelta(days=1)
        missed = on >= after and (paid_on is None or paid_on >= after)
        judged.append(PartJudged(paid_on, after if missed else None))
    received = min(total, max(ZERO, sum((row.amount for row in came), ZERO)))
    missing = [part.missed_on for part in judged if part.is_missing and part.missed_on]
    status = PlanStatus.ACTIVE
    if all(part.paid_on for part in judged):
        status = PlanStatus.COMPLETED
    elif missing and noticed_on is not None and on > noticed_on + timedelta(days=NOTICE_DAYS):
        status = PlanStatus.BROKEN
    return Judged(status, tuple(judged), received, min(missing, default=None))


def insurer_to_ask(oldest_due: date, last_date: date, *, is_insured: bool) -> bool:
    """Whether the insurer is to be asked: insured, and longer than it lets the insured postpone (domain.md 4.6)."""
    return is_insured and last_date > oldest_due + timedelta(days=INSURER_DAYS)


def _day_of(receipts: Sequence[Receipt], wanted: Decimal) -> date | None:
    """The day by which so much was there and stayed there."""
    came, since = ZERO, None
    for row in receipts:
        came += row.amount
        since = (since or row.day) if came >= wanted else None
    return since
