"""The history of a dispute as people read it, on its page and on the page that a link opens."""

from __future__ import annotations

from typing import Any, Final

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from o2c.shared import formats

from ..enums import DisputeStatus, StepKind
from ..models import Dispute, DisputeStep, ResolverLink

_LOOK: Final = {
    StepKind.STATE: ("", "progress"),
    StepKind.COMMENT: ("", "messages"),
    StepKind.ANSWER: ("ok", "mail"),
    StepKind.EVIDENCE: ("", "paperclip"),
}
_STATE_LOOK: Final = {
    DisputeStatus.OPEN: ("disp", "message-exclamation"),
    DisputeStatus.REOPENED: ("warn", "rotate"),
    DisputeStatus.PROPOSED: ("warn", "scale"),
    DisputeStatus.CLOSED: ("ok", "message-check"),
    DisputeStatus.REJECTED: ("bad", "x"),
}


def told(dispute: Dispute) -> list[dict[str, Any]]:
    """Every step, the latest first, for ``components/timeline.html``."""
    steps = list(dispute.steps.select_related("by").order_by("-at", "-pk"))
    names = (
        {str(link): link.name for link in ResolverLink.objects.filter(dispute=dispute)}
        if any(step.through for step in steps)
        else {}
    )
    return [_told(step, names) for step in steps]


def who(step: DisputeStep, names: dict[str, str]) -> str:
    """Who did a step: a person, whoever came through a link, or the portal.

    :param names: of the colleagues behind links, by what the step says
    """
    if step.by is not None:
        return str(step.by.label())
    if step.through in names:
        return _("%(name)s, through a link") % {"name": names[step.through]}
    return _("the client, through its link") if step.through else _("the portal")


def _hours(step: DisputeStep) -> str:
    if step.hours is None:
        return ""
    return _("%(hours)s h") % {
        "hours": formats.number(step.hours.normalize(), get_language() or "fr", decimals=2)
    }


def _told(step: DisputeStep, names: dict[str, str]) -> dict[str, Any]:
    kind = StepKind(step.kind)
    tone, icon = _LOOK[kind]
    if kind == StepKind.STATE:
        tone, icon = _STATE_LOOK.get(DisputeStatus(step.status), (tone, icon))
    title = step.get_status_display() if kind == StepKind.STATE else step.get_kind_display()
    return {
        "at": step.at,
        "tone": tone,
        "icon": icon,
        "title": title,
        "url": "",
        "sub": " · ".join(filter(None, (who(step, names), _hours(step), step.text))),
        "amount": None,
    }
