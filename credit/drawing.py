"""An exposure as its bar shows it: the parts in their order, the limit that binds, the order asked for."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from o2c.shared.money import ZERO

PART_LABELS: Final[dict[str, str | Promise]] = {
    "overdue": _("Overdue"),
    "disputed": _("In dispute"),
    "not_due": _("Not due"),
    "delivered_not_invoiced": _("Delivered, not invoiced"),
    "open_orders": _("Confirmed orders"),
    "bills_not_matured": _("Remitted, not yet cleared"),
    "discounted_not_matured": _("Discounted or sold with recourse, not due"),
    "claimed_penalties": _("Penalties claimed"),
    "unallocated_payments": _("Unmatched payments"),
    "unallocated_credit_notes": _("Unmatched credit notes"),
    "deposits_held": _("Deposits held"),
    "beyond_horizon": _("Orders beyond the horizon"),
    "others": _("Other accounts under the same limit"),
}

_ENOUGH: Final = Decimal("0.7")


def parts_of(exposure: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The parts of an exposure (contract §4) that are not zero, open invoices split by what they need.

    :param exposure: as ``ExposureView.as_contract`` gives it, live or as a decision kept it
    """
    amounts = {part["code"]: Decimal(part["amount"]) for part in exposure["parts"]}
    invoices = amounts.pop("open_invoices", ZERO)
    overdue = Decimal(exposure["overdue"]["undisputed_amount"])
    disputed = Decimal(exposure["disputed"])
    shown = {"overdue": overdue, "disputed": disputed, "not_due": invoices - overdue - disputed, **amounts}
    binding = binding_of(exposure)
    if binding is not None:
        # A limit above the account also carries what its relatives owe.
        shown["others"] = Decimal(binding["net_exposure"]) - Decimal(exposure["net_exposure"])
    return [
        {"code": code, "label": str(PART_LABELS.get(code, code)), "amount": amount}
        for code, amount in shown.items()
        if amount
    ]


def binding_of(exposure: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The level whose limit binds, as the contract shows it; None when none does."""
    word = exposure.get("binding_level")
    found: Mapping[str, Any] | None = next(
        (level for level in exposure["levels"] if level["level"] == word), None
    )
    return found


def limit_of(exposure: Mapping[str, Any]) -> Decimal | None:
    """The limit that the bar draws; None when there is none or it has no bound."""
    binding = binding_of(exposure)
    amount = exposure["effective_limit"] if binding is None else binding["effective_limit"]
    if amount is None or exposure["limit"]["kind"] == "none":
        return None
    return Decimal(amount)


def bar_of(
    exposure: Mapping[str, Any], *, order: Decimal | None = None, detailed: bool = True, feet: bool = True
) -> dict[str, Any]:
    """What ``{% exposure_bar %}`` draws.

    :param order: the order asked for, in the company's currency
    :param detailed: by parts; else the net exposure as one
    :param feet: write exposure and sum under the bar; without, the order is drawn as one more part
    """
    parts = parts_of(exposure)
    if not detailed:
        net = sum((part["amount"] for part in parts), ZERO)
        parts = [{"code": "not_due", "label": str(_("Net exposure")), "amount": net}] if net else []
    limit = limit_of(exposure)
    if order and feet:
        # Two texts stand under the bar: they need it to reach past its middle.
        end = sum((part["amount"] for part in parts), ZERO) + order
        feet = end >= (limit or ZERO) * _ENOUGH
    if order and not feet:
        parts = [*parts, {"code": "order", "label": str(_("This order")), "amount": order}]
    return {"parts": parts, "limit": limit, "order": order if feet else None}
