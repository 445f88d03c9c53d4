"""One order as its page shows it: reasons with figures, the bar, frozen facts, who may decide, what follows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final
from urllib.parse import urlencode

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import TeamMember, User
from accounts.queries import in_force_on
from credit.advice import Answer, Way
from credit.authority import Person, mandate_of, people_who_may
from credit.drawing import bar_of, binding_of, limit_of, parts_of
from credit.enums import Finding, Severity
from credit.messages import message
from credit.models import CreditDecision
from credit.policy import Mandate
from credit.services.checks import mandates
from credit.signature_policy import needs_two
from credit.written.queries import Quote, quotes_of
from o2c.shared.badges import Badge, badge_for
from o2c.shared.calendar import paris_date
from o2c.shared.menu import url_or_nothing
from o2c.shared.money import ZERO

from . import policy, services
from .enums import AlternativeKind, ConditionalStatus, OrderState, OverrideStatus, ShownStatus
from .lists import working_time_left
from .models import (
    ConditionalRelease,
    HoldCase,
    Order,
    OrderHold,
    OverrideRequest,
    OverrideSignature,
    ReleaseCondition,
)
from .policy import Blocker
from .queries import active_holds, open_case, shown_status

# Reasons whose amount leaves the exposure once it is paid or settled.
_FREED_BY_PAYING: Final = frozenset(
    {Finding.OVERDUE_AMOUNT, Finding.OVERDUE_DAYS, Finding.DISPUTE_OPEN, Finding.UNPAID_INSTRUMENT}
)
_LEVEL_WORDS: Final = {
    "account": gettext_lazy("the account"),
    "entity": gettext_lazy("the legal entity"),
    "group": gettext_lazy("the group"),
}


@dataclass(frozen=True)
class Reason:
    """Why an order waits, or what was noticed about it."""

    code: str
    sentence: str
    article: str
    amount: Decimal | None = None
    without: Decimal | None = None
    holds: bool = True
    by: User | None = None
    since: datetime | None = None
    url: str = ""
    # The article of the written policy, as it stood when the check saw it.
    quote: Quote | None = None

    @property
    def look(self) -> Badge:
        """Its tone, icon and word."""
        return badge_for(self.code)


@dataclass(frozen=True)
class Facts:
    """What the last check saw, frozen."""

    decision: CreditDecision
    answer: Answer
    currency: str
    amount: Decimal
    parts: list[dict[str, Any]]
    net: Decimal
    limit: Decimal | None
    limit_kind: str
    available_before: Decimal | None
    available_after: Decimal | None
    level: str
    rates: Mapping[str, str]
    bar: dict[str, Any]


@dataclass(frozen=True)
class Standing:
    """How the reader stands towards the decision."""

    may_decide: bool
    blockers: tuple[Blocker, ...]
    needed: Mandate
    own: Mandate | None
    amount: Decimal
    over: bool
    people: list[Person] = field(default_factory=list)
    # The approvals of a release above level 3 that stand; None where one person decides.
    given: Sequence[OverrideSignature] | None = None
    # Releases of late that decide the level together with this order: as the last check kept it.
    split: Mapping[str, Any] | None = None

    @property
    def signed(self) -> bool:
        """The reader is one of the two approvers already, or belongs to the department of the other one."""
        return bool({Blocker.SIGNED, Blocker.DEPARTMENT} & set(self.blockers))

    @property
    def four_eyes(self) -> bool:
        """The reader entered the order or sells to the client."""
        return Blocker.FOUR_EYES in self.blockers

    @property
    def kind_decides(self) -> bool:
        """The amount is within the reader's authority; a reason is for somebody above."""
        bound = self.own.release_amount if self.own else None
        return self.above and (bound is None or self.amount <= bound)

    @property
    def above(self) -> bool:
        """The reader decides on orders, but not up to this amount."""
        return self.own is not None and Blocker.AUTHORITY in self.blockers


@dataclass(frozen=True)
class Step:
    """One step of the follow-up line; ``state`` is done, now or empty."""

    title: str
    detail: str = ""
    at: datetime | None = None
    state: str = ""


def facts_of(order: Order) -> Facts | None:
    """The figures of the order's last check; None while it was never checked."""
    decision = order.last_decision
    return None if decision is None else facts_from(decision, feet=open_case(order) is not None)


def facts_from(decision: CreditDecision, *, feet: bool = True) -> Facts:
    """The figures a kept decision saw; ``feet`` draws what the order adds under the bar."""
    check, exposure = decision.figures["check"], decision.figures["exposure"]
    level = binding_of(exposure)
    net = Decimal(exposure["net_exposure"] if level is None else level["net_exposure"])
    return Facts(
        decision=decision,
        answer=Answer(check),
        currency=check["currency"],
        amount=Decimal(check["amount"]),
        parts=parts_of(exposure),
        net=net,
        limit=limit_of(exposure),
        limit_kind=exposure["limit"]["kind"],
        available_before=_decimal(check["available_before"]),
        available_after=_decimal(check["available_after"]),
        level=str(_LEVEL_WORDS[level["level"]]) if level else "",
        rates=decision.figures["rates"],
        bar=bar_of(exposure, order=Decimal(check["amount"]), feet=feet),
    )


def reasons_of(order: Order, facts: Facts | None) -> list[Reason]:
    """Holds in force with their figures, then what the check only remarked."""
    currency = facts.currency if facts else order.currency
    held = [_held(hold, currency, facts) for hold in active_holds(order)]
    if facts is None:
        return held
    noticed = [
        Reason(
            code=found["code"],
            sentence=message(found["code"], found["figures"], currency=currency),
            article=found["policy_article"],
            amount=_amount(found["figures"]),
            holds=False,
        )
        for found in facts.decision.figures["check"]["findings"]
        if found["severity"] == Severity.WARN
    ]
    return held + noticed


def quoted(reasons: Sequence[Reason], order: Order, facts: Facts | None, *, on: date) -> list[Reason]:
    """Reasons with the article each belongs to, from the version of the policy the last check was made under."""
    version = facts.decision.policy_version_id if facts else None
    quotes = quotes_of(order.company_id, {reason.article for reason in reasons}, on=on, version_id=version)
    return [replace(reason, quote=quotes.get(reason.article)) for reason in reasons]


def ways_of(order: Order, facts: Facts | None) -> list[Way]:
    """What frees an order that waits: what the check knows, and who takes a hold put by hand away."""
    ways = facts.answer.ways() if facts else []
    by_hand = next((hold for hold in active_holds(order) if hold.reason == Finding.MANUAL), None)
    if by_hand is not None:
        who = by_hand.placed_by.label() if by_hand.placed_by else ""
        detail = _("by %(name)s, or by credit whatever the amount") % {"name": who} if who else _("by credit")
        ways.append(Way("lock-open", _("The hold by hand lifted"), detail))
    return ways


def _held(hold: OrderHold, currency: str, facts: Facts | None) -> Reason:
    amount = _amount(hold.figures)
    frees = hold.reason in _FREED_BY_PAYING
    return Reason(
        code=hold.reason,
        sentence=message(hold.reason, hold.figures, currency=currency),
        article=hold.policy_article,
        amount=amount,
        without=facts.answer.without(amount) if facts and frees and amount else None,
        url=_documents_url(hold),
        by=hold.placed_by,
        since=hold.since,
    )


def _documents_url(hold: OrderHold) -> str:
    """The items behind a figure, where the installation lists them."""
    state = {
        Finding.OVERDUE_AMOUNT: "overdue",
        Finding.OVERDUE_DAYS: "overdue",
        Finding.DISPUTE_OPEN: "disputed",
    }.get(Finding(hold.reason))
    url = url_or_nothing("invoicing:items") if state else ""
    return f"{url}?{urlencode({'q': hold.case.order.account.code, 'state': state})}" if url else ""


def _amount(figures: Mapping[str, Any]) -> Decimal | None:
    for name in ("excess", "amount", "missing"):
        if figures.get(name) is not None:
            return Decimal(str(figures[name]))
    return None


def _decimal(value: str | None) -> Decimal | None:
    return None if value is None else Decimal(value)


def standing_of(order: Order, facts: Facts | None, *, by: User, at: datetime) -> Standing:
    """What the reader may decide about a held order, and who else may."""
    blockers, needed = services.blockers_for(order, by=by, at=at)
    case = open_case(order)
    over = case.over_limit_by if case else ZERO
    own = mandate_of(by, order.company) if by.may("orders.release", order.company) else None
    amount = over or (facts.amount if facts else order.total_incl_vat)
    people = [] if not blockers else people_who_decide(order, needed, at=at)
    given = services.signatures_of(waiting_of(order)) if needs_two(needed.level) else None
    split = order.last_decision.figures.get("split") if order.last_decision else None
    return Standing(not blockers, blockers, needed, own, amount, over > 0, people, given, split)


def waiting_of(order: Order) -> OverrideRequest | None:
    """The override request that waits for its answer, with its files."""
    found = order.override_requests.filter(status=OverrideStatus.OPEN)
    return found.select_related("requested_by", "facts").prefetch_related("documents").first()


def conditions_of(order: Order) -> list[ReleaseCondition]:
    """What the order waits or waited for by agreement with the client, the first due first."""
    return list(order.release_conditions.all())


def conditional_of(order: Order) -> ConditionalRelease | None:
    """The release that takes effect once all of it is there."""
    waiting = order.conditional_releases.filter(status=ConditionalStatus.WAITING)
    return waiting.select_related("approved_by").first()


def answered_of(order: Order) -> list[OverrideRequest]:
    """Requests that were answered, taken back or lost their object, newest first."""
    found = order.override_requests.filter(is_direct=False).exclude(status=OverrideStatus.OPEN)
    related = found.select_related("requested_by", "decided_by", "countersigned_by").prefetch_related(
        "documents"
    )
    return list(related.order_by("-requested_at", "-pk"))


def appealable_of(answered: Sequence[OverrideRequest], case: HoldCase | None, by: User) -> int | None:
    """The refused request that the reader may take to the next level; None where there is none."""
    last = answered[0] if answered else None
    if last is None or case is None or last.case_id != case.pk or last.status != OverrideStatus.REFUSED:
        return None
    may = by.may("orders.request_override", case.order.company_id)
    top = mandates(case.order.company_id)[-1].level
    return last.pk if may and last.appeal_of_id is None and (last.required_level or 0) < top else None


def offer_of(request: OverrideRequest) -> tuple[str, Decimal | None]:
    """What is offered, in words, and its amount."""
    kind = request.alternative.get("kind", "")
    if kind not in AlternativeKind.values:
        return "", None
    amount = request.alternative.get("amount")
    return str(AlternativeKind(kind).label), Decimal(str(amount)) if amount else None


def people_who_decide(order: Order, needed: Mandate, *, at: datetime) -> list[Person]:
    """Those who may release this order: authority and four eyes considered."""
    today = paris_date(at)
    sellers = TeamMember.objects.filter(
        in_force_on(today), account_id=order.account_id, has_bonus=True
    ).values_list("user_id", flat=True)
    waiting = waiting_of(order)
    without = {order.submitted_by_id, order.sales_rep_id, *sellers} - {None}
    without |= {waiting.requested_by_id} if waiting else set()
    return people_who_may(
        "orders.release",
        order.company,
        level=needed.level,
        without=[key for key in without if key is not None],
    )


def release_lasts_until(order: Order, *, at: datetime) -> date:
    """The longest a release given now holds (domain.md 5.2)."""
    return policy.release_valid_until(paris_date(at), order.requested_delivery)


def steps_of(order: Order, case: HoldCase | None, *, at: datetime) -> list[Step]:
    """From the hold to the departure."""
    if case is None:
        return []
    rep = order.sales_rep
    late = case.target_at < at
    return [
        Step(_("On hold"), _("at the credit check"), case.opened_at, "done"),
        Step(_("Sales told"), rep.label() if rep else _("no sales rep"), None, "done" if rep else ""),
        Step(_("Decision"), _("overdue since") if late else _("before"), case.target_at, "now"),
        Step(_("Departure"), _("once it is released")),
    ]


def seconds_left(case: HoldCase, *, at: datetime) -> int:
    """Working seconds until the answer is due; zero or less once it is late."""
    left: timedelta = working_time_left(case, at)
    return int(left.total_seconds())


@dataclass(frozen=True)
class Possible:
    """Acts the reader may start from here; the acts themselves decide again."""

    submit: bool
    edit: bool
    hold: bool
    cancel: bool
    close: bool
    copy: bool
    reopen: bool
    deliver: bool
    invoice: bool
    produce: bool
    confirm: bool
    ask_override: bool
    take: bool
    give_back: bool


def possible_acts(order: Order, lines: Sequence[Any], *, by: User) -> Possible:
    """What the page offers for this state and these rights."""
    enters = by.may("orders.enter", order.company)
    state = order.state
    alive = state in (OrderState.DRAFT, OrderState.SUBMITTED, OrderState.CONFIRMED)
    started = any(line.delivered or line.invoiced for line in lines)
    left = any(line.quantity - line.cancelled > line.delivered for line in lines)
    by_hand = any(hold.reason == Finding.MANUAL for hold in active_holds(order))
    confirmed = state == OrderState.CONFIRMED
    return Possible(
        submit=enters and state == OrderState.DRAFT,
        edit=enters and alive and shown_status(order) != ShownStatus.INVOICED,
        hold=by.may("orders.hold", order.company)
        and state in (OrderState.SUBMITTED, OrderState.CONFIRMED)
        and not by_hand
        and (left or not confirmed),
        cancel=enters and alive and not started,
        close=enters and confirmed and started and left,
        copy=enters and bool(lines),
        reopen=enters and state in (OrderState.CANCELLED, OrderState.CLOSED),
        deliver=by.may("orders.deliver", order.company) and confirmed and left and open_case(order) is None,
        take=_works_on_holds(order, by) and _owner(order) != by.pk,
        give_back=_works_on_holds(order, by) and _owner(order) is not None,
        ask_override=by.may("orders.request_override", order.company) and open_case(order) is not None,
        produce=by.may("orders.deliver", order.company)
        and confirmed
        and left
        and order.production_started_at is None
        and open_case(order) is None,
        confirm=confirmed and open_case(order) is None,
        invoice=by.may("invoicing.issue", order.company)
        and state in (OrderState.CONFIRMED, OrderState.CLOSED)
        and any(line.delivered > line.invoiced for line in lines),
    )


def _works_on_holds(order: Order, by: User) -> bool:
    able = by.may("orders.hold", order.company) or by.may("orders.release", order.company)
    return able and open_case(order) is not None


def _owner(order: Order) -> int | None:
    case = open_case(order)
    return case.owner_id if case else None
