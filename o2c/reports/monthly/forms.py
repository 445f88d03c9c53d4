"""Who answers for what, and which month is told by hand."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.models import Company, User

from ..enums import StatementKind, SubjectKind
from . import queries
from .causes import month_name, subject_label
from .policy import full_months


class _Person(forms.ModelChoiceField):
    """A person by name."""

    def label_from_instance(self, obj: Any) -> str:
        """Return the name."""
        return str(obj.label())


class OwnersForm(forms.Form):
    """An owner for every process, or nobody, and why it changes."""

    reason = forms.CharField(
        label=_("Reason"), max_length=1000, widget=forms.Textarea(attrs={"rows": 2}), required=True
    )

    def __init__(self, *args: Any, company: Company, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        people, owners = queries.possible_owners(company), queries.owners_of(company)
        for kind, subject in queries.subjects():
            held = owners.get((kind, subject))
            self.fields[f"{kind}_{subject}"] = _Person(
                label=subject_label(kind, subject), queryset=people, required=False, empty_label=_("nobody"),
                initial=held.user_id if held else None,
            )  # fmt: skip

    def groups(self) -> list[tuple[str, list[forms.BoundField]]]:
        """The fields of each kind of process under its name."""
        return [
            (str(kind.label), [self[f"{of}_{subject}"] for of, subject in queries.subjects() if of == kind])
            for kind in SubjectKind
        ]

    def owners(self) -> dict[queries.Subject, User | None]:
        """What was chosen."""
        return {
            (kind, subject): self.cleaned_data[f"{kind}_{subject}"] for kind, subject in queries.subjects()
        }


class SendForm(forms.Form):
    """A statement, its owner and a full month."""

    told = forms.ChoiceField(label=_("Monthly statement"))
    month = forms.ChoiceField(label=_("Month"))

    def __init__(
        self, *args: Any, told: Iterable[tuple[StatementKind, User]], today: date, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.possible = {f"{kind}:{user.pk}": (kind, user) for kind, user in told}
        self.fields["told"].choices = [  # type: ignore[attr-defined]
            (code, f"{kind.label} · {user.label()}") for code, (kind, user) in self.possible.items()
        ]
        self.fields["month"].choices = [  # type: ignore[attr-defined]
            (month.isoformat(), month_name(month)) for month in full_months(today)
        ]

    def asked(self) -> dict[str, Any]:
        """Kind, owner and month as they were chosen."""
        kind, owner = self.possible[self.cleaned_data["told"]]
        return {"kind": kind, "owner": owner, "month": date.fromisoformat(self.cleaned_data["month"])}
