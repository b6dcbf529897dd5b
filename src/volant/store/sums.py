"""Sums: rows that only grow, made where they are not there. One statement on SQLite and on PostgreSQL.

Knows no table by name. Two who add at the same time both count: the database adds, not the caller.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.schema import Table

from volant.store.database import mark_of


def add(tx: Connection, table: Table, rows: Sequence[Mapping[str, Any]], names: Sequence[str]) -> None:
    """Add `rows` to those of the same primary key, column by column for `names`; all rows name the same columns, all
    keys among them.

    Rows are taken in the order of their keys, so that two who add to the same ones wait and do not deadlock.
    """
    if not rows:
        return
    keys = [column.name for column in table.primary_key.columns]
    ordered = sorted(rows, key=lambda row: tuple(row[name] for name in keys))
    columns = tuple(rows[0])
    marks = ", ".join([mark_of(tx)] * len(columns))
    grown = ", ".join(f"{name} = {table.name}.{name} + excluded.{name}" for name in names)
    text = (
        f"INSERT INTO {table.name} ({', '.join(columns)}) VALUES ({marks})"
        f" ON CONFLICT ({', '.join(keys)}) DO UPDATE SET {grown}"
    )
    tx.exec_driver_sql(text, [tuple(row[name] for name in columns) for row in ordered])
