"""Exposure of a past day, from its snapshots (design 3.13)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import (
    CustomerAccount,
    CustomerGroup,
    EntityMembership,
    GroupMembership,
    LegalEntity,
)
from o2c.shared.money import ZERO, convert
from o2c.shared.problems import NotFound

from .enums import Level
from .exposure import AccountFigures, all_rates_on
from .formulas import PART_CODES
from .guarantee_policy import secured
from .insurance_queries import cover_on
from .models import ExposureSnapshot
from .queries import ExposureView, LevelFigures, limits_on, targets_on
from .reading import InsuredReading


class NoSnapshot(NotFound):
    """Nothing was recorded yet on that day."""

    code = "no_snapshot"
    message = _("No exposure was recorded for this client by that day.")


def exposure_by(account: CustomerAccount, *, on: date) -> dict[str, Any]:
    """The exposure as it was recorded last by the end of a day, in the shape of contract §4.

    What was not recorded (the undisputed part of what was late) is null, never zero.

    :raises NoSnapshot: the first one is younger
    """
    return told(view_by(account, on=on))


def told(view: ExposureView) -> dict[str, Any]:
    """A past day's exposure in the shape of contract §4, as ``exposure_by`` answers."""
    answer = view.as_contract()
    answer["overdue"]["undisputed_amount"] = None
    return answer


def view_by(account: CustomerAccount, *, on: date) -> ExposureView:
    """The exposure as it was recorded last by the end of a day.

    Parts and totals are those of the snapshot; limits are the decisions in force on the day, at the levels the
    account stood under then.

    :raises NoSnapshot: the first one is younger
    """
    own = _last(Level.ACCOUNT, account.pk, on)
    if own is None:
        raise NoSnapshot
    targets = targets_on(account, on)
    limits = limits_on(targets, on)
    levels, above = [], []
    for level, key, name in targets:
        row = own if level is Level.ACCOUNT else _last(level, key, on)
        net, guarantees, owing = _of_level(row, own, on)
        levels.append(LevelFigures(level, name, limits[level], net))
        if level is not Level.ACCOUNT:
            above.append((guarantees, owing))
    view = ExposureView(
        account=account,
        on=on,
        currency=own.currency,
        figures=_figures(own),
        levels=tuple(levels),
        rates={},
        source="snapshot",
        guarantees=_secured(own, above),
    )
    return _insured(view, entity_id=targets[1][1], above=above)


def _insured(view: ExposureView, *, entity_id: int, above: Sequence[tuple[Decimal, Decimal]]) -> ExposureView:
    """The same with the cover in force on its day, and what it is for: the entity's clients of the same company."""
    company, on = view.account.company, view.on
    facts = cover_on(company, entity_id, on=on)
    if facts is None:
        return view
    then = EntityMembership.objects.filter(valid_from__lte=on, valid_to__gt=on, account__company=company)
    stayed = CustomerAccount.objects.filter(company=company, entity=entity_id).exclude(
        pk__in=then.values("account")
    )
    keys = [*stayed.values_list("pk", flat=True)]
    keys += then.filter(entity=entity_id).values_list("account", flat=True)
    rows = ExposureSnapshot.objects.filter(level=Level.ACCOUNT, target_id__in=keys, day__lte=on)
    kin = list(rows.order_by("target_id", "-day").distinct("target_id"))
    return replace(
        view,
        cover=InsuredReading(facts, tuple(keys), ZERO),
        insured_net=sum((row.net_exposure for row in kin), ZERO),
        insured_secured=sum((_secured(row, above) for row in kin), ZERO),
    )


def _secured(row: ExposureSnapshot, above: Sequence[tuple[Decimal, Decimal]]) -> Decimal:
    return secured(row.guarantees, owed=max(row.net_exposure, ZERO), above=above)


def _targets_on(account: CustomerAccount, on: date) -> tuple[tuple[Level, int, str], ...]:
    """Levels from the account up as they were on a day; only those that have moved since stand in the history."""
    then = EntityMembership.objects.filter(account=account, valid_from__lte=on, valid_to__gt=on)
    moved = then.select_related("entity__group").first()
    entity = account.entity if moved is None else moved.entity
    found: list[tuple[Level, int, str]] = [
        (Level.ACCOUNT, account.pk, ""),
        (Level.ENTITY, entity.pk, entity.siren or ""),
    ]
    group = _group_on(entity, on)
    if group is not None:
        found.append((Level.GROUP, group.pk, group.code))
    return tuple(found)


def _group_on(entity: LegalEntity, on: date) -> CustomerGroup | None:
    moves = list(
        GroupMembership.objects.filter(
            Q(valid_to__gt=on) | Q(valid_to=None, valid_from__gt=on), entity=entity
        ).select_related("group")
    )
    # Who joined another since was in none before, unless a row says so.
    return next((move.group for move in moves if move.valid_from <= on), None) if moves else entity.group


def _of_level(
    row: ExposureSnapshot | None, own: ExposureSnapshot, on: date
) -> tuple[Decimal, Decimal, Decimal]:
    """Net exposure of a level, its guarantees and what its accounts owe, in the account's currency.

    Where nothing better is known: the account's own net exposure, and no guarantee.
    """
    if row is None:
        return own.net_exposure, ZERO, ZERO
    if row.currency == own.currency:
        return row.net_exposure, row.guarantees, row.owing
    rates = all_rates_on(on, only={row.currency, own.currency})
    if not {row.currency, own.currency} <= set(rates):
        return own.net_exposure, ZERO, ZERO
    net, guarantees, owing = (
        convert(amount, rates[row.currency], rates[own.currency])
        for amount in (row.net_exposure, row.guarantees, row.owing)
    )
    return net, guarantees, owing


def _last(level: Level, key: int, on: date) -> ExposureSnapshot | None:
    rows = ExposureSnapshot.objects.filter(level=level, target_id=key, day__lte=on)
    return rows.order_by("-day").first()


def _figures(row: ExposureSnapshot) -> AccountFigures:
    return AccountFigures(
        parts=dict(zip(PART_CODES, row.parts, strict=True)),
        overdue=row.overdue,
        disputed=row.disputed,
        on_hold=row.on_hold_orders,
        oldest_due=row.oldest_due,
    )
