"""What the insurer bears of each client on a day, for all clients in one statement (domain.md 4.1, G2 and 4.6).

The same rule as for one client (``credit.insurance_policy.cover_of``): one cover for all clients of a legal entity with
the company, each its part by what guarantees leave of its exposure. Of a past day: the cover and the terms in force on
it, by their dates, of the figures recorded then; whether a client's term is covered is asked of the term it has today.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any, Final

from accounts.models import Company, CustomerAccount
from accounts.policy import due_date
from credit.insurance_policy import COVERED
from credit.insurance_queries import policy_in_force
from invoicing.queries import STANDARD_VAT
from o2c.shared.calendar import add_months

_COVERED: Final = ", ".join(f"'{status.value}'" for status in sorted(COVERED))

# Parts of the ``WITH``, the last one ``insured`` (id, amount); after ``shown``, ``kin``, ``figures`` and ``shares``.
INSURED: Final = f"""
    borne_by AS MATERIALIZED (
        SELECT e.entity_id, c.status IS NULL AS is_blind, COALESCE(c.amount, %(blind_limit)s::numeric) AS amount,
               COALESCE(c.insured_pct, %(blind_pct)s::numeric) AS pct
        FROM (SELECT DISTINCT entity_id FROM shown) e
        LEFT JOIN (
            SELECT DISTINCT ON (entity_id) entity_id, status, amount, insured_pct, valid_until
            FROM credit_buyercover WHERE company_id = %(insuring)s AND effective_on <= %(today)s
            ORDER BY entity_id, effective_on DESC
        ) c ON c.entity_id = e.entity_id
        WHERE (c.status IN ({_COVERED}) AND (c.valid_until IS NULL OR c.valid_until >= %(today)s))
           OR (c.status IS NULL AND %(blind_limit)s::numeric IS NOT NULL)
    ),
    held AS (
        SELECT f.target_id AS id, f.net_exposure AS net, f.overdue,
               f.guarantees + COALESCE(h.amount, 0) AS guarantees
        FROM figures f
        LEFT JOIN (SELECT id, SUM(amount) AS amount FROM shares GROUP BY id) h ON h.id = f.target_id
    ),
    of_entity AS (
        SELECT b.entity_id, SUM(h.net) AS net, SUM(h.guarantees) AS guarantees
        FROM borne_by b
        JOIN kin k ON k.entity_id = b.entity_id
        JOIN accounts_customeraccount a ON a.id = k.id AND a.company_id = %(insuring)s
        JOIN held h ON h.id = k.id
        GROUP BY b.entity_id
    ),
    usual_vat AS (
        SELECT account_id, SUM(total_vat)::numeric(38, 20) * 100 / SUM(total_excl_vat) AS pct
        FROM invoicing_invoice
        WHERE NOT %(vat_insured)s AND kind = 'INVOICE' AND issue_date > %(year_before)s AND issue_date <= %(today)s
          AND total_excl_vat > 0
          AND account_id IN (SELECT s.id FROM shown s JOIN borne_by b ON b.entity_id = s.entity_id)
        GROUP BY account_id
    ),
    insurable AS (
        SELECT s.id, b.amount, b.pct, o.net, o.guarantees, h.net - h.guarantees AS own,
               CASE WHEN %(vat_insured)s THEN 1::numeric(38, 20)
                    ELSE 1 + COALESCE(v.pct, CASE WHEN a.country = 'FR' THEN {STANDARD_VAT} ELSE 0 END)::numeric(38, 20)
                             / 100 END AS divisor
        FROM shown s
        JOIN borne_by b ON b.entity_id = s.entity_id
        JOIN of_entity o ON o.entity_id = s.entity_id
        JOIN held h ON h.id = s.id
        JOIN accounts_customeraccount a ON a.id = s.id
        LEFT JOIN usual_vat v ON v.account_id = s.id
        WHERE h.net > h.guarantees AND o.net > o.guarantees AND NOT (b.is_blind AND h.overdue > 0)
          AND (%(terms_covered)s::text[] IS NULL OR a.term = ANY(%(terms_covered)s))
    ),
    insured AS (
        SELECT id, ROUND(
            ROUND(LEAST(GREATEST(net / divisor - guarantees / divisor, 0), amount) * pct / 100, 2)
            * own::numeric(38, 20) / (net - guarantees), 2
        ) AS amount
        FROM insurable
    )
"""


def cover_parameters(company: Company, *, on: date) -> dict[str, Any]:
    """What ``INSURED`` takes: the terms of the company's insurance on a day."""
    policy = policy_in_force(company, on=on)
    terms = None
    if policy is not None and policy.max_term_days is not None:
        known = CustomerAccount.objects.filter(company=company).order_by().values_list("term", flat=True)
        terms = _within(known.distinct(), policy.max_term_days, on)
    return {
        "insuring": company.pk,
        "blind_limit": policy.blind_limit if policy else None,
        "blind_pct": policy.blind_pct if policy else None,
        "vat_insured": policy.vat_insured if policy else False,
        "year_before": add_months(on, -12),
        "terms_covered": terms,
    }


def _within(terms: Iterable[str], most: int, on: date) -> list[str]:
    """The terms of payment that are no longer than the policy allows."""
    return [term for term in terms if (due_date(on, term, on) - on).days <= most]
