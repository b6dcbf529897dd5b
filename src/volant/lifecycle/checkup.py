"""Checkup: is a data directory sound? One look at each part, a sentence for each, and what to do where it is not.

Reads only, beside a running server or without one. Sentences name files and numbers, never a key or a person's words.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import random
import shutil
import sqlite3
import stat
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import closing, suppress
from pathlib import Path
from typing import Literal

import msgspec
from sqlalchemy.exc import SQLAlchemyError

from volant.core.accounts import DAY_MS, MINUTE_MS
from volant.core.clock import Clock
from volant.core.errors import VolantError
from volant.core.settings import ServerSettings
from volant.lifecycle import backup, ceiling
from volant.store import upgrade
from volant.store.database import Database
from volant.store.keys import KeyRing
from volant.store.vault import Vault, load_master_key

State = Literal["ok", "warning", "problem"]
OLDEST_SQLITE = (3, 35, 0)  # upsert, RETURNING
OLDEST_PYTHON = (3, 11)
_ROOMY_MB = 1024
_CHECK_S = 20.0  # of one database
_BLOBS = 50
_BACKLOG_BYTES = (64 << 20, 1 << 30)  # waiting records: warning, problem
_CLOCK_MS = MINUTE_MS
_STUCK_MS = DAY_MS
_BACKUP_DAYS = 7


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """What one look found."""

    name: str
    state: State
    sentence: str
    hint: str = ""  # what to do


def versions() -> list[Finding]:
    """The interpreter and the SQLite that it brings."""
    out = []
    for name, found, oldest in (
        ("python", sys.version_info[:3], OLDEST_PYTHON),
        ("sqlite", sqlite3.sqlite_version_info, OLDEST_SQLITE),
    ):
        shown, wanted = (".".join(map(str, one)) for one in (found, oldest))
        if found < oldest:
            out.append(Finding(name=name, state="problem", sentence=f"{shown} is too old", hint=f"{wanted} or newer"))
        else:
            out.append(Finding(name=name, state="ok", sentence=shown))
    return out


def look(data: Path, settings: ServerSettings, environment: Mapping[str, str], clock: Clock) -> list[Finding]:
    """Every look at one data directory, in the order of their weight."""
    if not data.exists():
        sentence = f"{data} is not there yet: the first `volant up` makes it"
        return [_disk(data, settings), Finding(name="data directory", state="ok", sentence=sentence)]
    looks: list[tuple[str, Callable[[], Finding]]] = [
        ("disk", lambda: _disk(data, settings)),
        ("ceiling", lambda: _ceiling(data, settings)),
        ("data directory", lambda: _permissions(data)),
        ("lock", lambda: _lock(data)),
        ("master key", lambda: _master_key(data, settings, environment)),
        ("database", lambda: _schema(data, settings)),
        ("integrity", lambda: _integrity(data)),
        ("blobs", lambda: _blobs(data)),
        ("spools", lambda: _spools(data)),
        ("clock", lambda: _clock(data, clock.now_ms())),
        ("engines", lambda: _engines(data)),
        ("workflows", lambda: _workflows(data, clock.now_ms())),
        ("backups", lambda: _backups(data, settings, clock.now_ms())),
        ("upgrade", lambda: _upgrade(data, settings)),
    ]
    return [_guarded(name, one) for name, one in looks]


def _guarded(name: str, one: Callable[[], Finding]) -> Finding:
    """A look that fails is a finding too."""
    try:
        return one()
    except (sqlite3.Error, SQLAlchemyError, OSError, ValueError, VolantError) as error:
        error = getattr(error, "orig", None) or error
        return Finding(name=name, state="problem", sentence=f"could not be looked at: {error}"[:300],
                       hint="run it as the owner of the data directory")  # fmt: skip


# ---------------------------------------------------------------- disk
def _disk(data: Path, settings: ServerSettings) -> Finding:
    place = next(folder for folder in (data.absolute(), *data.absolute().parents) if folder.exists())
    free_mb = shutil.disk_usage(place).free // 2**20
    if free_mb < settings.disk_floor_mb:
        sentence = f"{free_mb} MiB free, below the floor of {settings.disk_floor_mb}"
        return Finding(name="disk", state="problem", sentence=sentence, hint="free space, or move the data directory")
    state: State = "ok" if free_mb > _ROOMY_MB else "warning"
    return Finding(name="disk", state=state, sentence=f"{free_mb} MiB free at {place}")


def _ceiling(data: Path, settings: ServerSettings) -> Finding:
    used = ceiling.files_bytes(data)
    usage = ceiling.Usage(used_bytes=used, ceiling_bytes=settings.disk_ceiling_mb << 20)
    hint = "raise server.disk_ceiling_mb, shorten [retention], or remove runs"
    if said := ceiling.over(data):
        return Finding(name="ceiling", state="problem", sentence=f"imports are refused: {said}", hint=hint)
    if usage.share >= ceiling.WARN:
        return Finding(name="ceiling", state="warning", sentence=usage.sentence, hint=hint)
    return Finding(name="ceiling", state="ok", sentence=usage.sentence)


def _permissions(data: Path) -> Finding:
    secret = [place for place in (data, data / "root.key", data / "master.key", data / "volant.db") if place.exists()]
    open_ones = [place for place in secret if stat.S_IMODE(place.stat().st_mode) & 0o077]
    if open_ones:
        shown = ", ".join(place.name for place in open_ones)
        hint = "; ".join(f"chmod {'700' if place.is_dir() else '600'} {place}" for place in open_ones)
        return Finding(name="data directory", state="problem", sentence=f"others may read {shown}", hint=hint)
    if not os.access(data, os.W_OK):
        return Finding(name="data directory", state="problem", sentence=f"{data} cannot be written",
                       hint="use it as its owner")  # fmt: skip
    return Finding(name="data directory", state="ok", sentence=f"{data}: its secrets are readable by the owner only")


def _lock(data: Path) -> Finding:
    place = data / "volant.lock"
    if not place.exists():
        return Finding(name="lock", state="ok", sentence="no server works here")
    with place.open("rb") as file:
        holder = file.read(32).decode(errors="replace").strip()
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return Finding(name="lock", state="ok", sentence=f"held by a server, pid {holder or 'unknown'}")
    return Finding(name="lock", state="ok", sentence="free: no server works here")


# ---------------------------------------------------------------- keys and databases
def _master_key(data: Path, settings: ServerSettings, environment: Mapping[str, str]) -> Finding:
    if not (data / "volant.db").exists() and not settings.database_url:
        return Finding(name="master key", state="ok", sentence="not needed yet")
    given = environment.get("VOLANT_MASTER_KEY", "")
    try:
        vault = Vault(load_master_key(data, given))
        db = Database.open(settings.database_url or f"sqlite:///{data / 'volant.db'}", read_only=True)
        try:
            with db.read() as tx:
                ring = KeyRing(db, vault, read_only=True)
                names = list(tx.exec_driver_sql("select id from project").scalars())
                for name in names:
                    ring.project_key(tx, name)
        finally:
            db.close()
    except VolantError as error:
        return Finding(name="master key", state="problem", sentence=error.message,
                       hint="put back the master.key that this data directory was made with")  # fmt: skip
    where = "VOLANT_MASTER_KEY" if given else "master.key"
    return Finding(name="master key", state="ok", sentence=f"{where} opens the keys of {len(names)} projects")


def _schema(data: Path, settings: ServerSettings) -> Finding:
    place = data / "volant.db"
    if not place.exists() and not settings.database_url:
        return Finding(name="database", state="ok", sentence="not there yet")
    db = Database.open(settings.database_url or f"sqlite:///{place}", read_only=True)
    try:
        found, head = db.revision(), db.head()
    finally:
        db.close()
    size = f", {place.stat().st_size // 2**20} MiB" if place.exists() else ""
    if found > head:
        return Finding(name="database", state="problem", sentence=f"schema {found} is newer than this version's {head}",
                       hint="run the version that wrote it, or restore a backup")  # fmt: skip
    if found < head:
        return Finding(name="database", state="warning", sentence=f"schema {found}{size}; this version has {head}",
                       hint="the next `volant up` migrates it and keeps a copy; make a backup first")  # fmt: skip
    return Finding(name="database", state="ok", sentence=f"schema {found}{size}")


def _integrity(data: Path) -> Finding:
    cut_short = []
    for name in backup.DATABASES:
        place = data / name
        if not place.exists():
            continue
        found = _quick_check(place)
        if found is None:
            cut_short.append(name)
        elif found != "ok":
            return Finding(name="integrity", state="problem", sentence=f"{name}: {found}"[:300],
                           hint="stop the server and restore the newest backup: volant restore")  # fmt: skip
    if cut_short:
        said = f"{', '.join(cut_short)}: nothing wrong in the first {_CHECK_S:.0f} s of looking"
        return Finding(name="integrity", state="ok", sentence=f"{said}; `volant backup create` checks it whole")
    return Finding(name="integrity", state="ok", sentence="SQLite finds its databases sound")


def _quick_check(place: Path) -> str | None:
    """What SQLite says; None when the time was up."""
    end = time.monotonic() + _CHECK_S
    try:
        with closing(sqlite3.connect(f"file:{place}?mode=ro", uri=True, timeout=5)) as connection:
            connection.set_progress_handler(lambda: int(time.monotonic() > end), 10_000)
            return str(connection.execute("pragma quick_check(1)").fetchone()[0])
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode == sqlite3.SQLITE_INTERRUPT:
            return None
        return str(error)
    except sqlite3.DatabaseError as error:
        return str(error)


def _blobs(data: Path) -> Finding:
    places = [place for place in data.glob("blobs/*/*") if not place.name.startswith(".")]
    looked_at = random.sample(places, min(_BLOBS, len(places)))
    for place in looked_at:
        with place.open("rb") as file:
            if hashlib.file_digest(file, "sha256").hexdigest() != place.parent.name + place.name:
                return Finding(name="blobs", state="problem", sentence=f"{place} has not the content its name promises",
                               hint="restore it from a backup; the disk may be failing")  # fmt: skip
    sentence = f"{len(looked_at)} of {len(places)} looked at, all as their names promise"
    return Finding(name="blobs", state="ok", sentence=sentence)


# ---------------------------------------------------------------- what goes on
def _spools(data: Path) -> Finding:
    waiting = 0
    for place in data.glob("spool/*/[0-9]*.seg"):
        with suppress(FileNotFoundError):
            waiting += place.stat().st_size
    warn, wrong = _BACKLOG_BYTES
    state: State = "ok" if waiting < warn else "warning" if waiting < wrong else "problem"
    hint = "" if state == "ok" else "control drains them: is it running? logs/control.log"
    return Finding(name="spools", state=state, sentence=f"{waiting / 2**20:.0f} MiB in segments", hint=hint)


def _clock(data: Path, now_ms: int) -> Finding:
    place = data / "volant.db"
    if not place.exists():
        return Finding(name="clock", state="ok", sentence="nothing to compare it with")
    with closing(sqlite3.connect(f"file:{place}?mode=ro", uri=True, timeout=5)) as connection:
        times = [connection.execute(f"select max(created_ms) from {table}").fetchone()[0] for table in ("audit", "run")]
    ahead_ms = max((one for one in times if one), default=0) - now_ms
    if ahead_ms > _CLOCK_MS:
        return Finding(name="clock", state="problem", sentence=f"rows were written {ahead_ms // 1000} s in the future",
                       hint="set the machine's clock: leases, terms and rollups go by it")  # fmt: skip
    return Finding(name="clock", state="ok", sentence="not behind what was written")


def _engines(data: Path) -> Finding:
    wanted = sorted(place.parent.name for place in data.glob("engines/*/process.json"))
    if not wanted:
        return Finding(name="engines", state="ok", sentence="none is wanted")
    actual = _actual(data)
    failed = [name for name in wanted if actual.get(name, {}).get("state") == "failed"]
    missing = [name for name in wanted if not _has_weights(data, name)]
    if failed or missing:
        said = [f"{', '.join(failed)} failed"] if failed else []
        said += [f"the weights of {', '.join(missing)} are missing"] if missing else []
        return Finding(name="engines", state="problem", sentence="; ".join(said),
                       hint="engines/NAME/log.txt says more; fallbacks answer meanwhile")  # fmt: skip
    return Finding(name="engines", state="ok", sentence=f"wanted: {', '.join(wanted)}")


def _has_weights(data: Path, name: str) -> bool:
    """Every .gguf that the engine's files name is there."""
    folder = data / "engines" / name
    for place in folder.glob("engine.json"):
        for word in place.read_text(errors="replace").split('"'):
            if word.endswith(".gguf") and not (folder / word.replace("{DATA}", str(data))).exists():
                return False
    return True


def _actual(data: Path) -> dict[str, dict[str, str]]:
    try:
        found = json.loads((data / "run" / "actual.json").read_text())
    except (OSError, json.JSONDecodeError):
        return {}
    return found if isinstance(found, dict) else {}


def _workflows(data: Path, now_ms: int) -> Finding:
    place = data / "dbos.db"
    if not place.exists():
        return Finding(name="workflows", state="ok", sentence="none yet")
    with closing(sqlite3.connect(f"file:{place}?mode=ro", uri=True, timeout=5)) as connection:
        rows = connection.execute("select status, workflow_uuid, updated_at from workflow_status").fetchall()
    given_up = [one for status, one, _ in rows if status == "MAX_RECOVERY_ATTEMPTS_EXCEEDED"]
    if given_up:
        return Finding(name="workflows", state="problem", sentence=f"given up: {', '.join(given_up[:5])}",
                       hint="logs/control.log says why; start the work again")  # fmt: skip
    running = [(one, at) for status, one, at in rows if status in ("PENDING", "ENQUEUED", "DELAYED")]
    stuck = [one for one, at in running if now_ms - (at or now_ms) > _STUCK_MS]
    if stuck:
        return Finding(name="workflows", state="warning", sentence=f"nothing moved for a day: {', '.join(stuck[:5])}",
                       hint="a rollout may wait for users, or for a person; else cancel it")  # fmt: skip
    return Finding(name="workflows", state="ok", sentence=f"{len(running)} under way, {len(rows)} in all")


# ---------------------------------------------------------------- ways back
def _backups(data: Path, settings: ServerSettings, now_ms: int) -> Finding:
    folder = backup.folder_of(data.resolve(), settings.backup_dir)
    found = backup.list_backups(folder)
    if not found:
        state: State = "warning" if (data / "volant.db").exists() else "ok"
        return Finding(name="backups", state=state, sentence=f"none in {folder}",
                       hint="volant backup create; or say where they are with server.backup_dir")  # fmt: skip
    days = (now_ms - found[0].made_ms) / DAY_MS
    sentence = f"the newest of {len(found)} in {folder} is {days:.1f} days old"
    if days > _BACKUP_DAYS:
        return Finding(name="backups", state="warning", sentence=sentence, hint="volant backup create, by a timer")
    return Finding(name="backups", state="ok", sentence=sentence)


def _upgrade(data: Path, settings: ServerSettings) -> Finding:
    found = upgrade.copies(data)
    if not found:
        return Finding(name="upgrade", state="ok", sentence="no copy from before an upgrade is kept")
    sentence = f"{found[-1].name} is kept for {settings.upgrade_copy_days} days after the upgrade"
    return Finding(name="upgrade", state="ok", sentence=sentence)
