"""The stand-in: an OpenAI-compatible server whose answers depend on the request alone.

    POST .../chat/completions   JSON, or SSE when the body has "stream": true
    GET  .../models             one model
    GET  /stats                 counts of calls, streams, failures and clients that left
    GET  /ledger                with --ledger: words of each whole answer by its caller's span id (traceparent)
    GET  /faults                which requests fail (see `faults`), and how often each fault happened
    PUT  /faults                a new plan: {"share": 0.2, "kinds": ["reset", …], "seed": 7, "slow_s": 3.0}
    GET  /last                  the last chat request as it arrived: {"headers": {…}, "body": {…}}

Words anywhere in the request steer the answer, so that nothing needs configuration:
    chunks=N      words in the answer, and content chunks in a stream (default 8)
    ttft_ms=X     pause before the answer starts
    delay_ms=X    pause before each further chunk (0: one chunk per turn of the event loop)
    burst=1       all chunks in one write
    fail=CODE     answer with that HTTP status
    cut=N         close the connection after N chunks (after the head, where the answer is no stream)
    hang=1        never answer
    empty=1       an answer of spaces;  echo=1  the last message's own words
    fault=NAME    fail in that way: a name of `faults.FAULTS`
    mark=WORD     the answer begins and ends with that word: nobody else's answer does
It costs a few tens of microseconds a call, so that a benchmark can stand it at the far end.
"""

from __future__ import annotations

import asyncio
import re
import socket
import struct
from collections.abc import Callable
from functools import partial
from typing import cast

import httptools
import msgspec

from volant.dialects.openai_errors import error_body
from volant.providers.mock.answers import Answers, head
from volant.providers.mock.faults import FAULTS, HARMLESS, READ_PAUSE_S, Dice, Plan, chunk

_STREAM = re.compile(rb'"stream"\s*:\s*true')
_USAGE = re.compile(rb'"include_usage"\s*:\s*true')
_KNOB = re.compile(rb"\b(chunks|ttft_ms|delay_ms|burst|fail|cut|hang|empty|echo)=([0-9.]+)")
_FAULT = re.compile(rb"\bfault=([a-z0-9_]+)")
_MARK = re.compile(rb"\bmark=([A-Za-z0-9]+)")


class MockServer:
    """One stand-in on one port; `stats` counts what it did."""

    def __init__(
        self,
        *,
        key: str = "",
        answer: str = "",
        model: str = "mock-model",
        faults: Plan | None = None,
        keeps_ledger: bool = False,
    ) -> None:
        """`keeps_ledger`: note each whole answer by its caller's span id, for as long as it lives."""
        self.dice = Dice(faults or Plan())
        self.key = key.encode()
        self.answers = Answers(model, answer)
        self.stats = {"requests": 0, "streams": 0, "failures": 0, "aborted": 0, "answered": 0, "words": 0}
        self.ledger: dict[str, int] | None = {} if keeps_ledger else None
        self.last_headers: list[tuple[bytes, bytes]] = []
        self.last_body = b"null"
        self.connections: set[_Exchange] = set()
        self._server: asyncio.Server | None = None

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> str:
        """Listen; gives the base URL for clients, ending in /v1."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: _Exchange(self, loop), host, port, backlog=2048)
        return f"http://{host}:{self._server.sockets[0].getsockname()[1]}/v1"

    async def stop(self) -> None:
        """Close the port and every connection at once, as a killed server would."""
        if self._server is not None:
            self._server.close()
            for connection in list(self.connections):
                connection.abort()
            await self._server.wait_closed()

    @property
    def answer(self) -> str:
        """The content of every answer; empty: words."""
        return self.answers.answer

    @answer.setter
    def answer(self, content: str) -> None:
        self.answers.answer = content

    def count(self, words: int, span: str) -> None:
        """An answer was given whole."""
        self.stats["answered"] += 1
        self.stats["words"] += words
        if span and self.ledger is not None:
            self.ledger[span] = words


class _Exchange(asyncio.Protocol):
    """One client connection."""

    def __init__(self, server: MockServer, loop: asyncio.AbstractEventLoop) -> None:
        self._server = server
        self._loop = loop
        self._transport: asyncio.Transport | None = None
        self._busy = False
        self._fault = ""  # of the present request, as the next
        self.span = ""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's are no subclasses
        self._parser = httptools.HttpRequestParser(self)
        self._server.connections.add(self)
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        self._server.connections.discard(self)
        if self._busy:
            self._server.stats["aborted"] += 1

    def abort(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    def data_received(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            self.abort()
        if self._fault == "slow_reader" and not self._busy and self._transport is not None:
            self._transport.pause_reading()
            self._loop.call_later(READ_PAUSE_S, self._read_on)

    def _read_on(self) -> None:
        if self._transport is not None:
            self._transport.resume_reading()

    # ------------------------------------------------------------ httptools
    def on_message_begin(self) -> None:
        self._url = b""
        self._body: list[bytes] = []
        self._headers: list[tuple[bytes, bytes]] = []

    def on_url(self, url: bytes) -> None:
        self._url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        self._headers.append((name, value))

    def on_headers_complete(self) -> None:
        is_chat = self._url.partition(b"?")[0].endswith(b"/chat/completions")
        self._fault = self._server.dice.draw() if is_chat else ""

    def on_body(self, piece: bytes) -> None:
        self._body.append(piece)

    def on_message_complete(self) -> None:
        path = self._url.partition(b"?")[0]
        server = self._server
        if server.ledger is not None:
            self.span = _span(self._headers)
        if path.endswith(b"/chat/completions"):
            self._chat(b"".join(self._body))
        elif path == b"/stats":
            self._whole(200, msgspec.json.encode(server.stats))
        elif path == b"/ledger":
            self._whole(200, msgspec.json.encode(server.ledger or {}))
        elif path == b"/faults":
            self._faults(b"".join(self._body))
        elif path == b"/last":
            headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in server.last_headers}
            self._whole(200, msgspec.json.encode({"headers": headers, "body": msgspec.Raw(server.last_body)}))
        elif path.endswith(b"/models"):
            self._whole(200, server.answers.models())
        elif path == b"/health":
            self._whole(200, b'{"status":"ok"}')
        else:
            self._whole(404, error_body("no such path", kind="invalid_request_error"))

    def _faults(self, body: bytes) -> None:
        server = self._server
        try:
            if body:
                server.dice = Dice(msgspec.json.decode(body, type=Plan))
        except msgspec.DecodeError as error:
            self._whole(400, error_body(str(error), kind="invalid_request_error"))
            return
        self._whole(200, msgspec.json.encode({"plan": server.dice.plan, "counts": server.dice.counts}))

    # ------------------------------------------------------------ chat
    def _chat(self, body: bytes) -> None:
        server = self._server
        server.stats["requests"] += 1
        server.last_headers, server.last_body = self._headers, body or b"null"
        if server.key and (b"Bearer " + server.key) not in [value for _, value in self._headers]:
            self._fail(401, "wrong key")
            return
        knobs = {name.decode(): float(value) for name, value in _KNOB.findall(body)}
        wait = knobs.get("ttft_ms", 0.0) / 1000
        self._busy = True
        if knobs.get("hang"):
            return
        if code := int(knobs.get("fail", 0)):
            self._later(wait, lambda: self._fail(code, "failed as asked"))
            return
        pieces = self._pieces(body, knobs)
        if named := _FAULT.search(body):
            self._fault = named.group(1).decode()
        if self._fault:
            self._go_wrong(body, pieces)
        elif not _STREAM.search(body):
            data = server.answers.completion(pieces)
            answered = partial(self.answered, data, len(pieces))
            self._later(wait, (lambda: self._cut_off(data)) if "cut" in knobs else answered)
        else:
            self._stream(body, pieces, knobs, wait)

    def _stream(self, body: bytes, pieces: tuple[str, ...], knobs: dict[str, float], wait: float) -> None:
        server = self._server
        server.stats["streams"] += 1
        frames = server.answers.frames(pieces, bool(_USAGE.search(body)))
        start = head(200, b"text/event-stream")
        if knobs.get("burst"):
            self._later(wait, partial(self.answered, start + b"".join(frames), len(pieces)))
        else:
            cut, delay = int(knobs["cut"]) if "cut" in knobs else -1, knobs.get("delay_ms", 0.0) / 1000
            self._later(wait, lambda: self._step(start, frames, len(pieces), 0, delay, cut))

    def _go_wrong(self, body: bytes, pieces: tuple[str, ...]) -> None:
        act = FAULTS.get(self._fault)
        if act is None:
            self._fail(400, f"there is no fault {self._fault!r}: {', '.join(FAULTS)}")
            return
        if self._fault not in HARMLESS:
            self._server.stats["failures"] += 1
        act(_Wrong(self, self._server, bool(_STREAM.search(body)), pieces, bool(_USAGE.search(body))))

    def _pieces(self, body: bytes, knobs: dict[str, float]) -> tuple[str, ...]:
        if marked := _MARK.search(body):
            mark = marked.group(1).decode()
            return (mark + " ", *self._server.answers.words(max(1, int(knobs.get("chunks", 8)))), " " + mark)
        if knobs.get("empty"):
            return (" ", "\n")
        if knobs.get("echo"):
            said = msgspec.json.decode(body)["messages"][-1]["content"]
            return tuple(re.findall(r"\S+\s*", said if isinstance(said, str) else str(said)))
        return tuple(self._server.answers.words(max(1, int(knobs.get("chunks", 8)))))

    def _later(self, wait: float, act: Callable[[], None]) -> None:
        if wait:
            self._loop.call_later(wait, act)
        else:
            act()

    def _step(self, prefix: bytes, frames: list[bytes], words: int, at: int, delay: float, cut: int) -> None:
        if self._transport is None:
            return
        if at == cut:
            self._transport.write(prefix)
            self._busy = False
            self._transport.close()
            return
        self._transport.write(prefix + frames[at])
        at += 1
        if at == len(frames):
            self._busy = False
            self._server.count(words, self.span)
        elif delay and at < len(frames) - 1:
            self._loop.call_later(delay, self._step, b"", frames, words, at, delay, cut)
        else:
            self._loop.call_soon(self._step, b"", frames, words, at, delay, cut)

    def answered(self, data: bytes, words: int) -> None:
        """Said whole and well: its caller can be billed for it."""
        if self._transport is not None:
            self._server.count(words, self.span)
        self._last(data)

    def _last(self, data: bytes) -> None:
        if self._transport is not None:
            self._busy = False
            self._transport.write(data)

    def say(self, data: bytes) -> None:
        """Bytes of an answer that is wrong."""
        if self._transport is not None:
            self._busy = False
            self._transport.write(data)

    def end(self, *, reset: bool) -> None:
        """Close the connection, by FIN or by RST."""
        if self._transport is None:
            return
        self._busy = False
        if reset:
            sock = self._transport.get_extra_info("socket")
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self._transport.abort()
        else:
            self._transport.close()

    def _cut_off(self, data: bytes) -> None:
        self._last(data[: len(data) // 2])
        if self._transport is not None:
            self._transport.close()

    def _fail(self, code: int, message: str) -> None:
        self._server.stats["failures"] += 1
        body = error_body(message, kind="mock_error", code=str(code))
        self._last(head(code, b"application/json", len(body)) + body)

    def _whole(self, status: int, body: bytes) -> None:
        self._last(head(status, b"application/json", len(body)) + body)


class _Wrong:
    """An answer to be given wrongly: see `faults.Answer`."""

    def __init__(
        self, exchange: _Exchange, server: MockServer, stream: bool, pieces: tuple[str, ...], usage: bool
    ) -> None:
        self._exchange = exchange
        self._server = server
        self._words = len(pieces)
        self.stream = stream
        self.slow_s = server.dice.plan.slow_s
        self.events = server.answers.events(pieces, usage) if stream else []
        self.body = b"" if stream else server.answers.completion(pieces).partition(b"\r\n\r\n")[2]

    def head(self, status: int, kind: str = "application/json", length: int | None = None, more: str = "") -> bytes:
        return head(status, kind.encode(), length, more.encode())

    def write(self, data: bytes) -> None:
        self._exchange.say(data)

    def later(self, seconds: float, act: Callable[[], None]) -> None:
        asyncio.get_running_loop().call_later(seconds, act)

    def close(self) -> None:
        self._exchange.end(reset=False)

    def reset(self) -> None:
        self._exchange.end(reset=True)

    def count(self) -> None:
        """All of it was said, whatever else was wrong."""
        self._server.count(self._words, self._exchange.span)

    def answer(self) -> None:
        """The right answer, after all."""
        if self.stream:
            frames = b"".join(map(chunk, self.events)) + b"0\r\n\r\n"
            self._exchange.answered(self.head(200, "text/event-stream") + frames, self._words)
        else:
            self._exchange.answered(self.head(200, length=len(self.body)) + self.body, self._words)


def _span(headers: list[tuple[bytes, bytes]]) -> str:
    """Of `traceparent: 00-TRACE-SPAN-01`; empty where there is none."""
    return next((value[36:52].decode("latin-1") for name, value in headers if name.lower() == b"traceparent"), "")
