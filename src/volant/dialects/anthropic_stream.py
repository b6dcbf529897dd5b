"""Anthropic messages, the stream from a provider: its events as those of `core.chat`.

message_start, then for each block content_block_start, deltas and stop, then message_delta and message_stop. Words and
arguments are given as they come; blocks that we have no word for are given whole, when they are complete.

Source: Anthropic API reference, "Streaming Messages" (November 2026); anthropic SDK 2.12, `accumulate_event`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from volant.core.chat import (
    Counted,
    Delta,
    Failed,
    Finished,
    Json,
    Started,
    StreamEvent,
    ThoughtEnded,
    ToolDelta,
    Usage,
)
from volant.core.errors import BadInput, UpstreamFailed
from volant.dialects import anthropic_blocks as blocks
from volant.dialects.anthropic_answer import NAME, parse_stop, parse_usage, usage_extra
from volant.dialects.citations import SPANS
from volant.dialects.fields import decode, filled, listed, want, words
from volant.dialects.signed_ids import read_id
from volant.dialects.sse import data_of


class _Block:
    """One content block under way."""

    __slots__ = ("call", "citations", "kind", "pieces", "signature", "start", "start_at")

    def __init__(self, kind: str, start: Json, call: int, start_at: int) -> None:
        self.start_at = start_at  # characters said before it
        self.kind = kind
        self.start = start
        self.call = call  # place among the tool calls
        self.signature = words(start.get("signature"), "content_block.signature")
        self.pieces: list[str] = []  # of a tool's input
        self.citations = [one for one in listed(start.get("citations"), "content_block.citations") if one]


class AnthropicParser:
    """Turns the events of one stream (as `sse.SseCutter` cuts them) into `core.chat` events."""

    def __init__(self) -> None:
        self.done = False  # message_stop was seen
        self.usage: Usage | None = None  # so far: at the start only of the input
        self._blocks: dict[int, _Block] = {}
        self._calls = 0
        self._spoke = False
        self._length = 0  # characters said so far
        self._counts: Json = {}

    def feed(self, event: bytes) -> list[StreamEvent]:
        """What one SSE event says; empty for pings and comments. Raises UpstreamFailed for one that is no event."""
        data = data_of(event)
        if data is None or not data.strip():
            return []
        try:
            return list(self._events(want(decode(data), dict, "event")))
        except (BadInput, TypeError, ValueError, RecursionError) as error:
            raise UpstreamFailed("invalid_chunk", f"the upstream's stream has a broken event: {error}") from error

    def _events(self, wire: Json) -> Iterator[StreamEvent]:
        kind = words(wire.get("type"), "type")
        if kind == "message_start":
            yield self._started(want(wire.get("message"), dict, "message"))
        elif kind == "content_block_start":
            yield from self._opened(_place(wire), want(wire.get("content_block"), dict, "content_block"))
        elif kind == "content_block_delta":
            block = self._blocks.get(_place(wire))
            if block is None:
                raise ValueError(f"a delta for block {_place(wire)}, which is not open")
            yield from self._grew(block, want(wire.get("delta"), dict, "delta"))
        elif kind == "content_block_stop":
            block = self._blocks.pop(_place(wire), None)
            if block is not None:
                yield from self._closed(block)
        elif kind == "message_delta":
            yield from self._ended(wire)
        elif kind == "error":
            yield from self._failed(wire)
        elif kind == "message_stop":
            self.done = True
        elif not kind:
            raise ValueError("an event without a type")

    def _started(self, message: Json) -> StreamEvent:
        self._count(message.get("usage"))
        extra = filled(anthropic_usage=usage_extra(message.get("usage")))
        return Started(
            id=str(message.get("id") or ""),
            created_s=0,
            model=str(message.get("model") or ""),
            dialect=NAME,
            extra=extra,
        )

    def _opened(self, place: int, start: Json) -> Iterator[StreamEvent]:
        kind = want(start.get("type"), str, "content_block.type")
        block = self._blocks[place] = _Block(kind, start, self._calls, self._length)
        if kind == "text":
            yield from self._said(words(start.get("text"), "content_block.text"))
        elif kind == "thinking" and start.get("thinking"):
            yield Delta(reasoning=words(start["thinking"], "content_block.thinking"))
        elif kind == "tool_use":
            self._calls += 1
            ident, signature = read_id(want(start.get("id"), str, "content_block.id"))
            name = want(start.get("name"), str, "content_block.name")
            yield ToolDelta(call=block.call, id=ident, name=name, signature=signature)

    def _grew(self, block: _Block, delta: Json) -> Iterator[StreamEvent]:
        kind = delta.get("type")
        if kind == "text_delta":
            yield from self._said(words(delta.get("text"), "delta.text"))
        elif kind == "input_json_delta":
            piece = words(delta.get("partial_json"), "delta.partial_json")
            if piece:
                block.pieces.append(piece)
                if block.kind == "tool_use":
                    yield ToolDelta(call=block.call, arguments=piece)
        elif kind == "thinking_delta":
            if thought := words(delta.get("thinking"), "delta.thinking"):
                yield Delta(reasoning=thought)
        elif kind == "signature_delta":
            block.signature = words(delta.get("signature"), "delta.signature")
        elif kind == "citations_delta" and delta.get("citation"):
            block.citations.append(delta["citation"])

    def _closed(self, block: _Block) -> Iterator[StreamEvent]:
        if block.kind in ("thinking", "redacted_thinking"):
            thought = blocks.parse_thought({**block.start, "signature": block.signature}, "content_block")
            yield ThoughtEnded(
                signature=thought.signature, redacted=thought.redacted, id=thought.id, dialect=thought.dialect
            )
        elif block.kind == "tool_use":
            if not block.pieces:  # an input without fields, or given whole at the start
                yield ToolDelta(call=block.call, arguments=msgspec.json.encode(block.start.get("input") or {}).decode())
        elif block.kind == "text":
            if block.citations:  # now it is known how far they reach
                span = [block.start_at, self._length]
                yield Delta(extra={"citations": block.citations, SPANS: [span for _ in block.citations]})
        else:
            whole = block.start
            if block.pieces:
                whole = whole | {"input": decode("".join(block.pieces).encode())}
            yield Delta(extra={"blocks": [{"at": int(self._spoke), "block": whole}]})

    def _said(self, text: str) -> Iterator[StreamEvent]:
        if text:
            self._spoke = True
            self._length += len(text)
            yield Delta(text=text)

    def _ended(self, wire: Json) -> Iterator[StreamEvent]:
        delta = want(wire.get("delta"), dict, "delta")
        self._count(wire.get("usage"))
        finish, detail = parse_stop(delta)
        if finish is not None:
            known = ("stop_reason", "stop_sequence")
            extra = {name: value for name, value in delta.items() if name not in known and value is not None}
            yield Finished(reason=finish, detail=detail, extra=extra)
        if self.usage is not None:
            yield Counted(usage=self.usage)

    def _failed(self, wire: Json) -> Iterator[StreamEvent]:
        error = wire.get("error")
        said = error if isinstance(error, dict) else {"message": str(error or "")}
        yield Failed(message=str(said.get("message") or ""), kind=str(said.get("type") or "api_error"))

    def _count(self, usage: Any) -> None:
        """Counts are totals so far: what comes later replaces, what it leaves out stands."""
        if isinstance(usage, dict):
            self._counts |= {name: value for name, value in usage.items() if value is not None}
            self.usage = parse_usage(self._counts)


def _place(wire: Json) -> int:
    return want(wire.get("index"), int, "index")
