"""Connection: one keep-alive connection with at most one request on it.

Knows bytes, framing and deadlines; who it belongs to is a `Keeper`. Source: RFC 9112; llhttp's callbacks
(`should_keep_alive` is only right inside `on_message_complete`).
"""

from __future__ import annotations

import asyncio
import socket
from typing import Protocol, cast

import httptools

from volant.providers.http.words import Headers, Origin, Sink, Timeouts, TransportError


class Keeper(Protocol):
    """Who has many connections: keeps the idle ones and watches the busy ones' deadlines."""

    loop: asyncio.AbstractEventLoop
    room: memoryview  # where what was decrypted is put for a moment

    def watch(self, connection: Connection) -> None: ...
    def unwatch(self, connection: Connection) -> None: ...
    def give_back(self, connection: Connection) -> None: ...
    def forget(self, connection: Connection) -> None: ...


class Connection(asyncio.BaseProtocol):
    """One keep-alive connection with at most one request on it."""

    __slots__ = (
        "_bodied", "_buffer_empty", "_client", "_framed", "_headed", "_headers", "_heard", "_informational", "_lost_at",
        "_no_body", "_parser", "_pause_wanted", "answered", "deadline", "idle_since", "keep", "loop", "origin", "sink",
        "started_at", "timeouts", "transport", "used",
    )  # fmt: skip

    def __init__(self, client: Keeper, origin: Origin) -> None:
        self._client = client
        self.loop = client.loop
        self.origin = origin
        self.transport: asyncio.Transport | None = None
        self.sink: Sink | None = None
        self.used = 0  # requests so far
        self.answered = False  # a byte of the current answer came
        self.keep = False
        self.idle_since = 0.0
        self.started_at = self._lost_at = 0.0
        self.deadline = 0.0
        self.timeouts = NO_TIMEOUTS
        self._buffer_empty: asyncio.Future[None] | None = None
        self._pause_wanted = False

    @property
    def lasted_s(self) -> float:
        """Seconds from the start of its last request until it was lost, or until now."""
        return (self._lost_at or self._client.loop.time()) - self.started_at

    # ------------------------------------------------------------ for callers
    def start(self, data: bytes, sink: Sink, timeouts: Timeouts, *, no_body: bool = False) -> None:
        """Send a request (or its first part) and hand its answer to `sink`. `no_body`: the request is a HEAD."""
        assert self.transport is not None
        self.sink = sink
        self.timeouts = timeouts
        self.answered = self.keep = self._framed = self._headed = self._informational = self._bodied = False
        self._heard = False  # a piece of the body came since the last `check`
        self._no_body = no_body
        self.started_at = now = self._client.loop.time()
        self.deadline = now + min(timeouts.first_byte_s, timeouts.total_s)
        self._client.watch(self)
        self.used += 1
        self.transport.write(data)

    def send(self, data: bytes) -> None:
        """A further part of the request's body."""
        if self.transport is not None:
            self.deadline = self._client.loop.time() + self.timeouts.first_byte_s
            self.transport.write(data)

    async def drain(self) -> None:
        """Wait until the server has taken what was sent."""
        if self._buffer_empty is not None:
            await self._buffer_empty

    def pause(self) -> None:
        """Read no further: whoever takes the answer is slower than the server."""
        if self.transport is not None and not self._pause_wanted:
            self._pause_wanted = True
            self.transport.pause_reading()
            self._expect_more()

    def resume(self) -> None:
        """Read on."""
        if self._pause_wanted:
            self._pause_wanted = False
            if self.transport is not None:
                self.transport.resume_reading()
            self._expect_more()

    def cancel(self) -> None:
        """Nobody wants this answer any more: the server is told by closing. `sink` hears nothing."""
        self.sink = None
        self._client.unwatch(self)
        if self.transport is not None:
            self.transport.abort()

    # ------------------------------------------------------------ asyncio
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)  # uvloop's are no subclasses
        self._parser = httptools.HttpResponseParser(
            self
        )  # kept as long as the connection: llhttp starts anew by itself
        sock = transport.get_extra_info("socket")
        if sock is not None and not self.origin.unix:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def data_received(self, data: bytes) -> None:
        if self.sink is None:  # nothing was asked: the server talks out of turn
            self._close()
            return
        if not self.answered:
            self.answered = True
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError as error:
            self._fail("broken_answer", f"the answer is no HTTP/1.1: {error}")

    def eof_received(self) -> None:
        """Close: a server that says no more is not asked any more."""

    def connection_lost(self, exc: Exception | None) -> None:
        self.transport = None
        self._lost_at = self._client.loop.time()
        if self._buffer_empty is not None:
            self.resume_writing()
        self._client.forget(self)
        if self.sink is None:
            return
        if self._headed and not self._framed and exc is None:  # an answer that ends with its connection
            self._complete()
        else:
            code = "reset" if isinstance(exc, ConnectionResetError) else "closed"
            self._fail(code, f"the server closed the connection{f': {exc}' if exc else ''}")

    def pause_writing(self) -> None:
        self._buffer_empty = self._client.loop.create_future()

    def resume_writing(self) -> None:
        if self._buffer_empty is not None and not self._buffer_empty.done():
            self._buffer_empty.set_result(None)
        self._buffer_empty = None

    # ------------------------------------------------------------ httptools
    def on_message_begin(self) -> None:
        self._headers: Headers = []
        if self.sink is None:  # it goes on behind its answer: what comes next on this connection is nobody's
            self._close()

    def on_header(self, name: bytes, value: bytes) -> None:
        self._headers.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        status = self._parser.get_status_code()
        self._informational = status < 200
        if self._informational or self.sink is None:
            return
        self._headed = True
        for name, value in self._headers:
            if name == b"content-length" or (name == b"transfer-encoding" and b"chunked" in value.lower()):
                self._framed = True
        if status in (204, 304):
            self._framed = True
        self.sink.head(status, self._headers)
        if self._no_body:
            self._framed = True
            self._complete()

    def on_body(self, piece: bytes) -> None:
        if self.sink is not None:
            self._bodied = self._heard = True
            self.sink.data(piece)

    def on_message_complete(self) -> None:
        if not self._informational:
            self.keep = self._parser.should_keep_alive()
            self._complete()

    # ------------------------------------------------------------ ends
    def check(self, now: float) -> None:
        """Called by the client's timer."""
        if self._heard:  # looked at here and not with each piece: a stream has many
            self._heard = False
            self._expect_more()
        if now < self.deadline or self.sink is None:
            return
        limits = self.timeouts
        if now >= self.started_at + limits.total_s:
            self._fail("total_timeout", f"no whole answer within {limits.total_s:g} s")
        elif self._bodied:
            self._fail("between_timeout", f"the answer stopped for {limits.between_s:g} s")
        else:
            self._fail("first_byte_timeout", f"no answer within {limits.first_byte_s:g} s")

    def _expect_more(self) -> None:
        """Of a body that has begun: its next piece is due. Not while we ourselves do not read."""
        if not self._bodied:
            return
        self.deadline = self.started_at + self.timeouts.total_s
        if self.timeouts.between_s and not self._pause_wanted:
            self.deadline = min(self.deadline, self._client.loop.time() + self.timeouts.between_s)

    def _complete(self) -> None:
        sink, self.sink = self.sink, None
        self._client.unwatch(self)
        if self._pause_wanted:
            self.resume()
        if self.keep and self.transport is not None and not self.transport.is_closing():
            self._client.give_back(self)
        else:
            self._close()
        if sink is not None:
            sink.end()

    def _fail(self, code: str, message: str) -> None:
        sink, self.sink = self.sink, None
        self._client.unwatch(self)
        if self.transport is not None:
            self.transport.abort()
        if sink is not None:
            sink.failed(TransportError(code, message))

    def _close(self) -> None:
        if self.transport is not None:
            self.transport.close()


class TlsConnection(Connection, asyncio.BufferedProtocol):
    """What TLS decrypts comes by one buffer for all: else each read makes room for a quarter of a megabyte of its own,
    by three system calls."""

    __slots__ = ()

    def get_buffer(self, sizehint: int) -> memoryview:
        return self._client.room

    def buffer_updated(self, nbytes: int) -> None:
        self.data_received(bytes(self._client.room[:nbytes]))


NO_TIMEOUTS = Timeouts()
