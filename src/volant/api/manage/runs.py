"""Runs: one execution of anything long: list, show, progress, cancel. And the workflows that start them."""

from __future__ import annotations

import contextlib
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Body, Query

from volant.api.access import Operates, Reads, Trains
from volant.api.paging import Cursor, Limit, Listing, Page, page
from volant.api.services import Has, HasActions
from volant.api.structs import AsJson
from volant.api.trail import begins, did
from volant.core.errors import NotFound
from volant.core.nouns import Noun
from volant.jobs.actions import Started
from volant.jobs.workflows import WorkflowStatus
from volant.registry import audit, runs

router = APIRouter(tags=["runs"])


class Progress(msgspec.Struct, frozen=True, kw_only=True):
    """What a run said of itself since `after`."""

    run_id: str
    state: str  # of the process: waiting, running, done, failed, cancelled
    lines: list[dict[str, Any]]
    after: int  # give it back for what comes next


class Resume(Noun, frozen=True, kw_only=True):
    """How a run goes on."""

    name: str = ""  # of the model that comes out; empty: its base's, or its dataset's


@router.get("/runs", summary="Runs, newest first")
def list_runs(
    caller: Reads, context: Has, kind: str = "", state: str = "", limit: Limit = 50, cursor: Cursor = ""
) -> Annotated[Page[runs.Run], AsJson]:
    with context.db.read() as tx:
        found = runs.list_runs(tx, caller.project, kind=kind, state=state, limit=10_000)
    if cursor:
        found = [run for run in found if run.id < cursor]
    return page(found, limit)


@router.get("/runs/{run_id}", summary="One run")
def get_run(run_id: str, caller: Reads, context: Has) -> Annotated[runs.Run, AsJson]:
    with context.db.read() as tx:
        return runs.get_run(tx, caller.project, run_id)


@router.get("/runs/{run_id}/progress", summary="What a run said of itself; ask again with `after`")
def progress(
    run_id: str, caller: Reads, context: Has, after: Annotated[int, Query(ge=0)] = 0
) -> Annotated[Progress, AsJson]:
    with context.db.read() as tx:
        runs.get_run(tx, caller.project, run_id)
    state = context.executor.handle(run_id).state()
    lines, position = context.executor.progress(run_id, after)
    return Progress(run_id=run_id, state=state, lines=lines, after=position)


@router.post("/runs/{run_id}/cancel", summary="Stop a run and keep it stopped")
def cancel(run_id: str, caller: Trains, context: Has) -> Annotated[runs.Run, AsJson]:
    with context.db.begin() as tx:
        run = runs.cancel(tx, caller.project, run_id, now_ms=context.clock.now_ms())
        did(tx, context, caller, "run.cancel", "run", run.id)
    with contextlib.suppress(NotFound):  # it was queued and never started
        context.executor.cancel(run_id)
    return run


@router.post("/runs/{run_id}/resume", status_code=202, summary="A stopped or failed run goes on from its checkpoint")
def resume(
    run_id: str, body: Annotated[Resume, AsJson, Body()], caller: Trains, actions: HasActions
) -> Annotated[Started, AsJson]:
    return actions.resume_run(caller.project, run_id, name=body.name, by=caller.actor)


@router.get("/workflows", summary="Workflows, newest first")
def list_workflows(
    caller: Reads, context: Has, active: bool = False, limit: Limit = 50
) -> Annotated[Listing[WorkflowStatus], AsJson]:
    return Listing(data=context.workflows.list(project=caller.project, active=active, limit=limit))


@router.get("/workflows/{workflow_id}", summary="One workflow: how it stands, what came out")
def get_workflow(workflow_id: str, caller: Reads, context: Has) -> Annotated[WorkflowStatus, AsJson]:
    found = context.workflows.status(workflow_id)
    if found is None or found.project != caller.project:
        raise NotFound("workflow_unknown", f"no workflow has the id {workflow_id[:80]!r}")
    return found


@router.post("/workflows/{workflow_id}/cancel", summary="A workflow ends at its next step")
def cancel_workflow(workflow_id: str, caller: Operates, context: Has) -> Annotated[WorkflowStatus, AsJson]:
    get_workflow(workflow_id, caller, context)
    begins(context, caller, "workflow.cancel", "workflow", audit.word(workflow_id))
    context.workflows.cancel(workflow_id)
    return get_workflow(workflow_id, caller, context)
