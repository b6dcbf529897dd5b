"""A closed-loop load client: N keep-alive connections, one request in flight on each, every answer checked."""

from __future__ import annotations

import asyncio
import json
import socket
from dataclasses import dataclass, field
from time import perf_counter
from urllib.parse import urlsplit

import httptools


@dataclass(slots=True, kw_only=True)
class Load:
    """What to send. `chunks` content chunks are asked for, `delay_ms` apart in a stream."""

    url: str  # base, such as http://127.0.0.1:9101/v1
    model: str
    key: str
    stream: bool
    chunks: int = 50
    delay_ms: int = 0
    pad: int = 0  # bytes of further words in the prompt
    dialect: str = "openai"  # or "anthropic"

    def request(self) -> bytes:
        """The same bytes every time."""
        words = f"chunks={self.chunks}" + (f" delay_ms={self.delay_ms}" if self.delay_ms else "")
        said = f"Say something. {words}" + "\nand a word more" * (self.pad // 16)
        body: dict[str, object] = {"model": self.model}
        system, messages = "You are a stand-in.", [{"role": "user", "content": said}]
        if self.dialect == "anthropic":
            path, keys = "/messages", f"x-api-key: {self.key}\r\nanthropic-version: 2023-06-01\r\n"
            body |= {"max_tokens": 256, "system": system, "messages": messages}
        else:
            path, keys = "/chat/completions", f"authorization: Bearer {self.key}\r\n"
            body |= {"messages": [{"role": "system", "content": system}, *messages]}
        data = json.dumps(body | ({"stream": True} if self.stream else {})).encode()
        parts = urlsplit(self.url)
        head = (
            f"POST {parts.path.rstrip('/')}{path} HTTP/1.1\r\nhost: {parts.netloc}\r\naccept: */*\r\n"
            f"user-agent: volant-bench\r\n{keys}content-type: application/json\r\ncontent-length: {len(data)}\r\n\r\n"
        )
        return head.encode() + data

    def is_right(self, status: int, body: bytes) -> bool:
        if status != 200:
            return False
        if self.dialect == "anthropic":
            if not self.stream:
                return b'"stop_reason"' in body and b'"content"' in body
            return body.count(b"content_block_delta") >= self.chunks and b"message_stop" in body
        if not self.stream:
            return b'"choices"' in body
        return body.count(b"data: {") >= self.chunks and body.rstrip().endswith(b"data: [DONE]")


@dataclass(slots=True)
class Result:
    """Seconds from sending to the first body byte and to the end, of right answers."""

    first: list[float] = field(default_factory=list)
    total: list[float] = field(default_factory=list)
    errors: int = 0
    sample: str = ""  # the first wrong answer


class _Connection(asyncio.Protocol):
    def __init__(self, load: Load, request: bytes, result: Result, until: float, done: asyncio.Future[None]) -> None:
        self._load, self._request, self._result, self._until, self._done = load, request, result, until, done

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._parser = httptools.HttpResponseParser(self)
        self._send()

    def _send(self) -> None:
        self._body: list[bytes] = []
        self._first = 0.0
        self._started = perf_counter()
        self._transport.write(self._request)  # type: ignore[attr-defined]

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def connection_lost(self, exc: Exception | None) -> None:
        if not self._done.done():
            self._result.errors += 1
            self._result.sample = self._result.sample or f"connection lost: {exc}"
            self._done.set_result(None)

    def on_body(self, piece: bytes) -> None:
        self._first = self._first or perf_counter()
        self._body.append(piece)

    def on_message_complete(self) -> None:
        now = perf_counter()
        body = b"".join(self._body)
        if self._load.is_right(self._parser.get_status_code(), body):
            self._result.first.append(self._first - self._started)
            self._result.total.append(now - self._started)
        else:
            self._result.errors += 1
            self._result.sample = self._result.sample or repr((self._parser.get_status_code(), body[:300]))
        if now < self._until and self._parser.should_keep_alive() and self._result.errors < 100:
            self._send()
        elif not self._done.done():
            self._done.set_result(None)
            self._transport.close()


async def run(load: Load, seconds: float, concurrency: int, result: Result | None = None) -> Result:
    """Send for `seconds` over `concurrency` connections, and wait for the last answers; `result` fills meanwhile."""
    loop = asyncio.get_running_loop()
    parts = urlsplit(load.url)
    result = result or Result()
    request, until = load.request(), perf_counter() + seconds
    ends = []
    for _ in range(concurrency):
        done: asyncio.Future[None] = loop.create_future()
        await loop.create_connection(
            lambda done=done: _Connection(load, request, result, until, done), parts.hostname, parts.port
        )
        ends.append(done)
    await asyncio.wait_for(asyncio.gather(*ends), seconds + 60)
    return result


def percentile(values: list[float], q: float) -> float:
    """By nearest rank; NaN of nothing."""
    ranked = sorted(values)
    return ranked[min(len(ranked) - 1, int(q / 100 * len(ranked)))] if ranked else float("nan")
