"""What people type for and in a sitting of the committee."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import time
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.models import Company, User
from o2c.shared.fields import DateField, MoneyField

from .committee_models import CommitteeMember
from .committee_policy import Rhythm
from .enums import Department, DisputeOutcome
from .forms import OwnerChoice, VersionForm, blank, causes
from .models import Dispute
from .queries import people_for_disputes


class PlanForm(forms.Form):
    """When it sits."""

    held_on = DateField(label=_("Day"), prefer="future")
    starts_at = forms.TimeField(
        label=_("Begins at"), initial=time(10), widget=forms.TimeInput(format="%H:%M")
    )
    rhythm = forms.ChoiceField(label=_("Rhythm"), choices=Rhythm.choices, initial=Rhythm.ONCE, required=False)
    until = DateField(
        label=_("Until"),
        prefer="future",
        required=False,
        help_text=_("For a calendar: a sitting on a day off moves to the next working day."),
    )


class MembersForm(forms.Form):
    """One member per department, and who chairs."""

    chair = OwnerChoice(label=_("Chair"), queryset=User.objects.none(), empty_label=_("Choose…"))

    def __init__(self, *args: Any, company: Company, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        people = people_for_disputes(company.pk)
        sitting = {row.department: row for row in CommitteeMember.objects.filter(company=company, until=None)}
        self.fields["chair"].queryset = people  # type: ignore[attr-defined]
        self.fields["chair"].initial = next((row.user_id for row in sitting.values() if row.is_chair), None)
        for department in Department:
            self.fields[f"of_{department.value}"] = OwnerChoice(
                label=department.label,
                queryset=people,
                required=False,
                empty_label=_("nobody"),
                initial=sitting[department].user_id if department in sitting else None,
            )

    def chosen(self) -> list[tuple[User, Department]]:
        """Those named, each once, for the first department they stand under."""
        found: dict[int, tuple[User, Department]] = {}
        for department in Department:
            person = self.cleaned_data.get(f"of_{department.value}")
            if person is not None:
                found.setdefault(person.pk, (person, department))
        return list(found.values())

    def seats(self) -> list[Any]:
        """The fields of the departments."""
        return [self[f"of_{department.value}"] for department in Department]


class DecideForm(VersionForm):
    """The decision: outcome, words, owner, action, date, who accepts it, objections."""

    outcome = forms.ChoiceField(
        label=pgettext_lazy("dispute", "Outcome"),
        required=False,
        choices=blank(_("None yet: an action by a date"), DisputeOutcome.choices),
    )
    outcome_amount = MoneyField(label=_("Amount the client need not pay"), required=False)
    root_cause = forms.ChoiceField(
        label=_("Root cause"),
        required=False,
        choices=causes,
        help_text=_("With outcome and root cause the decision is carried out at once."),
    )
    decision = forms.CharField(label=_("Decision"), max_length=4000, widget=forms.Textarea(attrs={"rows": 2}))
    action = forms.CharField(
        label=_("Action"), required=False, max_length=2000, widget=forms.Textarea(attrs={"rows": 2})
    )
    owner = OwnerChoice(label=_("Owner"), queryset=User.objects.none(), empty_label=_("Choose…"))
    agreed_resolution_on = DateField(label=_("To be solved by"), prefer="future")
    accepted_by = forms.MultipleChoiceField(
        label=_("Date accepted by"), required=False, widget=forms.CheckboxSelectMultiple
    )
    objection = forms.CharField(
        label=_("Objection or reserve"),
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 2}),
    )

    def __init__(
        self, *args: Any, dispute: Dispute, present: Sequence[Department], company: Company, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.fields["owner"].queryset = people_for_disputes(company.pk)  # type: ignore[attr-defined]
        self.fields["outcome_amount"].unit = dispute.currency  # type: ignore[attr-defined]
        sides = sorted(set(present))
        self.fields["accepted_by"].choices = [(each.value, each.label) for each in sides]  # type: ignore[attr-defined]
