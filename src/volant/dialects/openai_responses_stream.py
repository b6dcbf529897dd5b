"""OpenAI responses streams, from a provider: named events with a running number, as `core.chat` events.

    created → in_progress → (output_item.added → parts and deltas → output_item.done)* → completed | incomplete | failed

Nothing is sent after that: this dialect has no [DONE].
Source: OpenAI API reference, "Streaming events", and the accumulator of the openai SDK 3.54 (November 2026).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

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
)
from volant.core.errors import BadInput, UpstreamFailed
from volant.dialects.fields import decode, want
from volant.dialects.logprobs import checked
from volant.dialects.openai_responses_answer import (
    failure_of,
    finish_of,
    kept,
    parse_usage,
)
from volant.dialects.openai_responses_items import (
    NAME,
    parse_output,
    parse_reasoning,
)
from volant.dialects.openai_tools import closing, escaped, opening
from volant.dialects.signed_ids import read_id
from volant.dialects.sse import data_of

_CALLS = ("function_call", "custom_tool_call")
_TEXTS = {  # what streams → the field of its `done` that holds all of it
    "output_text": "text",
    "refusal": "refusal",
    "function_call_arguments": "arguments",
    "custom_tool_call_input": "input",
    "reasoning_summary_text": "text",
    "reasoning_text": "text",
}
_ENDS = ("response.completed", "response.incomplete")


class StreamParser:
    """Turns the events of one stream (as `sse.SseCutter` cuts them) into `core.chat` events."""

    def __init__(self) -> None:
        self.done = False  # completed, incomplete or failed was seen
        self._started = False
        self._calls: dict[int, int] = {}  # output_index of a call → its place among the calls
        self._said: dict[tuple[str, int, int], list[str]] = {}  # kind, output_index, part → what came of it in deltas

    def feed(self, event: bytes) -> list[StreamEvent]:
        """What one SSE event says; empty for comments. Raises UpstreamFailed for one that is none of this dialect."""
        data = data_of(event)
        if data is None or not data.strip() or data.strip() == b"[DONE]":
            return []
        try:
            return list(self._events(want(decode(data), dict, "event")))
        except (BadInput, TypeError, ValueError, AttributeError, KeyError) as error:
            raise UpstreamFailed("invalid_chunk", f"the upstream's stream has a broken event: {error}") from error

    def _events(self, event: Json) -> Iterator[StreamEvent]:
        kind = str(event.get("type") or "")
        if kind == "error" or (not kind and event.get("error")):
            error = event.get("error")
            detail = error if isinstance(error, dict) else event
            self.done = True
            yield Failed(message=str(detail.get("message") or ""), code=str(detail.get("code") or ""))
            return
        whole = event.get("response")
        if isinstance(whole, dict):
            yield from self._lifecycle(kind, whole)
            return
        at = int(event.get("output_index") or 0)
        if kind == "response.output_item.added":
            yield from self._added(at, want(event.get("item"), dict, "item"))
        elif kind == "response.output_item.done":
            yield from self._item_done(at, want(event.get("item"), dict, "item"))
        elif kind == "response.output_text.annotation.added":
            yield Delta(extra={"annotations": [event.get("annotation")]})
        elif kind == "response.reasoning_summary_part.added" and event.get("summary_index"):
            yield Delta(reasoning="\n\n")
        elif kind.endswith((".delta", ".done")):
            yield from self._piece(kind, at, event)

    def _lifecycle(self, kind: str, whole: Json) -> Iterator[StreamEvent]:
        if not self._started:
            self._started = True
            yield Started(
                id=str(whole.get("id") or ""),
                created_s=int(whole.get("created_at") or 0),
                model=str(whole.get("model") or ""),
                dialect=NAME,
                extra=kept(whole),
            )
        if kind == "response.failed":
            self.done = True
            yield Failed(**failure_of(whole))
        elif kind in _ENDS:
            self.done = True
            finish, detail = finish_of(whole, bool(self._calls))
            yield Finished(reason=finish, detail=detail)
            if whole.get("usage"):
                yield Counted(usage=parse_usage(whole["usage"]))

    def _added(self, at: int, item: Json) -> Iterator[StreamEvent]:
        if item.get("type") in _CALLS:
            self._calls[at] = len(self._calls)
            first = opening() if item["type"] == "custom_tool_call" else ""
            ident, signature = read_id(str(item.get("call_id") or ""))
            yield ToolDelta(
                call=self._calls[at], id=ident, name=str(item.get("name") or ""), arguments=first, signature=signature
            )

    def _piece(self, kind: str, at: int, event: Json) -> Iterator[StreamEvent]:
        """Deltas as they come; what a `done` says beyond them, where a server sends few deltas or none."""
        name, _, step = kind.removeprefix("response.").rpartition(".")
        field = _TEXTS.get(name)
        if field is None:
            return
        where = (name, at, int(event.get("content_index") or event.get("summary_index") or 0))
        said = self._said.setdefault(where, [])
        if step == "delta":
            piece = str(event.get("delta") or "")
        else:
            whole, before = str(event.get(field) or ""), "".join(said)
            piece = whole[len(before) :] if whole.startswith(before) else ""
        said.append(piece)
        logprobs = event.get("logprobs") if name == "output_text" and step == "delta" else None
        if piece or logprobs:
            yield self._event(name, at, piece, logprobs)

    def _event(self, name: str, at: int, piece: str, logprobs: Any) -> StreamEvent:
        if name == "output_text":
            return Delta(text=piece, logprobs=checked({"content": logprobs} if logprobs else None, "logprobs"))
        if name == "refusal":
            return Delta(refusal=piece)
        if name == "function_call_arguments":
            return ToolDelta(call=self._calls[at], arguments=piece)
        if name == "custom_tool_call_input":
            return ToolDelta(call=self._calls[at], arguments=escaped(piece))
        return Delta(reasoning=piece)

    def _item_done(self, at: int, item: Json) -> Iterator[StreamEvent]:
        kind = item.get("type")
        if kind == "reasoning":
            thought = parse_reasoning(item, "item")
            if thought.text and not any(name.startswith("reasoning") and i == at for name, i, _ in self._said):
                yield Delta(reasoning=thought.text)
            yield ThoughtEnded(
                signature=thought.signature, redacted=thought.redacted, id=thought.id, dialect=thought.dialect
            )
        elif kind in _CALLS:
            if at not in self._calls:
                yield from self._added(at, item)
            text = "input" if kind == "custom_tool_call" else "arguments"
            name = f"{'custom_tool_call_input' if text == 'input' else 'function_call_arguments'}.done"
            yield from self._piece(f"response.{name}", at, item)
            if text == "input":
                yield ToolDelta(call=self._calls[at], arguments=closing())
        elif kind != "message":
            said = parse_output([item])
            yield Delta(parts=said.parts, extra=said.extra)
