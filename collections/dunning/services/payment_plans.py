"""Payment plans: made, sent, signed, approved, given notice of, broken (domain.md 6.6)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final

from django.db import IntegrityError, transaction
from django.utils import translation
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.enums import PaymentMethod
from accounts.models import Contact, User
from dunning import plan_policy as policy
from dunning.enums import PLAN_UNSIGNED, Interruption, PlanStatus
from dunning.models import PaymentPlan, PlanInstalment, PlanItem, PromiseItem
from dunning.plan_paper import acknowledgement_pdf
from dunning.plan_policy import Part
from dunning.queries.payment_plans import is_insured
from invoicing.insolvency import check_payable
from invoicing.models import ReceivableItem
from invoicing.services.shared import lock_items, require, require_cents, tell_credit_changed, visible_items
from o2c.shared import outbox, outbox_files, work
from o2c.shared.calendar import paris_date
from o2c.shared.locking import retrying
from o2c.shared.models import OutboxMessage
from o2c.shared.money import ZERO
from o2c.shared.pdf import PDF_TYPE
from o2c.shared.problems import Conflict, Invalid, NotAllowed, NotFound, RuleRefused
from orders.paper import language_of

from . import limitations
from .plan_shared import end, locked, record
from .promises import PromiseOpen, open_and_not_contested

# Who speaks with the client may write a plan down and note its signature; time is granted by those who may approve.
RIGHT: Final = "dunning.promise"
APPROVES: Final = "dunning.plan"
SIGNS_NOTICES: Final = "dunning.sign"
WAIVES: Final = "invoicing.waive_interest"
KIND: Final = "dunning.plan"

# What a signature fills; the rest of a plan is history once it is written (``o2c.grants``).
_SIGNATURE: Final = ("signatory", "capacity", "signed_on", "signed_by")


class PlanOpen(Conflict):
    code = "plan_open"
    message = _("One of these items is in a payment plan already: end that plan first.")


class WrongPlanState(Conflict):
    code = "wrong_state"
    message = _("The payment plan is not in a state in which this can be done.")


class NotLate(Conflict):
    code = "plan_not_late"
    message = _("No instalment is missing: there is nothing to give notice of.")


class AskInsurer(RuleRefused):
    code = "insurer_to_ask"
    message = _(
        "The client is insured and the plan lasts more than 60 days beyond the due date: ask the insurer first, and"
        " note its agreement in the plan."
    )


class NothingToPlan(RuleRefused):
    code = "nothing_to_plan"
    message = _("Only what is owed, open and not contested can be paid by a plan.")


@retrying
def make_plan(
    *,
    account_id: int,
    item_ids: Sequence[int],
    instalments: Sequence[Part],
    amount: Decimal | None = None,
    method: str = PaymentMethod.DIRECT_DEBIT,
    waives_interest: bool = False,
    guarantees: str = "",
    signatory: str = "",
    capacity: str = "",
    comment: str = "",
    insurer_agreed: bool = False,
    by: User,
    at: datetime,
) -> PaymentPlan:
    """Write a payment plan down as a draft: nothing follows until the client has signed.

    :param amount: all that is open and not contested when left out; the instalments come to it
    :param waives_interest: the penalties are given up when the plan is kept to the end
    :param signatory: who is to sign for the client, ``capacity`` in what capacity; the paper names them
    :raises PlanOpen: an item is in another plan that has not ended
    :raises PromiseOpen: an item is promised
    :raises FrozenItem: a judgement forbids that it is paid on the day of the first instalment
    :raises Invalid: an unsound calendar; ``errors`` say what is wrong under ``instalments``
    """
    if not item_ids:
        raise Invalid(errors={"items": [_("Name at least one item.")]})
    seen = visible_items(item_ids, by)
    try:
        with transaction.atomic():
            items = sorted(lock_items(seen).values(), key=lambda item: (item.due_date, item.pk))
            require(by, RIGHT, items[0].company_id)
            _check_items(items, account_id)
            check_payable(items, instalments[0].day if instalments else paris_date(at))
            opens = open_and_not_contested(items)
            total = sum(opens.values(), ZERO)
            wanted = _wanted(total, amount)
            faults = policy.calendar_faults(
                instalments, wanted, currency=items[0].currency, on=paris_date(at)
            )
            if faults:
                raise Invalid(errors={"instalments": faults})
            covered = policy.covered([(item.pk, opens[item.pk]) for item in items], wanted)
            if len(covered) < len(items):
                raise NothingToPlan
            plan = PaymentPlan.objects.create(
                company_id=items[0].company_id,
                account=items[0].account,
                amount=wanted,
                currency=items[0].currency,
                first_date=instalments[0].day,
                last_date=instalments[-1].day,
                method=method,
                waives_interest=waives_interest,
                guarantees=guarantees.strip(),
                signatory=signatory.strip()[:120],
                capacity=capacity.strip()[:120],
                comment=comment.strip(),
                insurer_agreed=insurer_agreed,
                made_by=by,
                made_at=at,
            )
            PlanInstalment.objects.bulk_create(
                PlanInstalment(plan=plan, number=number, due_date=part.day, amount=part.amount)
                for number, part in enumerate(instalments, 1)
            )
            PlanItem.objects.bulk_create(
                PlanItem(plan=plan, item_id=key, amount=part) for key, part in covered.items()
            )
            record("plan.made", plan, by=by, at=at)
    except IntegrityError as error:
        if "one_open_plan_per_item" in str(error):
            raise PlanOpen from error
        raise
    return plan


@retrying
def send_plan(*, plan_id: int, contact_id: int, by: User, at: datetime) -> PaymentPlan:
    """Send the acknowledgement of debt to somebody of the client, to be signed; once a day to the same person.

    :raises WrongPlanState: it was signed or dropped already
    :raises NotFound: some of its documents are colleagues' sales: the paper names them all
    """
    with transaction.atomic():
        plan = _locked_for(plan_id, by, RIGHT)
        visible_items(plan.plan_items.values_list("item", flat=True), by)
        if plan.status not in PLAN_UNSIGNED:
            raise WrongPlanState
        contact = Contact.objects.filter(account=plan.account_id, pk=contact_id).exclude(email="").first()
        if contact is None:
            raise Invalid(errors={"contact": [_("This person has no e-mail address.")]})
        plan.status, plan.sent_at = PlanStatus.SENT, at
        plan.save(update_fields=["status", "sent_at"])
        outbox.write([_message(plan, contact, at)])
        record("plan.sent", plan, by=by, at=at)
    return plan


@retrying
def sign_plan(
    *,
    plan_id: int,
    signatory: str = "",
    capacity: str = "",
    signed_on: date | None = None,
    by: User,
    at: datetime,
) -> PaymentPlan:
    """Note that the client has signed; it begins at once where whoever notes it may approve.

    :param signatory: who signed, ``capacity`` in what capacity (domain.md 6.6); as written down when left out
    :param signed_on: today when left out
    :raises WrongPlanState: it was signed or dropped already
    :raises AskInsurer: it would begin, and the insurer has to be asked first
    """
    today = paris_date(at)
    with transaction.atomic():
        plan = _locked_for(plan_id, by, RIGHT)
        if plan.status not in PLAN_UNSIGNED:
            raise WrongPlanState
        plan.signatory = signatory.strip()[:120] or plan.signatory
        plan.capacity = capacity.strip()[:120] or plan.capacity
        plan.signed_on, plan.signed_by = signed_on or today, by
        _check_signature(plan, today)
        # The signature acknowledges the debt: its limitation starts anew (C. civ. 2240).
        limitations.note(
            plan.plan_items.values_list("item", flat=True), Interruption.ACKNOWLEDGED, on=plan.signed_on, plan=plan,
            by=by, at=at,
        )  # fmt: skip
        if by.may(APPROVES, plan.company_id) and (
            not plan.waives_interest or by.may(WAIVES, plan.company_id)
        ):
            return _begin(plan, by=by, at=at)
        plan.status = PlanStatus.SIGNED
        plan.save(update_fields=["status", *_SIGNATURE])
        record("plan.signed", plan, by=by, at=at)
        work.emit("plan.signed", key=f"plan:{plan.pk}", payload={"plan_id": plan.pk})
    return plan


@retrying
def approve_plan(*, plan_id: int, by: User, at: datetime) -> PaymentPlan:
    """Let a signed plan begin: the time is granted, its invoices are not reminded of while it is respected.

    :raises WrongPlanState: it does not wait for approval
    :raises AskInsurer: the insurer has to be asked first
    """
    with transaction.atomic():
        plan = _locked_for(plan_id, by, APPROVES)
        if plan.status != PlanStatus.SIGNED:
            raise WrongPlanState
        return _begin(plan, by=by, at=at)


@retrying
def cancel_plan(*, plan_id: int, reason: str, by: User, at: datetime) -> PaymentPlan:
    """Drop a plan that has not begun.

    :raises WrongPlanState: it runs or has ended; one that runs is broken
    """
    _reason(reason)
    with transaction.atomic():
        plan = _locked_for(plan_id, by, RIGHT)
        if plan.status not in (*PLAN_UNSIGNED, PlanStatus.SIGNED):
            raise WrongPlanState
        end(plan, PlanStatus.CANCELLED, on=paris_date(at), by=by, at=at, reason=reason.strip())
    return plan


@retrying
def break_plan(*, plan_id: int, reason: str, by: User, at: datetime) -> PaymentPlan:
    """End a running plan before its time: its invoices are reminded of again, from the step they had reached.

    :raises WrongPlanState: it does not run
    """
    _reason(reason)
    with transaction.atomic():
        plan = _locked_for(plan_id, by, APPROVES)
        if plan.status != PlanStatus.ACTIVE:
            raise WrongPlanState
        end(plan, PlanStatus.BROKEN, on=paris_date(at), by=by, at=at, reason=reason.strip())
    return plan


@retrying
def give_notice(*, plan_id: int, by: User, at: datetime) -> PaymentPlan:
    """Note that the formal notice of a missing instalment leaves today: eight days later the balance is due.

    Twice the same day changes nothing; made up for, the notice is without object.

    :raises NotLate: no instalment is missing
    """
    today = paris_date(at)
    with transaction.atomic():
        plan = _locked_for(plan_id, by, SIGNS_NOTICES)
        if plan.status != PlanStatus.ACTIVE:
            raise WrongPlanState
        if plan.late_since is None:
            raise NotLate
        if plan.noticed_on is None:
            plan.noticed_on, plan.noticed_by = today, by
            plan.save(update_fields=["noticed_on", "noticed_by"])
            record("plan.noticed", plan, by=by, at=at)
    return plan


def _begin(plan: PaymentPlan, *, by: User, at: datetime) -> PaymentPlan:
    if plan.waives_interest:
        require(by, WAIVES, plan.company_id)
    oldest = plan.plan_items.order_by("item__due_date").values_list("item__due_date", flat=True)[0]
    insured = is_insured(plan.account, on=paris_date(at))
    if policy.insurer_to_ask(oldest, plan.last_date, is_insured=insured) and not plan.insurer_agreed:
        raise AskInsurer
    plan.status, plan.approved_by, plan.began_at = PlanStatus.ACTIVE, by, at
    plan.save(update_fields=["status", "approved_by", "began_at", *_SIGNATURE])
    record("plan.began", plan, by=by, at=at)
    # The client's other orders are looked at again, and what came since it was written down is judged.
    tell_credit_changed([plan.account_id])
    return plan


def _locked_for(plan_id: int, by: User, right: str) -> PaymentPlan:
    """A plan under its lock.

    :raises NotFound: not the user's to see
    :raises NotAllowed: without the right in its company
    """
    if not PaymentPlan.objects.visible_to(by).filter(pk=plan_id).exists():
        raise NotFound
    plan = locked([plan_id])[0]
    if not by.may(right, plan.company_id):
        raise NotAllowed(required_role=_WHO.get(right, ""))
    return plan


_WHO: Final = {APPROVES: "credit_analyst", SIGNS_NOTICES: "finance_director"}


def _message(plan: PaymentPlan, contact: Contact, at: datetime) -> OutboxMessage:
    """The mail that takes the acknowledgement of debt to who is to have it signed."""
    account, day = plan.account, paris_date(at)
    language = language_of(account)
    with translation.override(language):
        subject = gettext("Payment plan to be signed: %(company)s") % {"company": plan.company.name}
        paragraphs = (
            gettext("Dear Sir or Madam,"),
            gettext(
                "As agreed, you find enclosed the payment plan for your open documents, with the acknowledgement of"
                " debt that goes with it. Please send it back to us signed: it begins with your signature."
            ),
            gettext("Kind regards,"),
            plan.company.name,
        )
        name = f"{gettext('payment-plan')}-{account.code}-{plan.pk}.pdf"
    return OutboxMessage(
        kind=KIND,
        key=f"plan:{plan.pk}:{contact.pk}:{day}",
        company_id=plan.company_id,
        account_id=account.pk,
        to=contact.email,
        from_name=" ".join(plan.company.name.split()),
        subject=subject,
        text="\n\n".join(paragraphs) + "\n",
        language=language,
        files=[outbox_files.keep(name, acknowledgement_pdf(plan, on=day), PDF_TYPE).as_row()],
        about_type=PaymentPlan._meta.label_lower,
        about_id=plan.pk,
        created_at=at,
    )


def _check_items(items: Sequence[ReceivableItem], account_id: int) -> None:
    if {item.account_id for item in items} != {account_id}:
        raise Invalid(errors={"items": [_("A payment plan is about the items of one client.")]})
    if len({item.currency for item in items}) != 1:
        raise Invalid(errors={"items": [_("A payment plan is in one currency.")]})
    keys = [item.pk for item in items]
    if PlanItem.objects.filter(item__in=keys, is_open=True).exists():
        raise PlanOpen
    if PromiseItem.objects.filter(item__in=keys, is_open=True).exists():
        raise PromiseOpen


def _check_signature(plan: PaymentPlan, today: date) -> None:
    errors: dict[str, Any] = {}
    if not plan.signatory:
        errors["signatory"] = [_("Say who signed for the client.")]
    if not plan.capacity:
        errors["capacity"] = [_("Say in what capacity: manager, chief executive, accountant with power…")]
    if plan.signed_on and plan.signed_on > today:
        errors["signed_on"] = [_("A signature is of today or before.")]
    if errors:
        raise Invalid(errors=errors)


def _wanted(total: Decimal, amount: Decimal | None) -> Decimal:
    if total <= 0:
        raise NothingToPlan
    if amount is None:
        return total
    require_cents(amount, "amount")
    if not 0 < amount <= total:
        raise Invalid(errors={"amount": [_("An amount above zero, at most what is open and not contested.")]})
    return amount


def _reason(reason: str) -> None:
    if not reason.strip():
        raise Invalid(_("Say why."), errors={"reason": [_("A reason is required.")]})
