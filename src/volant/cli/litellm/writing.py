"""Writing: the commented volant.toml. One function writes every value, so that nothing slips out of its quotes."""

from __future__ import annotations

import json
import re
from typing import Any

from volant.cli.litellm.places import Place
from volant.cli.litellm.reading import Json, Notes

_BARE = re.compile(r"[A-Za-z0-9_-]+")


def render(
    *,
    source: str,
    server: Json,
    places: list[Place],
    tasks: list[Json],
    aliases: dict[str, str],
    limits: list[Json],
    notes: Notes,
) -> str:
    """The file."""
    lines = [
        f"# volant.toml, made from LiteLLM's {_comment(source)} by `volant init --from-litellm`.",
        "# Check your changes with `volant diff`, make them hold with `volant apply`.",
        "# What was not taken over stands at the end, with the reason.",
        "",
        "[server]                        # read once, when `volant up` starts; environment (VOLANT_PORT) and flags win",
    ]
    lines += [f"{_key(name)} = {value(one)}" for name, one in server.items()]
    if notes.variables:
        lines += ["", "# The server reads these from its environment when it starts:"]
        lines += [f"#   {name:<28} {_comment(what)}" for name, what in sorted(notes.variables.items())]
    for place in places:
        lines += ["", f"[[deployments]]                 # {_comment(place.where)}"]
        for name, one in place.facts.items():
            remark = place.remarks.get(name)
            lines.append(f"{name} = {value(one)}" + (f"   # {_comment(remark)}" if remark else ""))
    for task in tasks:
        lines += ["", "[[tasks]]"]
        lines += [f"{name} = {value(one)}" for name, one in task.items() if name != "variants"]
        for variant in task["variants"]:
            lines += ["", "[[tasks.variants]]"]
            lines += [f"{name} = {value(one)}" for name, one in variant.items()]
    for limit in limits:
        lines += ["", "[[limits]]", *(f"{name} = {value(one)}" for name, one in limit.items())]
    if aliases:
        lines += ["", "[aliases]                       # other names of tasks"]
        lines += [f"{_key(name)} = {value(one)}" for name, one in aliases.items()]
    if notes.all:
        lines += [
            "",
            "# ------------------------------------------------ not taken over, or to be known",
        ]
        lines += [f"# {_comment(note.where)}: {_comment(note.sentence)}" for note in notes.all]
    return "\n".join(lines) + "\n"


def value(given: Any) -> str:
    """A value as TOML. What TOML has no word for (null) is left out of tables and lists."""
    if isinstance(given, bool):
        return "true" if given else "false"
    if isinstance(given, int | float):
        return _number(given)
    if isinstance(given, dict):
        inner = ", ".join(f"{_key(str(name))} = {value(one)}" for name, one in given.items() if one is not None)
        return f"{{ {inner} }}" if inner else "{}"
    if isinstance(given, list | tuple):
        return "[" + ", ".join(value(one) for one in given if one is not None) + "]"
    text = str(given).encode(errors="replace").decode()  # no half of a surrogate pair
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")  # a JSON string is a TOML string


def _number(given: float) -> str:
    if isinstance(given, int):
        return str(given)
    text = repr(given)
    return text if any(sign in text for sign in ".en") else f"{text}.0"


def _key(name: str) -> str:
    return name if _BARE.fullmatch(name) else value(name)


def _comment(text: object) -> str:
    """Words that stay on their line."""
    return "".join(one if one.isprintable() else " " for one in str(text))
