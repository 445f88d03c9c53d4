"""Proof that what is disputed of the book is what open cases say (design 3.14): ``disputed = open dispute lines``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from django.db import connection

from accounts.models import Company
from invoicing.proofs import Difference

# Amounts whose case is about to be opened or ended are late, not wrong: their work waits.
_WAITS: Final = """
    NOT EXISTS (
        SELECT 1 FROM shared_work w
        WHERE w.kind IN ('react:disputes.services.adopt', 'react:disputes.services.amounts_ended')
          AND w.state IN ('queued', 'running') AND w.payload->'row_ids' @> to_jsonb(x.id)
    ) AND NOT EXISTS (
        SELECT 1 FROM shared_work w
        JOIN invoicing_einvoiceevent e ON e.id = (w.payload->>'event_id')::bigint
        WHERE w.kind = 'react:disputes.services.open_from_status' AND w.state IN ('queued', 'running')
          AND x.id = ANY(e.disputed)
    )
"""

# Each gives company, document, expected, found.
_PROOFS: Final[dict[str, str]] = {
    "disputed amount with its case": f"""
        SELECT i.company_id, i.document, x.amount, COALESCE(l.amount, 0)
        FROM invoicing_disputedamount x
        JOIN invoicing_receivableitem i ON i.id = x.item_id
        LEFT JOIN disputes_disputeline l ON l.contested_id = x.id AND l.closed_on IS NULL
        WHERE x.effective_to IS NULL AND l.id IS NULL AND {{mine}} AND {_WAITS}
    """,
    "open dispute line in force": f"""
        SELECT d.company_id, d.number, l.amount, x.amount
        FROM disputes_disputeline l
        JOIN disputes_dispute d ON d.id = l.dispute_id
        JOIN invoicing_receivableitem i ON i.id = l.item_id
        JOIN invoicing_disputedamount x ON x.id = l.contested_id
        WHERE l.closed_on IS NULL AND {{mine}}
          AND (x.amount <> l.amount OR x.item_id <> l.item_id OR x.effective_to IS NOT NULL AND {_WAITS})
    """,
    "lines of a dispute": """
        SELECT i.company_id, i.number, CASE WHEN i.closed_on IS NULL THEN i.amount ELSE 0 END, COALESCE(l.amount, 0)
        FROM disputes_dispute i
        LEFT JOIN (
            SELECT dispute_id, SUM(amount) AS amount FROM disputes_disputeline
            WHERE closed_on IS NULL GROUP BY dispute_id
        ) AS l ON l.dispute_id = i.id
        WHERE COALESCE(l.amount, 0) <> CASE WHEN i.closed_on IS NULL THEN i.amount ELSE 0 END AND {mine}
    """,
}


def differences(*, company: Company | None = None) -> Iterator[Difference]:
    """Yield every contested amount without its open case, and every open case without its amount."""
    codes = dict(Company.objects.values_list("pk", "code"))
    mine = "TRUE" if company is None else "i.company_id = %(company)s"
    for proof, sql in _PROOFS.items():
        with connection.cursor() as cursor:
            cursor.execute(sql.format(mine=mine), {"company": company.pk if company else None})
            for company_id, document, expected, found in cursor:
                yield Difference(proof, codes[company_id], document, str(expected), str(found))
