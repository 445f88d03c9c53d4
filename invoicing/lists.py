"""Rows of the invoicing pages, each with the figures its line shows; one statement however many rows."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final, NamedTuple

from django.db.models import (
    Case,
    CharField,
    Count,
    DecimalField,
    Exists,
    F,
    Func,
    IntegerField,
    Min,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Sum,
    Value,
    When,
)
from django.db.models.functions import Coalesce

from accounts.models import Company, CustomerAccount, User, documents_of
from accounts.scope import Outside, outside
from o2c.shared.models import AuditEvent
from o2c.shared.money import ZERO
from o2c.shared.problems import NotFound

from . import queries
from .enums import ItemKind
from .models import Allocation, Invoice, Payment, PaymentReturn, ReceivableItem
from .policy import document_words
from .scope import own_documents, own_items

_MONEY: Final = DecimalField(max_digits=16, decimal_places=2)
_EVENTS_SHOWN: Final = 50
MATCHABLE: Final = 200


class _DaysSince(Func):
    """Whole days from a date to a day, in the database."""

    template = "(%(expressions)s)"
    arg_joiner = " - "
    output_field = IntegerField()


def _late(today: date, due: str) -> Case:
    day = Value(today)
    return Case(When(**{f"{due}__lt": today}, then=_DaysSince(day, F(due))), output_field=IntegerField())


def invoice_list(user: User, company: Company | None, today: date) -> QuerySet[Invoice]:
    """Invoices of the clients this user sees, newest first.

    Each has ``open_on`` (what is open today), ``late_since`` (its oldest due date that has passed), ``days_late``
    and ``status`` (code of a badge).
    """
    items = ReceivableItem.objects.filter(invoice=OuterRef("pk")).exclude(open_amount=0).order_by()
    oldest = (
        items.filter(open_amount__gt=0, due_date__lt=today)
        .values("invoice")
        .annotate(first=Min("due_date"))
        .values("first")
    )
    seen = Invoice.objects.visible_to(user, company)
    return (
        queries.invoices_with_open(seen, on=today)
        .select_related("account", "company")
        .annotate(late_since=Subquery(oldest))
        .annotate(
            days_late=_late(today, "late_since"),
            status=Case(
                When(open_on=0, then=Value("paid")),
                When(late_since__isnull=False, then=Value("overdue")),
                When(~Q(open_on=F("total_incl_vat")), then=Value("partly_paid")),
                default=Value("open"),
                output_field=CharField(),
            ),
        )
        .order_by("-issue_date", "-pk")
    )


class Totals(NamedTuple):
    """Number and sums of filtered documents in one currency."""

    currency: str
    total: Decimal
    open_amount: Decimal
    number: int


def invoice_totals(
    rows: QuerySet[Invoice], user: User, company: Company | None, today: date, *, whole: bool
) -> list[Totals]:
    """Return the sums of these invoices per currency, in two statements; what is open has an index of its own.

    :param whole: ``rows`` are all this user sees: no item need be looked for among them
    """
    items = _book(user, company, today).order_by()
    items = items.exclude(invoice=None) if whole else items.filter(invoice__in=rows.order_by().values("pk"))
    left = dict(items.values_list("currency").annotate(sum=Sum("open_on")))
    sums = rows.order_by().values_list("currency").annotate(sum=Sum("total_incl_vat"), number=Count("pk"))
    return [
        Totals(currency, total, left.get(currency, ZERO), number)
        for currency, total, number in sums.order_by("currency")
    ]


def _book(user: User, company: Company | None, on: date) -> queries.ItemsOnDay:
    accounts = CustomerAccount.objects.visible_to(user, company)
    whose = documents_of(user, company) & own_items(user, company)
    return queries.items_on(accounts, on=on, open_only=True, whose=whose, whole=user.sees_every_sale(company))


def open_items(user: User, company: Company | None, on: date) -> QuerySet[ReceivableItem]:
    """What was open at the end of a day, oldest due first, with ``status`` and what ``queries.items_on`` tells."""
    return with_status(_book(user, company, on).order_by("due_on", "pk")).select_related(
        "account", "company", "invoice", "payment"
    )


def outside_invoices(user: User, company: Company | None, client: str = "") -> list[Outside]:
    """Colleagues' invoices to the reader's clients, or to one of them: how many and how much."""
    rows = Invoice.objects.of_accounts_of(user, company)
    if client:
        rows = rows.filter(account__code=client)
    return outside(rows, own_documents(user, company), "total_incl_vat")


def outside_items(user: User, company: Company | None, on: date, client: str = "") -> list[Outside]:
    """What was open of colleagues' sales to the reader's clients, or to one of them: how many and how much."""
    own = own_items(user, company)
    if not own:
        return []
    accounts = CustomerAccount.objects.visible_to(user, company)
    if client:
        accounts = accounts.filter(code=client)
    return outside(queries.items_on(accounts, on=on, open_only=True), own, "open_on")


def with_status(items: QuerySet[ReceivableItem]) -> QuerySet[ReceivableItem]:
    """Annotate the state an item is shown in; it must know ``open_on``, ``disputed_on`` and ``days_late``."""
    return items.annotate(
        status=Case(
            When(open_on=0, then=Value("matched")),
            When(disputed_on__gt=0, then=Value("disputed")),
            When(open_on__lt=0, then=Value("unallocated")),
            When(days_late__gt=0, then=Value("overdue")),
            default=Value("open"),
            output_field=CharField(),
        )
    )


def item_totals(rows: QuerySet[ReceivableItem]) -> list[Totals]:
    """Return how many these items are and what they come to, per currency."""
    by_currency = rows.order_by().values_list("currency")
    sums = by_currency.annotate(sum=Sum("amount"), left=Sum("open_on"), number=Count("pk"))
    return [Totals(*row) for row in sums.order_by("currency")]


def payment_list(user: User, company: Company | None) -> QuerySet[Payment]:
    """Payments this user sees, those that wait to be matched first, with ``unallocated`` and ``status``.

    Money nobody has identified is shown to those who see every client of its company.
    """
    own = ReceivableItem.objects.filter(payment=OuterRef("pk"), kind=ItemKind.PAYMENT).order_by()
    returns = PaymentReturn.objects.filter(payment=OuterRef("pk"), undone_at=None)
    return (
        Payment.objects.visible_to(user, company)
        .select_related("account", "company")
        .annotate(
            left_open=Subquery(own.values("open_amount")[:1], output_field=_MONEY),
            is_returned=Exists(returns),
        )
        .annotate(
            unallocated=Case(
                When(is_returned=True, then=Value(ZERO)),
                default=Coalesce(-F("left_open"), F("amount")),
                output_field=_MONEY,
            )
        )
        .annotate(
            status=Case(
                When(is_returned=True, then=Value("returned")),
                When(account=None, then=Value("unidentified")),
                When(unallocated=0, then=Value("matched")),
                When(unallocated=F("amount"), then=Value("unallocated")),
                default=Value("partly_paid"),
                output_field=CharField(),
            ),
            waits=Case(When(unallocated=0, then=Value(1)), default=Value(0), output_field=IntegerField()),
        )
        .order_by("waits", "-received_on", "-pk")
    )


def waiting_payments(user: User, company: Company | None) -> QuerySet[Payment]:
    """Payments this user sees of which something is left to match, oldest first, as ``payment_list`` tells it.

    Told from the few items that are open, not by asking of every payment that ever came in what is left of it.
    """
    left = ReceivableItem.objects.filter(kind=ItemKind.PAYMENT, open_amount__lt=0)
    if company is not None:
        left = left.filter(company=company)
    returns = PaymentReturn.objects.filter(payment=OuterRef("pk"), undone_at=None)
    unidentified = Q(account=None) & ~Exists(returns)
    seen = Payment.objects.visible_to(user, company)
    return seen.filter(Q(pk__in=left.values("payment")) | unidentified).order_by("received_on", "pk")


def find_invoice(user: User, company: Company | None, number: str, today: date) -> Invoice:
    """The invoice of this number, of the company at work first: a link may lead into another one.

    :raises NotFound: there is none, or it is not this user's to see
    """
    found = list(
        invoice_list(user, None, today).select_related("order", "created_by").filter(number=number)[:20]
    )
    found.sort(key=lambda invoice: (company is None or invoice.company_id != company.pk, invoice.company_id))
    if not found:
        raise NotFound
    return found[0]


def find_payment(user: User, key: int) -> Payment:
    """The payment with this key.

    :raises NotFound: there is none, or it is not this user's to see
    """
    found = payment_list(user, None).select_related("order", "created_by").filter(pk=key).first()
    if found is None:
        raise NotFound
    return found


def matches_of(
    items: Iterable[ReceivableItem], reader: User, *, by: date | None = None
) -> tuple[list[Allocation], int]:
    """Matches of these items and their undoings, newest first; ``is_undone`` marks those that were undone.

    Those with an item this reader does not see (another client of the entity or group, a colleague's sale) are left
    out; the second answer is how many of them are in force.

    :param by: leaves out what took effect after this day
    """
    keys = {item.pk for item in items}
    then = Q() if by is None else Q(effective_date__lte=by)
    undone = Exists(Allocation.objects.filter(then, reversal_of=OuterRef("pk")))
    rows: list[Any] = list(
        Allocation.objects.filter(then, Q(debit__in=keys) | Q(credit__in=keys))
        .select_related(
            "debit__account", "debit__invoice", "credit__account", "credit__payment", "recorded_by"
        )
        .select_related("debit__payment", "credit__invoice")
        .annotate(is_undone=undone)
        .order_by("-recorded_at", "-pk")
    )
    others = {key for row in rows for key in (row.debit_id, row.credit_id)} - keys
    seen = keys | set(
        ReceivableItem.objects.visible_to(reader).filter(pk__in=others).values_list("pk", flat=True)
    )
    shown = [row for row in rows if {row.debit_id, row.credit_id} <= seen]
    in_force = [row for row in rows if row.reversal_of_id is None and not row.is_undone]
    return shown, sum(not {row.debit_id, row.credit_id} <= seen for row in in_force)


@dataclass(frozen=True, slots=True)
class Candidate:
    """An open item a credit may be matched with.

    :ivar suggested: amount to match, None where nothing speaks for this item
    :ivar reason: ``named`` in the payment's text, or of the ``same_amount``
    """

    item: ReceivableItem
    suggested: Decimal | None = None
    reason: str = ""


def candidates_for(
    credit: ReceivableItem, user: User, today: date, *, reference: str = ""
) -> list[Candidate]:
    """What a credit may be matched with: open items of its client, then of the same entity and group.

    Suggested is what the text of the payment names, oldest first, else the oldest item of exactly the amount.
    """
    entity = credit.account.entity
    related = Q(account__entity=entity)
    if entity.group_id is not None:
        related |= Q(account__entity__group=entity.group_id)
    seen = ReceivableItem.objects.visible_to(user, credit.company).filter(related)
    rows = list(
        with_status(queries.with_open_amount(seen, on=today))
        .filter(open_amount__gt=0, currency=credit.currency)
        .select_related("account", "invoice", "payment")
        .annotate(
            distance=Case(
                When(account=credit.account_id, then=Value(0)),
                When(account__entity=entity, then=Value(1)),
                default=Value(2),
                output_field=IntegerField(),
            )
        )
        .order_by("distance", "due_date", "pk")[:MATCHABLE]
    )
    left = -credit.open_amount
    words = document_words(reference)
    named = [item for item in rows if item.document in words]
    exact = next((item for item in rows if item.open_amount == left), None)
    suggested: dict[int, tuple[Decimal, str]] = {}
    for item in named or ([exact] if exact else []):
        amount = min(left, item.open_amount)
        if amount > 0:
            suggested[item.pk] = (amount, "named" if named else "same_amount")
            left -= amount
    return [Candidate(item, *suggested.get(item.pk, (None, ""))) for item in rows]


def events_of(objects: dict[str, Iterable[int]], *, before: datetime | None = None) -> list[AuditEvent]:
    """Journal of these objects, newest first.

    :param objects: label of the model, such as ``invoicing.invoice``, → keys
    :param before: leaves out what was recorded from this moment on
    """
    wanted = Q(pk__in=[])
    for label, keys in objects.items():
        wanted |= Q(object_type=label, object_id__in=list(keys))
    if before is not None:
        wanted &= Q(at__lt=before)
    return list(AuditEvent.objects.filter(wanted).order_by("-at", "-pk")[:_EVENTS_SHOWN])
