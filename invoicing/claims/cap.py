"""What the insurer pays in a year in all, and what is left of it (domain.md 4.6)."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from django.db.models import F, Q, Sum
from django.db.models.functions import Coalesce, Greatest

from credit.exposure import all_rates_on
from credit.insurance_policy import CoverYear, insurance_year
from credit.models import InsurancePolicy
from invoicing.models import InsuranceClaim
from o2c.shared.money import ZERO, round_cents

from .enums import ClaimStatus


def cover_year(terms: InsurancePolicy, *, told_on: date, on: date) -> CoverYear | None:
    """The year of a policy that a claim told on a day falls in; None where the policy names no cap.

    A claim belongs to the year in which the insurer was told of it, whenever it pays. All claims of the same policy
    count, under whichever of its terms they were opened; one that has ended counts for what was paid.

    :param on: amounts in other currencies count at the rates of this day, one without a rate not at all
    """
    if terms.aggregate_cap is None:
        return None
    begins, ends = insurance_year(terms.year_begun, on=told_on)
    rows = (
        InsuranceClaim.objects.filter(
            company=terms.company_id,
            policy__insurer=terms.insurer,
            policy__number=terms.number,
            told_on__range=(begins, ends),
        )
        .order_by()
        .values_list("currency")
        .annotate(
            paid=Sum("indemnity"),
            promised=Coalesce(
                Sum(Greatest(F("expected") - F("indemnity"), ZERO), filter=~Q(status=ClaimStatus.CLOSED)),
                ZERO,
            ),
        )
    )
    rates, currency = all_rates_on(on), terms.company.currency
    paid = promised = ZERO
    for other, received, to_come in rows:
        paid += in_currency(currency, received, other, rates) or ZERO
        promised += in_currency(currency, to_come, other, rates) or ZERO
    return CoverYear(begins, ends, terms.aggregate_cap, paid, promised)


def this_year(*, terms: InsurancePolicy, on: date) -> CoverYear | None:
    """The year of a policy that a day lies in (the fact ``cover_year``)."""
    return cover_year(terms, told_on=on, on=on)


def in_currency(
    currency: str, amount: Decimal | None, other: str, rates: dict[str, Decimal]
) -> Decimal | None:
    """An amount in another currency, at the rates of a day; None where there is none, of either."""
    if amount is None or currency == other:
        return amount
    if currency not in rates or other not in rates:
        return None
    return round_cents(amount / rates[other] * rates[currency])
