"""Exchange rates as they are published: one per currency and day, never changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts.models import Company, ExchangeRate, User
from o2c.shared import audit
from o2c.shared.problems import Conflict, Invalid, NotAllowed, Refusal

from .clients import Effect


class RateKnown(Conflict):
    code = "key_conflict"
    message = _("Another rate of this currency and day is known already: a published rate does not change.")


@dataclass(frozen=True, slots=True)
class RateRow:
    """Units of a currency for one euro on a day."""

    currency: str
    day: date
    units_per_eur: Decimal


def record_rates(
    *, company: Company, rows: Sequence[RateRow], by: User, at: datetime, only_ask: bool = False
) -> list[Effect | Refusal]:
    """Store rates, each for itself; they hold for every company.

    :param company: where the right to import is asked for, and whose journal says so
    :param only_ask: say what would happen, and write nothing
    :return: per row what became of it
    """
    if not by.may("imports.run", company):
        raise NotAllowed
    with transaction.atomic():
        days = {row.day for row in rows}
        stored = ExchangeRate.objects.filter(day__in=days)
        known = {(rate.currency, rate.day): rate.units_per_eur for rate in stored}
        verdicts: list[Effect | Refusal] = []
        new: list[ExchangeRate] = []
        for row in rows:
            verdicts.append(_verdict(row, known))
            if verdicts[-1] is Effect.CREATED:
                known[row.currency, row.day] = row.units_per_eur
                new.append(ExchangeRate(currency=row.currency, day=row.day, units_per_eur=row.units_per_eur))
        if new and not only_ask:
            # Somebody else may publish the same day at this moment: theirs stays.
            ExchangeRate.objects.bulk_create(new, batch_size=1000, ignore_conflicts=True)
            audit.record(
                "rates.recorded",
                company,
                by=by,
                at=at,
                company_id=company.pk,
                after={
                    "rates": len(new),
                    "currencies": sorted({rate.currency for rate in new}),
                    "from": min(rate.day for rate in new),
                    "to": max(rate.day for rate in new),
                },
            )
    return verdicts


def _verdict(row: RateRow, known: dict[tuple[str, date], Decimal]) -> Effect | Refusal:
    if row.currency == "EUR" and row.units_per_eur != 1:
        return Invalid(errors={"units_per_eur": [_("One euro is one euro.")]})
    if row.units_per_eur <= 0:
        return Invalid(errors={"units_per_eur": [_("A rate is above 0.")]})
    stored = known.get((row.currency, row.day))
    if stored is None:
        return Effect.CREATED
    return Effect.UNCHANGED if stored == row.units_per_eur else RateKnown()
