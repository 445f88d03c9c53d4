"""What a judgement freezes in the ledger: what must be filed for it, money that came in for it (domain.md 5.3)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Final, NamedTuple

from django.db import connection
from django.db.models import Q, Sum

from accounts.models import CustomerAccount
from credit.alerts.facts import Event
from credit.legal_policy import JUDGEMENTS_SQL, PAYABLE_SQL, deadlines, is_frozen, may_pay_frozen
from credit.legal_queries import Split, splits_of
from o2c.shared.money import ZERO

from .enums import ItemKind
from .models import ReceivableItem
from .policy import FrozenItem

# A deadline that passed stays told for so long: somebody must see that it was missed.
_TOLD_AFTER: Final = timedelta(days=30)

_SPLIT: Final = f"""
    WITH split AS (
        SELECT a.id, a.company_id, a.entity_id, j.judgement_on,
               CASE WHEN p.payable_on >= j.judgement_on THEN p.payable_on END AS payable_on
        FROM accounts_customeraccount a
        JOIN ({JUDGEMENTS_SQL}) j ON j.entity_id = a.entity_id
        LEFT JOIN ({PAYABLE_SQL}) p ON p.entity_id = a.entity_id
        WHERE a.id = ANY(%(accounts)s) AND j.judgement_on <= %(on)s
    )
"""
# What is frozen and open, by client and currency, with the publication its deadlines run from.
_FROZEN: Final = f"""
    {_SPLIT}
    SELECT s.id, s.judgement_on, n.published_on, i.currency, SUM(i.open_amount)
    FROM split s
    CROSS JOIN LATERAL (
        SELECT published_on FROM credit_legalnotice n
        WHERE n.entity_id = s.entity_id AND n.judgement_on = s.judgement_on AND NOT n.was_mistake
        ORDER BY published_on LIMIT 1
    ) n
    JOIN invoicing_receivableitem i ON i.account_id = s.id AND i.open_amount > 0 AND i.issue_date < s.judgement_on
    WHERE n.published_on > %(forgotten)s
    GROUP BY 1, 2, 3, 4 ORDER BY 1, 4
"""
# Money received since the judgement that nothing takes: it names a frozen document, or is more than is owed since.
_PAID: Final = f"""
    {_SPLIT}
    SELECT s.id, c.id, -c.open_amount, c.currency, p.received_on, s.judgement_on
    FROM split s
    JOIN invoicing_receivableitem c ON c.account_id = s.id AND c.kind = 'PAYMENT' AND c.open_amount < 0
    JOIN invoicing_payment p ON p.id = c.payment_id
    WHERE p.received_on >= s.judgement_on AND p.received_on <= %(on)s
      AND (s.payable_on IS NULL OR p.received_on < s.payable_on)
      AND EXISTS (
          SELECT FROM invoicing_receivableitem f
          WHERE f.account_id = s.id AND f.open_amount > 0 AND f.issue_date < s.judgement_on
      )
      AND (EXISTS (
              SELECT FROM invoicing_receivableitem f
              WHERE f.account_id = s.id AND f.open_amount > 0 AND f.issue_date < s.judgement_on
                AND '.' || invoicing_number_key(p.reference) || '.'
                    LIKE '%%.' || invoicing_number_key(f.document) || '.%%'
           )
           OR -c.open_amount > COALESCE((
              SELECT SUM(i.open_amount) FROM invoicing_receivableitem i
              WHERE i.account_id = s.id AND i.currency = c.currency AND i.open_amount > 0
                AND i.issue_date >= s.judgement_on
           ), 0))
    ORDER BY s.id, c.id
"""


def claims_to_file(*, account_ids: Sequence[int], since: date, on: date) -> Iterator[Event]:
    """Clients in proceedings that owe something of before the judgement: the claim is filed by a day.

    Told until the six months are over in which somebody late may ask for relief (``settings.ALERT_EVENTS``).
    """
    del since
    for row in _frozen(account_ids, on):
        found = deadlines(row.published_on)
        if on <= found.relief:
            yield _event(row, found.claim)


def titles_to_claim(*, account_ids: Sequence[int], since: date, on: date) -> Iterator[Event]:
    """The same, for goods delivered under retention of title that may still be there."""
    del since
    for row in _frozen(account_ids, on):
        found = deadlines(row.published_on)
        if on <= found.title + _TOLD_AFTER:
            yield _event(row, found.title)


def frozen_payments(*, account_ids: Sequence[int], since: date, on: date) -> Iterator[Event]:
    """Money that came in for what a judgement froze: it cannot be matched, and may have to be given back (L622-7)."""
    del since
    with connection.cursor() as cursor:
        cursor.execute(_PAID, {"accounts": list(account_ids), "on": on})
        for account, item, amount, currency, received, judgement in cursor.fetchall():
            figures = {"received_on": received, "judgement_on": judgement}
            yield Event(account, str(item), amount, currency, figures)


class _Frozen(NamedTuple):
    account_id: int
    judgement_on: date
    published_on: date
    currency: str
    amount: Decimal


def _frozen(account_ids: Sequence[int], on: date) -> list[_Frozen]:
    values: dict[str, Any] = {
        "accounts": list(account_ids),
        "on": on,
        # Beyond any deadline: months and the days that move them.
        "forgotten": on - timedelta(days=200),
    }
    with connection.cursor() as cursor:
        cursor.execute(_FROZEN, values)
        return [_Frozen(*row) for row in cursor.fetchall()]


def _event(row: _Frozen, until: date) -> Event:
    figures = {"judgement_on": row.judgement_on, "day": until}
    key = f"{row.judgement_on.isoformat()} {row.currency}"
    return Event(row.account_id, key, row.amount, row.currency, figures, until)


# --- matching ----------------------------------------------------------------------------------------------------


class Frozen:
    """The judgements that split the accounts of some items, read once for all of them."""

    def __init__(self, splits: dict[int, Split]) -> None:
        self.splits = splits

    @classmethod
    def of(cls, items: Iterable[ReceivableItem]) -> Frozen:
        """Read them, where money is among the items and something older than it."""
        rows = list(items)
        money = any(item.kind == ItemKind.PAYMENT for item in rows)
        return cls(splits_of({item.account_id for item in rows}) if money else {})

    def holds(self, account_id: int, issue_date: date) -> bool:
        """Whether something owed by a client is of before its judgement."""
        split = self.splits.get(account_id)
        return split is not None and is_frozen(issue_date, split.judgement_on)

    def refuses(self, debit: ReceivableItem, credit: ReceivableItem) -> bool:
        """Whether money may not settle this."""
        split = self.splits.get(debit.account_id)
        if (
            split is None
            or credit.kind != ItemKind.PAYMENT
            or not is_frozen(debit.issue_date, split.judgement_on)
        ):
            return False
        return not may_pay_frozen(credit.issue_date, split.judgement_on, split.payable_on)

    def check(self, debit: ReceivableItem, credit: ReceivableItem) -> None:
        """Refuse that new money settles what a judgement froze.

        Credit notes may correct it, and what came in before the judgement may be matched still.

        :raises FrozenItem: it does (C. com. L622-7)
        """
        if self.refuses(debit, credit):
            raise FrozenItem


# --- promises and plans ------------------------------------------------------------------------------------------


def check_payable(items: Iterable[ReceivableItem], on: date) -> None:
    """Refuse that money of a day is promised for what a judgement froze.

    :raises FrozenItem: it would not be allowed to pay it (C. com. L622-7)
    """
    rows = list(items)
    splits = splits_of({item.account_id for item in rows})
    for item in rows:
        split = splits.get(item.account_id)
        if (
            split is not None
            and is_frozen(item.issue_date, split.judgement_on)
            and not may_pay_frozen(on, split.judgement_on, split.payable_on)
        ):
            raise FrozenItem


# --- the client page ---------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Sides:
    """What one currency of a split account leaves open.

    :ivar before: frozen (PRE_JUDGEMENT)
    :ivar since: owed as usual (POST_JUDGEMENT)
    """

    currency: str
    before: Decimal
    since: Decimal


def sides_of(account: CustomerAccount, judgement_on: date) -> list[Sides]:
    """What a client owes of before and since its judgement, today, by currency; what it was credited left out."""
    rows = (
        ReceivableItem.objects.filter(account=account, open_amount__gt=0)
        .order_by("currency")
        .values("currency")
        .annotate(
            before=Sum("open_amount", filter=Q(issue_date__lt=judgement_on)),
            since=Sum("open_amount", filter=Q(issue_date__gte=judgement_on)),
        )
    )
    return [Sides(row["currency"], row["before"] or ZERO, row["since"] or ZERO) for row in rows]
