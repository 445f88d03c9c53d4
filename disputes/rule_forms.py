"""The agreed days as a form: a department and a number of days for each type."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from o2c.shared.fields import MoneyField

from .enums import Department, DisputeType
from .policy import DEAREST_HOUR, LONGEST_DELAY


class RulesForm(forms.Form):
    """Every type with who answers and by when, and why it changes."""

    reason = forms.CharField(
        label=_("Reason"), max_length=1000, widget=forms.Textarea(attrs={"rows": 2}), required=True
    )

    hour_rate = MoneyField(
        label=_("An hour spent on a dispute costs"),
        required=False,
        min_value=Decimal("0.01"),
        max_value=DEAREST_HOUR,
        help_text=_("The report reckons the hours people say at this rate; empty: hours have no price."),
    )

    def __init__(self, *args: Any, now: Mapping[DisputeType, tuple[Department, int]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for kind, (department, days) in now.items():
            self.fields[f"department_{kind}"] = forms.ChoiceField(
                label=_("Department"),
                choices=Department.choices,
                initial=department,
                widget=forms.Select(
                    attrs={"class": "form-select", "aria-label": f"{_('Who answers')}: {kind.label}"}
                ),
            )
            self.fields[f"days_{kind}"] = forms.IntegerField(
                label=kind.label,
                min_value=1,
                max_value=LONGEST_DELAY,
                initial=days,
                widget=forms.NumberInput(
                    attrs={"class": "form-control", "aria-label": f"{_('Days')}: {kind.label}"}
                ),
            )

    def rows(self) -> list[tuple[DisputeType, forms.BoundField, forms.BoundField]]:
        """A row for each type."""
        return [(kind, self[f"department_{kind}"], self[f"days_{kind}"]) for kind in DisputeType]

    def rules(self) -> dict[DisputeType, tuple[Department, int]]:
        """What was chosen."""
        data = self.cleaned_data
        return {
            kind: (Department(data[f"department_{kind}"]), int(data[f"days_{kind}"])) for kind in DisputeType
        }
