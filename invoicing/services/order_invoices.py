"""Invoicing an order: what is delivered and not yet invoiced, or the whole of it in advance."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import date, datetime
from decimal import Decimal

from django.db import transaction
from django.db.models import Max
from django.utils.translation import gettext_lazy as _

from accounts import policy as terms
from accounts.enums import CapRegime
from accounts.models import User
from credit.locks import lock_credit
from invoicing import policy
from invoicing.enums import DocumentKind, Origin
from invoicing.firewall.gate import keep, let_through
from invoicing.models import Invoice, InvoiceLine
from invoicing.policy import Instalment
from o2c.shared.calendar import paris_date
from o2c.shared.locking import retrying
from o2c.shared.problems import Conflict, Invalid, NotFound
from o2c.shared.vat import line_net, vat_totals
from orders import services as orders
from orders.enums import OrderState
from orders.models import DeliveryLine, Order, OrderLine
from orders.paper import language_of
from orders.services.refusals import HeldAgain

from .deposits import deducted, deposits_of
from .documents import due_date_of, record_document, store_document
from .ordered import Quantities, count_as_invoiced, delivered_quantities, left_quantities, lock_order
from .shared import open_days, require, tell_credit_taken


class NothingToInvoice(Conflict):
    code = "nothing_to_invoice"
    message = _("Everything delivered has been invoiced already.")


class NotConfirmed(Conflict):
    code = "not_confirmed"
    message = _("Only a confirmed order can be invoiced.")


@retrying
def issue_from_order(
    *,
    order_id: int,
    by: User,
    at: datetime,
    issue_date: date | None = None,
    due_date: date | None = None,
    instalments: Sequence[Instalment] | None = None,
    only_delivered: bool = True,
    acknowledged: Collection[str] = (),
) -> Invoice:
    """Issue an invoice for an order.

    What is delivered and not yet invoiced can always be invoiced. An order of which nothing is delivered
    yet is invoiced whole, in advance, if the check lets it pass.

    :param issue_date: today when left out; not before the last document of the series
    :param due_date: the order's term gives it when left out
    :param only_delivered: False invoices also what is left of a part-delivered order, after a check
    :param acknowledged: codes of anomalies that whoever issues it has seen
    :raises AnomaliesFound: something stops it or asks first
    :raises NothingToInvoice: nothing is left
    :raises NotConfirmed: the order has not passed its check yet, or has ended
    :raises HeldAgain: invoicing in advance, and the check holds the order
    """
    today = paris_date(at)
    issue_date = issue_date or today
    order = _asked_for(order_id, by, in_past=issue_date < today)
    if not only_delivered or not any(line.delivered for line in order.lines.all()):
        # In a transaction of its own: a hold it makes stays although nothing is invoiced.
        orders.clear_for_invoice(order_id=order_id, by=by, at=at)
    with transaction.atomic():
        lock_credit(order.account)
        order = lock_order(order_id)
        lines = list(order.lines.all())
        quantities = _quantities(order, lines, only_delivered=only_delivered)
        policy.check_document_date(issue_date, today=today, open_days=open_days(order.company, today=today))
        invoice = _issue(
            order, lines, quantities, issue_date, due_date, instalments, acknowledged, by=by, at=at
        )
        count_as_invoiced(order, lines, quantities)
        record_document(invoice, by=by, at=at)
        tell_credit_taken([order.account_id])
    return invoice


def _asked_for(order_id: int, by: User, *, in_past: bool) -> Order:
    order = Order.objects.visible_to(by).select_related("account", "company").filter(pk=order_id).first()
    if order is None:
        raise NotFound
    require(by, "invoicing.issue", order.company_id)
    if in_past:
        require(by, "invoicing.import", order.company_id)
    lines = list(order.lines.all())
    if order.state != OrderState.CONFIRMED and not (
        order.state == OrderState.CLOSED and delivered_quantities(lines)
    ):
        raise NotConfirmed
    if not left_quantities(lines):
        raise NothingToInvoice
    return order


def _quantities(order: Order, lines: Sequence[OrderLine], *, only_delivered: bool) -> Quantities:
    """Return the quantity to invoice of each line of a locked order, none of them zero."""
    delivered = delivered_quantities(lines)
    if order.state == OrderState.CLOSED and delivered:
        return delivered
    if order.state != OrderState.CONFIRMED:
        raise NotConfirmed
    in_advance = not only_delivered or not any(line.delivered for line in lines)
    wanted = left_quantities(lines) if in_advance else delivered
    if not wanted:
        raise NothingToInvoice
    if wanted != delivered and order.cases.filter(closed_at=None).exists():
        raise HeldAgain  # held between the check and the lock
    return wanted


def _issue(
    order: Order,
    lines: Sequence[OrderLine],
    quantities: Quantities,
    issue_date: date,
    due_date: date | None,
    instalments: Sequence[Instalment] | None,
    acknowledged: Collection[str],
    *,
    by: User,
    at: datetime,
) -> Invoice:
    billed = [
        InvoiceLine(
            line=line.line,
            order_line=line,
            sku=line.sku,
            description=line.description,
            quantity=quantities[line.pk],
            unit_price=agreed_price(line),
            vat_rate=line.vat_rate,
            net=line_net(quantities[line.pk], agreed_price(line)),
        )
        for line in lines
        if line.pk in quantities
    ]
    charged = vat_totals((line.quantity, line.unit_price, line.vat_rate) for line in billed)
    totals, deductions = deducted(charged, billed, deposits_of(order), language=language_of(order.account))
    supplied_on = last_goods_issue(quantities)
    agreed = due_date_of(issue_date, order.term, supplied_on)
    parts = policy.instalments_of(totals.incl, due_date or agreed, instalments)
    _check_due_dates(parts, order, issue_date, agreed)
    invoice = Invoice(
        company=order.company,
        account=order.account,
        kind=DocumentKind.INVOICE,
        origin=Origin.ISSUED,
        issue_date=issue_date,
        due_date=max(part.due_date for part in parts),
        term=order.term,
        currency=order.currency,
        total_excl_vat=totals.excl,
        total_vat=totals.vat,
        total_incl_vat=totals.incl,
        customer_reference=order.customer_reference,
        order=order,
        created_by=by,
        recorded_at=at,
    )
    prices = {line.pk: agreed_price(line) for line in lines}
    judged = let_through(invoice, billed, order_lines=lines, prices=prices, acknowledged=acknowledged)
    store_document(invoice, parts, [*billed, *deductions], totals, supplied_on=supplied_on)
    keep(invoice, judged, by=by, at=at)
    return invoice


def agreed_price(line: OrderLine) -> Decimal:
    """Return the price last approved: a raise that waits for its decision must not reach the client."""
    return line.approved_price if line.approved_quantity else line.unit_price


def last_goods_issue(order_lines: Iterable[int]) -> date | None:
    """Return the day of the last goods issue of lines of orders, by their keys; None before any."""
    found: date | None = DeliveryLine.objects.filter(
        order_line_id__in=list(order_lines), quantity__gt=0
    ).aggregate(last=Max("delivery__delivered_on"))["last"]
    return found


def _check_due_dates(parts: Sequence[Instalment], order: Order, issue_date: date, agreed: date) -> None:
    """Refuse due dates before issue, and those beyond both the legal cap and what the order's term gives."""
    if min(part.due_date for part in parts) < issue_date and any(p.due_date != agreed for p in parts):
        raise Invalid(errors={"due_date": [_("The due date lies before the issue date.")]})
    last = max(part.due_date for part in parts)
    regime = CapRegime(order.account.cap_regime)
    if last > agreed and not terms.within_cap(last, regime, issue_date, issue_date):
        raise policy.BeyondLegalCap
