"""Documents, payments and items for tests, made by the acts themselves so that every constraint holds."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import count
from typing import Any

from accounts.models import Company, CustomerAccount, User
from invoicing import services
from invoicing.enums import Origin
from invoicing.interest_policy import HalfYear
from invoicing.models import Invoice, LegalRate, Payment, ReceivableItem
from invoicing.policy import Instalment, LineInput
from o2c.shared.calendar import PARIS, paris_date
from o2c.shared.models import Work
from orders.enums import OrderState
from orders.models import Order, OrderLine

AT = datetime(2026, 11, 23, 10, 0, tzinfo=PARIS)
TODAY = AT.date()

_numbers = count(1)


def day(offset: int) -> date:
    """The day so many days after today, before it when negative."""
    return TODAY + timedelta(days=offset)


def make_invoice(
    account: CustomerAccount,
    amount: str | Decimal = "100.00",
    *,
    by: User,
    issued: date | None = None,
    due: date | None = None,
    number: str | None = None,
    at: datetime = AT,
    instalments: list[Instalment] | None = None,
    **fields: Any,
) -> Invoice:
    """An imported invoice, issued 60 and due 30 days before today when nothing else is said."""
    return services.record_invoice(
        company=account.company,
        account=account,
        number=number or f"I{next(_numbers):06d}",
        issue_date=issued or paris_date(at) - timedelta(days=60),
        due_date=due or paris_date(at) - timedelta(days=30),
        total_incl_vat=Decimal(amount),
        origin=Origin.IMPORTED,
        instalments=instalments,
        by=by,
        at=at,
        **fields,
    )


def make_item(account: CustomerAccount, amount: str | Decimal = "100.00", **fields: Any) -> ReceivableItem:
    """The one item of an imported invoice."""
    return make_invoice(account, amount, **fields).items.get()


def make_payment(
    account: CustomerAccount | None,
    amount: str | Decimal = "100.00",
    *,
    by: User,
    company: Company | None = None,
    received: date | None = None,
    external_id: str | None = None,
    currency: str | None = None,
    method: str = "transfer",
    at: datetime = AT,
    **fields: Any,
) -> Payment:
    """A transfer received today."""
    company = company or (account.company if account else None)
    assert company is not None
    return services.record_payment(
        company=company,
        account=account,
        external_id=external_id or f"P{next(_numbers):06d}",
        received_on=received or paris_date(at),
        amount=Decimal(amount),
        currency=currency or company.currency,
        method=method,
        by=by,
        at=at,
        **fields,
    )


def make_credit(account: CustomerAccount, amount: str | Decimal = "100.00", **fields: Any) -> ReceivableItem:
    """The negative item of a payment."""
    return make_payment(account, amount, **fields).items.get()


def line(quantity: str = "1", price: str = "100", rate: str = "20", **fields: Any) -> LineInput:
    """A line of a document."""
    return LineInput(
        description=fields.pop("description", "Article"),
        quantity=Decimal(quantity),
        unit_price=Decimal(price),
        vat_rate=Decimal(rate),
        **fields,
    )


def make_confirmed_order(
    account: CustomerAccount,
    *,
    by: User,
    lines: tuple[tuple[str, str], ...] = (("10", "100"),),
    delivered: tuple[str, ...] = (),
    state: str = OrderState.CONFIRMED,
) -> Order:
    """A confirmed order of ``(quantity, price)`` lines at 20 % VAT, its rows written by hand."""
    number = next(_numbers)
    excl = sum((Decimal(q) * Decimal(p) for q, p in lines), Decimal(0))
    order = Order.objects.create(
        company=account.company,
        account=account,
        number=f"O{number:06d}",
        state=state,
        currency=account.currency,
        term=account.term,
        order_date=TODAY,
        total_excl_vat=excl,
        total_incl_vat=excl * Decimal("1.2"),
        approved_total=excl * Decimal("1.2"),
        is_started=bool(delivered),
        created_by=by,
        created_at=AT,
        submitted_by=by,
        submitted_at=AT,
        confirmed_at=AT if state == OrderState.CONFIRMED else None,
    )
    for position, (quantity, price) in enumerate(lines, start=1):
        OrderLine.objects.create(
            order=order,
            line=position,
            sku=f"A{position}",
            description=f"Article {position}",
            quantity=Decimal(quantity),
            unit_price=Decimal(price),
            approved_quantity=Decimal(quantity),
            approved_price=Decimal(price),
            delivered=Decimal(delivered[position - 1]) if position <= len(delivered) else Decimal(0),
        )
    return order


def assume_rates(until: date) -> None:
    """Enter the legal rates up to the half-year of a day where the table does not reach it, as assumed."""
    last = LegalRate.objects.filter(replaced_by=None)[0]
    while last.half_year < HalfYear.of(until):
        last = LegalRate.objects.create(
            starts_on=last.half_year.following.first,
            ecb_rate=last.ecb_rate,
            legal_rate=last.legal_rate,
            source="assumed",
            is_assumed=True,
            recorded_at=AT,
        )


def woken() -> list[int]:
    """Accounts whose waiting orders were asked to be examined again, in the order they were asked for."""
    rows = Work.objects.filter(kind="react:orders.services.reexamine_held").order_by("pk")
    return [row.payload["account_id"] for row in rows]
