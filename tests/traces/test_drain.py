"""The drain: nothing lost and nothing doubled, also when control is killed in the middle of it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from sqlalchemy import func, select

from volant.core.clock import SystemClock
from volant.core.nouns import InferenceRecord
from volant.store.database import Database
from volant.store.keys import KeyRing
from volant.store.spool import SpoolWriter
from volant.store.tables import inference, inference_payload, rollup
from volant.traces.drain import TraceDrain

Make = Callable[..., InferenceRecord]
START_MS = 1_700_000_040_000

# A control of its own: opens the same data and drains until it is killed, saying each batch once it is committed.
DRAIN = """
import sys
from pathlib import Path
from volant.core.clock import SystemClock
from volant.store.database import Database
from volant.store.keys import KeyRing
from volant.store.vault import Vault
from volant.traces import drain as module

root = Path(sys.argv[1])
db = Database.open(f"sqlite:///{root / 'volant.db'}")
ring = KeyRing(db, Vault(b"m" * 32))
drain = module.TraceDrain(db, ring, root / "spool", SystemClock(), batch=20)
write = drain._spool._sink
def loud(frames):
    write(frames)
    print(len(frames), flush=True)
drain._spool._sink = loud
drain.run_once()
"""


def fill(root: Path, ring: KeyRing, worker: str, records: list[InferenceRecord], segment_bytes: int = 16 << 20) -> None:
    writer = SpoolWriter(root / "spool" / worker, ring.vault.spool_key, segment_bytes=segment_bytes)
    for record in records:
        writer.append(msgspec.msgpack.encode(record))
    writer.close()


def counts(database: Database) -> tuple[int, int, int, int]:
    with database.read() as tx:
        return (
            tx.execute(select(func.count()).select_from(inference)).scalar_one(),
            tx.execute(select(func.count()).select_from(inference_payload)).scalar_one(),
            tx.execute(select(func.sum(rollup.c.requests))).scalar_one() or 0,
            tx.execute(select(func.sum(rollup.c.input_tokens))).scalar_one() or 0,
        )


def test_every_workers_segments_are_drained_and_deleted(
    database: Database, ring: KeyRing, make: Make, tmp_path: Path
) -> None:
    fill(tmp_path, ring, "gateway-0", [make(subject=f"sub_{n % 7}") for n in range(730)], segment_bytes=200_000)
    fill(tmp_path, ring, "gateway-1", [make() for _ in range(20)])
    drain = TraceDrain(database, ring, tmp_path / "spool", SystemClock())
    assert drain.run_once() == 750
    assert drain.run_once() == 0
    assert counts(database) == (750, 750, 750, 7500)
    assert list((tmp_path / "spool").glob("*/*.seg")) == []
    assert drain.total.batches >= 3


def test_an_open_segment_is_read_as_it_grows_and_kept(
    database: Database, ring: KeyRing, make: Make, tmp_path: Path
) -> None:
    writer = SpoolWriter(tmp_path / "spool" / "gateway-0", ring.vault.spool_key)
    drain = TraceDrain(database, ring, tmp_path / "spool", SystemClock())
    for expected in (3, 2):
        for _ in range(expected):
            writer.append(msgspec.msgpack.encode(make()))
        assert drain.run_once() == expected
        assert len(list((tmp_path / "spool").glob("*/*.seg"))) == 1
    assert drain.total.known == 0  # the offset was remembered
    writer.close()
    assert drain.run_once() == 0
    assert list((tmp_path / "spool").glob("*/*.seg")) == []


def test_an_unreadable_record_does_not_hold_up_the_rest(
    database: Database, ring: KeyRing, make: Make, tmp_path: Path
) -> None:
    writer = SpoolWriter(tmp_path / "spool" / "gateway-0", ring.vault.spool_key)
    for frame in (msgspec.msgpack.encode(make()), b"nonsense", msgspec.msgpack.encode({"project": "default"})):
        writer.append(frame)
    writer.append(msgspec.msgpack.encode(make()))
    writer.close()
    drain = TraceDrain(database, ring, tmp_path / "spool", SystemClock())
    assert drain.run_once() == 2
    assert drain.total.unreadable == 2


def test_a_batch_that_fails_is_not_passed_over(
    database: Database, ring: KeyRing, make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(tmp_path, ring, "gateway-0", [make() for _ in range(10)])
    drain = TraceDrain(database, ring, tmp_path / "spool", SystemClock(), batch=4)
    with monkeypatch.context() as patch:
        patch.setattr("volant.traces.drain.ingest", _broken)
        with pytest.raises(RuntimeError, match="disk"):
            drain.run_once()
    assert counts(database)[0] == 0
    assert drain.run_once() == 10
    assert counts(database)[2] == 10


def _broken(*_: object, **__: object) -> None:
    raise RuntimeError("disk")


def test_a_kill_in_the_middle_loses_and_doubles_nothing(
    database: Database, ring: KeyRing, make: Make, tmp_path: Path
) -> None:
    total = 900
    records = [make(subject=f"sub_{n % 50}", started_ms=START_MS + 1000 * n) for n in range(total)]
    fill(tmp_path, ring, "gateway-0", records[:600], segment_bytes=60_000)
    fill(tmp_path, ring, "gateway-1", records[600:], segment_bytes=60_000)
    killed_midway = 0
    for after in (2, 7, 15, 26):  # batches of 20 that the victim may commit
        victim = subprocess.Popen([sys.executable, "-c", DRAIN, str(tmp_path)], stdout=subprocess.PIPE)
        assert victim.stdout is not None
        for _ in range(after):
            if not victim.stdout.readline():
                break
        os.kill(victim.pid, signal.SIGKILL)
        victim.wait(timeout=20)
        victim.stdout.close()
        there = counts(database)
        assert there[0] == there[1] == there[2]
        assert there[3] == 10 * there[0]
        killed_midway += 0 < there[0] < total
    assert killed_midway >= 1
    drain = TraceDrain(database, ring, tmp_path / "spool", SystemClock())
    drain.run_once()
    assert counts(database) == (total, total, total, 10 * total)
    with database.read() as tx:
        assert set(tx.execute(select(inference.c.id)).scalars()) == {record.inference_id for record in records}


def test_readers_are_not_held_up_and_see_whole_batches(
    database: Database, ring: KeyRing, make: Make, tmp_path: Path
) -> None:
    fill(tmp_path, ring, "gateway-0", [make(subject=f"sub_{n % 20}") for n in range(1500)])
    readers = Database.open(f"sqlite:///{tmp_path / 'volant.db'}", read_only=True)
    seen: list[tuple[int, int, int, int]] = []
    slowest = 0.0
    stop = threading.Event()

    def look() -> None:
        nonlocal slowest
        while not stop.is_set():
            began = time.perf_counter()
            seen.append(counts(readers))
            slowest = max(slowest, time.perf_counter() - began)

    reader = threading.Thread(target=look)
    reader.start()
    try:
        TraceDrain(database, ring, tmp_path / "spool", SystemClock(), batch=100).run_once()
    finally:
        stop.set()
        reader.join(timeout=30)
    readers.close()
    assert counts(database)[0] == 1500
    assert any(0 < one[0] < 1500 for one in seen)
    assert all(one[0] == one[1] == one[2] for one in seen)
    assert all(one[0] % 100 == 0 for one in seen)
    assert slowest < 15
