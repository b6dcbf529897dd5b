"""Upgrade: a safety copy of the databases before an older schema is migrated, so that there is a way back.

    DATA/before-upgrade/0001-20261123T120405/volant.db, dbos.db     the newest upgrade's only

Knows files and the schema's revision; knows no table. A copy holds what the databases held, keys of persons included:
an erasure removes it (`drop_copies`), and so does time (`server.upgrade_copy_days`).
"""

from __future__ import annotations

import shutil
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from volant.core.accounts import DAY_MS
from volant.core.errors import StorageFull
from volant.store.database import Database

FOLDER = "before-upgrade"
_SAME_ATTEMPT_MS = 3_600_000  # a migration that fails is tried again and again: one copy serves all tries of an hour
_STAMP = "%Y%m%dT%H%M%S"


def copy_before_upgrade(data_dir: Path, db: Database, *, keep_days: int, now_ms: int) -> Path | None:
    """The copy that was made, or that an earlier try made; None where nothing is to be migrated or `keep_days` is 0.

    Raises StorageFull when the disk has no room for it.
    """
    revision = db.revision()
    own = db.engine.url.database
    if keep_days <= 0 or not revision or revision == db.head() or db.engine.dialect.name != "sqlite" or not own:
        return None
    for made_ms, place in _copies(data_dir):
        if place.name.startswith(f"{revision}-") and now_ms - made_ms < _SAME_ATTEMPT_MS:
            return place
    sources = [place for place in (Path(own), data_dir / "dbos.db") if place.exists()]
    _need_room(data_dir, sum(_size(place) for place in sources))
    drop_copies(data_dir)
    stamp = time.strftime(_STAMP, time.gmtime(now_ms / 1000))
    target = data_dir / FOLDER / f"{revision}-{stamp}"
    beside = target.with_name(f".{target.name}")
    beside.mkdir(mode=0o700, parents=True)
    for source in sources:
        copy_database(source, beside / source.name)
    beside.rename(target)
    return target


def copy_database(source: Path, target: Path) -> None:
    """One SQLite database as it stands now, by SQLite's online backup. Raises StorageFull."""
    try:
        with closing(sqlite3.connect(f"file:{source}?mode=ro", uri=True, timeout=20)) as old:
            with closing(sqlite3.connect(target)) as new:
                target.chmod(0o600)
                old.backup(new)
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode & 0xFF not in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR):
            raise
        raise StorageFull(
            "storage_full", f"the disk has no room for a copy of {source.name}", where=str(target.parent),
            hint="free space there and try again; nothing was changed",
        ) from error  # fmt: skip


def copies(data_dir: Path) -> list[Path]:
    """The safety copies that are there, oldest first."""
    return [place for _, place in _copies(data_dir)]


def sweep(data_dir: Path, *, keep_days: int, now_ms: int) -> int:
    """Remove the copies that are older than `keep_days`; how many."""
    old = [place for made_ms, place in _copies(data_dir) if now_ms - made_ms > keep_days * DAY_MS]
    for place in old:
        shutil.rmtree(place)
    return len(old)


def drop_copies(data_dir: Path) -> None:
    """Remove every copy, half-made ones included."""
    shutil.rmtree(data_dir / FOLDER, ignore_errors=True)


def _copies(data_dir: Path) -> list[tuple[int, Path]]:
    """(when it was made in Unix milliseconds, folder), oldest first."""
    return sorted(_dated(data_dir))


def _dated(data_dir: Path) -> Iterator[tuple[int, Path]]:
    for place in (data_dir / FOLDER).glob("[0-9]*-*"):
        yield place.stat().st_mtime_ns // 1_000_000, place


def _size(place: Path) -> int:
    return sum(one.stat().st_size for one in (place, place.with_name(f"{place.name}-wal")) if one.exists())


def _need_room(data_dir: Path, wanted: int) -> None:
    free = shutil.disk_usage(data_dir).free
    if free < wanted + wanted // 10:
        raise StorageFull(
            "upgrade_no_room",
            f"the schema is to be migrated, and a safety copy of the databases needs {wanted // 2**20} MiB; "
            f"{free // 2**20} MiB are free",
            where=str(data_dir),
            hint="free space there; or back up elsewhere, and start with server.upgrade_copy_days = 0; "
            "nothing was changed",
        )
