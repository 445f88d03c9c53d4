"""Who is to be reminded of what on a day, and what is left out and why: one statement for a whole book (domain.md 6.2).

The rules in words stand in ``dunning.policy``; tests hold both against each other.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from decimal import Decimal
from typing import Any, Final, NamedTuple

from django.db import connection, transaction

from accounts.models import Company
from credit.legal_policy import JUDGEMENTS_SQL
from dunning.enums import Exclusion
from dunning.step_policy import CAP_DAYS, ENTRY_AT_MOST
from o2c.shared.calendar import business_day_on_or_before
from o2c.shared.money import ZERO

from .arrived import Arrived

_NOTHING: Final = Arrived()

# Every item that is owed and late, or soon due, with the first reason not to remind of it; then what credits on the
# account cover, the oldest first. ``ref`` is the last business day: a step whose day falls on another one waits.
# ``bands``: the smallest amounts of a scenario's steps; between two of them every amount goes the same way.
_BASE: Final = """
    WITH scenario AS MATERIALIZED (
        SELECT c.*, s.bands, s.early_from
        FROM dunning_dunningscenario c
        LEFT JOIN (
            SELECT scenario_id, ARRAY_AGG(DISTINCT min_amount ORDER BY min_amount) AS bands,
                   MIN(min_amount) FILTER (WHERE day < 0) AS early_from
            FROM dunning_dunningstep GROUP BY scenario_id
        ) s ON s.scenario_id = c.id
        WHERE c.company_id = %(company)s AND c.is_active
    ),
    step AS MATERIALIZED (
        SELECT s.* FROM dunning_dunningstep s JOIN scenario c ON c.id = s.scenario_id
    ),
    stop AS (
        SELECT account_id, item_id FROM invoicing_dunningstop
        WHERE starts_on <= %(as_of)s AND until >= %(as_of)s AND (ended_on IS NULL OR ended_on > %(as_of)s)
    ),
    judgement AS MATERIALIZED ({judgements}),
    client AS MATERIALIZED (
        SELECT a.id, CASE WHEN a.language ILIKE 'fr%%' THEN 'fr' ELSE 'en' END AS language,
               COALESCE(own.id, class.id, common.id) AS scenario_id, j.judgement_on,
               EXISTS (
                   SELECT FROM credit_accountwatch w WHERE w.account_id = a.id AND w.lifted_at IS NULL
               ) AS is_watched,
               EXISTS (SELECT FROM stop s WHERE s.account_id = a.id AND s.item_id IS NULL) AS is_stopped
        FROM accounts_customeraccount a
        LEFT JOIN judgement j ON j.entity_id = a.entity_id
        LEFT JOIN scenario own ON own.account_id = a.id
        LEFT JOIN scenario class ON class.account_id IS NULL AND class.risk_class = a.risk_class
        LEFT JOIN scenario common ON common.account_id IS NULL AND common.risk_class = ''
        WHERE a.company_id = %(company)s {of_client}
    ),
    contested AS (
        SELECT item_id, SUM(amount) AS amount FROM invoicing_disputedamount
        WHERE effective_from <= %(as_of)s AND (effective_to IS NULL OR effective_to > %(as_of)s) {of_account}
        GROUP BY item_id
    ),
    credit AS (
        SELECT account_id, currency, -SUM(open_amount) - COALESCE(SUM(u.amount), 0) AS amount
        FROM invoicing_receivableitem i
        LEFT JOIN unnest(%(payments)s::bigint[], %(used)s::numeric[]) AS u (payment, amount) ON u.payment = i.payment_id
        WHERE company_id = %(company)s AND open_amount < 0 AND effective_date <= %(as_of)s {of_account}
        GROUP BY account_id, currency
    ),
    book AS MATERIALIZED (
        SELECT i.id AS item_id, i.account_id, i.currency, i.due_date, %(as_of)s - i.due_date AS late,
               i.open_amount - COALESCE(x.amount, 0) AS amount, i.open_amount,
               c.language, c.scenario_id, c.is_watched,
               CASE
                   WHEN i.issue_date < c.judgement_on THEN 'insolvency'
                   WHEN c.is_stopped OR EXISTS (SELECT FROM stop s WHERE s.item_id = i.id) THEN 'stopped'
                   WHEN EXISTS (
                       SELECT FROM invoicing_assignment f
                       WHERE f.item_id = i.id AND f.is_notified AND f.effective_from <= %(as_of)s
                         AND (f.ended_on IS NULL OR f.ended_on > %(as_of)s)
                   ) THEN 'factored'
                   WHEN x.amount >= i.open_amount THEN 'disputed'
                   WHEN EXISTS (SELECT FROM dunning_promiseitem p WHERE p.item_id = i.id AND p.is_open) THEN 'promised'
                   WHEN EXISTS (
                       SELECT FROM dunning_planitem q JOIN dunning_paymentplan w ON w.id = q.plan_id
                       WHERE q.item_id = i.id AND q.is_open AND w.status IN ('SIGNED', 'ACTIVE')
                   ) THEN 'payment_plan'
                   WHEN EXISTS (
                       SELECT FROM dunning_handoveritem h WHERE h.item_id = i.id AND h.is_open
                   ) THEN 'handed_over'
                   WHEN EXISTS (
                       SELECT FROM invoicing_einvoice e
                       WHERE e.invoice_id = i.invoice_id AND e.status IN ('REFUSED', 'REJECTED', 'SUSPENDED')
                   ) THEN 'einvoice'
                   WHEN i.id = ANY(%(settled)s) THEN 'payment_proposed'
                   WHEN i.open_amount - COALESCE(x.amount, 0) < s.min_amount THEN 'too_small'
                   WHEN %(as_of)s - i.due_date BETWEEN 1 AND s.grace_days THEN 'in_grace'
               END AS reason
        FROM invoicing_receivableitem i
        JOIN client c ON c.id = i.account_id
        JOIN scenario s ON s.id = c.scenario_id
        LEFT JOIN contested x ON x.item_id = i.id
        WHERE i.company_id = %(company)s AND i.open_amount > 0 AND i.effective_date <= %(as_of)s
          AND i.due_date <= %(as_of)s - (SELECT LEAST(0, MIN(day)) FROM step) {of_item}
    ),
    covered AS (
        SELECT item_id FROM (
            SELECT b.item_id, cr.amount >= SUM(b.amount) OVER (
                       PARTITION BY b.account_id, b.currency ORDER BY b.due_date, b.item_id) AS is_covered
            FROM book b JOIN credit cr ON cr.account_id = b.account_id AND cr.currency = b.currency
            WHERE b.reason IS NULL
        ) AS c WHERE is_covered
    ),
    owed AS (
        SELECT b.*, v.item_id IS NOT NULL AS is_covered FROM book b LEFT JOIN covered v ON v.item_id = b.item_id
    )
"""
# The step each item stands at and the next one. Matched once and opened again, or contested in vain, it begins a new
# cycle at the step it had reached; a promise that was not kept brings the next step at once. The next step is looked
# for once for all items that stand alike.
_DECIDED: Final = """,
    reopened AS (
        SELECT item_id, MAX(day) AS day FROM (
            SELECT debit_id AS item_id, effective_date AS day FROM invoicing_allocation WHERE reversal_of_id IS NOT NULL
            UNION ALL
            SELECT item_id, effective_to FROM invoicing_disputedamount WHERE effective_to <= %(as_of)s
        ) AS r GROUP BY item_id
    ),
    not_kept AS (
        SELECT pi.item_id, MAX(p.ended_on) AS day
        FROM dunning_promiseitem pi JOIN dunning_promisetopay p ON p.id = pi.promise_id
        WHERE p.status IN ('BROKEN', 'PARTIAL') GROUP BY pi.item_id
    ),
    contact AS (
        SELECT account_id, MAX(as_of) AS day,
               COUNT(DISTINCT as_of) FILTER (WHERE as_of > %(as_of)s - {cap_days}) AS days
        FROM dunning_reminder
        WHERE company_id = %(company)s AND status NOT IN ('dropped', 'no_contact') AND as_of <= %(as_of)s
          AND as_of > %(as_of)s - (
              SELECT MAX(GREATEST(min_gap_days, CASE WHEN most_contacts IS NOT NULL THEN {cap_days} END)) FROM scenario
          )
        GROUP BY account_id
    ),
    standing AS MATERIALIZED (
        SELECT o.*, s.min_gap_days, s.most_contacts, last.cycle, COALESCE(last.step, -1) AS last_step,
               COALESCE(re.day > last.as_of, FALSE) AS is_reopened,
               COALESCE(nk.day > last.as_of, FALSE) AS is_not_kept,
               CASE WHEN o.is_watched THEN 'Infinity' ELSE s.bands[width_bucket(o.amount, s.bands)] END AS reach
        FROM owed o
        JOIN scenario s ON s.id = o.scenario_id
        LEFT JOIN LATERAL (
            SELECT cycle, step, as_of FROM dunning_reminderline l
            WHERE o.reason IS NULL AND l.item_id = o.item_id AND l.dropped = '' AND NOT l.repeats
            ORDER BY cycle DESC, step DESC LIMIT 1
        ) last ON TRUE
        LEFT JOIN reopened re ON re.item_id = o.item_id
        LEFT JOIN not_kept nk ON nk.item_id = o.item_id
        WHERE o.late > 0 OR o.is_watched OR o.amount >= s.early_from
    ),
    turn AS MATERIALIZED (
        SELECT t.*, n.number AS step
        FROM (
            SELECT DISTINCT scenario_id, due_date, late, reach, last_step, is_reopened, is_not_kept
            FROM standing WHERE reason IS NULL
        ) t CROSS JOIN LATERAL (
            SELECT s.number FROM (
                SELECT s.number, s.day FROM step s
                WHERE s.scenario_id = t.scenario_id AND t.reach >= s.min_amount
                  AND CASE WHEN s.day < 0 THEN t.late <= 0 ELSE t.late > 0 END
                  AND CASE
                      WHEN t.last_step < 0 THEN s.number <= {entry} AND t.due_date + s.day <= %(ref)s
                      WHEN t.is_reopened THEN s.number = t.last_step
                      ELSE s.number > t.last_step
                  END
                ORDER BY CASE WHEN t.last_step < 0 THEN -s.number ELSE s.number END LIMIT 1
            ) s WHERE t.is_not_kept OR t.is_reopened OR t.due_date + s.day <= %(ref)s
        ) n
    ),
    decided AS MATERIALIZED (
        SELECT t.item_id, t.account_id, t.currency, t.due_date, t.late, t.amount, t.open_amount, t.language,
               t.scenario_id, n.step, COALESCE(n.step, GREATEST(t.last_step, 0)) AS at_step,
               COALESCE(t.cycle, 1) + (t.is_reopened AND n.step IS NOT NULL)::int AS cycle,
               COALESCE(t.reason, CASE
                   WHEN t.is_covered AND (t.late > 0 OR n.step IS NOT NULL) THEN 'credit_balance'
                   WHEN n.step IS NOT NULL AND c.day > %(as_of)s - t.min_gap_days THEN 'minimum_gap'
                   WHEN n.step IS NOT NULL AND c.days >= t.most_contacts THEN 'contact_cap'
               END) AS why
        FROM standing t
        LEFT JOIN turn n ON t.reason IS NULL AND n.scenario_id = t.scenario_id AND n.due_date = t.due_date
             AND n.reach = t.reach AND n.last_step = t.last_step AND n.is_reopened = t.is_reopened
             AND n.is_not_kept = t.is_not_kept
        LEFT JOIN contact c ON c.account_id = t.account_id
        WHERE t.late > 0 OR n.step IS NOT NULL
    ),
    letter AS MATERIALIZED (
        SELECT account_id, currency, MIN(language) AS language, MIN(scenario_id) AS scenario_id, MAX(step) AS step,
               COALESCE(SUM(amount) FILTER (WHERE late > 0), SUM(amount)) AS amount
        FROM decided WHERE why IS NULL GROUP BY account_id, currency HAVING MAX(step) IS NOT NULL
    )
"""
_STORE: Final = """,
    made AS (
        INSERT INTO dunning_reminder (company_id, run_id, account_id, step_id, number, channel, language, as_of,
            currency, total, status, is_formal, sent_to, subject, text, file, registered_number)
        SELECT %(company)s, %(run)s, l.account_id, s.id, l.step, s.channel, l.language, %(as_of)s, l.currency,
               l.amount, 'proposed', s.is_formal, '', '', '', '', ''
        FROM letter l JOIN step s ON s.scenario_id = l.scenario_id AND s.number = l.step
        RETURNING id, account_id, currency
    ),
    named AS (
        INSERT INTO dunning_reminderline (reminder_id, item_id, cycle, step, as_of, due_date, amount, repeats, dropped)
        SELECT m.id, d.item_id, d.cycle, d.at_step, %(as_of)s, d.due_date, d.amount, d.step IS NULL, ''
        FROM decided d JOIN made m ON m.account_id = d.account_id AND m.currency = d.currency
        WHERE d.why IS NULL
        RETURNING 1
    ),
    left_out AS (
        INSERT INTO dunning_runexclusion (run_id, account_id, item_id, reason, amount)
        SELECT %(run)s, account_id, item_id, why, open_amount FROM decided WHERE why IS NOT NULL
        RETURNING 1
    )
    SELECT (SELECT COUNT(*) FROM made), (SELECT COUNT(*) FROM named), (SELECT COUNT(*) FROM left_out)
"""
_LETTERS: Final = """
    SELECT a.code, l.step, s.channel, l.currency, l.amount, s.is_formal,
           JSONB_AGG(JSONB_BUILD_ARRAY(d.item_id, i.document, d.at_step, d.cycle, d.amount::text, d.step IS NULL)
                     ORDER BY d.due_date, d.item_id)
    FROM letter l JOIN step s ON s.scenario_id = l.scenario_id AND s.number = l.step
    JOIN decided d ON d.account_id = l.account_id AND d.currency = l.currency AND d.why IS NULL
    JOIN invoicing_receivableitem i ON i.id = d.item_id
    JOIN accounts_customeraccount a ON a.id = l.account_id
    GROUP BY a.code, l.step, s.channel, l.currency, l.amount, s.is_formal ORDER BY a.code, l.currency
"""
_LEFT_OUT: Final = """
    SELECT a.code, i.document, d.item_id, d.why, d.open_amount, d.currency
    FROM decided d JOIN invoicing_receivableitem i ON i.id = d.item_id
    JOIN accounts_customeraccount a ON a.id = d.account_id
    WHERE d.why IS NOT NULL ORDER BY a.code, i.due_date, i.id
"""
_STANDING_NOW: Final = """
    SELECT item_id, amount, COALESCE(reason, CASE WHEN is_covered THEN 'credit_balance' END), late, currency FROM owed
"""


class PlannedItem(NamedTuple):
    """An item of a letter that a run would make; ``repeats``: listed again, without a step of its own."""

    item: int
    document: str
    step: int
    cycle: int
    amount: Decimal
    repeats: bool


class Planned(NamedTuple):
    """A letter that a run would make; its total in its currency."""

    account: str
    step: int
    channel: str
    currency: str
    total: Decimal
    is_formal: bool
    items: tuple[PlannedItem, ...]


class LeftOut(NamedTuple):
    """An item that a run would leave out."""

    account: str
    document: str
    item: int
    reason: str
    amount: Decimal
    currency: str


class Stands(NamedTuple):
    """How an item stands at the moment of sending: what may be asked for, or why not."""

    amount: Decimal
    reason: str | None
    late: int
    currency: str


def store_plan(
    company: Company, *, run_id: int, as_of: date, arrived: Arrived = _NOTHING
) -> tuple[int, int, int]:
    """Write what is due on a day into a run, all in one statement: letters, items in them, items left out.

    :param arrived: what payments that came in would settle, as matching proposes
    """
    with joined_by_hash() as cursor:
        cursor.execute(_sql(_STORE), _params(company, as_of, arrived) | {"run": run_id})
        letters, lines, left_out = cursor.fetchone()
    return letters, lines, left_out


def read_plan(
    company: Company, *, as_of: date, arrived: Arrived = _NOTHING, accounts: Sequence[int] | None = None
) -> tuple[list[Planned], list[LeftOut]]:
    """What a run would do on a day; stores nothing.

    :param accounts: of these clients alone, for a preview
    """
    params = _params(company, as_of, arrived, accounts)
    with joined_by_hash() as cursor:
        cursor.execute(_sql(_LETTERS, accounts), params)
        letters = [Planned(*(*row[:-1], _items(row[-1]))) for row in cursor.fetchall()]
        cursor.execute(_sql(_LEFT_OUT, accounts), params)
        return letters, [LeftOut(*row) for row in cursor.fetchall()]


def standing_of(
    company: Company, account_id: int, *, as_of: date, arrived: Arrived = _NOTHING
) -> dict[int, Stands]:
    """How the late items of a client stand now, by item; what is settled is not in it."""
    sql = _base([account_id]) + _STANDING_NOW
    with connection.cursor() as cursor:
        cursor.execute(sql, _params(company, as_of, arrived, [account_id]))
        return {row[0]: Stands(*row[1:]) for row in cursor.fetchall()}


def credits_taken(stands: Mapping[int, Stands], currency: str) -> Decimal:
    """What of a client's credits covers documents that it is not asked for: a letter does not count it once more."""
    covered = (row for row in stands.values() if row.reason == Exclusion.CREDIT_BALANCE)
    return sum((row.amount for row in covered if row.currency == currency), ZERO)


def excluded_of(run_id: int) -> Iterator[tuple[str, str, str]]:
    """What a run left out: client, document, reason."""
    sql = """
        SELECT a.code, i.document, x.reason FROM dunning_runexclusion x
        JOIN invoicing_receivableitem i ON i.id = x.item_id JOIN accounts_customeraccount a ON a.id = x.account_id
        WHERE x.run_id = %s ORDER BY a.code, i.due_date, i.id
    """
    with connection.cursor() as cursor:
        cursor.execute(sql, [run_id])
        yield from cursor.fetchall()


@contextmanager
def joined_by_hash() -> Iterator[Any]:
    """A cursor for one transaction whose joins are hashed: for statements over a whole book.

    The planner knows nothing of the rows of a ``WITH`` and takes nested loops over a whole book: minutes for seconds.
    What is sorted and hashed stays in memory.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_nestloop = off; SET LOCAL work_mem = '64MB'")
        yield cursor
        cursor.execute("SET LOCAL enable_nestloop = on; SET LOCAL work_mem TO DEFAULT")


def _items(stored: Any) -> tuple[PlannedItem, ...]:
    rows = json.loads(stored) if isinstance(stored, str) else stored
    return tuple(
        PlannedItem(item, document, step, cycle, Decimal(amount), repeats)
        for item, document, step, cycle, amount, repeats in rows
    )


def _sql(end: str, accounts: Sequence[int] | None = None) -> str:
    return _base(accounts) + _DECIDED.format(entry=ENTRY_AT_MOST, cap_days=CAP_DAYS) + end


def _base(accounts: Sequence[int] | None) -> str:
    if accounts is None:
        return _BASE.format(judgements=JUDGEMENTS_SQL, of_client="", of_account="", of_item="")
    mine = "AND {} = ANY(%(accounts)s)".format
    return _BASE.format(
        judgements=JUDGEMENTS_SQL,
        of_client=mine("a.id"),
        of_account=mine("account_id"),
        of_item=mine("i.account_id"),
    )


def _params(
    company: Company, as_of: date, arrived: Arrived, accounts: Sequence[int] | None = None
) -> dict[str, Any]:
    return {
        "company": company.pk,
        "as_of": as_of,
        "ref": business_day_on_or_before(as_of),
        "settled": arrived.items,
        "payments": list(arrived.used),
        "used": list(arrived.used.values()),
        "accounts": list(accounts or ()),
    }
