"""Restore: a backup becomes a data directory, whole or not at all. The server must not run.

    verify and unpack beside it → is the master key the right one? → who has to be erased again? → rename

A target that holds something is moved aside, never overwritten. Who was erased since the backup is erased again before
anybody can ask: `settle` does that on the unpacked folder, handed in by whoever can open everything (app.restoring).
"""

from __future__ import annotations

import fcntl
import os
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO

import msgspec
from sqlalchemy.exc import SQLAlchemyError

from volant.core.clock import Clock
from volant.core.errors import BadInput, Conflict, Unauthenticated
from volant.lifecycle import archive, backup, keys, ledger, verify
from volant.lifecycle.archive import Manifest
from volant.lifecycle.keys import Keys
from volant.lifecycle.ledger import Erased
from volant.lifecycle.verify import Verified
from volant.registry.keys import new_clear_key
from volant.store.database import Database
from volant.store.keys import KeyRing
from volant.store.vault import Vault

_MASTER, _ROOT = "master.key", "root.key"
Settle = Callable[[Path, Manifest, Keys, list[Erased]], list[str]]  # (folder, …, whom) -> ids of their erasures


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """How somebody wants it restored."""

    force: bool = False  # move what is there aside
    passphrase: str = ""  # opens the keys in the backup
    master_key: bytes = b""  # 32 bytes; wins over what is found
    keep_master_key: bool = True  # False: it comes from VOLANT_MASTER_KEY, and stays out of the folder
    ledger: Path | None = None


class Restored(msgspec.Struct, frozen=True, kw_only=True):
    """What a restore did."""

    data_dir: str
    backup: Verified
    moved_aside: str  # what was there before; empty: nothing
    new_root_key: bool  # the backup had none: a fresh one is in root.key
    ledger: str  # where the erasures came from; empty: nowhere, and nobody was erased again
    erased_again: list[str]  # ids of the erasures
    erasures_known: int  # of the ledger, already in the backup


def restore(place: Path, data_dir: Path, wish: Wish, *, clock: Clock, settle: Settle) -> Restored:
    """Raises Conflict when a server runs there or something is there without `force`; what `verify` raises;
    Unauthenticated without the right master key. Whatever it raises, `data_dir` is as it was.
    """
    data_dir = data_dir.absolute()
    with _target(data_dir, wish.force):
        return _restore(place, data_dir, wish, clock, settle)


def _restore(place: Path, data_dir: Path, wish: Wish, clock: Clock, settle: Settle) -> Restored:
    data_dir.parent.mkdir(parents=True, exist_ok=True)
    for left in data_dir.parent.glob(f".{data_dir.name}.restoring-*"):  # by one that was killed; it holds keys
        if not backup.lives(int(left.name.rpartition("-")[2])):
            shutil.rmtree(left, ignore_errors=True)
    made = data_dir.with_name(f".{data_dir.name}.restoring-{os.getpid()}")
    made.mkdir(mode=0o700)
    try:
        manifest = archive.read(place, lambda name: made / name)
        for folder in (one for one in made.rglob("*") if one.is_dir()):
            folder.chmod(0o700)
        verify.check_content(place, made, manifest)
        found = _keys(made, manifest, data_dir, wish)
        _check_keys(place, made, found)
        fresh = _write_keys(made, found, wish)
        source, whom = _whom(made, data_dir, wish)
        again = _unknown(made, whom)
        erased = settle(made, manifest, found, again)
        aside = _swap(made, data_dir, clock.now_ms())
    finally:
        shutil.rmtree(made, ignore_errors=True)
    return Restored(
        data_dir=str(data_dir),
        backup=verify.summary(place, manifest, is_sealed=True),
        moved_aside=str(aside or ""),
        new_root_key=fresh,
        ledger=source,
        erased_again=erased,
        erasures_known=len(whom) - len(again),
    )


# ---------------------------------------------------------------- the target
@contextmanager
def _target(data_dir: Path, force: bool) -> Iterator[None]:
    """The folder may be replaced, and no server starts there before that is done: it would serve what moves aside."""
    with ExitStack() as stack:
        if data_dir.exists() and any(data_dir.iterdir()):
            lock = data_dir / "volant.lock"
            if lock.exists():
                _lock(stack.enter_context(lock.open("rb")), data_dir)
            if not force:
                raise Conflict(
                    "restore_not_empty", "something is there already", where=str(data_dir),
                    hint="name a new folder, or add --force: what is there is moved aside, not removed",
                )  # fmt: skip
        yield


def _lock(file: IO[bytes], data_dir: Path) -> None:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise Conflict(
            "data_dir_in_use", "a server works on this data directory", where=str(data_dir),
            hint="stop it first, or restore to another folder",
        ) from None  # fmt: skip


def _swap(made: Path, data_dir: Path, now_ms: int) -> Path | None:
    """Put the new folder in place; gives where the old one went."""
    aside = None
    if data_dir.exists() and any(data_dir.iterdir()):
        stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(now_ms / 1000))
        aside = data_dir.with_name(f"{data_dir.name}.before-restore-{stamp}")
        data_dir.rename(aside)
    elif data_dir.exists():
        data_dir.rmdir()
    try:
        made.rename(data_dir)
    except OSError:
        if aside is not None:
            aside.rename(data_dir)
        raise
    return aside


# ---------------------------------------------------------------- keys
def _keys(made: Path, manifest: Manifest, data_dir: Path, wish: Wish) -> Keys:
    """From the wish, the backup, or the folder that is replaced, in this order."""
    old_root = _text(data_dir / _ROOT)
    sealed = made / keys.NAME
    if wish.passphrase and manifest.has_keys:
        found = keys.unseal(sealed.read_bytes(), wish.passphrase)
        sealed.unlink()
        return found
    sealed.unlink(missing_ok=True)
    if wish.master_key:
        return Keys(master=wish.master_key, root=old_root)
    if (data_dir / _MASTER).exists():
        return Keys(master=(data_dir / _MASTER).read_bytes(), root=old_root)
    how = "--passphrase-file opens the keys in it; else " if manifest.has_keys else ""
    raise Unauthenticated(
        "restore_no_master_key", "nothing in this backup can be read without its master key", where=str(data_dir),
        hint=f"{how}give the old master.key with --master-key, or VOLANT_MASTER_KEY",
    )  # fmt: skip


def _check_keys(place: Path, made: Path, found: Keys) -> None:
    """The master key opens the projects' keys, and the manifest is the one that was written."""
    vault = Vault(found.master)
    db = Database.open(f"sqlite:///{made / 'volant.db'}")
    try:
        with db.read() as tx:
            ring = KeyRing(db, vault, read_only=True)
            for (project,) in tx.exec_driver_sql("select id from project").fetchall():
                ring.project_key(tx, project)
    except BadInput as error:
        raise Unauthenticated(
            "restore_wrong_master_key", "this master key does not open this backup", where=str(place),
            hint="give the master.key of the installation that wrote it",
        ) from error  # fmt: skip
    finally:
        db.close()
    archive.check_seal(place, backup.mac_key(vault))


def _write_keys(made: Path, found: Keys, wish: Wish) -> bool:
    """True when a new root key had to be made; the next start registers it."""
    if wish.keep_master_key:
        _private(made / _MASTER, found.master)
    _private(made / _ROOT, (found.root or new_clear_key()).encode() + b"\n")
    return not found.root


def _private(place: Path, content: bytes) -> None:
    with os.fdopen(os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _text(place: Path) -> str:
    try:
        return place.read_text().strip()
    except OSError:
        return ""


# ---------------------------------------------------------------- erasures since
def _whom(made: Path, data_dir: Path, wish: Wish) -> tuple[str, list[Erased]]:
    """(where the ledger came from, its rows): the file that was given, and the folder that is replaced."""
    rows: list[Erased] = []
    sources = []
    if wish.ledger is not None:
        rows += ledger.load(wish.ledger)
        sources.append(str(wish.ledger))
    old = data_dir / "volant.db"
    if old.exists() and (there := _read_old(made, old)) is not None:
        rows += there
        sources.append(str(old))
    newest: dict[tuple[str, str], Erased] = {}
    for row in sorted(rows, key=lambda one: one.destroyed_ms):
        newest[row.project, row.subject] = row
    return ", ".join(sources), list(newest.values())


def _read_old(made: Path, old: Path) -> list[Erased] | None:
    """Who was erased in the folder that is replaced; None when it is another installation's, or cannot be read."""
    db, new = Database.open(f"sqlite:///{old}", read_only=True), Database.open(f"sqlite:///{made / 'volant.db'}")
    try:
        with db.read() as tx, new.read() as mine:
            query = "select wrapped_hash_key from project"
            if not {*tx.exec_driver_sql(query).scalars()} & {*mine.exec_driver_sql(query).scalars()}:
                return None
            return ledger.read_rows(tx)
    except SQLAlchemyError:  # it may be the reason for this restore
        return None
    finally:
        db.close()
        new.close()


def _unknown(made: Path, whom: list[Erased]) -> list[Erased]:
    db = Database.open(f"sqlite:///{made / 'volant.db'}")
    try:
        with db.read() as tx:
            return ledger.missing(tx, whom)
    finally:
        db.close()
