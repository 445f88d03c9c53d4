"""Forms of ratings: the shape of what is typed; the acts check it."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.enums import RiskClass
from o2c.shared.fields import DateField, MoneyField

from .scorecard.enums import Change, OverrideCause, RatingScale


class StatementForm(forms.Form):
    """A year of the client's legal entity."""

    closed_on = DateField(label=_("Year closed on"), prefer="past")
    currency = forms.CharField(label=_("Currency"), max_length=3, initial="EUR")
    equity = MoneyField(label=_("Equity"), required=False)
    total_assets = MoneyField(label=_("Total assets"), required=False)
    current_assets = MoneyField(label=_("Current assets"), required=False)
    current_liabilities = MoneyField(label=_("Current liabilities"), required=False)
    revenue = MoneyField(label=_("Revenue"), required=False)
    operating_result = MoneyField(label=_("Operating result"), required=False)
    net_debt = MoneyField(
        label=_("Net debt"),
        required=False,
        help_text=_("Financial debt less cash; negative where cash is more."),
    )
    ebitda = MoneyField(label=_("EBITDA"), required=False)

    def clean_currency(self) -> str:
        """In capitals."""
        return str(self.cleaned_data["currency"]).upper()


class FactsForm(forms.Form):
    """What is known of the client's legal entity; what is left empty is not known."""

    founded_on = DateField(label=_("Founded on"), prefer="past", required=False)
    change = forms.ChoiceField(
        label=_("Last change"), choices=[("", _("none known")), *Change.choices], required=False
    )
    changed_on = DateField(label=_("Changed on"), prefer="past", required=False)
    rating_scale = forms.ChoiceField(
        label=_("Rated by"), choices=[("", _("not rated")), *RatingScale.choices], required=False
    )
    rating = forms.CharField(
        label=_("Rating"),
        max_length=6,
        required=False,
        help_text=_(
            "1+ to 8, P or 0 of the Banque de France, only where the client handed it over; else 0 to 100"
        ),
    )
    rated_on = DateField(label=_("Rated on"), prefer="past", required=False)
    is_natural_person = forms.BooleanField(
        label=_("Natural person"),
        required=False,
        help_text=_("A sole trader may ask for a person to look at the score again (RGPD, article 22)."),
    )

    def clean_rating(self) -> str:
        """As the scale writes it."""
        return str(self.cleaned_data["rating"]).strip().upper()


class OverrideForm(forms.Form):
    """A class asked for against the score."""

    cause = forms.ChoiceField(label=_("Why"), choices=OverrideCause.choices, widget=forms.RadioSelect)
    risk_class = forms.ChoiceField(label=_("Class"), choices=RiskClass.choices)
    valid_until = DateField(
        label=_("Until"), prefer="future", help_text=_("Last day, twelve months ahead at most: +90, 31/3")
    )
    reason = forms.CharField(
        label=_("Reason"),
        widget=forms.Textarea({"rows": 3, "placeholder": _("Receivership opened on 3 November, Nantes")}),
    )


class DecideForm(forms.Form):
    """Why a class is approved, refused or ended."""

    reason = forms.CharField(label=_("Reason"), widget=forms.Textarea({"rows": 2}))


class RatingRulesForm(forms.Form):
    """Whether classes follow scores, and why that changes."""

    follows = forms.BooleanField(
        label=_("Classes follow the score"),
        required=False,
        help_text=_(
            "Every night each client is put into the class of its score; nobody sets it by hand then."
        ),
    )
    reason = forms.CharField(label=_("Reason"), max_length=500, widget=forms.Textarea({"rows": 2}))

    def act(self) -> dict[str, Any]:
        """What the act takes."""
        return {"follows": self.cleaned_data["follows"], "reason": self.cleaned_data["reason"]}
