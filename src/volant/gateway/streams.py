"""Streams: an exchange whose answer is not relayed unread: parsed by its dialect, filtered, rendered for the caller.

Where the caller speaks the same dialect and nothing filters, its frames go on as they came. Otherwise events are
rendered in the read callback; with a filter (which may wait for others) a task does it. The end of the stream is kept
until the record is written.
"""

from __future__ import annotations

import asyncio
import logging

from volant.core.chat import Delta, Failed, Finished, Started, StreamEvent, ThoughtEnded, ToolDelta, Usage
from volant.core.errors import Unavailable, UpstreamFailed, VolantError
from volant.dialects.dialect import Dialect, StreamRenderer
from volant.dialects.sse import SseCutter, data_of
from volant.gateway.exchange import Exchange
from volant.gateway.hooks import Filter
from volant.gateway.translation import named
from volant.gateway.wire import Wire
from volant.providers.http import HIGH_WATER, Connection, Headers, TransportError

_log = logging.getLogger("volant.gateway")
_WORDS = (Delta, ThoughtEnded, ToolDelta, Finished)


class TranslatedExchange(Exchange):
    """As Exchange. `events` are the stream as the upstream said it."""

    __slots__ = (
        "_dialect", "_fallback", "_frames", "_more", "_over", "_parser", "_pending", "_pump", "_renderer", "events",
        "refusal", "sieve",
    )  # fmt: skip

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        connection: Connection | None,
        wire: Wire | None,
        *,
        stream_head: bytes,
        dialect: Dialect,
        fallback: Started,
        renderer: StreamRenderer | None,
        sieve: Filter | None = None,
    ) -> None:
        """`dialect` is the place's, `fallback` who answers where its stream does not say.

        Without a `renderer` its frames go to the caller as they come.
        """
        super().__init__(loop, connection, wire, stream_head=stream_head)
        self.events: list[StreamEvent] = []
        self.sieve = sieve
        self.refusal: VolantError | None = None  # the filter broke it off
        self._dialect = dialect
        self._fallback = fallback
        self._renderer = renderer
        self._parser = dialect.stream_parser()
        self._frames = dialect.cutter()
        self._pending: list[StreamEvent] = []
        self._more = asyncio.Event()
        self._over = False
        self._pump = loop.create_task(self._filtered()) if sieve is not None else None

    @property
    def usage(self) -> Usage | None:
        """What it took so far, as far as its dialect says that before the end."""
        counted: Usage | None = getattr(self._parser, "usage", None)
        return counted

    @property
    def is_whole(self) -> bool:
        return self._parser.done and self._pump is None  # a filter may hold words back

    def ending(self, failed: bool) -> bytes:
        """The last bytes, after the record. `failed`: the stream has said an error, which was its end."""
        if self._renderer is None:
            return self.done_event
        return b"" if failed else self._renderer.done()

    def broken(self, failed: Failed) -> bytes:
        """The last bytes of a stream that broke off here; empty where the place's own frames were passed on."""
        return b"" if self._renderer is None else self._renderer.feed(failed)

    # ------------------------------------------------------------ Sink
    def head(self, status: int, headers: Headers) -> None:
        super().head(status, headers)
        self.is_stream = status == 200 and self._dialect.is_stream(self.content_type)

    def _cut(self, piece: bytes) -> None:
        self.blocks.append(piece)
        for frame in self._frames.feed(piece):
            self._take(frame)

    def data(self, piece: bytes) -> None:
        if self.is_stream and self._wire is not None and len(piece) <= self._room and not self.over:
            self._room -= len(piece)
            self._cut(piece)
        else:
            super().data(piece)

    def end(self) -> None:
        if self.is_stream and self._wire is not None and not self.over and (rest := self._frames.flush()):
            self._take(rest)
        self._over = True
        self._more.set()
        if self._pump is None or not self.is_stream:
            self._resolve()

    def _resolve(self) -> None:
        super()._resolve()
        if self._pump is not None:
            self._pump.cancel()

    # ------------------------------------------------------------ frames and events
    def _take(self, frame: bytes) -> None:
        if self.over:
            return
        try:
            events = self._parser.feed(frame)
        except UpstreamFailed as error:
            self._break_off(TransportError("invalid_chunk", error.message))
            return
        if not self.events and events and isinstance(events[0], Started):
            events[0] = named(events[0], self._fallback)
        self.events += events
        if self.sieve is not None:
            self._pending += events
            self._more.set()
            if len(self._pending) > HIGH_WATER >> 8 and self._connection is not None:
                self._connection.pause()
        elif self._renderer is None:
            self._pass_frame(frame, events)
        else:
            self._give(events)

    def _pass_frame(self, frame: bytes, events: list[StreamEvent]) -> None:
        if any(isinstance(event, Failed) for event in events) and not self.began:
            self._fail_early()
        elif self._parser.done and self.began:
            self.done_event += frame
        else:
            self._write(frame, any(isinstance(event, _WORDS) for event in events))

    def _give(self, events: list[StreamEvent]) -> None:
        assert self._renderer is not None
        for event in events:
            if isinstance(event, Failed) and not self.began:
                self._fail_early()
                return
            self._write(self._renderer.feed(event), isinstance(event, _WORDS))

    def _write(self, data: bytes, has_words: bool) -> None:
        if self.began:
            if data and self._wire is not None:
                self._wire.write(data)
            return
        self._held.append(data)
        if has_words:
            self._begin(b"".join(self._held))

    def _break_off(self, error: TransportError) -> None:
        self._cancel()
        if self.began:
            self.failed(error)
        else:
            self._fail_early()

    # ------------------------------------------------------------ with a filter
    async def _filtered(self) -> None:
        assert self.sieve is not None
        try:
            while True:
                await self._more.wait()
                self._more.clear()
                events, self._pending, over = self._pending, [], self._over
                if self._connection is not None and not (self._wire is not None and self._wire.congested):
                    self._connection.resume()
                out = await self.sieve.feed(events) if events else []
                if over and not self._pending:
                    out += await self.sieve.end()
                self._give(out)
                if self.sieve.stopped:
                    self._cancel()
                    over, self._pending = True, []
                if over and not self._pending:
                    break
        except VolantError as refusal:
            self.refusal = refusal
            self._cancel()
        except Exception:  # noqa: BLE001  # the edge: a guard's bug must not look like an answer
            _log.exception("a guard failed on a stream")
            self.refusal = Unavailable("guard_failed", "a guard of this task failed", hint="the gateway's log says how")
            self._cancel()
        self._pump = None
        self._resolve()


class OneArray:
    """Gemini's streams without `alt=sse`: one JSON array in place of events. Wraps the renderer that makes events."""

    def __init__(self, events: StreamRenderer) -> None:
        self._events = events
        self._cutter = SseCutter()
        self._begun = self._closed = False

    def feed(self, event: StreamEvent) -> bytes:
        out = self._joined(self._events.feed(event))
        if isinstance(event, Failed) and self._begun:  # nothing comes after it
            self._closed = True
            return out + b"]"
        return out

    def done(self) -> bytes:
        if self._closed:
            return b""
        end = self._joined(self._events.done())
        return end + (b"]" if self._begun else b"[]")

    def _joined(self, events: bytes) -> bytes:
        out = b""
        for event in self._cutter.feed(events) if events else ():
            data = data_of(event)
            if data is None:
                continue
            out += (b",\r\n" if self._begun else b"[") + data
            self._begun = True
        return out
