"""The one way an order takes credit: check under locks, make the holds match, confirm or wait.

Every transition that raises exposure ends here (design 3.7, 3.11): submission, change, copy, release, goods
issue, a new examination. Nothing else confirms an order.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final

from django.db.models import F, QuerySet

from accounts.models import User
from accounts.policy import due_date
from credit.enums import Finding
from credit.locks import lock_credit_of
from credit.policy import Found
from credit.proof import keep_documents
from credit.services.checks import CheckResult, OrderInCheck, check, keep
from o2c.shared import audit, work
from o2c.shared.audit import plain
from o2c.shared.calendar import add_working_hours, paris_date
from o2c.shared.prepared import Prepared, PreparedRows
from o2c.shared.vat import vat_totals

from .. import policy
from ..enums import CaseStatus, ConditionalStatus, Occasion, OrderState, OverrideStatus
from ..models import HoldCase, Order, OrderHold, OrderLine, Release
from ..papers import mismatch_figures
from ..queries import line_facts
from . import places

TARGET_HOURS = 4
ALERT_HOURS = 3
# Holds that a check neither makes nor lifts.
BY_HAND = frozenset({Finding.MANUAL, Finding.RECONFIRM})

# What people decide is kept with every document behind its figures.
_DECIDED_BY_PEOPLE: Final = frozenset({Occasion.RELEASE, Occasion.OVERRIDE})
_ORDER: Final = {"order": "bigint"}
_ACCOUNT_OF: Final = Prepared(
    "orders_account_of", lambda: "SELECT account_id FROM orders_order WHERE id = %(order)s", _ORDER
)
_LOCKED_ORDER: Final = PreparedRows(
    "orders_locked",
    Order,
    "WHERE own.id = %(order)s FOR NO KEY UPDATE OF own",
    _ORDER,
    related=("account", "account__company", "account__entity", "account__entity__group"),
)
_LINES: Final = PreparedRows(
    "orders_lines", OrderLine, "WHERE own.order_id = %(order)s ORDER BY own.line", _ORDER
)
_OPEN_CASE: Final = PreparedRows(
    "orders_open_case", HoldCase, "WHERE own.order_id = %(order)s AND own.closed_at IS NULL", _ORDER
)
_RELEASES: Final = PreparedRows(
    "orders_releases", Release, "WHERE own.order_id = %(order)s AND own.voided_at IS NULL", _ORDER
)


@dataclass(frozen=True)
class Outcome:
    """What an examination said: the findings that still keep the order, and the check behind them."""

    order: Order
    result: CheckResult
    blocking: tuple[Found, ...]

    @property
    def passes(self) -> bool:
        """Whether nothing found by the check keeps the order."""
        return not self.blocking


def lock_order(order_id: int) -> Order:
    """Credit locks of the order's client, then the order's row: the order of every act (ADR 0004).

    :raises Order.DoesNotExist: there is none with this key
    """
    for (account_id,) in _ACCOUNT_OF.rows(order=order_id):
        lock_credit_of([account_id])
    for order in _LOCKED_ORDER.fetch(order=order_id):
        order.company = order.account.company
        return order
    raise Order.DoesNotExist


def lines_of(order: Order) -> list[OrderLine]:
    """The order's lines, read once under the lock."""
    return _LINES.fetch(order=order.pk)


def open_case_of(order: Order) -> HoldCase | None:
    """The order's open hold case, read under the lock."""
    return next(iter(_OPEN_CASE.fetch(order=order.pk)), None)


def amount_to_test(order: Order, lines: Sequence[OrderLine]) -> Decimal:
    """What the order itself would take of the limit: its total, less what is invoiced already."""
    return policy.value_in_exposure(order.total_incl_vat, [line_facts(line) for line in lines])


def takes_more(order: Order, lines: Sequence[OrderLine]) -> bool:
    """Whether the order as it stands would take more credit than what was last approved of it."""
    approved = policy.value_in_exposure(
        order.approved_total, [line_facts(line, approved=True) for line in lines]
    )
    return amount_to_test(order, lines) > approved


def examine(
    order: Order, lines: Sequence[OrderLine], *, by: User | None, at: datetime, keep_as: Occasion | None
) -> Outcome:
    """Check an order under its locks and say what keeps it, releases in force considered.

    :param keep_as: store the decision for this occasion; None only asks
    """
    entering = places.enters(order, on=paris_date(at))
    about = OrderInCheck(
        order_id=order.pk,
        number=order.number,
        # What it has already counts before later confirmations; what it asks beyond counts after all of them.
        confirmed_at=places.place_of(
            order, raised=takes_more(order, lines), entering=entering, occasion=keep_as
        ),
        order_date=order.order_date,
        has_evidence=order.has_evidence,
        purchase_order_differs=mismatch_figures(order, lines),
    )
    amount = amount_to_test(order, lines)
    result = check(
        account=order.account,
        amount=amount,
        currency=order.currency,
        term=order.term,
        delivery_date=order.requested_delivery,
        at=at,
        by=by,
        order=about,
    )
    if order.state != OrderState.CONFIRMED:
        order.is_beyond_horizon = result.is_beyond_horizon
    if keep_as is not None:
        order.last_decision = keep(
            result, amount=amount, currency=order.currency, occasion=keep_as, at=at, by=by, order=about
        )
        if keep_as in _DECIDED_BY_PEOPLE:
            keep_documents(
                order.last_decision,
                on=paris_date(at),
                skip_order=order.pk,
                confirmed_before=about.confirmed_at,
                counted_until=order.requested_delivery,
            )
        if entering:
            places.take_place(order, by=by, at=at)
    holding = result.holding
    if holding and _carried_by_a_release(order, lines, amount, holding, paris_date(at)):
        holding = ()
    return Outcome(order, result, holding)


def advance(
    order: Order,
    lines: Sequence[OrderLine],
    *,
    by: User | None,
    at: datetime,
    occasion: Occasion,
    touched: Sequence[str] = (),
) -> Outcome:
    """Check afresh, make the holds match today's findings, and confirm when nothing keeps the order.

    :param touched: fields the act has changed and not stored: they are written with the outcome
    """
    outcome = examine(order, lines, by=by, at=at, keep_as=occasion)
    case = sync_holds(order, outcome, by=by, at=at)
    if case is None:
        confirm(order, lines, by=by, at=at, touched=touched)
    else:
        save(order, "last_decision", *touched)
    tell_credit_taken(order)
    return outcome


def sync_holds(order: Order, outcome: Outcome, *, by: User | None, at: datetime) -> HoldCase | None:
    """Open, update or end the hold case so that it says what the examination found.

    :returns: the open case, or None when nothing keeps the order
    """
    case = open_case_of(order)
    wanted = {found.code: found for found in outcome.blocking}
    active = {hold.reason: hold for hold in _active(case)} if case else {}
    by_hand = {reason for reason in active if reason in BY_HAND}
    if not wanted and not by_hand:
        if case is not None:
            close_case(case, CaseStatus.RELEASED, by=by, at=at, reason="")
            audit.record("order.freed", order, by=by, at=at, label=order.number)
            work.emit("order.released", f"order:{order.pk}:{case.pk}", {"order_id": order.pk})
        return None
    if case is None:
        case = _open_case(order, outcome, at)
    else:
        case.over_limit_by = outcome.result.over_limit_by
        case.required_level = outcome.result.mandate.level
        case.save(update_fields=["over_limit_by", "required_level"])
    _place(case, wanted, active, outcome, by=by, at=at)
    return case


def confirm(
    order: Order,
    lines: Sequence[OrderLine],
    *,
    by: User | None,
    at: datetime,
    touched: Sequence[str] = (),
) -> None:
    """Take the order's present quantities and prices into the exposure.

    :param touched: further fields to store
    """
    before = order.state
    order.state = OrderState.CONFIRMED
    if before != OrderState.CONFIRMED:
        order.entered_horizon_at = None
    order.confirmed_at = order.confirmed_at or at
    order.approved_total, order.approved_term = order.total_incl_vat, order.term
    order.approved_lines = [line_as_kept(line) for line in lines]
    for line in lines:
        line.approved_quantity, line.approved_price = line.quantity, line.unit_price
    # What is wanted is what is approved from now on: one statement, however many lines.
    order.lines.update(approved_quantity=F("quantity"), approved_price=F("unit_price"))
    mark_progress(order, lines)
    save(
        order,
        "state",
        "confirmed_at",
        "is_beyond_horizon",
        "entered_horizon_at",
        "approved_total",
        "approved_term",
        "approved_lines",
        "last_decision",
        "is_started",
        "is_open",
        *touched,
    )
    if before != OrderState.CONFIRMED:
        audit.record(
            "order.confirmed",
            order,
            by=by,
            at=at,
            after={"total_incl_vat": order.total_incl_vat},
            label=order.number,
        )


def line_as_kept(line: OrderLine) -> dict[str, Any]:
    """A line as the order keeps it of its last approval."""
    kept: dict[str, Any] = plain(
        {
            name: getattr(line, name)
            for name in ("line", "sku", "description", "quantity", "unit_price", "vat_rate")
        }
    )
    return {**kept, "cancelled": plain(line.cancelled)}


def mark_progress(order: Order, lines: Sequence[OrderLine]) -> None:
    """Say whether the order has started and whether it still counts, from its lines."""
    facts = [line_facts(line, approved=True) for line in lines]
    order.is_started = any(line.delivered or line.invoiced for line in facts)
    counts = any(line.to_deliver or line.to_invoice for line in facts)
    order.is_open = counts and order.state in (OrderState.CONFIRMED, OrderState.CLOSED)


def save(order: Order, *fields: str) -> None:
    """Store changed fields and the next version."""
    order.version += 1
    order.save(update_fields={*fields, "version"})


def total_excl(lines: Sequence[OrderLine]) -> Decimal:
    """Total excl. VAT of what is wanted."""
    return vat_totals((line.quantity - line.cancelled, line.unit_price, line.vat_rate) for line in lines).excl


def close_case(case: HoldCase, status: CaseStatus, *, by: User | None, at: datetime, reason: str) -> None:
    """End a case and lift its holds; a request that still waits has no object any more."""
    case.override_requests.filter(status=OverrideStatus.OPEN).update(
        status=OverrideStatus.EXPIRED, ended_at=at
    )
    case.conditional_releases.filter(status=ConditionalStatus.WAITING).update(
        status=ConditionalStatus.VOID, ended_at=at, end_reason=status.value
    )
    _active(case).update(lifted_at=at, lifted_by=by, lift_reason=reason[:300])
    case.status, case.closed_at, case.closed_by, case.decision_reason = status, at, by, reason
    case.save(update_fields=["status", "closed_at", "closed_by", "decision_reason"])


def drop_remainder(order: Order, lines: Sequence[OrderLine]) -> None:
    """Cancel what is not delivered: nothing but the delivered part stays approved."""
    before = [line_facts(line, approved=True) for line in lines]
    for line in lines:
        line.cancelled = line.quantity - max(line.delivered, line.invoiced)
        # Approved follows, so that nothing but the delivered part remains of it.
        line.approved_quantity = line.quantity
    after = [line_facts(line, approved=True) for line in lines]
    order.approved_total = policy.remaining_total(order.approved_total, before, after)
    # At approved prices: a pending change ends with the order.
    order.approved_lines = [
        {**line_as_kept(line), "unit_price": plain(line.approved_price)} for line in lines
    ]
    OrderLine.objects.bulk_update(lines, ["cancelled", "approved_quantity"])


def tell_credit_changed(order: Order) -> None:
    """Ask for the examination of everybody who waits for the credit this order has freed."""
    work.emit("credit.changed", f"account:{order.account_id}", {"account_id": order.account_id})


def tell_credit_taken(order: Order) -> None:
    """Ask for fresh figures in the lists: nothing is examined, since nothing became free."""
    work.emit("credit.taken", f"account:{order.account_id}", {"account_id": order.account_id})


def _active(case: HoldCase) -> QuerySet[OrderHold]:
    return case.holds.filter(lifted_at=None)


def _open_case(order: Order, outcome: Outcome, at: datetime) -> HoldCase:
    case = HoldCase.objects.create(
        order=order,
        opened_at=at,
        target_at=add_working_hours(at, TARGET_HOURS),
        alert_at=add_working_hours(at, ALERT_HOURS),
        over_limit_by=outcome.result.over_limit_by,
        required_level=outcome.result.mandate.level,
    )
    audit.record(
        "order.held",
        order,
        by=None,
        at=at,
        label=order.number,
        after={
            "total_incl_vat": order.total_incl_vat,
            "over_limit_by": outcome.result.over_limit_by,
            "reasons": [found.code.value for found in outcome.blocking],
            "decision": order.last_decision_id,
        },
    )
    work.emit("order.held", f"order:{order.pk}:{case.pk}", {"order_id": order.pk})
    return case


def _place(
    case: HoldCase,
    wanted: dict[Finding, Found],
    active: dict[str, OrderHold],
    outcome: Outcome,
    *,
    by: User | None,
    at: datetime,
) -> None:
    """Add what is new, renew the figures of what stays, lift what no longer holds."""
    role = outcome.result.mandate.role
    for reason, hold in active.items():
        if reason in BY_HAND:
            continue
        found = wanted.get(Finding(reason))
        if found is None:
            hold.lifted_at, hold.lifted_by, hold.lift_reason = at, by, "no longer found"
            hold.save(update_fields=["lifted_at", "lifted_by", "lift_reason"])
        else:
            hold.figures, hold.decided_by = stored(found), role
            hold.save(update_fields=["figures", "decided_by"])
    OrderHold.objects.bulk_create(
        OrderHold(
            case=case,
            reason=found.code,
            figures=stored(found),
            policy_article=found.article,
            decided_by=role,
            since=at,
        )
        for code, found in wanted.items()
        if code not in active
    )


def stored(found: Found) -> dict[str, Any]:
    """A finding's figures as a hold and a release keep them: plain, amounts to the cent."""
    kept: dict[str, Any] = plain(
        {k: v.quantize(Decimal("0.01")) if isinstance(v, Decimal) else v for k, v in found.figures.items()}
    )
    return kept


def _carried_by_a_release(
    order: Order, lines: Sequence[OrderLine], amount: Decimal, holding: Sequence[Found], on: date
) -> bool:
    findings = {found.code.value: stored(found) for found in holding}
    due = term_due(order.order_date, order.term)
    left = policy.goods_to_go_out([line_facts(line) for line in lines])
    return any(
        policy.covered(
            _facts_of(release, order), findings, amount=amount, to_go_out=left, term_due=due, on=on
        )
        for release in _RELEASES.fetch(order=order.pk)
    )


def _facts_of(release: Release, order: Order) -> policy.ReleaseFacts:
    return policy.ReleaseFacts(
        amount=release.amount,
        goods=release.amount if release.goods is None else release.goods,
        consumed=release.consumed,
        term_due=term_due(order.order_date, release.term),
        covers=release.covers,
        valid_until=release.valid_until,
        voided=release.voided_at is not None,
    )


def term_due(order_date: date, term: str) -> date:
    """Theoretical due date of an order's term from the order date; a delivery counts as made that day."""
    return due_date(order_date, term, order_date)
