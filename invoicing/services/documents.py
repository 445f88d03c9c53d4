"""Invoices: those issued here with a number of the series, and those taken over from elsewhere."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date, datetime
from decimal import Decimal

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts import policy as terms
from accounts.enums import CapRegime
from accounts.models import Company, CustomerAccount, User
from credit.locks import lock_credit
from invoicing import policy
from invoicing.einvoicing.policy import HAND_OVER
from invoicing.enums import DocumentKind, ItemKind, Origin
from invoicing.facturx.facts import frozen_facts
from invoicing.firewall.gate import keep, let_through
from invoicing.firewall.policy import Judged, Severity
from invoicing.models import Invoice, InvoiceLine, NumberSeries, ReceivableItem
from invoicing.policy import Instalment, LineInput
from invoicing.sending.wishes import goes_to_platform, wants_mail
from o2c.shared import audit, work
from o2c.shared.calendar import paris_date
from o2c.shared.locking import retrying
from o2c.shared.problems import Invalid, RuleRefused
from o2c.shared.vat import VatTotals, line_net, vat_totals
from orders.enums import OrderState
from orders.models import Order, OrderLine

from .ordered import count_as_invoiced, lock_order, quantities_named
from .shared import (
    KeyTaken,
    open_days,
    refusing_taken_key,
    require,
    require_cents,
    tell_credit_changed,
    tell_credit_taken,
)

_PREFIXES = {
    DocumentKind.INVOICE: policy.INVOICE_PREFIX,
    DocumentKind.CREDIT_NOTE: policy.CREDIT_NOTE_PREFIX,
    DocumentKind.DEPOSIT_INVOICE: policy.DEPOSIT_PREFIX,
}


class IssueDateBeforeLast(RuleRefused):
    code = "issue_date_before_last"
    message = _("A later document of this series has been issued: numbers and dates rise together.")


class NumberOfSeries(RuleRefused):
    code = "number_of_series"
    message = _("This number belongs to the portal's own series. Leave the number out.")


class NothingToBill(RuleRefused):
    code = "no_lines"
    message = _("A document needs lines with an amount that is not negative.")


@retrying
def record_invoice(
    *,
    company: Company,
    account: CustomerAccount,
    number: str | None = None,
    issue_date: date,
    due_date: date | None = None,
    term: str | None = None,
    currency: str | None = None,
    total_incl_vat: Decimal | None = None,
    lines: Sequence[LineInput] | None = None,
    origin: str,
    instalments: Sequence[Instalment] | None = None,
    order: Order | None = None,
    customer_reference: str = "",
    creation_hash: str = "",
    acknowledged: Collection[str] = (),
    apart_from: Collection[int] = (),
    by: User | None,
    at: datetime,
) -> Invoice:
    """Store a document for good, with one receivable item per instalment.

    An imported one keeps its number and total, a negative total making it a credit note. One issued here has
    lines and, without a number of the company's other series, the next number of its own.

    :param term: the account's when left out; gives the due date where there is none
    :param instalments: instead of one due date
    :param acknowledged: codes of anomalies that whoever issues it has seen
    :param apart_from: keys of invoices it may look like
    :param by: None: the portal, of a schedule that somebody with the right set up
    :raises AnomaliesFound: issued here, and something stops it or asks first
    :raises KeyTaken: the number exists already
    :raises InstalmentsDoNotAddUp: a wrong sum
    :raises DatedAhead: issue date after today
    :raises ClosedPeriod: issue date in a closed period
    :raises IssueDateBeforeLast: earlier than the last document of the series
    :raises BeyondLegalCap: issued here with a due date the law does not allow
    """
    imported = origin == Origin.IMPORTED
    today = paris_date(at)
    with transaction.atomic(), refusing_taken_key("invoice_number_once_per_company"):
        if by is not None:
            require(by, "invoicing.import" if imported else "invoicing.issue", company)
        if by is not None and issue_date < today:
            require(by, "invoicing.import", company)
        if account.company_id != company.pk or (order is not None and order.account_id != account.pk):
            raise policy.OtherDebtor
        lock_credit(account)
        if number and Invoice.objects.filter(company=company, number=number).exists():
            raise KeyTaken
        policy.check_document_date(issue_date, today=today, open_days=open_days(company, today=today))
        totals = vat_totals((line.quantity, line.unit_price, line.vat_rate) for line in lines or ())
        total = document_total(total_incl_vat, totals, has_lines=bool(lines), imported=imported)
        term = term or account.term
        due = due_date or due_date_of(issue_date, term)
        parts = policy.instalments_of(total, due, instalments)
        if not imported:
            _check_due_dates(parts, account, issue_date)
        invoice = Invoice(
            company=company,
            account=account,
            kind=DocumentKind.CREDIT_NOTE if total < 0 else DocumentKind.INVOICE,
            number=number or "",
            origin=origin,
            issue_date=issue_date,
            due_date=max(part.due_date for part in parts),
            term=term,
            currency=currency or account.currency,
            total_excl_vat=totals.excl if lines else None,
            total_vat=totals.vat if lines else None,
            total_incl_vat=total,
            customer_reference=customer_reference,
            order=order,
            created_by=by,
            recorded_at=at,
            creation_hash=creation_hash,
        )
        judged: list[Judged] = []
        ordered = _lines_of(order)
        billed = document_lines(lines or (), ordered)
        if not imported:
            judged = let_through(
                invoice,
                billed,
                order_lines=ordered,
                prices={line.pk: line.approved_price for line in ordered if line.approved_quantity},
                acknowledged=acknowledged,
                apart_from=apart_from,
            )
        if order is not None:
            _count_on_order(order, ordered, lines or ())
        store_document(invoice, parts, billed, totals if lines else None, supplied_on=None)
        keep(invoice, judged, by=by, at=at)
        record_document(invoice, by=by, at=at)
        (tell_credit_changed if total < 0 else tell_credit_taken)([account.pk])
    return invoice


def _lines_of(order: Order | None) -> list[OrderLine]:
    """The lines of an order, which is locked with them; none of an order that cannot be invoiced."""
    if order is None:
        return []
    locked = lock_order(order.pk)
    return list(locked.lines.all()) if locked.state in {OrderState.CONFIRMED, OrderState.CLOSED} else []


def _count_on_order(order: Order, ordered: Sequence[OrderLine], lines: Sequence[LineInput]) -> None:
    if ordered:
        count_as_invoiced(order, ordered, quantities_named(ordered, lines))


def due_date_of(issue_date: date, term: str, delivered_on: date | None = None) -> date:
    """Return the contractual due date; goods count as delivered on the day of issue where no day is known.

    :raises Invalid: a term nobody can read
    """
    try:
        return terms.due_date(issue_date, term, delivered_on or issue_date)
    except terms.UnknownTerm as error:
        raise Invalid(errors={"term": [str(error)]}) from error


def document_total(asked: Decimal | None, totals: VatTotals, *, has_lines: bool, imported: bool) -> Decimal:
    if asked is not None:
        require_cents(asked, "total_incl_vat")
    if imported and asked is not None:
        return asked
    if not has_lines or totals.incl < 0:
        raise NothingToBill
    if asked is not None and asked != totals.incl:
        raise Invalid(errors={"total_incl_vat": [_("The lines make %(total)s.") % {"total": totals.incl}]})
    return totals.incl


def _check_due_dates(parts: Sequence[Instalment], account: CustomerAccount, issue_date: date) -> None:
    """Refuse what a document issued here must not say: due before issue, or beyond the legal cap."""
    if min(part.due_date for part in parts) < issue_date:
        raise Invalid(errors={"due_date": [_("The due date lies before the issue date.")]})
    regime = CapRegime(account.cap_regime)
    if not terms.within_cap(max(part.due_date for part in parts), regime, issue_date, issue_date):
        raise policy.BeyondLegalCap


def document_lines(lines: Sequence[LineInput], ordered: Sequence[OrderLine] = ()) -> list[InvoiceLine]:
    """Return the lines of a document, numbered from 1, not yet stored; each with the order's line that it names."""
    by_number = {line.line: line.pk for line in ordered}
    return [
        InvoiceLine(
            line=position,
            order_line_id=by_number.get(line.order_line or 0),
            sku=line.sku,
            description=line.description,
            quantity=line.quantity,
            unit_price=line.unit_price,
            vat_rate=line.vat_rate,
            net=line_net(line.quantity, line.unit_price),
        )
        for position, line in enumerate(lines, start=1)
    ]


def store_document(
    invoice: Invoice,
    parts: Sequence[Instalment],
    lines: Sequence[InvoiceLine],
    totals: VatTotals | None,
    *,
    supplied_on: date | None,
) -> None:
    """Number a document where it has no number, freeze what it shows, store it with lines and items.

    The series is locked here, after everything else.
    """
    if not invoice.number:
        invoice.number = next_number(
            invoice.company, _PREFIXES[DocumentKind(invoice.kind)], invoice.issue_date
        )
    elif invoice.origin == Origin.ISSUED and policy.is_series_number(invoice.number):
        raise NumberOfSeries
    if invoice.origin == Origin.ISSUED and totals is not None:
        invoice.frozen = audit.plain(frozen_facts(invoice, parts, totals, lines, supplied_on=supplied_on))
    invoice.save(force_insert=True)
    for line in lines:
        line.invoice = invoice
    InvoiceLine.objects.bulk_create(lines)
    ReceivableItem.objects.bulk_create(document_items(invoice, parts))


def next_number(company: Company, prefix: str, issue_date: date) -> str:
    """Take the next number of a series under its row's lock: no gap, since a rollback gives it back."""
    key = {"company": company, "prefix": prefix, "fiscal_year": issue_date.year}
    rows = NumberSeries.objects.select_for_update(of=("self",), no_key=True).filter(**key)
    series = rows.first()
    if series is None:
        NumberSeries.objects.bulk_create([NumberSeries(**key)], ignore_conflicts=True)
        series = rows.get()
    if series.last_issue_date is not None and issue_date < series.last_issue_date:
        raise IssueDateBeforeLast
    number = policy.series_number(prefix, issue_date.year, series.next_number)
    series.next_number += 1
    series.last_issue_date = issue_date
    series.save(update_fields=["next_number", "last_issue_date"])
    return number


def document_items(invoice: Invoice, parts: Sequence[Instalment]) -> list[ReceivableItem]:
    """Return the items of a document, one per instalment, not yet stored."""
    return [
        ReceivableItem(
            company_id=invoice.company_id,
            account_id=invoice.account_id,
            kind=ItemKind(invoice.kind),
            document=invoice.number,
            invoice=invoice,
            instalment=position,
            issue_date=invoice.issue_date,
            due_date=part.due_date,
            currency=invoice.currency,
            amount=part.amount,
            open_amount=part.amount,
            effective_date=invoice.issue_date,
            recorded_at=invoice.recorded_at,
        )
        for position, part in enumerate(parts, start=1)
    ]


def tell_of_issue(invoice: Invoice) -> None:
    """Have a document that leaves by itself sent or handed over, once the caller's transaction is through."""
    if invoice.origin != Origin.ISSUED:
        return
    if wants_mail(invoice):
        work.emit("invoice.issued", f"{invoice.pk}", {"invoice_id": invoice.pk})
    if goes_to_platform(invoice):
        work.add(HAND_OVER, f"invoice:{invoice.pk}", {"invoice_id": invoice.pk})


def record_document(invoice: Invoice, *, by: User | None, at: datetime) -> None:
    """Write the document into the journal, with the anomalies that whoever issued it had seen; tell of it."""
    issued = invoice.origin == Origin.ISSUED
    tell_of_issue(invoice)
    seen = invoice.anomalies.filter(severity=Severity.WARN) if issued else invoice.anomalies.none()
    acknowledged = list(seen.values_list("code", flat=True))
    audit.record(
        "invoice.issued" if issued else "invoice.imported",
        invoice,
        by=by,
        at=at,
        after={
            "total_incl_vat": invoice.total_incl_vat,
            "currency": invoice.currency,
            "issue_date": invoice.issue_date,
            "due_date": invoice.due_date,
            "order": invoice.order.number if invoice.order else None,
        }
        | ({"acknowledged": acknowledged} if acknowledged else {}),
    )
