"""Legal notices: stored once, whatever file brings them; proceedings that open, and their end."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts.models import Company, CustomerAccount, LegalEntity, User
from accounts.services import Effect
from credit.enums import LegalNoticeKind
from credit.legal_policy import OPENING
from credit.locks import lock_credit_of
from credit.models import LegalNotice
from credit.services.limits import AuthorityExceeded, FourEyes
from o2c.shared import audit, work
from o2c.shared.calendar import paris_date
from o2c.shared.locking import retrying
from o2c.shared.problems import Conflict, Invalid, NotAllowed, NotFound, Refusal

RECORD: Final = "accounts.block"
END: Final = "credit.decide_limit"
# What insolvency holds is decided from the credit manager on (domain.md 5.4).
LEVEL: Final = 3
ROLE: Final = "credit_manager"
_AT_ONCE: Final = 1000


class NoticeKnown(Conflict):
    code = "key_conflict"
    message = _("A notice with this reference is known already, with other content.")


class NoticeEnded(Conflict):
    code = "wrong_state"
    message = _("This notice has ended already.")


class NoticeOwn(FourEyes):
    """Nobody ends what they noted themselves."""

    message = _("Somebody else must end it: you noted this notice.")


@dataclass(frozen=True, slots=True)
class NoticeRow:
    """One notice about one legal entity, named by its SIREN."""

    siren: str
    kind: LegalNoticeKind
    judgement_on: date
    published_on: date
    reference: str


@retrying
def record_notices(
    *, company: Company, rows: Sequence[NoticeRow], by: User, at: datetime, only_ask: bool = False
) -> list[Effect | Refusal]:
    """Store notices of a file, each for itself: one that is known changes nothing, one about nobody we know neither.

    Proceedings that open hold the orders of every client of the entity, in all companies, and freeze what it owed.

    :param only_ask: say what would happen, and write nothing
    :return: per row what became of it; ``Effect.UNKNOWN`` where the company has no such client
    """
    if not by.may("imports.run", company):
        raise NotAllowed
    with transaction.atomic():
        Company.objects.select_for_update(no_key=True).get(pk=company.pk)
        clients = LegalEntity.objects.filter(siren__in={row.siren for row in rows}, accounts__company=company)
        entities = {entity.siren: entity for entity in clients.distinct()}
        if not only_ask:
            _lock(entity.pk for entity in entities.values())
        known, mistaken = _known(entities.values()), _mistaken(entities.values())
        verdicts: list[Effect | Refusal] = []
        new: list[LegalNotice] = []
        for row in rows:
            entity = entities.get(row.siren)
            if entity is None:
                verdicts.append(Effect.UNKNOWN)
                continue
            verdict = _verdict(row, known.get((entity.pk, row.reference)), paris_date(at))
            if verdict is Effect.CREATED and (entity.pk, row.reference, _content(row)) in mistaken:
                # Taken back by a person: a file that says it again does not bring it back.
                verdict = Effect.UNCHANGED
            verdicts.append(verdict)
            if verdict is Effect.CREATED:
                known[entity.pk, row.reference] = _content(row)
                new.append(_notice(company, entity, row, by, at))
        if not only_ask:
            _store(new, by, at)
    return verdicts


@retrying
def record_notice(
    *,
    account_id: int,
    kind: LegalNoticeKind,
    judgement_on: date,
    published_on: date,
    reference: str,
    by: User,
    at: datetime,
) -> LegalNotice:
    """Note by hand what was published about a client's legal entity; the same once more changes nothing.

    :raises NotFound: no client this user may see
    :raises NotAllowed: without the right to stop a client's orders
    :raises Invalid: days that cannot be, or no reference
    :raises NoticeKnown: its reference is known with other content
    """
    account = (
        CustomerAccount.objects.visible_to(by)
        .filter(pk=account_id)
        .select_related("company", "entity")
        .first()
    )
    if account is None:
        raise NotFound
    if not by.may(RECORD, account.company_id):
        raise NotAllowed
    row = NoticeRow(account.entity.siren or "", kind, judgement_on, published_on, reference.strip())
    with transaction.atomic():
        _lock([account.entity_id])
        known = _known([account.entity])
        verdict = _verdict(row, known.get((account.entity_id, row.reference)), paris_date(at))
        if isinstance(verdict, Refusal):
            raise verdict
        if verdict is Effect.UNCHANGED:
            return LegalNotice.objects.get(
                entity=account.entity_id, reference=row.reference, was_mistake=False
            )
        made = _notice(account.company, account.entity, row, by, at)
        _store([made], by, at)
        return made


@retrying
def end_notice(
    *, notice_id: int, reason: str, was_mistake: bool = False, by: User, at: datetime
) -> LegalNotice:
    """End proceedings from today on, or take back a notice that was a mistake. Once more changes nothing.

    Orders are looked at again without them. What the judgement froze stays frozen, unless it was a mistake.

    :raises NotFound: no notice this user may see
    :raises AuthorityExceeded: below the credit manager
    :raises NoticeOwn: by who noted it
    :raises NoticeEnded: it ended otherwise
    :raises Invalid: without a reason
    """
    with transaction.atomic():
        clients = CustomerAccount.objects.visible_to(by)
        seen = LegalNotice.objects.filter(pk=notice_id, entity__in=clients.values("entity")).first()
        if seen is None:
            raise NotFound
        companies = clients.filter(entity=seen.entity_id).values_list("company_id", flat=True)
        able = [key for key in companies if by.may(END, key)]
        if not able:
            raise NotAllowed(required_role=ROLE)
        if max(by.authority_in(key) for key in able) < LEVEL:
            raise AuthorityExceeded(required_role=ROLE)
        if not reason.strip():
            raise Invalid(_("Say why."), errors={"reason": [_("A reason is required.")]})
        _lock([seen.entity_id])
        row = LegalNotice.objects.select_for_update(of=("self",), no_key=True).get(pk=notice_id)
        if row.ended_on is not None:
            if row.was_mistake != was_mistake:
                raise NoticeEnded
            return row
        if row.recorded_by_id == by.pk:
            raise NoticeOwn
        row.ended_on, row.ended_at, row.ended_by = paris_date(at), at, by
        row.end_reason, row.was_mistake = reason.strip(), was_mistake
        row.save(update_fields=["ended_on", "ended_at", "ended_by", "end_reason", "was_mistake"])
        audit.record(
            "legal_notice.ended",
            row,
            by=by,
            at=at,
            reason=reason,
            label=row.reference,
            company_id=row.company_id,
            after={"kind": row.kind, "mistake": was_mistake},
        )
        _look_again([row.entity_id])
        return row


def _verdict(row: NoticeRow, stored: tuple[object, ...] | None, today: date) -> Effect | Refusal:
    errors = {}
    if row.judgement_on > today:
        errors["judgement_on"] = [_("This day is still to come.")]
    if row.published_on > today:
        errors["published_on"] = [_("This day is still to come.")]
    elif row.published_on < row.judgement_on:
        errors["published_on"] = [_("It cannot be published before the judgement.")]
    if not row.reference:
        errors["reference"] = [_("A reference is required.")]
    if errors:
        return Invalid(errors=errors)
    if stored is None:
        return Effect.CREATED
    return Effect.UNCHANGED if stored == _content(row) else NoticeKnown()


def _known(entities: Iterable[LegalEntity]) -> dict[tuple[int, str], tuple[object, ...]]:
    rows = LegalNotice.objects.filter(entity__in=list(entities), was_mistake=False)
    return {(row.entity_id, row.reference): _content(row) for row in rows}


def _mistaken(entities: Iterable[LegalEntity]) -> set[tuple[object, ...]]:
    rows = LegalNotice.objects.filter(entity__in=list(entities), was_mistake=True)
    return {(row.entity_id, row.reference, _content(row)) for row in rows}


def _content(row: NoticeRow | LegalNotice) -> tuple[object, ...]:
    return str(row.kind), row.judgement_on, row.published_on


def _notice(company: Company, entity: LegalEntity, row: NoticeRow, by: User, at: datetime) -> LegalNotice:
    return LegalNotice(
        company=company,
        entity=entity,
        kind=row.kind,
        judgement_on=row.judgement_on,
        published_on=row.published_on,
        reference=row.reference,
        recorded_by=by,
        recorded_at=at,
    )


def _store(new: list[LegalNotice], by: User, at: datetime) -> None:
    """Write notices under the locks of their clients, and have everything that depends on them looked at."""
    LegalNotice.objects.bulk_create(new)
    audit.record_many(
        [
            audit.event(
                "legal_notice.recorded",
                row,
                by=by,
                at=at,
                label=row.reference,
                company_id=row.company_id,
                after={
                    "kind": str(row.kind),
                    "siren": row.entity.siren,
                    "judgement_on": row.judgement_on,
                    "published_on": row.published_on,
                },
            )
            for row in new
        ]
    )
    _look_again({row.entity_id for row in new})
    for row in new:
        if row.kind in OPENING:
            work.emit("proceedings.opened", f"notice:{row.pk}", {"notice_id": row.pk})


def _clients(entity_ids: Iterable[int]) -> list[int]:
    rows = CustomerAccount.objects.filter(entity__in=list(entity_ids)).order_by("pk")
    return list(rows.values_list("pk", flat=True))


def _lock(entity_ids: Iterable[int]) -> None:
    lock_credit_of(_clients(entity_ids))


def _look_again(entity_ids: Iterable[int]) -> None:
    """Have orders and alerts of the clients of some entities examined again (ADR 0004)."""
    keys = _clients(entity_ids)
    for start in range(0, len(keys), _AT_ONCE):
        few = {"account_ids": keys[start : start + _AT_ONCE]}
        work.emit("credit.changed_by_many", uuid.uuid4().hex, few)
        work.emit("legal.noticed", uuid.uuid4().hex, few)
