"""Audit: the log's rows with their actors' names, and what each action means. Checking the chain is `/api/v1/audit`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated

import msgspec
from fastapi import APIRouter
from sqlalchemy import Connection, select

from volant.api.access import ReadsAudit
from volant.api.manage.audit import Action, Ms, Text, User, list_audit
from volant.api.paging import Cursor, Limit
from volant.api.services import Has
from volant.api.structs import AsJson
from volant.registry.audit_actions import ACTIONS
from volant.registry.audit_log import Entry
from volant.store.tables import api_key, person

router = APIRouter(prefix="/audit", tags=["views"])


class AuditView(msgspec.Struct, frozen=True, kw_only=True):
    """A part of the log, newest first."""

    rows: list[Entry]
    names: dict[str, str]  # of the actors of these rows, by their id; one that is not here has none
    next_cursor: str
    actions: dict[str, str]  # every action and what it means; on the first page only


@router.get("", summary="What was done, by whom by name, newest first")
def audit_view(
    caller: ReadsAudit,
    context: Has,
    actor: Text = "",
    action: Action = "",
    object_kind: Text = "",
    object_id: Text = "",
    user: User = "",
    since_ms: Ms = 0,
    until_ms: Ms = 0,
    limit: Limit = 100,
    cursor: Cursor = "",
) -> Annotated[AuditView, AsJson]:
    found = list_audit(
        caller, context, actor, action, object_kind, object_id, user, "", since_ms, until_ms, limit, cursor
    )
    with context.db.read() as tx:
        names = _names(tx, {row.actor for row in found.data})
    return AuditView(rows=found.data, names=names, next_cursor=found.next_cursor, actions={} if cursor else ACTIONS)


def _names(tx: Connection, actors: Iterable[str]) -> dict[str, str]:
    """People's and keys' names. Who was removed keeps the name that they had."""
    asked = sorted(actors)
    out: dict[str, str] = {}
    for table in (person, api_key):
        query = select(table.c.id, table.c.name).where(table.c.id.in_(asked))
        out |= {row.id: row.name for row in tx.execute(query) if row.name}
    return out
