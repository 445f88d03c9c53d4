"""What the factor says of many debtors at once, as dated rows that are never changed (domain.md 4.7)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts.models import Company, LegalEntity, User
from accounts.services import Effect
from o2c.shared import audit
from o2c.shared.copying import copy_in
from o2c.shared.problems import Invalid, NotAllowed, Refusal

from ..enums import FactorWord
from ..models import FactorAgreement, FactorApproval
from ..services.cover import EntityUnknown
from .queries import agreement_on
from .services import WORDS, ApprovalKnown, NoAgreement, check_word


class OtherCurrency(Invalid):
    """A limit in another currency than the company's."""

    message = _("Limits are in the currency of the company.")


@dataclass(frozen=True, slots=True)
class ApprovalRow:
    """One word of the factor on one debtor."""

    siren: str
    amount: Decimal
    currency: str
    status: FactorWord
    effective_on: date
    valid_until: date | None = None


def record_approvals(
    *, company: Company, rows: Sequence[ApprovalRow], by: User, at: datetime, only_ask: bool = False
) -> list[Effect | Refusal]:
    """Store words of the factor, each for itself; one that stands there with the same content is unchanged.

    :param only_ask: say what would happen, and write nothing
    :return: per row what became of it
    :raises NotAllowed: without the right to bring files in
    """
    if not by.may("imports.run", company):
        raise NotAllowed
    with transaction.atomic():
        # Two words on clients of one company follow each other.
        Company.objects.select_for_update(no_key=True).get(pk=company.pk)
        agreements = list(FactorAgreement.objects.filter(company=company).order_by("-valid_from"))
        entities = _entities(company, rows)
        known = {
            (word.entity_id, word.effective_on): _content(word)
            for word in FactorApproval.objects.filter(company=company, entity__in=entities.values())
        }
        verdicts: list[Effect | Refusal] = []
        new: list[FactorApproval] = []
        for row in rows:
            agreement = agreement_on(agreements, row.effective_on)
            verdict = _verdict(row, company, entities, agreement, known)
            verdicts.append(verdict)
            if verdict is Effect.CREATED and agreement is not None:
                known[entities[row.siren].pk, row.effective_on] = _content(row)
                new.append(_word(company, entities[row.siren], agreement, row, by, at))
        if not only_ask:
            _store(new, by, at)
    return verdicts


def _entities(company: Company, rows: Iterable[ApprovalRow]) -> dict[str, LegalEntity]:
    """The legal entities of the company's own clients, by SIREN."""
    found = LegalEntity.objects.filter(siren__in={row.siren for row in rows}, accounts__company=company)
    return {entity.siren or "": entity for entity in found.distinct()}


def _verdict(
    row: ApprovalRow,
    company: Company,
    entities: dict[str, LegalEntity],
    agreement: FactorAgreement | None,
    known: dict[tuple[int, date], tuple[object, ...]],
) -> Effect | Refusal:
    entity = entities.get(row.siren)
    if entity is None:
        return EntityUnknown(errors={"siren": [EntityUnknown.message]})
    if row.currency != company.currency:
        return OtherCurrency(errors={"currency": [OtherCurrency.message]})
    try:
        check_word(row.status, row.amount, row.effective_on, row.valid_until)
    except Invalid as refusal:
        return refusal
    if agreement is None:
        return NoAgreement(errors={"effective_on": [NoAgreement.message]})
    stored = known.get((entity.pk, row.effective_on))
    if stored is None:
        return Effect.CREATED
    return Effect.UNCHANGED if stored == _content(row) else ApprovalKnown()


def _content(word: FactorApproval | ApprovalRow) -> tuple[object, ...]:
    return word.amount, word.currency, str(word.status), word.valid_until


def _word(
    company: Company,
    entity: LegalEntity,
    agreement: FactorAgreement,
    row: ApprovalRow,
    by: User,
    at: datetime,
) -> FactorApproval:
    return FactorApproval(
        agreement=agreement,
        company=company,
        entity=entity,
        amount=row.amount,
        currency=row.currency,
        status=row.status,
        effective_on=row.effective_on,
        valid_until=row.valid_until,
        recorded_by=by,
        recorded_at=at,
    )


def _store(new: Sequence[FactorApproval], by: User, at: datetime) -> None:
    copy_in(new)
    copy_in(
        [
            audit.event(
                "factor.approved",
                word,
                by=by,
                at=at,
                label=word.entity.siren or "",
                company_id=word.company_id,
                after={name: getattr(word, name) for name in WORDS},
            )
            for word in new
        ]
    )
