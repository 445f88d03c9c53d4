"""The form that passes a client on."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from .enums import RelayLevel
from .relay_policy import chain_of


class PassOnForm(forms.Form):
    """To whom, and why."""

    to = forms.ChoiceField(label=_("To whom"))
    reason = forms.CharField(label=_("Reason"), widget=forms.Textarea(attrs={"rows": 3}), max_length=300)

    def __init__(self, data: Any, *, present: RelayLevel, has_credit_management: bool) -> None:
        super().__init__(data)
        chain = chain_of(has_credit_management=has_credit_management)
        choices = [(level.value, level.label) for level in chain if level != present]
        self.fields["to"].choices = choices  # type: ignore[attr-defined]
        place = chain.index(present) + 1 if present in chain else 0
        if place < len(chain):
            self.fields["to"].initial = chain[place].value
