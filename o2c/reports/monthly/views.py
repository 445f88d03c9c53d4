"""The pages of monthly statements: what was sent, sending one by hand, who answers for which process."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.files.storage import default_storage
from django.db.models import QuerySet
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views import View

from o2c.shared.models import AuditEvent
from o2c.shared.problems import NotFound, Refusal
from o2c.shared.tables import Table
from o2c.shared.views import Action, Empty, ListPage, PermissionMixin

from ..models import MonthlyStatement
from . import queries, services
from .causes import subject_label
from .forms import OwnersForm, SendForm
from .tables import StatementFilter, StatementTable

_SHOWN = 20


class Statements(ListPage):
    """What was sent to whom: one's own, and all of them for whoever steers."""

    request: Any

    title, menu, permission = gettext_lazy("Monthly statements"), "statements", "disputes.view"
    table_class, filterset_class, export_name = StatementTable, StatementFilter, "statements"
    empty = Empty(
        "mail",
        gettext_lazy("No statement has been sent yet"),
        gettext_lazy("Name who answers for which process: each is told on the first day of every month."),
    )

    def get_queryset(self) -> QuerySet[MonthlyStatement]:
        """Statements the reader may see."""
        return queries.statements_visible(self.request.user, self.request.company)

    def get_actions(self) -> Sequence[Action]:
        """The way to the owners, and to a statement by hand for those who may."""
        owners = Action(_("Process owners"), reverse("reports:process_owners"), "user-check")
        if not self.request.user.may(services.SEND, self.request.company):
            return (owners,)
        send = Action(_("Send a statement"), reverse("reports:send_statement"), "send", primary=True, key="n")
        return (owners, send)

    def build_table(self, rows: QuerySet[Any], **options: Any) -> Table:
        """Return the table with the company whose currency its figures are in."""
        return super().build_table(rows, company=self.request.company, **options)


class StatementFile(PermissionMixin, View):
    """A file that went with a statement, for those who may read it."""

    permission = "disputes.view"

    def get(self, request: Any, pk: int, kind: str) -> HttpResponseBase:
        """Hand it out as a download."""
        seen = MonthlyStatement.objects.visible_to(request.user, request.company)
        try:
            file = services.file_of(get_object_or_404(seen, pk=pk), kind)
        except NotFound as refusal:
            raise Http404 from refusal
        return FileResponse(
            default_storage.open(file.path),
            as_attachment=True,
            filename=file.name,
            content_type=file.content_type,
        )


class SendStatement(PermissionMixin, View):
    """Tell an owner of a full month now."""

    permission = services.SEND

    def get(self, request: Any) -> HttpResponse:
        """Draw the choice."""
        return self.answer(request, self.form(request))

    def post(self, request: Any) -> HttpResponse:
        """Send it, or say what stands against it."""
        form = self.form(request)
        if form.is_valid():
            asked = form.asked()
            try:
                services.send_by_hand(company=request.company, by=request.user, at=timezone.now(), **asked)
            except Refusal as refusal:
                form.add_error(None, str(refusal))
            else:
                messages.success(
                    request, _("The statement is on its way to %(name)s.") % {"name": asked["owner"].label()}
                )
                return redirect("reports:statements")
        return self.answer(request, form)

    def form(self, request: Any) -> SendForm:
        """The form of the company at work."""
        data = request.POST if request.method == "POST" else None
        return SendForm(data, told=queries.kinds_told(request.company), today=timezone.localdate())

    def answer(self, request: HttpRequest, form: SendForm) -> HttpResponse:
        """Draw the page."""
        context = {"menu": "statements", "title": _("Send a statement"), "form": form}
        return render(request, "reports/send_statement.html", context, status=422 if form.errors else 200)


class ProcessOwners(PermissionMixin, View):
    """Read by all who see disputes, changed by those who change the house's policy."""

    permission = "disputes.view"

    def get(self, request: Any) -> HttpResponse:
        """Draw who answers for what."""
        return self.answer(request, OwnersForm(company=request.company))

    def post(self, request: Any) -> HttpResponse:
        """Change it, or say what stands against it."""
        if not request.user.may(services.SET, request.company):
            raise PermissionDenied
        form = OwnersForm(request.POST, company=request.company)
        if form.is_valid():
            try:
                services.set_owners(
                    company=request.company,
                    owners=form.owners(),
                    reason=form.cleaned_data["reason"],
                    by=request.user,
                    at=timezone.now(),
                )
            except Refusal as refusal:
                form.add_error(None, str(refusal))
            else:
                messages.success(
                    request, _("The process owners are noted; each is told on the first day of every month.")
                )
                return redirect("reports:process_owners")
        return self.answer(request, form)

    def answer(self, request: Any, form: OwnersForm) -> HttpResponse:
        """Draw the page with its last changes."""
        events = AuditEvent.objects.filter(action="process_owners.changed", company_id=request.company.pk)
        context = {
            "menu": "statements",
            "title": _("Process owners"),
            "form": form,
            "may_change": request.user.may(services.SET, request.company),
            "events": [
                {
                    "at": event.at,
                    "icon": "user-check",
                    "tone": "",
                    "title": ", ".join(_change(code, event) for code in event.after or {}),
                    "sub": " · ".join(filter(None, (event.actor, event.reason))),
                    "amount": None,
                }
                for event in events.order_by("-at")[:_SHOWN]
            ],
        }
        return render(request, "reports/process_owners.html", context, status=422 if form.errors else 200)


def _change(code: str, event: AuditEvent) -> str:
    nobody = _("nobody")
    return _("%(what)s: %(before)s → %(after)s") % {
        "what": subject_label(*code.split(":", 1)),
        "before": (event.before or {}).get(code) or nobody,
        "after": (event.after or {}).get(code) or nobody,
    }
