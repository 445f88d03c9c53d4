"""From the kind of a worked case to the product's own functions.

An adapter only translates: it hands the inputs of a case to functions that the product itself runs on, and
names their results as the files do. A kind whose function does not exist has no adapter.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import date
from decimal import Decimal
from typing import Any, Final

from accounts import identifiers
from accounts import policy as terms
from credit import formulas, stake_policy
from credit.alternatives import projection
from credit.scorecard import policy as scorecards
from credit.scorecard.enums import Block
from disputes import indicators
from dunning import policy as dunning
from invoicing import ageing, bank
from invoicing.einvoicing import policy as einvoices
from invoicing.expected import policy as receipts
from invoicing.outcomes import policy as outcomes
from o2c.shared import vat
from o2c.shared.money import split_shares

from . import adapters_interest
from .runner import Adapter

Values = Mapping[str, Any]


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


def due_dates(case: Values) -> Values:
    """Due date by term and business-day convention, legal cap, and whether the cap is respected."""
    invoiced, delivered = date.fromisoformat(case["invoice_date"]), _day(case["delivery_date"])
    theoretical = terms.due_date(invoiced, case["term_code"], delivered)
    regime = case["cap_regime"]
    return {
        "expected_due_date": terms.payable_date(
            theoretical, terms.Convention(case["business_day_convention"] or "NONE")
        ),
        "cap_date": terms.legal_cap(regime, invoiced, delivered),
        "within_cap": terms.within_cap(theoretical, regime, invoiced, delivered),
    }


def siren(case: Values) -> Values:
    """SIREN, SIRET and French VAT numbers."""
    checks = {
        "siren": identifiers.check_siren,
        "siret": identifiers.check_siret,
        "vat": identifiers.check_vat,
    }
    return {"valid": checks[case["kind"]](case["value"]).validity}


def aged_balance(case: Values) -> Values:
    """Ageing of open items by due date or invoice date, credits apart."""
    items = (
        ageing.OpenItem(
            date.fromisoformat(item["invoice_date"]),
            date.fromisoformat(item["due_date"]),
            Decimal(item["open_amount"]),
        )
        for item in case["items"]
    )
    return ageing.age_items(items, date.fromisoformat(case["as_of"]), ageing.Basis(case["basis"]))


def exposure(case: Values) -> Values:
    """Gross, net and uncovered exposure, effective limit, what is available and what an order lacks."""
    parts = formulas.ExposureParts.from_rows(
        (code, -Decimal(amount) if code in formulas.RELIEVING_PARTS else Decimal(amount))
        for code in formulas.PART_CODES
        for amount in case.get(code, ())
    )
    guarantees = sum(map(Decimal, case.get("eligible_guarantees", ())), Decimal(0))
    cover = formulas.insured_cover(
        parts.net,
        insurer_limit=Decimal(case.get("insured_limit") or 0),
        insured_pct=Decimal(case.get("insured_percentage") or 0),
        active=case.get("cover_status") == "ACTIVE",
        guarantees=guarantees,
    )
    limit = formulas.limit_facts(
        None if case.get("base_limit") is None else Decimal(case["base_limit"]),
        _day(case.get("limit_valid_until")),
        [
            formulas.TemporaryAmount(
                Decimal(raised["amount"]),
                date.fromisoformat(raised["from"]),
                date.fromisoformat(raised["until"]),
            )
            for raised in case.get("temporary_limits", ())
        ],
        date.fromisoformat(case["as_of"]),
    )
    order = Decimal(case.get("order_amount") or 0)
    before = formulas.available(limit.effective, parts.net)
    return {
        "gross_exposure": parts.gross,
        "net_exposure": parts.net,
        "insured_cover": cover,
        "uncovered_exposure": formulas.uncovered(parts.net, cover, guarantees),
        "effective_limit": limit.effective,
        "available": before,
        "available_after": formulas.available(limit.effective, parts.net + order),
        "over_limit_by": formulas.over_limit_by(before, order),
        "utilisation": formulas.utilisation(limit.effective, parts.net),
    }


def instalments(case: Values) -> Values:
    """Amounts of an instalment plan by shares."""
    return {
        "amounts": split_shares(
            Decimal(case["total_incl_vat"]), [Decimal(share) for share in case["shares_pct"]]
        )
    }


def vat_totals(case: Values) -> Values:
    """Bases, VAT once per rate, and totals of a document."""
    totals = vat.vat_totals(
        (Decimal(line["qty"]), Decimal(line["unit_price"]), Decimal(line["rate"])) for line in case["lines"]
    )
    return {
        "base_by_rate": {format(entry.rate, "f"): entry.base for entry in totals.by_rate},
        "vat_by_rate": {format(entry.rate, "f"): entry.vat for entry in totals.by_rate},
        "total_excl_vat": totals.excl,
        "total_vat": totals.vat,
        "total_incl_vat": totals.incl,
    }


def einvoice_statuses(case: Values) -> Values:
    """What the norm says of a status of an e-invoice, and the dispute that a reason code means."""
    if reason := case.get("reason"):
        return {"dispute_type": einvoices.DISPUTE_TYPE[reason]}
    return asdict(einvoices.marks_of(einvoices.EInvoiceStatus(case["status"])))


def average_days_late(case: Values) -> Values:
    """Mean delay of paid invoices, weighted by amount: early ones as 0, and signed."""
    paid = [
        receipts.Paid(Decimal(row["amount"]), date.fromisoformat(row["due"]), date.fromisoformat(row["paid"]))
        for row in case["paid_invoices"]
    ]
    return {
        "weighted_days_late_floor0": receipts.mean_delay(paid, signed=False),
        "weighted_days_signed": receipts.mean_delay(paid),
    }


def cash_forecast(case: Values) -> Values:
    """Expected days of open items, and their sums by week."""
    on, delays = date.fromisoformat(case["as_of"]), case["average_delay_days"]
    found, amounts = [], []
    for item in case["items"]:
        facts = receipts.Facts(
            due_date=date.fromisoformat(item["due_date"]),
            promised=_day(item.get("promised_date")),
            is_disputed=item.get("status") == "DISPUTED",
            resolution=_day(item.get("dispute_expected_resolution")),
            delay=receipts.whole_days(Decimal(delays.get(item["customer"], delays["*"]))),
            is_insolvent=item.get("status") == "INSOLVENT",
        )
        found.append(receipts.expected_date(facts, on=on).day)
        amounts.append(Decimal(item["open_amount"]))
    weeks = receipts.by_week(zip(found, amounts, strict=True), on=on, weeks=case["weeks"])
    return {"expected_dates": found, **weeks._asdict()}


def promises(case: Values) -> Values:
    """What became of promises to pay, and the shares of those kept."""
    rows = [(Decimal(row["amount"]), row) for row in case["promises"]]
    statuses = [
        dunning.judge(
            amount,
            date.fromisoformat(row["promised_date"]),
            [
                dunning.Receipt(date.fromisoformat(money["date"]), Decimal(money["amount"]))
                for money in row["receipts"]
            ],
            on=date.fromisoformat(case["as_of"]),
            tolerance=case["tolerance_business_days"],
            kept_from=Decimal(case["kept_threshold_pct"]),
        )
        for amount, row in rows
    ]
    rates = dunning.kept_rates(list(zip(statuses, (amount for amount, _row in rows), strict=True)))
    return {
        "statuses": statuses,
        "kept_rate_count_pct": rates.by_count,
        "kept_rate_amount_pct": rates.by_amount,
    }


def disputes(case: Values) -> Values:
    """Dispute rates of a period, and how long those that ended took."""
    cases = [
        indicators.Case(
            Decimal(row["amount"]), date.fromisoformat(row["opened"]), _day(row["closed"]), row["agreed_days"]
        )
        for row in case["disputes_opened_in_period"]
    ]
    rates = indicators.dispute_rates(
        cases, invoiced=Decimal(case["invoiced_incl_vat_in_period"]), invoices=case["invoices_in_period"]
    )
    ended = indicators.resolution(cases)
    return {
        "dispute_rate_amount_pct": rates.by_amount,
        "dispute_rate_count_pct": rates.by_count,
        "average_resolution_days": ended.days,
        "resolved_within_agreed_pct": ended.within,
    }


def cfonb120(case: Values) -> Values:
    """One bank statement, its balances and its movements with their details."""
    _format, (statement,) = bank.read_statements(case["text"].encode("latin-1"), "cfonb120")
    return {
        "bank": statement.account.bank,
        "branch": statement.account.branch,
        "account": statement.account.number,
        "currency": statement.currency,
        "opening_balance": statement.opening_balance,
        "closing_balance": statement.closing_balance,
        "operations": [
            {
                "date": movement.booked_on,
                "amount": movement.amount,
                "label": movement.label,
                "interbank_code": movement.operation_code,
                "details": [list(detail) for detail in movement.details],
            }
            for movement in statement.movements
        ],
    }


def hold_alternative(case: Values) -> Values:
    """The exposure of an order day by day under one measure."""
    order, written = case["order"], case["alternative"]
    situation = projection.Situation(
        on=date.fromisoformat(case["as_of"]),
        net=Decimal(case["net_exposure"]),
        order=Decimal(order["amount"]),
        paid_on=_day(order["expected_payment_date"]),
        base=Decimal(case["limit"]),
        receipts=tuple(
            projection.Receipt(row["ref"], Decimal(row["amount"]), _day(row["expected_date"]))
            for row in case["expected_receipts"]
        ),
        horizon=case["horizon_days"],
    )
    measures = [] if written["kind"] == "NONE" else [_measure(written)]
    found = projection.project(situation, measures)
    return {
        "over_limit_at_start": found.over_limit_at_start,
        "peak_exposure": found.peak_exposure,
        "within_limit_from": found.within_limit_from,
        "days_to_within_limit": found.days_to_within_limit,
        "within_base_limit_from": found.within_base_limit_from,
    }


def release_success(case: Values) -> Values:
    """Released orders paid in time, of those that can be measured."""
    found = outcomes.hit_rate(
        outcomes.outcome(
            date.fromisoformat(order["last_due_date"]),
            _day(order["fully_paid_on"]),
            on=date.fromisoformat(case["as_of"]),
            grace=case["grace_days"],
        )
        for order in case["released_orders"]
    )
    return {
        "measurable": found.measurable,
        "successes": found.successes,
        "success_rate_pct": found.rate,
    }


def unpaid_cost(case: Values) -> Values:
    """Sales that make up for an unpaid invoice."""
    return {
        "extra_sales_excl_vat": stake_policy.extra_sales(
            Decimal(case["unpaid_excl_vat"]), Decimal(case["margin_rate_pct"])
        )
    }


def scorecard(case: Values) -> Values:
    """Score, class and known weight from sub-scores, of which some are not known."""
    found = scorecards.total(
        {block: None if case[block] is None else Decimal(case[block]) for block in Block}
    )
    return {"score": found.score, "class": found.risk_class, "weight_known_pct": found.known}


def _measure(written: Values) -> projection.Measure:
    kind = projection.AlternativeKind
    day = date.fromisoformat
    match kind(written["kind"]):
        case kind.DEPOSIT:
            return projection.Deposit(Decimal(written["amount"]), day(written["date"]))
        case kind.EARLY_PAYMENT:
            return projection.EarlyPayment(tuple(written["refs"]), day(written["date"]))
        case kind.OVERDUE_SCHEDULE:
            parts = [
                projection.Instalment(day(part["date"]), Decimal(part["amount"]))
                for part in written["instalments"]
            ]
            return projection.OverdueSchedule(tuple(written["refs"]), tuple(parts))
        case kind.SHORTER_TERM:
            return projection.ShorterTerm(day(written["expected_payment_date"]))
        case kind.TEMPORARY_LIMIT:
            return projection.TemporaryRaise(Decimal(written["amount"]), day(written["until"]))


ADAPTERS: Final[dict[str, Adapter]] = {
    "due_dates": due_dates,
    "siren": siren,
    "aged_balance": aged_balance,
    "exposure": exposure,
    "instalments": instalments,
    "vat_totals": vat_totals,
    "cfonb120": cfonb120,
    "einvoice_statuses": einvoice_statuses,
    "average_days_late": average_days_late,
    "cash_forecast": cash_forecast,
    "hold_alternative": hold_alternative,
    "release_success": release_success,
    "unpaid_cost": unpaid_cost,
    "promises": promises,
    "disputes": disputes,
    "scorecard": scorecard,
    "late_interest": adapters_interest.late_interest,
    "cash_discount": adapters_interest.cash_discount,
    "discount_annual_rate": adapters_interest.discount_annual_rate,
}
