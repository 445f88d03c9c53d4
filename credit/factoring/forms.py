"""The forms of the factor's agreement and of its word on a client."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from o2c.shared.fields import DateField, MoneyField

from ..enums import FactorWord


def _share(label: Any, initial: Decimal, help_text: Any = "") -> forms.DecimalField:
    return forms.DecimalField(
        label=label,
        min_value=0,
        max_value=100,
        decimal_places=2,
        initial=initial,
        localize=True,
        help_text=help_text,
    )


class FactorAgreementForm(forms.Form):
    """The terms agreed with the factor from a day on."""

    factor = forms.CharField(label=_("Factor"), max_length=120)
    number = forms.CharField(label=_("Contract number"), max_length=60)
    valid_from = DateField(label=_("From"))
    valid_until = DateField(label=pgettext_lazy("day", "Until"), required=False, prefer="future")
    with_recourse = forms.BooleanField(
        label=_("With recourse"),
        required=False,
        help_text=_("What a client does not pay comes back to us: it stays in the exposure."),
    )
    is_notified = forms.BooleanField(
        label=_("Clients are notified"),
        required=False,
        help_text=_(
            "Their invoices name the factor’s account, and it reminds them. Else all stays confidential."
        ),
    )
    advance_pct = _share(_("Financed, %"), Decimal(85))
    guarantee_fund_pct = _share(_("Guarantee fund, %"), Decimal(10), _("Kept back until clients have paid."))
    commission_pct = _share(_("Commission, %"), Decimal("0.5"))
    minimum_commission = MoneyField(
        label=_("Least commission a year"), min_value=Decimal("0.01"), required=False
    )
    max_term_days = forms.IntegerField(
        label=_("Longest term, days"),
        min_value=1,
        max_value=365,
        initial=90,
        help_text=_("From issue to due date."),
    )
    max_overdue_days = forms.IntegerField(
        label=_("Days late at most"),
        min_value=0,
        max_value=365,
        initial=0,
        help_text=_("Later, an invoice is not taken."),
    )
    takes_public = forms.BooleanField(label=_("Public bodies and private persons too"), required=False)
    iban = forms.CharField(
        label=_("The factor’s IBAN"),
        max_length=42,
        required=False,
        help_text=_("Where notified clients pay."),
    )
    bic = forms.CharField(label="BIC", max_length=14, required=False)
    siren = forms.CharField(
        label=_("The factor’s SIREN"),
        max_length=11,
        required=False,
        help_text=_("The payee that e-invoices to notified clients name."),
    )


class FactorApprovalForm(forms.Form):
    """What the factor says of a client's legal entity from a day on."""

    status = forms.ChoiceField(label=_("Its word"), choices=FactorWord.choices, widget=forms.RadioSelect)
    amount = MoneyField(
        label=_("Up to"),
        min_value=Decimal(0),
        required=False,
        help_text=_("Nothing where it refuses or cancels."),
    )
    effective_on = DateField(label=_("From"), help_text=_("What was sold before stays sold."))
    valid_until = DateField(label=pgettext_lazy("day", "Until"), required=False, prefer="future")

    def clean_amount(self) -> Decimal:
        """Nothing typed is nothing taken."""
        return self.cleaned_data["amount"] or Decimal(0)
