"""Prompt: templates with declared variables, checked when they are saved and rendered when somebody asks.

    references   "helpdesk@production" (a label), "helpdesk@3" (a number), "helpdesk@latest" (the newest)
    save         every name used is declared, every template compiles, every default fits its type
    render       every variable given is declared and fits; a value is data and never becomes template

Knows no store, no HTTP and no model. Renders to messages of the OpenAI dialect's shape.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple

import msgspec

from volant.core.budget import MAX_SOURCE, Budget
from volant.core.errors import BadInput
from volant.core.nouns import PromptMessage, PromptSpec, PromptVariable
from volant.core.templates import Template, compile_template

MAX_MESSAGES = 64
MAX_TEMPLATES = 2 * MAX_SOURCE  # characters of all templates of a prompt
MAX_VARIABLES = 200
MAX_VALUES = 1_048_576  # characters of all values as JSON
LATEST = "latest"
_LENGTHS = {"string": 100_000, "list": 10_000, "object": 10_000}  # where a variable says none
_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,), "number": (int, float), "boolean": (bool,), "list": (list, tuple), "object": (dict,),
}  # fmt: skip
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,79}")
_LABEL = re.compile(r"[a-z][a-z0-9._-]{0,39}")
_VARIABLE = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,63}")
_RESERVED = frozenset({"loop", "range", "self", "true", "false", "none", "True", "False", "None", "and", "or", "not",
                       "in", "is", "if", "else", "elif", "for", "set", "with"})  # fmt: skip
_DEEPEST = 32  # lists and objects inside one another


# ---------------------------------------------------------------- references
class Reference(NamedTuple):
    """Which version of which prompt."""

    name: str
    version: int  # 0: by `label`
    label: str  # empty: by number

    def __str__(self) -> str:
        return f"{self.name}@{self.version or self.label}"


def parse_reference(text: str) -> Reference:
    """`name@3`, `name@label` or `name@latest`. Raises BadInput."""
    name, at, which = text.partition("@")
    if not _NAME.fullmatch(name) or not at:
        raise _bad_reference(text)
    if which.isascii() and which.isdigit() and len(which) < 10 and int(which):
        return Reference(name, int(which), "")
    if not _LABEL.fullmatch(which):
        raise _bad_reference(text)
    return Reference(name, 0, which)


def _bad_reference(text: str) -> BadInput:
    return BadInput(
        "bad_prompt_reference",
        f"{text[:120]!r} does not say which prompt and version",
        hint="write NAME@LABEL, NAME@NUMBER or NAME@latest, e.g. helpdesk@production",
    )


def check_name(name: str) -> None:
    """Raises BadInput for what cannot name a prompt."""
    if not _NAME.fullmatch(name):
        raise BadInput("bad_prompt_name", f"{name[:80]!r} cannot name a prompt", where="name",
                       hint="up to 80 of a-z, 0-9, dot, hyphen and underscore, e.g. helpdesk-triage")  # fmt: skip


def check_label(label: str) -> None:
    """Raises BadInput for what cannot be a label, `latest` included: it moves by itself."""
    if label == LATEST or not _LABEL.fullmatch(label):
        own = "`latest` always means the newest version" if label == LATEST else "begin with a letter, e.g. production"
        raise BadInput("bad_prompt_label", f"{label[:60]!r} cannot be a label", where="label", hint=own)


# ---------------------------------------------------------------- checking
class Checked(NamedTuple):
    """A body that can be saved."""

    hash: str  # of messages and variables
    warnings: tuple[str, ...]
    compiled: Compiled


def check_body(
    messages: Sequence[PromptMessage], variables: Mapping[str, PromptVariable], *, where: str = "prompt"
) -> Checked:
    """Compile and check. Raises BadInput with the place and line of what is wrong."""
    _check_shape(messages, variables, where)
    compiled = Compiled(messages, variables)
    used: dict[str, str] = {}  # name → where it is read first
    for part in compiled.parts:
        if part is not None:
            for name, line in part.names.items():
                used.setdefault(name, f"{where}.{part.where}, line {line}")
    undeclared = {name: place for name, place in used.items() if name not in variables}
    if undeclared:
        named = ", ".join(f"{name!r} ({place})" for name, place in sorted(undeclared.items()))
        raise BadInput(
            "prompt_variable_undeclared",
            f"the templates use what is not declared: {named}"[:1000],
            where=next(iter(undeclared.values())),
            hint="declare it under `variables`, or correct its name",
        )
    unused = sorted(set(variables) - set(used))
    warnings = tuple(f"the variable {name!r} is declared and not used" for name in unused)
    return Checked(body_hash(messages, variables), warnings, compiled)


def check_spec(spec: PromptSpec) -> Checked:
    """A prompt as people write it: name, labels and body. Raises BadInput."""
    check_name(spec.name)
    for label in spec.labels:
        check_label(label)
    return check_body(spec.messages, spec.variables, where=spec.name)


def body_hash(messages: Sequence[PromptMessage], variables: Mapping[str, PromptVariable]) -> str:
    """Same templates and variables, same hash: 16 hex digits of SHA-256."""
    body = msgspec.json.encode([tuple(messages), dict(variables)], order="sorted")
    return hashlib.sha256(body).hexdigest()[:16]


def _check_shape(messages: Sequence[PromptMessage], variables: Mapping[str, PromptVariable], where: str) -> None:
    if not 1 <= len(messages) <= MAX_MESSAGES:
        raise _invalid(f"a prompt has 1 to {MAX_MESSAGES} messages, not {len(messages)}", f"{where}.messages")
    if len(variables) > MAX_VARIABLES:
        raise _invalid(f"a prompt has at most {MAX_VARIABLES} variables", f"{where}.variables")
    if sum(len(message.template) for message in messages) > MAX_TEMPLATES:
        raise _invalid(f"the templates have more than {MAX_TEMPLATES} characters together", f"{where}.messages")
    holes = [at for at, message in enumerate(messages) if message.role == "placeholder"]
    if len(holes) > 1:
        raise _invalid("the caller's messages go to one place only", f"{where}.messages[{holes[1]}]")
    for at, message in enumerate(messages):
        if (message.role == "placeholder") == bool(message.template):
            words = "a placeholder has no template" if message.template else "the template is missing"
            raise _invalid(words, f"{where}.messages[{at}].template")
    for name, variable in variables.items():
        place = f"{where}.variables.{name[:64]}"
        if not _VARIABLE.fullmatch(name) or name in _RESERVED:
            raise _invalid(f"{name[:64]!r} cannot name a variable", place)
        if variable.max_length < 0 or variable.max_length > MAX_VALUES:
            raise _invalid(f"max_length must be 0 to {MAX_VALUES}", place)
        if variable.default is not None and (problem := _misfit(variable, variable.default)):
            raise _invalid(f"the default {problem}", place)


def _invalid(message: str, where: str) -> BadInput:
    return BadInput("prompt_invalid", message, where=where, hint="see docs/prompts.md")


# ---------------------------------------------------------------- variables
def complete(
    variables: Mapping[str, PromptVariable], given: Mapping[str, Any], *, also: Collection[str] = ()
) -> dict[str, Any]:
    """The values to render with: what was given, and defaults. `also`: names that another prompt of the task knows.

    Raises BadInput: `prompt_variable_unknown`, `prompt_variable_missing` or `prompt_variable_invalid`, naming them.
    """
    unknown = sorted(name for name in given if name not in variables and name not in also)
    if unknown:
        known = f"this prompt takes {', '.join(sorted(variables))}" if variables else "this prompt takes no variables"
        raise BadInput("prompt_variable_unknown", f"unknown variables: {_named(unknown)}", where="volant.variables",
                       hint=known[:500])  # fmt: skip
    values = {
        name: variable.default if given.get(name) is None else given[name] for name, variable in variables.items()
    }
    missing = sorted(name for name, variable in variables.items() if values[name] is None and variable.required)
    if missing:
        raise BadInput("prompt_variable_missing", f"missing variables: {_named(missing)}", where="volant.variables",
                       hint="give them in `volant.variables` (OpenAI's SDKs: extra_body)")  # fmt: skip
    for name, variable in variables.items():
        if values[name] is not None and (problem := _misfit(variable, values[name])):
            raise BadInput("prompt_variable_invalid", f"the variable {name!r} {problem}",
                           where=f"volant.variables.{name}")  # fmt: skip
    return values


def _misfit(variable: PromptVariable, value: Any) -> str:
    """What is wrong with a value; empty: nothing."""
    if type(value) not in _TYPES[variable.type]:
        return f"must be of type {variable.type}, not {_type_of(value)}"
    if variable.type == "number" and not abs(value) <= 1e300:
        return "is no number that can be written down"
    most = variable.max_length or _LENGTHS.get(variable.type, 0)
    if most and len(value) > most:
        unit = {"string": "characters", "list": "items"}.get(variable.type, "entries")
        return f"has {len(value)} {unit}; {most} are the most"
    return "is nested too deeply" if _too_deep(value) else ""


def _type_of(value: Any) -> str:
    return next((name for name, kinds in _TYPES.items() if type(value) in kinds), type(value).__name__)


def _too_deep(value: Any, depth: int = 0) -> bool:
    if not isinstance(value, dict | list | tuple):
        return False
    inner = value.values() if isinstance(value, dict) else value
    return depth >= _DEEPEST or any(_too_deep(one, depth + 1) for one in inner)


def _named(names: Sequence[str]) -> str:
    more = f" and {len(names) - 20} more" if len(names) > 20 else ""
    return ", ".join(repr(name[:64]) for name in names[:20]) + more


# ---------------------------------------------------------------- rendering
class Said(NamedTuple):
    """A prompt's messages, before and after the caller's own."""

    before: tuple[dict[str, str], ...]
    after: tuple[dict[str, str], ...]


class Compiled:
    """A prompt version, ready to render."""

    __slots__ = ("parts", "roles", "variables")

    def __init__(self, messages: Sequence[PromptMessage], variables: Mapping[str, PromptVariable]) -> None:
        """Raises BadInput for a template that is not of the subset."""
        self.variables = dict(variables)
        self.roles = tuple(message.role for message in messages)
        self.parts: tuple[Template | None, ...] = tuple(
            None if message.role == "placeholder" else compile_template(message.template, f"messages[{at}]")
            for at, message in enumerate(messages)
        )

    def render(self, given: Mapping[str, Any], *, also: Collection[str] = ()) -> Said:
        """The messages. Raises BadInput as `complete` does, and for what the templates cannot do with the values."""
        values = complete(self.variables, given, also=also)
        size = len(msgspec.json.encode(values))
        if size > MAX_VALUES:
            raise BadInput("prompt_too_large", f"the variables are longer than {MAX_VALUES} bytes of JSON",
                           where="volant.variables")  # fmt: skip
        budget = Budget(size)
        before: list[dict[str, str]] = []
        after: list[dict[str, str]] = []
        into = before
        for role, part in zip(self.roles, self.parts, strict=True):
            if part is None:
                into = after
            else:
                into.append({"role": role, "content": part.render(values, budget)})
        return Said(tuple(before), tuple(after))
