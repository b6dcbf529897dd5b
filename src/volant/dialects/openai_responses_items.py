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
from volant.dialects.fitting import joined
from volant.dialects.openai_tools import arguments_of, text_of
from volant.dialects.signed_ids import read_call, read_id

NAME = "openai_responses"
_AWAY = "volant:"  # before a proof of another dialect: "volant:DIALECT:signature:..." or "volant:DIALECT:redacted:..."
_PARTS = {"input_text", "output_text", "text", "refusal", "input_image", "input_file", "input_audio"}
_RESULTS = ("function_call_output", "custom_tool_call_output")
_CALL = frozenset({"type", "id", "call_id", "name", "arguments", "input", "status"})
_SAYS_NOTHING = (None, False, {"type": "direct"})  # of what stands beside a call
_BESIDE_CALLS = "call_fields"  # in `extra`: what else calls say (`namespace`, `caller`), by their ids
_ROLES = ("user", "assistant", "system", "developer")


# ---------------------------------------------------------------- from the wire
def parse_input(raw: object) -> tuple[tuple[Message, ...], tuple[str, ...]]:
    """The turns of `input`, and the ids that it only refers to. Raises BadInput with the path of the field."""
    if isinstance(raw, str):
        return (Message(role="user", parts=(TextPart(text=raw),)),), ()
    turns = _Turns()
    references: list[str] = []
    for at, one in enumerate(want(raw, list, "input")):
        item = want(one, dict, f"input[{at}]")
        if item.get("type") == "item_reference":
            references.append(want(item.get("id"), str, f"input[{at}].id"))
        turns.add(item, f"input[{at}]")
    return tuple(_joined(run) for run in turns.runs), tuple(references)


def parse_output(raw: object) -> Message:
    """All items of an answer as one turn."""
    turns = _Turns()
    for at, item in enumerate(want(raw, list, "output")):
        turns.add(want(item, dict, f"output[{at}]"), f"output[{at}]")
    merged = _joined([Message(role="assistant"), *(one for run in turns.runs for one in run)])
    text = merged.text
    others = tuple(
        replace(part, extra={}) if isinstance(part, ImagePart) else part
        for part in merged.parts
        if not isinstance(part, TextPart)
    )
    return replace(
        merged,
        role="assistant",
        parts=((TextPart(text=text),) if text else ()) + others,
        extra={name: value for name, value in merged.extra.items() if name != "item"},
    )


class _Turns:
    """Items put together to turns: a run of one turn's pieces each, in order."""

    def __init__(self) -> None:
        self.runs: list[list[Message]] = []
        self._thinks = False  # the last run is the assistant's, who has said and called nothing yet
        self._speaks = False  # the last run is the assistant's, who has

    def add(self, item: Json, path: str) -> None:
        """One more item: a turn of its own, or more of the assistant's last one."""
        kind = item.get("type") or ("message" if "role" in item else None)
        if kind == "message":
            message = _parse_message(item, path)
            self._put(message, joins=self._thinks and message.role == "assistant")
        elif kind in _RESULTS:
            self._put(_parse_result(item, path), joins=False)
        elif kind == "reasoning":
            self._put(Message(role="assistant", thoughts=(parse_reasoning(item, path),)), joins=self._thinks)
        elif kind in ("function_call", "custom_tool_call"):
            call = parse_call(item, path)
            beside = {name: value for name, value in item.items() if name not in _CALL and value not in _SAYS_NOTHING}
            extra: Json = {_BESIDE_CALLS: {call.id: beside}} if beside else {}
            message = Message(role="assistant", tool_calls=(call,), extra=extra)
            self._put(message, joins=self._thinks or self._speaks)
        elif kind == "image_generation_call" and isinstance(item.get("result"), str):
            url = f"data:image/{item.get('output_format') or 'png'};base64,{item['result']}"
            image = ImagePart(url=url, extra={"item": _rest(item, ("result",))})
            self._put(Message(role="assistant", parts=(image,)), joins=False)
        elif isinstance(kind, str):
            self._put(Message(role="assistant", extra={"items": [item]}), joins=False)
        else:
            raise bad(
                f"{path}.type", "is missing; it must be message, function_call, function_call_output, reasoning, ..."
            )

    def _put(self, message: Message, *, joins: bool) -> None:
        if joins:
            self.runs[-1].append(message)
        else:
            self.runs.append([message])
        says = bool(message.parts or message.refusal or message.tool_calls)
        self._speaks = message.role == "assistant" and (says or (joins and self._speaks))
        self._thinks = message.role == "assistant" and not self._speaks


def _joined(run: list[Message]) -> Message:
    """The pieces of one turn as one message."""
    if len(run) == 1:
        return run[0]
    extra: Json = {}
    for one in run:
        for name, value in one.extra.items():
            if isinstance(value, list):
                extra.setdefault(name, []).extend(value)
            elif isinstance(value, dict):
                extra.setdefault(name, {}).update(value)
            else:
                extra[name] = value
    return replace(joined(run), role=run[-1].role, extra=extra)


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
        annotations += listed(part.get("annotations"), f"{path}[{at}].annotations")
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
    caller = item.get("caller")
    extra: Json = {} if caller in _SAYS_NOTHING else {"item": {"caller": caller}}
    call_id, _ = read_id(want(item.get("call_id"), str, f"{path}.call_id"))
    return Message(role="tool", tool_call_id=call_id, parts=parts, extra=extra)


def parse_call(item: Json, path: str) -> ToolCall:
    """A call of a function or of a custom tool."""
    if item.get("type") == "custom_tool_call":
        arguments = arguments_of(words(item.get("input"), f"{path}.input"))
    else:
        arguments = words(item.get("arguments"), f"{path}.arguments")
    ident, name = want(item.get("call_id"), str, f"{path}.call_id"), want(item.get("name"), str, f"{path}.name")
    return read_call(ToolCall(id=ident, name=name, arguments=arguments))


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
    made = [item for part in message.parts if (item := _made_image(part)) is not None]
    parts = [part for part in message.parts if _made_image(part) is None] if made else message.parts
    yield from made
    if parts or message.refusal or not (made or message.thoughts or message.tool_calls or message.extra):
        content: list[Json] = [_render_part(part, message.role) for part in parts]
        if message.refusal:
            content.append({"type": "refusal", "refusal": message.refusal})
        yield {"type": "message", "role": message.role, "content": content} | message.extra.get("item", {})
    beside = message.extra.get(_BESIDE_CALLS, {})
    for call in message.tool_calls:
        yield render_call(call, customs) | beside.get(call.id, {})


def _made_image(part: Part) -> Json | None:
    """The item of a picture that the provider made before; None for what is none."""
    if not isinstance(part, ImagePart) or not isinstance(part.extra.get("item"), dict):
        return None
    item: Json = part.extra["item"]
    return {**item, "result": part.url.partition(",")[2]}


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
    about: Json = message.extra.get("item", {})
    return {"type": _RESULTS[custom], "call_id": message.tool_call_id, "output": output} | about


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
