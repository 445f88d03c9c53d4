"""The client's papers: evidence that it ordered, its purchase order, differences accepted with a reason."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from credit.enums import Finding
from credit.services.checks import mandates
from o2c.shared import audit
from o2c.shared.files import ReceivedFile
from o2c.shared.locking import retrying
from o2c.shared.problems import Invalid, NotAllowed

from ..enums import OrderState
from ..models import AcceptedDifference, Order, OrderEvidence, PurchaseOrder, PurchaseOrderLine
from ..papers import differences_of
from ..review import amount_of
from . import advance, entry, queue
from .authority import allow
from .decisions import open_case_of
from .refusals import CommentMissing, DifferenceUnknown, WrongState

_ALIVE = (OrderState.DRAFT, OrderState.SUBMITTED, OrderState.CONFIRMED)


@dataclass(frozen=True)
class PurchaseOrderLineInput:
    """One line as the client wrote it; price excl. VAT."""

    quantity: Decimal
    unit_price: Decimal
    sku: str = ""
    description: str = ""
    delivery_date: date | None = None
    line: int | None = None


@retrying
def add_evidence(
    *,
    order_id: int,
    channel: str,
    by: User,
    at: datetime,
    reference: str = "",
    dated_on: date | None = None,
    file: ReceivedFile | None = None,
) -> OrderEvidence:
    """Keep what proves that the client ordered, and look at the order again at once.

    :param file: looked at already (``o2c.shared.files.received``)
    :raises Invalid: neither a file nor a number
    :raises WrongState: the order has ended
    """
    if file is None and not reference.strip():
        raise Invalid(errors={"reference": [_("Give the number of their purchase order, or a file.")]})
    with transaction.atomic():
        order = _alive(order_id, by)
        evidence = OrderEvidence(
            order=order,
            channel=channel,
            reference=reference.strip(),
            dated_on=dated_on,
            recorded_by=by,
            recorded_at=at,
        )
        if file is not None:
            evidence.name, evidence.content_type, evidence.size = file.name, file.content_type, file.size
            evidence.sha256 = hashlib.sha256(file.content).hexdigest()
            evidence.file = file.stored_as()
        evidence.save()
        order.has_evidence = True
        advance.save(order, "has_evidence")
        audit.record(
            "order.evidence_added",
            order,
            by=by,
            at=at,
            label=order.number,
            after={"channel": channel, "reference": evidence.reference, "sha256": evidence.sha256},
        )
        queue.look_again(order.pk, at)
        return evidence


@retrying
def record_purchase_order(
    *,
    order_id: int,
    number: str,
    lines: Sequence[PurchaseOrderLineInput],
    by: User,
    at: datetime,
    dated_on: date | None = None,
    currency: str | None = None,
    term: str | None = None,
    requested_delivery: date | None = None,
    total_excl_vat: Decimal | None = None,
) -> PurchaseOrder:
    """Keep the client's purchase order as it reads, in place of an earlier one, and compare it at once.

    A confirmed order that differs is held; one that is held for nothing else and agrees goes on.

    :raises Invalid: no number, no line, or a term nobody knows
    :raises WrongState: the order has ended
    """
    if not number.strip():
        raise Invalid(errors={"number": [_("Their purchase order has a number.")]})
    if not lines:
        raise Invalid(errors={"lines": [_("Enter at least one line.")]})
    read_term = entry.readable_term(term) if term else ""
    with transaction.atomic():
        order = _alive(order_id, by)
        PurchaseOrder.objects.filter(order=order, replaced_at=None).update(replaced_at=at)
        kept = PurchaseOrder.objects.create(
            order=order,
            number=number.strip(),
            dated_on=dated_on,
            currency=currency or order.currency,
            term=read_term,
            requested_delivery=requested_delivery,
            total_excl_vat=total_excl_vat,
            recorded_by=by,
            recorded_at=at,
        )
        PurchaseOrderLine.objects.bulk_create(
            PurchaseOrderLine(
                purchase_order=kept,
                line=position,
                sku=line.sku.strip(),
                description=line.description.strip(),
                quantity=line.quantity,
                unit_price=line.unit_price,
                delivery_date=line.delivery_date,
            )
            for position, line in zip(_numbers(lines), lines, strict=True)
        )
        order.has_purchase_order = True
        advance.save(order, "has_purchase_order")
        found = differences_of(order, advance.lines_of(order))
        audit.record(
            "order.purchase_order_recorded",
            order,
            by=by,
            at=at,
            label=order.number,
            after={"number": kept.number, "differences": len(found), "amount": amount_of(found)},
        )
        _look(order, at)
        return kept


@retrying
def accept_difference(*, order_id: int, place: str, reason: str, by: User, at: datetime) -> Order:
    """Accept one difference as it stands, by somebody of sales administration or credit who did not enter it.

    :param place: as the review names it, such as ``10.quantity``
    :raises DifferenceUnknown: nothing differs there any more
    :raises FourEyes: the submitter, the salesperson, or a holder of a bonus on the client
    """
    if not reason.strip():
        raise CommentMissing(errors={"reason": [_("A reason is required.")]})
    with transaction.atomic():
        order = advance.lock_order(order_id)
        case = open_case_of(order)
        least = mandates(order.company_id)[0]
        allow(order, case, {Finding.PO_MISMATCH.value}, least, by, at)
        found = {each.place: each for each in differences_of(order, advance.lines_of(order))}
        difference = found.get(place)
        if difference is None:
            raise DifferenceUnknown
        AcceptedDifference.objects.create(
            purchase_order=PurchaseOrder.objects.get(order=order, replaced_at=None),
            place=difference.place,
            ours=difference.ours,
            theirs=difference.theirs,
            reason=reason.strip(),
            accepted_by=by,
            accepted_at=at,
            order_submitted_by=order.submitted_by,
        )
        audit.record(
            "order.difference_accepted",
            order,
            by=by,
            at=at,
            label=order.number,
            reason=reason,
            after={"place": place, "ours": difference.ours, "theirs": difference.theirs},
        )
        queue.look_again(order.pk, at)
        order.refresh_from_db()
        return order


def _alive(order_id: int, by: User) -> Order:
    order = advance.lock_order(order_id)
    if not by.may("orders.enter", order.company):
        raise NotAllowed
    if order.state not in _ALIVE:
        raise WrongState
    return order


def _look(order: Order, at: datetime) -> None:
    """Compare at once: a held order may go on, a confirmed one of which something is left may be held."""
    if order.state == OrderState.CONFIRMED and not order.cases.filter(closed_at=None).exists():
        queue.recheck_confirmed(order.account_id, at, only=order.pk)
    else:
        queue.look_again(order.pk, at)


def _numbers(lines: Sequence[PurchaseOrderLineInput]) -> list[int]:
    """Line numbers as they were given; the next free tens for those without."""
    taken = [line.line for line in lines if line.line is not None]
    if len(taken) != len(set(taken)):
        raise Invalid(errors={"lines": [_("Two lines have the same number.")]})
    following = iter(n for n in range(10, 10_000_000, 10) if n not in taken)
    return [line.line if line.line is not None else next(following) for line in lines]
