"""Wire: uvicorn's httptools protocol, with a door for the hot path and a direct way to write answers.

Two things are added to what uvicorn does. A `Wire` writes whole heads and chunks straight to the transport (no message
dictionaries, no header validation by regular expression: the gateway's header values are checked where they are made),
says when the client left without a task that waits for it, and tells when to slow down; the ASGI app finds it in
`scope["extensions"]["volant.wire"]`. And a request for a hot path is collected here and handed to its handler as
headers and body, once it is whole, without an ASGI scope, a cycle or a receive channel. Everything else, pipelined
requests included, takes uvicorn's ordinary way. A connection that begins its next request with the bytes of the one
before is not parsed again: see `Head`. Follows the fields of uvicorn's protocol and cycle: the tests of this
folder fail where a new uvicorn renames them. What a connection may take is said by `Patience`, kept here.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Coroutine, Iterable
from itertools import chain
from typing import Any

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from volant.core.errors import TooLarge
from volant.gateway import doors
from volant.gateway.answers import Refusal, error_body, send_error
from volant.gateway.caller import Caller
from volant.gateway.doors import Entrance
from volant.gateway.patience import Patience

LINGER_S = 2.0  # how long a refused upload is read and thrown away, so that its sender sees the answer

_NOT_OURS = (b"HEAD", b"OPTIONS")  # control's, on every path

_LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*([0-9]{1,9})\r\n", re.IGNORECASE)
_UNLIKE = frozenset({b"transfer-encoding", b"expect", b"upgrade"})  # heads that are read anew each time


class Head:
    """What a request's head says, and what was found out about who sent it.

    A client repeats itself: as long as its next request begins with the same bytes, but for the digits of
    content-length, the head means what it meant, and nothing of it is read again.
    """

    __slots__ = ("_after", "_before", "caller", "entrance", "headers", "keep_alive", "passed")

    def __init__(self, entrance: Entrance, headers: list[tuple[bytes, bytes]], keep_alive: bool = False) -> None:
        self.entrance = entrance
        self.headers = headers  # names in lower case; without content-length once it was learnt
        self.keep_alive = keep_alive
        self.caller: Caller | None = None  # who asks, once somebody looked
        self.passed: Any = None  # what `chat` knows of the key, and of which configuration
        self._before = self._after = b""  # the head's bytes around the digits of content-length

    def learn(self, data: bytes) -> None:
        """`data` is this request, and what the parser took it for. If it is whole, and no more, its like is known."""
        end = data.find(b"\r\n\r\n")
        length = _LENGTH.search(data, 0, end + 2) if end >= 0 else None
        if length is None or len(data) != end + 4 + int(length[1]) or not self.keep_alive:
            return
        names = [name for name, _ in self.headers]
        if names.count(b"content-length") == 1 and _UNLIKE.isdisjoint(names):
            self.headers = [pair for pair in self.headers if pair[0] != b"content-length"]
            self._before, self._after = data[: length.start(1)], data[length.end(1) : end + 4]

    def body_of(self, data: bytes) -> bytes | None:
        """The body where `data` is one whole request with this head, and nothing else."""
        before, after = self._before, self._after
        if not before or not data.startswith(before):
            return None
        at = data.find(b"\r", len(before), len(before) + 10)
        digits = data[len(before) : at]
        if not digits.isdigit() or not data.startswith(after, at):
            return None
        body = data[at + len(after) :]
        return body if len(body) == int(digits) else None


Handler = Callable[[Head, bytes, "Wire"], Coroutine[Any, Any, None] | None]


class Door:
    """The hot path: who answers what `doors` knows, at once or by a coroutine. `app.Gateway` has one as its attribute
    `door`."""

    __slots__ = ("handler", "max_body_bytes")

    def __init__(self, handler: Handler, max_body_bytes: int) -> None:
        self.handler = handler
        self.max_body_bytes = max_body_bytes


def too_large(limit: int) -> TooLarge:
    """A body of an operation above `limit` bytes."""
    return TooLarge(
        "body_too_large", f"the body is larger than {limit} bytes", hint="send less, or raise max_body_bytes"
    )


class _NoEvent:
    """In place of a cycle's event: nobody waits."""

    __slots__ = ()

    def set(self) -> None:
        pass


_NO_EVENT = _NoEvent()


class HotCycle:
    """What uvicorn's protocol and Wire need of a RequestResponseCycle, for a request through the door."""

    __slots__ = (
        "body", "chunked_encoding", "disconnected", "keep_alive", "message_event", "more_body", "on_response",
        "response_complete", "response_started", "size", "task",
    )  # fmt: skip

    def __init__(self, keep_alive: bool, on_response: Callable[[], None]) -> None:
        self.body: list[bytes] = []
        self.size = 0
        self.more_body = True
        self.disconnected = self.response_started = self.response_complete = False
        self.chunked_encoding: bool | None = None
        self.keep_alive = keep_alive
        self.message_event = _NO_EVENT
        self.on_response = on_response
        self.task: asyncio.Task[None] | None = None


class GatewayProtocol(HttpToolsProtocol):
    """One client connection."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.open_wires: list[Wire] = []
        self.idle_since = self.loop.time()
        self.door: Door | None = getattr(self.config.app, "door", None)
        self._hot: HotCycle | None = None
        self._head: Head | None = None  # of the last request through the door
        self._patience: Patience = getattr(self.config.app, "patience", None) or Patience()
        self._head_since = 0.0  # when the first byte of a head that is not whole yet came; 0: there is none
        self._head_bytes = 0  # of it, in the reads after its first
        self._body_since = 0.0
        self._body_bytes = 0
        self._paused_since = 0.0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's
        super().connection_made(transport)
        if len(self.connections) > self._patience.max_connections:
            said = error_body(
                "openai", Refusal(503, "overloaded", "this gateway has as many connections as it may"), ""
            )
            transport.write(_whole(503, said, b"retry-after: 1\r\n"))
            transport.close()

    def data_received(self, data: bytes) -> None:
        waited, head, cycle = self._head_since, self._head, self.cycle
        between = not waited and (cycle is None or (cycle.response_complete and not cycle.more_body))
        if between and head is not None and (body := head.body_of(data)) is not None and self._is_taken(head, body):
            return
        super().data_received(data)
        if between and (fresh := self._head) is not None and fresh is not head:
            fresh.learn(data)
        elif waited and self._head_since == waited:  # a head goes on, and is not whole yet
            self._head_bytes += len(data)
            if self._head_bytes > self._patience.max_header_bytes:
                self._turn_away(431, "the request's head is larger than this server takes")

    def _is_taken(self, head: Head, body: bytes) -> bool:
        """A request like the one before goes through the door unparsed."""
        door = self.door
        if door is None or len(body) > door.max_body_bytes:
            return False
        wire = self._begin_hot(head)
        wire.open(door.handler, head, body)
        return True

    # ------------------------------------------------------------ requests
    def on_message_begin(self) -> None:
        """As uvicorn's; the scope is made where one is needed."""
        self._head_since, self._head_bytes = self.loop.time(), 0
        self.url = b""
        self.expect_100_continue = False
        self.headers = []

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        self._body_since, self._head_since, self._body_bytes = self._head_since, 0.0, 0
        if refusal := self._too_much():
            self._refuse(*refusal)
            return
        for name, value in self.headers:
            if name == b"expect" and value.lower() == b"100-continue":
                self.expect_100_continue = True
        door, cycle = self.door, self.cycle
        if (
            door is not None
            and (cycle is None or cycle.response_complete)
            and (entrance := doors.EXACT.get(self.url) or doors.find(self.url, self.headers)) is not None
            and not self.parser.should_upgrade()
            and (method := self.parser.get_method()) not in _NOT_OURS
        ):
            if method != entrance.method:
                entrance = doors.wrong_method(entrance, method)
            keep_alive = self.parser.should_keep_alive() and self.parser.get_http_version() != "1.0"
            self._begin_hot(Head(entrance, self.headers, keep_alive))
            if self.expect_100_continue:
                self.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            return
        self._hot = None
        url, headers = self.url, self.headers
        super().on_message_begin()
        self.url, self.scope["headers"], self.headers = url, headers, headers
        super().on_headers_complete()
        wire = Wire(self, self.cycle)
        self.open_wires.append(wire)
        self.scope["extensions"] = {"volant.wire": wire}  # type: ignore[dict-item]  # our own

    def _begin_hot(self, head: Head) -> Wire:
        self._head = head
        self._hot = hot = HotCycle(head.keep_alive, self.on_response_complete)
        self.cycle = hot  # type: ignore[assignment]  # as far as uvicorn looks at it
        wire = Wire(self, hot)
        self.open_wires.append(wire)
        return wire

    def _too_much(self) -> tuple[int, str, str] | None:
        """(status, code, sentence) where the head is beyond the limits."""
        most, headers = self._patience, self.headers
        if len(self.url) > most.max_url_bytes:
            return 414, "url_too_long", f"the path and query have more than {most.max_url_bytes} bytes"
        if len(headers) > most.max_headers:
            return 431, "headers_too_large", f"there are more than {most.max_headers} headers"
        if sum(map(len, chain.from_iterable(headers))) > most.max_header_bytes:
            return 431, "headers_too_large", f"the headers have more than {most.max_header_bytes} bytes"
        return None

    def _refuse(self, status: int, code: str, sentence: str) -> None:
        """Answer a request whose head is whole, and read no more of this connection."""
        if self.cycle is not None and not self.cycle.response_complete:  # pipelined: the answer before it comes first
            self._turn_away(0, "")
            return
        wire = self._begin_hot(Head(doors.CHAT, []))
        wire.respond(status, b"content-type: application/json\r\n", self._said(status, code, sentence))

    def _said(self, status: int, code: str, sentence: str) -> bytes:
        """An error's body as this caller reads it, as far as it has said who it is."""
        return error_body(doors.family_of(self.url, self.headers), Refusal(status, code, sentence), "")

    def _turn_away(self, status: int, sentence: str) -> None:
        """Close the connection; with a status, say why, if no other answer is under way."""
        if status and not self.open_wires:
            said = self._said(status, "too_slow" if status == 408 else "too_large", sentence)
            self.transport.write(_whole(status, said))
        self._head_since = 0.0
        self.transport.close()

    def look_at_clock(self, since_last_s: float) -> None:
        """Close what takes longer than it may. Called now and then."""
        now, most, cycle = self.loop.time(), self._patience, self.cycle
        if self._paused_since and now - self._paused_since > most.write_timeout_s:
            self.transport.abort()
        elif self._head_since:
            if now - self._head_since > most.header_timeout_s:
                self._turn_away(408, "the request's head did not come in time")
        elif not self.open_wires:
            if now - self.idle_since > most.keep_alive_s:
                self.timeout_keep_alive_handler()
        elif cycle is not None and cycle.more_body and not cycle.response_complete:
            if self.flow.read_paused:  # we asked it to wait
                self._body_since += since_last_s
            elif most.body_is_late(now - self._body_since, self._body_bytes):
                self._late_body()

    def _late_body(self) -> None:
        wire = self.open_wires[-1]
        if wire.started:
            self.transport.abort()
            return
        said = self._said(408, "too_slow", "the request's body did not come in time")
        wire.respond(408, b"content-type: application/json\r\n", said)
        if wire.on_close is not None:
            wire.on_close()

    def on_body(self, body: bytes) -> None:
        self._body_bytes += len(body)
        hot, head = self._hot, self._head
        if hot is None or head is None:
            super().on_body(body)
        elif not hot.response_complete:
            hot.size += len(body)
            hot.body.append(body)
            if self.door is not None and hot.size > self.door.max_body_bytes:
                hot.body.clear()
                send_error(self.open_wires[-1], too_large(self.door.max_body_bytes), head.entrance.family)

    def on_message_complete(self) -> None:
        hot, head, door = self._hot, self._head, self.door
        if hot is None or head is None or door is None:
            super().on_message_complete()
        elif not hot.response_complete:
            pieces = hot.body
            self.open_wires[-1].open(door.handler, head, pieces[0] if len(pieces) == 1 else b"".join(pieces))

    # ------------------------------------------------------------ the connection
    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        wires, self.open_wires = self.open_wires, []
        for wire in wires:
            wire.lose(self.tasks)

    def shutdown(self) -> None:
        """As uvicorn's; what never ends by itself is told."""
        super().shutdown()
        for wire in list(self.open_wires):
            if wire.on_stop is not None:
                wire.on_stop(False)

    def cut(self) -> None:
        """The time of a stop is over: what is still being answered gets its end now."""
        for wire in list(self.open_wires):
            wire.cut = True
            if wire.on_stop is not None:
                wire.on_stop(True)

    def pause_writing(self) -> None:
        self._paused_since = self.loop.time()
        super().pause_writing()
        for wire in self.open_wires:
            if wire.on_pause is not None:
                wire.on_pause(True)

    def resume_writing(self) -> None:
        self._paused_since = 0.0
        super().resume_writing()
        for wire in self.open_wires:
            if wire.on_pause is not None:
                wire.on_pause(False)

    def on_response_complete(self) -> None:
        """As uvicorn's, but without a keep-alive timer an answer: see `look_at_clocks`."""
        wires = self.open_wires
        if len(wires) == 1:
            wires.clear()
        else:
            self.open_wires = [wire for wire in wires if not wire.complete]
        self.server_state.total_requests += 1
        if self.transport.is_closing():
            return
        if self.flow.read_paused:
            self.flow.resume_reading()
        if self.pipeline:
            cycle, app = self.pipeline.pop()
            self._start_asgi_task(cycle, app)
        else:
            self.idle_since = self.loop.time()


def look_at_clocks(connections: Iterable[object], since_last_s: float) -> None:
    """Close the connections that take longer than they may. Called now and then; `since_last_s` is how often."""
    for connection in list(connections):
        if isinstance(connection, GatewayProtocol):
            connection.look_at_clock(since_last_s)


def _whole(status: int, body: bytes, headers: bytes = b"") -> bytes:
    """An answer after which the connection is closed."""
    return (
        b"%bcontent-type: application/json\r\n%bcontent-length: %d\r\nconnection: close\r\n\r\n"
        % (STATUS_LINE[status], headers, len(body))
    ) + body


class Wire:
    """One answer. `headers` are whole lines, each ended by CR LF, without framing."""

    __slots__ = ("_cycle", "_protocol", "cut", "on_close", "on_pause", "on_stop")

    def __init__(self, protocol: GatewayProtocol, cycle: Any) -> None:
        """`cycle` is uvicorn's RequestResponseCycle or a HotCycle."""
        self._protocol = protocol
        self._cycle = cycle
        self.on_close: Callable[[], None] | None = None  # the client left
        self.on_pause: Callable[[bool], None] | None = None  # True: the client reads too slowly
        self.on_stop: Callable[[bool], None] | None = None  # the server stops; True: its time to wait is over
        self.cut = False  # that time is over

    @property
    def gone(self) -> bool:
        """The client left."""
        return bool(self._cycle.disconnected)

    @property
    def complete(self) -> bool:
        """The answer was written to its end."""
        return bool(self._cycle.response_complete)

    @property
    def started(self) -> bool:
        """The head was written."""
        return bool(self._cycle.response_started)

    @property
    def congested(self) -> bool:
        """The client reads too slowly just now."""
        return self._protocol.flow.write_paused

    def open(self, handler: Handler, head: Head, body: bytes) -> None:
        """The request is whole: answer it."""
        self._cycle.more_body = False
        if (work := handler(head, body, self)) is not None:
            self.go_on(work)

    def go_on(self, work: Coroutine[Any, Any, None]) -> None:
        """Have this answer made by a task."""
        self._cycle.task = self._protocol.loop.create_task(work)

    def lose(self, tasks: set[asyncio.Task[None]]) -> None:
        """The connection is gone. While it lived it kept its task, and a drain waits for connections; from here on the
        task stands in `tasks`, for which a drain waits too."""
        cycle = self._cycle
        cycle.disconnected = cycle.disconnected or not cycle.response_complete  # uvicorn tells one only
        if self.on_close is not None:
            self.on_close()
        task = cycle.task if isinstance(cycle, HotCycle) else None
        if task is not None and not task.done():
            tasks.add(task)
            task.add_done_callback(tasks.discard)

    def respond(self, status: int, headers: bytes, body: bytes) -> None:
        """A whole answer."""
        cycle = self._cycle
        if cycle.disconnected:
            return
        if cycle.response_started:  # a second head would be read as a part of the first answer
            self.break_off()
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
        if cycle.response_started:
            self.break_off()
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
