"""Revision: one number for the whole installation; grows with every change that a gateway must hear of."""

from __future__ import annotations

from sqlalchemy import Connection, insert, update

from volant.store.tables import revision


def current(tx: Connection) -> int:
    """The newest revision; 0 before the first change."""
    # a plain text: it is asked for four times a second, and building the expression costs more than the look
    return int(tx.exec_driver_sql("SELECT value FROM revision WHERE id = 1").scalar_one_or_none() or 0)


def bump(tx: Connection) -> int:
    """Grow by one and give the new value. Call it in the transaction that makes the change."""
    changed = tx.execute(update(revision).where(revision.c.id == 1).values(value=revision.c.value + 1))
    if changed.rowcount == 0:
        tx.execute(insert(revision).values(id=1, value=1))
    return current(tx)
