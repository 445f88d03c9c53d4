"""References that the database looks at once per statement, however many rows it brings.

A foreign key is looked up row by row and locks each row it finds; a run writes a hundred thousand at once, of rows
that are never deleted (``o2c.grants``). The check that nothing is named that is not there is the same.
"""

from __future__ import annotations

import pgtrigger

_CHECK = """
    IF EXISTS (SELECT FROM fresh f WHERE NOT EXISTS (SELECT FROM {table} t WHERE t.id = f.{column})) THEN
        RAISE EXCEPTION '{column} names a row of {table} that is not there' USING ERRCODE = 'foreign_key_violation';
    END IF;
"""


def naming_what_is_there(name: str, **tables: str) -> pgtrigger.Trigger:
    """Refuse new rows that name something that is not there.

    :param tables: the table each column points into
    """
    checks = "".join(_CHECK.format(column=column, table=table) for column, table in tables.items())
    return pgtrigger.Trigger(
        name=name,
        level=pgtrigger.Statement,
        when=pgtrigger.After,
        operation=pgtrigger.Insert,
        referencing=pgtrigger.Referencing(new="fresh"),
        func=f"{checks} RETURN NULL;",
    )
