"""Listing: GET models, in the shape of the caller's dialect: what this key may ask for.

Tasks and their aliases, and for a direct key the deployments too. Sources: OpenAI "List models", Anthropic "List
Models", Gemini `models.list` (read November 2026).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from time import time_ns
from typing import TYPE_CHECKING, Any

import msgspec

from volant.core.errors import NotFound
from volant.gateway.answers import JSON_HEADER, id_lines
from volant.gateway.caller import read_headers
from volant.gateway.plan import Plans
from volant.gateway.wire import Head, Wire

if TYPE_CHECKING:
    from volant.core.nouns import KeyGrant
    from volant.gateway.chat import Chat

Json = dict[str, Any]


class Listing:
    """Answers what may be asked for."""

    def __init__(self, chat: Chat) -> None:
        self._chat = chat

    def answer(self, head: Head, wire: Wire) -> None:
        """Raises VolantError for a key that may not, or a model that is not there."""
        entrance, caller = head.entrance, read_headers(head.headers)
        plans, grant = self._chat.identify(entrance, caller, time_ns() // 1_000_000)
        named = names(plans, grant)
        one, many = _SHAPES[entrance.family]
        if entrance.model:
            if entrance.model not in named:
                raise NotFound(
                    "model_not_found",
                    f"the model {entrance.model[:80]!r} does not exist, or this key may not ask for it",
                    hint=f"to ask for: {', '.join(named)}",
                )
            said = one(entrance.model, made_ms(plans, grant, entrance.model))
        else:
            said = many([one(name, made_ms(plans, grant, name)) for name in named])
        ids = id_lines(entrance.family, caller.request_id) if caller.request_id else b""
        wire.respond(200, JSON_HEADER + ids, msgspec.json.encode(said))


def names(plans: Plans, grant: KeyGrant) -> list[str]:
    """What may stand as `model`: tasks, then aliases, then deployments; each sorted."""
    tasks = plans.known_tasks(grant)
    aliases = plans.snapshot.aliases.get(grant.project, {})
    found = tasks + sorted(name for name, task in aliases.items() if task in tasks and name not in tasks)
    if grant.direct:
        found += sorted(name for name in plans.places.get(grant.project, {}) if name not in found)
    return found


def made_ms(plans: Plans, grant: KeyGrant, name: str) -> int:
    """When the task (an alias's, too) or deployment was first configured, Unix milliseconds. A deployment that a
    release added is as old as the oldest thing of its project; 0 where nothing is known."""
    made = plans.snapshot.made.get(grant.project, {})
    task = plans.snapshot.aliases.get(grant.project, {}).get(name, name)
    at = made.get(f"tasks/{name}") or made.get(f"tasks/{task}") or made.get(f"deployments/{name}")
    return at or min(made.values(), default=0)


def _openai(name: str, made_ms: int) -> Json:
    return {"id": name, "object": "model", "created": made_ms // 1000, "owned_by": "volant"}


def _openai_list(models: list[Json]) -> Json:
    return {"object": "list", "data": models}


def _anthropic(name: str, made_ms: int) -> Json:
    made = datetime.fromtimestamp(made_ms // 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return {"type": "model", "id": name, "display_name": name, "created_at": made}


def _anthropic_list(models: list[Json]) -> Json:
    ends = {"first_id": models[0]["id"], "last_id": models[-1]["id"]} if models else {"first_id": None, "last_id": None}
    return {"data": models, "has_more": False, **ends}


def _gemini(name: str, made_ms: int) -> Json:
    """Gemini says no time."""
    methods = ["generateContent", "streamGenerateContent", "countTokens", "embedContent", "batchEmbedContents"]
    return {
        "name": f"models/{name}", "baseModelId": name, "version": "1", "displayName": name,
        "supportedGenerationMethods": methods,
    }  # fmt: skip


def _gemini_list(models: list[Json]) -> Json:
    return {"models": models}


_SHAPES: dict[str, tuple[Callable[[str, int], Json], Callable[[list[Json]], Json]]] = {
    "openai": (_openai, _openai_list),
    "anthropic": (_anthropic, _anthropic_list),
    "gemini": (_gemini, _gemini_list),
}
