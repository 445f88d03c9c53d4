"""The situation of an order beside its client's credit, what is proposed, and what a choice of measures makes of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cached_property
from typing import TYPE_CHECKING, Final

from django.db.models import Q

from o2c.shared.calendar import next_business_day
from o2c.shared.money import ZERO, convert
from o2c.shared.prepared import PreparedRows

from .. import queries
from ..enums import Finding, Level
from ..exposure import all_rates_on
from ..formulas import LimitState, TemporaryAmount
from ..models import CreditLimit, TemporaryLimit
from ..queries import LevelFigures
from . import proposals
from .causes import Reduction
from .facts import ExpectedMoney
from .projection import (
    AlternativeKind,
    Entry,
    Measure,
    Projection,
    Receipt,
    ShorterTerm,
    Situation,
    TemporaryRaise,
    net_of_credits,
    project,
)
from .proposals import Debt

if TYPE_CHECKING:
    from ..services.checks import CheckResult

_LATE: Final = frozenset({Finding.OVERDUE_DAYS, Finding.OVERDUE_AMOUNT})
_FREED_BY_MONEY: Final = _LATE | {Finding.OVER_LIMIT, Finding.NO_LIMIT, Finding.REVIEW_EXPIRED}
# A limit lowered longer ago is the limit the client has.
REMEMBERED_DAYS: Final = 365
# Asked by every check that finds an order over the limit.
_LAST_TWO_LIMITS: Final = {
    level: PreparedRows(
        f"credit_last_two_limits_{level.word}",
        CreditLimit,
        f"WHERE own.{level.word}_id = %(key)s AND own.valid_from <= %(on)s "
        "ORDER BY own.valid_from DESC, own.id DESC LIMIT 2",
        {"key": "bigint", "on": "date"},
        related=("decided_by",),
    )
    for level in Level
}


@dataclass(frozen=True)
class LevelOutlook:
    """One level that bounds the client, with the order."""

    figures: LevelFigures
    situation: Situation


@dataclass(frozen=True)
class Simulation:
    """What a choice of measures makes of it: the level that binds drawn, the dates those of all levels."""

    binding: Projection
    within_limit_from: date | None
    within_base_limit_from: date | None

    @property
    def days_to_within_limit(self) -> int | None:
        """Days until every level carries the order."""
        start = self.binding.points[0].day
        return None if self.within_limit_from is None else (self.within_limit_from - start).days


@dataclass(frozen=True)
class Proposal:
    """One measure as it is proposed, and what it does alone; ``term`` is the code of a shorter term."""

    kind: AlternativeKind
    measure: Measure
    simulation: Simulation
    term: str = ""


@dataclass(frozen=True)
class Outlook:
    """An order beside its client's credit, today.

    :ivar levels: those that bound the client, the binding one first; empty when nothing does
    :ivar debts: open, uncontested items of the client that the reader may see and the client may be asked to pay
    :ivar paid_on: when the order itself is expected to be paid, invoiced on ``invoiced_on``
    :ivar late_until: when the last of what is late is expected; None when not within sight
    :ivar holding: reasons that keep the order
    :ivar shows_curve: whether the reader sees every account of the level that binds: its steps are their documents
    """

    on: date
    currency: str
    order: Decimal
    excess: Decimal
    levels: tuple[LevelOutlook, ...]
    debts: tuple[Debt, ...]
    invoiced_on: date
    paid_on: date
    delay: int
    late_until: date | None
    holding: frozenset[Finding]
    shows_curve: bool = True

    @property
    def release_expected_on(self) -> date | None:
        """The day on which the order would go by itself if nothing is agreed; None when not within sight.

        Only money frees it then: a reason of another kind waits for a person.
        """
        if not self.holding or self.holding - _FREED_BY_MONEY:
            return None
        days = [self.untouched.within_limit_from] if self.excess > 0 and self.levels else []
        if self.holding & _LATE:
            days.append(self.late_until)
        return _latest(days)

    def simulate(self, measures: Iterable[Measure]) -> Simulation:
        """Take measures together; a raise is one of the level that binds."""
        chosen = list(measures)
        others = [each for each in chosen if not isinstance(each, TemporaryRaise)]
        found = [
            project(level.situation, others if number else chosen) for number, level in enumerate(self.levels)
        ]
        return Simulation(
            found[0],
            _latest([each.within_limit_from for each in found]),
            _latest([each.within_base_limit_from for each in found]),
        )

    @cached_property
    def untouched(self) -> Simulation:
        """What happens if nothing is agreed."""
        return self.simulate(())

    def proposals(self) -> list[Proposal]:
        """Return one sensible measure of each kind, as far as there is one, in the order they are spoken about."""
        if not self.levels or self.excess <= 0:
            return []
        found: list[tuple[AlternativeKind, Measure | None, str]] = [
            (AlternativeKind.DEPOSIT, proposals.deposit(self.excess, self.order, on=self.on), ""),
            (AlternativeKind.EARLY_PAYMENT, proposals.early_payment(self.debts, self.excess, on=self.on), ""),
            (AlternativeKind.OVERDUE_SCHEDULE, proposals.overdue_schedule(self.debts, on=self.on), ""),
        ]
        if term := self._shorter_term():
            found.append((AlternativeKind.SHORTER_TERM, term[1], term[0]))
        raised = proposals.temporary_limit(self.excess, self.untouched.within_limit_from, on=self.on)
        found.append((AlternativeKind.TEMPORARY_LIMIT, raised, ""))
        return [
            Proposal(kind, measure, self.simulate([measure]), term)
            for kind, measure, term in found
            if measure is not None
        ]

    def _shorter_term(self) -> tuple[str, ShorterTerm] | None:
        now = self.untouched.within_limit_from or date.max

        def helps(term: ShorterTerm) -> bool:
            return (self.simulate([term]).within_limit_from or date.max) < now

        return proposals.shorter_term(self.shorter_terms(), helps)

    def shorter_terms(self) -> list[tuple[str, date]]:
        """Terms that would have the order paid earlier, the longest first, each with that day."""
        return proposals.shorter_terms(self.paid_on, invoiced_on=self.invoiced_on, delay=self.delay)


def _latest(days: Sequence[date | None]) -> date | None:
    known = [day for day in days if day is not None]
    return max(known) if known and len(known) == len(days) else None


def outlook_of(
    result: CheckResult,
    *,
    money: Sequence[ExpectedMoney],
    paid_on: date,
    delay: int,
    invoiced_on: date,
) -> Outlook:
    """Put a check and the money that is expected beside each other.

    :param money: of every account that shares a limit with the client
    """
    view, on = result.view, result.view.on
    rates = all_rates_on(on)
    relatives = queries.relatives_of(result.account)
    keys = {level: key for level, key, _name in relatives.targets()}
    bounding = [level for level in view.levels if level.decided and level.limit.effective is not None]
    if not view.has_decision:
        bounding = [view.levels[0]]
    bounding.sort(key=lambda level: (level is not view.binding, level.level))
    raises = _raises({level.level: keys[level.level] for level in bounding}, on)
    levels = []
    for level in bounding:
        own = set(relatives.of_level(level.level))
        here = [row for row in money if row.account_id in own]
        receipts = tuple(_receipts(here, rates, view.currency, on))
        total = sum((row.amount for row in receipts), ZERO)
        counts = level.limit.kind is LimitState.BASE
        situation = Situation(
            on=on,
            net=level.net_exposure,
            order=result.amount,
            paid_on=paid_on,
            base=(level.limit.base or ZERO) if counts else ZERO,
            base_until=level.limit.valid_until if counts else None,
            raises=raises.get(level.level, ()),
            # What is in credit will be deducted from what is paid next.
            receipts=net_of_credits(receipts, max(ZERO, total - level.net_exposure)),
            entries=tuple(_entries(here, rates, view.currency)),
        )
        levels.append(LevelOutlook(level, situation))
    return Outlook(
        on=on,
        currency=view.currency,
        order=result.amount,
        excess=result.over_limit_by,
        levels=tuple(levels),
        debts=tuple(_debts(result.account.pk, money, rates, view.currency)),
        invoiced_on=invoiced_on,
        paid_on=paid_on,
        delay=delay,
        late_until=_latest([row.day for row in money if _is_late(row, result.account.pk, on)]),
        holding=frozenset(found.code for found in result.holding),
    )


def _is_late(row: ExpectedMoney, account_id: int, on: date) -> bool:
    return row.account_id == account_id and not row.contested and row.due_date < on


def _receipts(
    money: Iterable[ExpectedMoney], rates: Mapping[str, Decimal], currency: str, on: date
) -> Iterable[Receipt]:
    for row in money:
        amount = _converted(row, rates, currency)
        if amount is not None and row.enters_on is None:
            # What is expected today is not in yet.
            day = None if row.day is None else max(row.day, next_business_day(on))
            yield Receipt("" if row.contested else row.ref, amount, day)


def _entries(money: Iterable[ExpectedMoney], rates: Mapping[str, Decimal], currency: str) -> Iterable[Entry]:
    for row in money:
        amount = _converted(row, rates, currency)
        if amount is not None and row.enters_on is not None:
            yield Entry(row.enters_on, amount, row.day)


def _debts(
    account_id: int, money: Sequence[ExpectedMoney], rates: Mapping[str, Decimal], currency: str
) -> Iterable[Debt]:
    # What a payment plan pays is agreed already.
    planned = {row.ref for row in money if row.planned}
    for row in money:
        if row.account_id == account_id and row.document and not row.contested and row.ref not in planned:
            amount = _converted(row, rates, currency)
            if amount is not None:
                yield Debt(row.ref, row.document, row.due_date, amount)


def _converted(row: ExpectedMoney, rates: Mapping[str, Decimal], currency: str) -> Decimal | None:
    """The amount in the currency of the limit; None without a rate: it is not in the exposure either."""
    if row.currency == currency:
        return row.amount
    if row.currency not in rates or currency not in rates:
        return None
    return convert(row.amount, rates[row.currency], rates[currency])


def _raises(keys: Mapping[Level, int], on: date) -> dict[Level, tuple[TemporaryAmount, ...]]:
    """Raises in force or decided for later, by level."""
    wanted = Q(pk__in=[])
    for level, key in keys.items():
        wanted |= Q(**{f"{level.word}_id": key})
    rows = TemporaryLimit.objects.filter(wanted, valid_until__gte=on).filter(
        Q(closed_on=None) | Q(closed_on__gt=on)
    )
    found: dict[Level, list[TemporaryAmount]] = {}
    for row in rows:
        found.setdefault(Level(row.level), []).append(
            TemporaryAmount(row.amount, row.valid_from, row.valid_until)
        )
    return {level: tuple(amounts) for level, amounts in found.items()}


def reduction_of(level: LevelFigures, key: int, *, on: date) -> Reduction | None:
    """Return how the limit of a level was lowered: by a decision of the last twelve months, or by its review date."""
    limit = level.limit
    if limit.kind is LimitState.EXPIRED and limit.base is not None and limit.valid_until is not None:
        since = date.fromordinal(limit.valid_until.toordinal() + 1)
        return Reduction(limit.base, ZERO, since, "")
    rows = _LAST_TWO_LIMITS[level.level].fetch(key=key, on=on)
    if len(rows) < 2:
        return None
    now, (amount, before) = rows[0], (row.amount for row in rows)
    if amount is None or before is None or before <= amount or (on - now.valid_from).days > REMEMBERED_DAYS:
        return None
    return Reduction(before, amount, now.valid_from, now.reason, now.decided_by.label())
