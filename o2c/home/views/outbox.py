"""The outbox: what was sent or waits, one message, and how one wants to be told."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views import View

from accounts.models import CustomerAccount, User
from accounts.views.answers import company_of, now, signed_in
from o2c.home import letters, services
from o2c.home.filters import OutboxFilter
from o2c.home.outbox import messages_visible
from o2c.home.tables import OutboxTable
from o2c.shared import outbox, outbox_files
from o2c.shared.models import MailChoice, OutboxMessage
from o2c.shared.problems import Refusal
from o2c.shared.views import Empty, ListPage, PermissionMixin


class Outbox(ListPage):
    """Every message about the reader's clients, the newest first."""

    title, menu, permission = gettext_lazy("Outbox"), "outbox", "accounts.view"
    table_class, filterset_class = OutboxTable, OutboxFilter
    export_name = "outbox"
    empty = Empty(
        "mail",
        gettext_lazy("No message has been written yet"),
        gettext_lazy("Holds, releases, requests and their answers are told here, to each in their language."),
    )

    def get_queryset(self) -> QuerySet[OutboxMessage]:
        """Messages the reader may see."""
        return messages_visible(signed_in(self.request), company_of(self.request))

    def get_subtitle(self, rows: QuerySet[Any]) -> str:
        """Where messages go."""
        return "" if settings.EMAIL_URL else _("No mail server is set up: messages stay here and in files.")


class MessagePage(PermissionMixin, View):
    """One message; what is uncertain waits here for somebody who knows."""

    permission = "accounts.view"

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Draw it."""
        message = self._find(request, pk)
        account = CustomerAccount.objects.filter(pk=message.account_id or 0).first()
        context = {
            "menu": "outbox",
            "title": message.subject,
            "message": message,
            "account": account,
            "mail_is_set": bool(settings.EMAIL_URL),
            "may_answer": _may_answer(signed_in(request), message),
            "unclear": message.state in outbox.UNCLEAR,
            "stoppable": message.state in outbox.STOPPABLE,
            "files": outbox_files.names(message.files),
            "events": message.events.select_related("by"),
        }
        return render(request, "home/message.html", context)

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Say what became of it, send it again, or do not send it."""
        message, user = self._find(request, pk), signed_in(request)
        if not _may_answer(user, message):
            raise PermissionDenied
        wish = request.POST.get("wish", "")
        try:
            if wish == "cancel":
                outbox.cancel(message_id=message.pk, by=user, at=now())
            else:
                outbox.answer(message_id=message.pk, arrived=wish == "arrived", by=user, at=now())
        except Refusal as refusal:
            messages.error(request, str(refusal))
        else:
            messages.success(request, _("Noted."))
        return redirect("outbox_message", message.pk)

    def _find(self, request: HttpRequest, pk: int) -> OutboxMessage:
        return get_object_or_404(messages_visible(signed_in(request), company_of(request)), pk=pk)


class MailChoices(PermissionMixin, View):
    """How the reader wants to be told, kind by kind."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """Draw the choices."""
        user = signed_in(request)
        kept = dict(MailChoice.objects.filter(user=user).values_list("kind", "how"))
        rows = [
            (kind, label, kept.get(kind, MailChoice.How.DIGEST.value))
            for kind, label in letters.KINDS.items()
        ]
        context = {"menu": "", "title": _("My e-mails"), "rows": rows, "choices": MailChoice.How.choices}
        return render(request, "home/mail_choices.html", context)

    def post(self, request: HttpRequest) -> HttpResponse:
        """Keep them."""
        chosen = {kind: request.POST[kind] for kind in letters.KINDS if kind in request.POST}
        known = {kind: how for kind, how in chosen.items() if how in MailChoice.How.values}
        services.choose_mail(choices=known, by=signed_in(request))
        messages.success(request, _("Your choices are kept."))
        return redirect("mail_choices")


def _may_answer(user: User, message: OutboxMessage) -> bool:
    """Its recipient, who may send documents where it took one to a client, and who administers the portal."""
    sends = message.user_id is None and user.may("invoicing.send", message.company_id)
    return sends or message.user_id == user.pk or user.may("admin.users")
