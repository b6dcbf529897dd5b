"""Audit: who did what, as the hash-chained log has it: list, verify, export."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

import msgspec
from fastapi import APIRouter, Query
from starlette.responses import StreamingResponse

from volant.api.access import Caller, ReadsAudit
from volant.api.paging import Cursor, Limit, Page, page
from volant.api.services import Has
from volant.api.structs import AsJson
from volant.api.trail import begins
from volant.jobs.context import Context
from volant.registry import audit, audit_log, lineage

router = APIRouter(prefix="/audit", tags=["audit"])

Text = Annotated[str, Query(max_length=200)]
Action = Annotated[str, Query(max_length=80, description='Whole, e.g. "key.create", or its noun and a dot: "key.".')]
Ms = Annotated[int, Query(ge=0, le=2**53, description="Unix milliseconds.")]
User = Annotated[
    str, Query(max_length=500, description="Reads of what this person said; as the application names them.")
]


@router.get("", summary="What was done, newest first")
def list_audit(
    caller: ReadsAudit,
    context: Has,
    actor: Text = "",
    action: Action = "",
    object_kind: Text = "",
    object_id: Text = "",
    user: User = "",
    subject: Text = "",
    since_ms: Ms = 0,
    until_ms: Ms = 0,
    limit: Limit = 100,
    cursor: Cursor = "",
) -> Annotated[Page[audit_log.Entry], AsJson]:
    chosen = audit_log.Filter(
        projects=_projects(caller),
        actor=actor,
        action=action,
        object_kind=object_kind,
        object_id=object_id,
        since_ms=since_ms,
        until_ms=until_ms,
        before=audit_log.cursor(cursor),
    )
    with context.db.read() as tx:
        subject = subject or context.keyring.subject_of(tx, caller.project, user)
        if subject:
            derived = lineage.impact(tx, context.blobs, caller.project, subject=subject)
            versions = tuple(one.id for one in derived.dataset_versions)
            chosen = msgspec.structs.replace(chosen, subject=subject, versions=versions)
        return page(audit_log.entries(tx, chosen, limit + 1), limit)


@router.get("/verify", summary="Follow the whole chain, of every project; says which row is not as it was written")
def verify(
    caller: ReadsAudit,
    context: Has,
    head: Annotated[str, Query(max_length=100, description="ID:HASH, noted before: it must still be in it.")] = "",
) -> Annotated[audit.AuditCheck, AsJson]:
    seen = audit.parse_head(head) if head else None
    with context.db.read() as tx:
        return audit.verify(tx, context.vault, seen=seen)


@router.get(
    "/export",
    summary="The project's rows as JSON lines, oldest first",
    response_class=StreamingResponse,
    responses={200: {"content": {"application/jsonl": {}}}},
)
def export(
    caller: ReadsAudit, context: Has, action: Action = "", since_ms: Ms = 0, until_ms: Ms = 0
) -> StreamingResponse:
    chosen = audit_log.Filter(projects=_projects(caller), action=action, since_ms=since_ms, until_ms=until_ms)
    begins(context, caller, "audit.export", since_ms=since_ms, until_ms=until_ms)
    return StreamingResponse(_lines(context, chosen), media_type="application/jsonl")


def _lines(context: Context, chosen: audit_log.Filter) -> Iterator[bytes]:
    last = 0
    while True:
        with context.db.read() as tx:
            part = audit_log.following(tx, chosen, last)
        if not part:
            return
        yield b"".join(msgspec.json.encode(entry) + b"\n" for entry in part)
        last = part[-1].id


def _projects(caller: Caller) -> tuple[str, ...]:
    """The caller's own rows; those of no project are for whoever answers for the installation."""
    return (caller.project, "") if caller.installation_admin else (caller.project,)
