"""What the filters of a report are read with."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from invoicing.ageing import EDGES, Basis, bucket_names
from o2c.shared.fields import DateField

_MOST_BUCKETS = 8


class AgedBalanceForm(forms.Form):
    """Day, basis, buckets and whose clients; all of it may be left out."""

    as_of = DateField(label=gettext_lazy("As of"), required=False, prefer="past")
    by = forms.ChoiceField(
        label=gettext_lazy("Age counts from"),
        required=False,
        choices=[
            (Basis.DUE_DATE.value, gettext_lazy("due date")),
            (Basis.INVOICE_DATE.value, gettext_lazy("invoice date")),
        ],
    )
    account = forms.CharField(label=gettext_lazy("Client code"), required=False)
    sales_rep = forms.ChoiceField(label=gettext_lazy("Sales rep"), required=False)
    buckets = forms.CharField(
        label=gettext_lazy("Buckets"),
        required=False,
        help_text=gettext_lazy("Last day of each: 30, 60, 90, 120"),
    )

    def __init__(self, *args: Any, reps: Sequence[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["sales_rep"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [("", _("all")), *reps]

    def clean_by(self) -> Basis:
        """Return the basis, the due date when none is given."""
        return Basis(self.cleaned_data["by"] or Basis.DUE_DATE)

    def clean_buckets(self) -> tuple[int, ...]:
        """Return the edges, the usual ones when none are given."""
        typed = self.cleaned_data["buckets"].replace(";", ",").replace(" ", ",")
        words = [word for word in typed.split(",") if word]
        if not words:
            return EDGES
        try:
            edges = tuple(int(word) for word in words)
            bucket_names(edges)
        except ValueError as error:
            raise forms.ValidationError(_("Write rising numbers of days, such as 30, 60, 90.")) from error
        if len(edges) > _MOST_BUCKETS:
            raise forms.ValidationError(
                _("At most %(count)s buckets fit on a page.") % {"count": _MOST_BUCKETS}
            )
        return edges
