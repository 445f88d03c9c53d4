"""Choosing not to claim late-payment interest of an invoice, and what a client agreed to owe when late."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Final

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts.models import Company, CustomerAccount, User
from credit.locks import lock_credit
from invoicing.enums import DocumentKind
from invoicing.interest_policy import DayBasis, Regime
from invoicing.models import AgreedTerms, Invoice, PenaltyClaim, PenaltyWaiver
from o2c.shared import audit
from o2c.shared.locking import retrying
from o2c.shared.money import quantize
from o2c.shared.problems import Conflict, Invalid, NotFound, RuleRefused

from .shared import require

RIGHT: Final = "invoicing.waive_interest"
TERMS_RIGHT: Final = "accounts.edit"
COMPANY_TERMS_RIGHT: Final = "policy.change"


class NothingToWaive(RuleRefused):
    code = "nothing_to_waive"
    message = _("Interest is claimed of invoices alone.")


class AlreadyWaived(Conflict):
    code = "already_waived"
    message = _("This is waived already, for another reason.")


class FeeClaimed(Conflict):
    code = "fee_claimed"
    message = _("The indemnity of this invoice is claimed: take the note back first.")


class AlreadyLifted(Conflict):
    code = "already_lifted"
    message = _("This waiver is lifted already.")


@retrying
def waive_interest(
    *, invoice_id: int, interest: bool, fee: bool, reason: str, by: User, at: datetime
) -> PenaltyWaiver:
    """Choose not to claim what an invoice has run up and will: interest, the indemnity or both.

    Days claimed already stay claimed. The same once more changes nothing.

    :raises AlreadyWaived: one of them is, for another reason
    :raises FeeClaimed: the indemnity is claimed
    """
    reason = reason.strip()
    with transaction.atomic():
        invoice = _invoice(invoice_id, by)
        require(by, RIGHT, invoice.company_id)
        errors = {} if reason else {"reason": [_("A reason is required.")]}
        if not (interest or fee):
            errors["interest"] = [_("Say what is not claimed: interest, the indemnity or both.")]
        if errors:
            raise Invalid(errors=errors)
        lock_credit(invoice.account)
        if invoice.kind == DocumentKind.CREDIT_NOTE:
            raise NothingToWaive
        for known in PenaltyWaiver.objects.filter(invoice=invoice, lifted_at=None):
            if (known.interest, known.fee, known.reason) == (interest, fee, reason):
                return known
            if (known.interest and interest) or (known.fee and fee):
                raise AlreadyWaived
        if fee and PenaltyClaim.objects.filter(invoice=invoice, undone_by=None, fee__gt=0).exists():
            raise FeeClaimed
        row = PenaltyWaiver.objects.create(
            invoice=invoice, interest=interest, fee=fee, reason=reason, waived_by=by, waived_at=at
        )
        _record("penalty.waived", row, by=by, at=at, reason=reason)
    return row


@retrying
def lift_waiver(*, waiver_id: int, reason: str, by: User, at: datetime) -> PenaltyWaiver:
    """Take a waiver back: what was waived may be claimed again. The waiver stays, with who lifted it and why.

    :raises AlreadyLifted: somebody was faster
    """
    reason = reason.strip()
    with transaction.atomic():
        seen = PenaltyWaiver.objects.filter(pk=waiver_id).first()
        if seen is None:
            raise NotFound
        invoice = _invoice(seen.invoice_id, by)
        require(by, RIGHT, invoice.company_id)
        if not reason:
            raise Invalid(_("Say why."), errors={"reason": [_("A reason is required.")]})
        lock_credit(invoice.account)
        row = PenaltyWaiver.objects.select_for_update(of=("self",), no_key=True).get(pk=waiver_id)
        if row.lifted_at is not None:
            raise AlreadyLifted
        row.lifted_by, row.lifted_at, row.lift_reason = by, at, reason
        row.save(update_fields=["lifted_by", "lifted_at", "lift_reason"])
        _record("penalty.waiver_lifted", row, by=by, at=at, reason=reason)
    return row


@transaction.atomic
def agree_on_terms(
    *,
    account_id: int | None,
    company: Company | None = None,
    regime: Regime,
    contract_rate: Decimal | None,
    day_basis: DayBasis = DayBasis.FIXED,
    valid_from: date,
    reason: str,
    by: User,
    at: datetime,
) -> AgreedTerms:
    """Store what a client owes when late, for invoices issued from a day on; earlier rows stay.

    Without a client: what every client of a company owes that has no terms of its own.

    A rate below the legal floor is stored as the contract says it: readings flag it, nothing is corrected.

    :param company: whose clients, where none is named
    :param contract_rate: percent a year, with ``CONTRACT`` alone
    """
    account: CustomerAccount | None = None
    if account_id is not None:
        account = (
            CustomerAccount.objects.visible_to(by).filter(pk=account_id).select_related("company").first()
        )
        company = account.company if account is not None else None
    if company is None:
        raise NotFound
    require(by, TERMS_RIGHT if account is not None else COMPANY_TERMS_RIGHT, company.pk)
    errors = {} if reason.strip() else {"reason": [_("A reason is required.")]}
    if (regime == Regime.CONTRACT) != (contract_rate is not None):
        errors["contract_rate"] = [_("A rate is written with the rate of the contract, and with it alone.")]
    elif contract_rate is not None and not (
        0 < contract_rate < 100 and contract_rate == quantize(contract_rate, 4)
    ):
        errors["contract_rate"] = [_("A rate is a percentage below 100 with four decimals at most.")]
    if errors:
        raise Invalid(errors=errors)
    row = AgreedTerms.objects.create(
        company=company,
        account=account,
        valid_from=valid_from,
        regime=regime,
        contract_rate=contract_rate,
        day_basis=day_basis,
        reason=reason.strip(),
        recorded_by=by,
        recorded_at=at,
    )
    audit.record(
        "penalty.terms_agreed",
        row,
        by=by,
        at=at,
        reason=row.reason,
        label=account.code if account is not None else company.code,
        after={"regime": regime, "rate": contract_rate, "from": valid_from},
    )
    return row


def _invoice(invoice_id: int, by: User) -> Invoice:
    seen = Invoice.objects.visible_to(by).filter(pk=invoice_id)
    found = seen.select_related("company", "account__entity").first()
    if found is None:
        raise NotFound(code="invoice_not_found")
    return found


def _record(action: str, row: PenaltyWaiver, *, by: User, at: datetime, reason: str) -> None:
    invoice = row.invoice
    audit.record(
        action,
        invoice,
        by=by,
        at=at,
        reason=reason,
        after={"interest": row.interest, "fee": row.fee},
    )
