"""Quotations: an offer with the credit answer of its day, and the one order it may become."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db import IntegrityError, connection, transaction
from django.utils.translation import gettext_lazy as _

from accounts.models import Company, CustomerAccount, User
from accounts.queries import rep_of
from credit.locks import lock_credit
from credit.services.checks import check
from o2c.shared import audit
from o2c.shared.audit import plain
from o2c.shared.calendar import paris_date
from o2c.shared.locking import retrying
from o2c.shared.models import AuditEvent
from o2c.shared.problems import Invalid, NotAllowed

from ..enums import QuotationState
from ..models import Order, Quotation, QuotationLine
from . import entry
from .entry import LineInput
from .refusals import (
    ChangedMeanwhile,
    CommentMissing,
    NumberTaken,
    OrderedAlready,
    QuotationEnded,
    QuotationNumberTaken,
    WrongState,
)

VALID_DAYS = timedelta(days=30)
_RUNNING = (QuotationState.DRAFT, QuotationState.SENT)
_TO_ORDER = (*_RUNNING, QuotationState.ACCEPTED)


@retrying
def create_quotation(
    *,
    company: Company,
    account: CustomerAccount,
    lines: Sequence[LineInput],
    by: User,
    at: datetime,
    number: str | None = None,
    currency: str | None = None,
    term: str | None = None,
    quoted_on: date | None = None,
    valid_until: date | None = None,
    requested_delivery: date | None = None,
    customer_reference: str = "",
    creation_hash: str = "",
) -> Quotation:
    """Store an offer with what the credit check answers today. It takes no credit and needs no lock.

    :param number: the next of the company's own when not given
    :param valid_until: 30 days when not given
    :raises QuotationNumberTaken: the company has this number already
    :raises Invalid: lines, term or dates that cannot be
    """
    _allow(by, company)
    rows = entry.numbered(lines)
    today = quoted_on or paris_date(at)
    quotation = Quotation(
        company=company,
        account=account,
        number=(number or "").strip() or next_quotation_number(today),
        currency=currency or account.currency,
        term=entry.readable_term(term or account.term),
        quoted_on=today,
        valid_until=_last_day(valid_until, today),
        requested_delivery=requested_delivery,
        customer_reference=customer_reference,
        sales_rep=rep_of(account, on=today),
        created_by=by,
        created_at=at,
        creation_hash=creation_hash,
    )
    _price(quotation, rows, by, at)
    try:
        with transaction.atomic():
            quotation.save()
            QuotationLine.objects.bulk_create(
                QuotationLine(quotation=quotation, **line.__dict__) for line in rows
            )
            audit.record("quotation.entered", quotation, by=by, at=at, after=_journal(quotation))
            return quotation
    except IntegrityError as error:
        if "quotation_number_once_per_company" in str(error):
            raise QuotationNumberTaken from error
        raise


def next_quotation_number(today: date) -> str:
    """The next number of our own; gaps are allowed for offers."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval('orders_quotation_number')")
        return f"DEV-{today.year}-{cursor.fetchone()[0]:05d}"


@retrying
def change_quotation(
    *,
    quotation_id: int,
    by: User,
    at: datetime,
    version: int | None = None,
    lines: Sequence[LineInput] | None = None,
    term: str | None = None,
    valid_until: date | None = None,
    requested_delivery: date | None = None,
    customer_reference: str | None = None,
) -> Quotation:
    """Change an offer that was not sent yet, and ask the credit check again.

    :param lines: replaces all lines
    :raises ChangedMeanwhile: ``version`` is not the present one
    :raises WrongState: it was sent: what the client holds in hand stays what it is
    """
    with transaction.atomic():
        quotation = _locked(quotation_id, by)
        if version is not None and version != quotation.version:
            raise ChangedMeanwhile(
                _("Somebody has changed this quotation meanwhile. Reload it and look again.")
            )
        if quotation.state != QuotationState.DRAFT:
            raise WrongState(_("A quotation that was sent is not changed: copy it into a new one."))
        before = _journal(quotation)
        quotation.term = entry.readable_term(term or quotation.term)
        quotation.valid_until = _last_day(valid_until or quotation.valid_until, quotation.quoted_on)
        quotation.requested_delivery = requested_delivery or quotation.requested_delivery
        if customer_reference is not None:
            quotation.customer_reference = customer_reference
        rows = lines_of_quotation(quotation) if lines is None else entry.numbered(lines)
        if lines is not None:
            quotation.lines.all().delete()
            QuotationLine.objects.bulk_create(
                QuotationLine(quotation=quotation, **line.__dict__) for line in rows
            )
        _price(quotation, rows, by, at)
        _save(quotation)
        audit.record("quotation.changed", quotation, by=by, at=at, before=before, after=_journal(quotation))
        return quotation


@retrying
def send_quotation(*, quotation_id: int, by: User, at: datetime) -> Quotation:
    """Mark an offer as sent to the client; from now on it stays as it is, credit answer included.

    :raises WrongState: it is no draft
    """
    with transaction.atomic():
        quotation = _locked(quotation_id, by)
        if quotation.state != QuotationState.DRAFT:
            raise WrongState(_("Only a draft is sent."))
        _refuse_run_out(quotation, at)
        _price(quotation, lines_of_quotation(quotation), by, at)
        quotation.state, quotation.sent_at = QuotationState.SENT, at
        _save(quotation)
        audit.record("quotation.sent", quotation, by=by, at=at, after=_journal(quotation))
        return quotation


@retrying
def accept_quotation(*, quotation_id: int, by: User, at: datetime) -> Quotation:
    """Note that the client said yes.

    :raises QuotationEnded: it was refused, has run out, or is an order already
    """
    with transaction.atomic():
        quotation = _locked(quotation_id, by)
        if quotation.state not in _RUNNING:
            raise QuotationEnded
        _refuse_run_out(quotation, at)
        quotation.state, quotation.ended_at = QuotationState.ACCEPTED, at
        _save(quotation)
        audit.record("quotation.accepted", quotation, by=by, at=at, label=quotation.number)
        return quotation


@retrying
def refuse_quotation(*, quotation_id: int, reason: str, by: User, at: datetime) -> Quotation:
    """Note that the client said no, and why: what sales lose is worth knowing.

    :raises CommentMissing: no reason
    :raises QuotationEnded: it has ended already
    """
    if not reason.strip():
        raise CommentMissing(errors={"reason": [_("A reason is required.")]})
    with transaction.atomic():
        quotation = _locked(quotation_id, by)
        if quotation.state not in _TO_ORDER:
            raise QuotationEnded
        quotation.state, quotation.ended_at = QuotationState.REFUSED, at
        quotation.end_reason = reason.strip()
        _save(quotation)
        audit.record("quotation.refused", quotation, by=by, at=at, reason=reason, label=quotation.number)
        return quotation


@retrying
def make_order(
    *, quotation_id: int, by: User, at: datetime, number: str | None = None, submit: bool = True
) -> tuple[Order, bool]:
    """Turn an offer into its one order, at the offered prices; the order passes the same check as every other.

    :param number: the order's; the next of the company's own when not given
    :param submit: send the order to the check at once
    :returns: the order, and whether it was made just now
    :raises OrderedAlready: it became an order under another number
    :raises QuotationEnded: it was refused or has run out
    """
    with transaction.atomic():
        # Credit first, as in every act that uses it (ADR 0004).
        lock_credit(_account_of(quotation_id))
        quotation = _locked(quotation_id, by)
        wanted = (number or "").strip()
        if quotation.order is not None:
            if wanted and wanted != quotation.order.number:
                raise OrderedAlready
            return quotation.order, False
        if quotation.state not in _TO_ORDER:
            raise QuotationEnded
        if quotation.state != QuotationState.ACCEPTED:
            _refuse_run_out(quotation, at)
        order = _ordered(quotation, wanted, by, at)
        quotation.order, quotation.state = order, QuotationState.ORDERED
        quotation.ended_at = quotation.ended_at or at
        _save(quotation)
        audit.record(
            "quotation.ordered",
            quotation,
            by=by,
            at=at,
            label=quotation.number,
            after={"order": order.number},
        )
        if submit:
            order = entry.submit(order_id=order.pk, by=by, at=at)
        return order, True


def expire_quotations(*, at: datetime) -> int:
    """End every running offer whose last day is past; those the client accepted stay. Running it twice is once."""
    with transaction.atomic():
        ended = list(
            Quotation.objects.select_for_update(of=("self",), no_key=True)
            .filter(state__in=_RUNNING, valid_until__lt=paris_date(at))
            .order_by("pk")
        )
        for quotation in ended:
            quotation.state, quotation.ended_at = QuotationState.EXPIRED, at
            quotation.version += 1
        Quotation.objects.bulk_update(ended, ["state", "ended_at", "version"], batch_size=1000)
        AuditEvent.objects.bulk_create(
            audit.event("quotation.expired", quotation, by=None, at=at, label=quotation.number)
            for quotation in ended
        )
    return len(ended)


def lines_of_quotation(quotation: Quotation) -> list[LineInput]:
    """The lines as acts take them."""
    return [
        LineInput(row.sku, row.description, row.quantity, row.unit_price, row.vat_rate, row.line)
        for row in quotation.lines.all()
    ]


def _ordered(quotation: Quotation, number: str, by: User, at: datetime) -> Order:
    if number and Order.objects.filter(company=quotation.company, number=number).exists():
        raise NumberTaken
    return entry.create_order(
        company=quotation.company,
        account=quotation.account,
        lines=lines_of_quotation(quotation),
        by=by,
        at=at,
        number=number,
        currency=quotation.currency,
        term=quotation.term,
        requested_delivery=quotation.requested_delivery,
        customer_reference=quotation.customer_reference,
    )


def _account_of(quotation_id: int) -> CustomerAccount:
    return CustomerAccount.objects.select_related("company", "entity__group").get(quotations=quotation_id)


def _locked(quotation_id: int, by: User) -> Quotation:
    quotation = (
        Quotation.objects.select_for_update(of=("self",), no_key=True)
        .select_related("company", "account__company", "account__entity__group", "order")
        .get(pk=quotation_id)
    )
    _allow(by, quotation.company)
    return quotation


def _price(quotation: Quotation, rows: Sequence[LineInput], by: User, at: datetime) -> None:
    """Set totals and ask the credit check: its answer is kept as it was given, never read as a decision."""
    quotation.total_excl_vat, quotation.total_incl_vat = entry.totals(rows)
    result = check(
        account=quotation.account,
        amount=quotation.total_incl_vat,
        currency=quotation.currency,
        term=quotation.term,
        delivery_date=quotation.requested_delivery,
        at=at,
        by=by,
    )
    quotation.credit_answer, quotation.checked_at = plain(result.as_contract()), at


def _save(quotation: Quotation) -> None:
    quotation.version += 1
    quotation.save()


def _last_day(valid_until: date | None, quoted_on: date) -> date:
    if valid_until is not None and valid_until < quoted_on:
        raise Invalid(errors={"valid_until": [_("This day is before the quotation itself.")]})
    return valid_until or quoted_on + VALID_DAYS


def _refuse_run_out(quotation: Quotation, at: datetime) -> None:
    if quotation.valid_until < paris_date(at):
        raise QuotationEnded(_("This quotation has run out: make a new one at today's prices."))


def _allow(by: User, company: Company) -> None:
    if not by.may("orders.enter", company):
        raise NotAllowed


def _journal(quotation: Quotation) -> dict[str, Any]:
    amount: Decimal = quotation.total_incl_vat
    return {
        "state": quotation.state,
        "total_incl_vat": amount,
        "currency": quotation.currency,
        "term": quotation.term,
        "valid_until": quotation.valid_until,
        "credit": quotation.credit_answer.get("decision"),
    }
