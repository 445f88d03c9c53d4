"""What must be declared to the credit insurer before its policy's delay runs out (domain.md 4.6)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from typing import Any, Final

from django.db import connection

from credit.alerts.facts import Event
from credit.legal_policy import JUDGEMENTS_SQL
from o2c.shared.calendar import business_day_on_or_before

# How long before the delay runs out somebody is told.
AHEAD_DAYS: Final = 10

# What the insurer was told of is declared, unless the file was taken back.
NOT_TOLD: Final = """NOT EXISTS (
            SELECT FROM invoicing_insuranceclaimitem q JOIN invoicing_insuranceclaim k ON k.id = q.claim_id
            WHERE q.item_id = i.id AND k.outcome <> 'WITHDRAWN'
        )"""

# Undisputed and open, of clients whose legal entity has a named cover: the delay is counted from the due date an item
# was issued with, whatever it was put off to since.
_DUE: Final = f"""
    WITH covered AS (
        SELECT a.id, p.insurer, p.declaration_days, c.currency
        FROM accounts_customeraccount a
        CROSS JOIN LATERAL (
            SELECT * FROM credit_buyercover c
            WHERE c.company_id = a.company_id AND c.entity_id = a.entity_id AND c.effective_on <= %(on)s
            ORDER BY c.effective_on DESC LIMIT 1
        ) c
        CROSS JOIN LATERAL (
            SELECT * FROM credit_insurancepolicy p
            WHERE p.company_id = a.company_id AND p.valid_from <= %(on)s ORDER BY p.valid_from DESC LIMIT 1
        ) p
        WHERE a.id = ANY(%(accounts)s) AND c.status IN ('ACTIVE', 'PARTIAL', 'REDUCED', 'CANCELLED', 'EXPIRED')
    ),
    unpaid AS (
        SELECT v.id AS account_id, v.insurer, i.currency, i.document, i.id,
               COALESCE(d.old_due_date, i.due_date) + v.declaration_days AS deadline,
               i.open_amount - COALESCE(x.amount, 0) AS amount
        FROM covered v
        JOIN invoicing_receivableitem i ON i.account_id = v.id AND i.amount > 0 AND i.open_amount > 0
        LEFT JOIN LATERAL (
            SELECT old_due_date FROM invoicing_duedatechange d
            WHERE d.item_id = i.id ORDER BY d.effective_from, d.id LIMIT 1
        ) d ON TRUE
        LEFT JOIN LATERAL (
            SELECT SUM(amount) AS amount FROM invoicing_disputedamount x
            WHERE x.item_id = i.id AND x.effective_from <= %(on)s
              AND (x.effective_to IS NULL OR x.effective_to > %(on)s)
        ) x ON TRUE
        WHERE i.effective_date <= %(on)s AND i.due_date < %(on)s AND {NOT_TOLD}
    )
    SELECT account_id, currency, insurer, SUM(amount), MIN(deadline),
           (array_agg(document ORDER BY deadline, id))[1]
    FROM unpaid
    WHERE amount > 0 AND deadline <= %(ahead)s AND deadline >= %(forgotten)s
    GROUP BY account_id, currency, insurer
    ORDER BY account_id, currency
"""
# What insured clients in proceedings owed before the judgement: declared some days after its publication, whatever is
# due.
_PROCEEDINGS: Final = f"""
    WITH covered AS (
        SELECT a.id, a.entity_id, p.insurer, p.insolvency_days
        FROM accounts_customeraccount a
        CROSS JOIN LATERAL (
            SELECT * FROM credit_buyercover c
            WHERE c.company_id = a.company_id AND c.entity_id = a.entity_id AND c.effective_on <= %(on)s
            ORDER BY c.effective_on DESC LIMIT 1
        ) c
        CROSS JOIN LATERAL (
            SELECT * FROM credit_insurancepolicy p
            WHERE p.company_id = a.company_id AND p.valid_from <= %(on)s ORDER BY p.valid_from DESC LIMIT 1
        ) p
        WHERE a.id = ANY(%(accounts)s) AND c.status IN ('ACTIVE', 'PARTIAL', 'REDUCED', 'CANCELLED', 'EXPIRED')
    )
    SELECT v.id, i.currency, v.insurer, SUM(i.open_amount), n.published_on + v.insolvency_days, j.judgement_on
    FROM covered v
    JOIN ({JUDGEMENTS_SQL}) j ON j.entity_id = v.entity_id
    CROSS JOIN LATERAL (
        SELECT published_on FROM credit_legalnotice n
        WHERE n.entity_id = v.entity_id AND n.judgement_on = j.judgement_on AND NOT n.was_mistake
        ORDER BY published_on LIMIT 1
    ) n
    JOIN invoicing_receivableitem i ON i.account_id = v.id AND i.open_amount > 0 AND i.issue_date < j.judgement_on
         AND {NOT_TOLD}
    WHERE n.published_on + v.insolvency_days >= %(forgotten)s
    GROUP BY v.id, i.currency, v.insurer, n.published_on, v.insolvency_days, j.judgement_on
    ORDER BY v.id, i.currency
"""


def declarations_due(*, account_ids: Sequence[int], since: date, on: date) -> Iterator[Event]:
    """Clients of whom something must be declared within ten days, or should have been of late; and at once those in
    insolvency proceedings that owe something of before the judgement.

    One event a client, currency and reason (``settings.ALERT_EVENTS``), due on the last working day of the delay.

    :param since: delays that ran out before are over
    """
    values: dict[str, Any] = {
        "accounts": list(account_ids),
        "on": on,
        "ahead": on + timedelta(days=AHEAD_DAYS),
        "forgotten": since,
    }
    with connection.cursor() as cursor:
        cursor.execute(_DUE, values)
        for account, currency, insurer, amount, deadline, document in cursor.fetchall():
            figures = {"insurer": insurer, "day": deadline, "document": document}
            until = max(on, business_day_on_or_before(deadline))
            yield Event(account, currency, amount, currency, figures, until)
        cursor.execute(_PROCEEDINGS, values)
        for account, currency, insurer, amount, deadline, judgement in cursor.fetchall():
            figures = {"insurer": insurer, "day": deadline, "judgement_on": judgement}
            until = max(on, business_day_on_or_before(deadline))
            yield Event(account, f"{judgement.isoformat()} {currency}", amount, currency, figures, until)
