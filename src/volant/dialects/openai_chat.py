"""OpenAI chat completions: between the wire and `core.chat`, both ways; for OpenAI and all that copy it.

Knows requests; messages, answers and streams have modules of their own. What came in this dialect goes out unchanged;
what came in another is bent to what these servers take, and every loss is named.
Source: OpenAI API reference, "Create chat completion" (read November 2026).
"""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec.structs import replace

from volant.core.capabilities import Capabilities
from volant.core.chat import (
    ChatRequest,
    ChatResponse,
    FilePart,
    Json,
    Message,
    Part,
    Reasoning,
    Role,
    Sampling,
)
from volant.dialects.dialect import Dialect, Losses
from volant.dialects.fields import decode, listed, maybe, number, want, words
from volant.dialects.fitting import effort_of, fit, naturalise, shown_by_user, thoughts_for, unsigned
from volant.dialects.openai_answers import (
    TITLE,
    StreamParser,
    StreamRenderer,
    finish_word,
    parse_response,
    render_response,
)
from volant.dialects.openai_errors import parse_error, render_error
from volant.dialects.openai_messages import (
    parse_format,
    parse_message,
    parse_tool_choice,
    parse_tools,
    render_format,
    render_message,
    render_tool,
    render_tool_choice,
)
from volant.dialects.openai_tools import custom_names
from volant.dialects.signed_ids import signed_calls

NAME = "openai_chat"
_NUMBERS = ("temperature", "top_p", "frequency_penalty", "presence_penalty")
_COUNTS = ("top_k", "seed", "n", "top_logprobs")


# ---------------------------------------------------------------- ingress
def parse_request(body: bytes, model: str = "") -> ChatRequest:
    """The request in `body`; `model` where it is known without it.

    Raises BadInput `invalid_json` with the position, or `invalid_field` with the path.
    """
    rest = dict(want(decode(body), dict, "body"))
    take = rest.pop
    said = take("model", None)
    options = dict(want(take("stream_options", None) or {}, dict, "stream_options"))
    include_usage = bool(options.pop("include_usage", None))
    if options:
        rest["stream_options"] = options
    if isinstance(rest.get("tool_choice"), dict) and rest["tool_choice"].get("type") not in ("function", "custom"):
        choice = None  # "allowed_tools" and what else may come: in `extra`, as it is
    else:
        choice = parse_tool_choice(take("tool_choice", None))
    tools, own_tools = parse_tools(take("tools", None))
    effort = maybe(take("reasoning_effort", None), str, "reasoning_effort")
    return ChatRequest(
        model=model or want(said, str, "model"),
        messages=tuple(
            parse_message(message, f"messages[{at}]")
            for at, message in enumerate(want(take("messages", None), list, "messages"))
        ),
        tools=tools,
        own_tools=own_tools,
        tool_choice=choice,
        parallel_tool_calls=maybe(take("parallel_tool_calls", None), bool, "parallel_tool_calls"),
        sampling=_parse_sampling(rest),
        output_format=parse_format(take("response_format", None)),
        reasoning=Reasoning(effort=effort, shown=effort != "none") if effort else None,
        stream=bool(maybe(take("stream", None), bool, "stream")),
        include_usage=include_usage,
        user=words(take("user", None), "user") or words(rest.get("safety_identifier"), "safety_identifier"),
        metadata=want(take("metadata", None) or {}, dict, "metadata"),
        extra={name: value for name, value in rest.items() if value is not None},
        dialect=NAME,
    )


def _parse_sampling(rest: Json) -> Sampling:
    limit, old_limit = rest.pop("max_completion_tokens", None), rest.pop("max_tokens", None)
    stop = rest.pop("stop", None)
    found: Json = {name: number(rest.pop(name, None), name) for name in _NUMBERS}
    found |= {name: maybe(rest.pop(name, None), int, name) for name in _COUNTS}
    return Sampling(
        max_tokens=maybe(limit if limit is not None else old_limit, int, "max_completion_tokens"),
        stop=(stop,) if isinstance(stop, str) else tuple(want(word, str, "stop") for word in listed(stop, "stop")),
        logprobs=maybe(rest.pop("logprobs", None), bool, "logprobs"),
        **found,
    )


# ---------------------------------------------------------------- egress
def render_request(request: ChatRequest) -> bytes:
    """The request as it is, nothing bent and nothing left out: for records, and for what came in this dialect."""
    return msgspec.json.encode(_wire(request, "max_tokens"))


def _wire(request: ChatRequest, limit_field: str) -> Json:
    customs = custom_names(request.tools)
    wire: Json = {
        "model": request.model,
        "messages": [render_message(message, customs) for message in request.messages],
    }
    if request.tools or request.own_tools:
        wire["tools"] = [*(render_tool(tool) for tool in request.tools), *request.own_tools]
    if request.tool_choice is not None:
        wire["tool_choice"] = render_tool_choice(request.tool_choice, customs)
    if request.parallel_tool_calls is not None:
        wire["parallel_tool_calls"] = request.parallel_tool_calls
    sampling = request.sampling
    wire |= {
        name: value for name in (*_NUMBERS, *_COUNTS, "logprobs") if (value := getattr(sampling, name)) is not None
    }
    if sampling.max_tokens is not None:
        wire[limit_field] = sampling.max_tokens
    if sampling.stop:
        wire["stop"] = list(sampling.stop)
    if request.output_format is not None:
        wire["response_format"] = render_format(request.output_format)
    if request.reasoning is not None and request.reasoning.effort:
        wire["reasoning_effort"] = request.reasoning.effort
    if request.stream:
        wire["stream"] = True
    if request.user and request.user != request.extra.get("safety_identifier"):
        wire["user"] = request.user
    if request.metadata:
        wire["metadata"] = request.metadata
    wire |= request.extra
    if request.include_usage:
        wire["stream_options"] = {**wire.get("stream_options", {}), "include_usage": True}
    return wire


def render_for(request: ChatRequest, capabilities: Capabilities, losses: Losses) -> bytes:
    """The request as one provider takes it. Raises BadInput `not_supported`."""
    foreign = request.dialect != NAME
    request = naturalise(fit(request, capabilities, losses), (NAME,), losses)
    reasoning = request.reasoning
    if reasoning is not None:
        effort = effort_of(reasoning, losses)
        if reasoning.shown and foreign and not capabilities.reasoning_content:
            losses.drop("reasoning summary", "chat completions of this provider do not show the thinking")
        request = replace(request, reasoning=replace(reasoning, effort=effort))
    if foreign and request.metadata:
        losses.drop("metadata")
        request = replace(request, metadata={})
    speechless: tuple[Role, ...] = ("tool", "assistant") if foreign else ("tool",)  # whose turns hold text only
    request = replace(request, messages=shown_by_user(unsigned(request.messages, losses), losses, speechless))
    request = replace(request, messages=tuple(_fit_messages(request, capabilities, losses)))
    return msgspec.json.encode(_wire(request, capabilities.limit_field))


def _fit_messages(request: ChatRequest, can: Capabilities, losses: Losses) -> list[Message]:
    fitted: list[Message] = []
    for message in request.messages:
        changes: dict[str, Any] = {}
        if message.role == "developer" and not can.developer_role:
            changes["role"] = "system"
        if message.thoughts:
            taken = ("", NAME) if can.reasoning_content else ()
            changes["thoughts"] = thoughts_for(taken, message.thoughts, losses)
        if message.failed:
            losses.drop("is_error", "the tool's words are sent without it")
        if any(isinstance(part, FilePart) for part in message.parts):
            changes["parts"] = tuple(_file(part, request, losses) for part in message.parts)
        fitted.append(replace(message, **changes) if changes else message)
    return fitted


def _file(part: Part, request: ChatRequest, losses: Losses) -> Part:
    if not isinstance(part, FilePart):
        return part
    if part.file_id and not request.dialect.startswith("openai"):
        losses.refuse("file", "the id is of another provider; send the file itself")
    if part.url:
        losses.refuse("file", "chat completions take no URLs of files; send the file itself")
    return part if part.name or part.file_id else replace(part, name="document")


# ---------------------------------------------------------------- the dialect
def _parse(body: bytes, model: str, stream: bool | None) -> ChatRequest:
    return parse_request(body, model)


def _render_response(response: ChatResponse, request: ChatRequest) -> bytes:
    if response.dialect not in ("", NAME):
        choices = tuple(replace(choice, finish=finish_word(choice.finish)) for choice in response.choices)
        response = replace(response, choices=choices)
    choices = tuple(replace(choice, message=signed_calls(choice.message)) for choice in response.choices)
    return render_response(replace(response, choices=choices), custom_names(request.tools))


def _stream_renderer(request: ChatRequest) -> StreamRenderer:
    return StreamRenderer(include_usage=request.include_usage, customs=custom_names(request.tools))


DIALECT = Dialect(
    name=NAME,
    title=TITLE,
    parse_request=_parse,
    render_request=render_for,
    parse_response=parse_response,
    render_response=_render_response,
    stream_parser=StreamParser,
    stream_renderer=_stream_renderer,
    parse_error=parse_error,
    render_error=render_error,
)

__all__ = [
    "DIALECT",
    "StreamParser",
    "StreamRenderer",
    "parse_request",
    "parse_response",
    "render_request",
    "render_response",
]
