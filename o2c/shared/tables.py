"""Lists in the portal's look: columns that know how they are drawn, stacked on a phone and exported.

A column's ``phone`` says what becomes of it below 760 px: ``right`` (second column of the row), ``full`` (a line
of its own), ``hide``, or empty (first column). ``value`` gives the typed cell of an export.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any, ClassVar

import django_tables2 as tables
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django_tables2.rows import BoundRow
from django_tables2.utils import Accessor, signature

from . import formats
from .badges import badge_for
from .bars import bar_width
from .templatetags.o2c import badge as badge_tag
from .templatetags.o2c import status as status_tag


def _lang() -> str:
    return get_language() or "fr"


class Column(tables.Column):
    """Plain text. ``phone`` places it on narrow screens, ``total`` adds it up over everything filtered.

    ``export_only`` columns are not drawn and stand in files alone (the code beside a name, say). ``sql`` names the
    field a file takes where it is not the accessor's own value, so that the database can write the file.
    """

    right: ClassVar[bool] = False
    export_kind: ClassVar[str] = ""

    def __init__(
        self,
        *args: Any,
        phone: str = "",
        css: str = "",
        total: bool = False,
        export_only: bool = False,
        sql: str = "",
        **kwargs: Any,
    ) -> None:
        self.phone, self.total, self.export_only, self.sql = phone, total, export_only, sql
        if export_only:
            kwargs["visible"] = False
        classes = " ".join(filter(None, ("r" if self.right else "", css, _phone_class(phone))))
        attrs = {"th": {"class": classes}, "td": {"class": classes}, "tf": {"class": classes}}
        kwargs["attrs"] = attrs | kwargs.get("attrs", {})
        kwargs.setdefault("default", formats.NOTHING)
        super().__init__(*args, **kwargs)

    def value(self, **kwargs: Any) -> Any:
        """Return the typed value for exports."""
        return kwargs.get("value")

    def show_total(self, value: Any, currency: str) -> str:
        """Write the total of this column for the foot of the table."""
        return str(value)


def _phone_class(phone: str) -> str:
    return {"hide": "o-d", "full": "full", "right": "e2"}.get(phone, "")


class TextColumn(Column):
    """Text exported as text even when it looks like a number (SIREN, code, phone)."""

    export_kind = "text"


class NameColumn(Column):
    """The row's name: header of the row and link to its page.

    :param sub: accessor of a second, quieter line
    :param url: accessor of the address; ``get_absolute_url`` when not given
    """

    def __init__(self, *args: Any, sub: str = "", url: str = "get_absolute_url", **kwargs: Any) -> None:
        self.sub, self.url = sub, url
        super().__init__(*args, **kwargs)

    def render(self, value: Any, record: Any) -> SafeString:
        """Draw the link with its second line."""
        address = Accessor(self.url).resolve(record, quiet=True)
        sub = Accessor(self.sub).resolve(record, quiet=True) if self.sub else ""
        name = (
            format_html('<a class="c" href="{}">{}</a>', address, value)
            if address
            else format_html("{}", value)
        )
        return format_html('{}<span class="sub">{}</span>', name, sub) if sub else name


class AmountColumn(Column):
    """An amount, to the right. ``currency`` is a code or, with ``currency_from``, read from the record.

    :param bare: without the currency's sign (wide tables say the unit once)
    :param zero: write 0,00; else a zero is a grey dash
    :param total: add the column up over everything filtered
    """

    right = True
    export_kind = "money"

    def __init__(
        self,
        *args: Any,
        currency: str = "EUR",
        currency_from: str = "",
        bare: bool = False,
        zero: bool = True,
        strong: bool = False,
        **kwargs: Any,
    ) -> None:
        self.currency, self.currency_from, self.bare, self.zero, self.strong = (
            currency, currency_from, bare, zero, strong,
        )  # fmt: skip
        super().__init__(*args, **kwargs)

    def render(self, value: Decimal, record: Any) -> str | SafeString:
        """Draw the amount."""
        if value == 0 and not self.zero:
            return format_html('<span class="z">{}</span>', formats.NOTHING)
        read = Accessor(self.currency_from).resolve(record, quiet=True) if self.currency_from else None
        written = self._written(value, read or self.currency)
        return format_html('<b class="o-b">{}</b>', written) if self.strong else written

    def show_total(self, value: Any, currency: str) -> str:
        """Write the sum."""
        return self._written(value, currency or self.currency)

    def _written(self, value: Decimal, currency: str) -> str:
        return formats.amount(value, _lang()) if self.bare else formats.money(value, _lang(), currency)


class NumberColumn(Column):
    """A whole number, to the right."""

    right = True

    def render(self, value: int) -> str:
        """Draw the number."""
        return formats.number(value, _lang())

    def show_total(self, value: Any, currency: str) -> str:
        """Write the sum."""
        return formats.number(value, _lang())


class DaysColumn(NumberColumn):
    """A number of days: ``31 j``."""

    def render(self, value: int) -> str:
        """Draw the days; none is a dash."""
        return formats.days(value, _lang()) if value else formats.NOTHING


class PercentColumn(Column):
    """A ratio as a percentage, with a small bar when ``bar`` is set (red above 100 %)."""

    right = True

    def __init__(self, *args: Any, bar: bool = False, decimals: int = 0, **kwargs: Any) -> None:
        self.bar, self.decimals = bar, decimals
        super().__init__(*args, **kwargs)

    def render(self, value: Decimal) -> str | SafeString:
        """Draw the percentage."""
        written = formats.percent(value, _lang(), decimals=self.decimals)
        if not self.bar:
            return written
        return format_html(
            '<svg class="o-mini" aria-hidden="true"><rect class="p-free" width="100%" height="8"/>'
            '<rect class="{}" width="{}" height="8"/></svg> <span class="o-n o-pc">{}</span>',
            "p-over" if value > 1 else "p-notdue",
            bar_width(value),
            written,
        )


class DateColumn(Column):
    """A date as DD/MM/YYYY; a date and time with its minutes on the office clock."""

    def __init__(self, *args: Any, css: str = "o-n", **kwargs: Any) -> None:
        super().__init__(*args, css=css, **kwargs)

    def render(self, value: date | datetime) -> str | SafeString:
        """Draw the date."""
        if isinstance(value, datetime):
            local = timezone.localtime(value) if timezone.is_aware(value) else value
            return format_html('<time datetime="{}">{}</time>', local.isoformat(), f"{local:%d/%m/%Y %H:%M}")
        return formats.date_short(value)


class StatusColumn(Column):
    """A state as a badge (``o2c.shared.badges``); exported as its word.

    :param codes: every state there is, so that the database can write the words of a file
    """

    def __init__(self, *args: Any, codes: Sequence[str] = (), **kwargs: Any) -> None:
        self.codes = tuple(codes)
        super().__init__(*args, **kwargs)

    def render(self, value: Any, record: Any, bound_column: Any) -> SafeString:
        """Draw the badge of the stored code, not of its display text."""
        return status_tag(str(bound_column.accessor.resolve(record)))

    def value(self, **kwargs: Any) -> Any:
        """Return the word of the state."""
        return str(badge_for(str(kwargs["bound_column"].accessor.resolve(kwargs["record"]))).label)


class StatusesColumn(Column):
    """Several states of a record (codes in a list): the first ``shown`` as badges, then how many more."""

    def __init__(self, *args: Any, shown: int = 2, **kwargs: Any) -> None:
        self.shown = shown
        kwargs.setdefault("orderable", False)
        super().__init__(*args, **kwargs)

    def render(self, value: Iterable[str]) -> SafeString:
        """Draw the badges."""
        codes = list(value)
        drawn = [status_tag(str(code)) for code in codes[: self.shown]]
        if len(codes) > self.shown:
            drawn.append(badge_tag("mute", "", f"+{len(codes) - self.shown}"))
        return format_html(
            '<span class="o-row o-tight">{}</span>', format_html_join("", "{}", ((b,) for b in drawn))
        )

    def value(self, **kwargs: Any) -> Any:
        """Return the words of the states, comma between."""
        return ", ".join(str(badge_for(str(code)).label) for code in kwargs.get("value") or ())


class CheckColumn(tables.Column):
    """A box to choose the row for the bulk bar; ``amount`` is the accessor summed up in it."""

    right: ClassVar[bool] = False
    export_kind: ClassVar[str] = ""
    phone, total = "hide", False

    def __init__(self, *, amount: str = "", label: str = "pk", **kwargs: Any) -> None:
        self.amount, self.label = amount, label
        super().__init__(
            accessor="pk",
            orderable=False,
            exclude_from_export=True,
            attrs={"th": {"class": "o-d o-ck"}, "td": {"class": "o-d o-ck"}, "tf": {"class": "o-d o-ck"}},
            verbose_name="",
            **kwargs,
        )

    @property
    def header(self) -> SafeString:
        """Draw the box that chooses all rows of the page."""
        return format_html('<input type="checkbox" data-all aria-label="{}">', _("Choose all"))

    def render(self, value: Any, record: Any) -> SafeString:
        """Draw the box of one row."""
        amount = Accessor(self.amount).resolve(record, quiet=True) if self.amount else None
        return format_html(
            '<input type="checkbox" name="ids" value="{}" data-amount="{}" aria-label="{}">',
            value,
            "" if amount is None else amount,
            _("Choose %(name)s") % {"name": Accessor(self.label).resolve(record, quiet=True)},
        )


def _taken(value: Callable[..., Any]) -> frozenset[str] | None:
    """Names of what a column's ``value`` takes; None when it takes everything."""
    names, rest = signature(value)
    return None if rest else frozenset(names)


class _ExportRow(BoundRow):
    """A row of a file: what each column's ``value`` takes is asked once, not for every cell (half of the time)."""

    def __init__(self, record: Any, table: Any, taken: Mapping[str, frozenset[str] | None]) -> None:
        super().__init__(record, table)
        self._taken = taken

    def _call_value(self, bound_column: Any, value: Any = None) -> Any:
        given = self._optional_cell_arguments(bound_column, value)
        taken = self._taken[bound_column.name]
        if taken is not None:
            given = {name: each for name, each in given.items() if name in taken}
        return bound_column.value(**given)


class Table(tables.Table):
    """Base of all lists.

    :ivar caption: names the table for screen readers; the page's title when empty
    :ivar css: ``o-t`` with ``stack`` (rows fold on a phone) and ``c`` (narrow rows) as wanted
    :ivar totals: column → sum over everything filtered, for the foot
    :ivar control: a further ``<tr>`` for the foot, made with ``format_html``
    """

    totals: dict[str, Any]
    totals_currency: str = ""
    control: SafeString | str = ""
    caption: str = ""
    css: ClassVar[str] = "o-t stack"

    def __init__(
        self, *args: Any, totals: dict[str, Any] | None = None, currency: str = "", **kwargs: Any
    ) -> None:
        self.totals, self.totals_currency = totals or {}, currency
        kwargs.setdefault("attrs", {"class": self.css})
        kwargs.setdefault("template_name", "components/table.html")
        super().__init__(*args, **kwargs)

    @property
    def order_by(self) -> Any:
        """The columns the rows are sorted by."""
        return super().order_by

    @order_by.setter
    def order_by(self, value: Any) -> None:
        """Sort by columns, and by key where these are equal: else a row could stand on two pages, or on none."""
        tables.Table.order_by.fset(self, value)
        rows = self.data.data
        if isinstance(rows, QuerySet) and rows.query.order_by:
            names = rows.query.order_by
            if not any(isinstance(name, str) and name.lstrip("-") in {"pk", "id"} for name in names):
                downwards = isinstance(names[0], str) and names[0].startswith("-")
                self.data.data = rows.order_by(*names, "-pk" if downwards else "pk")

    def paginate(self, *args: Any, **kwargs: Any) -> Table:
        """Take the way to count the rows; which page is shown is the list's matter, and it may know the number."""
        self.paginator = Paginator(self.rows, self._meta.per_page)
        return self

    @property
    def shown_columns(self) -> list[Any]:
        """The columns on the screen, in order."""
        return [column for column in self.columns if column.visible]

    @property
    def foot(self) -> list[tuple[str, str]]:
        """Return (classes, text) per shown column for the line of totals; empty without totals."""
        if not self.totals:
            return []
        cells = []
        for bound in self.shown_columns:
            column = bound.column
            value = self.totals.get(bound.name)
            text = "" if value is None else column.show_total(value, self.totals_currency)
            cells.append((column.attrs.get("tf", {}).get("class", ""), text))
        return cells

    def export_columns(self) -> list[Any]:
        """The columns of an export: those shown and those for files alone, without boxes and buttons."""
        return [
            column
            for column in self.columns.all()
            if (column.visible or getattr(column.column, "export_only", False))
            and not column.column.exclude_from_export
        ]

    def export_header(self) -> list[str]:
        """Titles of the exported columns, in the active language."""
        return [str(column.verbose_name) for column in self.export_columns()]

    def export_kinds(self) -> list[str]:
        """What each exported column holds, for number formats."""
        return [getattr(column.column, "export_kind", "") for column in self.export_columns()]

    def export_rows(self, records: Iterable[Any] | None = None) -> Iterator[list[Any]]:
        """Yield the typed cells of every row; a queryset is read through a server-side cursor."""
        names = [column.name for column in self.export_columns()]
        source = self.data.data if records is None else records
        if isinstance(source, QuerySet):
            source = source.iterator(chunk_size=2000)
        taken = {name: _taken(self.columns[name].value) for name in names}
        for record in source:
            row = _ExportRow(record, self, taken)
            cells = []
            for name in names:
                value = row.get_cell_value(name)
                cells.append(None if isinstance(value, str) and value == formats.NOTHING else value)
            yield cells
