"""Whom to call, by value at stake and chance, with the reason; and what to know before calling."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Final

from django.db.models import Case, Count, DecimalField, F, Min, Q, QuerySet, Sum, Value, When

from accounts.enums import TeamRole
from accounts.models import Company, CustomerAccount, TeamMember, User
from accounts.queries import in_force_on
from dunning import policy
from dunning.enums import PlanStatus, PromiseStatus, ReminderStatus
from dunning.models import Call, PlanItem, PromiseToPay, Reminder
from invoicing.models import DisputedAmount, ReceivableItem
from invoicing.queries import items_on
from invoicing.scope import own_items
from o2c.shared.calendar import paris_date
from o2c.shared.money import ZERO

# Plans whose documents nobody is called for.
RESPECTED: Final = (PlanStatus.SIGNED, PlanStatus.ACTIVE)
SHOWN: Final = 20
_MONEY: Final[DecimalField[Any, Any]] = DecimalField(max_digits=16, decimal_places=2)


@dataclass(frozen=True)
class ToCall:
    """A client in the work list.

    :ivar owed: late, neither promised nor planned nor contested, in ``currency``
    :ivar worth: what a call is worth: each item by the chance of its age
    """

    account: CustomerAccount
    currency: str
    owed: Decimal
    worth: Decimal
    oldest_days: int
    reason: policy.Rank
    broken_on: date | None

    @property
    def chance(self) -> Decimal:
        """The share of what is owed that a call is likely to bring."""
        return self.worth / self.owed if self.owed else ZERO


def work_list(user: User, company: Company, *, on: date) -> tuple[list[ToCall], int]:
    """Clients of this user to be called on a day, the most worth first, and how many there are in all.

    Who is to be contacted later, or was called today, stands in it no more. Six readings for any number.
    """
    rows = _late(user, company, on)
    count = rows.count()
    found = list(rows[:SHOWN])
    keys = [row["account"] for row in found]
    accounts = CustomerAccount.objects.in_bulk(keys)
    contested = dict(
        DisputedAmount.objects.filter(account__in=keys, effective_from__lte=on, item__due_date__lt=on)
        .filter(Q(effective_to=None) | Q(effective_to__gt=on), item__open_amount__gt=0)
        .values("account").annotate(total=Sum("amount")).values_list("account", "total")
    )  # fmt: skip
    since = on - timedelta(days=policy.HOLDS_FOR_DAYS)
    broken = dict(
        PromiseToPay.objects.filter(account__in=keys, status__in=policy.NOT_KEPT, ended_on__gt=since)
        .values("account").annotate(day=Min("promised_date")).values_list("account", "day")
    )  # fmt: skip
    due = set(
        Reminder.objects.filter(account__in=keys, status=ReminderStatus.TO_CALL).values_list(
            "account", flat=True
        )
    )
    again = set(Call.objects.filter(account__in=keys, next_date=on).values_list("account", flat=True))
    mean = sum((row["owed"] for row in found), ZERO) / len(found) if found else ZERO
    listed = []
    for row in found:
        key, owed = row["account"], max(ZERO, row["owed"] - contested.get(row["account"], ZERO))
        if not owed:  # all of it is contested
            continue
        facts = policy.WorkFacts(
            owed, (on - row["oldest"]).days, int(key in broken), key in due, key in again
        )
        listed.append(
            ToCall(
                account=accounts[key],
                currency=row["currency"],
                owed=owed,
                worth=row["worth"] * (owed / row["owed"]),
                oldest_days=facts.oldest_days,
                reason=policy.rank_reason(facts, large_from=mean),
                broken_on=broken.get(key),
            )
        )
    urgent = {policy.Rank.BROKEN, policy.Rank.AGAIN}
    return sorted(listed, key=lambda each: (each.reason not in urgent, -each.worth, each.account.pk)), count


def called_today(user: User, company: Company, *, on: date) -> int:
    """How many calls this user has noted on a day."""
    return Call.objects.visible_to(user, company).filter(made_by=user, made_at__date=on).count()


def items_to_talk_about(user: User, account: CustomerAccount, *, on: date) -> list[Any]:
    """The open items of a client, credits included, the oldest first; each with what is promised or planned of it."""
    book = items_on(CustomerAccount.objects.filter(pk=account.pk), on=on, open_only=True)
    own = book.filter(own_items(user, account.company)).select_related("invoice", "payment")
    promised = Count("promises", filter=Q(promises__is_open=True), distinct=True)
    planned = Count("plans", filter=Q(plans__is_open=True), distinct=True)
    return list(
        own.annotate(is_promised=promised, is_planned=planned).order_by("-days_late", "due_date", "pk")[:60]
    )


def last_contacts(account: CustomerAccount, most: int = 6) -> list[tuple[date, Any]]:
    """The last calls, reminders that left and promises of a client, the latest first."""
    found: list[tuple[date, Any]] = [
        (paris_date(call.made_at), call)
        for call in Call.objects.filter(account=account).select_related("made_by")[:most]
    ]
    sent = Reminder.objects.filter(account=account, status=ReminderStatus.SENT)[:most]
    found += [(each.as_of, each) for each in sent]
    ended = PromiseToPay.objects.filter(account=account).exclude(status=PromiseStatus.CANCELLED)[:most]
    found += [(paris_date(each.taken_at), each) for each in ended]
    return sorted(found, key=lambda row: row[0], reverse=True)[:most]


def promises_kept(account: CustomerAccount) -> tuple[int, int]:
    """How many promises of a client were kept, of how many judged."""
    judged = PromiseToPay.objects.filter(account=account).filter(
        Q(status=PromiseStatus.KEPT) | Q(status__in=policy.NOT_KEPT)
    )
    return judged.filter(status=PromiseStatus.KEPT).count(), judged.count()


def _late(user: User, company: Company, on: date) -> QuerySet[Any, Any]:
    later = Call.objects.filter(company=company, next_date__gt=on).values("account")
    today = Call.objects.filter(company=company, made_at__date=on).values("account")
    entrusted = TeamMember.objects.filter(
        in_force_on(on), role=TeamRole.PARTNER, user__is_active=True, account__company=company
    )
    if user.is_outside(company):
        # What was handed over is theirs to claim.
        spoken_for = Q()
    else:
        # One voice: whom a partner speaks with is called by nobody of the house, nor is what was handed over.
        spoken_for = Q(hand_overs__is_open=True) | Q(account__in=entrusted.values("account"))
    bounds = [
        When(due_date__gte=on - timedelta(days=days), then=F("open_amount") * share)
        for days, share in policy.CHANCES
    ]
    worth = Case(*bounds, default=F("open_amount") * Value(policy.CHANCE_BEYOND), output_field=_MONEY)
    return (
        ReceivableItem.objects.visible_to(user, company)
        .filter(open_amount__gt=0, due_date__lt=on, effective_date__lte=on)
        .exclude(promises__is_open=True)
        .exclude(plans__in=PlanItem.objects.filter(is_open=True, plan__status__in=RESPECTED))
        .exclude(spoken_for)
        .exclude(account__in=later)
        .exclude(account__in=today)
        .order_by()
        .values("account", "currency")
        .annotate(owed=Sum("open_amount"), oldest=Min("due_date"), worth=Sum(worth))
        .order_by("-worth", "account")
    )
