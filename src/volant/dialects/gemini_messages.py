"""Gemini's contents: turns of a conversation, to and from `core.chat`, with calls and their answers matched.

Gemini may give a call no id and the SDK answers without one: a call gets the same id each time the conversation is
read, and an answer belongs to the first unanswered call of its name.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Sequence
from typing import Any

import msgspec

from volant.core.chat import FilePart, ImagePart, Json, Message, Part, TextPart, Thought, ToolCall
from volant.dialects.dialect import Losses
from volant.dialects.fields import bad, filled, listed, want, words
from volant.dialects.gemini_parts import (
    made_up_id,
    output_of,
    parse_call,
    parse_media,
    render_call,
    render_parts,
    response_of,
)
from volant.dialects.gemini_thoughts import for_provider, parse_thought
from volant.dialects.gemini_wire import NAME

NO_SIGNATURE = "skip_thought_signature_validator"  # Google's word for a call that it did not make itself
_UNSIGNED = re.compile(r"(models/)?(gemini-[12]\b|gemma)")  # these do not ask for signatures
_OWN = frozenset({"text", "thought", "thoughtSignature"})


# ---------------------------------------------------------------- reading
class _Calls:
    """The calls of a conversation that wait for their answers."""

    def __init__(self) -> None:
        self.seen = 0
        self._waiting: dict[int, ToolCall] = {}  # by number, in order
        self._by_id: dict[str, deque[int]] = {}
        self._by_name: dict[str, deque[int]] = {}

    @property
    def waiting(self) -> int:
        """How many have no answer yet."""
        return len(self._waiting)

    def made(self, call: ToolCall) -> ToolCall:
        self._waiting[self.seen] = call
        self._by_id.setdefault(call.id, deque()).append(self.seen)
        self._by_name.setdefault(call.name, deque()).append(self.seen)
        self.seen += 1
        return call

    def answered(self, call_id: str, name: str) -> ToolCall | None:
        """The call that this answers: the first of its id, else of its name."""
        numbers = self._by_id.get(call_id) if call_id else self._by_name.get(name)
        while numbers:
            if (call := self._waiting.pop(numbers.popleft(), None)) is not None:
                return call
        return None


def parse_messages(contents: object, system: object) -> tuple[Message, ...]:
    """The turns. Raises BadInput `invalid_field`."""
    messages: list[Message] = []
    if system is not None:
        said = {"parts": [{"text": system}]} if isinstance(system, str) else want(system, dict, "systemInstruction")
        parts = [_parse_text(part, f"systemInstruction.parts[{at}]") for at, part in enumerate(_parts(said))]
        messages.append(Message(role="system", parts=tuple(parts)))
    calls = _Calls()
    if isinstance(contents, dict):  # proto JSON takes one for a list of one
        contents = [contents]
    for at, raw in enumerate(want(contents, list, "contents")):
        content, path = want(raw, dict, f"contents[{at}]"), f"contents[{at}]"
        role = words(content.get("role"), f"{path}.role") or "user"
        if role == "model":
            messages.append(_parse_model(_parts(content, path), path, calls))
        elif role in ("user", "function", "tool"):
            messages += _parse_user(_parts(content, path), path, calls)
        else:
            raise bad(f"{path}.role", f"is {role[:40]!r}; it must be user or model")
    return tuple(messages)


def _parts(content: Json, path: str = "systemInstruction") -> list[Json]:
    parts = content.get("parts")
    if isinstance(parts, dict):
        parts = [parts]
    return [want(part, dict, f"{path}.parts[{at}]") for at, part in enumerate(listed(parts, f"{path}.parts"))]


def _parse_text(part: Json, path: str) -> TextPart:
    return TextPart(
        text=want(part.get("text"), str, f"{path}.text"),
        signature=words(part.get("thoughtSignature"), f"{path}.thoughtSignature"),
        extra={name: value for name, value in part.items() if name not in _OWN},
    )


def _parse_model(raw: list[Json], path: str, calls: _Calls) -> Message:
    thoughts: list[Thought] = []
    parts: list[Part] = []
    made: list[ToolCall] = []
    others: list[Json] = []
    for at, part in enumerate(raw):
        here = f"{path}.parts[{at}]"
        signature = words(part.get("thoughtSignature"), f"{here}.thoughtSignature")
        if "functionCall" in part:
            fallback = made_up_id("asked", calls.seen)
            call = parse_call(part["functionCall"], f"{here}.functionCall", signature=signature, fallback=fallback)
            made.append(calls.made(call))
        elif part.get("thought") is True and "text" in part:
            _add_thought(thoughts, parse_thought(words(part["text"], f"{here}.text"), signature))
        elif "text" in part:
            parts.append(_parse_text(part, here))
        elif (media := parse_media(part, here)) is not None:
            parts.append(media)
        else:
            others.append(part)
    return Message(
        role="assistant",
        parts=tuple(parts),
        thoughts=tuple(thoughts),
        tool_calls=tuple(made),
        extra=filled(ownParts=others),
    )


def _add_thought(thoughts: list[Thought], thought: Thought) -> None:
    """A proof that we wrapped came at the end of a stream's pieces, and is of them all."""
    if thought.dialect != NAME and not thought.redacted:
        while thoughts and not thoughts[-1].signature and not thoughts[-1].redacted:
            thought = msgspec.structs.replace(thought, text=thoughts.pop().text + thought.text)
    thoughts.append(thought)


def _parse_user(raw: list[Json], path: str, calls: _Calls) -> list[Message]:
    messages: list[Message] = []
    parts: list[Part] = []
    others: list[Json] = []

    def said() -> None:
        if parts or others:
            messages.append(Message(role="user", parts=tuple(parts), extra=filled(parts=list(others))))
            parts.clear()
            others.clear()

    for at, part in enumerate(raw):
        here = f"{path}.parts[{at}]"
        if "functionResponse" in part:
            said()
            messages.append(_parse_answer(part["functionResponse"], f"{here}.functionResponse", calls))
        elif "functionCall" in part:
            raise bad(f"{here}.functionCall", "stands in a user's turn; only the model calls functions")
        elif "text" in part:
            parts.append(_parse_text(part, here))
        elif (media := parse_media(part, here)) is not None:
            parts.append(media)
        else:
            others.append(part)
    said()
    return messages or [Message(role="user")]


def _parse_answer(raw: object, path: str, calls: _Calls) -> Message:
    rest = dict(want(raw, dict, path))
    call_id = words(rest.pop("id", None), f"{path}.id")
    name = words(rest.pop("name", None), f"{path}.name")
    text, failed = output_of(rest.pop("response", None) or {})
    media: list[Part] = []
    strange: list[Json] = []
    for at, raw_part in enumerate(listed(rest.pop("parts", None), f"{path}.parts")):
        piece = want(raw_part, dict, f"{path}.parts[{at}]")
        part = parse_media(piece, f"{path}.parts[{at}]")
        if part is None:
            strange.append(piece)
        else:
            media.append(part)
    call = calls.answered(call_id, name)
    return Message(
        role="tool",
        parts=(TextPart(text=text), *media),
        tool_call_id=call.id if call else call_id or made_up_id("answered", name, calls.waiting),
        name="" if call else name,
        failed=failed,
        extra=rest | filled(parts=strange),
    )


# ---------------------------------------------------------------- writing
def render_messages(
    messages: Sequence[Message], losses: Losses, *, model: str, same: bool
) -> tuple[Json | None, list[Json]]:
    """systemInstruction and contents. `same`: the request came in Gemini's words. Raises BadInput `not_supported`."""
    system: list[Json] = []
    contents: list[Json] = []
    names: dict[str, str] = {}
    answers = False  # is the last content one of functionResponses?
    for at, message in enumerate(messages):
        if message.name and message.role != "tool":
            losses.drop("message name")
        if message.role == "tool":
            part = _render_answer(message, names, losses, f"messages[{at}]", same=same)
            if answers:
                contents[-1]["parts"].append(part)  # the answers to one turn's calls stand together
            else:
                contents.append({"role": "user", "parts": [part]})
            answers = True
            continue
        parts = for_provider(message.thoughts, losses)
        parts += render_parts(message, losses, same=same)
        if message.role in ("system", "developer"):
            if not contents:
                system += parts
                continue
            losses.drop("system message", "after the first turn it is sent as the user's")
        names |= {call.id: call.name for call in message.tool_calls}
        parts += [render_call(call, losses) for call in message.tool_calls]
        answers = False
        if parts:
            contents.append({"role": "model" if message.role == "assistant" else "user", "parts": parts})
    if not _UNSIGNED.match(model):
        _sign(contents, losses)
    return ({"parts": system} if system else None), contents


def _render_answer(message: Message, names: dict[str, str], losses: Losses, path: str, *, same: bool) -> Json:
    name = names.get(message.tool_call_id) or message.name
    if not name:
        losses.refuse(f"{path}.tool_call_id", "no call before it has this id, so its function's name is not known")
    wire: Json = filled(id=message.tool_call_id) | {"name": name}
    wire["response"] = response_of(message.text, failed=message.failed)
    media = [part for part in message.parts if isinstance(part, ImagePart | FilePart)]
    if media:
        rendered = Message(role="user", parts=tuple(media))
        wire["parts"] = render_parts(rendered, losses, same=same)
    extra = dict(message.extra) if same else {}
    if strange := extra.pop("parts", None):
        wire["parts"] = [*wire.get("parts", ()), *strange]
    return {"functionResponse": wire | extra}


def _sign(contents: list[Json], losses: Losses) -> None:
    """Say of the calls of this turn that another model made that nobody can prove them.

    Since Gemini 3 the first call of each step since the user's last words must be signed, or the request fails.
    Source: Gemini API, "Thought signatures" (read November 2026).
    """
    for content in reversed(contents):
        parts: list[dict[str, Any]] = content["parts"]
        if content["role"] == "user":
            if any("functionResponse" not in part for part in parts):
                return
            continue
        first = next((part for part in parts if "functionCall" in part), None)
        if first is not None and "thoughtSignature" not in first:
            first["thoughtSignature"] = NO_SIGNATURE
            losses.drop("tool call signature", "the call is sent as one that Gemini did not make")
