"""What somebody wants to be matched with a payment, and its booking under locks that the caller holds."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext_lazy as _

from accounts.models import Company, CustomerAccount, User
from invoicing.enums import ItemKind
from invoicing.matching import wording
from invoicing.matching.facts import Proposal
from invoicing.models import Matching, Payment, PaymentReturn, ReceivableItem
from invoicing.policy import OpenDays
from o2c.shared import audit
from o2c.shared.calendar import paris_date
from o2c.shared.models import AuditEvent
from o2c.shared.money import ZERO
from o2c.shared.problems import Conflict, Invalid, NotFound

from .allocations import MatchPair, book_pairs
from .differences import let_go
from .payments import payment_item
from .shared import open_days, require_cents


class AlreadyIdentified(Conflict):
    code = "already_identified"
    message = _("This payment stands on a client already.")


class WentBack(Conflict):
    code = "payment_returned"
    message = _("The bank took this payment back: it is nobody’s. Undo the return if that was a mistake.")


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


@dataclass(frozen=True)
class Wish:
    """A locked payment and what is to become of it.

    :ivar over: more than was owed by so little that it is written off
    :ivar account_id: whose it is, where nobody knew
    :ivar key: names this wish in the company
    :ivar proposal: what it follows
    :ivar over_is_exchange: that was made by an exchange
    """

    payment: Payment
    lines: tuple[SettleLine, ...]
    over: Decimal
    account_id: int | None
    key: str
    proposal: Proposal | None = None
    over_is_exchange: bool = False

    @property
    def content_hash(self) -> str:
        """What tells a wish from another one under the same key."""
        rows: list[Any] = sorted(
            [
                line.item_id,
                f"{line.amount:.2f}",
                f"{line.discount:.2f}",
                f"{line.write_off:.2f}",
                line.is_exchange,
            ]
            for line in self.lines
        )
        exchange = ["exchange"] if self.over_is_exchange else []
        body = json.dumps([self.payment.pk, rows, f"{self.over:.2f}", self.account_id, *exchange])
        return hashlib.sha256(body.encode()).hexdigest()


def lines_of(proposal: Proposal) -> list[SettleLine]:
    """Return a proposal as the act takes it."""
    return [
        SettleLine(line.item.key, line.amount, line.discount, line.write_off, line.is_exchange)
        for line in proposal.lines
    ]


def check_lines(lines: Sequence[SettleLine], over: Decimal) -> None:
    """Refuse lines that cannot be, whatever the book says.

    :raises Invalid: none, one item twice, fractions of a cent, a negative difference
    """
    if not lines:
        raise Invalid(errors={"items": [_("Name at least one item.")]})
    if len({line.item_id for line in lines}) < len(lines):
        raise Invalid(errors={"items": [_("An item stands here twice.")]})
    for amount in (over, *(each for line in lines for each in (line.amount, line.discount, line.write_off))):
        require_cents(amount, "items")
    if over < 0 or any(line.discount < 0 or line.write_off < 0 for line in lines):
        raise Invalid(errors={"items": [_("What is let go is not negative.")]})


def stored_items(payment_ids: Iterable[int]) -> dict[int, ReceivableItem]:
    """Return the credits that payments have on their clients, by payment; nothing of what nobody has identified."""
    rows = ReceivableItem.objects.filter(payment__in=set(payment_ids), kind=ItemKind.PAYMENT).order_by("-pk")
    return {row.payment_id: row for row in rows if row.payment_id is not None}


def own_items(
    wishes: Sequence[Wish], stored: Mapping[int, ReceivableItem], *, by: User | None, at: datetime
) -> dict[int, ReceivableItem]:
    """The credits of locked payments, by payment; made now where nobody knew whose the money was.

    :param stored: those that are there, of at least these payments
    :raises AlreadyIdentified: one is to stand on another client than it does
    :raises WentBack: the bank took the money back: a credit would stand on the client for money that is gone
    :raises NotFound: no such client, or not the user's to see
    """
    found = dict(stored)
    for wish in wishes:
        if wish.payment.pk in found and wish.account_id not in (None, wish.payment.account_id):
            raise AlreadyIdentified
    fresh = [wish for wish in wishes if wish.payment.pk not in found]
    if not fresh:
        return found
    keys = [wish.payment.pk for wish in fresh]
    if PaymentReturn.objects.filter(payment__in=keys, undone_at=None).exists():
        raise WentBack
    accounts = _accounts(fresh, by)
    days = _open_days(fresh, at)
    made = []
    for wish in fresh:
        payment, account = wish.payment, accounts.get(wish.account_id or 0)
        if account is None or account.company_id != payment.company_id:
            raise NotFound(code="account_not_found")
        payment.account = account
        item = payment_item(payment)
        item.company, item.account = payment.company, account
        item.recorded_at = at
        item.effective_date = days[payment.company_id].first_from(payment.received_on)
        made.append(item)
    Payment.objects.bulk_update([wish.payment for wish in fresh], ["account"])
    ReceivableItem.objects.bulk_create(made)
    audit.record_many([_identified(wish.payment, by=by, at=at) for wish in fresh])
    return found | {wish.payment.pk: item for wish, item in zip(fresh, made, strict=True)}


def book_wishes(
    wishes: Sequence[Wish],
    own: Mapping[int, ReceivableItem],
    items: dict[int, ReceivableItem],
    *,
    by: User | None,
    at: datetime,
) -> list[Matching]:
    """Write matches, differences and the acts that made them, with the same few statements however many they are.

    :param own: the payments' own credits, by payment
    :param items: locked, everything the wishes name; no item in two wishes
    """
    if not wishes:
        return []
    days = _open_days(wishes, at)
    booked = [
        _pairs(wish, own[wish.payment.pk], items, days[wish.payment.company_id], at=at) for wish in wishes
    ]
    everything = items | {item.pk: item for made, _pairs_of in booked for item in made}
    pairs = [pair for _made, pairs_of in booked for pair in pairs_of]
    allocations = iter(book_pairs(pairs, everything, by=by, at=at))
    acts = [
        Matching(
            company=wish.payment.company,
            payment=wish.payment,
            key=wish.key,
            content_hash=wish.content_hash,
            allocations=[next(allocations).pk for _pair in pairs_of],
            differences=[item.pk for item in made],
            is_automatic=by is None,
            score=wish.proposal.score if wish.proposal else None,
            reasons=wording.stored(wish.proposal) if wish.proposal else [],
            made_by=by,
            made_at=at,
        )
        for wish, (made, pairs_of) in zip(wishes, booked, strict=True)
    ]
    Matching.objects.bulk_create(acts)
    audit.record_many([_settled(wish, act, by=by, at=at) for wish, act in zip(wishes, acts, strict=True)])
    return acts


# --- parts ----------------------------------------------------------------------------------------------------------


def _open_days(wishes: Iterable[Wish], at: datetime) -> dict[int, OpenDays]:
    companies: dict[int, Company] = {wish.payment.company_id: wish.payment.company for wish in wishes}
    return {key: open_days(company, today=paris_date(at)) for key, company in sorted(companies.items())}


def _accounts(wishes: Iterable[Wish], by: User | None) -> dict[int, CustomerAccount]:
    wishes = list(wishes)
    wanted = {wish.account_id for wish in wishes if wish.account_id is not None}
    company = wishes[0].payment.company
    seen = CustomerAccount.objects.all() if by is None else CustomerAccount.objects.visible_to(by, company)
    return {row.pk: row for row in seen.filter(pk__in=wanted).select_related("entity")}


def _identified(payment: Payment, *, by: User | None, at: datetime) -> AuditEvent:
    assert payment.account is not None
    return audit.event(
        "payment.identified",
        payment,
        by=by,
        at=at,
        after={"account": payment.account.code, "amount": payment.amount, "currency": payment.currency},
    )


def _pairs(
    wish: Wish,
    own: ReceivableItem,
    items: Mapping[int, ReceivableItem],
    days: OpenDays,
    *,
    at: datetime,
) -> tuple[list[ReceivableItem], list[MatchPair]]:
    """Items made for what is let go, and who settles what: credits of the client first, the payment the rest."""
    pairs: list[MatchPair] = []
    credits = [(line.item_id, -line.amount) for line in wish.lines if line.amount < 0]
    for line in wish.lines:
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

    def beside(item: ReceivableItem, kind: ItemKind, amount: Decimal) -> ReceivableItem:
        day = days.first_from(max(item.effective_date, wish.payment.received_on))
        made.append(let_go(item, kind, amount, day, company=wish.payment.company, at=at))
        return made[-1]

    for line in wish.lines:
        kind = ItemKind.EXCHANGE_DIFF if line.is_exchange else ItemKind.WRITE_OFF
        for amount, what in ((line.discount, ItemKind.DISCOUNT), (line.write_off, kind)):
            if amount:
                item = beside(items[line.item_id], what, -amount)
                pairs.append(MatchPair(item.pk, line.item_id, amount))
    if wish.over:
        kind = ItemKind.EXCHANGE_DIFF if wish.over_is_exchange else ItemKind.WRITE_OFF
        pairs.append(MatchPair(own.pk, beside(own, kind, wish.over).pk, wish.over))
    return made, pairs


def _settled(wish: Wish, act: Matching, *, by: User | None, at: datetime) -> AuditEvent:
    lines = wish.lines
    return audit.event(
        "payment.settled",
        wish.payment,
        by=by,
        at=at,
        after={
            "amount": sum((line.amount for line in lines), ZERO),
            "currency": wish.payment.currency,
            "items": len(lines),
            "discount": sum((line.discount for line in lines), ZERO),
            "write_off": sum((line.write_off for line in lines), ZERO),
            "over": wish.over,
            "score": act.score,
            "automatic": act.is_automatic,
        },
    )
