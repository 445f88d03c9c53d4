"""The disputes of a client as a part of the client's page (``settings.CLIENT_PANELS``)."""

from __future__ import annotations

from django.http import HttpRequest
from django.utils import timezone

from accounts.models import CustomerAccount
from accounts.views.answers import signed_in
from accounts.views.parts import Panel
from o2c.shared.past import look

from .. import queries
from ..tables import left_in_words

_SHOWN = 6


def client_panel(request: HttpRequest, account: CustomerAccount) -> Panel | None:
    """What this client disputes now; nothing on a past day, and nothing where there is none."""
    user = signed_in(request)
    if look(request).is_past or not user.may("disputes.view", account.company):
        return None
    rows = queries.disputes_visible(user, account.company).open().filter(account=account)  # type: ignore[attr-defined]
    today = timezone.localdate()
    found = list(rows.order_by("agreed_due_on", "pk")[:_SHOWN])
    if not found:
        return None
    return Panel("disputes/_panel.html", {"rows": [(row, *left_in_words(row, today)) for row in found]})
