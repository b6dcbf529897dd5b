"""Keys: create, list, change, rotate, revoke. A key's clear text is shown once, at its making."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import msgspec
from fastapi import APIRouter, Body, Query
from sqlalchemy import Connection

from volant.api.access import Caller, ManagesKeys
from volant.api.paging import Listing
from volant.api.services import Has
from volant.api.structs import AsJson
from volant.api.trail import did
from volant.core.errors import BadInput, Forbidden
from volant.core.nouns import Limits, Noun
from volant.registry import documents, keys

router = APIRouter(prefix="/keys", tags=["keys"])


class NewKey(Noun, frozen=True, kw_only=True):
    """What a key may do."""

    name: str
    scopes: tuple[str, ...]  # of inference, feedback, read, write, admin
    tasks: tuple[str, ...] = ()  # empty: all
    requests_per_minute: int = 0  # as in `limits`, for short
    usd_per_day: float = 0.0  # as in `limits`, for short
    limits: Limits = Limits()  # ceilings that are never passed
    operations: tuple[str, ...] = ()  # of chat, embeddings, count_tokens, moderations, models; empty: all
    direct: bool = False  # may ask for a deployment or provider/model, not only for tasks
    expires_ms: int = 0  # 0: never


class KeyChange(Noun, frozen=True, kw_only=True):
    """What changes; what is left out stays."""

    limits: Limits | None = None  # all of them: a ceiling that is left out is none
    operations: tuple[str, ...] | None = None
    direct: bool | None = None


class MadeKey(msgspec.Struct, frozen=True, kw_only=True):
    """A key and its clear text, shown this once."""

    key: keys.ApiKey
    clear: str
    warnings: tuple[str, ...] = ()  # what may be a slip of the pen


@router.get("", summary="Every key of the project, revoked ones included")
def list_keys(caller: ManagesKeys, context: Has) -> Annotated[Listing[keys.ApiKey], AsJson]:
    with context.db.read() as tx:
        return Listing(data=keys.list_keys(tx, caller.project))


@router.post("", status_code=201, summary="Make a key; its clear text is shown this once")
def create_key(
    body: Annotated[NewKey, AsJson, Body()], caller: ManagesKeys, context: Has
) -> Annotated[MadeKey, AsJson]:
    keys.require_no_more(body.scopes, caller.permissions)
    if body.name.startswith(keys.SHORT_LIVED):
        raise BadInput(
            "name_reserved",
            f"names that begin with {keys.SHORT_LIVED!r} are of keys that the playground makes, and removes again",
            where="name",
            hint="choose another name",
        )
    _require_within(caller, tasks=body.tasks, operations=body.operations, direct=body.direct)
    with context.db.begin() as tx:
        key, clear = keys.create_key(
            tx,
            caller.project,
            name=body.name,
            scopes=body.scopes,
            tasks=body.tasks,
            limits=_limits(body),
            operations=body.operations,
            direct=body.direct,
            expires_ms=body.expires_ms,
            now_ms=context.clock.now_ms(),
        )
        did(tx, context, caller, "key.create", "key", key.id, scopes=key.scopes)
        known = {task.name for task in documents.current(tx, caller.project).documents.tasks}
        warnings = tuple(
            f"there is no task {name!r} in project {caller.project!r}" for name in key.tasks if name not in known
        )
    context.publish()
    return MadeKey(key=key, clear=clear, warnings=warnings)


@router.patch("/{key_id}", summary="Change a key's limits, operations or reach")
def change_key(
    key_id: str, body: Annotated[KeyChange, AsJson, Body()], caller: ManagesKeys, context: Has
) -> Annotated[keys.ApiKey, AsJson]:
    with context.db.begin() as tx:
        _within(tx, caller, key_id)
        _require_within(caller, operations=body.operations, direct=bool(body.direct))
        given = {name: value for name, value in msgspec.structs.asdict(body).items() if value is not None}
        key = keys.change(tx, caller.project, key_id, **given)
        did(tx, context, caller, "key.change", "key", key.id, **msgspec.to_builtins(given))
    context.publish()
    return key


@router.post("/{key_id}/rotate", summary="Replace a key; the old one ends at once or after a grace")
def rotate_key(
    key_id: str, caller: ManagesKeys, context: Has, grace_s: Annotated[float, Query(ge=0, le=30 * 86400)] = 0.0
) -> Annotated[MadeKey, AsJson]:
    with context.db.begin() as tx:
        _within(tx, caller, key_id)
        key, clear = keys.rotate(
            tx, caller.project, key_id, now_ms=context.clock.now_ms(), grace_ms=int(grace_s * 1000)
        )
        did(tx, context, caller, "key.rotate", "key", key.id, replaces=key_id, grace_s=grace_s)
    context.publish()
    return MadeKey(key=key, clear=clear)


@router.delete("/{key_id}", summary="Revoke a key, now and for good")
def revoke_key(key_id: str, caller: ManagesKeys, context: Has) -> Annotated[keys.ApiKey, AsJson]:
    with context.db.begin() as tx:
        _within(tx, caller, key_id)
        key = keys.revoke(tx, caller.project, key_id, now_ms=context.clock.now_ms())
        did(tx, context, caller, "key.revoke", "key", key.id)
    context.publish()
    return key


def _limits(body: NewKey) -> Limits:
    """The short fields count where `limits` says nothing."""
    return msgspec.structs.replace(
        body.limits,
        requests_per_minute=body.limits.requests_per_minute or body.requests_per_minute,
        usd_per_day=body.limits.usd_per_day or body.usd_per_day,
    )


def _within(tx: Connection, caller: Caller, key_id: str) -> None:
    """Raises Forbidden for a key that may do more than the caller, NotFound for another project's."""
    found = keys.get_key(tx, caller.project, key_id)
    keys.require_no_more(found.scopes, caller.permissions)
    _require_within(caller, tasks=found.tasks, operations=found.operations, direct=found.direct)
    if found.installation_admin and not caller.installation_admin:
        raise Forbidden("root_key", "the root key is for admins of the installation", where=key_id)


def _require_within(
    caller: Caller, *, tasks: Sequence[str] | None = None, operations: Sequence[str] | None = None, direct: bool = False
) -> None:
    """A key makes and changes keys within its own reach only; None is not asked about. Raises Forbidden."""
    for where, own, asked in (("tasks", caller.tasks, tasks), ("operations", caller.operations, operations)):
        if own and asked is not None and not (asked and own >= set(asked)):
            raise Forbidden(
                "key_beyond_you",
                f"your key is for {', '.join(sorted(own))} only",
                where=where,
                hint=f"name {where} among those",
            )
    if direct and not caller.direct:
        raise Forbidden(
            "key_beyond_you",
            "your key may not ask for a deployment or provider/model, so no key of its making may",
            where="direct",
            hint="leave `direct` out, or ask a person or with the root key",
        )
