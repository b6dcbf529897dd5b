"""Soak: two workers, two deployments, one of them failing in every known way; who is served, billed, and with what.

    python bench/soak.py [--requests 100000] [--concurrency 32] [--share 0.2] [--workers 2]

A real `volant up` on loopback. "good" never fails; "bad" fails `--share` of its requests, in each way of
`volant.providers.mock.faults` by turns; two further addresses fail always (a name that does not resolve, a server
without TLS). Every request carries a mark that only its own answer bears. Clients speak every dialect, whole and
streamed; some hang up in the middle; one key's budget runs out on the way. Writes bench/results/soak.json; exit code 1
where a figure misses its goal. `make soak` runs it whole.
"""

from __future__ import annotations

import argparse
import asyncio
import datetime
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

import uvloop
from gateway_load import processes
from gateway_load.client import percentile
from soak_load.client import Mix, Tally, soak
from soak_load.speech import SPEECHES
from soak_load.stack import SLOW_S, TASKS, USD_PER_INPUT_TOKEN, USD_PER_OUTPUT_TOKEN, Books, Stack, running

from volant.providers.mock.answers import INPUT_TOKENS

ROOT = Path(__file__).resolve().parent.parent
RESULT = ROOT / "bench" / "results" / "soak.json"
SAVED_GOAL = 0.9999
RSS_GROWTH_MIB = 12.0  # a worker, from a quarter of the requests to their end
SMALL_SHARE = 0.02  # of the requests are sent with the key whose budget runs out
# what the upstream counted and we did not wait for: billed by estimate
HUNG_UP = {"hedge_lost", "client_gone", "first_byte_timeout", "between_timeout", "total_timeout"}
EXTRA = ("retry", "hedge", "fallback")
WARM_UP = 400  # requests before the first look at memory


def main() -> int:
    parser = argparse.ArgumentParser(prog="python bench/soak.py", description=__doc__)
    parser.add_argument("--requests", type=int, default=100_000)
    parser.add_argument("--concurrency", type=int, default=32)
    parser.add_argument("--share", type=float, default=0.2, help="of the bad deployment's requests that go wrong")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--out", type=Path, default=RESULT, help="where the figures go")
    parser.add_argument("--keep", type=Path, help="a folder for the server's data that stays")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        place = given.keep or Path(folder)
        place.mkdir(parents=True, exist_ok=True)
        with running(place, given.workers) as stack:
            found = _run(stack, given)
    result = as_result(found)
    given.out.parent.mkdir(parents=True, exist_ok=True)
    given.out.write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n")
    _say(found, missed := [row for row in result["rows"] if row["holds"] is False])
    return 1 if missed else 0


def as_result(found: dict[str, Any]) -> dict[str, Any]:
    """As `bench/table.py` reads it; all other figures stand in `figures`."""
    return {
        "name": "soak",
        "machine": {
            "cpu": _cpu(), "cores": len(os.sched_getaffinity(0)), "system": platform.system(),
            "python": platform.python_version(),
        },
        "commit": _commit(),
        "date": datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%d"),
        "rows": rows(found),
        "figures": found,
    }  # fmt: skip


def _run(stack: Stack, given: argparse.Namespace) -> dict[str, Any]:
    small_usd = round(given.requests * SMALL_SHARE * 36e-6 * 0.6, 6)  # about 36 micro-dollars a request
    keys = ((stack.key("large", 1e6), 1 - SMALL_SHARE), (stack.key("small", small_usd), SMALL_SHARE))
    stack.plan("bad", share=given.share, slow_s=SLOW_S)
    stack.plan("tardy", share=given.share, kinds=["slow_first_token"], slow_s=0.6)
    time.sleep(2.0)  # until every worker has heard of the keys
    mix = Mix(url=stack.url, speeches=SPEECHES, keys=keys, tasks=TASKS)
    tally, memory = Tally(), dict[str, dict[str, float]]()
    warm = Tally()
    uvloop.run(soak(Mix(url=stack.url, speeches=SPEECHES, keys=keys[:1], tasks=TASKS, seed=3), WARM_UP, 16, warm))
    started = time.monotonic()
    uvloop.run(_with_looks(stack, mix, given, tally, memory))
    seconds = time.monotonic() - started
    stack.drained()
    return _figures(stack, given, tally, warm, memory, seconds, small_usd)


async def _with_looks(
    stack: Stack, mix: Mix, given: argparse.Namespace, tally: Tally, memory: dict[str, dict[str, float]]
) -> None:
    """Run, and look at the processes' memory at every quarter."""
    work = asyncio.ensure_future(soak(mix, given.requests, given.concurrency, tally))
    for quarter in range(5):
        while tally.sent < given.requests * quarter // 4 and not work.done():  # noqa: ASYNC110  # a look is cheaper
            await asyncio.sleep(0.05)
        if quarter == 4:
            await work
        memory[f"{quarter * 25} %"] = _memory(stack)
        done = sum(tally.kinds.values())
        print(f"{quarter * 25:3} %  {done:7} answered  {memory[f'{quarter * 25} %']}", flush=True)


def _memory(stack: Stack) -> dict[str, float]:
    workers = {f"gateway {at}": processes.rss_mib([pid]) for at, pid in enumerate(sorted(stack.gateways()))}
    return {name: round(mib, 1) for name, mib in {**workers, "control": processes.rss_mib(stack.control())}.items()}


def _figures(
    stack: Stack,
    given: argparse.Namespace,
    tally: Tally,
    warm: Tally,
    memory: dict[str, dict[str, float]],
    seconds: float,
    small_usd: float,
) -> dict[str, Any]:
    books = Books(stack.data)
    kinds = tally.kinds
    savable = kinds["ok"] + kinds["failed"] + kinds["wrong"]
    agreement = _agreement(stack, books)
    spent, billed, ids = books.spent(), books.billed(), books.keys()
    faults = stack.look("bad", "/faults")["counts"]
    found = {
        "requests": given.requests,
        "concurrency": given.concurrency,
        "workers": given.workers,
        "seconds": round(seconds, 1),
        "per_second": round(given.requests / seconds, 1),
        "ms_p50": round(percentile(tally.seconds, 50) * 1000, 2),
        "ms_p99": round(percentile(tally.seconds, 99) * 1000, 2),
        "kinds": dict(kinds),
        "dialects": dict(tally.by_speech),
        "cut_with": dict(tally.by_cut),
        "savable": savable,
        "saved": kinds["ok"],
        "saved_share": kinds["ok"] / savable if savable else 0.0,
        "wrong": kinds["wrong"],
        "samples": tally.samples,
        "faults": faults,
        "calls_by_why": books.calls("why"),
        "calls_by_error": books.calls("error_code"),
        "calls_by_deployment": books.calls("deployment"),
        "agreement": agreement,
        "records": books.count("inference"),
        "answers_with_an_id": tally.recorded + warm.recorded + kinds["left"] + warm.kinds["left"],
        "calls_usd": round(books.calls_usd(), 9),
        "keys": {
            name: {
                "billed_usd": round(billed.get(ids[name], 0.0), 9),
                "settled_usd": round(spent.get(ids[name], 0.0), 9),
            }
            for name in ("large", "small")
        },
        "small_budget_usd": small_usd,
        "memory_mib": memory,
    }
    books.close()
    return found


def _agreement(stack: Stack, books: Books) -> dict[str, Any]:
    """The stand-ins' ledgers and the gateway's books, call by call.

    An answer may be on its way when we hang up on it (a hedge was quicker, the caller left, its time was over): the
    upstream counts it, and the call has its own code. Every other call must agree, word by word.
    """
    ledger: dict[str, int] = {}
    for name in stack.mocks:
        ledger |= stack.look(name, "/ledger")
    calls = books.calls_by_span()
    both = {span for span in ledger if span in calls and not calls[span][0]}
    billed = sum(calls[span][3] for span in both)
    counted = sum(INPUT_TOKENS * USD_PER_INPUT_TOKEN + ledger[span] * USD_PER_OUTPUT_TOKEN for span in both)
    return {
        "answered": len(both),
        "upstream_usd": round(counted, 9),
        "billed_usd": round(billed, 9),
        "different_words": sum(calls[span][1:3] != (INPUT_TOKENS, ledger[span]) for span in both),
        "billed_but_never_answered": sum(not call[0] and span not in ledger for span, call in calls.items()),
        "answered_but_unknown": sum(span not in calls for span in ledger),
        "hung_up_on": dict(Counter(calls[span][0] for span in ledger if span in calls and calls[span][0])),
    }


def rows(found: dict[str, Any]) -> list[dict[str, Any]]:
    """The figures with their goals, as docs/benchmarks.md describes them. `baseline`: what would be right."""
    kinds, keys, agreement = found["kinds"], found["keys"], found["agreement"]
    first, last = found["memory_mib"]["25 %"], found["memory_mib"]["100 %"]
    workers = [name for name in last if name.startswith("gateway")]
    calls, billed = found["calls_usd"], sum(one["billed_usd"] for one in keys.values())
    strange = sum(count for code, count in agreement["hung_up_on"].items() if code not in HUNG_UP)

    more = sum(found["calls_by_why"].get(why, 0) for why in EXTRA)

    def row(
        name: str, value: float, unit: str, goal: str = "", holds: bool | None = None, baseline: float | None = None
    ) -> dict[str, Any]:
        return {
            "name": name, "value": value, "unit": unit, "baseline": baseline, "ratio": None, "goal": goal,
            "holds": holds,
        }  # fmt: skip

    def cents(name: str, usd: float, right: float) -> dict[str, Any]:
        return row(name, round(usd, 6), "USD", "to the cent", abs(usd - right) < 0.005, round(right, 6))

    return [
        row("requests", found["requests"], "requests"),
        row("requests a second", found["per_second"], "1/s"),
        row("faults", sum(found["faults"].values()), "requests"),
        row("saved of those that could be", found["saved_share"], "share", f">= {SAVED_GOAL}",
            found["saved_share"] >= SAVED_GOAL, 1.0),
        row("wrong answers", found["wrong"], "answers", "0", found["wrong"] == 0, 0),
        row("streams cut after their first word, ended by an error event", kinds.get("cut", 0), "streams"),
        row("requests accounted for", sum(kinds.values()), "requests", "all", sum(kinds.values()) == found["requests"],
            found["requests"]),
        row("records", found["records"], "records", "one an answer", found["records"] == found["answers_with_an_id"],
            found["answers_with_an_id"]),
        row("answers whose words are counted otherwise upstream", agreement["different_words"], "calls", "0",
            agreement["different_words"] == 0, 0),
        row("calls billed that were not answered", agreement["billed_but_never_answered"], "calls", "0",
            agreement["billed_but_never_answered"] == 0, 0),
        row("answers that are in no book", agreement["answered_but_unknown"], "calls", "0",
            agreement["answered_but_unknown"] == 0, 0),
        row("answers not billed as such, though we did not hang up", strange, "calls", "0", strange == 0, 0),
        cents("billed for what the upstream answered", agreement["billed_usd"], agreement["upstream_usd"]),
        cents("cost of all calls, by the records", billed, calls),
        *(cents(f"settled of the {name} budget", one["settled_usd"], one["billed_usd"]) for name, one in keys.items()),
        row("the small budget", keys["small"]["settled_usd"], "USD", "never passed",
            keys["small"]["settled_usd"] <= found["small_budget_usd"] + 1e-9, found["small_budget_usd"]),
        *(
            row(f"memory of {name} at the end", last[name], "MiB", f"< {RSS_GROWTH_MIB:g} more than at a quarter",
                last[name] - first[name] < RSS_GROWTH_MIB, first[name])
            for name in workers
        ),
        row("retries, hedges and fallbacks", more, "calls"),
    ]  # fmt: skip


def _say(found: dict[str, Any], missed: list[dict[str, Any]]) -> None:
    kinds = found["kinds"]
    print(
        f"\n{found['requests']} requests in {found['seconds']} s ({found['per_second']}/s), p50 {found['ms_p50']} ms, "
        f"p99 {found['ms_p99']} ms, {sum(found['faults'].values())} faults of {len(found['faults'])} kinds\n"
        f"saved {found['saved']} of {found['savable']} that could be ({found['saved_share']:.4%}), "
        f"wrong {found['wrong']}\n"
        f"cut after the first word {kinds.get('cut', 0)}, left by us {kinds.get('left', 0)}, "
        f"refused by a spent budget {kinds.get('refused', 0)}\n"
        f"calls by why: {found['calls_by_why']}\n"
        f"books {found['agreement']}\nkeys {found['keys']}\nmemory {found['memory_mib']}"
    )
    for sample in found["samples"]:
        print(f"  {sample[:600]}")
    for row in missed:
        print(f"MISSED: {row['name']}: {row['value']} {row['unit']}, goal {row['goal']} (right: {row['baseline']})")


def _cpu() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def _commit() -> str:
    answer = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, cwd=ROOT, check=False
    )
    return answer.stdout.strip()


if __name__ == "__main__":
    sys.exit(main())
