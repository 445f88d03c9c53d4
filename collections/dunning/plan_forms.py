"""Forms of payment plans: the documents, the calendar with its rows, the client's signature."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any, Final

from django import forms
from django.core.exceptions import ValidationError
from django.utils.datastructures import MultiValueDict
from django.utils.translation import gettext_lazy as _

from accounts.enums import PaymentMethod
from o2c.shared import formats
from o2c.shared.fields import DateField, MoneyField

from .plan_policy import MOST_INSTALMENTS, Part, spread

MONTHLY: Final = "months"
WEEKLY: Final = "weeks"
_DAY, _AMOUNT = DateField(prefer="future"), MoneyField()


class PlanForm(forms.Form):
    """What a plan pays and how.

    The rows of the calendar come as ``day`` and ``part``, as many as there are; they are laid out from the first day,
    the number and the rhythm, and can be changed one by one.
    """

    items = forms.MultipleChoiceField(
        label=_("Documents"), error_messages={"required": _("Choose at least one document.")}
    )
    first_date = DateField(
        label=_("First instalment"), prefer="future", help_text=_("For example: fri, +7, 12/1")
    )
    count = forms.IntegerField(label=_("Number of instalments"), min_value=1, max_value=MOST_INSTALMENTS)
    rhythm = forms.ChoiceField(
        label=_("Rhythm"), choices=[(MONTHLY, _("every month")), (WEEKLY, _("every week"))]
    )
    method = forms.ChoiceField(
        label=_("Method"),
        choices=[each for each in PaymentMethod.choices if each[0] != PaymentMethod.OFFSET],
        initial=PaymentMethod.DIRECT_DEBIT,
    )
    waives_interest = forms.BooleanField(
        label=_("Penalties are given up when it is kept to the end"), required=False
    )
    insurer_agreed = forms.BooleanField(
        label=_("The insurer agreed (beyond 60 days, where the client is insured)"), required=False
    )
    guarantees = forms.CharField(
        label=_("Guarantees"),
        required=False,
        max_length=2000,
        widget=forms.Textarea(
            attrs={"rows": 2, "placeholder": _("For example: personal guarantee of the manager")}
        ),
    )
    signatory = forms.CharField(label=_("Who will sign"), max_length=120, required=False)
    capacity = forms.CharField(
        label=_("In the capacity of"),
        max_length=120,
        required=False,
        widget=forms.TextInput(attrs={"placeholder": _("For example: manager")}),
    )
    comment = forms.CharField(
        label=_("Comment"), required=False, widget=forms.Textarea(attrs={"rows": 2}), max_length=4000
    )

    def __init__(self, data: Any, rows: Sequence[Any], **options: Any) -> None:
        super().__init__(data, **options)
        self._rows = {str(row.pk): row for row in rows}
        self.fields["items"].choices = [(str(row.pk), row.document) for row in rows]  # type: ignore[attr-defined]

    def total_of(self, chosen: Sequence[str]) -> Decimal:
        """What is open and not contested of the documents chosen."""
        rows = [self._rows[key] for key in chosen if key in self._rows]
        return sum((row.open_on - min(row.disputed_on, row.open_on) for row in rows), Decimal(0))

    def written(self) -> list[tuple[str, str]]:
        """The rows of the calendar as they were typed; those left empty are none."""
        if not isinstance(self.data, MultiValueDict):
            return []
        pairs = zip(self.data.getlist("day"), self.data.getlist("part"), strict=False)
        return [(day, part) for day, part in pairs if day.strip() or part.strip()]

    def laid_out(self) -> list[Part]:
        """Equal instalments by first day, number and rhythm; none where one of them is missing."""
        found = self.cleaned_data
        total = self.total_of(found.get("items", ()))
        if not found.get("first_date") or not found.get("count") or total <= 0:
            return []
        months = found.get("rhythm") != WEEKLY
        return list(spread(total, found["count"], first=found["first_date"], months=months))

    def clean(self) -> dict[str, Any]:
        """Read the rows; without any they are laid out."""
        super().clean()
        parts: list[Part] = []
        for number, (day, amount) in enumerate(self.written(), 1):
            try:
                read: tuple[date, Decimal] = (_DAY.clean(day), _AMOUNT.clean(amount))
                parts.append(Part(*read))
            except ValidationError as error:
                said = _("Instalment %(number)s: %(problem)s") % {
                    "number": number,
                    "problem": error.messages[0],
                }
                self.add_error(None, said)
        self.cleaned_data["instalments"] = parts if self.written() else self.laid_out()
        return self.cleaned_data


class SignForm(forms.Form):
    """Who signed for the client."""

    signatory = forms.CharField(label=_("Signed by"), max_length=120)
    capacity = forms.CharField(
        label=_("In the capacity of"),
        max_length=120,
        widget=forms.TextInput(attrs={"placeholder": _("For example: manager")}),
    )
    signed_on = DateField(label=_("Signed on"), prefer="past")


class SendForm(forms.Form):
    """To whom of the client's people it goes."""

    contact = forms.ChoiceField(label=_("Addressee"))

    def __init__(self, data: Any, contacts: Sequence[Any], **options: Any) -> None:
        super().__init__(data, **options)
        self.fields["contact"].choices = [  # type: ignore[attr-defined]
            (str(each.pk), f"{each.name} · {each.get_role_display()} · {each.email}") for each in contacts
        ]


def as_rows(parts: Sequence[Part], language: str) -> list[tuple[str, str]]:
    """Instalments as the form writes them."""
    return [(formats.date_short(part.day), formats.amount(part.amount, language)) for part in parts]
