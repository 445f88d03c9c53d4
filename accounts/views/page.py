"""The client page: who they are, then the parts that each application draws."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import get_language
from django.views import View

from accounts import policy
from accounts.enums import TeamRole
from accounts.models import CustomerAccount
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
    user, company = signed_in(request), account.company
    figures = with_figures(CustomerAccount.objects.filter(pk=account.pk)).get()
    team = list(account.team.filter(valid_to=None).select_related("user").order_by("role", "user__last_name"))
    group = account.entity.group
    return {
        "account": account,
        "figures": figures,
        "menu": "accounts",
        "title": account.name,
        "rep": next((member.user for member in team if member.role == TeamRole.SALES_REP), None),
        "team": team,
        "contacts": account.contacts.order_by("name"),
        "term": policy.describe_term(account.term, get_language() or "fr"),
        "group": group,
        "group_size": CustomerAccount.objects.filter(entity__group=group).count() if group else 0,
        "may_edit": user.may("accounts.edit", company),
        "may_move": user.may("accounts.move", company),
        "may_block": user.may("accounts.block", company),
        "may_watch": user.may("accounts.watch", company),
        "may_see_orders": user.may("orders.view", company),
        "may_ask": user.may("credit.request_limit", company),
    }
