"""Forms of collections."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.enums import PaymentMethod
from disputes.enums import DisputeType
from o2c.shared.fields import DateField, MoneyField

from .enums import CallOutcome, CallTopic, DelayReason, PromiseChannel

# Others come with a payment or from the client's own page.
_BY_HAND = [
    each for each in PromiseChannel.choices if each[0] not in {PromiseChannel.BANK, PromiseChannel.LINK}
]


class PromiseForm(forms.Form):
    """What a client promises: for which items, how much, by when."""

    items = forms.MultipleChoiceField(
        label=_("Documents"), error_messages={"required": _("Choose at least one document.")}
    )
    amount = MoneyField(
        label=_("Amount"), required=False, help_text=_("All that is open and not contested when left empty.")
    )
    promised_date = DateField(
        label=_("Promised for"), prefer="future", help_text=_("For example: fri, +7, 12/1")
    )
    method = forms.ChoiceField(
        label=_("Method"), choices=PaymentMethod.choices, initial=PaymentMethod.TRANSFER
    )
    channel = forms.ChoiceField(label=_("Channel"), choices=_BY_HAND, initial=PromiseChannel.CALL)
    made_by = forms.CharField(label=_("Given by"), max_length=120, required=False)
    comment = forms.CharField(
        label=_("Comment"), required=False, widget=forms.Textarea(attrs={"rows": 2}), max_length=4000
    )

    def __init__(self, data: Any, rows: Sequence[Any], **options: Any) -> None:
        super().__init__(data, **options)
        self.fields["items"].choices = [(str(row.pk), row.document) for row in rows]  # type: ignore[attr-defined]


class ReasonForm(forms.Form):
    """Why."""

    reason = forms.CharField(label=_("Reason"), widget=forms.Textarea(attrs={"rows": 3}), max_length=4000)


class CallForm(forms.Form):
    """What came of a call, and what goes with it."""

    outcome = forms.ChoiceField(label=_("Outcome of the call"), choices=CallOutcome.choices)
    items = forms.MultipleChoiceField(label=_("Documents"), required=False)
    amount = MoneyField(label=_("Amount promised"), required=False)
    promised_date = DateField(label=_("Day promised"), required=False, prefer="future")
    dispute_type = forms.ChoiceField(
        label=_("What is contested"), required=False, choices=[("", "—"), *DisputeType.choices]
    )
    reason = forms.ChoiceField(
        label=_("Reason of the delay"), required=False, choices=[("", "—"), *DelayReason.choices]
    )
    spoke_to = forms.CharField(label=_("Spoke to"), required=False, max_length=120)
    satisfaction = forms.TypedChoiceField(
        label=_("Satisfaction"),
        required=False,
        coerce=int,
        empty_value=None,
        choices=[("", "—"), *((str(n), str(n)) for n in range(1, 6))],
    )
    topic = forms.ChoiceField(label=_("About"), required=False, choices=[("", "—"), *CallTopic.choices])
    next_date = DateField(label=_("Next contact"), required=False, prefer="future")
    note = forms.CharField(
        label=_("Factual note"), required=False, widget=forms.Textarea(attrs={"rows": 2}), max_length=4000
    )

    def __init__(self, data: Any, rows: Sequence[Any], **options: Any) -> None:
        super().__init__(data, **options)
        self.fields["items"].choices = [(str(row.pk), row.document) for row in rows]  # type: ignore[attr-defined]
