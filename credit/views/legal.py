"""Legal notices on screen: the list, one of them with its end, the form that notes one by hand."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlencode

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views import View

from accounts.models import CustomerAccount
from accounts.views.answers import client_or_404, company_of, explain, now, signed_in
from credit.legal_lists import (
    NOTICE_TABS,
    EndNoticeForm,
    LegalNoticeFilter,
    LegalNoticeForm,
    LegalNoticeTable,
)
from credit.legal_policy import deadlines
from credit.legal_queries import notices_visible
from credit.models import LegalNotice
from credit.services.legal import END, LEVEL, RECORD, end_notice, record_notice
from o2c.shared.problems import NotAllowed, Refusal
from o2c.shared.views import Empty, ListPage, PermissionMixin, Tab

MENU = "legal_notices"


class LegalNotices(ListPage):
    """Legal notices about the reader's clients, the latest first."""

    title, menu, permission = gettext_lazy("Legal notices"), MENU, "accounts.view"
    table_class, filterset_class, export_name = LegalNoticeTable, LegalNoticeFilter, "legal-notices"
    empty = Empty(
        "gavel",
        gettext_lazy("What the BODACC publishes about your clients will stand here"),
        gettext_lazy("Bring the notices in with Imports: one line a notice, by SIREN."),
    )

    def get_queryset(self) -> QuerySet[LegalNotice]:
        """What the reader may see."""
        rows = notices_visible(signed_in(self.request), company_of(self.request))
        return rows.order_by("-published_on", "-pk")

    def get_tabs(self) -> Sequence[Tab]:
        """All, open, over."""
        chosen = self.request.GET.get("state", "")
        kept = {k: v for k, v in self.request.GET.items() if k not in {"state", "page", "export"} and v}
        return [
            Tab(label, f"?{urlencode(kept | ({'state': key} if key else {}))}", current=key == chosen)
            for key, label in (("", _("All")), *NOTICE_TABS)
        ]


class LegalNoticePage(PermissionMixin, View):
    """One notice: its dates, its deadlines, its end."""

    permission = "accounts.view"

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Draw it."""
        return _page(request, _notice(request, pk), EndNoticeForm())


class EndNotice(PermissionMixin, View):
    """End proceedings, or take back a mistake."""

    permission = END

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Do it, or say why not."""
        row, form = _notice(request, pk), EndNoticeForm(request.POST)
        if form.is_valid():
            try:
                end_notice(notice_id=row.pk, by=signed_in(request), at=now(), **form.cleaned_data)
            except NotAllowed as refusal:
                raise PermissionDenied(str(refusal)) from refusal
            except Refusal as refusal:
                explain(form, refusal)
            else:
                messages.success(
                    request, _("The notice is over; orders are looked at again within a minute.")
                )
                return redirect("credit:legal_notice", row.pk)
        return _page(request, row, form)


class NewNotice(PermissionMixin, View):
    """Note what was published about a client's legal entity."""

    permission = RECORD

    def get(self, request: HttpRequest, code: str) -> HttpResponse:
        """Draw the form."""
        return self._page(request, client_or_404(request, code), LegalNoticeForm())

    def post(self, request: HttpRequest, code: str) -> HttpResponse:
        """Note it."""
        account, form = client_or_404(request, code), LegalNoticeForm(request.POST)
        if form.is_valid():
            try:
                row = record_notice(
                    account_id=account.pk, by=signed_in(request), at=now(), **form.cleaned_data
                )
            except Refusal as refusal:
                explain(form, refusal)
            else:
                messages.success(
                    request, _("The notice is noted; whoever keeps the credit of the client is told.")
                )
                return redirect("credit:legal_notice", row.pk)
        return self._page(request, account, form)

    def _page(self, request: HttpRequest, account: CustomerAccount, form: LegalNoticeForm) -> HttpResponse:
        context = {"menu": MENU, "title": _("Note a legal notice"), "account": account, "form": form}
        return render(request, "credit/legal_notice_new.html", context, status=422 if form.errors else 200)


def _page(request: HttpRequest, row: LegalNotice, form: EndNoticeForm) -> HttpResponse:
    user = signed_in(request)
    company = company_of(request)
    may_end = user.may(END, company) and user.authority_in(company) >= LEVEL
    is_open = row.ended_on is None
    context = {
        "menu": MENU,
        "title": row.get_kind_display(),
        "row": row,
        "deadlines": deadlines(row.published_on) if row.opens else None,
        "form": form if is_open and may_end and row.recorded_by_id != user.pk else None,
    }
    return render(request, "credit/legal_notice.html", context, status=422 if form.errors else 200)


def _notice(request: HttpRequest, pk: int) -> LegalNotice:
    found = notices_visible(signed_in(request), company_of(request)).filter(pk=pk).first()
    if found is None:
        raise Http404
    return found
