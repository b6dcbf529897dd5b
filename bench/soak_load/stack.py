"""Stack: a real `volant up` with two workers before stand-ins of which one fails, and what its books say afterwards."""

from __future__ import annotations

import contextlib
import json
import os
import sqlite3
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gateway_load import processes

USD_PER_INPUT_TOKEN, USD_PER_OUTPUT_TOKEN = 1e-6, 2e-6
MOCKS = ("good", "bad", "tardy")
FIRST_TOKEN_S, BETWEEN_S, SLOW_S = 1.5, 0.75, 3.0

_DEPLOYMENT = """
[[deployments]]
name = "{name}"
provider = "openai"
model = "mock-model"
base_url = "{url}"
weight = {weight}
timeout_connect_s = 1.0
timeout_first_token_s = {first}
timeout_between_tokens_s = {between}
timeout_total_s = 20.0
usd_per_million_input_tokens = {input}
usd_per_million_output_tokens = {output}
"""
_TASKS = """
[[tasks]]
name = "soak"
variants = [{ name = "v1", deployments = ["good", "bad", "nameless", "plain"] }]

[[tasks]]
name = "fallen"
variants = [{ name = "v1", deployments = ["bad"], fallbacks = ["good"], retries = 1 }]

[[tasks]]
name = "hedged"
variants = [{ name = "v1", deployments = ["tardy", "good"], hedge_after_ms = 150 }]
"""
TASKS = (("soak", 0.8), ("fallen", 0.1), ("hedged", 0.1))


@dataclass(slots=True, kw_only=True)
class Stack:
    """What runs. `mocks` are the stand-ins' base addresses by name."""

    url: str
    root_key: str
    pid: int
    data: Path
    mocks: dict[str, str]
    environment: dict[str, str]

    def gateways(self) -> list[int]:
        """Process ids of the workers."""
        return [pid for pid in processes.tree(self.pid) if "volant.app.gateway" in processes.command(pid)]

    def control(self) -> list[int]:
        """Process ids of control."""
        return [pid for pid in processes.tree(self.pid) if "volant.app.control" in processes.command(pid)]

    def key(self, name: str, usd_per_day: float) -> str:
        """A new key with a budget."""
        command = ["key", "create", name, "--scope", "inference", "--usd-per-day", str(usd_per_day), "--json"]
        answer = subprocess.run(
            [sys.executable, "-m", "volant.cli", *command],
            capture_output=True, text=True, check=False,
            env=self.environment | {"VOLANT_URL": self.url, "VOLANT_API_KEY": self.root_key},
        )  # fmt: skip
        if answer.returncode:
            raise SystemExit(f"no key could be made: {answer.stdout}{answer.stderr}")
        return str(json.loads(answer.stdout)["clear"])

    def plan(self, mock: str, **plan: Any) -> None:
        """How a stand-in fails from now on."""
        request = urllib.request.Request(self.mocks[mock] + "/faults", json.dumps(plan).encode(), method="PUT")
        with urllib.request.urlopen(request, timeout=10):
            pass

    def look(self, mock: str, path: str) -> Any:
        """What a stand-in says of itself."""
        with urllib.request.urlopen(self.mocks[mock] + path, timeout=10) as answer:
            return json.load(answer)

    def drained(self, within_s: float = 120.0) -> None:
        """Wait until every record is in the database and every lease is settled."""
        last, since, end = (-1, -1.0), time.monotonic(), time.monotonic() + within_s
        while time.monotonic() < end:
            books = Books(self.data)
            now = (books.count("inference"), books.spent_total())
            books.close()
            if now != last:
                last, since = now, time.monotonic()
            elif time.monotonic() - since > 6.0:  # longer than a worker keeps what it has spent to itself
                return
            time.sleep(0.5)


@contextlib.contextmanager
def running(folder: Path, workers: int) -> Iterator[Stack]:
    """Stand-ins and server, stopped afterwards."""
    with contextlib.ExitStack() as stack:
        mocks = {}
        for name in MOCKS:
            port = processes.free_port()
            argv = [sys.executable, "-m", "volant.providers.mock", "--port", str(port), "--ledger"]
            stack.enter_context(processes.running(argv, port, set(os.sched_getaffinity(0)), stdout=subprocess.DEVNULL))
            mocks[name] = f"http://127.0.0.1:{port}"
        config, data = folder / "volant.toml", folder / "data"
        config.write_text(_toml(mocks))
        environment = {name: value for name, value in os.environ.items() if not name.startswith("VOLANT_")}
        environment["VOLANT_LOG_LEVEL"] = "warning"
        flags = ["--data-dir", str(data), "--config", str(config), "--port", "0", "--workers", str(workers), "--json"]
        process = subprocess.Popen(
            [sys.executable, "-m", "volant.cli", "up", *flags], stdout=subprocess.PIPE, text=True, env=environment
        )
        stack.callback(_stop, process)
        assert process.stdout is not None
        line = process.stdout.readline()
        if not line:
            raise SystemExit("volant up did not start; its stderr says why")
        one = Stack(
            url=json.loads(line)["url"], root_key=(data / "root.key").read_text().strip(), pid=process.pid, data=data,
            mocks=mocks, environment=environment,
        )  # fmt: skip
        end = time.monotonic() + 30
        while len(one.gateways()) < workers and time.monotonic() < end:
            time.sleep(0.1)
        yield one


def _stop(process: subprocess.Popen[str]) -> None:
    process.terminate()
    try:
        process.wait(60)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _toml(mocks: dict[str, str]) -> str:
    places = [(name, f"{url}/v1", 1.0) for name, url in mocks.items()]
    places.append(("nameless", "https://no-such-provider.invalid/v1", 0.05))  # the name does not resolve
    places.append(("plain", mocks["good"].replace("http:", "https:") + "/v1", 0.05))  # there is no TLS
    return "".join(
        _DEPLOYMENT.format(
            name=name, url=url, weight=weight, first=FIRST_TOKEN_S, between=BETWEEN_S,
            input=USD_PER_INPUT_TOKEN * 1e6, output=USD_PER_OUTPUT_TOKEN * 1e6,
        )
        for name, url, weight in places
    ) + _TASKS  # fmt: skip


# ---------------------------------------------------------------- the books
class Books:
    """What the server's database says. Reads only."""

    def __init__(self, data: Path) -> None:
        self._db = sqlite3.connect(f"file:{data / 'volant.db'}?mode=ro", uri=True)

    def close(self) -> None:
        self._db.close()

    def count(self, table: str) -> int:
        return int(self._db.execute(f"SELECT count(*) FROM {table}").fetchone()[0])

    def spent_total(self) -> float:
        return round(sum(self.spent().values()), 9)

    def spent(self) -> dict[str, float]:
        """Dollars settled in the leases' books, by key id."""
        columns = {row[1] for row in self._db.execute("PRAGMA table_info(spend)")}
        account, period = ("account", "period") if "account" in columns else ("key_id", "day")
        rows = self._db.execute(
            f"SELECT {account}, sum(usd) FROM spend WHERE length({period}) = 10 AND {account} LIKE 'key%' GROUP BY 1"
        )
        return {str(key).removeprefix("key:"): float(usd) for key, usd in rows}

    def billed(self) -> dict[str, float]:
        """Dollars of the inferences' records, by key id."""
        return {
            str(key): float(usd)
            for key, usd in self._db.execute("SELECT key_id, sum(cost_usd) FROM inference GROUP BY 1")
        }

    def keys(self) -> dict[str, str]:
        """Ids by name."""
        return {str(name): str(key) for key, name in self._db.execute("SELECT id, name FROM api_key")}

    def calls(self, column: str) -> dict[str, int]:
        """How many calls, by `why`, `error_code` or `deployment`."""
        rows = self._db.execute(f"SELECT {column}, count(*) FROM model_call GROUP BY 1 ORDER BY 2 DESC")
        return {str(name) or "answered": int(count) for name, count in rows}

    def calls_by_span(self) -> dict[str, tuple[str, int, int, float]]:
        """Error code, input and output tokens and dollars of each call."""
        rows = self._db.execute("SELECT span_id, error_code, input_tokens, output_tokens, cost_usd FROM model_call")
        return {str(row[0]): (str(row[1]), int(row[2]), int(row[3]), float(row[4])) for row in rows}

    def calls_usd(self) -> float:
        return float(self._db.execute("SELECT sum(cost_usd) FROM model_call").fetchone()[0] or 0.0)
