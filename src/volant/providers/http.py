"""HTTP: a small HTTP/1.1 client on asyncio.Protocol and httptools, for TCP, TLS and Unix sockets.

Knows connections, requests and deadlines; knows nothing of models. Two ways to use it:

    answer = await client.fetch(origin, request_head(...), body, timeouts)  # the whole answer
    connection = await client.connect(origin)                              # or piece by piece:
    connection.start(data, sink, timeouts)                                 # `sink` gets head, data, end, failed

An idle connection that the server closed just as we used it is the one failure that is retried here (`start` before any
byte of the answer, on a connection that was used before); every other failure is the caller's to judge. Deadlines are
looked at by one timer for all connections, `TICK_S` apart: no timer a request. Sources: RFC 9112; llhttp's callbacks
(`should_keep_alive` is only right inside `on_message_complete`).
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol, cast
from urllib.parse import unquote, urlsplit

import httptools

from volant.core.errors import BadInput

TICK_S = 0.05
IDLE_S = 30.0  # an idle connection is kept this long
MAX_IDLE = 512  # a server
MAX_FETCH_BYTES = 64 << 20
HIGH_WATER = 256 << 10

Headers = list[tuple[bytes, bytes]]


# ---------------------------------------------------------------- words
class Origin(NamedTuple):
    """Where a server is. `unix` is a socket's path, empty for TCP."""

    host: str
    port: int
    tls: bool = False
    unix: str = ""

    @staticmethod
    def parse(url: str) -> tuple[Origin, str]:
        """Origin and path of `http://`, `https://` or `http+unix://%2Fpath%2Fof.sock/`. Raises BadInput `bad_url`."""
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError as error:
            raise BadInput("bad_url", f"{url[:120]!r} is no URL: {error}") from None
        if parts.scheme == "http+unix" and parts.netloc:
            return Origin("localhost", 0, False, unquote(parts.netloc)), parts.path or "/"
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise BadInput(
                "bad_url", f"{url[:120]!r} is no http or https URL", hint="write e.g. http://127.0.0.1:8000/v1"
            )
        tls = parts.scheme == "https"
        return Origin(parts.hostname, port or (443 if tls else 80), tls), parts.path or "/"

    @property
    def authority(self) -> str:
        """What goes into the Host header."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.unix or self.port == (443 if self.tls else 80) else f"{host}:{self.port}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeouts:
    """Seconds."""

    connect_s: float = 5.0
    first_byte_s: float = 60.0  # until the first byte of the answer's body
    between_s: float = 0.0  # that the body may pause once it has begun; 0: as long as it likes
    total_s: float = 300.0


class TransportError(Exception):
    """No answer, or only a part of one. `code` is stable: connect_failed, connect_timeout, first_byte_timeout,
    between_timeout, total_timeout, closed, broken_answer, too_large, cancelled."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class Sink(Protocol):
    """Takes one answer. Called from the event loop's read callback: must be quick and must not raise."""

    def head(self, status: int, headers: Headers) -> None: ...
    def data(self, piece: bytes) -> None: ...
    def end(self) -> None: ...
    def failed(self, error: TransportError) -> None: ...


@dataclass(slots=True)
class Answer:
    """A whole answer. Header names are lower case."""

    status: int = 0
    headers: Headers = field(default_factory=list)
    body: bytes = b""

    def header(self, name: bytes) -> bytes:
        """The first header of that lower-case name, or nothing."""
        return next((value for key, value in self.headers if key == name), b"")


def request_head(method: str, origin: Origin, path: str, headers: Iterable[tuple[str, str]]) -> bytes:
    """Request line and headers, without the empty line. Raises BadInput for a line end inside a value."""
    lines = [f"{method} {path} HTTP/1.1", f"host: {origin.authority}", *(f"{name}: {value}" for name, value in headers)]
    if any("\r" in line or "\n" in line for line in lines):
        raise BadInput("bad_header", "a header value holds a line end")
    return ("\r\n".join(lines) + "\r\n").encode("latin-1")


# ---------------------------------------------------------------- one connection
class Connection(asyncio.Protocol):
    """One keep-alive connection with at most one request on it."""

    __slots__ = (
        "_bodied", "_buffer_empty", "_client", "_framed", "_headed", "_headers", "_informational", "_no_body",
        "_parser", "_pause_wanted", "answered", "deadline", "idle_since", "keep", "origin", "sink", "started_at", "timeouts",
        "transport", "used",
    )  # fmt: skip

    def __init__(self, client: HttpClient, origin: Origin) -> None:
        self._client = client
        self.origin = origin
        self.transport: asyncio.Transport | None = None
        self.sink: Sink | None = None
        self.used = 0  # requests so far
        self.answered = False  # a byte of the current answer came
        self.keep = False
        self.idle_since = 0.0
        self.started_at = 0.0
        self.deadline = 0.0
        self.timeouts = _NO_TIMEOUTS
        self._buffer_empty: asyncio.Future[None] | None = None
        self._pause_wanted = False

    # ------------------------------------------------------------ for callers
    def start(self, data: bytes, sink: Sink, timeouts: Timeouts, *, no_body: bool = False) -> None:
        """Send a request (or its first part) and hand its answer to `sink`. `no_body`: the request is a HEAD."""
        assert self.transport is not None
        self.sink = sink
        self.timeouts = timeouts
        self.answered = self.keep = self._framed = self._headed = self._informational = self._bodied = False
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

    def connection_lost(self, exc: Exception | None) -> None:
        self.transport = None
        if self._buffer_empty is not None:
            self.resume_writing()
        self._client.forget(self)
        if self.sink is None:
            return
        if self._headed and not self._framed and exc is None:  # an answer that ends with its connection
            self._complete()
        else:
            self._fail("closed", f"the server closed the connection{f': {exc}' if exc else ''}")

    def pause_writing(self) -> None:
        self._buffer_empty = self._client.loop.create_future()

    def resume_writing(self) -> None:
        if self._buffer_empty is not None and not self._buffer_empty.done():
            self._buffer_empty.set_result(None)
        self._buffer_empty = None

    # ------------------------------------------------------------ httptools
    def on_message_begin(self) -> None:
        self._headers: Headers = []

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
            self._bodied = True
            self._expect_more()
            self.sink.data(piece)

    def on_message_complete(self) -> None:
        if not self._informational:
            self.keep = self._parser.should_keep_alive()
            self._complete()

    # ------------------------------------------------------------ ends
    def check(self, now: float) -> None:
        """Called by the client's timer."""
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


_NO_TIMEOUTS = Timeouts()


# ---------------------------------------------------------------- all connections
class HttpClient:
    """Keeps idle connections by origin and watches the deadlines of busy ones. Belongs to one running event loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop | None = None) -> None:
        self.loop = loop or asyncio.get_running_loop()
        self._idle: dict[Origin, list[Connection]] = {}
        self._busy: set[Connection] = set()
        self._ticking: asyncio.TimerHandle | None = None
        self._tls: ssl.SSLContext | None = None
        self._closed = False

    def idle(self, origin: Origin) -> Connection | None:
        """A connection that waits for work, newest first, or None."""
        waiting = self._idle.get(origin)
        while waiting:
            connection = waiting.pop()
            transport = connection.transport
            if transport is not None and not transport.is_closing():
                return connection
        return None

    async def connect(self, origin: Origin, connect_s: float = 5.0, *, fresh: bool = False) -> Connection:
        """An idle connection or a new one. Raises TransportError connect_failed or connect_timeout."""
        if not fresh and (waiting := self.idle(origin)) is not None:
            return waiting
        try:
            async with asyncio.timeout(connect_s):
                return await self._open(origin)
        except TimeoutError:
            raise TransportError("connect_timeout", f"no connection within {connect_s:g} s") from None
        except (OSError, ssl.SSLError) as error:
            raise TransportError("connect_failed", f"cannot connect: {error}") from None

    async def fetch(
        self, origin: Origin, head: bytes, body: bytes | None = b"", timeouts: Timeouts = _NO_TIMEOUTS
    ) -> Answer:
        """Send one request, take the whole answer (64 MiB at most). `body` None: none is sent, as for GET."""
        data = head + b"\r\n" if body is None else b"%scontent-length: %d\r\n\r\n%s" % (head, len(body), body)
        for fresh in (False, True):
            connection = await self.connect(origin, timeouts.connect_s, fresh=fresh)
            sink = Collector(self.loop)
            connection.start(data, sink, timeouts, no_body=head.startswith(b"HEAD "))
            try:
                return await sink.answer
            except asyncio.CancelledError:
                connection.cancel()
                raise
            except TransportError as error:
                if not is_stale(connection, error):
                    raise
        raise AssertionError("unreachable: a fresh connection is never stale")

    async def stream(
        self, origin: Origin, head: bytes, body: bytes, timeouts: Timeouts = _NO_TIMEOUTS
    ) -> tuple[int, Headers, AsyncIterator[bytes]]:
        """Send one request; status, headers and the body's pieces, read no faster than they are taken."""
        data = b"%scontent-length: %d\r\n\r\n%s" % (head, len(body), body)
        for fresh in (False, True):
            connection = await self.connect(origin, timeouts.connect_s, fresh=fresh)
            sink = Queue(connection)
            connection.start(data, sink, timeouts)
            try:
                status, headers = await sink.started
                return status, headers, sink.pieces()
            except asyncio.CancelledError:
                connection.cancel()
                raise
            except TransportError as error:
                if not is_stale(connection, error):
                    raise
        raise AssertionError("unreachable: a fresh connection is never stale")

    async def aclose(self) -> None:
        """Close what is idle, cancel what is busy."""
        self._closed = True
        if self._ticking is not None:
            self._ticking.cancel()
        everyone = [connection for waiting in self._idle.values() for connection in waiting]
        for connection in (*everyone, *self._busy):
            connection.cancel()
        await asyncio.sleep(0)  # transports close in the next turn

    # ------------------------------------------------------------ for connections
    def watch(self, connection: Connection) -> None:
        self._busy.add(connection)
        if self._ticking is None:
            self._ticking = self.loop.call_later(TICK_S, self._tick)

    def unwatch(self, connection: Connection) -> None:
        self._busy.discard(connection)

    def give_back(self, connection: Connection) -> None:
        waiting = self._idle.setdefault(connection.origin, [])
        if self._closed or len(waiting) >= MAX_IDLE:
            connection.cancel()
            return
        connection.idle_since = self.loop.time()
        waiting.append(connection)

    def forget(self, connection: Connection) -> None:
        self._busy.discard(connection)
        waiting = self._idle.get(connection.origin)
        if waiting and connection in waiting:
            waiting.remove(connection)

    # ------------------------------------------------------------ inside
    async def _open(self, origin: Origin) -> Connection:
        make: Callable[[], Connection] = lambda: Connection(self, origin)  # noqa: E731
        if origin.unix:
            return (await self.loop.create_unix_connection(make, origin.unix))[1]
        if not origin.tls:
            return (await self.loop.create_connection(make, origin.host, origin.port))[1]
        if self._tls is None:
            self._tls = ssl.create_default_context()
            self._tls.set_alpn_protocols(["http/1.1"])
        return (
            await self.loop.create_connection(
                make, origin.host, origin.port, ssl=self._tls, server_hostname=origin.host
            )
        )[1]

    def _tick(self) -> None:
        now = self.loop.time()
        for connection in list(self._busy):
            connection.check(now)
        for waiting in self._idle.values():
            while waiting and now - waiting[0].idle_since > IDLE_S:
                waiting.pop(0).cancel()
        rest = bool(self._busy) or any(self._idle.values())
        self._ticking = self.loop.call_later(TICK_S if self._busy else 1.0, self._tick) if rest else None


def is_stale(connection: Connection, error: TransportError) -> bool:
    """Did the server close an idle connection just as it was used again? Then the request was not looked at."""
    return error.code == "closed" and connection.used > 1 and not connection.answered


# ---------------------------------------------------------------- sinks
class Collector:
    """Takes a whole answer; `answer` gives it."""

    def __init__(self, loop: asyncio.AbstractEventLoop, limit: int = MAX_FETCH_BYTES) -> None:
        self.answer: asyncio.Future[Answer] = loop.create_future()
        self._taking = Answer()
        self._pieces: list[bytes] = []
        self._room = limit

    def head(self, status: int, headers: Headers) -> None:
        self._taking.status = status
        self._taking.headers = headers

    def data(self, piece: bytes) -> None:
        self._room -= len(piece)
        if self._room >= 0:
            self._pieces.append(piece)

    def end(self) -> None:
        if self.answer.done():
            return
        if self._room < 0:
            self.answer.set_exception(TransportError("too_large", "the answer is larger than we take"))
            return
        self._taking.body = self._pieces[0] if len(self._pieces) == 1 else b"".join(self._pieces)
        self.answer.set_result(self._taking)

    def failed(self, error: TransportError) -> None:
        if not self.answer.done():
            self.answer.set_exception(error)


class Queue:
    """Takes an answer piece by piece, and pauses the connection while nobody takes them."""

    def __init__(self, connection: Connection) -> None:
        loop = asyncio.get_running_loop()
        self.started: asyncio.Future[tuple[int, Headers]] = loop.create_future()
        self._connection = connection
        self._pieces: list[bytes] = []
        self._waiting = 0
        self._over = False
        self._error: TransportError | None = None
        self._news = asyncio.Event()

    def head(self, status: int, headers: Headers) -> None:
        if not self.started.done():
            self.started.set_result((status, headers))

    def data(self, piece: bytes) -> None:
        self._pieces.append(piece)
        self._waiting += len(piece)
        if self._waiting > HIGH_WATER:
            self._connection.pause()
        self._news.set()

    def end(self) -> None:
        self._over = True
        self._news.set()

    def failed(self, error: TransportError) -> None:
        self._error, self._over = error, True
        if not self.started.done():
            self.started.set_exception(error)
        self._news.set()

    def leave(self, *, whole: bool) -> None:
        """Take no more. `whole`: what came counts as all of it (a stream of events has no end of its own)."""
        self._connection.cancel()
        if whole:
            self.end()
        else:
            self.failed(TransportError("left", "nobody waits for the rest"))

    async def pieces(self) -> AsyncIterator[bytes]:
        """The body. Raises TransportError where the answer broke off. Leaving early closes the connection."""
        try:
            while True:
                if self._pieces:
                    taken, self._pieces, self._waiting = b"".join(self._pieces), [], 0
                    self._connection.resume()
                    yield taken
                elif self._over:
                    if self._error is not None:
                        raise self._error
                    return
                else:
                    self._news.clear()
                    await self._news.wait()
        finally:
            if not self._over:
                self._connection.cancel()
