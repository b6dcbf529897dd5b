"""Erasures: requests to remove a person, how far they are, and their receipts. Reads only; governance writes them."""

from __future__ import annotations

from typing import Any

import msgspec
from sqlalchemy import Connection, Row, select

from volant.core.errors import NotFound
from volant.store.tables import erasure as erasures


class Erasure(msgspec.Struct, frozen=True, kw_only=True):
    """One request."""

    id: str
    project: str
    subject: str  # the keyed hash
    state: str
    requested_ms: int
    deadline_ms: int
    ended_ms: int  # 0: under way
    progress: dict[str, Any]
    receipt: dict[str, Any]  # what was done and how it was checked


def get_erasure(tx: Connection, project: str, erasure_id: str) -> Erasure:
    """Raises NotFound."""
    query = select(erasures).where(erasures.c.project == project, erasures.c.id == erasure_id)
    row = tx.execute(query).one_or_none()
    if row is None:
        raise NotFound("erasure_unknown", f"there is no erasure {erasure_id[:60]!r}", where=project)
    return _erasure(row)


def list_erasures(tx: Connection, project: str, *, state: str = "") -> list[Erasure]:
    """Oldest first."""
    query = select(erasures).where(erasures.c.project == project)
    if state:
        query = query.where(erasures.c.state == state)
    return [_erasure(row) for row in tx.execute(query.order_by(erasures.c.requested_ms, erasures.c.id))]


def _erasure(row: Row[Any]) -> Erasure:
    values = dict(row._mapping)
    values["progress"] = msgspec.json.decode(values["progress"])
    values["receipt"] = msgspec.json.decode(values["receipt"])
    return Erasure(**values)
