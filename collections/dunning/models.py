"""How clients are asked for payment, and what they answer."""

from __future__ import annotations

from .call_models import Call
from .link_models import ClientLink, ClientLinkAct
from .plan_models import PaymentPlan, PlanInstalment, PlanItem
from .promise_models import PromiseItem, PromiseToPay
from .run_models import DunningRun, Reminder, ReminderLine, RunExclusion
from .scenario_models import DunningScenario, DunningStep

__all__ = [
    "Call",
    "ClientLink",
    "ClientLinkAct",
    "DunningRun",
    "DunningScenario",
    "DunningStep",
    "PaymentPlan",
    "PlanInstalment",
    "PlanItem",
    "PromiseItem",
    "PromiseToPay",
    "Reminder",
    "ReminderLine",
    "RunExclusion",
]
