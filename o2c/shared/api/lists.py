"""Lists: pages, search and order, alike everywhere."""

from __future__ import annotations

from typing import Any, ClassVar, Final

from django import forms
from django.db.models import Q, QuerySet
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django_filters import rest_framework as filters
from django_filters.fields import DateRangeField
from django_filters.widgets import DateRangeWidget
from rest_framework.exceptions import ValidationError
from rest_framework.filters import BaseFilterBackend
from rest_framework.pagination import PageNumberPagination
from rest_framework.request import Request

LONGEST_SEARCH = 200
NO_PAGE_SIZE: Final = _("Write a number from 1 to 500.")
NO_PAGE: Final = _("Write a number from 1, or last.")


class Pages(PageNumberPagination):
    """``?page=`` and ``?page_size=`` up to 500; ``{count, next, previous, results}``."""

    page_size_query_param = "page_size"
    page_size_query_description = _("Rows per page, at most 500.")  # type: ignore[assignment]
    page_query_description = _("Number of the page, from 1.")  # type: ignore[assignment]
    max_page_size = 500

    def get_page_size(self, request: Request) -> int | None:
        """Rows per page; what nobody can give is refused, never silently cut.

        :raises ValidationError: no number from 1 to 500
        """
        asked = request.query_params.get(self.page_size_query_param)
        if not asked:
            return self.page_size
        if not (asked.isascii() and asked.isdigit() and len(asked) < 5):
            raise ValidationError({self.page_size_query_param: [NO_PAGE_SIZE]})
        if not 0 < int(asked) <= self.max_page_size:
            raise ValidationError({self.page_size_query_param: [NO_PAGE_SIZE]})
        return int(asked)

    def get_page_number(self, request: Request, paginator: Any) -> int | str:
        """The page asked for.

        :raises ValidationError: neither a number from 1 nor *last*
        """
        asked = request.query_params.get(self.page_query_param) or "1"
        if asked in self.last_page_strings:
            return int(paginator.num_pages)
        if not (asked.isascii() and asked.isdigit() and int(asked[:40]) > 0):
            raise ValidationError({self.page_query_param: [NO_PAGE]})
        return asked

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        """The two parameters with their bounds."""
        found: list[dict[str, Any]] = super().get_schema_operation_parameters(view)
        bounds = {self.page_size_query_param: {"maximum": self.max_page_size}}
        for parameter in found:
            parameter["schema"] |= {"minimum": 1} | bounds.get(parameter["name"], {})
        return found


class DayField(DateRangeField):
    """A day, or the days from one to another."""

    class widget(DateRangeWidget):  # noqa: N801 - the name the framework asks for
        """``day``, ``day_after``, ``day_before``, the latter two included."""

        suffixes = [None, "after", "before"]

        def __init__(self, attrs: Any = None) -> None:
            forms.MultiWidget.__init__(self, (forms.TextInput,) * 3, attrs)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        forms.MultiValueField.__init__(self, tuple(forms.DateField() for _each in range(3)), *args, **kwargs)

    def compress(self, data_list: list[Any]) -> slice | None:
        """The first and the last day that count."""
        if not data_list:
            return None
        on, after, before = data_list
        first = max((day for day in (on, after) if day), default=None)
        last = min((day for day in (on, before) if day), default=None)
        return slice(first, last)


class DayFilter(filters.DateFromToRangeFilter):
    """``?issue_date=``, ``?issue_date_after=``, ``?issue_date_before=``; both ends count."""

    field_class = DayField


def list_parameters(view: Any) -> set[str]:
    """The parameters that a list takes: pages, and what its filter backends read."""
    known = {"page", "page_size"}
    if not view.filter_backends:
        return known
    if getattr(view, "search_fields", ()):
        known.add("search")
    if getattr(view, "ordering_fields", {}):
        known.add("ordering")
    declared = getattr(view, "filterset_class", None)
    for name, each in declared.base_filters.items() if declared else ():
        suffixes = getattr(getattr(each.field_class, "widget", None), "suffixes", None) or [None]
        known |= {f"{name}_{suffix}" if suffix else name for suffix in suffixes}
    return known


class SearchedBy(BaseFilterBackend):
    """``?search=`` over the view's ``search_fields`` and ``?ordering=`` over its ``ordering_fields``.

    A view may normalise the words itself with ``search_words``. Every word must be found. The key closes each
    order, so that pages never overlap.
    """

    def filter_queryset(self, request: Request, queryset: QuerySet[Any], view: Any) -> QuerySet[Any]:
        """Narrow and order a list.

        :raises ValidationError: an order the list does not know
        """
        fields: tuple[str, ...] = getattr(view, "search_fields", ())
        if fields and (text := request.query_params.get("search", "").strip()[:LONGEST_SEARCH]):
            for word in view.search_words(text):
                wanted = Q()
                for field in fields:
                    wanted |= Q(**{f"{field}__icontains": word})
                queryset = queryset.filter(wanted)
        return self._ordered(request, queryset, view)

    def _ordered(self, request: Request, queryset: QuerySet[Any], view: Any) -> QuerySet[Any]:
        known: dict[str, str] = getattr(view, "ordering_fields", {})
        chosen: list[str] = []
        asked = request.query_params.get("ordering", "") or getattr(view, "ordering", "")
        for name in (part.strip() for part in asked.split(",") if part.strip()):
            descending, bare = name.startswith("-"), name.lstrip("-")
            if bare not in known:
                raise ValidationError({"ordering": [f"{bare}: {', '.join(sorted(known))}"]})
            chosen.append(f"-{known[bare]}" if descending else known[bare])
        tie = "-pk" if chosen and chosen[-1].startswith("-") else "pk"
        return queryset.order_by(*chosen, tie) if chosen else queryset

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        """The two parameters as OpenAPI knows them."""
        found = []
        if getattr(view, "search_fields", ()):
            found.append(_text_parameter("search", _("Words that must all be found.")))
        if known := getattr(view, "ordering_fields", {}):
            names = ", ".join(sorted(known))
            words = _("Comma-separated, - in front for descending: %(names)s.") % {"names": names}
            found.append(_text_parameter("ordering", words))
        return found


class Words:
    """How a list takes the words of ``?search=`` apart; views replace it where their key is normalised."""

    search_fields: ClassVar[tuple[str, ...]] = ()
    ordering_fields: ClassVar[dict[str, str]] = {}

    def search_words(self, text: str) -> list[str]:
        """The words as the fields keep them."""
        return text.split()


def _text_parameter(name: str, description: str | Promise) -> dict[str, Any]:
    return {
        "name": name,
        "required": False,
        "in": "query",
        "description": description,
        "schema": {"type": "string"},
    }
