"""Amazon Bedrock: Converse and ConverseStream, as a provider speaks them. No client speaks them with us.

An answer names neither itself nor its model nor its time: those are left empty, for whoever asked to fill in.
Source: Amazon Bedrock API reference, "Converse", "ConverseStream" (service model 2023-09-30 of botocore 1.44).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, NoReturn

import msgspec

from volant.core.chat import (
    ChatRequest,
    ChatResponse,
    Choice,
    Counted,
    Delta,
    Failed,
    Finished,
    FinishReason,
    ImagePart,
    Json,
    Message,
    Part,
    Started,
    StreamEvent,
    TextPart,
    Thought,
    ThoughtEnded,
    ToolCall,
    ToolDelta,
    Usage,
)
from volant.core.errors import BadInput, UpstreamFailed
from volant.dialects.aws_events import EventCutter, read
from volant.dialects.bedrock_request import NAME, render_request
from volant.dialects.citations import SPANS
from volant.dialects.dialect import Dialect, UpstreamError
from volant.dialects.fields import decode, listed, want, words

STREAM_TYPE = "application/vnd.amazon.eventstream"
_FINISH: dict[str, FinishReason] = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "tool_use": "tool_calls",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "guardrail_intervened": "content_filter",
    "content_filtered": "content_filter",
    "malformed_model_output": "error",
    "malformed_tool_use": "error",
}
_PLAIN = {"end_turn", "tool_use", "max_tokens", "content_filtered"}  # our words say the same
_TOO_LONG = re.compile(
    r"input is too long|too many (input )?tokens|maximum (context|number of tokens)|context (length|window)"
    r"|prompt is too long|exceeds? the (model'?s )?(maximum|limit)",
    re.IGNORECASE,
)


# ---------------------------------------------------------------- whole
def parse_response(body: bytes) -> ChatResponse:
    """The answer in `body`. Raises UpstreamFailed `invalid_answer` where it is none."""
    try:
        wire = want(decode(body), dict, "body")
        said = want(want(wire.get("output"), dict, "output").get("message"), dict, "output.message")
        finish, detail = _finish_of(wire.get("stopReason"))
        return ChatResponse(
            id="",
            created_s=0,
            model="",
            choices=(Choice(index=0, message=_message(said), finish=finish, finish_detail=detail),),
            usage=parse_usage(wire["usage"]) if wire.get("usage") else None,
            dialect=NAME,
            extra=_beside(wire),
        )
    except (BadInput, TypeError, ValueError, AttributeError) as error:
        raise UpstreamFailed("invalid_answer", f"the upstream's answer is none of Converse: {error}") from error


def _beside(wire: Json) -> Json:
    """What guardrails did, and fields that were asked for by path."""
    return {name: wire[name] for name in ("trace", "additionalModelResponseFields", "serviceTier") if wire.get(name)}


def _message(said: Json) -> Message:
    thoughts: list[Thought] = []
    text: list[str] = []
    others: list[Part] = []
    calls: list[ToolCall] = []
    cited: list[Json] = []
    spans: list[list[int]] = []
    for at, one in enumerate(listed(said.get("content"), "content")):
        block, path = want(one, dict, f"content[{at}]"), f"content[{at}]"
        if "text" in block:
            text.append(want(block["text"], str, f"{path}.text"))
        elif "toolUse" in block:
            use = want(block["toolUse"], dict, f"{path}.toolUse")
            arguments = msgspec.json.encode(use.get("input") or {}).decode()
            calls.append(ToolCall(id=str(use.get("toolUseId") or ""), name=str(use.get("name")), arguments=arguments))
        elif "reasoningContent" in block:
            thoughts.append(_thought(want(block["reasoningContent"], dict, f"{path}.reasoningContent")))
        elif "citationsContent" in block:
            start = sum(map(len, text))
            said_there = want(block["citationsContent"], dict, f"{path}.citationsContent")
            text += [words(part.get("text"), path) for part in listed(said_there.get("content"), path)]
            sources = listed(said_there.get("citations"), f"{path}.citationsContent.citations")
            cited += [want(one, dict, f"{path}.citationsContent.citations") for one in sources]
            spans += [[start, sum(map(len, text))] for _ in sources]
        elif "image" in block:
            others.append(_image(want(block["image"], dict, f"{path}.image")))
    joined = "".join(text)
    return Message(
        role="assistant",
        thoughts=tuple(thoughts),
        parts=((TextPart(text=joined),) if joined else ()) + tuple(others),
        tool_calls=tuple(calls),
        extra={"citations": cited, SPANS: spans} if cited else {},
    )


def _thought(said: Json) -> Thought:
    if "redactedContent" in said:
        return Thought(redacted=words(said["redactedContent"], "redactedContent"), dialect=NAME)
    shown = want(said.get("reasoningText"), dict, "reasoningText")
    signature = words(shown.get("signature"), "signature")
    return Thought(text=words(shown.get("text"), "text"), signature=signature, dialect=NAME)


def _image(said: Json) -> ImagePart:
    data = want(want(said.get("source"), dict, "source").get("bytes"), str, "source.bytes")
    return ImagePart(url=f"data:image/{said.get('format')};base64,{data}")


def _finish_of(reason: object) -> tuple[FinishReason, str]:
    said = str(reason or "end_turn")
    return _FINISH.get(said, "stop"), "" if said in _PLAIN else said


def parse_usage(wire: Mapping[str, Any]) -> Usage:
    """Token counts. `inputTokens` there leaves out what the cache had or got."""
    read_, written = int(wire.get("cacheReadInputTokens") or 0), int(wire.get("cacheWriteInputTokens") or 0)
    return Usage(
        input_tokens=int(wire.get("inputTokens") or 0) + read_ + written,
        output_tokens=int(wire.get("outputTokens") or 0),
        cached_tokens=read_,
        cache_write_tokens=written,
    )


# ---------------------------------------------------------------- stream
class StreamParser:
    """Turns the frames of one stream (as `aws_events.EventCutter` cuts them) into `core.chat` events."""

    def __init__(self) -> None:
        self.done = False  # the metadata came, or an exception: nothing comes after
        self._calls: dict[int, int] = {}  # contentBlockIndex → place among the calls
        self._thoughts: dict[int, Json] = {}  # contentBlockIndex → what proves the thought
        self._length = 0  # characters said so far
        self._begins: dict[int, int] = {}  # contentBlockIndex → characters before it
        self._images: dict[int, tuple[str, list[str]]] = {}  # contentBlockIndex → format, base64

    def feed(self, event: bytes) -> list[StreamEvent]:
        """What one frame says. Raises UpstreamFailed `invalid_chunk` for a damaged one."""
        if not event.strip():
            return []
        headers, payload = read(event)
        try:
            return list(self._events(headers, want(decode(payload or b"{}"), dict, "payload")))
        except (BadInput, TypeError, ValueError, AttributeError) as error:
            raise UpstreamFailed("invalid_chunk", f"the upstream's stream has a broken event: {error}") from error

    def _events(self, headers: dict[str, str], said: Json) -> Iterator[StreamEvent]:
        if headers.get(":message-type") in ("exception", "error"):
            self.done = True
            kind = headers.get(":exception-type") or headers.get(":error-code") or "server_error"
            message = said.get("message") or said.get("originalMessage") or headers.get(":error-message") or kind
            yield Failed(message=str(message), kind=kind, code=kind)
            return
        kind = headers.get(":event-type", "")
        at = int(said.get("contentBlockIndex") or 0)
        if kind == "messageStart":
            yield Started(id="", created_s=0, model="", dialect=NAME)
        elif kind == "contentBlockStart":
            yield from self._start(at, want(said.get("start"), dict, "start"))
        elif kind == "contentBlockDelta":
            yield from self._delta(at, want(said.get("delta"), dict, "delta"))
        elif kind == "contentBlockStop":
            yield from self._stop(at)
        elif kind == "messageStop":
            finish, detail = _finish_of(said.get("stopReason"))
            yield Finished(reason=finish, detail=detail)
        elif kind == "metadata":
            self.done = True
            yield Counted(usage=parse_usage(want(said.get("usage"), dict, "usage")))

    def _start(self, at: int, start: Json) -> Iterator[StreamEvent]:
        if use := start.get("toolUse"):
            self._calls[at] = len(self._calls)
            yield ToolDelta(call=self._calls[at], id=str(use.get("toolUseId") or ""), name=str(use.get("name") or ""))
        elif image := start.get("image"):
            self._images[at] = (str(image.get("format")), [])

    def _delta(self, at: int, delta: Json) -> Iterator[StreamEvent]:
        if text := delta.get("text"):
            said = want(text, str, "delta.text")
            self._begins.setdefault(at, self._length)
            self._length += len(said)
            yield Delta(text=said)
        elif "citation" in delta:
            span = [self._begins.get(at, self._length), self._length]
            yield Delta(extra={"citations": [want(delta["citation"], dict, "delta.citation")], SPANS: [span]})
        elif "toolUse" in delta:
            piece = words(want(delta["toolUse"], dict, "delta.toolUse").get("input"), "delta.toolUse.input")
            yield ToolDelta(call=self._calls.setdefault(at, len(self._calls)), arguments=piece)
        elif "reasoningContent" in delta:
            yield from self._think(at, want(delta["reasoningContent"], dict, "delta.reasoningContent"))
        elif "image" in delta and at in self._images:
            source = want(want(delta["image"], dict, "delta.image").get("source"), dict, "delta.image.source")
            self._images[at][1].append(words(source.get("bytes"), "delta.image.source.bytes"))

    def _think(self, at: int, said: Json) -> Iterator[StreamEvent]:
        proof = self._thoughts.setdefault(at, {"signature": "", "redacted": ""})
        proof["signature"] += words(said.get("signature"), "signature")
        proof["redacted"] += words(said.get("redactedContent"), "redactedContent")
        if text := words(said.get("text"), "text"):
            yield Delta(reasoning=text)

    def _stop(self, at: int) -> Iterator[StreamEvent]:
        if at in self._thoughts:
            yield ThoughtEnded(**self._thoughts.pop(at), dialect=NAME)
        if at in self._images:
            form, pieces = self._images.pop(at)
            yield Delta(parts=(ImagePart(url=f"data:image/{form};base64,{''.join(pieces)}"),))


# ---------------------------------------------------------------- errors, and the way that is not there
def parse_error(status: int, body: bytes) -> UpstreamError:
    """What went wrong. Never raises."""
    try:
        said = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        said = None
    if not isinstance(said, dict):
        return UpstreamError(message=body[:500].decode(errors="replace").strip())
    message = str(said.get("message") or said.get("Message") or said.get("originalMessage") or body[:500].decode())
    kind = str(said.get("__type") or "").rpartition("#")[2]
    too_long = status in (400, 413, 422) and bool(_TOO_LONG.search(message))
    return UpstreamError(message=message, kind=kind, code=kind, context_exceeded=too_long)


def _one_way(*_: object) -> NoReturn:
    raise BadInput(
        "not_supported",
        "no client speaks Bedrock's Converse with this gateway",
        hint="use an OpenAI, Anthropic or Gemini SDK: each reaches Bedrock's models",
    )


def _parse_request(body: bytes, model: str, stream: bool | None) -> ChatRequest:
    _one_way()


DIALECT = Dialect(
    name=NAME,
    title="Bedrock Converse",
    parse_request=_parse_request,
    render_request=render_request,
    parse_response=parse_response,
    render_response=_one_way,
    stream_parser=StreamParser,
    stream_renderer=_one_way,
    parse_error=parse_error,
    render_error=_one_way,
    cutter=EventCutter,
    stream_type=STREAM_TYPE,
    is_stream=lambda content_type: content_type.startswith(STREAM_TYPE.encode()),
)
