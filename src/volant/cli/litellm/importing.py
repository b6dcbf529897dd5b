"""Importing: a config.yaml in, the text of a volant.toml and what a person should know out."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from volant.cli.litellm import guardrails, places, reading, rest, tasks, writing
from volant.cli.litellm.reading import Json, Note, Notes
from volant.core import settings
from volant.core.errors import BadInput


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """What came of it. `variables`: what the server must find in its environment, and what for."""

    text: str
    deployments: int
    tasks: tuple[str, ...]
    notes: tuple[Note, ...]
    variables: dict[str, str]


def run(source: Path, server: Json, environment: Mapping[str, str] = os.environ) -> Imported:
    """Read `source` and say it in our words. Raises NotFound, BadInput `yaml_invalid` and `nothing_to_import`."""
    from volant.registry import documents  # late: no other command waits for the database's library

    config = reading.read(source)
    notes = Notes()
    naming = places.Naming(environment)
    for variable in _variables(config):
        naming.reserve(variable)
    kept = reading.credentials(config)
    found = []
    for at, raw in enumerate(reading.as_list(config.get("model_list"))):
        entry = reading.table(raw, f"model_list[{at}]")
        group = str(entry.get("model_name") or "")
        where = f"model_list[{at}] {group}".rstrip()
        if not group:
            notes.add(where, "left out: it has no model_name")
        elif (place := places.convert(group, entry, where, naming, kept, notes)) is not None:
            found.append(place)
    if not found:
        raise BadInput(
            "nothing_to_import",
            "none of its models can be taken over:\n"
            + "\n".join(f"  - {one.where}: {one.sentence}" for one in notes.all),
            where=str(source),
        )
    server = server | rest.server_of(config, notes)
    named = tasks.tasks_of(config, found, notes)
    aliases = tasks.aliases_of(config, named, notes)
    rest.apply_to_deployments(config, [place.facts for place in found], notes)
    rest.apply_to_tasks(config, named, notes)
    guardrails.apply(config, named, notes)
    limits = rest.limits_of(config, notes)
    rest.name_the_rest(config, notes)
    rest.check_secrets(config, notes)
    text = writing.render(
        source=source.name, server=server, places=found, tasks=named, aliases=aliases, limits=limits, notes=notes
    )
    _, made = settings.load(tomllib.loads(text), {}, {}, origin=f"what {source} became")
    documents.check(made, f"what {source} became")
    return Imported(
        text=text,
        deployments=len(found),
        tasks=tuple(task["name"] for task in named),
        notes=tuple(notes.all),
        variables=dict(notes.variables),
    )


def _variables(value: Any) -> Iterator[str]:
    """Every variable that the YAML names."""
    if isinstance(value, dict):
        for one in value.values():
            yield from _variables(one)
    elif isinstance(value, list):
        for one in value:
            yield from _variables(one)
    elif name := reading.variable_of(value):
        yield name
