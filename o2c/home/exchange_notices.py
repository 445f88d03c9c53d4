"""Telling people that somebody wrote about a held order."""

from __future__ import annotations

from typing import Any

from orders.exchange_models import HoldMessage

from .notices import deciders_of, people_of, tell_of_case


def message_written(*, work: Any, message_id: int) -> dict[str, int]:
    """Work handler: tell the rep, the submitter, who asked or wrote before, and who looks after the hold.

    Those who may decide are told where nobody looks after it.
    """
    del work
    message = HoldMessage.objects.select_related("case__order__account", "written_by").get(pk=message_id)
    case = message.case
    told = people_of(case.order) | set(case.messages.values_list("written_by_id", flat=True))
    told |= set(case.override_requests.values_list("requested_by_id", flat=True))
    told |= {case.owner_id} if case.owner_id else deciders_of(case)
    facts = {"by": message.written_by.label(), "reason": message.text}
    told -= {message.written_by_id}
    return tell_of_case("order.message", case, told, facts, key=f"message:{message.pk}")
