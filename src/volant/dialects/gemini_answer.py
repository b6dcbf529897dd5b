"""Gemini's answers as a client reads them: whole, or as the events of `alt=sse`.

Thoughts are shown to a caller who asked for them (`includeThoughts`): others join the words of all parts. The last
chunk of a stream has the finish reasons and the usage, as Gemini's own has.
"""

from __future__ import annotations

from typing import Any

import msgspec

from volant.core.chat import (
    ChatRequest,
    ChatResponse,
    Choice,
    Counted,
    Delta,
    Failed,
    Finished,
    Message,
    Started,
    StreamEvent,
    Thought,
    ThoughtEnded,
    ToolCall,
    ToolDelta,
    Usage,
)
from volant.dialects.citations import Citation, Cited, citations_of, for_gemini
from volant.dialects.dialect import Losses
from volant.dialects.fields import Json, filled
from volant.dialects.gemini_errors import error_of_stream
from volant.dialects.gemini_logprobs import to_logprobs_result
from volant.dialects.gemini_parts import render_call, render_parts
from volant.dialects.gemini_thoughts import for_client, part_of, wrapped
from volant.dialects.gemini_wire import NAME, TITLE, finish_word
from volant.dialects.sse import event_of


def render_response(response: ChatResponse, request: ChatRequest) -> bytes:
    """The body of an answer to `request`."""
    same = response.dialect == NAME
    extra = response.extra if same else {}
    blocked = bool((extra.get("promptFeedback") or {}).get("blockReason"))
    wire: Json = {} if blocked else {"candidates": [_candidate(one, request, response) for one in response.choices]}
    if response.usage is not None:
        wire["usageMetadata"] = render_usage(response.usage)
    return msgspec.json.encode(wire | _about(response.id, response.model) | extra)


def _candidate(choice: Choice, request: ChatRequest, response: ChatResponse) -> Json:
    same = response.dialect == NAME
    losses = Losses(TITLE)  # an answer loses nothing that its caller could do without or change
    message = choice.message
    parts = [part for thought in message.thoughts for part in for_client(thought, shown=_shown(request))]
    parts += render_parts(message, losses, same=same)
    parts += [render_call(call, losses) for call in message.tool_calls]
    wire: Json = {"content": {"parts": parts, "role": "model"}, "index": choice.index}
    if choice.finish is not None:
        wire["finishReason"] = finish_word(choice.finish, choice.finish_detail)
    if (result := to_logprobs_result(choice.logprobs)) is not None:
        wire["logprobsResult"] = result
    if same:
        return wire | choice.extra
    if cited := citations_of(choice, response):
        wire["groundingMetadata"] = for_gemini(cited, message.text)
    return wire


def render_usage(usage: Usage) -> Json:
    """usageMetadata; thoughts are counted apart from the words."""
    wire: Json = {
        "promptTokenCount": usage.input_tokens,
        "candidatesTokenCount": usage.output_tokens - usage.reasoning_tokens,
        "totalTokenCount": usage.input_tokens + usage.output_tokens,
    }
    wire |= filled(thoughtsTokenCount=usage.reasoning_tokens, cachedContentTokenCount=usage.cached_tokens)
    for name, total, sound in (
        ("promptTokensDetails", usage.input_tokens, usage.input_audio_tokens),
        ("candidatesTokensDetails", usage.output_tokens - usage.reasoning_tokens, usage.output_audio_tokens),
    ):
        if sound:
            said = (("TEXT", total - sound), ("AUDIO", sound))
            wire[name] = [{"modality": modality, "tokenCount": tokens} for modality, tokens in said]
    return wire


def _about(response_id: str, model: str) -> Json:
    return filled(modelVersion=model, responseId=response_id)


def _shown(request: ChatRequest) -> bool:
    return request.reasoning is not None and request.reasoning.shown


class StreamRenderer:
    """Turns `core.chat` events into `alt=sse` events of one stream."""

    def __init__(self, request: ChatRequest) -> None:
        self._shown = _shown(request)
        self._about: Json = {}
        self._same = False
        self._usage: Usage | None = None
        self._calls: dict[tuple[int, int], ToolCall] = {}  # sent at the end: their arguments come in pieces
        self._finished: list[Finished] = []
        self._extra: Json = {}
        self._failed = False
        self._cited: Cited | None = None  # of a stream in other words
        self._sources: dict[int, list[Citation]] = {}  # choice → what it cites
        self._said: dict[int, list[str]] = {}  # choice → its words, where somebody may cite something
        self._hidden: set[int] = set()  # choices whose thinking was not shown: what proves it is worth nothing

    def feed(self, event: StreamEvent) -> bytes:
        """The bytes for one event. Calls wait for the end: Gemini sends them whole. So do the sources."""
        self._cite(event)
        if isinstance(event, Started):
            self._about = _about(event.id, event.model)
            self._same = event.dialect == NAME
            self._cited = None if self._same else Cited(event)
            self._extra = event.extra if self._same else {}
        elif isinstance(event, Counted):
            self._usage = event.usage
        elif isinstance(event, Finished):
            self._finished.append(event)
        elif isinstance(event, Failed):
            self._failed = True
            return event_of(msgspec.json.encode(error_of_stream(event)))
        elif isinstance(event, ToolDelta):
            self._tool(event)
        elif isinstance(event, ThoughtEnded):
            return self._thought_over(event)
        else:
            return self._words(event)
        return b""

    def done(self) -> bytes:
        """The end: calls that still waited, finish reasons, usage."""
        if self._failed:
            return b""
        last = {index for index, _ in self._calls} | {event.index for event in self._finished} | set(self._sources)
        finished = {event.index: event for event in self._finished}
        candidates = []
        for index in sorted(last):
            waiting = [call for (place, _), call in sorted(self._calls.items()) if place == index]
            parts = [render_call(call, Losses(TITLE)) for call in waiting] or [{"text": ""}]
            candidate: Json = {"content": {"parts": parts, "role": "model"}, "index": index}
            if (event := finished.get(index)) is not None:
                candidate["finishReason"] = finish_word(event.reason, event.detail)
                candidate |= event.extra if self._same else {}
            if index in self._sources:
                said = "".join(self._said.get(index, ()))
                candidate["groundingMetadata"] = for_gemini(self._sources[index], said)
            candidates.append(candidate)
        if (self._extra.get("promptFeedback") or {}).get("blockReason"):
            candidates = []
        wire: Json = {"candidates": candidates} if candidates else {}
        if self._usage is not None:
            wire["usageMetadata"] = render_usage(self._usage)
        return event_of(msgspec.json.encode(wire | self._about | self._extra)) if wire or self._extra else b""

    def _cite(self, event: StreamEvent) -> None:
        if self._cited is None or not isinstance(event, Delta | Finished):
            return
        if isinstance(event, Delta) and event.text:
            self._said.setdefault(event.index, []).append(event.text)
        if cited := self._cited.of(event):
            self._sources.setdefault(event.index, []).extend(cited)

    def _tool(self, event: ToolDelta) -> None:
        place = (event.index, event.call)
        call = self._calls.get(place) or ToolCall(id="", name="", arguments="")
        self._calls[place] = ToolCall(
            id=call.id + event.id,
            name=call.name + event.name,
            arguments=call.arguments + event.arguments,
            signature=call.signature + event.signature,
        )

    def _thought_over(self, event: ThoughtEnded) -> bytes:
        hidden = event.index in self._hidden
        self._hidden.discard(event.index)
        thought = Thought(signature=event.signature, redacted=event.redacted, id=event.id, dialect=event.dialect)
        signature = wrapped(thought)
        return self._parts(event.index, [part_of("", signature)]) if signature and not hidden else b""

    def _words(self, event: Delta) -> bytes:
        parts: list[dict[str, Any]] = []
        if event.reasoning and self._shown:
            parts.append(part_of(event.reasoning, ""))
        elif event.reasoning:
            self._hidden.add(event.index)
        message = Message(role="assistant", parts=event.parts, extra=event.extra)
        parts += render_parts(message, Losses(TITLE), same=self._same)
        if event.text or event.refusal or event.signature:
            parts.append({"text": event.text or event.refusal} | filled(thoughtSignature=event.signature))
        result = to_logprobs_result(event.logprobs)
        if not parts and result is None:
            return b""
        return self._parts(event.index, parts, **({"logprobsResult": result} if result else {}))

    def _parts(self, index: int, parts: list[Json], **more: Any) -> bytes:
        candidate = {"content": {"parts": parts, "role": "model"}, "index": index, **more}
        return event_of(msgspec.json.encode({"candidates": [candidate]} | self._about))
