"""Verify: is a backup whole, and would it start? Reads every byte; changes nothing.

Checked: every member's size and hash, the manifest's seal where the master key is known, SQLite's own check of both
databases, the rows of every table against the manifest, that every blob has the content its name promises, and that no
manifest of a dataset version lacks a blob.
"""

from __future__ import annotations

import json
import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path

import msgspec

from volant.lifecycle import archive, backup
from volant.lifecycle.archive import Manifest


class Verified(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """A backup that can be restored."""

    name: str
    began_ms: int  # Unix milliseconds: whatever was acknowledged before is in it
    volant: str  # the version that wrote it
    schema: str
    runs: str
    has_keys: bool
    is_sealed: bool  # the master key was at hand, and the manifest is the one that was written
    files: int
    size_bytes: int
    counts: dict[str, int]  # rows per table


def verify(place: Path, *, mac_key: bytes | None = None) -> Verified:
    """Raises NotFound, BadInput `backup_damaged`, StorageFull (the databases are unpacked beside it for a moment)."""
    with tempfile.TemporaryDirectory(prefix=".verify-", dir=_room(place)) as name:
        folder = Path(name)

        def into(member: str) -> Path | None:
            return folder / member if member in backup.DATABASES else None

        manifest = archive.read(place, into, mac_key=mac_key)
        check_content(place, folder, manifest)
    return summary(place, manifest, is_sealed=mac_key is not None)


def summary(place: Path, manifest: Manifest, *, is_sealed: bool) -> Verified:
    """What is said of a backup that was read whole."""
    return Verified(
        name=place.name,
        began_ms=manifest.began_ms,
        volant=manifest.volant,
        schema=manifest.schema,
        runs=manifest.runs,
        has_keys=manifest.has_keys,
        is_sealed=is_sealed,
        files=len(manifest.files),
        size_bytes=sum(member.size for member in manifest.files),
        counts=manifest.counts,
    )


def check_content(place: Path, folder: Path, manifest: Manifest) -> None:
    """What is unpacked in `folder` makes sense. Raises BadInput `backup_damaged`."""
    members = {member.path: member for member in manifest.files}
    blobs = {path.removeprefix("blobs/").replace("/", "") for path in members if path.startswith("blobs/")}
    for member in manifest.files:
        if member.path.startswith("blobs/") and member.path.removeprefix("blobs/").replace("/", "") != member.sha256:
            raise archive.damaged(place, f"{member.path} does not have the content its name promises")
    for name in backup.DATABASES:
        if name in members:
            _check_database(place, folder / name)
    if "volant.db" not in members:
        raise archive.damaged(place, "it holds no volant.db")
    with closing(sqlite3.connect(folder / "volant.db")) as connection:
        _check_rows(place, connection, manifest)
        for version, segments in connection.execute("select id, segments from dataset_version"):
            missing = [one["blob"] for one in json.loads(segments) if one["blob"] not in blobs]
            if missing:
                raise archive.damaged(place, f"the rows of dataset version {version} are missing: blob {missing[0]}")


def _check_database(place: Path, database: Path) -> None:
    try:
        with closing(sqlite3.connect(database)) as connection:
            found = connection.execute("pragma quick_check(1)").fetchone()[0]
    except sqlite3.DatabaseError as error:
        raise archive.damaged(place, f"{database.name}: {error}") from error
    if found != "ok":
        raise archive.damaged(place, f"{database.name}: {found}")


def _check_rows(place: Path, connection: sqlite3.Connection, manifest: Manifest) -> None:
    for table, count in manifest.counts.items():
        quoted = table.replace('"', '""')
        found = connection.execute(f'select count(*) from "{quoted}"').fetchone()[0]
        if found != count:
            raise archive.damaged(place, f"{table} has {found} rows in place of {count}")


def _room(place: Path) -> Path | None:
    """Beside the backup, where there is room for it; the system's place where that cannot be written."""
    try:
        with tempfile.TemporaryFile(dir=place.parent):
            return place.parent
    except OSError:
        return None
