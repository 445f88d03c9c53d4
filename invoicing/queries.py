"""Readings of the open book: what exposure counts, items of a day, facts about payment behaviour."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final, TypedDict

from django.db import connection
from django.db.models import (
    Case,
    DateField,
    DecimalField,
    Exists,
    ExpressionWrapper,
    F,
    Func,
    IntegerField,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Sum,
    Value,
    When,
)
from django.db.models.expressions import Combinable
from django.db.models.functions import Coalesce, Greatest, Least

from accounts.models import CustomerAccount
from o2c.shared.calendar import add_months
from o2c.shared.money import ZERO

from . import policy
from .book import LEDGER_TOTALS, OF_SCOPE, moved_after, scope_sql
from .clearing import UNCLEARED_ROWS
from .deposits_held import DEPOSIT_ROWS
from .enums import DocumentKind, InvoiceStatus, ItemKind, PaymentStatus
from .models import Allocation, DisputedAmount, DueDateChange, Invoice, Payment, ReceivableItem
from .past_items import due_date_then, open_amount_then, open_then

# France's standard rate, in percent (CGI, art. 278).
STANDARD_VAT: Final = Decimal(20)

if TYPE_CHECKING:
    from django_stubs_ext import WithAnnotations

# The open book on the evaluation day, as exposure counts it. Items effective later are left out, allocations
# effective later are added back, so that money announced for next week frees nothing today (design 3.2, 3.3).
# What is disputed or dated ahead is little: items are looked up by key from there (``OFFSET 0`` keeps the planner to
# it), never the other way round, so that a client with many items costs no more.
EXPOSURE_ROWS: Final = """
    SELECT i.account_id,
           CASE i.kind
               WHEN 'CREDIT_NOTE' THEN 'unallocated_credit_notes'
               WHEN 'PENALTY' THEN 'claimed_penalties'
               ELSE CASE WHEN i.amount_sign < 0 THEN 'unallocated_payments' ELSE 'open_invoices' END
           END AS part,
           i.currency, i.open_amount AS amount, i.due_date /*document , i.document */
    FROM (
        SELECT account_id, kind, currency, open_amount, due_date,
               CASE WHEN open_amount < 0 THEN -1 ELSE 1 END AS amount_sign /*document , document */
        FROM invoicing_receivableitem
        WHERE account_id = ANY(%(accounts)s)
          AND open_amount <> 0 AND effective_date <= %(today)s
        UNION ALL
        SELECT d.account_id, d.kind, d.currency, a.amount, d.due_date, 1 /*document , d.document */
        FROM invoicing_allocation a
        CROSS JOIN LATERAL (SELECT * FROM invoicing_receivableitem WHERE id = a.debit_id OFFSET 0) d
        WHERE a.dated_ahead AND a.effective_date > %(today)s AND d.effective_date <= %(today)s
          AND d.account_id = ANY(%(accounts)s)
        UNION ALL
        SELECT c.account_id, c.kind, c.currency, -a.amount, c.due_date, -1 /*document , c.document */
        FROM invoicing_allocation a
        CROSS JOIN LATERAL (SELECT * FROM invoicing_receivableitem WHERE id = a.credit_id OFFSET 0) c
        WHERE a.dated_ahead AND a.effective_date > %(today)s AND c.effective_date <= %(today)s
          AND c.account_id = ANY(%(accounts)s)
    ) i
    UNION ALL
    SELECT x.account_id, 'disputed', i.currency,
           LEAST(x.amount, i.open_amount + CASE WHEN ahead.any_row THEN (
               SELECT COALESCE(SUM(amount), 0) FROM invoicing_allocation
               WHERE debit_id = i.id AND dated_ahead AND effective_date > %(today)s
           ) ELSE 0 END),
           i.due_date /*document , i.document */
    FROM (
        SELECT account_id, item_id, SUM(amount) AS amount
        FROM invoicing_disputedamount
        WHERE account_id = ANY(%(accounts)s)
          AND effective_from <= %(today)s AND (effective_to IS NULL OR effective_to > %(today)s)
        GROUP BY account_id, item_id
    ) x
    CROSS JOIN LATERAL (
        SELECT id, currency, open_amount, due_date /*document , document */ FROM invoicing_receivableitem
        WHERE id = x.item_id AND effective_date <= %(today)s OFFSET 0
    ) i
    CROSS JOIN (
        SELECT EXISTS (
            SELECT FROM invoicing_allocation WHERE dated_ahead AND effective_date > %(today)s
        ) AS any_row
    ) ahead
"""

if TYPE_CHECKING:

    class ItemFigures(TypedDict):
        """What ``with_open_amount`` tells of an item."""

        open_on: Decimal
        disputed_on: Decimal
        due_on: date
        days_late: int

    class InvoiceFigures(TypedDict):
        """What ``invoices_with_open`` tells of a document."""

        open_on: Decimal

    class PaymentFigures(TypedDict):
        """What ``payments_with_unallocated`` tells of a payment."""

        unallocated_on: Decimal

    ItemsOnDay = QuerySet[WithAnnotations[ReceivableItem, ItemFigures]]
    InvoicesOnDay = QuerySet[WithAnnotations[Invoice, InvoiceFigures]]
    PaymentsOnDay = QuerySet[WithAnnotations[Payment, PaymentFigures]]

_MONEY: Final[DecimalField[Any, Any]] = DecimalField(max_digits=16, decimal_places=2)


def exposure_rows() -> str:
    """The SQL of this application's exposure rows (``settings.CREDIT_EXPOSURE``)."""
    return f"{EXPOSURE_ROWS} UNION ALL {UNCLEARED_ROWS} UNION ALL {DEPOSIT_ROWS}"


def ledger_total(accounts: QuerySet[CustomerAccount], *, on: date) -> dict[str, Decimal]:
    """Return what the documents of accounts make by the end of a day, per currency."""
    scope, params = scope_sql(accounts)
    with connection.cursor() as cursor:
        cursor.execute(
            f"WITH scope AS ({scope}) {LEDGER_TOTALS.format(whose=OF_SCOPE)}", {"on": on, **params}
        )
        return dict(cursor.fetchall())


# --- items -------------------------------------------------------------------------------------------------------


class _Days(Func):
    """Days from the second date to the first."""

    template = "(%(expressions)s)"
    arg_joiner = " - "
    output_field = IntegerField()


def _later(item: str) -> QuerySet[Allocation]:
    """Matches of the outer item recorded on one of its two sides, with what they moved."""
    return Allocation.objects.filter(**{item: OuterRef("pk")}).order_by().values(item)


def _summed(rows: QuerySet[Any], column: str = "amount") -> Coalesce:
    total = rows.annotate(total=Sum(column)).values("total")
    return Coalesce(Subquery(total, output_field=_MONEY), Value(ZERO), output_field=_MONEY)


def due_on(on: date) -> Coalesce:
    """When an item was due as of a day: before the first change that took effect after it."""
    later = DueDateChange.objects.filter(item=OuterRef("pk"), effective_from__gt=on)
    then = later.order_by("effective_from", "pk").values("old_due_date")[:1]
    return Coalesce(Subquery(then), F("due_date"))


def with_open_amount(items: QuerySet[ReceivableItem], *, on: date, moved: bool | None = None) -> ItemsOnDay:
    """Annotate ``open_on`` (what was open at the end of a day), ``disputed_on``, ``due_on`` and ``days_late``.

    The caller keeps items effective later out. Some look-ups by key per row shown, whatever the size of the book;
    none for what is open and when it was due where nothing has moved since.

    :param moved: what ``moved_after`` said of the day, where the caller knows
    """
    if not (moved_after(on) if moved is None else moved):
        return _with_figures(items, F("open_amount"), F("due_date"), on)
    given = _summed(_later("debit").filter(effective_date__gt=on))
    taken = _summed(_later("credit").filter(effective_date__gt=on))
    return _with_figures(items, F("open_amount") + given - taken, due_on(on), on)


def _with_figures(
    items: QuerySet[ReceivableItem], open_on: Combinable, due: Combinable, on: date
) -> ItemsOnDay:
    in_force = (
        DisputedAmount.objects.filter(item=OuterRef("pk"), effective_from__lte=on)
        .filter(Q(effective_to=None) | Q(effective_to__gt=on))
        .order_by()
        .values("item")
    )
    least = Least(F("open_on"), _summed(in_force))
    return items.annotate(
        open_on=ExpressionWrapper(open_on, output_field=_MONEY),
        # Few are contested: over many rows the database asks that of one set, and adds up for those few alone.
        disputed_on=Case(
            When(
                Exists(in_force), then=Greatest(Value(ZERO, output_field=_MONEY), least, output_field=_MONEY)
            ),
            default=Value(ZERO, output_field=_MONEY),
            output_field=_MONEY,
        ),
        due_on=ExpressionWrapper(due, output_field=DateField()),
        days_late=Case(
            When(open_on__gt=0, then=Greatest(Value(0), _Days(Value(on, DateField()), F("due_on")))),
            default=Value(0),
        ),
    )


def items_on(
    accounts: QuerySet[CustomerAccount],
    *,
    on: date,
    open_only: bool = False,
    overdue_only: bool = False,
    kind: str | None = None,
    whose: Q | None = None,
    whole: bool = False,
) -> ItemsOnDay:
    """Return the items of accounts as the book stood at the end of a day, credits and payments included.

    Each carries ``open_on``, ``disputed_on`` (of what is open) and ``days_late``; sorting is the caller's.

    :param open_only: those of which something was open
    :param overdue_only: those owed and due before ``on``; implies ``open_only``
    :param kind: one ``ItemKind``
    :param whose: a shorter way to say that items are those of ``accounts`` (``accounts.models.documents_of``)
    :param whole: these are a whole company's: what has moved is added up without asking whose it is
    """
    then_open = open_only or overdue_only
    moved = moved_after(on)
    items: QuerySet[ReceivableItem] = ReceivableItem.objects.all()
    if then_open and moved:
        items = open_then(on, None if whole else accounts)
    items = items.filter(Q(account__in=accounts) if whose is None else whose, effective_date__lte=on)
    if kind:
        items = items.filter(kind=kind)
    if then_open and moved:
        found = _with_figures(items, open_amount_then(), due_date_then(), on)
    else:
        found = with_open_amount(items.exclude(open_amount=0) if then_open else items, on=on, moved=moved)
    return found.filter(amount__gt=0, due_on__lt=on) if overdue_only else found


# --- documents -----------------------------------------------------------------------------------------------------


def invoices_with_open(invoices: QuerySet[Invoice], *, on: date) -> InvoicesOnDay:
    """Annotate ``open_on``: what was open of each document at the end of a day.

    Matches dated after that day are put back, where there are any. Three look-ups by key per row shown at most.
    """
    own = ReceivableItem.objects.filter(invoice=OuterRef("pk")).order_by().values("invoice")
    open_on: Combinable = _summed(own, "open_amount")
    if moved_after(on):
        later = Allocation.objects.filter(effective_date__gt=on).order_by()
        given = _summed(later.filter(debit__invoice=OuterRef("pk")).values("debit__invoice"))
        taken = _summed(later.filter(credit__invoice=OuterRef("pk")).values("credit__invoice"))
        open_on = open_on + given - taken
    return invoices.annotate(open_on=ExpressionWrapper(open_on, output_field=_MONEY))


def invoice_open_amount(invoice: Invoice, *, on: date) -> Decimal:
    """Return what is open of one document at the end of a day."""
    return invoices_with_open(Invoice.objects.filter(pk=invoice.pk), on=on).values_list("open_on", flat=True)[
        0
    ]


def invoice_status(invoice: Invoice, *, on: date) -> InvoiceStatus:
    """Return the shown status of a document at the end of a day."""
    return policy.invoice_status(invoice.total_incl_vat, invoice_open_amount(invoice, on=on))


def payments_with_unallocated(payments: QuerySet[Payment], *, on: date) -> PaymentsOnDay:
    """Annotate ``unallocated_on``, positive; a payment nobody has identified is unallocated as a whole."""
    own = (
        ReceivableItem.objects.filter(payment=OuterRef("pk"), kind=ItemKind.PAYMENT)
        .order_by()
        .values("payment")
    )
    later = Allocation.objects.filter(effective_date__gt=on, credit__payment=OuterRef("pk")).order_by()
    open_now = own.annotate(total=Sum("open_amount")).values("total")
    return payments.annotate(
        unallocated_on=ExpressionWrapper(
            Coalesce(-Subquery(open_now, output_field=_MONEY), F("amount"))
            + _summed(later.values("credit__payment")),
            output_field=_MONEY,
        )
    )


def unallocated(payment: Payment, *, on: date) -> Decimal:
    """Return what is not matched of one payment at the end of a day, positive."""
    found = payments_with_unallocated(Payment.objects.filter(pk=payment.pk), on=on)
    return found.values_list("unallocated_on", flat=True)[0]


def payment_status(payment: Payment, *, on: date) -> PaymentStatus:
    """Return the shown status of a payment at the end of a day."""
    return policy.payment_status(payment.amount, unallocated(payment, on=on))


# --- facts for credit (``settings.CREDIT_FACTS``) ------------------------------------------------------------------


def has_paid_invoice(*, account_id: int) -> bool:
    """Tell whether the account has ever settled an invoice, or an instalment of one."""
    return ReceivableItem.objects.filter(
        account_id=account_id, kind=ItemKind.INVOICE, amount__gt=0, open_amount=0
    ).exists()


def deposit_received(*, order_id: int, on: date) -> Decimal:
    """Return the money that is there for an order at the end of a day: not used for anything else yet, or invoiced as
    its deposit and neither deducted nor credited. A cheque that is not cleared is not there."""
    payments = payments_with_unallocated(
        Payment.objects.filter(order_id=order_id, received_on__lte=on).exclude(clears_on__gt=on), on=on
    )
    waiting: Decimal = payments.aggregate(total=Sum("unallocated_on"))["total"] or ZERO
    invoiced = Invoice.objects.filter(
        order_id=order_id, kind=DocumentKind.DEPOSIT_INVOICE, deductions=None, credit_notes=None
    )
    settled = Allocation.objects.filter(debit__invoice__in=invoiced, effective_date__lte=on)
    settled = settled.exclude(credit__payment__clears_on__gt=on)
    return waiting + (settled.aggregate(total=Sum("amount"))["total"] or ZERO)


def usual_vat(*, account_id: int, on: date) -> Decimal:
    """The VAT that a client's invoices of twelve months carry, in percent of the amount excl. VAT.

    Of a client without any: the standard rate in France, none abroad (the fact ``usual_vat``, domain.md 4.6).
    """
    sums = Invoice.objects.filter(
        account_id=account_id,
        kind=DocumentKind.INVOICE,
        issue_date__gt=add_months(on, -12),
        issue_date__lte=on,
        total_excl_vat__gt=0,
    ).aggregate(excl=Sum("total_excl_vat"), vat=Sum("total_vat"))
    if sums["excl"]:
        return Decimal(sums["vat"] or 0) * 100 / sums["excl"]
    country = CustomerAccount.objects.values_list("country", flat=True).get(pk=account_id)
    return STANDARD_VAT if country == "FR" else ZERO
