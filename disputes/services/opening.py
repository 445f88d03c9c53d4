"""Opening a dispute: by a person, or because an amount came to be contested elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.db.models import Sum
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from credit.locks import lock_credit
from disputes import policy
from disputes.enums import DisputeOrigin, DisputeStatus, DisputeType, StepKind
from disputes.models import Dispute, DisputeLine, DisputeStep
from disputes.queries import rules_of
from invoicing.einvoicing.policy import DISPUTE_TYPE
from invoicing.enums import CreditRequestStatus
from invoicing.models import CreditNoteRequest, DisputedAmount, EInvoiceEvent, Invoice, ReceivableItem
from invoicing.services.disputed import book_disputed, undisputed
from invoicing.services.shared import (
    lock_items,
    own_items,
    require_cents,
    tell_credit_changed,
    visible_items,
)
from o2c.shared.calendar import paris_date
from o2c.shared.locking import retrying
from o2c.shared.money import ZERO
from o2c.shared.problems import Invalid, NotFound

from .shared import OPEN, next_numbers, note, require


@dataclass(frozen=True)
class Contested:
    """What a person contests: an item, or a whole invoice, with how much of it; all that can be when left out."""

    item_id: int | None = None
    invoice_id: int | None = None
    amount: Decimal | None = None


@retrying
def open_dispute(
    *,
    contested: Sequence[Contested],
    type: DisputeType,
    origin: DisputeOrigin,
    comment: str = "",
    account_id: int | None = None,
    by: User | None,
    at: datetime,
) -> Dispute:
    """Open a case: the amounts are contested from today on, and leave reminders and claims of interest.

    An amount of an invoice is taken from its parts, the oldest first.

    :param account_id: whose items they must be where nobody's rights say it
    :param by: None where the client itself opens it, through its link: then of ``account_id`` alone

    :raises NothingOpen: paid, credited or cancelled
    :raises DisputedTwice: more than is open and in no other dispute
    :raises Invalid: nothing is named, or items of several clients or currencies
    """
    today = paris_date(at)
    with transaction.atomic():
        wanted = [(each, _keys_of(each, by, account_id)) for each in contested]
        keys = {key for _each, found in wanted for key in found}
        first = (
            ReceivableItem.objects.select_related("account__entity", "company").filter(pk__in=keys).first()
        )
        if first is None:
            raise Invalid(errors={"item": [_("Say which invoice or item is disputed.")]})
        require(by, OPEN, first.company_id)
        lock_credit(first.account)
        items = lock_items(keys)
        if len({(item.account_id, item.currency) for item in items.values()}) > 1:
            raise Invalid(errors={"item": [_("A dispute is about one client and one currency.")]})
        taken: dict[int, Decimal] = {}
        for each, found in wanted:
            for key, part in _shares(each, [items[key] for key in found], taken, today):
                taken[key] = taken.get(key, ZERO) + part
        department, _days = rules_of(first.company_id)[type]
        dispute = _new(first, type, origin, comment, sum(taken.values(), ZERO), today, by, at)
        dispute.department = department
        (dispute.number,) = next_numbers(first.company, today.year)
        dispute.save(force_insert=True)
        for key, part in taken.items():
            row = book_disputed(items[key], part, on=today, reference=dispute.number, by=by, at=at)
            DisputeLine.objects.create(dispute=dispute, item=items[key], amount=part, contested=row)
        documents = sorted({item.document for item in items.values()})
        note(dispute, "dispute.opened", by=by, at=at, text=comment.strip(), after={"documents": documents})
        tell_credit_changed([first.account_id])
    return dispute


def _keys_of(each: Contested, by: User | None, account_id: int | None) -> list[int]:
    """The items meant, all of which this user sees, or which are all the client's own."""
    if each.item_id is not None:
        return sorted(visible_items({each.item_id}, by) if by else own_items({each.item_id}, account_id))
    invoices = Invoice.objects.visible_to(by) if by else Invoice.objects.filter(account=account_id)
    invoice = invoices.filter(pk=each.invoice_id or 0).first()
    if invoice is None:
        raise NotFound(code="invoice_not_found")
    if not (keys := list(invoice.items.order_by("due_date", "pk").values_list("pk", flat=True))):
        raise policy.NothingOpen
    return keys


def _shares(
    each: Contested, items: Sequence[ReceivableItem], taken: dict[int, Decimal], today: date
) -> list[tuple[int, Decimal]]:
    """How much of which item one wish takes.

    :raises NothingOpen: nothing of it is open
    :raises DisputedTwice: more than is left
    """
    left = {item.pk: undisputed(item, today) - taken.get(item.pk, ZERO) for item in items}
    whole = sum(left.values(), ZERO)
    if each.amount is not None:
        require_cents(each.amount, "amount")
    amount = whole if each.amount is None else each.amount
    policy.check_disputed(
        amount,
        total=sum((item.amount for item in items), ZERO),
        open_amount=sum((item.open_amount for item in items), ZERO),
        undisputed=whole,
        credited=_credited(items),
    )
    parts = []
    for item in sorted(items, key=lambda row: (row.due_date, row.pk)):
        if (part := min(amount, left[item.pk])) > 0:
            parts.append((item.pk, part))
            amount -= part
    return parts


def _credited(items: Sequence[ReceivableItem]) -> Decimal:
    invoices = {item.invoice_id for item in items if item.invoice_id}
    rows = CreditNoteRequest.objects.filter(invoice__in=invoices, status=CreditRequestStatus.ISSUED)
    found: Decimal = rows.aggregate(total=Sum("amount"))["total"] or ZERO
    return found


def _new(
    item: ReceivableItem,
    type: DisputeType,
    origin: DisputeOrigin,
    comment: str,
    amount: Decimal,
    today: date,
    by: User | None,
    at: datetime,
) -> Dispute:
    return Dispute(
        company_id=item.company_id,
        account_id=item.account_id,
        type=type,
        origin=origin,
        currency=item.currency,
        amount=amount,
        description=comment.strip(),
        opened_on=today,
        opened_at=at,
        opened_by=by,
        changed_by=by,
        first_answer_due_on=policy.first_answer_due(today),
    )


def adopt(
    *, work: Any, row_ids: Sequence[int], origin: str = "", type: str = "", comment: str = ""
) -> dict[str, int]:
    """Work handler: open a case for each document whose amounts came to be contested without one.

    A short payment, a status of the platform, a file taken over: the amounts stand in the book already, the case
    takes them over as its lines. Amounts that ended meanwhile, or have a case, need none.
    """
    del work
    at = timezone.now()
    with transaction.atomic():
        rows = list(
            DisputedAmount.objects.select_for_update(of=("self",), no_key=True)
            .filter(pk__in=row_ids, effective_to=None, dispute_line=None)
            .select_related("item__company", "recorded_by")
            .order_by("pk")
        )
        groups: dict[tuple[int, int], list[DisputedAmount]] = {}
        for row in rows:
            groups.setdefault((row.item.company_id, row.item.invoice_id or -row.item_id), []).append(row)
        made = [_taken_over(found, origin, type, comment, at) for found in groups.values()]
        _numbered(made, groups)
        Dispute.objects.bulk_create(made)
        lines = [
            DisputeLine(dispute=dispute, item=row.item, amount=row.amount, contested=row)
            for dispute, found in zip(made, groups.values(), strict=True)
            for row in found
        ]
        DisputeLine.objects.bulk_create(lines)
        for dispute in made:
            if dispute.origin == DisputeOrigin.IMPORT:
                # A book taken over is old news: nobody is told case by case.
                DisputeStep.objects.create(
                    dispute=dispute, kind=StepKind.STATE, at=at, by=dispute.opened_by, status=dispute.status
                )
            else:
                note(dispute, "dispute.opened", by=dispute.opened_by, at=at, text=dispute.description)
    return {"opened": len(made)}


def _taken_over(
    rows: Sequence[DisputedAmount],
    origin: str,
    type: str,
    comment: str,
    at: datetime,
) -> Dispute:
    first = rows[0]
    opened_on = min(row.effective_from for row in rows)
    dispute = _new(
        first.item,
        DisputeType(type or DisputeType.COMMERCIAL_OTHER),
        DisputeOrigin(origin or DisputeOrigin.IMPORT),
        comment or first.reference,
        sum((row.amount for row in rows), ZERO),
        opened_on,
        first.recorded_by,
        at,
    )
    dispute.opened_at = first.recorded_at
    return dispute


def _numbered(made: Sequence[Dispute], groups: dict[tuple[int, int], list[DisputedAmount]]) -> None:
    """Give the cases their departments and numbers: one lock of a series for all of a company's year."""
    series: dict[tuple[int, int], list[Dispute]] = {}
    companies = {rows[0].item.company_id: rows[0].item.company for rows in groups.values()}
    rules = {key: rules_of(key) for key in companies}
    for dispute in made:
        dispute.department = rules[dispute.company_id][DisputeType(dispute.type)][0]
        series.setdefault((dispute.company_id, dispute.opened_on.year), []).append(dispute)
    for (company_id, year), found in sorted(series.items(), key=lambda pair: pair[0]):
        for dispute, number in zip(found, next_numbers(companies[company_id], year, len(found)), strict=True):
            dispute.number = number


def open_from_status(*, work: Any, event_id: int) -> dict[str, int]:
    """Work handler: the case of what a status of the platforms contests, with the type its reason means."""
    event = EInvoiceEvent.objects.select_related("invoice").get(pk=event_id)
    if not event.disputed:
        return {"opened": 0}
    return adopt(
        work=work,
        row_ids=event.disputed,
        origin=DisputeOrigin.E_INVOICE,
        type=DISPUTE_TYPE.get(event.reason_code, ""),
        comment=" · ".join(filter(None, (event.reason_code, event.comment))),
    )


def amounts_ended(*, work: Any, row_ids: Sequence[int]) -> dict[str, int]:
    """Work handler: a contested amount ended elsewhere, such as by an approval on the platform.

    Its line is closed; a case without an open line is withdrawn, for its client has given it up.
    """
    del work
    at = timezone.now()
    withdrawn = 0
    with transaction.atomic():
        lines = list(
            DisputeLine.objects.filter(
                contested__in=row_ids, closed_on=None, contested__effective_to__isnull=False
            )
            .select_related("contested")
            .order_by("pk")
        )
        keys = sorted({line.dispute_id for line in lines})
        cases = (
            Dispute.objects.select_for_update(of=("self",), no_key=True).filter(pk__in=keys).order_by("pk")
        )
        by_key = {dispute.pk: dispute for dispute in cases}
        for line in lines:
            line.closed_on = line.contested.effective_to
            line.save(update_fields=["closed_on"])
        for dispute in by_key.values():
            left = dispute.lines.filter(closed_on=None).aggregate(total=Sum("amount"))["total"]
            if dispute.status not in policy.UNDECIDED:
                continue
            if left:
                dispute.amount = left
                dispute.save(update_fields=["amount"])
                continue
            dispute.status = DisputeStatus.WITHDRAWN
            dispute.closed_on = max(paris_date(at), dispute.opened_on)
            dispute.version += 1
            dispute.changed_by = None
            dispute.save(update_fields=["status", "closed_on", "version", "changed_by"])
            note(dispute, "dispute.closed", by=None, at=at, text=str(_("No longer contested.")))
            withdrawn += 1
    return {"withdrawn": withdrawn}
