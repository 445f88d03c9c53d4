"""Causes, alternatives and simulations as the API reads and writes them (contract §3 and §4)."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from credit.alternatives.outlook import Outlook, Proposal, Simulation
from credit.alternatives.projection import (
    AlternativeKind,
    Deposit,
    EarlyPayment,
    Measure,
    OverdueSchedule,
    ShorterTerm,
    TemporaryRaise,
)
from credit.queries import money
from credit.services import CheckResult
from credit.services.checks import cause_as_contract
from o2c.shared.api.bodies import amount_field

Shape = serializers.Serializer[Any]


class InstalmentBody(Shape):
    """A part of a calendar."""

    date = serializers.DateField()
    amount = amount_field()


class MeasureBody(Shape):
    """One measure; which fields it needs depends on its kind (``refs`` are ids of open items)."""

    kind = serializers.ChoiceField(AlternativeKind.choices)
    amount = amount_field(required=False, allow_null=True)
    date = serializers.DateField(required=False, allow_null=True)
    refs = serializers.ListField(child=serializers.CharField(max_length=20), required=False, max_length=500)
    instalments = serializers.ListField(child=InstalmentBody(), required=False, max_length=60)
    expected_payment_date = serializers.DateField(required=False, allow_null=True)
    until = serializers.DateField(required=False, allow_null=True)


class SimulationBody(Shape):
    """Measures to be taken together."""

    measures = serializers.ListField(child=MeasureBody(), max_length=5)
    mode = serializers.ChoiceField(["simulate", "accept"], default="simulate")
    agreed_with = serializers.CharField(max_length=200, required=False, allow_blank=True, default="")


class PointShape(Shape):
    """A day on which the exposure or the limit changes."""

    date = serializers.DateField()
    exposure = amount_field()
    limit = amount_field()


class SimulationAnswer(Shape):
    """What a choice of measures makes of the exposure."""

    over_limit_at_start = amount_field()
    peak_exposure = amount_field()
    within_limit_from = serializers.DateField(allow_null=True)
    days_to_within_limit = serializers.IntegerField(allow_null=True)
    within_base_limit_from = serializers.DateField(allow_null=True)
    curve = PointShape(many=True, required=False)


class AlternativesAnswer(Shape):
    """Why an order does not fit, what happens without a measure, and what is proposed."""

    order = serializers.CharField()
    currency = serializers.CharField()
    over_limit_by = amount_field()
    causes = serializers.ListField(child=serializers.DictField())
    none = SimulationAnswer(allow_null=True)
    simulated = SimulationAnswer(required=False)
    alternatives = serializers.ListField(child=serializers.DictField())
    release_expected_on = serializers.DateField(allow_null=True)
    conditions = serializers.ListField(child=serializers.DictField(), required=False)


def alternatives_answer(number: str, result: CheckResult, outlook: Outlook) -> dict[str, Any]:
    """Everything an order's page shows of it."""
    return {
        "order": number,
        "currency": outlook.currency,
        "over_limit_by": money(outlook.excess),
        "causes": [cause_as_contract(cause) for cause in result.causes],
        "none": simulation_answer(outlook.untouched, curve=outlook.shows_curve) if outlook.levels else None,
        "alternatives": [proposal_answer(proposal) for proposal in outlook.proposals()],
        "release_expected_on": outlook.release_expected_on,
    }


def proposal_answer(proposal: Proposal) -> dict[str, Any]:
    """One alternative: its kind, the fields of its measure, and what it does alone."""
    found = {"kind": proposal.kind.value, **measure_answer(proposal.measure)}
    if proposal.term:
        found["term"] = proposal.term
    return found | simulation_answer(proposal.simulation, curve=False)


def measure_answer(measure: Measure) -> dict[str, Any]:
    """The fields of a measure, as ``MeasureBody`` reads them."""
    match measure:
        case Deposit(amount, day):
            return {"amount": money(amount), "date": day}
        case EarlyPayment(refs, day):
            return {"refs": list(refs), "date": day}
        case OverdueSchedule(refs, instalments):
            parts = [{"date": part.day, "amount": money(part.amount)} for part in instalments]
            return {"refs": list(refs), "instalments": parts}
        case ShorterTerm(day):
            return {"expected_payment_date": day}
        case TemporaryRaise(amount, until):
            return {"amount": money(amount), "until": until}


def simulation_answer(simulation: Simulation, *, curve: bool = True) -> dict[str, Any]:
    """Dates and amounts of a simulation, its curve where something changes."""
    found: dict[str, Any] = {
        "over_limit_at_start": money(simulation.binding.over_limit_at_start),
        "peak_exposure": money(simulation.binding.peak_exposure),
        "within_limit_from": simulation.within_limit_from,
        "days_to_within_limit": simulation.days_to_within_limit,
        "within_base_limit_from": simulation.within_base_limit_from,
    }
    if curve:
        found["curve"] = [
            {"date": point.day, "exposure": money(point.exposure), "limit": money(point.limit)}
            for point in simulation.binding.changes
        ]
    return found
