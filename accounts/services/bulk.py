"""Many clients at once, for imports: a handful of statements however many there are."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from django.db import transaction

from accounts.models import Company, CustomerAccount, EntityMembership, LegalEntity, User
from o2c.shared import audit
from o2c.shared.calendar import paris_date
from o2c.shared.copying import copy_in
from o2c.shared.problems import NotAllowed

_BATCH: Final = 2000


@dataclass(frozen=True)
class AccountRow:
    """One client of a file, its fields checked by the reader of the file.

    :ivar siren: empty when unknown; clients with one SIREN share a legal entity
    :ivar opened_on: the day the relation began as far as the file tells, today when None
    """

    code: str
    name: str
    currency: str
    siren: str = ""
    country: str = "FR"
    term: str = "NET30"
    opened_on: date | None = None


def ensure_accounts(
    *,
    company: Company,
    rows: Sequence[AccountRow],
    by: User | None,
    at: datetime,
) -> dict[str, CustomerAccount]:
    """Find or open the clients of a file; those that exist stay as they are.

    :param rows: one per code
    :return: the client of each code
    """
    if by is not None and not by.may("imports.run", company):
        raise NotAllowed
    today = paris_date(at)
    with transaction.atomic():
        codes = [row.code for row in rows]
        known = _by_code(company, codes)
        new = [row for row in rows if row.code not in known]
        if not new:
            return known
        entities = _entities(new)
        accounts = [_account(company, row, entities, row.opened_on or today) for row in new]
        # Somebody else may open one of them at the same moment: theirs stays.
        CustomerAccount.objects.bulk_create(accounts, batch_size=_BATCH, ignore_conflicts=True)
        found = _by_code(company, codes)
        mine = [found[row.code] for row in new if found[row.code].entity_id == entities[_entity_key(row)].pk]
        EntityMembership.objects.bulk_create(
            [
                EntityMembership(account=account, entity_id=account.entity_id, valid_from=account.opened_on)
                for account in mine
            ],
            batch_size=_BATCH,
            ignore_conflicts=True,
        )
        copy_in(
            [
                audit.event(
                    "account.opened",
                    account,
                    by=by,
                    at=at,
                    label=account.code,
                    account_id=account.pk,
                    after={
                        "currency": account.currency,
                        "term": account.term,
                        "siren": account.siren or None,
                    },
                )
                for account in mine
            ]
        )
    return found


def _by_code(company: Company, codes: Iterable[str]) -> dict[str, CustomerAccount]:
    found = CustomerAccount.objects.filter(company=company, code__in=list(codes)).select_related("entity")
    return {account.code: account for account in found}


def _entity_key(row: AccountRow) -> str:
    """What tells entities apart: the SIREN; without one every client is an entity of its own."""
    return f"siren:{row.siren}" if row.siren else f"code:{row.code}"


def _entities(rows: Sequence[AccountRow]) -> dict[str, LegalEntity]:
    """The legal entity of every row, found or made."""
    first_of = {row.siren: row for row in reversed(rows) if row.siren}
    LegalEntity.objects.bulk_create(
        [LegalEntity(siren=siren, name=row.name, country=row.country) for siren, row in first_of.items()],
        batch_size=_BATCH,
        ignore_conflicts=True,
    )
    known = LegalEntity.objects.filter(siren__in=list(first_of))
    entities = {f"siren:{entity.siren}": entity for entity in known}
    nameless = [row for row in rows if not row.siren]
    made = LegalEntity.objects.bulk_create(
        [LegalEntity(name=row.name, country=row.country) for row in nameless], batch_size=_BATCH
    )
    return entities | {_entity_key(row): entity for row, entity in zip(nameless, made, strict=True)}


def _account(
    company: Company, row: AccountRow, entities: dict[str, LegalEntity], opened_on: date
) -> CustomerAccount:
    account = CustomerAccount(
        company=company,
        code=row.code,
        name=row.name,
        entity=entities[_entity_key(row)],
        country=row.country,
        currency=row.currency,
        term=row.term,
        opened_on=opened_on,
    )
    account.refresh_keys()
    return account
