"""The journal: who did what, when and why, with the figures before and after."""

from __future__ import annotations

from typing import Any

from django.db.models import OuterRef, QuerySet, Subquery, TextField, Value
from django.db.models.functions import Concat, Trim
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import CustomerAccount, User
from accounts.views.answers import company_of, signed_in
from o2c.home import queries
from o2c.home.filters import JournalFilter
from o2c.home.tables import JournalTable
from o2c.shared.models import AuditEvent
from o2c.shared.sealing import last_seal
from o2c.shared.views import Empty, ListPage


class Journal(ListPage):
    """Every act of the company at work, the newest first. Read only: nobody can change it."""

    title, menu, permission = gettext_lazy("Journal"), "journal", "audit.view"
    table_class, filterset_class = JournalTable, JournalFilter
    template_name = "home/journal.html"
    empty = Empty(
        "history",
        gettext_lazy("Every act will be noted here"),
        gettext_lazy("Who, when, what, why, before and after; nothing is ever changed or deleted."),
    )

    def get_queryset(self) -> QuerySet[AuditEvent]:
        """Events with the names of people and clients."""
        client = CustomerAccount.objects.filter(pk=OuterRef("account_id"))
        person = User.objects.filter(pk=OuterRef("actor_id"))
        full_name = Trim(Concat("first_name", Value(" "), "last_name", output_field=TextField()))
        return (
            queries.journal_visible(signed_in(self.request), company_of(self.request))
            .annotate(
                client_name=Subquery(client.values("name")[:1]),
                client_code=Subquery(client.values("code")[:1]),
                actor_name=Subquery(person.annotate(full_name=full_name).values("full_name")[:1]),
            )
            .order_by("-at", "-pk")
        )

    def get_context(self, **extra: Any) -> dict[str, Any]:
        """The end of the chain of seals, to be noted elsewhere."""
        return super().get_context(seal=last_seal(), **extra)

    def get_subtitle(self, rows: QuerySet[Any]) -> str:
        """Say what may not happen to it."""
        return _("Written with each act, never changed and never deleted")
