"""What waits for the reader: the first page of everybody."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views import View

from accounts.views.answers import company_of, now, signed_in
from o2c.home import queries, words
from o2c.home.desk import Desk
from o2c.home.inbox_line import ALERTS, LIMITS, ORDERS
from o2c.shared.menu import url_or_nothing
from o2c.shared.views import PermissionMixin

_SHOWN = 12
_EVENTS = 8


class Home(PermissionMixin, View):
    """The page; ``?part=inbox`` gives the inbox alone, which renews itself every minute."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """Draw what waits."""
        company = company_of(request)
        context: dict[str, Any] = {"menu": "home", "title": _("My work"), "user_name": _first_name(request)}
        if company is None:
            return render(request, "home/no_company.html", context)
        desk = Desk(signed_in(request), company, now())
        context |= _inbox(request, desk)
        if request.GET.get("part") == "inbox":
            return render(request, "home/_inbox.html", context)
        held = queries.sums_of(queries.held_for(desk.user, company), company.currency)
        context |= {
            "desk": desk,
            "sentence": desk.sentence(held, context["rows"]),
            "figures": desk.figures(held, queries.overdue_of(desk.clients)),
            "since": desk.since(),
            "ageing": desk.ageing(),
            "decisions": desk.decisions(),
            "action": _main_action(desk, context["rows"]),
        }
        if desk.watches_only:
            context |= _watched(desk)
        return render(request, "home/home.html", context)


def _inbox(request: HttpRequest, desk: Desk) -> dict[str, Any]:
    rows = desk.inbox()
    chosen = request.GET.get("inbox", "")
    kinds = [("", _("All")), (ORDERS, _("Orders")), (LIMITS, _("Limits")), (ALERTS, _("Alerts"))]
    counts = desk.counts(rows)
    counts[""] = sum(counts.values())
    if chosen not in counts:
        chosen = ""
    shown = [row for row in rows if not chosen or row.kind == chosen][:_SHOWN]
    return {
        "rows": rows,
        "shown": shown,
        "more": counts[chosen] - len(shown),
        "holds_url": url_or_nothing("orders:holds"),
        "chosen": chosen,
        "kinds": [(kind, label, counts[kind]) for kind, label in kinds if not kind or counts[kind]],
        "looked_at": desk.at,
    }


def _main_action(desk: Desk, rows: Any) -> dict[str, str] | None:
    """The one thing to do first: the most urgent order, a new order, a payment, the journal."""
    first = next((row.url for row in rows if row.kind == ORDERS and row.seconds is not None), "")
    if desk.decides and first:
        return {"url": first, "icon": "player-play", "label": _("Work through the queue"), "key": "t"}
    payments = url_or_nothing("invoicing:payments")
    if desk.may("payments.allocate") and payments:
        return {"url": payments, "icon": "arrows-join", "label": _("Match payments"), "key": "t"}
    sell = url_or_nothing("credit:can_i_sell")
    calls = url_or_nothing("dunning:work_list")
    if desk.may("dunning.promise") and not desk.may("accounts.view") and calls:
        return {"url": calls, "icon": "phone-call", "label": _("Call the clients"), "key": "t"}
    if desk.has_portfolio and desk.may("accounts.view") and sell:
        return {"url": sell, "icon": "help-circle", "label": _("Can I sell?"), "key": "v"}
    new = url_or_nothing("orders:new")
    if desk.may("orders.enter") and new:
        return {"url": new, "icon": "plus", "label": _("New order"), "key": "n"}
    if desk.watches_only:
        return {"url": reverse("journal"), "icon": "history", "label": _("Open the journal"), "key": "t"}
    return None


def _watched(desk: Desk) -> dict[str, Any]:
    events = list(queries.journal_visible(desk.user, desk.company).order_by("-at", "-pk")[:_EVENTS])
    names = words.people(events)
    return {
        "events": [
            {
                "at": event.at,
                "tone": words.words_of(event.action).tone,
                "icon": words.words_of(event.action).icon,
                "title": words.title_of(event),
                "url": words.address_of(event),
                "sub": words.actor_of(event, names),
                "amount": words.amount_of(event),
                "currency": desk.company.currency,
            }
            for event in events
        ],
        "imports": [(work, words.job_label(work.kind)) for work in queries.latest_imports(desk.user)[:5]],
    }


def _first_name(request: HttpRequest) -> str:
    user = signed_in(request)
    return user.first_name or user.label()
