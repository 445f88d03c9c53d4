"""The rules of a day: who may decide how much, what a class is allowed, and what changes from a later day on."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from django.db.models import F, Q, QuerySet
from django.utils import timezone

from accounts.models import Company

from .models import DelegationRule, RiskPolicy, ThresholdChange
from .policy import DATED_THRESHOLDS, Thresholds
from .rule_policy import Authority

_FIELDS = tuple(Thresholds.__dataclass_fields__)


@dataclass(frozen=True)
class ClassThresholds:
    """What one class is allowed on a day.

    :ivar change: the row that says so; None while what comes with the portal counts
    """

    risk_class: str
    values: Thresholds
    change: ThresholdChange | None


def delegation_of(company_id: int, on: date | None = None) -> list[DelegationRule]:
    """The delegation matrix of a day: a company's own rows win over the common ones, level by level.

    :param on: today when not given
    """
    begun = (
        _counting(company_id)
        .filter(effective_from__lte=on or timezone.localdate())
        .select_related("set_by", "decided_by")
    )
    found: dict[int, DelegationRule] = {}
    # The last one of a level wins: its company's own, the latest begun.
    for rule in begun.order_by(F("company").asc(nulls_first=True), "effective_from", "pk"):
        found[rule.level] = rule
    return [found[level] for level in sorted(found)]


def matrix_of(company_id: int, on: date) -> tuple[Authority, ...]:
    """The same as plain values."""
    return tuple(authority_of(rule) for rule in delegation_of(company_id, on))


def authority_of(rule: DelegationRule) -> Authority:
    """A row of the matrix as plain values."""
    return Authority(**{name: getattr(rule, name) for name in Authority.__dataclass_fields__})


def coming_authority(company: Company, on: date) -> list[DelegationRule]:
    """Changes of the matrix that are agreed and begin after a day, the next one first."""
    rows = _counting(company.pk).filter(effective_from__gt=on).select_related("set_by", "decided_by")
    return list(rows.order_by("effective_from", "level", "pk"))


def waiting_authority(company: Company) -> QuerySet[DelegationRule]:
    """Changes of the matrix that wait for another person."""
    rows = DelegationRule.objects.filter(company=company, set_by__isnull=False, decided_by=None)
    return rows.select_related("set_by").order_by("level", "pk")


def thresholds_of(company: Company, on: date) -> dict[str, ClassThresholds]:
    """What each class is allowed on a day, with the row that says so."""
    found = {
        row.risk_class: ClassThresholds(row.risk_class, _values(row), None)
        for row in RiskPolicy.objects.filter(Q(company=None) | Q(company=company)).order_by(
            "risk_class", F("company").asc(nulls_first=True)
        )
    }
    rows = ThresholdChange.objects.filter(company=company, effective_from__lte=on).select_related("set_by")
    for change in rows.order_by("effective_from", "pk"):
        known = found[change.risk_class].values
        found[change.risk_class] = ClassThresholds(change.risk_class, _changed(known, change), change)
    return found


def coming_thresholds(company: Company, on: date) -> list[ThresholdChange]:
    """Changes that begin after a day, the next one first."""
    rows = ThresholdChange.objects.filter(company=company, effective_from__gt=on).select_related("set_by")
    return list(rows.order_by("effective_from", "risk_class", "pk"))


def all_thresholds(on: date) -> dict[tuple[int | None, str], Thresholds]:
    """What classes are allowed on a day in every company: by company, None for the common rows, and class."""
    rows: Iterable[RiskPolicy] = RiskPolicy.objects.all()
    found: dict[tuple[int | None, str], Thresholds] = {
        (row.company_id, row.risk_class): _values(row) for row in rows
    }
    for change in ThresholdChange.objects.filter(effective_from__lte=on).order_by("effective_from", "pk"):
        key = (change.company_id, change.risk_class)
        found[key] = _changed(found.get(key) or found[(None, change.risk_class)], change)
    return found


def _counting(company_id: int) -> QuerySet[DelegationRule]:
    """Rows that nobody has still to agree to."""
    rows = DelegationRule.objects.filter(Q(company_id=company_id) | Q(company=None))
    return rows.filter(Q(set_by=None) | Q(is_accepted=True))


def _values(row: RiskPolicy) -> Thresholds:
    return Thresholds(**{name: getattr(row, name) for name in _FIELDS})


def _changed(before: Thresholds, change: ThresholdChange) -> Thresholds:
    values = {name: getattr(change, name) for name in DATED_THRESHOLDS}
    return Thresholds(**values, evidence_required=before.evidence_required)
