"""What the home page, the menu and the search read: always within the reader's portfolio, never row by row."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from itertools import pairwise
from typing import Final

from django.db import connection
from django.db.models import Count, Max, Q, QuerySet, Sum

from accounts.models import Company, CustomerAccount, User
from credit.alerts.queries import open_alerts_of
from credit.enums import Level
from credit.formulas import PART_CODES
from credit.lists import waiting_for
from credit.models import (
    AccountBlock,
    AccountWatch,
    ClassOverride,
    CreditDecision,
    CreditStanding,
    LimitRequest,
    NightlyRun,
)
from credit.queries import limit_requests_visible
from credit.scorecard.enums import OverrideStatus as ClassStatus
from disputes.enums import DisputeStatus
from disputes.models import Dispute
from invoicing.book import OF_SCOPE, OPEN_BOOK, scope_sql
from invoicing.enums import ItemKind
from invoicing.models import Invoice, Payment, PaymentReturn, ReceivableItem
from invoicing.outcomes.policy import HitRate, hit_rate
from o2c.shared.models import AuditEvent, Notice, Work
from o2c.shared.outbox import SEND
from o2c.shared.results import REMOVE
from o2c.shared.work import REACTION
from orders.enums import CaseStatus, OrderState
from orders.models import HoldCase, Order, Quotation, Release
from orders.queries import hold_queue

ZERO: Final = Decimal("0.00")
# From this level of the matrix on, work means what nobody below may decide.
SENIOR: Final = 4
# Upper bounds of the ages of the summary, in days late.
AGES: Final = (30, 60, 90, 120)


@dataclass(frozen=True)
class Sums:
    """How many, and how much in the company's currency."""

    count: int
    amount: Decimal


@dataclass(frozen=True)
class Overdue:
    """What is late of what is owed, as last computed."""

    amount: Decimal
    invoices: Decimal
    clients: int
    at: datetime | None

    @property
    def share(self) -> Decimal | None:
        """Overdue over open invoices; None when nothing is open."""
        return self.amount / self.invoices if self.invoices else None


def menu_counts(user: User, company: Company | None) -> dict[str, int]:
    """The figures beside the menu's entries and in the top bar."""
    counts = {
        "notifications": unread(user).count(),
        "jobs_running": Work.objects.filter(
            requested_by=user, state__in=[Work.State.QUEUED, Work.State.RUNNING]
        ).count(),
    }
    if company is None:
        return counts
    if user.may("orders.enter", company) or user.may("credit.decide_limit", company):
        counts["holds"] = held_for(user, company).count()
    if user.may("credit.decide_limit", company):
        counts["limit_requests"] = limits_for(user, company).count()
    counts["alerts"] = open_alerts_of(user, company).count()
    if user.may("payments.allocate", company):
        counts["payments"] = unmatched_payments(user, company).count()
    if user.may("disputes.work", company):
        counts["disputes"] = disputes_for(user, company).count()
    return counts


def disputes_for(user: User, company: Company) -> QuerySet[Dispute]:
    """Disputes that wait for this person: the own ones, and for sales administration those to qualify or decide."""
    mine = Q(owner=user)
    if user.may("disputes.resolve", company):
        mine |= Q(status__in=[DisputeStatus.OPEN, DisputeStatus.PROPOSED])
    return Dispute.objects.visible_to(user, company).open().filter(mine)


def unread(user: User) -> QuerySet[Notice]:
    """Notices the user has not opened yet."""
    return Notice.objects.filter(user=user, read_at=None)


def held_for(user: User, company: Company) -> QuerySet[HoldCase]:
    """Held orders that wait for this person: credit sees what it may decide, everybody else all of their clients'.

    From level 4 on only what nobody below may decide. Four eyes and authority are looked at as stored; the act
    asks again.
    """
    cases = hold_queue(user, company)
    if not user.may("credit.decide_limit", company):
        return cases
    mine = Q(pk__in=[])
    for acting in user.acting_in(company):
        if acting.authority and acting.may("orders.release"):
            level = acting.authority
            decides = Q(required_level=level) if level >= SENIOR else Q(required_level__lte=level)
            mine |= decides & ~Q(order__submitted_by__in=acting.hands) & without_rep(acting.hands)
    return cases.filter(mine)


def without_rep(users: Collection[int]) -> Q:
    """Orders that none of these sells; one without a rep is nobody's."""
    return Q(order__sales_rep=None) | ~Q(order__sales_rep__in=users)


def limits_for(user: User, company: Company) -> QuerySet[LimitRequest]:
    """Limit requests this person may decide alone, the oldest first; from level 4 on those nobody below may."""
    requests = limit_requests_visible(user, company).select_related("asked_for__company")
    senior = user.authority_in(company) >= SENIOR
    return waiting_for(requests, user, company, own_level_only=senior).order_by("submitted_at", "pk")


def classes_for(user: User, company: Company) -> QuerySet[ClassOverride]:
    """Classes asked for that this person may decide, the oldest first: none of their own."""
    hands = {user.pk, *(acting.represented_id for acting in user.acting_in(company))}
    asked = ClassOverride.objects.filter(
        status=ClassStatus.ASKED,
        account__in=CustomerAccount.objects.visible_to(user, company),
    )
    return asked.exclude(asked_by__in=hands).select_related("account", "asked_by").order_by("asked_at", "pk")


def unmatched_payments(user: User, company: Company) -> QuerySet[ReceivableItem]:
    """Money of known payers that pays nothing yet, the oldest first."""
    return (
        ReceivableItem.objects.visible_to(user, company)
        .filter(kind=ItemKind.PAYMENT, open_amount__lt=0)
        .select_related("account", "payment")
        .order_by("effective_date", "pk")
    )


def unidentified_payments(user: User, company: Company, until: date) -> QuerySet[Payment]:
    """Money received by a day that nobody has put on a client, the oldest first; none that the bank took back."""
    returned = PaymentReturn.objects.filter(undone_at=None).values("payment")
    return (
        Payment.objects.visible_to(user, company)
        .filter(account=None, received_on__lte=until)
        .exclude(pk__in=returned)
        .order_by("received_on", "pk")
    )


def unmatched_sums(user: User, company: Company) -> Sums:
    """How many payments, and how much of them in the company's currency, pay nothing yet."""
    found = (
        unmatched_payments(user, company)
        .order_by()
        .aggregate(count=Count("pk"), amount=Sum("open_amount", filter=Q(currency=company.currency)))
    )
    return Sums(found["count"], -(found["amount"] or ZERO))


def drafts_of(user: User, company: Company) -> QuerySet[Order]:
    """Orders the person began and has not submitted."""
    return (
        Order.objects.visible_to(user, company)
        .filter(state=OrderState.DRAFT, created_by=user)
        .select_related("account")
        .order_by("created_at")
    )


def reviews_until(
    user: User, company: Company, day: date
) -> tuple[QuerySet[AccountBlock], QuerySet[AccountWatch]]:
    """Blocks and watches to be looked at again by a day."""
    seen = CustomerAccount.objects.visible_to(user, company)
    due = Q(account__in=seen, lifted_at=None, review_on__lte=day)
    blocks = AccountBlock.objects.filter(due).select_related("account").order_by("review_on")
    watches = AccountWatch.objects.filter(due).select_related("account").order_by("review_on")
    return blocks, watches


def sums_of(cases: QuerySet[HoldCase], currency: str) -> Sums:
    """How many orders of a queue, and their total in one currency."""
    found = cases.order_by().aggregate(
        count=Count("pk"), amount=Sum("order__total_incl_vat", filter=Q(order__currency=currency))
    )
    return Sums(found["count"], found["amount"] or ZERO)


def overdue_of(accounts: QuerySet[CustomerAccount]) -> Overdue:
    """What is late over a set of clients, from the last known figures."""
    invoices = f"parts__{PART_CODES.index('open_invoices')}"
    found = CreditStanding.objects.filter(
        level=Level.ACCOUNT, target_id__in=accounts.order_by().values("pk")
    ).aggregate(
        amount=Sum("overdue"),
        invoices=Sum(invoices),
        clients=Count("pk", filter=Q(overdue__gt=0)),
        at=Max("computed_at"),
    )
    return Overdue(found["amount"] or ZERO, found["invoices"] or ZERO, found["clients"], found["at"])


def ages_of(accounts: QuerySet[CustomerAccount], *, on: date, currency: str) -> list[Decimal]:
    """What clients owe by age in one currency: not due, up to each of ``AGES``, beyond. One statement."""
    scope, params = scope_sql(accounts)
    bounds = (0, *AGES)
    late = "%(on)s - due_date"
    columns = [f"SUM(open) FILTER (WHERE {late} <= 0)"]
    columns += [
        f"SUM(open) FILTER (WHERE {late} > {low} AND {late} <= {high})" for low, high in pairwise(bounds)
    ]
    columns.append(f"SUM(open) FILTER (WHERE {late} > {AGES[-1]})")
    book = OPEN_BOOK.format(aged_on="due_date", whose=OF_SCOPE)
    statement = (
        f"WITH scope AS ({scope}), {book} SELECT {', '.join(columns)} FROM book"
        " WHERE open > 0 AND currency = %(currency)s AND account_id IN (SELECT id FROM scope)"
    )
    with connection.cursor() as cursor:
        cursor.execute(statement, {"on": on, "currency": currency, **params})
        row = cursor.fetchone()
    return [value or ZERO for value in row or [ZERO] * len(columns)]


def freed_since(user: User, company: Company, since: datetime) -> Sums:
    """Orders that went through by themselves."""
    cases = HoldCase.objects.filter(
        status=CaseStatus.RELEASED,
        closed_by=None,
        closed_at__gte=since,
        order__account__in=CustomerAccount.objects.visible_to(user, company),
    )
    return sums_of(cases, company.currency)


def paid_since(user: User, company: Company, since: datetime) -> Sums:
    """Money recorded, in the company's currency."""
    found = Payment.objects.filter(
        account__in=CustomerAccount.objects.visible_to(user, company),
        recorded_at__gte=since,
        currency=company.currency,
    ).aggregate(count=Count("pk"), amount=Sum("amount"))
    return Sums(found["count"], found["amount"] or ZERO)


def held_since(user: User, company: Company, since: datetime) -> Sums:
    """Orders newly held."""
    cases = HoldCase.objects.filter(
        opened_at__gte=since, order__account__in=CustomerAccount.objects.visible_to(user, company)
    )
    return sums_of(cases, company.currency)


def last_nightly() -> NightlyRun | None:
    """The last finished recalculation."""
    return NightlyRun.objects.filter(finished_at__isnull=False).order_by("-finished_at").first()


def hit_rate_of(user: User, company: Company) -> HitRate:
    """How many of a person's releases in a company were paid in time, of those to be measured (domain.md 8.17)."""
    rows = Release.objects.filter(
        Q(approved_by=user) | Q(override__countersigned_by=user), order__company=company, voided_at=None
    )
    return hit_rate(CreditDecision.Outcome(each) for each in rows.values_list("decision__outcome", flat=True))


def my_releases(user: User, since: datetime) -> dict[str, Sums]:
    """How the releases of a person turned out, by outcome."""
    rows = (
        Release.objects.filter(approved_by=user, approved_at__gte=since)
        .order_by()
        .values("decision__outcome")
        .annotate(count=Count("pk"), amount=Sum("amount"))
    )
    return {row["decision__outcome"]: Sums(row["count"], row["amount"]) for row in rows}


def journal_visible(user: User, company: Company | None) -> QuerySet[AuditEvent]:
    """Events of the company at work; what belongs to no company only for those who see every company."""
    events = AuditEvent.objects.all()
    everywhere = user.company_ids() is None
    if company is None:
        return events if everywhere else events.none()
    scope = Q(company_id=company.pk)
    # An act on a client names the client; its company is the client's.
    scope |= Q(company_id=None, account_id__in=CustomerAccount.objects.filter(company=company).values("pk"))
    if everywhere:
        scope |= Q(company_id=None, account_id=None)
    return events.filter(scope)


def latest_imports(user: User) -> QuerySet[Work]:
    """Imports as background work, the newest first: one's own, or all for administrators."""
    found = Work.objects.filter(kind__startswith="imports.").order_by("-created_at", "-pk")
    return found if user.may("admin.users") else found.filter(requested_by=user)


def jobs_of(user: User) -> QuerySet[Work]:
    """Background work the user asked for; administrators see everybody's. What follows acts by itself is left out."""
    by_itself = Q(kind__startswith=REACTION) | Q(kind__in=[REMOVE, SEND])
    found = Work.objects.exclude(by_itself).select_related("requested_by")
    found = found if user.may("admin.users") else found.filter(requested_by=user)
    return found.order_by("-created_at", "-pk")


def orders_by_number(user: User, company: Company | None, text: str, limit: int) -> Sequence[Order]:
    """Orders whose number, or the client's own reference, begins with what was typed."""
    beginnings = Q(number__startswith=text) | Q(number__startswith=text.upper())
    found = Order.objects.visible_to(user, company).filter(
        beginnings | Q(customer_reference__startswith=text)
    )
    return list(found.select_related("account").order_by("number")[:limit])


def quotations_by_number(user: User, company: Company | None, text: str, limit: int) -> Sequence[Quotation]:
    """Quotations whose number, or the client's own reference, begins with what was typed."""
    beginnings = Q(number__startswith=text) | Q(number__startswith=text.upper())
    found = Quotation.objects.visible_to(user, company).filter(
        beginnings | Q(customer_reference__startswith=text)
    )
    return list(found.select_related("account").order_by("number")[:limit])


def documents_by_number(user: User, company: Company | None, text: str, limit: int) -> Sequence[Invoice]:
    """Invoices and credit notes whose number begins with what was typed."""
    beginnings = Q(number__startswith=text) | Q(number__startswith=text.upper())
    found = Invoice.objects.visible_to(user, company).filter(beginnings)
    if company is not None:
        found = found.filter(company=company)
    return list(found.select_related("account").order_by("number")[:limit])
