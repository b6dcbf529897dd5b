"""Guard texts: which strings of a request and of an answer people and models wrote, and how they are replaced.

Knows normalised words only. What is replaced by itself leaves the object as it was, so that nothing edited is nothing
rendered anew. Thinking with a proof is read but never edited in a request: the proof would no longer hold. Documents
of text are read and edited in their data: URLs; pictures, sound and PDFs are not read.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from typing import Any, TypeVar

import msgspec

from volant.core.chat import (
    ChatRequest,
    ChatResponse,
    Choice,
    FilePart,
    Message,
    Part,
    TextPart,
    Thought,
    ToolCall,
)
from volant.dialects.data_urls import document_of, with_text

Visit = Callable[[str], str]
T = TypeVar("T")
_KINDS = frozenset({"type", "is", "id", "tool_use_id", "media_type", "cache_control"})
_ESCAPE = re.compile(r"\\u([0-9a-fA-F]{4})")
replace = msgspec.structs.replace


def visit_request(request: ChatRequest, roles: Collection[str], everything: bool, visit: Visit) -> ChatRequest:
    """`request` with every text of those roles as `visit` gives it back, in the order of the conversation.

    With `everything` also names, tool arguments, the user's name, metadata, and of values that only one dialect has a
    word for each string; else of those only what may be words.
    """
    messages = _each(
        request.messages, lambda one: _message(one, everything, visit, _own_thought) if one.role in roles else one
    )
    changes: dict[str, Any] = {} if messages is request.messages else {"messages": messages}
    if everything:
        if request.user and (user := visit(request.user)) != request.user:
            changes["user"] = user
        for name in ("metadata", "extra"):
            before = getattr(request, name)
            if before and (after := visit_json(before, visit)) is not before:
                changes[name] = after
    return replace(request, **changes) if changes else request


def visit_response(response: ChatResponse, visit: Visit) -> ChatResponse:
    """`response` with all that a model said as `visit` gives it back; thinking that was changed loses its proof.

    Log-probabilities spell the words out: of a choice that was changed they go.
    """
    choices = _each(response.choices, lambda one: _choice(one, visit))
    extra = visit_json(response.extra, visit) if response.extra else response.extra
    if choices is response.choices and extra is response.extra:
        return response
    return replace(response, choices=choices, extra=extra)


def visit_json(node: Any, visit: Visit) -> Any:
    """A JSON value with each string as `visit` gives it back; a number that it changes becomes a string."""
    if isinstance(node, str):
        return _same(node, visit(node))
    if isinstance(node, int) and not isinstance(node, bool):
        said = str(node)
        return node if (now := visit(said)) == said else now
    if isinstance(node, list):
        items = [visit_json(item, visit) for item in node]
        return node if all(a is b for a, b in zip(items, node, strict=True)) else items
    if isinstance(node, dict):
        fields = {name: visit_json(value, visit) for name, value in node.items()}
        return node if all(fields[name] is value for name, value in node.items()) else fields
    return node


def visit_arguments(arguments: str, visit: Visit) -> str:
    """JSON text of a tool call, whose strings are visited. What is no JSON is visited as it stands; where that changes
    nothing, with its escapes read."""
    if not arguments:
        return arguments
    try:
        tree = msgspec.json.decode(arguments)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        now = visit(arguments)
        if now != arguments or "\\u" not in arguments:
            return now
        plain = _ESCAPE.sub(lambda one: chr(int(one[1], 16)), arguments)
        return now if (read := visit(plain)) == plain else read
    now = visit_json(tree, visit)
    return arguments if now is tree else msgspec.json.encode(now).decode()


# ---------------------------------------------------------------- inside
def _choice(choice: Choice, visit: Visit) -> Choice:
    message = _message(choice.message, True, visit, _thought)
    if choice.extra and (extra := visit_json(choice.extra, visit)) is not choice.extra:
        choice = replace(choice, extra=extra)
    return choice if message is choice.message else replace(choice, message=message, logprobs=None)


def _thought(thought: Thought, visit: Visit) -> Thought:
    text = visit(thought.text) if thought.text else ""
    return thought if text == thought.text else replace(thought, text=text, signature="", id="")


def _own_thought(thought: Thought, visit: Visit) -> Thought:
    """Of a request: with a proof it stays as its provider made it, who knows it already."""
    edited = _thought(thought, visit)
    return thought if thought.signature else edited


def _message(message: Message, everything: bool, visit: Visit, think: Callable[[Thought, Visit], Thought]) -> Message:
    changes: dict[str, Any] = {}
    thoughts = _each(message.thoughts, lambda one: think(one, visit))
    if thoughts is not message.thoughts:
        changes["thoughts"] = thoughts
    parts = _each(message.parts, lambda part: _part(part, everything, visit))
    if parts is not message.parts:
        changes["parts"] = parts
    if message.refusal and (refusal := visit(message.refusal)) != message.refusal:
        changes["refusal"] = refusal
    if everything:
        if message.name and (name := visit(message.name)) != message.name:
            changes["name"] = name
        calls = _each(message.tool_calls, lambda call: _call(call, visit))
        if calls is not message.tool_calls:
            changes["tool_calls"] = calls
    if message.extra and (extra := _extra(message.extra, everything, visit)) is not message.extra:
        changes["extra"] = extra
    return replace(message, **changes) if changes else message


def _part(part: Part, everything: bool, visit: Visit) -> Part:
    if isinstance(part, TextPart):
        text, extra = visit(part.text), _extra(part.extra, everything, visit)
        same = text == part.text and extra is part.extra
        return part if same else replace(part, text=text, signature="", extra=extra)
    if isinstance(part, FilePart):
        changes: dict[str, Any] = {}
        _, text = (document_of(part.data) or ("", "")) if part.data else ("", "")
        if text and (edited := visit(text)) != text:
            changes["data"] = with_text(part.data, edited)
        if everything and part.name and (name := visit(part.name)) != part.name:
            changes["name"] = name
        if part.extra and (extra := _extra(part.extra, everything, visit)) is not part.extra:
            changes["extra"] = extra
        return replace(part, **changes) if changes else part
    return part


def _extra(extra: dict[str, Any], everything: bool, visit: Visit) -> dict[str, Any]:
    """Values that only one dialect has a word for."""
    if not extra:
        return extra
    read: dict[str, Any] = visit_json(extra, visit) if everything else _words(extra, visit)
    return read


def _words(node: Any, visit: Visit) -> Any:
    """As visit_json, without numbers and what says no more than of which kind a thing is."""
    if isinstance(node, dict):
        fields = {name: value if name in _KINDS else _words(value, visit) for name, value in node.items()}
        return node if all(fields[name] is value for name, value in node.items()) else fields
    if isinstance(node, list):
        items = [_words(item, visit) for item in node]
        return node if all(a is b for a, b in zip(items, node, strict=True)) else items
    return _same(node, visit(node)) if isinstance(node, str) else node


def _call(call: ToolCall, visit: Visit) -> ToolCall:
    arguments = visit_arguments(call.arguments, visit)
    return call if arguments == call.arguments else replace(call, arguments=arguments)


def _same(before: str, after: str) -> str:
    return before if after == before else after


def _each(items: tuple[T, ...], change: Callable[[T], T]) -> tuple[T, ...]:
    now = tuple(change(item) for item in items)
    return items if all(a is b for a, b in zip(now, items, strict=True)) else now
