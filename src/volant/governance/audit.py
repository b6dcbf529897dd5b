"""Audit: who did what to which object, append-only, each row bound to the one before by a keyed hash.

hash(n) = HMAC-SHA256(key from the master key, hash(n-1) | row n), so that whoever can write the database but has no
master key cannot change, drop, insert or reorder rows unseen; `audit_head` remembers the newest, so that rows cut off
at the end are missed too. Restoring an older state of both tables whole is seen only by somebody who kept a later head
(every erasure's receipt holds one). Rows name objects by id: never a person's words or name.
Source of the construction: Schneier and Kelsey 1999, Secure Audit Logs to Support Computer Forensics, section 3.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import Connection, Row, insert, select, update

from volant.core.errors import BadInput
from volant.store.tables import audit, audit_head
from volant.store.vault import Vault

_LONGEST = 200  # characters of a string in `detail`: ids and words, no texts
_COVERED = ("id", "project", "actor", "action", "object_kind", "object_id", "detail", "created_ms")
_START = "0" * 64
_AT_ONCE = 1000


class Head(NamedTuple):
    """The newest row."""

    id: int  # 0: there is none
    hash: str


class AuditCheck(msgspec.Struct, frozen=True, kw_only=True):
    """What verifying the chain gave."""

    intact: bool
    rows: int  # checked, up to the first bad one
    first_bad_id: int  # 0: none
    sentence: str
    head_id: int
    head_hash: str


def append(
    tx: Connection,
    vault: Vault,
    *,
    project: str,
    actor: str,
    action: str,
    object_kind: str = "",
    object_id: str = "",
    detail: Mapping[str, Any] | None = None,
    now_ms: int,
) -> Head:
    """Add one row, in the transaction that does what it tells. `action` is a noun and a verb: "erasure.request".

    Raises BadInput when `detail` holds more than ids, numbers and short words.
    """
    _check(detail or {}, "detail")
    before = _head(tx, lock=True)
    row = {
        "id": before.id + 1,
        "project": project,
        "actor": actor,
        "action": action,
        "object_kind": object_kind,
        "object_id": object_id,
        "detail": msgspec.json.encode(dict(detail or {}), order="sorted").decode(),
        "created_ms": now_ms,
    }
    digest = _link(vault, before.hash, row)
    tx.execute(insert(audit).values(**row, prev_hash=before.hash, hash=digest))
    if before.id == 0:
        tx.execute(insert(audit_head).values(id=1, last_id=row["id"], hash=digest))
    else:
        tx.execute(update(audit_head).where(audit_head.c.id == 1).values(last_id=row["id"], hash=digest))
    return Head(before.id + 1, digest)


def head(tx: Connection) -> Head:
    """The newest row's number and hash; keep it elsewhere to notice a database that was set back."""
    return _head(tx)


def verify(tx: Connection, vault: Vault, *, seen: Head | None = None) -> AuditCheck:
    """Follow the whole chain. `seen`: a head that was noted before and must still be in it."""
    newest = _head(tx)
    expected, digest, rows = 1, _START, 0
    for row in _rows(tx):
        if row.id != expected:
            return _broken(newest, rows, expected, f"row {expected} is missing: {row.id} follows {expected - 1}")
        if row.prev_hash != digest or not hmac.compare_digest(row.hash, _link(vault, digest, dict(row._mapping))):
            return _broken(newest, rows, row.id, f"row {row.id} is not what was written, or not in its place")
        if seen is not None and row.id == seen.id and row.hash != seen.hash:
            return _broken(newest, rows, row.id, f"row {row.id} is another one than was seen before")
        digest, rows, expected = row.hash, rows + 1, expected + 1
    last = expected - 1
    if newest != Head(last, digest):
        return _broken(newest, rows, expected, f"the chain ends at row {last}, but row {newest.id} was written")
    if seen is not None and seen.id > last:
        return _broken(newest, rows, expected, f"the chain ends at row {last}, but row {seen.id} was seen before")
    return AuditCheck(
        intact=True,
        rows=rows,
        first_bad_id=0,
        sentence=f"all {rows} rows are as they were written",
        head_id=newest.id,
        head_hash=newest.hash,
    )


def _head(tx: Connection, *, lock: bool = False) -> Head:
    query = select(audit_head.c.last_id, audit_head.c.hash).where(audit_head.c.id == 1)
    row = tx.execute(query.with_for_update() if lock else query).one_or_none()
    return Head(0, _START) if row is None else Head(row.last_id, row.hash)


def _rows(tx: Connection) -> Any:
    last = 0
    while True:
        part: list[Row[Any]] = list(
            tx.execute(select(audit).where(audit.c.id > last).order_by(audit.c.id).limit(_AT_ONCE))
        )
        yield from part
        if len(part) < _AT_ONCE:
            return
        last = part[-1].id


def _link(vault: Vault, before: str, row: Mapping[str, Any]) -> str:
    covered = msgspec.json.encode([row[name] for name in _COVERED])
    return hmac.digest(vault.derive("audit"), before.encode() + b"\0" + covered, "sha256").hex()


def _broken(newest: Head, rows: int, bad: int, sentence: str) -> AuditCheck:
    return AuditCheck(
        intact=False, rows=rows, first_bad_id=bad, sentence=sentence, head_id=newest.id, head_hash=newest.hash
    )


def _check(value: Any, where: str) -> None:
    if isinstance(value, Mapping):
        for name, inner in value.items():
            _check(inner, f"{where}.{name}")
    elif isinstance(value, list | tuple):
        for inner in value:
            _check(inner, where)
    elif isinstance(value, str):
        if len(value) > _LONGEST:
            raise BadInput("audit_detail", f"{len(value)} characters are too many", where=where, hint="name it by id")
    elif not isinstance(value, bool | int | float) and value is not None:
        raise BadInput("audit_detail", f"a {type(value).__name__} has no place in an audit row", where=where)
