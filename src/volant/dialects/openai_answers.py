"""OpenAI chat answers: whole and streamed, between the wire and `core.chat`, both ways.

Source: OpenAI API reference, "Chat completion" and "Chat completion chunk" (read November 2026).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

import msgspec
from msgspec.structs import replace

from volant.core.chat import (
    ChatResponse,
    Choice,
    Counted,
    Delta,
    Finished,
    FinishReason,
    ImagePart,
    Json,
    Started,
    StreamEvent,
    TextPart,
    Thought,
    ThoughtEnded,
    ToolDelta,
)
from volant.dialects.citations import LISTS, Cited, citations_of, for_chat
from volant.dialects.fields import filled, want, words
from volant.dialects.logprobs import checked
from volant.dialects.openai_envelope import ChunkParser, parse_whole, render_usage
from volant.dialects.openai_messages import parse_message, render_message, render_part
from volant.dialects.openai_thoughts import (
    is_proof,
    parse_details,
    render_detail,
    render_signature,
    signature_of,
    split_thinking,
    words_of,
)
from volant.dialects.openai_tools import closing, escaped, opening, text_of
from volant.dialects.signed_ids import read_id, signed_id
from volant.dialects.sse import DONE, event_of
from volant.dialects.unsaid import has_word, instead

NAME = "openai_chat"
TITLE = "OpenAI chat completions"
_DELTA = frozenset({
    "role", "content", "refusal", "reasoning_content", "reasoning", "reasoning_details", "tool_calls", "images",
    "extra_content",
})  # fmt: skip
_CHOICE = frozenset({"index", "message", "delta", "finish_reason", "logprobs"})
_FINISH: dict[str, FinishReason] = {
    "stop": "stop",
    "length": "length",
    "tool_calls": "tool_calls",
    "tool_call": "tool_calls",
    "function_call": "tool_calls",
    "content_filter": "content_filter",
    "error": "error",
}


# ---------------------------------------------------------------- whole
def parse_response(body: bytes) -> ChatResponse:
    """The answer in `body`. Raises UpstreamFailed `invalid_answer` where it is none."""
    return parse_whole(body, NAME, "chat completion", _parse_choice)


def render_response(response: ChatResponse, customs: Collection[str] = ()) -> bytes:
    """The body of an answer. `customs`: names of the custom tools that were offered."""
    native = response.dialect in ("", NAME)
    wire: Json = {
        "id": response.id,
        "object": "chat.completion",
        "created": response.created_s,
        "model": response.model,
        "choices": [
            {
                "index": choice.index,
                "message": _render_answer(choice, customs, response),
                "logprobs": choice.logprobs,
                "finish_reason": choice.finish,
                **(choice.extra if native else {}),
            }
            for choice in response.choices
        ],
    }
    if response.usage is not None:
        wire["usage"] = render_usage(response.usage)
    return msgspec.json.encode(wire | response.extra if native else wire)


def _render_answer(choice: Choice, customs: Collection[str], response: ChatResponse) -> Json:
    """Content of an answer is one text; pictures stand beside it, as OpenRouter has them, and sound nowhere."""
    message = choice.message
    images = [part for part in message.parts if isinstance(part, ImagePart)]
    others = [instead(part, TITLE) for part in message.parts if not has_word(part, NAME)]
    if images or others or len(message.parts) > 1:
        signature = next((p.signature for p in message.parts if isinstance(p, TextPart) and p.signature), "")
        text = TextPart(text=message.text + "".join(others), signature=signature)
        message = replace(message, parts=(text,) if text.text or signature else ())
    if response.dialect not in ("", NAME):
        message = replace(message, extra=filled(annotations=[for_chat(one) for one in citations_of(choice, response)]))
    wire = {"role": "assistant", "content": None, **render_message(message, customs)}
    return wire | {"images": [render_part(image) for image in images]} if images else wire


def _images_of(raw: object) -> tuple[ImagePart, ...]:
    images = raw if isinstance(raw, list) else []
    urls = [image["image_url"].get("url") for image in images if isinstance(image.get("image_url"), dict)]
    return tuple(ImagePart(url=url) for url in urls if isinstance(url, str))


def _parse_choice(raw: object, path: str) -> Choice:
    choice = want(raw, dict, path)
    message = {"role": "assistant", **want(choice.get("message"), dict, f"{path}.message")}
    images = _images_of(message.pop("images", None))
    said = parse_message(message, f"{path}.message")
    finish, detail = _finish_of(choice)
    return Choice(
        index=int(choice.get("index") or 0),
        message=replace(said, parts=said.parts + images) if images else said,
        finish=finish,
        finish_detail=detail,
        logprobs=checked(choice.get("logprobs"), f"{path}.logprobs"),
        extra=_unknown(choice, _CHOICE),
    )


def _unknown(raw: Json, known: frozenset[str]) -> Json:
    return {name: value for name, value in raw.items() if name not in known and value is not None}


def _finish_of(choice: Mapping[str, Any]) -> tuple[FinishReason | None, str]:
    """Why it ended; beside it the server's word where ours says less, or the stop sequence (vLLM's `stop_reason`)."""
    said = choice.get("finish_reason")
    if not said:
        return None, ""
    finish = _FINISH.get(str(said))
    stopped_at = choice.get("stop_reason")
    detail = str(said) if finish is None else stopped_at if isinstance(stopped_at, str) else ""
    return finish or "stop", detail


def finish_word(finish: FinishReason | None) -> FinishReason | None:
    """What a client reads of an answer in other words: its types know no "error"."""
    return "content_filter" if finish == "error" else finish


# ---------------------------------------------------------------- stream
class StreamParser(ChunkParser):
    """Reads a stream of chat completion chunks."""

    dialect = NAME

    def __init__(self) -> None:
        super().__init__()
        self._customs: set[tuple[int, int]] = set()  # calls of custom tools whose text has not ended: choice, place

    def _choice(self, choice: Json) -> Iterator[StreamEvent]:
        index = int(choice.get("index") or 0)
        delta = choice.get("delta") or {}
        content, thinking = split_thinking(delta.get("content"))
        text, refusal = words_of(content), words(delta.get("refusal"), "delta.refusal")
        reasoning = words(delta.get("reasoning_content") or delta.get("reasoning"), "delta.reasoning") or thinking
        logprobs = checked(choice.get("logprobs"), "logprobs")
        if reasoning:
            yield Delta(index=index, reasoning=reasoning)
        for thought in parse_details(delta.get("reasoning_details")):
            if is_proof(thought):  # the text came as `reasoning` already
                yield ThoughtEnded(
                    index=index, signature=thought.signature, redacted=thought.redacted, id=thought.id,
                    dialect=thought.dialect,
                )  # fmt: skip
        parts, extra = _images_of(delta.get("images")), _unknown(delta, _DELTA)
        signature = signature_of(delta)
        if text or refusal or logprobs or parts or extra or signature:
            yield Delta(
                index=index, text=text, refusal=refusal, logprobs=logprobs, signature=signature, parts=parts,
                extra=extra,
            )  # fmt: skip
        for call in delta.get("tool_calls") or []:
            yield self._call(index, call)
        finish, detail = _finish_of(choice)
        if finish is not None:
            yield from self._close(index)
            yield Finished(index=index, reason=finish, detail=detail, extra=_unknown(choice, _CHOICE))

    def _call(self, index: int, call: Json) -> ToolDelta:
        place = int(call.get("index") or 0)
        custom = call.get("custom")
        function = custom or call.get("function") or {}
        said = words(function.get("arguments"), "tool_calls.function.arguments")
        if custom is not None:
            said = escaped(words(custom.get("input"), "tool_calls.custom.input"))
            if (index, place) not in self._customs:
                self._customs.add((index, place))
                said = opening() + said
        ident, signature = read_id(words(call.get("id"), "tool_calls.id"))
        return ToolDelta(
            index=index,
            call=place,
            id=ident,
            name=words(function.get("name"), "tool_calls.function.name"),
            arguments=said,
            signature=signature_of(call) or signature,
        )

    def _close(self, index: int) -> Iterator[StreamEvent]:
        for which in sorted(self._customs):
            if which[0] == index:
                yield ToolDelta(index=index, call=which[1], arguments=closing())
        self._customs = {which for which in self._customs if which[0] != index}


class StreamRenderer:
    """Turns `core.chat` events into SSE events of one stream. `customs` as of `render_response`."""

    def __init__(self, *, include_usage: bool, customs: Collection[str] = ()) -> None:
        self._include_usage = include_usage
        self._customs = customs
        self._cited: Cited | None = None  # of a stream in other words
        self._held: dict[tuple[int, int], list[str]] = {}  # arguments of custom calls: choice, place → JSON so far
        self._base: Json = {"id": "", "object": "chat.completion.chunk", "created": 0, "model": ""}
        self._roles_sent: set[int] = set()
        self._thinking: dict[int, list[str]] = {}  # choice → the text of its thought so far
        self._thoughts: dict[int, int] = {}  # choice → how many of its thoughts have ended

    def feed(self, event: StreamEvent) -> bytes:
        """The bytes for one event; empty for what this client did not ask for."""
        if isinstance(event, Delta):
            return self._delta(event)
        if isinstance(event, ToolDelta):
            return self._call(event)
        if isinstance(event, Finished):
            said = self._release(event.index)
            if self._cited is None:
                return said + self._choice(event.index, {}, event.reason, **event.extra)
            if cited := self._cited.of(event):
                said += self._choice(event.index, {"annotations": [for_chat(one) for one in cited]}, None)
            return said + self._choice(event.index, {}, finish_word(event.reason))
        if isinstance(event, ThoughtEnded):
            return self._thought(event)
        if isinstance(event, Started):
            self._cited = None if event.dialect in ("", NAME) else Cited(event)
            self._base |= {"id": event.id, "created": event.created_s, "model": event.model}
            self._base |= event.extra if self._cited is None else {}
            return b""
        if isinstance(event, Counted):
            return self._chunk([], usage=render_usage(event.usage)) if self._include_usage else b""
        detail = {"message": event.message, "type": event.kind, "param": None, "code": event.code or None}
        return event_of(msgspec.json.encode({"error": detail}))

    def done(self) -> bytes:
        """The end of the stream."""
        return DONE

    def _delta(self, event: Delta) -> bytes:
        if event.reasoning:
            self._thinking.setdefault(event.index, []).append(event.reasoning)
        others = "".join(instead(part, TITLE) for part in event.parts if not has_word(part, NAME))
        delta = filled(content=event.text + others, refusal=event.refusal, reasoning_content=event.reasoning)
        if event.signature:
            delta |= render_signature(event.signature)
        if images := [render_part(part) for part in event.parts if isinstance(part, ImagePart)]:
            delta["images"] = images
        if self._cited is None:
            delta |= {name: said for name, said in event.extra.items() if name not in LISTS}
            for name in LISTS:
                if isinstance(said := event.extra.get(name), list):
                    before = self._base.get(name)
                    self._base[name] = [*before, *said] if isinstance(before, list) else said
        elif cited := self._cited.of(event):
            delta["annotations"] = [for_chat(one) for one in cited]
        return self._choice(event.index, delta, None, logprobs=event.logprobs)

    def _call(self, event: ToolDelta) -> bytes:
        where = (event.index, event.call)
        if event.name in self._customs:
            self._held[where] = [event.arguments]
            return self._custom(event, {"name": event.name, "input": ""})
        if where in self._held:
            self._held[where].append(event.arguments)
            return b""
        call: Json = {"index": event.call, "function": filled(name=event.name) | {"arguments": event.arguments}}
        if event.id:
            call |= {"id": signed_id(event.id, event.signature), "type": "function"}
        if event.signature:
            call |= render_signature(event.signature)
        return self._choice(event.index, {"tool_calls": [call]}, None)

    def _custom(self, event: ToolDelta, custom: Json) -> bytes:
        call = {"index": event.call, "custom": custom} | ({"id": event.id, "type": "custom"} if event.id else {})
        return self._choice(event.index, {"tool_calls": [call]}, None)

    def _release(self, index: int) -> bytes:
        """Texts of custom calls: JSON cannot be turned into text before it is complete."""
        ended = [where for where in sorted(self._held) if where[0] == index]
        return b"".join(
            self._custom(ToolDelta(index=index, call=where[1]), {"input": text_of("".join(self._held.pop(where)))})
            for where in ended
        )

    def _thought(self, event: ThoughtEnded) -> bytes:
        thought = Thought(
            text="".join(self._thinking.pop(event.index, ())),
            signature=event.signature,
            redacted=event.redacted,
            id=event.id,
            dialect=event.dialect,
        )
        if not is_proof(thought):
            return b""
        place = self._thoughts.get(event.index, 0)
        self._thoughts[event.index] = place + 1
        return self._choice(event.index, {"reasoning_details": [render_detail(thought, place)]}, None)

    def _choice(self, index: int, delta: Json, finish: FinishReason | None, **more: Any) -> bytes:
        if index not in self._roles_sent:
            self._roles_sent.add(index)
            delta = {"role": "assistant", **delta}
        return self._chunk([{"index": index, "delta": delta, "logprobs": None, "finish_reason": finish} | more])

    def _chunk(self, choices: Sequence[Json], **more: Any) -> bytes:
        return event_of(msgspec.json.encode({**self._base, "choices": choices, **more}))
