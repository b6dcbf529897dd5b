"""One server, end to end: a key and a task reach the gateway within a second, answers come back as traces, limits and
revocations hold, and control may die meanwhile."""

from __future__ import annotations

import http.client
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest

from volant.cli.client import Client
from volant.core.errors import VolantError

ANSWER = '{"intent": "card"}'
HEARD_WITHIN_S = 60.0  # a second as it is designed, more on a machine that does other things too


@pytest.fixture
def upstream() -> Iterator[str]:
    """The stand-in provider in a process of its own."""
    command = [sys.executable, "-m", "volant.providers.mock", "--port", "0", "--answer", ANSWER]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    yield process.stdout.readline().strip()
    process.terminate()
    process.communicate(timeout=30)


@pytest.fixture
def served(start_server: Any, upstream: str) -> Any:
    """A server whose task `helpdesk` the stand-in answers."""
    server = start_server()
    deployment = {"name": "d", "provider": "mock", "model": "m", "base_url": upstream,
                  "usd_per_million_input_tokens": 1.0, "usd_per_million_output_tokens": 2.0}  # fmt: skip
    task = {"name": "helpdesk", "variants": [{"name": "v", "deployments": ["d"]}]}
    Client(server.url, server.key).post("/api/v1/documents/apply", {"deployments": [deployment], "tasks": [task]})
    return server


def ask(url: str, key: str, user: str = "jane", item: str = "") -> tuple[int, dict[str, str], Any]:
    """One chat completion: status, headers, body."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=60)
    body = {"model": "helpdesk", "user": user, "messages": [{"role": "user", "content": "where is my card?"}]}
    if item:
        body["volant"] = {"tags": {"item": item}}
    headers = {"authorization": f"Bearer {key}", "content-type": "application/json"}
    try:
        connection.request("POST", "/v1/chat/completions", json.dumps(body), headers)
        answer = connection.getresponse()
        return answer.status, {name.lower(): value for name, value in answer.headers.items()}, json.loads(answer.read())
    finally:
        connection.close()


def until(holds: Callable[[], Any], seconds: float = 60.0) -> Any:
    end = time.monotonic() + seconds
    while True:
        try:
            found = holds()
        except (VolantError, OSError):
            found = None
        if found:
            return found
        assert time.monotonic() < end, "it did not come"
        time.sleep(0.02)


def test_a_new_key_and_task_reach_the_gateway_and_the_answer_becomes_a_trace(served: Any) -> None:
    client = Client(served.url, served.key)
    key = client.post("/api/v1/keys", {"name": "app", "scopes": ["inference", "feedback"]})["clear"]
    until(lambda: ask(served.url, key)[0] == 200, HEARD_WITHIN_S)
    status, headers, body = ask(served.url, key, item="a/1")
    assert (status, body["choices"][0]["message"]["content"]) == (200, ANSWER)
    inference = headers["x-volant-inference-id"]
    app = Client(served.url, key)
    given = {"inference_id": inference, "value": False, "demonstration": {"intent": "card_arrival"}, "source": "agent"}
    assert app.post("/api/v1/feedback", given)["new"] is True
    detail = until(lambda: client.get(f"/api/v1/inferences/{inference}"))
    assert (detail["inference"]["task"], detail["inference"]["item"]) == ("helpdesk", "a/1")
    assert detail["inference"]["cost_usd"] > 0
    assert detail["feedback"][0]["demonstration"] == {"intent": "card_arrival"}
    said = client.get(f"/api/v1/inferences/{inference}/payload")
    assert said["input"]["messages"][0]["content"] == "where is my card?"
    assert client.get("/api/v1/inferences/items", prefix="a/")["items"]["a/1"]["inference_id"] == inference
    found = client.get("/api/v1/inferences", user="jane")["data"]
    assert inference in [one["id"] for one in found]
    assert client.get("/api/v1/metrics", task="helpdesk")["total"]["corrected"] == 1
    everything = b"".join(place.read_bytes() for place in served.data.rglob("*") if place.is_file())
    for text in (b"where is my card", b"jane", b"card_arrival", key.encode()):
        assert text not in everything, "what people say stands nowhere in clear"


def test_a_revoked_key_ends_and_an_unknown_task_is_named(served: Any) -> None:
    client = Client(served.url, served.key)
    made = client.post("/api/v1/keys", {"name": "app", "scopes": ["inference"]})
    until(lambda: ask(served.url, made["clear"])[0] == 200, HEARD_WITHIN_S)
    client.delete(f"/api/v1/keys/{made['key']['id']}")
    until(lambda: ask(served.url, made["clear"])[0] == 401, HEARD_WITHIN_S)
    empty: dict[str, Any] = {"deployments": [], "tasks": []}
    client.post("/api/v1/documents/apply", empty)
    until(lambda: ask(served.url, served.key)[0] == 404, HEARD_WITHIN_S)
    _, _, body = ask(served.url, served.key)
    assert "helpdesk" in body["error"]["message"]


def test_a_rate_limit_holds_to_the_request(served: Any) -> None:
    client = Client(served.url, served.key)
    body = {"name": "slow", "scopes": ["inference"], "requests_per_minute": 5}
    key = client.post("/api/v1/keys", body)["clear"]
    until(lambda: ask(served.url, key)[0] != 401, HEARD_WITHIN_S)  # the first of the five
    statuses: list[int] = []
    for _ in range(3):
        minute = time.time() // 60
        statuses = [ask(served.url, key)[0] for _ in range(12)]
        if time.time() // 60 == minute:
            break
        time.sleep(60.1 - time.time() % 60)  # it ended meanwhile
    assert set(statuses) == {200, 429}
    assert 4 <= statuses.count(200) <= 5
    assert statuses[-1] == 429


def test_the_gateway_serves_while_control_is_dead_and_no_record_is_lost(served: Any) -> None:
    client = Client(served.url, served.key)
    until(lambda: ask(served.url, served.key)[0] == 200, HEARD_WITHIN_S)
    until(lambda: client.get("/api/v1/inferences")["data"])
    before = len(client.get("/api/v1/inferences", limit=500)["data"])
    control = served.actual()["control"]["pid"]
    os.kill(control, signal.SIGKILL)
    answered = []
    for number in range(20):
        status, headers, _ = ask(served.url, served.key, item=f"dead/{number}")
        assert status == 200
        answered.append(headers["x-volant-inference-id"])
    until(lambda: served.actual()["control"]["pid"] not in (0, control))
    items = until(lambda: len(found := client.get("/api/v1/inferences/items", prefix="dead/")["items"]) == 20 and found)
    assert {one["inference_id"] for one in items.values()} == set(answered)
    assert len(client.get("/api/v1/inferences", limit=500)["data"]) == before + 20
    assert client.get("/api/v1/metrics", task="helpdesk")["total"]["requests"] == before + 20
