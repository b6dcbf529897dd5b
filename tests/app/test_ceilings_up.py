"""Ceilings over two real workers: what the provider's own ledger says never passes them, also when a worker is killed;
at rest what counts is what was spent."""

from __future__ import annotations

import os
import signal
import sqlite3
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import Any

import pytest
from tests.app.ledger import COST_USD, Ledger, ask, billing, burn, key_of, until
from tests.conftest import within_one_day

from volant.cli.client import Client


@pytest.fixture
def ledger() -> Iterator[Ledger]:
    with billing() as server:
        yield server


@pytest.fixture
def served(start_server: Any, ledger: Ledger) -> Any:
    server = start_server(None, "--workers", "2")
    server.said["documents"] = ledger.documents
    Client(server.url, server.key).post("/api/v1/documents/apply", ledger.documents)
    return server


def test_two_workers_never_pass_a_ceiling_and_settle_what_was_spent(served: Any, ledger: Ledger) -> None:
    within_one_day(150)
    client = Client(served.url, served.key)
    limit = {"over": "task", "name": "help", "limits": {"concurrent": 6, "tokens_per_day": 10**6}}
    client.post("/api/v1/documents/apply", {**served.said["documents"], "limits": [limit]})
    budget, clear = key_of(served, usd_per_day=1.0, usd_per_month=30.0)
    said: Counter[str] = Counter()

    def insist(_: int) -> None:
        """Ask until the budget is said to be gone three times; a full house is waited for."""
        gone, ends = 0, time.monotonic() + 120
        while gone < 3 and time.monotonic() < ends:
            status, _, body = ask(served.url, clear)
            code = "" if status == 200 else body["error"]["code"]
            said[code] += 1
            gone += code == "budget_exhausted"
            time.sleep(0 if status == 200 else 0.05 if code == "rate_limited" else 0.7)

    with ThreadPoolExecutor(12) as pool:
        list(pool.map(insist, range(12)))
    spent = ledger.billed * COST_USD
    assert set(said) == {"", "rate_limited", "budget_exhausted"}
    assert 0.8 <= spent <= 1.0 + 1e-9
    assert ledger.peak <= 6, "the task's slots"
    until(lambda: abs(burn(client, budget, "usd_per_day") - spent) < 1e-9, 90, "what counts is not what was spent")
    assert burn(client, budget, "usd_per_month") == pytest.approx(spent)
    until(lambda: burn(client, "help", "tokens_per_day") == ledger.billed * 15, 90, "tokens do not settle")
    with closing(sqlite3.connect(served.data / "volant.db")) as db:
        holders = {holder for (holder,) in db.execute("select holder from lease where account = ?", (budget,))}
    assert len(holders) == 2, "both workers took part"
    status, headers, body = 200, {}, {}
    while status == 200:  # what idle leases gave back pays for some more
        status, headers, body = ask(served.url, clear)
    assert (status, body["error"]["code"]) == (429, "budget_exhausted")
    assert ledger.billed * COST_USD <= 1.0 + 1e-9
    assert "$1 a day" in body["error"]["message"]
    assert int(headers["retry-after"]) >= 1


def test_requests_a_minute_over_two_workers(served: Any, ledger: Ledger) -> None:
    _, clear = key_of(served, requests_per_minute=30, tokens_per_minute=10**6)
    before, answers = 0, []
    for _ in range(3):
        before, minute = ledger.billed, time.time() // 60
        with ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(lambda _: ask(served.url, clear), range(90)))
        if time.time() // 60 == minute:
            break
        time.sleep(60.1 - time.time() % 60)  # it ended meanwhile
    assert 20 <= ledger.billed - before <= 30
    given = next(headers for status, headers, _ in answers if status == 200)
    assert given["x-ratelimit-limit-requests"] == "30"
    assert 0 <= int(given["x-ratelimit-remaining-requests"]) < 30
    refused = next(headers for status, headers, _ in answers if status == 429)
    assert 0 < float(refused["retry-after-ms"]) <= 60_000
    assert refused["x-ratelimit-limit-requests"] == "30"


def test_what_a_killed_worker_spent_counts(served: Any, ledger: Ledger) -> None:
    client = Client(served.url, served.key)
    budget, clear = key_of(served, usd_per_day=3.0)
    worker = next(one for name, one in served.actual().items() if name == "gateway-0")
    statuses: Counter[int] = Counter()
    over = threading.Event()

    def insist(_: int) -> None:
        while not over.is_set():
            statuses[ask(served.url, clear)[0]] += 1

    with ThreadPoolExecutor(8) as pool:
        asking = [pool.submit(insist, number) for number in range(8)]
        try:
            until(lambda: ledger.billed >= 60, 60, lambda: f"60 bills expected, {ledger.billed} came: {statuses}")
            os.kill(worker["pid"], signal.SIGKILL)
        finally:
            over.set()
        for one in asking:
            one.result()
    assert statuses[200] >= 50
    until(lambda: ask(served.url, clear)[0] == 200, 60, "nobody serves")

    def recorded() -> float:
        return float(
            sum(one["use"]["cost_usd"] for one in client.get("/api/v1/spend")["top"] if one["use"]["name"] == budget)
        )

    until(lambda: abs(burn(client, budget, "usd_per_day") - recorded()) < 1e-9, 120, "what it spent does not count")
    assert statuses[200] * COST_USD <= recorded() <= ledger.billed * COST_USD + 1e-9
