"""What keeps debts claimable: acknowledgements, claims in court, measures (domain.md 6.4)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any, Final

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts.models import CustomerAccount, User
from dunning.enums import Interruption
from dunning.models import LimitationInterruption, PaymentPlan
from invoicing.models import ReceivableItem
from invoicing.services.shared import require, visible_items
from o2c.shared import audit
from o2c.shared.calendar import paris_date
from o2c.shared.problems import Invalid

RIGHT: Final = "dunning.promise"


def note(
    items: Iterable[int],
    kind: Interruption,
    *,
    on: date | None,
    by: User,
    at: datetime,
    words: str = "",
    plan: PaymentPlan | None = None,
) -> None:
    """Store what interrupts the limitation of items, inside the caller's act; noted twice it stands once."""
    assert on is not None
    LimitationInterruption.objects.bulk_create(
        [
            LimitationInterruption(item_id=item, kind=kind, on=on, note=words, plan=plan, by=by, at=at)
            for item in items
        ],
        ignore_conflicts=True,
    )


def interrupt(
    *, item_ids: Sequence[int], kind: Interruption, on: date, words: str, by: User, at: datetime
) -> CustomerAccount:
    """Note that the limitation of some items of one client starts anew: its written request for time, a claim.

    :param words: where it stands: letter of such a day, number of the claim
    :raises NotFound: an item is not this user's to see
    :raises NotAllowed: without the right to speak with clients
    :raises Invalid: no item, no words, a day ahead
    """
    errors: dict[str, Any] = {}
    if not item_ids:
        errors["items"] = [_("Name at least one item.")]
    if not words.strip():
        errors["words"] = [_("Say where it stands: the letter and its day, the number of the claim.")]
    if on > paris_date(at):
        errors["on"] = [_("What has not happened yet interrupts nothing.")]
    if errors:
        raise Invalid(errors=errors)
    keys = visible_items(item_ids, by)
    with transaction.atomic():
        items = list(ReceivableItem.objects.filter(pk__in=keys).select_related("account").order_by("pk"))
        account: CustomerAccount = items[0].account
        require(by, RIGHT, account.company_id)
        if {item.account_id for item in items} != {account.pk}:
            raise Invalid(errors={"items": [_("These are items of several clients.")]})
        note(sorted(keys), kind, on=on, by=by, at=at, words=words.strip()[:300])
        audit.record(
            "limitation.interrupted", account, by=by, at=at, label=account.code, company_id=account.company_id,
            account_id=account.pk, reason=words.strip(), after={"kind": kind, "on": on, "items": len(items)},
        )  # fmt: skip
    return account
