"""What a company says of its margin, and of what it loses by class: both sides of what is at stake in a decision."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final

from django.db import transaction
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from accounts.enums import RiskClass
from accounts.models import Company, User
from o2c.shared import audit
from o2c.shared.problems import Conflict, Invalid, NotAllowed

from ..models import RiskPolicy
from ..stake_policy import Stake, stake_of
from .limit_rules import CHANGE, own_row

_HUNDRED: Final = Decimal(100)


class StakeRulesUnchanged(Conflict):
    """Everything is as asked already."""

    code = "nothing_changes"
    message = _("These are the present rules: nothing changes.")


@dataclass(frozen=True)
class StakeRules:
    """The rates in force.

    :ivar margin_pct: margin in percent of sales excl. VAT; None where nobody has said it
    :ivar loss_pct: by risk class, the share of sales excl. VAT that is lost on average, in percent
    """

    margin_pct: Decimal | None
    loss_pct: Mapping[str, Decimal]

    def weigh(self, net: Decimal, risk_class: str) -> Stake:
        """What is at stake in a sale to a client of a class.

        :param net: excl. VAT, in the company's currency
        """
        loss = self.loss_pct.get(risk_class, Decimal(0))
        return stake_of(net, risk_class=risk_class, loss_pct=loss, margin_pct=self.margin_pct)

    def as_facts(self) -> dict[str, str | None]:
        """Return them as the journal keeps them."""
        losses = {f"loss_{name}": str(value) for name, value in sorted(self.loss_pct.items())}
        return {"margin": None if self.margin_pct is None else str(self.margin_pct), **losses}


def stake_rules(company: Company) -> StakeRules:
    """The rates in force: a company's own row of a class wins over the common one."""
    rows = RiskPolicy.objects.filter(Q(company=None) | Q(company=company))
    own_last = rows.order_by(F("company").asc(nulls_first=True))
    found = dict(own_last.values_list("risk_class", "loss_pct"))
    return StakeRules(company.margin_pct, {name: found[name] for name in sorted(found)})


def change_stake_rules(
    *, company_id: int, rules: StakeRules, reason: str, by: User, at: datetime
) -> StakeRules:
    """Change the rates; they count from the next decision on, and change nothing that was decided.

    :raises NotAllowed: no right to change the policy there
    :raises Invalid: a rate outside 0 to 100, a margin of 0, an unknown class, no reason
    :raises StakeRulesUnchanged: they are the rates in force
    """
    errors: dict[str, list[object]] = {}
    if rules.margin_pct is not None and not 0 < rules.margin_pct <= _HUNDRED:
        errors["margin_pct"] = [_("Between 0.01 and 100%, or nothing.")]
    for name, value in rules.loss_pct.items():
        if name not in RiskClass.values:
            errors["risk_class"] = [_("There is no such risk class.")]
        elif not 0 <= value <= _HUNDRED:
            errors[f"loss_{name}"] = [_("Between 0 and 100%.")]
    if not reason.strip():
        errors["reason"] = [_("A reason is required.")]
    if errors:
        raise Invalid(errors=errors)  # type: ignore[arg-type]
    with transaction.atomic():
        company = Company.objects.select_for_update(no_key=True).get(pk=company_id)
        if not by.may(CHANGE, company):
            raise NotAllowed
        before = stake_rules(company)
        after = StakeRules(rules.margin_pct, {**before.loss_pct, **rules.loss_pct})
        if after == before:
            raise StakeRulesUnchanged
        for name, value in after.loss_pct.items():
            if value != before.loss_pct[name]:
                own = own_row(company, name)
                own.loss_pct = value
                own.save()
        company.margin_pct = after.margin_pct
        company.save(update_fields=["margin_pct"])
        audit.record(
            "stake.rules_changed",
            company,
            by=by,
            at=at,
            label=company.code,
            company_id=company.pk,
            reason=reason.strip(),
            before=before.as_facts(),
            after=after.as_facts(),
        )
        return after
