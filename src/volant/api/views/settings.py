"""Settings: tasks with their variants and deployments, prompts, policies and keys as they stand; who applied what.

Keys are shown to those who manage them. What a changed file would do is `POST /api/v1/documents/diff`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal

import msgspec
from fastapi import APIRouter, Query
from sqlalchemy import Connection, func, select

from volant.api.access import Caller, Reads
from volant.api.services import Has
from volant.api.structs import AsJson
from volant.api.views._parts import preview
from volant.core.accounts import DAY_MS
from volant.core.errors import NotFound
from volant.core.nouns import (
    DeploymentSpec,
    Documents,
    GateSpec,
    LoopSpec,
    MonitorSpec,
    Policy,
    Retention,
    Split,
    TaskSpec,
    VariantSpec,
)
from volant.jobs.context import Context
from volant.registry import documents, keys, people, projects, prompts, state
from volant.store.tables import document, membership, rollup

router = APIRouter(prefix="/settings", tags=["views"])


class ProjectRow(msgspec.Struct, frozen=True, kw_only=True):
    """A project that the caller may choose."""

    id: str
    role: str  # of the caller; empty for a key
    members: int
    created_ms: int


class VariantRow(msgspec.Struct, frozen=True, kw_only=True):
    """One way to do a task, as it stands."""

    spec: VariantSpec
    origin: Literal["document", "release"]  # who put it there
    live: bool
    candidate_share: float  # of users, while it is rolled out; 0: it is not
    requests_day: int  # of the last day


class TaskRow(msgspec.Struct, frozen=True, kw_only=True):
    """One task, as it stands."""

    spec: TaskSpec  # as the document says; variants below are those that serve
    variants: list[VariantRow]
    live_variant: str
    live_release_id: str  # that made it live; empty: the document does
    monitors: list[str]
    loop: LoopSpec | None


class DeploymentRow(msgspec.Struct, frozen=True, kw_only=True):
    """One place that serves a model, as it stands."""

    spec: DeploymentSpec
    origin: Literal["document", "release"]
    base_url: str
    healthy: bool
    process: str  # of an engine of ours: running, waiting, failed, …; empty: none
    restarts: int
    model_id: str
    used_by: list[str]  # task/variant
    requests_day: int
    errors_day: int


class PromptRow(msgspec.Struct, frozen=True, kw_only=True):
    """One prompt."""

    name: str
    description: str
    versions: int
    labels: tuple[prompts.Label, ...]
    uses: tuple[prompts.Use, ...]
    preview: str
    saved_ms: int
    archived: bool


class KeyRow(msgspec.Struct, frozen=True, kw_only=True):
    """One API key, never itself."""

    id: str
    name: str
    prefix: str
    scopes: tuple[str, ...]
    tasks: tuple[str, ...]
    requests_per_minute: int
    usd_per_day: float
    expires_ms: int
    revoked_ms: int
    usable: bool
    created_ms: int


class SettingsView(msgspec.Struct, frozen=True, kw_only=True):
    """The page."""

    project: str
    projects: list[ProjectRow]
    tasks: list[TaskRow]
    deployments: list[DeploymentRow]
    prompts: list[PromptRow]
    gates: list[GateSpec]
    monitors: list[MonitorSpec]
    policy: Policy
    retention: Retention
    keys: list[KeyRow] | None  # None: the caller may not see them
    held: tuple[documents.Held, ...]  # what the loop decided and no document changes
    revision: int  # of the document; 0: nothing was applied yet
    hash: str
    applied_by: str
    applied_ms: int


class RevisionRow(msgspec.Struct, frozen=True, kw_only=True):
    """One configuration that was applied."""

    revision: int
    hash: str
    applied_by: str
    created_ms: int
    changes: list[str]  # against the one before, as sentences; 20 at most
    changed: int  # how many there are


class RevisionList(msgspec.Struct, frozen=True, kw_only=True):
    """A page of revisions, newest first."""

    rows: list[RevisionRow]
    next_cursor: str


class RevisionDifference(msgspec.Struct, frozen=True, kw_only=True):
    """What changed between two revisions."""

    left: int
    right: int
    changes: list[documents.Change]
    sentences: list[str]


@router.get("", summary="The project's settings as they stand")
def settings(caller: Reads, context: Has) -> Annotated[SettingsView, AsJson]:
    now_ms = context.clock.now_ms()
    with context.db.read() as tx:
        applied = documents.current(tx, caller.project)
        configured, asked = applied.documents, _asked(tx, caller.project, now_ms)
        return SettingsView(
            project=caller.project,
            projects=_projects(tx, caller),
            tasks=_tasks(tx, caller.project, configured, asked),
            deployments=_deployments(tx, context, caller.project, configured, asked),
            prompts=_prompts(tx, caller.project, configured),
            gates=list(configured.gates),
            monitors=list(configured.monitors),
            policy=configured.policy,
            retention=configured.retention,
            keys=_keys(tx, caller.project, now_ms) if "keys" in caller.permissions else None,
            held=documents.held(tx, caller.project),
            revision=applied.revision,
            hash=applied.hash,
            applied_by=applied.applied_by,
            applied_ms=applied.created_ms,
        )


@router.get("/revisions", summary="Configurations that were applied, newest first")
def revisions(
    caller: Reads,
    context: Has,
    limit: Annotated[int, Query(ge=1, le=50)] = 20,
    cursor: Annotated[str, Query(max_length=20)] = "",
) -> Annotated[RevisionList, AsJson]:
    query = select(document).where(document.c.project == caller.project).order_by(document.c.revision.desc())
    if cursor.isdigit():
        query = query.where(document.c.revision < int(cursor))
    with context.db.read() as tx:
        found = tx.execute(query.limit(limit + 1)).all()
    bodies = [msgspec.json.decode(row.body, type=Documents) for row in found]
    rows = []
    for at, row in enumerate(found[:limit]):
        before = bodies[at + 1] if at + 1 < len(bodies) else Documents()
        changes = documents.diff(before, bodies[at])
        rows.append(
            RevisionRow(
                revision=row.revision,
                hash=row.hash,
                applied_by=row.applied_by,
                created_ms=row.created_ms,
                changes=[preview(change.sentence()) for change in changes[:20]],
                changed=len(changes),
            )
        )
    return RevisionList(rows=rows, next_cursor=str(rows[-1].revision) if len(found) > limit else "")


@router.get("/revisions/difference", summary="What changed between two revisions")
def revision_difference(
    caller: Reads, context: Has, left: Annotated[int, Query(ge=0)], right: Annotated[int, Query(ge=0)]
) -> Annotated[RevisionDifference, AsJson]:
    with context.db.read() as tx:
        before, after = (_body(tx, caller.project, one) for one in (left, right))
    changes = documents.diff(before, after)
    return RevisionDifference(
        left=left, right=right, changes=list(changes), sentences=[change.sentence() for change in changes]
    )


def _body(tx: Connection, project: str, revision: int) -> Documents:
    if not revision:
        return Documents()
    query = select(document.c.body).where(document.c.project == project, document.c.revision == revision)
    body = tx.execute(query).scalar_one_or_none()
    if body is None:
        raise NotFound("revision_unknown", f"the project has no revision {revision}", where=project)
    return msgspec.json.decode(body, type=Documents)


def _projects(tx: Connection, caller: Caller) -> list[ProjectRow]:
    roles = people.roles_of(tx, caller.person.id) if caller.person else {}
    every = projects.list_all(tx)
    mine = every if caller.installation_admin else [one for one in every if one.id in roles or one.id == caller.project]
    query = select(membership.c.project, func.count()).group_by(membership.c.project)
    members = {row[0]: row[1] for row in tx.execute(query)}
    return [
        ProjectRow(id=one.id, role=roles.get(one.id, ""), members=members.get(one.id, 0), created_ms=one.created_ms)
        for one in mine
    ]


def _tasks(tx: Connection, project: str, configured: Documents, asked: Sequence[Any]) -> list[TaskRow]:
    live = state.listed(tx, project, "live", state.Live)
    splits = state.listed(tx, project, "split", Split)
    out = []
    for spec in configured.tasks:
        added = state.variants(tx, project, spec.name)
        every = {variant.name: variant for variant in spec.variants} | added
        serving = live[spec.name].variant if spec.name in live else spec.live or spec.variants[0].name
        split = splits.get(spec.name)
        out.append(
            TaskRow(
                spec=spec,
                variants=[
                    VariantRow(
                        spec=variant,
                        origin="release" if name in added else "document",
                        live=name == serving,
                        candidate_share=split.share if split and split.candidate == name else 0.0,
                        requests_day=sum(one.requests for one in asked if (one.task, one.variant) == (spec.name, name)),
                    )
                    for name, variant in every.items()
                ],
                live_variant=serving,
                live_release_id=live[spec.name].release_id if spec.name in live else "",
                monitors=[monitor.name for monitor in configured.monitors if monitor.task == spec.name],
                loop=next((loop for loop in configured.loops if loop.task == spec.name), None),
            )
        )
    return out


def _deployments(
    tx: Connection, context: Context, project: str, configured: Documents, asked: Sequence[Any]
) -> list[DeploymentRow]:
    places = state.places(tx, project)
    actual = context.executor.actual()
    written = {spec.name: spec for spec in configured.deployments}
    every = {name: place.spec for name, place in places.items() if place.spec is not None} | written
    uses: dict[str, list[str]] = {}
    for task in configured.tasks:
        variants = {one.name: one for one in task.variants} | state.variants(tx, project, task.name)
        for variant in variants.values():
            for name in (*variant.deployments, *variant.fallbacks):
                uses.setdefault(name, []).append(f"{task.name}/{variant.name}")
    out = []
    for name, deployed in every.items():
        place = places.get(name)
        process = actual.get(place.engine) if place else None
        seen = [one for one in asked if one.deployment == name]
        out.append(
            DeploymentRow(
                spec=deployed,
                origin="document" if name in written else "release",
                base_url=place.base_url if place else deployed.base_url,
                healthy=place.healthy if place else True,
                process=process.state if process else "",
                restarts=process.restarts if process else 0,
                model_id=place.model_id if place else "",
                used_by=uses.get(name, []),
                requests_day=sum(one.requests for one in seen),
                errors_day=sum(one.errors for one in seen),
            )
        )
    return out


def _asked(tx: Connection, project: str, now_ms: int) -> list[Any]:
    """Requests and errors of the last day by task, variant and deployment."""
    by = (rollup.c.task, rollup.c.variant, rollup.c.deployment)
    query = (
        select(*by, func.sum(rollup.c.requests).label("requests"), func.sum(rollup.c.errors).label("errors"))
        .where(rollup.c.project == project, rollup.c.minute_ms >= now_ms - DAY_MS)
        .group_by(*by)
    )
    return list(tx.execute(query))


def _prompts(tx: Connection, project: str, configured: Documents) -> list[PromptRow]:
    found = prompts.list_prompts(tx, project, prompts.uses_of(tx, project, configured), archived=True)
    return [
        PromptRow(
            name=one.name,
            description=preview(one.description),
            versions=one.versions,
            labels=one.labels,
            uses=one.uses,
            preview=preview(one.preview),
            saved_ms=one.saved_ms,
            archived=bool(one.archived_ms),
        )
        for one in found
    ]


def _keys(tx: Connection, project: str, now_ms: int) -> list[KeyRow]:
    names = [name for name in KeyRow.__struct_fields__ if name != "usable"]
    return [
        KeyRow(**{name: getattr(one, name) for name in names}, usable=one.usable(now_ms))
        for one in keys.list_keys(tx, project)[::-1]
    ]
