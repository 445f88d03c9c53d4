"""Legal routes, and until when a debt can be claimed in court (domain.md 6.4). Plain values only."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from o2c.shared.calendar import add_months

from .enums import HandOverTo, LegalRoute

# Between traders (C. com. L110-4), against consumers (C. conso. L218-2), and of carriage (C. com. L133-6), in months.
BETWEEN_TRADERS: Final = 60
CONSUMER: Final = 24
CARRIAGE: Final = 12
# So many months before the last day somebody is told.
ALERT_MONTHS: Final = (3, 6, 12)
SMALL_CLAIM: Final = Decimal(5000)


@dataclass(frozen=True)
class RouteFacts:
    """What to know of a route before taking it.

    :ivar law: where it stands
    :ivar words: what it is and which delays run
    :ivar to: who is asked
    """

    law: str
    words: str | Promise
    to: HandOverTo


ROUTES: Final[dict[LegalRoute, RouteFacts]] = {
    LegalRoute.AMICABLE: RouteFacts(
        "CPCE L111-8, R124-1 à R124-7",
        _("An agency asks in our name; its letter carries the mentions of R124-4, its costs stay with us."),
        HandOverTo.AGENCY,
    ),
    LegalRoute.UNCONTESTED: RouteFacts(
        "CPCE L126-1 à L126-5",
        _(
            "Between traders, an invoice certain, liquid and due: the commissaire de justice serves an order to pay;"
            " one month to pay or contest, record of non-contestation at the earliest eight days later."
        ),
        HandOverTo.OFFICER,
    ),
    LegalRoute.SMALL_CLAIM: RouteFacts(
        "CPCE L125-1",
        _("Up to 5,000 €, by the commissaire de justice, where the debtor agrees within one month."),
        HandOverTo.OFFICER,
    ),
    LegalRoute.INJUNCTION: RouteFacts(
        "CPC 1405 à 1425",
        _(
            "Order to pay of the court: to be served within three months (six for orders before 1 September 2026),"
            " opposition within one month from service."
        ),
        HandOverTo.COURT,
    ),
    LegalRoute.SUMMARY: RouteFacts(
        "CPC 873, al. 2",
        _("Provision in summary proceedings where the debt is not seriously contestable."),
        HandOverTo.COURT,
    ),
    LegalRoute.ASSIGNMENT: RouteFacts(
        "CPC 854 s.", _("Assignment on the merits: where the client contests."), HandOverTo.COURT
    ),
}


def routes_open_to(amount: Decimal, *, is_contested: bool) -> list[LegalRoute]:
    """Return the routes that fit a debt, the lightest first.

    :param is_contested: some of it is in dispute: only the merits are left, and an agency's word
    """
    if is_contested:
        return [LegalRoute.AMICABLE, LegalRoute.ASSIGNMENT]
    return [route for route in LegalRoute if route is not LegalRoute.SMALL_CLAIM or amount <= SMALL_CLAIM]


def limitation_date(
    due_date: date,
    interruptions: Iterable[date] = (),
    *,
    is_carriage: bool = False,
    is_consumer: bool = False,
) -> date:
    """Return the last day on which a debt can be claimed in court.

    An acknowledgement, a claim in court or an enforcement measure starts the whole term anew (C. civ. 2231, 2240,
    2241, 2244); a formal notice does not.

    :param interruptions: days of these
    """
    start = max([due_date, *interruptions])
    if is_carriage:
        return add_months(start, CARRIAGE)
    return add_months(start, CONSUMER if is_consumer else BETWEEN_TRADERS)


def alert_step(last_day: date, on: date, *, is_carriage: bool = False) -> int | None:
    """Return the nearest of ``ALERT_MONTHS`` that a limitation is within; None where it is further, or over.

    A term of a year is told of at six months and three: at twelve it has only begun.
    """
    if last_day < on:
        return None
    steps = [step for step in ALERT_MONTHS if not is_carriage or step < CARRIAGE]
    return next((step for step in steps if add_months(last_day, -step) <= on), None)
