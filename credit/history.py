"""Exposure of a past day, from its snapshots (design 3.13)."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.utils.translation import gettext_lazy as _

from accounts.models import CustomerAccount
from o2c.shared.problems import NotFound

from .enums import Level
from .exposure import AccountFigures
from .formulas import PART_CODES
from .models import ExposureSnapshot
from .queries import ExposureView, LevelFigures, limits_on, targets_on


class NoSnapshot(NotFound):
    """Nothing was recorded yet on that day."""

    code = "no_snapshot"
    message = _("No exposure was recorded for this client by that day.")


def exposure_by(account: CustomerAccount, *, on: date) -> dict[str, Any]:
    """The exposure as it was recorded last by the end of a day, in the shape of contract §4.

    What was not recorded (the undisputed part of what was late) is null, never zero.

    :raises NoSnapshot: the first one is younger
    """
    answer = view_by(account, on=on).as_contract()
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
    levels = []
    for level, key, name in targets:
        row = own if level is Level.ACCOUNT else _last(level, key, on)
        levels.append(LevelFigures(level, name, limits[level], (row or own).net_exposure))
    return ExposureView(
        account=account,
        on=on,
        currency=own.currency,
        figures=_figures(own),
        levels=tuple(levels),
        rates={},
        source="snapshot",
    )


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
