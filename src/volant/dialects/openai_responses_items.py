"""OpenAI responses items: what a conversation is made of there, between the wire and `core.chat`, both ways.

An assistant's turn is several items (reasoning, message, function calls), which are one Message here, in that order; a
new Message begins where the order would not hold. Items that a provider made for itself (web searches, references)
ride along in `extra["items"]`, and their ids and phases in `extra["item"]`.

Source: OpenAI API reference, "Create a model response", and the types of the openai SDK 3.54 (November 2026).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import Any

from msgspec.structs import replace

from volant.core.chat import AudioPart, FilePart, ImagePart, Json, Message, Part, TextPart, Thought, ToolCall
from volant.dialects.data_urls import split_data_url
from volant.dialects.fields import bad, filled, listed, want, words
from volant.dialects.openai_tools import arguments_of, text_of

NAME = "openai_responses"
_AWAY = "volant:"  # before a proof of another dialect: "volant:DIALECT:signature:..." or "volant:DIALECT:redacted:..."
_PARTS = {"input_text", "output_text", "text", "refusal", "input_image", "input_file", "input_audio"}
_RESULTS = ("function_call_output", "custom_tool_call_output")
_ROLES = ("user", "assistant", "system", "developer")


# ---------------------------------------------------------------- from the wire
def parse_input(raw: object) -> tuple[tuple[Message, ...], tuple[str, ...]]:
    """The turns of `input`, and the ids that it only refers to. Raises BadInput with the path of the field."""
    if isinstance(raw, str):
        return (Message(role="user", parts=(TextPart(text=raw),)),), ()
    messages: list[Message] = []
    references: list[str] = []
    for at, one in enumerate(want(raw, list, "input")):
        item = want(one, dict, f"input[{at}]")
        if item.get("type") == "item_reference":
            references.append(want(item.get("id"), str, f"input[{at}].id"))
        _add(messages, item, f"input[{at}]")
    return tuple(messages), tuple(references)


def parse_output(raw: object) -> Message:
    """All items of an answer as one turn."""
    turns: list[Message] = []
    for at, item in enumerate(want(raw, list, "output")):
        _add(turns, want(item, dict, f"output[{at}]"), f"output[{at}]")
    merged = Message(role="assistant")
    for turn in turns:
        extra = {
            name: [*merged.extra.get(name, []), *value] if isinstance(value, list) else value
            for name, value in turn.extra.items()
            if name != "item"
        }
        merged = Message(
            role="assistant",
            thoughts=merged.thoughts + turn.thoughts,
            parts=merged.parts + turn.parts,
            refusal=merged.refusal + turn.refusal,
            tool_calls=merged.tool_calls + turn.tool_calls,
            extra=merged.extra | extra,
        )
    text = merged.text
    others = tuple(part for part in merged.parts if not isinstance(part, TextPart))
    return replace(merged, parts=((TextPart(text=text),) if text else ()) + others)


def _add(messages: list[Message], item: Json, path: str) -> None:
    """One more item: a turn of its own, or more of the assistant's last one."""
    kind = item.get("type") or ("message" if "role" in item else None)
    last = messages[-1] if messages and messages[-1].role == "assistant" else None
    if kind == "message":
        message = _parse_message(item, path)
        if last and message.role == "assistant" and not (last.parts or last.refusal or last.tool_calls):
            messages[-1] = replace(message, thoughts=last.thoughts, extra=last.extra | message.extra)
        else:
            messages.append(message)
    elif kind in _RESULTS:
        messages.append(_parse_result(item, path))
    elif kind == "reasoning":
        thought = parse_reasoning(item, path)
        if last and not (last.parts or last.refusal or last.tool_calls):
            messages[-1] = replace(last, thoughts=(*last.thoughts, thought))
        else:
            messages.append(Message(role="assistant", thoughts=(thought,)))
    elif kind in ("function_call", "custom_tool_call"):
        call = parse_call(item, path)
        if last:
            messages[-1] = replace(last, tool_calls=(*last.tool_calls, call))
        else:
            messages.append(Message(role="assistant", tool_calls=(call,)))
    elif kind == "image_generation_call" and isinstance(item.get("result"), str):
        image = ImagePart(url=f"data:image/{item.get('output_format') or 'png'};base64,{item['result']}")
        messages.append(Message(role="assistant", parts=(image,)))
    elif isinstance(kind, str):
        messages.append(Message(role="assistant", extra={"items": [item]}))
    else:
        raise bad(f"{path}.type", "is missing; it must be message, function_call, function_call_output, reasoning, ...")


def _parse_message(item: Json, path: str) -> Message:
    role = want(item.get("role"), str, f"{path}.role")
    if role not in _ROLES:
        raise bad(f"{path}.role", f"is {role[:40]!r}; it must be one of {', '.join(_ROLES)}")
    parts, refusal, annotations = parse_content(item.get("content"), f"{path}.content")
    about = {name: item[name] for name in ("id", "status", "phase") if item.get(name)}
    return Message(
        role=role,  # type: ignore[arg-type]  # checked above
        parts=parts,
        refusal=refusal,
        extra=filled(item=about, annotations=annotations),
    )


def parse_content(raw: object, path: str) -> tuple[tuple[Part, ...], str, list[Any]]:
    """The parts of a content, its refusal, and its annotations."""
    if isinstance(raw, str):
        return ((TextPart(text=raw),) if raw else ()), "", []
    parts: list[Part] = []
    refusal: list[str] = []
    annotations: list[Any] = []
    for at, one in enumerate(listed(raw, path)):
        part = want(one, dict, f"{path}[{at}]")
        if part.get("type") == "refusal":
            refusal.append(want(part.get("refusal"), str, f"{path}[{at}].refusal"))
            continue
        parts.append(_parse_part(part, f"{path}[{at}]"))
        annotations += part.get("annotations") or []
    return tuple(parts), "".join(refusal), annotations


def _parse_part(part: Json, path: str) -> Part:
    kind = part.get("type")
    if kind in ("input_text", "output_text", "text"):
        known = ("type", "text", "annotations", "logprobs")
        return TextPart(text=want(part.get("text"), str, f"{path}.text"), extra=_rest(part, known))
    if kind == "input_image":
        detail = words(part.get("detail"), f"{path}.detail")
        if part.get("image_url") is None:
            file_id = want(part.get("file_id"), str, f"{path}.image_url")
            return FilePart(file_id=file_id, extra={"is": "image"} | filled(detail=detail))
        url = want(part["image_url"], str, f"{path}.image_url")
        return ImagePart(url=url, detail=detail, extra=_rest(part, ("type", "image_url", "detail", "file_id")))
    if kind == "input_file":
        return FilePart(
            file_id=words(part.get("file_id"), f"{path}.file_id"),
            data=words(part.get("file_data"), f"{path}.file_data"),
            url=words(part.get("file_url"), f"{path}.file_url"),
            name=words(part.get("filename"), f"{path}.filename"),
            extra=_rest(part, ("type", "file_id", "file_data", "file_url", "filename")),
        )
    if kind == "input_audio":
        audio = want(part.get("input_audio"), dict, f"{path}.input_audio")
        return AudioPart(
            data=want(audio.get("data"), str, f"{path}.input_audio.data"),
            format=want(audio.get("format"), str, f"{path}.input_audio.format"),
        )
    raise bad(f"{path}.type", f"is {str(kind)[:40]!r}; it must be one of {', '.join(sorted(_PARTS))}")


def _parse_result(item: Json, path: str) -> Message:
    parts, _, _ = parse_content(item.get("output"), f"{path}.output")
    return Message(role="tool", tool_call_id=want(item.get("call_id"), str, f"{path}.call_id"), parts=parts)


def parse_call(item: Json, path: str) -> ToolCall:
    """A call of a function or of a custom tool."""
    if item.get("type") == "custom_tool_call":
        arguments = arguments_of(words(item.get("input"), f"{path}.input"))
    else:
        arguments = words(item.get("arguments"), f"{path}.arguments")
    return ToolCall(
        id=want(item.get("call_id"), str, f"{path}.call_id"),
        name=want(item.get("name"), str, f"{path}.name"),
        arguments=arguments,
    )


def parse_reasoning(item: Json, path: str) -> Thought:
    """A thought, with what proves it; one of another dialect finds its way home."""
    said = listed(item.get("summary"), f"{path}.summary") or listed(item.get("content"), f"{path}.content")
    text = "\n\n".join(words(want(part, dict, path).get("text"), f"{path}.text") for part in said)
    proof = words(item.get("encrypted_content"), f"{path}.encrypted_content")
    if proof.startswith(_AWAY):
        dialect, kind, value = [*proof.removeprefix(_AWAY).split(":", 2), "", ""][:3]
        return Thought(text=text, dialect=dialect, **{"redacted" if kind == "redacted" else "signature": value})
    return Thought(text=text, signature=proof, id=words(item.get("id"), f"{path}.id"), dialect=NAME)


def _rest(part: Json, known: Collection[str]) -> Json:
    return {name: value for name, value in part.items() if name not in known and value is not None}


# ---------------------------------------------------------------- to the wire
def render_input(messages: Iterable[Message], customs: Collection[str]) -> list[Json]:
    """The items of `input`. `customs`: names of custom tools."""
    custom_calls: set[str] = set()
    items: list[Json] = []
    for message in messages:
        if message.role == "tool":
            items.append(_render_result(message, message.tool_call_id in custom_calls))
            continue
        custom_calls |= {call.id for call in message.tool_calls if call.name in customs}
        items += _render_turn(message, customs)
    return items


def _render_turn(message: Message, customs: Collection[str]) -> Iterator[Json]:
    yield from message.extra.get("items", ())
    for thought in message.thoughts:
        yield {"type": "reasoning", **filled(id=thought.id)} | reasoning_body(thought)
    if message.parts or message.refusal or not (message.thoughts or message.tool_calls or message.extra):
        content: list[Json] = [_render_part(part, message.role) for part in message.parts]
        if message.refusal:
            content.append({"type": "refusal", "refusal": message.refusal})
        yield {"type": "message", "role": message.role, "content": content} | message.extra.get("item", {})
    for call in message.tool_calls:
        yield render_call(call, customs)


def _render_part(part: Part, role: str) -> Json:
    if isinstance(part, TextPart):
        return {"type": "output_text" if role == "assistant" else "input_text", "text": part.text} | part.extra
    if isinstance(part, ImagePart):
        return {"type": "input_image", "image_url": part.url, "detail": part.detail or "auto"} | part.extra
    if isinstance(part, AudioPart):
        return {"type": "input_audio", "input_audio": {"data": part.data, "format": part.format}}
    if part.extra.get("is") == "image":
        detail = part.extra.get("detail") or "auto"
        return {"type": "input_image", "file_id": part.file_id, "detail": detail}
    file = filled(file_id=part.file_id, file_data=part.data, file_url=part.url, filename=part.name)
    return {"type": "input_file"} | file | part.extra


def _render_result(message: Message, custom: bool) -> Json:
    plain = all(isinstance(part, TextPart) and not part.extra for part in message.parts)
    output: Any = message.text if plain else [_render_part(part, "tool") for part in message.parts]
    return {"type": _RESULTS[custom], "call_id": message.tool_call_id, "output": output}


def render_call(call: ToolCall, customs: Collection[str]) -> Json:
    """A call as an item, without an id of its own."""
    if call.name in customs:
        return {"type": "custom_tool_call", "call_id": call.id, "name": call.name, "input": text_of(call.arguments)}
    return {"type": "function_call", "call_id": call.id, "name": call.name, "arguments": call.arguments}


def reasoning_body(thought: Thought) -> Json:
    """What a reasoning item says: a summary, and the proof."""
    body: Json = {"summary": [{"type": "summary_text", "text": thought.text}] if thought.text else []}
    return body | filled(encrypted_content=proof_of(thought))


def proof_of(thought: Thought) -> str:
    """What goes back: OpenAI's own as it is, another's with its dialect before it."""
    if thought.dialect in ("", NAME):
        return thought.signature
    kind, value = ("redacted", thought.redacted) if thought.redacted else ("signature", thought.signature)
    return f"{_AWAY}{thought.dialect}:{kind}:{value}" if value else ""


def image_item(part: ImagePart) -> Json | None:
    """A picture that a model made; only whole ones (data: URLs) can be shown."""
    split = split_data_url(part.url)
    if split is None:
        return None
    media, data = split
    return {
        "type": "image_generation_call",
        "status": "completed",
        "output_format": media.removeprefix("image/"),
        "result": data,
    }
