"""Forms of credit: the shape of what is typed; the acts check it."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from babel.numbers import get_currency_symbol
from django import forms
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from accounts.forms import sales_reps
from accounts.models import Company, CustomerAccount, User
from o2c.shared.fields import DateField, MoneyField

from .client_choice import ClientField
from .enums import AlertOutcome, GuaranteeKind, Level, LimitedPart, LimitKind
from .models import LimitRequest


def unit_of(currency: str) -> str:
    """The sign of a currency as it stands beside a field, in the reader's language."""
    return get_currency_symbol(currency, locale=get_language() or "fr")


class SellForm(forms.Form):
    """The amount, incl. VAT, somebody wants to sell for."""

    amount = MoneyField(min_value=Decimal("0.01"), label=_("Amount incl. VAT"))

    def __init__(self, *args: Any, currency: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["amount"].unit = unit_of(currency)  # type: ignore[attr-defined]


class MoveForm(forms.Form):
    """Where a client moves to, since when, and why; what is left empty stays as it is."""

    siren = forms.CharField(label=_("SIREN of the legal entity joined"), required=False, max_length=20)
    group = forms.CharField(label=_("Code of the group joined"), required=False, max_length=40)
    leaves_group = forms.BooleanField(label=_("Belongs to no group any more"), required=False)
    sales_rep = forms.ChoiceField(label=_("Sales rep"), required=False)
    effective_on = DateField(
        label=_("From"), required=False, prefer="past", help_text=_("Today when left empty.")
    )
    reason = forms.CharField(label=_("Reason"), widget=forms.Textarea({"rows": 3}))

    def __init__(self, *args: Any, company: Company, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        reps = sales_reps(company)
        self.fields["sales_rep"].choices = [("", _("stays the same")), *reps.items()]  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        """Turn what is left empty into what stays."""
        given = dict(self.cleaned_data)
        leaves = given.pop("leaves_group", False)
        given["group"] = given.get("group") or ("" if leaves else None)
        given["sales_rep"] = given.get("sales_rep") or None
        return given


class FlagForm(forms.Form):
    """Why a client is blocked or watched, and when to look again."""

    reason = forms.CharField(
        label=_("Reason"),
        widget=forms.Textarea({"rows": 3, "placeholder": _("Two cheques returned unpaid on 12 November")}),
    )
    review_on = DateField(
        label=_("Look again on"), required=False, prefer="future", help_text=_("1/12, +30, fri")
    )


class LiftForm(forms.Form):
    """Why a block or a watch ends."""

    reason = forms.CharField(
        label=_("Reason"),
        widget=forms.Textarea({"rows": 3, "placeholder": _("Arrears paid on 20 November")}),
    )


class PartLimitsForm(forms.Form):
    """The most of each kind of risk, and why."""

    reason = forms.CharField(
        label=_("Reason"),
        widget=forms.Textarea(
            {"rows": 3, "placeholder": _("Large stocks ordered ahead: no more than 20 000 € ordered at once")}
        ),
    )

    def __init__(self, *args: Any, currency: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for part in LimitedPart:
            field = MoneyField(
                label=part.label,
                required=False,
                min_value=Decimal(0),
                help_text=_("Empty: no limit of its own"),
            )
            field.unit = unit_of(currency)
            self.fields[part.value] = field
        self.order_fields([*LimitedPart.values, "reason"])


class LimitRequestForm(forms.Form):
    """A wish for a limit of one client."""

    level = forms.ChoiceField(label=_("Level"), widget=forms.RadioSelect)
    kind = forms.ChoiceField(
        label=_("What is asked for"),
        choices=LimitKind.choices,
        initial=LimitKind.BASE,
        widget=forms.RadioSelect,
    )
    amount = MoneyField(
        label=_("Amount"),
        min_value=Decimal(0),
        help_text=_("12000, 12k; leave empty for unlimited"),
    )
    valid_from = DateField(
        label=_("From"), required=False, prefer="future", help_text=_("Today when left empty")
    )
    valid_until = DateField(
        label=_("Until"),
        required=False,
        prefer="future",
        help_text=_("Last day; a base limit runs 12 months when left empty, a raise 90 days at most"),
    )
    reason = forms.CharField(
        label=_("Reason"),
        widget=forms.Textarea(
            {"rows": 4, "placeholder": _("Spring orders double: 3 sites signed, no late payment in 3 years")}
        ),
    )

    def __init__(self, *args: Any, account: CustomerAccount, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        levels: list[tuple[str, Any]] = [("account", _("This client"))]
        if account.entity_id:
            levels.append(("entity", _("Its legal entity (%(name)s)") % {"name": account.entity.name}))
        if account.entity.group is not None:
            levels.append(("group", _("Its group (%(name)s)") % {"name": account.entity.group.name}))
        self.fields["level"].choices = levels  # type: ignore[attr-defined]
        self.fields["level"].initial = Level.ACCOUNT.word
        self.fields["amount"].unit = unit_of(account.company.currency)  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        """Ask for no amount where there is no bound."""
        entered = super().clean() or {}
        if entered.get("kind") == LimitKind.UNLIMITED:
            self.errors.pop("amount", None)
            entered["amount"] = None
        return entered


class LimitDecisionForm(forms.Form):
    """How much is granted for how long, and why; the button pressed says whether at all."""

    amount = MoneyField(label=_("Granted"), required=False, min_value=Decimal(0))
    valid_from = DateField(label=_("From"), required=False, prefer="future")
    valid_until = DateField(label=_("Until"), required=False, prefer="future")
    reason = forms.CharField(
        label=_("Reason"),
        widget=forms.Textarea({"rows": 3, "placeholder": _("No late payment in 12 months, accounts seen")}),
    )

    def __init__(self, *args: Any, wish: LimitRequest, most: Decimal | None = None, **kwargs: Any) -> None:
        asked = wish.amount if most is None or wish.amount is None else min(most, wish.amount)
        days = {"valid_from": wish.valid_from, "valid_until": wish.valid_until}
        kwargs["initial"] = {"amount": asked, **days}
        super().__init__(*args, **kwargs)
        self.fields["amount"].unit = unit_of(wish.currency)  # type: ignore[attr-defined]
        if wish.kind == LimitKind.UNLIMITED:
            del self.fields["amount"]

    def only_reason(self) -> None:
        """Ask for nothing but the reason: who countersigns approves what the first approval grants."""
        for name in ("amount", "valid_from", "valid_until"):
            self.fields.pop(name, None)

    def granted(self, wish: LimitRequest) -> dict[str, Any]:
        """What is granted otherwise than asked for, as the act takes it."""
        given = {name: self.cleaned_data.get(name) for name in ("amount", "valid_from", "valid_until")}
        return {
            name: value for name, value in given.items() if value is not None and value != getattr(wish, name)
        }


class ClientForm(forms.Form):
    """The client a request is about, chosen first."""

    client = ClientField(label=_("Client"))

    def __init__(self, *args: Any, user: User, company: Company | None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["client"]
        assert isinstance(field, ClientField)
        field.scope = (user, company)


class AlertAnswerForm(forms.Form):
    """What was done about an alert."""

    outcome = forms.TypedChoiceField(
        choices=AlertOutcome.choices, coerce=AlertOutcome, label=_("What was done"), widget=forms.RadioSelect
    )
    comment = forms.CharField(
        label=_("Comment"), required=False, max_length=2000, widget=forms.Textarea({"rows": 2})
    )


class InsurancePolicyForm(forms.Form):
    """The terms of the company's credit insurance from a day on."""

    insurer = forms.CharField(label=_("Insurer"), max_length=120)
    number = forms.CharField(label=_("Policy number"), max_length=60)
    valid_from = DateField(label=_("From"))
    vat_insured = forms.BooleanField(
        label=_("VAT is insured"), required=False, help_text=_("Else covers count on amounts excl. VAT.")
    )
    extension_days = forms.IntegerField(
        label=_("Days of extension"),
        min_value=1,
        max_value=365,
        initial=60,
        help_text=_(
            "An undisputed document late by more holds new orders: their delivery would not be insured."
        ),
    )
    declaration_days = forms.IntegerField(
        label=_("Days to declare"),
        min_value=1,
        max_value=365,
        initial=60,
        help_text=_("Counted from the original due date; an alert is raised ten days before."),
    )
    insolvency_days = forms.IntegerField(
        label=_("Days to declare insolvency proceedings"),
        min_value=1,
        max_value=90,
        initial=10,
        help_text=_("Counted from their publication."),
    )
    waiting_days = forms.IntegerField(label=_("Waiting period, days"), min_value=0, max_value=720, initial=90)
    max_term_days = forms.IntegerField(
        label=_("Longest term insured, days"), min_value=1, max_value=365, required=False
    )
    blind_limit = MoneyField(
        label=_("Blind cover of buyers not named"), min_value=Decimal("0.01"), required=False
    )
    blind_pct = forms.DecimalField(
        label=_("Share of a blind cover, %"),
        min_value=Decimal("0.01"),
        max_value=100,
        decimal_places=2,
        initial=90,
        localize=True,
    )
    aggregate_cap = MoneyField(
        label=_("The insurer pays in a year, at most"),
        min_value=Decimal("0.01"),
        required=False,
        help_text=_("In all, whatever is claimed: what is left of it limits the indemnity of a new claim."),
    )
    year_from = DateField(
        label=_("A year of the policy begins on"),
        required=False,
        help_text=_("Of any year. Empty: the day the policy began."),
    )


class GuaranteeForm(forms.Form):
    """A guarantee with its document; the levels are those the client has."""

    level = forms.ChoiceField(label=_("Of whom"), widget=forms.RadioSelect, initial="account")
    kind = forms.ChoiceField(label=_("Kind"), choices=GuaranteeKind.choices, widget=forms.RadioSelect)
    guarantor = forms.CharField(label=_("Guarantor"), max_length=120)
    reference = forms.CharField(label=_("Reference"), max_length=60)
    amount = MoneyField(label=_("Face amount"), min_value=Decimal("0.01"))
    currency = forms.CharField(label=_("Currency"), min_length=3, max_length=3)
    haircut_pct = forms.DecimalField(
        label=_("Share that counts, %"),
        min_value=Decimal("0.01"),
        max_value=100,
        decimal_places=2,
        initial=100,
        localize=True,
        help_text=_("What is left of the face amount after the haircut of your credit policy."),
    )
    is_eligible = forms.BooleanField(
        label=_("Eligible"),
        required=False,
        initial=True,
        help_text=_("One that your credit policy does not accept is kept and counts for nothing."),
    )
    valid_from = DateField(label=_("From"))
    valid_until = DateField(
        label=_("Until"), prefer="future", required=False, help_text=_("Empty: it has no end.")
    )
    document = forms.FileField(label=_("Document"), help_text=_("PDF, image or e-mail, up to 10 MB."))

    def __init__(self, *args: Any, account: CustomerAccount, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        levels = [("account", _("this client")), ("entity", _("its legal entity"))]
        if account.entity.group_id is not None:
            levels.append(("group", _("its group")))
        self.fields["level"].choices = levels  # type: ignore[attr-defined]

    def clean_currency(self) -> str:
        """In capitals."""
        return str(self.cleaned_data["currency"]).upper()


class EndGuaranteeForm(forms.Form):
    """Why a guarantee ends, or is refused."""

    reason = forms.CharField(
        label=_("Reason"),
        widget=forms.Textarea({"rows": 2, "placeholder": _("Given back on 3 November, paid in full")}),
    )
