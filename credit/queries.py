"""Readings of credit: who shares a limit, limits of a day, live exposure at three levels, what was decided."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import cached_property
from typing import Any

from django.conf import settings
from django.db.models import Q, QuerySet
from django.utils.module_loading import import_string

from accounts.models import CustomerAccount, LegalEntity
from accounts.policy import due_date
from accounts.queries import belonging_on

from . import formulas
from .enums import Level, LimitKind
from .exposure import AccountFigures, Book
from .formulas import LimitFacts, LimitState, TemporaryAmount
from .guarantee_policy import secured
from .insurance_policy import cover_of
from .models import (
    AccountWatch,
    CreditLimit,
    ExposureSnapshot,
    LimitRequest,
    TemporaryLimit,
)
from .reading import ClientReading, InsuredReading, Relatives, read_client

ZERO = Decimal("0.00")


@dataclass(frozen=True)
class LevelFigures:
    """One level: its limit and net exposure."""

    level: Level
    name: str
    limit: LimitFacts
    net_exposure: Decimal

    @property
    def decided(self) -> bool:
        """Whether this level holds a decision on a base limit (zero and expired are decisions)."""
        return self.limit.kind is not LimitState.NONE

    @property
    def available(self) -> Decimal | None:
        """What may still be used at this level; None when unlimited."""
        return formulas.available(self.limit.effective, self.net_exposure)


@dataclass(frozen=True)
class ExposureView:
    """The exposure of one account on one day, with every level's limit (contract §4)."""

    account: CustomerAccount
    on: date
    currency: str
    figures: AccountFigures
    levels: tuple[LevelFigures, ...]
    rates: Mapping[str, Decimal]
    source: str = "live"
    # None without a cover; of a past day the one in force on it.
    cover: InsuredReading | None = None
    # Net exposure of the client's legal entity with this company: what the insurer's limit is for.
    insured_net: Decimal = ZERO
    # What guarantees count for the client, and for the entity with this company.
    guarantees: Decimal = ZERO
    insured_secured: Decimal = ZERO

    @property
    def gross(self) -> Decimal:
        """Gross exposure of the account."""
        return self.figures.exposure().gross

    @property
    def net(self) -> Decimal:
        """Net exposure of the account."""
        return self.figures.exposure().net

    @property
    def binding(self) -> LevelFigures | None:
        """The level whose limit is tightest; a tie names the lower level; None when none binds."""
        decided = [level for level in self.levels if level.decided and level.available is not None]
        return min(decided, key=lambda level: level.available or ZERO, default=None)

    @property
    def has_decision(self) -> bool:
        """Whether any level holds a decision."""
        return any(level.decided for level in self.levels)

    @property
    def available(self) -> Decimal | None:
        """Least available amount over the deciding levels; −net (plus raises) without decision; None: unlimited."""
        if not self.has_decision:
            return self.levels[0].available
        return None if self.binding is None else self.binding.available

    @property
    def limit(self) -> LimitFacts:
        """The limit that counts: the binding level's, else the account's or the first decided one."""
        if self.binding is not None:
            return self.binding.limit
        return next((level.limit for level in self.levels if level.decided), self.levels[0].limit)

    @cached_property
    def cover_counts(self) -> bool:
        """Whether the insurer bears a share of new deliveries at the client's own term."""
        if self.cover is None:
            return False
        return self.cover.facts.counts_for(
            on=self.on,
            term_days=(due_date(self.on, self.account.term, self.on) - self.on).days,
            overdue=self.figures.overdue,
        )

    @cached_property
    def insured(self) -> Decimal:
        """What the insurer would bear of the account's net exposure (formula of domain.md 4.1, G2)."""
        if self.cover is None or not self.cover_counts:
            return ZERO
        facts = self.cover.facts
        vat_pct = ZERO if facts.vat_insured else usual_vat(self.account, self.on)
        return cover_of(
            facts,
            nets=(self.net, self.insured_net),
            vat_pct=vat_pct,
            counts=True,
            secured=(self.guarantees, self.insured_secured),
        )

    @property
    def uncovered(self) -> Decimal:
        """What neither guarantee nor insurer bears."""
        return formulas.uncovered(self.net, self.insured, self.guarantees)

    def as_contract(self) -> dict[str, Any]:
        """The JSON of contract §4."""
        view, figures = self, self.figures
        limit, effective = view.limit, view.limit.effective
        binding_net = view.binding.net_exposure if view.binding else view.net
        return {
            "account": view.account.code,
            "company": view.account.company.code,
            "currency": view.currency,
            "as_of": view.on.isoformat(),
            "source": view.source,
            "parts": [{"code": code, "amount": money(amount)} for code, amount in figures.exposure().items()],
            "gross_exposure": money(view.gross),
            "net_exposure": money(view.net),
            "guarantees": money(view.guarantees),
            "insured_cover": money(view.insured),
            "uncovered_exposure": money(view.uncovered),
            "limit": limit_as_contract(limit),
            "effective_limit": money(effective),
            "available": money(view.available),
            "utilisation": _ratio(formulas.utilisation(effective, binding_net)),
            "overdue": {
                "amount": money(figures.overdue),
                "oldest_days": figures.oldest_days(view.on),
                "undisputed_amount": money(figures.overdue_undisputed),
            },
            "disputed": money(figures.disputed),
            "on_hold_orders": money(figures.on_hold),
            "left_out": [
                {"code": code, "amount": money(amount)}
                for code, amount in sorted(figures.left_out.items())
                if amount
            ],
            "sold": money(figures.sold) if view.source == "live" else None,
            "levels": [level_as_contract(level) for level in view.levels],
            "binding_level": view.binding.level.word if view.binding else None,
        }


def money(amount: Decimal | None) -> str | None:
    """An amount as the API writes it: two decimals, or null."""
    return None if amount is None else f"{amount:.2f}"


def _ratio(value: Decimal | None) -> str | None:
    return None if value is None else f"{value:.4f}"


def limit_as_contract(limit: LimitFacts) -> dict[str, Any]:
    """A limit as contract §4 shows it."""
    return {
        "kind": limit.kind.value,
        "amount": money(limit.base),
        "temporary": money(limit.temporary),
        "valid_until": limit.valid_until.isoformat() if limit.valid_until else None,
    }


def level_as_contract(level: LevelFigures) -> dict[str, Any]:
    """A level as contract §4 shows it: no part of it, so that nobody reads other accounts through it."""
    shown: dict[str, Any] = {
        "level": level.level.word,
        "limit": limit_as_contract(level.limit),
        "effective_limit": money(level.limit.effective),
        "net_exposure": money(level.net_exposure),
        "available": money(level.available),
    }
    if level.level == Level.ENTITY:
        shown["siren"] = level.name
    elif level.level == Level.GROUP:
        shown["code"] = level.name
    return shown


def kin_of(account_id: int) -> QuerySet[CustomerAccount]:
    """An account with everybody who shares its entity or, where there is one, its group."""
    # Two steps, each answered by an index: one statement with an OR of both reads every account there is.
    entity = LegalEntity.objects.only("group_id").get(accounts=account_id)
    if entity.group_id is None:
        return CustomerAccount.objects.filter(entity_id=entity.pk)
    return CustomerAccount.objects.filter(entity__group_id=entity.group_id)


def relatives_of(account: CustomerAccount) -> Relatives:
    """The accounts that share this account's entity or group, read afresh (after the lock)."""
    rows = list(
        kin_of(account.pk).values_list(
            "pk", "entity_id", "entity__group_id", "entity__siren", "entity__group__code"
        )
    )
    mine = next(row for row in rows if row[0] == account.pk)
    return Relatives(
        account_id=account.pk,
        entity_id=mine[1],
        siren=mine[3] or "",
        group_id=mine[2],
        group_code=mine[4] or "",
        by_entity=tuple(sorted(row[0] for row in rows if row[1] == mine[1])),
        by_group=tuple(sorted(row[0] for row in rows)) if mine[2] is not None else (),
    )


def in_force(on: date) -> Q:
    """Limits of a day: begun, and not closed by then."""
    return Q(valid_from__lte=on) & (Q(closed_on=None) | Q(closed_on__gt=on))


def limits_on(targets: Sequence[tuple[Level, int, str]], on: date) -> dict[Level, LimitFacts]:
    """What each level's limit is on a day."""
    wanted = Q()
    for level, key, _name in targets:
        wanted |= Q(**{f"{level.word}_id": key})
    raises: dict[int, list[TemporaryAmount]] = {}
    for level_id, amount, begins, ends in TemporaryLimit.objects.filter(wanted, in_force(on)).values_list(
        "level", "amount", "valid_from", "valid_until"
    ):
        raises.setdefault(level_id, []).append(TemporaryAmount(amount, begins, ends))
    bases = {
        row[0]: row[1:]
        for row in CreditLimit.objects.filter(wanted, in_force(on))
        .order_by("valid_from", "pk")
        .values_list("level", "amount", "valid_until", "kind")
    }
    found: dict[Level, LimitFacts] = {}
    for level, _key, _name in targets:
        base, until, kind = bases.get(level, (None, None, "base"))
        found[level] = formulas.limit_facts(
            base, until, raises.get(level, ()), on, unlimited=kind == LimitState.UNLIMITED.value
        )
    return found


def exposure_of(
    account: CustomerAccount,
    *,
    on: date,
    skip_order: int | None = None,
    confirmed_before: datetime | None = None,
    counted_until: date | None = None,
) -> ExposureView:
    """The live exposure of one account at its three levels, in its company's currency; as ``read_client`` reads it."""
    reading = read_client(
        account.pk,
        currency=account.company.currency,
        on=on,
        skip_order=skip_order,
        confirmed_before=confirmed_before,
        counted_until=counted_until,
    )
    return view_of(account, reading, on=on)


def view_of(account: CustomerAccount, reading: ClientReading, *, on: date) -> ExposureView:
    """What a reading says of the exposure of an account."""
    insured = reading.cover.accounts if reading.cover else ()
    return ExposureView(
        account=account,
        on=on,
        currency=account.company.currency,
        figures=reading.book.of(account.pk),
        levels=levels_of(reading.relatives, reading.limits, reading.book),
        rates=reading.book.rates,
        cover=reading.cover,
        insured_net=sum((reading.book.of(i).exposure().net for i in insured), ZERO),
        guarantees=_secured(reading, account.pk),
        insured_secured=sum((_secured(reading, i) for i in insured), ZERO),
    )


def _secured(reading: ClientReading, account_id: int) -> Decimal:
    """What guarantees count for one account around the client: its own, and its share of entity's and group's."""
    if not reading.secured.amounts:
        return ZERO
    relatives = reading.relatives

    def owed(key: int) -> Decimal:
        return max(reading.book.of(key).exposure().net, ZERO)

    return secured(
        reading.secured.of(Level.ACCOUNT, account_id),
        owed=owed(account_id),
        above=[
            (reading.secured.of(level, key), sum(map(owed, relatives.of_level(level)), ZERO))
            for level, key, _name in relatives.targets()[1:]
        ],
    )


def usual_vat(account: CustomerAccount, on: date) -> Decimal:
    """The VAT rate that a client's documents usually carry, in percent (the fact ``usual_vat``)."""
    found: Decimal = import_string(settings.CREDIT_FACTS["usual_vat"])(account_id=account.pk, on=on)
    return found


def levels_of(
    relatives: Relatives, limits: Mapping[Level, LimitFacts], book: Book
) -> tuple[LevelFigures, ...]:
    """Each level's limit beside the net exposure of all accounts it adds up."""
    return tuple(
        LevelFigures(
            level,
            name,
            limits[level],
            sum((book.of(i).exposure().net for i in relatives.of_level(level)), ZERO),
        )
        for level, _key, name in relatives.targets()
    )


def snapshot_of(account: CustomerAccount, *, on: date) -> ExposureSnapshot | None:
    """The last snapshot on or before a day."""
    return (
        ExposureSnapshot.objects.filter(level=Level.ACCOUNT, target_id=account.pk, day__lte=on)
        .order_by("-day")
        .first()
    )


def active_watch(account_id: int) -> AccountWatch | None:
    """The watch in force, if any."""
    return AccountWatch.objects.filter(account_id=account_id, lifted_at=None).first()


def targets_on(account: CustomerAccount, on: date) -> tuple[tuple[Level, int, str], ...]:
    """The levels an account stood under on a past day, each with its key and the name the API gives it."""
    then = belonging_on(account, on)
    found = [(Level.ACCOUNT, account.pk, ""), (Level.ENTITY, then.entity.pk, then.entity.siren or "")]
    if then.group is not None:
        found.append((Level.GROUP, then.group.pk, then.group.code))
    return tuple(found)


def limit_history(
    account: CustomerAccount, *, on: date | None = None, decided_before: datetime | None = None
) -> list[dict[str, Any]]:
    """Limits at every level of an account, newest first, as contract §3 (``limits/``) shows them.

    :param on: the past day whose legal entity and group count, today's when left out
    :param decided_before: leaves out what was decided from this moment on
    """
    wanted = Q()
    for level, key, _name in relatives_of(account).targets() if on is None else targets_on(account, on):
        wanted |= Q(**{f"{level.word}_id": key})
    if decided_before is not None:
        wanted &= Q(decided_at__lt=decided_before)
    granted: list[CreditLimit | TemporaryLimit] = [
        *CreditLimit.objects.filter(wanted).select_related("decided_by"),
        *TemporaryLimit.objects.filter(wanted).select_related("decided_by"),
    ]
    granted.sort(key=lambda row: row.decided_at, reverse=True)
    return [
        {
            "level": Level(row.level).word,
            "kind": row.kind if isinstance(row, CreditLimit) else LimitKind.TEMPORARY.value,
            "amount": money(row.amount),
            "currency": row.currency,
            "valid_from": row.valid_from,
            "valid_until": row.valid_until,
            "reason": row.reason,
            "decided_by": row.decided_by.username,
            "decided_at": row.decided_at,
            "closed_on": row.closed_on,
        }
        for row in granted
    ]


def limit_requests_visible(user: Any, company: Any) -> QuerySet[LimitRequest]:
    """Requests about accounts this user may see."""
    accounts = CustomerAccount.objects.visible_to(user, company)
    return LimitRequest.objects.filter(asked_for__in=accounts).select_related(
        "asked_for__entity__group", "requested_by", "decided_by", "countersigned_by", "appeal_of"
    )
