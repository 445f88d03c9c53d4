"""Stopping reminders of an item or of a whole client until a day, and going on before it."""

from __future__ import annotations

from datetime import date, datetime
from typing import Final

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts.models import CustomerAccount, User
from invoicing.models import DunningStop, ReceivableItem
from invoicing.stops import in_force
from o2c.shared import audit
from o2c.shared.calendar import paris_date
from o2c.shared.locking import retrying
from o2c.shared.problems import Conflict, Invalid, NotFound

from .shared import lock_items, require, visible_items

RIGHT_TO_STOP: Final = "dunning.stop"


class NothingToRemind(Conflict):
    code = "nothing_due"
    message = _("Only of what is owed and still open anybody is reminded.")


class NotStopped(Conflict):
    code = "not_stopped"
    message = _("Reminders are not stopped.")


@retrying
def stop_item(*, item_id: int, reason: str, until: date, by: User, at: datetime) -> DunningStop:
    """Have nobody reminded of an item, from today until a day, that day included.

    A stop in force is replaced; the same once more changes nothing.

    :raises NothingToRemind: a credit, or nothing is open
    :raises Invalid: no reason, or a day that is over
    """
    seen = visible_items({item_id}, by)
    with transaction.atomic():
        item = lock_items(seen)[item_id]
        require(by, RIGHT_TO_STOP, item.company_id)
        if item.amount <= 0 or item.open_amount == 0:
            raise NothingToRemind
        return _stop(item.account, item, reason=reason, until=until, by=by, at=at)


@retrying
def stop_client(*, account_id: int, reason: str, until: date, by: User, at: datetime) -> DunningStop:
    """Have a client reminded of nothing at all, from today until a day, that day included.

    :raises NotFound: no such client, or not the user's to see
    :raises Invalid: no reason, or a day that is over
    """
    with transaction.atomic():
        account = _locked_client(account_id, by)
        return _stop(account, None, reason=reason, until=until, by=by, at=at)


@retrying
def resume_item(*, item_id: int, by: User, at: datetime) -> DunningStop:
    """Let reminders of an item go on from today.

    :raises NotStopped: no stop of its own is in force
    """
    seen = visible_items({item_id}, by)
    with transaction.atomic():
        item = lock_items(seen)[item_id]
        require(by, RIGHT_TO_STOP, item.company_id)
        return _resume(item.account, item, by=by, at=at)


@retrying
def resume_client(*, account_id: int, by: User, at: datetime) -> DunningStop:
    """Let reminders of a client go on from today; items with a stop of their own stay stopped.

    :raises NotStopped: none is in force
    """
    with transaction.atomic():
        return _resume(_locked_client(account_id, by), None, by=by, at=at)


def _locked_client(account_id: int, by: User) -> CustomerAccount:
    seen = CustomerAccount.objects.visible_to(by).filter(pk=account_id).values("pk")
    locked = CustomerAccount.objects.select_for_update(of=("self",), no_key=True).select_related("company")
    account = locked.filter(pk__in=seen).first()
    if account is None:
        raise NotFound(code="account_not_found")
    require(by, RIGHT_TO_STOP, account.company_id)
    return account


def _stop(
    account: CustomerAccount,
    item: ReceivableItem | None,
    *,
    reason: str,
    until: date,
    by: User,
    at: datetime,
) -> DunningStop:
    today = paris_date(at)
    if not reason.strip():
        raise Invalid(_("Say why."), errors={"reason": [_("A reason is required.")]})
    if until < today:
        raise Invalid(errors={"until": [_("This day is over.")]})
    present = _not_ended(account, item)
    if present is not None:
        if (present.reason, present.until) == (reason.strip(), until):
            return present
        _end(present, by=by, at=at)
    row = DunningStop.objects.create(
        account=account,
        item=item,
        reason=reason.strip(),
        starts_on=today,
        until=until,
        stopped_by=by,
        stopped_at=at,
    )
    _record("stopped", row, account, item, by=by, at=at)
    return row


def _resume(account: CustomerAccount, item: ReceivableItem | None, *, by: User, at: datetime) -> DunningStop:
    present = _not_ended(account, item)
    if present is None or not DunningStop.objects.filter(in_force(paris_date(at)), pk=present.pk).exists():
        raise NotStopped
    _end(present, by=by, at=at)
    _record("resumed", present, account, item, by=by, at=at)
    return present


def _not_ended(account: CustomerAccount, item: ReceivableItem | None) -> DunningStop | None:
    """The one row of an item, or of a client as a whole, that nobody has ended; its last day may be over."""
    rows = DunningStop.objects.filter(account=account, item=item, ended_on=None)
    return rows.first()


def _end(row: DunningStop, *, by: User, at: datetime) -> None:
    row.ended_on, row.ended_by, row.ended_at = paris_date(at), by, at
    row.save(update_fields=["ended_on", "ended_by", "ended_at"])


def _record(
    what: str,
    row: DunningStop,
    account: CustomerAccount,
    item: ReceivableItem | None,
    *,
    by: User,
    at: datetime,
) -> None:
    audit.record(
        f"{'account' if item is None else 'item'}.reminders_{what}",
        item or account,
        by=by,
        at=at,
        label=account.code if item is None else item.document,
        company_id=account.company_id,
        account_id=account.pk,
        reason=row.reason if what == "stopped" else "",
        after={"from": row.starts_on, "until": row.until, "ended_on": row.ended_on},
    )
