"""Order confirmations (ARC): issued once for what an order says, kept as they left, replaced after a change."""

from __future__ import annotations

import hashlib
from datetime import datetime

from django.core.files.base import ContentFile
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from o2c.shared import audit
from o2c.shared.locking import retrying
from o2c.shared.problems import NotAllowed

from ..enums import OrderState
from ..models import OrderConfirmation
from ..paper import confirmation_pdf, language_of
from ..papers import content_hash
from . import advance
from .refusals import WrongState


@retrying
def issue_confirmation(*, order_id: int, by: User, at: datetime) -> OrderConfirmation:
    """Issue the confirmation of what a confirmed order says now; the same again is the one that is there.

    :raises WrongState: the order is not confirmed, or held again
    """
    with transaction.atomic():
        order = advance.lock_order(order_id)
        if not by.may("orders.enter", order.company):
            raise NotAllowed
        if order.state not in (OrderState.CONFIRMED, OrderState.CLOSED):
            raise WrongState(_("Only a confirmed order is confirmed to the client."))
        if order.cases.filter(closed_at=None).exists():
            raise WrongState(_("This order is on hold: confirm it to the client once it is released."))
        lines = [line for line in advance.lines_of(order) if line.quantity > line.cancelled]
        content = content_hash(order, lines)
        former = OrderConfirmation.objects.filter(order=order, replaced_at=None).first()
        if former is not None and former.content_hash == content:
            return former
        issued = OrderConfirmation(
            order=order,
            issue=OrderConfirmation.objects.filter(order=order).count() + 1,
            content_hash=content,
            language=language_of(order.account),
            issued_by=by,
            issued_at=at,
        )
        drawn = confirmation_pdf(issued, lines)
        issued.sha256 = hashlib.sha256(drawn).hexdigest()
        issued.file = ContentFile(drawn, name=f"{issued.sha256}.pdf")
        if former is not None:
            former.replaced_at = at
            former.save(update_fields=["replaced_at"])
        issued.save()
        audit.record(
            "order.confirmation_issued",
            order,
            by=by,
            at=at,
            label=order.number,
            after={"confirmation": issued.number, "sha256": issued.sha256},
        )
        return issued
