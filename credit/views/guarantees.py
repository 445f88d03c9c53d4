"""Guarantees on screen: the list, one of them with its acts, the client's part, the form."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views import View

from accounts.models import CustomerAccount
from accounts.views.answers import client_or_404, company_of, explain, now, signed_in
from accounts.views.parts import Panel
from credit.filters import GUARANTEE_TABS, GuaranteeFilter
from credit.forms import EndGuaranteeForm, GuaranteeForm
from credit.guarantee_queries import guarantees_around, guarantees_visible
from credit.models import Guarantee
from credit.services.guarantees import (
    CONFIRM,
    RECORD,
    confirm_guarantee,
    end_guarantee,
    record_guarantee,
)
from credit.tables import GuaranteeTable
from o2c.shared.files import from_upload
from o2c.shared.past import look
from o2c.shared.problems import NotAllowed, Refusal
from o2c.shared.views import Empty, ListPage, PermissionMixin, Tab

MENU = "guarantees"


class Guarantees(ListPage):
    """Guarantees of the reader's clients, those that end first before the others."""

    title, menu, permission = gettext_lazy("Guarantees"), MENU, "accounts.view"
    table_class, filterset_class, export_name = GuaranteeTable, GuaranteeFilter, "guarantees"
    empty = Empty(
        "certificate",
        gettext_lazy("What secures your clients’ debts will stand here"),
        gettext_lazy("Enter bank guarantees, pledges and retained deposits from the page of the client."),
    )

    def get_queryset(self) -> QuerySet[Guarantee]:
        """What the reader may see."""
        rows = guarantees_visible(signed_in(self.request), company_of(self.request))
        return rows.order_by("ended_on", "valid_until", "pk")

    def get_tabs(self) -> Sequence[Tab]:
        """In force, to confirm, over, all."""
        chosen = self.request.GET.get("state", "")
        kept = {k: v for k, v in self.request.GET.items() if k not in {"state", "page", "export"} and v}
        return [
            Tab(label, f"?{urlencode(kept | ({'state': key} if key else {}))}", current=key == chosen)
            for key, label in (("", _("All")), *GUARANTEE_TABS)
        ]


class GuaranteePage(PermissionMixin, View):
    """One guarantee: its terms, its document, where it stands."""

    permission = "accounts.view"

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Draw it."""
        return _page(request, _guarantee(request, pk), EndGuaranteeForm())


class ConfirmGuarantee(PermissionMixin, View):
    """Confirm a guarantee that somebody else entered."""

    permission = CONFIRM

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Do it, or say why not."""
        row = _guarantee(request, pk)
        try:
            confirm_guarantee(guarantee_id=row.pk, by=signed_in(request), at=now())
        except NotAllowed as refusal:
            raise PermissionDenied(str(refusal)) from refusal
        except Refusal as refusal:
            messages.error(request, str(refusal))
        else:
            messages.success(request, _("The guarantee counts from now on."))
        return redirect("credit:guarantee", row.pk)


class EndGuarantee(PermissionMixin, View):
    """End a guarantee, or refuse one that waits."""

    permission = RECORD

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Do it, or say what is missing."""
        row, form = _guarantee(request, pk), EndGuaranteeForm(request.POST)
        if form.is_valid():
            try:
                end_guarantee(guarantee_id=row.pk, by=signed_in(request), at=now(), **form.cleaned_data)
            except Refusal as refusal:
                explain(form, refusal)
            else:
                messages.success(request, _("The guarantee has ended."))
                return redirect("credit:guarantee", row.pk)
        return _page(request, row, form)


class GuaranteeFile(PermissionMixin, View):
    """The document of a guarantee."""

    permission = "accounts.view"

    def get(self, request: HttpRequest, pk: int) -> HttpResponseBase:
        """Hand it out as a download, never to be shown inside the portal."""
        row = _guarantee(request, pk)
        return FileResponse(
            row.file.open("rb"), as_attachment=True, filename=row.file_name, content_type=row.content_type
        )


class NewGuarantee(PermissionMixin, View):
    """Enter a guarantee of a client, its legal entity or its group."""

    permission = RECORD

    def get(self, request: HttpRequest, code: str) -> HttpResponse:
        """Draw the form."""
        account = client_or_404(request, code)
        initial = {"currency": account.company.currency, "valid_from": timezone.localdate()}
        return self._page(request, account, GuaranteeForm(initial=initial, account=account))

    def post(self, request: HttpRequest, code: str) -> HttpResponse:
        """Enter it."""
        account = client_or_404(request, code)
        form = GuaranteeForm(request.POST, request.FILES, account=account)
        if form.is_valid():
            given = dict(form.cleaned_data)
            try:
                row = record_guarantee(
                    account_id=account.pk,
                    document=from_upload(given.pop("document"), field="document"),
                    by=signed_in(request),
                    at=now(),
                    **given,
                )
            except Refusal as refusal:
                explain(form, refusal)
            else:
                messages.success(
                    request, _("The guarantee is entered; it counts once somebody else confirms it.")
                )
                return redirect("credit:guarantee", row.pk)
        return self._page(request, account, form)

    def _page(self, request: HttpRequest, account: CustomerAccount, form: GuaranteeForm) -> HttpResponse:
        context = {"menu": MENU, "title": _("Enter a guarantee"), "account": account, "form": form}
        return render(request, "credit/guarantee_new.html", context, status=422 if form.errors else 200)


def panel(request: HttpRequest, account: CustomerAccount) -> Panel | None:
    """What secures the client on the day looked at; nothing where nothing does and nobody may enter one."""
    user, looked = signed_in(request), look(request)
    rows = [(row, row.state_on(looked.day)) for row in guarantees_around(user, account, on=looked.day)]
    if looked.is_past:
        rows = [(row, state) for row, state in rows if row.recorded_at < looked.end and state != "waiting"]
    may_enter = not looked.is_past and user.may(RECORD, account.company_id)
    if not rows and not may_enter:
        return None
    shown: list[Any] = [(row, f"guarantee_{state}") for row, state in rows]
    return Panel("credit/_guarantees.html", {"account": account, "rows": shown, "may_enter": may_enter})


def _page(request: HttpRequest, row: Guarantee, form: EndGuaranteeForm) -> HttpResponse:
    user, company = signed_in(request), row.given_for.company_id
    is_open = row.ended_on is None
    waits = is_open and row.confirmed_at is None
    context = {
        "menu": MENU,
        "title": f"{row.get_kind_display()} {row.reference}",
        "row": row,
        "account": row.given_for,
        "form": form if is_open and user.may(RECORD, company) else None,
        "waits": waits,
        "may_confirm": waits and user.pk != row.recorded_by_id and user.may(CONFIRM, company),
        "is_own": waits and user.pk == row.recorded_by_id,
    }
    return render(request, "credit/guarantee.html", context, status=422 if form.errors else 200)


def _guarantee(request: HttpRequest, pk: int) -> Guarantee:
    found = guarantees_visible(signed_in(request), company_of(request)).filter(pk=pk).first()
    if found is None:
        raise Http404
    return found
