"""Proofs of the book: every figure that is stored computed once more from the documents, in a few statements.

Each proof lists what does not agree, with the number of the document; a sound book lists nothing. Nothing is repaired.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any, Final, NamedTuple

from accounts.models import Company, CustomerAccount
from o2c.shared.whole_tables import rows_of_whole_tables

from .book import LEDGER_TOTALS, OF_COMPANY, OPEN_BOOK, scope_sql
from .factoring.exposure import FACTOR_ROWS
from .queries import EXPOSURE_ROWS


class Difference(NamedTuple):
    """Something that does not agree."""

    proof: str
    company: str
    document: str
    expected: str
    found: str

    def __str__(self) -> str:
        said = f"{self.company} {self.proof}: {self.document}".strip()
        return f"{said} should be {self.expected}, is {self.found}" if self.expected or self.found else said


# Name of the proof → rows (company, document, expected, found). {mine} limits a table to one company.
_PROOFS: Final[dict[str, str]] = {
    "open amount": """
        WITH moved AS (
            SELECT item_id, SUM(amount) AS amount
            FROM (
                SELECT debit_id AS item_id, amount FROM invoicing_allocation
                UNION ALL
                SELECT credit_id, -amount FROM invoicing_allocation
            ) AS sides
            GROUP BY item_id
        )
        SELECT i.company_id, i.document, i.amount - COALESCE(m.amount, 0), i.open_amount
        FROM invoicing_receivableitem i
        LEFT JOIN moved m ON m.item_id = i.id
        WHERE i.open_amount <> i.amount - COALESCE(m.amount, 0) AND {mine}
    """,
    "items of an invoice": """
        SELECT i.company_id, i.number, i.total_incl_vat, COALESCE(r.amount, 0)
        FROM invoicing_invoice i
        LEFT JOIN (
            SELECT invoice_id, SUM(amount) AS amount FROM invoicing_receivableitem GROUP BY invoice_id
        ) AS r ON r.invoice_id = i.id
        WHERE i.total_incl_vat IS DISTINCT FROM r.amount AND {mine}
    """,
    "lines of an invoice": """
        SELECT i.company_id, i.number, i.total_excl_vat, l.net
        FROM invoicing_invoice i
        JOIN (SELECT invoice_id, SUM(net) AS net FROM invoicing_invoiceline GROUP BY invoice_id) AS l
          ON l.invoice_id = i.id
        WHERE i.total_excl_vat IS DISTINCT FROM l.net AND {mine}
    """,
    "item of a payment": """
        SELECT i.company_id, i.external_id, CASE WHEN i.account_id IS NULL THEN 0 ELSE -i.amount END,
               COALESCE(r.amount, 0)
        FROM invoicing_payment i
        LEFT JOIN (
            SELECT payment_id, SUM(amount) AS amount FROM invoicing_receivableitem
            WHERE kind = 'PAYMENT' GROUP BY payment_id
        ) AS r ON r.payment_id = i.id
        WHERE COALESCE(r.amount, 0) <> CASE WHEN i.account_id IS NULL THEN 0 ELSE -i.amount END AND {mine}
    """,
    "total of a kind": """
        SELECT COALESCE(i.company_id, r.company_id),
               COALESCE(i.kind, r.kind) || ' ' || COALESCE(i.currency, r.currency),
               COALESCE(i.amount, 0), COALESCE(r.amount, 0)
        FROM (
            SELECT company_id, kind, currency, SUM(total_incl_vat) AS amount FROM invoicing_invoice GROUP BY 1, 2, 3
            UNION ALL
            SELECT company_id, 'PAYMENT', currency, -SUM(amount) FROM invoicing_payment
            WHERE account_id IS NOT NULL GROUP BY 1, 3
        ) AS i
        FULL JOIN (
            SELECT company_id, kind, currency, SUM(amount) AS amount FROM invoicing_receivableitem
            WHERE kind IN ('INVOICE', 'CREDIT_NOTE', 'DEPOSIT_INVOICE', 'PAYMENT') GROUP BY 1, 2, 3
        ) AS r ON r.company_id = i.company_id AND r.kind = i.kind AND r.currency = i.currency
        WHERE COALESCE(i.amount, 0) <> COALESCE(r.amount, 0) AND {mine}
    """,
    "account of an item": """
        SELECT i.company_id, i.document, COALESCE(v.account_id, p.account_id), i.account_id
        FROM invoicing_receivableitem i
        LEFT JOIN invoicing_invoice v ON v.id = i.invoice_id
        LEFT JOIN invoicing_payment p ON p.id = i.payment_id
        WHERE i.account_id <> COALESCE(v.account_id, p.account_id, i.account_id) AND {mine}
    """,
    "account of a disputed amount": """
        SELECT i.company_id, i.document, i.account_id, x.account_id
        FROM invoicing_disputedamount x
        JOIN invoicing_receivableitem i ON i.id = x.item_id
        WHERE i.account_id <> x.account_id AND {mine}
    """,
    "day of a match": """
        SELECT i.company_id, c.document || ' → ' || i.document, GREATEST(i.effective_date, c.effective_date),
               a.effective_date
        FROM invoicing_allocation a
        JOIN invoicing_receivableitem i ON i.id = a.debit_id
        JOIN invoicing_receivableitem c ON c.id = a.credit_id
        WHERE a.effective_date < GREATEST(i.effective_date, c.effective_date) AND {mine}
    """,
    # Only what was un-matched can have been matched twice for the same day.
    "open amount of a past day": """
        WITH reopened AS (
            SELECT debit_id AS item_id FROM invoicing_allocation WHERE reversal_of_id IS NOT NULL
            UNION
            SELECT credit_id FROM invoicing_allocation WHERE reversal_of_id IS NOT NULL
        ), moved AS (
            SELECT s.item_id, s.effective_date, SUM(s.amount) AS amount
            FROM reopened
            CROSS JOIN LATERAL (
                SELECT debit_id AS item_id, effective_date, amount FROM invoicing_allocation
                WHERE debit_id = reopened.item_id
                UNION ALL
                SELECT credit_id, effective_date, amount FROM invoicing_allocation
                WHERE credit_id = reopened.item_id
            ) AS s
            GROUP BY s.item_id, s.effective_date
        ), matched AS (
            SELECT item_id, effective_date,
                   SUM(amount) OVER (PARTITION BY item_id ORDER BY effective_date) AS amount
            FROM moved
        )
        SELECT i.company_id, i.document || ' ' || m.effective_date, i.amount, m.amount
        FROM matched m
        JOIN invoicing_receivableitem i ON i.id = m.item_id
        WHERE (m.amount < 0 OR m.amount > ABS(i.amount)) AND {mine}
    """,
    "returned payment": """
        SELECT i.company_id, p.external_id, 0, i.open_amount
        FROM invoicing_paymentreturn r
        JOIN invoicing_payment p ON p.id = r.payment_id
        JOIN invoicing_receivableitem i ON i.payment_id = p.id AND i.kind = 'PAYMENT'
        WHERE r.undone_at IS NULL AND i.open_amount <> 0 AND {mine}
    """,
    "match dated ahead": """
        SELECT i.company_id, i.document, a.effective_date > (a.recorded_at AT TIME ZONE 'Europe/Paris')::date,
               a.dated_ahead
        FROM invoicing_allocation a
        JOIN invoicing_receivableitem i ON i.id = a.debit_id
        WHERE a.dated_ahead IS DISTINCT FROM (a.effective_date > (a.recorded_at AT TIME ZONE 'Europe/Paris')::date)
          AND {mine}
    """,
    "reversal": """
        SELECT i.company_id, i.document, -a.amount, r.amount
        FROM invoicing_allocation r
        JOIN invoicing_allocation a ON a.id = r.reversal_of_id
        JOIN invoicing_receivableitem i ON i.id = a.debit_id
        WHERE (r.amount, r.debit_id, r.credit_id) IS DISTINCT FROM (-a.amount, a.debit_id, a.credit_id) AND {mine}
    """,
    "due date": """
        SELECT i.company_id, i.document, c.new_due_date, i.due_date
        FROM (
            SELECT DISTINCT ON (item_id) item_id, new_due_date FROM invoicing_duedatechange
            ORDER BY item_id, effective_from DESC, id DESC
        ) AS c
        JOIN invoicing_receivableitem i ON i.id = c.item_id
        WHERE i.due_date <> c.new_due_date AND {mine}
    """,
    "disputed amount": """
        SELECT i.company_id, i.document, i.amount, x.amount
        FROM invoicing_receivableitem i
        JOIN (
            SELECT item_id, SUM(amount) AS amount FROM invoicing_disputedamount
            WHERE effective_to IS NULL GROUP BY item_id
        ) AS x ON x.item_id = i.id
        WHERE x.amount > i.amount AND {mine}
    """,
    "items of an interest note": """
        SELECT i.company_id, i.number, i.interest + i.fee, COALESCE(n.amount, 0) + COALESCE(f.amount, 0)
        FROM invoicing_penaltynote i
        LEFT JOIN invoicing_receivableitem n ON n.id = i.interest_item_id
        LEFT JOIN invoicing_receivableitem f ON f.id = i.fee_item_id
        WHERE (i.interest <> COALESCE(n.amount, 0) OR i.fee <> COALESCE(f.amount, 0)) AND {mine}
    """,
    "lines of an interest note": """
        SELECT i.company_id, i.number, i.interest + i.fee, COALESCE(c.amount, 0)
        FROM invoicing_penaltynote i
        LEFT JOIN (
            SELECT note_id, SUM(interest + fee) AS amount FROM invoicing_penaltyclaim GROUP BY note_id
        ) AS c ON c.note_id = i.id
        WHERE i.cancels_id IS NULL AND i.interest + i.fee <> COALESCE(c.amount, 0) AND {mine}
    """,
    "item of a batch": """
        SELECT i.company_id, b.number, i.amount, s.amount
        FROM invoicing_assignment s
        JOIN invoicing_receivableitem i ON i.id = s.item_id
        JOIN invoicing_assignmentbatch b ON b.id = s.batch_id
        WHERE (s.amount > i.amount OR s.account_id <> i.account_id OR s.company_id <> i.company_id
               OR s.effective_from IS DISTINCT FROM b.received_on AND s.ended_on IS NULL) AND {mine}
    """,
    "items of a batch": """
        SELECT i.company_id, i.number, i.eligible, COALESCE(s.amount, 0)
        FROM invoicing_assignmentbatch i
        LEFT JOIN (SELECT batch_id, SUM(amount) AS amount FROM invoicing_assignment GROUP BY batch_id) AS s
          ON s.batch_id = i.id
        WHERE i.eligible <> COALESCE(s.amount, 0) AND {mine}
    """,
    "items of a claim file": """
        SELECT i.company_id, i.number, i.amount, COALESCE(s.amount, 0)
        FROM invoicing_insuranceclaim i
        LEFT JOIN (SELECT claim_id, SUM(amount) AS amount FROM invoicing_insuranceclaimitem GROUP BY claim_id) AS s
          ON s.claim_id = i.id
        WHERE i.amount <> COALESCE(s.amount, 0) AND {mine}
    """,
    "indemnities of a claim file": """
        SELECT i.company_id, i.number, i.indemnity, COALESCE(s.amount, 0)
        FROM invoicing_insuranceclaim i
        LEFT JOIN (SELECT claim_id, SUM(amount) AS amount FROM invoicing_insuranceclaimstep GROUP BY claim_id) AS s
          ON s.claim_id = i.id
        WHERE i.indemnity <> COALESCE(s.amount, 0) AND {mine}
    """,
    # Dates may overlap although only one is live: an earlier sale ends before the next begins.
    "item sold twice": """
        SELECT i.company_id, i.document, a.ended_on, b.effective_from
        FROM invoicing_assignment a
        JOIN invoicing_assignment b ON b.item_id = a.item_id AND b.id > a.id AND b.effective_from < a.ended_on
        JOIN invoicing_receivableitem i ON i.id = a.item_id
        WHERE {mine}
    """,
    "money passed on": """
        SELECT i.company_id, i.document, a.amount, r.amount
        FROM invoicing_factorremittance r
        JOIN invoicing_allocation a ON a.id = r.allocation_id
        JOIN invoicing_assignment s ON s.id = r.assignment_id
        JOIN invoicing_receivableitem i ON i.id = a.debit_id
        WHERE (r.amount > a.amount OR s.item_id <> a.debit_id) AND {mine}
    """,
    "numbers without gap": """
        SELECT i.company_id, i.prefix || i.fiscal_year, i.next_number - 1, COUNT(v.id)
        FROM invoicing_numberseries i
        LEFT JOIN (
            SELECT id, company_id, number FROM invoicing_invoice WHERE origin = 'issued'
            UNION ALL
            SELECT -id, company_id, number FROM invoicing_penaltynote
        ) AS v ON v.company_id = i.company_id AND v.number LIKE i.prefix || i.fiscal_year || '-%%'
        WHERE {mine}
        GROUP BY i.id
        HAVING COUNT(v.id) <> i.next_number - 1
    """,
}

# Open items of a day against documents, per company and currency: two ways to one total.
_LEDGER: Final = f"""
    WITH {OPEN_BOOK.format(aged_on="due_date", whose=OF_COMPANY)}
    SELECT COALESCE(o.currency, d.currency), COALESCE(d.amount, 0), COALESCE(o.amount, 0)
    FROM (SELECT currency, SUM(open) AS amount FROM book GROUP BY currency) AS o
    FULL JOIN ({LEDGER_TOTALS.format(whose=OF_COMPANY)}) AS d ON d.currency = o.currency
    WHERE COALESCE(o.amount, 0) <> COALESCE(d.amount, 0)
"""


# What the credit check counts of the book today against the book itself.
_EXPOSURE: Final = f"""
    WITH scope AS MATERIALIZED ({{scope}}), {OPEN_BOOK.format(aged_on="due_date", whose=OF_COMPANY)}
    SELECT COALESCE(o.currency, x.currency), COALESCE(o.amount, 0), COALESCE(x.amount, 0)
    FROM (SELECT currency, SUM(open) AS amount FROM book GROUP BY currency) AS o
    FULL JOIN (
        SELECT currency, SUM(amount) AS amount
        FROM ({f"{EXPOSURE_ROWS} UNION ALL {FACTOR_ROWS}".replace("= ANY(%(accounts)s)", "IN (SELECT id FROM scope)")})
             AS part_rows (account_id, part, currency, amount, due_date)
        WHERE part <> 'disputed'
        GROUP BY currency
    ) AS x ON x.currency = o.currency
    WHERE COALESCE(o.amount, 0) <> COALESCE(x.amount, 0)
"""


def differences(*, company: Company | None = None, today: date | None = None) -> Iterator[Difference]:
    """Yield everything in the book that does not agree with the documents behind it.

    :param company: its book only; every company's when left out
    :param today: also prove what the exposure counts of the book on this day
    """
    codes = dict(Company.objects.values_list("pk", "code"))
    mine = "TRUE" if company is None else "i.company_id = %(company)s"
    for proof, sql in _PROOFS.items():
        rows = rows_of_whole_tables(sql.format(mine=mine), {"company": company.pk if company else None})
        for company_id, document, expected, found in rows:
            yield Difference(proof, codes[company_id], document, str(expected), str(found))
    for each in Company.objects.all() if company is None else [company]:
        # Everything recorded counts, also what is dated ahead.
        yield from _totals(each, "total of the ledger", _LEDGER, {"on": date.max})
        if today is not None:
            yield from _totals(each, "live exposure", _EXPOSURE, {"on": today, "today": today})


def _totals(company: Company, proof: str, sql: str, params: dict[str, Any]) -> Iterator[Difference]:
    scope, scope_params = scope_sql(CustomerAccount.objects.filter(company=company))
    values = scope_params | params | {"company": company.pk}
    for currency, expected, found in rows_of_whole_tables(sql.format(scope=scope), values):
        yield Difference(proof, company.code, currency, str(expected), str(found))
