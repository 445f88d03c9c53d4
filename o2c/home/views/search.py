"""One box for everything: clients by name, code or SIREN, orders, quotations and documents by their number."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views import View

from accounts.queries import global_search
from accounts.views.answers import company_of, signed_in
from o2c.home import queries
from o2c.shared import formats
from o2c.shared.views import PermissionMixin

_EACH = 6
# A number begins to tell something from here on.
_SHORTEST = 2


class Search(PermissionMixin, View):
    """The answers while typing (htmx), or as a page; a single answer is opened at once."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """Answer what was typed."""
        text = " ".join(request.GET.get("q", "").split())
        groups = found_for(request, text) if text else []
        htmx: Any = getattr(request, "htmx", False)
        if htmx and not htmx.boosted and not htmx.history_restore_request:
            return render(request, "components/search_results.html", {"groups": groups, "query": text})
        results = [result for group in groups for result in group["results"]]
        if len(results) == 1:
            return redirect(results[0]["url"])
        context = {"groups": groups, "query": text, "search_text": text, "title": _("Search")}
        return render(request, "home/search.html", context)


def found_for(request: HttpRequest, text: str) -> list[dict[str, Any]]:
    """Groups of answers, none of them empty, each within the reader's portfolio."""
    user, company, language = signed_in(request), company_of(request), get_language() or "fr"
    groups: list[dict[str, Any]] = []
    if user.may("accounts.view", company):
        clients = [
            {
                "title": account.name,
                "sub": " · ".join(
                    part
                    for part in (
                        account.code,
                        formats.siren(account.siren) if account.siren else "",
                        account.city,
                    )
                    if part
                ),
                "url": reverse("accounts:detail", args=[account.code]),
            }
            for account in global_search(user, company, text, limit=_EACH)
        ]
        groups.append({"label": _("Clients"), "icon": "building-store", "results": clients})
    if len(text) >= _SHORTEST and user.may("orders.view", company):
        orders = [
            {
                "title": order.number,
                "sub": order.account.name,
                "url": reverse("orders:detail", args=[order.number]),
                "end": formats.money(order.total_incl_vat, language, order.currency),
            }
            for order in queries.orders_by_number(user, company, text, _EACH)
        ]
        groups.append({"label": _("Orders"), "icon": "shopping-cart", "results": orders})
        quotations = [
            {
                "title": quotation.number,
                "sub": quotation.account.name,
                "url": reverse("orders:quotation", args=[quotation.number]),
                "end": formats.money(quotation.total_incl_vat, language, quotation.currency),
            }
            for quotation in queries.quotations_by_number(user, company, text, _EACH)
        ]
        groups.append({"label": _("Quotations"), "icon": "file-text", "results": quotations})
    if len(text) >= _SHORTEST and user.may("invoicing.view", company):
        documents = [
            {
                "title": document.number,
                "sub": document.account.name,
                "url": reverse("invoicing:detail", args=[document.number]),
                "end": formats.money(document.total_incl_vat, language, document.currency),
            }
            for document in queries.documents_by_number(user, company, text, _EACH)
        ]
        groups.append({"label": _("Invoices"), "icon": "file-invoice", "results": documents})
    # What begins exactly as typed comes before names that only resemble it.
    exact = [group for group in groups if any(_begins(result, text) for result in group["results"])]
    return [group for group in (*exact, *(g for g in groups if g not in exact)) if group["results"]]


def _begins(result: dict[str, Any], text: str) -> bool:
    return str(result["title"]).casefold().startswith(text.casefold())
