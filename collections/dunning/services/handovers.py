"""Handing debts over to an agency, an officer or the court: made, spent on, ended (domain.md 6.4)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from dunning import handover_policy as policy
from dunning.enums import HandOverOutcome, Interruption, LegalRoute
from dunning.models import HandOver, HandOverCost, HandOverItem, PlanItem
from dunning.queries.worklist import RESPECTED
from invoicing.services.shared import lock_items, require, require_cents, visible_items
from o2c.shared import audit, work
from o2c.shared.calendar import paris_date
from o2c.shared.locking import retrying
from o2c.shared.money import ZERO
from o2c.shared.problems import Conflict, Invalid, NotFound, RuleRefused

from . import limitations
from .promises import open_and_not_contested

RIGHT: Final = "dunning.hand_over"
BUNDLE: Final = "handovers.bundle"


class HandedOver(Conflict):
    code = "handed_over"
    message = _("One of these items is handed over already.")


class HandOverEnded(Conflict):
    code = "wrong_state"
    message = _("This hand-over has ended.")


class NothingToHandOver(RuleRefused):
    code = "nothing_to_hand_over"
    message = _("Only what is late, open, not contested and in no respected payment plan is handed over.")


class RouteClosed(RuleRefused):
    code = "route_closed"
    message = _("This route is not open to this debt.")


class NotPaid(RuleRefused):
    code = "not_paid"
    message = _("Something of it is open still: it is paid in part at most.")


@retrying
def hand_over(
    *,
    item_ids: Sequence[int],
    route: LegalRoute,
    recipient: str,
    reason: str,
    reference: str = "",
    by: User,
    at: datetime,
) -> HandOver:
    """Hand late items of one client over: nobody reminds of them any more, the file for the recipient is made.

    A route before the court interrupts no limitation by itself: the claim is noted when it is lodged.

    :raises NotFound: an item is not this user's to see
    :raises NotAllowed: without the right
    :raises HandedOver: one of them is out already
    :raises NothingToHandOver: contested, not due, nothing open, or in a plan that is respected
    :raises RouteClosed: too large for small claims
    """
    errors: dict[str, Any] = {}
    for name, value in (("recipient", recipient), ("reason", reason), ("items", item_ids)):
        if not (value.strip() if isinstance(value, str) else value):
            errors[name] = [_("This field is required.")]
    if errors:
        raise Invalid(errors=errors)
    seen, today = visible_items(item_ids, by), paris_date(at)
    try:
        with transaction.atomic():
            items = sorted(lock_items(seen).values(), key=lambda item: (item.due_date, item.pk))
            require(by, RIGHT, items[0].company_id)
            if len({(item.account_id, item.currency) for item in items}) != 1:
                raise Invalid(errors={"items": [_("A hand-over is about one client and one currency.")]})
            opens = open_and_not_contested(items)
            planned = PlanItem.objects.filter(item__in=seen, is_open=True, plan__status__in=RESPECTED)
            late = all(item.due_date < today and item.amount > 0 and opens[item.pk] > 0 for item in items)
            if not late or planned.exists():
                raise NothingToHandOver
            total = sum(opens.values(), ZERO)
            contested = any(opens[item.pk] < item.open_amount for item in items)
            if route not in policy.routes_open_to(total, is_contested=contested):
                raise RouteClosed
            made = HandOver.objects.create(
                company_id=items[0].company_id, account=items[0].account, to=policy.ROUTES[route].to, route=route,
                recipient=recipient.strip()[:200], reference=reference.strip()[:80], amount=total,
                currency=items[0].currency, reason=reason.strip(), handed_on=today, handed_at=at, handed_by=by,
            )  # fmt: skip
            HandOverItem.objects.bulk_create(
                HandOverItem(hand_over=made, item=item, amount=opens[item.pk]) for item in items
            )
            _record("handover.made", made, by=by, at=at, reason=made.reason)
            work.add(BUNDLE, f"handover:{made.pk}", {"hand_over_id": made.pk})
    except IntegrityError as error:
        if "one_open_hand_over_per_item" in str(error):
            raise HandedOver from error
        raise
    return made


@retrying
def add_cost(
    *, hand_over_id: int, what: str, amount: Decimal, day: date | None = None, by: User, at: datetime
) -> HandOverCost:
    """Note what a hand-over cost; below zero takes a mistake off.

    :param day: today when left out
    :raises Invalid: nothing, no words, a day ahead
    """
    require_cents(amount, "amount")
    today = paris_date(at)
    errors: dict[str, Any] = {}
    if not amount:
        errors["amount"] = [_("A cost is something.")]
    if not what.strip():
        errors["what"] = [_("Say what for.")]
    if day is not None and day > today:
        errors["day"] = [_("A cost is of today or before.")]
    if errors:
        raise Invalid(errors=errors)
    with transaction.atomic():
        found = _locked(hand_over_id, by)
        cost = HandOverCost.objects.create(
            hand_over=found, what=what.strip()[:200], amount=amount, day=day or today, by=by, at=at
        )
        audit.record(
            "handover.cost", found, by=by, at=at, label=found.account.code, reason=cost.what,
            after={"amount": amount, "currency": found.currency},
        )  # fmt: skip
    return cost


@retrying
def note_claim(*, hand_over_id: int, on: date, reference: str, by: User, at: datetime) -> HandOver:
    """Note that the claim was lodged or an enforcement began: the limitation of its items starts anew.

    :raises HandOverEnded: it has ended
    :raises Invalid: no reference, a day ahead
    """
    if not reference.strip():
        raise Invalid(errors={"reference": [_("Say the number of the claim.")]})
    if on > paris_date(at):
        raise Invalid(errors={"on": [_("What has not happened yet interrupts nothing.")]})
    with transaction.atomic():
        found = _open(hand_over_id, by)
        found.reference = reference.strip()[:80]
        found.save(update_fields=["reference"])
        kind = Interruption.COURT if found.to == "court" else Interruption.ENFORCED
        keys = found.items.values_list("item", flat=True)
        limitations.note(keys, kind, on=on, by=by, at=at, words=found.reference)
        _record("handover.claimed", found, by=by, at=at, reason=found.reference)
    return found


@retrying
def end(*, hand_over_id: int, outcome: HandOverOutcome, reason: str, by: User, at: datetime) -> HandOver:
    """End a hand-over: what is open of it is reminded of again, unless it is lost.

    :raises HandOverEnded: it has ended already
    :raises NotPaid: called paid while something is open
    :raises Invalid: no reason
    """
    if not reason.strip():
        raise Invalid(errors={"reason": [_("A reason is required.")]})
    with transaction.atomic():
        found = _open(hand_over_id, by)
        if outcome == HandOverOutcome.PAID and found.items.filter(item__open_amount__gt=0).exists():
            raise NotPaid
        found.outcome, found.end_reason = outcome, reason.strip()
        found.ended_on, found.ended_at, found.ended_by = paris_date(at), at, by
        found.save(update_fields=["outcome", "end_reason", "ended_on", "ended_at", "ended_by"])
        HandOverItem.objects.filter(hand_over=found).update(is_open=False)
        _record("handover.ended", found, by=by, at=at, reason=found.end_reason)
    return found


def _locked(hand_over_id: int, by: User) -> HandOver:
    """A hand-over under its lock.

    :raises NotFound: not the user's to see
    :raises NotAllowed: without the right in its company
    """
    if not HandOver.objects.visible_to(by).filter(pk=hand_over_id).exists():
        raise NotFound
    rows = HandOver.objects.select_for_update(of=("self",), no_key=True).select_related("account")
    found = rows.get(pk=hand_over_id)
    require(by, RIGHT, found.company_id)
    return found


def _open(hand_over_id: int, by: User) -> HandOver:
    found = _locked(hand_over_id, by)
    if found.outcome:
        raise HandOverEnded
    return found


def _record(action: str, row: HandOver, *, by: User, at: datetime, reason: str) -> None:
    audit.record(
        action,
        row,
        by=by,
        at=at,
        reason=reason,
        label=row.account.code,
        after={
            "amount": row.amount,
            "currency": row.currency,
            "to": row.to,
            "route": row.route,
            "outcome": row.outcome,
        },
    )
