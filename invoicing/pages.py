"""What the pages of one document show, prepared: templates ask the database for nothing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db.models import Prefetch, Q
from django.urls import reverse
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.policy import describe_term
from o2c.shared.models import AuditEvent
from o2c.shared.money import ZERO
from o2c.shared.past import Look

from . import lists, queries
from .clearing_policy import objection, reclaimable_until, refundable_until
from .enums import ItemKind, Objection
from .expected.policy import Expected
from .expected.queries import expected_parts
from .factoring.queries import sales_of
from .models import (
    DisputedAmount,
    DueDateChange,
    DunningStop,
    Invoice,
    InvoiceLine,
    Payment,
    PaymentReturn,
    ReceivableItem,
)
from .stops import stops_of
from .tables import account_url, item_url

# Journal words of the acts these pages are about: tone and icon of the dot, and the sentence.
_EVENTS = {
    "payment.settled": ("ok", "arrows-join", gettext_lazy("Matching recorded")),
    "invoice.issued": ("", "file-invoice", gettext_lazy("Invoice issued")),
    "invoice.mailed": ("", "mail", gettext_lazy("Sent to the client by mail")),
    "invoice.recorded": ("", "file-invoice", gettext_lazy("Invoice recorded")),
    "invoice.imported": ("", "file-import", gettext_lazy("Invoice imported")),
    "einvoice.status": ("", "send", gettext_lazy("Status on the platform")),
    "invoice.files_made": ("", "file-text", gettext_lazy("PDF and XML made")),
    "payment.recorded": ("ok", "cash", gettext_lazy("Payment recorded")),
    "payment.returned": ("bad", "arrow-back-up", gettext_lazy("Payment returned")),
    "payment.return_undone": ("warn", "rotate", gettext_lazy("Return undone")),
    "allocation.made": ("ok", "arrows-join", gettext_lazy("Matched")),
    "allocation.reversed": ("warn", "arrow-back-up", gettext_lazy("Match undone")),
    "penalty.waived": ("warn", "hand-stop", gettext_lazy("Interest waived")),
    "penalty.waiver_lifted": ("", "rotate", gettext_lazy("Waiver of interest lifted")),
    "item.due_date_changed": ("warn", "calendar-repeat", gettext_lazy("Due date changed")),
    "item.reminders_stopped": ("warn", "player-pause", gettext_lazy("Reminders stopped")),
    "item.reminders_resumed": ("", "player-play", gettext_lazy("Reminders go on")),
    "item.taken_back": ("warn", "arrow-back-up", gettext_lazy("Taken back from the factor")),
    "item.passed_on": ("ok", "cash", gettext_lazy("Money passed on to the factor")),
    "dispute.noted": ("disp", "message-exclamation", gettext_lazy("Amount disputed")),
    "dispute.ended": ("", "message-check", gettext_lazy("Dispute ended")),
}


@dataclass(frozen=True, slots=True)
class ItemRow:
    """An item with the addresses of its document and client."""

    item: ReceivableItem
    url: str
    account_url: str


@dataclass(frozen=True, slots=True)
class MatchRow:
    """One match seen from the document at hand: what it was matched with.

    :ivar undone: it was undone later, or is itself the undoing of one
    :ivar may_undo: it is not what closes a returned payment
    :ivar may_again: it was undone, and its items have as much open still
    """

    key: int
    other: str
    other_kind: str
    other_url: str
    account: str
    amount: Decimal
    currency: str
    letter: str
    effective_date: date
    recorded_at: datetime
    by: str
    undone: bool
    is_undoing: bool
    may_undo: bool
    may_again: bool


@dataclass(frozen=True)
class InvoicePage:
    """An invoice as its page shows it; amounts in its own currency.

    :ivar hidden: matches in force with documents this reader does not see
    :ivar lines: each with the number of decimals its quantity needs
    :ivar client_stop: the client is reminded of nothing at all
    """

    items: Sequence[Any]
    lines: Sequence[tuple[InvoiceLine, int]]
    matches: Sequence[MatchRow]
    hidden: int
    events: Sequence[dict[str, Any]]
    open_amount: Decimal
    matched: Decimal
    disputed: Decimal
    days_late: int
    status: str
    term: str
    account_url: str
    order_url: str
    expected: Sequence[tuple[Decimal, Expected]] = ()
    client_stop: DunningStop | None = None


@dataclass(frozen=True)
class PaymentPage:
    """A payment as its page shows it.

    :ivar hidden: matches in force with documents this reader does not see
    :ivar returned: its return, if one is in force
    :ivar clears_on: when it is good, where it is not on the day looked at
    :ivar refundable_until: how long the payer may still have it refunded
    :ivar reclaimable_until: how long the payer may still have it back where no mandate covers it
    :ivar objection: what may be held against the bank that took it back
    """

    item: ReceivableItem | None
    returned: PaymentReturn | None
    matches: Sequence[MatchRow]
    hidden: int
    events: Sequence[dict[str, Any]]
    allocated: Decimal
    unallocated: Decimal
    status: str
    account_url: str
    clears_on: date | None = None
    refundable_until: date | None = None
    reclaimable_until: date | None = None
    objection: Objection | None = None


def item_rows(items: Iterable[ReceivableItem]) -> list[ItemRow]:
    """Return items with their addresses."""
    return [ItemRow(item, item_url(item), account_url(item.account)) for item in items]


def credit_url(credit: ReceivableItem) -> str:
    """The page a credit is matched on."""
    return item_url(credit) or reverse("invoicing:items")


def invoice_page(invoice: Any, looked: Look, reader: User) -> InvoicePage:
    """Gather what the page of an invoice shows, as the book stood at the end of the day looked at.

    :param invoice: from ``lists.invoice_list``, which tells what was open of it on that day
    """
    changes = DueDateChange.objects.filter(effective_from__lte=looked.day).order_by("effective_from", "pk")
    rows = invoice.items.filter(effective_date__lte=looked.day) if looked.is_past else invoice.items
    items: list[Any] = list(
        lists.with_status(
            queries.with_open_amount(
                rows.prefetch_related(Prefetch("due_date_changes", changes)), on=looked.day
            )
        ).order_by("instalment", "due_date")
    )
    stops = stops_of(items, on=looked.day)
    sales = sales_of([item.pk for item in items], on=looked.day)
    for item in items:
        item.stop, item.sale = stops[item.pk].of_item, sales.get(item.pk)
    matches, hidden = lists.matches_of(items, reader, by=looked.day if looked.is_past else None)
    days_late = max((item.days_late for item in items), default=0)
    disputed = DisputedAmount.objects.filter(item__in=items).values_list("pk", flat=True)
    return InvoicePage(
        items=items,
        lines=[(line, _decimals(line.quantity)) for line in invoice.lines.all()],
        matches=[_match_row(match, {item.pk for item in items}) for match in matches],
        hidden=hidden,
        events=_events(
            {
                "invoicing.invoice": [invoice.pk],
                "invoicing.allocation": [match.pk for match in matches],
                "invoicing.disputedamount": disputed,
                "invoicing.receivableitem": [item.pk for item in items],
            },
            looked,
        ),
        open_amount=invoice.open_on,
        matched=invoice.total_incl_vat - invoice.open_on,
        disputed=sum((item.disputed_on for item in items), ZERO),
        days_late=days_late,
        status=_invoice_state(invoice, days_late),
        term=describe_term(invoice.term, get_language() or "fr") if invoice.term else "",
        account_url=_client_of(invoice, reader),
        order_url=order_url(invoice),
        expected=() if looked.is_past else _expected(invoice, items, looked.day),
        client_stop=next((each.of_client for each in stops.values()), None),
    )


def _expected(invoice: Any, items: Sequence[Any], on: date) -> list[tuple[Decimal, Expected]]:
    """What is expected of an invoice and when, the earliest first; parts of one day and reason together."""
    sums: dict[Expected, Decimal] = {}
    for item in items:
        item.account = invoice.account
    for part in expected_parts(items, on=on):
        sums[part.expected] = sums.get(part.expected, ZERO) + part.amount
    return [
        (amount, expected)
        for expected, amount in sorted(sums.items(), key=lambda row: row[0].day or date.max)
    ]


def _invoice_state(invoice: Any, days_late: int) -> str:
    """The badge of an invoice on a day: the same rule as in the list of today."""
    if not invoice.open_on:
        return "paid"
    if days_late:
        return "overdue"
    return "open" if invoice.open_on == invoice.total_incl_vat else "partly_paid"


def _client_of(document: Any, reader: User) -> str:
    """The page of a document's client, for who may open it."""
    if document.account is None or not reader.may("accounts.view", document.company):
        return ""
    return account_url(document.account)


def payment_page(payment: Any, looked: Look, reader: User) -> PaymentPage:
    """Gather what the page of a payment shows, as the book stood at the end of the day looked at.

    :param payment: from ``lists.payment_list``, which tells its state of today
    """
    item = (
        payment.items.filter(kind=ItemKind.PAYMENT)
        .select_related("account__entity", "company", "payment", "invoice")
        .first()
    )
    matches, hidden = (
        lists.matches_of([item], reader, by=looked.day if looked.is_past else None) if item else ([], 0)
    )
    returned = payment.returns.filter(_in_force(looked)).select_related("recorded_by", "fee_item").first()
    left, state = payment.unallocated, payment.status
    if looked.is_past:
        left = ZERO if returned else queries.unallocated(payment, on=looked.day)
        state = _payment_state(payment, left, returned)
    return PaymentPage(
        item=item,
        returned=returned,
        hidden=hidden,
        unallocated=left,
        status=state,
        matches=[_match_row(match, {item.pk}) for match in matches] if item else [],
        events=_events(
            {"invoicing.payment": [payment.pk], "invoicing.allocation": [match.pk for match in matches]},
            looked,
        ),
        allocated=payment.amount - left if item and not returned else ZERO,
        account_url=_client_of(payment, reader),
        clears_on=_after(payment.clears_on, looked.day) if item and not returned else None,
        refundable_until=_after(refundable_until(payment.received_on, payment.method), looked.day)
        if not returned
        else None,
        reclaimable_until=_after(reclaimable_until(payment.received_on, payment.method), looked.day)
        if not returned
        else None,
        objection=objection(payment.received_on, payment.method, returned_on=returned.returned_on)
        if returned
        else None,
    )


def _after(day: date | None, looked_at: date) -> date | None:
    return day if day is not None and day > looked_at else None


def _in_force(looked: Look) -> Q:
    """Returns that count on the day looked at."""
    if not looked.is_past:
        return Q(undone_at=None)
    return Q(returned_on__lte=looked.day) & (Q(undone_at=None) | Q(undone_at__gte=looked.end))


def _payment_state(payment: Payment, left: Decimal, returned: PaymentReturn | None) -> str:
    """The badge of a payment on a past day: the same rule as in the list of today."""
    if returned is not None:
        return "returned"
    if payment.account_id is None:
        return "unidentified"
    if not left:
        return "matched"
    return "unallocated" if left == payment.amount else "partly_paid"


def order_url(document: Invoice | Payment) -> str:
    """The page of the order behind a document, empty where there is none."""
    return reverse("orders:detail", args=[document.order.number]) if document.order is not None else ""


def _match_row(match: Any, own: set[int]) -> MatchRow:
    other = match.credit if match.debit_id in own else match.debit
    return MatchRow(
        key=match.pk,
        other=other.document,
        other_kind=other.get_kind_display(),
        other_url=item_url(other),
        account=other.account.name,
        amount=match.amount,
        currency=other.currency,
        letter=match.letter,
        effective_date=match.effective_date,
        recorded_at=match.recorded_at,
        by=_name(match.recorded_by),
        undone=match.is_undone,
        is_undoing=match.reversal_of_id is not None,
        may_undo=not (match.debit.kind == ItemKind.PAYMENT_RETURN and match.debit.payment_id),
        may_again=match.is_undone and match.amount <= min(match.debit.open_amount, -match.credit.open_amount),
    )


def _decimals(quantity: Decimal) -> int:
    return max(0, -int(quantity.normalize().as_tuple().exponent))


def _name(user: User | None) -> str:
    return user.label() if user is not None else _("the portal")


def _events(objects: dict[str, Iterable[int]], looked: Look) -> list[dict[str, Any]]:
    """The journal as a timeline, by the day looked at."""
    events = lists.events_of(objects, before=looked.end if looked.is_past else None)
    names = {
        user.username: user.label() for user in User.objects.filter(username__in={e.actor for e in events})
    }
    return [_event(event, names.get(event.actor, event.actor) or _("the portal")) for event in events]


def _event(event: AuditEvent, who: str) -> dict[str, Any]:
    tone, icon, title = _EVENTS.get(event.action, ("", "history", event.action))
    after = event.after or {}
    amount = after.get("amount") or after.get("total_incl_vat")
    return {
        "at": event.at,
        "tone": tone,
        "icon": icon,
        "title": title,
        "sub": " · ".join(filter(None, [who, event.object_label if "allocation" in event.action else ""])),
        "amount": Decimal(amount) if amount is not None else None,
        "currency": after.get("currency"),
    }
