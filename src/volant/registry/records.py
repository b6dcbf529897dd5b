"""Records: rows with source, subject, purpose, legal basis and retention; the body sealed under the subject's key.

A record is named for good by (project, source, position), so that an import that is repeated adds nothing.
Knows no meaning of a body: by convention `{"text": …, "label": …}`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection, delete, func, insert, select

from volant.core.errors import Conflict
from volant.core.ids import new_id
from volant.store.keys import KeyRing
from volant.store.tables import record as records

_AT_ONCE = 500


class NewRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A row on its way in."""

    source: str  # where it comes from, e.g. "import:train.csv" or "feedback"
    position: int  # its place there, 0-based
    body: dict[str, Any]  # what is sealed
    subject: str = ""
    purpose: str = ""
    legal_basis: str = ""
    retention_until_ms: int = 0  # 0: as long as the policy says
    inference_id: str = ""  # the answer it was made from
    observed_ms: int = 0  # when the person gave the text; 0: nobody knows, so before any erasure
    record_id: str = ""  # empty: a new one


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """A row as it was kept, its body opened."""

    id: str
    source: str
    position: int
    subject: str
    purpose: str
    legal_basis: str
    retention_until_ms: int
    inference_id: str
    content_hmac: str
    created_ms: int
    body: dict[str, Any]


def insert_records(tx: Connection, ring: KeyRing, project: str, rows: Sequence[NewRecord], *, now_ms: int) -> list[str]:
    """The ids of `rows`, in their order; those that were there before keep theirs.

    An empty id marks a row of a person who was erased after they gave it: it is not stored.
    Raises Conflict when a place (source, position) holds another content.
    """
    ids: list[str] = []
    for start in range(0, len(rows), _AT_ONCE):
        ids += _insert_part(tx, ring, project, rows[start : start + _AT_ONCE], now_ms)
    return ids


def read(tx: Connection, ring: KeyRing, project: str, ids: Iterable[str]) -> Iterator[Record]:
    """The records that are still there and open, in the order of `ids`."""
    wanted = list(dict.fromkeys(ids))
    for start in range(0, len(wanted), _AT_ONCE):
        part = wanted[start : start + _AT_ONCE]
        query = select(records).where(records.c.project == project, records.c.id.in_(part))
        rows = {row.id: row for row in tx.execute(query)}
        present = [rows[one] for one in part if one in rows]
        opened = ring.open_many(tx, project, [(row.subject, row.sealed) for row in present])
        for row, text in zip(present, opened, strict=True):
            if text is not None:
                yield Record(
                    **{name: row._mapping[name] for name in Record.__struct_fields__ if name != "body"},
                    body=msgspec.json.decode(text),
                )


def ids_of_subject(tx: Connection, project: str, subject: str) -> list[str]:
    """Every record about one person, in the order of (source, position)."""
    query = select(records.c.id).where(records.c.project == project, records.c.subject == subject)
    return list(tx.execute(query.order_by(records.c.source, records.c.position)).scalars())


def ids_of_inferences(tx: Connection, project: str, inference_ids: Iterable[str]) -> dict[str, list[str]]:
    """Records made from answers: inference id → record ids."""
    wanted = list(inference_ids)
    found: dict[str, list[str]] = {}
    for start in range(0, len(wanted), _AT_ONCE):
        query = select(records.c.inference_id, records.c.id).where(
            records.c.project == project, records.c.inference_id.in_(wanted[start : start + _AT_ONCE])
        )
        for inference_id, record_id in tx.execute(query.order_by(records.c.id)):
            found.setdefault(inference_id, []).append(record_id)
    return found


def count_by_source(tx: Connection, project: str, *, subject: str = "") -> dict[str, int]:
    """How many records each source gave; of one person, or of all."""
    query = select(records.c.source, func.count()).where(records.c.project == project)
    if subject:
        query = query.where(records.c.subject == subject)
    rows = tx.execute(query.group_by(records.c.source).order_by(records.c.source))
    return {row[0]: int(row[1]) for row in rows}


def erase_subject(tx: Connection, project: str, subject: str) -> int:
    """Remove every record about one person; gives how many. Dataset versions keep the opaque ids and skip them."""
    return tx.execute(delete(records).where(records.c.project == project, records.c.subject == subject)).rowcount


def _insert_part(tx: Connection, ring: KeyRing, project: str, rows: Sequence[NewRecord], now_ms: int) -> list[str]:
    hash_key = ring.hash_key(tx, project)
    bodies = [msgspec.json.encode(row.body, order="deterministic") for row in rows]
    hmacs = [ring.vault.content_hmac(hash_key, body) for body in bodies]
    known = _places(tx, project, rows)
    erased = {s: key.destroyed_ms for s, key in ring.subject_keys(tx, project, {r.subject for r in rows}).items()}
    ids, fresh = [], []
    for row, body, digest in zip(rows, bodies, hmacs, strict=True):
        place = (row.source, row.position)
        if place not in known:
            refused = bool(row.subject) and 0 < row.observed_ms <= erased.get(row.subject, 0)
            refused = refused or (not row.observed_ms and erased.get(row.subject, 0) > 0)
            if refused:
                ids.append("")
                continue
            known[place] = (row.record_id or new_id("record"), digest)
            fresh.append((row, body, digest, known[place][0]))
        record_id, there = known[place]
        if there != digest:
            raise Conflict(
                "record_changed",
                f"position {row.position} of {row.source!r} already holds another content",
                where=row.source,
                hint="import a changed file under another source name",
            )
        ids.append(record_id)
    sealed = ring.seal_many(tx, project, [(row.subject, body) for row, body, _, _ in fresh], now_ms=now_ms)
    if fresh:
        tx.execute(
            insert(records),
            [
                {
                    "id": record_id,
                    "project": project,
                    "subject": row.subject,
                    "source": row.source,
                    "position": row.position,
                    "purpose": row.purpose,
                    "legal_basis": row.legal_basis,
                    "retention_until_ms": row.retention_until_ms,
                    "content_hmac": digest,
                    "sealed": blob,
                    "inference_id": row.inference_id,
                    "created_ms": now_ms,
                }
                for (row, _, digest, record_id), blob in zip(fresh, sealed, strict=True)
            ],
        )
    return ids


def _places(tx: Connection, project: str, rows: Sequence[NewRecord]) -> dict[tuple[str, int], tuple[str, str]]:
    """What is there already: (source, position) → (id, keyed hash)."""
    found: dict[tuple[str, int], tuple[str, str]] = {}
    for source in {row.source for row in rows}:
        positions = [row.position for row in rows if row.source == source]
        query = select(records.c.position, records.c.id, records.c.content_hmac).where(
            records.c.project == project, records.c.source == source, records.c.position.in_(positions)
        )
        found |= {(source, position): (record_id, digest) for position, record_id, digest in tx.execute(query)}
    return found
