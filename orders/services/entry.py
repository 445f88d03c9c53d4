"""Entering and changing orders: draft, submit, change, copy, re-open, cancel, close."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db import IntegrityError, connection, transaction
from django.utils.translation import gettext_lazy as _

from accounts.enums import AccountStatus
from accounts.models import Company, CustomerAccount, User
from accounts.policy import UnknownTerm, parse_term
from accounts.queries import rep_of
from o2c.shared import audit, work
from o2c.shared.calendar import paris_date
from o2c.shared.locking import retrying
from o2c.shared.problems import Invalid, NotAllowed
from o2c.shared.vat import vat_totals

from ..enums import CaseStatus, Occasion, OrderState
from ..models import Order, OrderLine
from . import advance, places
from .refusals import (
    AccountNotActive,
    BelowDelivered,
    ChangedMeanwhile,
    CommentMissing,
    NumberTaken,
    WrongState,
)

PREPAID = "PREPAID"
LARGEST_TOTAL = Decimal("999999999999.99")


@dataclass(frozen=True)
class LineInput:
    """One line as it is entered; price excl. VAT. Without a number it takes the next free one."""

    sku: str
    description: str
    quantity: Decimal
    unit_price: Decimal
    vat_rate: Decimal = Decimal(20)
    line: int | None = None


@retrying
def create_order(
    *,
    company: Company,
    account: CustomerAccount,
    lines: Sequence[LineInput],
    by: User,
    at: datetime,
    number: str | None = None,
    currency: str | None = None,
    term: str | None = None,
    order_date: date | None = None,
    requested_delivery: date | None = None,
    customer_reference: str = "",
    creation_hash: str = "",
) -> Order:
    """Store a draft. It takes no credit and needs no lock.

    :param number: the next of the company's own when not given
    :raises NumberTaken: the company has this number already
    :raises Invalid: lines, term or dates that cannot be
    """
    _allow(by, "orders.enter", company)
    rows = numbered(lines)
    term = readable_term(term or account.term)
    today = paris_date(at)
    excl, incl = totals(rows)
    try:
        with transaction.atomic():
            order = Order.objects.create(
                company=company,
                account=account,
                number=(number or "").strip() or next_number(today),
                currency=currency or account.currency,
                term=term,
                order_date=order_date or today,
                requested_delivery=requested_delivery,
                customer_reference=customer_reference,
                total_excl_vat=excl,
                total_incl_vat=incl,
                sales_rep=rep_of(account, on=today),
                created_by=by,
                created_at=at,
                creation_hash=creation_hash,
            )
            OrderLine.objects.bulk_create(_row(order, line) for line in rows)
            audit.record("order.entered", order, by=by, at=at, after=_journal(order))
            return order
    except IntegrityError as error:
        if "order_number_once_per_company" in str(error):
            raise NumberTaken from error
        raise


def next_number(today: date) -> str:
    """The next number of our own; gaps are allowed for orders."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval('orders_number')")
        return f"CDE-{today.year}-{cursor.fetchone()[0]:05d}"


@retrying
def submit(*, order_id: int, by: User, at: datetime) -> Order:
    """Send a draft to the credit check: it comes back confirmed, or on hold with every reason.

    :raises WrongState: it is no draft
    """
    with transaction.atomic():
        order = advance.lock_order(order_id)
        _allow(by, "orders.enter", order.company)
        if order.state != OrderState.DRAFT:
            raise WrongState
        _submit(order, advance.lines_of(order), by, at, Occasion.SUBMIT)
        return order


@retrying
def change_order(
    *,
    order_id: int,
    by: User,
    at: datetime,
    version: int | None = None,
    lines: Sequence[LineInput] | None = None,
    term: str | None = None,
    requested_delivery: date | None = None,
    customer_reference: str | None = None,
) -> Order:
    """Change an order. What raises a submitted or confirmed order, or lengthens its term, is checked again.

    Until decided, a raised order keeps its last approved amount in the exposure (design 3.7).

    :param lines: replaces all lines, matched by number
    :raises ChangedMeanwhile: ``version`` is not the present one
    :raises BelowDelivered: a quantity below what is delivered or invoiced
    """
    with transaction.atomic():
        order = advance.lock_order(order_id)
        _allow(by, "orders.enter", order.company)
        if version is not None and version != order.version:
            raise ChangedMeanwhile
        if order.state not in (OrderState.DRAFT, OrderState.SUBMITTED, OrderState.CONFIRMED):
            raise WrongState
        before = _journal(order)
        if requested_delivery is not None and requested_delivery != order.requested_delivery:
            order.requested_delivery = requested_delivery
            places.note_delivery(order, on=paris_date(at))
        if customer_reference is not None:
            order.customer_reference = customer_reference
        if term is not None:
            order.term = readable_term(term)
        kept = advance.lines_of(order) if lines is None else _replace_lines(order, lines)
        order.total_excl_vat, order.total_incl_vat = _totals_of(kept)
        advance.save(
            order,
            "term",
            "requested_delivery",
            "is_beyond_horizon",
            "customer_reference",
            "total_excl_vat",
            "total_incl_vat",
        )
        audit.record("order.changed", order, by=by, at=at, before=before, after=_journal(order))
        _check_change(order, kept, by, at)
        return order


@retrying
def copy(*, order_id: int, by: User, at: datetime, number: str | None = None) -> Order:
    """A new draft with the same lines; it passes the same check as any other when it is submitted."""
    source = Order.objects.select_related("company", "account").get(pk=order_id)
    lines = [
        LineInput(
            line.sku,
            line.description,
            line.quantity - line.cancelled,
            line.unit_price,
            line.vat_rate,
            line.line,
        )
        for line in source.lines.all()
        if line.quantity > line.cancelled
    ]
    return create_order(
        company=source.company,
        account=source.account,
        lines=lines,
        by=by,
        at=at,
        number=number,
        currency=source.currency,
        term=source.term,
        customer_reference=source.customer_reference,
    )


@retrying
def reopen(*, order_id: int, by: User, at: datetime) -> Order:
    """Take a cancelled or closed order up again: it is checked like a new one.

    :raises WrongState: it is neither cancelled nor closed
    """
    with transaction.atomic():
        order = advance.lock_order(order_id)
        _allow(by, "orders.enter", order.company)
        if order.state not in (OrderState.CANCELLED, OrderState.CLOSED):
            raise WrongState
        lines = advance.lines_of(order)
        for line in lines:
            # What was dropped at closing is asked for anew: approved stays what was left then.
            line.approved_quantity -= line.cancelled
            line.cancelled = Decimal(0)
        OrderLine.objects.bulk_update(lines, ["approved_quantity", "cancelled"])
        audit.record("order.reopened", order, by=by, at=at, after=_journal(order))
        order.ended_at, order.end_reason = None, ""
        advance.save(order, "ended_at", "end_reason")
        if order.is_started:
            order.state = OrderState.CONFIRMED
            advance.mark_progress(order, lines)
            places.note_delivery(order, on=paris_date(at))
            advance.save(order, "state", "is_started", "is_open", "is_beyond_horizon")
            advance.advance(order, lines, by=by, at=at, occasion=Occasion.CHANGE)
        else:
            order.confirmed_at = None
            _submit(order, lines, by, at, Occasion.SUBMIT)
        return order


@retrying
def cancel(*, order_id: int, reason: str, by: User, at: datetime) -> Order:
    """Cancel an order of which nothing is delivered or invoiced; its credit is free at once.

    :raises WrongState: ended already, or something is delivered: close it instead
    """
    return _end(order_id, OrderState.CANCELLED, reason, by, at)


@retrying
def close(*, order_id: int, reason: str, by: User, at: datetime) -> Order:
    """Close a confirmed order with a reason: what is not delivered is dropped and leaves the exposure at once."""
    return _end(order_id, OrderState.CLOSED, reason, by, at)


def _end(order_id: int, state: OrderState, reason: str, by: User, at: datetime) -> Order:
    if not reason.strip():
        raise CommentMissing(errors={"reason": [_("A reason is required.")]})
    with transaction.atomic():
        order = advance.lock_order(order_id)
        _allow(by, "orders.enter", order.company)
        lines = advance.lines_of(order)
        started = any(line.delivered or line.invoiced for line in lines)
        if state == OrderState.CLOSED:
            if order.state != OrderState.CONFIRMED:
                raise WrongState
            advance.drop_remainder(order, lines)
        elif order.state not in (OrderState.DRAFT, OrderState.SUBMITTED, OrderState.CONFIRMED) or started:
            raise WrongState
        order.state, order.ended_at, order.end_reason = state, at, reason.strip()
        advance.mark_progress(order, lines)
        advance.save(
            order,
            "state",
            "ended_at",
            "end_reason",
            "approved_total",
            "approved_lines",
            "is_started",
            "is_open",
        )
        case = order.cases.filter(closed_at=None).first()
        if case is not None:
            advance.close_case(case, CaseStatus.CANCELLED, by=by, at=at, reason=reason)
        verb = "closed" if state == OrderState.CLOSED else "cancelled"
        audit.record(f"order.{verb}", order, by=by, at=at, reason=reason, after=_journal(order))
        work.emit(f"order.{verb}", f"order:{order.pk}", {"order_id": order.pk})
        advance.tell_credit_changed(order)
        return order


def _submit(order: Order, lines: list[OrderLine], by: User, at: datetime, occasion: Occasion) -> None:
    if not lines:
        raise Invalid(_("An order needs a line."), errors={"lines": [_("Enter at least one line.")]})
    if order.account.status == AccountStatus.CLOSED or (
        order.account.status != AccountStatus.ACTIVE and order.term != PREPAID
    ):
        raise AccountNotActive
    order.state, order.submitted_by, order.submitted_at = OrderState.SUBMITTED, by, at
    with audit.together():
        audit.record("order.submitted", order, by=by, at=at, after=_journal(order))
        advance.advance(
            order,
            lines,
            by=by,
            at=at,
            occasion=occasion,
            touched=("state", "submitted_by", "submitted_at", "confirmed_at"),
        )


def _check_change(order: Order, lines: list[OrderLine], by: User, at: datetime) -> None:
    if order.state == OrderState.DRAFT:
        return
    raised = order.total_incl_vat > order.approved_total or advance.takes_more(order, lines)
    longer = order.state == OrderState.CONFIRMED and advance.term_due(
        order.order_date, order.term
    ) > advance.term_due(order.order_date, order.approved_term or order.term)
    held = order.cases.filter(closed_at=None).exists()
    nearer = places.enters(order, on=paris_date(at))
    if order.state == OrderState.SUBMITTED or raised or longer or held or nearer:
        advance.advance(order, lines, by=by, at=at, occasion=Occasion.CHANGE)
    else:
        advance.confirm(order, lines, by=by, at=at)
        advance.tell_credit_changed(order)


def _replace_lines(order: Order, lines: Sequence[LineInput]) -> list[OrderLine]:
    """Make the order's lines those given, matched by number; what is delivered or invoiced stays."""
    existing = {line.line: line for line in order.lines.all()}
    wanted = {line.line: line for line in numbered(lines)}
    for number, row in existing.items():
        least = max(row.delivered, row.invoiced)
        new = wanted.get(number)
        if (Decimal(0) if new is None else new.quantity) < least:
            raise BelowDelivered(errors={"lines": [_("Line %(line)s.") % {"line": number}]})
        # Approved less cancelled is what the exposure counts: it stays until the change is decided.
        if new is not None:
            row.sku, row.description, row.vat_rate = new.sku, new.description, new.vat_rate
            row.approved_quantity -= row.cancelled
            row.quantity, row.unit_price, row.cancelled = new.quantity, new.unit_price, Decimal(0)
            row.save()
        elif order.state == OrderState.CONFIRMED:
            # It was approved: it stays as a line of nothing, so that history adds up.
            row.approved_quantity += row.quantity - row.cancelled
            row.cancelled = row.quantity
            row.save(update_fields=["cancelled", "approved_quantity"])
        else:
            row.delete()
    OrderLine.objects.bulk_create(
        _row(order, line) for number, line in wanted.items() if number not in existing
    )
    return list(order.lines.all())


def numbered(lines: Sequence[LineInput]) -> list[LineInput]:
    """Lines with their numbers; refuses what no order can have."""
    errors: list[Any] = []
    taken = [line.line for line in lines if line.line is not None]
    if len(taken) != len(set(taken)):
        errors.append(_("Two lines have the same number."))
    following = iter(n for n in range(10, 10_000_000, 10) if n not in taken)
    rows = [
        line if line.line is not None else LineInput(**{**line.__dict__, "line": next(following)})
        for line in lines
    ]
    for line in rows:
        where = {"line": line.line}
        if line.quantity <= 0:
            errors.append(_("Line %(line)s: the quantity must be above zero.") % where)
        if line.unit_price < 0:
            errors.append(_("Line %(line)s: the price cannot be negative.") % where)
        if not 0 <= line.vat_rate <= 100:
            errors.append(_("Line %(line)s: the VAT rate lies between 0 and 100.") % where)
    if not rows:
        errors.append(_("Enter at least one line."))
    if not errors and totals(rows)[1] > LARGEST_TOTAL:
        errors.append(_("The total is too large."))
    if errors:
        raise Invalid(_("Some lines cannot be accepted."), errors={"lines": errors})
    return rows


def totals(lines: Sequence[LineInput]) -> tuple[Decimal, Decimal]:
    """Totals excl. and incl. VAT of lines as they are entered."""
    sums = vat_totals((line.quantity, line.unit_price, line.vat_rate) for line in lines)
    return sums.excl, sums.incl


def _totals_of(lines: Sequence[OrderLine]) -> tuple[Decimal, Decimal]:
    sums = vat_totals((line.quantity - line.cancelled, line.unit_price, line.vat_rate) for line in lines)
    return sums.excl, sums.incl


def _row(order: Order, line: LineInput) -> OrderLine:
    return OrderLine(order=order, **line.__dict__)


def readable_term(term: str) -> str:
    """The term as it is stored.

    :raises Invalid: the grammar does not know it
    """
    try:
        return parse_term(term).code
    except UnknownTerm as error:
        raise Invalid(str(error), errors={"term": [str(error)]}) from error


def _allow(by: User, permission: str, company: Company) -> None:
    if not by.may(permission, company):
        raise NotAllowed


def _journal(order: Order) -> dict[str, Any]:
    return {
        "state": order.state,
        "total_incl_vat": order.total_incl_vat,
        "currency": order.currency,
        "term": order.term,
        "requested_delivery": order.requested_delivery,
    }
