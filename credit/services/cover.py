"""What the credit insurer says of buyers, as dated rows that are never changed."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from accounts.models import Company, CustomerAccount, LegalEntity, User
from accounts.services import Effect
from credit.enums import CoverStatus
from credit.locks import lock_credit_of
from credit.models import BuyerCover
from o2c.shared import audit, work
from o2c.shared.copying import copy_in
from o2c.shared.problems import Conflict, Invalid, NotAllowed, NotFound, Refusal

_AT_ONCE: Final = 1000


class EntityUnknown(NotFound):
    code = "entity_not_found"
    message = _("No client has this SIREN: open the client first.")


class CoverKnown(Conflict):
    code = "key_conflict"
    message = _(
        "A cover from this day on is known already, with other content: what changed has its own day."
    )


@dataclass(frozen=True, slots=True)
class CoverRow:
    """One word of the insurer on one buyer; the amount is in the company's currency."""

    siren: str
    amount: Decimal
    insured_pct: Decimal
    status: CoverStatus
    effective_on: date
    valid_until: date | None = None


def record_covers(
    *, company: Company, rows: Sequence[CoverRow], by: User, at: datetime, only_ask: bool = False
) -> list[Effect | Refusal]:
    """Store covers, each for itself; one that stands there already with the same content is unchanged.

    :param only_ask: say what would happen, and write nothing
    :return: per row what became of it
    """
    if not by.may("imports.run", company):
        raise NotAllowed
    with transaction.atomic():
        # Two files of one company follow each other.
        Company.objects.select_for_update(no_key=True).get(pk=company.pk)
        entities = {
            entity.siren: entity
            for entity in LegalEntity.objects.filter(siren__in={row.siren for row in rows})
        }
        known = {
            (cover.entity_id, cover.effective_on): _content(cover)
            for cover in BuyerCover.objects.filter(company=company, entity__in=entities.values())
        }
        verdicts: list[Effect | Refusal] = []
        new: list[BuyerCover] = []
        for row in rows:
            entity = entities.get(row.siren)
            verdict = _verdict(row, entity, known)
            verdicts.append(verdict)
            if verdict is Effect.CREATED and entity is not None:
                known[entity.pk, row.effective_on] = _content(row)
                new.append(_cover(company, entity, row, by, at))
        if not only_ask:
            look_again(company, [cover.entity_id for cover in new])
            copy_in(new)
            copy_in(
                [
                    audit.event(
                        "cover.recorded",
                        cover,
                        by=by,
                        at=at,
                        label=cover.entity.siren or "",
                        after={
                            "amount": cover.amount,
                            "insured_pct": cover.insured_pct,
                            "status": cover.status,
                            "effective_on": cover.effective_on,
                            "valid_until": cover.valid_until,
                        },
                    )
                    for cover in new
                ]
            )
    return verdicts


def look_again(company: Company, entity_ids: Sequence[int] | QuerySet[Any]) -> None:
    """Take the credit locks of an entity's clients and have their orders examined again (ADR 0004)."""
    accounts = CustomerAccount.objects.filter(company=company, entity__in=entity_ids).order_by("pk")
    keys = list(accounts.values_list("pk", flat=True))
    lock_credit_of(keys)
    for start in range(0, len(keys), _AT_ONCE):
        work.emit("credit.changed_by_many", uuid.uuid4().hex, {"account_ids": keys[start : start + _AT_ONCE]})


def _verdict(
    row: CoverRow, entity: LegalEntity | None, known: dict[tuple[int, date], tuple[object, ...]]
) -> Effect | Refusal:
    if entity is None:
        return EntityUnknown(errors={"siren": [EntityUnknown.message]})
    if row.valid_until is not None and row.valid_until < row.effective_on:
        return Invalid(errors={"valid_until": [_("A cover cannot end before it begins.")]})
    stored = known.get((entity.pk, row.effective_on))
    if stored is None:
        return Effect.CREATED
    return Effect.UNCHANGED if stored == _content(row) else CoverKnown()


def _content(cover: BuyerCover | CoverRow) -> tuple[object, ...]:
    return cover.amount, cover.insured_pct, cover.status, cover.valid_until


def _cover(company: Company, entity: LegalEntity, row: CoverRow, by: User, at: datetime) -> BuyerCover:
    return BuyerCover(
        company=company,
        entity=entity,
        amount=row.amount,
        currency=company.currency,
        insured_pct=row.insured_pct,
        status=row.status,
        effective_on=row.effective_on,
        valid_until=row.valid_until,
        recorded_at=at,
        recorded_by=by,
    )
