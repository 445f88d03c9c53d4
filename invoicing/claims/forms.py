"""The forms of claim files."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from o2c.shared.fields import DateField, MoneyField

from .enums import ClaimOutcome
from .policy import Claimable


class OpenForm(forms.Form):
    """Which documents, and on which day the insurer was told."""

    items = forms.MultipleChoiceField(
        label=_("Documents"), error_messages={"required": _("Choose at least one document.")}
    )
    told_on = DateField(label=_("The insurer was told on"), prefer="past")
    note = forms.CharField(
        label=_("Note"), max_length=1000, required=False, widget=forms.Textarea(attrs={"rows": 2})
    )

    def __init__(self, data: Any, rows: Sequence[Claimable], **options: Any) -> None:
        super().__init__(data, **options)
        self.fields["items"].choices = [(str(row.item_id), row.document) for row in rows]  # type: ignore[attr-defined]


class DeclareForm(forms.Form):
    """The insurer's number of the claim, and the day it was declared."""

    reference = forms.CharField(label=_("The insurer’s number"), max_length=80)
    on = DateField(label=_("Declared on"), prefer="past")


class RecoveryForm(forms.Form):
    """From which day on the insurer recovers."""

    on = DateField(label=_("From"), prefer="past")
    words = forms.CharField(label=_("By whom"), max_length=1000, required=False)


class IndemnityForm(forms.Form):
    """Money of the insurer."""

    amount = MoneyField(label=_("Amount"))
    on = DateField(label=_("Came in"), prefer="past")
    words = forms.CharField(label=_("The insurer’s reference"), max_length=200)


class CloseForm(forms.Form):
    """How it ended, and why."""

    outcome = forms.ChoiceField(label=_("Outcome"), choices=ClaimOutcome.choices)
    reason = forms.CharField(label=_("Reason"), max_length=1000, widget=forms.Textarea(attrs={"rows": 2}))
