"""What the bank took back: which payment it concerns is proposed by the portal and decided by a person."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from invoicing.bank import method_of
from invoicing.bank.returning import Candidate, Taken, returned_payment
from invoicing.enums import ReturnStatus
from invoicing.models import BankStatement, Payment, PaymentReturn, ReturnProposal, StatementLine
from o2c.shared import audit
from o2c.shared.calendar import paris_date
from o2c.shared.locking import retrying
from o2c.shared.problems import Conflict, Invalid, NotFound, RuleRefused

from .returns import return_payment
from .shared import open_days, require

RIGHT: Final = "payments.record"
# A direct debit nobody agreed to may come back for thirteen months.
_COMES_BACK_WITHIN: Final = timedelta(days=400)


class AlreadyDecided(Conflict):
    code = "already_decided"
    message = _("Somebody has decided on this return already.")


class OtherAmount(RuleRefused):
    code = "other_amount"
    message = _("This payment is not of the amount and currency that the bank took back: choose another one.")


def propose_returns(statement: BankStatement, lines: Sequence[StatementLine]) -> None:
    """Propose, for lines that take money back, the payment each concerns; none where that is not clear."""
    if not lines:
        return
    by_amount: dict[Decimal, list[Candidate]] = {}
    for payment in returnable(statement, {-line.amount for line in lines}):
        by_amount.setdefault(payment.amount, []).append(_candidate(payment))
    used: set[int] = set()
    made = []
    for line in lines:
        fitting = [each for each in by_amount.get(-line.amount, ()) if each.payment_id not in used]
        proposal = ReturnProposal(line=line)
        if found := returned_payment(_taken(line), fitting):
            proposal.payment_id, proposal.hint = found
            used.add(found[0])
        made.append(proposal)
    ReturnProposal.objects.bulk_create(made, batch_size=1000)


def returnable(statement: BankStatement, amounts: Collection[Decimal]) -> QuerySet[Payment]:
    """Payments of these amounts that the bank may have taken back in a statement: there before, not returned yet."""
    return (
        Payment.objects.filter(
            company=statement.company_id,
            currency=statement.currency,
            amount__in=amounts,
            received_on__lte=statement.closing_on,
            received_on__gte=statement.closing_on - _COMES_BACK_WITHIN,
        )
        .exclude(pk__in=PaymentReturn.objects.filter(undone_at=None).values("payment"))
        .exclude(
            pk__in=ReturnProposal.objects.filter(status=ReturnStatus.OPEN)
            .exclude(payment=None)
            .values("payment")
        )
        .select_related("account", "statement_line")
        .order_by("-received_on", "pk")
    )


def _candidate(payment: Payment) -> Candidate:
    line = getattr(payment, "statement_line", None)
    references = {line.end_to_end_id, line.mandate, line.reference} if line else set()
    names = (payment.payer_name, payment.account.name if payment.account else "")
    return Candidate(
        payment_id=payment.pk,
        references=frozenset({*references, payment.external_id, payment.reference} - {""}),
        iban=payment.payer_iban,
        names=tuple(filter(None, names)),
        method=payment.method,
    )


def _taken(line: StatementLine) -> Taken:
    return Taken(
        references=frozenset({line.end_to_end_id, line.mandate, line.reference} - {""}),
        iban=line.payer_iban,
        text=f"{line.label} {line.text} {line.payer_name}",
        method=method_of(label=line.label, text=line.text, operation_code=line.operation_code),
    )


@retrying
def settle_return(
    *, proposal_id: int, payment_id: int | None = None, fee: Decimal | None = None, by: User, at: datetime
) -> ReturnProposal:
    """Return the payment that a movement of the bank takes back, as of the day of the movement.

    The same once more changes nothing.

    :param payment_id: another one than the portal proposed
    :param fee: what the bank charges for it, billed to the client
    :raises AlreadyDecided: otherwise
    :raises OtherAmount: not the amount taken back
    :raises NotFound: no such proposal or payment, or not this person's to see
    """
    with transaction.atomic():
        proposal = _locked(proposal_id, by)
        line, statement = proposal.line, proposal.line.statement
        chosen = payment_id or proposal.payment_id
        if proposal.status != ReturnStatus.OPEN:
            if proposal.status == ReturnStatus.RETURNED and proposal.payment_id == chosen:
                return proposal
            raise AlreadyDecided
        if chosen is None:
            raise Invalid(errors={"payment": [_("Choose the payment that the bank took back.")]})
        payment = Payment.objects.visible_to(by).filter(pk=chosen, company=statement.company_id).first()
        if payment is None:
            raise NotFound
        if (payment.amount, payment.currency) != (-line.amount, statement.currency):
            raise OtherAmount
        days = open_days(statement.company, today=paris_date(at))
        return_payment(
            payment_id=payment.pk,
            returned_on=days.first_from(max(line.booked_on, payment.received_on)),
            reason=" · ".join(filter(None, (line.return_reason, line.label)))[:500]
            or str(_("Taken back by the bank")),
            fee=fee,
            by=by,
            at=at,
        )
        return _decide(proposal, ReturnStatus.RETURNED, payment_id=payment.pk, reason="", by=by, at=at)


@retrying
def leave_return(*, proposal_id: int, reason: str, by: User, at: datetime) -> ReturnProposal:
    """Leave a movement of the bank aside: it takes back no payment of a client.

    :raises Invalid: without a reason
    :raises AlreadyDecided: the payment is returned already
    """
    reason = reason.strip()
    with transaction.atomic():
        proposal = _locked(proposal_id, by)
        if not reason:
            raise Invalid(_("Say why."), errors={"reason": [_("A reason is required.")]})
        if proposal.status != ReturnStatus.OPEN:
            if (proposal.status, proposal.reason) == (ReturnStatus.DISMISSED, reason):
                return proposal
            raise AlreadyDecided
        return _decide(proposal, ReturnStatus.DISMISSED, payment_id=None, reason=reason, by=by, at=at)


def _locked(proposal_id: int, by: User) -> ReturnProposal:
    """The proposal under its lock.

    :raises NotFound: none, or not this person's to see
    :raises NotAllowed: who records no payments takes none back
    """
    if not ReturnProposal.objects.visible_to(by).filter(pk=proposal_id).exists():
        raise NotFound
    found: Any = (
        ReturnProposal.objects.select_for_update(of=("self",), no_key=True)
        .select_related("line__statement__company", "payment")
        .get(pk=proposal_id)
    )
    require(by, RIGHT, found.line.statement.company_id)
    proposal: ReturnProposal = found
    return proposal


def _decide(
    proposal: ReturnProposal,
    status: ReturnStatus,
    *,
    payment_id: int | None,
    reason: str,
    by: User,
    at: datetime,
) -> ReturnProposal:
    before = {"payment": proposal.payment_id, "hint": proposal.hint}
    proposal.status, proposal.payment_id, proposal.reason = status, payment_id, reason
    proposal.decided_by, proposal.decided_at = by, at
    proposal.save(update_fields=["status", "payment", "reason", "decided_by", "decided_at"])
    statement = proposal.line.statement
    audit.record(
        f"return_proposal.{status}",
        proposal,
        by=by,
        at=at,
        reason=reason,
        label=str(statement),
        company_id=statement.company_id,
        before=before,
        after={"payment": payment_id, "amount": proposal.line.amount, "currency": statement.currency},
    )
    return proposal
