"""Payment plans: those a reader sees, the money that came in for them, what they bring when."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Final

from django.db import connection
from django.db.models import Prefetch, QuerySet

from accounts.models import Company, CustomerAccount, User
from credit.enums import CoverStatus
from credit.models import BuyerCover
from dunning import plan_policy as policy
from dunning.enums import PlanStatus
from dunning.models import PaymentPlan, PlanInstalment, PlanItem
from dunning.plan_policy import Part
from dunning.policy import Receipt
from invoicing.models import ReceivableItem
from invoicing.scope import own_items
from o2c.shared.calendar import paris_date
from o2c.shared.money import ZERO

from .promises import on_account

# What settled the documents of plans after they were made: money by the day it came, anything else by its own day.
_MATCHED: Final = """
    SELECT pi.plan_id, COALESCE(pay.received_on, a.effective_date), SUM(a.amount)
    FROM dunning_planitem pi
    JOIN dunning_paymentplan p ON p.id = pi.plan_id
    JOIN invoicing_allocation a ON a.debit_id = pi.item_id AND a.recorded_at >= p.made_at
    JOIN invoicing_receivableitem c ON c.id = a.credit_id
    LEFT JOIN invoicing_payment pay ON pay.id = c.payment_id AND c.kind = 'PAYMENT'
    WHERE pi.plan_id = ANY(%(plans)s)
    GROUP BY 1, 2 HAVING SUM(a.amount) <> 0
"""
# What the insurer says of a buyer whose debts it covers.
_COVERED: Final = frozenset({CoverStatus.ACTIVE, CoverStatus.PARTIAL, CoverStatus.REDUCED})


def plan_list(user: User, company: Company | None = None) -> QuerySet[PaymentPlan]:
    """Plans this user may see, with their instalments and those of their documents that are the user's to see."""
    seen = PlanItem.objects.select_related("item__invoice").order_by("item__due_date", "item")
    if not user.sees_every_sale(company):
        own = ReceivableItem.objects.filter(own_items(user, company))
        seen = seen.filter(item__in=own)
    return (
        PaymentPlan.objects.visible_to(user, company)
        .select_related("account", "company", "made_by", "signed_by", "approved_by", "noticed_by", "ended_by")
        .prefetch_related(
            Prefetch("plan_items", queryset=seen, to_attr="seen_items"),
            Prefetch("instalments", queryset=PlanInstalment.objects.order_by("number"), to_attr="parts"),
        )
    )


def planned_parts(keys: Sequence[int]) -> list[tuple[int, date, Decimal]]:
    """What running plans bring of some items and when: ``(item, day, amount)`` (``settings.EXPECTED_RECEIPTS``).

    What is settled already is taken off the first instalments; an item is paid in its turn, whichever are asked for.
    """
    wanted = set(keys)
    covered = PlanItem.objects.select_related("item").order_by("item__due_date", "item")
    plans = PaymentPlan.objects.filter(
        pk__in=PlanItem.objects.filter(item__in=wanted, is_open=True).values("plan"), status=PlanStatus.ACTIVE
    ).prefetch_related(
        "instalments",
        Prefetch("plan_items", queryset=covered, to_attr="rows"),
    )
    found: list[tuple[int, date, Decimal]] = []
    for plan in plans:
        rows: list[PlanItem] = plan.rows
        items = [(row.item_id, min(row.amount, row.item.open_amount)) for row in rows]
        settled = plan.amount - sum((left for _key, left in items), ZERO)
        parts = _left([Part(row.due_date, row.amount) for row in plan.instalments.all()], settled)
        found += [row for row in policy.expected_of(items, parts) if row[0] in wanted]
    return found


def receipts_of(plans: Sequence[PaymentPlan]) -> dict[int, list[Receipt]]:
    """By plan: what came in for it since it was made. Two readings for any number of plans.

    Money on account counts for the plan that was made first.
    """
    found: dict[int, list[Receipt]] = defaultdict(list)
    with connection.cursor() as cursor:
        cursor.execute(_MATCHED, {"plans": [plan.pk for plan in plans]})
        for key, day, amount in cursor.fetchall():
            found[key].append(Receipt(day, amount))
    pools = on_account({plan.account_id for plan in plans})
    for plan in sorted(plans, key=lambda each: (each.made_at, each.pk)):
        pool = pools.get((plan.account_id, plan.currency))
        missing = plan.amount - sum((row.amount for row in found[plan.pk]), ZERO)
        if pool is not None and missing > 0:
            found[plan.pk] += pool.take(missing, since=paris_date(plan.made_at), until=date.max)
    return found


def is_insured(account: CustomerAccount, *, on: date) -> bool:
    """Whether the company's insurer covers a client on a day."""
    rows = BuyerCover.objects.filter(
        company=account.company_id, entity=account.entity_id, effective_on__lte=on
    )
    cover = rows.order_by("-effective_on").first()
    if cover is None or (cover.valid_until is not None and cover.valid_until < on):
        return False
    return cover.status in _COVERED


def _left(parts: Sequence[Part], came: Decimal) -> list[Part]:
    """Instalments without what has come in, the first ones first."""
    left = []
    for part in parts:
        taken = min(came, part.amount)
        came -= taken
        if part.amount > taken:
            left.append(Part(part.day, part.amount - taken))
    return left
