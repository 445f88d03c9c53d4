"""Telling the credit insurer of a threat of loss, declaring the claim, and what comes of it (domain.md 4.6)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from accounts.models import Company, User
from credit.insurance_queries import policy_in_force
from invoicing.models import InsuranceClaim, InsuranceClaimItem, InsuranceClaimStep
from invoicing.services.shared import lock_items, require, require_cents, visible_items
from o2c.shared import audit
from o2c.shared.calendar import paris_date
from o2c.shared.locking import retrying
from o2c.shared.money import ZERO
from o2c.shared.problems import Conflict, Invalid, NotFound, RuleRefused

from . import policy, queries
from .enums import ClaimOutcome, ClaimStatus
from .policy import Claimable

RIGHT: Final = "insurance.claim"
_REQUIRED: Final = _("This field is required.")


class NoInsurance(RuleRefused):
    code = "no_insurance"
    message = _("The company has no credit insurance policy in force today.")


class NotClaimable(RuleRefused):
    """Something chosen may not be claimed; ``errors`` names each document with the reason."""

    code = "not_claimable"
    message = _("Some of these cannot be claimed of the insurer.")


class ClaimedAlready(Conflict):
    code = "claimed_already"
    message = _("One of these documents is in another claim file: look again.")


class WrongStep(Conflict):
    code = "wrong_state"
    message = _("This step does not follow where the claim file stands.")


@retrying
def open_claim(
    *, item_ids: Sequence[int], told_on: date, note: str = "", by: User, at: datetime
) -> InsuranceClaim:
    """Open a claim file: the insurer was told of a threat of loss. The same documents again change nothing.

    :param told_on: the day the insurer was told
    :raises NotFound: an item that is not there, or not the user's to see
    :raises NotAllowed: without the right to claim
    :raises Invalid: nothing chosen, several clients or currencies, a day to come
    :raises NoInsurance: no policy is in force
    :raises NotClaimable: a rule speaks against one of them (``policy.against``)
    :raises ClaimedAlready: somebody was faster
    """
    today = paris_date(at)
    if not item_ids:
        raise Invalid(errors={"items": [_("Choose at least one document.")]})
    seen = visible_items(item_ids, by)
    with transaction.atomic():
        items = lock_items(seen)
        first = next(iter(items.values()))
        require(by, RIGHT, first.company_id)
        if len({(item.account_id, item.currency) for item in items.values()}) != 1:
            raise Invalid(errors={"items": [_("A claim is about one client and one currency.")]})
        if told_on > today:
            raise Invalid(errors={"told_on": [_("From the day of issue until today.")]})
        known = _claim_of(seen)
        if known is not None:
            return known
        account, company = first.account, first.company
        terms = policy_in_force(company, on=today)
        if terms is None:
            raise NoInsurance
        found = queries.claimable(account, seen, on=today)
        _refuse(found, {item.pk: item.document for item in items.values()}, today)
        if any(one.issue_date > told_on for one in found):
            raise Invalid(errors={"told_on": [_("From the day of issue until today.")]})
        # Numbers follow each other within a company; so do claims under the year's cap.
        Company.objects.select_for_update(no_key=True).get(pk=company.pk)
        comes_to = queries.worth(account, found, on=today, told_on=told_on)
        claim = InsuranceClaim.objects.create(
            company=company, account=account, policy=terms, number=_next_number(company, today),
            currency=first.currency, is_insolvency=all(one.frozen for one in found), told_on=told_on,
            deadline=queries.deadline(account, terms, found, on=today), amount=comes_to.claimed,
            covered=comes_to.covered, expected=comes_to.expected,
            beyond_cap=comes_to.beyond_cap, note=note.strip()[:1000], opened_at=at, opened_by=by,
        )  # fmt: skip
        try:
            with transaction.atomic():
                InsuranceClaimItem.objects.bulk_create(_row(claim, one) for one in found)
        except IntegrityError as error:
            if "one_open_insurance_claim_per_item" in str(error):
                raise ClaimedAlready from error
            raise
        _step(claim, ClaimStatus.THREAT, on=told_on, words=claim.note, by=by, at=at)
        _record("opened", claim, by, at, amount=claim.amount, documents=[one.document for one in found])
        return claim


@retrying
def declare(*, claim_id: int, on: date, reference: str, by: User, at: datetime) -> InsuranceClaim:
    """Declare the claim under the insurer's own number: the waiting period begins. Once more changes nothing.

    :raises NotFound: no such claim file, or not the user's to see
    :raises NotAllowed: without the right to claim
    :raises Invalid: no number, a day before the insurer was told or still to come
    :raises WrongStep: it was declared otherwise, or has ended
    """
    if not reference.strip():
        raise Invalid(errors={"reference": [_REQUIRED]})
    with transaction.atomic():
        claim = _locked(claim_id, by)
        said = reference.strip()[:80]
        if claim.declared_on is not None and (claim.declared_on, claim.reference) == (on, said):
            return claim
        _follows(claim, ClaimStatus.DECLARED, on=on, at=at)
        claim.declared_on, claim.reference = on, said
        claim.waits_until = policy.waits_until(
            on, waiting_days=claim.policy.waiting_days, is_insolvency=claim.is_insolvency
        )
        return _go_on(claim, ClaimStatus.DECLARED, on=on, words=said, by=by, at=at)


@retrying
def leave_recovery(*, claim_id: int, on: date, words: str = "", by: User, at: datetime) -> InsuranceClaim:
    """Leave the recovery to the insurer: nobody here reminds of its documents any more. Once more changes nothing.

    :raises NotFound: no such claim file, or not the user's to see
    :raises NotAllowed: without the right to claim
    :raises Invalid: a day before it was declared or still to come
    :raises WrongStep: it is not declared, or has gone further
    """
    with transaction.atomic():
        claim = _locked(claim_id, by)
        if claim.status == ClaimStatus.IN_RECOVERY:
            return claim
        _follows(claim, ClaimStatus.IN_RECOVERY, on=on, at=at)
        return _go_on(claim, ClaimStatus.IN_RECOVERY, on=on, words=words, by=by, at=at)


@retrying
def indemnify(
    *, claim_id: int, amount: Decimal, on: date, words: str, by: User, at: datetime
) -> InsuranceClaim:
    """Enter money of the insurer. The same amount, day and reference again change nothing.

    :param words: the insurer's reference of the payment
    :raises NotFound: no such claim file, or not the user's to see
    :raises NotAllowed: without the right to claim
    :raises Invalid: nothing, fractions of a cent, more than is claimed, no reference, a day to come
    :raises WrongStep: it is not declared, or has ended
    """
    require_cents(amount, "amount")
    if amount <= 0:
        raise Invalid(errors={"amount": [_("An indemnity is something.")]})
    if not words.strip():
        raise Invalid(errors={"words": [_REQUIRED]})
    with transaction.atomic():
        claim = _locked(claim_id, by)
        said = words.strip()[:1000]
        if claim.steps.filter(status=ClaimStatus.INDEMNIFIED, amount=amount, on=on, words=said).exists():
            return claim
        _follows(claim, ClaimStatus.INDEMNIFIED, on=on, at=at)
        if claim.indemnity + amount > claim.amount:
            raise Invalid(errors={"amount": [_("The insurer pays no more than is claimed.")]})
        claim.indemnity += amount
        return _go_on(claim, ClaimStatus.INDEMNIFIED, on=on, words=said, amount=amount, by=by, at=at)


@retrying
def close_claim(
    *, claim_id: int, outcome: ClaimOutcome, reason: str, by: User, at: datetime
) -> InsuranceClaim:
    """End a claim file: its documents may be claimed or reminded of again. The same end again changes nothing.

    :raises NotFound: no such claim file, or not the user's to see
    :raises NotAllowed: without the right to claim
    :raises Invalid: no reason, or an outcome the figures speak against
    :raises WrongStep: it has ended otherwise
    """
    if not reason.strip():
        raise Invalid(errors={"reason": [_("A reason is required.")]})
    with transaction.atomic():
        claim = _locked(claim_id, by)
        if claim.status == ClaimStatus.CLOSED and claim.outcome == outcome:
            return claim
        today = paris_date(at)
        _follows(claim, ClaimStatus.CLOSED, on=today, at=at)
        opened = sum((row.item.open_amount for row in claim.items.select_related("item")), ZERO)
        problem = policy.outcome_problem(outcome, open_amount=opened, indemnity=claim.indemnity)
        if problem is not None:
            raise Invalid(errors={"outcome": [problem]})
        claim.outcome = outcome
        InsuranceClaimItem.objects.filter(claim=claim).update(is_open=False)
        return _go_on(claim, ClaimStatus.CLOSED, on=today, words=reason.strip()[:1000], by=by, at=at)


def _claim_of(keys: set[int]) -> InsuranceClaim | None:
    """The open claim file that holds exactly these items."""
    rows = list(InsuranceClaimItem.objects.filter(item__in=keys, is_open=True).select_related("claim"))
    if len(rows) != len(keys) or len({row.claim_id for row in rows}) != 1:
        return None
    return rows[0].claim if rows[0].claim.items.count() == len(keys) else None


def _refuse(found: Sequence[Claimable], names: dict[int, str], today: date) -> None:
    wrong = {one.document: [why.label] for one in found if (why := policy.against(one, on=today)) is not None}
    # Penalties, fees and credits are none of the insurer's.
    known = {one.item_id for one in found}
    wrong |= {name: [policy.Against.NOT_OWED.label] for key, name in names.items() if key not in known}
    if wrong:
        raise NotClaimable(errors=wrong)


def _row(claim: InsuranceClaim, one: Claimable) -> InsuranceClaimItem:
    return InsuranceClaimItem(
        claim=claim,
        item_id=one.item_id,
        amount=one.amount,
        due_date=one.due_date,
        limit=one.limit or ZERO,
        insured_pct=one.insured_pct,
    )


def _next_number(company: Company, today: date) -> str:
    """Numbers in order within a company; files are never deleted, and its row is locked."""
    return f"SI-{today.year}-{InsuranceClaim.objects.filter(company=company).count() + 1:04d}"


def _locked(claim_id: int, by: User) -> InsuranceClaim:
    seen = InsuranceClaim.objects.visible_to(by).filter(pk=claim_id).first()
    if seen is None:
        raise NotFound
    require(by, RIGHT, seen.company_id)
    rows = InsuranceClaim.objects.select_for_update(of=("self",), no_key=True)
    return rows.select_related("policy", "account").get(pk=seen.pk)


def _follows(claim: InsuranceClaim, after: str, *, on: date, at: datetime) -> None:
    if not policy.may_follow(claim.status, after):
        raise WrongStep
    if on > paris_date(at) or on < (claim.declared_on or claim.told_on):
        raise Invalid(errors={"on": [_("From the day of the step before until today.")]})


def _go_on(
    claim: InsuranceClaim,
    status: ClaimStatus,
    *,
    on: date,
    words: str,
    amount: Decimal | None = None,
    by: User,
    at: datetime,
) -> InsuranceClaim:
    claim.status = status
    claim.save(update_fields=["status", "reference", "declared_on", "waits_until", "indemnity", "outcome"])
    _step(claim, status, on=on, words=words.strip()[:1000], amount=amount, by=by, at=at)
    _record(status.lower(), claim, by, at, amount=amount, on=on, outcome=claim.outcome or None, said=words)
    return claim


def _step(claim: InsuranceClaim, status: ClaimStatus, **facts: Any) -> None:
    InsuranceClaimStep.objects.create(claim=claim, status=status, **facts)


def _record(what: str, claim: InsuranceClaim, by: User, at: datetime, **after: Any) -> None:
    said = after.pop("said", "")
    audit.record(
        f"insurance_claim.{what}",
        claim,
        by=by,
        at=at,
        label=claim.number,
        reason=said,
        company_id=claim.company_id,
        account_id=claim.account_id,
        after={
            "currency": claim.currency,
            **{name: value for name, value in after.items() if value is not None},
        },
    )
