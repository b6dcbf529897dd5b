"""First trace: start the server on a new volant.toml, keep the provider's key, ask once, and find the trace.

The server is `volant up` in a process of its own; its lines go where this process's go.
"""

from __future__ import annotations

import json
import select
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

from volant.cli.client import Client
from volant.core.errors import NotFound, Unavailable, VolantError

READY_WITHIN_S = 90.0
SEEN_WITHIN_S = 20.0
TAKEN_WITHIN_S = 5.0  # a configuration, by every gateway
STAYS_S = 0.6
QUESTION = "Say hello in one short sentence."


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """What the first request gave."""

    inference_id: str
    url: str  # where the console shows it
    answer: str


class Started:
    """A server that runs while this is open. Raises Unavailable when it does not become ready."""

    def __init__(self, config: Path) -> None:
        command = [sys.executable, "-m", "volant.cli", "up", "--config", str(config), "--json"]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        try:
            self.facts: dict[str, Any] = self._ready()
        except BaseException:
            self.stop()
            raise
        self.client = Client(self.facts["url"], Path(self.facts["root_key"]).read_text().strip())

    def __enter__(self) -> Started:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _ready(self) -> dict[str, Any]:
        stream = self._process.stdout
        assert stream is not None
        answered, _, _ = select.select([stream], [], [], READY_WITHIN_S)
        line = stream.readline() if answered else ""
        if not line:
            raise Unavailable("not_started", "the server did not start", hint="its own words stand above")
        return dict(json.loads(line))

    def wait(self) -> None:
        """Until it ends, or Ctrl-C (which reaches the server too)."""
        try:
            self._process.wait()
        except KeyboardInterrupt:
            self._process.wait(60)

    def stop(self) -> None:
        """End it, and wait."""
        if self._process.poll() is None:
            self._process.terminate()
            self._process.wait(60)


def keep_secret(client: Client, name: str, value: str) -> None:
    """Sealed in the store, from where nobody reads it back; returns when the gateway has it."""
    before = _settled(client)
    client.ask("PUT", f"/api/v1/secrets/{name}", {"value": value})
    _settled(client, beyond=before)


def _settled(client: Client, beyond: int = -1) -> int:
    """The gateway's configuration, once it is later than `beyond` and stays; what it is after TAKEN_WITHIN_S."""
    end = time.monotonic() + TAKEN_WITHIN_S
    seen, since = -1, time.monotonic()
    while time.monotonic() < end:
        found = int(client.get("/readyz")["revision"])
        if found != seen:
            seen, since = found, time.monotonic()
        if seen > beyond and time.monotonic() - since > STAYS_S:
            break
        time.sleep(0.05)
    return seen


def first_trace(client: Client, task: str) -> Trace:
    """Ask once, for real. Raises what the gateway answers: a wrong key, a model that is not there."""
    body = {"model": task, "messages": [{"role": "user", "content": QUESTION}], "max_tokens": 40}
    end = time.monotonic() + TAKEN_WITHIN_S
    while True:
        try:
            answer = client.post("/v1/chat/completions", body)
            break
        except (NotFound, Unavailable):  # gateways take a configuration within a second
            if time.monotonic() > end:
                raise
            time.sleep(0.2)
    inference_id = _newest(client)
    said = str(answer["choices"][0]["message"]["content"] or "")
    return Trace(inference_id=inference_id, url=f"{client.url}/traces?open={inference_id}", answer=said)


def _newest(client: Client) -> str:
    end = time.monotonic() + SEEN_WITHIN_S
    while time.monotonic() < end:
        for found in client.get("/api/v1/inferences", limit=5)["data"]:
            if found["status"] == 200:
                return str(found["id"])
        time.sleep(0.05)
    raise VolantError("trace_missing", "the answer did not become a trace", hint="read control.log")
