"""Forms of an order's papers: evidence, the client's purchase order, a difference accepted."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from o2c.shared.fields import DateField, MoneyField
from o2c.shared.money import parse_decimal

from .enums import EvidenceChannel
from .forms import MOST_LINES, FigureField, term_choices
from .models import Order, PurchaseOrder
from .services import PurchaseOrderLineInput

LARGEST_CSV: Final = 1024 * 1024
COLUMNS: Final = ("sku", "description", "quantity", "unit_price", "delivery_date")


class EvidenceForm(forms.Form):
    """What proves that the client ordered: a number, a file, or both."""

    channel = forms.ChoiceField(label=gettext_lazy("How it reached us"), choices=EvidenceChannel.choices)
    reference = forms.CharField(
        label=gettext_lazy("Number of their purchase order"), max_length=120, required=False
    )
    dated_on = DateField(label=gettext_lazy("Dated"), required=False, prefer="past")
    file = forms.FileField(
        label=gettext_lazy("File"),
        required=False,
        help_text=gettext_lazy("PDF, PNG, JPEG, e-mail, DOCX or XLSX, up to 10 MB"),
    )


class AcceptForm(forms.Form):
    """A difference and why it is accepted."""

    place = forms.CharField(max_length=60, widget=forms.HiddenInput)
    reason = forms.CharField(label=gettext_lazy("Why it is accepted"), max_length=2000)


class TheirLineForm(forms.Form):
    """One line of the client's purchase order."""

    sku = forms.CharField(label=gettext_lazy("Article"), max_length=60, required=False)
    description = forms.CharField(label=gettext_lazy("Description"), max_length=300, required=False)
    quantity = FigureField(label=gettext_lazy("Quantity"), decimals=3, positive=True)
    unit_price = FigureField(label=gettext_lazy("Unit price excl. VAT"), decimals=4, shown=2)
    delivery_date = DateField(label=gettext_lazy("Delivery"), required=False, prefer="future")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for bound in self.fields.values():
            # The head of the table names the columns for the eye, this for the ear.
            bound.widget.attrs.setdefault("placeholder", str(bound.label))
            bound.widget.attrs.setdefault("aria-label", str(bound.label))
            bound.widget.attrs["class"] = f"form-control {bound.widget.attrs.get('class', '')}".strip()

    def clean(self) -> dict[str, Any]:
        """Ask for something to know the article by."""
        data = super().clean() or self.cleaned_data
        if not self.errors and not (data.get("sku") or data.get("description")):
            raise ValidationError(_("Give the article or its description."))
        return data


if TYPE_CHECKING:
    _Rows = forms.BaseFormSet[TheirLineForm]
else:
    _Rows = forms.BaseFormSet


class _TheirLines(_Rows):
    """Rows of their purchase order; empty rows are passed over."""

    def initial_form_count(self) -> int:
        """Treat every posted row alike."""
        return 0 if self.is_bound else super().initial_form_count()

    def clean(self) -> None:
        """Ask for a line."""
        if not any(self.errors) and not self.inputs():
            raise ValidationError(_("Enter at least one line."))

    def inputs(self) -> list[PurchaseOrderLineInput]:
        """The lines as the act takes them."""
        return [
            PurchaseOrderLineInput(**row.cleaned_data)
            for row in self.forms
            if row.has_changed() and row.is_valid()
        ]


def their_lines(
    data: Mapping[str, Any] | None = None, *, rows: Sequence[Mapping[str, Any]] = ()
) -> _TheirLines:
    """The rows of a posted form, or those given and three to fill in."""
    made: Any = forms.formset_factory(
        TheirLineForm,
        formset=_TheirLines,
        extra=0 if data is not None else 3,
        max_num=MOST_LINES,
        absolute_max=MOST_LINES,
    )
    formset: _TheirLines = (
        made(data, prefix="theirs")
        if data is not None
        else made(initial=[dict(row) for row in rows], prefix="theirs")
    )
    return formset


def their_rows_of(order: Order, theirs: PurchaseOrder | None, *, ours: bool) -> list[dict[str, Any]]:
    """Rows to start from: our own lines when asked, else those of the purchase order in force."""
    if ours:
        return [
            {
                "sku": line.sku,
                "description": line.description,
                "quantity": line.quantity - line.cancelled,
                "unit_price": line.unit_price,
            }
            for line in order.lines.all()
            if line.quantity > line.cancelled
        ]
    return [
        {name: getattr(line, name) for name in COLUMNS} for line in (theirs.lines.all() if theirs else ())
    ]


class PurchaseOrderForm(forms.Form):
    """The head of the client's purchase order; its lines may come from a CSV file."""

    number = forms.CharField(label=gettext_lazy("Number of their purchase order"), max_length=120)
    dated_on = DateField(label=gettext_lazy("Dated"), required=False, prefer="past")
    currency = forms.RegexField(
        r"^[A-Za-z]{3}$", label=gettext_lazy("Currency"), max_length=3, required=False
    )
    term = forms.ChoiceField(label=gettext_lazy("Payment term"), required=False)
    requested_delivery = DateField(label=gettext_lazy("Requested delivery"), required=False, prefer="future")
    total_excl_vat = MoneyField(label=gettext_lazy("Total excl. VAT"), required=False)
    lines_of_file = forms.FileField(
        label=gettext_lazy("Lines from a CSV file"),
        required=False,
        help_text=gettext_lazy("Columns: sku, description, quantity, unit_price, delivery_date"),
    )

    def __init__(self, *args: Any, order: Order, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        term = self.fields["term"]
        assert isinstance(term, forms.ChoiceField)
        term.choices = [("", _("Not written on it")), *term_choices(order)]

    def clean_currency(self) -> str:
        """In capitals."""
        return str(self.cleaned_data["currency"]).upper()

    def clean_lines_of_file(self) -> list[PurchaseOrderLineInput]:
        """The lines of the file, each error with its line; empty without a file."""
        upload = self.cleaned_data["lines_of_file"]
        if not upload:
            return []
        if upload.size > LARGEST_CSV:
            raise ValidationError(_("This file is larger than 1 MB."))
        return read_lines(upload.read())


def read_lines(content: bytes) -> list[PurchaseOrderLineInput]:
    """The lines of a purchase order out of a CSV file with a header line; ``;``, ``,`` or tab between cells.

    :raises ValidationError: not readable, with the line of the file
    """
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("cp1252", errors="replace")
    head = text.splitlines()[0] if text.strip() else ""
    mark = max(";,\t", key=head.count)
    rows = csv.DictReader(io.StringIO(text), delimiter=mark, restkey="more", restval="")
    named = {(name or "").strip().lower() for name in rows.fieldnames or ()}
    if not {"quantity", "unit_price"} <= named or not named & {"sku", "description"}:
        raise ValidationError(
            _("The first line must name the columns: sku, description, quantity, unit_price, delivery_date.")
        )
    found = []
    for position, row in enumerate(rows, start=2):
        if position > MOST_LINES + 1:
            raise ValidationError(_("At most %(count)d lines.") % {"count": MOST_LINES})
        cells = {str(name or "").strip().lower(): value for name, value in row.items()}
        form = TheirLineForm({name: _cell(cells.get(name), name) for name in COLUMNS})
        if not form.is_valid():
            words = " ".join(str(each) for errors in form.errors.values() for each in errors)
            raise ValidationError(_("Line %(line)d: %(words)s") % {"line": position, "words": words})
        found.append(PurchaseOrderLineInput(**form.cleaned_data))
    if not found:
        raise ValidationError(_("The file holds no line."))
    return found


def _cell(value: Any, name: str) -> Decimal | date | str:
    text = str(value or "").strip()
    if name in {"quantity", "unit_price"} and text:
        try:
            return parse_decimal(text)
        except ValueError:
            return text
    return text
