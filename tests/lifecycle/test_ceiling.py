"""A data directory stays below its ceiling: said from 80 %, the oldest texts go at 100 %, imports are refused last."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from tests.lifecycle.test_retention import asked, count, opened

from volant.api.manage.retention import sweeper_of
from volant.core.clock import ManualClock
from volant.core.errors import StorageFull
from volant.jobs.context import Context
from volant.lifecycle import ceiling
from volant.lifecycle.ceiling import Ceiling
from volant.store import tables
from volant.store.spool import SpoolWriter
from volant.store.vault import new_key
from volant.traces.ingest import ingest

NOW_MS = 1_800_000_000_000
HOUR_MS = 3_600_000


@pytest.fixture
def context(tmp_path: Path) -> Any:
    made = opened(tmp_path / "data", ManualClock(NOW_MS))
    yield made
    made.db.close()


def fill(context: Context, rows: int, age_ms: int, prefix: str) -> None:
    """Texts of 4 kB that do not compress."""
    records = [asked(f"{prefix}{n:04}", NOW_MS - age_ms + n, '"' + os.urandom(2000).hex() + '"') for n in range(rows)]
    for start in range(0, rows, 500):
        with context.db.begin() as tx:
            ingest(tx, context.keyring, records[start : start + 500], now_ms=NOW_MS)
    context.db.checkpoint()


def watch(context: Context, ceiling_bytes: int) -> tuple[Ceiling, list[int]]:
    told: list[int] = []
    made = Ceiling(
        data_dir=context.data_dir, db=context.db, ceiling_bytes=ceiling_bytes, sweeper=sweeper_of(context),
        clock=context.clock, told=told.append,
    )  # fmt: skip
    return made, told


def test_without_a_ceiling_nothing_is_said_and_nothing_goes(context: Context) -> None:
    fill(context, 300, 100 * HOUR_MS, "old")
    watcher, told = watch(context, 0)
    watcher.look()
    assert (told, ceiling.near(context.data_dir), ceiling.over(context.data_dir)) == ([], "", "")
    assert count(context, tables.inference_payload) == 300


def test_from_80_percent_it_is_said(context: Context) -> None:
    fill(context, 300, 100 * HOUR_MS, "old")
    used = ceiling.files_bytes(context.data_dir) - ceiling.free_bytes(context.db)
    watcher, told = watch(context, int(used / 0.9))
    watcher.look()
    assert "90% of" in ceiling.near(context.data_dir)
    assert (told, ceiling.over(context.data_dir)) == ([], "")
    roomy, _ = watch(context, used * 3)
    roomy.look()
    assert ceiling.near(context.data_dir) == ""


def test_at_100_percent_the_oldest_texts_go_and_no_more_than_it_takes(context: Context) -> None:
    fill(context, 800, 100 * HOUR_MS, "old")
    fill(context, 800, 50 * HOUR_MS, "newer")
    used = ceiling.files_bytes(context.data_dir) - ceiling.free_bytes(context.db)
    watcher, told = watch(context, used - 4096)
    usage = watcher.look()
    assert usage.share <= ceiling.ENOUGH
    with context.db.read() as tx:
        left = set(tx.execute(select(tables.inference_payload.c.id)).scalars())
    assert told == [1600 - len(left)]
    assert 0 < told[0] < 800, "as many as it takes"
    assert {f"newer{n:04}" for n in range(800)} <= left, "the oldest first"
    assert ceiling.over(context.data_dir) == ""
    assert count(context, tables.inference) == 1600, "numbers stay"


def test_texts_do_not_go_where_they_are_not_what_fills_it(context: Context) -> None:
    fill(context, 300, 100 * HOUR_MS, "old")
    (context.data_dir / "weights.gguf").write_bytes(os.urandom(8 << 20))
    watcher, told = watch(context, 4 << 20)
    watcher.look()
    assert (told, count(context, tables.inference_payload)) == ([], 300)
    assert ceiling.over(context.data_dir)


def test_where_nothing_is_left_to_sweep_imports_are_refused_and_gateways_hear_of_it(context: Context) -> None:
    fill(context, 300, HOUR_MS // 2, "young")
    watcher, told = watch(context, 1 << 20)
    watcher.look()
    assert told == [], "texts of the last hour stay"
    with pytest.raises(StorageFull, match="reached its ceiling") as full:
        ceiling.check(context.data_dir)
    assert full.value.code == "disk_ceiling"
    now = [0.0]
    writer = SpoolWriter(
        context.data_dir / "spool" / "9", new_key(), full_while=context.data_dir / ceiling.MARKER,
        monotonic=lambda: now[0],
    )  # fmt: skip
    with pytest.raises(StorageFull, match="disk_ceiling_mb"):
        writer.append(b"record")
    roomy, _ = watch(context, 1 << 30)
    roomy.look()
    ceiling.check(context.data_dir)
    now[0] += 2.0
    writer.append(b"record")
    writer.close()
