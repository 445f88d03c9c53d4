"""What the acts of invoicing share: rights, locked items, taken keys, telling who reacts."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date, timedelta
from decimal import Decimal

from django.db import IntegrityError, connection
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from accounts.models import Company, User
from invoicing.enums import ItemKind
from invoicing.models import AccountingPeriod, Allocation, EInvoice, ReceivableItem
from invoicing.policy import OpenDays
from o2c.shared import work
from o2c.shared.money import round_cents
from o2c.shared.problems import Conflict, Invalid, NotAllowed, NotFound
from orders.queries import accounts_of_held_orders

# What one piece of work takes on at a time.
_ROWS_AT_ONCE = 500


class KeyTaken(Conflict):
    code = "key_conflict"
    message = _("A document with this number exists already, with other content.")


def require(by: User, permission: str, company: Company | int) -> None:
    """Refuse whoever lacks a permission in a company.

    :raises NotAllowed: no role there carries it
    """
    if not by.may(permission, company):
        raise NotAllowed


def require_cents(amount: Decimal, field: str) -> None:
    """Refuse an amount with fractions of a cent.

    :raises Invalid: naming the field
    """
    if not amount.is_finite() or amount != round_cents(amount):
        raise Invalid(errors={field: [_("An amount has two decimals at most.")]})


def open_days(company: Company, *, today: date | None) -> OpenDays:
    """Return the days on which the books of a company accept entries.

    They stay so until the caller's transaction ends: whoever closes a month waits for it.

    :param today: None where only closed months count, however long ago: a book is taken over with its history
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM accounts_company WHERE id = %s FOR KEY SHARE", [company.pk])
    months = dict(AccountingPeriod.objects.filter(company=company).values_list("month", "is_closed"))
    return OpenDays(
        first=date.min if today is None else today - timedelta(days=company.open_period_days),
        closed=frozenset(month for month, is_closed in months.items() if is_closed),
        reopened=frozenset(month for month, is_closed in months.items() if not is_closed),
    )


@contextmanager
def refusing_taken_key(constraint: str) -> Iterator[None]:
    """Turn the database's refusal of a key that somebody else stored meanwhile into ours.

    :raises KeyTaken: the constraint named was broken
    """
    try:
        yield
    except IntegrityError as error:
        if constraint in str(error):
            raise KeyTaken from error
        raise


def visible_items(ids: Iterable[int], by: User) -> set[int]:
    """Return the ids asked for, all of which this user sees.

    :raises NotFound: one of them does not exist or is not the user's to see
    """
    wanted = set(ids)
    if ReceivableItem.objects.visible_to(by).filter(pk__in=wanted).count() < len(wanted):
        raise NotFound
    return wanted


def own_items(ids: Iterable[int], account_id: int | None) -> set[int]:
    """Return the ids asked for, all of which are one client's.

    :raises NotFound: one of them does not exist or is somebody else's
    """
    wanted = set(ids)
    if ReceivableItem.objects.filter(pk__in=wanted, account=account_id or 0).count() < len(wanted):
        raise NotFound
    return wanted


def lock_items(ids: Iterable[int]) -> dict[int, ReceivableItem]:
    """Lock items by key until the transaction ends and return them as they stand under the lock."""
    locked = (
        ReceivableItem.objects.select_for_update(of=("self",), no_key=True)
        .select_related("account__entity", "company")
        .filter(pk__in=set(ids))
        .order_by("pk")
    )
    return {item.pk: item for item in locked}


def reopened_on(items: Iterable[int]) -> dict[int, date]:
    """Return, for those of locked items that were matched and un-matched again, the day of the last un-matching.

    Whatever is matched after it takes effect from that day on: before it, the former match was in force, and a day
    that counts both would show more matched than was owed.
    """
    keys = list(items)
    rows = (
        Allocation.objects.filter(Q(debit__in=keys) | Q(credit__in=keys), reversal_of__isnull=False)
        .filter(effective_date__gt=F("reversal_of__effective_date"))
        .values_list("debit_id", "credit_id", "effective_date")
    )
    found: dict[int, date] = {}
    for debit, credit, day in rows:
        for key in (debit, credit):
            found[key] = max(day, found.get(key, day))
    return found


def tell_platforms(allocations: Sequence[Allocation]) -> None:
    """Ask that money matched with invoices on the platforms, or taken off them, is reported there (status 212).

    One look by key in the caller's act; the rest follows by the work table.
    """
    debits = {row.debit_id for row in allocations if row.credit.kind == ItemKind.PAYMENT}
    if debits and EInvoice.objects.filter(invoice__items__in=debits).exists():
        keys = sorted(row.pk for row in allocations)
        work.add("einvoicing.receipts", f"{keys[0]}-{keys[-1]}", {"allocation_ids": keys})


def tell_credit_changed(account_ids: Iterable[int]) -> None:
    """Ask for everything that follows when credit is freed. The act's last step: nothing is locked after it."""
    _tell("credit.changed", account_ids)


def tell_credit_taken(account_ids: Iterable[int]) -> None:
    """The same when credit is only taken or moved: no waiting order can have become acceptable."""
    _tell("credit.taken", account_ids)


def tell_credit_changed_by_many(account_ids: Collection[int]) -> None:
    """The same for clients that one act touched together: the few whose credit an order waits for each for itself."""
    waiting = accounts_of_held_orders(account_ids)
    tell_credit_changed(waiting)
    others = sorted(set(account_ids) - waiting)
    for start in range(0, len(others), _ROWS_AT_ONCE):
        piece = others[start : start + _ROWS_AT_ONCE]
        work.emit("credit.changed_by_many", uuid.uuid4().hex, {"account_ids": piece})


def _tell(event: str, account_ids: Iterable[int]) -> None:
    for account_id in sorted(set(account_ids)):
        work.emit(event, key=f"account:{account_id}", payload={"account_id": account_id})


def tell_disputed(row_ids: Iterable[int], **facts: str) -> None:
    """Ask that contested amounts get a case, where disputes are kept.

    :param facts: how it came to it, for the case: its origin, type and comment
    """
    _tell_rows("amount.disputed", row_ids, facts)


def tell_undisputed(row_ids: Iterable[int]) -> None:
    """Tell that contested amounts have ended, so that their cases end too."""
    _tell_rows("amount.undisputed", row_ids, {})


def _tell_rows(event: str, row_ids: Iterable[int], facts: dict[str, str]) -> None:
    keys = sorted(set(row_ids))
    for start in range(0, len(keys), _ROWS_AT_ONCE):
        part = keys[start : start + _ROWS_AT_ONCE]
        work.emit(event, f"{part[0]}-{part[-1]}", {"row_ids": part, **facts})


def store_open_amounts(items: Sequence[ReceivableItem]) -> None:
    """Write the open amounts of locked items in one statement."""
    ReceivableItem.objects.bulk_update(items, ["open_amount"], batch_size=1000)
