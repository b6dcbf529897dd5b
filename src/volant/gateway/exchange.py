"""Exchange: one call to one place. Takes a whole answer, or relays a stream as it comes.

A stream's events go from the upstream's read callback straight to the client's transport: no task, no queue. Only whole
events are passed on, so that an error can be said between two of them; the last one ([DONE]) is kept until the record
is written. The usage chunk is kept from a client who did not ask for it. Until the first word nothing is passed on: a
stream that fails before it can still be had from another place. This one relays chat completions; `streams` has the
exchange that translates.
"""

from __future__ import annotations

import asyncio
from time import perf_counter

from volant.dialects.openai_reading import first_word, usage_only
from volant.dialects.sse import SseCutter, data_of
from volant.gateway.wire import Wire
from volant.providers.http import MAX_FETCH_BYTES, Connection, Headers, TransportError

SERVER_STOPPING = "server_stopping"


class Exchange:
    """A Sink."""

    __slots__ = (
        "_connection", "_cutter", "_done", "_head", "_held", "_loop", "_room", "_strip_usage", "_used_before", "_wire",
        "began", "blocks", "content_type", "done_event", "error", "failed_early", "first_at", "headers", "is_stream",
        "over", "status",
    )  # fmt: skip

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        connection: Connection | None,
        wire: Wire | None = None,
        *,
        stream_head: bytes = b"",
        strip_usage: bool = False,
    ) -> None:
        """With `wire` and `stream_head`, a 200 event stream is relayed to the client under that head."""
        self.over = False  # everything came, or nothing more will; then `error` says whether all is well
        self.status = 0
        self.headers: Headers = []
        self.content_type = b""
        self.is_stream = False
        self.began = False  # the client got the head of the stream: there is no way back
        self.blocks: list[bytes] = []  # of the body; of a stream whole events, as they came
        self.done_event = b""  # of a stream: [DONE], kept back
        self.error: TransportError | None = None
        self.failed_early = False  # the stream said an error, or nonsense, before its first word
        self.first_at = 0.0  # when the answer began; of a stream, its first word
        self._held: list[bytes] = []  # of a stream, before its first word
        self._loop = loop
        self._done: asyncio.Future[None] | None = None
        self._connection = connection
        self._used_before = connection.used if connection is not None else 0
        self._wire = wire
        self._head = stream_head
        self._strip_usage = strip_usage
        self._cutter: SseCutter | None = None
        self._room = MAX_FETCH_BYTES
        if wire is not None:
            wire.on_close = self.abandon
            wire.on_pause = self._throttle
            wire.on_stop = self._stop

    @staticmethod
    def never_sent(loop: asyncio.AbstractEventLoop, error: TransportError) -> Exchange:
        """There was no connection to send on."""
        exchange = Exchange(loop, None)
        exchange.failed(error)
        return exchange

    @property
    def done(self) -> asyncio.Future[None]:
        """Resolves when it is over."""
        if self._done is None:
            self._done = self._loop.create_future()
            if self.over:
                self._done.set_result(None)
        return self._done

    @property
    def body(self) -> bytes:
        """What came."""
        return self.blocks[0] if len(self.blocks) == 1 else b"".join(self.blocks)

    @property
    def unanswered(self) -> bool:
        """It was sent, and then no more came than the head of an answer that went well: its place may count it."""
        sent = self._connection is not None and self._connection.used > self._used_before
        return sent and self.error is not None and self.status < 400

    @property
    def is_whole(self) -> bool:
        """A stream that has said its own end, whatever became of its connection."""
        return bool(self.done_event)

    def header(self, name: bytes) -> bytes:
        """The first header of that lower-case name, or nothing."""
        return next((value for key, value in self.headers if key == name), b"")

    def abandon(self) -> None:
        """The client left: nobody wants this answer."""
        if not self.over:
            self._cancel()
            self.failed(TransportError("client_gone", "the client closed the connection"))

    def stop(self) -> None:
        """This server ends and waits no longer: end with what has come."""
        if not self.over:
            self._cancel()
            self.failed(TransportError(SERVER_STOPPING, "the server stopped before the answer was whole"))

    # ------------------------------------------------------------ Sink
    def head(self, status: int, headers: Headers) -> None:
        self.status = status
        self.headers = headers
        for name, value in headers:
            if name == b"content-type":
                self.content_type = value
                asked = bool(self._head) or self._wire is None  # else nothing would guard it, and nobody reads it
                self.is_stream = asked and status == 200 and value.startswith(b"text/event-stream")

    def data(self, piece: bytes) -> None:
        self._room -= len(piece)
        if self._room < 0:
            self._cancel()
            self.failed(TransportError("too_large", "the upstream's answer is larger than we take"))
        elif self.over:
            return
        elif not self.is_stream or self._wire is None:
            if not self.first_at:
                self.first_at = perf_counter()
            self.blocks.append(piece)
        elif self._cutter is None and piece.endswith(b"\n\n") and b"\r" not in piece:
            self._pass_on(piece)
        else:
            self._cut(piece)

    def end(self) -> None:
        if self._cutter is not None and (rest := self._cutter.flush()):
            self._pass_on(rest.rstrip(b"\r\n") + b"\n\n")
        self._resolve()

    def failed(self, error: TransportError) -> None:
        self.error = error
        self._resolve()

    # ------------------------------------------------------------ inside
    def _resolve(self) -> None:
        if not self.over:
            self.over = True
            if self._done is not None and not self._done.done():
                self._done.set_result(None)

    def _stop(self, final: bool) -> None:
        if final:
            self.stop()

    def _throttle(self, pause: bool) -> None:
        if self._connection is None:
            return
        if pause:
            self._connection.pause()
        else:
            self._connection.resume()

    def _cut(self, piece: bytes) -> None:
        """The network cut inside of an event: wait for its end."""
        if self._cutter is None:
            self._cutter = SseCutter()
        if events := self._cutter.feed(piece):
            self._pass_on(b"".join(events))
        if not self._cutter.rest:
            self._cutter = None

    def _pass_on(self, block: bytes) -> None:
        """Relay whole events."""
        self.blocks.append(block)
        wire = self._wire
        assert wire is not None
        if b"[DONE]" in block or (self._strip_usage and block.count(b'"usage"') != block.count(b'"usage":null')):
            block = self._without_kept_events(block)
        if self.began:
            if block:
                wire.write(block)
            return
        self._held.append(block)
        said = first_word(block)
        if said == "words":
            self._begin(b"".join(self._held))
        elif said == "error":
            self._fail_early()

    def _begin(self, first: bytes) -> None:
        """From here on there is no way back."""
        assert self._wire is not None
        self.began = True
        self.first_at = perf_counter()
        self._held.clear()
        self._wire.start(200, self._head, first)

    def _fail_early(self) -> None:
        self.failed_early = True
        self._cancel()
        self._resolve()

    def _cancel(self) -> None:
        if self._connection is not None:
            self._connection.cancel()

    def _without_kept_events(self, block: bytes) -> bytes:
        kept: list[bytes] = []
        for event in SseCutter().feed(block if block.endswith(b"\n") else block + b"\n"):
            data = data_of(event)
            if data == b"[DONE]":
                self.done_event = event
            elif not (self._strip_usage and data is not None and b'"usage"' in data and usage_only(data)):
                kept.append(event)
        return b"".join(kept)
