"""One invoice for what is delivered of several orders of a client (summary invoice, CGI art. 289 I-3)."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from credit.locks import lock_credit
from invoicing import policy
from invoicing.enums import DocumentKind, Origin
from invoicing.firewall.gate import keep, let_through
from invoicing.models import Invoice, InvoiceLine
from o2c.shared.calendar import paris_date
from o2c.shared.locking import retrying
from o2c.shared.problems import NotFound, RuleRefused
from o2c.shared.vat import VatTotals, line_net, vat_totals
from orders.models import Order, OrderLine
from orders.paper import language_of

from .deposits import deducted, deposits_of
from .documents import due_date_of, record_document, store_document
from .order_invoices import NothingToInvoice, agreed_price, last_goods_issue
from .ordered import Quantities, count_as_invoiced, delivered_quantities, lock_order
from .shared import open_days, require, tell_credit_taken


class NotOneInvoice(RuleRefused):
    code = "not_one_invoice"
    message = _("One invoice takes orders of one client, in one currency and with one payment term.")


@retrying
def issue_grouped(
    *,
    order_ids: Collection[int],
    by: User,
    at: datetime,
    issue_date: date | None = None,
    acknowledged: Collection[str] = (),
) -> Invoice:
    """Issue one invoice for what is delivered and not yet invoiced of several orders.

    Its lines stand order by order, each beside its order's line; the due date counts from the last delivery.

    :raises NotOneInvoice: of several clients, currencies or payment terms
    :raises NothingToInvoice: nothing is left of any
    :raises AnomaliesFound: something stops it or asks first
    """
    today = paris_date(at)
    day = issue_date or today
    seen = list(
        Order.objects.visible_to(by)
        .select_related("account", "company")
        .filter(pk__in=order_ids)
        .order_by("pk")
    )
    if len(seen) < len(set(order_ids)) or not seen:
        raise NotFound
    first = seen[0]
    require(by, "invoicing.issue", first.company_id)
    if day < today:
        require(by, "invoicing.import", first.company_id)
    if len({(order.account_id, order.currency, order.term) for order in seen}) > 1:
        raise NotOneInvoice
    with transaction.atomic():
        lock_credit(first.account)
        policy.check_document_date(day, today=today, open_days=open_days(first.company, today=today))
        orders = [lock_order(order.pk) for order in seen]
        lines = {order.pk: list(order.lines.all()) for order in orders}
        waiting = {order.pk: delivered_quantities(lines[order.pk]) for order in orders}
        billed = _lines([order for order in orders if waiting[order.pk]], lines, waiting)
        if not billed:
            raise NothingToInvoice
        totals, deductions = _less_deposits([order for order in orders if waiting[order.pk]], lines, billed)
        supplied_on = last_goods_issue(line.order_line_id for line in billed if line.order_line_id)
        parts = policy.instalments_of(totals.incl, due_date_of(day, first.term, supplied_on), None)
        invoice = Invoice(
            company=first.company,
            account=first.account,
            kind=DocumentKind.INVOICE,
            origin=Origin.ISSUED,
            issue_date=day,
            due_date=parts[-1].due_date,
            term=first.term,
            currency=first.currency,
            total_excl_vat=totals.excl,
            total_vat=totals.vat,
            total_incl_vat=totals.incl,
            customer_reference=_reference(orders),
            created_by=by,
            recorded_at=at,
        )
        ordered = [line for order in orders for line in lines[order.pk]]
        prices = {line.pk: agreed_price(line) for line in ordered}
        judged = let_through(invoice, billed, order_lines=ordered, prices=prices, acknowledged=acknowledged)
        store_document(invoice, parts, [*billed, *deductions], totals, supplied_on=supplied_on)
        keep(invoice, judged, by=by, at=at)
        for order in orders:
            if waiting[order.pk]:
                count_as_invoiced(order, lines[order.pk], waiting[order.pk])
        record_document(invoice, by=by, at=at)
        tell_credit_taken([first.account_id])
    return invoice


def _lines(
    orders: Sequence[Order],
    lines: Mapping[int, Sequence[OrderLine]],
    waiting: Mapping[int, Quantities],
) -> list[InvoiceLine]:
    """What is waiting of each order, numbered through."""
    found: list[InvoiceLine] = []
    for order in orders:
        for line in lines[order.pk]:
            quantity = waiting[order.pk].get(line.pk)
            if quantity:
                found.append(
                    InvoiceLine(
                        line=len(found) + 1,
                        order_line=line,
                        sku=line.sku,
                        description=f"{line.description} ({order.number})"[:300],
                        quantity=quantity,
                        unit_price=agreed_price(line),
                        vat_rate=line.vat_rate,
                        net=line_net(quantity, agreed_price(line)),
                    )
                )
    return found


def _less_deposits(
    orders: Sequence[Order], lines: Mapping[int, Sequence[OrderLine]], billed: Sequence[InvoiceLine]
) -> tuple[VatTotals, list[InvoiceLine]]:
    """What is left of the totals once the deposits of each order are deducted from its own lines, and how."""
    totals = vat_totals((line.quantity, line.unit_price, line.vat_rate) for line in billed)
    deductions: list[InvoiceLine] = []
    for order in orders:
        deposits = deposits_of(order)
        if not deposits:
            continue
        keys = {line.pk for line in lines[order.pk]}
        own = [line for line in billed if line.order_line_id in keys]
        charged = vat_totals((line.quantity, line.unit_price, line.vat_rate) for line in own)
        left, found = deducted(charged, [*billed, *deductions], deposits, language=language_of(order.account))
        deductions += found
        totals = VatTotals(
            totals.excl - (charged.excl - left.excl),
            totals.vat - (charged.vat - left.vat),
            totals.incl - (charged.incl - left.incl),
            totals.by_rate,
        )
    return totals, deductions


def _reference(orders: Sequence[Order]) -> str:
    """The client's references of all orders, each once, as far as they fit."""
    found = list(dict.fromkeys(order.customer_reference for order in orders if order.customer_reference))
    text = ", ".join(found)
    return text if len(text) <= 120 else f"{text[:118]}…"
