"""What was released of late for a legal entity: orders split under a threshold are decided as one (domain.md 5.4)."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Final

from credit.exposure import all_rates_on
from o2c.shared.calendar import PARIS
from o2c.shared.money import ZERO, convert
from o2c.shared.prepared import Prepared

DAYS: Final = 30
# Of each release what its own order took beyond the limit, as its decision saw it; else the order. Releases of
# papers alone put no credit at stake.
_RELEASED: Final = Prepared(
    "orders_released_of_late",
    lambda: (
        """
    SELECT d.figures #>> '{check,currency}' AS currency, COUNT(*),
           SUM(CASE WHEN d.over_limit_by > 0 THEN LEAST(d.over_limit_by, (d.figures #>> '{check,amount}')::numeric)
                    ELSE (d.figures #>> '{check,amount}')::numeric END)
    FROM accounts_customeraccount me
    JOIN accounts_customeraccount a ON a.entity_id = me.entity_id
    JOIN credit_creditdecision d ON d.account_id = a.id AND d.decided_at >= %(since)s AND d.occasion = 'release'
    JOIN orders_release r ON r.decision_id = d.id AND r.voided_at IS NULL
    WHERE me.id = %(account)s AND r.order_id <> %(skip)s
      AND EXISTS (SELECT FROM jsonb_object_keys(r.covers) AS code WHERE code NOT IN ('EVIDENCE_MISSING', 'PO_MISMATCH'))
    GROUP BY 1
    """
    ),
    {"account": "bigint", "since": "timestamptz", "skip": "bigint"},
)


def released_of_late(
    *, account_id: int, currency: str, on: date, skip_order: int | None = None
) -> tuple[Decimal, int]:
    """Sum and number of the releases for all clients of a client's legal entity within thirty days before a day.

    :param currency: of the sum; what has no rate counts as it stands, so that it is not overlooked
    :param skip_order: left out, its own releases too
    """
    since = datetime.combine(on - timedelta(days=DAYS), time.min, PARIS)
    rows = _RELEASED.rows(account=account_id, since=since, skip=skip_order or 0)
    rates = all_rates_on(on) if any(row[0] != currency for row in rows) else {}
    total = ZERO
    for spoken, _count, amount in rows:
        known = spoken != currency and spoken in rates and currency in rates
        total += convert(amount, rates[spoken], rates[currency]) if known else amount
    return total, sum(row[1] for row in rows)
