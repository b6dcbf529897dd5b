"""What a request costs: Volant's gateway beside nginx, in one run, before the same stand-in upstream.

    python bench/gateway.py [--rounds 2] [--seconds 4]

The figure is CPU milliseconds a request of the process tree, of the least disturbed slice of at least 150 ms of CPU,
and its ratio to nginx of the same run; figures of two runs do not compare. Volant does all it does in production: key,
plan, balance, usage, and an encrypted record on disk for every request. nginx only forwards. Writes
bench/results/gateway.json. Without nginx its rows and all ratios are left out, by name.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import datetime
import hashlib
import json
import os
import platform
import socket
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import uvloop
from gateway_load import client, processes

from volant.core.nouns import KeyGrant, Route, Snapshot, Target, TaskSpec, VariantSpec
from volant.gateway import snapshot_file
from volant.store.spool import drain
from volant.store.vault import Vault

ROOT = Path(__file__).resolve().parent.parent
KEY = "sk-volant-bench-0000000000000000"
MASTER = bytes(32)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One kind of traffic."""

    name: str
    stream: bool
    concurrency: int
    delay_ms: int = 0
    share: float = 1.0  # of --seconds


CELLS = (
    Cell(name="json_c16", stream=False, concurrency=16),
    Cell(name="json_c1", stream=False, concurrency=1, share=0.5),
    Cell(name="sse_c16", stream=True, concurrency=16),
    Cell(name="sse_paced", stream=True, concurrency=32, delay_ms=10),
)
GOALS = {"json_c16": 3.0, "sse_paced": 2.0}  # times nginx


@dataclass(slots=True, kw_only=True)
class Measured:
    """One cell of one target."""

    cpu_ms: float
    rps: float
    first_p50_ms: float
    total_p50_ms: float
    total_p99_ms: float
    rss_mib: float
    errors: int


def measure(url: str, pid: int, cell: Cell, seconds: float) -> Measured:
    """Warm up, then count."""
    load = client.Load(url=url, model="bench", key=KEY, stream=cell.stream, delay_ms=cell.delay_ms)
    seconds *= cell.share

    async def work() -> tuple[client.Result, float]:
        await client.run(load, min(1.0, seconds / 2), cell.concurrency)
        before = processes.cpu_ms(pid)
        result = client.Result()
        slices: list[float] = []
        watching = asyncio.create_task(watch(pid, result, slices))
        await client.run(load, seconds, cell.concurrency, result)
        watching.cancel()
        await asyncio.sleep(0.2)  # work put off until after the answer counts too
        whole = (processes.cpu_ms(pid) - before) / max(1, len(result.total))
        return result, min(slices, default=whole)

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        result, cpu = runner.run(work())
    if result.errors:
        print(f"  {cell.name}: {result.errors} wrong answers, the first: {result.sample}", file=sys.stderr)
    count = len(result.total)
    return Measured(
        cpu_ms=cpu if count else float("nan"),
        rps=count / seconds,
        first_p50_ms=client.percentile(result.first, 50) * 1000,
        total_p50_ms=client.percentile(result.total, 50) * 1000,
        total_p99_ms=client.percentile(result.total, 99) * 1000,
        rss_mib=processes.rss_mib(pid),
        errors=result.errors,
    )


async def watch(pid: int, result: client.Result, slices: list[float]) -> None:
    """CPU-ms a request of slices of at least 150 ms of CPU: the least disturbed one is the best estimate."""
    cpu, count = processes.cpu_ms(pid), len(result.total)
    while True:
        await asyncio.sleep(0.4)
        cpu_now, count_now = processes.cpu_ms(pid), len(result.total)
        if cpu_now - cpu >= 150 and count_now - count >= 20:
            slices.append((cpu_now - cpu) / (count_now - count))
            cpu, count = cpu_now, count_now


@contextlib.contextmanager
def volant(upstream: int, folder: Path, pinned: set[int]) -> Iterator[tuple[str, int]]:
    """One gateway worker from a sealed snapshot, without control."""
    data = folder / "data"
    (data / "run").mkdir(parents=True, exist_ok=True)
    variant = VariantSpec(name="v1", deployments=("mock",))
    route = Route(task=TaskSpec(name="bench", variants=(variant,)), live="v1")
    target = Target(name="mock", provider="mock", model="mock-model", base_url=f"http://127.0.0.1:{upstream}/v1")
    digest = hashlib.sha256(KEY.encode()).hexdigest()
    snapshot = Snapshot(
        revision=1,
        config_hash="bench",
        routes={"default": {"bench": route}},
        targets={"default": {"mock": target}},
        keys={digest: KeyGrant(key_id="key_bench", project="default", sha256=digest, scopes=("inference",))},
        subject_keys={"default": "00" * 32},
    )
    snapshot_file.save(data, Vault(MASTER), snapshot)
    listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
    listener.set_inheritable(True)
    port = listener.getsockname()[1]
    environment = {**os.environ, "VOLANT_MASTER_KEY": MASTER.hex(), "VOLANT_BOOT": '{"log_level":"error"}'}
    argv = [sys.executable, "-m", "volant.app.gateway", "--data-dir", str(data), "--worker-index", "0"]
    argv += ["--listen-fd", str(listener.fileno())]
    with processes.running(argv, port, pinned, pass_fds=(listener.fileno(),), env=environment) as pid:
        listener.close()
        try:
            yield f"http://127.0.0.1:{port}/v1", pid
        finally:
            drain(data / "spool", Vault(MASTER).spool_key, lambda records: None)


def run(rounds: int, seconds: float) -> tuple[dict[str, dict[str, list[Measured]]], bool]:
    """target -> cell -> one Measured a round; and whether nginx was there."""
    own, others = processes.cores()
    os.sched_setaffinity(0, others)
    found: dict[str, dict[str, list[Measured]]] = {}
    has_nginx = True
    with tempfile.TemporaryDirectory() as temporary:
        upstream = processes.free_port()
        with processes.mock(upstream, others) as mock_pid:
            for number in range(rounds):
                folder = Path(temporary) / str(number)
                folder.mkdir()
                direct = f"http://127.0.0.1:{upstream}/v1"
                note(found, "direct", direct, mock_pid, seconds)
                port = processes.free_port()
                try:
                    with processes.nginx(port, upstream, folder, own) as pid:
                        note(found, "nginx", f"http://127.0.0.1:{port}/v1", pid, seconds)
                except FileNotFoundError:
                    has_nginx = False
                    print("nginx is not installed: its rows and the ratios are left out", file=sys.stderr)
                with volant(upstream, folder, own) as (url, pid):
                    note(found, "volant", url, pid, seconds)
    return found, has_nginx


def note(found: dict[str, dict[str, list[Measured]]], name: str, url: str, pid: int, seconds: float) -> None:
    """Measure every cell of one target."""
    for cell in CELLS:
        measured = measure(url, pid, cell, seconds)
        found.setdefault(name, {}).setdefault(cell.name, []).append(measured)
        print(
            f"{name:7} {cell.name:10} {measured.cpu_ms:7.3f} CPU-ms/request {measured.rps:8.0f}/s"
            f"  p50 {measured.total_p50_ms:7.2f} ms  p99 {measured.total_p99_ms:7.2f} ms  errors {measured.errors}",
            flush=True,
        )


def median(found: dict[str, dict[str, list[Measured]]], target: str, cell: str, field: str) -> float | None:
    """Over the rounds; None where the target was not there."""
    values = [getattr(measured, field) for measured in found.get(target, {}).get(cell, [])]
    return statistics.median(values) if values else None


def rows(found: dict[str, dict[str, list[Measured]]]) -> list[dict[str, Any]]:
    """The result, one figure a row."""
    out: list[dict[str, Any]] = []
    for cell in CELLS:
        value, base = (median(found, target, cell.name, "cpu_ms") for target in ("volant", "nginx"))
        out.append(row(f"{cell.name}: CPU a request", value, "CPU-ms", base, GOALS.get(cell.name)))
        rate = median(found, "volant", cell.name, "rps")
        out.append(
            row(f"{cell.name}: requests a second of one core", rate, "1/s", median(found, "nginx", cell.name, "rps"))
        )
    for quantile in ("p50", "p99"):
        values = [median(found, t, "json_c1", f"total_{quantile}_ms") for t in ("volant", "nginx", "direct")]
        direct = values[2] or 0.0
        added, base = (None if v is None else v - direct for v in values[:2])
        out.append(row(f"json_c1: added {quantile} over direct", added, "ms", base))
    firsts = [median(found, t, "sse_paced", "first_p50_ms") for t in ("volant", "nginx", "direct")]
    direct = firsts[2] or 0.0
    out.append(
        row("sse_paced: added p50 to the first byte", *(None if v is None else v - direct for v in firsts[:1]), "ms",
            None if firsts[1] is None else firsts[1] - direct)
    )  # fmt: skip
    out.append(
        row(
            "memory",
            median(found, "volant", "sse_paced", "rss_mib"),
            "MiB",
            median(found, "nginx", "sse_paced", "rss_mib"),
        )
    )
    errors = sum(m.errors for cells in found.values() for measured in cells.values() for m in measured)
    out.append({**row("wrong answers", float(errors), "count", None), "goal": "0", "holds": errors == 0})
    return out


def row(name: str, value: float | None, unit: str, baseline: float | None, goal: float | None = None) -> dict[str, Any]:
    """`goal` is the largest ratio to nginx that holds."""
    ratio = value / baseline if value is not None and baseline else None
    return {
        "name": name,
        "value": None if value is None else round(value, 4),
        "unit": unit,
        "baseline": None if baseline is None else round(baseline, 4),
        "ratio": None if ratio is None else round(ratio, 2),
        "goal": "" if goal is None else f"ratio <= {goal:g}",
        "holds": None if goal is None or ratio is None else ratio <= goal,
    }


def machine() -> dict[str, Any]:
    """What ran it, without its name."""
    model = next(
        (
            line.partition(":")[2].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if "model name" in line
        ),
        platform.processor(),
    )
    return {
        "cpu": model,
        "cores": os.cpu_count(),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "load_at_start": round(os.getloadavg()[0], 2),
    }


def commit() -> str:
    answer = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    return answer.stdout.strip()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--seconds", type=float, default=4.0)
    parser.add_argument("--out", type=Path, default=ROOT / "bench" / "results" / "gateway.json")
    given = parser.parse_args()
    if not sys.platform.startswith("linux"):
        print("skipped: bench/gateway.py reads /proc, so it runs on Linux only")
        return
    facts = machine()
    found, _ = run(given.rounds, given.seconds)
    result = {
        "name": "gateway",
        "machine": facts,
        "commit": commit(),
        "date": datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%d"),
        "rows": rows(found),
    }
    given.out.parent.mkdir(parents=True, exist_ok=True)
    given.out.write_text(json.dumps(result, indent=1) + "\n")
    for line in result["rows"]:
        print(
            f"{line['name']:45} {line['value']} {line['unit']}"
            f"  nginx {line['baseline']}  ratio {line['ratio']}  {line['goal']}"
        )


if __name__ == "__main__":
    main()
