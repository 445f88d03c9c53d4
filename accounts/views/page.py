"""The client page: who they are, then the parts that each application draws."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import get_language
from django.views import View

from accounts import policy
from accounts.circuit_policy import next_run
from accounts.models import CustomerAccount
from accounts.queries import belonging_on, circuit_of, members_on
from o2c.shared.past import look
from o2c.shared.views import PermissionMixin

from . import parts
from .answers import client_or_404, signed_in
from .lists import with_figures


class ClientPage(PermissionMixin, View):
    """One client, everything about it that the reader may see."""

    permission = "accounts.view"

    def get(self, request: HttpRequest, code: str) -> HttpResponse:
        """Draw the page; the parameters of the address belong to its parts."""
        account = client_or_404(request, code)
        drawn = {name: parts.draw(name, request, account) for name in parts.names()}
        return render(request, "accounts/detail.html", {"parts": drawn, **facts_of(request, account)})


class ClientPart(PermissionMixin, View):
    """One part of the page alone, for htmx."""

    permission = "accounts.view"

    def get(self, request: HttpRequest, code: str, name: str) -> HttpResponse:
        """Draw the part."""
        account = client_or_404(request, code)
        if name not in settings.CLIENT_PANELS:
            raise Http404
        return HttpResponse(parts.draw(name, request, account))


def facts_of(request: HttpRequest, account: CustomerAccount) -> dict[str, Any]:
    """What the head and the side column say of a client."""
    user, company, looked = signed_in(request), account.company, look(request)
    figures = with_figures(CustomerAccount.objects.filter(pk=account.pk)).get()
    then = belonging_on(account, looked.day)
    entity, group = (then.entity, then.group) if looked.is_past else (account.entity, account.entity.group)
    circuit = circuit_of(account)
    acts = {
        "may_edit": "accounts.edit",
        "may_move": "accounts.move",
        "may_block": "accounts.block",
        "may_watch": "accounts.watch",
        "may_ask": "credit.request_limit",
        "may_note": "notes.write",
        "may_promise": "dunning.promise",
        "may_dispute": "disputes.open",
    }
    return {
        "account": account,
        "look": looked,
        "entity": entity,
        "figures": figures,
        "menu": "accounts",
        "title": account.name,
        "rep": then.rep,
        "team": then.team,
        "circuit": circuit,
        "run": next_run(circuit.runs, looked.day) if circuit else None,
        "contacts": account.contacts.order_by("name"),
        "term": policy.describe_term(account.term, get_language() or "fr"),
        "group": group,
        "group_size": members_on(group, looked.day).count() if group else 0,
        "may_see_orders": not looked.is_past and user.may("orders.view", company),
        # Nothing is done on a day that is over.
        **{name: not looked.is_past and user.may(right, company) for name, right in acts.items()},
    }
