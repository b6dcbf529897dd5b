"""Bedrock requests: `core.chat` as the body of Converse and ConverseStream.

The model stands in the path, and the stream too. Claude is told how to think in its own words. Turns of one side in a
row are one message there; results of tools are the user's. Marks of Anthropic's prompt cache become cache points.
Source: Amazon Bedrock API reference, "Converse" (service model 2023-09-30 of botocore 1.44).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
from msgspec.structs import replace

from volant.core.capabilities import Capabilities
from volant.core.chat import (
    AudioPart,
    ChatRequest,
    FilePart,
    ImagePart,
    Json,
    Message,
    Part,
    Sampling,
    TextPart,
    Thought,
    Tool,
    ToolCall,
    ToolChoice,
)
from volant.dialects.anthropic_thinking import facts_of, render_reasoning
from volant.dialects.data_urls import split_data_url
from volant.dialects.dialect import Losses
from volant.dialects.fields import filled
from volant.dialects.fitting import effort_of, fit, naturalise, object_of, shown_by_user, thoughts_for, unsigned

NAME = "bedrock"
_CACHE = "cache_control"
_POINT: Json = {"cachePoint": {"type": "default"}}
_IMAGES = {"image/png": "png", "image/jpeg": "jpeg", "image/jpg": "jpeg", "image/gif": "gif", "image/webp": "webp"}
_DOCUMENTS = {
    "application/pdf": "pdf",
    "text/csv": "csv",
    "application/msword": "doc",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": "docx",
    "application/vnd.ms-excel": "xls",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "xlsx",
    "text/html": "html",
    "text/plain": "txt",
    "text/markdown": "md",
}
_NOT_IN_ID = re.compile(r"[^a-zA-Z0-9_-]")
_NOT_IN_NAME = re.compile(r"[^a-zA-Z0-9\s\-()\[\]]+")


def render_request(request: ChatRequest, capabilities: Capabilities, losses: Losses) -> bytes:
    """The body to send. Raises BadInput `not_supported`."""
    is_claude = bool(facts_of(request.model).name)
    top_k = capabilities.top_k and is_claude  # there alone it has a place
    can = replace(capabilities, seed=False, penalties=False, top_k=top_k, choices=False, logprobs=False)
    keep = frozenset({_CACHE}) if capabilities.cache_points else frozenset[str]()
    request = naturalise(fit(request, can, losses), (NAME,), losses, keep)
    system, messages = _conversation(shown_by_user(unsigned(request.messages, losses), losses), losses)
    wire: Json = {"messages": messages}
    if system:
        wire["system"] = system
    if inference := _inference(request.sampling):
        wire["inferenceConfig"] = inference
    if tools := _tools(request, losses):
        wire["toolConfig"] = tools
    if output := _output(request):
        wire["outputConfig"] = output
    if more := _claude(request, losses) if is_claude else _other(request, wire, losses):
        wire["additionalModelRequestFields"] = more
    if request.user:
        losses.drop("user")
    if request.metadata:
        losses.drop("metadata")
    return msgspec.json.encode(wire)


def _inference(sampling: Sampling) -> Json:
    said: Json = {
        "maxTokens": sampling.max_tokens,
        "temperature": sampling.temperature,
        "topP": sampling.top_p,
        "stopSequences": list(sampling.stop) or None,
    }
    return {name: value for name, value in said.items() if value is not None}


def _output(request: ChatRequest) -> Json:
    shape = request.output_format
    if shape is not None and shape.kind == "json_schema":
        schema = {"schema": msgspec.json.encode(shape.schema).decode()}
        schema |= filled(name=shape.name, description=shape.description)
        return {"textFormat": {"type": "json_schema", "structure": {"jsonSchema": schema}}}
    return {}


def _claude(request: ChatRequest, losses: Losses) -> Json:
    """Fields that Converse hands to Claude as they are: how to think, and top_k."""
    config: Json = {}
    fields = render_reasoning(request, config, losses, NAME)
    if request.sampling.top_k is not None:
        fields["top_k"] = request.sampling.top_k
    return fields | filled(output_config=config)


def _other(request: ChatRequest, wire: Json, losses: Losses) -> Json:
    """Every other model is told an effort by Converse itself."""
    if request.reasoning is not None:
        effort = effort_of(request.reasoning, losses)
        if effort in ("none", "minimal"):
            losses.drop("reasoning effort", f"{effort} has no word there")
        elif effort:
            wire["outputConfig"] = wire.get("outputConfig", {}) | {"effort": effort}
    return {}


# ---------------------------------------------------------------- conversation
def _conversation(messages: Iterable[Message], losses: Losses) -> tuple[list[Json], list[Json]]:
    system: list[Json] = []
    turns: list[Json] = []
    for message in messages:
        if message.role in ("system", "developer"):
            if message.name:
                losses.drop("name", "messages have no names")
            if turns:
                losses.drop("system", "a later system message was put to the others, at the front")
            for part in message.parts:
                if not isinstance(part, TextPart):
                    losses.refuse("system", "its instructions hold text only")
                system += _text(part)
            continue
        role, content = _turn(message, losses)
        if turns and turns[-1]["role"] == role:
            turns[-1]["content"] += content
        elif content:
            turns.append({"role": role, "content": content})
    return system, turns


def _turn(message: Message, losses: Losses) -> tuple[str, list[Json]]:
    if message.name and message.role != "tool":
        losses.drop("name", "messages have no names")
    if message.role == "tool":
        return "user", _result(message, losses)
    content: list[Json] = []
    if message.role == "assistant":
        content += _thoughts(message.thoughts, losses)
    for at, part in enumerate(message.parts):
        content += _part(part, at, losses)
    if message.refusal:
        content.append({"text": message.refusal})
    content += [_use(call, losses) for call in message.tool_calls]
    return "assistant" if message.role == "assistant" else "user", content


def _thoughts(thoughts: Sequence[Thought], losses: Losses) -> list[Json]:
    content: list[Json] = []
    for thought in thoughts_for((NAME,), thoughts, losses):
        if thought.redacted:
            content.append({"reasoningContent": {"redactedContent": thought.redacted}})
        else:
            said = {"text": thought.text} | filled(signature=thought.signature)
            content.append({"reasoningContent": {"reasoningText": said}})
    return content


def _part(part: Part, at: int, losses: Losses) -> list[Json]:
    if isinstance(part, TextPart):
        return _text(part)
    if isinstance(part, AudioPart):
        return [{"audio": {"format": part.format, "source": {"bytes": part.data}}}]
    block = _image(part, losses) if isinstance(part, ImagePart) else _document(part, at, losses)
    return [block, _POINT] if _CACHE in part.extra else [block]


def _text(part: TextPart) -> list[Json]:
    """Nothing for what is blank, which is refused there."""
    return [{"text": part.text}, *([_POINT] if _CACHE in part.extra else [])] if part.text.strip() else []


def _image(part: ImagePart, losses: Losses) -> Json:
    split = split_data_url(part.url)
    if split is None:
        losses.refuse("image", "it fetches no URLs; send the image itself as a data: URL")
    media, data = split
    if media not in _IMAGES:
        losses.refuse("image", f"it knows no {media[:40]}, only {', '.join(sorted(set(_IMAGES.values())))}")
    return {"image": {"format": _IMAGES[media], "source": {"bytes": data}}}


def _document(part: FilePart, at: int, losses: Losses) -> Json:
    split = split_data_url(part.data)
    if split is None:
        losses.refuse("file", "it takes neither ids nor URLs; send the file itself as a data: URL")
    media, data = split
    if media not in _DOCUMENTS:
        losses.refuse("file", f"it knows no {media[:40]}, only {', '.join(_DOCUMENTS.values())}")
    stem = part.name.rpartition(".")[0] or part.name
    name = " ".join(_NOT_IN_NAME.sub(" ", stem).split())[:200] or f"document {at + 1}"
    return {"document": {"format": _DOCUMENTS[media], "name": name, "source": {"bytes": data}}}


# ---------------------------------------------------------------- tools
def _use(call: ToolCall, losses: Losses) -> Json:
    return {"toolUse": {"toolUseId": _id(call.id), "name": call.name, "input": object_of(call, losses)}}


def _result(message: Message, losses: Losses) -> list[Json]:
    content: list[Json] = []
    points: list[Json] = []
    for at, part in enumerate(message.parts):
        if isinstance(part, AudioPart):
            losses.refuse("audio", "results of tools hold no sound")
        content += [block for block in _part(part, at, losses) if "cachePoint" not in block]
        points += [_POINT] if not isinstance(part, AudioPart) and _CACHE in part.extra else []
    result = {"toolUseId": _id(message.tool_call_id), "content": content or [{"text": "(nothing)"}]}
    if message.failed:
        result["status"] = "error"
    return [{"toolResult": result}, *points[:1]]


def _id(said: str) -> str:
    """As their pattern wants it; the same for a call and its result."""
    return _NOT_IN_ID.sub("_", said)[:64] or "call"


def _tools(request: ChatRequest, losses: Losses) -> Json:
    called = dict.fromkeys(call.name for message in request.messages for call in message.tool_calls)
    answered = any(message.role == "tool" for message in request.messages)
    choice = request.tool_choice
    if choice is not None and choice.mode == "none":
        if called or answered:
            losses.refuse("tool_choice", "none: it wants the tools of earlier calls, and may call them")
        return {}
    tools = request.tools
    if not tools and (called or answered):
        losses.drop("tools", "those of earlier calls are declared again, which it insists on")
        tools = tuple(Tool(name=name, description="of an earlier call") for name in called or ("tool",))
    if not tools:
        return {}
    config: Json = {"tools": [block for tool in tools for block in _spec(tool)]}
    if choice is not None:
        config["toolChoice"] = _choice(choice)
    return config


def _spec(tool: Tool) -> list[Json]:
    schema: Any = tool.parameters or {"type": "object", "properties": {}}
    spec = {"name": tool.name, "inputSchema": {"json": schema}}
    block = {"toolSpec": spec | filled(description=tool.description, strict=tool.strict)}
    return [block, _POINT] if _CACHE in tool.extra else [block]


def _choice(choice: ToolChoice) -> Json:
    if choice.mode == "tool":
        return {"tool": {"name": choice.name}}
    return {"any": {}} if choice.mode == "required" else {"auto": {}}
