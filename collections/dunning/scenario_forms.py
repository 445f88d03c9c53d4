"""The form of a scenario: what it asks of all its steps, then its steps, one part each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.enums import ContactRole, RiskClass
from o2c.shared.fields import MoneyField

from .defaults import TEXT_EN, TEXT_FR
from .enums import StepChannel, StepOwner
from .services.scenarios import ScenarioGiven
from .step_policy import AUTOMATIC_AT_MOST, EARLIEST, LATEST, MOST_STEPS, Problem, StepGiven
from .step_words import when_in_words

_AUTOMATIC: Final = [
    ("", pgettext_lazy("steps", "None")),
    *((str(n), str(n)) for n in range(AUTOMATIC_AT_MOST + 1)),
]


class StepForm(forms.Form):
    """One step; without a day it is none."""

    day = forms.IntegerField(
        label=_("Day"),
        min_value=EARLIEST,
        max_value=LATEST,
        help_text=_("Counted from the due date; −7 is a week before it."),
    )
    channel = forms.ChoiceField(label=_("Channel"), choices=StepChannel.choices)
    owner = forms.ChoiceField(label=_("Who stands behind it"), choices=StepOwner.choices)
    contact = forms.ChoiceField(label=_("To whom"), choices=ContactRole.choices)
    min_amount = MoneyField(
        label=_("Documents from"),
        min_value=Decimal(0),
        required=False,
        help_text=_("Smaller ones pass it over."),
    )
    attaches_invoices = forms.BooleanField(label=_("With statement and invoices"), required=False)
    quotes_penalties = forms.BooleanField(label=_("Names penalties to date"), required=False)
    is_formal = forms.BooleanField(label=_("Formal notice, signed by the finance director"), required=False)
    subject_fr = forms.CharField(label=_("Subject in French"), max_length=150, required=False)
    body_fr = forms.CharField(
        label=_("Text in French"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 7}),
        max_length=6000,
        help_text=_("A text message is short, and ends with the address of the client’s page."),
    )
    subject_en = forms.CharField(label=_("Subject in English"), max_length=150, required=False)
    body_en = forms.CharField(
        label=_("Text in English"), required=False, widget=forms.Textarea(attrs={"rows": 7}), max_length=6000
    )

    def heading(self) -> str:
        """When the step is made, in words; empty without a day."""
        try:
            return when_in_words(int(self["day"].value()))
        except (TypeError, ValueError):
            return ""

    def given(self, number: int) -> StepGiven:
        """The step as the act takes it; a text message that nobody has written words for starts with ours."""
        values = {name: value for name, value in self.cleaned_data.items() if name != "DELETE"}
        if (
            values["channel"] == StepChannel.SMS
            and not values["body_fr"].strip()
            and not values["body_en"].strip()
        ):
            values |= {"body_fr": TEXT_FR, "body_en": TEXT_EN}
        # A browser sends a text with its own line ends.
        texts = {
            name: values[name].replace("\r\n", "\n")
            for name in ("subject_fr", "body_fr", "subject_en", "body_en")
        }
        return StepGiven(
            **values | texts | {"number": number, "min_amount": values["min_amount"] or Decimal(0)}
        )


StepForms = forms.formset_factory(StepForm, extra=0, can_delete=True, max_num=MOST_STEPS, validate_max=True)


class ScenarioForm(forms.Form):
    """A scenario with its steps; the steps are numbered in the order of their days from the first number on."""

    name = forms.CharField(label=_("Name"), max_length=80)
    risk_class = forms.ChoiceField(
        label=_("Risk class"),
        required=False,
        choices=[("", pgettext_lazy("risk class", "All")), *RiskClass.choices],
    )
    account = forms.CharField(label=_("Client alone"), required=False, max_length=40)
    grace_days = forms.IntegerField(label=_("Days of grace"), min_value=0, max_value=30)
    min_amount = MoneyField(label=_("Smallest amount reminded of"), min_value=Decimal(0))
    min_gap_days = forms.IntegerField(label=_("Days between two contacts"), min_value=1, max_value=60)
    most_contacts = forms.IntegerField(
        label=_("Most contacts with a client within thirty days"),
        min_value=1,
        max_value=30,
        required=False,
        help_text=_("Empty: as many as the days between two contacts let through."),
    )
    formal_days = forms.IntegerField(label=_("Days left by a formal notice"), min_value=1, max_value=60)
    automatic_until = forms.TypedChoiceField(
        label=_("Sent without review up to step"),
        required=False,
        choices=_AUTOMATIC,
        coerce=int,
        empty_value=None,
    )

    def __init__(self, data: Any, *, steps: Sequence[Mapping[str, Any]], **options: Any) -> None:
        super().__init__(data, **options)
        self.steps = StepForms(data, initial=steps, prefix="step")

    def is_valid(self) -> bool:
        """Tell whether scenario and steps can be read."""
        ours, theirs = super().is_valid(), self.steps.is_valid()
        if not theirs and ours:
            self.add_error(None, _("Some steps are not complete yet."))
        return ours and theirs

    def kept(self) -> list[StepForm]:
        """The steps that stay, by day."""
        kept = [form for form in self.steps.forms if not form.cleaned_data.get("DELETE")]
        return sorted(kept, key=lambda form: form.cleaned_data["day"])

    def given(self) -> ScenarioGiven:
        """The scenario as the act takes it: a reminder before the due date is step 0."""
        kept = self.kept()
        first = 0 if kept and kept[0].cleaned_data["day"] < 0 else 1
        steps = tuple(form.given(number) for number, form in enumerate(kept, start=first))
        return ScenarioGiven(steps=steps, **self.cleaned_data)

    def show(self, problems: Sequence[Problem]) -> None:
        """Say each problem beside its field."""
        kept = self.kept()
        for problem in problems:
            form: forms.Form = self if problem.place is None else kept[problem.place]
            form.add_error(problem.field if problem.field in form.fields else None, str(problem.text))
        if not self.errors:
            self.add_error(None, _("Some steps are not complete yet."))
