"""Readings of disputes used more than once."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Final, NamedTuple

from django.db.models import Count, Prefetch, Q, QuerySet

from accounts.models import Company, RoleGrant, User
from credit.alerts.facts import Event
from o2c.shared.calendar import add_months
from o2c.shared.problems import NotFound

from .enums import Department, DisputeOutcome, DisputeStatus, DisputeType, RootCause
from .models import Dispute, DisputeCosting, DisputeLine, DisputeRule
from .policy import DEFAULTS, only_to_delay, share_unfounded


class DisputeUnknown(NotFound):
    code = "dispute_not_found"


def disputes_visible(user: User, company: Company | None = None) -> QuerySet[Dispute]:
    """Disputes this user may see, with all that an answer or a list shows, in a constant number of queries."""
    lines = DisputeLine.objects.select_related("item__invoice").order_by("item__due_date", "pk")
    return (
        Dispute.objects.visible_to(user, company)
        .select_related("company", "account", "opened_by", "owner", "decided_by", "changed_by")
        .prefetch_related(Prefetch("lines", lines))
    )


def find_dispute(user: User, company: Company | None, number: str) -> Dispute:
    """The dispute with this number: of the company at work first, else of another one this user sees.

    :raises DisputeUnknown: there is none, or it is not this user's to see
    """
    found = disputes_visible(user, company).filter(number=number).first() if company else None
    found = found or disputes_visible(user).filter(number=number).order_by("company_id").first()
    if found is None:
        raise DisputeUnknown
    return found


def people_for_disputes(company_id: int) -> QuerySet[User]:
    """Those who may own a dispute in a company, by name."""
    grants = RoleGrant.objects.filter(company_id=company_id, role__permissions__contains=["disputes.work"])
    people = User.objects.filter(pk__in=grants.values("user"), is_active=True, is_system=False)
    return people.order_by("last_name", "first_name", "username")


def rules_of(company_id: int) -> Mapping[DisputeType, tuple[Department, int]]:
    """Department and agreed days per type: the company's own rows over the common ones."""
    rows = DisputeRule.objects.filter(company_id=company_id)
    own = {DisputeType(row.type): (Department(row.department), row.agreed_days) for row in rows}
    return DEFAULTS | own


def new_disputes(*, account_ids: Sequence[int], since: date, on: date) -> Iterator[Event]:
    """Disputes opened of late that are not closed, with what they contest (``settings.ALERT_EVENTS``)."""
    rows = Dispute.objects.filter(
        account__in=account_ids, opened_on__gt=since, opened_on__lte=on, closed_on=None
    ).order_by("pk")
    for account, number, amount, currency in rows.values_list("account", "number", "amount", "currency"):
        yield Event(account, number, amount, currency, {"dispute": number})


def hour_rate_of(company_id: int) -> Decimal | None:
    """What an hour spent on disputes costs a company, in its currency; None where nobody has said."""
    return DisputeCosting.objects.filter(company=company_id).values_list("hour_rate", flat=True).first()


def resolutions_expected(item_ids: list[int]) -> list[tuple[int, date]]:
    """The day the dispute of an item is to be solved by, where one was agreed (``settings.EXPECTED_RECEIPTS``)."""
    rows = DisputeLine.objects.filter(item__in=item_ids, closed_on=None)
    agreed = rows.values_list("item_id", "dispute__agreed_due_on").order_by("dispute__agreed_due_on")
    return [(item, day) for item, day in agreed if day is not None]


_MONTHS: Final = 12


class AbusiveDisputes(NamedTuple):
    """How a client's disputes of twelve months ended (domain.md 4.8, 7.5).

    :ivar decided: those that somebody decided about; what the client withdrew is none of them
    :ivar unfounded: of these, closed as unfounded: the client pays
    :ivar pretexts: of these, those whose root cause is a pretext to pay later
    """

    decided: int
    unfounded: int
    pretexts: int

    @property
    def share(self) -> Decimal:
        """The share closed as unfounded, in [0, 1] with four decimals."""
        return share_unfounded(self.unfounded, self.decided)

    @property
    def feeds_score(self) -> bool:
        """Whether the client contested only to delay, as often as counts."""
        return only_to_delay(self.pretexts)


def abusive_disputes(
    company: Company, on: date, *, account_ids: Collection[int] | None = None
) -> dict[int, AbusiveDisputes]:
    """Return how disputes that ended in the twelve months until a day ended, by account, in one statement.

    A client without any that was decided is left out: nothing is known of how it contests.

    :param account_ids: only these
    """
    ended = Dispute.objects.filter(company=company, closed_on__gt=add_months(on, -_MONTHS), closed_on__lte=on)
    if account_ids is not None:
        ended = ended.filter(account__in=account_ids)
    rows = (
        ended.exclude(status=DisputeStatus.WITHDRAWN)
        .order_by()
        .values_list("account")
        .annotate(
            decided=Count("pk"),
            unfounded=Count("pk", filter=Q(outcome=DisputeOutcome.REJECTED)),
            pretexts=Count("pk", filter=Q(root_cause=RootCause.CUSTOMER_CASH_PRETEXT)),
        )
    )
    return {account: AbusiveDisputes(*counts) for account, *counts in rows}
