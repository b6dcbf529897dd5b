"""Playground: a short-lived key with which the console asks the gateway, so that it measures what callers measure."""

from __future__ import annotations

from typing import Annotated

import msgspec
from fastapi import APIRouter, Body

from volant.api.access import Infers
from volant.api.services import Has
from volant.api.structs import AsJson
from volant.api.trail import did
from volant.core.accounts import MINUTE_MS
from volant.core.errors import Forbidden
from volant.core.nouns import Noun
from volant.registry import keys

router = APIRouter(prefix="/playground", tags=["playground"])
OPERATIONS = ("chat", "models")  # what the page asks for


class PlaygroundAsk(Noun, frozen=True, kw_only=True):
    """How long the key shall live."""

    minutes: Annotated[int, msgspec.Meta(ge=1, le=60)] = 30


class PlaygroundKey(msgspec.Struct, frozen=True, kw_only=True):
    """A key in clear, for the page that asked for it; it ends by itself."""

    clear: str
    key_id: str
    expires_ms: int


@router.post("/key", status_code=201, summary="A key for an hour at most, for tasks and deployments of this project")
def open_playground(
    body: Annotated[PlaygroundAsk, AsJson, Body()], caller: Infers, context: Has
) -> Annotated[PlaygroundKey, AsJson]:
    """Counts against the ceilings of the project, its tasks and models. Shown once, kept as a hash like every key.

    For people. A key gets one only where it may make keys: else it would leave its own ceilings, operations and end.
    """
    if caller.key is not None and "keys" not in caller.permissions:
        raise Forbidden(
            "people_only",
            "this key makes no keys, for the playground neither",
            hint="sign in, or ask with the key itself",
        )
    operations = tuple(name for name in OPERATIONS if not caller.operations or name in caller.operations)
    if not operations:
        raise Forbidden(
            "key_beyond_you", "your key is for no chat, so the playground is of no use to it", where="operations"
        )
    now_ms = context.clock.now_ms()
    with context.db.begin() as tx:
        key, clear = keys.create_key(
            tx,
            caller.project,
            name=f"{keys.SHORT_LIVED}{caller.name}"[:120],
            scopes=("inference",),
            now_ms=now_ms,
            tasks=tuple(sorted(caller.tasks)),
            operations=operations,
            direct=caller.direct,
            expires_ms=now_ms + body.minutes * MINUTE_MS,
        )
        did(tx, context, caller, "key.create", "key", key.id, scopes=key.scopes, playground=True)
    context.publish()
    return PlaygroundKey(clear=clear, key_id=key.id, expires_ms=key.expires_ms)
