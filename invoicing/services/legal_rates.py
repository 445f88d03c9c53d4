"""The table of legal rates: adding a half-year, correcting one by a new row."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Final

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from invoicing.interest_policy import ASKED_BEFORE, HalfYear
from invoicing.models import LegalRate
from o2c.shared import audit
from o2c.shared.calendar import paris_date
from o2c.shared.money import quantize
from o2c.shared.problems import Conflict, Invalid, NotAllowed, NotFound, RuleRefused

from .shared import refusing_taken_key

RIGHT: Final = "rates.manage"
_LONGEST_SOURCE: Final = 300


class RateKnown(Conflict):
    code = "rate_known"
    message = _("The rates of this half-year are in the table already: correct them, with a reason.")


class RateNotPublished(RuleRefused):
    code = "rate_not_published"
    message = _("The rates of this half-year are not published yet: mark them as assumed.")


class RateOutOfOrder(RuleRefused):
    code = "rate_out_of_order"
    message = _("Half-years are added one after the other, none ahead of the next one.")


@transaction.atomic
def add_legal_rate(
    *,
    half_year: HalfYear,
    ecb: Decimal,
    legal: Decimal,
    source: str,
    is_assumed: bool = False,
    by: User,
    at: datetime,
) -> LegalRate:
    """Add the rates of a half-year, percent, four decimals at most. The same once more changes nothing.

    :param ecb: main refinancing rate on the first day
    :param legal: legal interest rate of business creditors
    :raises RateKnown: it has other rates
    :raises RateOutOfOrder: not the one after the last, or later than the next half-year
    :raises RateNotPublished: long before it begins, and not marked as assumed
    """
    _require(by)
    today = paris_date(at)
    row = _row(half_year, ecb, legal, source, is_assumed)
    if known := in_force(half_year):
        if _content(known) == _content(row):
            return known
        raise RateKnown
    last = LegalRate.objects.first()
    if (last is not None and half_year != last.half_year.following) or half_year > HalfYear.of(
        today
    ).following:
        raise RateOutOfOrder
    if not is_assumed and today < half_year.first - ASKED_BEFORE:
        raise RateNotPublished
    return _store(row, "legal_rate.added", by=by, at=at)


@transaction.atomic
def correct_legal_rate(
    *,
    rate_id: int,
    ecb: Decimal,
    legal: Decimal,
    source: str,
    reason: str,
    is_assumed: bool = False,
    by: User,
    at: datetime,
) -> LegalRate:
    """Put a new row in the place of one, with a reason. What was claimed before keeps the figures it was claimed with.

    :raises RateKnown: somebody has corrected it meanwhile
    """
    _require(by)
    former = LegalRate.objects.filter(pk=rate_id).first()
    if former is None:
        raise NotFound
    if not reason.strip():
        raise Invalid(_("Say why."), errors={"reason": [_("A reason is required.")]})
    row = _row(former.half_year, ecb, legal, source, is_assumed)
    if _content(former) == _content(row):
        raise Invalid(_("Nothing differs from the present row."))
    row.replaces, row.reason = former, reason.strip()
    return _store(row, "legal_rate.corrected", by=by, at=at)


def in_force(half_year: HalfYear) -> LegalRate | None:
    """The row of a half-year that nothing replaces."""
    if not 1 <= half_year.year <= 9998:
        return None
    return LegalRate.objects.filter(starts_on=half_year.first, replaced_by=None).first()


def _require(by: User) -> None:
    # The law is the same in every company: whoever keeps the table in one keeps it for all.
    if not by.may(RIGHT):
        raise NotAllowed


def _row(half_year: HalfYear, ecb: Decimal, legal: Decimal, source: str, is_assumed: bool) -> LegalRate:
    errors: dict[str, list[object]] = {}
    for name, value, least in (("ecb", ecb, Decimal(0)), ("legal", legal, Decimal("0.0001"))):
        if not value.is_finite() or not least <= value < 100 or value != quantize(value, 4):
            errors[name] = [_("A rate is a percentage below 100 with four decimals at most.")]
    if not source.strip() or len(source) > _LONGEST_SOURCE:
        errors["source"] = [_("Say where it was read, in 300 characters at most.")]
    if errors:
        raise Invalid(errors=errors)  # type: ignore[arg-type]
    return LegalRate(
        starts_on=half_year.first,
        ecb_rate=ecb,
        legal_rate=legal,
        source=source.strip(),
        is_assumed=is_assumed,
    )


def _content(row: LegalRate) -> tuple[Decimal, Decimal, str, bool]:
    return row.ecb_rate, row.legal_rate, row.source, row.is_assumed


def _store(row: LegalRate, action: str, *, by: User, at: datetime) -> LegalRate:
    row.recorded_by, row.recorded_at = by, at
    try:
        with refusing_taken_key("one_legal_rate_per_half_year"), refusing_taken_key("replaces_id"):
            row.save(force_insert=True)
    except Conflict as taken:
        raise RateKnown from taken
    former = row.replaces
    audit.record(
        action,
        row,
        by=by,
        at=at,
        reason=row.reason,
        before={"ecb": former.ecb_rate, "legal": former.legal_rate, "source": former.source} if former else None,
        after={
            "ecb": row.ecb_rate, "legal": row.legal_rate, "source": row.source, "assumed": row.is_assumed,
        },
    )  # fmt: skip
    return row
