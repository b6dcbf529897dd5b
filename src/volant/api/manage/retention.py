"""Retention: the project's terms, what a sweep would remove now, what the last ones removed, and a sweep by hand."""

from __future__ import annotations

from typing import Annotated

import msgspec
from fastapi import APIRouter
from sqlalchemy import Connection

from volant.api.access import Operates, Reads
from volant.api.services import Has
from volant.api.structs import AsJson
from volant.jobs.context import Context
from volant.lifecycle import retention
from volant.registry import audit, audit_log

router = APIRouter(prefix="/retention", tags=["retention"])
WITHIN_S = 45.0  # of one sweep by hand; what is left is the hourly one's
_SHOWN = 20


class LastSweep(msgspec.Struct, frozen=True, kw_only=True):
    """One sweep that removed something."""

    at_ms: int
    by: str  # who asked; "loop": the hourly one
    counts: dict[str, int]


class RetentionView(msgspec.Struct, frozen=True, kw_only=True):
    """How long things are kept, and what has run out."""

    terms: retention.Terms  # as they hold: the shorter of policy.retention_days and retention.payload_days
    due: retention.Swept  # what a sweep would remove now
    last: list[LastSweep]  # newest first


@router.get("", summary="Terms, what has run out by now, and what the last sweeps removed")
def show_retention(caller: Reads, context: Has) -> Annotated[RetentionView, AsJson]:
    with context.db.read() as tx:
        wanted = retention.terms(tx, caller.project)
        due = retention.preview(tx, context.blobs, caller.project, wanted, now_ms=context.clock.now_ms())
        chosen = audit_log.Filter(projects=(caller.project,), action="retention.sweep")
        rows = audit_log.entries(tx, chosen, _SHOWN)
    last = [LastSweep(at_ms=row.created_ms, by=row.actor, counts=row.detail) for row in rows]
    return RetentionView(terms=wanted, due=due, last=last)


@router.post("/sweep", summary="Remove what has run out, now; for 45 seconds at most")
def sweep(caller: Operates, context: Has) -> Annotated[retention.Swept, AsJson]:
    return sweeper_of(context, caller.actor).sweep(caller.project, within_s=WITHIN_S)


def sweeper_of(context: Context, actor: str = audit.LOOP) -> retention.Sweeper:
    """A sweeper whose rounds stand in the audit under this name."""
    return retention.Sweeper(
        db=context.db,
        blobs=context.blobs,
        clock=context.clock,
        audit=lambda tx, project, counts: _told(context, tx, project, actor, counts),
    )


def _told(context: Context, tx: Connection, project: str, actor: str, counts: dict[str, int]) -> None:
    context.audit(tx, project, actor, "retention.sweep", "project", project, **counts)
