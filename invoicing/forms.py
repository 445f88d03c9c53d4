"""What people type on the invoicing pages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from o2c.shared.fields import MoneyField
from o2c.shared.money import ZERO

from .lists import Candidate

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
