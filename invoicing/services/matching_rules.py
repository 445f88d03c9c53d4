"""What a company asks of matching: whether sure payments are matched by themselves, what may be let go."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Final

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts.models import Company, User
from invoicing.models import CashDiscount, MatchingRules
from o2c.shared import audit
from o2c.shared.problems import Invalid

from .shared import require

RULES_RIGHT: Final = "policy.change"


def set_matching_rules(
    *,
    company: Company,
    is_automatic: bool,
    confidence: Decimal,
    tolerance: Decimal,
    discount_percent: Decimal | None,
    discount_days: int | None,
    by: User,
    at: datetime,
) -> MatchingRules:
    """Set what a company asks of matching, and the cash discount it grants every client without one of their own.

    :param discount_percent: None where none is granted
    :raises Invalid: a discount without its days, or days without a discount
    """
    require(by, RULES_RIGHT, company)
    if (discount_percent is None) is not (discount_days is None):
        raise Invalid(errors={"discount_days": [_("A cash discount has a percentage and a number of days.")]})
    with transaction.atomic():
        Company.objects.select_for_update(no_key=True).get(pk=company.pk)
        rules = MatchingRules.objects.filter(company=company).first() or MatchingRules(company=company)
        before = _facts(rules, CashDiscount.objects.filter(company=company, account=None).first())
        rules.is_automatic, rules.confidence, rules.tolerance = is_automatic, confidence, tolerance
        rules.save()
        discount = None
        if discount_percent is None or discount_days is None:
            CashDiscount.objects.filter(company=company, account=None).delete()
        else:
            discount, _made = CashDiscount.objects.update_or_create(
                company=company, account=None, defaults={"percent": discount_percent, "days": discount_days}
            )
        audit.record(
            "matching.rules_changed",
            rules,
            by=by,
            at=at,
            label=company.code,
            company_id=company.pk,
            before=before,
            after=_facts(rules, discount),
        )
    return rules


def _facts(rules: MatchingRules, discount: CashDiscount | None) -> dict[str, object]:
    return {
        "automatic": rules.is_automatic,
        "confidence": rules.confidence,
        "tolerance": rules.tolerance,
        "discount_percent": discount.percent if discount else None,
        "discount_days": discount.days if discount else None,
    }
