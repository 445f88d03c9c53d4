"""What is asked for where a statement is brought in, an account is named, a return is settled."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from invoicing.enums import StatementFormat
from o2c.shared.fields import MoneyField


class UploadForm(forms.Form):
    """A file of statements."""

    file = forms.FileField(
        label=_("File"),
        allow_empty_file=True,
        help_text=_("CFONB 120, CAMT.053 (XML) or MT940, as the bank sends it; at most 20 MB."),
        widget=forms.FileInput(
            attrs={"class": "form-control", "accept": ".txt,.cfo,.cfonb,.dat,.xml,.sta,.mt940,.940,.asc"}
        ),
    )
    format = forms.ChoiceField(
        label=_("Format"),
        required=False,
        choices=[("", _("told from the file")), *StatementFormat.choices],
    )


class BankAccountForm(forms.Form):
    """An account of the company."""

    name = forms.CharField(label=_("Name"), max_length=80, required=False, help_text=_("As you call it."))
    iban = forms.CharField(label="IBAN", max_length=50, required=False)
    bank = forms.CharField(label=_("Bank code"), max_length=11, required=False)
    branch = forms.CharField(label=_("Branch code"), max_length=5, required=False)
    account = forms.CharField(label=_("Account number"), max_length=34, required=False)
    currency = forms.CharField(label=_("Currency"), max_length=3)


class SettleForm(forms.Form):
    """Which payment the bank took back, and what it charges for it."""

    payment = forms.ChoiceField(label=_("Payment"), required=False, widget=forms.RadioSelect)
    fee = MoneyField(
        label=_("Bank fee"),
        required=False,
        min_value=Decimal(0),
        help_text=_("Charged to the client as an item of its own. Nothing when left empty."),
    )

    def __init__(self, *args: Any, choices: Sequence[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        payment = self.fields["payment"]
        assert isinstance(payment, forms.ChoiceField)
        payment.choices = choices


class LeaveForm(forms.Form):
    """Why a movement concerns no payment of a client."""

    reason = forms.CharField(label=_("Reason"), max_length=500, widget=forms.Textarea(attrs={"rows": 2}))
