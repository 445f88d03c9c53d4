"""Documents that leave by themselves once they are issued (features F8)."""

from __future__ import annotations

from typing import Any

from django.utils import timezone

from o2c.shared import work as work_table
from o2c.shared.problems import Refusal

from . import services
from .not_left import TO_MEND


def send_issued(*, work: Any, invoice_id: int) -> dict[str, Any]:
    """Work handler: send a document that was just issued. A second pass finds it sent and does nothing.

    :raises GiveUp: somebody must mend something first; the message is the code of the refusal, and a task says it
    """
    del work
    try:
        made = services.send_document(invoice_id=invoice_id, by=None, at=timezone.now())
    except Refusal as refusal:
        if refusal.code in TO_MEND:
            raise work_table.GiveUp(refusal.code) from refusal
        return {"sent": 0, "why": refusal.code}
    return {"sent": len(made.messages)}
