"""What the filters of a report are read with."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from invoicing.ageing import EDGES, Basis, bucket_names
from o2c.shared.fields import DateField

from .scope import Selection

_MOST_BUCKETS = 8


class ReportForm(forms.Form):
    """Day and whose clients; all of it may be left out."""

    as_of = DateField(label=gettext_lazy("As of"), required=False, prefer="past")
    account = forms.CharField(label=gettext_lazy("Client code"), required=False)
    siren = forms.CharField(
        label="SIREN", required=False, help_text=gettext_lazy("All establishments of one company")
    )
    group = forms.CharField(label=gettext_lazy("Group code"), required=False)
    sales_rep = forms.ChoiceField(label=gettext_lazy("Sales rep"), required=False)

    def __init__(self, *args: Any, reps: Sequence[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["sales_rep"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [("", _("all")), *reps]

    def clean_siren(self) -> str:
        """Return the nine figures without the spaces people write between them."""
        return "".join(self.cleaned_data["siren"].split())

    def selection(self) -> Selection:
        """Return whom the report is narrowed to."""
        asked = self.cleaned_data
        return Selection(**{name: asked.get(name) or "" for name in Selection.__dataclass_fields__})


class AgedBalanceForm(ReportForm):
    """Basis and buckets beside that."""

    by = forms.ChoiceField(
        label=gettext_lazy("Age counts from"),
        required=False,
        choices=[
            (Basis.DUE_DATE.value, gettext_lazy("due date")),
            (Basis.INVOICE_DATE.value, gettext_lazy("invoice date")),
        ],
    )
    buckets = forms.CharField(
        label=gettext_lazy("Buckets"),
        required=False,
        help_text=gettext_lazy("Last day of each: 30, 60, 90, 120"),
    )

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
