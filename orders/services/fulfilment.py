"""Goods out and back, start of production, and what invoicing asks before it invoices ahead of delivery."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime
from decimal import Decimal

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from o2c.shared import audit
from o2c.shared.calendar import paris_date
from o2c.shared.locking import retrying
from o2c.shared.problems import Invalid, NotAllowed

from ..enums import Occasion, OrderState
from ..models import Delivery, DeliveryLine, Order, OrderLine, Release
from . import advance
from .advance import Outcome
from .refusals import HeldAgain, TooMuch, WrongState

Quantities = Sequence[tuple[int, Decimal]]


@retrying
def deliver(
    *,
    order_id: int,
    by: User,
    at: datetime,
    lines: Quantities | None = None,
    on: date | None = None,
    carrier: str = "",
) -> Order:
    """Book a goods issue; the order is checked again first.

    :param lines: ``(line number, quantity)``; everything that remains when not given
    :param carrier: who brings it; disputes about deliveries add up by it
    :raises HeldAgain: the check holds the order; the hold is kept, nothing is delivered
    :raises TooMuch: more than what remains of a line
    """
    day = on or paris_date(at)
    if day > paris_date(at):
        raise Invalid(errors={"date": [_("A delivery cannot lie in the future.")]})
    with transaction.atomic():
        order = _ready(order_id, by)
        rows = advance.lines_of(order)
        outcome = _recheck(order, rows, by, at, Occasion.GOODS_ISSUE)
        if outcome is None:
            _book(order, rows, _to_deliver(rows, lines), day, by, at, carrier)
            return order
    raise HeldAgain(findings=outcome.result.findings_as_contract())


@retrying
def take_back(
    *,
    order_id: int,
    by: User,
    at: datetime,
    lines: Quantities | None = None,
    on: date | None = None,
    reason: str = "",
) -> Order:
    """Book a return: what comes back is no longer delivered.

    :raises TooMuch: more than was delivered
    """
    with transaction.atomic():
        order = advance.lock_order(order_id)
        _allow(order, by)
        if order.state not in (OrderState.CONFIRMED, OrderState.CLOSED):
            raise WrongState
        rows = advance.lines_of(order)
        wanted = (
            dict(lines) if lines is not None else {row.line: row.delivered for row in rows if row.delivered}
        )
        back = _matched(rows, wanted, lambda row: row.delivered)
        _store(
            order, rows, [(row, -quantity) for row, quantity in back], on or paris_date(at), by, at, reason
        )
        if order.state == OrderState.CLOSED:
            # Nothing of a closed order goes out again: what came back leaves the exposure with the rest.
            advance.drop_remainder(order, rows)
            advance.mark_progress(order, rows)
            advance.save(order, "approved_total", "approved_lines", "is_started", "is_open")
        advance.tell_credit_changed(order)
        return order


@retrying
def start_production(*, order_id: int, by: User, at: datetime) -> Order:
    """Start the production of a confirmed order; it is checked again first where the company wants it.

    :raises HeldAgain: the check holds it; nothing is started
    :raises WrongState: not confirmed, held, or started already
    """
    with transaction.atomic():
        order = _ready(order_id, by)
        if order.production_started_at is not None:
            raise WrongState(_("Its production has started already."))
        outcome = None
        if order.company.checks_before_production:
            outcome = _recheck(order, advance.lines_of(order), by, at, Occasion.PRODUCTION)
        elif order.cases.filter(closed_at=None).exists():
            raise WrongState(_("This order is on hold."))
        if outcome is None:
            order.production_started_at, order.production_started_by = at, by
            advance.save(order, "production_started_at", "production_started_by")
            audit.record("order.production_started", order, by=by, at=at, label=order.number)
            return order
    raise HeldAgain(findings=outcome.result.findings_as_contract())


@retrying
def clear_for_invoice(*, order_id: int, by: User, at: datetime) -> None:
    """Check an order that is to be invoiced before delivery; what is delivered needs no such check.

    Runs in a transaction of its own, so that a hold it makes stays although nothing is invoiced.

    :raises HeldAgain: the check holds the order
    :raises WrongState: it is not confirmed
    """
    with transaction.atomic():
        order = advance.lock_order(order_id)
        if order.state != OrderState.CONFIRMED:
            raise WrongState
        outcome = _recheck(order, advance.lines_of(order), by, at, Occasion.INVOICE)
        if outcome is None:
            return
    raise HeldAgain(findings=outcome.result.findings_as_contract())


def note_progress(order: Order) -> None:
    """After a change of delivered, invoiced or cancelled quantities under the order's lock: keep its flags true."""
    advance.mark_progress(order, advance.lines_of(order))
    advance.save(order, "is_started", "is_open")


def _ready(order_id: int, by: User) -> Order:
    order = advance.lock_order(order_id)
    _allow(order, by)
    if order.state != OrderState.CONFIRMED:
        raise WrongState
    return order


def _allow(order: Order, by: User) -> None:
    if not by.may("orders.deliver", order.company):
        raise NotAllowed


def _recheck(
    order: Order, lines: list[OrderLine], by: User, at: datetime, occasion: Occasion
) -> Outcome | None:
    """Examine again; the outcome when the order is held, None when it may go on."""
    outcome = advance.examine(order, lines, by=by, at=at, keep_as=occasion)
    if advance.sync_holds(order, outcome, by=by, at=at) is None:
        return None
    advance.save(order, "last_decision")
    return outcome


def _to_deliver(rows: list[OrderLine], lines: Quantities | None) -> list[tuple[OrderLine, Decimal]]:
    wanted = (
        dict(lines)
        if lines is not None
        else {row.line: _remaining(row) for row in rows if _remaining(row) > 0}
    )
    return _matched(rows, wanted, _remaining)


def _remaining(row: OrderLine) -> Decimal:
    return row.quantity - row.cancelled - row.delivered


def _matched(
    rows: list[OrderLine], wanted: dict[int, Decimal], limit: Callable[[OrderLine], Decimal]
) -> list[tuple[OrderLine, Decimal]]:
    by_number = {row.line: row for row in rows}
    matched: list[tuple[OrderLine, Decimal]] = []
    for number, quantity in wanted.items():
        row = by_number.get(number)
        if row is None:
            raise Invalid(errors={"lines": [_("There is no line %(line)s.") % {"line": number}]})
        if quantity <= 0:
            raise Invalid(
                errors={"lines": [_("Line %(line)s: the quantity must be above zero.") % {"line": number}]}
            )
        if quantity > limit(row):
            raise TooMuch(errors={"lines": [_("Line %(line)s: less remains.") % {"line": number}]})
        matched.append((row, quantity))
    if not matched:
        raise WrongState(_("Nothing remains."), code="nothing_remains")
    return matched


def _book(
    order: Order,
    rows: list[OrderLine],
    out: list[tuple[OrderLine, Decimal]],
    day: date,
    by: User,
    at: datetime,
    carrier: str,
) -> None:
    value = sum((quantity * row.unit_price * (1 + row.vat_rate / 100) for row, quantity in out), Decimal(0))
    _store(order, rows, out, day, by, at, "", carrier)
    # A release in force is used up by what goes out, needed that day or not.
    in_force = Release.objects.filter(order=order, voided_at=None, valid_until__gte=paris_date(at))
    for release in in_force:
        release.consumed += value.quantize(Decimal("0.01"))
        release.save(update_fields=["consumed"])


def _store(
    order: Order,
    rows: list[OrderLine],
    moved: list[tuple[OrderLine, Decimal]],
    day: date,
    by: User,
    at: datetime,
    reason: str,
    carrier: str = "",
) -> None:
    back = any(quantity < 0 for _row, quantity in moved)
    count = order.deliveries.count() + 1
    delivery = Delivery.objects.create(
        order=order,
        number=f"{order.number}-{'R' if back else 'L'}{count}",
        delivered_on=day,
        is_return=back,
        carrier=" ".join(carrier.split()),
        reason=reason,
        recorded_by=by,
        recorded_at=at,
    )
    for row, quantity in moved:
        row.delivered += quantity
        row.save(update_fields=["delivered"])
        DeliveryLine.objects.create(delivery=delivery, order_line=row, quantity=quantity)
    advance.mark_progress(order, rows)
    advance.save(order, "is_started", "is_open", "last_decision")
    audit.record(
        "order.returned" if back else "order.delivered",
        order,
        by=by,
        at=at,
        label=order.number,
        after={"delivery": delivery.number, "date": day, "lines": {row.line: q for row, q in moved}},
    )
    advance.tell_credit_taken(order)
