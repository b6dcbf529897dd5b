"""Tasks: what applications ask for. One for each model_name, with its deployments, fallbacks and other names.

LiteLLM draws a deployment of a group at random, whatever model it serves. Here a variant's deployments serve one
model, and several models are several variants: users are shared out among them, each staying with theirs, and each
variant falls back to the others.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from volant.cli.litellm.places import Place, parameters_of
from volant.cli.litellm.reading import Json, Notes, as_list, table, whole

_ROUTES = ("router_settings", "litellm_settings")


def tasks_of(config: Json, places: list[Place], notes: Notes) -> list[Json]:
    """The tasks, in the order of the list."""
    groups: dict[str, list[Place]] = {}
    for place in places:
        groups.setdefault(place.group, []).append(place)
    for entry in as_list(config.get("model_list")):
        name = str(entry.get("model_name")) if isinstance(entry, dict) else ""
        if name and name not in groups and "*" not in name:
            notes.add(f"model_list: {name}", "became no task: none of its deployments was taken over")
    usual = _fallbacks(config, "fallbacks", notes)
    long = _fallbacks(config, "context_window_fallbacks", notes)
    for where in _ROUTES:
        usual.setdefault("*", _names(table(config.get(where), where).get("default_fallbacks")))
        usual["*"] = usual["*"] or _names(table(config.get(where), where).get("default_fallbacks"))
    _unknown(groups, usual, "fallbacks", notes)
    _unknown(groups, long, "context_window_fallbacks", notes)
    retries = _retries(config)
    found = []
    for name, members in groups.items():
        after = usual.get(name) or [one for one in usual["*"] if one != name]
        variants = _variants(name, members, notes)
        for variant in variants:
            own = set(variant["deployments"])
            others = [place.name for place in sorted(members, key=_order) if place.name not in own]
            more = _filled(
                fallbacks=_unique([*others, *_deployments(groups, after, own)]),
                context_fallbacks=_unique(_deployments(groups, long.get(name, ()), own)),
                retries=_most([place.retries for place in members], retries),
            )
            variant.update(more)
        found.append({"name": name, "variants": variants})
    return found


def aliases_of(config: Json, tasks: list[Json], notes: Notes) -> dict[str, str]:
    """Other names of tasks."""
    known = {task["name"] for task in tasks}
    given = table(table(config.get("router_settings"), "router_settings").get("model_group_alias"), "model_group_alias")
    found: dict[str, str] = {}
    for alias, value in given.items():
        where = f"router_settings.model_group_alias.{alias}"
        target = str(value.get("model")) if isinstance(value, Mapping) else str(value)
        if isinstance(value, Mapping) and value.get("hidden"):
            notes.add(where, "hidden aliases are listed too: GET /v1/models shows a key what it may ask for")
        if alias in known:
            notes.add(where, "left out: a task has this name itself")
        elif target not in known:
            notes.add(where, f"left out: there is no task {target!r}")
        else:
            found[alias] = target
    return found


def _variants(name: str, places: list[Place], notes: Notes) -> list[Json]:
    """A variant for each model among the deployments that are asked first; the others only serve the same model."""
    _order_all(places)
    first = [place for place in places if _order(place) == min(map(_order, places))]
    identities = list(dict.fromkeys(place.identity for place in first if place.identity)) or [""]
    hidden = identities[0]  # what a deployment serves whose name does not tell
    split = {identity: [p for p in places if (p.identity or hidden) == identity] for identity in identities}
    if identities == [""]:
        split = {"": [place for place in places if not place.identity]}
    if len(split) > 1:
        said = (
            f"its deployments serve {len(split)} models ({', '.join(split)}), which became variants: users are shared"
        )
        notes.add(f"model_list: {name}", f"{said} out, each staying with theirs; LiteLLM drew one for each request")
    variants = []
    for identity, members in split.items():
        variant: Json = {"name": _word(identity) if len(split) > 1 else "main"}
        variant["deployments"] = [place.name for place in members]
        if len(split) > 1:
            variant["weight"] = sum(float(place.facts.get("weight", 1.0)) for place in members)
        parameters, differing = parameters_of(members)
        variant |= _filled(parameters=parameters)
        if differing:
            said = f"{', '.join(sorted(differing))} differ between its deployments and were left out"
            notes.add(f"model_list: {name}", f"{said}: parameters belong to a variant here, so make a variant for each")
        variants.append(variant)
    return variants


def _order(place: Place) -> int:
    return int(place.facts.get("priority", 0))


def _order_all(places: list[Place]) -> None:
    """In LiteLLM, what has no order comes after what has one."""
    said = [place.facts["priority"] for place in places if "priority" in place.facts]
    for place in places:
        if said:
            place.facts.setdefault("priority", max(said) + 1)


def _fallbacks(config: Json, setting: str, notes: Notes) -> dict[str, list[str]]:
    """Group → groups, from the router's settings and the library's."""
    found: dict[str, list[str]] = {}
    for where in _ROUTES:
        for entry in as_list(table(config.get(where), where).get(setting)):
            for group, names in table(entry, f"{where}.{setting}").items():
                given = as_list(names)
                if any(not isinstance(one, str) for one in given):
                    said = "a fallback with messages or parameters of its own is left out; a variant may have both"
                    notes.add(f"{where}.{setting}.{group}", said)
                found.setdefault(group, _names(given))
    return found


def _unknown(groups: Mapping[str, Any], fallbacks: Mapping[str, list[str]], setting: str, notes: Notes) -> None:
    for group, names in fallbacks.items():
        if group not in groups and group != "*":
            notes.add(f"{setting}.{group}", "left out: there is no task of this name")
        for name in names:
            if name not in groups:
                notes.add(f"{setting}.{group}", f"{name!r} is left out: there is no task of this name")


def _deployments(groups: Mapping[str, list[Place]], names: Iterable[str], own: set[str]) -> list[str]:
    return [place.name for name in names for place in groups.get(name, ()) if place.name not in own]


def _retries(config: Json) -> int | None:
    given = [table(config.get(where), where).get("num_retries") for where in _ROUTES]
    return next((count for count in map(whole, given) if count is not None), None)


def _most(own: list[int | None], usual: int | None) -> int | None:
    said = [count for count in own if count is not None]
    return max(0, *said) if said else usual


def _names(value: object) -> list[str]:
    return [one for one in as_list(value) if isinstance(one, str)]


def _unique(names: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(names))


def _word(text: str) -> str:
    return re.sub(r"[^a-z0-9.]+", "-", text.lower()).strip("-") or "main"


def _filled(**fields: Any) -> Json:
    return {name: value for name, value in fields.items() if value not in (None, [], {})}
