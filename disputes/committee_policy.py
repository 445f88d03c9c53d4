"""Rules of the committee over plain values: quorum, what comes on the agenda, the scoreboard (domain.md 7.3)."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Final

from django.db import models
from django.utils.translation import gettext_lazy as _

from o2c.shared.calendar import business_day_on_or_after
from o2c.shared.problems import Conflict, Invalid, NotAllowed

from .enums import Department, DisputeStatus
from .policy import COMMITTEE_AT_ONCE, DIRECTORS_AFTER, OLD_AFTER, REMINDED_BEFORE

QUORUM: Final = 3
# Days after the due date by which an overdue is declared to the insurer, and the days of warning before.
DECLARED_WITHIN: Final = 60
ALERTED_BEFORE: Final = 10
# Both sides must sit there: who keeps the money, and who keeps the client.
FINANCE: Final = frozenset({Department.CREDIT, Department.INVOICING})
SALES: Final = frozenset({Department.SALES, Department.LEGAL})


class NoQuorum(Conflict):
    code = "no_quorum"
    message = _("The committee decides with three members at least, finance and sales among them.")


class OwnCase(NotAllowed):
    code = "own_case"
    message = _("You own this dispute: another member decides it.")


class MinutesValidated(Conflict):
    code = "minutes_validated"
    message = _("The minutes of this sitting are validated: nothing of it changes any more.")


class DecidedHere(Conflict):
    code = "decided_here"
    message = _("This sitting has decided this dispute already.")


class NotHeld(Conflict):
    code = "wrong_state"
    message = _("This sitting is not open.")


class AgendaReason(models.TextChoices):
    """Why a case is on the agenda."""

    BREACHED = "breached", _("Agreed date passed")
    LARGE = "large", _("Large amount")
    REOPENED = "reopened", _("Opened again")
    BLOCKING = "blocking", _("Blocks an order")
    COVER = "cover", _("Insurer’s cover at stake")
    OLD = "old", _("Older than 30 days")
    ACTION_OVERDUE = "action_overdue", _("Action overdue")
    POSTPONED = "postponed", _("Put off by the last sitting")


class Rhythm(models.TextChoices):
    """How often sittings are planned."""

    ONCE = "once", _("Once")
    WEEK = "week", _("Every week")
    FORTNIGHT = "fortnight", _("Every fortnight")


_WEEKS: Final = {Rhythm.WEEK: 1, Rhythm.FORTNIGHT: 2}
# So far ahead a calendar is planned at once.
PLANNED_AHEAD: Final = timedelta(days=366)


def sitting_days(first: date, rhythm: Rhythm, until: date | None) -> list[date]:
    """The days of a calendar of sittings; one that falls on no working day moves to the next.

    :raises Invalid: no last day, one before the first, or more than a year ahead
    """
    if rhythm == Rhythm.ONCE:
        return [first]
    if until is None:
        raise Invalid(errors={"until": [_("Say until when.")]})
    if not first <= until <= first + PLANNED_AHEAD:
        raise Invalid(errors={"until": [_("The last day lies within a year of the first.")]})
    step = timedelta(weeks=_WEEKS[rhythm])
    days = [first + step * number for number in range((until - first) // step + 1)]
    return sorted({business_day_on_or_after(day) for day in days})


def has_quorum(departments: Collection[Department]) -> bool:
    """Whether those who are there may decide: three, finance and sales among them."""
    there = set(departments)
    return len(departments) >= QUORUM and bool(there & FINANCE) and bool(there & SALES)


def check_quorum(departments: Collection[Department]) -> None:
    """Refuse a decision without quorum.

    :raises NoQuorum: with what is missing
    """
    if not has_quorum(departments):
        raise NoQuorum


@dataclass(frozen=True)
class CaseFacts:
    """What puts a case on the agenda; the amount in the company's currency."""

    status: DisputeStatus
    opened_on: date
    agreed_due_on: date | None
    amount: Decimal
    blocks_order: bool = False
    cover_at_stake: bool = False
    action_due_on: date | None = None
    postponed: bool = False


def agenda_reasons(case: CaseFacts, today: date) -> tuple[AgendaReason, ...]:
    """Every reason why a case is on the agenda of a day, the weightiest first; empty: it is not."""
    found = {
        AgendaReason.BREACHED: case.agreed_due_on is not None and case.agreed_due_on < today,
        AgendaReason.LARGE: case.amount > COMMITTEE_AT_ONCE,
        AgendaReason.REOPENED: case.status == DisputeStatus.REOPENED,
        AgendaReason.BLOCKING: case.blocks_order,
        AgendaReason.COVER: case.cover_at_stake,
        AgendaReason.ACTION_OVERDUE: case.action_due_on is not None and case.action_due_on < today,
        AgendaReason.OLD: (today - case.opened_on).days > OLD_AFTER,
        AgendaReason.POSTPONED: case.postponed,
    }
    return tuple(reason for reason, applies in found.items() if applies)


def is_cover_at_stake(due_on: date | None, today: date) -> bool:
    """Whether an insured document is so late that the insurer must be told soon: what is disputed is not indemnified.

    :param due_on: the oldest due date of what is disputed (domain.md 4.6: declared 60 days after it, alert 10 before)
    """
    return due_on is not None and today >= due_on + timedelta(days=DECLARED_WITHIN - ALERTED_BEFORE)


def check_agreed(agreed_on: date | None, today: date) -> None:
    """Refuse a date that is past.

    :raises Invalid: it is, or is missing
    """
    if agreed_on is None or agreed_on < today:
        raise Invalid(errors={"agreed_resolution_on": [_("The agreed date lies ahead.")]})


class Escalation(models.TextChoices):
    """Who is told of the clock of a case, and when."""

    DUE_SOON = "due_soon", _("Due in two days")
    BREACHED = "breached", _("Agreed date passed")
    DIRECTORS = "directors", _("Ten days over")


def escalations(agreed_due_on: date | None, today: date) -> tuple[Escalation, ...]:
    """What is to be told by a day; each is told once per agreed date, whenever it is asked."""
    if agreed_due_on is None:
        return ()
    found = []
    if agreed_due_on - timedelta(days=REMINDED_BEFORE) <= today <= agreed_due_on:
        found.append(Escalation.DUE_SOON)
    if today > agreed_due_on:
        found.append(Escalation.BREACHED)
    if today >= agreed_due_on + timedelta(days=DIRECTORS_AFTER):
        found.append(Escalation.DIRECTORS)
    return tuple(found)


@dataclass(frozen=True)
class Score:
    """Delays of a department: kept and missed; share in [0, 1], None before the first."""

    department: Department
    kept: int
    missed: int

    @property
    def share(self) -> Decimal | None:
        """Kept of all that came to their date."""
        whole = self.kept + self.missed
        return Decimal(self.kept) / whole if whole else None


def scoreboard(cases: Iterable[tuple[str, date | None, date | None]], today: date) -> tuple[Score, ...]:
    """Delays kept or missed per department.

    :param cases: department, agreed date, day of the end (None while open); one open within its date counts not yet
    """
    kept: dict[str, int] = {}
    missed: dict[str, int] = {}
    for department, agreed, ended in cases:
        if agreed is None:
            continue
        if (ended or today) > agreed:
            missed[department] = missed.get(department, 0) + 1
        elif ended is not None:
            kept[department] = kept.get(department, 0) + 1
    return tuple(
        Score(each, kept.get(each, 0), missed.get(each, 0))
        for each in Department
        if each in kept or each in missed
    )
