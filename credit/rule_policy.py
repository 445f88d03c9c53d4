"""What a delegation matrix and the thresholds of a class must be like: pure rules (domain.md 5.1, 5.4)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

Text = str | Promise
Errors = dict[str, list[Text]]

AMOUNTS: Final = ("release_amount", "limit_amount", "write_off_amount")
_MOST: Final = Decimal(10) ** 12
_HUNDRED: Final = Decimal(100)
_LONGEST: Final = 730
_NEGATIVE: Final = _("The amount must be positive.")
_TOO_LARGE: Final = _("This amount is too large.")
_DECIMALS: Final = _("At most two decimals.")


@dataclass(frozen=True)
class Authority:
    """What one level may decide alone; None has no upper bound, 0 is *not at all*.

    :ivar release_amount: of an order, the part over the limit
    :ivar release_pct: of the effective limit, which bounds it too; None where it does not
    :ivar release_with_overdue: whether it releases while something is late
    :ivar limit_amount: of a new or temporary limit
    :ivar write_off_amount: of a credit note or a goodwill allowance
    """

    level: int
    role: str
    release_amount: Decimal | None
    release_pct: Decimal | None
    release_with_overdue: bool
    limit_amount: Decimal | None
    write_off_amount: Decimal | None

    def widens(self, before: Authority) -> bool:
        """Whether it allows anything that the one before did not."""
        return any(not holds(self, before) for holds in _AT_MOST.values())


def _within(name: str) -> Callable[[Authority, Authority], bool]:
    def holds(lower: Authority, higher: Authority) -> bool:
        most, asked = getattr(higher, name), getattr(lower, name)
        return most is None or (asked is not None and asked <= most)

    return holds


# Whether the first may decide no more than the second, one thing at a time.
_AT_MOST: Final[Mapping[str, Callable[[Authority, Authority], bool]]] = {
    **{name: _within(name) for name in (*AMOUNTS, "release_pct")},
    "release_with_overdue": lambda lower, higher: (
        higher.release_with_overdue or not lower.release_with_overdue
    ),
}


def authority_errors(changed: Authority, matrix: Sequence[Authority]) -> Errors:
    """Why a level may not be so, by field; empty where the matrix is possible.

    :param matrix: all levels as they would be with the change
    """
    errors: Errors = {}
    for name in AMOUNTS:
        if (problem := _amount_problem(getattr(changed, name))) is not None:
            errors[name] = [problem]
    if changed.release_pct is not None and not 0 < changed.release_pct <= _HUNDRED:
        errors["release_pct"] = [_("More than 0 and at most 100%, or nothing.")]
    elif changed.release_pct is not None and not _two_decimals(changed.release_pct):
        errors["release_pct"] = [_DECIMALS]
    if errors:
        return errors
    for other in matrix:
        for name, holds in _AT_MOST.items():
            if other.level < changed.level and not holds(other, changed):
                errors.setdefault(name, [_("A lower level may already decide more than this.")])
            elif other.level > changed.level and not holds(changed, other):
                errors.setdefault(name, [_("A higher level may decide less than this.")])
    if changed.level == max(other.level for other in matrix):
        for name in (*AMOUNTS, "release_pct"):
            if getattr(changed, name) is not None:
                errors.setdefault(name, [_("The highest level has no bound: somebody must decide the rest.")])
    return errors


def threshold_errors(values: Mapping[str, Any]) -> Errors:
    """Why thresholds of a class may not be so, by field."""
    errors: Errors = {}
    for name in ("overdue_floor", "overdue_cap", "tolerance_amount"):
        if (problem := _amount_problem(values[name], most=Decimal(10) ** 10)) is not None:
            errors[name] = [problem]
    for name in ("overdue_pct", "dispute_pct", "tolerance_pct"):
        if not 0 <= values[name] <= _HUNDRED:
            errors[name] = [_("Between 0 and 100%.")]
        elif not _two_decimals(values[name]):
            errors[name] = [_DECIMALS]
    for name in ("overdue_days", "grace_days", "new_account_days"):
        if not 0 <= values[name] <= _LONGEST:
            errors[name] = [_("Between 0 and 730 days.")]
    if not 1 <= values["unusual_factor"] < 1000 or not _two_decimals(values["unusual_factor"]):
        errors["unusual_factor"] = [_("From 1 to 999.99.")]
    if not 1 <= values["unusual_min_orders"] <= 1000:
        errors["unusual_min_orders"] = [_("From 1 to 1,000 orders.")]
    return errors


def _amount_problem(amount: Decimal | None, *, most: Decimal = _MOST) -> Text | None:
    if amount is None:
        return None
    if amount < 0:
        return _NEGATIVE
    if amount >= most:
        return _TOO_LARGE
    return None if _two_decimals(amount) else _DECIMALS


def _two_decimals(value: Decimal) -> bool:
    return value == value.quantize(Decimal("0.01"))
