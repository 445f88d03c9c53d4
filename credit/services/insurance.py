"""The company's credit insurance policy: entered from a day on, never changed."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Final

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from accounts.models import Company, User
from credit.models import BuyerCover, InsurancePolicy
from credit.services.cover import look_again
from o2c.shared import audit
from o2c.shared.problems import Conflict, Invalid, NotAllowed

RIGHT: Final = "policy.change"
_TERMS: Final = (
    "insurer", "number", "vat_insured", "extension_days", "declaration_days", "insolvency_days", "waiting_days",
    "max_term_days", "blind_limit", "blind_pct", "aggregate_cap", "year_from",
)  # fmt: skip
_MORE_THAN_NOTHING: Final = (
    "extension_days", "declaration_days", "insolvency_days", "blind_limit", "blind_pct", "aggregate_cap",
)  # fmt: skip


class PolicyKnown(Conflict):
    code = "key_conflict"
    message = _("Other terms are known from this day on already: what changed has its own day.")


def set_policy(
    *, company: Company, valid_from: date, by: User, at: datetime, **terms: Any
) -> InsurancePolicy:
    """Enter the terms of the credit insurance from a day on; the same terms again change nothing.

    :param terms: the fields of ``InsurancePolicy``; what is left out keeps its default. Other terms of a policy known
        already keep the days on which its years begin unless ``year_from`` says otherwise.
    :raises NotAllowed: without the right to set what the company asks of its orders
    :raises Invalid: days or amounts that are nothing
    :raises PolicyKnown: other terms are known from that day on
    """
    if not by.may(RIGHT, company):
        raise NotAllowed
    wrong: dict[str, list[Any]] = {}
    for name in _MORE_THAN_NOTHING:
        if name in terms and terms[name] is not None and terms[name] <= 0:
            wrong[name] = [_("This must be more than nothing.")]
    if terms.get("blind_pct") is not None and terms["blind_pct"] > 100:
        wrong["blind_pct"] = [_("No more than 100 %.")]
    if wrong:
        raise Invalid(errors=wrong)
    if terms.get("year_from") is None:
        terms["year_from"] = _year_of(company, terms, before=valid_from)
    row = InsurancePolicy(company=company, valid_from=valid_from, recorded_by=by, recorded_at=at, **terms)
    try:
        with transaction.atomic():
            row.save(force_insert=True)
            covered = BuyerCover.objects.filter(company=company).values("entity")
            look_again(company, covered)
            audit.record(
                "insurance.policy_set",
                row,
                by=by,
                at=at,
                label=row.number,
                company_id=company.pk,
                after={"valid_from": valid_from, **{name: getattr(row, name) for name in _TERMS}},
            )
    except IntegrityError as error:
        known = InsurancePolicy.objects.filter(company=company, valid_from=valid_from).first()
        if known is None:
            raise
        if any(getattr(known, name) != getattr(row, name) for name in _TERMS):
            raise PolicyKnown from error
        return known
    return row


def _year_of(company: Company, terms: dict[str, Any], *, before: date) -> date | None:
    """A day on which the years of the same policy began before; None where it is a new one."""
    rows = InsurancePolicy.objects.filter(
        company=company, insurer=terms.get("insurer"), number=terms.get("number"), valid_from__lt=before
    )
    former = rows.order_by("-valid_from").first()
    return None if former is None else former.year_begun
