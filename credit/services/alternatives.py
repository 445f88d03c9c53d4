"""What would make an order possible: reads the book once and looks ahead. Stores nothing, locks nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from accounts.models import CustomerAccount, User

from ..alternatives.outlook import Outlook, outlook_of
from ..enums import Level
from ..queries import kin_of
from .checks import CheckResult, fact


def look_ahead(
    result: CheckResult,
    *,
    reader: User | None,
    term: str,
    delivered_on: date | None = None,
    order_id: int | None = None,
) -> Outlook:
    """Put an order that was checked beside the money that is expected of its client and of those who share its limit.

    :param reader: who asks: only documents they may see are named
    :param delivered_on: when the order is to be invoiced; today when left out
    """
    account, on = result.account, result.view.on
    invoiced_on = max(delivered_on or on, on)
    kin = set(kin_of(account.pk).values_list("pk", flat=True))
    money = fact(
        "expected_money",
        account_ids=sorted(kin),
        on=on,
        skip_order=order_id,
        reader=reader,
        company=account.company,
        counted_until=result.counted_until,
    )
    paid_on, delay = fact(
        "expected_payment", account_id=account.pk, term=term, delivered_on=invoiced_on, on=on
    ) or (invoiced_on, 0)
    outlook = outlook_of(result, money=money or (), paid_on=paid_on, delay=delay, invoiced_on=invoiced_on)
    return replace(outlook, shows_curve=_sees_level(result, reader, kin))


def _sees_level(result: CheckResult, reader: User | None, kin: set[int]) -> bool:
    """Whether a reader may see each account that the binding level adds up (design 3.5)."""
    binding = result.view.binding
    if reader is None or binding is None or binding.level == Level.ACCOUNT:
        return reader is not None
    return (
        set(CustomerAccount.objects.visible_to(reader).filter(pk__in=kin).values_list("pk", flat=True)) == kin
    )
