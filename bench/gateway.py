"""What a request costs: nginx, Volant and LiteLLM in one run, before the same stand-in upstream.

    python bench/gateway.py [--rounds 2] [--seconds 4] [--litellm PROGRAM] [--only CELL,...]

The figure is CPU milliseconds a request of the gateway's processes, of the least disturbed slice of at least 150 ms of
CPU, and its ratio to nginx of the same run; figures of two runs do not compare. Volant is a real `volant up` with a key
that has a rate limit and a budget; it plans, balances, counts usage and cost, and keeps an encrypted record of every
request. "With control": the CPU of the whole tree until the last record is in the database. nginx only forwards;
LiteLLM checks one key and has no database. Writes bench/results/gateway.json. What is not installed is left out, by
name. `make bench-gateway` installs LiteLLM into an environment of its own first.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import datetime
import json
import math
import os
import platform
import statistics
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import uvloop
from gateway_load import client, processes, targets
from gateway_load.targets import Target

ROOT = Path(__file__).resolve().parent.parent
PAD = 50_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One kind of traffic. `goal`: the largest ratio to nginx's cell (`base`, else the same) that holds."""

    name: str
    stream: bool = False
    concurrency: int = 16
    delay_ms: int = 0
    pad: int = 0
    dialect: str = "openai"
    task: str = "bench"
    share: float = 1.0  # of --seconds
    base: str = ""
    goal: float | None = None
    who: frozenset[str] = frozenset({"direct", "nginx", "volant"})


PEERS = frozenset({"direct", "nginx", "volant", "litellm"})
CELLS = (
    Cell(name="json_c16", goal=3.0, who=PEERS),
    Cell(name="json_c1", concurrency=1, share=0.7, who=PEERS),
    Cell(name="sse_c16", stream=True, who=PEERS),
    Cell(name="sse_paced", stream=True, concurrency=32, delay_ms=10, goal=2.0, who=PEERS),
    Cell(name="json_50kB", pad=PAD, who=PEERS),
    Cell(name="json_tls", task="bench-tls"),
    Cell(name="json_cross_dialect", dialect="anthropic", base="json_c16", who=frozenset({"volant", "litellm"})),
    Cell(
        name="sse_cross_dialect", dialect="anthropic", stream=True, base="sse_c16", who=frozenset({"volant", "litellm"})
    ),
    Cell(name="json_checks", task="bench-checks", base="json_c16", who=frozenset({"volant"})),
)
WHOLE = "json_c16"  # the cell after which control's draining is waited for
WHOLE_GOAL = 5.0
ONE, TWO = "volant unpinned", "volant two workers"
LITELLM_GOAL = 0.01
ADDED_P99_MS, RSS_MIB, TWO_WORKERS = 1.0, 100.0, 1.1


@dataclass(slots=True, kw_only=True)
class Measured:
    """One cell of one target."""

    cpu_ms: float
    whole_ms: float  # a request, of the whole tree until everything is settled; NaN where it was not waited for
    rps: float
    first_p50_ms: float
    total_p50_ms: float
    total_p99_ms: float
    rss_mib: float  # of the largest process on the request's path
    errors: int


Found = dict[str, dict[str, list[Measured]]]  # target -> cell -> one a round


def measure(target: Target, cell: Cell, seconds: float, *, whole: bool = False) -> Measured:
    """Warm up, then count."""
    task = cell.task if cell.task in target.tasks else "bench"
    load = client.Load(
        url=target.url, model=task, key=target.key, stream=cell.stream, delay_ms=cell.delay_ms, pad=cell.pad,
        dialect=cell.dialect,
    )  # fmt: skip
    seconds *= cell.share

    async def work() -> tuple[client.Result, float, float]:
        warm = await client.run(load, min(1.0, seconds / 2), cell.concurrency)
        if whole:
            await asyncio.to_thread(target.settle)
        before, all_before = processes.cpu_ms(target.pids()), processes.cpu_ms(processes.tree(target.tree))
        result = client.Result(errors=warm.errors, sample=warm.sample)
        slices: list[float] = []
        watching = asyncio.create_task(watch(target, result, slices))
        await client.run(load, seconds, cell.concurrency, result)
        watching.cancel()
        await asyncio.sleep(0.2)  # work put off until after the answer counts too
        count = max(1, len(result.total))
        mean = (processes.cpu_ms(target.pids()) - before) / count
        if whole:
            await asyncio.to_thread(target.settle)
        all_of_it = (processes.cpu_ms(processes.tree(target.tree)) - all_before) / count
        return result, min(slices, default=mean), all_of_it if whole else float("nan")

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        result, cpu, all_of_it = runner.run(work())
    if result.errors:
        print(f"  {cell.name}: {result.errors} wrong answers, the first: {result.sample}", file=sys.stderr)
    count = len(result.total)
    return Measured(
        cpu_ms=cpu if count else float("nan"),
        whole_ms=all_of_it,
        rps=count / seconds,
        first_p50_ms=client.percentile(result.first, 50) * 1000,
        total_p50_ms=client.percentile(result.total, 50) * 1000,
        total_p99_ms=client.percentile(result.total, 99) * 1000,
        rss_mib=max((processes.rss_mib([pid]) for pid in target.pids()), default=float("nan")),
        errors=result.errors,
    )


async def watch(target: Target, result: client.Result, slices: list[float]) -> None:
    """CPU-ms a request of slices of at least 150 ms of CPU: the least disturbed one is the best estimate."""
    cpu, count = processes.cpu_ms(target.pids()), len(result.total)
    while True:
        await asyncio.sleep(0.4)
        cpu_now, count_now = processes.cpu_ms(target.pids()), len(result.total)
        if cpu_now - cpu >= 150 and count_now - count >= 20:
            slices.append((cpu_now - cpu) / (count_now - count))
            cpu, count = cpu_now, count_now


def run(rounds: int, seconds: float, litellm: str, cells: tuple[Cell, ...]) -> Found:
    """Measure every target in every round, so that a noisy minute meets all of them."""
    own, others = processes.cores()
    os.sched_setaffinity(0, others)
    found: Found = {}
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        upstream = processes.free_port()
        mock_pid = stack.enter_context(processes.mock(upstream, others))
        direct = Target(
            name="direct", url=f"http://127.0.0.1:{upstream}/v1", key="none", pids=lambda: [mock_pid], tree=mock_pid
        )
        tls, ca = stack.enter_context(targets.tls_before(upstream, folder, others))
        for number in range(rounds):
            place = folder / str(number)
            place.mkdir()
            note(found, direct, cells, seconds)
            with targets.nginx(upstream, place, own) as target:
                note(found, target, tuple(cell for cell in cells if cell.task != "bench-tls"), seconds)
            with targets.nginx(tls, place, own, tls_upstream=True) as target:
                note(found, target, tuple(cell for cell in cells if cell.task == "bench-tls"), seconds)
            with targets.volant(upstream, tls, ca, place) as target:
                note(found, target, cells, seconds)
            for workers, name in ((1, ONE), (2, TWO)):  # neither has a core of its own
                with targets.volant(upstream, tls, ca, place / name, workers=workers, pinned=False) as target:
                    note(found, target, tuple(cell for cell in cells if cell.name == WHOLE), seconds, name=name)
            if litellm:
                with targets.litellm(litellm, upstream, place, own) as target:
                    note(found, target, cells, seconds)
    return found


def note(found: Found, target: Target, cells: tuple[Cell, ...], seconds: float, name: str = "") -> None:
    """Measure every cell that this target has."""
    for cell in cells:
        if target.name not in cell.who:
            continue
        measured = measure(target, cell, seconds, whole=target.name == "volant" and cell.name == WHOLE)
        found.setdefault(name or target.name, {}).setdefault(cell.name, []).append(measured)
        print(
            f"{name or target.name:20} {cell.name:18} {measured.cpu_ms:8.3f} CPU-ms/request {measured.rps:8.0f}/s"
            f"  p50 {measured.total_p50_ms:7.2f} ms  p99 {measured.total_p99_ms:7.2f} ms"
            f"  {measured.rss_mib:6.1f} MiB  errors {measured.errors}",
            flush=True,
        )


# ---------------------------------------------------------------- what it says
def median(found: Found, target: str, cell: str, field: str) -> float | None:
    """Over the rounds; None where the target was not there, or never answered."""
    values = [getattr(measured, field) for measured in found.get(target, {}).get(cell, [])]
    values = [value for value in values if not math.isnan(value)]
    return statistics.median(values) if values else None


def rows(found: Found, cells: tuple[Cell, ...]) -> list[dict[str, Any]]:
    """The result, one figure a row. The baseline is nginx where the row does not say otherwise."""
    out: list[dict[str, Any]] = []
    for cell in cells:
        base = median(found, "nginx", cell.base or cell.name, "cpu_ms")
        value = median(found, "volant", cell.name, "cpu_ms")
        out.append(row(f"{cell.name}: CPU a request", value, "CPU-ms", base, most=cell.goal))
        if (peer := median(found, "litellm", cell.name, "cpu_ms")) is not None:
            goal = LITELLM_GOAL if cell.name == WHOLE else None
            out.append(row(f"{cell.name}: CPU a request, LiteLLM as the baseline", value, "CPU-ms", peer, most=goal))
        rates = (median(found, target, cell.name, "rps") for target in ("volant", "nginx"))
        out.append(row(f"{cell.name}: requests a second of one core", *_three(rates, "1/s")))
    nginx = median(found, "nginx", WHOLE, "cpu_ms")
    whole = median(found, "volant", WHOLE, "whole_ms")
    out.append(row(f"{WHOLE}: CPU a request with control", whole, "CPU-ms", nginx, most=WHOLE_GOAL))
    two, one = median(found, TWO, WHOLE, "cpu_ms"), median(found, ONE, WHOLE, "cpu_ms")
    out.append(row(f"{WHOLE}: CPU a request of two workers, one as the baseline", two, "CPU-ms", one, most=TWO_WORKERS))
    for quantile in ("p50", "p99"):
        added, base = _added(found, "json_c1", f"total_{quantile}_ms")
        line = row(f"json_c1: added {quantile} over direct", added, "ms", base)
        if quantile == "p99" and added is not None:
            line |= {"goal": f"<= {ADDED_P99_MS:g} ms", "holds": added <= ADDED_P99_MS}
        out.append(line)
    out.append(row("sse_paced: added p50 to the first byte", *_three(_added(found, "sse_paced", "first_p50_ms"), "ms")))
    memory = median(found, "volant", "sse_paced", "rss_mib")
    line = row("memory of a worker", memory, "MiB", median(found, "litellm", "sse_paced", "rss_mib"))
    out.append(line | {"goal": f"<= {RSS_MIB:g} MiB", "holds": memory is not None and memory <= RSS_MIB})
    errors = sum(one.errors for name in ("volant", ONE, TWO) for ms in found.get(name, {}).values()
                 for one in ms)  # fmt: skip
    out.append({**row("wrong answers", float(errors), "count", None), "goal": "0", "holds": errors == 0})
    return out


def _three(pair: Any, unit: str) -> tuple[float | None, str, float | None]:
    value, base = pair
    return value, unit, base


def _added(found: Found, cell: str, field: str) -> tuple[float | None, float | None]:
    """Volant's and nginx's milliseconds over the upstream alone."""
    own, nginx, direct = (median(found, target, cell, field) for target in ("volant", "nginx", "direct"))
    return tuple(None if value is None or direct is None else value - direct for value in (own, nginx))  # type: ignore[return-value]


def row(
    name: str, value: float | None, unit: str, baseline: float | None, *, most: float | None = None
) -> dict[str, Any]:
    """`most` is the largest ratio to the baseline that holds."""
    ratio = value / baseline if value is not None and baseline else None
    return {
        "name": name,
        "value": None if value is None else round(value, 4),
        "unit": unit,
        "baseline": None if baseline is None else round(baseline, 4),
        "ratio": None if ratio is None else float(f"{ratio:.3g}"),
        "goal": "" if most is None else f"ratio <= {most:g}",
        "holds": None if most is None or ratio is None else ratio <= most,
    }


def machine() -> dict[str, Any]:
    """What ran it, without its name."""
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    model = next((line.partition(":")[2].strip() for line in lines if "model name" in line), platform.processor())
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
    parser.add_argument("--litellm", default="", help="LiteLLM's program; else the one on the PATH")
    parser.add_argument("--only", default="", help="names of cells, with commas between")
    parser.add_argument("--out", type=Path, default=ROOT / "bench" / "results" / "gateway.json")
    given = parser.parse_args()
    if not sys.platform.startswith("linux"):
        print("skipped: bench/gateway.py reads /proc, so it runs on Linux only")
        return
    only = set(given.only.split(",")) if given.only else {cell.name for cell in CELLS}
    cells = tuple(cell for cell in CELLS if cell.name in only)
    facts = machine()
    litellm = targets.find_litellm(given.litellm)
    if not litellm:
        print("LiteLLM is not installed: its rows are left out (make bench-gateway installs it)", file=sys.stderr)
    found = run(given.rounds, given.seconds, litellm, cells)
    result = {
        "name": "gateway",
        "machine": facts,
        "commit": commit(),
        "date": datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%d"),
        "rows": rows(found, cells),
    }
    given.out.parent.mkdir(parents=True, exist_ok=True)
    given.out.write_text(json.dumps(result, indent=1) + "\n")
    for line in result["rows"]:
        print(
            f"{line['name']:66} {line['value']} {line['unit']}"
            f"  baseline {line['baseline']}  ratio {line['ratio']}  {line['goal']}"
        )


if __name__ == "__main__":
    main()
