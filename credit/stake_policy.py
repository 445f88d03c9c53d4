"""What is at stake in a decision: the margin that a sale brings beside the loss that is to be expected of it."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from o2c.shared.money import round_cents


@dataclass(frozen=True)
class Stake:
    """Both sides of one sale, in one currency, excl. VAT: the VAT of a lost invoice is claimed back.

    :ivar margin: what the sale brings; None where the company has not said its margin rate
    :ivar loss: what is lost on average of a sale to a client of its class
    :ivar extra_sales: further sales whose margin makes up for this one if nothing of it is paid (formula 8.10)
    """

    net: Decimal
    risk_class: str
    margin_pct: Decimal | None
    loss_pct: Decimal
    margin: Decimal | None
    loss: Decimal
    extra_sales: Decimal | None

    @property
    def pays(self) -> bool | None:
        """Whether the margin is more than the loss to be expected; None where the margin is not known."""
        return None if self.margin is None else self.margin > self.loss

    def as_kept(self) -> dict[str, Any]:
        """Return it as plain JSON, to be frozen beside a decision."""
        amounts = {name: getattr(self, name) for name in ("net", "margin_pct", "loss_pct", "margin", "loss")}
        kept = {name: None if value is None else str(value) for name, value in amounts.items()}
        return {**kept, "risk_class": self.risk_class}


def stake_of(net: Decimal, *, risk_class: str, loss_pct: Decimal, margin_pct: Decimal | None) -> Stake:
    """Weigh a sale.

    :param net: excl. VAT
    :param loss_pct: share of sales to this class that is lost on average, in percent
    :param margin_pct: margin in percent of sales excl. VAT; None where it is not known
    """
    return Stake(
        net=net,
        risk_class=risk_class,
        margin_pct=margin_pct,
        loss_pct=loss_pct,
        margin=None if margin_pct is None else round_cents(net * margin_pct / 100),
        loss=round_cents(net * loss_pct / 100),
        extra_sales=None if margin_pct is None else extra_sales(net, margin_pct),
    )


def extra_sales(unpaid: Decimal, margin_pct: Decimal) -> Decimal:
    """Return the sales excl. VAT whose margin makes up for an unpaid amount excl. VAT (formula 8.10).

    :raises ValueError: the margin rate is not above zero: no sale makes up for anything
    """
    if margin_pct <= 0:
        raise ValueError("the margin rate must be above zero")
    return round_cents(unpaid * 100 / margin_pct)
