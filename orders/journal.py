"""The journal of one order in words: who did what, when, why, with which figures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from django.utils.functional import Promise
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from accounts.models import User
from o2c.shared import formats
from o2c.shared.badges import badge_for
from o2c.shared.models import AuditEvent

from .models import Order, Quotation


@dataclass(frozen=True)
class _Look:
    tone: str
    icon: str
    title: str | Promise


_LOOKS: Final[dict[str, _Look]] = {
    "order.entered": _Look("", "pencil", gettext_lazy("Order entered")),
    "order.changed": _Look("", "pencil", gettext_lazy("Order changed")),
    "order.submitted": _Look("", "send", gettext_lazy("Sent to the credit check")),
    "order.held": _Look("warn", "hand-stop", gettext_lazy("Put on hold by the check")),
    "order.held_by_hand": _Look("warn", "hand-stop", gettext_lazy("Held by hand")),
    "order.freed": _Look("ok", "check", gettext_lazy("Fits again: freed by itself")),
    "order.released": _Look("ok", "lock-open", gettext_lazy("Released")),
    "order.alternatives_accepted": _Look("", "users", gettext_lazy("Agreed with the client")),
    "order.condition_agreed": _Look("", "hourglass", gettext_lazy("Waits for what was agreed")),
    "order.condition_met": _Look("ok", "check", gettext_lazy("What was agreed is there")),
    "order.condition_broken": _Look("bad", "calendar-x", gettext_lazy("What was agreed is not kept")),
    "order.condition_withdrawn": _Look("", "ban", gettext_lazy("What was agreed is withdrawn")),
    "order.release_agreed": _Look(
        "ok", "shield-check", gettext_lazy("Release decided, once its conditions are met")
    ),
    "order.release_void": _Look("warn", "hand-stop", gettext_lazy("The release needs a new decision")),
    "order.release_undone": _Look("warn", "rotate", gettext_lazy("Release undone")),
    "order.assigned": _Look("", "user-check", gettext_lazy("Somebody looks after it")),
    "order.message_written": _Look("", "messages", gettext_lazy("Message")),
    "order.override_requested": _Look("", "send", gettext_lazy("Override asked for")),
    "order.release_signed": _Look("", "check", gettext_lazy("Release approved by the first of two")),
    "order.override_refused": _Look("bad", "x", gettext_lazy("Override refused")),
    "order.override_withdrawn": _Look("", "arrow-back-up", gettext_lazy("Override request taken back")),
    "order.refused": _Look("bad", "x", gettext_lazy("Refused")),
    "order.confirmed": _Look("ok", "check", gettext_lazy("Confirmed")),
    "order.entered_horizon": _Look(
        "", "calendar-check", gettext_lazy("Entered the horizon of orders: checked again")
    ),
    "order.production_started": _Look("", "truck", gettext_lazy("Production started")),
    "order.delivered": _Look("", "truck", gettext_lazy("Delivered")),
    "order.returned": _Look("warn", "arrow-back-up", gettext_lazy("Goods returned")),
    "order.cancelled": _Look("", "ban", gettext_lazy("Cancelled")),
    "order.closed": _Look("", "lock", gettext_lazy("Closed")),
    "order.reopened": _Look("", "refresh", gettext_lazy("Taken up again")),
    "order.evidence_added": _Look("", "paperclip", gettext_lazy("Evidence of the client's order added")),
    "order.purchase_order_recorded": _Look(
        "", "file-search", gettext_lazy("Client's purchase order recorded and compared")
    ),
    "order.difference_accepted": _Look("ok", "check", gettext_lazy("Difference accepted")),
    "order.confirmation_issued": _Look("ok", "file-check", gettext_lazy("Confirmed to the client")),
    "quotation.entered": _Look("", "pencil", gettext_lazy("Quotation entered")),
    "quotation.changed": _Look("", "pencil", gettext_lazy("Quotation changed")),
    "quotation.sent": _Look("", "send", gettext_lazy("Marked as sent to the client")),
    "quotation.accepted": _Look("ok", "check", gettext_lazy("Accepted by the client")),
    "quotation.refused": _Look("", "x", gettext_lazy("Declined by the client")),
    "quotation.expired": _Look("", "calendar-off", gettext_lazy("Run out")),
    "quotation.ordered": _Look("ok", "shopping-cart", gettext_lazy("Became an order")),
    "order.ready_to_reconfirm": _Look("warn", "refresh", gettext_lazy("Fits again: to be confirmed")),
}
_OTHER: Final = _Look("", "history", "")


# What an event may name beside its subject.
_NUMBERS: Final = ("delivery", "order", "confirmation", "reference", "number", "place")


def journal_of(order: Order | Quotation) -> list[dict[str, Any]]:
    """Everything that was done to an order or a quotation, newest first, as ``components/timeline.html`` takes it."""
    events = list(
        AuditEvent.objects.filter(object_type=order._meta.label_lower, object_id=order.pk).order_by(
            "-at", "-pk"
        )
    )
    names = {
        user.pk: user.label()
        for user in User.objects.filter(pk__in={e.actor_id for e in events if e.actor_id})
    }
    return [_line(event, names, order.currency) for event in events]


def _line(event: AuditEvent, names: Mapping[int, str], currency: str) -> dict[str, Any]:
    look = _LOOKS.get(event.action, _OTHER)
    who = names.get(event.actor_id or 0) or event.actor or _("The portal")
    if event.on_behalf_of:
        who = _("%(name)s for %(absent)s") % {"name": who, "absent": event.on_behalf_of}
    after = event.after or {}
    amount = after.get("amount") or after.get("total_incl_vat")
    return {
        "at": event.at,
        "tone": look.tone,
        "icon": look.icon,
        "title": look.title or event.action,
        "url": "",
        "sub": " · ".join(filter(None, [who, *_details(event, currency)])),
        "amount": Decimal(amount) if amount else None,
        "currency": after.get("currency") or currency,
    }


def _details(event: AuditEvent, currency: str) -> list[str]:
    after = event.after or {}
    language = get_language() or "fr"
    details: list[str] = []
    if event.action == "order.changed" and event.before:
        details += _changes(event.before, after, language, currency)
    if over := Decimal(after.get("over_limit_by") or 0):
        details.append(_("%(amount)s short") % {"amount": formats.money(over, language, currency)})
    codes = after.get("reasons") or after.get("covers") or ()
    if codes:
        details.append(", ".join(str(badge_for(code).label) for code in codes))
    if number := next((after[k] for k in _NUMBERS if after.get(k)), None):
        details.append(str(number))
    if event.reason:
        details.append(_("“%(text)s”") % {"text": event.reason})
    return details


def _changes(before: Mapping[str, Any], after: Mapping[str, Any], language: str, currency: str) -> list[str]:
    said: list[str] = []
    old, new = before.get("total_incl_vat"), after.get("total_incl_vat")
    if old != new and old is not None and new is not None:
        said.append(
            _("%(old)s before")
            % {"old": formats.money(Decimal(old), language, before.get("currency") or currency)}
        )
    if before.get("term") != after.get("term"):
        said.append(f"{before.get('term')} → {after.get('term')}")
    if before.get("requested_delivery") != after.get("requested_delivery"):
        said.append(_("delivery %(day)s") % {"day": after.get("requested_delivery") or formats.NOTHING})
    return said
