"""What a client types on its own page, and what is chosen when a link is made for it."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, Final

from django import forms
from django.utils.translation import gettext_lazy as _

from disputes.enums import DisputeType
from disputes.forms import FilesField
from o2c.shared.fields import DateField, MoneyField
from o2c.shared.links import LIFETIME_DAYS, LONGEST_DAYS

# Types that a client does not choose: it would not call its own deduction unauthorised.
_OURS: Final = {DisputeType.DEDUCTION}
_CONTESTED: Final = [each for each in DisputeType.choices if each[0] not in _OURS]


class _KeyForm(forms.Form):
    """Carries the key of the page that was drawn, so that sending it twice does it once."""

    key = forms.CharField(widget=forms.HiddenInput, max_length=36)


class AnnounceForm(_KeyForm):
    """What will be paid, and when."""

    items = forms.MultipleChoiceField(
        label=_("Documents"),
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": _("Choose at least one document.")},
    )
    promised_date = DateField(label=_("Day of your payment"), prefer="future")
    amount = MoneyField(
        label=_("Amount"), required=False, help_text=_("All that is open and not contested when left empty.")
    )
    made_by = forms.CharField(label=_("Your name"), max_length=120, required=False)
    comment = forms.CharField(
        label=_("Comment"), required=False, widget=forms.Textarea(attrs={"rows": 2}), max_length=1000
    )

    def __init__(self, data: Any, choices: Sequence[tuple[str, str]], **options: Any) -> None:
        super().__init__(data, auto_id="promise_%s", **options)
        self.fields["items"].choices = choices  # type: ignore[attr-defined]


class ContestForm(_KeyForm):
    """What is wrong with which document, and how much of it."""

    item = forms.ChoiceField(label=_("Document"))
    type = forms.ChoiceField(label=_("What is wrong"), choices=[("", _("Choose…")), *_CONTESTED])
    amount = MoneyField(
        label=_("Amount you contest"),
        required=False,
        min_value=Decimal("0.01"),
        help_text=_("All that is open when left empty. The rest stays due."),
    )
    text = forms.CharField(
        label=_("In a few words"),
        widget=forms.Textarea(attrs={"rows": 3}),
        max_length=4000,
        error_messages={"required": _("Say in a few words what is wrong.")},
    )
    evidence = FilesField(
        label=_("Evidence"),
        required=False,
        help_text=_("PDF, photo, e-mail, DOCX or XLSX, 10 MB each, at most 3."),
    )

    def __init__(self, data: Any, files: Any, choices: Sequence[tuple[str, str]], **options: Any) -> None:
        super().__init__(data, files, auto_id="dispute_%s", **options)
        self.fields["item"].choices = [("", _("Choose…")), *choices]  # type: ignore[attr-defined]


class NewLinkForm(forms.Form):
    """How long a link opens, and whether it leaves by mail."""

    days = forms.IntegerField(
        label=_("Opens for"), min_value=1, max_value=LONGEST_DAYS, initial=LIFETIME_DAYS
    )
    contact = forms.ChoiceField(
        label=_("Send it to"),
        required=False,
        help_text=_(
            "With the statement, by mail. Without a person the address is shown to you, to be copied."
        ),
    )

    def __init__(self, data: Any, contacts: Sequence[Any], **options: Any) -> None:
        super().__init__(data, **options)
        self.fields["days"].unit = _("days")  # type: ignore[attr-defined]
        self.fields["contact"].choices = [  # type: ignore[attr-defined]
            ("", _("Nobody: I copy it")),
            *((str(each.pk), f"{each.name} · {each.email}") for each in contacts),
        ]
