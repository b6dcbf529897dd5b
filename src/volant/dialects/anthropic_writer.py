"""Anthropic messages, the stream to a client: `core.chat` events as Anthropic's, one block open at a time.

Every event has its `event:` line, without which the SDKs read nothing. Blocks are numbered from 0 without a gap, as
the SDKs count on. What a provider says in the middle of a tool call (another call, words) waits until that call's
arguments are whole. Usage and stop reason come last, in one message_delta.
"""

from __future__ import annotations

import re
from collections import OrderedDict

import msgspec

from volant.core.chat import (
    ChatRequest,
    Counted,
    Delta,
    Failed,
    Finished,
    Json,
    Started,
    StreamEvent,
    TextPart,
    ThoughtEnded,
    ToolDelta,
    Usage,
)
from volant.dialects import anthropic_blocks as blocks
from volant.dialects.anthropic_answer import NAME, render_stop, render_usage, render_words
from volant.dialects.anthropic_errors import type_in_stream
from volant.dialects.citations import Citation, Cited, for_anthropic, in_words
from volant.dialects.signed_ids import signed_id


class AnthropicWriter:
    """Turns `core.chat` events into the SSE events of one stream. Of several choices the first is given."""

    def __init__(self, request: ChatRequest) -> None:
        self._stops = request.sampling.stop
        self._model = request.model
        self._own = False
        self._cited: Cited | None = None  # of a stream in other words
        self._sources = 0  # that were cited so far
        self._waiting_sources: list[Citation] = []  # for words that they can stand beside
        self._started = False
        self._failed = False
        self._place = -1  # of the block that is open, or was last
        self._open = ""  # its kind; empty: none is
        self._call = -1  # whose tool call it is
        self._arguments = _Braces()  # of that call, so far
        self._called: set[int] = set()  # calls that have had their block
        self._held: OrderedDict[tuple[int, int], list[Delta | ThoughtEnded | ToolDelta]] = OrderedDict()  # until then
        self._waiting = 0  # events that had to wait
        self._finished: Finished | None = None
        self._refused = False
        self._usage: Usage | None = None
        self._beside: Json = {}  # of usage

    def feed(self, event: StreamEvent) -> bytes:
        """The bytes for one event; empty for what comes at the end."""
        if isinstance(event, Started):
            return self._start(event)
        if isinstance(event, Counted):
            self._usage = event.usage
            return b""
        if isinstance(event, Failed):
            self._failed = True
            error = {"type": type_in_stream(event.kind), "message": event.message}
            return _event("error", {"error": error})
        if event.index:
            return b""
        if isinstance(event, Finished):
            self._finished = event
            return b""
        head = b"" if self._started else self._start(Started(id="", created_s=0, model=self._model))
        return head + self._give(event)

    def done(self) -> bytes:
        """The end of the stream; nothing after an error, which is one."""
        if self._failed:
            return b""
        head = b"" if self._started else self._start(Started(id="", created_s=0, model=self._model))
        finished = self._finished
        stop = render_stop(
            finished.reason if finished else None, finished.detail if finished else "", self._refused, self._stops
        )
        if self._own and finished is not None:
            stop |= finished.extra
        usage = render_usage(self._usage or Usage()) | self._beside
        tail = _event("message_delta", {"delta": stop, "usage": usage}) + _event("message_stop", {})
        said = self._release() + (self._cite(finished) if finished is not None else b"")
        if self._waiting_sources and not self._called:  # after calls no words may come
            said += self._text({"type": "text_delta", "text": in_words(self._waiting_sources)})
        return head + said + self._close() + tail

    # ------------------------------------------------------------ blocks
    def _start(self, event: Started) -> bytes:
        self._started = True
        self._own = event.dialect == NAME
        self._cited = None if self._own else Cited(event)
        beside = event.extra.get("anthropic_usage") if self._own else None
        message: Json = {"id": event.id, "type": "message", "role": "assistant", "model": event.model, "content": []}
        message |= {"stop_reason": None, "stop_sequence": None}
        usage = render_usage(Usage()) | (beside if isinstance(beside, dict) else {})
        return _event("message_start", {"message": message | {"usage": usage}})

    def _opened(self, kind: str, block: Json) -> bytes:
        before = self._close()
        self._place += 1
        self._open = kind
        return before + _event("content_block_start", {"index": self._place, "content_block": {"type": kind} | block})

    def _grown(self, delta: Json) -> bytes:
        return _event("content_block_delta", {"index": self._place, "delta": delta})

    def _close(self) -> bytes:
        if not self._open:
            return b""
        self._open = ""
        return _event("content_block_stop", {"index": self._place})

    # ------------------------------------------------------------ words and thoughts
    def _delta(self, event: Delta) -> bytes:
        said = b""
        if event.reasoning:
            if self._open != "thinking":
                said += self._opened("thinking", {"thinking": "", "signature": ""})
            said += self._grown({"type": "thinking_delta", "thinking": event.reasoning})
        if self._own and event.text and event.extra.get("citations"):
            said += self._close()  # they stand beside these words alone
        self._refused = self._refused or bool(event.refusal)
        for text in (event.text, event.refusal):
            if text:
                said += self._text({"type": "text_delta", "text": text})
        for part in event.parts:
            text = part.text if isinstance(part, TextPart) else render_words(part, own=False)["text"]
            said += self._text({"type": "text_delta", "text": text})
        if self._own and event.extra:
            said += self._own_words(event.extra)
        return said + self._cite(event)

    def _cite(self, event: StreamEvent) -> bytes:
        """What another dialect cites, where the words are that cite it, else beside the next: a block without words is
        refused later."""
        self._waiting_sources += self._cited.of(event) if self._cited is not None else []
        return self._sourced() if self._open == "text" else b""

    def _sourced(self) -> bytes:
        """The sources that wait, beside the words that are open."""
        cited, self._waiting_sources = self._waiting_sources, []
        first = self._sources
        self._sources += len(cited)
        return b"".join(
            self._grown({"type": "citations_delta", "citation": for_anthropic(one, at)})
            for at, one in enumerate(cited, start=first)
        )

    def _text(self, delta: Json) -> bytes:
        before = self._opened("text", {"text": ""}) if self._open != "text" else b""
        return before + self._grown(delta) + self._sourced()

    def _own_words(self, extra: Json) -> bytes:
        said = b""
        for citation in extra.get("citations") or ():
            said += self._text({"type": "citations_delta", "citation": citation})
        if extra.get("citations"):
            said += self._close()  # what comes next they do not cite
        for kept in extra.get("blocks") or ():
            block = dict(kept["block"])
            said += self._opened(str(block.pop("type", "")), block) + self._close()
        return said

    def _thought_ended(self, event: ThoughtEnded) -> bytes:
        if event.redacted:
            data = blocks.proof(event.dialect, event.id, event.redacted)
            return self._opened("redacted_thinking", {"data": data}) + self._close()
        signature = blocks.proof(event.dialect, event.id, event.signature)
        said = b""
        if self._open != "thinking":
            if not signature:
                return b""
            said = self._opened("thinking", {"thinking": "", "signature": ""})
        if signature:
            said += self._grown({"type": "signature_delta", "signature": signature})
        return said + self._close()

    # ------------------------------------------------------------ tools
    def _give(self, event: Delta | ThoughtEnded | ToolDelta) -> bytes:
        here = isinstance(event, ToolDelta) and event.call == self._call
        if not here and not self._is_free():
            self._waiting += 1
            place = (0, event.call) if isinstance(event, ToolDelta) else (self._waiting, 0)
            self._held.setdefault(place, []).append(event)
            return b""
        return self._say(event) + self._replay()

    def _is_free(self) -> bool:
        """Is no tool call in the middle of its arguments?"""
        return self._open != "tool_use" or self._arguments.whole

    def _say(self, event: Delta | ThoughtEnded | ToolDelta) -> bytes:
        if isinstance(event, Delta):
            return self._delta(event)
        return self._thought_ended(event) if isinstance(event, ThoughtEnded) else self._piece(event)

    def _piece(self, event: ToolDelta) -> bytes:
        said = b""
        if event.call != self._call:
            if event.call in self._called:
                return b""  # its arguments were whole: this is white space
            self._call = event.call
            self._called.add(event.call)
            self._arguments = _Braces()
            ident = signed_id(blocks.tool_id(event.id) or f"toolu_{self._place + 1}", event.signature)
            said = self._opened("tool_use", {"id": ident, "name": event.name, "input": {}})
        if event.arguments and self._open == "tool_use":
            self._arguments.feed(event.arguments)
            said += self._grown({"type": "input_json_delta", "partial_json": event.arguments})
        return said

    def _replay(self) -> bytes:
        """What waited, in its order, up to the next call that is not whole: the pieces of one call stand together."""
        said = b""
        while self._held and self._is_free():
            _, events = self._held.popitem(last=False)
            said += b"".join(self._say(event) for event in events)
        return said

    def _release(self) -> bytes:
        """Everything that waits: what it waited for does not come any more."""
        said = b""
        while self._held:
            said += self._close() + self._replay()
        return said


class _Braces:
    """Tells when the arguments of a call are whole: each piece is looked at once, however many there are.

    Arguments are a JSON object; anything else is whole when nothing more comes.
    """

    _TELLING = re.compile(r'[{}\[\]"\\]')

    def __init__(self) -> None:
        self._depth = 0
        self._began = False
        self._quoted = False
        self._escaped = False  # the last piece ended with a backslash

    @property
    def whole(self) -> bool:
        """Is every brace closed?"""
        return self._began and self._depth <= 0

    def feed(self, piece: str) -> None:
        """More of it."""
        skipped = 0 if self._escaped else -1  # the place of a character that a backslash takes away
        self._escaped = False
        for found in self._TELLING.finditer(piece):
            if found.start() == skipped:
                continue
            sign = found[0]
            if sign == "\\":
                skipped = found.end()
                self._escaped = skipped == len(piece)
            elif sign == '"':
                self._quoted = not self._quoted
            elif not self._quoted:
                self._began = True
                self._depth += 1 if sign in "{[" else -1


def _event(kind: str, data: Json) -> bytes:
    return b"event: %s\ndata: %s\n\n" % (kind.encode(), msgspec.json.encode({"type": kind} | data))
