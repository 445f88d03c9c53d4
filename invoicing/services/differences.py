"""What is let go when a payment is matched: cash discount, small and exchange differences; and its taking back."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from decimal import Decimal

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import Company, User
from invoicing.enums import ItemKind
from invoicing.matching.facts import Rules
from invoicing.matching.reading import Granted
from invoicing.models import Allocation, Matching, Payment, ReceivableItem
from o2c.shared import audit, formats
from o2c.shared.problems import RuleRefused

from .allocations import MatchPair, book_pairs, event_of, reversal_of
from .shared import open_days, require, store_open_amounts, tell_platforms

WRITE_OFF_RIGHT = "payments.write_off"


class AboveTolerance(RuleRefused):
    code = "above_tolerance"
    message = _("This difference is larger than what may be written off.")


class NoDiscount(RuleRefused):
    code = "no_discount"
    message = _("No cash discount of this amount is due for this item and this day.")


def check_discount(
    item: ReceivableItem, discount: Decimal, payment: Payment, granted: Granted | None
) -> None:
    """Refuse a cash discount that was not granted, is larger than granted, or comes too late.

    :param granted: on this item, from ``reading.discounts_on``
    :raises NoDiscount: with the terms, where there are any
    """
    if granted is None:
        raise NoDiscount(_("No cash discount is granted for %(item)s.") % {"item": item.document})
    if payment.received_on > granted.until:
        raise NoDiscount(
            _("The cash discount of %(item)s was to be had until %(day)s.")
            % {"item": item.document, "day": formats.date_short(granted.until)}
        )
    if discount > granted.amount:
        raise NoDiscount(
            _("The cash discount of %(item)s is %(amount)s at most.")
            % {"item": item.document, "amount": granted.amount}
        )


def check_write_off(
    total: Decimal, exchange: Decimal, owed: Decimal, payment: Payment, rules: Rules, by: User | None
) -> None:
    """Refuse to let more go than the company tolerates, or without the right to.

    :param total: small differences, of what is owed and of the payment together
    :param exchange: differences of exchange
    :raises AboveTolerance: with what is tolerated
    """
    if (total or exchange) and by is not None:
        require(by, WRITE_OFF_RIGHT, payment.company_id)
    if total > rules.tolerance:
        raise AboveTolerance(
            _("Differences up to %(tolerance)s are written off, this one is %(amount)s.")
            % {"tolerance": rules.tolerance, "amount": total}
        )
    if exchange and payment.currency == payment.company.currency:
        raise AboveTolerance(_("An exchange difference needs a foreign currency."))
    if exchange > owed * rules.exchange_share:
        raise AboveTolerance(
            _("Exchange differences up to %(share)s %% are let go.") % {"share": rules.exchange_share * 100}
        )


def let_go(
    item: ReceivableItem, kind: ItemKind, amount: Decimal, day: date, *, company: Company, at: datetime
) -> ReceivableItem:
    """Store an item beside another one of its client's, for what is let go of it.

    :param amount: signed: negative against what is owed, positive against a credit
    """
    made = ReceivableItem(
        company=company,
        account=item.account,
        kind=kind,
        document=item.document,
        issue_date=day,
        due_date=day,
        currency=item.currency,
        amount=amount,
        open_amount=amount,
        effective_date=day,
        recorded_at=at,
    )
    made.save(force_insert=True)
    return made


def differences_of(matches: Sequence[Allocation]) -> list[Allocation]:
    """Return what was let go together with matches and is in force: of what they settled, and of their credit.

    Those among the matches themselves are left out.
    """
    keys = [match.pk for match in matches]
    found: dict[int, Allocation] = {}
    for act in Matching.objects.filter(allocations__overlap=keys).exclude(differences=[]):
        own = [match for match in matches if match.pk in act.allocations]
        rows = Allocation.objects.filter(
            Q(credit__in=act.differences, debit__in={match.debit_id for match in own})
            | Q(debit__in=act.differences, credit__in={match.credit_id for match in own}),
            pk__in=act.allocations,
            reversal_of=None,
            reversal=None,
        )
        found |= {row.pk: row for row in rows.select_related("debit", "credit") if row.pk not in keys}
    return list(found.values())


def made_items(items: Iterable[ReceivableItem]) -> list[ReceivableItem]:
    """Return those of items that were made for a difference by a matching."""
    kept = [
        item for item in items if item.kind in {ItemKind.WRITE_OFF, ItemKind.DISCOUNT, ItemKind.EXCHANGE_DIFF}
    ]
    if not kept:
        return []
    acts = Matching.objects.filter(differences__overlap=[item.pk for item in kept])
    known = {key for act in acts for key in act.differences}
    return [item for item in kept if item.pk in known]


def take_back(
    rows: Sequence[Allocation],
    items: dict[int, ReceivableItem],
    *,
    effective: date,
    by: User,
    at: datetime,
) -> None:
    """Undo what was let go, under the items' locks: what it had closed is open again, and its item is closed.

    :param rows: from ``differences_of``; items of differences whose match is undone already are closed alike
    """
    undone = [
        reversal_of(row, items, effective=max(row.effective_date, effective), by=by, at=at) for row in rows
    ]
    Allocation.objects.bulk_create(undone)
    store_open_amounts(list(items.values()))
    audit.record_many([event_of("allocation.reversed", row, by=by, at=at) for row in undone])
    tell_platforms(undone)
    pairs = []
    for item in [item for item in made_items(items.values()) if item.open_amount]:
        day = open_days(item.company, today=None).first_from(max(item.effective_date, effective))
        counter = let_go(item, ItemKind(item.kind), -item.open_amount, day, company=item.company, at=at)
        items[counter.pk] = counter
        pairs.append(MatchPair(counter.pk, item.pk, abs(item.open_amount)))
    if pairs:
        book_pairs(pairs, items, by=by, at=at)
