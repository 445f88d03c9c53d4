"""What somebody must look at of what is sold: the client contests it, or paid it to us (``settings.ALERT_EVENTS``)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Final

from django.db import connection

from credit.alerts.facts import Event

# Contested and sold: the factor gives it back, or asks for its money again.
_CONTESTED: Final = """
    SELECT s.account_id, s.id, SUM(x.amount), i.currency, i.document, a.factor
    FROM invoicing_assignment s
    JOIN invoicing_receivableitem i ON i.id = s.item_id AND i.open_amount > 0
    JOIN invoicing_assignmentbatch b ON b.id = s.batch_id
    JOIN credit_factoragreement a ON a.id = b.agreement_id
    JOIN invoicing_disputedamount x ON x.item_id = s.item_id AND x.effective_from <= %(on)s
         AND (x.effective_to IS NULL OR x.effective_to > %(on)s)
    WHERE s.account_id = ANY(%(accounts)s) AND s.ended_on IS NULL
    GROUP BY 1, 2, 4, 5, 6 ORDER BY 1, 2
"""
# Money matched with what was the factor's on that day, not from its own account and not passed on (the same rule as
# ``queries.to_pass_on``).
_RECEIVED: Final = """
    SELECT s.account_id, m.id, m.amount, i.currency, i.document, m.effective_date, a.factor
    FROM invoicing_assignment s
    JOIN invoicing_receivableitem i ON i.id = s.item_id
    JOIN invoicing_assignmentbatch b ON b.id = s.batch_id
    JOIN credit_factoragreement a ON a.id = b.agreement_id
    JOIN invoicing_allocation m ON m.debit_id = s.item_id AND m.reversal_of_id IS NULL
         AND m.effective_date >= s.effective_from AND (s.ended_on IS NULL OR m.effective_date < s.ended_on)
    JOIN invoicing_receivableitem c ON c.id = m.credit_id AND c.kind = 'PAYMENT'
    LEFT JOIN invoicing_payment p ON p.id = c.payment_id
    WHERE s.account_id = ANY(%(accounts)s) AND (a.iban = '' OR p.payer_iban IS DISTINCT FROM a.iban)
      AND NOT EXISTS (SELECT FROM invoicing_allocation r WHERE r.reversal_of_id = m.id)
      AND NOT EXISTS (SELECT FROM invoicing_factorremittance f WHERE f.allocation_id = m.id)
    ORDER BY 1, 2
"""


def disputed_sold(*, account_ids: Sequence[int], since: date, on: date) -> Iterator[Event]:
    """Documents that are sold and that the client contests."""
    del since
    with connection.cursor() as cursor:
        cursor.execute(_CONTESTED, {"accounts": list(account_ids), "on": on})
        for account, key, amount, currency, document, factor in cursor.fetchall():
            yield Event(account, str(key), amount, currency, {"document": document, "factor": factor})


def money_to_pass_on(*, account_ids: Sequence[int], since: date, on: date) -> Iterator[Event]:
    """Money that a client paid to us for what is the factor's."""
    del since, on
    with connection.cursor() as cursor:
        cursor.execute(_RECEIVED, {"accounts": list(account_ids)})
        for account, key, amount, currency, document, received, factor in cursor.fetchall():
            figures = {"document": document, "day": received, "factor": factor}
            yield Event(account, str(key), amount, currency, figures)
