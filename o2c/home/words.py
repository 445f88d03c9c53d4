"""The journal in words: what each act was, how it looks, and where its object stands."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from django.urls import NoReverseMatch, reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from accounts.models import User
from credit.enums import Finding, Level
from credit.notes.enums import NoteKind, NoteTopic, NoteWeight
from o2c.shared import formats
from o2c.shared.links import Why
from o2c.shared.models import AuditEvent, Notice

from .act_words import WORDS, Words
from .vocabulary import FACTS, JOBS, NOTICES

_AMOUNTS: Final = frozenset(
    {"amount", "asked", "total_incl_vat", "over_limit_by", "debit_open", "credit_open", "fee", "received"}
)
_ISO_DAY: Final = re.compile(r"\d{4}-\d{2}-\d{2}")
_CHOICES: Final = {"note_kind": NoteKind, "topic": NoteTopic, "weight": NoteWeight}
_AMOUNT_FACTS = ("total_incl_vat", "amount")


def words_of(action: str) -> Words:
    """How an act reads; one not known yet is shown under its code, never hidden."""
    return WORDS.get(action) or Words(f"{action} %(label)s", "circle-dashed")


def title_of(event: AuditEvent) -> str:
    """An event in one line."""
    return str(words_of(event.action).text) % {"label": _label(event)}


def _label(event: AuditEvent) -> str:
    """What the act was about; a limit by its level, since its amount stands apart."""
    level = (event.after or {}).get("level") if event.object_type == "credit.limitrequest" else None
    return (
        str(Level.from_word(level).label) if level in {"account", "entity", "group"} else event.object_label
    )


def amount_of(event: AuditEvent) -> Decimal | None:
    """The amount an event was about, if it names one."""
    for name in _AMOUNT_FACTS:
        value = (event.after or {}).get(name)
        if value is not None:
            try:
                # An alert about no amount says none.
                return Decimal(str(value)) or (None if event.action == "alert.raised" else Decimal(0))
            except InvalidOperation:
                return None
    return None


def facts_of(values: Mapping[str, Any] | None) -> list[tuple[str, str]]:
    """The facts before or after an act as (name, value) in words."""
    return [(str(FACTS.get(name, name)), _shown(name, value)) for name, value in (values or {}).items()]


def _shown(name: str, value: Any) -> str:
    if value is None or value == "":
        return formats.NOTHING
    if name == "why" and value in Why.values:
        return str(Why(value).label)
    if name in _CHOICES and value in _CHOICES[name].values:
        return str(_CHOICES[name](value).label)
    if name in {"reasons", "covers"} and isinstance(value, list):
        return ", ".join(_finding(code) for code in value)
    if isinstance(value, list):
        return ", ".join(str(each) for each in value)
    if isinstance(value, dict):
        return ", ".join(f"{key} {each}" for key, each in value.items())
    if name in _AMOUNTS:
        try:
            return formats.amount(Decimal(str(value)), get_language() or "fr")
        except InvalidOperation:
            return str(value)
    if isinstance(value, str) and _ISO_DAY.fullmatch(value):
        return formats.date_short(date.fromisoformat(value))
    return str(value)


def _finding(code: str) -> str:
    return str(Finding(code).label) if code in Finding.values else code


def people(events: Iterable[AuditEvent]) -> dict[str, str]:
    """Names of the people behind user names, in one query; the portal itself has none."""
    rows = list(events)
    names = {event.actor for event in rows if event.actor} | {
        event.on_behalf_of for event in rows if event.on_behalf_of
    }
    return {user.username: user.label() for user in User.objects.filter(username__in=names)}


def name_of(actor: str) -> str:
    """Who acted under a name that is no user's: the portal, or whoever came through a link."""
    scope, _colon, number = actor.partition("-link:")
    if not number:
        return actor or _("the portal")
    return _("the client, through its link") if scope == "client" else _("a colleague, through a link")


def actor_of(event: AuditEvent, names: Mapping[str, str]) -> str:
    """Who did it."""
    if not event.actor:
        return _("the portal")
    who = names.get(event.actor) or name_of(event.actor)
    if not event.on_behalf_of:
        return who
    return _("%(name)s for %(absent)s") % {
        "name": who,
        "absent": names.get(event.on_behalf_of, event.on_behalf_of),
    }


def address_of(event: AuditEvent, client_code: str | None = None) -> str:
    """Where the object of an event is shown; empty when it has no page."""
    try:
        match event.object_type:
            case "orders.order":
                return reverse("orders:detail", args=[event.object_label])
            case "invoicing.invoice":
                return reverse("invoicing:detail", args=[event.object_label])
            case "invoicing.payment":
                return reverse("invoicing:payment", args=[event.object_id])
            case "disputes.dispute":
                return reverse("disputes:detail", args=[event.object_label])
            case "credit.limitrequest":
                return reverse("credit:limit_request", args=[event.object_id])
            case "credit.clientnote":
                return reverse("credit:note", args=[event.object_id])
            case "accounts.customeraccount" if client_code:
                return reverse("accounts:detail", args=[client_code])
    except NoReverseMatch:
        pass
    return ""


# --- notices and background work ---


def notice_of(notice: Notice) -> dict[str, Any]:
    """A notice in words, with its amount and what else there is to say."""
    look = NOTICES.get(notice.kind) or Words(notice.kind, "player-play")
    facts = notice.figures or {}
    try:
        text = str(look.text) % facts
    except KeyError:
        text = notice.kind
    amount = facts.get("amount")
    return {
        "text": text,
        "icon": look.icon,
        "tone": look.tone,
        "amount": Decimal(str(amount)) if amount else None,
        "currency": facts.get("currency", "EUR"),
        "sub": facts.get("reason", ""),
    }


def job_label(kind: str) -> str:
    """A kind of background work in words; an unknown one under its code."""
    return str(JOBS.get(kind, kind))
