"""Backup: a consistent copy of a data directory while it serves, as one file.

The point. Whatever was acknowledged before `began_ms` is in it; what comes later may be. It is what `kill -9` of every
process at `pinned_ms` would have left on the disk, and a start on that is what every crash test starts on:

    1  spool segments as they stand: an answer that was acknowledged is in one, or was committed before it was deleted
    2  both databases, locked against writing for the instant in which a read view of each is opened
    3  the rest: blobs and finished runs are written once, so copying them after the databases' rows is right

In this order a record may be there twice (ingest knows it by its id) and never not at all. Knows the layout of a data
directory; knows nothing of HTTP. Low priority is the caller's: `os.nice` in a process of its own.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Literal, get_args

import msgspec

from volant import __version__
from volant.core.clock import Clock
from volant.core.errors import BadInput, Conflict, NotFound, StorageFull, Unavailable
from volant.lifecycle import archive, keys
from volant.lifecycle.archive import Manifest
from volant.lifecycle.keys import Keys
from volant.store.vault import Vault

Runs = Literal[
    "results", "models", "all"
]  # what is taken of runs/: what was measured, the weights too, checkpoints too
DATABASES = ("dbos.db", "volant.db")
PREFIX = "volant-"
_STAMP = "%Y%m%dT%H%M%SZ"
_FREE_AFTER = 16 << 20  # bytes that a backup leaves on the disk
_LOCK_S = 20.0
_PAGES = 4096  # at once
_SMALL = (".json", ".jsonl", ".journal", ".toml")
_NOT_TAKEN = (".log",)


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody wants of a backup."""

    runs: Runs = "models"
    passphrase: str = ""  # with one, the keys are in it, sealed


class Listed(msgspec.Struct, frozen=True, kw_only=True):
    """One backup in a folder, as far as its name and size tell."""

    name: str
    size_bytes: int
    made_ms: int  # Unix milliseconds


def folder_of(data_dir: Path, backup_dir: str) -> Path:
    """Where backups go unless somebody says otherwise: beside the data directory, so that both are not lost at once."""
    return Path(backup_dir) if backup_dir else data_dir.with_name(f"{data_dir.name}-backups")


def target_of(to: str, default: Path, now_ms: int) -> Path:
    """The file that `to` means: itself where it ends in .tar, else a dated name in that folder."""
    if to.endswith(archive.SUFFIX):
        return Path(to)
    stamp = time.strftime(_STAMP, time.gmtime(now_ms / 1000))
    return (Path(to) if to else default) / f"{PREFIX}{stamp}{archive.SUFFIX}"


def create(data_dir: Path, target: Path, wish: Wish, *, vault: Vault, root_key: str, clock: Clock) -> Manifest:
    """Write the backup under another name, then rename it. The server may run.

    Raises NotFound without a database, Conflict when the file is there, StorageFull, Unavailable when a database stays
    locked or a file changes under it. Whatever it raises, nothing half-made is left.
    """
    if wish.runs not in get_args(Runs):
        raise BadInput("bad_runs", f"{wish.runs!r} is none of {', '.join(get_args(Runs))}", where="runs")
    _check(data_dir, target, wish)
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    _sweep(target.parent)
    staging = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        staging.mkdir(mode=0o700)
        with archive.Writer(staging / "archive") as writer:
            manifest = _write(data_dir, staging, writer, wish, vault, root_key, clock)
        _put(staging / "archive", target)
    except sqlite3.Error as error:
        raise _database_error(error, target) from error
    except OSError as error:
        if error.errno not in archive.FULL:
            raise
        raise archive.no_room(target, error) from error
    finally:
        shutil.rmtree(staging, ignore_errors=True)
    return manifest


def list_backups(folder: Path) -> list[Listed]:
    """The backups in a folder, newest first; half-made ones are none."""
    found = [place for place in folder.glob(f"*{archive.SUFFIX}") if place.is_file() and not place.name.startswith(".")]
    listed = [
        Listed(name=place.name, size_bytes=place.stat().st_size, made_ms=place.stat().st_mtime_ns // 1_000_000)
        for place in found
    ]
    return sorted(listed, key=lambda one: (-one.made_ms, one.name))


def keep_newest(folder: Path, count: int) -> list[str]:
    """Remove all but the newest `count` backups that have a dated name of ours; gives the names that went."""
    ours = [one for one in list_backups(folder) if one.name.startswith(PREFIX)]
    for one in ours[count:]:
        (folder / one.name).unlink(missing_ok=True)
    return [one.name for one in ours[count:]]


# ---------------------------------------------------------------- inside
def _write(
    data_dir: Path, staging: Path, writer: archive.Writer, wish: Wish, vault: Vault, root_key: str, clock: Clock
) -> Manifest:
    began_ms = clock.now_ms()
    for place in sorted(data_dir.glob("spool/*/[0-9]*.seg")):
        writer.add(_name(data_dir, place), place)
    with _pinned(data_dir) as views:
        pinned_ms = clock.now_ms()
        for name, view in views:
            _copy(view, staging / name)
    schema, counts = _facts(staging / "volant.db")
    for name, _ in views:
        writer.add(name, staging / name)
        (staging / name).unlink()
    for place in _files(data_dir, wish.runs):
        writer.add(_name(data_dir, place), place)
    if wish.passphrase:
        sealed = keys.seal(Keys(master=vault.master_key, root=root_key), wish.passphrase)
        writer.add_bytes(keys.NAME, sealed)
    manifest = Manifest(
        volant=__version__,
        schema=schema,
        began_ms=began_ms,
        pinned_ms=pinned_ms,
        runs=wish.runs,
        has_keys=bool(wish.passphrase),
        counts=counts,
    )
    return writer.close(manifest, mac_key(vault))


def mac_key(vault: Vault) -> bytes:
    """What seals a manifest."""
    return vault.derive("backup")


@contextmanager
def _pinned(data_dir: Path) -> Iterator[list[tuple[str, sqlite3.Connection]]]:
    """A read view of each database, both of one moment: nobody can commit to either while they are opened."""
    with ExitStack() as stack:
        views: list[tuple[str, sqlite3.Connection]] = []
        with ExitStack() as locks:
            places = [(name, data_dir / name) for name in DATABASES if (data_dir / name).exists()]
            for _, place in places:
                lock = locks.enter_context(closing(_open(place, "rw")))
                lock.execute("begin immediate")
            for name, place in places:
                view = stack.enter_context(closing(_open(place, "ro")))
                view.execute("begin")
                view.execute("select count(*) from sqlite_master").fetchone()
                views.append((name, view))
        yield views


def _open(place: Path, mode: str) -> sqlite3.Connection:
    return sqlite3.connect(f"file:{place}?mode={mode}", uri=True, timeout=_LOCK_S, isolation_level=None)


def _copy(view: sqlite3.Connection, target: Path) -> None:
    with closing(sqlite3.connect(target)) as new:
        target.chmod(0o600)
        new.execute("pragma synchronous=off")  # the archive is synced
        view.backup(new, pages=_PAGES)


def _facts(place: Path) -> tuple[str, dict[str, int]]:
    """The schema's revision, and the rows of every table."""
    with closing(sqlite3.connect(place)) as connection:
        query = "select name from sqlite_master where type = 'table' and name not like 'sqlite_%' order by name"
        names = [name for (name,) in connection.execute(query)]
        counts = {name: connection.execute(f'select count(*) from "{name}"').fetchone()[0] for name in names}
        (schema,) = connection.execute("select version_num from alembic_version").fetchone()
    counts.pop("alembic_version")
    return str(schema), counts


def _files(data_dir: Path, runs: Runs) -> Iterator[Path]:
    """What is copied after the databases. A run's result comes before its weights: where it is, they are whole."""
    yield from sorted(place for place in data_dir.glob("blobs/*/*") if not place.name.startswith("."))
    for name in ("engine.json", "process.json"):  # how it is started, then that it is wanted
        yield from sorted(data_dir.glob(f"engines/*/{name}"))
    for folder in sorted(place for place in data_dir.glob("runs/*") if place.is_dir()):
        yield from (folder / name for name in ("result.json", "cancelled") if (folder / name).exists())
        yield from sorted(place for place in folder.rglob("*") if _is_taken(place, folder, runs))


def _is_taken(place: Path, folder: Path, runs: Runs) -> bool:
    """Not what a look into logs would add, nor what the writer of a file has not renamed yet."""
    if not place.is_file() or place.is_symlink() or place.name.startswith(".") or place.suffix in _NOT_TAKEN:
        return False
    first = place.relative_to(folder).parts[0]
    if (place.name in ("result.json", "cancelled") and place.parent == folder) or place.name == "log.txt":
        return False
    if runs == "results":
        return place.parent == folder and place.suffix in _SMALL
    return runs == "all" or first not in ("checkpoints", "best", "engine")


def _check(data_dir: Path, target: Path, wish: Wish) -> None:
    if not (data_dir / "volant.db").exists():
        raise NotFound(
            "backup_nothing", "there is no database to back up", where=str(data_dir / "volant.db"),
            hint="name the server's folder with --data-dir; a PostgreSQL database is backed up by pg_dump",
        )  # fmt: skip
    if data_dir.resolve() in target.absolute().resolve().parents:
        raise BadInput(
            "backup_inside", "a backup inside the data directory would be lost with it, and be found by erasures",
            where=str(target), hint="name a folder outside with --to or server.backup_dir",
        )  # fmt: skip
    if target.exists():
        raise _there(target)
    place = next(folder for folder in (target.absolute().parent, *target.absolute().parents) if folder.exists())
    wanted = _FREE_AFTER + _wanted(data_dir, wish.runs)
    free = shutil.disk_usage(place).free
    if free < wanted:
        raise StorageFull(
            "backup_no_room", f"the backup needs up to {wanted / 2**20:.0f} MiB; {free / 2**20:.0f} MiB are free",
            where=str(place), hint="free space there, take less with --runs results, or name another folder with --to",
        )  # fmt: skip


def _wanted(data_dir: Path, runs: Runs) -> int:
    """Bytes at the worst moment: the databases twice, everything else once."""
    databases = [data_dir / f"{name}{end}" for name in DATABASES for end in ("", "-wal")]
    others = [*data_dir.glob("spool/*/[0-9]*.seg"), *_files(data_dir, runs)]
    return 2 * sum(map(_size, databases)) + sum(_size(place) + 1024 for place in others)


def _size(place: Path) -> int:
    try:
        return place.stat().st_size
    except FileNotFoundError:
        return 0


def _name(data_dir: Path, place: Path) -> str:
    return place.relative_to(data_dir).as_posix()


def _sweep(folder: Path) -> None:
    """Remove what killed backups left."""
    for place in folder.glob(f".*{archive.SUFFIX}.*.part"):
        number = place.name.rsplit(".", 2)[1]
        if number.isdecimal() and not lives(int(number)):
            shutil.rmtree(place, ignore_errors=True)


def lives(pid: int) -> bool:
    """Is there a process of this number?"""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _put(made: Path, target: Path) -> None:
    """Give the finished file its name, unless another one has it."""
    try:
        os.link(made, target)
    except FileExistsError:
        raise _there(target) from None
    except OSError:  # a file system without hard links
        if target.exists():
            raise _there(target) from None
        made.rename(target)
    _sync(target.parent)


def _there(target: Path) -> Conflict:
    return Conflict("backup_exists", "a file of that name is there already", where=str(target), hint="choose another")


def _database_error(error: sqlite3.Error, target: Path) -> Exception:
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return Unavailable(
            "database_busy", f"a database stayed locked for {_LOCK_S:.0f} s", where="backup", hint="try again"
        )
    if code in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR):
        return archive.no_room(target, OSError(str(error)))
    return error


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
