"""A choice of measures as somebody wrote it, made sound for one order."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any, Final

from django.utils.translation import gettext as _

from o2c.shared.money import ZERO
from o2c.shared.problems import Invalid

from .outlook import Outlook
from .projection import (
    HORIZON,
    AlternativeKind,
    Deposit,
    EarlyPayment,
    Instalment,
    Measure,
    OverdueSchedule,
    ShorterTerm,
    TemporaryRaise,
)
from .proposals import Debt

MOST_INSTALMENTS: Final = 12


class _Wrong(Exception):
    """What is wrong with one measure, in words."""


def measures_of(written: Sequence[Mapping[str, Any]], outlook: Outlook) -> list[Measure]:
    """Return measures from the fields of the worked cases (``kind``, ``amount``, ``date``, ``refs`` …).

    :raises Invalid: with one sentence per measure that cannot be, under ``measures.<number>``
    """
    errors: dict[str, list[str]] = {}
    found: list[Measure] = []
    kinds: set[str] = set()
    taken: set[str] = set()
    for number, fields in enumerate(written):
        try:
            if fields["kind"] in kinds:
                raise _Wrong(_("Each kind of measure can be taken once."))
            kinds.add(fields["kind"])
            measure = _READERS[AlternativeKind(fields["kind"])](fields, outlook)
            refs = set(getattr(measure, "refs", ()))
            if refs & taken:
                raise _Wrong(_("An invoice is either paid early or by a calendar, not both."))
            taken |= refs
            found.append(measure)
        except _Wrong as wrong:
            errors[f"measures.{number}"] = [str(wrong)]
    if errors:
        raise Invalid(errors=errors)
    return found


def _deposit(fields: Mapping[str, Any], outlook: Outlook) -> Deposit:
    amount = _amount(fields)
    if amount > outlook.order:
        raise _Wrong(_("A deposit cannot be more than the order."))
    return Deposit(amount, _day(fields, "date", outlook))


def _early_payment(fields: Mapping[str, Any], outlook: Outlook) -> EarlyPayment:
    debts = _debts(fields, outlook)
    return EarlyPayment(tuple(debt.ref for debt in debts), _day(fields, "date", outlook))


def _overdue_schedule(fields: Mapping[str, Any], outlook: Outlook) -> OverdueSchedule:
    debts = _debts(fields, outlook)
    if any(debt.due_date >= outlook.on for debt in debts):
        raise _Wrong(_("A calendar is for what is late; one of these invoices is not due yet."))
    written = fields.get("instalments") or ()
    if not 1 <= len(written) <= MOST_INSTALMENTS:
        raise _Wrong(_("A calendar has between 1 and %(most)d instalments.") % {"most": MOST_INSTALMENTS})
    parts = tuple(Instalment(_day(part, "date", outlook), _amount(part)) for part in written)
    if sum((part.amount for part in parts), ZERO) > sum((debt.amount for debt in debts), ZERO):
        raise _Wrong(_("The instalments are more than what is open of these invoices."))
    return OverdueSchedule(tuple(debt.ref for debt in debts), parts)


def _shorter_term(fields: Mapping[str, Any], outlook: Outlook) -> ShorterTerm:
    day = _day(fields, "expected_payment_date", outlook)
    if day >= outlook.paid_on:
        raise _Wrong(_("With the present term the order is expected to be paid by then."))
    return ShorterTerm(day)


def _temporary_limit(fields: Mapping[str, Any], outlook: Outlook) -> TemporaryRaise:
    return TemporaryRaise(_amount(fields), _day(fields, "until", outlook))


_READERS: Final[Mapping[AlternativeKind, Callable[[Mapping[str, Any], Outlook], Measure]]] = {
    AlternativeKind.DEPOSIT: _deposit,
    AlternativeKind.EARLY_PAYMENT: _early_payment,
    AlternativeKind.OVERDUE_SCHEDULE: _overdue_schedule,
    AlternativeKind.SHORTER_TERM: _shorter_term,
    AlternativeKind.TEMPORARY_LIMIT: _temporary_limit,
}


def _amount(fields: Mapping[str, Any]) -> Decimal:
    amount: Decimal | None = fields.get("amount")
    if amount is None or amount <= 0:
        raise _Wrong(_("An amount above zero is needed."))
    return amount


def _day(fields: Mapping[str, Any], name: str, outlook: Outlook) -> date:
    day: date | None = fields.get(name)
    if day is None or not 0 <= (day - outlook.on).days <= HORIZON:
        raise _Wrong(_("A day from today on, within %(days)d days, is needed.") % {"days": HORIZON})
    return day


def _debts(fields: Mapping[str, Any], outlook: Outlook) -> list[Debt]:
    refs = {str(ref) for ref in fields.get("refs") or ()}
    debts = [debt for debt in outlook.debts if debt.ref in refs]
    if not debts or len(debts) != len(refs):
        raise _Wrong(_("Name open invoices of this client that are not disputed."))
    return debts
