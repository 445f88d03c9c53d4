"""Limits, orders and items for tests of credit and orders."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.utils import timezone

from accounts.models import CustomerAccount, LegalEntity, User
from credit.enums import Level
from credit.models import CreditLimit
from invoicing.enums import ItemKind
from invoicing.models import ReceivableItem
from o2c.shared.calendar import paris_date
from orders.models import Order, Quotation
from orders.services import LineInput, create_order, create_quotation, submit

from .accounts import make_user


def give_limit(
    account: CustomerAccount,
    amount: str | Decimal | None,
    *,
    at_entity: bool = False,
    at_group: bool = False,
    **fields: Any,
) -> CreditLimit:
    """Decide a base limit by hand; ``amount=None`` is unlimited."""
    today = paris_date(timezone.now())
    entity: LegalEntity = account.entity
    level = Level.GROUP if at_group else Level.ENTITY if at_entity else Level.ACCOUNT
    fields.setdefault("valid_from", today - timedelta(days=400))
    fields.setdefault("valid_until", today + timedelta(days=200))
    return CreditLimit.objects.create(
        level=level,
        account=account if level == Level.ACCOUNT else None,
        entity=entity if level == Level.ENTITY else None,
        group=entity.group if level == Level.GROUP else None,
        kind="unlimited" if amount is None else "base",
        amount=None if amount is None else Decimal(amount),
        currency=account.company.currency,
        reason="test",
        decided_by=fields.pop("decided_by", None) or make_user("credit_manager", account.company),
        decided_at=timezone.now(),
        **fields,
    )


def line(total_incl: str | Decimal, *, number: int | None = None) -> LineInput:
    """One line that comes to this total incl. 20 % VAT."""
    net = (Decimal(total_incl) / Decimal("1.2")).quantize(Decimal("0.0001"))
    return LineInput(sku="A1", description="Goods", quantity=Decimal(1), unit_price=net, line=number)


def draft(
    account: CustomerAccount, total: str | Decimal, *, by: User, at: datetime | None = None, **fields: Any
) -> Order:
    """A draft order of one line."""
    return create_order(
        company=account.company,
        account=account,
        lines=[line(total)],
        by=by,
        at=at or timezone.now(),
        **fields,
    )


def submitted(
    account: CustomerAccount, total: str | Decimal, *, by: User, at: datetime | None = None, **fields: Any
) -> Order:
    """An order that went through the check."""
    order = draft(account, total, by=by, at=at, **fields)
    return submit(order_id=order.pk, by=by, at=at or timezone.now())


def open_item(
    account: CustomerAccount,
    amount: str | Decimal,
    *,
    due: date | None = None,
    kind: str = ItemKind.OPENING,
    **fields: Any,
) -> ReceivableItem:
    """An item without a document behind it; negative amounts are credits."""
    today = paris_date(timezone.now())
    fields.setdefault("effective_date", min(due or today, today))
    return ReceivableItem.objects.create(
        company=account.company,
        account=account,
        kind=kind,
        document=fields.pop("document", f"D{ReceivableItem.objects.count() + 1}"),
        issue_date=fields.pop("issue_date", fields["effective_date"]),
        due_date=due or today,
        currency=fields.pop("currency", account.currency),
        amount=Decimal(amount),
        open_amount=Decimal(amount),
        recorded_at=timezone.now(),
        **fields,
    )


def quoted(
    account: CustomerAccount, total: str | Decimal, *, by: User, at: datetime | None = None, **fields: Any
) -> Quotation:
    """A draft quotation of one line."""
    return create_quotation(
        company=account.company,
        account=account,
        lines=[line(total)],
        by=by,
        at=at or timezone.now(),
        **fields,
    )
