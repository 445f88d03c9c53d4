"""Guarantees: entered with their document, confirmed by somebody else, ended; their terms never change."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts.models import Acting, CustomerAccount, User
from o2c.shared import audit, work
from o2c.shared.calendar import paris_date
from o2c.shared.files import ReceivedFile
from o2c.shared.locking import retrying
from o2c.shared.problems import Conflict, Invalid, NotAllowed, NotFound

from ..enums import GuaranteeKind, Level
from ..locks import lock_credit
from ..models import Guarantee
from .limits import FourEyes

RECORD: Final = "credit.rate"
CONFIRM: Final = "credit.decide_limit"
_TERMS: Final = (
    "level", "kind", "guarantor", "amount", "currency", "haircut_pct", "is_eligible", "valid_from", "valid_until",
)  # fmt: skip


class GuaranteeKnown(Conflict):
    code = "key_conflict"
    message = _("A guarantee with this reference stands there already, with other terms: end it first.")


class GuaranteeEnded(Conflict):
    code = "wrong_state"
    message = _("This guarantee has ended meanwhile.")


class GuaranteeWithoutEnd(Conflict):
    code = "wrong_state"
    message = _("This guarantee has no end: there is nothing to extend.")


class GuaranteeOwn(FourEyes):
    """Nobody confirms a guarantee they entered."""

    message = _("Somebody else must confirm it: you entered this guarantee.")


@retrying
def record_guarantee(
    *,
    account_id: int,
    level: str,
    kind: str,
    guarantor: str,
    reference: str,
    amount: Decimal,
    currency: str,
    valid_from: date,
    document: ReceivedFile,
    by: User,
    at: datetime,
    haircut_pct: Decimal = Decimal(100),
    is_eligible: bool = True,
    valid_until: date | None = None,
) -> Guarantee:
    """Enter a guarantee of a client, its legal entity or its group; it counts once somebody else has confirmed it.

    The same one again changes nothing.

    :param level: ``account``, ``entity`` or ``group``
    :param amount: face amount, in ``currency``
    :param haircut_pct: the share of it that counts, 0 to 100
    :param document: looked at already (``o2c.shared.files.received``)
    :raises NotAllowed: without the right to say what credit rests on
    :raises Invalid: a level, amount, share or day that does not fit
    :raises GuaranteeKnown: its reference stands there with other terms
    """
    with transaction.atomic():
        account = CustomerAccount.objects.visible_to(by).filter(pk=account_id).first()
        if account is None:
            raise NotFound
        if not by.may(RECORD, account.company_id):
            raise NotAllowed
        _check(account, level, kind, guarantor, reference, amount, currency, haircut_pct)
        if valid_until is not None and valid_until < max(valid_from, paris_date(at)):
            raise Invalid(errors={"valid_until": [_("This day is past, or lies before the first.")]})
        lock_credit(account)
        on_level = Level.from_word(level)
        row = Guarantee(
            level=on_level,
            account=account if on_level == Level.ACCOUNT else None,
            entity=account.entity if on_level == Level.ENTITY else None,
            group=account.entity.group if on_level == Level.GROUP else None,
            given_for=account,
            kind=kind,
            guarantor=guarantor.strip(),
            reference=reference.strip(),
            amount=amount,
            currency=currency.upper(),
            haircut_pct=haircut_pct,
            is_eligible=is_eligible,
            valid_from=valid_from,
            valid_until=valid_until,
            file_name=document.name,
            content_type=document.content_type,
            recorded_by=by,
            recorded_at=at,
        )
        known = Guarantee.objects.filter(given_for=account, reference=row.reference, ended_on=None).first()
        if known is not None:
            if any(getattr(known, name) != getattr(row, name) for name in _TERMS):
                raise GuaranteeKnown
            return known
        row.file.save(f"{row.reference}", document.stored_as(), save=False)
        row.save(force_insert=True)
        _record("guarantee.recorded", row, by, at)
        return row


@retrying
def confirm_guarantee(*, guarantee_id: int, by: User, at: datetime) -> Guarantee:
    """Confirm a guarantee against its document: from now on it counts. Once more changes nothing.

    :raises NotFound: there is none this user may see
    :raises GuaranteeOwn: by who entered it, or who stands in for them
    :raises GuaranteeEnded: it ended, or was refused, meanwhile
    """
    with transaction.atomic():
        row = _locked(guarantee_id, by)
        if not by.may(CONFIRM, row.given_for.company_id):
            raise NotAllowed
        if row.ended_on is not None:
            raise GuaranteeEnded
        if row.confirmed_at is not None:
            return row
        acting = _acting(row, by)
        if acting is None:
            raise GuaranteeOwn
        row.confirmed_by, row.confirmed_at, row.on_behalf_of_id = by, at, acting.represented_id
        row.save(update_fields=["confirmed_by", "confirmed_at", "on_behalf_of"])
        _record("guarantee.confirmed", row, by, at, on_behalf_of=acting.represented)
        _changed(row)
        return row


@retrying
def end_guarantee(*, guarantee_id: int, reason: str, by: User, at: datetime) -> Guarantee:
    """End a guarantee from today on: refused, given back, called. Once more changes nothing.

    :raises NotFound: there is none this user may see
    :raises NotAllowed: without the right to say what credit rests on
    :raises Invalid: without a reason
    """
    with transaction.atomic():
        row = _locked(guarantee_id, by)
        if not by.may(RECORD, row.given_for.company_id):
            raise NotAllowed
        if not reason.strip():
            raise Invalid(_("Say why."), errors={"reason": [_("A reason is required.")]})
        if row.ended_on is not None:
            return row
        row.ended_on, row.ended_at, row.ended_by, row.end_reason = paris_date(at), at, by, reason.strip()
        row.save(update_fields=["ended_on", "ended_at", "ended_by", "end_reason"])
        _record("guarantee.ended", row, by, at, reason=reason)
        _changed(row)
        return row


def extend_guarantee(
    *, guarantee_id: int, reference: str, valid_until: date, document: ReceivedFile, by: User, at: datetime
) -> Guarantee:
    """Enter the extension of a guarantee: the same terms from the day after its last, under a document of its own.

    The older one counts until its end; the extension counts once somebody else has confirmed it. The same again
    changes nothing.

    :param reference: that of the extension
    :raises NotFound: there is none this user may see
    :raises NotAllowed: without the right to say what credit rests on
    :raises GuaranteeEnded: it ended, or was refused
    :raises GuaranteeWithoutEnd: it needs no extension
    :raises Invalid: a last day that is no later, or past
    :raises GuaranteeKnown: the reference stands there with other terms
    """
    clients = CustomerAccount.objects.visible_to(by)
    seen = (
        Guarantee.objects.filter(pk=guarantee_id, given_for__in=clients).select_related("given_for").first()
    )
    if seen is None:
        raise NotFound
    if not by.may(RECORD, seen.given_for.company_id):
        raise NotAllowed
    if seen.ended_on is not None:
        raise GuaranteeEnded
    if seen.valid_until is None:
        raise GuaranteeWithoutEnd
    if valid_until <= seen.valid_until:
        raise Invalid(errors={"valid_until": [_("This is no later than its last day.")]})
    terms = {
        name: getattr(seen, name) for name in _TERMS if name not in {"level", "valid_from", "valid_until"}
    }
    return record_guarantee(
        account_id=seen.given_for_id,
        level=Level(seen.level).word,
        reference=reference,
        valid_from=seen.valid_until + timedelta(days=1),
        valid_until=valid_until,
        document=document,
        by=by,
        at=at,
        **terms,
    )


def _check(
    account: CustomerAccount,
    level: str,
    kind: str,
    guarantor: str,
    reference: str,
    amount: Decimal,
    currency: str,
    haircut_pct: Decimal,
) -> None:
    errors: dict[str, list[Any]] = {}
    if level not in ("account", "entity", "group"):
        errors["level"] = [_("Write account, entity or group.")]
    elif level == "group" and account.entity.group_id is None:
        errors["level"] = [_("This client belongs to no group.")]
    if kind not in GuaranteeKind.values:
        errors["kind"] = [_("There is no such kind of guarantee.")]
    if amount <= 0:
        errors["amount"] = [_("The amount must be positive.")]
    if not 0 < haircut_pct <= 100:
        errors["haircut_pct"] = [_("More than nothing, no more than 100 %.")]
    if len(currency.strip()) != 3:
        errors["currency"] = [_("Write the three letters of the currency.")]
    for name, text in (("guarantor", guarantor), ("reference", reference)):
        if not text.strip():
            errors[name] = [_("This field is required.")]
    if errors:
        raise Invalid(errors=errors)


def _locked(guarantee_id: int, by: User) -> Guarantee:
    """The guarantee under the credit locks of its client and its own row lock."""
    clients = CustomerAccount.objects.visible_to(by)
    seen = (
        Guarantee.objects.filter(pk=guarantee_id, given_for__in=clients).select_related("given_for").first()
    )
    if seen is None:
        raise NotFound
    lock_credit(seen.given_for)
    row = Guarantee.objects.select_for_update(of=("self",), no_key=True).get(pk=guarantee_id)
    row.given_for = seen.given_for
    return row


def _acting(row: Guarantee, by: User) -> Acting | None:
    """In whose name this person may confirm it; None where it is, or they stand in for, who entered it."""
    return next(
        (
            acting
            for acting in by.acting_in(row.given_for.company_id)
            if acting.may(CONFIRM) and row.recorded_by_id not in acting.hands
        ),
        None,
    )


def _changed(row: Guarantee) -> None:
    """Fresh figures of the client and of the levels above it."""
    account_id = row.given_for_id
    work.emit("credit.changed", f"account:{account_id}", {"account_id": account_id})


def _record(
    action: str, row: Guarantee, by: User, at: datetime, *, reason: str = "", on_behalf_of: str = ""
) -> None:
    audit.record(
        action,
        row,
        by=by,
        at=at,
        reason=reason,
        on_behalf_of=on_behalf_of,
        label=row.reference,
        company_id=row.given_for.company_id,
        account_id=row.given_for_id,
        after={name: getattr(row, name) for name in _TERMS if name != "guarantor"},
    )
