"""Monthly statements of the demonstration company: one went by e-mail, one by post, one came back."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from accounts.models import CustomerAccount, User
from dunning.models import AccountStatement
from dunning.services.statements import send_one
from invoicing.models import BuyerDetails, ReceivableItem
from invoicing.services.details import change_buyer
from o2c.shared import delivery
from o2c.shared.bounces import Action, Report
from o2c.shared.calendar import add_months, paris_date

Wish = BuyerDetails.Statements
_WISHES: Final = (Wish.EMAIL, Wish.POST, Wish.EMAIL)
# The first clients stand for others: they are left as they are.
_UNTOUCHED: Final = 40


def make_statements(accounts: Sequence[CustomerAccount], team: dict[str, User], *, at: datetime) -> None:
    """Send those of the month before; the last one's address does not exist any more."""
    month = add_months(paris_date(at).replace(day=1), -1)
    owing = ReceivableItem.objects.filter(effective_date__lt=month).exclude(open_amount=0)
    open_ = set(owing.values_list("account_id", flat=True))
    chosen = [account for account in accounts[_UNTOUCHED:] if account.pk in open_]
    for account, wish in zip(chosen, _WISHES, strict=False):
        change_buyer(account_id=account.pk, values={"statements": wish.value}, by=team["adv"], at=at)
        send_one(work=None, account_id=account.pk, month=month.isoformat())
    last = AccountStatement.objects.select_related("message").order_by("-pk").first()
    if last is not None and last.message is not None:
        gone = Report(last.message.to, Action.FAILED, "5.1.1", "adresse inconnue")
        delivery.note_report(last.message, gone, at=at + timedelta(minutes=1))
