"""What ratings rest on: years of a legal entity, and what else is known of it. Rows that are added, never changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts.models import Company, CustomerAccount, LegalEntity, User
from accounts.services import Effect
from credit.services.cover import EntityUnknown
from o2c.shared import audit, work
from o2c.shared.calendar import paris_date
from o2c.shared.copying import copy_in
from o2c.shared.problems import Conflict, Invalid, NotAllowed, NotFound, Refusal

from .. import policy
from ..enums import Change, RatingScale, StatementSource
from ..models import FIGURES, EntityFacts, FinancialStatement

# Enters what a rating rests on, and asks for a class against the score.
RATE: Final = "credit.rate"
_MOST: Final = Decimal(10) ** 14
_NEVER_NEGATIVE: Final = ("total_assets", "current_assets", "current_liabilities", "revenue")


class NothingNew(Conflict):
    """The same is known already."""

    code = "nothing_changes"
    message = _("This is what is known already: nothing changes.")


@dataclass(frozen=True, slots=True)
class StatementRow:
    """A year of one legal entity, named by its SIREN; figures in one currency, what is not known None."""

    siren: str
    closed_on: date
    currency: str = "EUR"
    equity: Decimal | None = None
    total_assets: Decimal | None = None
    current_assets: Decimal | None = None
    current_liabilities: Decimal | None = None
    revenue: Decimal | None = None
    operating_result: Decimal | None = None
    net_debt: Decimal | None = None
    ebitda: Decimal | None = None


@dataclass(frozen=True, slots=True)
class KnownRow:
    """What is known of a legal entity beside its accounts; fields as in ``EntityFacts``."""

    founded_on: date | None = None
    changed_on: date | None = None
    change: str = ""
    rating_scale: str = ""
    rating: str = ""
    rated_on: date | None = None
    is_natural_person: bool = False


def record_statements(
    *, company: Company, rows: Sequence[StatementRow], by: User, at: datetime, only_ask: bool = False
) -> list[Effect | Refusal]:
    """Store years from a file, each for itself; one that stands there already with the same figures is unchanged.

    :param only_ask: say what would happen, and write nothing
    :return: per row what became of it
    """
    if not (by.may("imports.run", company) or by.may(RATE, company)):
        raise NotAllowed
    with transaction.atomic():
        Company.objects.select_for_update(no_key=True).get(pk=company.pk)
        entities = {
            entity.siren: entity
            for entity in LegalEntity.objects.filter(
                siren__in={row.siren for row in rows}, accounts__company=company
            ).distinct()
        }
        known = _known(company, list(entities.values()))
        verdicts: list[Effect | Refusal] = []
        new: list[FinancialStatement] = []
        for row in rows:
            entity = entities.get(row.siren)
            verdict = _verdict(row, entity, known, paris_date(at))
            verdicts.append(verdict)
            if entity is not None and verdict in (Effect.CREATED, Effect.UPDATED):
                known[entity.pk, row.closed_on] = _content(row)
                new.append(_statement(company, entity, row, StatementSource.IMPORTED, by, at))
        if not only_ask:
            _store(new, by, at)
    return verdicts


def record_statement(
    *,
    account_id: int,
    by: User,
    at: datetime,
    closed_on: date,
    currency: str = "EUR",
    **figures: Decimal | None,
) -> FinancialStatement:
    """Enter a year of the legal entity of a client.

    :raises Invalid: figures that cannot be, or a day to come
    :raises NothingNew: the same figures stand there for that day
    """
    account = _account(account_id, by)
    row = StatementRow("", closed_on, currency, **figures)
    with transaction.atomic():
        Company.objects.select_for_update(no_key=True).get(pk=account.company_id)
        known = _known(account.company, [account.entity])
        verdict = _verdict(row, account.entity, known, paris_date(at))
        if isinstance(verdict, Refusal):
            raise verdict
        if verdict is Effect.UNCHANGED:
            raise NothingNew
        made = _statement(account.company, account.entity, row, StatementSource.ENTERED, by, at)
        _store([made], by, at)
    return made


def record_facts(*, account_id: int, by: User, at: datetime, known: KnownRow) -> EntityFacts:
    """Say what is known of the legal entity of a client; it replaces what was said before.

    :raises Invalid: days to come or out of order, a rating that its scale does not have
    :raises NothingNew: it is what was said before
    """
    account = _account(account_id, by)
    _check_facts(known, paris_date(at))
    with transaction.atomic():
        Company.objects.select_for_update(no_key=True).get(pk=account.company_id)
        rows = EntityFacts.objects.filter(company=account.company, entity=account.entity)
        last = rows.order_by("-pk").first()
        before = _facts(last) if last else _facts(KnownRow())
        if before == _facts(known):
            raise NothingNew
        made = EntityFacts.objects.create(
            company=account.company, entity=account.entity, recorded_at=at, recorded_by=by, **_facts(known)
        )
        changed = {name for name, value in _facts(known).items() if value != before[name]}
        audit.record(
            "entity.facts_recorded",
            made,
            by=by,
            at=at,
            label=account.entity.siren or account.code,
            account_id=account.pk,
            before={name: before[name] for name in sorted(changed)},
            after={name: _facts(known)[name] for name in sorted(changed)},
        )
        _rate_again([account.entity_id])
    return made


def _account(account_id: int, by: User) -> CustomerAccount:
    accounts = CustomerAccount.objects.visible_to(by).select_related("company", "entity")
    account = accounts.filter(pk=account_id).first()
    if account is None:
        raise NotFound
    if not by.may(RATE, account.company_id):
        raise NotAllowed
    return account


def _known(company: Company, entities: Sequence[LegalEntity]) -> dict[tuple[int, date], tuple[object, ...]]:
    rows = FinancialStatement.objects.filter(company=company, entity__in=entities).order_by("pk")
    return {(row.entity_id, row.closed_on): _content(row) for row in rows}


def _verdict(
    row: StatementRow,
    entity: LegalEntity | None,
    known: Mapping[tuple[int, date], tuple[object, ...]],
    today: date,
) -> Effect | Refusal:
    if entity is None:
        return EntityUnknown(errors={"siren": [EntityUnknown.message]})
    if errors := _errors(row, today):
        return Invalid(errors=errors)
    stored = known.get((entity.pk, row.closed_on))
    if stored is None:
        return Effect.CREATED
    return Effect.UNCHANGED if stored == _content(row) else Effect.UPDATED


def _errors(row: StatementRow, today: date) -> dict[str, list[Any]]:
    errors: dict[str, list[Any]] = {}
    given = {name: getattr(row, name) for name in FIGURES if getattr(row, name) is not None}
    if row.closed_on > today:
        errors["closed_on"] = [_("This day is still to come.")]
    if not given:
        errors["equity"] = [_("Give at least one figure.")]
    for name, value in given.items():
        if abs(value) >= _MOST:
            errors[name] = [_("This amount is too large.")]
        elif name in _NEVER_NEGATIVE and value < 0:
            errors[name] = [_("This amount cannot be negative.")]
    for name in ("equity", "current_assets"):
        if name in given and "total_assets" in given and given[name] > given["total_assets"]:
            errors.setdefault(name, [_("This is more than all assets.")])
    if len(row.currency) != len("EUR") or not row.currency.isalpha():
        errors["currency"] = [_("A currency is written with three letters: EUR, USD.")]
    return errors


def _content(row: StatementRow | FinancialStatement) -> tuple[object, ...]:
    return row.currency, *(getattr(row, name) for name in FIGURES)


def _statement(
    company: Company, entity: LegalEntity, row: StatementRow, source: StatementSource, by: User, at: datetime
) -> FinancialStatement:
    return FinancialStatement(
        company=company,
        entity=entity,
        closed_on=row.closed_on,
        currency=row.currency,
        source=source,
        recorded_at=at,
        recorded_by=by,
        **{name: getattr(row, name) for name in FIGURES},
    )


def _store(new: Sequence[FinancialStatement], by: User, at: datetime) -> None:
    copy_in(new)
    audit.record_many(
        [
            audit.event(
                "statement.recorded",
                row,
                by=by,
                at=at,
                label=f"{row.entity.siren or row.entity.name} {row.closed_on}",
                after={"closed_on": row.closed_on, "currency": row.currency, "source": row.source}
                | {name: getattr(row, name) for name in FIGURES if getattr(row, name) is not None},
            )
            for row in new
        ]
    )
    _rate_again(sorted({row.entity_id for row in new}))


def _rate_again(entity_ids: Sequence[int]) -> None:
    if entity_ids:
        work.add_many("credit.score_entity", {str(key): {"entity_id": key} for key in entity_ids})


def _facts(row: KnownRow | EntityFacts) -> dict[str, Any]:
    return {field.name: getattr(row, field.name) for field in fields(KnownRow)}


def _check_facts(known: KnownRow, today: date) -> None:
    errors: dict[str, list[Any]] = {}
    for name in ("founded_on", "changed_on", "rated_on"):
        day = getattr(known, name)
        if day is not None and day > today:
            errors[name] = [_("This day is still to come.")]
    if known.changed_on is not None and known.founded_on is not None and known.changed_on < known.founded_on:
        errors.setdefault("changed_on", [_("A change cannot come before the foundation.")])
    if known.changed_on is not None and known.change not in Change.values:
        errors["change"] = [_("Say what changed.")]
    elif known.changed_on is None and known.change:
        errors["changed_on"] = [_("Say when it changed.")]
    errors |= _rating_errors(known)
    if errors:
        raise Invalid(errors=errors)


def _rating_errors(known: KnownRow) -> dict[str, list[Any]]:
    if not (known.rating or known.rating_scale or known.rated_on):
        return {}
    errors: dict[str, list[Any]] = {}
    if known.rating_scale not in RatingScale.values:
        errors["rating_scale"] = [_("Say whose rating this is.")]
    elif not known.rating:
        errors["rating"] = [_("Give the rating.")]
    else:
        try:
            policy.rating_points(RatingScale(known.rating_scale), known.rating)
        except (ValueError, ArithmeticError):
            bdf = known.rating_scale == RatingScale.BDF
            errors["rating"] = [_("Write 1+ to 8, P, or 0.") if bdf else _("Write a number from 0 to 100.")]
    if known.rated_on is None:
        errors.setdefault("rated_on", [_("Say when this rating was given.")])
    return errors
