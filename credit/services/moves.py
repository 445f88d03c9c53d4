"""Changing a client's legal entity or group: it moves exposure between limits, so their locks come first."""

from __future__ import annotations

from datetime import datetime
from typing import Unpack

from django.db import transaction
from django.db.models import Q

from accounts.identifiers import clean_identifier
from accounts.models import CustomerAccount, User
from accounts.services import AccountFields, SavedAccount, change_account
from credit.locks import lock_credit_of
from o2c.shared.locking import retrying

_SIREN_LENGTH = 9


@retrying
def change_client(
    *,
    account_id: int,
    by: User | None,
    at: datetime,
    version: int | None = None,
    term_override_reason: str = "",
    **fields: Unpack[AccountFields],
) -> SavedAccount:
    """Change what is given of a client, entity and group included; refusals are those of ``change_account``."""
    with transaction.atomic():
        lock_credit_of(_touched(account_id, fields))
        return change_account(
            account_id=account_id,
            by=by,
            at=at,
            version=version,
            term_override_reason=term_override_reason,
            holding_credit_locks=True,
            **fields,
        )


def _touched(account_id: int, fields: AccountFields) -> list[int]:
    """The client, and one of each entity it leaves or joins: their locks name every entity and group concerned."""
    siren = clean_identifier(str(fields.get("siren") or fields.get("siret") or ""))[:_SIREN_LENGTH]
    joins = Q(pk=account_id)
    if siren:
        joins |= Q(entity__siren=siren)
    if group := fields.get("group"):
        joins |= Q(entity__group__code=group)
    others = CustomerAccount.objects.filter(joins).order_by("entity_id", "pk").distinct("entity_id")
    return sorted({account_id, *others.values_list("pk", flat=True)})
