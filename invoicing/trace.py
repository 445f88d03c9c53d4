"""What a payment set off: received, matched, held orders looked at again, released, people told (design 3.10).

Read from what the acts themselves left: the journal, the examinations of held orders, the outbox. An examination
answers an act when the snapshot of the database it began with shows the act's transaction; the first such is its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import groupby
from typing import Final

from django.db.models import Q

from accounts.models import User
from o2c.shared.models import AuditEvent, OutboxMessage, Work
from o2c.shared.snapshots import has_seen
from orders.enums import Reexamined
from orders.models import Order, Reexamination, ReexaminedOrder

from .models import Allocation, Payment, ReceivableItem

# The work that looks at held orders, and the messages about those that went through.
_EXAMINES: Final = "react:orders.services.reexamine_held"
_TELLS: Final = "react:o2c.home.notices.order_released"
# The acts after which credit may be free.
_FREEING: Final = frozenset(
    {"payment.recorded", "payment.identified", "allocation.made", "allocation.reversed"}
)
# What began later than this is no answer any more: the act is older than what is kept of examinations.
_ANSWERED_WITHIN: Final = timedelta(days=7)
_MOST_MATCHES: Final = 500


@dataclass(frozen=True, slots=True)
class Matched:
    """One item the payment was matched with, or un-matched from where the amount is negative."""

    item_id: int
    document: str
    account: str
    amount: Decimal
    letter: str


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that happened.

    :ivar kind: ``received``, ``identified``, ``matched``, ``unmatched``, ``examined`` or ``told``
    :ivar wait: since the step before it
    :ivar by: who did it; empty for the portal itself
    :ivar matches: of ``matched`` and ``unmatched``: those the reader may see
    :ivar orders: of ``examined``: the held orders looked at that the reader may see
    :ivar hidden: matches or orders beside them
    :ivar message: of ``told``
    """

    kind: str
    at: datetime
    wait: timedelta | None = None
    by: str = ""
    matches: Sequence[Matched] = ()
    orders: Sequence[ReexaminedOrder] = ()
    hidden: int = 0
    message: OutboxMessage | None = None


@dataclass(frozen=True, slots=True)
class Trace:
    """The whole way of one payment.

    :ivar running: something is still to come that no step tells yet
    """

    steps: Sequence[Step]
    running: bool

    @property
    def whole(self) -> timedelta:
        """From the first step to the last."""
        return self.steps[-1].at - self.steps[0].at if self.steps else timedelta()


@dataclass
class _Act:
    """What one transaction did with the payment."""

    transaction_id: int
    at: datetime
    accounts: set[int]
    steps: list[Step] = field(default_factory=list)


def trace_of(payment: Payment, reader: User) -> Trace:
    """Gather what a payment set off, in its order; what the reader may not see is counted alone.

    A fixed number of statements, whatever it was matched with.
    """
    acts = _acts(payment, reader)
    examinations = _examinations(acts)
    answers = {act.transaction_id: _answer_to(act, examinations) for act in acts}
    orders = _orders_of({row.pk for row in answers.values() if row is not None}, reader)
    messages = _messages(orders.values())
    steps: list[Step] = []
    awaited: list[tuple[str, str]] = []
    told: set[int] = set()
    for act in acts:
        steps += act.steps
        answer = answers[act.transaction_id]
        if answer is None:
            awaited += [(_EXAMINES, f"credit.changed:account:{account}") for account in act.accounts]
        elif answer.pk not in told:
            told.add(answer.pk)
            seen, hidden = orders.get(answer.pk, ([], 0))
            # What was held later did not wait for this money.
            waited = [row for row in seen if row.case.opened_at <= act.at]
            steps.append(Step("examined", answer.ended_at, orders=waited, hidden=hidden))
            for row in waited:
                found = messages.get(row.case_id, [])
                steps += [Step("told", message.created_at, message=message) for message in found]
                if row.result == Reexamined.RELEASED and not found:
                    awaited.append((_TELLS, f"order.released:order:{row.order_id}:{row.case_id}"))
    return Trace(_timed(steps), running=_any_waits(awaited))


def _acts(payment: Payment, reader: User) -> list[_Act]:
    own = payment.items.values("pk")
    matches = Allocation.objects.filter(Q(credit__in=own) | Q(debit__in=own)).select_related("debit__account")
    found = {row.pk: row for row in matches.order_by("-pk")[:_MOST_MATCHES]}
    seen = set(
        ReceivableItem.objects.visible_to(reader)
        .filter(pk__in={row.debit_id for row in found.values()})
        .values_list("pk", flat=True)
    )
    events = AuditEvent.objects.filter(
        Q(object_type=Payment._meta.label_lower, object_id=payment.pk)
        | Q(object_type=Allocation._meta.label_lower, object_id__in=list(found)),
        action__in=_FREEING,
    ).order_by("pk")
    acts: dict[int, _Act] = {}
    for (transaction_id, action), rows in groupby(events, key=lambda row: (row.transaction_id, row.action)):
        same = list(rows)
        accounts = {row.account_id for row in same if row.account_id is not None}
        if payment.account_id is not None:
            accounts.add(payment.account_id)
        act = acts.setdefault(transaction_id, _Act(transaction_id, same[0].at, set()))
        act.accounts |= accounts
        act.steps.append(_step(action, same, found, seen))
    return list(acts.values())


def _step(
    action: str, events: Sequence[AuditEvent], matches: Mapping[int, Allocation], seen: set[int]
) -> Step:
    at, by = events[0].at, events[0].actor
    if action == "payment.recorded":
        return Step("received", at, by=by)
    if action == "payment.identified":
        return Step("identified", at, by=by)
    rows = [matches[event.object_id] for event in events if event.object_id is not None]
    shown = [
        Matched(row.debit_id, row.debit.document, row.debit.account.code, row.amount, row.letter)
        for row in rows
        if row.debit_id in seen
    ]
    kind = "matched" if action == "allocation.made" else "unmatched"
    return Step(kind, at, by=by, matches=shown, hidden=len(rows) - len(shown))


def _examinations(acts: Sequence[_Act]) -> list[Reexamination]:
    if not acts:
        return []
    accounts = set().union(*(act.accounts for act in acts))
    last = max(act.at for act in acts) + _ANSWERED_WITHIN
    rows = Reexamination.objects.filter(
        account__in=accounts, ended_at__gte=min(act.at for act in acts), began_at__lte=last
    )
    return list(rows.order_by("pk"))


def _answer_to(act: _Act, examinations: Iterable[Reexamination]) -> Reexamination | None:
    """The first examination that took an act into account; un-matching alone frees nothing and has none."""
    if all(step.kind == "unmatched" for step in act.steps):
        return None
    for row in examinations:
        in_time = row.began_at <= act.at + _ANSWERED_WITHIN
        if row.account_id in act.accounts and in_time and has_seen(row.seen, act.transaction_id):
            return row
    return None


def _orders_of(keys: set[int], reader: User) -> dict[int, tuple[list[ReexaminedOrder], int]]:
    """The orders of examinations that the reader may see, with how many others there were."""
    rows = ReexaminedOrder.objects.filter(reexamination__in=keys)
    seen = set(
        Order.objects.visible_to(reader).filter(pk__in=rows.values("order_id")).values_list("pk", flat=True)
    )
    found: dict[int, tuple[list[ReexaminedOrder], int]] = {}
    for row in rows.select_related("order__account", "order__company", "case").order_by("pk"):
        shown, hidden = found.get(row.reexamination_id, ([], 0))
        if row.order_id in seen:
            shown.append(row)
        else:
            hidden += 1
        found[row.reexamination_id] = (shown, hidden)
    return found


def _messages(orders: Iterable[tuple[list[ReexaminedOrder], int]]) -> dict[int, list[OutboxMessage]]:
    """What was written to people about orders that went through, by their case."""
    released = [row for shown, _hidden in orders for row in shown if row.result == Reexamined.RELEASED]
    found: dict[int, list[OutboxMessage]] = {}
    if not released:
        return found
    prefixes = {f"order.released:case:{row.case_id}:": row.case_id for row in released}
    rows = OutboxMessage.objects.filter(
        account_id__in={row.order.account_id for row in released},
        kind="order.released",
        about_type=Order._meta.label_lower,
        about_id__in={row.order_id for row in released},
    )
    for message in rows.select_related("user", "digest").order_by("pk"):
        case_id = prefixes.get(message.key[: message.key.rindex(":") + 1])
        if case_id is not None:
            found.setdefault(case_id, []).append(message)
    return found


def _any_waits(wanted: Sequence[tuple[str, str]]) -> bool:
    """Whether any of these pieces of work, by kind and key, is still to be done."""
    if not wanted:
        return False
    open_states = (Work.State.QUEUED, Work.State.RUNNING)
    kinds, keys = {kind for kind, _key in wanted}, {key for _kind, key in wanted}
    return Work.objects.filter(kind__in=kinds, key__in=keys, state__in=open_states).exists()


def _timed(steps: Sequence[Step]) -> list[Step]:
    """Steps in the order of time, each with the wait since the one before."""
    ordered = sorted(steps, key=lambda step: step.at)
    timed: list[Step] = []
    for step in ordered:
        timed.append(replace(step, wait=step.at - timed[-1].at if timed else None))
    return timed
