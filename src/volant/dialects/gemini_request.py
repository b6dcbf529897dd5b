"""Gemini's request: body of generateContent and streamGenerateContent, to and from `core.chat`.

What `core.chat` has no word for stands in `extra` under its path: "safetySettings", "generationConfig.speechConfig".
Model and stream are in the path of the URL. Source: Gemini API reference, "generateContent" (read November 2026), and
google-genai 3.4.
"""

from __future__ import annotations

import re
from typing import Any

import msgspec
from msgspec.structs import replace

from volant.core.capabilities import Capabilities
from volant.core.chat import ChatRequest, OutputFormat, Reasoning, Sampling, Tool, ToolChoice
from volant.dialects.dialect import Losses
from volant.dialects.fields import Json, decode, filled, listed, maybe, number, want, words
from volant.dialects.fitting import fit, naturalise
from volant.dialects.gemini_messages import parse_messages, render_messages
from volant.dialects.gemini_schema import from_openapi, to_gemini
from volant.dialects.gemini_wire import NAME, proto, whole_number

_NUMBERS = {
    "temperature": "temperature",
    "topP": "top_p",
    "presencePenalty": "presence_penalty",
    "frequencyPenalty": "frequency_penalty",
}
_COUNTS = {
    "topK": "top_k",
    "candidateCount": "n",
    "maxOutputTokens": "max_tokens",
    "seed": "seed",
    "logprobs": "top_logprobs",
}
_PLAIN_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
_OLD_THINKING = re.compile(r"(models/)?gemini-[12]\b")  # take a budget, not a level
_BUDGETS = {"none": 0, "minimal": 512, "low": 1024, "medium": 8192}  # of those; other efforts: 24576
_LEVELS = {"none": "MINIMAL", "minimal": "MINIMAL", "low": "LOW", "medium": "MEDIUM", "high": "HIGH"}  # others: XHIGH


# ---------------------------------------------------------------- reading
def parse_request(body: bytes, model: str, stream: bool | None) -> ChatRequest:
    """The request in `body` to `model`. Raises BadInput `invalid_json`, or `invalid_field` with the path."""
    return read_request(proto(want(decode(body), dict, "body")), model, stream=bool(stream))


def read_request(wire: Json, model: str, *, stream: bool) -> ChatRequest:
    """As `parse_request`, of decoded JSON in camelCase."""
    take = dict(wire).pop
    rest = {name: value for name, value in wire.items() if name not in _TAKEN}
    config = dict(want(take("generationConfig", None) or {}, dict, "generationConfig"))
    tools, own = _parse_tools(take("tools", None))
    choice, tools, left = _parse_tool_config(take("toolConfig", None), tools)
    sampling = _parse_sampling(config)
    shape = _parse_format(config)
    reasoning = _parse_reasoning(config)
    return ChatRequest(
        model=(model or words(wire.get("model"), "model")).removeprefix("models/"),
        messages=parse_messages(take("contents", None), take("systemInstruction", None)),
        tools=tools,
        tool_choice=choice,
        sampling=sampling,
        output_format=shape,
        reasoning=reasoning,
        stream=stream,
        include_usage=stream,  # Gemini always says it
        own_tools=own,
        dialect=NAME,
        extra=rest | left | {f"generationConfig.{name}": value for name, value in config.items()},
    )


_TAKEN = frozenset({"model", "contents", "systemInstruction", "tools", "toolConfig", "generationConfig"})


def _parse_sampling(config: Json) -> Sampling:
    """Takes its fields out of `config`."""
    said: dict[str, Any] = {}
    for wire, name in _NUMBERS.items():
        said[name] = number(config.pop(wire, None), f"generationConfig.{wire}")
    for wire, name in _COUNTS.items():
        said[name] = whole_number(config.pop(wire, None), f"generationConfig.{wire}")
    logprobs = maybe(config.pop("responseLogprobs", None), bool, "generationConfig.responseLogprobs")
    path = "generationConfig.stopSequences"
    stop = tuple(want(one, str, path) for one in listed(config.pop("stopSequences", None), path))
    return Sampling(stop=stop, logprobs=logprobs, **said)


def _parse_format(config: Json) -> OutputFormat | None:
    """Takes its fields out of `config`."""
    mime = words(config.get("responseMimeType"), "generationConfig.responseMimeType")
    theirs, schema = config.get("responseSchema"), config.get("responseJsonSchema")
    if mime not in ("", "text/plain", "application/json"):
        return None  # e.g. text/x.enum: for Gemini only
    for name in ("responseMimeType", "responseSchema", "responseJsonSchema"):
        config.pop(name, None)
    if theirs is not None:
        schema = from_openapi(theirs, "generationConfig.responseSchema")
    if schema is not None:
        schema = want(schema, dict, "generationConfig.responseJsonSchema")
        title = schema.get("title")
        named = title if isinstance(title, str) and _PLAIN_NAME.fullmatch(title) else ""
        return OutputFormat(kind="json_schema", name=named, schema=schema)
    return OutputFormat(kind="json" if mime == "application/json" else "text") if mime else None


def _parse_reasoning(config: Json) -> Reasoning | None:
    """Takes its fields out of `config`."""
    path = "generationConfig.thinkingConfig"
    if (raw := config.pop("thinkingConfig", None)) is None:
        return None
    thinking = dict(want(raw, dict, path))
    shown = bool(maybe(thinking.pop("includeThoughts", None), bool, f"{path}.includeThoughts"))
    level = words(thinking.pop("thinkingLevel", None), f"{path}.thinkingLevel").lower()
    budget = whole_number(thinking.pop("thinkingBudget", None), f"{path}.thinkingBudget")
    if budget is not None and budget < 0:  # as much as the model likes
        thinking["thinkingBudget"] = budget
        budget = None
    if thinking:
        config["thinkingConfig"] = thinking
    effort = "none" if budget == 0 else "" if level == "thinking_level_unspecified" else level
    return Reasoning(effort=effort, budget_tokens=budget, shown=shown)


def _parse_tools(raw: object) -> tuple[tuple[Tool, ...], tuple[Json, ...]]:
    tools: list[Tool] = []
    own: list[Json] = []
    for at, one in enumerate([raw] if isinstance(raw, dict) else listed(raw, "tools")):
        rest = dict(want(one, dict, f"tools[{at}]"))
        path = f"tools[{at}].functionDeclarations"
        functions = listed(rest.pop("functionDeclarations", None), path)
        tools += [_parse_function(function, f"{path}[{place}]") for place, function in enumerate(functions)]
        own += [{name: value} for name, value in rest.items()]
    return tuple(tools), tuple(own)


def _parse_function(raw: object, path: str) -> Tool:
    rest = dict(want(raw, dict, path))
    theirs, schema = rest.pop("parameters", None), rest.pop("parametersJsonSchema", None)
    if schema is None and theirs is not None:
        schema = from_openapi(theirs, f"{path}.parameters")
    return Tool(
        name=want(rest.pop("name", None), str, f"{path}.name"),
        description=words(rest.pop("description", None), f"{path}.description"),
        parameters=want(schema if schema is not None else {}, dict, f"{path}.parametersJsonSchema"),
        extra=rest,
    )


def _parse_tool_config(raw: object, tools: tuple[Tool, ...]) -> tuple[ToolChoice | None, tuple[Tool, ...], Json]:
    rest = dict(want(raw if raw is not None else {}, dict, "toolConfig"))
    path = "toolConfig.functionCallingConfig"
    calling = want(rest.pop("functionCallingConfig", None) or {}, dict, path)
    mode = words(calling.get("mode"), f"{path}.mode")
    allowed = [
        want(name, str, f"{path}.allowedFunctionNames[{at}]")
        for at, name in enumerate(listed(calling.get("allowedFunctionNames"), f"{path}.allowedFunctionNames"))
    ]
    left = {f"toolConfig.{name}": value for name, value in rest.items()}
    if beside := {name: value for name, value in calling.items() if name not in ("mode", "allowedFunctionNames")}:
        left["toolConfig.functionCallingConfig"] = beside
    if mode == "ANY" and len(allowed) == 1:
        return ToolChoice(mode="tool", name=allowed[0]), tools, left
    if mode == "VALIDATED":
        tools = tuple(replace(tool, strict=True) for tool in tools)
    if allowed:  # to offer no others says the same
        offered = frozenset(allowed)
        tools = tuple(tool for tool in tools if tool.name in offered)
    if mode in ("", "MODE_UNSPECIFIED"):
        return None, tools, left
    known = {"AUTO": "auto", "VALIDATED": "auto", "ANY": "required", "NONE": "none"}
    return ToolChoice(mode=known.get(mode, "auto")), tools, left  # type: ignore[arg-type]  # the values are modes


# ---------------------------------------------------------------- writing
def render_request(request: ChatRequest, capabilities: Capabilities, losses: Losses) -> bytes:
    """The body to send. Raises BadInput `not_supported`."""
    return msgspec.json.encode(write_request(request, capabilities, losses))


def write_request(request: ChatRequest, capabilities: Capabilities, losses: Losses) -> Json:
    """As `render_request`, before it becomes text."""
    request = naturalise(fit(request, capabilities, losses), (NAME,), losses)
    same = request.dialect == NAME
    system, contents = render_messages(request.messages, losses, model=request.model, same=same)
    wire: Json = {"contents": contents}
    if system is not None:
        wire["systemInstruction"] = system
    if tools := _render_tools(request, losses):
        wire["tools"] = tools
    if calling := _render_tool_choice(request):
        wire["toolConfig"] = {"functionCallingConfig": calling}
    if config := _render_config(request, losses):
        wire["generationConfig"] = config
    for said in ("user", "metadata"):
        if getattr(request, said):
            losses.drop(said)
    if request.parallel_tool_calls is False and request.tools:
        losses.drop("parallel_tool_calls", "it may call several functions at once")
    for path, value in request.extra.items():
        head, _, name = path.partition(".")
        if name:
            into = wire.setdefault(head, {})
            mine = into.get(name)
            into[name] = value | mine if isinstance(value, dict) and isinstance(mine, dict) else value
        else:
            wire[head] = value
    return wire


def _render_config(request: ChatRequest, losses: Losses) -> Json:
    sampling = request.sampling
    config: Json = {}
    for wire, name in (_NUMBERS | _COUNTS).items():
        if (value := getattr(sampling, name)) is not None:
            config[wire] = value
    if sampling.stop:
        config["stopSequences"] = list(sampling.stop)
    if sampling.logprobs is not None:
        config["responseLogprobs"] = sampling.logprobs
    if request.output_format is not None:
        config |= _render_format(request.output_format, losses)
    if request.reasoning is not None and (thinking := _render_reasoning(request.reasoning, request.model, losses)):
        config["thinkingConfig"] = thinking
    return config


def _render_format(shape: OutputFormat, losses: Losses) -> Json:
    if shape.kind == "text":
        return {"responseMimeType": "text/plain"}
    if shape.kind == "json":
        return {"responseMimeType": "application/json"}
    schema = to_gemini(shape.schema, losses, "response_format", strict=shape.strict)
    named = {"title": shape.name} if shape.name else {}
    told = {"description": shape.description} if shape.description else {}
    return {"responseMimeType": "application/json", "responseJsonSchema": named | told | schema}


def _render_reasoning(reasoning: Reasoning, model: str, losses: Losses) -> Json:
    thinking: Json = {"includeThoughts": True} if reasoning.shown else {}
    effort = reasoning.effort
    if reasoning.budget_tokens is not None:
        thinking["thinkingBudget"] = reasoning.budget_tokens
    elif effort and _OLD_THINKING.match(model):
        thinking["thinkingBudget"] = _BUDGETS.get(effort, 24576)
    elif effort:
        if effort == "none":
            losses.drop("reasoning effort", "this model always thinks; it is asked for as little as it can")
        thinking["thinkingLevel"] = _LEVELS.get(effort, "XHIGH")
    return thinking


def _render_tools(request: ChatRequest, losses: Losses) -> list[Json]:
    functions = [
        {"name": tool.name}
        | filled(
            description=tool.description,
            parametersJsonSchema=to_gemini(tool.parameters, losses, f"tools.{tool.name[:40]}"),
        )
        | tool.extra
        for tool in request.tools
    ]
    return ([{"functionDeclarations": functions}] if functions else []) + list(request.own_tools)


def _render_tool_choice(request: ChatRequest) -> Json:
    choice = request.tool_choice
    if choice is not None and choice.mode == "tool":
        return {"mode": "ANY", "allowedFunctionNames": [choice.name]}
    if choice is not None and choice.mode != "auto":
        return {"mode": {"required": "ANY", "none": "NONE"}[choice.mode]}
    if any(tool.strict for tool in request.tools):
        return {"mode": "VALIDATED"}
    return {"mode": "AUTO"} if choice is not None else {}
