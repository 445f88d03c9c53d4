"""Forms about clients: the shape of what is typed; the acts check it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, cast

from django import forms
from django.urls import reverse_lazy
from django.utils.translation import gettext_lazy as _

from accounts.enums import ContactRole, PaymentMethod, RiskClass, TeamRole
from accounts.models import Company, CustomerAccount, User
from accounts.services import AccountFields
from o2c.shared.fields import DateField

# Checked on leaving the field; the message arrives in the element ``note-<field>``.
CHECKED: Final = ("siren", "siret", "vat_number", "term")


def _checked(name: str, **attrs: str) -> forms.TextInput:
    return forms.TextInput(
        {
            "hx-get": reverse_lazy("accounts:check"),
            "hx-trigger": "change",
            "hx-target": f"#note-{name}",
            "autocomplete": "off",
            **attrs,
        }
    )


def sales_reps(company: Company) -> dict[str, str]:
    """Who may be the sales rep of a client there: user name, name."""
    reps = User.objects.filter(
        is_active=True,
        is_system=False,
        role_grants__company=company,
        role_grants__role__code__startswith="sales",
    )
    return {rep.username: rep.label() for rep in reps.order_by("last_name", "username").distinct()}


class AccountForm(forms.Form):
    """Identity, address, terms and rep of a client. ``code`` is chosen once, at the opening."""

    code = forms.CharField(max_length=40, label=_("Code"), help_text=_("Its own in this company: C0042."))
    name = forms.CharField(max_length=200, label=_("Name"))
    siren = forms.CharField(
        required=False, label="SIREN", widget=_checked("siren", inputmode="numeric"), help_text=_("9 digits")
    )
    siret = forms.CharField(
        required=False, label="SIRET", widget=_checked("siret", inputmode="numeric"), help_text=_("14 digits")
    )
    vat_number = forms.CharField(required=False, label=_("VAT number"), widget=_checked("vat_number"))
    country = forms.CharField(
        max_length=2, initial="FR", label=_("Country"), help_text=_("Two letters: FR, BE, DE")
    )
    address_line1 = forms.CharField(required=False, max_length=200, label=_("Address"))
    address_line2 = forms.CharField(required=False, max_length=200, label=_("Address, continued"))
    postcode = forms.CharField(required=False, max_length=12, label=_("Postcode"))
    city = forms.CharField(required=False, max_length=100, label=_("City"))
    currency = forms.CharField(max_length=3, label=_("Currency"))
    term = forms.CharField(
        max_length=40,
        initial="NET30",
        label=_("Payment term"),
        widget=_checked("term"),
        help_text=_("NET30, 30D_EOM, 45D_EOM, EOM_45D, 30D_EOM_ON10, RCV30, COD, PREPAID"),
    )
    payment_method = forms.ChoiceField(choices=PaymentMethod.choices, label=_("Payment method"))
    risk_class = forms.ChoiceField(choices=RiskClass.choices, initial=RiskClass.C, label=_("Risk class"))
    sales_rep = forms.ChoiceField(required=False, label=_("Sales rep"))
    group = forms.CharField(
        required=False, max_length=40, label=_("Group"), help_text=_("Code of the group of companies, if any")
    )
    language = forms.ChoiceField(
        choices=[("fr", _("French")), ("en", _("English"))], label=_("Language of letters")
    )
    term_override_reason = forms.CharField(
        required=False,
        widget=forms.Textarea({"rows": 2, "placeholder": _("Sector agreement of 12 March, see file")}),
        label=_("Why a term beyond the legal cap"),
    )
    version = forms.IntegerField(required=False, widget=forms.HiddenInput)

    def __init__(
        self,
        *args: Any,
        company: Company,
        account: CustomerAccount | None = None,
        may_override: bool = False,
        **kwargs: Any,
    ) -> None:
        self.account = account
        super().__init__(*args, **kwargs)
        choices = sales_reps(company)
        current = self.initial.get("sales_rep")
        if current:
            choices.setdefault(current, current)
        self.fields["sales_rep"].choices = [("", _("nobody")), *choices.items()]  # type: ignore[attr-defined]
        if account is not None:
            del self.fields["code"]
        if not may_override:
            del self.fields["term_override_reason"]

    def account_fields(self) -> AccountFields:
        """What was entered, as the acts take it."""
        left_out = {"code", "version", "term_override_reason"}
        entered = {name: value for name, value in self.cleaned_data.items() if name not in left_out}
        return cast(AccountFields, entered)


class PersonField(forms.ModelChoiceField):
    """Somebody of the company, by the name people read."""

    def label_from_instance(self, obj: Any) -> str:
        """The name."""
        return str(obj.label())


class MemberForm(forms.Form):
    """A member of a client's team: who, for what, from when to when."""

    user = PersonField(label=_("Person"), queryset=User.objects.none())
    role = forms.ChoiceField(label=_("Looks after"))
    valid_from = DateField(
        label=_("From"), required=False, prefer="past", help_text=_("Today when left empty.")
    )
    valid_until = DateField(
        label=_("Until"),
        required=False,
        prefer="future",
        help_text=_("Last day included; empty for a member who stays."),
    )
    has_bonus = forms.BooleanField(
        label=_("Earns a bonus on this client"),
        required=False,
        help_text=_("Who earns on an order does not decide it."),
    )
    reason = forms.CharField(label=_("Reason"), required=False, max_length=300)

    def __init__(
        self, *args: Any, company: Company, roles: Sequence[str], may_bonus: bool, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        people = User.objects.filter(role_grants__company=company, is_active=True, is_system=False)
        self.fields["user"].queryset = people.order_by("last_name", "username").distinct()  # type: ignore[attr-defined]
        self.fields["role"].choices = [(role, TeamRole(role).label) for role in roles]  # type: ignore[attr-defined]
        if not may_bonus:
            del self.fields["has_bonus"]


class EndMemberForm(forms.Form):
    """The last day of a membership; at once when left empty."""

    last_day = DateField(label=_("Last day"), required=False, prefer="nearest")
    reason = forms.CharField(label=_("Reason"), required=False, max_length=300)


class ContactForm(forms.Form):
    """A person at the client's; a row without a name is left out."""

    name = forms.CharField(required=False, max_length=120, label=_("Name"))
    role = forms.ChoiceField(choices=ContactRole.choices, label=_("Function"))
    email = forms.EmailField(required=False, label=_("E-mail"))
    phone = forms.CharField(required=False, max_length=30, label=_("Phone"))

    def clean(self) -> dict[str, Any]:
        """Ask for a name where anything else was entered."""
        entered = super().clean() or {}
        if not entered.get("name") and (entered.get("email") or entered.get("phone")):
            self.add_error("name", _("Who is it? Write the name, or empty the row."))
        return entered


class BaseContactFormSet(forms.BaseFormSet):
    """The people at a client's."""

    def entered(self) -> list[dict[str, Any]]:
        """The rows that hold somebody."""
        return [row.cleaned_data for row in self.forms if row.cleaned_data.get("name")]


ContactFormSet = forms.formset_factory(ContactForm, formset=BaseContactFormSet, extra=2, max_num=20)
