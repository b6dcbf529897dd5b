"""OpenAI tools: what chat completions and responses share: custom tools, and signatures that go round.

A custom tool takes free text instead of JSON. `core.chat` has functions only, so it becomes a function of one text,
`input`, and what it was stands in `Tool.extra["custom"]`: OpenAI gets it back as it came, every other model can still
call it. Pieces of a stream are turned on the way, without waiting for the end.

Source: OpenAI API reference, "Custom tools" (read November 2026).
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from volant.core.chat import Json, Tool

CUSTOM = "custom"
_PARAMETERS = {"type": "object", "properties": {"input": {"type": "string"}}, "required": ["input"]}
_OPEN, _CLOSE = '{"input":"', '"}'


def custom_tool(name: str, description: str, rest: Json) -> Tool:
    """A custom tool as a function of one text; `rest` is what else its definition says (`format`)."""
    return Tool(name=name, description=description, parameters=_PARAMETERS, extra={CUSTOM: rest})


def custom_names(tools: Iterable[Tool]) -> frozenset[str]:
    """Which of the tools are custom ones."""
    return frozenset(tool.name for tool in tools if CUSTOM in tool.extra)


def arguments_of(text: str) -> str:
    """A custom call's text as the arguments of the function."""
    return f"{_OPEN}{escaped(text)}{_CLOSE}"


def text_of(arguments: str) -> str:
    """The text of a custom call; a model that wrote no such JSON is taken at its words."""
    try:
        said = msgspec.json.decode(arguments)
    except msgspec.DecodeError:
        return arguments
    text = said.get("input") if isinstance(said, dict) else None
    return text if isinstance(text, str) else arguments


def opening() -> str:
    """What stands before the first piece of a text, when a call streams."""
    return _OPEN


def closing() -> str:
    """What stands after the last piece."""
    return _CLOSE


def escaped(piece: str) -> str:
    """A piece of text inside JSON's quotes."""
    return msgspec.json.encode(piece)[1:-1].decode()
