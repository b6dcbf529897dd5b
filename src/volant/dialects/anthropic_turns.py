"""Anthropic turns: between the messages of the wire and those of `core.chat`, both ways.

One user turn on the wire holds tool results and words side by side; here each result is a message of its own, and
consecutive turns of one side are joined again on the way out, as the API itself joins them. An assistant's turn whose
blocks do not stand as thoughts, words, calls becomes several messages, so that their order is kept.

Source: Anthropic API reference, "Create a Message" (versions 2023-06-01 and 2026-10-21); anthropic SDK 2.12.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from msgspec.structs import replace

from volant.core.chat import ChatRequest, Json, Message, Part, TextPart, Thought, ToolCall
from volant.dialects import anthropic_blocks as blocks
from volant.dialects.dialect import Losses
from volant.dialects.fields import bad, filled, listed, maybe, want
from volant.dialects.fitting import shown_by_user, thoughts_for, unsigned
from volant.dialects.signed_ids import read_id

NAME = blocks.NAME


# ---------------------------------------------------------------- from the wire
def parse_system(raw: object) -> list[Message]:
    """The message that a system prompt is, or none."""
    parts, strange = _parse_content(raw, "system")
    return [Message(role="system", parts=parts, extra=filled(input_blocks=strange))] if parts or strange else []


def parse_turn(raw: object, path: str) -> list[Message]:
    """The messages of one turn. Raises BadInput with the path."""
    turn = want(raw, dict, path)
    role = want(turn.get("role"), str, f"{path}.role")
    content = turn.get("content")
    if content is None:
        raise bad(f"{path}.content", "is missing; it must be a string or a list of blocks")
    if role == "assistant" and not isinstance(content, str):
        return _parse_assistant(want(content, list, f"{path}.content"), f"{path}.content")
    if role == "user" and not isinstance(content, str):
        return _parse_user(want(content, list, f"{path}.content"), f"{path}.content")
    if role not in ("user", "assistant", "system"):
        raise bad(f"{path}.role", f"is {role[:40]!r}; it must be user, assistant or system")
    parts, strange = _parse_content(content, f"{path}.content")
    return [Message(role=role, parts=parts, extra=filled(input_blocks=strange))]  # type: ignore[arg-type]  # checked


def _parse_user(content: list[Any], path: str) -> list[Message]:
    found: list[Message] = []
    run: list[Any] = []

    def flush(end: int) -> None:
        if run or (not found and end == len(content)):
            parts, strange = _parse_content(list(run), path, first=end - len(run))
            found.append(Message(role="user", parts=parts, extra=filled(input_blocks=strange)))
            run.clear()

    for at, raw in enumerate(content):
        block = want(raw, dict, f"{path}[{at}]")
        if block.get("type") != "tool_result":
            run.append(block)
            continue
        flush(at)
        found.append(_parse_result(block, f"{path}[{at}]"))
    flush(len(content))
    return found


def _parse_result(block: Json, path: str) -> Message:
    parts, strange = _parse_content(block.get("content"), f"{path}.content")
    known = ("type", "tool_use_id", "content", "is_error")
    extra = {name: value for name, value in block.items() if name not in known and value is not None}
    return Message(
        role="tool",
        parts=parts,
        tool_call_id=read_id(want(block.get("tool_use_id"), str, f"{path}.tool_use_id"))[0],
        failed=bool(maybe(block.get("is_error"), bool, f"{path}.is_error")),
        extra=extra | filled(input_blocks=strange),
    )


def _parse_content(content: object, path: str, first: int = 0) -> tuple[tuple[Part, ...], list[Json]]:
    """Parts, and the blocks that are none, with their places."""
    if isinstance(content, str):
        return ((TextPart(text=content),) if content else ()), []
    parts: list[Part] = []
    strange: list[Json] = []
    for at, raw in enumerate(listed(content, path), start=first):
        block = want(raw, dict, f"{path}[{at}]")
        part = blocks.parse_part(block, f"{path}[{at}]")
        if part is None:
            strange.append({"at": len(parts), "block": block})
        else:
            parts.append(part)
    return tuple(parts), strange


def _parse_assistant(content: list[Any], path: str) -> list[Message]:
    """One message for each run of thoughts, then words, then calls."""
    found: list[Message] = []
    run: list[Json] = []
    stage = 0
    for at, raw in enumerate(content):
        block = want(raw, dict, f"{path}[{at}]")
        now = {"thinking": 0, "redacted_thinking": 0, "tool_use": 2}.get(str(block.get("type")), 1)
        if now < stage and run:
            found.append(parse_answer_blocks(run, path, first=at - len(run)))
            run = []
        stage = now
        run.append(block)
    if run or not found:
        found.append(parse_answer_blocks(run, path, first=len(content) - len(run)))
    return found


def parse_answer_blocks(content: Sequence[Json], path: str, first: int = 0) -> Message:
    """What an assistant said, as one message: its thoughts, its words, its calls."""
    thoughts: list[Thought] = []
    parts: list[Part] = []
    calls: list[ToolCall] = []
    beside: Json = {}
    strange: list[Json] = []
    for at, block in enumerate(content, start=first):
        here = f"{path}[{at}]"
        kind = want(block.get("type"), str, f"{here}.type")
        if kind in ("thinking", "redacted_thinking"):
            thoughts.append(blocks.parse_thought(block, here))
        elif kind == "tool_use":
            call, more = blocks.parse_call(block, here)
            calls.append(call)
            if more:
                beside[call.id] = more
        elif (part := blocks.parse_part(block, here)) is not None:
            parts.append(part)
        else:
            strange.append({"at": len(parts), "block": block})
    extra = filled(blocks=strange, tool_use=beside)
    return Message(role="assistant", thoughts=tuple(thoughts), parts=tuple(parts), tool_calls=tuple(calls), extra=extra)


# ---------------------------------------------------------------- to the wire
def render_turns(request: ChatRequest, losses: Losses) -> tuple[list[Json], list[Json]]:
    """The system prompt's blocks, and the turns: neighbours of one side joined."""
    own = request.dialect == NAME
    system: list[Json] = []
    turns: list[tuple[str, list[Json]]] = []
    messages = unsigned(request.messages, losses)  # a caller's own turns too may hold another provider's calls
    messages = messages if own else shown_by_user(messages, losses)
    for at, message in enumerate(messages):
        role = {"developer": "system", "tool": "user"}.get(message.role, message.role)
        said = _render_message(message, own, losses)
        if role == "system" and (not turns or not own):
            if turns:
                losses.drop(f"messages[{at}]", "a system message inside of the conversation was put at its head")
            system += said
        elif turns and turns[-1][0] == role:
            turns[-1][1].extend(said)
        elif said or own:
            turns.append((role, said))
        else:
            losses.drop(f"messages[{at}]", "it is empty")
    if not turns and system:
        losses.drop("messages", "there is only a system prompt, which was sent as the user's")
        system, turns = [], [("user", system)]
    if not turns:
        losses.refuse("messages", "it needs at least one that says something")
    if turns[-1][0] == "assistant" and not own and turns[-1][1] and turns[-1][1][-1]["type"] == "text":
        turns[-1][1][-1]["text"] = turns[-1][1][-1]["text"].rstrip()  # the API refuses a beginning that ends in space
    return system, [{"role": role, "content": _plain(said)} for role, said in turns]


def _plain(said: list[Json]) -> str | list[Json]:
    """One text without anything beside it is a string."""
    if len(said) == 1 and said[0].keys() == {"type", "text"} and said[0]["type"] == "text":
        return str(said[0]["text"])
    return said if said else ""


def _render_message(message: Message, own: bool, losses: Losses) -> list[Json]:
    if message.name and not own:
        losses.drop("messages.name")
    parts = [blocks.render_part(part, own, losses) for part in message.parts if not _is_empty(part)]
    extra = dict(message.extra)
    said = blocks.placed(parts, extra.pop("blocks", None) or extra.pop("input_blocks", None))
    if message.role == "tool":
        result: Json = {"type": "tool_result", "tool_use_id": blocks.tool_id(message.tool_call_id)}
        result |= filled(content=_plain(said), is_error=message.failed)
        return [result | extra]
    if message.refusal:
        said.append({"type": "text", "text": message.refusal})
    beside = extra.get("tool_use") or {}
    calls = [blocks.render_call(call, losses) | beside.get(call.id, {}) for call in message.tool_calls]
    return [*_proven(message.thoughts, losses), *said, *calls]


def _proven(thoughts: Sequence[Thought], losses: Losses) -> list[Json]:
    """The thoughts that Anthropic made and signed; it takes no others."""
    signed = [replace(one, dialect=one.dialect if one.signature or one.redacted else "") for one in thoughts]
    return [blocks.render_thought(one) for one in thoughts_for((NAME,), signed, losses)]


def _is_empty(part: Part) -> bool:
    return isinstance(part, TextPart) and not part.text and not part.extra
