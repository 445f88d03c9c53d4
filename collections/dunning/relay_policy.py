"""Who takes a call over that nobody has made (domain.md 6.1 and 6.2). Plain values only."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Final

from o2c.shared.calendar import add_business_days

from .enums import RelayLevel, StepOwner

# A call is made within so many business days, the last one included.
CALL_DAYS: Final = 3
_WHOLE: Final = (RelayLevel.ADV, RelayLevel.CREDIT, RelayLevel.FINANCE, RelayLevel.EXECUTIVE)
# A company without credit management: who books the money asks for it first (article 004).
_SHORT: Final = (RelayLevel.ACCOUNTANT, RelayLevel.FINANCE, RelayLevel.EXECUTIVE)
_FIRST: Final = {
    StepOwner.ADV: (RelayLevel.ADV, RelayLevel.ACCOUNTANT),
    StepOwner.CREDIT: (RelayLevel.CREDIT, RelayLevel.FINANCE),
    StepOwner.FINANCE: (RelayLevel.FINANCE, RelayLevel.FINANCE),
}


def chain_of(*, has_credit_management: bool) -> Sequence[RelayLevel]:
    """Return who calls after whom in a company."""
    return _WHOLE if has_credit_management else _SHORT


def first_of(owner: StepOwner, *, has_credit_management: bool) -> RelayLevel:
    """Return whose call a step asks for."""
    whole, short = _FIRST[owner]
    return whole if has_credit_management else short


def next_of(level: RelayLevel, chain: Sequence[RelayLevel]) -> RelayLevel | None:
    """Return who takes over; None after the last. One that is in the chain no more hands to its head."""
    if level not in chain:
        return chain[0]
    place = chain.index(level) + 1
    return chain[place] if place < len(chain) else None


def passes_to(
    present: RelayLevel,
    *,
    is_late: bool,
    is_soft_over: bool,
    has_credit_management: bool,
    is_key_account: bool = False,
) -> RelayLevel | None:
    """Return who takes a client over of themselves; None where it stays (domain.md 6.1, *Channel split*).

    The first of the chain keeps a client while one of their steps is still to come; once all of them are made of
    something that is late, it passes to the next; a key account to the last, the chief executive. A client that owes
    nothing late any more goes back to the first. What somebody passed further on stays there until then.

    :param is_key_account: somebody owns the client as a key account (article 004)
    :param is_soft_over: of something late every step of the first has been made
    """
    chain = chain_of(has_credit_management=has_credit_management)
    if not is_late:
        return chain[0] if present != chain[0] else None
    following = chain[-1] if is_key_account else chain[1]
    if present not in chain:
        return following if is_soft_over else chain[0]
    return following if is_soft_over and present == chain[0] else None


def is_overdue(asked_on: date, on: date) -> bool:
    """Tell whether a call that was asked for on a day, and not made, goes to the next one."""
    return on > add_business_days(asked_on, CALL_DAYS)
