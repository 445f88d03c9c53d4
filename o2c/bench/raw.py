"""The hand-written SQL everything is measured beside: plain tables with the best index, nothing but the work itself.

The tables are copied from the book into a schema of their own, and durable as the real ones are.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from decimal import Decimal
from typing import Any, Final

from django.db import connection, transaction

_MAKE: Final = """
    DROP SCHEMA IF EXISTS bench_raw CASCADE;
    CREATE SCHEMA bench_raw;
    CREATE TABLE bench_raw.client AS
        SELECT id, company_id, 1e8::numeric(14,2) AS credit_limit FROM accounts_customeraccount;
    ALTER TABLE bench_raw.client ADD PRIMARY KEY (id);
    CREATE TABLE bench_raw.item AS
        SELECT id, account_id, company_id, currency, due_date, open_amount FROM invoicing_receivableitem
        WHERE open_amount <> 0 AND effective_date <= (now() AT TIME ZONE 'Europe/Paris')::date;
    ALTER TABLE bench_raw.item ADD PRIMARY KEY (id);
    CREATE INDEX ON bench_raw.item (account_id, due_date) INCLUDE (open_amount) WHERE open_amount <> 0;
    CREATE TABLE bench_raw.orders AS
        SELECT id, account_id, total_incl_vat AS total, is_open FROM orders_order;
    ALTER TABLE bench_raw.orders ADD PRIMARY KEY (id);
    CREATE INDEX ON bench_raw.orders (account_id) INCLUDE (total) WHERE is_open;
    CREATE TABLE bench_raw.hold (order_id bigint NOT NULL, reason text NOT NULL, excess numeric(14,2) NOT NULL);
    ANALYZE bench_raw.client; ANALYZE bench_raw.item; ANALYZE bench_raw.orders
"""
_AVAILABLE: Final = """
    SELECT c.credit_limit
           - COALESCE((SELECT SUM(open_amount) FROM bench_raw.item WHERE account_id = c.id AND open_amount <> 0), 0)
           - COALESCE((SELECT SUM(total) FROM bench_raw.orders WHERE account_id = c.id AND is_open), 0)
    FROM bench_raw.client c WHERE c.id = %s
"""


@contextmanager
def raw_tables() -> Iterator[None]:
    """Make the plain tables from the book as it is now, and drop them afterwards."""
    with connection.cursor() as cursor:
        cursor.execute(_MAKE)
        if not connection.in_atomic_block:
            cursor.execute("VACUUM bench_raw.item")
            cursor.execute("VACUUM bench_raw.orders")
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("DROP SCHEMA IF EXISTS bench_raw CASCADE")


def available(account_id: int) -> Decimal:
    """The raw check: what a client may still buy for."""
    with connection.cursor() as cursor:
        cursor.execute(_AVAILABLE, [account_id])
        return Decimal(cursor.fetchone()[0])


def confirm(account_id: int, order_id: int, total: Decimal) -> bool:
    """The raw confirmation: lock, sum, change, commit. An order that does not fit leaves a hold."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT id FROM bench_raw.client WHERE id = %s FOR NO KEY UPDATE", [account_id])
        cursor.execute(_AVAILABLE, [account_id])
        left = cursor.fetchone()[0] - total
        if left >= 0:
            cursor.execute("UPDATE bench_raw.orders SET is_open = TRUE WHERE id = %s", [order_id])
        else:
            cursor.execute("INSERT INTO bench_raw.hold VALUES (%s, 'OVER_LIMIT', %s)", [order_id, -left])
    return bool(left >= 0)


def undo(order_ids: Sequence[int]) -> None:
    """Take raw confirmations back."""
    execute("UPDATE bench_raw.orders SET is_open = FALSE WHERE id = ANY(%s)", [list(order_ids)])


def execute(sql: str, params: Any = None) -> list[tuple[Any, ...]]:
    """Run one statement; its rows, if it has any."""
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return cursor.fetchall() if cursor.description else []
