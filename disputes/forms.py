"""What people type on the pages of disputes."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.models import User
from o2c.shared.fields import DateField, MoneyField
from o2c.shared.links import LIFETIME_DAYS, LONGEST_DAYS

from .enums import Department, DisputeOrigin, DisputeOutcome, DisputeType, RootCause
from .models import Dispute
from .queries import people_for_disputes

_WORDS: Any = {"rows": 3}
# What a person chooses from; the others come by themselves.
_BY_HAND = (DisputeOrigin.CALL, DisputeOrigin.MAIL, DisputeOrigin.SALESPERSON, DisputeOrigin.PORTAL)


def blank(label: Any, choices: Any) -> list[tuple[str, Any]]:
    """Choices with an empty one before them."""
    return [("", label), *choices]


class OwnerChoice(forms.ModelChoiceField):
    """A person, by name."""

    def label_from_instance(self, obj: Any) -> str:
        """The name as people read it."""
        return str(obj.label())


class ManyFiles(forms.ClearableFileInput):
    """A box that takes several files."""

    allow_multiple_selected = True

    def value_from_datadict(self, data: Any, files: Any, name: str) -> Any:
        """Return every file that came under the name."""
        return files.getlist(name)


class FilesField(forms.FileField):
    """Several files under one name."""

    widget = ManyFiles

    def clean(self, data: Any, initial: Any = None) -> list[Any]:
        """Return every file that came, each looked at by itself."""
        return [super(FilesField, self).clean(each, initial) for each in data or []]


class OpenForm(forms.Form):
    """Which invoice, how much of it, why."""

    invoice = forms.CharField(label=_("Invoice"), max_length=60)
    type = forms.ChoiceField(label=_("What is disputed"), choices=blank(_("Choose…"), DisputeType.choices))
    amount = MoneyField(
        label=_("Disputed amount"),
        required=False,
        min_value=Decimal("0.01"),
        help_text=_("All that is open when left empty. The rest stays due."),
    )
    origin = forms.ChoiceField(
        label=_("How it reached us"), choices=[(each.value, each.label) for each in _BY_HAND]
    )
    comment = forms.CharField(
        label=_("What the client says"), required=False, max_length=4000, widget=forms.Textarea(attrs=_WORDS)
    )


class VersionForm(forms.Form):
    """Carries the version that was read, so that two people never overwrite each other."""

    version = forms.IntegerField(widget=forms.HiddenInput, required=False)


class OwnerForm(VersionForm):
    """Who has the case."""

    owner = OwnerChoice(label=_("Owner"), queryset=User.objects.none(), empty_label=_("Choose…"))

    def __init__(self, *args: Any, company_id: int, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["owner"].queryset = people_for_disputes(company_id)  # type: ignore[attr-defined]


class QualifyForm(OwnerForm):
    """What it is, who answers, by when."""

    type = forms.ChoiceField(label=_("What is disputed"), choices=DisputeType.choices)
    department = forms.ChoiceField(
        label=_("Department"),
        required=False,
        choices=blank(_("The usual one of its type"), Department.choices),
    )
    agreed_due_on = DateField(
        label=_("To be solved by"),
        required=False,
        prefer="future",
        help_text=_("The days agreed for its type when left empty. Later only the committee changes it."),
    )
    field_order = ["version", "type", "owner", "department", "agreed_due_on"]


class WaitForm(VersionForm):
    """For whom it waits."""

    waits_for = forms.ChoiceField(
        label=_("Waits for"), choices=[("client", _("the client")), ("colleague", _("a colleague"))]
    )
    comment = forms.CharField(label=_("For what"), required=False, max_length=4000)


class ProposeForm(VersionForm):
    """How the case should end."""

    proposal = forms.CharField(label=_("Proposal"), max_length=4000, widget=forms.Textarea(attrs=_WORDS))


class CommentForm(forms.Form):
    """Words or files for the history."""

    text = forms.CharField(
        label=_("Comment"), required=False, max_length=4000, widget=forms.Textarea(attrs={"rows": 2})
    )
    answers_client = forms.BooleanField(label=_("This is what we told the client"), required=False)
    evidence = FilesField(label=_("Evidence"), required=False)
    hours = forms.DecimalField(
        label=_("Time it took"),
        required=False,
        localize=True,
        min_value=Decimal("0.25"),
        max_value=99,
        decimal_places=2,
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["hours"].unit = _("h")  # type: ignore[attr-defined]


class SendLinkForm(forms.Form):
    """Who answers without an account, and for how long."""

    name = forms.CharField(label=_("Name"), max_length=120)
    email = forms.EmailField(label=_("E-mail"))
    days = forms.IntegerField(
        label=_("Opens for"), min_value=1, max_value=LONGEST_DAYS, initial=LIFETIME_DAYS
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["days"].unit = _("days")  # type: ignore[attr-defined]


class KeyForm(forms.Form):
    """Carries the key of a page that a link opened, so that sending it twice does it once."""

    key = forms.CharField(widget=forms.HiddenInput, max_length=36)


class LinkAnswerForm(KeyForm):
    """Words or files from whoever came through a link."""

    text = forms.CharField(
        label=_("Your answer"), required=False, max_length=4000, widget=forms.Textarea(attrs=_WORDS)
    )
    evidence = FilesField(
        label=_("Evidence"), required=False, help_text=_("PDF, photo, e-mail, DOCX or XLSX, 10 MB each.")
    )


class LinkProposalForm(KeyForm):
    """How the case should end, from whoever came through a link."""

    proposal = forms.CharField(
        label=_("Proposal"),
        max_length=4000,
        widget=forms.Textarea(attrs=_WORDS),
        help_text=_(
            "For example: credit of two pallets; unfounded, the note is signed; a new document sent."
        ),
    )


def causes() -> list[tuple[Any, Any]]:
    """The tree as groups: each branch with its leaves."""
    branches: dict[str, list[tuple[str, Any]]] = {}
    for cause in RootCause:
        branch = cause.value.partition(".")[0]
        branches.setdefault(branch, []).append((cause.value, cause.label))
    return [("", _("Choose…")), *((RootCause(branch).label, rows) for branch, rows in branches.items())]


class ResolveForm(VersionForm):
    """The outcome, the amount, why, and the root cause."""

    outcome = forms.ChoiceField(
        label=pgettext_lazy("dispute", "Outcome"), choices=DisputeOutcome.choices, widget=forms.RadioSelect
    )
    amount = MoneyField(
        label=_("Amount the client need not pay"),
        required=False,
        min_value=Decimal("0.01"),
        help_text=_("All that is disputed when left empty; for outcomes that take something off."),
    )
    root_cause = forms.ChoiceField(label=_("Root cause"), choices=causes)
    reason = forms.CharField(label=_("Reason"), max_length=4000, widget=forms.Textarea(attrs=_WORDS))

    def __init__(self, *args: Any, dispute: Dispute, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.disputed = dispute.amount
        self.fields["amount"].unit = dispute.currency  # type: ignore[attr-defined]

    def clean_amount(self) -> Decimal | None:
        """Refuse more than is disputed."""
        amount: Decimal | None = self.cleaned_data["amount"]
        if amount is not None and amount > self.disputed:
            raise ValidationError(_("This is more than what is disputed."))
        return amount


class ReasonForm(VersionForm):
    """Why."""

    reason = forms.CharField(label=_("Reason"), required=False, max_length=4000)
