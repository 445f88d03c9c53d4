"""The page of releases: every one with its outcome, above it the record of each decider."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy

from o2c.shared.views import Empty, ListPage

from .queries import records_of, releases_visible
from .tables import ReleaseFilter, ReleaseTable


class Releases(ListPage):
    """Releases of the orders the reader may see; the record of deciders for who sees every sale."""

    title = gettext_lazy("Releases and what became of them")
    subtitle = gettext_lazy(
        "Paid on time: in full within 15 days after the last due date. Judged every night, from the cash."
    )
    menu, permission = "releases", "reports.view"
    table_class, filterset_class = ReleaseTable, ReleaseFilter
    template_name = "reports/releases.html"
    export_name = "releases"
    empty = Empty(
        "scale",
        gettext_lazy("No order has been released by hand yet"),
        gettext_lazy("Each release stands here with its reason, and later with how the order was paid."),
    )
    request: Any

    def get_queryset(self) -> QuerySet[Any]:
        """Visible releases, newest first."""
        return releases_visible(self.request.user, self.request.company)

    def get_context(self, **extra: Any) -> dict[str, Any]:
        """The record of each decider over the rows that the filters leave."""
        if self.request.user.sees_every_sale(self.request.company):
            rows, _filterset = self.filtered()
            extra["records"] = records_of(rows)
        return extra
