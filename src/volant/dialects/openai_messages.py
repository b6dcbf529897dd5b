"""OpenAI messages: turns of a conversation and tools in chat completions, between the wire and `core.chat`, both ways.

Fields without a word in `core.chat` go to `extra` and come back unchanged; a field of the wrong type is BadInput, with
its path. Source: OpenAI API reference, "Create chat completion" (read November 2026).
"""

from __future__ import annotations

from collections.abc import Collection
from typing import get_args

from msgspec.structs import replace

from volant.core.chat import (
    AudioPart,
    FilePart,
    ImagePart,
    Json,
    Message,
    OutputFormat,
    Part,
    Role,
    TextPart,
    Tool,
    ToolCall,
    ToolChoice,
)
from volant.dialects.fields import bad, filled, listed, maybe, want, words
from volant.dialects.openai_thoughts import (
    is_proof,
    parse_thoughts,
    render_detail,
    render_signature,
    signature_of,
    split_thinking,
)
from volant.dialects.openai_tools import CUSTOM, arguments_of, custom_tool, text_of
from volant.dialects.signed_ids import read_call, read_id

_ROLES = frozenset(get_args(Role))


# ---------------------------------------------------------------- messages
def parse_message(raw: object, path: str) -> Message:
    """One turn. Raises BadInput with the path of the field."""
    rest = dict(want(raw, dict, path))
    role = want(rest.pop("role", None), str, f"{path}.role")
    if role == "function":
        raise bad(f"{path}.role", "is 'function', which tools have replaced; send role tool with a tool_call_id")
    if role not in _ROLES:
        raise bad(f"{path}.role", f"is {role[:40]!r}; it must be one of {', '.join(sorted(_ROLES))}")
    content, thinking = split_thinking(rest.pop("content", None))
    if thinking:
        rest.setdefault("reasoning_content", thinking)
    if isinstance(content, str):
        parts: tuple[Part, ...] = (TextPart(text=content),) if content else ()
    else:
        parts = tuple(
            _parse_part(part, f"{path}.content[{at}]")
            for at, part in enumerate(listed(content or None, f"{path}.content"))
        )
    if signature := signature_of(rest):
        del rest["extra_content"]
        parts = _signed(parts, signature)
    return Message(
        role=role,  # type: ignore[arg-type]  # checked above
        parts=parts,
        name=words(rest.pop("name", None), f"{path}.name"),
        tool_calls=tuple(
            _parse_call(call, f"{path}.tool_calls[{at}]")
            for at, call in enumerate(listed(rest.pop("tool_calls", None), f"{path}.tool_calls"))
        ),
        tool_call_id=read_id(words(rest.pop("tool_call_id", None), f"{path}.tool_call_id"))[0],
        refusal=words(rest.pop("refusal", None), f"{path}.refusal"),
        thoughts=parse_thoughts(rest),
        extra={name: value for name, value in rest.items() if value is not None},
    )


def _signed(parts: tuple[Part, ...], signature: str) -> tuple[Part, ...]:
    """The words with their signature; words that are empty can have one too."""
    if parts and isinstance(parts[-1], TextPart):
        return (*parts[:-1], replace(parts[-1], signature=signature))
    return (*parts, TextPart(text="", signature=signature))


def render_message(message: Message, customs: Collection[str] = ()) -> Json:
    """One turn, nothing left out. `customs`: names of custom tools, whose calls hold text instead of JSON."""
    wire: Json = {"role": message.role}
    if len(message.parts) == 1 and isinstance(message.parts[0], TextPart) and not message.parts[0].extra:
        wire["content"] = message.parts[0].text
    elif message.parts:
        wire["content"] = [render_part(part) for part in message.parts]
    else:
        wire["content"] = None if message.tool_calls or message.refusal else ""
    if message.name:
        wire["name"] = message.name
    if message.tool_calls:
        wire["tool_calls"] = [_render_call(call, customs) for call in message.tool_calls]
    if message.tool_call_id:
        wire["tool_call_id"] = message.tool_call_id
    if message.refusal:
        wire["refusal"] = message.refusal
    if message.reasoning:
        wire["reasoning_content"] = message.reasoning
    if any(is_proof(thought) for thought in message.thoughts):
        wire["reasoning_details"] = [render_detail(thought, at) for at, thought in enumerate(message.thoughts)]
    signatures = [part.signature for part in message.parts if isinstance(part, TextPart) and part.signature]
    if signatures:
        wire |= render_signature(signatures[-1])
    return wire | message.extra


def _parse_part(raw: object, path: str) -> Part:
    part = dict(want(raw, dict, path))
    kind = part.pop("type", None)
    if kind == "text":
        return TextPart(text=want(part.pop("text", None), str, f"{path}.text"), extra=part)
    if kind == "refusal":
        return TextPart(text=want(part.get("refusal"), str, f"{path}.refusal"))
    if kind == "image_url":
        image = part.pop("image_url", None)
        image = {"url": image} if isinstance(image, str) else want(image, dict, f"{path}.image_url")
        return ImagePart(
            url=want(image.get("url"), str, f"{path}.image_url.url"),
            detail=words(image.get("detail"), f"{path}.image_url.detail"),
            extra=part,
        )
    if kind == "input_audio":
        audio = want(part.get("input_audio"), dict, f"{path}.input_audio")
        return AudioPart(
            data=want(audio.get("data"), str, f"{path}.input_audio.data"),
            format=want(audio.get("format"), str, f"{path}.input_audio.format"),
        )
    if kind == "file":
        file = want(part.pop("file", None), dict, f"{path}.file")
        return FilePart(
            file_id=words(file.get("file_id"), f"{path}.file.file_id"),
            data=words(file.get("file_data"), f"{path}.file.file_data"),
            url=words(file.get("file_url"), f"{path}.file.file_url"),
            name=words(file.get("filename"), f"{path}.file.filename"),
            extra=part,
        )
    raise bad(f"{path}.type", f"is {str(kind)[:40]!r}; it must be text, image_url, input_audio or file")


def render_part(part: Part) -> Json:
    """One part of a content that is a list."""
    if isinstance(part, TextPart):
        return {"type": "text", "text": part.text} | part.extra
    if isinstance(part, ImagePart):
        return {"type": "image_url", "image_url": {"url": part.url} | filled(detail=part.detail)} | part.extra
    if isinstance(part, AudioPart):
        return {"type": "input_audio", "input_audio": {"data": part.data, "format": part.format}}
    file = filled(file_id=part.file_id, file_data=part.data, file_url=part.url, filename=part.name)
    return {"type": "file", "file": file} | part.extra


def _parse_call(raw: object, path: str) -> ToolCall:
    call = want(raw, dict, path)
    if call.get("type") == CUSTOM:
        custom = want(call.get(CUSTOM), dict, f"{path}.custom")
        name = want(custom.get("name"), str, f"{path}.custom.name")
        arguments = arguments_of(words(custom.get("input"), f"{path}.custom.input"))
    else:
        function = want(call.get("function"), dict, f"{path}.function")
        name = want(function.get("name"), str, f"{path}.function.name")
        arguments = words(function.get("arguments"), f"{path}.function.arguments")
    ident = words(call.get("id"), f"{path}.id")
    return read_call(ToolCall(id=ident, name=name, arguments=arguments, signature=signature_of(call)))


def _render_call(call: ToolCall, customs: Collection[str]) -> Json:
    if call.name in customs:
        return {"id": call.id, "type": CUSTOM, CUSTOM: {"name": call.name, "input": text_of(call.arguments)}}
    wire: Json = {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}
    if call.signature:
        wire |= render_signature(call.signature)
    return wire


# ---------------------------------------------------------------- tools
def parse_tools(raw: object) -> tuple[tuple[Tool, ...], tuple[Json, ...]]:
    """The functions, and the tools that a provider runs by itself."""
    tools: list[Tool] = []
    own: list[Json] = []
    for at, one in enumerate(listed(raw, "tools")):
        tool = want(one, dict, f"tools[{at}]")
        kind = tool.get("type", "function")
        if kind == "function":
            tools.append(_parse_function(tool, f"tools[{at}]"))
        elif kind == CUSTOM:
            rest = dict(want(tool.get(CUSTOM), dict, f"tools[{at}].custom"))
            name = want(rest.pop("name", None), str, f"tools[{at}].custom.name")
            tools.append(custom_tool(name, words(rest.pop("description", None), f"tools[{at}].custom"), rest))
        else:
            own.append(tool)
    return tuple(tools), tuple(own)


def render_tool(tool: Tool) -> Json:
    """One function or custom tool."""
    if CUSTOM in tool.extra:
        custom = {"name": tool.name} | filled(description=tool.description)
        return {"type": CUSTOM, CUSTOM: custom | tool.extra[CUSTOM]}
    function = {"name": tool.name} | filled(
        description=tool.description, parameters=tool.parameters, strict=tool.strict
    )
    return {"type": "function", "function": function} | tool.extra


def _parse_function(tool: Json, path: str) -> Tool:
    function = want(tool.get("function"), dict, f"{path}.function")
    return Tool(
        name=want(function.get("name"), str, f"{path}.function.name"),
        description=words(function.get("description"), f"{path}.function.description"),
        parameters=want(function.get("parameters") or {}, dict, f"{path}.function.parameters"),
        strict=bool(maybe(function.get("strict"), bool, f"{path}.function.strict")),
        extra={name: value for name, value in tool.items() if name not in ("type", "function")},
    )


def parse_tool_choice(raw: object) -> ToolChoice | None:
    """Raises BadInput for what is no choice."""
    if raw is None:
        return None
    if isinstance(raw, str):
        if raw not in ("auto", "none", "required"):
            raise bad("tool_choice", f"is {raw[:40]!r}; it must be auto, none, required or a function")
        return ToolChoice(mode=raw)  # type: ignore[arg-type]  # checked above
    choice = want(raw, dict, "tool_choice")
    kind = CUSTOM if choice.get("type") == CUSTOM else "function"
    named = want(choice.get(kind), dict, f"tool_choice.{kind}")
    return ToolChoice(mode="tool", name=want(named.get("name"), str, f"tool_choice.{kind}.name"))


def render_tool_choice(choice: ToolChoice, customs: Collection[str]) -> Json | str:
    """A word, or the tool that must be called."""
    if choice.mode != "tool":
        return choice.mode
    kind = CUSTOM if choice.name in customs else "function"
    return {"type": kind, kind: {"name": choice.name}}


# ---------------------------------------------------------------- shape of the answer
def parse_format(raw: object) -> OutputFormat | None:
    """What shape is asked for."""
    if raw is None:
        return None
    shape = want(raw, dict, "response_format")
    kind = shape.get("type")
    if kind == "text":
        return OutputFormat(kind="text")
    if kind == "json_object":
        return OutputFormat(kind="json")
    if kind != "json_schema":
        raise bad("response_format.type", f"is {str(kind)[:40]!r}; it must be text, json_object or json_schema")
    return parse_schema(
        want(shape.get("json_schema"), dict, "response_format.json_schema"), "response_format.json_schema"
    )


def parse_schema(schema: Json, path: str) -> OutputFormat:
    """A named JSON Schema, as chat completions nest it and responses do not."""
    return OutputFormat(
        kind="json_schema",
        name=words(schema.get("name"), f"{path}.name"),
        description=words(schema.get("description"), f"{path}.description"),
        schema=want(schema.get("schema") or {}, dict, f"{path}.schema"),
        strict=bool(maybe(schema.get("strict"), bool, f"{path}.strict")),
    )


def render_format(shape: OutputFormat) -> Json:
    """`response_format` on the wire."""
    if shape.kind == "text":
        return {"type": "text"}
    if shape.kind == "json":
        return {"type": "json_object"}
    return {"type": "json_schema", "json_schema": render_schema(shape)}


def render_schema(shape: OutputFormat) -> Json:
    """A named JSON Schema; OpenAI requires a name."""
    return {"name": shape.name or "answer"} | filled(
        description=shape.description, schema=shape.schema, strict=shape.strict
    )
