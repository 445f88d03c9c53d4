"""Alerts on screen: the list, one of them with its answer, the client's part."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views import View

from accounts.models import CustomerAccount
from accounts.views.answers import company_of, explain, now, signed_in
from accounts.views.parts import Panel
from credit.alerts import services
from credit.alerts.queries import alerts_visible, open_alerts_of, reviews_visible
from credit.alerts.review_policy import KINDS
from credit.alerts.words import remedy, sentence, words_for_client
from credit.enums import AlertStatus
from credit.filters import ALERT_TABS, AlertFilter, ReviewFilter
from credit.forms import AlertAnswerForm
from credit.models import CreditAlert
from credit.tables import AlertTable, ReviewTable
from o2c.shared.past import look
from o2c.shared.problems import NotAllowed, Refusal
from o2c.shared.views import Action, Empty, ListPage, PermissionMixin, Tab

MENU = "alerts"
_LANGUAGES = (("fr", gettext_lazy("French")), ("en", gettext_lazy("English")))


class Alerts(ListPage):
    """Alerts about the reader's clients, the most urgent first."""

    title, menu, permission = gettext_lazy("Credit alerts"), MENU, "accounts.view"
    table_class, filterset_class, export_name = AlertTable, AlertFilter, "credit-alerts"
    empty = Empty(
        "bell",
        gettext_lazy("What must be looked at before an order asks will stand here"),
        gettext_lazy("The figures of every client are looked at each night."),
    )

    def get_queryset(self) -> QuerySet[CreditAlert]:
        """What the reader may see."""
        return alerts_visible(signed_in(self.request), company_of(self.request)).order_by("due_on", "pk")

    def mine(self) -> int | None:
        """How many wait for the reader."""
        company = company_of(self.request)
        return open_alerts_of(signed_in(self.request), company).count() if company else None

    def get_tabs(self) -> Sequence[Tab]:
        """What waits for the reader, for anybody, what is done."""
        chosen = self.request.GET.get("state", "")
        kept = {k: v for k, v in self.request.GET.items() if k not in {"state", "page", "export"} and v}
        mine = self.mine()
        return [
            Tab(
                label,
                f"?{urlencode(kept | ({'state': key} if key else {}))}",
                current=key == chosen,
                count=mine if key == "mine" else None,
            )
            for key, label in (*ALERT_TABS, ("", _("All")))
        ]


class Reviews(Alerts):
    """Base limits to be looked at again: why, by when, whose they are, and what is suggested."""

    title, menu = gettext_lazy("Reviews due"), "reviews"
    table_class, filterset_class, export_name = ReviewTable, ReviewFilter, "limit-reviews"
    empty = Empty(
        "calendar-check",
        gettext_lazy("Limits to be looked at again will stand here"),
        gettext_lazy(
            "Each night asks for those whose day is near, and for those of clients to whom something happened."
        ),
    )

    def get_queryset(self) -> QuerySet[CreditAlert]:
        """What the reader may see."""
        return reviews_visible(signed_in(self.request), company_of(self.request)).order_by("due_on", "pk")

    def mine(self) -> int:
        """How many wait for the reader."""
        rows = self.get_queryset().filter(owner=signed_in(self.request), status=AlertStatus.OPEN)
        return rows.count()

    def get_actions(self) -> Sequence[Action]:
        """How often each class is looked at."""
        return (Action(_("Limit rules"), reverse("credit:limit_rules"), icon="settings"),)


class AlertPage(PermissionMixin, View):
    """One alert: what was found, what can be done, what was done."""

    permission = "accounts.view"

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Draw it."""
        return self._page(request, self._alert(request, pk), AlertAnswerForm())

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Take it over, or answer it."""
        alert = self._alert(request, pk)
        by = signed_in(request)
        form = AlertAnswerForm(request.POST)
        try:
            if "take" in request.POST:
                services.take(alert_id=alert.pk, by=by, at=now())
                messages.success(request, _("The alert is yours."))
                return redirect("credit:alert", alert.pk)
            if form.is_valid():
                services.answer(alert_id=alert.pk, by=by, at=now(), **form.cleaned_data)
                messages.success(
                    request, _("The alert on %(name)s is answered.") % {"name": alert.account.name}
                )
                return redirect("credit:alerts")
        except NotAllowed as refusal:
            raise PermissionDenied(str(refusal)) from refusal
        except Refusal as refusal:
            explain(form, refusal)
        return self._page(request, alert, form)

    def _alert(self, request: HttpRequest, pk: int) -> CreditAlert:
        found = alerts_visible(signed_in(request), company_of(request)).filter(pk=pk).first()
        if found is None:
            raise Http404
        return found

    def _page(self, request: HttpRequest, alert: CreditAlert, form: AlertAnswerForm) -> HttpResponse:
        user, account = signed_in(request), alert.account
        may, is_open = user.may(services.RIGHT, account.company_id), alert.status == AlertStatus.OPEN
        said = [
            (code, label, words) for code, label in _LANGUAGES if (words := words_for_client(alert, code))
        ]
        # The client's own language first: it is what the client will read.
        said.sort(key=lambda row: row[0] != account.language)
        context = {
            "menu": MENU,
            "title": account.name,
            "alert": alert,
            "account": account,
            "sentence": sentence(alert),
            "remedy": remedy(alert),
            "said": said,
            "form": form if is_open and (may or alert.owner_id == user.pk) else None,
            "may_take": is_open and may and alert.owner_id != user.pk,
            "may_ask": user.may("credit.request_limit", account.company_id),
            "is_review": alert.kind in KINDS,
        }
        return render(request, "credit/alert.html", context, status=422 if form.errors else 200)


def panel(request: HttpRequest, account: CustomerAccount) -> Panel | None:
    """Open alerts of a client (``settings.CLIENT_PANELS``); of today alone, nothing where there is none."""
    user = signed_in(request)
    if look(request).is_past:
        return None
    rows = alerts_visible(user, account.company).filter(account=account, status=AlertStatus.OPEN)
    shown: list[Any] = [(row, sentence(row)) for row in rows.order_by("due_on", "pk")]
    return Panel("credit/_alerts.html", {"rows": shown}) if shown else None
