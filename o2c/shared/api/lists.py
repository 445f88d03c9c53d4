"""Lists: pages, search and order, alike everywhere."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db.models import Q, QuerySet
from rest_framework.exceptions import ValidationError
from rest_framework.filters import BaseFilterBackend
from rest_framework.pagination import PageNumberPagination
from rest_framework.request import Request

LONGEST_SEARCH = 200


class Pages(PageNumberPagination):
    """``?page=`` and ``?page_size=`` up to 500; ``{count, next, previous, results}``."""

    page_size_query_param = "page_size"
    max_page_size = 500


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
            found.append(_text_parameter("search", "Words that must all be found."))
        if known := getattr(view, "ordering_fields", {}):
            names = ", ".join(sorted(known))
            found.append(_text_parameter("ordering", f"Comma-separated, - in front for descending: {names}."))
        return found


class Words:
    """How a list takes the words of ``?search=`` apart; views replace it where their key is normalised."""

    search_fields: ClassVar[tuple[str, ...]] = ()
    ordering_fields: ClassVar[dict[str, str]] = {}

    def search_words(self, text: str) -> list[str]:
        """The words as the fields keep them."""
        return text.split()


def _text_parameter(name: str, description: str) -> dict[str, Any]:
    return {
        "name": name,
        "required": False,
        "in": "query",
        "description": description,
        "schema": {"type": "string"},
    }
