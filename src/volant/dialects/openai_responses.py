"""OpenAI responses: between the wire and `core.chat`, both ways.

Knows requests; items, answers and streams have modules of their own. We keep no conversations: `previous_response_id`,
`conversation` and item references work where the provider of the deployment speaks this dialect, which has them, and
are refused where a request is translated. A request that came in another dialect is sent with `store: false`.

Source: OpenAI API reference, "Create a model response" (read November 2026).
"""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec.structs import replace

from volant.core.capabilities import Capabilities
from volant.core.chat import (
    ChatRequest,
    FilePart,
    Json,
    Message,
    OutputFormat,
    Reasoning,
    Sampling,
    TextPart,
    Tool,
    ToolChoice,
)
from volant.dialects.dialect import Dialect, Losses
from volant.dialects.fields import bad, decode, listed, maybe, number, want, words
from volant.dialects.fitting import effort_of, fit, naturalise, shown_by_user, thoughts_for, unsigned
from volant.dialects.openai_errors import parse_error, render_error
from volant.dialects.openai_messages import parse_schema
from volant.dialects.openai_responses_answer import (
    TITLE,
    parse_response,
    render_choice,
    render_format,
    render_response,
    render_tool,
)
from volant.dialects.openai_responses_items import NAME, parse_input, render_input
from volant.dialects.openai_responses_stream import StreamParser
from volant.dialects.openai_responses_writer import StreamRenderer
from volant.dialects.openai_tools import CUSTOM, custom_names, custom_tool

_LOGPROBS = "message.output_text.logprobs"
_ENCRYPTED = "reasoning.encrypted_content"
_REFERENCE = "item_reference"  # in `extra`: ids that the input only refers to; not a field of the wire


# ---------------------------------------------------------------- ingress
def parse_request(body: bytes, model: str, stream: bool | None) -> ChatRequest:
    """The request in `body`. Raises BadInput `invalid_json` with the position, or `invalid_field` with the path."""
    rest = dict(want(decode(body), dict, "body"))
    take = rest.pop
    messages, references = parse_input(take("input", None) or [])
    if instructions := take("instructions", None):
        text = want(instructions, str, "instructions")
        messages = (Message(role="system", parts=(TextPart(text=text),)), *messages)
    tools, own_tools = _parse_tools(take("tools", None))
    shape = _parse_text(rest)
    if references:
        rest[_REFERENCE] = list(references)
    return ChatRequest(
        model=want(take("model", None), str, "model"),
        messages=messages,
        tools=tools,
        own_tools=own_tools,
        tool_choice=_parse_choice(rest),
        parallel_tool_calls=maybe(take("parallel_tool_calls", None), bool, "parallel_tool_calls"),
        sampling=_parse_sampling(rest),
        output_format=shape,
        reasoning=_parse_reasoning(take("reasoning", None)),
        stream=bool(maybe(take("stream", None), bool, "stream")),
        include_usage=True,
        user=words(take("user", None), "user") or words(rest.get("safety_identifier"), "safety_identifier"),
        metadata=want(take("metadata", None) or {}, dict, "metadata"),
        extra={name: value for name, value in rest.items() if value is not None},
        dialect=NAME,
    )


def _parse_sampling(rest: Json) -> Sampling:
    include = [word for word in listed(rest.get("include"), "include") if word != _LOGPROBS]
    wants_logprobs = len(include) < len(rest.get("include") or ())
    if "include" in rest:
        rest["include"] = include or None
    return Sampling(
        temperature=number(rest.pop("temperature", None), "temperature"),
        top_p=number(rest.pop("top_p", None), "top_p"),
        max_tokens=maybe(rest.pop("max_output_tokens", None), int, "max_output_tokens"),
        logprobs=True if wants_logprobs else None,
        top_logprobs=maybe(rest.pop("top_logprobs", None), int, "top_logprobs"),
    )


def _parse_text(rest: Json) -> OutputFormat | None:
    text = dict(want(rest.pop("text", None) or {}, dict, "text"))
    raw = text.pop("format", None)
    if text:
        rest["text"] = text  # verbosity
    if raw is None:
        return None
    shape = want(raw, dict, "text.format")
    kind = shape.get("type")
    if kind == "text":
        return OutputFormat(kind="text")
    if kind == "json_object":
        return OutputFormat(kind="json")
    if kind != "json_schema":
        raise bad("text.format.type", f"is {str(kind)[:40]!r}; it must be text, json_object or json_schema")
    return parse_schema(shape, "text.format")


def _parse_reasoning(raw: object) -> Reasoning | None:
    if raw is None:
        return None
    own = want(raw, dict, "reasoning")
    summary = own.get("summary") or own.get("generate_summary")
    return Reasoning(effort=words(own.get("effort"), "reasoning.effort"), shown=bool(summary), own=own)


def _parse_tools(raw: object) -> tuple[tuple[Tool, ...], tuple[Json, ...]]:
    tools: list[Tool] = []
    own: list[Json] = []
    for at, one in enumerate(listed(raw, "tools")):
        tool, path = dict(want(one, dict, f"tools[{at}]")), f"tools[{at}]"
        kind = tool.get("type")
        if kind not in ("function", CUSTOM):
            own.append(tool)
            continue
        del tool["type"]
        name = want(tool.pop("name", None), str, f"{path}.name")
        description = words(tool.pop("description", None), f"{path}.description")
        if kind == CUSTOM:
            tools.append(custom_tool(name, description, tool))
            continue
        tools.append(
            Tool(
                name=name,
                description=description,
                parameters=want(tool.pop("parameters", None) or {}, dict, f"{path}.parameters"),
                strict=bool(maybe(tool.pop("strict", None), bool, f"{path}.strict")),
                extra=tool,
            )
        )
    return tuple(tools), tuple(own)


def _parse_choice(rest: Json) -> ToolChoice | None:
    raw = rest.get("tool_choice")
    if isinstance(raw, dict) and raw.get("type") not in ("function", CUSTOM):
        return None  # one of the provider's own tools, "allowed_tools": stays in `extra`
    rest.pop("tool_choice", None)
    if raw is None:
        return None
    if isinstance(raw, str):
        if raw not in ("auto", "none", "required"):
            raise bad("tool_choice", f"is {raw[:40]!r}; it must be auto, none, required or a tool")
        return ToolChoice(mode=raw)  # type: ignore[arg-type]  # checked above
    choice = want(raw, dict, "tool_choice")
    return ToolChoice(mode="tool", name=want(choice.get("name"), str, "tool_choice.name"))


# ---------------------------------------------------------------- egress
def render_request(request: ChatRequest, capabilities: Capabilities, losses: Losses) -> bytes:
    """The request as one provider takes it. Raises BadInput `not_supported`."""
    foreign = request.dialect != NAME
    can = replace(capabilities, stop=False, seed=False, penalties=False, top_k=False, choices=False, audio=False)
    request = naturalise(fit(request, can, losses), (NAME,), losses)
    customs = custom_names(request.tools)
    turns = unsigned(request.messages, losses)
    turns = shown_by_user(turns, losses) if foreign else turns
    messages = [_fit_message(message, request, losses) for message in turns]
    wire: Json = {"model": request.model}
    if messages and messages[0].role == "system" and all(isinstance(part, TextPart) for part in messages[0].parts):
        wire["instructions"] = messages.pop(0).text
    wire["input"] = render_input(messages, customs)
    if request.tools or request.own_tools:
        wire["tools"] = [*(render_tool(tool) for tool in request.tools), *request.own_tools]
    if request.tool_choice is not None:
        wire["tool_choice"] = render_choice(request)
    if request.parallel_tool_calls is not None:
        wire["parallel_tool_calls"] = request.parallel_tool_calls
    sampling = request.sampling
    for name, value in (
        ("temperature", sampling.temperature),
        ("top_p", sampling.top_p),
        ("max_output_tokens", sampling.max_tokens),
        ("top_logprobs", sampling.top_logprobs),
    ):
        if value is not None:
            wire[name] = value
    if request.output_format is not None:
        wire["text"] = {"format": render_format(request)}
    if request.reasoning is not None and (reasoning := _render_reasoning(request.reasoning, foreign, losses)):
        wire["reasoning"] = reasoning
    if request.stream:
        wire["stream"] = True
    if request.user and request.user != request.extra.get("safety_identifier"):
        wire["user"] = request.user
    if request.metadata and not foreign:
        wire["metadata"] = request.metadata
    elif request.metadata:
        losses.drop("metadata")
    _add_extra(wire, request.extra)
    if foreign:
        wire["store"] = False
        if request.reasoning is not None:
            wire["include"] = [_ENCRYPTED]
    if sampling.logprobs:
        wire["include"] = [*wire.get("include", []), _LOGPROBS]
    return msgspec.json.encode(wire)


def _add_extra(wire: Json, extra: Json) -> None:
    for name, value in extra.items():
        if name == "text":
            wire["text"] = wire.get("text", {}) | value
        elif name != _REFERENCE:
            wire[name] = value


def _render_reasoning(reasoning: Reasoning, foreign: bool, losses: Losses) -> Json:
    if not foreign and reasoning.own:
        return reasoning.own
    effort = effort_of(reasoning, losses)
    return ({"effort": effort} if effort else {}) | ({"summary": "auto"} if reasoning.shown else {})


def _fit_message(message: Message, request: ChatRequest, losses: Losses) -> Message:
    changes: dict[str, Any] = {}
    if message.thoughts:
        changes["thoughts"] = thoughts_for((NAME,), message.thoughts, losses)
    if message.failed:
        losses.drop("is_error", "the tool's words are sent without it")
    if message.name and message.role != "tool":
        losses.drop("name", "messages have no names")
    if not request.dialect.startswith("openai") and any(
        isinstance(part, FilePart) and part.file_id for part in message.parts
    ):
        losses.refuse("file", "the id is of another provider; send the file itself")
    if any(isinstance(part, FilePart) and part.data and not part.name for part in message.parts):
        changes["parts"] = tuple(
            replace(part, name="document") if isinstance(part, FilePart) and part.data and not part.name else part
            for part in message.parts
        )
    return replace(message, **changes) if changes else message


# ---------------------------------------------------------------- the dialect
DIALECT = Dialect(
    name=NAME,
    title=TITLE,
    parse_request=parse_request,
    render_request=render_request,
    parse_response=parse_response,
    render_response=render_response,
    stream_parser=StreamParser,
    stream_renderer=StreamRenderer,
    parse_error=parse_error,
    render_error=render_error,
)
