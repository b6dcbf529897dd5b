"""OpenAI responses streams, to a client: `core.chat` events as named events with a running number.

An item opens when its first piece comes; reasoning and words close when something else begins; calls stay open to the
end, because their pieces may be mixed. The order of events stands in `openai_responses_stream`.
Source: OpenAI API reference, "Streaming events", and the accumulator of the openai SDK 3.54 (November 2026).
"""

from __future__ import annotations

from typing import Any

import msgspec

from volant.core.chat import (
    ChatRequest,
    Delta,
    Failed,
    Finished,
    FinishReason,
    ImagePart,
    Json,
    Started,
    StreamEvent,
    TextPart,
    Thought,
    ThoughtEnded,
    ToolCall,
    ToolDelta,
    Usage,
)
from volant.dialects.citations import Cited, for_responses
from volant.dialects.fields import filled
from volant.dialects.openai_responses_answer import (
    TITLE,
    ending,
    item_id,
    item_status,
    message_item,
    public_id,
    render_usage,
    shell,
    text_part,
)
from volant.dialects.openai_responses_items import (
    NAME,
    image_item,
    reasoning_body,
    render_call,
)
from volant.dialects.openai_tools import custom_names, text_of
from volant.dialects.signed_ids import signed_id
from volant.dialects.unsaid import instead


class StreamRenderer:
    """Turns `core.chat` events into the named events of one stream. Only the first choice: this dialect has one."""

    def __init__(self, request: ChatRequest) -> None:
        self._request = request
        self._customs = custom_names(request.tools)
        self._number = 0
        self._native = True
        self._cited: Cited | None = None  # of a stream in other words
        self._response: Json = {}  # as `created` said it; empty: nothing was sent
        self._items: list[Json] = []  # whole ones, at their output_index; an open one as far as it came
        self._thought: tuple[int, list[str]] | None = None  # the open reasoning item and its words
        self._words: _Words | None = None  # the open message
        self._spoken: Json | None = None  # the last words that are no longer open
        self._sources: list[Json] = []  # that came before any words
        self._calls: dict[int, tuple[int, ToolCall, list[str]]] = {}  # place → output_index, call, its arguments
        self._finish: FinishReason | None = None
        self._detail = ""
        self._usage: Usage | None = None
        self._ended = False

    def feed(self, event: StreamEvent) -> bytes:
        """The bytes for one event."""
        index: int = getattr(event, "index", 0)
        if self._ended or index:
            return b""
        if isinstance(event, Started):
            return self._start(event)
        if isinstance(event, Failed) and not self._response:
            self._ended = True  # who began the answer was another: it is not said anew
            return self._send("error", code=event.code or event.kind, message=event.message, param=None)
        begun = b"" if self._response else self._start(Started(id="", created_s=0, model=self._request.model))
        if isinstance(event, Delta):
            return begun + self._delta(event)
        if isinstance(event, ToolDelta):
            return begun + self._call(event)
        if isinstance(event, ThoughtEnded):
            return begun + self._thought_ended(event)
        if isinstance(event, Failed):
            return begun + self._fail(event)
        if isinstance(event, Finished):
            self._finish, self._detail = event.reason, event.detail
            return begun + self._cite(event)
        self._usage = event.usage
        return begun

    def done(self) -> bytes:
        """All that is open is closed, and the whole response said once more."""
        if self._ended:
            return b""
        said = b"" if self._response else self._start(Started(id="", created_s=0, model=self._request.model))
        said += self._close_thought(Thought()) + self._close_words(self._last_status())
        said += self._close_calls()
        self._ended = True
        ended = ending(self._finish, self._detail)
        whole = self._response | ended | {"output": self._items, "usage": render_usage(self._usage)}
        return said + self._send(f"response.{whole['status']}", response=whole)

    def _last_status(self) -> str:
        """Of the words that are open at the end: calls after them are the last item."""
        return "completed" if self._calls else item_status(self._finish)

    def _send(self, kind: str, **fields: Any) -> bytes:
        data = msgspec.json.encode({"type": kind, **fields, "sequence_number": self._number})
        self._number += 1
        return b"event: " + kind.encode() + b"\ndata: " + data + b"\n\n"

    def _start(self, event: Started) -> bytes:
        self._native = event.dialect in ("", NAME)
        self._cited = None if self._native else Cited(event)
        self._response = shell(self._request, public_id(event.id), event.created_s, event.model)
        self._response |= event.extra if self._native else {}
        return self._send("response.created", response=self._response) + self._send(
            "response.in_progress", response=self._response
        )

    def _fail(self, event: Failed) -> bytes:
        self._ended = True
        error = {"code": event.code or event.kind, "message": event.message}
        said = self._send("error", **error, param=None)
        whole = self._response | {"status": "failed", "error": error, "usage": render_usage(self._usage)}
        return said + self._send("response.failed", response=whole | {"output": [i for i in self._items if _whole(i)]})

    # -------------------------------------------------------- items
    def _open(self, kind: str, item: Json) -> tuple[int, bytes]:
        at = len(self._items)
        item = {"id": item_id(kind, self._response["id"], at), **item}
        self._items.append(item)
        return at, self._send("response.output_item.added", output_index=at, item=item)

    def _close(self, at: int, item: Json) -> bytes:
        self._items[at] = item = {"id": self._items[at]["id"]} | item
        return self._send("response.output_item.done", output_index=at, item=item)

    def _delta(self, event: Delta) -> bytes:
        said = b""
        if event.reasoning:
            said += self._close_words() + self._think(event.reasoning)
        if event.text or event.logprobs or event.refusal:
            said += self._close_thought(Thought())
        if event.text or event.logprobs:
            said += self._say("output_text", event.text, event.logprobs)
        if event.refusal:
            said += self._say("refusal", event.refusal, None)
        for part in event.parts:
            if isinstance(part, ImagePart) and (image := image_item(part)) is not None:
                said += self._close_words() + self._at_once("ig", image)
            elif not isinstance(part, TextPart):
                said += self._close_thought(Thought()) + self._say("output_text", instead(part, TITLE), None)
        if event.extra and self._native:
            said += self._own_words(event.extra)
        return said + self._cite(event)

    def _cite(self, event: StreamEvent) -> bytes:
        """What another dialect cites."""
        cited = self._cited.of(event) if self._cited is not None else ()
        return b"".join(self._annotate(for_responses(one)) for one in cited)

    def _own_words(self, extra: Json) -> bytes:
        said = b""
        for item in extra.get("items", ()):
            said += self._close_words() + self._at_once("item", item)
        for annotation in extra.get("annotations", ()):
            said += self._annotate(annotation)
        return said

    def _at_once(self, kind: str, item: Json) -> bytes:
        at, said = self._open(kind, item)
        return said + self._close(at, item)

    # -------------------------------------------------------- thinking
    def _think(self, piece: str) -> bytes:
        said = b""
        if self._thought is None:
            at, said = self._open("rs", {"type": "reasoning", "summary": []})
            self._thought = (at, [])
        at, pieces = self._thought
        about = {"item_id": self._items[at]["id"], "output_index": at, "summary_index": 0}
        if not pieces:
            part = {"type": "summary_text", "text": ""}
            said += self._send("response.reasoning_summary_part.added", **about, part=part)
        pieces.append(piece)
        return said + self._send("response.reasoning_summary_text.delta", **about, delta=piece)

    def _thought_ended(self, event: ThoughtEnded) -> bytes:
        said = self._close_words()
        if self._thought is None:
            at, opened = self._open("rs", {"type": "reasoning", "summary": []})
            self._thought = (at, [])
            said += opened
        proof = Thought(signature=event.signature, redacted=event.redacted, id=event.id, dialect=event.dialect)
        return said + self._close_thought(proof)

    def _close_thought(self, proof: Thought) -> bytes:
        if self._thought is None:
            return b""
        at, pieces = self._thought
        self._thought = None
        text = "".join(pieces)
        about = {"item_id": self._items[at]["id"], "output_index": at, "summary_index": 0}
        said = b""
        if text:
            part = {"type": "summary_text", "text": text}
            said += self._send("response.reasoning_summary_text.done", **about, text=text)
            said += self._send("response.reasoning_summary_part.done", **about, part=part)
        body = reasoning_body(msgspec.structs.replace(proof, text=text))
        return said + self._close(at, {"type": "reasoning"} | body)

    # -------------------------------------------------------- words
    def _say(self, kind: str, piece: str, logprobs: Any) -> bytes:
        said = b""
        if self._words is None:
            at, said = self._open("msg", message_item(self._next_id("msg"), [], "in_progress"))
            self._words = _Words(at)
        words = self._words
        if words.kind != kind:
            said += self._end_part(words)
            words.begin(kind)
            said += self._send("response.content_part.added", **self._about(words), part=words.part())
            if kind == "output_text":
                waiting, self._sources = self._sources, []
                said += b"".join(self._annotate(one) for one in waiting)
        words.add(piece, logprobs)
        beside = {"logprobs": _tokens(logprobs)} if kind == "output_text" else {}
        return said + self._send(f"response.{kind}.delta", **self._about(words), delta=piece, **beside)

    def _next_id(self, kind: str) -> str:
        return item_id(kind, self._response["id"], len(self._items))

    def _about(self, words: _Words) -> Json:
        return {"item_id": self._items[words.at]["id"], "output_index": words.at, "content_index": words.place}

    def _annotate(self, annotation: Json) -> bytes:
        """Beside the words that are being said; else the last ones have it in the whole response, or the first."""
        if self._words is None or self._words.kind != "output_text":
            (self._sources if self._spoken is None else self._spoken["annotations"]).append(annotation)
            return b""
        index = len(self._words.annotations)
        self._words.annotations.append(annotation)
        return self._send(
            "response.output_text.annotation.added", **self._about(self._words), annotation_index=index,
            annotation=annotation,
        )  # fmt: skip

    def _end_part(self, words: _Words) -> bytes:
        if not words.kind:
            return b""
        part, about = words.part(), self._about(words)
        words.content.append(part)
        if words.kind == "refusal":
            said = self._send("response.refusal.done", **about, refusal=part["refusal"])
        else:
            self._spoken = part
            said = self._send("response.output_text.done", **about, text=part["text"], logprobs=part["logprobs"])
        return said + self._send("response.content_part.done", **about, part=part)

    def _close_words(self, status: str = "completed") -> bytes:
        if self._words is None:
            return b""
        words, said = self._words, self._end_part(self._words)
        self._words = None
        return said + self._close(words.at, message_item(self._items[words.at]["id"], words.content, status))

    # -------------------------------------------------------- calls
    def _call(self, event: ToolDelta) -> bytes:
        said = b""
        if event.call not in self._calls:
            said = self._close_thought(Thought()) + self._close_words()
            call = ToolCall(id=signed_id(event.id, event.signature), name=event.name, arguments="")
            at, opened = self._open("fc", {"status": "in_progress"} | render_call(call, self._customs))
            self._calls[event.call] = (at, call, [])
            said += opened
        at, call, pieces = self._calls[event.call]
        pieces.append(event.arguments)
        if event.arguments and call.name not in self._customs:
            about = {"item_id": self._items[at]["id"], "output_index": at}
            said += self._send("response.function_call_arguments.delta", **about, delta=event.arguments)
        return said

    def _close_calls(self) -> bytes:
        said = b""
        last = max(self._calls, default=0)
        for place, (at, begun, pieces) in self._calls.items():
            call = msgspec.structs.replace(begun, arguments="".join(pieces))
            about = {"item_id": self._items[at]["id"], "output_index": at}
            if call.name in self._customs:  # JSON cannot be turned into text before it is complete
                text = text_of(call.arguments)
                said += self._send("response.custom_tool_call_input.delta", **about, delta=text)
                said += self._send("response.custom_tool_call_input.done", **about, input=text)
            else:
                done = {"name": call.name, "arguments": call.arguments}
                said += self._send("response.function_call_arguments.done", **about, **done)
            status = item_status(self._finish) if place == last else "completed"
            said += self._close(at, {"status": status} | render_call(call, self._customs))
        self._calls = {}
        return said


class _Words:
    """The message that is being said: whole parts, and the one that grows."""

    def __init__(self, at: int) -> None:
        self.at = at
        self.content: list[Json] = []
        self.kind = ""
        self.pieces: list[str] = []
        self.logprobs: list[Any] = []
        self.annotations: list[Any] = []

    @property
    def place(self) -> int:
        return len(self.content)

    def begin(self, kind: str) -> None:
        self.kind = kind
        self.pieces, self.logprobs, self.annotations = [], [], []

    def add(self, piece: str, logprobs: Any) -> None:
        self.pieces.append(piece)
        self.logprobs += _tokens(logprobs)

    def part(self) -> Json:
        text = "".join(self.pieces)
        if self.kind == "refusal":
            return {"type": "refusal", "refusal": text}
        return text_part(text, self.logprobs, self.annotations)


def _tokens(logprobs: Any) -> list[Any]:
    tokens = logprobs.get("content") if isinstance(logprobs, dict) else None
    return list(tokens or ())


def _whole(item: Json) -> bool:
    return item.get("status") != "in_progress" and (item["type"] != "reasoning" or bool(filled(s=item["summary"])))
