"""A server under load: questions and judgements come without a pause, and every acknowledged one is remembered."""

from __future__ import annotations

import http.client
import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from volant.app import restoring
from volant.cli.client import Client
from volant.core.clock import SystemClock
from volant.core.errors import VolantError
from volant.lifecycle import backup, restore
from volant.store.vault import Vault, load_master_key

TASK = {"name": "echo", "variants": [{"name": "v", "deployments": ["stand-in"]}]}


@pytest.fixture
def upstream() -> Iterator[str]:
    """The stand-in provider in a process of its own."""
    command = [sys.executable, "-m", "volant.providers.mock", "--port", "0", "--answer", '{"intent": "card"}']
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    yield process.stdout.readline().strip()
    process.terminate()
    process.communicate(timeout=30)


def deployment(upstream: str) -> dict[str, Any]:
    return {"name": "stand-in", "provider": "mock", "model": "m", "base_url": upstream,
            "usd_per_million_input_tokens": 1.0, "usd_per_million_output_tokens": 2.0}  # fmt: skip


@dataclass
class Traffic:
    """Some clients that ask and judge until they are told to stop. Times are Unix seconds of the acknowledgement."""

    url: str
    key: str
    clients: int = 3
    answered: list[tuple[float, str]] = field(default_factory=list)  # (when, inference id)
    judged: list[tuple[float, str]] = field(default_factory=list)  # (when, feedback id)
    failed: list[str] = field(default_factory=list)

    def start(self) -> None:
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._run, args=(number,)) for number in range(self.clients)]
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(30)

    def wait_for(self, count: int, seconds: float = 60.0) -> None:
        """Until so many more were answered."""
        wanted, end = len(self.answered) + count, time.monotonic() + seconds
        while len(self.answered) < wanted:
            assert time.monotonic() < end, f"{len(self.answered)} answers, {self.failed[:3]}"
            time.sleep(0.01)

    def before(self, moment_ms: int) -> tuple[set[str], set[str]]:
        """What was acknowledged before: inference ids, feedback ids."""
        at = moment_ms / 1000
        return {one for when, one in self.answered if when < at}, {one for when, one in self.judged if when < at}

    def _run(self, number: int) -> None:
        parts = urlsplit(self.url)
        judge, count = Client(self.url, self.key), 0
        connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=30)
        while not self._stop.is_set():
            count += 1
            try:
                found = self._ask(connection, f"person-{number}-{count % 7}")
                self.answered.append((time.time(), found))
                if count % 2:
                    given = {"inference_id": found, "value": count % 4 == 1, "source": "test",
                             "idempotency_key": f"{found}-1"}  # fmt: skip
                    kept = str(judge.post("/api/v1/feedback", given)["id"])
                    self.judged.append((time.time(), kept))
            except (OSError, http.client.HTTPException, VolantError, AssertionError) as error:
                self.failed.append(f"{type(error).__name__}: {error}")
                connection.close()
                time.sleep(0.05)
        connection.close()

    def _ask(self, connection: http.client.HTTPConnection, user: str) -> str:
        body = {"model": "echo", "user": user, "messages": [{"role": "user", "content": "where is my card, please?"}]}
        headers = {"authorization": f"Bearer {self.key}", "content-type": "application/json"}
        connection.request("POST", "/v1/chat/completions", json.dumps(body), headers)
        answer = connection.getresponse()
        said = answer.read()
        assert answer.status == 200, said[:300]
        return answer.headers["x-volant-inference-id"]


@pytest.fixture
def under_load(upstream: str) -> Iterator[Callable[[Any], Traffic]]:
    """Gives a server the task `echo` beside what it has, and begins to ask it."""
    begun: list[Traffic] = []

    def begin(server: Any) -> Traffic:
        client = Client(server.url, server.key)
        documents = client.get("/api/v1/documents")["documents"]
        documents["deployments"] = [d for d in documents["deployments"] if d["name"] != "stand-in"]
        documents["tasks"] = [t for t in documents["tasks"] if t["name"] != "echo"]
        documents["deployments"].append(deployment(upstream))
        documents["tasks"].append(TASK)
        client.post("/api/v1/documents/apply", documents)
        traffic = Traffic(url=server.url, key=server.key)
        end = time.monotonic() + 60
        while True:  # until the gateway has heard of it
            probe = Traffic(url=server.url, key=server.key, clients=0)
            parts = urlsplit(server.url)
            connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=30)
            try:
                traffic.answered.append((time.time(), probe._ask(connection, "first")))
                break
            except AssertionError:
                assert time.monotonic() < end
                time.sleep(0.05)
            finally:
                connection.close()
        traffic.start()
        begun.append(traffic)
        return traffic

    yield begin
    for traffic in begun:
        traffic.stop()


def make_backup(data: Path, target: Path, **wish: Any) -> Any:
    """As the command does, in this process."""
    vault = Vault(load_master_key(data))
    root = (data / "root.key").read_text().strip()
    return backup.create(data, target, backup.Wish(**wish), vault=vault, root_key=root, clock=SystemClock())


def make_restore(place: Path, data: Path, **wish: Any) -> restore.Restored:
    """As the command does, in this process."""
    return restore.restore(place, data, restore.Wish(**wish), clock=SystemClock(), settle=restoring.settle)
