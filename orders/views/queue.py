"""The queue of held orders, and the decision on several of them with one reason."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.db.models import Count, Min, QuerySet, Sum
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language, gettext_lazy, ngettext
from django.utils.translation import gettext as _
from django.views import View

from credit.authority import role_label
from o2c.shared import formats
from o2c.shared.problems import Refusal
from o2c.shared.views import BulkAction, Chip, Empty, ListPage, PermissionMixin, Tab

from .. import services
from ..enums import CaseStatus
from ..filters import HoldFilter
from ..forms import ReasonForm
from ..models import HoldCase
from ..queries import hold_queue
from ..tables import HoldTable, order_url
from .base import in_words

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


class DecideMany(PermissionMixin, View):
    """Release or refuse several orders with one reason, within the chooser's authority."""

    permission = "orders.release"
    http_method_names = ["post", "options"]
    request: Any

    def post(self, request: HttpRequest) -> HttpResponseBase:
        """Show what would happen; with a reason, do it."""
        release = request.POST.get("action") != "refuse"
        cases = self._cases(request.POST.getlist("ids"))
        if not cases:
            messages.error(request, _("None of the chosen orders waits any more."))
            return redirect("orders:holds")
        allowed, others = self._sorted(cases)
        if "confirmed" not in request.POST:
            return self._ask(release, allowed, others, ReasonForm(example=_EXAMPLE))
        form = ReasonForm(request.POST, example=_EXAMPLE)
        if not form.is_valid():
            return self._ask(release, allowed, others, form, status=422)
        self._act(release, allowed, form.cleaned_data["reason"])
        return redirect("orders:holds")

    def _cases(self, keys: Sequence[str]) -> list[HoldCase]:
        chosen = [int(key) for key in keys if key.isdecimal()][:_MOST_AT_ONCE]
        company = self.request.company
        return list(hold_queue(self.request.user, company).filter(pk__in=chosen))

    def _sorted(self, cases: Sequence[HoldCase]) -> tuple[list[HoldCase], list[dict[str, Any]]]:
        """Those within the reader's authority, and the others with who may."""
        at = timezone.now()
        allowed, others = [], []
        for case in cases:
            blockers, needed = services.blockers_for(case.order, by=self.request.user, at=at)
            if not blockers:
                allowed.append(case)
            else:
                why = (
                    _("you entered it or sell to this client")
                    if "four_eyes" in blockers
                    else _("above your authority")
                )
                others.append({"case": case, "why": why, "role": role_label(needed.role)})
        return allowed, others

    def _ask(
        self,
        release: bool,
        allowed: Sequence[HoldCase],
        others: Sequence[dict[str, Any]],
        form: ReasonForm,
        *,
        status: int = 200,
    ) -> HttpResponse:
        count = len(allowed)
        if release:
            title = ngettext("Release %(count)d order", "Release %(count)d orders", count) % {"count": count}
        else:
            title = ngettext("Refuse %(count)d order", "Refuse %(count)d orders", count) % {"count": count}
        context = {
            "title": title,
            "menu": "holds",
            "release": release,
            "allowed": [(case, order_url(case.order)) for case in allowed],
            "others": [{**other, "url": order_url(other["case"].order)} for other in others],
            "form": form,
        }
        return render(self.request, "orders/decide.html", context, status=status)

    def _act(self, release: bool, cases: Sequence[HoldCase], reason: str) -> None:
        """Decide one by one, each in its own transaction: one that changed meanwhile stops no other."""
        done = 0
        for case in cases:
            who: dict[str, Any] = {"order_id": case.order_id, "by": self.request.user, "at": timezone.now()}
            try:
                if release:
                    services.release(comment=reason, **who)
                else:
                    services.refuse(reason=reason, **who)
                done += 1
            except Refusal as refusal:
                messages.error(self.request, f"{case.order.number} — {in_words(refusal)}")
        if done:
            text = (
                ngettext("%(count)d order is released.", "%(count)d orders are released.", done)
                if release
                else ngettext("%(count)d order is refused.", "%(count)d orders are refused.", done)
            )
            messages.success(self.request, text % {"count": done})


_EXAMPLE = gettext_lazy("For example: payment of the late items has been announced by their bank.")
