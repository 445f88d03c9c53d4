"""The items that were open at the end of a past day, for the ORM: read where their table itself would be.

What was open follows from what is open now and from what has moved since, set against set: no look-up for each of a
million items. Whoever filters, adds up or orders such items writes the same as for those of today.
"""

from __future__ import annotations

import re
from datetime import date
from typing import Any, Final, Self

from django.db.models import DateField, DecimalField, Field, QuerySet
from django.db.models.expressions import Col
from django.db.models.sql.datastructures import BaseTable

from accounts.models import CustomerAccount

from .book import scope_sql
from .models import ReceivableItem

_ITEMS: Final = ReceivableItem._meta.db_table

# The rule of ``book.OPEN_BOOK``, with every column of an item. First what moved later, its sums put back; then what is
# open and did not move, which an index gives in the order of due dates. Both sides are plain enough for the planner
# to look through: conditions and order of the statement around them reach the indexes.
_OPEN_THEN: Final = f"""
    SELECT i.*, i.open_amount + m.amount AS open_then, COALESCE(d.due_date, i.due_date) AS due_then
    FROM (
        SELECT item_id, SUM(amount) AS amount
        FROM (
            SELECT debit_id AS item_id, amount FROM invoicing_allocation WHERE effective_date > %(on)s
            UNION ALL
            SELECT credit_id, -amount FROM invoicing_allocation WHERE effective_date > %(on)s
            UNION ALL
            SELECT item_id, 0 FROM invoicing_duedatechange WHERE effective_from > %(on)s
        ) AS moves{{of_scope}}
        GROUP BY item_id
    ) AS m
    JOIN {_ITEMS} i ON i.id = m.item_id
    LEFT JOIN (
        SELECT DISTINCT ON (item_id) item_id, old_due_date AS due_date
        FROM invoicing_duedatechange WHERE effective_from > %(on)s
        ORDER BY item_id, effective_from, id
    ) AS d ON d.item_id = i.id
    WHERE i.effective_date <= %(on)s AND i.open_amount + m.amount <> 0
    UNION ALL
    SELECT i.*, i.open_amount, i.due_date
    FROM {_ITEMS} i
    WHERE i.open_amount <> 0 AND i.effective_date <= %(on)s
      AND NOT EXISTS (SELECT FROM invoicing_allocation WHERE debit_id = i.id AND effective_date > %(on)s)
      AND NOT EXISTS (SELECT FROM invoicing_allocation WHERE credit_id = i.id AND effective_date > %(on)s)
      AND NOT EXISTS (SELECT FROM invoicing_duedatechange WHERE item_id = i.id AND effective_from > %(on)s)
"""
# Of few clients: from their items to what moved, not the other way round.
_OF_SCOPE: Final = f" WHERE item_id IN (SELECT id FROM {_ITEMS} WHERE account_id IN ({{scope}}))"


class _OpenThen(BaseTable):
    """Stands for the table of items in a statement."""

    def __init__(self, sql: str, params: tuple[Any, ...], alias: str | None = None) -> None:
        super().__init__(_ITEMS, alias)
        self.sql, self.params = sql, params

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, tuple[Any, ...]]:
        return f"({self.sql}) AS {compiler.quote_name_unless_alias(self.table_alias)}", self.params

    def relabeled_clone(self, change_map: dict[str | None, str]) -> Self:
        return self.__class__(self.sql, self.params, change_map.get(self.table_alias, self.table_alias))

    @property
    def identity(self) -> tuple[Any, ...]:
        return (*super().identity, self.sql, self.params)


def open_then(on: date, accounts: QuerySet[CustomerAccount] | None = None) -> QuerySet[ReceivableItem]:
    """Return what was open at the end of a day, for ``open_amount_then`` and ``due_date_then`` to tell of.

    Their own ``open_amount`` and ``due_date`` are those of now, as of any item.

    :param accounts: whose items are asked for, where they are few: only what moved of theirs is added up. The caller
        keeps the others' out
    """
    named: dict[str, Any] = {"on": on}
    of_scope = ""
    if accounts is not None:
        scope, params = scope_sql(accounts)
        named |= params
        of_scope = _OF_SCOPE.format(scope=scope)
    items = ReceivableItem.objects.all()
    items.query.join(_OpenThen(*_by_position(_OPEN_THEN.format(of_scope=of_scope), named)))
    return items


def open_amount_then() -> Col:
    """What was open of an item of ``open_then``."""
    return _column("open_then", DecimalField(max_digits=16, decimal_places=2))


def due_date_then() -> Col:
    """When an item of ``open_then`` was due."""
    return _column("due_then", DateField())


def _column(name: str, field: Field[Any, Any]) -> Col:
    field.set_attributes_from_name(name)
    field.model = ReceivableItem
    return Col(_ITEMS, field)


def _by_position(sql: str, params: dict[str, Any]) -> tuple[str, tuple[Any, ...]]:
    """Return a statement with named parameters as the ORM takes it, whose parameters go by position."""
    names = re.findall(r"%\((\w+)\)s", sql)
    return re.sub(r"%\(\w+\)s", "%s", sql), tuple(params[name] for name in names)
