"""Matching a payment with everything that goes with it: several items and credits, discount, differences (lettrage)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext_lazy as _

from accounts.models import CustomerAccount, User
from invoicing.enums import ItemKind
from invoicing.matching import reading, wording
from invoicing.matching.facts import Line, Proposal
from invoicing.models import Matching, PayerLink, Payment, ReceivableItem
from o2c.shared import audit
from o2c.shared.calendar import paris_date
from o2c.shared.locking import retrying
from o2c.shared.money import ZERO
from o2c.shared.problems import Conflict, Invalid, NotFound

from .allocations import MatchPair, book_pairs
from .differences import check_discount, check_write_off, let_go
from .payments import payment_item
from .shared import (
    KeyTaken,
    lock_items,
    open_days,
    refusing_taken_key,
    require,
    require_cents,
    tell_credit_changed,
)

RIGHT: Final = "payments.allocate"


class AlreadyIdentified(Conflict):
    code = "already_identified"
    message = _("This payment stands on a client already.")


@dataclass(frozen=True)
class SettleLine:
    """What becomes of one item.

    :ivar amount: of the payment; of a credit of the client negative
    :ivar discount: cash discount taken, within its terms
    :ivar write_off: small difference, or one that an exchange made where ``is_exchange``
    """

    item_id: int
    amount: Decimal
    discount: Decimal = ZERO
    write_off: Decimal = ZERO
    is_exchange: bool = False


def lines_of(proposal: Proposal) -> list[SettleLine]:
    """Return a proposal as the act takes it."""
    return [_line(line) for line in proposal.lines]


@retrying
def settle(
    *,
    payment_id: int,
    lines: Sequence[SettleLine],
    over: Decimal = ZERO,
    account_id: int | None = None,
    key: str,
    proposal: Proposal | None = None,
    by: User | None,
    at: datetime,
) -> Matching:
    """Match a payment with items, and let go what goes with it, all or nothing; the same once more changes nothing.

    :param over: more than was owed by so little that it is written off
    :param account_id: whose it is, where nobody knew; the payment then stands on this client
    :param key: names this wish in the company: sent twice it is done once
    :param proposal: what it follows, kept with its score and reasons
    :param by: None for the portal itself, which a company lets match what is sure
    :raises NotFound: no such payment or item, or not the user's to see
    :raises KeyTaken: the key is taken by another wish
    :raises NoDiscount: a discount that is not due
    :raises AboveTolerance: more than is tolerated
    """
    with transaction.atomic(), refusing_taken_key("matching_asked_once"):
        payment = _payment(payment_id, by)
        content = _content_hash(payment_id, lines, over, account_id)
        known = Matching.objects.filter(company=payment.company_id, key=key).first()
        if known is not None:
            if known.content_hash != content:
                raise KeyTaken(_("This was asked for already, with other amounts."))
            return known
        _check_lines(lines, over)
        _check_differences(payment, lines, over, by)
        own = _own_item(payment, account_id, by=by, at=at)
        items = lock_items(_visible(lines, by) | {own.pk})
        for line in lines:
            if line.discount:
                check_discount(items[line.item_id], line.discount, payment)
        made, pairs = _pairs(own, lines, over, items, payment, at=at)
        allocations = book_pairs(pairs, items | {item.pk: item for item in made}, by=by, at=at)
        act = Matching.objects.create(
            company=payment.company,
            payment=payment,
            key=key,
            content_hash=content,
            allocations=[row.pk for row in allocations],
            differences=[item.pk for item in made],
            is_automatic=by is None,
            score=proposal.score if proposal else None,
            reasons=wording.stored(proposal) if proposal else [],
            made_by=by,
            made_at=at,
        )
        _record(act, payment, lines, over, by=by, at=at)
        if by is not None:
            _learn(payment, by=by, at=at)
        tell_credit_changed({item.account_id for item in items.values()})
    return act


@retrying
def identify(*, payment_id: int, account_id: int, by: User, at: datetime) -> ReceivableItem:
    """Put money nobody had identified on a client: from the day it came in it frees that client's credit.

    :raises AlreadyIdentified: it stands on a client
    """
    with transaction.atomic():
        payment = _payment(payment_id, by)
        if payment.account_id is not None:
            raise AlreadyIdentified
        own = _own_item(payment, account_id, by=by, at=at)
        tell_credit_changed([account_id])
    return own


# --- parts of the act, under its locks ------------------------------------------------------------------------------


def _payment(payment_id: int, by: User | None) -> Payment:
    """Lock a payment and return it as it stands; money that waits is matched by one at a time."""
    seen = Payment.objects.all() if by is None else Payment.objects.visible_to(by)
    if not seen.filter(pk=payment_id).exists():
        raise NotFound(code="payment_not_found")
    rows = Payment.objects.select_for_update(of=("self",), no_key=True).select_related("company", "account")
    payment = rows.get(pk=payment_id)
    if by is not None:
        require(by, RIGHT, payment.company_id)
    return payment


def _own_item(payment: Payment, account_id: int | None, *, by: User | None, at: datetime) -> ReceivableItem:
    """The payment's own credit; made now where nobody knew whose the money was."""
    own = payment.items.filter(kind=ItemKind.PAYMENT).first()
    if own is not None:
        if account_id not in (None, payment.account_id):
            raise AlreadyIdentified
        return own
    seen = (
        CustomerAccount.objects.all()
        if by is None
        else CustomerAccount.objects.visible_to(by, payment.company)
    )
    account = seen.filter(pk=account_id or 0, company=payment.company_id).first()
    if account is None:
        raise NotFound(code="account_not_found")
    payment.account = account
    payment.save(update_fields=["account"])
    own = payment_item(payment)
    own.recorded_at = at
    own.effective_date = open_days(payment.company, today=paris_date(at)).first_from(payment.received_on)
    own.save(force_insert=True)
    audit.record(
        "payment.identified",
        payment,
        by=by,
        at=at,
        after={"account": account.code, "amount": payment.amount, "currency": payment.currency},
    )
    return own


def _visible(lines: Iterable[SettleLine], by: User | None) -> set[int]:
    wanted = {line.item_id for line in lines}
    seen = ReceivableItem.objects.all() if by is None else ReceivableItem.objects.visible_to(by)
    if seen.filter(pk__in=wanted).count() < len(wanted):
        raise NotFound
    return wanted


def _check_lines(lines: Sequence[SettleLine], over: Decimal) -> None:
    if not lines:
        raise Invalid(errors={"items": [_("Name at least one item.")]})
    if len({line.item_id for line in lines}) < len(lines):
        raise Invalid(errors={"items": [_("An item stands here twice.")]})
    for amount in (over, *(each for line in lines for each in (line.amount, line.discount, line.write_off))):
        require_cents(amount, "items")
    if over < 0 or any(line.discount < 0 or line.write_off < 0 for line in lines):
        raise Invalid(errors={"items": [_("What is let go is not negative.")]})


def _check_differences(payment: Payment, lines: Sequence[SettleLine], over: Decimal, by: User | None) -> None:
    rules = reading.rules_of(payment.company)
    small = sum((line.write_off for line in lines if not line.is_exchange), over)
    exchange = sum((line.write_off for line in lines if line.is_exchange), ZERO)
    owed = sum((line.amount for line in lines if line.amount > 0), ZERO)
    check_write_off(small, exchange, owed, payment, rules, by)


def _pairs(
    own: ReceivableItem,
    lines: Sequence[SettleLine],
    over: Decimal,
    items: Mapping[int, ReceivableItem],
    payment: Payment,
    *,
    at: datetime,
) -> tuple[list[ReceivableItem], list[MatchPair]]:
    """Items made for what is let go, and who settles what: credits of the client first, the payment the rest."""
    pairs: list[MatchPair] = []
    credits = [(line.item_id, -line.amount) for line in lines if line.amount < 0]
    for line in lines:
        left = max(line.amount, ZERO)
        while credits and left > 0:
            credit, open_amount = credits.pop(0)
            amount = min(left, open_amount)
            pairs.append(MatchPair(credit, line.item_id, amount))
            left -= amount
            if open_amount > amount:
                credits.insert(0, (credit, open_amount - amount))
        if left > 0:
            pairs.append(MatchPair(own.pk, line.item_id, left))
    if credits:
        raise Invalid(errors={"items": [_("The credits come to more than what is owed.")]})
    made: list[ReceivableItem] = []
    days = open_days(payment.company, today=paris_date(at))

    def beside(item: ReceivableItem, kind: ItemKind, amount: Decimal) -> ReceivableItem:
        day = days.first_from(max(item.effective_date, payment.received_on))
        made.append(let_go(item, kind, amount, day, company=payment.company, at=at))
        return made[-1]

    for line in lines:
        kind = ItemKind.EXCHANGE_DIFF if line.is_exchange else ItemKind.WRITE_OFF
        for amount, what in ((line.discount, ItemKind.DISCOUNT), (line.write_off, kind)):
            if amount:
                item = beside(items[line.item_id], what, -amount)
                pairs.append(MatchPair(item.pk, line.item_id, amount))
    if over:
        pairs.append(MatchPair(own.pk, beside(items[own.pk], ItemKind.WRITE_OFF, over).pk, over))
    return made, pairs


def _record(
    act: Matching,
    payment: Payment,
    lines: Sequence[SettleLine],
    over: Decimal,
    *,
    by: User | None,
    at: datetime,
) -> None:
    audit.record(
        "payment.settled",
        payment,
        by=by,
        at=at,
        after={
            "amount": sum((line.amount for line in lines), ZERO),
            "currency": payment.currency,
            "items": len(lines),
            "discount": sum((line.discount for line in lines), ZERO),
            "write_off": sum((line.write_off for line in lines), ZERO),
            "over": over,
            "score": act.score,
            "automatic": act.is_automatic,
        },
    )


def _learn(payment: Payment, *, by: User, at: datetime) -> None:
    """Remember whose bank account it was: a person has said so by matching."""
    if not payment.payer_iban or payment.account_id is None:
        return
    known = PayerLink.objects.filter(
        company=payment.company_id, iban=payment.payer_iban, account=payment.account_id, ended_at=None
    )
    if known.update(seen=F("seen") + 1, payer_name=payment.payer_name) == 0:
        PayerLink.objects.bulk_create(
            [
                PayerLink(
                    company_id=payment.company_id,
                    account_id=payment.account_id,
                    iban=payment.payer_iban,
                    payer_name=payment.payer_name,
                    learned_from=payment,
                    learned_by=by,
                    learned_at=at,
                )
            ],
            ignore_conflicts=True,
        )


def _line(line: Line) -> SettleLine:
    return SettleLine(line.item.key, line.amount, line.discount, line.write_off, line.is_exchange)


def _content_hash(payment_id: int, lines: Sequence[SettleLine], over: Decimal, account_id: int | None) -> str:
    rows: list[Any] = sorted(
        [
            line.item_id,
            f"{line.amount:.2f}",
            f"{line.discount:.2f}",
            f"{line.write_off:.2f}",
            line.is_exchange,
        ]
        for line in lines
    )
    body = json.dumps([payment_id, rows, f"{over:.2f}", account_id])
    return hashlib.sha256(body.encode()).hexdigest()
