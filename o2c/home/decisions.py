"""What somebody may decide, what is above them and who may, and what they decided with its outcome."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from django.db.models import Prefetch, Q, QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.models import Company, CustomerAccount, TeamMember, User
from credit.authority import Person, people_who_may, role_label
from credit.enums import RequestStatus, Side
from credit.lists import waiting_for, with_current_limit
from credit.models import CreditDecision, LimitRequest
from credit.policy import limit_level
from credit.queries import limit_requests_visible
from credit.services.checks import mandates
from credit.services.signing import best_standing, signed
from credit.services.stake_rules import stake_rules
from credit.signature_policy import needs_two
from credit.stake_policy import Stake
from credit.written.queries import Quote, quotes_of
from invoicing.enums import CreditRequestStatus
from invoicing.models import CreditNoteRequest
from invoicing.services.credit_authority import Authority, credit_requests_visible, hands_of
from o2c.shared.calendar import paris_date
from orders.enums import OverrideStatus
from orders.lists import working_time_left
from orders.models import Order, OverrideRequest
from orders.page import facts_from, offer_of
from orders.queries import overrides_visible
from orders.stakes import stake_of_order

from .authority_requests import authority_waiting
from .to_decide import ToDecide, time_left

SHOWN: Final = 50


@dataclass(frozen=True)
class Decided:
    """One decision of the past and how it turned out."""

    label: str
    url: str
    client: str
    status: str
    amount: Decimal | None
    currency: str
    at: datetime
    by: User
    reason: str
    outcome: str = ""
    late_by: int = 0
    on_behalf_of: str = ""

    @property
    def outcome_key(self) -> str:
        """What names its badge."""
        return f"outcome_{self.outcome}"


class Decisions:
    """The approver's inbox of one person in one company."""

    def __init__(self, user: User, company: Company, at: datetime) -> None:
        self.user, self.company, self.at = user, company, at

    def waiting(self) -> tuple[list[ToDecide], list[ToDecide]]:
        """Requests within the reader's authority, and those above it; both the most urgent first."""
        mine, above = self._overrides()
        limits, higher = self._limits()
        notes, beyond = self._credit_notes()
        changes, others = authority_waiting(self.user, self.company, self.at)
        urgent = lambda row: row.seconds  # noqa: E731 - one order for both lists
        return (
            sorted(mine + limits + notes + changes, key=urgent),
            sorted(above + higher + beyond + others, key=urgent),
        )

    def _overrides(self) -> tuple[list[ToDecide], list[ToDecide]]:
        requests = list(
            overrides_visible(self.user, self.company)
            .filter(status=OverrideStatus.OPEN)
            .order_by("case__target_at", "pk")[:SHOWN]
        )
        hands = self._hands(requests)
        able = [acting for acting in self.user.acting_in(self.company) if acting.may("orders.release")]
        mine, above = [], []
        people, rates = _PeopleByLevel("orders.release", self.company), stake_rules(self.company)
        quotes = self._quotes(requests)
        for request in requests:
            level, involved = request.case.required_level, hands[request.pk]
            if needs_two(level):
                given = signed(request.given)  # type: ignore[attr-defined]
                standing = best_standing(self.user, self.company.pk, "orders.release", level, given, involved)
                may = isinstance(standing.answer, Side)
            else:
                may = any(acting.authority >= level and not acting.hands & involved for acting in able)
            if may:
                mine.append(self._override(request, quotes, stake=stake_of_order(request.order, rates)))
            else:
                who = people.of(level, without=involved)
                above.append(self._override(request, quotes, who))
        return mine, above

    def _quotes(self, requests: Sequence[OverrideRequest]) -> dict[str, Quote]:
        """The articles of all that keeps these orders, as the policy says them today."""
        numbers = {
            hold.policy_article
            for request in requests
            for hold in request.case.active  # type: ignore[attr-defined]
        }
        return quotes_of(self.company.pk, numbers, on=paris_date(self.at))

    def _hands(self, requests: Sequence[OverrideRequest]) -> dict[int, set[int]]:
        """Whom four eyes keep from each request."""
        today = paris_date(self.at)
        holders: dict[int, set[int]] = {}
        rows = TeamMember.objects.filter(
            Q(valid_to=None) | Q(valid_to__gte=today),
            account_id__in={request.order.account_id for request in requests},
            has_bonus=True,
            valid_from__lte=today,
        )
        for account_id, user_id in rows.values_list("account_id", "user_id"):
            holders.setdefault(account_id, set()).add(user_id)
        return {
            request.pk: {
                key
                for key in (
                    request.requested_by_id,
                    request.order.submitted_by_id,
                    request.order.sales_rep_id,
                    *holders.get(request.order.account_id, ()),
                )
                if key is not None
            }
            for request in requests
        }

    def _override(
        self,
        request: OverrideRequest,
        quotes: Mapping[str, Quote],
        who: Sequence[Person] = (),
        stake: Stake | None = None,
    ) -> ToDecide:
        order, case = request.order, request.case
        return ToDecide(
            kind="override",
            pk=request.pk,
            client=order.account.name,
            label=order.number,
            url=reverse("orders:detail", args=[order.number]),
            amount=request.facts.amount if request.amount is None else request.amount,
            currency=order.currency,
            missing=case.over_limit_by,
            asked_by=request.requested_by,
            asked_at=request.requested_at,
            reason=request.reason,
            seconds=int(working_time_left(case, self.at).total_seconds()),
            offer=offer_of(request),
            codes=[(hold.reason, quotes.get(hold.policy_article)) for hold in case.active],  # type: ignore[attr-defined]
            facts=facts_from(request.facts),
            stake=stake,
            role=role_label(who[0].role) if who else "",
            people=who,
        )

    def _limits(self) -> tuple[list[ToDecide], list[ToDecide]]:
        seen = limit_requests_visible(self.user, self.company)
        waiting: Any = with_current_limit(seen.filter(status=RequestStatus.SUBMITTED))
        related = waiting.select_related("asked_for__company", "requested_by").order_by("submitted_at", "pk")
        mine = list(waiting_for(related, self.user, self.company)[:SHOWN])
        above = list(related.exclude(pk__in=[wish.pk for wish in mine])[:SHOWN])
        people, matrix = _PeopleByLevel("credit.decide_limit", self.company), mandates(self.company.pk)
        levels = {
            wish.pk: limit_level(wish.amount, wish.asked_for.risk_class, matrix).level for wish in above
        }
        return (
            [self._limit(wish) for wish in mine],
            [self._limit(wish, people.of(levels[wish.pk], without={wish.requested_by_id})) for wish in above],
        )

    def _limit(self, wish: Any, who: Sequence[Person] = ()) -> ToDecide:
        sent = wish.submitted_at or wish.created_at
        return ToDecide(
            kind="limit",
            pk=wish.pk,
            client=wish.asked_for.name,
            label=str(wish.get_kind_display()),
            url=reverse("credit:limit_request", args=[wish.pk]),
            amount=wish.amount,
            currency=wish.currency,
            missing=Decimal(0),
            asked_by=wish.requested_by,
            asked_at=sent,
            reason=wish.reason,
            seconds=time_left(sent, self.at),
            current=wish.current,
            role=role_label(who[0].role) if who else "",
            people=who,
        )

    def _credit_notes(self) -> tuple[list[ToDecide], list[ToDecide]]:
        rows = list(
            credit_requests_visible(self.user, self.company)
            .filter(status=CreditRequestStatus.PENDING)
            .order_by("requested_at", "pk")[:SHOWN]
        )
        authority = Authority(self.company, self.at, {row.currency for row in rows})
        people, mine, above = _PeopleByLevel("invoicing.credit", self.company), [], []
        able = self.user.may("invoicing.credit", self.company)
        for row in rows:
            involved = hands_of(row)
            if able and self.user.pk not in involved and authority.covers(self.user, row.invoice, row.amount):
                mine.append(self._credit_note(row))
            else:
                rule = authority.required(row.amount, row.currency)
                who = people.of(rule.level, without=involved) if rule else []
                above.append(self._credit_note(row, who))
        return mine, above

    def _credit_note(self, row: CreditNoteRequest, who: Sequence[Person] = ()) -> ToDecide:
        return ToDecide(
            kind="credit",
            pk=row.pk,
            client=row.account.name,
            label=_("Credit note on %(number)s") % {"number": row.invoice.number},
            url=f"{reverse('invoicing:detail', args=[row.invoice.number])}#credit-notes",
            amount=row.amount,
            currency=row.currency,
            missing=Decimal(0),
            asked_by=row.requested_by,
            asked_at=row.requested_at,
            reason=row.reason,
            seconds=time_left(row.requested_at, self.at),
            total=row.invoice.total_incl_vat,
            role=role_label(who[0].role) if who else "",
            people=who,
        )

    def mine(self) -> list[Decided]:
        """What the reader decided in this company, the newest first, with how it turned out."""
        overrides = _answered(
            OverrideRequest.objects.filter(
                Q(decided_by=self.user) | Q(countersigned_by=self.user), order__company=self.company
            )
        )
        limits = LimitRequest.objects.filter(
            Q(decided_by=self.user) | Q(countersigned_by=self.user), asked_for__company=self.company
        )
        return _sorted(overrides, limits)


class _PeopleByLevel:
    """Who may decide at a level, asked once per level however many rows there are."""

    def __init__(self, permission: str, company: Company) -> None:
        self._permission, self._company = permission, company
        self._known: dict[int, list[Person]] = {}

    def of(self, level: int, *, without: set[int]) -> list[Person]:
        """The nearest of those who may, four eyes considered."""
        if level not in self._known:
            self._known[level] = people_who_may(self._permission, self._company, level=level, shown=None)
        return [person for person in self._known[level] if person.user.pk not in without][:2]


def decisions_of(account: CustomerAccount, reader: User) -> list[Decided]:
    """What was decided about a client's orders, as far as this reader sees them, and limits; the newest first."""
    seen = Order.objects.visible_to(reader, account.company).filter(account=account)
    overrides = _answered(OverrideRequest.objects.filter(order__in=seen))
    return _sorted(overrides, LimitRequest.objects.filter(asked_for=account))


def _answered(rows: QuerySet[OverrideRequest]) -> QuerySet[OverrideRequest]:
    decided = rows.filter(status__in=[OverrideStatus.APPROVED, OverrideStatus.REFUSED])
    return (
        decided.select_related("order__account", "decided_by", "on_behalf_of")
        .prefetch_related(Prefetch("decision", CreditDecision.objects.defer("figures")))
        .order_by("-ended_at", "-pk")
    )


def _sorted(overrides: QuerySet[OverrideRequest], limits: QuerySet[LimitRequest]) -> list[Decided]:
    decided = limits.filter(status__in=[RequestStatus.APPROVED, RequestStatus.REFUSED])
    related = decided.select_related("asked_for", "decided_by", "on_behalf_of").order_by("-decided_at", "-pk")
    rows = [_override_row(request) for request in overrides[:SHOWN]]
    rows += [_limit_row(wish) for wish in related[:SHOWN]]
    return sorted(rows, key=lambda row: row.at, reverse=True)[:SHOWN]


def _override_row(request: OverrideRequest) -> Decided:
    order, decision = request.order, request.decision
    assert request.decided_by is not None
    assert request.ended_at is not None
    released = request.status == OverrideStatus.APPROVED and decision is not None
    return Decided(
        label=_("Release of %(number)s") % {"number": order.number},
        url=reverse("orders:detail", args=[order.number]),
        client=order.account.name,
        status=request.status,
        amount=order.total_incl_vat if request.amount is None else request.amount,
        currency=order.currency,
        at=request.ended_at,
        by=request.decided_by,
        reason=request.decision_reason,
        outcome=decision.outcome if released and decision else "",
        late_by=max(decision.days_late or 0, 0) if released and decision else 0,
        on_behalf_of=request.on_behalf_of.label() if request.on_behalf_of else "",
    )


def _limit_row(wish: LimitRequest) -> Decided:
    assert wish.decided_by is not None
    assert wish.decided_at is not None
    return Decided(
        label=str(wish.get_kind_display()),
        url=reverse("credit:limit_request", args=[wish.pk]),
        client=wish.asked_for.name,
        status=wish.status,
        amount=wish.given_amount,
        currency=wish.currency,
        at=wish.decided_at,
        by=wish.decided_by,
        reason=wish.decision_reason,
        on_behalf_of=wish.on_behalf_of.label() if wish.on_behalf_of else "",
    )
