"""Ledger: who was erased, as keyed hashes and times, so that a restore does not bring them back.

One JSON object a line: {"project": …, "subject": "sub_…", "destroyed_ms": …}. It names nobody without the master key,
and is what must outlive a data directory: keep a fresh copy beside the backups.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

import msgspec
from sqlalchemy import Connection, select

from volant.core.errors import BadInput, NotFound
from volant.store.tables import subject_key


class Erased(msgspec.Struct, frozen=True, kw_only=True):
    """One person's newest erasure."""

    project: str
    subject: str  # the keyed hash
    destroyed_ms: int  # Unix milliseconds


def read_rows(tx: Connection) -> list[Erased]:
    """Everybody who was erased, oldest first."""
    columns = (subject_key.c.project, subject_key.c.subject, subject_key.c.destroyed_ms)
    query = select(*columns).where(subject_key.c.destroyed_ms > 0)
    found = [Erased(project=p, subject=s, destroyed_ms=at) for p, s, at in tx.execute(query)]
    return sorted(found, key=lambda one: (one.destroyed_ms, one.project, one.subject))


def save(place: Path, rows: Iterable[Erased]) -> int:
    """Write the ledger whole, for its owner only; how many lines."""
    lines = [msgspec.json.encode(row) + b"\n" for row in rows]
    beside = place.with_name(f".{place.name}.new")
    with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.writelines(lines)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(place)
    return len(lines)


def load(place: Path) -> list[Erased]:
    """Raises NotFound, and BadInput with the line that is none."""
    try:
        lines = place.read_bytes().splitlines()
    except FileNotFoundError:
        raise NotFound(
            "ledger_missing", "there is no such ledger of erasures", where=str(place), hint="volant erase --ledger FILE"
        ) from None
    rows = []
    for number, line in enumerate(lines, 1):
        try:
            rows.append(msgspec.json.decode(line, type=Erased))
        except msgspec.DecodeError as error:
            raise BadInput(
                "ledger_invalid", f"line {number}: {error}", where=str(place), hint="volant erase --ledger FILE"
            ) from None
    return rows


def missing(tx: Connection, ledger: Iterable[Erased]) -> list[Erased]:
    """Those whose erasure the database does not know: they have to be erased again."""
    known = {(one.project, one.subject): one.destroyed_ms for one in read_rows(tx)}
    return [one for one in ledger if known.get((one.project, one.subject), 0) < one.destroyed_ms]
