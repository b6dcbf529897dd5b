"""Audit: who did what to which object, append-only, each row bound to the one before by a keyed hash.

hash(n) = HMAC-SHA256(key from the master key, hash(n-1) | row n), so that whoever can write the database but has no
master key cannot change, drop, insert or reorder rows unseen; `audit_head` remembers the newest, so that rows cut off
at the end are missed too. Restoring an older state of both tables whole is seen only by somebody who kept a later head
(every erasure's receipt holds one). Rows name objects by id: never a person's words or name.

`append` takes the newest link's row for itself until the transaction ends: let it be the transaction's last statement,
so that on PostgreSQL others wait shortly and two transactions cannot wait for each other.
Source of the construction: Schneier and Kelsey 1999, Secure Audit Logs to Support Computer Forensics, section 3.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import Connection, Row, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from volant.core.errors import BadInput
from volant.registry.audit_actions import ACTIONS
from volant.store.tables import audit, audit_head
from volant.store.vault import Vault

LOOP = "loop"  # actor of what nobody asked for at that moment: workflows, monitors, sweeps
HOLDER = "holder"  # actor of what is done on the data directory itself: a first start, commands without a server
_LONGEST = 200  # characters of a string: ids and words, no texts
_WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:~/-]{0,79}")
_COVERED = ("id", "project", "actor", "action", "object_kind", "object_id", "detail", "created_ms")
_START = "0" * 64
_AT_ONCE = 1000


class Head(NamedTuple):
    """The newest row."""

    id: int  # 0: there is none
    hash: str

    def __str__(self) -> str:
        return f"{self.id}:{self.hash}"


class AuditCheck(msgspec.Struct, frozen=True, kw_only=True):
    """What verifying the chain gave."""

    intact: bool
    rows: int  # checked, up to the first bad one
    first_bad_id: int  # 0: none
    sentence: str
    head_id: int
    head_hash: str


def parse_head(text: str) -> Head:
    """`ID:HASH`, as `str(Head)` gives it. Raises BadInput."""
    number, _, digest = text.strip().partition(":")
    if not number.isdecimal() or len(number) > 18 or not re.fullmatch(r"[0-9a-f]{64}", digest):
        raise BadInput("bad_head", f"{text.strip()[:80]!r} is not ID:HASH", where="head",
                       hint="`volant audit verify` prints one: a number, a colon and 64 hex digits")  # fmt: skip
    return Head(int(number), digest)


def word(name: str) -> str:
    """A name that somebody chose, as it may stand in a row: itself where it is one plain word, else its digest."""
    return name if _WORD.fullmatch(name) else "#" + hashlib.sha256(name.encode()).hexdigest()[:16]


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
    """Add one row, in the transaction that does what it tells. `action` is one of ACTIONS; an empty `project`: none.

    Raises BadInput for another action, and when the row would hold more than ids, numbers and short words.
    """
    if action not in ACTIONS:
        raise BadInput("audit_action", f"{action[:60]!r} is not in the table of audit actions", where="action",
                       hint="add it to registry/audit_actions.py")  # fmt: skip
    _check({"actor": actor, "object_kind": object_kind, "object_id": object_id, "detail": detail or {}}, "row")
    before = _head_to_extend(tx)
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
    digest = _link(vault.derive("audit"), before.hash, tuple(row[name] for name in _COVERED))
    tx.execute(insert(audit).values(**row, prev_hash=before.hash, hash=digest))
    tx.execute(update(audit_head).where(audit_head.c.id == 1).values(last_id=row["id"], hash=digest))
    return Head(before.id + 1, digest)


def is_told(tx: Connection, action: str, object_id: str) -> bool:
    """A row of this action about this object is there: a workflow's step that is done again tells it once."""
    query = select(audit.c.id).where(audit.c.object_id == object_id, audit.c.action == action).limit(1)
    return tx.execute(query).one_or_none() is not None


def head(tx: Connection) -> Head:
    """The newest row's number and hash; keep it elsewhere to notice a database that was set back."""
    row = tx.execute(select(audit_head.c.last_id, audit_head.c.hash).where(audit_head.c.id == 1)).one_or_none()
    return Head(0, _START) if row is None else Head(row.last_id, row.hash)


def verify(tx: Connection, vault: Vault, *, seen: Head | None = None) -> AuditCheck:
    """Follow the whole chain. `seen`: a head that was noted before and must still be in it."""
    key = vault.derive("audit")
    newest, last, digest = head(tx), 0, _START

    def broken(bad: int, sentence: str) -> AuditCheck:
        return AuditCheck(
            intact=False, rows=last, first_bad_id=bad, sentence=sentence, head_id=newest.id, head_hash=newest.hash
        )

    while True:
        began = last
        for row in _rows(tx, last):
            if row.id != last + 1:
                if row.id <= last:
                    return broken(row.id, f"row {row.id} was inserted before the first")
                return broken(last + 1, f"row {last + 1} is missing: {row.id} follows {last}")
            if row.prev_hash != digest or not hmac.compare_digest(row.hash, _link(key, digest, tuple(row)[:-2])):
                return broken(row.id, f"row {row.id} is not what was written, or not in its place")
            if seen is not None and row.id == seen.id and row.hash != seen.hash:
                return broken(row.id, f"row {row.id} is another one than was seen before")
            digest, last = row.hash, row.id
        newest = head(tx)  # PostgreSQL: others may have appended meanwhile
        if newest.id <= last or last == began:
            break
    if newest != Head(last, digest):
        return broken(last + 1, f"the chain ends at row {last}, but the newest was noted as row {newest.id}")
    if seen is not None and seen.id > last:
        return broken(last + 1, f"the chain ends at row {last}, but row {seen.id} was seen before")
    return AuditCheck(
        intact=True,
        rows=last,
        first_bad_id=0,
        sentence=f"all {last} rows are as they were written",
        head_id=newest.id,
        head_hash=newest.hash,
    )


def _head_to_extend(tx: Connection) -> Head:
    """The newest link, locked until the transaction ends; the row that holds it is made by the first who comes."""
    query = select(audit_head.c.last_id, audit_head.c.hash).where(audit_head.c.id == 1).with_for_update()
    row = tx.execute(query).one_or_none()
    if row is None:
        first = {"id": 1, "last_id": 0, "hash": _START}
        made: Any = sqlite.insert(audit_head) if tx.dialect.name == "sqlite" else postgresql.insert(audit_head)
        tx.execute(made.values(first).on_conflict_do_nothing())
        row = tx.execute(query).one()
    return Head(row.last_id, row.hash)


def _rows(tx: Connection, after: int) -> Iterator[Row[Any]]:
    """The rows behind `after`; from the very first, whatever its number, when `after` is 0."""
    columns = [audit.c[name] for name in (*_COVERED, "prev_hash", "hash")]
    query = select(*columns).order_by(audit.c.id).limit(_AT_ONCE)
    part = list(tx.execute(query.where(audit.c.id > after) if after else query))
    while part:
        yield from part
        part = list(tx.execute(query.where(audit.c.id > part[-1].id))) if len(part) == _AT_ONCE else []


def _link(key: bytes, before: str, covered: tuple[Any, ...]) -> str:
    return hmac.digest(key, before.encode() + b"\0" + msgspec.json.encode(covered), "sha256").hex()


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
