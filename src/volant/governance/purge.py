"""Purge: what is deleted is gone from the files too.

A row that SQLite deleted may still stand in the WAL, on free pages and in gaps of rebuilt pages; a drained spool
segment stays until its writer closes it. Knows files; knows no tables.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import msgspec

from volant.core.errors import BadInput, StorageFull, Unavailable
from volant.core.nouns import InferenceRecord
from volant.store.spool import read_segment, segments


def compact(
    path: Path,
    *,
    timeout_s: float = 120.0,
    busy_s: float = 20.0,
    sleep: Callable[[float], None] = time.sleep,
    monotonic: Callable[[], float] = time.monotonic,
) -> None:
    """Write an SQLite database anew without free pages and gaps (VACUUM), and cut its WAL to nothing.

    Needs as much free disk as the database is large. Others may go on reading and writing between the two; a reader
    that holds an old view delays the second; SQLite itself waits `busy_s` for it. Raises StorageFull, and Unavailable
    when it is in use beyond `timeout_s`.
    """
    if not path.exists():
        return
    until = monotonic() + timeout_s
    with closing(sqlite3.connect(path, timeout=busy_s, isolation_level=None)) as connection:
        for pragma in ("secure_delete=ON", "temp_store=MEMORY"):
            connection.execute(f"PRAGMA {pragma}")
        while not (_vacuum(connection, path) and _cut(connection)):
            if monotonic() >= until:
                raise Unavailable(
                    "database_busy",
                    f"{path.name} was in use for {timeout_s:.0f} s, so its old pages could not be removed",
                    where=str(path),
                    hint="it is tried again; a training run that reads for long delays it",
                )
            sleep(0.5)


def _vacuum(connection: sqlite3.Connection, path: Path) -> bool:
    try:
        connection.execute("VACUUM")
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_WRITE):
            raise StorageFull(
                "storage_full",
                "the disk has no room to write the database anew",
                where=str(path),
                hint=f"free {path.stat().st_size / 1e6:.0f} MB there; the erasure goes on by itself",
            ) from error
        if error.sqlite_errorcode & 0xFF not in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            raise
        return False
    return True


def _cut(connection: sqlite3.Connection) -> bool:
    """True when the WAL is empty, or there is none."""
    busy, _, _ = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    return bool(busy == 0)


def drain_until_gone(
    spool: Path,
    kek: bytes,
    subject: str,
    before_ms: int,
    drain: Callable[[], object],
    *,
    timeout_s: float = 180.0,
    sleep: Callable[[float], None] = time.sleep,
    monotonic: Callable[[], float] = time.monotonic,
) -> None:
    """Drain until no segment holds a record of the person from before `before_ms` (Unix milliseconds).

    Drained records stay in the segment that a gateway has open until it is closed, a minute later at most.
    Raises Unavailable when that does not happen within `timeout_s`.
    """
    until = monotonic() + timeout_s
    while True:
        drain()
        left = holding(spool, kek, subject, before_ms)
        if not left:
            return
        if monotonic() >= until:
            raise Unavailable(
                "spool_still_open",
                f"{len(left)} spool segments still hold records of the person after {timeout_s:.0f} s",
                where=", ".join(str(path) for path in left[:5]),
                hint="a gateway keeps them open: does it run? It is tried again",
            )
        sleep(0.5)


def holding(spool: Path, kek: bytes, subject: str, before_ms: int) -> list[Path]:
    """The segments with a record of the person from before that time. A damaged record is nobody's."""
    decode = msgspec.msgpack.Decoder(InferenceRecord).decode
    found: list[Path] = []
    for folder in sorted(path for path in spool.glob("*") if path.is_dir()):
        for path in segments(folder):
            try:
                if any(_is_theirs(frame, decode, subject, before_ms) for frame in read_segment(path, kek)):
                    found.append(path)
            except (FileNotFoundError, BadInput):  # drained meanwhile, or of another master key
                continue
    return found


def _is_theirs(frame: bytes, decode: Callable[[bytes], InferenceRecord], subject: str, before_ms: int) -> bool:
    try:
        record = decode(frame)
    except msgspec.DecodeError:
        return False
    return record.subject == subject and record.started_ms <= before_ms


def replace_in_results(runs: Path, old: str, new: str) -> int:
    """Put `new` where a finished run's `result.json` says `old` (reports cluster by person); gives the files changed.

    Written beside and renamed, so that a kill leaves one or the other.
    """
    changed = 0
    for path in sorted(runs.glob("*/result.json")):
        before = path.read_bytes()
        if old.encode() in before:
            beside = path.with_name(".result.json.new")
            beside.write_bytes(before.replace(old.encode(), new.encode()))
            beside.replace(path)
            changed += 1
    return changed
