"""Forms of authority and thresholds: a level or a class, what it shall be, from when, and why."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.enums import RiskClass
from accounts.models import Company
from o2c.shared.fields import DateField, MoneyField

from .authority import role_label
from .forms import unit_of
from .models import DelegationRule
from .policy import DATED_THRESHOLDS, Thresholds
from .rule_policy import AMOUNTS, Authority

_NO_BOUND: Final = _("No bound when left empty; 0 for not at all.")


def _percent(label: Any, **kwargs: Any) -> forms.DecimalField:
    return forms.DecimalField(
        label=label, min_value=0, max_value=100, decimal_places=2, localize=True, **kwargs
    )


def _days(label: Any) -> forms.IntegerField:
    return forms.IntegerField(label=label, min_value=0, max_value=730)


def _from() -> DateField:
    return DateField(
        label=_("In force from"),
        prefer="future",
        help_text=_("Today or later; what was decided before stays as it was."),
    )


def _why() -> forms.CharField:
    return forms.CharField(label=_("Reason"), max_length=500, widget=forms.Textarea({"rows": 2}))


class AuthorityForm(forms.Form):
    """What one level may decide alone, from when, and why."""

    level = forms.TypedChoiceField(label=_("Level"), coerce=int)
    release_amount = MoneyField(label=_("Releases orders up to"), required=False, help_text=_NO_BOUND)
    release_pct = _percent(
        _("and up to this share of the limit, in percent"),
        required=False,
        help_text=_("No bound when empty."),
    )
    release_with_overdue = forms.BooleanField(label=_("Also while something is late"), required=False)
    limit_amount = MoneyField(label=_("Grants limits up to"), required=False, help_text=_NO_BOUND)
    write_off_amount = MoneyField(label=_("Grants credit notes up to"), required=False, help_text=_NO_BOUND)
    effective_from = _from()
    reason = _why()

    def __init__(self, *args: Any, company: Company, matrix: list[DelegationRule], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["level"].choices = [  # type: ignore[attr-defined]
            (rule.level, f"{rule.level} · {role_label(rule.role)}") for rule in matrix
        ]
        for name in AMOUNTS:
            self.fields[name].unit = unit_of(company.currency)  # type: ignore[attr-defined]

    def rule(self) -> Authority:
        """What is asked for."""
        asked = self.cleaned_data
        terms = {name: asked[name] for name in Authority.__dataclass_fields__ if name != "role"}
        return Authority(role="", **terms)


class AnswerForm(forms.Form):
    """Why a change is refused, or a word on one that is agreed to."""

    reason = forms.CharField(label=_("Reason"), max_length=500, required=False)


class ThresholdForm(forms.Form):
    """What one class is allowed, from when, and why."""

    risk_class = forms.ChoiceField(label=_("Class"), choices=RiskClass.choices)
    overdue_days = _days(_("Days late that are tolerated"))
    overdue_floor = MoneyField(label=_("Amount late that is tolerated"), min_value=Decimal(0))
    grace_days = _days(_("Days late from which the overdue amount counts"))
    overdue_pct = _percent(_("Share of the exposure that may be overdue, in percent"))
    overdue_cap = MoneyField(label=_("Amount that may be overdue"), min_value=Decimal(0))
    dispute_pct = _percent(_("Share of the exposure that may be in dispute, in percent"))
    tolerance_pct = _percent(_("Tolerance over the limit, in percent"))
    tolerance_amount = MoneyField(label=_("Tolerance over the limit, at most"), min_value=Decimal(0))
    unusual_factor = forms.DecimalField(
        label=_("Times the mean order from which one is unusual"),
        min_value=1,
        max_value=Decimal("999.99"),
        decimal_places=2,
        localize=True,
    )
    unusual_min_orders = forms.IntegerField(
        label=_("Orders from which there is a mean"), min_value=1, max_value=1000
    )
    new_account_days = _days(_("Days for which an account is new"))
    effective_from = _from()
    reason = _why()

    def __init__(self, *args: Any, company: Company, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("overdue_floor", "overdue_cap", "tolerance_amount"):
            self.fields[name].unit = unit_of(company.currency)  # type: ignore[attr-defined]

    def values(self) -> Thresholds:
        """What is asked for."""
        return Thresholds(**{name: self.cleaned_data[name] for name in DATED_THRESHOLDS})
