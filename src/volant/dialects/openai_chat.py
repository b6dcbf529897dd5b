"""OpenAI chat completions: between the wire and `core.chat`, both ways.

Source: OpenAI API reference, "Create chat completion" and "Chat completion chunk" (read November 2026). Fields of the
wire without a word in `core.chat` go to `extra` and come back unchanged; a field of the wrong type is BadInput, with
its path.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeVar, get_args

import msgspec

from volant.core.capabilities import Capabilities
from volant.core.chat import (
    AudioPart,
    ChatRequest,
    ChatResponse,
    Choice,
    Counted,
    Delta,
    Failed,
    FilePart,
    Finished,
    FinishReason,
    ImagePart,
    Json,
    Message,
    OutputFormat,
    Part,
    Role,
    Sampling,
    Started,
    StreamEvent,
    TextPart,
    Thought,
    ThoughtEnded,
    Tool,
    ToolCall,
    ToolChoice,
    ToolDelta,
    Usage,
)
from volant.core.errors import BadInput, UpstreamFailed
from volant.dialects.dialect import Dialect, Losses, UpstreamError
from volant.dialects.openai_errors import render_error
from volant.dialects.sse import DONE, data_of, event_of

T = TypeVar("T")
_ROLES = frozenset(get_args(Role))
_SAMPLING = ("temperature", "top_p", "seed", "n", "frequency_penalty", "presence_penalty", "logprobs", "top_logprobs")
_NUMBERS = {"temperature", "top_p", "frequency_penalty", "presence_penalty"}
_FINISH: dict[str, FinishReason] = {
    "stop": "stop",
    "length": "length",
    "tool_calls": "tool_calls",
    "tool_call": "tool_calls",
    "function_call": "tool_calls",
    "content_filter": "content_filter",
    "error": "error",
}


# ---------------------------------------------------------------- request
def parse_request(body: bytes) -> ChatRequest:
    """The request in `body`. Raises BadInput `invalid_json` with the position, or `invalid_field` with the path."""
    rest = dict(_want(_decode(body), dict, "body"))
    take = rest.pop
    options = take("stream_options", None) or {}
    limit = take("max_completion_tokens", None)
    old_limit = take("max_tokens", None)
    stop = take("stop", None)
    sampling: dict[str, Any] = {}
    for name in _SAMPLING:
        value = take(name, None)
        if value is not None:
            sampling[name] = _want_value(value, name)
    return ChatRequest(
        model=_want(take("model", None), str, "model"),
        messages=tuple(
            _parse_message(message, f"messages[{at}]")
            for at, message in enumerate(_want(take("messages", None), list, "messages"))
        ),
        tools=tuple(_parse_tool(tool, f"tools[{at}]") for at, tool in enumerate(take("tools", None) or [])),
        tool_choice=_parse_tool_choice(take("tool_choice", None)),
        parallel_tool_calls=_maybe(take("parallel_tool_calls", None), bool, "parallel_tool_calls"),
        sampling=Sampling(
            max_tokens=_maybe(limit if limit is not None else old_limit, int, "max_completion_tokens"),
            stop=(stop,) if isinstance(stop, str) else tuple(_want(stop or [], list, "stop")),
            **sampling,
        ),
        output_format=_parse_format(take("response_format", None)),
        stream=bool(_maybe(take("stream", None), bool, "stream")),
        include_usage=bool(_want(options, dict, "stream_options").get("include_usage")),
        user=_maybe(take("user", None), str, "user") or "",
        metadata=_want(take("metadata", None) or {}, dict, "metadata"),
        extra=rest,
    )


def render_request(request: ChatRequest) -> bytes:
    """The body to send. The limit goes out as `max_tokens`, which every compatible server knows."""
    wire: Json = {"model": request.model, "messages": [_render_message(message) for message in request.messages]}
    if request.tools:
        wire["tools"] = [_render_tool(tool) for tool in request.tools]
    if request.tool_choice is not None:
        choice = request.tool_choice
        wire["tool_choice"] = (
            {"type": "function", "function": {"name": choice.name}} if choice.mode == "tool" else choice.mode
        )
    if request.parallel_tool_calls is not None:
        wire["parallel_tool_calls"] = request.parallel_tool_calls
    sampling = request.sampling
    wire |= {name: value for name in _SAMPLING if (value := getattr(sampling, name)) is not None}
    if sampling.max_tokens is not None:
        wire["max_tokens"] = sampling.max_tokens
    if sampling.stop:
        wire["stop"] = list(sampling.stop)
    if request.output_format is not None:
        wire["response_format"] = _render_format(request.output_format)
    if request.stream:
        wire["stream"] = True
    if request.include_usage:
        wire["stream_options"] = {"include_usage": True}
    if request.user:
        wire["user"] = request.user
    if request.metadata:
        wire["metadata"] = request.metadata
    return msgspec.json.encode(wire | request.extra)


def _parse_message(raw: object, path: str) -> Message:
    rest = dict(_want(raw, dict, path))
    role = _want(rest.pop("role", None), str, f"{path}.role")
    if role not in _ROLES:
        raise _bad(f"{path}.role", f"is {role[:40]!r}; it must be one of {', '.join(sorted(_ROLES))}")
    content = rest.pop("content", None)
    if isinstance(content, str):
        parts: tuple[Part, ...] = (TextPart(text=content),) if content else ()
    else:
        parts = tuple(
            _parse_part(part, f"{path}.content[{at}]")
            for at, part in enumerate(_want(content or [], list, f"{path}.content"))
        )
    return Message(
        role=role,  # type: ignore[arg-type]  # checked above
        parts=parts,
        name=_maybe(rest.pop("name", None), str, f"{path}.name") or "",
        tool_calls=tuple(
            _parse_call(call, f"{path}.tool_calls[{at}]") for at, call in enumerate(rest.pop("tool_calls", None) or [])
        ),
        tool_call_id=_maybe(rest.pop("tool_call_id", None), str, f"{path}.tool_call_id") or "",
        refusal=_maybe(rest.pop("refusal", None), str, f"{path}.refusal") or "",
        thoughts=_thoughts(_maybe(rest.pop("reasoning_content", None), str, f"{path}.reasoning_content")),
        extra=rest,
    )


def _thoughts(reasoning: str | None) -> tuple[Thought, ...]:
    return (Thought(text=reasoning),) if reasoning else ()


def _parse_part(raw: object, path: str) -> Part:
    part = _want(raw, dict, path)
    kind = part.get("type")
    if kind == "text":
        return TextPart(text=_want(part.get("text"), str, f"{path}.text"))
    if kind == "refusal":
        return TextPart(text=_want(part.get("refusal"), str, f"{path}.refusal"))
    if kind == "image_url":
        image = _want(part.get("image_url"), dict, f"{path}.image_url")
        return ImagePart(url=_want(image.get("url"), str, f"{path}.image_url.url"), detail=image.get("detail") or "")
    if kind == "input_audio":
        audio = _want(part.get("input_audio"), dict, f"{path}.input_audio")
        return AudioPart(data=_want(audio.get("data"), str, path), format=_want(audio.get("format"), str, path))
    if kind == "file":
        file = _want(part.get("file"), dict, f"{path}.file")
        return FilePart(
            file_id=file.get("file_id") or "", data=file.get("file_data") or "", name=file.get("filename") or ""
        )
    raise _bad(f"{path}.type", f"is {str(kind)[:40]!r}; it must be text, image_url, input_audio or file")


def _parse_call(raw: object, path: str) -> ToolCall:
    call = _want(raw, dict, path)
    function = _want(call.get("function"), dict, f"{path}.function")
    return ToolCall(
        id=_maybe(call.get("id"), str, f"{path}.id") or "",
        name=_want(function.get("name"), str, f"{path}.function.name"),
        arguments=_maybe(function.get("arguments"), str, f"{path}.function.arguments") or "",
    )


def _parse_tool(raw: object, path: str) -> Tool:
    tool = _want(raw, dict, path)
    if tool.get("type", "function") != "function":
        raise _bad(f"{path}.type", f"is {str(tool['type'])[:40]!r}; only function is known")
    function = _want(tool.get("function"), dict, f"{path}.function")
    return Tool(
        name=_want(function.get("name"), str, f"{path}.function.name"),
        description=function.get("description") or "",
        parameters=_want(function.get("parameters") or {}, dict, f"{path}.function.parameters"),
        strict=bool(function.get("strict")),
    )


def _parse_tool_choice(raw: object) -> ToolChoice | None:
    if raw is None:
        return None
    if isinstance(raw, str):
        if raw not in ("auto", "none", "required"):
            raise _bad("tool_choice", f"is {raw[:40]!r}; it must be auto, none, required or a function")
        return ToolChoice(mode=raw)  # type: ignore[arg-type]  # checked above
    function = _want(_want(raw, dict, "tool_choice").get("function"), dict, "tool_choice.function")
    return ToolChoice(mode="tool", name=_want(function.get("name"), str, "tool_choice.function.name"))


def _parse_format(raw: object) -> OutputFormat | None:
    if raw is None:
        return None
    shape = _want(raw, dict, "response_format")
    kind = shape.get("type")
    if kind == "text":
        return OutputFormat(kind="text")
    if kind == "json_object":
        return OutputFormat(kind="json")
    if kind != "json_schema":
        raise _bad("response_format.type", f"is {str(kind)[:40]!r}; it must be text, json_object or json_schema")
    schema = _want(shape.get("json_schema"), dict, "response_format.json_schema")
    return OutputFormat(
        kind="json_schema",
        name=schema.get("name") or "",
        description=schema.get("description") or "",
        schema=_want(schema.get("schema") or {}, dict, "response_format.json_schema.schema"),
        strict=bool(schema.get("strict")),
    )


def _render_message(message: Message) -> Json:
    wire: Json = {"role": message.role}
    if len(message.parts) == 1 and isinstance(message.parts[0], TextPart):
        wire["content"] = message.parts[0].text
    elif message.parts:
        wire["content"] = [_render_part(part) for part in message.parts]
    else:
        wire["content"] = None if message.tool_calls or message.refusal else ""
    if message.name:
        wire["name"] = message.name
    if message.tool_calls:
        wire["tool_calls"] = [
            {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}
            for call in message.tool_calls
        ]
    if message.tool_call_id:
        wire["tool_call_id"] = message.tool_call_id
    if message.refusal:
        wire["refusal"] = message.refusal
    if message.reasoning:
        wire["reasoning_content"] = message.reasoning
    return wire | message.extra


def _render_part(part: Part) -> Json:
    if isinstance(part, TextPart):
        return {"type": "text", "text": part.text}
    if isinstance(part, ImagePart):
        return {"type": "image_url", "image_url": _filled(url=part.url, detail=part.detail)}
    if isinstance(part, AudioPart):
        return {"type": "input_audio", "input_audio": {"data": part.data, "format": part.format}}
    return {"type": "file", "file": _filled(file_id=part.file_id, file_data=part.data, filename=part.name)}


def _render_tool(tool: Tool) -> Json:
    function = {"name": tool.name} | _filled(
        description=tool.description, parameters=tool.parameters, strict=tool.strict
    )
    return {"type": "function", "function": function}


def _render_format(shape: OutputFormat) -> Json:
    if shape.kind == "text":
        return {"type": "text"}
    if shape.kind == "json":
        return {"type": "json_object"}
    schema = _filled(name=shape.name, description=shape.description, schema=shape.schema, strict=shape.strict)
    return {"type": "json_schema", "json_schema": schema}


# ---------------------------------------------------------------- answer
def parse_response(body: bytes) -> ChatResponse:
    """The answer in `body`. Raises UpstreamFailed `invalid_answer` where it is none."""
    try:
        rest = dict(_want(_decode(body), dict, "body"))
        usage = rest.pop("usage", None)
        rest.pop("object", None)
        return ChatResponse(
            id=str(rest.pop("id", None) or ""),
            created_s=int(rest.pop("created", None) or 0),
            model=str(rest.pop("model", None) or ""),
            choices=tuple(
                _parse_choice(choice, f"choices[{at}]")
                for at, choice in enumerate(_want(rest.pop("choices", None), list, "choices"))
            ),
            usage=parse_usage(usage) if usage else None,
            extra=rest,
        )
    except (BadInput, TypeError, ValueError) as error:
        raise UpstreamFailed("invalid_answer", f"the upstream's answer is no chat completion: {error}") from error


def render_response(response: ChatResponse) -> bytes:
    """The body of an answer."""
    wire: Json = {
        "id": response.id,
        "object": "chat.completion",
        "created": response.created_s,
        "model": response.model,
        "choices": [
            {
                "index": choice.index,
                "message": {"role": "assistant", "content": None, **_render_message(choice.message)},
                "logprobs": choice.logprobs,
                "finish_reason": choice.finish,
            }
            for choice in response.choices
        ],
    }
    if response.usage is not None:
        wire["usage"] = render_usage(response.usage)
    return msgspec.json.encode(wire | response.extra)


def _parse_choice(raw: object, path: str) -> Choice:
    choice = _want(raw, dict, path)
    message = {"role": "assistant", **_want(choice.get("message"), dict, f"{path}.message")}
    return Choice(
        index=int(choice.get("index") or 0),
        message=_parse_message(message, f"{path}.message"),
        finish=_FINISH.get(str(choice.get("finish_reason"))),
        logprobs=choice.get("logprobs"),
    )


def parse_usage(wire: Mapping[str, Any]) -> Usage:
    """Token counts; what is missing counts as 0."""
    inputs = wire.get("prompt_tokens_details") or {}
    outputs = wire.get("completion_tokens_details") or {}
    return Usage(
        input_tokens=int(wire.get("prompt_tokens") or 0),
        output_tokens=int(wire.get("completion_tokens") or 0),
        cached_tokens=int(inputs.get("cached_tokens") or 0),
        input_audio_tokens=int(inputs.get("audio_tokens") or 0),
        reasoning_tokens=int(outputs.get("reasoning_tokens") or 0),
        output_audio_tokens=int(outputs.get("audio_tokens") or 0),
    )


def render_usage(usage: Usage) -> Json:
    """`usage` on the wire."""
    wire: Json = {
        "prompt_tokens": usage.input_tokens,
        "completion_tokens": usage.output_tokens,
        "total_tokens": usage.input_tokens + usage.output_tokens,
    }
    inputs = _filled(cached_tokens=usage.cached_tokens, audio_tokens=usage.input_audio_tokens)
    outputs = _filled(reasoning_tokens=usage.reasoning_tokens, audio_tokens=usage.output_audio_tokens)
    return wire | _filled(prompt_tokens_details=inputs, completion_tokens_details=outputs)


# ---------------------------------------------------------------- stream
class StreamParser:
    """Turns the events of one stream (as `sse.SseCutter` cuts them) into `core.chat` events."""

    def __init__(self) -> None:
        self.done = False  # [DONE] was seen
        self._started = False

    def feed(self, event: bytes) -> list[StreamEvent]:
        """What one SSE event says; empty for comments. Raises UpstreamFailed for one that is no chunk."""
        data = data_of(event)
        if data is None or not data.strip():
            return []
        if data.strip() == b"[DONE]":
            self.done = True
            return []
        try:
            return list(self._events(_want(_decode(data), dict, "chunk")))
        except (BadInput, TypeError, ValueError) as error:
            raise UpstreamFailed("invalid_chunk", f"the upstream's stream has a broken chunk: {error}") from error

    def _events(self, chunk: Json) -> Iterator[StreamEvent]:
        if error := chunk.get("error"):
            detail = error if isinstance(error, dict) else {"message": str(error)}
            yield Failed(
                message=str(detail.get("message") or ""),
                kind=str(detail.get("type") or "server_error"),
                code=str(detail.get("code") or ""),
            )
            return
        if not self._started:
            self._started = True
            known = {"id", "created", "model", "object", "choices", "usage"}
            yield Started(
                id=str(chunk.get("id") or ""),
                created_s=int(chunk.get("created") or 0),
                model=str(chunk.get("model") or ""),
                extra={name: value for name, value in chunk.items() if name not in known},
            )
        for choice in chunk.get("choices") or []:
            yield from _choice_events(_want(choice, dict, "choices"))
        if usage := chunk.get("usage"):
            yield Counted(usage=parse_usage(usage))


def _choice_events(choice: Json) -> Iterator[StreamEvent]:
    index = int(choice.get("index") or 0)
    delta = choice.get("delta") or {}
    text, refusal = delta.get("content") or "", delta.get("refusal") or ""
    reasoning = delta.get("reasoning_content") or delta.get("reasoning") or ""
    if text or refusal or reasoning:
        yield Delta(index=index, text=text, refusal=refusal, reasoning=reasoning)
    for call in delta.get("tool_calls") or []:
        function = call.get("function") or {}
        yield ToolDelta(
            index=index,
            call=int(call.get("index") or 0),
            id=call.get("id") or "",
            name=function.get("name") or "",
            arguments=function.get("arguments") or "",
        )
    if reason := choice.get("finish_reason"):
        yield Finished(index=index, reason=_FINISH.get(reason, "stop"))


class StreamRenderer:
    """Turns `core.chat` events into SSE events of one stream."""

    def __init__(self, *, include_usage: bool) -> None:
        self._include_usage = include_usage
        self._base: Json = {"id": "", "object": "chat.completion.chunk", "created": 0, "model": ""}
        self._roles_sent: set[int] = set()

    def feed(self, event: StreamEvent) -> bytes:
        """The bytes for one event; empty for what this client did not ask for."""
        if isinstance(event, Started):
            self._base |= {"id": event.id, "created": event.created_s, "model": event.model} | event.extra
            return b""
        if isinstance(event, Counted):
            if not self._include_usage:
                return b""
            return self._chunk([], usage=render_usage(event.usage))
        if isinstance(event, Failed):
            detail = {"message": event.message, "type": event.kind, "param": None, "code": event.code or None}
            return event_of(msgspec.json.encode({"error": detail}))
        if isinstance(event, Finished):
            return self._choice(event.index, {}, event.reason)
        if isinstance(event, ToolDelta):
            function = _filled(name=event.name) | {"arguments": event.arguments}
            call: Json = {"index": event.call, "function": function}
            if event.id:
                call |= {"id": event.id, "type": "function"}
            return self._choice(event.index, {"tool_calls": [call]}, None)
        if isinstance(event, ThoughtEnded):
            return b""
        words = _filled(content=event.text, refusal=event.refusal, reasoning_content=event.reasoning)
        return self._choice(event.index, words, None)

    def done(self) -> bytes:
        """The end of the stream."""
        return DONE

    def _choice(self, index: int, delta: Json, finish: FinishReason | None) -> bytes:
        if index not in self._roles_sent:
            self._roles_sent.add(index)
            delta = {"role": "assistant", **delta}
        return self._chunk([{"index": index, "delta": delta, "logprobs": None, "finish_reason": finish}])

    def _chunk(self, choices: Sequence[Json], **more: Any) -> bytes:
        return event_of(msgspec.json.encode({**self._base, "choices": choices, **more}))


# ---------------------------------------------------------------- small things
def _decode(body: bytes) -> Any:
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BadInput("invalid_json", f"the body is not valid JSON: {error}") from None


def _want(value: object, kind: type[T], path: str) -> T:
    if not isinstance(value, kind):
        found = "missing" if value is None else f"of type {type(value).__name__}"
        raise _bad(path, f"is {found}; it must be of type {kind.__name__}")
    return value


def _maybe(value: object, kind: type[T], path: str) -> T | None:
    return None if value is None else _want(value, kind, path)


def _want_value(value: object, name: str) -> object:
    if name in _NUMBERS:
        return float(value) if isinstance(value, int) else _want(value, float, name)
    return _want(value, bool if name == "logprobs" else int, name)


def _bad(path: str, sentence: str) -> BadInput:
    return BadInput("invalid_field", f"`{path}` {sentence}", where=path)


def _filled(**fields: Any) -> Json:
    return {name: value for name, value in fields.items() if value}


def _parse(body: bytes, model: str, stream: bool | None) -> ChatRequest:
    return msgspec.structs.replace(parse_request(body), dialect="openai_chat")


def _render(request: ChatRequest, capabilities: Capabilities, losses: Losses) -> bytes:
    return render_request(request)


def _parse_error(status: int, body: bytes) -> UpstreamError:
    return UpstreamError(message=body[:500].decode(errors="replace"))


DIALECT = Dialect(
    name="openai_chat",
    title="OpenAI chat completions",
    parse_request=_parse,
    render_request=_render,
    parse_response=parse_response,
    render_response=lambda response, request: render_response(response),
    stream_parser=StreamParser,
    stream_renderer=lambda request: StreamRenderer(include_usage=request.include_usage),
    parse_error=_parse_error,
    render_error=lambda error, request_id: render_error(error),
)
