"""Sums: rows that only grow, made where they are not there. One statement on SQLite and on PostgreSQL.

Knows no table by name. Two who add at the same time both count: the database adds, not the caller.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.schema import Table


def add(tx: Connection, table: Table, rows: Sequence[Mapping[str, Any]], names: Sequence[str]) -> None:
    """Add `rows` to those of the same primary key, column by column for `names`; each row has all of its keys.

    Rows are taken in the order of their keys, so that two who add to the same ones wait and do not deadlock.
    """
    keys = [column.name for column in table.primary_key.columns]
    ordered = sorted(rows, key=lambda row: tuple(row[name] for name in keys))
    if not ordered:
        return
    insert: Any = sqlite.insert(table) if tx.dialect.name == "sqlite" else postgresql.insert(table)
    grown = {name: table.c[name] + insert.excluded[name] for name in names}
    tx.execute(insert.on_conflict_do_update(index_elements=keys, set_=grown), [dict(row) for row in ordered])
