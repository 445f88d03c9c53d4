"""What people type on the invoicing pages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import get_language, gettext_lazy, pgettext_lazy
from django.utils.translation import gettext as _

from o2c.shared import formats
from o2c.shared.fields import MoneyField
from o2c.shared.money import ZERO
from orders.forms import FigureField

from .lists import Candidate
from .models import InvoiceLine

_PREFIX = "item_"


class MatchForm(forms.Form):
    """Amounts of one credit for the items it is matched with; a field left empty matches nothing.

    :param candidates: the items on offer, each with the amount suggested for it
    :param left: what is left of the credit, positive
    """

    def __init__(
        self,
        data: Mapping[str, Any] | None = None,
        *,
        candidates: Sequence[Candidate],
        left: Decimal,
        currency: str,
    ) -> None:
        super().__init__(data)
        self.left = left
        for candidate in candidates:
            item = candidate.item
            field = MoneyField(
                required=False,
                min_value=Decimal("0.01"),
                max_value=item.open_amount,
                unit=currency,
                initial=candidate.suggested,
                label=_("Amount for %(document)s") % {"document": item.document},
            )
            field.widget.attrs["aria-label"] = field.label
            self.fields[f"{_PREFIX}{item.pk}"] = field
        self.rows = [(candidate, self[f"{_PREFIX}{candidate.item.pk}"]) for candidate in candidates]

    def clean(self) -> dict[str, Any]:
        """Refuse more than the credit has left, and nothing at all."""
        cleaned = super().clean() or {}
        total = self.total()
        if not self.errors and total == 0:
            raise ValidationError(_("Write an amount beside at least one item."), code="nothing")
        if total > self.left:
            raise ValidationError(_("The amounts come to more than is left of this credit."), code="too_much")
        return cleaned

    def total(self) -> Decimal:
        """What the readable amounts come to."""
        return sum((amount for _item, amount in self.chosen()), ZERO)

    def suggested(self) -> Decimal:
        """What the suggested amounts come to."""
        return sum((candidate.suggested or ZERO for candidate, _bound in self.rows), ZERO)

    def chosen(self) -> list[tuple[int, Decimal]]:
        """Return ``(item, amount)`` of every amount given."""
        return [
            (int(name.removeprefix(_PREFIX)), amount)
            for name, amount in self.cleaned_data.items()
            if name.startswith(_PREFIX) and amount
        ]


_LINE = "line_"
REASON_CODES = (
    ("", pgettext_lazy("reason", "None of these")),
    ("PRICE", gettext_lazy("Wrong price")),
    ("QUANTITY", gettext_lazy("Wrong quantity, or goods sent back")),
    ("QUALITY", gettext_lazy("Quality or damage")),
    ("GOODWILL", gettext_lazy("Goodwill gesture")),
    ("REINVOICE", gettext_lazy("The whole invoice, to be invoiced again")),
)


class CreditForm(forms.Form):
    """What of an invoice is credited: an amount, or quantities of its lines; and why.

    :param lines: of the invoice, none of one taken over without
    :param left: what may still be credited, incl. VAT
    """

    amount = MoneyField(label=gettext_lazy("Amount incl. VAT"), required=False, min_value=Decimal("0.01"))
    reason_code = forms.ChoiceField(
        label=gettext_lazy("Kind"),
        required=False,
        choices=REASON_CODES,
        help_text=gettext_lazy(
            "The whole invoice, to be invoiced again, gives its order back what was invoiced of it."
        ),
    )
    reason = forms.CharField(
        label=gettext_lazy("Reason"),
        max_length=4000,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=gettext_lazy("Stands on the credit note and in the journal."),
    )

    def __init__(
        self,
        data: Mapping[str, Any] | None = None,
        *,
        lines: Sequence[InvoiceLine],
        left: Decimal,
        currency: str,
    ) -> None:
        super().__init__(data)
        most = _("At most %(left)s.") % {"left": formats.money(left, get_language() or "fr", currency)}
        by_lines = _("Left empty, the quantities below are credited.") if lines else ""
        self.fields["amount"].help_text = f"{most} {by_lines}".strip()
        for line in lines:
            field = FigureField(
                decimals=3,
                required=False,
                label=_("Quantity credited of %(line)s") % {"line": line.description},
            )
            field.widget.attrs["aria-label"] = field.label
            self.fields[f"{_LINE}{line.line}"] = field
        self.rows = [
            (line, self[f"{_LINE}{line.line}"], max(0, -int(line.quantity.normalize().as_tuple().exponent)))
            for line in lines
        ]
        self._most = {f"{_LINE}{line.line}": line.quantity for line in lines}

    def clean(self) -> dict[str, Any]:
        """Ask for one of the two, and for no more than was invoiced."""
        cleaned = super().clean() or {}
        for name, most in self._most.items():
            if (cleaned.get(name) or ZERO) > most:
                self.add_error(name, _("More than was invoiced."))
        if not self.errors and (cleaned.get("amount") is None) == (not self.lines()):
            raise ValidationError(_("Write either an amount or quantities."), code="either")
        return cleaned

    def lines(self) -> list[tuple[int, Decimal]]:
        """Return ``(line, quantity)`` of what is credited by lines."""
        return [
            (int(name.removeprefix(_LINE)), quantity)
            for name, quantity in self.cleaned_data.items()
            if name.startswith(_LINE) and quantity
        ]
