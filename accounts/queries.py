"""Readings of clients that more than one place asks for."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from django.contrib.postgres.search import TrigramWordSimilarity
from django.db.models import Case, IntegerField, OuterRef, Q, Subquery, Value, When

from o2c.shared.problems import NotFound
from o2c.shared.text import search_key

from .circuit_policy import Circuit
from .enums import TeamRole
from .models import (
    Company,
    CustomerAccount,
    CustomerAccountQuerySet,
    CustomerGroup,
    EntityMembership,
    GroupMembership,
    LegalEntity,
    PaymentCircuit,
    TeamMember,
    User,
)

# Below this likeness two words are not the same word mistyped.
_LIKENESS: Final = 0.5
_FUZZY_FROM: Final = 4
_FIGURES: Final = re.compile(r"[\d\s\u00a0\u202f.]+")
_SIREN_LENGTH: Final = 9


def find_account(user: User, company: Company | None, code: str) -> CustomerAccount:
    """The client with this code, with its entity and group.

    :raises NotFound: there is none, or it is not this user's to see
    """
    found = CustomerAccount.objects.visible_to(user, company).filter(code=code)
    account = found.select_related("company", "entity__group").order_by("company__code").first()
    if account is None:
        raise NotFound
    return account


def client_list(user: User, company: Company | None = None) -> CustomerAccountQuerySet:
    """Clients the user may see, in alphabetical order, each with ``rep_username``, entity and group."""
    rep = TeamMember.objects.filter(account=OuterRef("pk"), role=TeamRole.SALES_REP, valid_to=None)
    return (
        CustomerAccount.objects.visible_to(user, company)
        .select_related("company", "entity__group")
        .annotate(rep_username=Subquery(rep.values("user__username")[:1]))
        .order_by("sort_key", "code")
    )


def matching(accounts: CustomerAccountQuerySet, text: str) -> CustomerAccountQuerySet:
    """Those whose name, code, SIREN, SIRET or town holds every word of ``text``; accents do not matter."""
    for word in _words(text):
        accounts = accounts.filter(search_key__contains=word)
    return accounts


def global_search(
    user: User, company: Company | None, text: str, *, limit: int = 8
) -> Sequence[CustomerAccount]:
    """Clients for the search box: exact codes first, then names that begin so, then all that hold the words.

    When nothing holds them, names that are nearly so.
    """
    words = _words(text)
    if not words:
        return []
    visible = CustomerAccount.objects.visible_to(user, company).select_related("company", "entity")
    rank = Case(
        When(code__iexact=text.strip(), then=Value(0)),
        When(search_key__startswith=" ".join(words), then=Value(1)),
        default=Value(2),
        output_field=IntegerField(),
    )
    found = list(matching(visible, text).annotate(rank=rank).order_by("rank", "sort_key", "code")[:limit])
    key = " ".join(words)
    if found or len(key) < _FUZZY_FROM:
        return found
    likeness = TrigramWordSimilarity(key, "search_key")
    # The operator in front lets the index choose the candidates.
    near = visible.filter(search_key__trigram_word_similar=key).annotate(likeness=likeness)
    return list(near.filter(likeness__gte=_LIKENESS).order_by("-likeness", "sort_key")[:limit])


def _words(text: str) -> list[str]:
    """The words to look for; figures written in groups, as SIRENs are, make one word."""
    bare = text.strip()
    if _FIGURES.fullmatch(bare) and len(re.sub(r"\D", "", bare)) >= _SIREN_LENGTH:
        return [re.sub(r"\D", "", bare)]
    return search_key(bare).split()


@dataclass(frozen=True)
class Belonging:
    """Who a client belonged to on a day.

    :ivar team: those who looked after it, each with its user
    """

    entity: LegalEntity
    group: CustomerGroup | None
    team: tuple[TeamMember, ...]

    @property
    def rep(self) -> User | None:
        """The sales rep, None when it had none."""
        return next((member.user for member in self.team if member.role == TeamRole.SALES_REP), None)


def in_force_on(day: date) -> Q:
    """Dated rows of a day: ``valid_to`` is the first day they no longer hold (design 3.2)."""
    return Q(valid_from__lte=day) & (Q(valid_to=None) | Q(valid_to__gt=day))


def belonging_on(account: CustomerAccount, day: date) -> Belonging:
    """Legal entity, group and team of a client on a day; before its first row, the first entity it had."""
    rows = EntityMembership.objects.filter(account=account).select_related("entity")
    held = rows.filter(in_force_on(day)).order_by("-valid_from", "-pk").first()
    held = held or rows.order_by("valid_from", "pk").first()
    entity = held.entity if held else account.entity
    grouped = GroupMembership.objects.filter(in_force_on(day), entity=entity).select_related("group")
    found = grouped.order_by("-valid_from", "-pk").first()
    team = TeamMember.objects.filter(in_force_on(day), account=account).select_related("user")
    return Belonging(
        entity, found.group if found else None, tuple(team.order_by("role", "user__last_name", "pk"))
    )


@dataclass(frozen=True)
class Since:
    """One belonging of a client with its days; ``last_day`` is None while it lasts."""

    kind: str
    name: str
    valid_from: date
    last_day: date | None


def belongings_of(account: CustomerAccount) -> list[Since]:
    """Legal entities, groups of the present one, and sales reps of a client, each kind from the latest back."""
    entities = EntityMembership.objects.filter(account=account).select_related("entity")
    groups = GroupMembership.objects.filter(entity=account.entity).select_related("group")
    reps = TeamMember.objects.filter(account=account, role=TeamRole.SALES_REP).select_related("user")
    found = [("entity", f"{row.entity.name} {row.entity.siren or ''}".strip(), row) for row in entities]
    found += [("group", row.group.name, row) for row in groups]  # type: ignore[misc]
    found += [("rep", row.user.label(), row) for row in reps]  # type: ignore[misc]
    rows = [
        Since(kind, name, row.valid_from, row.valid_to - timedelta(days=1) if row.valid_to else None)
        for kind, name, row in found
    ]
    order = ("entity", "group", "rep")
    return sorted(rows, key=lambda row: (order.index(row.kind), -row.valid_from.toordinal()))


def members_on(group: CustomerGroup, day: date) -> CustomerAccountQuerySet:
    """The clients whose legal entity belonged to a group on a day."""
    entities = GroupMembership.objects.filter(in_force_on(day), group=group).values("entity")
    return CustomerAccount.objects.filter(
        pk__in=EntityMembership.objects.filter(in_force_on(day), entity__in=entities).values("account")
    )


def rep_of(account: CustomerAccount | int, on: date) -> User | None:
    """The sales rep of a client on a day, None when it had none."""
    account_id = account.pk if isinstance(account, CustomerAccount) else account
    row = (
        TeamMember.objects.filter(in_force_on(on), account_id=account_id, role=TeamRole.SALES_REP)
        .select_related("user")
        .order_by("-valid_from", "-pk")
        .first()
    )
    return row.user if row else None


def circuit_of(account: CustomerAccount) -> PaymentCircuit | None:
    """What is known of a client's way to approve and pay."""
    return PaymentCircuit.objects.filter(account=account).first()


def circuits_of(account_ids: Iterable[int]) -> dict[int, Circuit]:
    """The payment runs of clients that have any, by client, in one query."""
    rows = PaymentCircuit.objects.filter(account__in=set(account_ids), run_days__len__gt=0)
    return {
        account: Circuit(tuple(days), cut_off)
        for account, days, cut_off in rows.values_list("account", "run_days", "cut_off_day")
    }
