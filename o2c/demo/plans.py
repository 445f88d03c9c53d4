"""Payment plans of the demonstration company: one that runs, its first instalment paid, and one to be signed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from django.db.models import Sum

from accounts.models import Company, CustomerAccount, User
from dunning.plan_policy import spread
from dunning.services.payment_plans import make_plan, sign_plan
from dunning.services.plan_judging import judge_plans
from invoicing.models import ReceivableItem
from invoicing.services import allocate, record_payment
from o2c.shared.calendar import paris_date
from o2c.shared.money import ZERO

# Late for longer, so that a plan of some weeks ago was about late invoices too.
_LATE_DAYS: Final = 50
_BEGAN_DAYS: Final = 40
# The first clients stand for others: they are left as they are.
_UNTOUCHED: Final = 20


def make_plans(
    company: Company, accounts: Sequence[CustomerAccount], team: dict[str, User], *, at: datetime
) -> None:
    """Write two plans about what is late, undisputed and not promised; the larger one runs."""
    found = _late(company, accounts[_UNTOUCHED:], at)
    if len(found) < 2:
        return
    running, draft = found
    began = at - timedelta(days=_BEGAN_DAYS)
    first = paris_date(began) + timedelta(days=7)
    total = sum((item.open_amount for item in running), ZERO)
    plan = make_plan(
        account_id=running[0].account_id, item_ids=[item.pk for item in running],
        instalments=spread(total, 4, first=first), method="transfer", signatory="Anne Kervadec", capacity="gérante",
        guarantees="Caution personnelle de la gérante", insurer_agreed=True, by=team["accountant"], at=began,
    )  # fmt: skip
    sign_plan(plan_id=plan.pk, by=team["credit"], at=began)
    _pay(
        running,
        plan.instalments.get(number=1).amount,
        team["accountant"],
        at - timedelta(days=_BEGAN_DAYS - 8),
    )
    judge_plans(account_ids=[plan.account_id], on=paris_date(at))
    owed = sum((item.open_amount for item in draft), ZERO)
    make_plan(
        account_id=draft[0].account_id, item_ids=[item.pk for item in draft],
        instalments=spread(owed, 3, first=paris_date(at) + timedelta(days=7)), method="direct_debit",
        signatory="Paul Morel", capacity="président", insurer_agreed=True, by=team["adv"], at=at,
    )  # fmt: skip


def _late(company: Company, accounts: Sequence[CustomerAccount], at: datetime) -> list[list[ReceivableItem]]:
    """The late items of the two clients of these who owe most of them."""
    day = paris_date(at) - timedelta(days=_LATE_DAYS)
    rows = ReceivableItem.objects.filter(
        company=company, account__in=accounts, currency=company.currency, open_amount__gt=0, amount__gt=0,
        due_date__lt=day, disputed_amounts=None, promises=None,
    )  # fmt: skip
    most = (
        rows.order_by().values("account").annotate(owed=Sum("open_amount")).order_by("-owed", "account")[:2]
    )
    return [list(rows.filter(account=row["account"]).order_by("due_date", "pk")) for row in most]


def _pay(items: Sequence[ReceivableItem], amount: Decimal, by: User, at: datetime) -> None:
    """Money of an instalment, matched with the oldest documents."""
    account = items[0].account
    payment = record_payment(
        company=account.company, account=account, external_id=f"PLAN-{account.code}", received_on=paris_date(at),
        amount=amount, currency=items[0].currency, method="transfer", reference="Échéance 1", by=by, at=at,
    )  # fmt: skip
    source = payment.items.get()
    for item in items:
        part = min(amount, item.open_amount)
        if part > 0:
            allocate(from_item_id=source.pk, to_item_id=item.pk, amount=part, by=by, at=at)
            amount -= part
