"""Pages of a list whose rows carry figures computed for each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.core.paginator import Page, Paginator
from django.db.models import QuerySet
from django_tables2.rows import BoundRows

if TYPE_CHECKING:
    Pages = Paginator[Any]
else:
    Pages = Paginator


class KeyedPaginator(Pages):
    """Finds the keys of a later page first and then reads its rows alone.

    The database computes what a row shows before it skips the row: page 20 000 would cost a million look-ups.

    :param count: how many rows there are, where that is known already
    """

    def __init__(self, *args: Any, count: int | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if count is not None:
            self.count = count

    def page(self, number: Any) -> Page[Any]:
        """The page of this number.

        :raises InvalidPage: there is none of this number
        """
        number = self.validate_number(number)
        first = (number - 1) * self.per_page
        rows = self.object_list
        source = getattr(getattr(rows, "data", None), "data", None)
        if not first or not isinstance(rows, BoundRows) or not isinstance(source, QuerySet):
            return super().page(number)
        keys = list(source.values_list("pk", flat=True)[first : first + self.per_page])
        shown = BoundRows(source.filter(pk__in=keys), rows.table, rows.pinned_data)
        return Page(shown, number, self)
