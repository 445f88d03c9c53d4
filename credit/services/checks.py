"""The credit check: a question that stores nothing, or a decision kept with every figure it saw."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from typing import Any

from django.conf import settings
from django.utils.module_loading import import_string

from accounts import policy as terms
from accounts.enums import CapRegime
from accounts.models import CustomerAccount, User
from o2c.shared.audit import plain
from o2c.shared.calendar import paris_date
from o2c.shared.money import ZERO, convert

from .. import policy, queries
from ..alternatives.causes import Cause, Reduction, causes_of
from ..alternatives.outlook import reduction_of
from ..enums import Finding, Level, Severity, Verdict
from ..exposure import rates_on
from ..formulas import LimitState
from ..horizon_policy import counted_until, is_beyond
from ..insurance_policy import stops_deliveries
from ..messages import message
from ..models import CreditDecision
from ..part_limit_queries import by_kind
from ..policy import CreditFacts, Found, Mandate, OrderFacts, Stake, Thresholds
from ..queries import ExposureView, money
from ..reading import ClientReading, read_client
from ..rule_queries import delegation_of

PREPAID = "PREPAID"


@dataclass(frozen=True)
class OrderInCheck:
    """The order a check is about, when there is one."""

    order_id: int | None = None
    number: str = ""
    confirmed_at: datetime | None = None
    order_date: date | None = None
    has_evidence: bool | None = None
    purchase_order_differs: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class CheckResult:
    """The answer of a check with what it saw."""

    account: CustomerAccount
    view: ExposureView
    amount: Decimal
    found: tuple[Found, ...]
    mandate: Mandate
    stake: Stake
    reduction: Reduction | None = None
    # How many releases of late decide the level together with this order.
    releases_of_late: int = 0
    # Who would decide on this order alone.
    mandate_alone: Mandate | None = None
    # The version of the written policy the findings quote, by key.
    policy_version: int | None = None
    # What the class allowed at that moment.
    thresholds: Thresholds | None = None
    # Orders to be delivered up to this day counted, whatever the horizon of their company; None of a check without one.
    counted_until: date | None = None
    # Whether the order does not count yet once it is confirmed: its delivery is beyond the company's horizon.
    is_beyond_horizon: bool = False

    @property
    def causes(self) -> tuple[Cause, ...]:
        """Why a held order does not fit; empty of one that does."""
        if self.verdict is not Verdict.HOLD:
            return ()
        figures = self.view.figures
        return causes_of(
            self.found,
            over_limit_by=self.over_limit_by,
            late=figures.overdue_undisputed,
            oldest_days=figures.oldest_days(self.view.on),
            disputed=figures.disputed,
            reduction=self.reduction,
        )

    @property
    def verdict(self) -> Verdict:
        """Accept, warn or hold."""
        return policy.verdict_of(self.found)

    @property
    def holding(self) -> tuple[Found, ...]:
        """The findings that keep the order."""
        return tuple(f for f in self.found if f.holds)

    @property
    def available_before(self) -> Decimal | None:
        """What may still be used without this order."""
        return self.view.available

    @property
    def available_after(self) -> Decimal | None:
        """What would be left with it."""
        return None if self.view.available is None else self.view.available - self.amount

    @property
    def over_limit_by(self) -> Decimal:
        """The part the limit does not carry."""
        return self.stake.over_limit_by

    def findings_as_contract(self, language: str | None = None) -> list[dict[str, Any]]:
        """Findings in the shape of contract §4."""
        return [
            # A release decides all reasons together, so one level is named for all of them.
            finding_as_contract(f, self.view.currency, self.mandate.role, language)
            for f in self.found
        ]

    def as_contract(self) -> dict[str, Any]:
        """The JSON of contract §4."""
        return {
            "decision": self.verdict.value,
            "currency": self.view.currency,
            "amount": money(self.amount),
            "available_before": money(self.available_before),
            "available_after": money(self.available_after),
            "over_limit_by": money(self.over_limit_by),
            "binding_level": self.view.binding.level.word if self.view.binding else None,
            "findings": self.findings_as_contract(),
            "causes": [cause_as_contract(cause) for cause in self.causes],
            "alternatives": [],
            "release_expected_on": None,
        }


def cause_as_contract(cause: Cause) -> dict[str, Any]:
    """One cause as contract §4 shows it, with what it was seen in."""
    figures = {
        name: money(value) if isinstance(value, Decimal) else plain(value)
        for name, value in cause.figures.items()
    }
    return {"code": cause.code.value, "amount": money(cause.amount), "figures": figures}


def finding_as_contract(
    found: Found, currency: str, decided_by: str, language: str | None = None
) -> dict[str, Any]:
    """One finding as contract §4 shows it, with its sentence in the reader's language."""
    figures = {k: money(v) if isinstance(v, Decimal) else plain(v) for k, v in found.figures.items()}
    return {
        "code": found.code.value,
        "severity": found.severity.value,
        "figures": figures,
        "policy_article": found.article,
        "message": message(found.code.value, found.figures, currency=currency, language=language),
        "decided_by": decided_by if found.severity == Severity.HOLD else None,
    }


def check(
    *,
    account: CustomerAccount,
    amount: Decimal,
    at: datetime,
    by: User | None = None,
    currency: str | None = None,
    term: str | None = None,
    delivery_date: date | None = None,
    order: OrderInCheck | None = None,
) -> CheckResult:
    """Answer whether a client may still buy for an amount incl. VAT. Stores nothing, locks nothing.

    Who decides takes the locks first, asks the same question, and keeps its answer (``keep``).

    :param delivery_date: of the order: everything to be delivered up to it counts, whatever the company's horizon
    :raises UnknownTerm: a term that the grammar does not know
    """
    today = paris_date(at)
    until = counted_until(delivery_date, on=today)
    order = order or OrderInCheck()
    term = term or account.term
    reading = read_client(
        account.pk,
        currency=account.company.currency,
        on=today,
        skip_order=order.order_id,
        confirmed_before=order.confirmed_at,
        counted_until=until,
    )
    view = queries.view_of(account, reading, on=today)
    tested, missing = _in_company_currency(account, amount, currency or account.currency, today)
    if term != PREPAID:
        # What was received for the order counts before the limit does; prepaid, it is measured as a whole.
        tested = max(ZERO, tested - view.figures.own_deposits)
    order_facts = _order_facts(account, tested, term, order, today, reading.thresholds)
    found = policy.assess(_credit_facts(view, reading, missing), order_facts, reading.thresholds)
    stake = Stake(
        over_limit_by=ZERO if order_facts.prepaid else policy.over_limit_by(view.available, tested),
        order_amount=tested,
        effective_limit=view.limit.effective,
        codes=frozenset(f.code for f in found if f.holds),
        risk_class=account.risk_class,
    )
    alone = policy.release_level(stake, reading.matrix)
    count = 0
    if stake.codes - policy.PAPER_FINDINGS:
        late, count = fact(
            "released_of_late",
            account_id=account.pk,
            currency=account.company.currency,
            on=today,
            skip_order=order.order_id,
        ) or (ZERO, 0)
        stake = replace(stake, released_of_late=late)
    return CheckResult(
        account,
        view,
        tested,
        found,
        policy.release_level(stake, reading.matrix) if count else alone,
        stake,
        _reduction(view, stake, dict(level[:2] for level in reading.relatives.targets())),
        count,
        alone,
        reading.policy_version,
        reading.thresholds,
        until,
        is_beyond(delivery_date, on=today, days=reading.horizon_days),
    )


def _reduction(view: ExposureView, stake: Stake, keys: Mapping[Level, int]) -> Reduction | None:
    """How the limit that binds was lowered, where an order goes over it."""
    if not stake.codes & {Finding.OVER_LIMIT, Finding.REVIEW_EXPIRED} or view.binding is None:
        return None
    return reduction_of(view.binding, keys[view.binding.level], on=view.on)


def keep(
    result: CheckResult,
    *,
    amount: Decimal,
    currency: str,
    occasion: str,
    at: datetime,
    by: User | None,
    order: OrderInCheck,
) -> CreditDecision:
    """Store what a check answered; never changed afterwards."""
    return CreditDecision.objects.create(
        account=result.account,
        order_id=order.order_id,
        order_number=order.number,
        occasion=occasion,
        amount=amount,
        currency=currency,
        verdict=result.verdict,
        over_limit_by=result.over_limit_by,
        figures=_frozen(result),
        decided_at=at,
        asked_by=by,
        policy_version_id=result.policy_version,
    )


def decision_as_contract(decision: CreditDecision) -> dict[str, Any]:
    """A kept decision in the shape of ``credit-check`` plus ``id`` and ``decided_at``, in the reader's language."""
    stored = answer_in_words(decision.figures["check"])
    return {"id": decision.pk, "decided_at": decision.decided_at.isoformat(), **stored}


def answer_in_words(answer: Mapping[str, Any]) -> dict[str, Any]:
    """A kept answer of a check with its sentences in the reader's language."""
    return {
        **answer,
        "findings": [
            {
                **finding,
                "message": message(finding["code"], finding["figures"], currency=answer["currency"]),
            }
            for finding in answer["findings"]
        ],
    }


def _frozen(result: CheckResult) -> dict[str, Any]:
    return {
        "check": result.as_contract(),
        "exposure": result.view.as_contract(),
        "rates": {currency: str(rate) for currency, rate in result.view.rates.items()},
        "required_role": result.mandate.role,
        "risk_class": result.account.risk_class,
        **_split(result),
        **_thresholds(result),
    }


def _thresholds(result: CheckResult) -> dict[str, Any]:
    """What the class allowed, where something was found: part of the proof of the decision."""
    if not result.found or result.thresholds is None:
        return {}
    return {"thresholds": {name: str(value) for name, value in asdict(result.thresholds).items()}}


def _split(result: CheckResult) -> dict[str, Any]:
    """What releases of late decide together with the order, where they take its decision to a higher level."""
    alone = result.mandate_alone
    if alone is None or alone.level == result.mandate.level:
        return {}
    return {
        "split": {
            "released": money(result.stake.released_of_late),
            "releases": result.releases_of_late,
            "together": money(result.stake.amount),
            "alone": alone.role,
        }
    }


def mandates(company_id: int) -> Sequence[Mandate]:
    """The delegation matrix of a company."""
    return [
        Mandate(
            level=rule.level,
            role=rule.role,
            release_amount=rule.release_amount,
            release_pct=rule.release_pct,
            release_with_overdue=rule.release_with_overdue,
            limit_amount=rule.limit_amount,
        )
        for rule in delegation_of(company_id)
    ]


def _credit_facts(view: ExposureView, reading: ClientReading, missing: set[str]) -> CreditFacts:
    figures, block = view.figures, reading.block
    stopped = reading.cover is not None and stops_deliveries(
        reading.cover.facts, unpaid=reading.cover.beyond_extension, floor=reading.thresholds.overdue_floor
    )
    not_kept, last_not_kept_on = fact("promises_not_kept", account_id=view.account.pk, on=view.on) or (
        None,
        None,
    )
    unpaid, last_returned_on = _returned(view)
    return CreditFacts(
        available=view.available,
        has_decision=view.has_decision,
        expired_levels=tuple(
            Level(level.level) for level in view.levels if level.limit.kind is LimitState.EXPIRED
        ),
        effective_limit=view.limit.effective,
        gross_exposure=view.gross,
        late_beyond_class=figures.beyond_class,
        late_beyond_grace=figures.beyond_grace,
        oldest_days=figures.oldest_days(view.on),
        disputed=figures.disputed,
        blocked_since=block.since if block else None,
        block_reason=block.reason if block else "",
        block_review_on=block.review_on if block else None,
        missing_rates=tuple(sorted(missing | figures.missing_rates)),
        promises_not_kept=not_kept,
        last_not_kept_on=last_not_kept_on,
        beyond_extension=reading.cover.beyond_extension if reading.cover and stopped else None,
        proceedings=reading.proceedings.kind.value if reading.proceedings else "",
        insolvent_since=reading.proceedings.since if reading.proceedings else None,
        extension_days=(reading.cover.facts.extension_days or 0) if reading.cover else 0,
        by_kind=by_kind(view) if reading.part_limits else {},
        part_limits=reading.part_limits,
        unpaid_returned=unpaid,
        last_returned_on=last_returned_on,
    )


def _returned(view: ExposureView) -> tuple[Decimal | None, date | None]:
    """What payments that came back left unpaid, in the view's currency, and when the last one came back.

    An amount without a rate counts in no figure: the check says that the rate is missing.
    """
    rows = fact("unpaid_returned", account_id=view.account.pk) or ()
    amounts = [
        amount
        if currency == view.currency
        else convert(amount, view.rates[currency], view.rates[view.currency])
        for currency, amount, _day in rows
        if currency == view.currency or {currency, view.currency} <= view.rates.keys()
    ]
    if not amounts:
        return None, None
    return sum(amounts, ZERO), max(day for _currency, _amount, day in rows)


def _order_facts(
    account: CustomerAccount,
    amount: Decimal,
    term: str,
    order: OrderInCheck,
    today: date,
    thresholds: Thresholds,
) -> OrderFacts:
    ordered_on = order.order_date or today
    age = (today - account.opened_on).days
    rhythm = fact("order_rhythm", account_id=account.pk, on=today, skip_order=order.order_id)
    facts = OrderFacts(
        amount=amount,
        prepaid=term == PREPAID,
        order_term=term,
        account_term=account.term,
        mean_order=rhythm[0] if rhythm else None,
        orders_in_year=rhythm[1] if rhythm else 0,
        account_age_days=age,
        has_paid_invoice=(
            fact("first_payment", account_id=account.pk) if age < thresholds.new_account_days else None
        ),
        has_evidence=order.has_evidence,
        purchase_order_differs=order.purchase_order_differs,
    )
    if facts.prepaid:
        received = fact("deposit_received", order_id=order.order_id, on=today) if order.order_id else ZERO
        return replace(facts, deposit_received=received or ZERO)
    if term == account.term:
        return facts
    due = terms.due_date(ordered_on, term, ordered_on)
    cap = CapRegime(account.cap_regime)
    return replace(
        facts,
        term_is_later=terms.later_term(term, account.term, ordered_on),
        term_beyond_cap=not terms.within_cap(due, cap, ordered_on, ordered_on),
    )


def _in_company_currency(
    account: CustomerAccount, amount: Decimal, currency: str, today: date
) -> tuple[Decimal, set[str]]:
    """The amount in the company's currency; a missing rate leaves it as it is and is named."""
    target = account.company.currency
    if currency == target:
        return amount, set()
    rates = rates_on(today, {currency}, target)
    if currency not in rates or target not in rates:
        return amount, {currency}
    return convert(amount, rates[currency], rates[target]), set()


@cache
def _provider(name: str) -> Any:
    path = settings.CREDIT_FACTS.get(name)
    return import_string(path) if path else None


def fact(name: str, **question: Any) -> Any:
    """A fact from the application that knows it; None is *unknown*, never zero."""
    provider = _provider(name)
    return None if provider is None else provider(**question)
