"""Block and watch: dated rows beside the account's status (design 3.17)."""

from __future__ import annotations

from datetime import date, datetime
from typing import TypeVar

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts.models import CustomerAccount, User
from o2c.shared import audit, work
from o2c.shared.locking import retrying
from o2c.shared.problems import Conflict, Invalid, NotAllowed

from ..locks import lock_credit
from ..models import AccountBlock, AccountWatch

Flag = TypeVar("Flag", AccountBlock, AccountWatch)


class AlreadySet(Conflict):
    """The account is blocked, or watched, already."""

    code = "already_set"
    message = _("This account is already in that state.")


class NotSet(Conflict):
    """There is no block, or no watch, to lift."""

    code = "not_set"
    message = _("This account is not in that state.")


@retrying
def block(
    *, account_id: int, reason: str, by: User, at: datetime, review_on: date | None = None
) -> AccountBlock:
    """Freeze an account: from now on no order of it passes without a release from level 3 on.

    :raises AlreadySet: it is blocked already
    """
    return _set(AccountBlock, "blocked", "accounts.block", account_id, reason, review_on, by, at)


@retrying
def unblock(*, account_id: int, reason: str, by: User, at: datetime) -> AccountBlock:
    """Lift the block; held orders are examined again.

    :raises NotSet: it is not blocked
    """
    return _lift(AccountBlock, "unblocked", "accounts.block", account_id, reason, by, at)


@retrying
def watch(
    *, account_id: int, reason: str, by: User, at: datetime, review_on: date | None = None
) -> AccountWatch:
    """Put an account under watch: shown everywhere, holds nothing.

    :raises AlreadySet: it is watched already
    """
    return _set(AccountWatch, "watched", "accounts.watch", account_id, reason, review_on, by, at)


@retrying
def unwatch(*, account_id: int, reason: str, by: User, at: datetime) -> AccountWatch:
    """End the watch.

    :raises NotSet: it is not watched
    """
    return _lift(AccountWatch, "unwatched", "accounts.watch", account_id, reason, by, at)


def _locked_account(account_id: int, permission: str, reason: str, by: User) -> CustomerAccount:
    account = CustomerAccount.objects.select_related("company").get(pk=account_id)
    if not by.may(permission, account.company):
        raise NotAllowed
    if not reason.strip():
        raise Invalid(_("Say why."), errors={"reason": [_("A reason is required.")]})
    lock_credit(account)
    return account


def _set(
    model: type[Flag],
    verb: str,
    permission: str,
    account_id: int,
    reason: str,
    review_on: date | None,
    by: User,
    at: datetime,
) -> Flag:
    with transaction.atomic():
        account = _locked_account(account_id, permission, reason, by)
        if model.objects.filter(account=account, lifted_at=None).exists():
            raise AlreadySet
        flag = model.objects.create(
            account=account, reason=reason.strip(), review_on=review_on, set_by=by, set_at=at
        )
        audit.record(
            f"account.{verb}",
            account,
            by=by,
            at=at,
            reason=reason,
            account_id=account.pk,
            after={"review_on": review_on},
        )
        _changed(account)
        return flag


def _lift(
    model: type[Flag], verb: str, permission: str, account_id: int, reason: str, by: User, at: datetime
) -> Flag:
    with transaction.atomic():
        account = _locked_account(account_id, permission, reason, by)
        flag = model.objects.filter(account=account, lifted_at=None).first()
        if flag is None:
            raise NotSet
        flag.lifted_by, flag.lifted_at, flag.lift_reason = by, at, reason.strip()
        flag.save(update_fields=["lifted_by", "lifted_at", "lift_reason"])
        audit.record(f"account.{verb}", account, by=by, at=at, reason=reason, account_id=account.pk)
        _changed(account)
        return flag


def _changed(account: CustomerAccount) -> None:
    work.emit("credit.changed", f"account:{account.pk}", {"account_id": account.pk})
