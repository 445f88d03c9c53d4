"""Rules of a company about its orders that its policy leaves to it: evidence by class, the look before production."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts.enums import RiskClass
from accounts.models import Company, User
from credit.enums import Finding
from credit.models import RiskPolicy
from credit.services.limit_rules import own_row
from o2c.shared import audit, work
from o2c.shared.problems import Conflict, Invalid, NotAllowed

from ..models import HoldCase

CHANGE = "policy.change"


class RulesUnchanged(Conflict):
    """Everything is as asked already."""

    code = "nothing_changes"
    message = _("These are the present rules: nothing changes.")


class RulesChangedMeanwhile(Conflict):
    """Somebody else changed them after the form was drawn."""

    code = "changed_meanwhile"
    message = _("Somebody has changed these rules in the meantime. Look at them again.")


@dataclass(frozen=True)
class OrderRules:
    """What a company asks of its orders beyond the common checks.

    :ivar evidence_classes: risk classes whose orders wait without evidence that the client ordered
    :ivar checks_before_production: whether an order is checked again before its production starts
    """

    evidence_classes: tuple[str, ...]
    checks_before_production: bool


def order_rules(company: Company) -> OrderRules:
    """The rules in force: a company's own row of a class wins over the common one."""
    found: dict[str, bool] = {}
    for row in RiskPolicy.objects.filter(company=None).order_by("risk_class"):
        found[row.risk_class] = row.evidence_required
    for row in RiskPolicy.objects.filter(company=company):
        found[row.risk_class] = row.evidence_required
    return OrderRules(
        tuple(sorted(name for name, asked in found.items() if asked)), company.checks_before_production
    )


def change_order_rules(
    *,
    company_id: int,
    evidence_classes: Collection[str],
    checks_before_production: bool,
    reason: str,
    by: User,
    at: datetime,
    seen: OrderRules | None = None,
) -> OrderRules:
    """Change what a company asks of its orders. Orders that wait for evidence no longer asked for are looked at again.

    :param seen: the rules the person had before them; others in force by now are not overwritten unseen
    :raises NotAllowed: no right to change the policy there
    :raises Invalid: an unknown class, or no reason
    :raises RulesChangedMeanwhile: others are in force by now
    :raises RulesUnchanged: these are in force
    """
    wanted = OrderRules(tuple(sorted(set(evidence_classes))), checks_before_production)
    errors: dict[str, list[object]] = {}
    if set(wanted.evidence_classes) - set(RiskClass.values):
        errors["evidence_classes"] = [_("There is no such risk class.")]
    if not reason.strip():
        errors["reason"] = [_("A reason is required.")]
    if errors:
        raise Invalid(errors=errors)  # type: ignore[arg-type]
    with transaction.atomic():
        company = Company.objects.select_for_update(no_key=True).get(pk=company_id)
        if not by.may(CHANGE, company):
            raise NotAllowed
        before = order_rules(company)
        if seen is not None and seen != before:
            raise RulesChangedMeanwhile
        if wanted == before:
            raise RulesUnchanged
        for name in set(wanted.evidence_classes) ^ set(before.evidence_classes):
            _ask_evidence(company, name, name in wanted.evidence_classes)
        company.checks_before_production = wanted.checks_before_production
        company.save(update_fields=["checks_before_production"])
        audit.record(
            "company.rules_changed",
            company,
            by=by,
            at=at,
            label=company.code,
            company_id=company.pk,
            reason=reason.strip(),
            before=_as_facts(before),
            after=_as_facts(wanted),
        )
        if set(before.evidence_classes) - set(wanted.evidence_classes):
            _look_again(company)
    return wanted


def _ask_evidence(company: Company, name: str, asked: bool) -> None:
    own = own_row(company, name)
    own.evidence_required = asked
    own.save()


def _look_again(company: Company) -> None:
    waiting = HoldCase.objects.filter(
        closed_at=None,
        order__company=company,
        holds__reason=Finding.EVIDENCE_MISSING,
        holds__lifted_at=None,
    )
    for account_id in waiting.order_by("order__account").values_list("order__account", flat=True).distinct():
        work.emit("credit.changed", f"account:{account_id}", {"account_id": account_id})


def _as_facts(rules: OrderRules) -> dict[str, object]:
    return {
        "evidence_classes": list(rules.evidence_classes),
        "checks_before_production": rules.checks_before_production,
    }
