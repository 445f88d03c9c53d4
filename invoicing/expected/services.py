"""Finding out how late clients pay: every night, in one statement for each company."""

from __future__ import annotations

from datetime import date
from typing import Any, Final

from django.db import connection, transaction
from django.utils import timezone

from accounts.models import Company
from o2c.shared.calendar import add_months, paris_date

MONTHS: Final = 12

# An invoice counts once it is settled and money settled it, on the day of the last money. What is written is only what
# differs, so that a night without news writes nothing.
_HABITS: Final = """
    WITH paid AS (
        SELECT i.account_id, i.amount, MAX(a.effective_date) - i.due_date AS days
        FROM invoicing_allocation a
        JOIN invoicing_receivableitem i ON i.id = a.debit_id
        JOIN invoicing_receivableitem c ON c.id = a.credit_id AND c.kind = 'PAYMENT'
        WHERE i.company_id = %(company)s AND i.kind = 'INVOICE' AND i.open_amount = 0 AND i.amount > 0
          AND a.effective_date > %(since)s AND a.effective_date <= %(on)s
          AND a.reversal_of_id IS NULL AND NOT EXISTS (SELECT FROM invoicing_allocation r WHERE r.reversal_of_id = a.id)
        GROUP BY i.id
    ),
    found AS (
        SELECT CASE WHEN GROUPING(p.account_id) = 0 THEN p.account_id END AS account_id,
               CASE WHEN GROUPING(c.risk_class) = 0 THEN c.risk_class ELSE '' END AS risk_class,
               COUNT(*) AS payments, SUM(p.amount) AS amount, ROUND(SUM(p.amount * p.days) / SUM(p.amount), 2) AS delay
        FROM paid p JOIN accounts_customeraccount c ON c.id = p.account_id
        GROUP BY GROUPING SETS ((p.account_id), (c.risk_class), ())
        HAVING COUNT(*) > 0
    ),
    gone AS (
        DELETE FROM invoicing_paymenthabit h
        WHERE h.company_id = %(company)s AND NOT EXISTS (
            SELECT FROM found f
            WHERE f.account_id IS NOT DISTINCT FROM h.account_id AND f.risk_class = h.risk_class)
    )
    INSERT INTO invoicing_paymenthabit AS h (company_id, account_id, risk_class, payments, amount, delay, computed_on)
    SELECT %(company)s, account_id, risk_class, payments, amount, delay, %(on)s FROM found
    ON CONFLICT (company_id, account_id, risk_class) DO UPDATE
        SET payments = EXCLUDED.payments, amount = EXCLUDED.amount, delay = EXCLUDED.delay,
            computed_on = EXCLUDED.computed_on
        WHERE (h.payments, h.amount, h.delay) IS DISTINCT FROM (EXCLUDED.payments, EXCLUDED.amount, EXCLUDED.delay)
"""


def refresh_habits(company: Company, *, on: date) -> int:
    """Compute the mean delays of a company's clients, classes and its whole book anew; how many rows changed."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_HABITS, {"company": company.pk, "on": on, "since": add_months(on, -MONTHS)})
        return int(cursor.rowcount)


def refresh(*, work: Any = None) -> dict[str, int]:
    """Work handler of the clock: the habits of every company."""
    del work
    today = paris_date(timezone.now())
    changed = {company.code: refresh_habits(company, on=today) for company in Company.objects.order_by("pk")}
    return {"changed": sum(changed.values())}
