"""Sales and credit write to each other about a held order: on its page, with everybody concerned told."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from o2c.shared import audit, work
from o2c.shared.locking import retrying
from o2c.shared.problems import Invalid, NotAllowed

from ..exchange_models import HoldMessage
from ..models import HoldCase, Order
from .refusals import WrongState

# Whoever may ask for an override, or answer it, has something to say.
WRITE: Final = "orders.request_override"
LONGEST: Final = 2000


@retrying
def write_message(*, order_id: int, text: str, by: User, at: datetime) -> tuple[HoldMessage, bool]:
    """Write about an order while it is on hold. The same words by the same person, sent twice, are one message.

    :returns: the message, and whether it was written just now
    :raises NotAllowed: neither asks for overrides nor answers them
    :raises WrongState: the order is not on hold
    :raises Invalid: no words, or more than 2 000 letters
    """
    words = text.strip()
    if not words:
        raise Invalid(errors={"text": [_("Write something.")]})
    if len(words) > LONGEST:
        raise Invalid(errors={"text": [_("At most 2,000 letters.")]})
    with transaction.atomic():
        order = Order.objects.select_related("company").get(pk=order_id)
        if not by.may(WRITE, order.company):
            raise NotAllowed
        case = HoldCase.objects.select_for_update(no_key=True).filter(order=order, closed_at=None).first()
        if case is None:
            raise WrongState(_("This order is not on hold."))
        last = case.messages.order_by("-pk").first()
        if last is not None and (last.written_by_id, last.text) == (by.pk, words):
            return last, False
        written = HoldMessage.objects.create(case=case, text=words, written_by=by, written_at=at)
        audit.record("order.message_written", order, by=by, at=at, label=order.number, reason=words)
        work.emit("order.message", f"message:{written.pk}", {"message_id": written.pk})
        return written, True
