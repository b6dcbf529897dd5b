"""Ceilings over two real workers: what the provider's own ledger says never passes them, also when a worker is killed;
at rest what counts is what was spent."""

from __future__ import annotations

import http.client
import json
import os
import signal
import sqlite3
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

import pytest

from volant.cli.client import Client

USAGE = {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15}
COST_USD = 10 * 0.0002 + 5 * 0.001  # by the prices below


class Ledger(ThreadingHTTPServer):
    """A provider that counts what it bills, and how many it answers at once."""

    daemon_threads = True
    request_queue_size = 256

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Provider)
        self.lock = threading.Lock()
        self.billed = self.now = self.peak = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/v1"


class _Provider(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        ledger: Any = self.server
        self.rfile.read(int(self.headers["content-length"]))
        with ledger.lock:
            ledger.billed += 1
            ledger.now += 1
            ledger.peak = max(ledger.peak, ledger.now)
        time.sleep(0.03)
        choice = {"index": 0, "message": {"role": "assistant", "content": "here"}, "finish_reason": "stop"}
        body = json.dumps({"id": "c", "object": "chat.completion", "created": 1, "model": "m", "choices": [choice],
                           "usage": USAGE}).encode()  # fmt: skip
        with ledger.lock:
            ledger.now -= 1
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: Any) -> None:
        pass


@pytest.fixture
def ledger() -> Iterator[Ledger]:
    with Ledger() as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join(10)


def ask(url: str, key: str) -> tuple[int, dict[str, str], Any]:
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=60)
    body = {"model": "help", "max_tokens": 5, "messages": [{"role": "user", "content": "where is it?"}]}
    headers = {"authorization": f"Bearer {key}", "content-type": "application/json"}
    try:
        connection.request("POST", "/v1/chat/completions", json.dumps(body), headers)
        answer = connection.getresponse()
        return answer.status, {name.lower(): value for name, value in answer.headers.items()}, json.loads(answer.read())
    except (OSError, http.client.HTTPException):
        return 0, {}, {}  # its worker was killed
    finally:
        connection.close()


def knows(url: str, key: str) -> bool:
    """Whether the worker that takes this connection serves the key; nothing is counted against its limits."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=60)
    try:
        connection.request("GET", "/v1/models", headers={"authorization": f"Bearer {key}"})
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def until(holds: Callable[[], Any], seconds: float, message: str | Callable[[], str]) -> Any:
    end = time.monotonic() + seconds
    while not (found := holds()):
        assert time.monotonic() < end, message() if callable(message) else message
        time.sleep(0.1)
    return found


def burn(client: Client, name: str, limit: str) -> float:
    [one] = [one for one in client.get("/api/v1/spend")["ceilings"] if one["name"] == name]
    return float(next(burn["used"] for burn in one["burns"] if burn["limit"] == limit))


@pytest.fixture
def served(start_server: Any, ledger: Ledger) -> Any:
    server = start_server(None, "--workers", "2")
    deployment = {"name": "d", "provider": "mock", "model": "m", "base_url": ledger.url,
                  "usd_per_million_input_tokens": 200.0, "usd_per_million_output_tokens": 1000.0}  # fmt: skip
    task = {"name": "help", "variants": [{"name": "v", "deployments": ["d"]}]}
    server.said["documents"] = {"deployments": [deployment], "tasks": [task]}
    Client(server.url, server.key).post("/api/v1/documents/apply", server.said["documents"])
    return server


def make_key(served: Any, **limits: Any) -> tuple[str, str]:
    client = Client(served.url, served.key)
    made = client.post("/api/v1/keys", {"name": "app", "scopes": ["inference"], "limits": limits})
    until(lambda: all(knows(served.url, made["clear"]) for _ in range(20)), 90, "the key did not reach both gateways")
    return made["key"]["id"], made["clear"]


def test_two_workers_never_pass_a_ceiling_and_settle_what_was_spent(served: Any, ledger: Ledger) -> None:
    client = Client(served.url, served.key)
    limit = {"over": "task", "name": "help", "limits": {"concurrent": 6, "tokens_per_day": 10**6}}
    client.post("/api/v1/documents/apply", {**served.said["documents"], "limits": [limit]})
    budget, clear = make_key(served, usd_per_day=1.0, usd_per_month=30.0)
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
    _, clear = make_key(served, requests_per_minute=30, tokens_per_minute=10**6)
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
    budget, clear = make_key(served, usd_per_day=3.0)
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
