"""Wire: uvicorn's httptools protocol, which also hands the app a direct way to write an answer.

The ASGI app finds a `Wire` in `scope["extensions"]["volant.wire"]`. It writes whole heads and chunks straight to the
transport (no message dictionaries, no header validation by regular expression: the gateway's header values are checked
where they are made), says when the client left without a task that waits for it, and tells when to slow down. Ordinary
ASGI `send` works as always; a request uses one of the two. Follows the fields of uvicorn's RequestResponseCycle: the
tests of this module fail where a new uvicorn renames them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle

LINGER_S = 2.0  # how long a refused upload is read and thrown away, so that its sender sees the answer


class GatewayProtocol(HttpToolsProtocol):
    """One client connection."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.open_wires: list[Wire] = []
        self.idle_since = self.loop.time()

    def on_headers_complete(self) -> None:
        super().on_headers_complete()
        wire = Wire(self, self.cycle)
        self.open_wires.append(wire)
        self.scope["extensions"] = {"volant.wire": wire}  # type: ignore[dict-item]  # our own

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        wires, self.open_wires = self.open_wires, []
        for wire in wires:
            if wire.on_close is not None:
                wire.on_close()

    def pause_writing(self) -> None:
        super().pause_writing()
        for wire in self.open_wires:
            if wire.on_pause is not None:
                wire.on_pause(True)

    def resume_writing(self) -> None:
        super().resume_writing()
        for wire in self.open_wires:
            if wire.on_pause is not None:
                wire.on_pause(False)

    def on_response_complete(self) -> None:
        """As uvicorn's, but without a keep-alive timer an answer: see `close_idle`."""
        wires = self.open_wires
        if len(wires) == 1:
            wires.clear()
        else:
            self.open_wires = [wire for wire in wires if not wire.complete]
        self.server_state.total_requests += 1
        if self.transport.is_closing():
            return
        self.flow.resume_reading()
        if self.pipeline:
            cycle, app = self.pipeline.pop()
            self._start_asgi_task(cycle, app)
        else:
            self.idle_since = self.loop.time()


def close_idle(connections: Iterable[object], idle_s: float) -> None:
    """Close the connections that have waited for a request longer than `idle_s`. Called now and then."""
    for connection in list(connections):
        if not isinstance(connection, GatewayProtocol) or connection.open_wires:
            continue
        if connection.loop.time() - connection.idle_since > idle_s:
            connection.timeout_keep_alive_handler()


class Wire:
    """One answer. `headers` are whole lines, each ended by CR LF, without framing."""

    __slots__ = ("_cycle", "_protocol", "on_close", "on_pause")

    def __init__(self, protocol: GatewayProtocol, cycle: RequestResponseCycle) -> None:
        self._protocol = protocol
        self._cycle = cycle
        self.on_close: Callable[[], None] | None = None  # the client left
        self.on_pause: Callable[[bool], None] | None = None  # True: the client reads too slowly

    @property
    def gone(self) -> bool:
        """The client left."""
        return self._cycle.disconnected

    @property
    def complete(self) -> bool:
        """The answer was written to its end."""
        return self._cycle.response_complete

    @property
    def started(self) -> bool:
        """The head was written."""
        return self._cycle.response_started

    @property
    def congested(self) -> bool:
        """The client reads too slowly just now."""
        return self._protocol.flow.write_paused

    def respond(self, status: int, headers: bytes, body: bytes) -> None:
        """A whole answer."""
        cycle = self._cycle
        if cycle.disconnected:
            return
        cycle.response_started = True
        if cycle.more_body:  # the request's rest is on its way, and nobody wants it
            cycle.keep_alive = False
        close = b"" if cycle.keep_alive else b"connection: close\r\n"
        self._protocol.transport.write(
            b"%b%bcontent-length: %d\r\n%b\r\n%b" % (STATUS_LINE[status], headers, len(body), close, body)
        )
        self._end()

    def start(self, status: int, headers: bytes, first: bytes) -> None:
        """The head of an answer in chunks, and its first chunk (which may be empty)."""
        cycle = self._cycle
        if cycle.disconnected:
            return
        cycle.response_started = cycle.chunked_encoding = True
        close = b"" if cycle.keep_alive else b"connection: close\r\n"
        chunk = b"%x\r\n%b\r\n" % (len(first), first) if first else b""
        self._protocol.transport.write(
            b"%b%btransfer-encoding: chunked\r\n%b\r\n%b" % (STATUS_LINE[status], headers, close, chunk)
        )

    def write(self, data: bytes) -> None:
        """One chunk; `data` must not be empty."""
        if not self._cycle.disconnected:
            self._protocol.transport.write(b"%x\r\n%b\r\n" % (len(data), data))

    def finish(self, data: bytes = b"") -> None:
        """The last chunk, and the end."""
        if self._cycle.disconnected:
            return
        self._protocol.transport.write(b"%x\r\n%b\r\n0\r\n\r\n" % (len(data), data) if data else b"0\r\n\r\n")
        self._end()

    def break_off(self) -> None:
        """Close without an end, so that the client does not take a part for the whole."""
        self._protocol.transport.abort()

    def _end(self) -> None:
        cycle = self._cycle
        unread = cycle.more_body
        cycle.response_complete = True
        cycle.message_event.set()
        if unread:
            self._protocol.loop.call_later(LINGER_S, self._protocol.transport.close)
        elif not cycle.keep_alive:
            self._protocol.transport.close()
        cycle.on_response()
