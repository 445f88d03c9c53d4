"""Readings behind late-payment interest: the table of rates, and what invoices have run up by a day.

Decisions of reading (ADR of late interest): movements count from the effective day of their match; a credit note of
the invoice itself lowers it from the start unless it is a goodwill gesture; the due date is the one in force on the
day of the question; interest claimed already is left out by its days. What is disputed is reckoned and shown, and not
claimed until the dispute has ended.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any, Final

from django.db import connection
from django.utils import translation
from django.utils.translation import gettext as _

from credit.legal_policy import is_frozen, judgement_sql
from o2c.shared import formats
from o2c.shared.money import ZERO

from .interest_policy import (
    DayBasis,
    Debt,
    HalfYear,
    Interest,
    InterestTerms,
    Kind,
    Movement,
    PaidFirst,
    RateMissing,
    RateTable,
    Regime,
    is_retroactive,
    late_interest,
    rate_on,
)
from .models import LegalRate

# One row per invoice, whatever it holds: its instalments with their movements, what is claimed and waived, the terms.
_READING: Final = f"""
    SELECT v.id, v.number, v.account_id, v.currency, v.issue_date,
        (SELECT jsonb_agg(jsonb_build_array(
                    i.instalment, i.amount::text, COALESCE(d.due_date, i.due_date), m.moves
                ) ORDER BY i.instalment)
         FROM invoicing_receivableitem i
         LEFT JOIN LATERAL (
             SELECT old_due_date AS due_date FROM invoicing_duedatechange
             WHERE item_id = i.id AND effective_from > %(on)s ORDER BY effective_from, id LIMIT 1
         ) d ON TRUE
         CROSS JOIN LATERAL (
             SELECT jsonb_agg(jsonb_build_array(a.effective_date, a.amount::text,
                        CASE WHEN c.kind <> 'CREDIT_NOTE' THEN NULL
                             WHEN n.corrects_id IS DISTINCT FROM v.id THEN 'GOODWILL'
                             ELSE COALESCE(r.reason_code, '') END)) AS moves
             FROM invoicing_allocation a
             JOIN invoicing_receivableitem c ON c.id = a.credit_id
             LEFT JOIN invoicing_invoice n ON n.id = c.invoice_id
             LEFT JOIN invoicing_creditnoterequest r ON r.credit_note_id = c.invoice_id
             WHERE a.debit_id = i.id AND a.effective_date <= %(on)s
         ) m
         WHERE i.invoice_id = v.id AND i.amount > 0 AND i.effective_date <= %(on)s),
        (SELECT jsonb_build_array(MAX(until), SUM(interest)::text, SUM(fee)::text)
         FROM invoicing_penaltyclaim WHERE invoice_id = v.id AND undone_by_id IS NULL),
        (SELECT jsonb_build_array(bool_or(interest), bool_or(fee))
         FROM invoicing_penaltywaiver WHERE invoice_id = v.id AND lifted_at IS NULL),
        (SELECT jsonb_build_array(t.regime, t.contract_rate::text, t.day_basis)
         FROM invoicing_agreedterms t
         WHERE t.company_id = v.company_id AND (t.account_id = v.account_id OR t.account_id IS NULL)
           AND t.valid_from <= v.issue_date
         ORDER BY t.account_id IS NULL, t.valid_from DESC, t.id DESC LIMIT 1),
        {judgement_sql("v.account_id")},
        (SELECT COALESCE(SUM(x.amount), 0) FROM invoicing_disputedamount x
         JOIN invoicing_receivableitem i ON i.id = x.item_id
         WHERE i.invoice_id = v.id AND i.open_amount > 0
           AND x.effective_from <= %(on)s AND (x.effective_to IS NULL OR x.effective_to > %(on)s))
    FROM invoicing_invoice v
    WHERE v.id = ANY(%(invoices)s) AND v.kind <> 'CREDIT_NOTE' AND v.issue_date <= %(on)s
"""


@dataclass(frozen=True)
class InvoiceInterest:
    """What one invoice has run up by a day, what of it is claimed or waived, and what may be claimed still.

    :ivar whole: everything since the due date; None where a rate is missing
    :ivar left: the days after those claimed, with the indemnity unless it is claimed
    :ivar missing: the half-year whose rates nobody has entered
    """

    invoice_id: int
    number: str
    account_id: int
    currency: str
    as_of: date
    terms: InterestTerms
    whole: Interest | None
    left: Interest | None
    missing: HalfYear | None = None
    claimed_until: date | None = None
    claimed_interest: Decimal = ZERO
    claimed_fee: Decimal = ZERO
    waives_interest: bool = False
    waives_fee: bool = False
    disputed: Decimal = ZERO

    @property
    def claimable_interest(self) -> Decimal:
        """What a note may claim now, in the invoice's currency."""
        if self.left is None or self.waives_interest or self.disputed:
            return ZERO
        return self.left.interest

    @property
    def claimable_fee(self) -> Decimal:
        """40 € or nothing."""
        if self.whole is None or self.waives_fee or self.claimed_fee or self.disputed:
            return ZERO
        return self.whole.fee

    @property
    def is_claimable(self) -> bool:
        """Whether a note may claim something of it."""
        return bool(self.claimable_interest or self.claimable_fee)


def rate_table() -> RateTable:
    """The legal rates in force, by half-year."""
    return {row.half_year: row.rates for row in LegalRate.objects.filter(replaced_by=None)}


def interest_of(
    invoices: Iterable[int],
    as_of: date,
    *,
    rates: RateTable | None = None,
    paid_first: PaidFirst = PaidFirst.PRINCIPAL,
) -> dict[int, InvoiceInterest]:
    """Return what invoices have run up by the end of a day, by key, in one statement and one look at the rates.

    Credit notes and documents issued later are left out. A missing rate stops nothing: the row says which it is.

    :param paid_first: the ledger puts money on the principal; a legal statement may put it on the interest first
    """
    keys = sorted(set(invoices))
    if not keys:
        return {}
    table = rate_table() if rates is None else rates
    with connection.cursor() as cursor:
        cursor.execute(_READING, {"invoices": keys, "on": as_of})
        return {row[0]: _reading(row, as_of, table, paid_first) for row in cursor.fetchall()}


def terms_for(row: Any, judgement: date | None) -> InterestTerms:
    """The terms of a row ``[regime, contract rate, day basis]``; the law's own where there is none."""
    found = _json(row)
    if not found:
        return InterestTerms(judgement=judgement)
    regime, rate, basis = found
    return InterestTerms(
        Regime(regime), None if rate is None else Decimal(rate), DayBasis(basis), judgement=judgement
    )


def penalty_rate_text(
    *, issued: date, language: str, terms: InterestTerms | None = None, rates: RateTable | None = None
) -> str:
    """Return the sentence an invoice prints about its penalty rate: that of the half-year of issue (domain.md 3.2).

    Without that rate it says "at the legal rate applicable" and no figure (design 3.21).

    :param terms: the client's, the law's own when left out
    """
    terms = terms or InterestTerms()
    with translation.override(language):
        if terms.regime == Regime.CONSUMER:
            return _("After a formal notice, interest is owed at the legal interest rate.")
        try:
            rate = rate_on(issued, terms, rate_table() if rates is None else rates)
        except RateMissing:
            return _("Late-payment interest is owed without reminder at the legal rate applicable.")
        assert rate is not None
        facts = {"rate": formats.percent(rate / 100, language, decimals=2)}
        if terms.regime == Regime.CONTRACT:
            return _("Late-payment interest is owed without reminder at %(rate)s a year.") % facts
        points = 8 if terms.regime == Regime.PUBLIC8 else 10
        return _(
            "Late-payment interest is owed without reminder at %(rate)s a year (rate of the European Central Bank"
            " plus %(points)s points)."
        ) % (facts | {"points": points})


def terms_of(company_id: int, account_id: int, issued: date) -> InterestTerms:
    """The terms that count for an invoice of a client issued on a day."""
    return terms_of_many(company_id, [(account_id, issued)])[account_id, issued]


def terms_of_many(
    company_id: int, wanted: Iterable[tuple[int, date]]
) -> dict[tuple[int, date], InterestTerms]:
    """The same of several, by client and day of issue, in one statement."""
    pairs = sorted(set(wanted))
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            SELECT w.account, w.issued,
                   (SELECT jsonb_build_array(regime, contract_rate::text, day_basis) FROM invoicing_agreedterms
                    WHERE company_id = %(company)s AND (account_id = w.account OR account_id IS NULL)
                      AND valid_from <= w.issued
                    ORDER BY account_id IS NULL, valid_from DESC, id DESC LIMIT 1),
                   {judgement_sql("w.account")}
            FROM unnest(%(accounts)s::bigint[], %(days)s::date[]) AS w (account, issued)
            """,
            {
                "company": company_id,
                "accounts": [account for account, _issued in pairs],
                "days": [issued for _account, issued in pairs],
            },
        )
        return {
            (account, issued): terms_for(row, judgement if is_frozen(issued, judgement) else None)
            for account, issued, row, judgement in cursor.fetchall()
        }


def _reading(row: tuple[Any, ...], as_of: date, rates: RateTable, paid_first: PaidFirst) -> InvoiceInterest:
    key, number, account, currency, issued, items, claims, waivers, agreed, judgement, disputed = row
    # What is owed since the judgement bears interest as usual (domain.md 5.3).
    terms = terms_for(agreed, judgement if is_frozen(issued, judgement) else None)
    terms = replace(terms, paid_first=paid_first)
    debts = [_debt(*item) for item in _json(items) or ()]
    until, interest, fee = _json(claims)
    waives_interest, waives_fee = _json(waivers)
    claimed_until = date.fromisoformat(until) if until else None
    whole: Interest | None = None
    left: Interest | None = None
    missing: HalfYear | None = None
    try:
        whole = late_interest(debts, as_of=as_of, terms=terms, rates=rates)
        left = late_interest(debts, as_of=as_of, terms=terms, rates=rates, after=claimed_until)
    except RateMissing as missed:
        whole = left = None
        missing = missed.half_year
    return InvoiceInterest(
        key, number, account, currency, as_of, terms, whole, left, missing, claimed_until,
        Decimal(interest or 0), Decimal(fee or 0), bool(waives_interest), bool(waives_fee), disputed,
    )  # fmt: skip


def _debt(instalment: int, amount: str, due: str, moves: list[tuple[str, str, str | None]] | None) -> Debt:
    return Debt(
        Decimal(amount),
        date.fromisoformat(due),
        tuple(
            Movement(date.fromisoformat(day), Decimal(moved), _kind(code)) for day, moved, code in moves or ()
        ),
        instalment,
    )


def _kind(code: str | None) -> Kind:
    """A payment, or a credit note by its reason."""
    if code is None:
        return Kind.PAYMENT
    return Kind.RETROACTIVE if is_retroactive(code) else Kind.DATED


def _json(value: Any) -> Any:
    return json.loads(value) if isinstance(value, str) else value


def totals_of(rows: Iterable[InvoiceInterest]) -> dict[str, Decimal]:
    """What may be claimed of readings, interest by currency."""
    sums: dict[str, Decimal] = {}
    for row in rows:
        if row.is_claimable:
            sums[row.currency] = sums.get(row.currency, ZERO) + row.claimable_interest
    return sums
