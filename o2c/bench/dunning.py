"""``dunning``: the proposals of a run over the whole book beside a raw ``INSERT … SELECT``, and the same run again."""

from __future__ import annotations

import time
from typing import Final

from django.db import connection, transaction
from django.utils import timezone

from accounts.models import Company
from dunning.models import DunningRun
from dunning.queries.plan import joined_by_hash, store_plan
from dunning.services.scenarios import ensure_scenario
from o2c.shared.calendar import business_day_on_or_before, paris_date

from . import raw
from .session import Session

_HEAD: Final = (
    "Run",
    "Ours",
    "Raw",
    "Ratio",
    "Must",
    "Aim",
    "Verdict",
    "Letters",
    "Items",
    "Left out",
    "Items/s",
)
_TABLES: Final = """
    DROP SCHEMA IF EXISTS bench_raw CASCADE;
    CREATE SCHEMA bench_raw;
    CREATE TABLE bench_raw.letter (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, company_id bigint, run_id bigint, account_id bigint,
        step smallint, channel varchar(10), language varchar(2), as_of date, currency varchar(3), total numeric(14,2),
        status varchar(10), is_formal boolean, UNIQUE (run_id, account_id, currency));
    CREATE TABLE bench_raw.line (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, letter_id bigint, item_id bigint, cycle smallint,
        step smallint, as_of date, due_date date, amount numeric(14,2), repeats boolean, dropped varchar(16),
        UNIQUE (item_id, cycle, step));
    CREATE INDEX ON bench_raw.line (letter_id);
    CREATE TABLE bench_raw.left_out (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, run_id bigint, account_id bigint, item_id bigint,
        reason varchar(16), amount numeric(14,2), UNIQUE (run_id, item_id))
"""
# The very rows of a first run by hand: the steps of the default scenario by age, written into the statement; nothing
# of promises, stops, cycles, gaps, judgements, platforms, classes or clients with steps of their own is looked at.
_PROPOSE: Final = """
    WITH late AS (
        SELECT i.id, i.account_id, i.currency, i.due_date, i.open_amount,
               i.open_amount - COALESCE(x.amount, 0) AS amount, %(ref)s - i.due_date AS age,
               CASE WHEN x.amount >= i.open_amount THEN 'disputed'
                    WHEN i.open_amount - COALESCE(x.amount, 0) < 15 THEN 'too_small'
                    WHEN %(today)s - i.due_date BETWEEN 1 AND 2 THEN 'in_grace' END AS reason
        FROM invoicing_receivableitem i
        LEFT JOIN (
            SELECT item_id, SUM(amount) AS amount FROM invoicing_disputedamount
            WHERE effective_from <= %(today)s AND (effective_to IS NULL OR effective_to > %(today)s) GROUP BY item_id
        ) x ON x.item_id = i.id
        WHERE i.company_id = %(company)s AND i.open_amount > 0 AND i.effective_date <= %(today)s
          AND i.due_date <= %(today)s + 7
    ),
    covered AS (
        SELECT l.id, c.amount >= SUM(l.amount) OVER (
                   PARTITION BY l.account_id, l.currency ORDER BY l.due_date, l.id) AS all_of_it
        FROM late l JOIN (
            SELECT account_id, currency, -SUM(open_amount) AS amount FROM invoicing_receivableitem
            WHERE company_id = %(company)s AND open_amount < 0 AND effective_date <= %(today)s
            GROUP BY account_id, currency
        ) c ON c.account_id = l.account_id AND c.currency = l.currency
        WHERE l.reason IS NULL
    ),
    stepped AS MATERIALIZED (
        SELECT l.*, COALESCE(l.reason, CASE WHEN c.all_of_it THEN 'credit_balance' END) AS why,
               CASE WHEN l.due_date >= %(today)s THEN CASE WHEN l.age >= -7 AND (l.amount >= 1000 OR EXISTS (
                        SELECT FROM credit_accountwatch w WHERE w.account_id = l.account_id AND w.lifted_at IS NULL
                    )) THEN 0 END
                    WHEN l.age >= 15 THEN 3 WHEN l.age >= 8 THEN 2 WHEN l.age >= 3 THEN 1 END AS step
        FROM late l LEFT JOIN covered c ON c.id = l.id
        WHERE l.due_date < %(today)s OR l.reason IS NULL
    ),
    made AS (
        INSERT INTO bench_raw.letter (
            company_id, run_id, account_id, step, channel, language, as_of, currency, total, status, is_formal)
        SELECT %(company)s, 1, s.account_id, MAX(s.step), CASE MAX(s.step) WHEN 1 THEN 'call' ELSE 'email' END,
               MIN(CASE WHEN a.language LIKE 'fr%%' THEN 'fr' ELSE 'en' END), %(today)s, s.currency,
               COALESCE(SUM(s.amount) FILTER (WHERE s.due_date < %(today)s),
                        SUM(s.amount) FILTER (WHERE s.step IS NOT NULL)), 'proposed', FALSE
        FROM stepped s JOIN accounts_customeraccount a ON a.id = s.account_id
        WHERE s.why IS NULL GROUP BY s.account_id, s.currency HAVING MAX(s.step) IS NOT NULL
        RETURNING id, account_id, currency
    ),
    named AS (
        INSERT INTO bench_raw.line (letter_id, item_id, cycle, step, as_of, due_date, amount, repeats, dropped)
        SELECT m.id, s.id, 1, COALESCE(s.step, 0), %(today)s, s.due_date, s.amount, s.step IS NULL, ''
        FROM stepped s JOIN made m USING (account_id, currency)
        WHERE s.why IS NULL AND (s.step IS NOT NULL OR s.due_date < %(today)s)
        RETURNING 1
    ),
    left_out AS (
        INSERT INTO bench_raw.left_out (run_id, account_id, item_id, reason, amount)
        SELECT 1, account_id, id, why, open_amount FROM stepped
        WHERE why IS NOT NULL AND (due_date < %(today)s OR step IS NOT NULL)
        RETURNING 1
    )
    SELECT (SELECT COUNT(*) FROM made), (SELECT COUNT(*) FROM named), (SELECT COUNT(*) FROM left_out)
"""
# The same by age alone, without what is left out and why.
_BY_AGE: Final = """
    WITH late AS (
        SELECT i.id, i.account_id, i.currency, i.due_date, i.open_amount - COALESCE(x.amount, 0) AS amount,
               CASE WHEN %(today)s - due_date >= 15 THEN 3 WHEN %(today)s - due_date >= 8 THEN 2 ELSE 1 END AS step
        FROM invoicing_receivableitem i
        LEFT JOIN (
            SELECT item_id, SUM(amount) AS amount FROM invoicing_disputedamount
            WHERE effective_from <= %(today)s AND (effective_to IS NULL OR effective_to > %(today)s) GROUP BY item_id
        ) x ON x.item_id = i.id
        WHERE i.company_id = %(company)s AND i.open_amount > 0 AND i.due_date <= %(today)s - 3
          AND i.open_amount - COALESCE(x.amount, 0) >= 15
    ),
    made AS (
        INSERT INTO bench_raw.letter (account_id, currency, step, total)
        SELECT account_id, currency, MAX(step), SUM(amount) FROM late GROUP BY account_id, currency
        RETURNING id, account_id, currency
    ),
    named AS (
        INSERT INTO bench_raw.line (letter_id, item_id, cycle, step, amount)
        SELECT m.id, l.id, 1, l.step, l.amount FROM late l JOIN made m USING (account_id, currency)
        RETURNING 1
    )
    SELECT (SELECT COUNT(*) FROM made), (SELECT COUNT(*) FROM named), 0
"""


def run(session: Session) -> None:
    """Propose for the whole book, from nothing and then once more; nothing of it is kept.

    :raises AssertionError: the raw statement wrote other rows than ours, or the second run made something
    """
    company = session.book()
    ensure_scenario(company)
    turns = max(3, min(session.repeats, 5))
    first, again, beside, lean = [], [], [], []
    made = by_hand = by_age = (0, 0, 0)
    for _turn in range(turns):
        with transaction.atomic():
            seconds, made = _ours(company)
            first.append(seconds)
            second, nothing = _ours(company)
            again.append(second)
            assert nothing[:2] == (0, 0), f"The second run made {nothing[0]} letters."
            transaction.set_rollback(True)
        seconds, by_hand = _raw(company, _PROPOSE)
        beside.append(seconds)
        seconds, by_age = _raw(company, _BY_AGE)
        lean.append(seconds)
    raw.execute("DROP SCHEMA bench_raw CASCADE")
    assert made == by_hand, f"Ours made {made}, the statement by hand {by_hand}: letters, items, left out."
    ours, plain = min(first), min(beside)
    rows = [
        ["first of the day", f"{ours:.2f} s", f"{plain:.2f} s", f"{ours / plain:.2f} ×",
         *session.report.judge("dunning", ours / plain), *map(str, made), f"{made[1] / ours:.0f}"],
        ["the same again", f"{min(again):.2f} s", "", f"{min(again) / ours:.2f} ×",
         *session.report.judge("dunning.again", min(again) / ours), "0", "0", "", ""],
        ["raw, late ones by age alone", "", f"{min(lean):.2f} s", f"{ours / min(lean):.2f} ×", "", "", "",
         *map(str, by_age), ""],
    ]  # fmt: skip
    session.report.table("dunning: proposals of a whole book", _HEAD, rows)


def _ours(company: Company) -> tuple[float, tuple[int, int, int]]:
    """One run as the act makes it, its deferred constraints looked at as a commit would."""
    at = timezone.now()
    day = paris_date(at)
    began = time.perf_counter()
    made = DunningRun.objects.create(company=company, as_of=day, created_at=at)
    counts = store_plan(company, run_id=made.pk, as_of=day)
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")
    return time.perf_counter() - began, counts


def _raw(company: Company, statement: str) -> tuple[float, tuple[int, int, int]]:
    """One of the statements by hand, on tables that are empty, planned as ours is."""
    today = paris_date(timezone.now())
    given = {"company": company.pk, "today": today, "ref": business_day_on_or_before(today)}
    raw.execute(_TABLES)
    began = time.perf_counter()
    with joined_by_hash() as cursor:
        cursor.execute(statement, given)
        letters, lines, left_out = cursor.fetchone()
    return time.perf_counter() - began, (letters, lines, left_out)
