"""``credit-authority/`` and ``credit-thresholds/``: who may decide how much, and what classes are allowed, on a day."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.base import CompanyEdge
from credit.models import DelegationRule, ThresholdChange
from credit.policy import DATED_THRESHOLDS, Thresholds
from credit.rule_policy import AMOUNTS
from credit.rule_queries import (
    coming_authority,
    coming_thresholds,
    delegation_of,
    thresholds_of,
    waiting_authority,
)
from credit.rule_words import say_authority, say_thresholds
from o2c.shared.api.bodies import read_date
from o2c.shared.calendar import paris_date

Shape = serializers.Serializer[Any]
_ON = OpenApiParameter("on", date, description=_("The day asked about; today when left out."))


class AuthorityShape(Shape):
    """What one level may decide alone; an amount of null has no bound, 0.00 is *not at all*."""

    level = serializers.IntegerField()
    role = serializers.CharField()
    release_amount = serializers.CharField(allow_null=True)
    release_pct = serializers.CharField(allow_null=True, help_text=_("Share of the effective limit."))
    release_with_overdue = serializers.BooleanField()
    limit_amount = serializers.CharField(allow_null=True)
    write_off_amount = serializers.CharField(allow_null=True)
    effective_from = serializers.DateField()
    set_by = serializers.CharField(allow_null=True, help_text=_("Null of what comes with the portal."))
    agreed_by = serializers.CharField(allow_null=True)
    reason = serializers.CharField(allow_blank=True)
    in_words = serializers.CharField()


class AuthorityAnswer(Shape):
    """The matrix of a day, what is agreed to begin later, and what waits for a second person."""

    company = serializers.CharField()
    currency = serializers.CharField()
    on = serializers.DateField()
    levels = AuthorityShape(many=True)
    coming = AuthorityShape(many=True)
    waiting = AuthorityShape(many=True)


class ThresholdShape(Shape):
    """What one class is allowed; shares in percent."""

    risk_class = serializers.CharField()
    overdue_days = serializers.IntegerField()
    overdue_floor = serializers.CharField()
    grace_days = serializers.IntegerField()
    overdue_pct = serializers.CharField()
    overdue_cap = serializers.CharField()
    dispute_pct = serializers.CharField()
    tolerance_pct = serializers.CharField()
    tolerance_amount = serializers.CharField()
    unusual_factor = serializers.CharField()
    unusual_min_orders = serializers.IntegerField()
    new_account_days = serializers.IntegerField()
    effective_from = serializers.DateField(
        allow_null=True, help_text=_("Null of what comes with the portal.")
    )
    set_by = serializers.CharField(allow_null=True)
    reason = serializers.CharField(allow_blank=True)
    in_words = serializers.ListField(child=serializers.CharField())


class ThresholdAnswer(Shape):
    """The thresholds of a day by class, and what begins later."""

    company = serializers.CharField()
    currency = serializers.CharField()
    on = serializers.DateField()
    classes = ThresholdShape(many=True)
    coming = ThresholdShape(many=True)


class AuthorityView(CompanyEdge):
    """The delegation matrix."""

    reads = "accounts.view"
    takes = {"get": ("on",)}

    @extend_schema(parameters=[_ON], responses=AuthorityAnswer)
    def get(self, request: Request) -> Response:
        """Who decides up to how much on a day."""
        day = read_date(request, "on") or paris_date(self.at)

        def shown(rules: Any) -> list[dict[str, Any]]:
            return [_authority(rule, self.company.currency) for rule in rules]

        return Response(
            {
                "company": self.company.code,
                "currency": self.company.currency,
                "on": day,
                "levels": shown(delegation_of(self.company.pk, day)),
                "coming": shown(coming_authority(self.company, day)),
                "waiting": shown(waiting_authority(self.company)),
            }
        )


class ThresholdsView(CompanyEdge):
    """The thresholds of the credit check."""

    reads = "accounts.view"
    takes = {"get": ("on",)}

    @extend_schema(parameters=[_ON], responses=ThresholdAnswer)
    def get(self, request: Request) -> Response:
        """What each risk class is allowed on a day."""
        day, currency = read_date(request, "on") or paris_date(self.at), self.company.currency
        coming = coming_thresholds(self.company, day)
        return Response(
            {
                "company": self.company.code,
                "currency": currency,
                "on": day,
                "classes": [
                    _thresholds(row.risk_class, row.values, row.change, currency)
                    for row in thresholds_of(self.company, day).values()
                ],
                "coming": [_thresholds(row.risk_class, _values(row), row, currency) for row in coming],
            }
        )


def _authority(rule: DelegationRule, currency: str) -> dict[str, Any]:
    amounts = {name: _text(getattr(rule, name)) for name in (*AMOUNTS, "release_pct")}
    return {
        "level": rule.level,
        "role": rule.role,
        **amounts,
        "release_with_overdue": rule.release_with_overdue,
        "effective_from": rule.effective_from,
        "set_by": rule.set_by.username if rule.set_by else None,
        "agreed_by": rule.decided_by.username if rule.decided_by else None,
        "reason": rule.reason,
        "in_words": say_authority(rule, currency).sentence,
    }


def _values(row: ThresholdChange) -> Thresholds:
    return Thresholds(**{name: getattr(row, name) for name in DATED_THRESHOLDS})


def _thresholds(
    risk_class: str, values: Thresholds, change: ThresholdChange | None, currency: str
) -> dict[str, Any]:
    return {
        "risk_class": risk_class,
        **{name: _text(getattr(values, name)) for name in DATED_THRESHOLDS},
        "effective_from": change.effective_from if change else None,
        "set_by": change.set_by.username if change else None,
        "reason": change.reason if change else "",
        "in_words": say_thresholds(values, currency),
    }


def _text(value: Any) -> Any:
    return value if value is None or isinstance(value, int) else f"{value:.2f}"
