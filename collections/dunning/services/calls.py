"""Noting a call: what came of it becomes a promise, a dispute, or the day of the next contact."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts.models import CustomerAccount, User
from disputes import services as disputes
from disputes.enums import DisputeOrigin, DisputeType
from dunning import policy
from dunning.enums import CallOutcome, PromiseChannel, ReminderStatus
from dunning.models import Call, Reminder
from invoicing.models import ReceivableItem
from invoicing.services.shared import require
from o2c.shared import audit, work
from o2c.shared.calendar import paris_date
from o2c.shared.locking import retrying
from o2c.shared.problems import Invalid, NotFound

from .promises import make_promise

RIGHT: Final = "dunning.promise"
# What is said of chosen documents.
_ABOUT_ITEMS: Final = frozenset({CallOutcome.PROMISE, CallOutcome.DISPUTE})
# After these nobody has been asked: a call that a scenario wants is still to be made.
_NOBODY_ASKED: Final = frozenset({CallOutcome.NOT_REACHED, CallOutcome.WRONG_CONTACT})


@retrying
def record_call(
    *,
    account_id: int,
    outcome: str,
    item_ids: Sequence[int] = (),
    amount: Decimal | None = None,
    promised_date: date | None = None,
    dispute_type: str = "",
    reason: str = "",
    spoke_to: str = "",
    note: str = "",
    next_date: date | None = None,
    satisfaction: int | None = None,
    topic: str = "",
    pooled_with: Call | None = None,
    by: User,
    at: datetime,
) -> Call:
    """Note a call and do what came of it, all or nothing.

    A promise is taken for the items, a dispute is opened about them; calls that scenarios asked for are made.

    :param amount: promised; all that is open and not contested of the items when left out
    :param dispute_type: a ``DisputeType``, with a dispute
    :param pooled_with: the call it is one with, about another site
    """
    account = _account(account_id, by)
    _check(outcome, promised_date, next_date, satisfaction, at)
    with transaction.atomic():
        promise = dispute = None
        if outcome == CallOutcome.PROMISE:
            assert promised_date is not None
            promise = make_promise(
                item_ids=item_ids, amount=amount, promised_date=promised_date, channel=PromiseChannel.CALL,
                made_by=spoke_to, comment=note, account_id=account.pk, by=by, at=at,
            )  # fmt: skip
        elif outcome == CallOutcome.DISPUTE:
            dispute = disputes.open_dispute(
                contested=[disputes.Contested(item_id=key) for key in item_ids],
                type=DisputeType(dispute_type or DisputeType.COMMERCIAL_OTHER),
                origin=DisputeOrigin.CALL,
                comment=note,
                by=by,
                at=at,
            )
        call = Call.objects.create(
            company=account.company, account=account, outcome=outcome, reason=reason, spoke_to=spoke_to.strip(),
            note=note.strip(), next_date=next_date, satisfaction=satisfaction, topic=topic.strip(), promise=promise,
            dispute=dispute, pooled_with=pooled_with, made_by=by, made_at=at,
        )  # fmt: skip
        if outcome not in _NOBODY_ASKED:
            Reminder.objects.filter(account=account, status=ReminderStatus.TO_CALL).update(
                status=ReminderStatus.CALLED
            )
        audit.record(
            "call.made",
            call,
            by=by,
            at=at,
            label=account.code,
            after={"outcome": outcome, "satisfaction": satisfaction, "date": next_date},
        )
        if satisfaction is not None and satisfaction <= policy.DISPLEASED:
            work.emit("call.displeased", key=f"call:{call.pk}", payload={"call_id": call.pk})
    return call


@retrying
def record_call_about_sites(
    *, account_ids: Sequence[int], item_ids: Sequence[int] = (), by: User, at: datetime, **given: Any
) -> list[Call]:
    """Note one call about several sites of a legal entity, all or nothing.

    A promise or a dispute is taken for each site whose documents were chosen; with the others it is noted that they
    were spoken of. What the client thought of us counts once.

    :param account_ids: the sites, the one that was called first
    :param given: what ``record_call`` takes beside
    :raises Invalid: they are not of one legal entity; an amount for several sites
    """
    accounts = [_account(key, by) for key in dict.fromkeys(account_ids)]
    if not accounts:
        raise NotFound
    if len({(account.company_id, account.entity_id) for account in accounts}) != 1:
        raise Invalid(errors={"items": [_("A call is about sites of one legal entity.")]})
    whose = dict(
        ReceivableItem.objects.filter(pk__in=item_ids, account__in=account_ids).values_list("pk", "account")
    )
    if set(whose) != set(item_ids):
        raise NotFound
    chosen = [account for account in accounts if account.pk in whose.values()]
    if given.get("amount") is not None and len(chosen) > 1:
        raise Invalid(
            errors={"amount": [_("Choose the documents of one site for an amount, or leave it empty.")]}
        )
    asked = chosen or accounts[:1]
    rest = [account for account in accounts if account not in asked]
    made: list[Call] = []
    with transaction.atomic():
        for account in asked + rest:
            fields = dict(given)
            if made:
                fields |= {"satisfaction": None, "pooled_with": made[0]}
            if account in rest and given["outcome"] in _ABOUT_ITEMS:
                fields |= {
                    "outcome": CallOutcome.OTHER,
                    "amount": None,
                    "promised_date": None,
                    "dispute_type": "",
                }
            items = [key for key in item_ids if whose[key] == account.pk]
            made.append(record_call(account_id=account.pk, item_ids=items, by=by, at=at, **fields))
    return made


def _account(account_id: int, by: User) -> CustomerAccount:
    """A client the user sees and may note calls with."""
    account = CustomerAccount.objects.visible_to(by).filter(pk=account_id).select_related("company").first()
    if account is None:
        raise NotFound
    require(by, RIGHT, account.company_id)
    return account


def _check(
    outcome: str, promised_date: date | None, next_date: date | None, satisfaction: int | None, at: datetime
) -> None:
    errors = {}
    if outcome not in CallOutcome.values:
        errors["outcome"] = [_("Say what came of the call.")]
    if outcome == CallOutcome.PROMISE and promised_date is None:
        errors["promised_date"] = [_("Say for which day it is promised.")]
    if next_date is not None and next_date < paris_date(at):
        errors["next_date"] = [_("The next contact lies ahead.")]
    if satisfaction is not None and not 1 <= satisfaction <= 5:
        errors["satisfaction"] = [_("Satisfaction is a number from 1 to 5.")]
    if errors:
        raise Invalid(errors=errors)
