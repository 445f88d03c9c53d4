"""How clients are asked for payment, and what they answer."""

from __future__ import annotations

from .call_models import Call
from .handover_models import HandOver, HandOverCost, HandOverItem, LimitationInterruption
from .link_models import ClientLink, ClientLinkAct
from .plan_models import PaymentPlan, PlanInstalment, PlanItem
from .promise_models import PromiseItem, PromiseToPay
from .relay_models import AccountRelay, Relay
from .run_models import DunningRun, Reminder, ReminderLine, RunExclusion
from .scenario_models import DunningScenario, DunningStep
from .statement_models import AccountStatement

__all__ = [
    "AccountRelay",
    "AccountStatement",
    "Call",
    "ClientLink",
    "ClientLinkAct",
    "DunningRun",
    "DunningScenario",
    "DunningStep",
    "HandOver",
    "HandOverCost",
    "HandOverItem",
    "LimitationInterruption",
    "PaymentPlan",
    "PlanInstalment",
    "PlanItem",
    "PromiseItem",
    "PromiseToPay",
    "Relay",
    "Reminder",
    "ReminderLine",
    "RunExclusion",
]
