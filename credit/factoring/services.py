"""The terms agreed with a factor, and what it approves of each debtor: dated rows that are never changed."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from accounts.identifiers import check_iban, check_siren, clean_identifier
from accounts.models import Company, CustomerAccount, User
from o2c.shared import audit
from o2c.shared.locking import retrying
from o2c.shared.money import ZERO, round_cents
from o2c.shared.problems import Conflict, Invalid, NotAllowed, NotFound, RuleRefused

from ..enums import FactorWord
from ..models import FactorAgreement, FactorApproval
from .queries import agreement_in_force

AGREE: Final = "policy.change"
APPROVE: Final = "credit.rate"
_TERMS: Final = (
    "factor", "number", "valid_until", "with_recourse", "is_notified", "guarantee_fund_pct", "advance_pct",
    "commission_pct", "minimum_commission", "max_term_days", "max_overdue_days", "takes_public", "iban", "bic", "siren",
)  # fmt: skip
WORDS: Final = ("amount", "currency", "status", "effective_on", "valid_until")


class AgreementKnown(Conflict):
    code = "key_conflict"
    message = _("Other terms are known from this day on already: what changed has its own day.")


class ApprovalKnown(Conflict):
    code = "key_conflict"
    message = _("The factor’s word from this day on is known already, with other content.")


class NoAgreement(RuleRefused):
    code = "no_factor_agreement"
    message = _("No agreement with a factor is in force on this day.")


def set_agreement(
    *, company: Company, valid_from: date, by: User, at: datetime, **terms: Any
) -> FactorAgreement:
    """Enter the terms agreed with the factor from a day on; the same terms again change nothing.

    :param terms: the fields of ``FactorAgreement``; percentages of a hundred, days from issue or due date
    :raises NotAllowed: without the right to set what the company agreed
    :raises Invalid: shares, days or an account that cannot be
    :raises AgreementKnown: other terms are known from that day on
    """
    if not by.may(AGREE, company):
        raise NotAllowed
    terms["iban"] = clean_identifier(terms.get("iban") or "")
    terms["bic"] = clean_identifier(terms.get("bic") or "")
    terms["siren"] = clean_identifier(terms.get("siren") or "")
    row = FactorAgreement(company=company, valid_from=valid_from, recorded_by=by, recorded_at=at, **terms)
    _check_terms(row)
    try:
        with transaction.atomic():
            row.save(force_insert=True)
            audit.record(
                "factor.agreed",
                row,
                by=by,
                at=at,
                label=row.number,
                company_id=company.pk,
                after={"valid_from": valid_from, **{name: getattr(row, name) for name in _TERMS}},
            )
    except IntegrityError as error:
        known = FactorAgreement.objects.filter(company=company, valid_from=valid_from).first()
        if known is None:
            raise
        if any(getattr(known, name) != getattr(row, name) for name in _TERMS):
            raise AgreementKnown from error
        return known
    return row


def _check_terms(row: FactorAgreement) -> None:
    wrong: dict[str, list[Any]] = {}
    for name in ("factor", "number"):
        if not getattr(row, name).strip():
            wrong[name] = [_("This field is required.")]
    if not 0 < row.advance_pct <= 100:
        wrong["advance_pct"] = [_("More than nothing, no more than 100 %.")]
    if not 0 <= row.guarantee_fund_pct < 100:
        wrong["guarantee_fund_pct"] = [_("Less than 100 %.")]
    if not 0 <= row.commission_pct <= 100:
        wrong["commission_pct"] = [_("No more than 100 %.")]
    if row.max_term_days <= 0:
        wrong["max_term_days"] = [_("This must be more than nothing.")]
    if row.valid_until is not None and row.valid_until < row.valid_from:
        wrong["valid_until"] = [_("This day is past, or lies before the first.")]
    if row.is_notified and not row.iban:
        wrong["iban"] = [_("Debtors who are told must know where to pay.")]
    elif row.iban and (problem := check_iban(row.iban).problem):
        wrong["iban"] = [problem]
    if row.siren and (problem := check_siren(row.siren).problem):
        wrong["siren"] = [problem]
    if wrong:
        raise Invalid(errors=wrong)


@retrying
def record_approval(
    *,
    account_id: int,
    status: str,
    amount: Decimal,
    effective_on: date,
    by: User,
    at: datetime,
    valid_until: date | None = None,
) -> FactorApproval:
    """Enter what the factor says of a client's legal entity from a day on; the same again changes nothing.

    :param amount: up to how much it takes, in the company's currency; 0 where it refuses or cancels
    :raises NotFound: no such client, or not the user's to see
    :raises NotAllowed: without the right to say what credit rests on
    :raises NoAgreement: there is no factor on that day
    :raises Invalid: an amount or a day that does not fit
    :raises ApprovalKnown: another word stands there from that day on
    """
    account = CustomerAccount.objects.visible_to(by).filter(pk=account_id).select_related("company").first()
    if account is None:
        raise NotFound
    if not by.may(APPROVE, account.company_id):
        raise NotAllowed
    agreement = agreement_in_force(account.company_id, on=effective_on)
    if agreement is None:
        raise NoAgreement
    check_word(status, amount, effective_on, valid_until)
    with transaction.atomic():
        # Two words on clients of one company follow each other.
        Company.objects.select_for_update(no_key=True).get(pk=account.company_id)
        known = FactorApproval.objects.filter(
            company=account.company_id, entity=account.entity_id, effective_on=effective_on
        ).first()
        row = FactorApproval(
            agreement=agreement,
            company=account.company,
            entity_id=account.entity_id,
            amount=amount,
            currency=account.company.currency,
            status=status,
            effective_on=effective_on,
            valid_until=valid_until,
            recorded_by=by,
            recorded_at=at,
        )
        if known is not None:
            if any(getattr(known, name) != getattr(row, name) for name in WORDS):
                raise ApprovalKnown
            return known
        row.save(force_insert=True)
        audit.record(
            "factor.approved",
            row,
            by=by,
            at=at,
            label=account.code,
            company_id=account.company_id,
            account_id=account.pk,
            after={name: getattr(row, name) for name in WORDS},
        )
    return row


def check_word(status: str, amount: Decimal, effective_on: date, valid_until: date | None) -> None:
    """Say what of a word of the factor cannot be.

    :raises Invalid: an unknown word, an amount that does not fit it, an end before the beginning
    """
    wrong: dict[str, list[Any]] = {}
    takes = status in {FactorWord.APPROVED, FactorWord.REDUCED}
    if status not in FactorWord.values:
        wrong["status"] = [_("The factor says no such thing.")]
    elif amount != round_cents(amount) or (amount <= ZERO if takes else amount != ZERO):
        wrong["amount"] = [
            _("The amount must be positive.") if takes else _("Nothing is taken: the amount is 0.")
        ]
    if valid_until is not None and valid_until < effective_on:
        wrong["valid_until"] = [_("This day is past, or lies before the first.")]
    if wrong:
        raise Invalid(errors=wrong)
