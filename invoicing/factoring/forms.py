"""The forms of selling invoices."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from o2c.shared.fields import DateField


class ReceiptForm(forms.Form):
    """On which day the factor received a list."""

    received_on = DateField(label=_("Received on"), prefer="past")


class TakeBackForm(forms.Form):
    """Why an invoice is taken back."""

    reason = forms.CharField(label=_("Reason"), max_length=300, widget=forms.Textarea(attrs={"rows": 3}))


class PassOnForm(forms.Form):
    """On which day money was passed on."""

    passed_on = DateField(label=_("Passed on"), prefer="past")
