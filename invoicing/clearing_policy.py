"""When money that came in is good: until then what it pays is still at risk (domain.md 4.1, part E4 of exposure)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Final

from accounts.enums import PaymentMethod
from invoicing.enums import Objection
from o2c.shared.calendar import add_business_days, add_months

# Business days until money of a method is good, where a company has said nothing; of the others it is so at once.
# A bill counts from the day of its payment, which is its maturity.
DEFAULT_DAYS: Final[Mapping[str, int]] = {
    PaymentMethod.CHEQUE: 8,
    PaymentMethod.DIRECT_DEBIT: 5,
    PaymentMethod.SDD_B2B: 3,
    PaymentMethod.LCR: 4,
    PaymentMethod.BOR: 4,
}
MOST_DAYS: Final = 60
# Drawn on a day agreed before: what such a client owes is expected on its due date.
DEBITS: Final = frozenset({PaymentMethod.DIRECT_DEBIT, PaymentMethod.SDD_B2B})
DRAWN: Final = DEBITS | {PaymentMethod.LCR, PaymentMethod.BOR}
# A SEPA CORE debtor may have a debit refunded without a reason for eight weeks, and for thirteen months one that no
# mandate covers: told, and not counted. A B2B debtor may not; its bank sends back what it cannot pay in three days.
_REFUNDABLE: Final = timedelta(weeks=8)
_UNAUTHORISED_MONTHS: Final = 13
_B2B_RETURN_DAYS: Final = 3


def clears_on(received_on: date, method: str, days: Mapping[str, int]) -> date | None:
    """Return the first day money is good; None where it is so on the day it came in.

    :param days: business days by method
    """
    waits = days.get(method, 0)
    return add_business_days(received_on, waits) if waits else None


def refundable_until(received_on: date, method: str) -> date | None:
    """Return the last day the payer may have it refunded without a reason; None where it never may (domain.md 9.3)."""
    return received_on + _REFUNDABLE if method == PaymentMethod.DIRECT_DEBIT else None


def reclaimable_until(received_on: date, method: str) -> date | None:
    """Return the last day the payer may have a debit back that no mandate covers; None where it never may."""
    if method != PaymentMethod.DIRECT_DEBIT:
        return None
    return add_months(received_on, _UNAUTHORISED_MONTHS)


def objection(received_on: date, method: str, *, returned_on: date) -> Objection | None:
    """Return what may be held against the bank that took a payment back that day; None where it was right.

    The book follows the bank all the same: the money is gone until it gives in.
    """
    if method == PaymentMethod.SDD_B2B and returned_on > add_business_days(received_on, _B2B_RETURN_DAYS):
        return Objection.NO_REFUND
    if method != PaymentMethod.DIRECT_DEBIT or returned_on <= received_on + _REFUNDABLE:
        return None
    too_late = returned_on > add_months(received_on, _UNAUTHORISED_MONTHS)
    return Objection.TOO_LATE if too_late else Objection.UNAUTHORISED_ONLY


def under_mandate(method: str, of_client: str) -> str:
    """Return the method of a debit that the bank calls a direct debit and no more: the scheme is that of the mandate.

    :param of_client: how the client pays
    """
    known = method == PaymentMethod.DIRECT_DEBIT and of_client in DEBITS
    return of_client if known else method
