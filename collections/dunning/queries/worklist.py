"""Whom to call, by value at stake and chance, with the reason; and what to know before calling."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Final

from django.db.models import (
    Case,
    Count,
    DecimalField,
    F,
    Min,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Sum,
    Value,
    When,
)

from accounts.enums import TeamRole
from accounts.models import Company, CustomerAccount, TeamMember, User
from accounts.queries import in_force_on
from dunning import policy
from dunning.enums import PlanStatus, PromiseStatus, ReminderStatus
from dunning.models import Call, PlanItem, PromiseToPay, Reminder
from invoicing.models import Assignment, DisputedAmount, ReceivableItem
from invoicing.queries import items_on
from invoicing.scope import own_items
from o2c.shared.calendar import paris_date
from o2c.shared.money import ZERO

# Plans whose documents nobody is called for.
RESPECTED: Final = (PlanStatus.SIGNED, PlanStatus.ACTIVE)
SHOWN: Final = 20
_MONEY: Final[DecimalField[Any, Any]] = DecimalField(max_digits=16, decimal_places=2)


@dataclass(frozen=True)
class Site:
    """An account of a client with several under one legal entity; ``owed`` is late and may be asked for."""

    account: CustomerAccount
    owed: Decimal
    oldest_days: int


@dataclass(frozen=True)
class ToCall:
    """A legal entity in the work list: all its sites in one line, called by one person with one voice.

    :ivar account: the site with most at stake
    :ivar owed: late, neither promised nor planned nor contested, in ``currency``
    :ivar worth: what a call is worth: each item by the chance of its age
    :ivar sites: those that are late, the most at stake first
    :ivar collector: who calls all of them, None where nobody is named
    """

    account: CustomerAccount
    currency: str
    owed: Decimal
    worth: Decimal
    oldest_days: int
    reason: policy.Rank
    broken_on: date | None
    sites: tuple[Site, ...] = ()
    collector: User | None = None

    @property
    def chance(self) -> Decimal:
        """The share of what is owed that a call is likely to bring."""
        return self.worth / self.owed if self.owed else ZERO

    @property
    def name(self) -> str:
        """The client's name; of several sites that of their legal entity."""
        return self.account.entity.name if len(self.sites) > 1 else self.account.name


def work_list(user: User, company: Company, *, on: date, mine: bool = False) -> tuple[list[ToCall], int]:
    """Clients of this user to be called on a day, the most worth first, and how many there are in all.

    Sites of one legal entity (SIREN) are one client. Who is to be contacted later, or was called today, stands in it
    no more, whichever site it was. Eight readings for any number.

    :param mine: those alone whose one collector is this user, and those without any
    """
    rows = _late(user, company, on)
    if mine:
        rows = rows.filter(Q(collector=user.pk) | Q(collector=None))
    count = rows.count()
    found = list(rows[:SHOWN])
    facts = _Facts.of(user, company, found, on)
    mean = sum((row["owed"] for row in found), ZERO) / len(found) if found else ZERO
    listed = [each for row in found if (each := facts.line(row, on, mean)) is not None]
    urgent = {policy.Rank.BROKEN, policy.Rank.AGAIN}
    return sorted(listed, key=lambda each: (each.reason not in urgent, -each.worth, each.account.pk)), count


@dataclass(frozen=True)
class _Facts:
    """What is known of the accounts behind some lines."""

    sites: dict[tuple[int, str], list[dict[str, Any]]]
    accounts: dict[int, CustomerAccount]
    contested: dict[int, Decimal]
    broken: dict[int, date]
    due: frozenset[int]
    again: frozenset[int]
    people: dict[int, User]

    @classmethod
    def of(cls, user: User, company: Company, found: list[dict[str, Any]], on: date) -> _Facts:
        """Read them, each kind at once."""
        entities = {row["account__entity"] for row in found}
        rows = (
            _items(user, company, on)
            .filter(account__entity__in=entities)
            .values("account__entity", "account", "currency")
        )
        sites: dict[tuple[int, str], list[dict[str, Any]]] = {}
        summed: QuerySet[Any, Any] = rows.annotate(owed=Sum("open_amount"), oldest=Min("due_date"))
        for row in summed.order_by("-owed", "account"):
            sites.setdefault((row["account__entity"], row["currency"]), []).append(row)
        keys = {row["account"] for each in sites.values() for row in each}
        since = on - timedelta(days=policy.HOLDS_FOR_DAYS)
        return cls(
            sites=sites,
            accounts=CustomerAccount.objects.select_related("entity").in_bulk(keys),
            contested=dict(
                DisputedAmount.objects.filter(account__in=keys, effective_from__lte=on, item__due_date__lt=on)
                .filter(Q(effective_to=None) | Q(effective_to__gt=on), item__open_amount__gt=0)
                .values("account").annotate(total=Sum("amount")).values_list("account", "total")
            ),
            broken=dict(
                PromiseToPay.objects.filter(account__in=keys, status__in=policy.NOT_KEPT, ended_on__gt=since)
                .values("account").annotate(day=Min("promised_date")).values_list("account", "day")
            ),
            due=frozenset(
                Reminder.objects.filter(account__in=keys, status=ReminderStatus.TO_CALL).values_list(
                    "account", flat=True
                )
            ),
            again=frozenset(Call.objects.filter(account__in=keys, next_date=on).values_list("account", flat=True)),
            people=User.objects.in_bulk({row["collector"] for row in found if row["collector"]}),
        )  # fmt: skip

    def line(self, row: dict[str, Any], on: date, large_from: Decimal) -> ToCall | None:
        """The line of a client; None where all of it is contested."""
        sites = [
            Site(self.accounts[each["account"]], owed, (on - each["oldest"]).days)
            for each in self.sites.get((row["account__entity"], row["currency"]), ())
            if (owed := max(ZERO, each["owed"] - self.contested.get(each["account"], ZERO)))
        ]
        if not sites:
            return None
        sites.sort(key=lambda site: (-site.owed, site.account.pk))
        keys = {site.account.pk for site in sites}
        owed = sum((site.owed for site in sites), ZERO)
        broken = min((self.broken[key] for key in keys & self.broken.keys()), default=None)
        oldest = max(site.oldest_days for site in sites)
        facts = policy.WorkFacts(
            owed, oldest, int(broken is not None), bool(keys & self.due), bool(keys & self.again)
        )
        return ToCall(
            account=sites[0].account,
            currency=row["currency"],
            owed=owed,
            worth=row["worth"] * (owed / row["owed"]),
            oldest_days=oldest,
            reason=policy.rank_reason(facts, large_from=large_from),
            broken_on=broken,
            sites=tuple(sites),
            collector=self.people.get(row["collector"] or 0),
        )


def sites_of(user: User, account: CustomerAccount) -> list[CustomerAccount]:
    """The accounts of the same legal entity in the same company that this user sees, this one first."""
    rows = CustomerAccount.objects.visible_to(user, account.company).filter(entity=account.entity_id)
    return sorted(rows, key=lambda each: (each.pk != account.pk, each.sort_key, each.pk))


@dataclass(frozen=True)
class Workload:
    """What lies with one collector, each client once; None: nobody is named.

    :ivar clients: legal entities, ``sites`` their accounts, ``documents`` what is late of them
    :ivar calls_due: calls that scenarios ask for; ``calls_made``: within the last week
    """

    collector: User | None
    currency: str
    clients: int
    sites: int
    documents: int
    owed: Decimal
    calls_due: int
    calls_made: int


def workloads(user: User, company: Company, *, on: date) -> list[Workload]:
    """What lies with whom, the most first; five readings for any number."""
    rows = (
        _items(user, company, on)
        .annotate(collector=_collector(company, on))
        .values("collector", "currency")
        .annotate(
            clients=Count("account__entity", distinct=True),
            sites=Count("account", distinct=True),
            documents=Count("pk", distinct=True),
            owed=Sum("open_amount"),
        )
        .order_by("-owed", "collector")
    )
    found = list(rows)
    due: dict[int | None, int] = dict(
        Reminder.objects.visible_to(user, company)
        .filter(status=ReminderStatus.TO_CALL)
        .annotate(collector=_collector(company, on))
        .values("collector").annotate(n=Count("account__entity", distinct=True)).order_by()
        .values_list("collector", "n")
    )  # fmt: skip
    week = on - timedelta(days=7)
    made: dict[int, int] = dict(
        Call.objects.visible_to(user, company)
        .filter(made_at__date__gt=week, pooled_with=None)
        .values("made_by").annotate(n=Count("pk")).order_by().values_list("made_by", "n")
    )  # fmt: skip
    people = User.objects.in_bulk({row["collector"] for row in found if row["collector"]})
    return [
        Workload(
            collector=people.get(row["collector"] or 0),
            currency=row["currency"],
            clients=row["clients"],
            sites=row["sites"],
            documents=row["documents"],
            owed=row["owed"],
            calls_due=due.get(row["collector"], 0),
            calls_made=made.get(row["collector"] or 0, 0),
        )
        for row in found
    ]


def called_today(user: User, company: Company, *, on: date) -> int:
    """How many calls this user has noted on a day; one about several sites is one call."""
    made = Call.objects.visible_to(user, company).filter(made_by=user, made_at__date=on)
    return made.filter(pooled_with=None).count()


def items_to_talk_about(
    user: User, account: CustomerAccount, *, on: date, sites: Sequence[CustomerAccount] = ()
) -> list[Any]:
    """The open items of a client, credits included, the oldest first; each with what is promised or planned of it.

    :param sites: further accounts of the same legal entity
    """
    keys = {account.pk, *(site.pk for site in sites)}
    book = items_on(CustomerAccount.objects.filter(pk__in=keys), on=on, open_only=True)
    own = book.filter(own_items(user, account.company)).select_related("invoice", "payment", "account")
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


def _items(user: User, company: Company, on: date) -> QuerySet[ReceivableItem]:
    """Late items that a call may be about."""
    entrusted = TeamMember.objects.filter(
        in_force_on(on), role=TeamRole.PARTNER, user__is_active=True, account__company=company
    )
    rows = (
        ReceivableItem.objects.visible_to(user, company)
        .filter(open_amount__gt=0, due_date__lt=on, effective_date__lte=on)
        .exclude(promises__is_open=True)
        .exclude(plans__in=PlanItem.objects.filter(is_open=True, plan__status__in=RESPECTED))
        # What is sold by an agreement that notifies is the factor's to ask for.
        .exclude(
            pk__in=Assignment.objects.in_force(on).filter(company=company, is_notified=True).values("item")
        )
    )
    if not user.is_outside(company):
        # One voice: whom a partner speaks with is called by nobody of the house, nor is what was handed over.
        rows = rows.exclude(hand_overs__is_open=True).exclude(account__in=entrusted.values("account"))
    return rows.order_by()


def _collector(company: Company, on: date) -> Any:
    """Who calls all sites of a legal entity: the collector of any of them who has been it for longest."""
    members = TeamMember.objects.filter(
        in_force_on(on),
        role=TeamRole.COLLECTOR,
        user__is_active=True,
        account__company=company,
        account__entity=OuterRef("account__entity"),
    )
    return Subquery(members.order_by("valid_from", "pk").values("user")[:1])


def _late(user: User, company: Company, on: date) -> QuerySet[Any, Any]:
    later = Call.objects.filter(company=company, next_date__gt=on).values("account__entity")
    today = Call.objects.filter(company=company, made_at__date=on).values("account__entity")
    bounds = [
        When(due_date__gte=on - timedelta(days=days), then=F("open_amount") * share)
        for days, share in policy.CHANCES
    ]
    worth = Case(*bounds, default=F("open_amount") * Value(policy.CHANCE_BEYOND), output_field=_MONEY)
    return (
        _items(user, company, on)
        .exclude(account__entity__in=later)
        .exclude(account__entity__in=today)
        .values("account__entity", "currency")
        .annotate(owed=Sum("open_amount"), worth=Sum(worth), collector=_collector(company, on))
        .order_by("-worth", "account__entity")
    )
