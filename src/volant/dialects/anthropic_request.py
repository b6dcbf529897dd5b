"""Anthropic messages, the request: between the wire and `core.chat`, both ways.

Of the conversation itself `anthropic_turns` knows.

Source: Anthropic API reference, "Create a Message" (versions 2023-06-01 and 2026-10-21); anthropic SDK 2.12.
"""

from __future__ import annotations

import msgspec
from msgspec.structs import replace

from volant.core.capabilities import Capabilities
from volant.core.chat import (
    ChatRequest,
    Json,
    OutputFormat,
    Sampling,
    Tool,
    ToolChoice,
)
from volant.dialects import anthropic_blocks as blocks
from volant.dialects import anthropic_thinking as thinking
from volant.dialects.anthropic_schema import closed_schema
from volant.dialects.anthropic_turns import parse_system, parse_turn, render_turns
from volant.dialects.dialect import Losses
from volant.dialects.fields import bad, decode, filled, listed, maybe, number, want, words
from volant.dialects.fitting import fit, naturalise

NAME = blocks.NAME
_CHOICES = {"auto": "auto", "any": "required", "none": "none", "tool": "tool"}
_CHOICES_BACK = {ours: theirs for theirs, ours in _CHOICES.items()}


# ---------------------------------------------------------------- from the wire
def parse_request(body: bytes, model: str = "", stream: bool | None = None) -> ChatRequest:
    """The request in `body`. Raises BadInput `invalid_json` with the position, or `invalid_field` with the path."""
    rest = dict(want(decode(body), dict, "body"))
    take = rest.pop
    config = dict(maybe(take("output_config", None), dict, "output_config") or {})
    shape = config.pop("format", None)
    shape = take("output_format", None) if shape is None else shape  # a beta's name for it
    reasoning = thinking.parse_reasoning(take("thinking", None), config)
    choice = maybe(take("tool_choice", None), dict, "tool_choice")
    tools = [want(tool, dict, f"tools[{at}]") for at, tool in enumerate(listed(take("tools", None), "tools"))]
    metadata = dict(maybe(take("metadata", None), dict, "metadata") or {})
    said_model = take("model", None)
    said_stream = maybe(take("stream", None), bool, "stream")
    turns = listed(want(take("messages", None), list, "messages"), "messages")
    messages = parse_system(take("system", None))
    for at, turn in enumerate(turns):
        messages += parse_turn(turn, f"messages[{at}]")
    request = ChatRequest(
        model=model or want(said_model, str, "model"),
        messages=tuple(messages),
        tools=tuple(_parse_tool(tool, f"tools[{at}]") for at, tool in enumerate(tools) if _is_function(tool)),
        own_tools=tuple(tool for tool in tools if not _is_function(tool)),
        tool_choice=_parse_choice(choice),
        parallel_tool_calls=_parse_parallel(choice),
        sampling=_parse_sampling(rest),
        output_format=_parse_format(shape),
        reasoning=reasoning,
        stream=bool(said_stream if stream is None else stream),
        include_usage=True,  # a stream of this dialect always says it
        user=words(metadata.pop("user_id", None), "metadata.user_id"),
        dialect=NAME,
    )
    return replace(request, extra=rest | filled(output_config=config, metadata=metadata))


def _parse_sampling(rest: Json) -> Sampling:
    take = rest.pop
    stops = listed(take("stop_sequences", None), "stop_sequences")
    return Sampling(
        max_tokens=maybe(take("max_tokens", None), int, "max_tokens"),
        temperature=number(take("temperature", None), "temperature"),
        top_p=number(take("top_p", None), "top_p"),
        top_k=maybe(take("top_k", None), int, "top_k"),
        stop=tuple(want(one, str, f"stop_sequences[{at}]") for at, one in enumerate(stops)),
    )


def _is_function(tool: Json) -> bool:
    return tool.get("type") in (None, "custom")


def _parse_tool(tool: Json, path: str) -> Tool:
    known = ("type", "name", "description", "input_schema", "strict")
    return Tool(
        name=want(tool.get("name"), str, f"{path}.name"),
        description=words(tool.get("description"), f"{path}.description"),
        parameters=want(tool.get("input_schema"), dict, f"{path}.input_schema"),
        strict=bool(maybe(tool.get("strict"), bool, f"{path}.strict")),
        extra={name: value for name, value in tool.items() if name not in known and value is not None},
    )


def _parse_choice(choice: Json | None) -> ToolChoice | None:
    if choice is None:
        return None
    kind = want(choice.get("type"), str, "tool_choice.type")
    if kind not in _CHOICES:
        raise bad("tool_choice.type", f"is {kind[:40]!r}; it must be auto, any, tool or none")
    name = want(choice.get("name"), str, "tool_choice.name") if kind == "tool" else ""
    return ToolChoice(mode=_CHOICES[kind], name=name)  # type: ignore[arg-type]  # checked


def _parse_parallel(choice: Json | None) -> bool | None:
    alone = maybe((choice or {}).get("disable_parallel_tool_use"), bool, "tool_choice.disable_parallel_tool_use")
    return None if alone is None else not alone


def _parse_format(raw: object) -> OutputFormat | None:
    shape = maybe(raw, dict, "output_config.format")
    if shape is None:
        return None
    if shape.get("type") != "json_schema":
        raise bad("output_config.format.type", f"is {str(shape.get('type'))[:40]!r}; it must be json_schema")
    schema = want(shape.get("schema"), dict, "output_config.format.schema")
    return OutputFormat(kind="json_schema", name="output", schema=schema, strict=True)


# ---------------------------------------------------------------- to the wire
def render_request(request: ChatRequest, capabilities: Capabilities, losses: Losses) -> bytes:
    """The body to send. Raises BadInput `not_supported` for what Anthropic cannot take."""
    return msgspec.json.encode(render_wire(request, capabilities, losses))


def render_wire(request: ChatRequest, capabilities: Capabilities, losses: Losses) -> Json:
    """As `render_request`, not yet written down."""
    own = request.dialect == NAME
    # the caller's own words about sampling fit the API version that the caller asks for
    request = fit(request, replace(capabilities, sampling=True, top_k=True) if own else capabilities, losses)
    request = naturalise(request, (NAME,), losses)
    if not own:
        request = _translated(request, losses)
    wire: Json = {"model": request.model}
    system, turns = render_turns(request, losses)
    if system:
        wire["system"] = system[0]["text"] if len(system) == 1 and system[0].keys() == {"type", "text"} else system
    wire["messages"] = turns
    if request.tools or request.own_tools:
        wire["tools"] = [_render_tool(tool, own, losses) for tool in request.tools] + list(request.own_tools)
        wire |= filled(tool_choice=_render_choice(request))
    elif request.tool_choice is not None and request.tool_choice.mode in ("required", "tool"):
        losses.refuse("tool_choice", "there are no tools to choose from")
    wire |= _render_sampling(request)
    extra = dict(request.extra)
    metadata = filled(user_id=request.user) | dict(extra.pop("metadata", None) or {})
    config = dict(extra.pop("output_config", None) or {})
    wire |= thinking.render_reasoning(request, config, losses)
    if request.output_format is not None and request.output_format.kind == "json_schema":
        schema = request.output_format.schema
        config["format"] = {"type": "json_schema", "schema": schema if own else closed_schema(schema, losses)}
    wire |= filled(metadata=metadata, output_config=config)
    if request.stream:
        wire["stream"] = True
    return wire | extra


def _translated(request: ChatRequest, losses: Losses) -> ChatRequest:
    """What Anthropic's API has no word for, whatever the model."""
    sampling = request.sampling
    if sampling.n is not None and sampling.n > 1:
        losses.refuse("n", "it gives one answer at a time")
    if sampling.logprobs:
        losses.refuse("logprobs")
    for name in ("seed", "frequency_penalty", "presence_penalty"):
        if getattr(sampling, name):
            losses.drop(name)
    if sampling.temperature is not None and sampling.temperature > 1:
        losses.drop("temperature", "Anthropic's ends at 1, which is sent")
        sampling = replace(sampling, temperature=1.0)
    for stop in sampling.stop:
        if not stop.strip():
            losses.refuse("stop", f"{stop!r} is only white space")
    if request.metadata:
        losses.drop("metadata")
    if request.output_format is not None and request.output_format.kind == "json":
        losses.drop("response_format", "there is no JSON mode without a schema; the words of the prompt ask for it")
    if sampling.max_tokens is None:
        default = thinking.facts_of(request.model).max_tokens
        losses.drop("max_tokens", f"Anthropic needs one, {default} was sent")
        sampling = replace(sampling, max_tokens=default)
    return replace(request, sampling=sampling)


def _render_sampling(request: ChatRequest) -> Json:
    sampling = request.sampling
    said = {"max_tokens": sampling.max_tokens, "temperature": sampling.temperature}
    said |= {"top_p": sampling.top_p, "top_k": sampling.top_k}
    return {name: value for name, value in said.items() if value is not None} | filled(
        stop_sequences=list(sampling.stop)
    )


def _render_tool(tool: Tool, own: bool, losses: Losses) -> Json:
    schema = tool.parameters if own else {"type": "object", **tool.parameters}
    if tool.strict and not own:
        schema = closed_schema(schema, losses)
    wire = {"name": tool.name, "input_schema": schema}
    return wire | filled(description=tool.description, strict=tool.strict) | tool.extra


def _render_choice(request: ChatRequest) -> Json:
    choice, parallel = request.tool_choice, request.parallel_tool_calls
    if choice is None and parallel is not False:
        return {}
    mode = choice.mode if choice is not None else "auto"
    wire: Json = {"type": _CHOICES_BACK[mode]} | filled(name=choice.name if choice is not None else "")
    if parallel is not None and mode != "none":
        wire["disable_parallel_tool_use"] = not parallel
    return wire
