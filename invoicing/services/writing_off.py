"""What is given up for good as a loss: within the authority of the delegation matrix (domain.md 5.4, 7.4)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from accounts.models import Company, User
from invoicing import policy
from invoicing.enums import ItemKind
from invoicing.models import Allocation, ReceivableItem
from o2c.shared.calendar import paris_date
from o2c.shared.money import ZERO

from .allocations import MatchPair, book_pairs
from .credit_authority import Authority, AuthorityExceeded
from .differences import let_go
from .shared import tell_credit_changed


def write_off(
    parts: Sequence[tuple[ReceivableItem, Decimal]], *, company: Company, by: User, at: datetime
) -> list[Allocation]:
    """Write locked items off, part by part, for acts that have asked for the right; the loss is an item of its own.

    :param parts: items of one client and currency, each with what is written off of it
    :raises AuthorityExceeded: together above what this person may give up alone; names who may
    """
    total = sum((amount for _item, amount in parts), ZERO)
    if not total:
        return []
    currency = parts[0][0].currency
    authority = Authority(company, at, {currency})
    bound = policy.credit_bound(
        by.authority_in(company.pk), {rule.level: rule.write_off_amount for rule in authority.rules}
    )
    worth = authority.worth(total, currency)
    if bound is not None and (worth is None or worth > bound):
        rule = authority.required(total, currency)
        raise AuthorityExceeded(required_role=rule.role if rule else None)
    items = {item.pk: item for item, _amount in parts}
    pairs = []
    for item, amount in parts:
        loss = let_go(
            item,
            ItemKind.WRITE_OFF,
            -amount,
            max(paris_date(at), item.effective_date),
            company=company,
            at=at,
        )
        items[loss.pk] = loss
        pairs.append(MatchPair(loss.pk, item.pk, amount))
    made = book_pairs(pairs, items, by=by, at=at)
    tell_credit_changed({item.account_id for item, _amount in parts})
    return made
