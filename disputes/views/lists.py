"""The list of disputes, as a table and as a board, and giving several of them to somebody."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final
from urllib.parse import urlencode

from django.contrib import messages
from django.db.models import F, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext
from django.views import View

from o2c.shared.problems import Refusal
from o2c.shared.tables import Table
from o2c.shared.views import Action, BulkAction, Chip, Empty, ListPage, PermissionMixin, Tab

from .. import policy, queries, services
from ..enums import DisputeStatus
from ..filters import CARRIED, DisputeFilter
from ..forms import OwnerForm
from ..models import Dispute
from ..tables import DisputeTable, left_in_words

MOST_AT_ONCE: Final = 200
_BOARD_ROWS: Final = 60
# The columns of the board: what is to be done, from left to right.
_COLUMNS: Final = (
    (gettext_lazy("To qualify"), (DisputeStatus.OPEN, DisputeStatus.REOPENED)),
    (gettext_lazy("With the owner"), (DisputeStatus.QUALIFIED, DisputeStatus.IN_PROGRESS)),
    (gettext_lazy("Waiting"), (DisputeStatus.WAITING_CUSTOMER, DisputeStatus.WAITING_INTERNAL)),
    (gettext_lazy("To decide"), (DisputeStatus.PROPOSED,)),
    (gettext_lazy("To carry out"), (DisputeStatus.RESOLVED,)),
)


class DisputeList(ListPage):
    """Disputes: all open ones, mine, my department's, those to qualify, over their date, and the ended ones."""

    request: Any

    title, menu, permission = gettext_lazy("Disputes"), "disputes", "disputes.view"
    table_class, filterset_class, export_name = DisputeTable, DisputeFilter, "disputes"
    template_name = "disputes/list.html"
    fragment_name = "disputes/_list.html"
    empty = Empty(
        "message-exclamation",
        gettext_lazy("No dispute here"),
        gettext_lazy("A dispute opens from an invoice, a short payment, or a status of the platform."),
    )

    def get_queryset(self) -> QuerySet[Dispute]:
        """Return those of the tab, the nearest agreed date first."""
        rows = queries.disputes_visible(self.request.user, self.request.company)
        rows = rows.filter(pk__in=self._tab(self.request.GET.get("show", "")).values("pk"))
        return rows.order_by(F("agreed_due_on").asc(nulls_first=True), "pk")

    def _tab(self, name: str) -> QuerySet[Dispute]:
        user, every = self.request.user, Dispute.objects.filter(company=self.request.company)
        match name:
            case "all":
                return every
            case "ended":
                return every.filter(status__in=policy.ENDED)
            case "mine":
                return every.open().filter(owner=user)
            case "department":
                roles = [role.code for role in user.roles_in(self.request.company)]
                return every.open().filter(department__in=policy.departments_of(roles))
            case "qualify":
                return every.filter(status=DisputeStatus.OPEN)
            case "over":
                return every.open().filter(agreed_due_on__lt=timezone.localdate())
        return every.open()

    def get_tabs(self) -> Sequence[Tab]:
        """Return the chips; the other filters stay."""
        now = self.request.GET.get("show", "")
        kept = {k: v for k, v in self.request.GET.items() if k not in {"show", "page", "export"} and v}
        seen = Dispute.objects.visible_to(self.request.user, self.request.company)
        names = [
            ("", pgettext("disputes", "Open")),
            ("mine", _("Mine")),
            ("department", _("My department’s")),
            ("qualify", _("To qualify")),
            ("over", _("Date passed")),
            ("ended", pgettext("disputes", "Ended")),
        ]
        return [
            Tab(
                label,
                f"?{urlencode(kept | ({'show': name} if name else {}))}",
                seen.filter(pk__in=self._tab(name).values("pk")).count() if name != "ended" else None,
                name == now,
            )
            for name, label in names
        ]

    def chips(self, filterset: Any) -> tuple[Chip, ...]:
        """Return the active filters without what the page itself carries along: its tab and its view."""
        return tuple(chip for chip in super().chips(filterset) if chip.label != CARRIED)

    def get_actions(self) -> Sequence[Action]:
        """Return the other view and the way to a new dispute."""
        board = self.request.GET.get("view") == "board"
        kept = {k: v for k, v in self.request.GET.items() if k not in {"view", "page", "export"} and v}
        other = f"?{urlencode(kept | ({} if board else {'view': 'board'}))}"
        actions = [Action(_("Table"), other, "list") if board else Action(_("Board"), other, "chart-bar")]
        if self.request.user.may("disputes.open", self.request.company):
            actions.append(Action(_("New dispute"), reverse("disputes:open"), "plus", primary=True, key="n"))
        return actions

    def get_bulk_actions(self) -> Sequence[BulkAction]:
        """Return the mass assignment, for those who may."""
        if not self.request.user.may("disputes.resolve", self.request.company):
            return ()
        return (BulkAction(_("Give to…"), reverse("disputes:assign_many"), primary=True),)

    def build_table(self, rows: QuerySet[Any], **options: Any) -> Table:
        """Return the table with the day that the dates are counted from."""
        hidden = self._hidden_columns()
        if not self.request.user.may("disputes.resolve", self.request.company):
            hidden = (*hidden, "check")
        table = DisputeTable(
            rows, request=self.request, exclude=hidden, today=timezone.localdate(), **options
        )
        sort = [alias for alias in self.request.GET.getlist("sort") if alias]
        if sort:
            table.order_by = sort
        return table

    def get_context(self, **extra: Any) -> dict[str, Any]:
        """Return the columns of the board where it is asked for."""
        if self.request.GET.get("view") != "board":
            return extra
        rows, _filters = self.filtered()
        today = timezone.localdate()
        found = list(rows[: _BOARD_ROWS * len(_COLUMNS)])
        columns = []
        for title, states in _COLUMNS:
            cards = [(row, *left_in_words(row, today)) for row in found if row.status in states]
            columns.append({"title": title, "count": len(cards), "cards": cards[:_BOARD_ROWS]})
        return extra | {"board": columns}


class AssignMany(PermissionMixin, View):
    """Give the chosen disputes to somebody; each on its own, so that one that cannot stops no other."""

    permission = "disputes.resolve"
    http_method_names = ["post", "options"]

    def post(self, request: Any) -> HttpResponse:
        """Ask for the owner, then give them."""
        keys = [int(key) for key in request.POST.getlist("ids") if key.isdecimal()][:MOST_AT_ONCE]
        seen = Dispute.objects.visible_to(request.user, request.company).open()
        found = list(seen.filter(pk__in=keys).select_related("account", "company").order_by("pk"))
        if not found:
            messages.error(request, _("None of the chosen disputes is open any more."))
            return redirect("disputes:list")
        asked = "owner" in request.POST
        form = OwnerForm(request.POST if asked else None, company_id=request.company.pk)
        if not asked or not form.is_valid():
            return self._ask(request, found, form)
        given, refused = 0, []
        for dispute in found:
            try:
                services.assign(
                    dispute_id=dispute.pk,
                    owner=form.cleaned_data["owner"],
                    by=request.user,
                    at=timezone.now(),
                )
                given += 1
            except Refusal as refusal:
                refused.append(f"{dispute.number}: {refusal}")
        if given:
            said = ngettext("%(n)d dispute given to %(who)s.", "%(n)d disputes given to %(who)s.", given)
            messages.success(request, said % {"n": given, "who": form.cleaned_data["owner"].label()})
        if refused:
            messages.error(request, " ".join(refused[:5]))
        return redirect("disputes:list")

    def _ask(self, request: HttpRequest, found: Sequence[Dispute], form: OwnerForm) -> HttpResponse:
        n = len(found)
        title = ngettext("Give %(n)d dispute to…", "Give %(n)d disputes to…", n) % {"n": n}
        context = {"menu": "disputes", "title": title, "disputes": found, "form": form}
        return render(request, "disputes/assign.html", context, status=422 if form.errors else 200)
