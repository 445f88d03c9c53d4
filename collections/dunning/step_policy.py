"""What a scenario may look like, and when each of its steps is due: plain values only (domain.md 6.1, 6.2).

The days are those of ``dunning.queries.plan``; a test holds both against each other, day by day.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Final, NamedTuple

from django.db import models
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from o2c.shared.calendar import business_day_on_or_after, next_business_day
from o2c.shared.texting import parts_of, plain

from .enums import StepChannel
from .templating import unknown

# An item that nobody was reminded of yet enters at the step of its age, but no further than this one.
ENTRY_AT_MOST: Final = 3
# Steps up to this number may leave without anybody looking.
AUTOMATIC_AT_MOST: Final = 2
MOST_STEPS: Final = 10
EARLIEST: Final = -60
LATEST: Final = 400
SPOKEN: Final = frozenset({StepChannel.CALL, StepChannel.FILE})
ON_PAPER: Final = frozenset({StepChannel.REGISTERED, StepChannel.LETTER, StepChannel.POST})
# A text message has so many parts at most before its placeholders are filled.
MOST_PARTS: Final = 4
# The contacts with a client are counted over so many days.
CAP_DAYS: Final = 30
_FAR: Final = 60


class StepRules(NamedTuple):
    """A step as the days of a scenario see it; the day is counted from the due date, negative before it."""

    number: int
    day: int
    min_amount: Decimal = Decimal(0)


class Pace(NamedTuple):
    """What a scenario asks of all its steps.

    :ivar most_contacts: with one client within ``CAP_DAYS`` days; None: as many as there are
    """

    grace_days: int
    min_amount: Decimal
    min_gap_days: int
    most_contacts: int | None = None


class Why(models.TextChoices):
    """Why a step is not made on its own day, or not at all."""

    ON_ITS_DAY = "on_its_day", _("on its day")
    NO_BUSINESS_DAY = "no_business_day", _("its day is no working day: the next one")
    GAP = "gap", _("put off: days lie between two contacts")
    CAP = "cap", _("put off: the client was contacted as often as the scenario allows within thirty days")
    CAUGHT_UP = "caught_up", _("made up for: the document enters at the step of its age")
    TOO_SMALL = "too_small", _("passed over: the amount is too small for it")
    TOO_LATE = "too_late", _("passed over: no working day is left before the due date")
    ENTERED_LATER = "entered_later", _("passed over: the document entered at a later step")
    NOT_REMINDED = "not_reminded", _("never: smaller than the smallest amount reminded of")


class Foreseen(NamedTuple):
    """When a step is made, if the document is still open then; no day where it is passed over."""

    number: int
    day: date | None
    why: Why


def foreseen(
    steps: Sequence[StepRules],
    pace: Pace,
    *,
    due: date,
    amount: Decimal,
    since: date,
    is_watched: bool = False,
    done: Mapping[int, date] | None = None,
    contacted: Collection[date] = (),
) -> list[Foreseen]:
    """Return when each step of a scenario is made for one document, with a run on every working day.

    :param since: the first day that is still to come: of a fresh document the day of its issue
    :param done: steps that were made already, and when
    :param contacted: when the client heard of us, whatever the document; the last day and those it counts with
    """
    ordered = sorted(steps)
    if not ordered:
        return []
    if amount < pace.min_amount:
        return [Foreseen(step.number, None, Why.NOT_REMINDED) for step in ordered]
    within = {step.number for step in ordered if is_watched or amount >= step.min_amount}
    made: dict[int, date] = dict(done or {})
    put_off: dict[int, Why] = {}
    last = max(made, default=None)
    heard = {*contacted, *made.values()}
    day = business_day_on_or_after(max(since, due + timedelta(days=min(0, ordered[0].day))))
    end = max(day, due + timedelta(days=ordered[-1].day)) + timedelta(
        days=(pace.min_gap_days + _FAR) * len(ordered)
    )
    while day <= end:
        step = _next_step([each for each in ordered if each.number in within], last, due=due, day=day)
        if step is not None and not 1 <= (day - due).days <= pace.grace_days:
            held_back = _held_back(heard, day, pace)
            if held_back is not None:
                put_off[step.number] = held_back
            else:
                made[step.number], last = day, step.number
                heard.add(day)
        day = next_business_day(day)
    return [_told(step, made, put_off, within, due) for step in ordered]


def _held_back(heard: Collection[date], day: date, pace: Pace) -> Why | None:
    """Why nobody contacts the client on a day on which a step could be made; None where nothing is in the way."""
    if heard and (day - max(heard)).days < pace.min_gap_days:
        return Why.GAP
    counted = sum(0 <= (day - each).days < CAP_DAYS for each in heard)
    return Why.CAP if pace.most_contacts is not None and counted >= pace.most_contacts else None


def _next_step(steps: Sequence[StepRules], last: int | None, *, due: date, day: date) -> StepRules | None:
    """The step a document takes on a working day, whatever the client has heard lately."""
    late = (day - due).days
    fitting = [step for step in steps if (late <= 0 if step.day < 0 else late > 0)]
    if last is None:
        reached = [step for step in fitting if step.number <= ENTRY_AT_MOST and step.day <= late]
        return reached[-1] if reached else None
    following = next((step for step in fitting if step.number > last), None)
    return following if following is not None and following.day <= late else None


def _told(
    step: StepRules, made: dict[int, date], put_off: Mapping[int, Why], within: set[int], due: date
) -> Foreseen:
    day, own = made.get(step.number), due + timedelta(days=step.day)
    if day is None:
        if step.number not in within:
            return Foreseen(step.number, None, Why.TOO_SMALL)
        entered_later = any(number > step.number for number in made) and step.day >= 0
        return Foreseen(step.number, None, Why.ENTERED_LATER if entered_later else Why.TOO_LATE)
    if day == own:
        return Foreseen(step.number, day, Why.ON_ITS_DAY)
    if step.number in put_off:
        return Foreseen(step.number, day, put_off[step.number])
    moved = day == business_day_on_or_after(own)
    return Foreseen(step.number, day, Why.NO_BUSINESS_DAY if moved else Why.CAUGHT_UP)


# --- what a scenario may look like -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class StepGiven:
    """A step as somebody writes it down."""

    number: int
    day: int
    channel: str
    owner: str
    contact: str
    min_amount: Decimal = Decimal(0)
    quotes_penalties: bool = False
    attaches_invoices: bool = False
    is_formal: bool = False
    subject_fr: str = ""
    body_fr: str = ""
    subject_en: str = ""
    body_en: str = ""

    @property
    def texts(self) -> dict[str, str]:
        """Its words by field."""
        return {name: getattr(self, name) for name in ("subject_fr", "body_fr", "subject_en", "body_en")}


@dataclass(frozen=True)
class Problem:
    """What keeps a scenario from being kept; ``place`` is the step's place in the list, None for the scenario.

    :ivar field: of the step or the scenario
    """

    place: int | None
    field: str
    text: str | Promise


def problems_of(steps: Sequence[StepGiven], pace: Pace, *, automatic_until: int | None) -> list[Problem]:
    """Return everything that keeps these steps from being a scenario; empty means that they are one."""
    found: list[Problem] = []
    if not steps:
        return [Problem(None, "name", _("A scenario has one step at least."))]
    if len(steps) > MOST_STEPS:
        found.append(Problem(None, "name", _("A scenario has ten steps at most.")))
    if automatic_until is not None and automatic_until > AUTOMATIC_AT_MOST:
        found.append(
            Problem(None, "automatic_until", _("Only steps 0 to 2 leave without review: choose 2 at most."))
        )
    for place, step in enumerate(steps):
        found += [Problem(place, field, text) for field, text in _problems_of_step(step, pace)]
    for place, (before, step) in enumerate(pairwise(steps), start=1):
        found += [Problem(place, field, text) for field, text in _problems_of_order(before, step, pace)]
    formal = [place for place, step in enumerate(steps) if step.is_formal]
    found += [
        Problem(place, "is_formal", _("There is one formal notice in a scenario.")) for place in formal[1:]
    ]
    return found


def _problems_of_step(step: StepGiven, pace: Pace) -> list[tuple[str, str | Promise]]:
    found: list[tuple[str, str | Promise]] = []
    if not EARLIEST <= step.day <= LATEST:
        found.append(("day", _("A step lies between 60 days before and 400 days after the due date.")))
    elif 0 <= step.day <= pace.grace_days:
        found.append(
            (
                "day",
                _(
                    "Nobody is reminded within the days of grace: choose a day before the due date, or day %(day)s."
                )
                % {"day": pace.grace_days + 1},
            )
        )
    if step.is_formal and step.channel not in ON_PAPER:
        found.append(("channel", _("A formal notice leaves on paper: choose a registered letter.")))
    if step.channel not in SPOKEN:
        found += [
            (name, _("A message needs these words."))
            for name, text in step.texts.items()
            if not text.strip() and not (step.channel == StepChannel.SMS and name.startswith("subject"))
        ]
    if step.channel == StepChannel.SMS:
        found += _problems_of_text(step)
    for name, text in step.texts.items():
        if words := unknown(text):
            found.append(
                (
                    name,
                    _("There is no placeholder %(words)s. A lone $ is written $$.")
                    % {"words": ", ".join(word if word == "$" else f"${word}" for word in words)},
                )
            )
    return found


def _problems_of_text(step: StepGiven) -> list[tuple[str, str | Promise]]:
    found: list[tuple[str, str | Promise]] = []
    if step.attaches_invoices:
        found.append(("attaches_invoices", _("A text message carries no files: its link opens them.")))
    too_long = _("A text message is short: write at most %(parts)s parts.") % {"parts": MOST_PARTS}
    return found + [
        (name, too_long)
        for name in ("body_fr", "body_en")
        if parts_of(plain(step.texts[name])).number > MOST_PARTS
    ]


def _problems_of_order(before: StepGiven, step: StepGiven, pace: Pace) -> list[tuple[str, str | Promise]]:
    if step.number <= before.number:
        return [
            (
                "number",
                _("Steps follow each other: choose a number above %(number)s.") % {"number": before.number},
            )
        ]
    if step.day - before.day < pace.min_gap_days:
        return [
            (
                "day",
                _("%(gap)s days lie between two contacts: choose day %(day)s or later.")
                % {"gap": pace.min_gap_days, "day": before.day + pace.min_gap_days},
            )
        ]
    return []
