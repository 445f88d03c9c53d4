"""Payment terms: the codes, the dates they lead to, and the legal caps (C. com. L441-10 to L441-12).

A term code is read by ``parse_term``::

    term  := "PREPAID" | "COD" | "NET" n | "RCV" n | "EOM" | chain | "DECADE" n | "DLV_EOM" n
    chain := step ("_" step)*          step := n"D" | k"M" | "EOM" | "ON" d

A chain is read from left to right on a running date, at first the invoice date: ``nD`` adds calendar days,
``kM`` months (clamped to the month's end), ``EOM`` goes to the last day of the month, ``ONd`` to day d of the
following month (clamped).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from functools import lru_cache
from typing import Final

from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from o2c.shared.calendar import add_months, business_day_on_or_after, business_day_on_or_before, end_of_month


class UnknownTerm(ValueError):
    """A term code that the grammar does not know; the message shows what may be written."""


class UnknownRegime(ValueError):
    """A legal cap was asked for under a code that ``LONGEST_TERM`` does not hold."""


class DeliveryDateMissing(ValueError):
    """A term or a cap that runs from the delivery was asked for without a delivery date."""


class Start(StrEnum):
    """The date a term runs from."""

    INVOICE = "invoice"
    DELIVERY = "delivery"
    DECADE = "decade"
    DELIVERY_MONTH = "delivery_month"


class Unit(StrEnum):
    """What one step of a term does to the running date."""

    DAYS = "D"
    MONTHS = "M"
    END_OF_MONTH = "EOM"
    ON_DAY = "ON"


@dataclass(frozen=True)
class Step:
    """One step of a term, such as 30 days, or day 10 of the following month."""

    unit: Unit
    count: int = 0

    def apply(self, day: date) -> date:
        """Return the running date after this step."""
        if self.unit is Unit.DAYS:
            return day + timedelta(days=self.count)
        if self.unit is Unit.MONTHS:
            return add_months(day, self.count)
        if self.unit is Unit.END_OF_MONTH:
            return end_of_month(day)
        following = end_of_month(add_months(day, 1))
        return following.replace(day=min(self.count, following.day))


@dataclass(frozen=True)
class Term:
    """A payment term as parsed: where it starts and the steps that follow. Made by ``parse_term``."""

    code: str
    start: Start
    steps: tuple[Step, ...] = ()

    @property
    def is_prepaid(self) -> bool:
        """True when the money must be there before the goods leave."""
        return self.code == PREPAID

    @property
    def needs_delivery_date(self) -> bool:
        """True when the due date cannot be known before the delivery."""
        return self.start is not Start.INVOICE


class Convention(StrEnum):
    """What is done with a due date that is no business day, for bank execution and dunning only."""

    NONE = "NONE"
    FOLLOWING = "FOLLOWING"
    PRECEDING = "PRECEDING"
    MODFOLLOWING = "MODFOLLOWING"


PREPAID: Final = "PREPAID"
COD: Final = "COD"

# The longest term of each regime, itself written as a term. Public buyers count from the receipt of the
# invoice: the invoice date used here is the earliest it can be, so the cap errs on the strict side.
LONGEST_TERM: Final[dict[str, str]] = {
    "NOTERM30": "RCV30",  # L441-10 I al. 1
    "STD60": "NET60",  # L441-10 I al. 2
    "EOM45A": "45D_EOM",  # L441-10 I al. 3, days then end of month
    "EOM45B": "EOM_45D",  # L441-10 I al. 3, end of month then days
    "PERIODIC45": "NET45",  # L441-10 I al. 4
    "PERISH30": "RCV30",  # L441-11 II 1°
    "PERISH30DEC": "DECADE30",  # L441-11 II 1°, periodic invoice
    "LIVESTOCK20": "RCV20",  # L441-11 II
    "SPIRITS30": "DLV_EOM30",  # L441-11 II
    "WINE60": "NET60",  # L441-11 II: 60 days or 45 days end of month
    "WINE45A": "45D_EOM",
    "WINE45B": "EOM_45D",
    "TRANSPORT30": "NET30",  # L441-11 II
    "LEATHER54": "54D_EOM",  # decree 2015-1484
    "GREENSPACE55": "55D_EOM",  # decree 2015-1484
    "FARM110": "110D_EOM",  # decree 2015-1484
    "SKI90": "NET90",  # decree 2015-1484: the cap of 60 days + 30 on pre-season balances
    "EXPORT90": "NET90",  # L441-12
    "PUBLIC30": "NET30",  # CCP L2192-10
    "PUBLIC50": "NET50",
    "PUBLIC60": "NET60",
}

_STARTS: Final = (
    (re.compile(r"NET(\d{1,3})"), Start.INVOICE),
    (re.compile(r"RCV(\d{1,3})"), Start.DELIVERY),
    (re.compile(r"DECADE(\d{1,3})"), Start.DECADE),
    (re.compile(r"DLV_EOM(\d{1,3})"), Start.DELIVERY_MONTH),
)
_DAYS_OR_MONTHS: Final = re.compile(r"(\d{1,3})([DM])")
_ON_DAY: Final = re.compile(r"ON(\d{1,2})")
_LAST_DAY: Final = 31
# Four years hold every month length and one 29 February.
_CYCLE_DAYS: Final = 1461


@lru_cache(maxsize=512)
def parse_term(code: str) -> Term:
    """Read a term code; case and surrounding blanks do not matter.

    :raises UnknownTerm: the grammar does not know it
    """
    code = code.strip().upper()
    if code in {PREPAID, COD}:
        return Term(code, Start.INVOICE)
    for pattern, start in _STARTS:
        if match := pattern.fullmatch(code):
            return Term(code, start, (Step(Unit.DAYS, int(match[1])),))
    return Term(code, Start.INVOICE, tuple(_parse_step(part, code) for part in code.split("_")))


def _parse_step(part: str, code: str) -> Step:
    if part == Unit.END_OF_MONTH:
        return Step(Unit.END_OF_MONTH)
    if match := _DAYS_OR_MONTHS.fullmatch(part):
        return Step(Unit(match[2]), int(match[1]))
    if (match := _ON_DAY.fullmatch(part)) and 1 <= int(match[1]) <= _LAST_DAY:
        return Step(Unit.ON_DAY, int(match[1]))
    raise UnknownTerm(
        _(
            "“%(code)s” is not a payment term. Write for example NET30 (30 days net), 30D_EOM (30 days end of"
            " month), 45D_EOM or EOM_45D, 30D_EOM_ON10, RCV30 (from receipt), DECADE30, DLV_EOM30, COD or"
            " PREPAID."
        )
        % {"code": code}
    )


def due_date(invoice_date: date, term: Term | str, delivery_date: date | None = None) -> date:
    """Return the contractual due date: the theoretical one, never shifted for weekends and holidays.

    :raises UnknownTerm: a code that the grammar does not know
    :raises DeliveryDateMissing: the term runs from the delivery and no delivery date is given
    """
    term = parse_term(term) if isinstance(term, str) else term
    day = _starting_day(term, invoice_date, delivery_date)
    for step in term.steps:
        day = step.apply(day)
    return day


def _starting_day(term: Term, invoice_date: date, delivery_date: date | None) -> date:
    if term.start is Start.INVOICE:
        return invoice_date
    if delivery_date is None:
        raise DeliveryDateMissing(
            _("%(term)s runs from the delivery: a delivery date is needed.") % {"term": term.code}
        )
    if term.start is Start.DECADE:
        return _end_of_decade(delivery_date)
    if term.start is Start.DELIVERY_MONTH:
        return end_of_month(delivery_date)
    return delivery_date


def _end_of_decade(day: date) -> date:
    """Return the end of the ten-day period: the 10th, the 20th or the last day of the month."""
    for last in (10, 20):
        if day.day <= last:
            return day.replace(day=last)
    return end_of_month(day)


def payable_date(theoretical: date, convention: Convention, *, subdiv: str | None = None) -> date:
    """Return the day the bank will execute on, by a business-day convention.

    No text moves a contractual due date off a weekend: caps, penalties and ageing use the theoretical date.
    ``subdiv="57"`` uses the holidays of Alsace and Moselle.
    """
    if convention is Convention.NONE:
        return theoretical
    before = business_day_on_or_before(theoretical, subdiv=subdiv)
    if convention is Convention.PRECEDING:
        return before
    after = business_day_on_or_after(theoretical, subdiv=subdiv)
    if convention is Convention.MODFOLLOWING and after.month != theoretical.month:
        return before
    return after


def legal_cap(regime: str, invoice_date: date, delivery_date: date | None = None) -> date:
    """Return the latest due date the law allows under a regime, one of the codes of ``LONGEST_TERM``.

    :raises UnknownRegime: a code that is not there
    :raises DeliveryDateMissing: the regime counts from the delivery and no delivery date is given
    """
    if regime not in LONGEST_TERM:
        raise UnknownRegime(_("“%(regime)s” is not a legal cap on payment terms.") % {"regime": regime})
    return due_date(invoice_date, LONGEST_TERM[regime], delivery_date)


def within_cap(theoretical: date, regime: str, invoice_date: date, delivery_date: date | None = None) -> bool:
    """Tell whether a theoretical due date respects the cap; the cap itself is allowed.

    :raises UnknownRegime: a regime without a cap
    :raises DeliveryDateMissing: the regime counts from the delivery and no delivery date is given
    """
    return theoretical <= legal_cap(regime, invoice_date, delivery_date)


@lru_cache(maxsize=512)
def first_breach(term: Term | str, regime: str) -> date | None:
    """Return an invoice date on which the term would break the cap of the regime, None when there is none.

    Used where no invoice exists yet, on the account: every day of four years from a 1 January is tried, goods
    delivered on the invoice date.

    :raises UnknownRegime: a regime without a cap
    :raises UnknownTerm: a code that the grammar does not know
    """
    start = date(2025, 1, 1)
    days = (start + timedelta(days=offset) for offset in range(_CYCLE_DAYS))
    return next((day for day in days if not within_cap(due_date(day, term, day), regime, day, day)), None)


@lru_cache(maxsize=512)
def mean_days(term: Term | str) -> int:
    """Return the days from invoice to due date on average over four years, goods delivered on the invoice date.

    :raises UnknownTerm: a code that the grammar does not know
    """
    start = date(2025, 1, 1)
    days = [start + timedelta(days=offset) for offset in range(_CYCLE_DAYS)]
    return round(sum((due_date(day, term, day) - day).days for day in days) / len(days))


def later_term(order_term: Term | str, account_term: Term | str, order_date: date) -> bool:
    """Tell whether the order asks for a later due date than the account's term gives, from the order date.

    :raises UnknownTerm: a code that the grammar does not know
    """
    return due_date(order_date, order_term, order_date) > due_date(order_date, account_term, order_date)


def describe_term(code: str, language: str) -> str:
    """Return the wording of a term for people: “30 days end of month”, « 30 jours fin de mois ».

    :raises UnknownTerm: a code that the grammar does not know
    """
    term = parse_term(code)
    with translation.override(language):
        if term.code == PREPAID:
            return _("Payment in advance")
        if term.code == COD:
            return _("Cash on invoice")
        if term.code == "EOM":
            return _("End of month")
        if term.code.startswith("NET"):
            days = term.steps[0].count
            return ngettext("%(days)d day net", "%(days)d days net", days) % {"days": days}
        if term.start is not Start.INVOICE:
            return _describe_from_delivery(term.start, term.steps[0].count)
        return _describe_chain(term.steps)


def _describe_from_delivery(start: Start, days: int) -> str:
    if start is Start.DELIVERY and days == 0:
        return _("On receipt")
    wording = {
        Start.DELIVERY: ngettext("%(days)d day from receipt", "%(days)d days from receipt", days),
        Start.DECADE: ngettext(
            "%(days)d day end of ten-day period of delivery",
            "%(days)d days end of ten-day period of delivery",
            days,
        ),
        Start.DELIVERY_MONTH: ngettext(
            "%(days)d day end of month of delivery", "%(days)d days end of month of delivery", days
        ),
    }
    return wording[start] % {"days": days}


def _describe_chain(steps: tuple[Step, ...]) -> str:
    """Say the steps in order; after an end of month, days are shown as added, so that both modes differ."""
    words: list[str] = []
    for step in steps:
        if step.unit is Unit.END_OF_MONTH:
            words.append(_("end of month"))
        elif step.unit is Unit.ON_DAY:
            words.append(_("on day %(day)d") % {"day": step.count})
        else:
            if words:
                words.append("+")
            if step.unit is Unit.DAYS:
                text = ngettext("%(days)d day", "%(days)d days", step.count) % {"days": step.count}
            else:
                text = ngettext("%(months)d month", "%(months)d months", step.count) % {"months": step.count}
            words.append(text)
    return " ".join(words)
