"""Hand-overs: those a reader sees, what they brought, and until when items can be claimed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from decimal import Decimal
from typing import Any, Final

from django.db import connection
from django.db.models import Exists, OuterRef, Prefetch, Q, QuerySet, Sum

from accounts.enums import CapRegime
from accounts.models import Company, User
from credit.alerts.facts import Event
from dunning import handover_policy as policy
from dunning.models import HandOver, HandOverItem, LimitationInterruption
from invoicing.interest_policy import Regime
from invoicing.models import AgreedTerms, ReceivableItem
from invoicing.scope import own_items
from o2c.shared.calendar import add_months
from o2c.shared.money import ZERO

# Money matched with the items after they were handed over: the book's own word.
_RECOVERED: Final = """
    SELECT hi.hand_over_id, SUM(a.amount)
    FROM dunning_handoveritem hi
    JOIN dunning_handover h ON h.id = hi.hand_over_id
    JOIN invoicing_allocation a ON a.debit_id = hi.item_id AND a.recorded_at >= h.handed_at
     AND (h.ended_at IS NULL OR a.recorded_at <= h.ended_at)
    JOIN invoicing_receivableitem c ON c.id = a.credit_id AND c.kind = 'PAYMENT'
    WHERE hi.hand_over_id = ANY(%(keys)s)
    GROUP BY 1
"""


def hand_over_list(user: User, company: Company | None = None) -> QuerySet[HandOver]:
    """Hand-overs this user may see, with those of their documents that are the user's to see; the latest first."""
    seen = HandOverItem.objects.select_related("item__account", "item__invoice").order_by(
        "item__due_date", "item"
    )
    if not user.sees_every_sale(company):
        seen = seen.filter(item__in=ReceivableItem.objects.filter(own_items(user, company)))
    return (
        HandOver.objects.visible_to(user, company)
        .select_related("account", "company", "handed_by", "ended_by")
        .prefetch_related(
            Prefetch("items", queryset=seen, to_attr="seen_items"), Prefetch("costs", to_attr="spent")
        )
    )


def recovered(keys: Iterable[int]) -> dict[int, Decimal]:
    """The money that came in for the items of hand-overs while they were out, by hand-over, in one statement."""
    with connection.cursor() as cursor:
        cursor.execute(_RECOVERED, {"keys": list(keys)})
        return {key: amount or ZERO for key, amount in cursor.fetchall()}


def costs_of(keys: Iterable[int]) -> dict[int, Decimal]:
    """What hand-overs cost, by hand-over."""
    rows = HandOver.objects.filter(pk__in=list(keys)).order_by()
    return {
        key: spent or ZERO
        for key, spent in rows.annotate(spent=Sum("costs__amount")).values_list("pk", "spent")
    }


def limitation_dates(items: Sequence[Any]) -> dict[int, date]:
    """The last day on which each item can be claimed in court, by item, in two queries.

    :param items: with ``account`` fetched
    """
    interrupted: dict[int, list[date]] = {}
    rows = LimitationInterruption.objects.filter(item__in=[item.pk for item in items])
    for item, day in rows.values_list("item", "on"):
        interrupted.setdefault(item, []).append(day)
    consumers = _against_consumers(items)
    return {
        item.pk: policy.limitation_date(
            item.due_date,
            interrupted.get(item.pk, ()),
            is_carriage=is_carriage(item),
            is_consumer=item.pk in consumers,
        )
        for item in items
    }


def _against_consumers(items: Sequence[Any]) -> set[int]:
    """The items of consumers: by the terms of late payment in force when they were issued, the client's own first."""
    accounts = {item.account_id for item in items}
    companies = {item.company_id for item in items}
    rows = AgreedTerms.objects.filter(
        Q(account__in=accounts) | Q(account=None), company__in=companies
    ).order_by("-valid_from", "-pk")
    terms: dict[tuple[int, int | None], list[tuple[date, str]]] = {}
    for company, account, since, regime in rows.values_list("company", "account", "valid_from", "regime"):
        terms.setdefault((company, account), []).append((since, regime))
    found = set()
    for item in items:
        for key in ((item.company_id, item.account_id), (item.company_id, None)):
            held = next((regime for since, regime in terms.get(key, ()) if since <= item.issue_date), None)
            if held is not None:
                if held == Regime.CONSUMER:
                    found.add(item.pk)
                break
    return found


def is_carriage(item: Any) -> bool:
    """Whether a debt is of carriage, by its client's regime."""
    return bool(item.account.cap_regime == CapRegime.TRANSPORT30)


def limitations_near(*, account_ids: Sequence[int], since: date, on: date) -> Iterator[Event]:
    """Open debts that can be claimed for a year, half a year or three months only (``settings.ALERT_EVENTS``)."""
    del since
    old = Q(due_date__lte=add_months(on, policy.ALERT_MONTHS[-1] - policy.BETWEEN_TRADERS))
    carried = Q(account__cap_regime=CapRegime.TRANSPORT30, due_date__lte=add_months(on, 6 - policy.CARRIAGE))
    consumed = Q(due_date__lte=add_months(on, policy.ALERT_MONTHS[-1] - policy.CONSUMER)) & Exists(
        AgreedTerms.objects.filter(
            Q(account=OuterRef("account")) | Q(account=None), regime=Regime.CONSUMER
        ).filter(company=OuterRef("company"))
    )
    rows = ReceivableItem.objects.filter(old | carried | consumed, account__in=account_ids, open_amount__gt=0)
    items = list(rows.select_related("account").order_by("due_date", "pk"))
    dates = limitation_dates(items)
    for item in items:
        step = policy.alert_step(dates[item.pk], on, is_carriage=is_carriage(item))
        if step is not None:
            figures = {"document": item.document, "day": dates[item.pk], "months": step}
            yield Event(item.account_id, f"{item.pk}:{step}", item.open_amount, item.currency, figures)
