"""What a payment set off, as a card that renews itself while something is still to come."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_GET

from invoicing import lists
from invoicing.models import Payment
from invoicing.trace import Matched, Step, trace_of
from o2c.shared.badges import Badge, badge_for
from o2c.shared.models import OutboxMessage
from o2c.shared.written import amount, money, number
from orders.enums import Reexamined
from orders.models import ReexaminedOrder

from .base import needs, translated

_KINDS: Final[dict[str, tuple[str, str, str | Promise]]] = {
    "received": ("ok", "cash", gettext_lazy("Received")),
    "identified": ("", "user-check", gettext_lazy("Put on the client")),
    "matched": ("ok", "arrows-join", gettext_lazy("Matched")),
    "unmatched": ("warn", "arrow-back-up", gettext_lazy("Match undone")),
    "examined": ("", "refresh", gettext_lazy("Held orders looked at again")),
}
_RESULTS: Final[dict[str, tuple[str, str, Badge]]] = {
    Reexamined.RELEASED: ("ok", "circle-check", badge_for("released")),
    Reexamined.RECONFIRM: ("", "refresh", badge_for("RECONFIRM")),
    Reexamined.KEPT: ("warn", "hand-stop", badge_for("on_hold")),
}


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the card.

    :ivar wait: since the step before, None where it belongs to the same step
    """

    at: datetime
    tone: str
    icon: str
    title: str
    sub: str = ""
    url: str = ""
    wait: timedelta | None = None
    badge: Badge | None = None


def trace_context(request: Any, payment: Payment) -> dict[str, Any]:
    """What the card of a payment needs."""
    trace = trace_of(payment, request.user)
    rows = [row for step in trace.steps for row in _rows(step, payment)]
    return {"trace": trace, "trace_rows": rows}


@needs("invoicing.view")
@require_GET
def trace_card(request: Any, key: int) -> HttpResponse:
    """The card alone."""
    with translated():
        found = lists.find_payment(request.user, key)
    return render(request, "invoicing/_trace.html", {"payment": found} | trace_context(request, found))


def _rows(step: Step, payment: Payment) -> Iterator[Row]:
    if step.message is not None:
        yield _told(step, step.message)
        return
    tone, icon, title = _KINDS[step.kind]
    subs = [step.by] if step.by else []
    if step.kind == "received":
        subs.insert(0, money(payment.amount, payment.currency))
    elif step.kind in {"matched", "unmatched"}:
        subs = [*(_matched(each, payment) for each in step.matches), *_hidden(step), *subs]
        if not step.by:
            subs.append(_("by itself"))
    elif step.kind == "examined":
        subs = [] if step.orders or step.hidden else [_("No order was waiting for this credit.")]
        subs += _others(step)
    yield Row(step.at, tone, icon, str(title), " · ".join(subs), wait=step.wait)
    for order in step.orders:
        yield _order(step, order)


def _matched(each: Matched, payment: Payment) -> str:
    return f"{each.document} {money(abs(each.amount), payment.currency)} ({each.letter})"


def _hidden(step: Step) -> list[str]:
    if not step.hidden:
        return []
    said = ngettext(
        "%(n)s document outside your portfolio", "%(n)s documents outside your portfolio", step.hidden
    )
    return [said % {"n": number(step.hidden)}]


def _others(step: Step) -> list[str]:
    if not step.hidden:
        return []
    said = ngettext("%(n)s order outside your portfolio", "%(n)s orders outside your portfolio", step.hidden)
    return [said % {"n": number(step.hidden)}]


def _order(step: Step, row: ReexaminedOrder) -> Row:
    tone, icon, badge = _RESULTS[row.result]
    words = [
        _("room %(before)s → %(after)s")
        % {"before": amount(row.room_before), "after": _amount(row.room, row.currency)},
        _("missing %(before)s → %(after)s")
        % {"before": amount(row.missing_before), "after": money(row.missing, row.currency)},
        *(str(badge_for(reason).label) for reason in row.reasons),
    ]
    title = f"{row.order.number} · {row.order.account.name}"
    url = reverse("orders:detail", args=[row.order.number])
    return Row(step.at, tone, icon, title, " · ".join(words), url=url, badge=badge)


def _amount(value: Decimal | None, currency: str) -> str:
    return _("unlimited") if value is None else money(value, currency)


def _told(step: Step, message: OutboxMessage) -> Row:
    who = message.user.label() if message.user else message.to
    sub = message.subject
    if message.in_digest and message.state == OutboxMessage.State.WAITING:
        sub = " · ".join([sub, _("with the next digest")])
    title = _("%(name)s is told") % {"name": who}
    url = reverse("outbox_message", args=[message.pk])
    return Row(step.at, "", "mail", title, sub, url=url, wait=step.wait, badge=badge_for(message.state))
