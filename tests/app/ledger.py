"""A provider that keeps a ledger of what it bills, and how tests of ceilings ask for it."""

from __future__ import annotations

import http.client
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

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

    @property
    def documents(self) -> dict[str, Any]:
        """A task `help` whose one deployment is this provider, with its prices."""
        deployment = {"name": "d", "provider": "mock", "model": "m", "base_url": self.url,
                      "usd_per_million_input_tokens": 200.0, "usd_per_million_output_tokens": 1000.0}  # fmt: skip
        return {
            "deployments": [deployment],
            "tasks": [{"name": "help", "variants": [{"name": "v", "deployments": ["d"]}]}],
        }


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


@contextmanager
def billing() -> Iterator[Ledger]:
    """A provider at work."""
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


def key_of(served: Any, **limits: Any) -> tuple[str, str]:
    """Id and clear text of a new key with these limits, which the server's gateways know."""
    client = Client(served.url, served.key)
    made = client.post("/api/v1/keys", {"name": "app", "scopes": ["inference"], "limits": limits})
    until(lambda: all(knows(served.url, made["clear"]) for _ in range(20)), 90, "the key did not reach both gateways")
    return made["key"]["id"], made["clear"]
