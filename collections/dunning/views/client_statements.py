"""Statements of account of a month on screen: which arrived, which reached nobody, sending those once more."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_POST

from dunning.queries import statements as queries
from dunning.services import statements as services
from dunning.services.runs import RIGHT
from dunning.statement_tables import STATES, ClientStatementFilter, ClientStatementTable
from invoicing.views.base import needs, translated
from o2c.shared.problems import Refusal
from o2c.shared.views import BulkAction, Empty, ListPage, Tab

MENU = "dunning_runs"


class ClientStatements(ListPage):
    """Where the monthly statements of the clients stand that the reader may see."""

    request: Any

    title, menu, permission = gettext_lazy("Statements to clients"), MENU, RIGHT
    table_class, filterset_class, export_name = (
        ClientStatementTable,
        ClientStatementFilter,
        "client-statements",
    )
    empty = Empty(
        "send",
        gettext_lazy("No client has been sent a statement yet"),
        gettext_lazy(
            "They leave in the first days of each month, to whoever wants one: Our details, and the invoice"
            " details of a client."
        ),
    )

    def get_queryset(self) -> QuerySet[Any]:
        """Return the last try of each client and month."""
        return queries.statement_list(self.request.user, self.request.company)

    def get_tabs(self) -> list[Tab]:
        """Return everything, what is to be seen to, and what left."""
        current = self.request.GET.get("status", "")
        kept = {k: v for k, v in self.request.GET.items() if k not in {"status", "page", "export"} and v}
        return [
            Tab(label, f"?{urlencode(kept | ({'status': value} if value else {}))}", current=value == current)
            for value, label in (("", gettext_lazy("All")), *STATES)
        ]

    def get_bulk_actions(self) -> list[BulkAction]:
        """Return sending the chosen ones once more."""
        return [BulkAction(_("Send the chosen ones again"), reverse("dunning:send_statements_again"))]


@needs(RIGHT)
@require_POST
def send_again(request: Any) -> HttpResponse:
    """Ask for the chosen statements once more; what left is not sent twice, and the answer says so."""
    ids = [int(each) for each in request.POST.getlist("ids") if each.isdecimal() and len(each) < 16]
    try:
        with translated():
            asked, left = services.send_again(
                company=request.company, statement_ids=ids, by=request.user, at=timezone.now()
            )
    except Refusal as refusal:
        messages.error(request, str(refusal))
        return redirect("dunning:client_statements")
    if asked:
        messages.success(
            request,
            ngettext(
                "%(count)s statement is on its way, where there is an address now.",
                "%(count)s statements are on their way, where there is an address now.",
                asked,
            )
            % {"count": asked},
        )
    if left:
        messages.warning(
            request,
            ngettext(
                "%(count)s of the chosen ones left already: nobody gets the same statement twice.",
                "%(count)s of the chosen ones left already: nobody gets the same statement twice.",
                left,
            )
            % {"count": left},
        )
    if not ids:
        messages.warning(request, _("Choose the statements to be sent again."))
    return redirect(reverse("dunning:client_statements") + "?status=not_there")
