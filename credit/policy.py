"""The credit check as rules over plain values: every reason found, and who may decide (domain.md 5.1, 5.4)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any, Final

from .enums import Finding, Level, Severity, Verdict
from .part_limit_policy import exceeded

ZERO = Decimal("0.00")
# From level 3 on, whatever the amount (domain.md 5.4).
SENIOR_FINDINGS = frozenset(
    {Finding.INSOLVENCY, Finding.ACCOUNT_BLOCKED, Finding.INSURANCE_STOP, Finding.COMPLIANCE}
)
SENIOR_LEVEL = 3
# A paper is missing or differs: no credit is at stake, so sales administration decides whatever the amount.
PAPER_FINDINGS = frozenset({Finding.EVIDENCE_MISSING, Finding.PO_MISMATCH})
TOP_LEVEL = 5
# Articles of the written credit policy each rule belongs to.
ARTICLES: Mapping[Finding, str] = {
    Finding.NO_LIMIT: "4.1",
    Finding.OVER_LIMIT: "4.2",
    Finding.REVIEW_EXPIRED: "4.3",
    Finding.OVERDUE_DAYS: "4.4",
    Finding.OVERDUE_AMOUNT: "4.4",
    Finding.DISPUTE_OPEN: "4.5",
    Finding.ACCOUNT_BLOCKED: "4.6",
    Finding.INSURANCE_STOP: "4.6",
    Finding.INSOLVENCY: "4.6",
    Finding.UNUSUAL_ORDER: "4.7",
    Finding.NEW_ACCOUNT: "4.7",
    Finding.TERMS_CHANGED: "4.8",
    Finding.DEPOSIT_MISSING: "4.9",
    Finding.RATE_MISSING: "4.10",
    Finding.RECONFIRM: "4.11",
    Finding.MANUAL: "4.12",
    Finding.EVIDENCE_MISSING: "4.13",
    Finding.PO_MISMATCH: "4.14",
    Finding.BROKEN_PROMISE: "4.15",
    Finding.UNPAID_INSTRUMENT: "4.16",
    Finding.PART_LIMIT: "4.2",
}


@dataclass(frozen=True)
class Thresholds:
    """What a risk class allows (rows of ``RiskPolicy``)."""

    overdue_days: int
    overdue_floor: Decimal = Decimal(100)
    grace_days: int = 2
    overdue_pct: Decimal = Decimal(10)
    overdue_cap: Decimal = Decimal(5000)
    dispute_pct: Decimal = Decimal(20)
    tolerance_pct: Decimal = ZERO
    tolerance_amount: Decimal = ZERO
    unusual_factor: Decimal = Decimal(2)
    unusual_min_orders: int = 3
    new_account_days: int = 180
    evidence_required: bool = False


# Those a company changes from a day on; evidence of orders is asked for by the rules of orders.
DATED_THRESHOLDS: Final = tuple(
    name for name in Thresholds.__dataclass_fields__ if name != "evidence_required"
)


@dataclass(frozen=True)
class CreditFacts:
    """What the book and the decisions say of a client at the moment of the check, in one currency."""

    available: Decimal | None
    has_decision: bool
    expired_levels: tuple[Level, ...]
    effective_limit: Decimal | None
    gross_exposure: Decimal
    late_beyond_class: Decimal
    late_beyond_grace: Decimal
    oldest_days: int
    disputed: Decimal
    blocked_since: date | None = None
    block_reason: str = ""
    block_review_on: date | None = None
    missing_rates: tuple[str, ...] = ()
    # Promises to pay that were not kept of late, and when the last one; None where nobody knows.
    promises_not_kept: int | None = None
    last_not_kept_on: date | None = None
    # What is unpaid beyond the insurer's extension, where that ends the cover of new deliveries; the days allowed.
    beyond_extension: Decimal | None = None
    extension_days: int = 0
    # What returned payments left unpaid, and when the last one came back; None where nothing did.
    unpaid_returned: Decimal | None = None
    last_returned_on: date | None = None
    # Insolvency proceedings in force: their kind, and the day of the judgement.
    proceedings: str = ""
    insolvent_since: date | None = None
    # What the client has of each kind of risk, and the most it may have of those with a limit of their own.
    by_kind: Mapping[str, Decimal] = field(default_factory=dict)
    part_limits: Mapping[str, Decimal] = field(default_factory=dict)


@dataclass(frozen=True)
class OrderFacts:
    """What is asked for; the amount includes VAT and is in the currency of ``CreditFacts``."""

    amount: Decimal
    prepaid: bool = False
    deposit_received: Decimal = ZERO
    term_is_later: bool = False
    term_beyond_cap: bool = False
    order_term: str = ""
    account_term: str = ""
    mean_order: Decimal | None = None
    orders_in_year: int = 0
    account_age_days: int | None = None
    has_paid_invoice: bool | None = None
    # Whether there is evidence of the client's order; None where no order stands behind the question.
    has_evidence: bool | None = None
    # How the order differs from the client's own purchase order; empty when both agree.
    purchase_order_differs: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class Found:
    """One reason with the figures it saw."""

    code: Finding
    severity: Severity
    figures: Mapping[str, Any] = field(default_factory=dict)

    @property
    def article(self) -> str:
        """Article of the credit policy."""
        return ARTICLES.get(self.code, "")

    @property
    def holds(self) -> bool:
        """Whether it keeps the order."""
        return self.severity == Severity.HOLD


def assess(credit: CreditFacts, order: OrderFacts, allowed: Thresholds) -> tuple[Found, ...]:
    """Return every reason to hold or to warn, not only the first; the limit itself is still within the limit."""
    rules: list[Found | None] = (
        [_deposit(order)]
        if order.prepaid
        else [*_limit_rules(credit, order, allowed), _part_limit(credit, order)]
    )
    rules += [
        _overdue_days(credit, allowed),
        _overdue_amount(credit, allowed),
        _dispute(credit, allowed),
        _promise(credit),
        _returned(credit),
        _block(credit),
        _insurer(credit),
        _insolvency(credit, order),
        _terms(order),
        _unusual(order, allowed),
        _new_account(order, allowed),
        _rates(credit),
        _evidence(order, allowed),
        _purchase_order(order),
    ]
    return tuple(found for found in rules if found is not None)


def verdict_of(found: Iterable[Found]) -> Verdict:
    """Hold if anything holds, warn if anything warns, else accept."""
    severities = {f.severity for f in found}
    if Severity.HOLD in severities:
        return Verdict.HOLD
    return Verdict.WARN if severities else Verdict.ACCEPT


def over_limit_by(available: Decimal | None, amount: Decimal) -> Decimal:
    """The part of an order that the limit does not carry; the whole part also where a tolerance exists."""
    return ZERO if available is None else max(ZERO, amount - available)


def tolerance(allowed: Thresholds, effective_limit: Decimal | None) -> Decimal:
    """The lower of the class's percentage of the effective limit and its amount (design 3.8)."""
    if not effective_limit or effective_limit < 0:
        return ZERO
    return min(effective_limit * allowed.tolerance_pct / 100, allowed.tolerance_amount)


def _limit_rules(credit: CreditFacts, order: OrderFacts, allowed: Thresholds) -> list[Found | None]:
    if not credit.has_decision:
        return [Found(Finding.NO_LIMIT, Severity.HOLD, {"available": credit.available})]
    found: list[Found | None] = []
    if credit.expired_levels:
        levels = [level.word for level in credit.expired_levels]
        found.append(Found(Finding.REVIEW_EXPIRED, Severity.HOLD, {"levels": levels}))
    excess = over_limit_by(credit.available, order.amount)
    if excess > 0:
        spare = tolerance(allowed, credit.effective_limit)
        if excess <= spare:
            found.append(Found(Finding.OVER_LIMIT, Severity.WARN, {"excess": excess, "tolerance": spare}))
        else:
            found.append(Found(Finding.OVER_LIMIT, Severity.HOLD, {"excess": excess}))
    return found


def _part_limit(credit: CreditFacts, order: OrderFacts) -> Found | None:
    beyond = exceeded(credit.by_kind, credit.part_limits, order.amount)
    if not beyond:
        return None
    worst = beyond[0]
    return Found(
        Finding.PART_LIMIT,
        Severity.HOLD,
        {
            "part": worst.part,
            "amount": worst.amount,
            "most": worst.most,
            "excess": worst.excess,
            "room": min(each.room for each in beyond),
            "others": [
                {"part": each.part, "amount": each.amount, "most": each.most, "excess": each.excess}
                for each in beyond[1:]
            ],
        },
    )


def _deposit(order: OrderFacts) -> Found | None:
    missing = order.amount - order.deposit_received
    if missing <= 0:
        return None
    return Found(
        Finding.DEPOSIT_MISSING, Severity.HOLD, {"missing": missing, "received": order.deposit_received}
    )


def _overdue_days(credit: CreditFacts, allowed: Thresholds) -> Found | None:
    if credit.late_beyond_class <= allowed.overdue_floor:
        return None
    return Found(
        Finding.OVERDUE_DAYS,
        Severity.HOLD,
        {
            "amount": credit.late_beyond_class,
            "oldest_days": credit.oldest_days,
            "allowed_days": allowed.overdue_days,
        },
    )


def _overdue_amount(credit: CreditFacts, allowed: Thresholds) -> Found | None:
    threshold = min(credit.gross_exposure * allowed.overdue_pct / 100, allowed.overdue_cap)
    threshold = max(threshold, allowed.overdue_floor)
    if credit.late_beyond_grace <= threshold:
        return None
    return Found(
        Finding.OVERDUE_AMOUNT, Severity.HOLD, {"amount": credit.late_beyond_grace, "threshold": threshold}
    )


def _dispute(credit: CreditFacts, allowed: Thresholds) -> Found | None:
    threshold = credit.gross_exposure * allowed.dispute_pct / 100
    if credit.disputed <= 0 or credit.disputed <= threshold:
        return None
    return Found(Finding.DISPUTE_OPEN, Severity.HOLD, {"amount": credit.disputed, "threshold": threshold})


def _promise(credit: CreditFacts) -> Found | None:
    if not credit.promises_not_kept:
        return None
    return Found(
        Finding.BROKEN_PROMISE,
        Severity.HOLD,
        {"promises": credit.promises_not_kept, "last_on": credit.last_not_kept_on},
    )


def _returned(credit: CreditFacts) -> Found | None:
    if not credit.unpaid_returned:
        return None
    return Found(
        Finding.UNPAID_INSTRUMENT,
        Severity.HOLD,
        {"amount": credit.unpaid_returned, "last_on": credit.last_returned_on},
    )


def _block(credit: CreditFacts) -> Found | None:
    if credit.blocked_since is None:
        return None
    return Found(
        Finding.ACCOUNT_BLOCKED,
        Severity.HOLD,
        {"since": credit.blocked_since, "reason": credit.block_reason, "review_on": credit.block_review_on},
    )


def _insurer(credit: CreditFacts) -> Found | None:
    if credit.beyond_extension is None:
        return None
    figures = {"amount": credit.beyond_extension, "extension_days": credit.extension_days}
    return Found(Finding.INSURANCE_STOP, Severity.HOLD, figures)


def _insolvency(credit: CreditFacts, order: OrderFacts) -> Found | None:
    """Hold every order, one paid in advance too (domain.md 5.1); the words say that it must be (5.3)."""
    if credit.insolvent_since is None:
        return None
    figures = {"kind": credit.proceedings, "since": credit.insolvent_since, "prepaid": order.prepaid}
    return Found(Finding.INSOLVENCY, Severity.HOLD, figures)


def _terms(order: OrderFacts) -> Found | None:
    if not order.term_is_later and not order.term_beyond_cap:
        return None
    severity = Severity.HOLD if order.term_beyond_cap else Severity.WARN
    return Found(
        Finding.TERMS_CHANGED,
        severity,
        {"term": order.order_term, "account_term": order.account_term, "beyond_cap": order.term_beyond_cap},
    )


def _unusual(order: OrderFacts, allowed: Thresholds) -> Found | None:
    if order.mean_order is None or order.orders_in_year < allowed.unusual_min_orders:
        return None
    if order.amount <= allowed.unusual_factor * order.mean_order:
        return None
    return Found(
        Finding.UNUSUAL_ORDER,
        Severity.WARN,
        {"amount": order.amount, "mean": order.mean_order, "orders": order.orders_in_year},
    )


def _new_account(order: OrderFacts, allowed: Thresholds) -> Found | None:
    if order.account_age_days is None or order.account_age_days >= allowed.new_account_days:
        return None
    if order.has_paid_invoice is not False:
        return None
    return Found(Finding.NEW_ACCOUNT, Severity.WARN, {"age_days": order.account_age_days})


def _rates(credit: CreditFacts) -> Found | None:
    if not credit.missing_rates:
        return None
    return Found(Finding.RATE_MISSING, Severity.HOLD, {"currencies": sorted(credit.missing_rates)})


def _evidence(order: OrderFacts, allowed: Thresholds) -> Found | None:
    if not allowed.evidence_required or order.has_evidence is not False:
        return None
    return Found(Finding.EVIDENCE_MISSING, Severity.HOLD)


def _purchase_order(order: OrderFacts) -> Found | None:
    if not order.purchase_order_differs:
        return None
    return Found(Finding.PO_MISMATCH, Severity.HOLD, order.purchase_order_differs)


# --- authority (domain.md 5.4) -------------------------------------------------------------------------------


@dataclass(frozen=True)
class Mandate:
    """What one level may decide alone; an amount of None has no upper bound."""

    level: int
    role: str
    release_amount: Decimal | None
    release_pct: Decimal | None = None
    release_with_overdue: bool = True
    limit_amount: Decimal | None = None


@dataclass(frozen=True)
class Stake:
    """What a release would let through."""

    over_limit_by: Decimal
    order_amount: Decimal
    effective_limit: Decimal | None
    codes: frozenset[Finding]
    risk_class: str
    # What was released of late for the same legal entity: orders split in parts are decided as one.
    released_of_late: Decimal = ZERO

    @property
    def amount(self) -> Decimal:
        """What decides the level: the over-limit part, or the order incl. VAT where no limit is exceeded (design
        3.11); together with what was released for the legal entity within thirty days where that is more (domain.md
        5.4)."""
        alone = self.over_limit_by if self.over_limit_by > 0 else self.order_amount
        # Of the over-limit part no more than this order adds: what was released before may be in it already.
        own = min(self.over_limit_by, self.order_amount) if self.over_limit_by > 0 else self.order_amount
        return max(alone, self.released_of_late + own) if self.released_of_late else alone

    @property
    def overdue(self) -> bool:
        """Whether late items are among the reasons."""
        return bool(self.codes & {Finding.OVERDUE_DAYS, Finding.OVERDUE_AMOUNT})


def release_level(stake: Stake, matrix: Sequence[Mandate]) -> Mandate:
    """The lowest level that may release this."""
    if stake.codes and stake.codes <= PAPER_FINDINGS:
        return matrix[0]
    chosen = next((m for m in matrix if _may_release(stake, m)), matrix[-1])
    least = chosen.level
    if stake.codes & SENIOR_FINDINGS:
        least = max(least, SENIOR_LEVEL)
    return _raised(least, stake.risk_class, matrix)


def limit_level(amount: Decimal | None, risk_class: str, matrix: Sequence[Mandate]) -> Mandate:
    """The lowest level that may grant a limit of this amount; unlimited (None) is for the top level."""
    if amount is None:
        return matrix[-1]
    # 0 in the matrix means "not at all", so level 1 grants nothing, not even a limit of zero.
    able = [m for m in matrix if m.limit_amount is None or (m.limit_amount > 0 and amount <= m.limit_amount)]
    return _raised((able or [matrix[-1]])[0].level, risk_class, matrix)


def above(least: int, refused: int, matrix: Sequence[Mandate]) -> Mandate:
    """The level of an appeal: the next one above the level that refused, and at least the one the matter takes."""
    wanted = max(least, min(TOP_LEVEL, refused + 1))
    return next((m for m in matrix if m.level >= wanted), matrix[-1])


def _may_release(stake: Stake, mandate: Mandate) -> bool:
    if stake.overdue and not mandate.release_with_overdue:
        return False
    if mandate.release_amount is not None and stake.amount > mandate.release_amount:
        return False
    if mandate.release_pct is None:
        return True
    if stake.effective_limit is None:
        return True
    return stake.amount <= stake.effective_limit * mandate.release_pct / 100


def _raised(level: int, risk_class: str, matrix: Sequence[Mandate]) -> Mandate:
    """Class E raises every case by one level."""
    wanted = min(TOP_LEVEL, level + 1) if risk_class == "E" else level
    return next((m for m in matrix if m.level >= wanted), matrix[-1])
