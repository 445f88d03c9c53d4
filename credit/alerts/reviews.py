"""What reviews of limits are judged from, for many clients at once: one statement, and the promises not kept."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Final

from django.conf import settings
from django.db import connection
from django.utils.module_loading import import_string

from ..keys import Keys
from .policy import NEW_FOR_DAYS, Alert
from .review_policy import GROWTH_MONTHS, Card, ReviewFacts, reviews_of

# The base limits in force of each client and of its legal entity. A limit of the entity is planned once, for its
# first client; what happens to a client is looked at for each.
_FACTS: Final = """
    WITH clients AS (
        SELECT a.id, a.company_id, a.entity_id, p.review_months,
               a.id = (SELECT MIN(o.id) FROM accounts_customeraccount o
                       WHERE o.entity_id = a.entity_id AND o.company_id = a.company_id) AS is_first
        FROM accounts_customeraccount a
        CROSS JOIN LATERAL (
            SELECT r.review_months FROM credit_riskpolicy r
            WHERE r.risk_class = a.risk_class AND (r.company_id = a.company_id OR r.company_id IS NULL)
            ORDER BY r.company_id NULLS LAST LIMIT 1
        ) p
        WHERE a.id = ANY(%(accounts)s)
    ),
    limits AS (
        SELECT k.id, k.review_months, TRUE AS is_planned, l.decided_at, l.next_review_on, l.valid_until
        FROM clients k JOIN credit_creditlimit l ON l.account_id = k.id
        WHERE l.valid_from <= %(today)s AND (l.closed_on IS NULL OR l.closed_on > %(today)s)
        UNION ALL
        SELECT k.id, k.review_months, k.is_first, l.decided_at, l.next_review_on, l.valid_until
        FROM clients k JOIN credit_creditlimit l ON l.entity_id = k.entity_id
        WHERE l.valid_from <= %(today)s AND (l.closed_on IS NULL OR l.closed_on > %(today)s)
    ),
    decided AS (
        SELECT id, MAX(decided_at) AS decided_at, (MAX(decided_at) AT TIME ZONE 'Europe/Paris')::date AS decided_on,
               MIN(LEAST(
                   valid_until, next_review_on,
                   ((decided_at AT TIME ZONE 'Europe/Paris')::date + make_interval(months => review_months))::date
               )) FILTER (WHERE is_planned) AS review_on
        FROM limits GROUP BY id
    )
    SELECT d.id, d.decided_on, d.review_on, s.overdue, s.oldest_due, s.net_exposure, b.net_exposure,
           c.id, c.score, c.risk_class, f.score, f.risk_class, o.decided_on
    FROM decided d
    JOIN credit_creditstanding s ON s.level = 3 AND s.target_id = d.id
    LEFT JOIN LATERAL (
        SELECT x.net_exposure FROM credit_exposuresnapshot x
        WHERE x.level = 3 AND x.target_id = d.id
          AND x.day <= GREATEST(d.decided_on, (%(today)s::date - make_interval(months => %(months)s))::date)
        ORDER BY x.day DESC LIMIT 1
    ) b ON TRUE
    LEFT JOIN LATERAL (
        SELECT x.id, x.score, x.risk_class, x.follows_id FROM credit_scorecard x
        WHERE x.account_id = d.id AND x.asks_review AND x.computed_at > d.decided_at
        ORDER BY x.id DESC LIMIT 1
    ) c ON TRUE
    LEFT JOIN credit_scorecard f ON f.id = c.follows_id
    LEFT JOIN LATERAL (
        SELECT (x.decided_at AT TIME ZONE 'Europe/Paris')::date AS decided_on FROM credit_classoverride x
        WHERE x.account_id = d.id AND x.status = 'approved' AND x.cause = 'insolvency' AND x.decided_at > d.decided_at
        ORDER BY x.id DESC LIMIT 1
    ) o ON TRUE
    ORDER BY d.id
"""


def reviews_found(account_ids: Sequence[int], on: date) -> dict[int, list[Alert]]:
    """Why the base limit of each of some clients must be looked at again on a day; others are left out.

    Two statements for any number of clients. Clients without a limit in force have nothing to be looked at again.
    """
    broken = _broken(account_ids, on)
    with connection.cursor() as cursor:
        cursor.execute(_FACTS, {"accounts": list(account_ids), "today": on, "months": GROWTH_MONTHS})
        rows = cursor.fetchall()
    found: dict[int, list[Alert]] = {}
    for key, decided_on, review_on, overdue, oldest, net, before, card, *scores, insolvent_on in rows:
        facts = ReviewFacts(
            decided_on=decided_on,
            review_on=review_on,
            overdue=overdue,
            oldest_due=oldest,
            net=net,
            net_before=before,
            card=None if card is None else Card(card, *scores),
            broken=broken.get(key),
            insolvent_on=insolvent_on,
        )
        if alerts := reviews_of(facts, on):
            found[key] = alerts
    return found


def _broken(account_ids: Sequence[int], on: date) -> dict[int, tuple[int, date]]:
    tell = import_string(settings.SCORE_FACTS["broken"])
    since = on - timedelta(days=NEW_FOR_DAYS)
    return {key: (count, last) for key, count, last in tell(Keys.listed(account_ids), since=since, on=on)}
