"""Forms of orders: entry with its lines, decision, delivery, and acts that need a reason."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from accounts.models import Company, User
from accounts.policy import UnknownTerm, describe_term
from credit.client_choice import ClientField
from o2c.shared import formats
from o2c.shared.fields import AmountInput, DateField, MoneyField
from o2c.shared.money import parse_decimal

from .enums import AlternativeKind
from .models import Order, OrderLine, Quotation, QuotationLine
from .services import LineInput

FREE_LINES: Final = 3
MOST_LINES: Final = 200
_TERMS: Final = (
    "NET30", "NET45", "NET60", "30D_EOM", "45D_EOM", "EOM_45D", "RCV30", "COD", "PREPAID",
)  # fmt: skip
_ENGLISH_GROUPS: Final = re.compile(r"\d{1,3}(?:,\d{3})+")


class FigureField(forms.Field):
    """A number with a given precision, as people type it: ``1 200``, ``12,5``, ``1,234.56``.

    :param decimals: most decimals accepted
    :param shown: fewest decimals written back
    :param positive: refuse zero
    """

    def __init__(self, *, decimals: int, shown: int = 0, positive: bool = False, **kwargs: Any) -> None:
        self.decimals, self.positive = decimals, positive
        kwargs.setdefault("widget", FigureInput(shown=shown))
        super().__init__(**kwargs)

    def to_python(self, value: Any) -> Decimal | None:
        """Return the number read, None when nothing was typed."""
        if value in self.empty_values:
            return None
        if isinstance(value, Decimal):
            return value
        text = str(value).strip()
        english = not (get_language() or "fr").startswith("fr")
        try:
            read = parse_decimal(
                text, decimal_mark="." if english and _ENGLISH_GROUPS.fullmatch(text) else None
            )
        except ValueError as error:
            raise ValidationError(str(error), code="invalid") from error
        if -int(read.normalize().as_tuple().exponent) > self.decimals:
            raise ValidationError(
                _("At most %(count)d decimals.") % {"count": self.decimals}, code="decimals"
            )
        return read

    def validate(self, value: Any) -> None:
        """Refuse what no line can have."""
        super().validate(value)
        if value is None:
            return
        if value < 0:
            raise ValidationError(_("This cannot be negative."), code="negative")
        if self.positive and value == 0:
            raise ValidationError(_("This must be above zero."), code="zero")
        if value >= Decimal("1e10"):
            raise ValidationError(_("This is too large."), code="large")


class FigureInput(AmountInput):
    """A box for a figure, written back with as many decimals as it has."""

    def __init__(self, *, shown: int, attrs: dict[str, Any] | None = None) -> None:
        super().__init__(attrs)
        self.attrs.pop("data-money")
        self.shown = shown

    def format_value(self, value: Any) -> str | None:
        """Write a Decimal in the reader's format; text that was typed stays as it was."""
        if not isinstance(value, Decimal):
            return super().format_value(value)
        places = max(self.shown, -int(value.normalize().as_tuple().exponent))
        return formats.number(value, get_language() or "fr", decimals=places)


class LineForm(forms.Form):
    """One line of an order."""

    line = forms.IntegerField(required=False, min_value=1, max_value=9_999_999, widget=forms.HiddenInput)
    sku = forms.CharField(label=gettext_lazy("Article"), max_length=60)
    description = forms.CharField(label=gettext_lazy("Description"), max_length=300)
    quantity = FigureField(label=gettext_lazy("Quantity"), decimals=3, positive=True)
    unit_price = FigureField(label=gettext_lazy("Unit price excl. VAT"), decimals=4, shown=2)
    vat_rate = FigureField(label=gettext_lazy("VAT %"), decimals=2, initial=Decimal(20))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, bound in self.fields.items():
            if name != "line":
                # The head of the table names the columns for the eye, this for the ear.
                bound.widget.attrs.setdefault("placeholder", str(bound.label))
                bound.widget.attrs.setdefault("aria-label", str(bound.label))
                bound.widget.attrs["class"] = f"form-control {bound.widget.attrs.get('class', '')}".strip()

    def as_input(self) -> LineInput:
        """The line as the acts take it."""
        data = self.cleaned_data
        return LineInput(
            sku=data["sku"],
            description=data["description"],
            quantity=data["quantity"],
            unit_price=data["unit_price"],
            vat_rate=data["vat_rate"],
            line=data.get("line"),
        )


if TYPE_CHECKING:
    _RowsOfLines = forms.BaseFormSet[LineForm]
else:
    _RowsOfLines = forms.BaseFormSet


class _Lines(_RowsOfLines):
    """Rows of an order; empty rows are passed over, whichever they are."""

    def initial_form_count(self) -> int:
        """Treat every posted row alike: one that was cleared is gone."""
        return 0 if self.is_bound else super().initial_form_count()

    @property
    def filled(self) -> list[LineForm]:
        """The rows that hold something."""
        return [row for row in self.forms if row.has_changed()]

    def clean(self) -> None:
        """Ask for a line."""
        if not any(self.errors) and not self.filled:
            raise ValidationError(_("Enter at least one line."))

    def inputs(self) -> list[LineInput]:
        """The lines as the acts take them."""
        return [row.as_input() for row in self.filled]


def _formset(extra: int) -> type[_Lines]:
    made: Any = forms.formset_factory(
        LineForm, formset=_Lines, extra=extra, max_num=MOST_LINES, absolute_max=MOST_LINES
    )
    formset: type[_Lines] = made
    return formset


def posted_lines(data: Mapping[str, Any]) -> _Lines:
    """The rows of a posted form."""
    return _formset(0)(data, prefix="lines")


def blank_lines(rows: Sequence[Mapping[str, Any]] = (), *, extra: int = FREE_LINES) -> _Lines:
    """Rows to fill in: those given, then ``extra`` free ones."""
    return _formset(extra)(initial=[dict(row) for row in rows], prefix="lines")


def typed_rows(data: Mapping[str, Any]) -> list[dict[str, str]]:
    """The rows of a posted form exactly as they were typed."""
    try:
        count = min(int(data.get("lines-TOTAL_FORMS") or 0), MOST_LINES)
    except ValueError:
        count = 0
    return [
        {name: data.get(f"lines-{row}-{name}", "") for name in LineForm.base_fields} for row in range(count)
    ]


def rows_of(lines: Iterable[OrderLine | QuotationLine]) -> list[dict[str, Any]]:
    """An order's lines as rows to change; lines that were dropped are left out."""
    return [
        {
            "line": line.line,
            "sku": line.sku,
            "description": line.description,
            "quantity": line.quantity,
            "unit_price": line.unit_price,
            "vat_rate": line.vat_rate,
        }
        for line in lines
        if line.quantity > getattr(line, "cancelled", 0)
    ]


class OrderForm(forms.Form):
    """The head of an order."""

    client = ClientField(label=gettext_lazy("Client"))
    term = forms.ChoiceField(label=gettext_lazy("Payment term"), required=False)
    requested_delivery = DateField(label=gettext_lazy("Requested delivery"), required=False, prefer="future")
    customer_reference = forms.CharField(
        label=gettext_lazy("Client's reference"), max_length=120, required=False
    )
    version = forms.IntegerField(required=False, widget=forms.HiddenInput)

    def __init__(
        self,
        *args: Any,
        user: User,
        company: Company | None,
        order: Order | Quotation | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        client = self.fields["client"]
        assert isinstance(client, ClientField)
        client.scope = (user, company)
        term = self.fields["term"]
        assert isinstance(term, forms.ChoiceField)
        term.choices = term_choices(order)
        if order is not None:
            # The client of an order never changes: another client is another order.
            del self.fields["client"]


class QuotationForm(OrderForm):
    """The head of a quotation."""

    valid_until = DateField(label=gettext_lazy("Valid until"), required=False, prefer="future")
    field_order = ("client", "valid_until", "requested_delivery", "term", "customer_reference", "version")


def term_choices(order: Order | Quotation | None) -> list[tuple[str, str]]:
    """Terms to choose from, with that of the document; without one, the client's own comes first."""
    codes = list(_TERMS)
    first: list[tuple[str, str]] = [("", _("The client's usual term"))]
    if order is not None:
        first = []
        if order.term not in codes:
            codes.insert(0, order.term)
    language = get_language() or "fr"
    return first + [(code, _term_words(code, language)) for code in codes]


def _term_words(code: str, language: str) -> str:
    try:
        return describe_term(code, language)
    except UnknownTerm:
        return code


class MessageForm(forms.Form):
    """What somebody writes about a held order."""

    text = forms.CharField(
        label=gettext_lazy("Message"), widget=forms.Textarea(attrs={"rows": 2}), max_length=2000
    )


class ReasonForm(forms.Form):
    """An act that is kept in the journal with its reason."""

    reason = forms.CharField(
        label=gettext_lazy("Reason (kept in the journal)"),
        widget=forms.Textarea(attrs={"rows": 3}),
        max_length=2000,
    )

    def __init__(self, *args: Any, example: Any = "", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if example:
            self.fields["reason"].widget.attrs["placeholder"] = example


class DecisionForm(ReasonForm):
    """Release or refusal of a held order."""

    valid_until = DateField(label=gettext_lazy("Release valid until"), required=False, prefer="future")


class FilesInput(forms.ClearableFileInput):
    """A box for several files."""

    allow_multiple_selected = True

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        super().__init__({"class": "form-control"} | (attrs or {}))


class FilesField(forms.FileField):
    """Several files, none needed; each is looked at by the act."""

    widget = FilesInput

    def clean(self, data: Any, initial: Any = None) -> list[Any]:
        """Clean each file."""
        found = data if isinstance(data, list | tuple) else [data] if data else []
        return [super(FilesField, self).clean(file, initial) for file in found]


class OverrideForm(ReasonForm):
    """A wish that a held order may go all the same."""

    amount = MoneyField(
        label=gettext_lazy("Up to an amount"),
        required=False,
        min_value=Decimal(0),
        help_text=gettext_lazy("Empty: this order as it is"),
    )
    valid_until = DateField(
        label=gettext_lazy("Wanted until"),
        required=False,
        prefer="future",
        help_text=gettext_lazy("60 days at most"),
    )
    offered = forms.ChoiceField(
        label=gettext_lazy("What the client offers"),
        required=False,
        choices=[("", gettext_lazy("Nothing yet")), *AlternativeKind.choices],
    )
    offered_amount = MoneyField(
        label=gettext_lazy("Amount offered"), required=False, min_value=Decimal("0.01")
    )
    documents = FilesField(
        label=gettext_lazy("Files"),
        required=False,
        help_text=gettext_lazy("PDF, PNG, JPEG, DOCX or XLSX, 10 MB each"),
    )

    def alternative(self) -> dict[str, Any]:
        """What is offered, as the act takes it."""
        kind, amount = self.cleaned_data["offered"], self.cleaned_data["offered_amount"]
        if not kind:
            return {}
        return {"kind": kind} | ({"amount": amount} if amount is not None else {})


class DeliveryForm(forms.Form):
    """What leaves: a quantity per line with something left, and the day."""

    on = DateField(label=gettext_lazy("Delivered on"), prefer="past")
    carrier = forms.CharField(
        label=gettext_lazy("Carrier"),
        required=False,
        max_length=80,
        help_text=gettext_lazy("Who brings it. It stands on the delivery note; disputes add up by it."),
        widget=forms.TextInput(attrs={"list": "carriers"}),
    )

    def __init__(self, *args: Any, lines: Sequence[OrderLine], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.lines = [line for line in lines if left_of(line) > 0]
        for line in self.lines:
            label = _("Line %(line)s: quantity delivered") % {"line": line.line}
            figure = FigureField(
                decimals=3,
                required=False,
                initial=left_of(line),
                label=label,
                widget=FigureInput(shown=0, attrs={"aria-label": label}),
            )
            self.fields[f"line_{line.line}"] = figure

    def rows(self) -> list[tuple[OrderLine, forms.BoundField]]:
        """Lines with their boxes."""
        return [(line, self[f"line_{line.line}"]) for line in self.lines]

    def quantities(self) -> list[tuple[int, Decimal]]:
        """``(line number, quantity)`` of what leaves."""
        return [
            (line.line, quantity)
            for line in self.lines
            if (quantity := self.cleaned_data.get(f"line_{line.line}"))
        ]

    def clean(self) -> dict[str, Any]:
        """Ask for a quantity."""
        data = super().clean() or self.cleaned_data
        if not self.errors and not self.quantities():
            raise ValidationError(_("Enter what is delivered of at least one line."))
        return data


def left_of(line: OrderLine) -> Decimal:
    """What is still to be delivered of a line."""
    return line.quantity - line.cancelled - line.delivered
