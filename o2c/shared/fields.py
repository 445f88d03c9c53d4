"""Form fields that read amounts and dates as people type them, and say how to mend what cannot be read."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final, Literal

from babel.dates import format_date
from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from . import formats
from .money import parse_decimal, round_cents

Prefer = Literal["nearest", "future", "past"]

_EDGES: Final = " \t\r\n\u00a0\u202f€"
_THOUSANDS: Final = {"k": Decimal(1000), "m": Decimal(1_000_000)}
_ENGLISH_GROUPS: Final = re.compile(r"[−-]?\d{1,3}(?:,\d{3})+")
_ISO: Final = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})")
_DAY_MONTH: Final = re.compile(r"(\d{1,2})[/. -](\d{1,2})(?:[/. -](\d+))?")
_OFFSET: Final = re.compile(r"([+−-])\s*(\d{1,4})\s*[jd]?")
_WEEKDAYS: Final = (
    {"lun", "lundi", "mon", "monday"},
    {"mar", "mardi", "tue", "tuesday"},
    {"mer", "mercredi", "wed", "wednesday"},
    {"jeu", "jeudi", "thu", "thursday"},
    {"ven", "vendredi", "fri", "friday"},
    {"sam", "samedi", "sat", "saturday"},
    {"dim", "dimanche", "sun", "sunday"},
)
_NEAR_DAYS: Final = {
    "hier": -1,
    "yesterday": -1,
    "auj": 0,
    "aujourd'hui": 0,
    "today": 0,
    "demain": 1,
    "tomorrow": 1,
}


def parse_amount(text: str, *, language: str) -> Decimal:
    """Read an amount as typed: ``12000``, ``12 000,00``, ``12k``, ``1,5k``, ``€1,234.56``.

    A third decimal is refused rather than rounded: ``12.000`` may mean twelve or twelve thousand. In English a
    comma alone before three figures (``1,234``) groups thousands.

    :raises ValueError: says what is wrong and how to write it
    """
    bare = text.strip(_EDGES)
    factor = Decimal(1)
    if bare[-1:].lower() in _THOUSANDS and len(bare) > 1:
        factor, bare = _THOUSANDS[bare[-1].lower()], bare[:-1]
    english = not language.lower().startswith("fr")
    mark = "." if english and _ENGLISH_GROUPS.fullmatch(bare) else None
    typed = parse_decimal(bare, decimal_mark=mark)
    value = typed * factor
    third_decimal = factor == 1 and -int(typed.as_tuple().exponent) > 2
    if third_decimal or value != round_cents(value):
        example = formats.amount(Decimal("12000"), language)
        raise ValueError(
            _("An amount has at most two decimals: write it like %(example)s.") % {"example": example}
        )
    return round_cents(value)


def parse_date(text: str, *, today: date, prefer: Prefer = "nearest") -> date:
    """Read a date as typed: ISO, ``01/12/2026``, ``1/12``, ``+3``, ``ven``, ``fri``, ``demain``, ``tomorrow``.

    Without a year the nearest such day is taken, or the next or last one as ``prefer`` says. A weekday is the
    next one after today, with ``prefer="past"`` the last one before it. Years of two figures are refused.

    :raises ValueError: says what is wrong and how to write it
    """
    typed = " ".join(text.strip().lower().replace("’", "'").split())
    if typed in _NEAR_DAYS:
        return today + timedelta(days=_NEAR_DAYS[typed])
    if offset := _OFFSET.fullmatch(typed):
        return today + timedelta(days=int(offset[2]) * (1 if offset[1] == "+" else -1))
    if iso := _ISO.fullmatch(typed):
        return _real_date(int(iso[1]), int(iso[2]), int(iso[3]))
    if written := _DAY_MONTH.fullmatch(typed):
        return _day_month(written, today=today, prefer=prefer)
    for weekday, names in enumerate(_WEEKDAYS):
        if typed.rstrip(".") in names:
            if prefer == "past":
                return today - timedelta(days=(today.weekday() - weekday - 1) % 7 + 1)
            return today + timedelta(days=(weekday - today.weekday() - 1) % 7 + 1)
    raise ValueError(
        _("“%(text)s” is not a date: write 01/12/2026, 1/12, +3 or fri.") % {"text": text.strip()}
    )


def _day_month(written: re.Match[str], *, today: date, prefer: Prefer) -> date:
    day, month, year = int(written[1]), int(written[2]), written[3]
    if year is not None:
        if len(year) != 4:
            raise ValueError(_("Write the year with four figures: %(year)s.") % {"year": today.year})
        return _real_date(int(year), month, day)
    candidates = []
    for candidate_year in (today.year - 1, today.year, today.year + 1):
        try:
            candidates.append(_real_date(candidate_year, month, day))
        except ValueError:
            if candidate_year == today.year + 1 and not candidates:
                raise
    if prefer == "future":
        candidates = [c for c in candidates if c >= today] or candidates
    elif prefer == "past":
        candidates = [c for c in candidates if c <= today] or candidates
    return min(candidates, key=lambda c: abs((c - today).days))


def _real_date(year: int, month: int, day: int) -> date:
    if not 1 <= month <= 12:
        raise ValueError(
            _("This date does not exist: there are 12 months, not %(month)s.") % {"month": month}
        )
    if not 1900 <= year <= 2199:
        raise ValueError(_("The year %(year)s is too far away.") % {"year": year})
    length = formats.month_length(date(year, month, 1))
    if not 1 <= day <= length:
        name = format_date(date(year, month, 1), "LLLL", locale=get_language() or "fr")
        raise ValueError(
            _("This date does not exist. %(month)s has %(days)s days.")
            % {"month": name.capitalize(), "days": length}
        )
    return date(year, month, day)


class AmountInput(forms.TextInput):
    """A text box for an amount, figures to the right, written in the reader's format."""

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        super().__init__(
            {"class": "form-control num", "inputmode": "decimal", "autocomplete": "off", "data-money": ""}
            | (attrs or {})
        )

    def format_value(self, value: Any) -> str | None:
        """Write a Decimal in the reader's format; text that was typed stays as it was."""
        if isinstance(value, Decimal | int) and not isinstance(value, bool):
            return formats.amount(value, get_language() or "fr")
        return super().format_value(value)


class DateInput(forms.TextInput):
    """A text box for a date that also takes ``1/12``, ``+3`` and ``ven``."""

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        super().__init__({"class": "form-control", "autocomplete": "off", "data-date": ""} | (attrs or {}))

    def format_value(self, value: Any) -> str | None:
        """Write a date as DD/MM/YYYY; text that was typed stays as it was."""
        if isinstance(value, date):
            return formats.date_short(value)
        return super().format_value(value)


class MoneyField(forms.Field):
    """An amount with two decimals, as a ``Decimal``. ``unit`` is shown inside the field at the right.

    :param min_value: smallest amount accepted
    :param max_value: largest amount accepted
    """

    widget = AmountInput
    default_error_messages = {
        "min_value": gettext_lazy("The smallest amount accepted is %(limit)s."),
        "max_value": gettext_lazy("The largest amount accepted is %(limit)s."),
    }

    def __init__(
        self,
        *,
        min_value: Decimal | None = None,
        max_value: Decimal | None = Decimal("999999999999.99"),
        unit: str = "€",
        **kwargs: Any,
    ) -> None:
        self.min_value, self.max_value, self.unit = min_value, max_value, unit
        super().__init__(**kwargs)

    def to_python(self, value: Any) -> Decimal | None:
        """Return the amount read, None when nothing was typed."""
        if value in self.empty_values:
            return None
        if isinstance(value, Decimal):
            return round_cents(value)
        try:
            return parse_amount(str(value), language=get_language() or "fr")
        except ValueError as error:
            raise ValidationError(str(error), code="invalid") from error

    def validate(self, value: Any) -> None:
        """Refuse amounts outside the bounds."""
        super().validate(value)
        if value is None:
            return
        for name, bound in (("min_value", self.min_value), ("max_value", self.max_value)):
            if bound is not None and (value < bound if name == "min_value" else value > bound):
                shown = formats.amount(bound, get_language() or "fr")
                raise ValidationError(self.error_messages[name], code=name, params={"limit": shown})

    def has_changed(self, initial: Any, data: Any) -> bool:
        """Compare amounts, not the way they are written."""
        try:
            return self.to_python(data) != (
                None if initial in self.empty_values else round_cents(Decimal(initial))
            )
        except ValidationError:
            return True


class DateField(forms.Field):
    """A date typed freely.

    :param today: the day relative input counts from, a function so that tests and replays choose it
    :param prefer: which day a missing year means: ``nearest``, ``future`` (deliveries, promises) or ``past``
    """

    widget = DateInput

    def __init__(
        self, *, today: Callable[[], date] = timezone.localdate, prefer: Prefer = "nearest", **kwargs: Any
    ) -> None:
        self.today, self.prefer = today, prefer
        super().__init__(**kwargs)

    def to_python(self, value: Any) -> date | None:
        """Return the date read, None when nothing was typed."""
        if value in self.empty_values:
            return None
        if isinstance(value, datetime):
            return value.date()
        if isinstance(value, date):
            return value
        try:
            return parse_date(str(value), today=self.today(), prefer=self.prefer)
        except ValueError as error:
            raise ValidationError(str(error), code="invalid") from error

    def widget_attrs(self, widget: forms.Widget) -> dict[str, Any]:
        """Tell the page which way a missing year is read, so that its echo agrees with the server."""
        return {"data-date": self.prefer}
