"""Forms of hand-overs and of what interrupts a limitation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from o2c.shared.fields import DateField, MoneyField

from .enums import HandOverOutcome, Interruption, LegalRoute


class ItemsForm(forms.Form):
    """Some items of a client."""

    items = forms.MultipleChoiceField(
        label=_("Documents"), error_messages={"required": _("Choose at least one document.")}
    )

    def __init__(self, data: Any, rows: Sequence[Any], **options: Any) -> None:
        super().__init__(data, **options)
        self.fields["items"].choices = [(str(row.pk), row.document) for row in rows]  # type: ignore[attr-defined]


class HandOverForm(ItemsForm):
    """Which items, by which route, to whom, why."""

    route = forms.ChoiceField(label=_("Route"), choices=LegalRoute.choices)
    recipient = forms.CharField(label=_("Recipient"), max_length=200)
    reference = forms.CharField(label=_("Their reference"), max_length=80, required=False)
    reason = forms.CharField(label=_("Reason"), widget=forms.Textarea(attrs={"rows": 2}), max_length=4000)


class InterruptForm(ItemsForm):
    """What interrupted the limitation of which items, when, and where it stands."""

    kind = forms.ChoiceField(label=_("What happened"), choices=Interruption.choices)
    on = DateField(label=_("On"), prefer="past")
    words = forms.CharField(
        label=_("Where it stands"),
        max_length=300,
        help_text=_("Letter of the client and its day, number of the claim."),
    )


class CostForm(forms.Form):
    """A cost."""

    what = forms.CharField(label=_("What for"), max_length=200)
    amount = MoneyField(label=_("Amount"), help_text=_("Below zero to take a mistake off."))
    day = DateField(label=_("Day"), required=False, prefer="past", help_text=_("Today when left empty."))


class ClaimForm(forms.Form):
    """The number of the claim, and the day it was lodged or the measure taken."""

    reference = forms.CharField(label=_("Their reference"), max_length=80)
    on = DateField(label=_("On"), prefer="past")


class EndForm(forms.Form):
    """How it ended, and why."""

    outcome = forms.ChoiceField(label=_("Outcome"), choices=HandOverOutcome.choices)
    reason = forms.CharField(label=_("Reason"), widget=forms.Textarea(attrs={"rows": 2}), max_length=4000)
