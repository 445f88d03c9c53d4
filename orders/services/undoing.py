"""Taking a release back: a counter-act in the journal, as long as nothing has left on it."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from credit.enums import Finding
from o2c.shared import audit
from o2c.shared.audit import plain
from o2c.shared.locking import retrying
from o2c.shared.problems import NotAllowed

from ..enums import CaseStatus, Occasion, OrderState
from ..models import Order, OrderHold, OrderLine, Release
from . import advance
from .refusals import AuthorityExceeded, FitsNow, WrongState


def before_release(order: Order, lines: list[OrderLine]) -> dict[str, Any]:
    """What an order was before it was released: what an undo goes back to."""
    kept: dict[str, Any] = plain(
        {
            "state": order.state,
            "confirmed_at": order.confirmed_at,
            "approved_total": order.approved_total,
            "approved_term": order.approved_term,
            "released_total": order.total_incl_vat,
            "released_term": order.term,
            "lines": {line.line: [line.approved_quantity, line.approved_price] for line in lines},
        }
    )
    return {**kept, "approved_lines": order.approved_lines}


def undoable(order: Order) -> Release | None:
    """The release that may still be taken back: the last one, nothing delivered or changed since."""
    if order.state != OrderState.CONFIRMED or order.cases.filter(closed_at=None).exists():
        return None
    release = order.releases.filter(voided_at=None).select_related("case", "approved_by").last()
    if release is None or not release.before or release.case is None:
        return None
    moved = order.deliveries.filter(recorded_at__gte=release.approved_at).exists()
    later = order.cases.filter(opened_at__gt=release.approved_at).exists()
    changed = (
        plain(order.total_incl_vat) != release.before["released_total"]
        or order.term != release.before["released_term"]
    )
    invoiced = any(line.invoiced > line.delivered for line in order.lines.all())
    return None if moved or later or changed or invoiced else release


def may_undo(release: Release, by: User, company_id: int) -> bool:
    """Whoever released it, and whoever has a higher authority there."""
    if not by.may("orders.release", company_id):
        return False
    return by.pk == release.approved_by_id or by.authority_in(company_id) > release.approved_by.authority_in(
        company_id
    )


@retrying
def undo_release(*, order_id: int, by: User, at: datetime) -> Order:
    """Put a released order on hold again, as it was before.

    :raises WrongState: nothing to undo: delivered, changed or held again since
    :raises AuthorityExceeded: somebody with less authority than who released it
    :raises FitsNow: the order would pass by itself meanwhile
    """
    with transaction.atomic():
        order = advance.lock_order(order_id)
        if not by.may("orders.release", order.company):
            raise NotAllowed
        release = undoable(order)
        if release is None or release.case is None:
            raise WrongState(
                _("This release cannot be undone any more: something was delivered or changed since.")
            )
        if not may_undo(release, by, order.company_id):
            raise AuthorityExceeded
        lines = advance.lines_of(order)
        release.voided_at, release.voided_by = at, by
        release.save(update_fields=["voided_at", "voided_by"])
        _put_back(order, lines, release.before)
        outcome = advance.examine(order, lines, by=by, at=at, keep_as=Occasion.REEXAMINE)
        if outcome.passes:
            raise FitsNow
        case = advance.sync_holds(order, outcome, by=by, at=at)
        assert case is not None
        by_hand = release.case.holds.filter(
            reason=Finding.MANUAL, lifted_at=release.approved_at, case__status=CaseStatus.RELEASED
        )
        OrderHold.objects.bulk_create(
            OrderHold(
                case=case,
                reason=hold.reason,
                figures=hold.figures,
                policy_article=hold.policy_article,
                decided_by=hold.decided_by,
                comment=hold.comment,
                placed_by=hold.placed_by,
                since=at,
            )
            for hold in by_hand
        )
        advance.save(order, "last_decision")
        audit.record(
            "order.release_undone",
            order,
            by=by,
            at=at,
            label=order.number,
            after={"amount": release.amount, "over_limit_by": outcome.result.over_limit_by},
        )
        advance.tell_credit_changed(order)
        return order


def _put_back(order: Order, lines: list[OrderLine], before: dict[str, Any]) -> None:
    order.state = before["state"]
    kept = before["confirmed_at"]
    order.confirmed_at = datetime.fromisoformat(kept) if kept else None
    order.approved_total, order.approved_term = Decimal(before["approved_total"]), before["approved_term"]
    order.approved_lines = before["approved_lines"]
    for line in lines:
        quantity, price = before["lines"][str(line.line)]
        line.approved_quantity, line.approved_price = Decimal(quantity), Decimal(price)
    OrderLine.objects.bulk_update(lines, ["approved_quantity", "approved_price"])
    advance.mark_progress(order, lines)
    advance.save(
        order,
        "state",
        "confirmed_at",
        "approved_total",
        "approved_term",
        "approved_lines",
        "is_started",
        "is_open",
    )
