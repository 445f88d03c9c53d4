"""Bases of pages: a list that filters, sorts, exports and answers htmx with its changing part alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from django.contrib.auth.mixins import LoginRequiredMixin
from django.core.exceptions import PermissionDenied
from django.core.paginator import EmptyPage, PageNotAnInteger, Paginator
from django.db.models import QuerySet, Sum
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.http import content_disposition_header
from django.utils.text import slugify
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _
from django.views import View

from .list_file import ListFile
from .paging import KeyedPaginator
from .tables import Table

Text = str | Promise

_NOTHING_YET = _("Nothing here yet")


@dataclass(frozen=True, slots=True)
class Action:
    """A button of the page's head; ``key`` is its letter on the keyboard, ``phone=False`` hides it there."""

    label: Text
    url: str
    icon: str = ""
    primary: bool = False
    phone: bool = True
    key: str = ""


@dataclass(frozen=True, slots=True)
class BulkAction:
    """A button of the bulk bar: posts the chosen ``ids`` to ``url``, with ``action=value`` when given."""

    label: Text
    url: str
    primary: bool = False
    value: str = ""
    key: str = ""


@dataclass(frozen=True, slots=True)
class Tab:
    """A chip that sets one filter outright: ``À décider 7``."""

    label: Text
    query: str
    count: int | None = None
    current: bool = False


@dataclass(frozen=True, slots=True)
class Chip:
    """An active filter as a chip that can be taken off: ``without`` is the query string that remains."""

    label: Text
    value: Text
    without: str


@dataclass(frozen=True, slots=True)
class Empty:
    """What an empty list says: what belongs here and how to get it."""

    icon: str = "inbox"
    title: Text = _NOTHING_YET
    text: Text = ""
    action: Action | None = None


class PermissionMixin(LoginRequiredMixin):
    """Ask for a signed-in user who may ``permission`` in the company at work; None asks for sign-in alone."""

    permission: ClassVar[str | None] = None

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Refuse with 403 who may not; visitors go to the sign-in page."""
        if request.user.is_authenticated:
            self.refuse_others(request)
        return super().dispatch(request, *args, **kwargs)

    def refuse_others(self, request: HttpRequest) -> None:
        """:raises PermissionDenied: the user may not do this in the company at work."""
        user: Any = request.user
        if self.permission is not None and not user.may(self.permission, getattr(request, "company", None)):
            raise PermissionDenied


class ListPage(PermissionMixin, View):
    """A list: queryset, filters and table in, page, fragment or file out.

    The address carries the state: filters by name, ``sort``, ``page``, ``cols`` (columns to show).
    ``export=csv`` or ``export=xlsx`` gives the filtered rows and shown columns as a file. An htmx request gets
    the inside of ``#list`` alone.
    """

    title: ClassVar[Text] = ""
    subtitle: ClassVar[Text] = ""
    menu: ClassVar[str] = ""
    table_class: ClassVar[type[Table]]
    filterset_class: ClassVar[Any] = None
    search_field: ClassVar[str] = "q"
    template_name: ClassVar[str] = "components/list_page.html"
    fragment_name: ClassVar[str] = "components/list_fragment.html"
    paginate_by: ClassVar[int] = 50
    export_name: ClassVar[str] = ""
    bulk_actions: ClassVar[Sequence[BulkAction]] = ()
    empty: ClassVar[Empty] = Empty()

    # What a page overrides ---

    def get_queryset(self) -> QuerySet[Any]:
        """Return everything the reader may see here, before filters."""
        raise NotImplementedError

    def get_title(self) -> Text:
        """Return the page's heading."""
        return self.title

    def get_subtitle(self, rows: QuerySet[Any]) -> Text:
        """Return one line of facts under the heading."""
        return self.subtitle

    def get_actions(self) -> Sequence[Action]:
        """Return the buttons of the head, the primary one last."""
        return ()

    def get_tabs(self) -> Sequence[Tab]:
        """Return the chips that choose one main filter."""
        return ()

    def get_bulk_actions(self) -> Sequence[BulkAction]:
        """Return what may be done with the chosen rows."""
        return self.bulk_actions

    def get_currency(self, rows: QuerySet[Any]) -> str:
        """Return the currency of the totals; empty leaves it to each column."""
        company = getattr(self.request, "company", None)
        return str(getattr(company, "currency", "") or "")

    def get_totals(self, rows: QuerySet[Any]) -> dict[str, Any]:
        """Return the sums for the foot: of every column declared with ``total=True``, in one query."""
        summed = {
            name: Sum(str(column.accessor or name).replace(".", "__"))
            for name, column in self.table_class.base_columns.items()
            if getattr(column, "total", False)
        }
        return (
            rows.order_by().aggregate(**{f"sum_{name}": value for name, value in summed.items()})
            if summed
            else {}
        )

    def get_count(self, rows: QuerySet[Any]) -> int | None:
        """Return how many rows there are where the page knows by then; None asks the database."""
        return None

    def get_context(self, **extra: Any) -> dict[str, Any]:
        """Return further variables for a page with a template of its own."""
        return extra

    # The machinery ---

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Answer with the page, the fragment or the file."""
        rows, filterset = self.filtered()
        export = request.GET.get("export", "")
        if export in ListFile.TYPES:
            return self.exported(rows, export)
        return self.page(rows, filterset)

    def filtered(self) -> tuple[QuerySet[Any], Any]:
        """Return the rows that the address asks for, and the filters it was read with."""
        rows = self.get_queryset()
        if self.filterset_class is None:
            return rows, None
        filterset = self.filterset_class(self.request.GET or None, queryset=rows, request=self.request)
        # Unreadable filters are shown with their message; the list stays unfiltered by them, never empty.
        return filterset.qs, filterset

    def page(self, rows: QuerySet[Any], filterset: Any) -> HttpResponse:
        """Draw the page, or its list alone for htmx."""
        request = self.request
        totals = {name.removeprefix("sum_"): value for name, value in self.get_totals(rows).items()}
        table = self.build_table(rows, totals=totals, currency=self.get_currency(rows))
        pages = KeyedPaginator(table.rows, self.paginate_by, count=self.get_count(rows))
        table.caption = table.caption or str(self.get_title())
        table.paginator, table.page = pages, _page_of(pages, request.GET.get("page"))
        count = pages.count
        filtered = bool(filterset is not None and self.chips(filterset))
        context = self.get_context(
            title=self.get_title(),
            subtitle=self.get_subtitle(rows),
            menu=self.menu,
            table=table,
            count=count,
            filterset=filterset,
            search=_search_field(filterset, self.search_field),
            chips=self.chips(filterset) if filterset is not None else (),
            filtered=filtered,
            tabs=self.get_tabs(),
            actions=self.get_actions(),
            bulk_actions=self.get_bulk_actions(),
            empty=self.empty,
            columns=self.column_choices(table),
        )
        htmx: Any = getattr(request, "htmx", False)
        fragment = bool(htmx) and not htmx.boosted and not htmx.history_restore_request
        return render(request, self.fragment_name if fragment else self.template_name, context)

    def build_table(self, rows: QuerySet[Any], **options: Any) -> Table:
        """Return the table, sorted and with the columns that the address asks for."""
        hidden = self._hidden_columns()
        table = self.table_class(rows, request=self.request, exclude=hidden, **options)
        sort = [alias for alias in self.request.GET.getlist("sort") if alias]
        if sort:
            table.order_by = sort
        return table

    def _hidden_columns(self) -> tuple[str, ...]:
        asked = self.request.GET.get("cols", "")
        if not asked:
            return ()
        wanted = set(asked.split(","))
        return tuple(name for name in self._optional_columns() if name not in wanted)

    def _optional_columns(self) -> dict[str, Any]:
        """Return the columns that may be hidden: not the row's name, nor boxes, nor what files alone hold."""
        drawn = {
            name: column
            for name, column in self.table_class.base_columns.items()
            if not column.exclude_from_export and not getattr(column, "export_only", False)
        }
        return dict(list(drawn.items())[1:])

    def column_choices(self, table: Table) -> list[tuple[str, Text, bool]]:
        """Return (name, title, shown) of the columns that may be hidden."""
        shown = {column.name for column in table.columns}
        return [
            (name, column.verbose_name or name, name in shown)
            for name, column in self._optional_columns().items()
        ]

    def chips(self, filterset: Any) -> tuple[Chip, ...]:
        """Return the active filters, each with the query string that takes it off."""
        chips = []
        for name, field in filterset.form.fields.items():
            keys = [key for key in self.request.GET if key == name or key.startswith(f"{name}_")]
            bound = filterset.form[name]
            if name == self.search_field or not any(self.request.GET.getlist(key) != [""] for key in keys):
                continue
            if not keys:
                continue
            remaining = self.request.GET.copy()
            for key in (*keys, "page", "export"):
                remaining.pop(key, None)
            label = field.label or bound.label
            chips.append(Chip(label=label, value=_shown_value(bound), without=f"?{remaining.urlencode()}"))
        return tuple(chips)

    def exported(self, rows: QuerySet[Any], kind: str) -> HttpResponseBase:
        """Send the filtered rows and shown columns as a file; a long one is offered in the background."""
        file = self.file_of(rows, kind)
        if file.is_long:
            query = self.request.GET.copy()
            query.pop("export")
            context = {"menu": self.menu, "title": self.get_title(), "file": file, "query": query.urlencode()}
            return render(self.request, "components/long_file.html", context)
        response = StreamingHttpResponse(file.pieces(), content_type=file.content_type)
        response["Content-Disposition"] = content_disposition_header(True, file.name)
        return response

    def file_of(self, rows: QuerySet[Any], kind: str) -> ListFile:
        """Return the filtered rows and shown columns as a file of this kind, not written yet."""
        stem = self.export_name or slugify(str(self.get_title())) or "export"
        return ListFile(
            table=self.build_table(rows),
            kind=kind,
            name=f"{stem}_{timezone.localdate():%Y-%m-%d}.{kind}",
            title=str(self.get_title()),
            language=get_language() or "fr",
        )


def _page_of(pages: Paginator[Any], asked: str | None) -> Any:
    """Return the page asked for; beyond the end the last one, so that a shared link never fails."""
    try:
        return pages.page(int(asked or 1))
    except (EmptyPage, PageNotAnInteger, ValueError):
        return pages.page(pages.num_pages if (asked or "").isdecimal() else 1)


def _search_field(filterset: Any, name: str) -> Any:
    return filterset.form[name] if filterset is not None and name in filterset.form.fields else None


def _shown_value(bound: Any) -> str:
    """Return a filter's value in the words of its choices."""
    value = bound.value()
    values = [str(item) for item in value] if isinstance(value, list | tuple) else [str(value)]
    choices = {str(key): str(label) for key, label in _flat(getattr(bound.field, "choices", ()))}
    shown = [choices.get(item, item) for item in values if item not in {"", "None"}]
    return " – ".join(shown) if not choices else ", ".join(shown)


def _flat(choices: Any) -> list[tuple[Any, Any]]:
    flat: list[tuple[Any, Any]] = []
    for key, label in choices:
        if isinstance(label, list | tuple):
            flat.extend(label)
        else:
            flat.append((key, label))
    return flat
