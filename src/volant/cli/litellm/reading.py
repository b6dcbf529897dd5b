"""Reading: LiteLLM's config.yaml with what it includes, and notes of what is found on the way."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from volant.core.errors import BadInput, NotFound

Json = dict[str, Any]
_REFERENCE = re.compile(r"os\.environ(?:/|\[['\"]?|\.get\(['\"]?)([A-Za-z_][A-Za-z0-9_]*)")
_MOST_BYTES = 4 * 1024 * 1024  # of one file
_NO_KEYS = {"", "none", "null", "empty", "dummy", "fake", "fake-key", "anything", "any", "not-needed", "no-key", "na",
            "sk-no-key-required", "sk-fake", "ollama", "lm-studio", "test", "your-api-key", "xxx"}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """Something that a person should know: where it stands in the YAML, and what became of it."""

    where: str
    sentence: str
    grave: bool = False  # it changes what is protected, or what is spent


@dataclass(slots=True, kw_only=True)
class Notes:
    """What is told at the end, each thing once."""

    all: list[Note] = field(default_factory=list)
    variables: dict[str, str] = field(default_factory=dict)  # environment variable to set → what for

    def add(self, where: str, sentence: str) -> None:
        note = Note(where=where, sentence=sentence)
        if note not in self.all:
            self.all.append(note)

    def warn(self, where: str, sentence: str) -> None:
        """As `add`, and it is said before all others."""
        self.all.insert(sum(note.grave for note in self.all), Note(where=where, sentence=sentence, grave=True))

    def need(self, variable: str, what_for: str) -> str:
        """Note a variable that the server must have."""
        self.variables.setdefault(variable, what_for)
        return variable


def read(place: Path, seen: frozenset[Path] = frozenset()) -> Json:
    """The configuration, with its `include`d files. Raises NotFound, and BadInput with line and column."""
    if not place.is_file():
        raise NotFound("file_missing", "there is no such file", where=str(place), hint="name LiteLLM's config.yaml")
    if place.stat().st_size > _MOST_BYTES:
        raise BadInput("yaml_invalid", "is too large for a configuration", where=str(place))
    try:
        config = yaml.safe_load(place.read_text())
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as error:
        said = " ".join(str(error).split())[:400]
        raise BadInput("yaml_invalid", said, where=str(place), hint="is it LiteLLM's config.yaml?") from None
    if not isinstance(config, dict) or not any(key in config for key in ("model_list", "include", "router_settings")):
        raise BadInput(
            "yaml_invalid",
            "holds no model_list",
            where=str(place),
            hint="name the config.yaml that `litellm --config` is started with",
        )
    for named in as_list(config.pop("include", None)):
        other = (place.parent / str(named)).resolve()
        if other in seen:
            continue
        more = read(other, seen | {place.resolve()})
        for key, value in more.items():
            if isinstance(value, list) and isinstance(config.get(key), list):
                config[key] = [*config[key], *value]
            else:
                config.setdefault(key, value)
    return config


def table(value: object, where: str) -> Json:
    """A mapping with text keys, or an empty one. Raises BadInput."""
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise BadInput("yaml_invalid", f"must be a table, is {type(value).__name__}", where=where)
    return {str(key): one for key, one in value.items()}


def as_list(value: object) -> list[Any]:
    """A list as it is, nothing as an empty one, anything else as a list of itself."""
    return value if isinstance(value, list) else [] if value is None else [value]


def variable_of(value: object) -> str:
    """The environment variable that `os.environ/NAME` names; empty where it names none."""
    found = _REFERENCE.match(value) if isinstance(value, str) else None
    return found[1] if found else ""


def is_key(value: object) -> bool:
    """Does this look like a key at all, and not like the word that people put where none is needed?"""
    return isinstance(value, str) and value.strip().lower() not in _NO_KEYS


def whole(value: object) -> int | None:
    """A whole number, also one in quotes; None where it is none."""
    number = amount(value)
    return int(number) if number is not None and number == int(number) else None


def amount(value: object) -> float | None:
    """A number, also one in quotes; None where it is none."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except ValueError:
        return None
    return number if abs(number) < 1e15 else None


def credentials(config: Json) -> dict[str, Json]:
    """The values of each entry of `credential_list`, by name."""
    found = {}
    for at, raw in enumerate(as_list(config.get("credential_list"))):
        entry = table(raw, f"credential_list[{at}]")
        found[str(entry.get("credential_name"))] = table(entry.get("credential_values"), f"credential_list[{at}]")
    return found
