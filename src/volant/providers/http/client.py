"""Client: keeps idle connections by origin, opens new ones, and watches the deadlines of busy ones.

Deadlines are looked at by one timer for all connections, `TICK_S` apart: no timer a request.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable

from volant.providers.http.connection import NO_TIMEOUTS, Connection, TlsConnection
from volant.providers.http.dialing import dial, failure
from volant.providers.http.sinks import Collector, Queue
from volant.providers.http.tls import Contexts, tls_object
from volant.providers.http.tunnel import dig
from volant.providers.http.words import Answer, Headers, Origin, Timeouts, TransportError

TICK_S = 0.05
IDLE_S = 30.0  # an idle connection is kept this long
STALE_S = 1.0  # a server's close of an idle connection is heard so long after a request was sent on it, at most
MAX_IDLE = 512  # a server
ROOM_BYTES = 64 << 10


class HttpClient:
    """Keeps idle connections by origin and watches the deadlines of busy ones. Belongs to one running event loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop | None = None) -> None:
        self.loop = loop or asyncio.get_running_loop()
        self.room = memoryview(bytearray(ROOM_BYTES))
        self._idle: dict[Origin, list[Connection]] = {}
        self._busy: set[Connection] = set()
        self._ticking: asyncio.TimerHandle | None = None
        self._contexts = Contexts()
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

    def keep(self, connection: Connection) -> None:
        """What `idle` gave was not used after all."""
        self._idle.setdefault(connection.origin, []).append(connection)

    async def connect(self, origin: Origin, connect_s: float = 5.0, *, fresh: bool = False) -> Connection:
        """An idle connection or a new one. Raises TransportError, of the kinds where nothing was sent."""
        if not fresh and (waiting := self.idle(origin)) is not None:
            return waiting
        try:
            async with asyncio.timeout(connect_s):
                return await self._open(origin)
        except TimeoutError:
            raise TransportError("connect_timeout", f"no connection within {connect_s:g} s") from None
        except OSError as error:
            raise failure(error) from None

    async def fetch(
        self, origin: Origin, head: bytes, body: bytes | None = b"", timeouts: Timeouts = NO_TIMEOUTS
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
        self, origin: Origin, head: bytes, body: bytes, timeouts: Timeouts = NO_TIMEOUTS
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
            self._clear(connection.origin)
            return
        connection.idle_since = self.loop.time()
        if connection.used == 1 and connection.origin.tls and (tls := tls_object(connection.transport)) is not None:
            self._contexts.of(connection.origin.ca_file).remember(tls, connection.origin.host)
        waiting.append(connection)

    def forget(self, connection: Connection) -> None:
        self._busy.discard(connection)
        waiting = self._idle.get(connection.origin)
        if waiting and connection in waiting:
            waiting.remove(connection)
        self._clear(connection.origin)

    def _clear(self, origin: Origin) -> None:
        """Callers may name hosts without end: one that nothing waits for is not remembered."""
        if not self._idle.get(origin, True):
            del self._idle[origin]

    # ------------------------------------------------------------ inside
    async def _open(self, origin: Origin) -> Connection:
        kind = TlsConnection if origin.tls else Connection
        make: Callable[[], Connection] = lambda: kind(self, origin)  # noqa: E731
        if origin.unix:
            try:
                return (await self.loop.create_unix_connection(make, origin.unix))[1]
            except OSError as error:
                raise failure(error) from None
        tls = self._contexts.of(origin.ca_file) if origin.tls else None
        proxy = origin.proxy
        if proxy is None:
            sock = await dial(self.loop, origin.address or origin.host, origin.port)
        else:
            try:
                sock = await dial(self.loop, proxy.host, proxy.port)
            except TransportError as error:
                raise TransportError(
                    "proxy_failed", f"no way to the proxy {proxy.host}:{proxy.port}: {error}"
                ) from None
        try:
            if proxy is not None and origin.tls:
                await dig(self.loop, sock, origin)
            return (
                await self.loop.create_connection(
                    make, sock=sock, ssl=tls, server_hostname=origin.host if tls is not None else None
                )
            )[1]
        except BaseException as error:
            sock.close()
            if isinstance(error, OSError) and tls is not None:  # ssl.SSLError is one
                raise TransportError("tls_failed", f"no TLS with {origin.host}: {_tls_reason(error)}") from None
            raise

    def _tick(self) -> None:
        now = self.loop.time()
        for connection in list(self._busy):
            connection.check(now)
        for origin, waiting in list(self._idle.items()):
            while waiting and now - waiting[0].idle_since > IDLE_S:
                waiting.pop(0).cancel()
            self._clear(origin)
        rest = bool(self._busy) or any(self._idle.values())
        self._ticking = self.loop.call_later(TICK_S if self._busy else 1.0, self._tick) if rest else None


def is_stale(connection: Connection, error: TransportError) -> bool:
    """Did the server close an idle connection just as it was used again? Then the request was not looked at. One that
    was open for a while after it was written may have been: asking again may cost twice."""
    at_once = connection.lasted_s < STALE_S
    return error.code in ("closed", "reset") and connection.used > 1 and not connection.answered and at_once


def _tls_reason(error: OSError) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not trusted: {error.verify_message}"
    if isinstance(error, ssl.SSLError):
        return error.reason or str(error)
    return f"it broke off in the handshake{f': {error}' if str(error) else ''}"
