"""Sending invoices to the factor, its receipt, taking them back, passing on money that is the factor's."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Final

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from accounts.models import Company, User
from credit.factoring.queries import agreement_in_force, approvals_of
from credit.factoring.services import NoAgreement
from credit.locks import lock_credit_of
from invoicing.models import Assignment, AssignmentBatch, FactorRemittance, ReceivableItem
from invoicing.services.shared import (
    lock_items,
    require,
    tell_credit_changed,
    tell_credit_taken,
    visible_items,
)
from o2c.shared import audit
from o2c.shared.calendar import paris_date
from o2c.shared.locking import retrying
from o2c.shared.problems import Conflict, Invalid, NotFound, RuleRefused

from .policy import Offer
from .queries import financing_of, find_batch, offers_of, to_pass_on, with_facts

RIGHT: Final = "invoicing.assign"


class NothingChosen(Invalid):
    message = _("Choose what is sold.")


class NotSellable(RuleRefused):
    """Something chosen may not be sold; ``errors`` names each document with its reasons."""

    code = "not_sellable"
    message = _("Some of these cannot be sold to the factor.")


class SoldAlready(Conflict):
    code = "sold_already"
    message = _("Somebody has just sold one of these: look again.")


class ReceivedAlready(Conflict):
    code = "wrong_state"
    message = _("The factor’s receipt is entered already, with another day.")


class NotToPassOn(Conflict):
    code = "not_to_pass_on"
    message = _("This money is not the factor’s, or it was passed on already.")


@retrying
def send_batch(*, company: Company, item_ids: Sequence[int], by: User, at: datetime) -> AssignmentBatch:
    """List items for the factor; they are sold once it has received the list. The same items again change nothing.

    :raises NothingChosen: no item
    :raises NotFound: an item that is not there, or not the user's to see
    :raises NotAllowed: without the right to sell
    :raises NoAgreement: no agreement is in force today
    :raises NotSellable: a rule speaks against one of them (``policy.reasons_against``)
    :raises SoldAlready: somebody was faster
    """
    today, keys = paris_date(at), set(item_ids)
    if not keys:
        raise NothingChosen
    seen = visible_items(keys, by)
    with transaction.atomic():
        require(by, RIGHT, company)
        agreement = agreement_in_force(company, on=today)
        if agreement is None:
            raise NoAgreement
        # Lists of one company follow each other: their numbers, and what a debtor's limit still carries.
        Company.objects.select_for_update(no_key=True).get(pk=company.pk)
        accounts = set(ReceivableItem.objects.filter(pk__in=seen).values_list("account", flat=True))
        lock_credit_of(sorted(accounts))
        items = lock_items(seen)
        if any(item.company_id != company.pk for item in items.values()):
            raise NotFound
        known = _batch_of(keys)
        if known is not None:
            return known
        entities = {item.account.entity_id for item in items.values()}
        approvals = approvals_of(agreement, entities, on=today)
        found = offers_of(with_facts(keys, on=today), agreement, approvals, on=today)
        _refuse(found)
        sold = [(offer.candidate.debtor, offer.candidate.amount) for _item, offer in found]
        worth = financing_of(agreement, sold, approvals)
        batch = AssignmentBatch.objects.create(
            company=company,
            agreement=agreement,
            number=_next_number(company, today),
            currency=company.currency,
            eligible=worth.eligible,
            financed=worth.financed,
            fund=worth.fund,
            sent_on=today,
            sent_at=at,
            sent_by=by,
        )
        try:
            with transaction.atomic():
                Assignment.objects.bulk_create(
                    Assignment(
                        batch=batch,
                        company=company,
                        account_id=item.account_id,
                        item=item,
                        amount=item.open_amount,
                        with_recourse=agreement.with_recourse,
                        is_notified=agreement.is_notified,
                    )
                    for item, _offer in found
                )
        except IntegrityError as error:
            if "one_live_assignment_per_item" in str(error):
                raise SoldAlready from error
            raise
        documents = [item.document for item, _offer in found]
        _record("sent", batch, by, at, amount=batch.eligible, financed=batch.financed, documents=documents)
        return batch


def _refuse(found: Sequence[tuple[object, Offer]]) -> None:
    wrong = {str(item): [reason.label for reason in offer.reasons] for item, offer in found if offer.reasons}
    if wrong:
        raise NotSellable(errors=wrong)


def _batch_of(keys: set[int]) -> AssignmentBatch | None:
    """The list that holds exactly these items, all of them sold by it still."""
    rows = list(Assignment.objects.filter(item__in=keys, ended_on=None).select_related("batch"))
    lists = {row.batch_id for row in rows}
    if len(rows) != len(keys) or len(lists) != 1:
        return None
    return rows[0].batch if rows[0].batch.assignments.count() == len(keys) else None


def _next_number(company: Company, today: date) -> str:
    """Numbers in order within a company; lists are never deleted, and its row is locked."""
    return f"BC-{today.year}-{AssignmentBatch.objects.filter(company=company).count() + 1:04d}"


@retrying
def receive_batch(*, batch_id: int, received_on: date, by: User, at: datetime) -> AssignmentBatch:
    """Enter that the factor received a list: from that day on its items are sold. Once more changes nothing.

    :raises NotFound: no such list, or nothing in it is the user's to see
    :raises NotAllowed: without the right to sell
    :raises Invalid: a day before it was sent, or still to come
    :raises ReceivedAlready: with another day
    """
    seen = find_batch(by, batch_id)
    with transaction.atomic():
        require(by, RIGHT, seen.company_id)
        if received_on < seen.sent_on or received_on > paris_date(at):
            raise Invalid(
                errors={"received_on": [_("From the day it was sent until today.")]},
            )
        accounts = sorted(set(seen.assignments.values_list("account", flat=True)))
        lock_credit_of(accounts)
        batch = AssignmentBatch.objects.select_for_update(of=("self",), no_key=True).get(pk=seen.pk)
        if batch.received_on is not None:
            if batch.received_on != received_on:
                raise ReceivedAlready
            return batch
        batch.received_on, batch.received_at, batch.received_by = received_on, at, by
        batch.save(update_fields=["received_on", "received_at", "received_by"])
        batch.assignments.filter(ended_on=None).update(effective_from=received_on)
        _record("received", batch, by, at, received_on=received_on)
        tell_credit_changed(accounts)
        return batch


@retrying
def take_back(*, assignment_id: int, reason: str, by: User, at: datetime) -> Assignment:
    """Take an item back from the factor: from today on it is ours again. Once more changes nothing.

    :raises NotFound: no such sale, or not the user's to see
    :raises NotAllowed: without the right to sell
    :raises Invalid: without a reason
    """
    seen = Assignment.objects.visible_to(by).filter(pk=assignment_id).first()
    if seen is None:
        raise NotFound(code="assignment_not_found")
    with transaction.atomic():
        require(by, RIGHT, seen.company_id)
        if not reason.strip():
            raise Invalid(_("Say why."), errors={"reason": [_("A reason is required.")]})
        lock_credit_of([seen.account_id])
        row = (
            Assignment.objects.select_for_update(of=("self",), no_key=True)
            .select_related("item", "batch")
            .get(pk=seen.pk)
        )
        if row.ended_on is not None:
            return row
        row.ended_on, row.ended_at, row.ended_by, row.end_reason = (
            paris_date(at),
            at,
            by,
            reason.strip()[:300],
        )
        row.save(update_fields=["ended_on", "ended_at", "ended_by", "end_reason"])
        audit.record(
            "item.taken_back",
            row.item,
            by=by,
            at=at,
            reason=row.end_reason,
            label=row.item.document,
            company_id=row.company_id,
            account_id=row.account_id,
            after={"batch": row.batch.number, "amount": row.amount, "currency": row.batch.currency},
        )
        tell_credit_taken([row.account_id])
        return row


@retrying
def pass_on(*, allocation_id: int, passed_on: date, by: User, at: datetime) -> FactorRemittance:
    """Enter that money a client paid to us was passed on to the factor. The same day once more changes nothing.

    :raises NotFound: no such match, or not the user's to see
    :raises NotAllowed: without the right to sell
    :raises Invalid: a day before the money came, or still to come
    :raises NotToPassOn: it is not the factor's, or another day is entered
    """
    mine = Assignment.objects.visible_to(by)
    sold = mine.filter(item__allocations_received=allocation_id).order_by("-pk").first()
    if sold is None:
        raise NotFound
    with transaction.atomic():
        require(by, RIGHT, sold.company_id)
        # Two who pass the same money on follow each other.
        Assignment.objects.select_for_update(of=("self",), no_key=True).get(pk=sold.pk)
        known = FactorRemittance.objects.filter(allocation=allocation_id).first()
        if known is not None:
            if known.passed_on != passed_on:
                raise NotToPassOn
            return known
        match = to_pass_on(by).filter(pk=allocation_id).first()
        if match is None:
            raise NotToPassOn
        if passed_on < match.effective_date or passed_on > paris_date(at):
            raise Invalid(errors={"passed_on": [_("From the day the money came until today.")]})
        row = FactorRemittance.objects.create(
            assignment_id=match.assignment_id,  # type: ignore[attr-defined]
            allocation=match,
            amount=match.amount,
            passed_on=passed_on,
            recorded_at=at,
            recorded_by=by,
        )
        audit.record(
            "item.passed_on",
            match.debit,
            by=by,
            at=at,
            label=match.debit.document,
            company_id=match.debit.company_id,
            account_id=match.debit.account_id,
            after={"amount": row.amount, "currency": match.debit.currency, "passed_on": passed_on},
        )
        return row


def _record(what: str, batch: AssignmentBatch, by: User, at: datetime, **after: object) -> None:
    audit.record(
        f"batch.{what}",
        batch,
        by=by,
        at=at,
        label=batch.number,
        company_id=batch.company_id,
        after={"currency": batch.currency, **after},
    )
