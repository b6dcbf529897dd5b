"""Benchmark of the ingest: inferences a second into SQLite, sealed, with attempts and rollups.

    python bench/ingest.py        writes bench/results/ingest.json

10,000 inferences of 1.4 kB payload from 3,000 people in batches of 500, each batch one transaction with
`synchronous=FULL`. The baseline is measured in the same run: the same narrow rows and payloads by plain sqlite3
`executemany` into the same tables, unsealed, without attempts, rollups, or any look at what is there already.
"""

from __future__ import annotations

import json
import os
import platform
import random
import re
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from volant.core.ids import new_id, new_span_id, new_trace_id
from volant.core.nouns import InferenceRecord, ModelCall
from volant.store.database import Database
from volant.store.keys import KeyRing
from volant.store.vault import Vault, new_key
from volant.traces.ingest import ingest

RESULTS = Path(__file__).parent / "results" / "ingest.json"
COUNT, BATCH, PEOPLE = 10_000, 500, 3_000
GOAL = 2_000  # inferences a second: twenty times what two cores serve in the story
WORDS = ("card", "bank", "why", "transfer", "pending", "top", "limit", "refund")


def main() -> int:
    """Measure, write, print; 0 when the goal holds."""
    rng = random.Random(20261123)
    records = [_record(n, rng) for n in range(COUNT)]
    with tempfile.TemporaryDirectory() as folder:
        wall, cpu = _measured(lambda: _ours(Path(folder) / "ours.db", records))
        base_wall, base_cpu = _measured(lambda: _plain(Path(folder) / "plain.db", records))
    rows = [
        _row("ingest, wall clock", COUNT / wall, "inferences/s", COUNT / base_wall, GOAL),
        _row("ingest, CPU", COUNT / cpu, "inferences/CPU-s", COUNT / base_cpu, GOAL),
    ]
    report = {
        "name": "ingest",
        "machine": _machine(),
        "commit": _commit(),
        "date": datetime.now(UTC).date().isoformat(),
    }
    RESULTS.write_text(json.dumps(report | {"rows": rows}, indent=2) + "\n", encoding="utf-8")
    for row in rows:
        print(f"{row['name']:24} {row['value']:>9} {row['unit']:18} plain {row['baseline']}  holds: {row['holds']}")
    return 0 if all(row["holds"] for row in rows) else 1


def _record(number: int, rng: random.Random) -> InferenceRecord:
    words = " ".join(f"{rng.choice(WORDS)}{rng.random()}" for _ in range(30)).encode()
    started_ms = 1_700_000_000_000 + 10 * number
    call = ModelCall(
        call_id=new_id("model_call"), span_id=new_span_id(), deployment="d", model="m", started_ms=started_ms,
        latency_ms=10.0, status=200, provider_response_id=f"chatcmpl-{number}",
    )  # fmt: skip
    return InferenceRecord(
        inference_id=new_id("inference"), project="default", key_id="key_1", trace_id=new_trace_id(),
        span_id=new_span_id(), task="t", variant="v", deployment="d", model="m", subject=f"sub_{number % PEOPLE:032x}",
        tags={"item": f"A/{number}"}, started_ms=started_ms, latency_ms=rng.expovariate(0.05), ttft_ms=1.0, status=200,
        input_tokens=20, output_tokens=8, cost_usd=1e-5, calls=(call,), input=words, output=words[:700],
    )  # fmt: skip


def _ours(place: Path, records: list[InferenceRecord]) -> Callable[[], None]:
    db = Database.open(f"sqlite:///{place}")
    db.migrate()
    ring = KeyRing(db, Vault(new_key()))
    with db.begin() as tx:
        ring.ensure_project(tx, "default", now_ms=1)

    def work() -> None:
        for start in range(0, COUNT, BATCH):
            with db.begin() as tx:
                ingest(tx, ring, records[start : start + BATCH], now_ms=1)
        db.close()

    return work


def _plain(place: Path, records: list[InferenceRecord]) -> Callable[[], None]:
    db = Database.open(f"sqlite:///{place}")
    db.migrate()
    db.close()
    connection = sqlite3.connect(place, isolation_level=None)
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("INSERT INTO project (id, wrapped_key, wrapped_hash_key) VALUES ('default', x'', x'')")
    columns = ("id", "project", "trace_id", "span_id", "key_id", "task", "variant", "deployment", "model", "subject",
               "item", "started_ms", "latency_ms", "ttft_ms", "status", "input_tokens", "output_tokens")  # fmt: skip
    insert = f"INSERT INTO inference ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})"

    def work() -> None:
        for start in range(0, COUNT, BATCH):
            batch = records[start : start + BATCH]
            connection.execute("BEGIN IMMEDIATE")
            connection.executemany(insert, [
                (r.inference_id, r.project, r.trace_id, r.span_id, r.key_id, r.task, r.variant, r.deployment, r.model,
                 r.subject, r.tags["item"], r.started_ms, r.latency_ms, r.ttft_ms, r.status, r.input_tokens,
                 r.output_tokens) for r in batch])  # fmt: skip
            payloads = [(r.inference_id, r.input + r.output) for r in batch]
            connection.executemany("INSERT INTO inference_payload (id, sealed) VALUES (?, ?)", payloads)
            connection.execute("COMMIT")
        connection.close()

    return work


def _measured(prepare: Callable[[], Callable[[], None]]) -> tuple[float, float]:
    """Seconds by the wall and of CPU; the preparation is not counted."""
    work = prepare()
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - wall, time.process_time() - cpu


def _row(name: str, value: float, unit: str, baseline: float, goal: float) -> dict[str, object]:
    return {
        "name": name,
        "value": round(value),
        "unit": unit,
        "baseline": round(baseline),
        "ratio": round(value / baseline, 3),
        "goal": f">= {goal}",
        "holds": value >= goal,
    }


def _machine() -> dict[str, object]:
    model = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.is_file():
        named = re.search(r"^model name\s*:\s*(.+)$", cpuinfo.read_text(encoding="utf-8"), re.MULTILINE)
        model = named[1] if named else model
    return {"cpu": model, "cores": os.cpu_count(), "system": platform.system(), "python": platform.python_version()}


def _commit() -> str:
    run = ["git", "rev-parse", "--short", "HEAD"]
    done = subprocess.run(run, cwd=Path(__file__).parent, capture_output=True, text=True, check=False)
    return done.stdout.strip() or "unknown"


if __name__ == "__main__":
    sys.exit(main())
