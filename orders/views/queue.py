"""The queue of held orders."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from django.db.models import Count, Min, QuerySet, Sum
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language, gettext_lazy, ngettext
from django.utils.translation import gettext as _

from o2c.shared import formats
from o2c.shared.views import BulkAction, Chip, Empty, ListPage, Tab

from ..enums import CaseStatus
from ..filters import HoldFilter
from ..models import HoldCase
from ..queries import hold_queue
from ..tables import HoldTable

_MOST_AT_ONCE = 200


class HoldQueue(ListPage):
    """Orders on hold, the most urgent first."""

    title = gettext_lazy("Orders on hold")
    menu, permission = "holds", "orders.view"
    table_class, filterset_class = HoldTable, HoldFilter
    template_name = "orders/holds.html"
    export_name = "orders-on-hold"
    empty = Empty(
        "circle-check",
        gettext_lazy("Nothing waits"),
        gettext_lazy("Orders that the credit check holds stand here until somebody decides."),
    )
    request: Any

    @property
    def tab(self) -> str:
        """The tab chosen: cases to decide unless the address says otherwise."""
        asked = self.request.GET.get("status", "")
        return asked if asked in (CaseStatus.OPEN, CaseStatus.IN_NEGOTIATION) else CaseStatus.OPEN

    def get_queryset(self) -> QuerySet[HoldCase]:
        """Open cases of the tab."""
        return hold_queue(self.request.user, self.request.company).filter(status=self.tab)

    def get_subtitle(self, rows: QuerySet[HoldCase]) -> str:
        """How many, worth how much, and since when the oldest waits."""
        found = rows.order_by().aggregate(
            count=Count("pk", distinct=True), oldest=Min("opened_at"), total=Sum("order__total_incl_vat")
        )
        if not found["count"]:
            return ""
        language = get_language() or "fr"
        currencies = set(rows.order_by().values_list("order__currency", flat=True).distinct()[:2])
        parts = [
            ngettext("%(count)s order", "%(count)s orders", found["count"])
            % {"count": formats.number(found["count"], language)}
        ]
        if len(currencies) == 1:
            parts.append(formats.money(found["total"], language, currencies.pop()))
        waiting: timedelta = timezone.now() - found["oldest"]
        parts.append(
            _("the oldest has waited for %(time)s")
            % {"time": formats.duration(int(waiting.total_seconds()), language)}
        )
        return " · ".join(parts)

    def get_tabs(self) -> Sequence[Tab]:
        """To decide, in negotiation."""
        counts = dict(
            hold_queue(self.request.user, self.request.company)
            .order_by()
            .values_list("status")
            .annotate(count=Count("pk"))
        )
        words = {CaseStatus.OPEN: _("To decide"), CaseStatus.IN_NEGOTIATION: _("In negotiation")}
        return [
            Tab(label, f"?status={status.value}", counts.get(status.value, 0), self.tab == status)
            for status, label in words.items()
        ]

    def get_bulk_actions(self) -> Sequence[BulkAction]:
        """Decide on the chosen ones, for those who decide at all."""
        if not self.request.user.may("orders.release", self.request.company):
            return ()
        url = reverse("orders:decide")
        return (
            BulkAction(_("Refuse…"), url, value="refuse", key="r"),
            BulkAction(_("Release with one reason…"), url, primary=True, value="release", key="l"),
        )

    def chips(self, filterset: Any) -> tuple[Chip, ...]:
        """The filters without the tab, which shows itself."""
        label = filterset.form.fields["status"].label
        return tuple(chip for chip in super().chips(filterset) if chip.label != label)

    def build_table(self, rows: QuerySet[HoldCase], **options: Any) -> HoldTable:
        """The table, counting the time left from now; boxes only for those who decide."""
        table = super().build_table(rows, at=timezone.now(), **options)
        assert isinstance(table, HoldTable)
        return table

    def _hidden_columns(self) -> tuple[str, ...]:
        hidden = super()._hidden_columns()
        return hidden if self.get_bulk_actions() else (*hidden, "check")
