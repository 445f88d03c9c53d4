"""The last changes of a company's rules, as the timeline of a rules page shows them."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any, Final

from accounts.models import Company, User
from o2c.shared.models import AuditEvent

_SHOWN: Final = 10


def rule_changes(
    company: Company,
    action: str | Collection[str],
    title: Callable[[AuditEvent], str] = lambda event: event.reason,
) -> list[dict[str, Any]]:
    """Who changed which rules when and why, the newest first.

    :param action: code of the act in the journal, or several
    :param title: what each line says; the reason when not given
    """
    actions = (action,) if isinstance(action, str) else action
    found = AuditEvent.objects.filter(
        action__in=actions, object_type=Company._meta.label_lower, object_id=company.pk
    )
    events = list(found.order_by("-at", "-pk")[:_SHOWN])
    people = User.objects.filter(username__in={event.actor for event in events})
    names = {person.username: person.label() for person in people}
    return [
        {
            "at": event.at,
            "tone": "",
            "icon": "settings",
            "title": title(event),
            "sub": names.get(event.actor, event.actor),
            "amount": None,
        }
        for event in events
    ]
