"""Late-payment interest claimed from a client by a note, and notes taken back (domain.md 2, design 3.21)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts.models import CustomerAccount, User
from credit.locks import lock_credit
from invoicing import policy
from invoicing.enums import ItemKind
from invoicing.interest_policy import FEE_CURRENCY, RateMissing, Segment
from invoicing.interest_queries import InvoiceInterest, interest_of
from invoicing.models import Invoice, PenaltyClaim, PenaltyNote, ReceivableItem
from o2c.shared import audit
from o2c.shared.calendar import paris_date
from o2c.shared.locking import retrying
from o2c.shared.money import ZERO
from o2c.shared.problems import Conflict, Invalid, NotFound, RuleRefused

from .allocations import MatchPair, book_pairs
from .documents import next_number
from .shared import lock_items, open_days, require, tell_credit_changed, tell_credit_taken

RIGHT: Final = "invoicing.claim_interest"
# A note is payable 30 days after its issue: nothing else is agreed for it (C. com. L441-10 I).
_PAYABLE_WITHIN: Final = timedelta(days=30)


class NothingToClaim(RuleRefused):
    code = "nothing_to_claim"
    message = _("No interest and no indemnity is left to claim.")


class SeveralCurrencies(RuleRefused):
    code = "several_currencies"
    message = _("One note claims invoices in one currency.")


class AlreadyCancelled(Conflict):
    code = "already_cancelled"
    message = _("This note is taken back already.")


class LaterNote(Conflict):
    code = "later_note"
    message = _("A later note claims one of these invoices: take that one back first.")


@retrying
def claim_interest(
    *, account_id: int, invoice_ids: Iterable[int], as_of: date, by: User, at: datetime
) -> PenaltyNote:
    """Claim what invoices of one client have run up by the end of a day, as one note with frozen segments.

    Days claimed before are left out, an indemnity is claimed once; what is waived or disputed is not claimed.

    :param as_of: until today
    :raises NothingToClaim: of one of the invoices, named
    :raises RateMissing: a half-year it needs is not in the table
    :raises SeveralCurrencies: invoices in two currencies
    :raises DatedAhead: after today
    """
    wanted, today = sorted(set(invoice_ids)), paris_date(at)
    with transaction.atomic():
        account = _account(account_id, by)
        require(by, RIGHT, account.company_id)
        invoices = _invoices(account, wanted, by)
        if as_of > today:
            raise policy.DatedAhead(_("Interest is claimed until today at most."))
        lock_credit(account)
        # Whoever matches a payment holds these: what is claimed is what stands in the book.
        lock_items(
            ReceivableItem.objects.filter(invoice__in=wanted, amount__gt=0).values_list("pk", flat=True)
        )
        open_days(account.company, today=today).check(today)
        found = interest_of(wanted, as_of)
        rows = [_claimable(invoice, found.get(key)) for key, invoice in invoices.items()]
        if len({row.currency for row in rows}) > 1:
            raise SeveralCurrencies
        note = _note(account, rows, as_of, by=by, at=at)
        _store(note, [_claim(row) for row in rows], invoices, by=by, at=at)
        _record("penalty_note.issued", note, by=by, at=at, invoices=len(rows))
        tell_credit_taken([account.pk])
    return note


@retrying
def cancel_penalty_note(*, note_id: int, reason: str, by: User, at: datetime) -> PenaltyNote:
    """Take a note back by another one with the opposite amounts; its days and indemnities may be claimed again.

    What of it is paid already stays a credit of the client.

    :raises AlreadyCancelled: somebody was faster, or it takes another one back itself
    :raises LaterNote: a later one goes on from its days
    """
    reason, today = reason.strip(), paris_date(at)
    if not reason:
        raise Invalid(_("Say why."), errors={"reason": [_("A reason is required.")]})
    with transaction.atomic():
        seen = PenaltyNote.objects.visible_to(by).select_related("company", "account__entity")
        note = seen.filter(pk=note_id).first()
        if note is None:
            raise NotFound
        require(by, RIGHT, note.company_id)
        lock_credit(note.account)
        if note.cancels_id or PenaltyNote.objects.filter(cancels=note).exists():
            raise AlreadyCancelled
        claims = list(note.claims.all())
        _refuse_followed(claims)
        open_days(note.company, today=today).check(today)
        own = lock_items(key for key in (note.interest_item_id, note.fee_item_id) if key)
        back = PenaltyNote(
            company=note.company,
            account=note.account,
            issue_date=today,
            due_date=today,
            as_of=note.as_of,
            currency=note.currency,
            interest=-note.interest,
            fee=-note.fee,
            language=note.language,
            frozen=note.frozen,
            cancels=note,
            reason=reason,
            created_by=by,
            recorded_at=at,
        )
        _store(back, [], {}, by=by, at=at)
        PenaltyClaim.objects.filter(note=note).update(undone_by=back)
        _settle(back, own, by=by, at=at)
        _record("penalty_note.cancelled", back, by=by, at=at, invoices=len(claims), reason=reason)
        tell_credit_changed([note.account_id])
    return back


def _account(account_id: int, by: User) -> CustomerAccount:
    seen = CustomerAccount.objects.visible_to(by).filter(pk=account_id)
    found = seen.select_related("company", "entity__group").first()
    if found is None:
        raise NotFound
    return found


def _invoices(account: CustomerAccount, wanted: list[int], by: User) -> dict[int, Invoice]:
    """The invoices asked for, all of this client and the user's to see."""
    if not wanted:
        raise NothingToClaim
    found = Invoice.objects.visible_to(by).filter(pk__in=wanted, account=account).order_by("due_date", "pk")
    rows = {invoice.pk: invoice for invoice in found}
    if len(rows) < len(wanted):
        raise NotFound(code="invoice_not_found")
    return rows


def _claimable(invoice: Invoice, row: InvoiceInterest | None) -> InvoiceInterest:
    if row is not None and row.missing is not None:
        raise RateMissing(row.missing)
    if row is not None and row.is_claimable:
        return row
    if row is not None and row.disputed:
        why = _("%(number)s is disputed: its interest is claimed once the dispute has ended.")
    else:
        why = _("Nothing is left to claim of %(number)s.")
    raise NothingToClaim(why % {"number": invoice.number})


def _note(
    account: CustomerAccount, rows: Iterable[InvoiceInterest], as_of: date, *, by: User, at: datetime
) -> PenaltyNote:
    today, rows = paris_date(at), list(rows)
    company = account.company
    return PenaltyNote(
        company=company,
        account=account,
        issue_date=today,
        due_date=today + _PAYABLE_WITHIN,
        as_of=as_of,
        currency=rows[0].currency,
        interest=sum((row.claimable_interest for row in rows), ZERO),
        fee=sum((row.claimable_fee for row in rows), ZERO),
        language="fr" if account.language.lower().startswith("fr") else "en",
        frozen=audit.plain(
            {
                "seller": {
                    "name": company.name,
                    "legal_form": company.legal_form,
                    "siren": company.siren,
                    "vat_number": company.vat_number,
                    "address_line1": company.address_line1,
                    "postcode": company.postcode,
                    "city": company.city,
                },
                "buyer": {
                    "code": account.code,
                    "name": account.name,
                    "siren": account.siren,
                    "vat_number": account.vat_number,
                    "address_line1": account.address_line1,
                    "address_line2": account.address_line2,
                    "postcode": account.postcode,
                    "city": account.city,
                    "country": account.country,
                },
            }
        ),
        created_by=by,
        recorded_at=at,
    )


def _claim(row: InvoiceInterest) -> PenaltyClaim:
    """The line of one invoice, not yet stored."""
    assert row.left is not None
    segments = row.left.segments if row.claimable_interest else ()
    return PenaltyClaim(
        invoice_id=row.invoice_id,
        first_day=min((s.first for s in segments), default=None),
        until=max((s.last for s in segments), default=None),
        days=row.left.days if segments else 0,
        interest=row.claimable_interest,
        fee=row.claimable_fee,
        regime=row.terms.regime,
        is_assumed=row.left.is_assumed and bool(segments),
        floor_breach=row.left.floor_breach and bool(segments),
        segments=[audit.plain(segment_facts(segment)) for segment in segments],
    )


def segment_facts(segment: Segment) -> dict[str, Any]:
    """A segment as it is shown and frozen: days, balance, rate in percent a year, interest."""
    return {
        "instalment": segment.instalment,
        "from": segment.first,
        "to": segment.last,
        "days": segment.days,
        "balance": segment.balance,
        "rate": segment.rate,
        "basis": segment.year_days,
        "amount": segment.amount,
    }


def _store(
    note: PenaltyNote, claims: list[PenaltyClaim], invoices: Mapping[int, Invoice], *, by: User, at: datetime
) -> None:
    """Number a note and store it with its items and lines; the series is locked last."""
    note.number = next_number(note.company, policy.PENALTY_PREFIX, note.issue_date)
    note.interest_item = _item(note, note.interest, note.currency, 1)
    note.fee_item = _item(note, note.fee, FEE_CURRENCY, 2)
    note.save(force_insert=True)
    for claim in claims:
        claim.note = note
    PenaltyClaim.objects.bulk_create(claims)


def _item(note: PenaltyNote, amount: Decimal, currency: str, position: int) -> ReceivableItem | None:
    """An item of a note, None of nothing; interest and indemnity are apart, since a payment may settle one alone."""
    if not amount:
        return None
    return ReceivableItem.objects.create(
        company_id=note.company_id,
        account_id=note.account_id,
        kind=ItemKind.PENALTY,
        document=note.number,
        instalment=position,
        issue_date=note.issue_date,
        due_date=note.due_date,
        currency=currency,
        amount=amount,
        open_amount=amount,
        effective_date=note.issue_date,
        recorded_at=note.recorded_at,
    )


def _refuse_followed(claims: Iterable[PenaltyClaim]) -> None:
    later = [
        PenaltyClaim.objects.filter(invoice=claim.invoice_id, undone_by=None, until__gt=claim.until).exists()
        for claim in claims
        if claim.until is not None
    ]
    if any(later):
        raise LaterNote


def _settle(back: PenaltyNote, own: Mapping[int, ReceivableItem], *, by: User, at: datetime) -> None:
    """Put the opposite items on what is still open of the note they take back."""
    counter = lock_items(key for key in (back.interest_item_id, back.fee_item_id) if key)
    former = back.cancels
    assert former is not None
    pairs = []
    for debit, credit in (
        (former.interest_item_id, back.interest_item_id),
        (former.fee_item_id, back.fee_item_id),
    ):
        if debit and credit and own[debit].open_amount:
            pairs.append(MatchPair(credit, debit, own[debit].open_amount))
    if pairs:
        book_pairs(pairs, {**own, **counter}, by=by, at=at)


def _record(
    action: str, note: PenaltyNote, *, by: User, at: datetime, invoices: int, reason: str = ""
) -> None:
    audit.record(
        action,
        note,
        by=by,
        at=at,
        reason=reason,
        after={
            "amount": note.interest,
            "currency": note.currency,
            "fee": note.fee,
            "until": note.as_of,
            "invoices": invoices,
        },
    )
