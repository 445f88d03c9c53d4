"""Readings of orders: what exposure counts, the rhythm of a client's orders, the hold queue."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import date
from decimal import Decimal
from typing import Final

from django.db.models import F, Prefetch, Q, QuerySet, Value
from django.db.models.functions import Concat
from django.utils.translation import gettext_lazy as _

from accounts.models import Company, CustomerAccount, User
from accounts.scope import Outside, outside
from credit.alerts.facts import Event
from credit.enums import Finding
from credit.horizon import BEYOND, LAST_DAYS
from o2c.shared.calendar import add_months
from o2c.shared.prepared import Prepared
from o2c.shared.problems import NotFound

from . import policy
from .enums import OrderState, OverrideStatus, ShownStatus
from .exchange_models import HoldMessage
from .models import (
    Delivery,
    HoldCase,
    Order,
    OrderHold,
    OrderLine,
    OverrideRequest,
    OverrideSignature,
    Quotation,
    Release,
)
from .policy import LineFacts
from .scope import own_sales

# Whether an order has its place before the one that is checked (design 3.11). One that was confirmed beyond the horizon
# of orders takes its place when it enters; until then it precedes only what is delivered after it.
PRECEDES: Final = """
    COALESCE({o}.entered_horizon_at, {o}.confirmed_at) < %(confirmed_before)s
    AND NOT ({o}.is_beyond_horizon AND %(confirmed_before)s < 'infinity'
             AND {o}.requested_delivery >= %(counted_until)s)
"""
# E3 and E2 of confirmed orders (design 3.3): an order of which nothing is delivered or invoiced counts its
# approved total; a started one counts its lines pro rata, rounded once per order and part. Lines are looked up from
# their order (``OFFSET 0`` keeps the planner to it): few orders are open, and a range of clients would read all lines.
# What is to be delivered beyond the company's horizon of orders is no E3: told apart, a part of its own (``BEYOND``).
EXPOSURE_ROWS = f"""
    SELECT o.account_id, CASE WHEN o.requested_delivery > z.last_day THEN '{BEYOND}' ELSE 'open_orders' END AS part,
           o.currency, o.approved_total AS amount, o.requested_delivery AS due_date /*document , o.number */
    FROM orders_order o
    LEFT JOIN ({LAST_DAYS}) z ON z.account_id = o.account_id
    WHERE o.account_id = ANY(%(accounts)s) AND o.is_open AND NOT o.is_started
      AND o.id <> %(skip_order)s AND {PRECEDES.format(o="o")}
    UNION ALL
    SELECT s.account_id, p.part, s.currency, p.amount, s.requested_delivery /*document , s.number */
    FROM (
        SELECT o.account_id, o.currency, o.requested_delivery, /*document o.number, */
               {PRECEDES.format(o="o")} AS precedes, o.approved_total / NULLIF(SUM(w.qty * w.price), 0) AS scale,
               SUM(GREATEST(0, w.qty - GREATEST(l.delivered, l.invoiced)) * w.price) AS undelivered,
               SUM(GREATEST(0, l.delivered - l.invoiced) * w.price) AS uninvoiced
        FROM orders_order o
        CROSS JOIN LATERAL (SELECT * FROM orders_orderline WHERE order_id = o.id OFFSET 0) l
        CROSS JOIN LATERAL (
            SELECT l.approved_quantity - l.cancelled AS qty, l.approved_price * (1 + l.vat_rate / 100) AS price
        ) w
        WHERE o.account_id = ANY(%(accounts)s) AND o.is_open AND o.is_started
          AND o.id <> %(skip_order)s
        GROUP BY o.id
    ) s
    LEFT JOIN ({LAST_DAYS}) z ON z.account_id = s.account_id
    CROSS JOIN LATERAL (VALUES
        (CASE WHEN s.requested_delivery > z.last_day THEN '{BEYOND}' ELSE 'open_orders' END,
         CASE WHEN s.precedes THEN ROUND(COALESCE(s.undelivered * s.scale, 0), 2) ELSE 0 END),
        ('delivered_not_invoiced', ROUND(COALESCE(s.uninvoiced * s.scale, 0), 2))
    ) AS p(part, amount)
    WHERE p.amount <> 0
    UNION ALL
    SELECT o.account_id, 'on_hold_orders', o.currency, o.total_incl_vat, o.requested_delivery /*document , o.number */
    FROM orders_order o
    WHERE o.account_id = ANY(%(accounts)s) AND o.state = 'SUBMITTED' AND o.id <> %(skip_order)s
"""


_RHYTHM: Final = Prepared(
    "orders_rhythm",
    lambda: (
        """
        SELECT AVG(total_incl_vat), COUNT(*) FROM orders_order
        WHERE account_id = %(account)s AND state IN ('CONFIRMED', 'CLOSED')
          AND order_date > %(after)s AND order_date <= %(until)s AND id <> %(skip_order)s
    """
    ),
    {"account": "bigint", "after": "date", "until": "date", "skip_order": "bigint"},
)


def exposure_rows() -> str:
    """The SQL of this application's exposure rows (``settings.CREDIT_EXPOSURE``)."""
    return EXPOSURE_ROWS


def order_rhythm(*, account_id: int, on: date, skip_order: int | None = None) -> tuple[Decimal | None, int]:
    """Mean total incl. VAT and number of the client's confirmed orders of the last twelve months.

    The fact ``order_rhythm`` of ``settings.CREDIT_FACTS``: what an unusual order is measured against.
    """
    mean, count = _RHYTHM.rows(
        account=account_id, after=add_months(on, -12), until=on, skip_order=skip_order or 0
    )[0]
    return mean, count


def unusual_orders(*, account_ids: Sequence[int], since: date, on: date) -> Iterator[Event]:
    """Orders not finished of which the last check said that they are unusual (``settings.ALERT_EVENTS``)."""
    found = [{"code": Finding.UNUSUAL_ORDER.value}]
    rows = Order.objects.filter(
        Q(is_open=True) | Q(state=OrderState.SUBMITTED),
        account__in=account_ids,
        order_date__gt=since,
        order_date__lte=on,
        last_decision__figures__check__findings__contains=found,
    )
    for account, number, total, currency in rows.order_by("pk").values_list(
        "account", "number", "total_incl_vat", "currency"
    ):
        yield Event(account, number[:60], total, currency, {"order": number})


def line_facts(line: OrderLine, *, approved: bool = False) -> LineFacts:
    """A line as the rules take it; ``approved`` looks at what was last approved."""
    price = line.approved_price if approved else line.unit_price
    return LineFacts(
        quantity=line.approved_quantity if approved else line.quantity,
        cancelled=line.cancelled,
        delivered=line.delivered,
        invoiced=line.invoiced,
        price_incl=price * (1 + line.vat_rate / 100),
    )


def shown_status(order: Order) -> ShownStatus:
    """What people see of an order; reads its lines and open case, prefetched or not."""
    return policy.shown_status(
        order.state,
        has_open_case=open_case(order) is not None,
        lines=[line_facts(line) for line in order.lines.all()],
    )


def open_case(order: Order) -> HoldCase | None:
    """The open hold case, from what was prefetched where possible."""
    return next((case for case in order.cases.all() if case.closed_at is None), None)


def active_holds(order: Order) -> list[OrderHold]:
    """The holds in force, oldest first."""
    case = open_case(order)
    return (
        []
        if case is None
        else sorted((h for h in case.holds.all() if h.lifted_at is None), key=lambda h: h.pk)
    )


def with_parts(orders: QuerySet[Order]) -> QuerySet[Order]:
    """Everything a list or an answer shows of orders, in a constant number of queries."""
    return orders.select_related(
        "account__entity", "company", "sales_rep", "submitted_by", "created_by", "last_decision"
    ).prefetch_related(
        "lines",
        Prefetch("cases", HoldCase.objects.select_related("owner").prefetch_related("holds__placed_by")),
    )


def orders_visible(user: User, company: Company | None) -> QuerySet[Order]:
    """Orders of the clients this user may see, newest first, with everything a list shows."""
    return with_parts(Order.objects.visible_to(user, company)).order_by("-created_at", "-pk")


def outside_orders(user: User, company: Company | None, client: str = "") -> list[Outside]:
    """Colleagues' orders of the reader's clients, or of one of them: how many and how much."""
    rows = Order.objects.of_accounts_of(user, company)
    if client:
        rows = rows.filter(account__code=client)
    return outside(rows, own_sales(user, company), "total_incl_vat")


def find_order(user: User, company: Company | None, number: str) -> Order:
    """One order by its number.

    :raises NotFound: it does not exist, or its client is not this user's to see
    """
    found = orders_visible(user, company).filter(number=number).first()
    if found is None:
        raise NotFound(_("There is no order with this number."), code="order_not_found")
    return found


def hold_queue(user: User, company: Company | None) -> QuerySet[HoldCase]:
    """Open cases of the clients this user may see, most urgent first."""
    accounts = CustomerAccount.objects.visible_to(user, company)
    return (
        HoldCase.objects.filter(closed_at=None, order__account__in=accounts)
        .filter(own_sales(user, company, "order__"))
        .select_related(
            "order__account__entity", "order__company", "order__sales_rep", "owner", "order__last_decision"
        )
        .prefetch_related(
            Prefetch("holds", OrderHold.objects.filter(lifted_at=None).order_by("pk"), to_attr="active")
        )
        .order_by("target_at", "pk")
    )


def overrides_visible(user: User, company: Company | None) -> QuerySet[OverrideRequest]:
    """Requests about orders this user may see, with everything a list shows; releases at once are none."""
    return (
        OverrideRequest.objects.filter(
            # A release at once is a request to whoever reads only while the second of two approvals is missing.
            Q(is_direct=False) | Q(status=OverrideStatus.OPEN),
            order__account__in=CustomerAccount.objects.visible_to(user, company),
        )
        .filter(own_sales(user, company, "order__"))
        .select_related(
            "order__account__entity",
            "order__company",
            "order__sales_rep",
            "order__submitted_by",
            "order__last_decision",
            "case",
            "facts",
            "decision",
            "requested_by",
            "decided_by",
            "countersigned_by",
            "appeal_of",
        )
        .prefetch_related(
            "documents",
            Prefetch(
                "signatures",
                OverrideSignature.objects.filter(ended_at=None).select_related("signed_by").order_by("pk"),
                to_attr="given",
            ),
            Prefetch(
                "case__holds", OrderHold.objects.filter(lifted_at=None).order_by("pk"), to_attr="active"
            ),
        )
    )


def quotations_visible(user: User, company: Company | None) -> QuerySet[Quotation]:
    """Quotations to the clients this user may see, newest first, with everything a list shows."""
    return (
        Quotation.objects.visible_to(user, company)
        .select_related("account__entity", "company", "sales_rep", "created_by", "order")
        .prefetch_related("lines")
        .order_by("-created_at", "-pk")
    )


def messages_of(order: Order) -> list[HoldMessage]:
    """What was written about an order while it was on hold, the oldest first."""
    found = HoldMessage.objects.filter(case__order=order).select_related("written_by")
    return list(found.order_by("pk"))


def releases_of(order: Order) -> QuerySet[Release]:
    """The releases of an order, the oldest first, each with ``shown_outcome``, the key of its badge."""
    related = order.releases.select_related("approved_by", "requested_by", "override", "decision")
    shown = Concat(Value("outcome_"), F("decision__outcome"))
    return related.defer("decision__figures").annotate(shown_outcome=shown).order_by("approved_at")


def find_quotation(user: User, company: Company | None, number: str) -> Quotation:
    """One quotation by its number.

    :raises NotFound: it does not exist, or its client is not this user's to see
    """
    found = quotations_visible(user, company).filter(number=number).first()
    if found is None:
        raise NotFound(_("There is no quotation with this number."), code="quotation_not_found")
    return found


def accounts_of_held_orders(account_ids: Collection[int]) -> set[int]:
    """Return those accounts whose credit some order shares that waits or is held, their own or a relative's."""
    submitted = Order.objects.filter(state=OrderState.SUBMITTED)
    held = HoldCase.objects.filter(closed_at=None)
    levels = {
        *submitted.values_list("account__entity", "account__entity__group"),
        *held.values_list("order__account__entity", "order__account__entity__group"),
    }
    if not levels:
        return set()
    entities = {entity for entity, _group in levels}
    groups = {group for _entity, group in levels if group is not None}
    kin = CustomerAccount.objects.filter(Q(entity__in=entities) | Q(entity__group__in=groups))
    return set(kin.filter(pk__in=account_ids).values_list("pk", flat=True))


_LAST_DELIVERIES: Final = 200


def carriers_of(company: Company) -> list[str]:
    """Carriers of a company's last deliveries, the latest first, each once: what people write again."""
    rows = Delivery.objects.filter(order__company=company).exclude(carrier="").order_by("-pk")
    return list(dict.fromkeys(rows.values_list("carrier", flat=True)[:_LAST_DELIVERIES]))
