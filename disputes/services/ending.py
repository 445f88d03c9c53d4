"""How a dispute ends: the outcome, what it does to the book, and the reopening (domain.md 7.4)."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from disputes import policy
from disputes.enums import DisputeOutcome, DisputeStatus, RootCause
from disputes.models import Dispute, DisputeCredit, DisputeLine
from disputes.policy import Act
from invoicing.einvoicing.policy import EInvoiceStatus
from invoicing.einvoicing.services import record_status
from invoicing.enums import CreditRequestStatus
from invoicing.models import CreditNoteRequest, EInvoice, ReceivableItem
from invoicing.services import credit_invoice, creditable
from invoicing.services.disputed import book_disputed, book_end, undisputed
from invoicing.services.shared import lock_items, tell_credit_changed
from invoicing.services.writing_off import write_off
from o2c.shared.calendar import paris_date
from o2c.shared.locking import retrying
from o2c.shared.money import ZERO
from o2c.shared.problems import Invalid

from .shared import OPEN, RESOLVE, enter, lock_dispute, note, require, store

_REINVOICE = "REINVOICE"


@retrying
def resolve(
    *,
    dispute_id: int,
    outcome: DisputeOutcome,
    amount: Decimal | None = None,
    reason: str,
    root_cause: RootCause | str,
    version: int | None = None,
    by: User,
    at: datetime,
) -> Dispute:
    """Decide a case and do what the outcome means for the book.

    It is closed at once where all is done; where a credit note waits for somebody with more authority, or goods
    for their return, it stays decided until then, and the amount contested.

    :param amount: what the client need not pay; all that is disputed when left out
    :raises WrongState: not qualified yet, or ended
    :raises Invalid: no reason, no root cause
    :raises OutcomeAmount: more than is disputed
    :raises AuthorityExceeded: a loss above this person's authority
    """
    if outcome == DisputeOutcome.REJECTED:
        return reject(
            dispute_id=dispute_id, reason=reason, root_cause=root_cause, version=version, by=by, at=at
        )
    with transaction.atomic():
        dispute = lock_dispute(dispute_id, by=by, version=version)
        require(by, RESOLVE, dispute.company_id)
        enter(dispute, Act.RESOLVE)
        lines = _open_lines(dispute)
        disputed = sum((line.amount for line in lines), ZERO)
        dispute.outcome_amount = policy.outcome_amount(outcome, amount, disputed)
        _decide(dispute, outcome, reason, root_cause, by, at)
        note(
            dispute,
            "dispute.resolved",
            by=by,
            at=at,
            text=dispute.outcome_reason,
            after={"outcome": outcome, "credited": dispute.outcome_amount, "root_cause": dispute.root_cause},
        )
        effects = policy.EFFECTS[outcome]
        if not effects.on_receipt:
            _carry_out(dispute, lines, by=by, at=at)
    return dispute


@retrying
def reject(
    *,
    dispute_id: int,
    reason: str,
    root_cause: RootCause | str = RootCause.CUSTOMER_PROCESS,
    version: int | None = None,
    by: User,
    at: datetime,
) -> Dispute:
    """Call a dispute unfounded: the client pays, reminders go on, interest runs from the original date."""
    with transaction.atomic():
        dispute = lock_dispute(dispute_id, by=by, version=version)
        require(by, RESOLVE, dispute.company_id)
        enter(dispute, Act.REJECT)
        dispute.outcome_amount = ZERO
        dispute.closed_on = max(paris_date(at), dispute.opened_on)
        _decide(dispute, DisputeOutcome.REJECTED, reason, root_cause, by, at)
        _stop_contesting(dispute, by=by, at=at)
        note(
            dispute,
            "dispute.closed",
            by=by,
            at=at,
            text=dispute.outcome_reason,
            after={"outcome": dispute.outcome, "root_cause": dispute.root_cause},
        )
    return dispute


@retrying
def withdraw(
    *, dispute_id: int, reason: str = "", version: int | None = None, by: User, at: datetime
) -> Dispute:
    """End a case that the client gave up, or that was opened by mistake: nothing is credited."""
    with transaction.atomic():
        dispute = lock_dispute(dispute_id, by=by, version=version)
        if dispute.opened_by_id == by.pk:
            require(by, OPEN, dispute.company_id)
        else:
            require(by, RESOLVE, dispute.company_id)
        enter(dispute, Act.WITHDRAW)
        dispute.closed_on = max(paris_date(at), dispute.opened_on)
        store(dispute, "closed_on", by=by)
        _stop_contesting(dispute, by=by, at=at)
        note(dispute, "dispute.closed", by=by, at=at, text=reason.strip())
    return dispute


@retrying
def receive_goods(
    *, dispute_id: int, comment: str = "", version: int | None = None, by: User, at: datetime
) -> Dispute:
    """The goods of a return or replacement are back: the credit is made, or what was replaced is payable.

    :raises WrongState: the case waits for no goods
    """
    with transaction.atomic():
        dispute = lock_dispute(dispute_id, by=by, version=version)
        require(by, RESOLVE, dispute.company_id)
        waits = (
            dispute.status == DisputeStatus.RESOLVED
            and policy.EFFECTS[DisputeOutcome(dispute.outcome)].on_receipt
        )
        if not waits or dispute.credits.exists():
            raise policy.WrongState(_("This dispute waits for no goods."))
        store(dispute, by=by)
        note(dispute, "dispute.goods_received", by=by, at=at, text=comment.strip())
        _carry_out(dispute, _open_lines(dispute), by=by, at=at)
    return dispute


def credit_decided(*, work: Any, request_id: int) -> dict[str, str]:
    """Work handler: a credit note that an outcome asked for was issued or refused by somebody else.

    With all of them issued the case is closed; a refusal gives it back to its owner.
    """
    del work
    link = DisputeCredit.objects.filter(request=request_id).select_related("request__decided_by").first()
    if link is None:
        return {}
    request, at = link.request, timezone.now()
    with transaction.atomic():
        dispute = lock_dispute(link.dispute_id, by=None)
        if dispute.status != DisputeStatus.RESOLVED:
            return {"status": dispute.status}
        if request.status == CreditRequestStatus.REFUSED:
            enter(dispute, Act.FALL_BACK)
            dispute.outcome, dispute.outcome_amount, dispute.root_cause = "", None, ""
            store(dispute, "outcome", "outcome_amount", "root_cause", by=request.decided_by)
            note(
                dispute, "dispute.outcome_refused", by=request.decided_by, at=at, text=request.decision_reason
            )
        elif not dispute.credits.exclude(request__status=CreditRequestStatus.ISSUED).exists():
            _close(dispute, by=request.decided_by, at=at)
    return {"status": dispute.status}


@retrying
def reopen(
    *, dispute_id: int, reason: str = "", version: int | None = None, by: User, at: datetime
) -> Dispute:
    """Open an ended case again, once: what is still open of what it contested is contested again.

    :raises ReopenedBefore: a second time
    :raises NothingOpen: all of it is paid or credited meanwhile
    """
    today = paris_date(at)
    with transaction.atomic():
        dispute = lock_dispute(dispute_id, by=by, version=version)
        require(by, OPEN, dispute.company_id)
        enter(dispute, Act.REOPEN)
        if dispute.times_reopened:
            raise policy.ReopenedBefore
        former = list(dispute.lines.order_by("pk").values_list("item_id", "amount"))
        items = lock_items([key for key, _amount in former])
        whole = ZERO
        for key, amount in former:
            if part := min(amount, undisputed(items[key], today)):
                row = book_disputed(items[key], part, on=today, reference=dispute.number, by=by, at=at)
                DisputeLine.objects.create(dispute=dispute, item=items[key], amount=part, contested=row)
                whole += part
        if not whole:
            raise policy.NothingOpen(_("All that was disputed is paid or credited: open a new dispute."))
        dispute.amount, dispute.times_reopened = whole, 1
        dispute.outcome, dispute.outcome_amount, dispute.root_cause = "", None, ""
        dispute.closed_on = None
        store(
            dispute, "amount", "times_reopened", "outcome", "outcome_amount", "root_cause", "closed_on", by=by
        )
        note(dispute, "dispute.reopened", by=by, at=at, text=reason.strip())
        tell_credit_changed([dispute.account_id])
    return dispute


def _decide(
    dispute: Dispute,
    outcome: DisputeOutcome,
    reason: str,
    root_cause: RootCause | str,
    by: User,
    at: datetime,
) -> None:
    """Store the decision of a locked case whose state is entered already."""
    if not reason.strip():
        raise Invalid(errors={"reason": [_("A reason is required.")]})
    dispute.outcome = outcome
    dispute.outcome_reason = reason.strip()
    dispute.root_cause = policy.root_cause_of(str(root_cause))
    dispute.decided_by, dispute.decided_at = by, at
    fields = [
        "outcome",
        "outcome_amount",
        "outcome_reason",
        "root_cause",
        "decided_by",
        "decided_at",
        "closed_on",
    ]
    store(dispute, *fields, by=by)


def _open_lines(dispute: Dispute) -> list[DisputeLine]:
    rows = dispute.lines.filter(closed_on=None).select_related("item__invoice", "contested")
    return list(rows.order_by("item__due_date", "item_id"))


def _carry_out(dispute: Dispute, lines: list[DisputeLine], *, by: User, at: datetime) -> None:
    """Do to the book what the outcome of a locked case means, and close it where nothing waits."""
    effects = policy.EFFECTS[DisputeOutcome(dispute.outcome)]
    if effects.credits and not _credit(dispute, lines, by=by, at=at):
        return
    if effects.writes_off:
        _write_off(dispute, lines, by=by, at=at)
    if effects.completes:
        _complete_on_platform(lines, by=by, at=at)
    _close(dispute, by=by, at=at)


def _credit(dispute: Dispute, lines: list[DisputeLine], *, by: User, at: datetime) -> bool:
    """Ask for the credit notes of an outcome, invoice by invoice; whether all of them are issued."""
    effects = policy.EFFECTS[DisputeOutcome(dispute.outcome)]
    left = dispute.outcome_amount or ZERO
    by_invoice: dict[int, list[DisputeLine]] = {}
    for line in lines:
        if line.item.invoice_id is None:
            raise Invalid(errors={"outcome": [_("Only an invoice can be credited: choose another outcome.")]})
        by_invoice.setdefault(line.item.invoice_id, []).append(line)
    issued = True
    for own in by_invoice.values():
        invoice = own[0].item.invoice
        assert invoice is not None
        part = min(left, sum((line.amount for line in own), ZERO))
        left -= part
        amount = creditable(invoice) if effects.whole else part
        if not amount:
            continue
        request = credit_invoice(
            invoice_id=invoice.pk,
            amount=amount,
            reason=f"{dispute.number} · {dispute.outcome_reason}",
            reason_code=_REINVOICE if effects.whole else dispute.outcome,
            by=by,
            at=at,
        )
        DisputeCredit.objects.create(dispute=dispute, request=request)
        issued = issued and request.status == CreditRequestStatus.ISSUED
    return issued


def _write_off(dispute: Dispute, lines: list[DisputeLine], *, by: User, at: datetime) -> None:
    left = dispute.outcome_amount or ZERO
    parts: list[tuple[ReceivableItem, Decimal]] = []
    locked = lock_items([line.item_id for line in lines])
    for line in lines:
        item = locked[line.item_id]
        if part := min(left, line.amount, item.open_amount):
            parts.append((item, part))
            left -= part
    write_off(parts, company=dispute.company, by=by, at=at)


def _complete_on_platform(lines: list[DisputeLine], *, by: User, at: datetime) -> None:
    """Say on the platform that what was missing is there, where an invoice was suspended for it."""
    invoices = {line.item.invoice_id for line in lines if line.item.invoice_id}
    suspended = EInvoice.objects.filter(invoice__in=invoices, status=EInvoiceStatus.SUSPENDED)
    for key in suspended.order_by("invoice_id").values_list("invoice_id", flat=True):
        # The person decided the dispute; the answer to the platform follows from it.
        record_status(invoice_id=key, status=EInvoiceStatus.COMPLETED, by=None, at=at)


def _close(dispute: Dispute, *, by: User | None, at: datetime) -> None:
    enter(dispute, Act.CARRY_OUT)
    dispute.closed_on = max(paris_date(at), dispute.opened_on)
    store(dispute, "closed_on", by=by)
    _stop_contesting(dispute, by=by, at=at)
    note(
        dispute,
        "dispute.closed",
        by=by,
        at=at,
        after={"outcome": dispute.outcome, "root_cause": dispute.root_cause},
    )


def _stop_contesting(dispute: Dispute, *, by: User | None, at: datetime) -> None:
    """End the amounts of a locked case: what is left open of them is payable and reminded again."""
    lines = _open_lines(dispute)
    items = lock_items([line.item_id for line in lines])
    for line in lines:
        day = max(line.contested.effective_from, paris_date(at))
        book_end(line.contested, items[line.item_id], on=day, by=by, at=at)
        line.closed_on = day
        line.save(update_fields=["closed_on"])
    tell_credit_changed([dispute.account_id])


def waiting_credit(dispute: Dispute) -> CreditNoteRequest | None:
    """The credit note that a decided case waits for, if any."""
    link = (
        DisputeCredit.objects.filter(dispute=dispute, request__status=CreditRequestStatus.PENDING)
        .select_related("request__invoice")
        .first()
    )
    return link.request if link else None
