"""The agenda that builds itself: the open cases that the committee must see, each with why (domain.md 7.3)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final

from django.db.models import Max, Min

from accounts.models import Company, User
from credit.enums import CoverStatus
from credit.models import BuyerCover
from o2c.shared.money import ZERO, round_cents
from orders.models import HoldCase, Order

from .committee_models import CommitteeDecision
from .committee_policy import AgendaReason, CaseFacts, agenda_reasons, is_cover_at_stake
from .enums import DisputeStatus
from .models import Dispute, DisputeLine
from .policy import days_left
from .queries import disputes_visible

_COVERED: Final = frozenset({CoverStatus.ACTIVE, CoverStatus.PARTIAL, CoverStatus.REDUCED})


@dataclass(frozen=True)
class AgendaLine:
    """A case on the agenda.

    :ivar orders: held orders of its client that the reader sees
    :ivar cover: what the insurer would bear of it, at stake while it is disputed; None where nothing is
    :ivar left: days until the agreed date, negative when it has passed
    """

    dispute: Dispute
    reasons: tuple[AgendaReason, ...]
    orders: Sequence[str]
    left: int | None
    cover: Decimal | None = None


def agenda(user: User, company: Company, today: date) -> list[AgendaLine]:
    """Return what a sitting of a day has before it: passed dates first, then by amount."""
    cases = list(disputes_visible(user, company).filter(pk__in=Dispute.objects.open().values("pk")))
    accounts = {case.account_id for case in cases}
    blocked = set(
        HoldCase.objects.filter(closed_at=None, order__account__in=accounts).values_list(
            "order__account", flat=True
        )
    )
    orders = _held_orders(accounts, user, company)
    keys = [case.pk for case in cases]
    actions = _actions(keys)
    put_off = _put_off(keys)
    covers, oldest = _covers(company, cases, today), _oldest_due(keys)
    lines = []
    for case in cases:
        cover = covers.get(case.pk) if is_cover_at_stake(oldest.get(case.pk), today) else None
        facts = CaseFacts(
            status=DisputeStatus(case.status),
            opened_on=case.opened_on,
            agreed_due_on=case.agreed_due_on,
            amount=case.amount,
            blocks_order=case.account_id in blocked,
            cover_at_stake=cover is not None,
            action_due_on=actions.get(case.pk),
            postponed=case.pk in put_off,
        )
        if reasons := agenda_reasons(facts, today):
            left = days_left(case.agreed_due_on, today)
            lines.append(AgendaLine(case, reasons, orders.get(case.account_id, ()), left, cover))
    return sorted(
        lines,
        key=lambda line: (AgendaReason.BREACHED not in line.reasons, -line.dispute.amount, line.dispute.pk),
    )


def total_of(lines: Sequence[AgendaLine]) -> Decimal:
    """What the cases of an agenda contest, all in one currency."""
    return sum((line.dispute.amount for line in lines), ZERO)


def _held_orders(accounts: set[int], user: User, company: Company) -> dict[int, list[str]]:
    """Held orders by client, without colleagues' sales: that they wait is known, their numbers are not."""
    seen = Order.objects.visible_to(user, company).filter(account__in=accounts)
    rows = HoldCase.objects.filter(closed_at=None, order__in=seen)
    found: dict[int, list[str]] = {}
    for account, number in rows.order_by("opened_at").values_list("order__account", "order__number"):
        found.setdefault(account, []).append(number)
    return found


def _covers(company: Company, cases: Sequence[Dispute], today: date) -> dict[int, Decimal]:
    """What the insurer would bear of each case whose client is covered: its share, within the cover."""
    entities = {case.account.entity_id for case in cases}
    rows = BuyerCover.objects.filter(company=company, entity__in=entities, effective_on__lte=today)
    latest = rows.order_by("entity", "-effective_on", "-pk").distinct("entity")
    in_force = {
        row.entity_id: row
        for row in latest
        if row.status in _COVERED and (row.valid_until is None or row.valid_until >= today)
    }
    found = {}
    for case in cases:
        cover = in_force.get(case.account.entity_id)
        if cover is not None and cover.currency == case.currency and cover.amount > 0:
            found[case.pk] = round_cents(min(case.amount, cover.amount) * cover.insured_pct / 100)
    return found


def _oldest_due(cases: Sequence[int]) -> dict[int, date]:
    """The oldest due date of what each case contests."""
    rows = DisputeLine.objects.filter(dispute__in=cases, closed_on=None)
    return dict(rows.values_list("dispute").annotate(first=Min("item__due_date")))


def _actions(cases: Sequence[int]) -> dict[int, date]:
    """The last day on which something decided was to be done, by case."""
    rows = CommitteeDecision.objects.filter(dispute__in=cases, due_on__isnull=False)
    return dict(rows.values_list("dispute").annotate(last=Max("due_on")))


def _put_off(cases: Sequence[int]) -> set[int]:
    """Cases whose last word of a committee was to put them off."""
    rows = CommitteeDecision.objects.filter(dispute__in=cases).order_by("dispute", "-decided_at")
    return {row.dispute_id for row in rows.distinct("dispute") if row.postponed}
