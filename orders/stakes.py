"""What is at stake in letting an order go: its margin beside the loss to be expected, in the company's currency."""

from __future__ import annotations

from decimal import Decimal

from credit.services.stake_rules import StakeRules, stake_rules
from credit.stake_policy import Stake
from o2c.shared.money import round_cents

from .models import Order


def stake_of_order(order: Order, rates: StakeRules | None = None) -> Stake:
    """Weigh an order by the rates of now; converted as its last check converted it.

    :param rates: of the order's company; read when not given
    """
    net = order.total_excl_vat
    checked = order.last_decision.figures["check"]["amount"] if order.last_decision else None
    if checked is not None and order.currency != order.company.currency and order.total_incl_vat:
        net = round_cents(net * Decimal(checked) / order.total_incl_vat)
    return (rates or stake_rules(order.company)).weigh(net, order.account.risk_class)
