"""What a company rules about base limits by risk class: the cap of what is suggested, when they are looked at again."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts.enums import RiskClass
from accounts.models import Company, User
from o2c.shared import audit
from o2c.shared.problems import Conflict, Invalid, NotAllowed

from ..models import RiskPolicy

CHANGE: Final = "policy.change"
LONGEST_REVIEW: Final = 24


class LimitRulesUnchanged(Conflict):
    """Everything is as asked already."""

    code = "nothing_changes"
    message = _("These are the present rules: nothing changes.")


@dataclass(frozen=True)
class ClassRule:
    """The rule of one class.

    :ivar limit_cap: the most that is suggested, in the company's currency; None for no cap
    :ivar review_months: months after which a base limit is looked at again
    """

    risk_class: str
    limit_cap: Decimal | None
    review_months: int


def limit_rules(company: Company) -> tuple[ClassRule, ...]:
    """The rules in force, class by class: a company's own row wins over the common one."""
    found: dict[str, RiskPolicy] = {}
    rows = RiskPolicy.objects.filter(company=None) | RiskPolicy.objects.filter(company=company)
    for row in rows:
        if row.risk_class not in found or row.company_id is not None:
            found[row.risk_class] = row
    return tuple(ClassRule(name, found[name].limit_cap, found[name].review_months) for name in sorted(found))


def change_limit_rule(*, company_id: int, rule: ClassRule, reason: str, by: User, at: datetime) -> ClassRule:
    """Change cap and months of review of one class; they count from the next suggestion and the next night on.

    :raises NotAllowed: no right to change the policy there
    :raises Invalid: an unknown class, a cap below zero, months outside 1 to 24, no reason
    :raises LimitRulesUnchanged: it is the rule in force
    """
    errors: dict[str, list[object]] = {}
    if rule.risk_class not in RiskClass.values:
        errors["risk_class"] = [_("There is no such risk class.")]
    if rule.limit_cap is not None and rule.limit_cap < 0:
        errors["limit_cap"] = [_("The amount must be positive.")]
    if not 1 <= rule.review_months <= LONGEST_REVIEW:
        errors["review_months"] = [_("Between 1 and 24 months.")]
    if not reason.strip():
        errors["reason"] = [_("A reason is required.")]
    if errors:
        raise Invalid(errors=errors)  # type: ignore[arg-type]
    with transaction.atomic():
        company = Company.objects.select_for_update(no_key=True).get(pk=company_id)
        if not by.may(CHANGE, company):
            raise NotAllowed
        own = own_row(company, rule.risk_class)
        before = ClassRule(own.risk_class, own.limit_cap, own.review_months)
        if rule == before:
            raise LimitRulesUnchanged
        own.limit_cap, own.review_months = rule.limit_cap, rule.review_months
        own.save()
        audit.record(
            "limit.rules_changed",
            company,
            by=by,
            at=at,
            label=rule.risk_class,
            company_id=company.pk,
            reason=reason.strip(),
            before=asdict(before),
            after=asdict(rule),
        )
        return rule


def own_row(company: Company, risk_class: str) -> RiskPolicy:
    """The company's own row of a class, a copy of the common one, not yet stored, where it has none."""
    own = RiskPolicy.objects.filter(company=company, risk_class=risk_class).first()
    if own is None:
        own = RiskPolicy.objects.get(company=None, risk_class=risk_class)
        own.pk, own.company = None, company
    return own
