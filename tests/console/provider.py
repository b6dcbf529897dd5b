"""A provider on loopback whose bills are known: 10 tokens in, 5 out; it fails while it is told to."""

from __future__ import annotations

import json
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.conftest import ServerUnderTest

USAGE = {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15}
PRICES = {"usd_per_million_input_tokens": 200.0, "usd_per_million_output_tokens": 1000.0}
COST_USD = 10 * 200e-6 + 5 * 1000e-6  # of one answer


class Provider(ThreadingHTTPServer):
    """`failing`: it answers 503."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answers)
        self.failing = False

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/v1"


class _Answers(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        server: Any = self.server
        self.rfile.read(int(self.headers["content-length"]))
        if server.failing:
            self._say(503, {"error": {"message": "out of order", "type": "server_error"}})
            return
        choice = {"index": 0, "message": {"role": "assistant", "content": "here"}, "finish_reason": "stop"}
        self._say(200, {"id": "c", "object": "chat.completion", "created": 1, "model": "m", "choices": [choice],
                        "usage": USAGE})  # fmt: skip

    def _say(self, status: int, body: Any) -> None:
        text = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *args: Any) -> None:
        pass


@contextmanager
def running() -> Iterator[Provider]:
    """One that serves."""
    with Provider() as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join(10)


def chat(server: ServerUnderTest, key: str, task: str) -> tuple[int, Any]:
    """(status, body) of one request to the gateway."""
    body = {"model": task, "max_tokens": 5, "messages": [{"role": "user", "content": "where is it?"}]}
    headers = {"authorization": f"Bearer {key}", "content-type": "application/json"}
    request = urllib.request.Request(f"{server.url}/v1/chat/completions", json.dumps(body).encode(), headers)
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, json.loads(answer.read())
    except urllib.error.HTTPError as refused:
        return refused.code, json.loads(refused.read())
