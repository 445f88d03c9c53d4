"""Changing a client's legal entity or group: it moves exposure between limits, so their locks come first."""

from __future__ import annotations

from datetime import date, datetime
from typing import Unpack

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.identifiers import clean_identifier
from accounts.models import CustomerAccount, User
from accounts.services import AccountFields, Effect, SavedAccount, change_account
from credit.locks import lock_credit_of
from o2c.shared.calendar import paris_date
from o2c.shared.locking import retrying
from o2c.shared.problems import Conflict, Invalid, NotAllowed, NotFound

_SIREN_LENGTH = 9


class NothingMoves(Conflict):
    """The client belongs there already."""

    code = "nothing_moves"
    message = _("This client belongs there already.")


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


@retrying
def move_client(
    *,
    account_id: int,
    reason: str,
    by: User,
    at: datetime,
    effective_on: date | None = None,
    siren: str = "",
    group: str | None = None,
    sales_rep: str | None = None,
) -> SavedAccount:
    """Move a client to another legal entity, its entity to another group, or both to another rep, from a day on.

    Readings for earlier days keep who it belonged to; held orders of those it leaves and joins are examined again.

    :param effective_on: today when left out; not to come, not before the present ones began
    :param siren: of the entity joined; empty to stay
    :param group: code of the group joined, empty for none, None to stay
    :param sales_rep: user name, empty for nobody, None to stay
    :raises NothingMoves: everything is as asked already
    :raises BeforePresent: the present entity, group or rep began later
    """
    if not reason.strip():
        raise Invalid(_("Say why."), errors={"reason": [_("A reason is required.")]})
    if effective_on is not None and effective_on > paris_date(at):
        raise Invalid(errors={"effective_on": [_("A move cannot lie in the future.")]})
    fields: AccountFields = {}
    if siren:
        fields["siren"] = siren
    if group is not None:
        fields["group"] = group
    if sales_rep is not None:
        fields["sales_rep"] = sales_rep
    with transaction.atomic():
        account = CustomerAccount.objects.visible_to(by).filter(pk=account_id).first()
        if account is None:
            raise NotFound
        if not by.may("accounts.move", account.company_id):
            raise NotAllowed
        lock_credit_of(_touched(account_id, fields))
        saved = change_account(
            account_id=account_id,
            by=by,
            at=at,
            effective_on=effective_on,
            term_override_reason=reason.strip(),
            holding_credit_locks=True,
            **fields,
        )
        if saved.effect is Effect.UNCHANGED:
            raise NothingMoves
        return saved


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
