"""The list of clients, and clients as the answers of a text field."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.db.models import OuterRef, QuerySet, Subquery, TextField, Value
from django.db.models.functions import Concat, Trim
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views import View

from accounts import queries
from accounts.enums import TeamRole
from accounts.filters import AccountFilter
from accounts.models import CustomerAccount, TeamMember
from accounts.tables import AccountTable
from o2c.shared import formats
from o2c.shared.views import Action, Empty, ListPage, PermissionMixin, Tab

from .answers import company_of, signed_in


def with_figures(accounts: QuerySet[CustomerAccount]) -> QuerySet[CustomerAccount]:
    """Clients beside the figures of the application that ``CLIENT_FIGURES`` names."""
    found: QuerySet[CustomerAccount] = import_string(settings.CLIENT_FIGURES["rows"])(accounts)
    return found


def totals_of(accounts: QuerySet[CustomerAccount]) -> dict[str, Any]:
    """Sums of the figures over a set of clients (``net``, ``overdue``) and the time of the newest (``at``)."""
    found: dict[str, Any] = import_string(settings.CLIENT_FIGURES["totals"])(accounts)
    return found


class ClientList(ListPage):
    """Every client the reader may see, with last known figures and their time."""

    title, menu, permission = gettext_lazy("Clients"), "accounts", "accounts.view"
    table_class, filterset_class = AccountTable, AccountFilter
    export_name = "clients"
    empty = Empty(
        "building-store",
        gettext_lazy("Your clients will stand here"),
        gettext_lazy("Open one by hand, import a ledger, or ask for clients to be put into your portfolio."),
    )

    def get_queryset(self) -> QuerySet[CustomerAccount]:
        """Clients of the company at work with their rep's name and credit figures."""
        rep = TeamMember.objects.filter(account=OuterRef("pk"), role=TeamRole.SALES_REP, valid_to=None)
        full_name = Trim(Concat("user__first_name", Value(" "), "user__last_name", output_field=TextField()))
        rows = queries.client_list(signed_in(self.request), company_of(self.request))
        return with_figures(rows).annotate(
            rep_name=Subquery(rep.annotate(full_name=full_name).values("full_name")[:1])
        )

    def get_totals(self, rows: QuerySet[CustomerAccount]) -> dict[str, Any]:
        """The sums for the foot, asked of the figures themselves: the rows would be annotated one by one."""
        totals = self._totals(rows)
        return {"sum_net": totals["net"], "sum_overdue": totals["overdue"]}

    def get_subtitle(self, rows: QuerySet[CustomerAccount]) -> str:
        """Say in which currency and as of when the figures are."""
        company = company_of(self.request)
        newest = self._totals(rows)["at"]
        parts = [_("amounts in %(currency)s") % {"currency": company.currency if company else "EUR"}]
        if newest is None:
            parts.append(_("no figures computed yet"))
        else:
            moment = formats.moment(timezone.localtime(newest), timezone.localdate())
            parts.append(_("figures last changed %(at)s") % {"at": moment})
        return " · ".join(parts)

    def _totals(self, rows: QuerySet[CustomerAccount]) -> dict[str, Any]:
        if not hasattr(self, "_found_totals"):
            self._found_totals = totals_of(rows)
        return self._found_totals

    def get_tabs(self) -> Sequence[Tab]:
        """The situations people look for most."""
        chosen = self.request.GET.get("state", "")
        words = AccountFilter.states()
        tabs = [("", _("All"))] + [(key, label) for key, label in words if key in AccountFilter.TABS]
        return [Tab(label, self._with_state(key), current=key == chosen) for key, label in tabs]

    def get_actions(self) -> Sequence[Action]:
        """Opening a client, for those who may."""
        if signed_in(self.request).may("accounts.edit", company_of(self.request)):
            return (Action(_("New client"), reverse("accounts:new"), icon="plus", primary=True, key="n"),)
        return ()

    def _with_state(self, key: str) -> str:
        query = self.request.GET.copy()
        for name in ("state", "page", "export"):
            query.pop(name, None)
        if key:
            query["state"] = key
        return f"?{query.urlencode()}"


class ClientOptions(PermissionMixin, View):
    """Answers of a client field (``components/combobox.html``): ``?q=`` gives at most eight."""

    permission = "accounts.view"

    def get(self, request: HttpRequest) -> HttpResponse:
        """Answer with the fragment."""
        found = queries.global_search(signed_in(request), company_of(request), request.GET.get("q", ""))
        options: list[dict[str, Any]] = [
            {"value": account.code, "label": account.name, "sub": _line(account)} for account in found
        ]
        return render(request, "components/options.html", {"options": options, "list_id": "clients"})


def _line(account: CustomerAccount) -> str:
    parts = [account.code, formats.siren(account.siren) if account.siren else "", account.city]
    return " · ".join(part for part in parts if part)
