"""Keep the data directory of a released version as a fixture of the upgrade tests.

    python scripts/keep_release.py DATA            DATA: a stopped server's folder, written by the released code

Writes tests/store/released/REVISION/data.tar.zst (under 2 MB): both databases with every table and a part of their
rows, the blobs, the runs' results, and the keys, which are therefore test keys: use a folder made for this. Left out:
weights, tokenizers, logs, and the engines that would miss their weights. docs/lifecycle.md says when to run it.
"""

from __future__ import annotations

import io
import shutil
import sqlite3
import sys
import tarfile
import tempfile
from contextlib import closing
from pathlib import Path

from backports import zstd

PLACE = Path(__file__).resolve().parents[1] / "tests" / "store" / "released"
MOST_BYTES = 2_000_000
INFERENCES, RECORDS = 400, 1200  # rows kept, newest first
KEPT = ("master.key", "root.key", "volant.db", "dbos.db", "snapshot.sealed")
KEPT_BELOW = ("blobs/*/*", "runs/*/*.json", "runs/*/*.jsonl", "spool/*/*.seg")
TRIM = f"""
create temp table kept as select id from inference order by started_ms desc limit {INFERENCES};
insert into kept select id from inference where erased_ms > 0 or id in (select inference_id from record limit 50);
delete from inference where id not in (select id from kept);
delete from inference_payload where id not in (select id from kept);
delete from model_call where inference_id not in (select id from kept);
delete from feedback where inference_id not in (select id from kept) and pending = 0;
create temp table some as select id from record order by inference_id = '', id desc limit {RECORDS};
delete from record where id not in (select id from some);
delete from subject_key where destroyed_ms = 0 and subject not in (
  select subject from inference union select subject from record union select subject from feedback);
"""


def main(arguments: list[str]) -> int:
    """Exit code 0: written."""
    if len(arguments) != 1:
        print(__doc__)
        return 2
    source = Path(arguments[0])
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "data"
        data.mkdir()
        for name in KEPT:
            copied(source, data, source / name)
        for pattern in KEPT_BELOW:
            for place in sorted(source.glob(pattern)):
                copied(source, data, place)
        revision = trimmed(data / "volant.db")
        with closing(sqlite3.connect(data / "dbos.db")) as connection:
            connection.execute("vacuum")
            connection.execute("pragma journal_mode=delete")
        packed = zstd.compress(tar_of(data), 19)
    if len(packed) > MOST_BYTES:
        print(f"{len(packed)} bytes are too many for a fixture: lower INFERENCES and RECORDS")
        return 1
    place = PLACE / revision / "data.tar.zst"
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(packed)
    print(f"wrote {place}: {len(packed)} bytes")
    return 0


def copied(source: Path, data: Path, place: Path) -> None:
    """Copy one file to the same place in `data`; a database with its write-ahead log."""
    target = data / place.relative_to(source)
    target.parent.mkdir(parents=True, exist_ok=True)
    if place.suffix != ".db":
        shutil.copyfile(place, target)
        return
    with closing(sqlite3.connect(place)) as old, closing(sqlite3.connect(target)) as new:
        old.backup(new)


def trimmed(database: Path) -> str:
    """Drop most rows of the large tables; gives the schema's revision. Raises ValueError for a table without rows."""
    with closing(sqlite3.connect(database)) as connection:
        connection.executescript(TRIM)
        tables = [name for (name,) in connection.execute("select name from sqlite_master where type = 'table'")]
        empty = [name for name in tables if not connection.execute(f"select 1 from {name} limit 1").fetchone()]
        if empty:
            raise ValueError(f"a fixture has rows in every table; none are in {', '.join(sorted(empty))}")
        connection.commit()
        connection.execute("vacuum")
        connection.execute("pragma journal_mode=delete")
        (revision,) = connection.execute("select version_num from alembic_version").fetchone()
    return str(revision)


def tar_of(data: Path) -> bytes:
    """The folder as a tar, the same bytes for the same content."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for place in sorted(path for path in data.rglob("*") if path.is_file()):
            facts = tarfile.TarInfo(str(place.relative_to(data)))
            facts.size, facts.mode = place.stat().st_size, 0o600
            with place.open("rb") as file:
                archive.addfile(facts, file)
    return out.getvalue()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
