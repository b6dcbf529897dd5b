"""Runs: everything long: trainings and evaluations live, compared, with their checkpoints and the end of their logs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Query
from sqlalchemy import Connection

from volant.api.access import Reads
from volant.api.paging import Cursor
from volant.api.services import Has
from volant.api.structs import AsJson
from volant.api.views import _runs, _series
from volant.api.views._graph import titles
from volant.api.views._parts import Link, preview
from volant.core.errors import BadInput
from volant.jobs.context import Context
from volant.registry import edges, runs

router = APIRouter(prefix="/runs", tags=["views"])
MOST_COMPARED = 6
After = Annotated[int, Query(ge=0, description="`after` of the answer before: only what came since.")]


class RunRow(msgspec.Struct, frozen=True, kw_only=True):
    """One run in the list."""

    id: str
    kind: str
    state: str
    title: str  # recipe, or suites
    link: Link | None  # the model it made or judged, or the dataset version it read
    error: str
    attempt: int
    by: str  # the workflow that began it
    pace: _series.Pace
    created_ms: int
    started_ms: int
    ended_ms: int


class RunList(msgspec.Struct, frozen=True, kw_only=True):
    """A page of runs, newest first, and how many there are of each state and kind."""

    rows: list[RunRow]
    next_cursor: str
    states: dict[str, int]
    kinds: dict[str, int]


class RunView(msgspec.Struct, frozen=True, kw_only=True):
    """One run."""

    run: RunRow
    process: str  # waiting, running, done, failed, cancelled
    series: _series.Series
    spec: dict[str, Any]  # ids, names and numbers
    facts: dict[str, Any]  # of its result
    error: dict[str, Any]
    checkpoints: list[_runs.Checkpoint]
    log: list[str]  # the last lines that a logger wrote
    inputs: list[Link]
    outputs: list[Link]
    may_stop: bool
    may_resume: bool
    resume_sentence: str  # what resuming would do, or why it cannot be


class ComparedRun(msgspec.Struct, frozen=True, kw_only=True):
    """One of the runs side by side."""

    run: RunRow
    series: _series.Series
    facts: dict[str, Any]


class Setting(msgspec.Struct, frozen=True, kw_only=True):
    """A setting that is not the same in all compared runs."""

    name: str
    values: list[Any]  # in the order of the runs; None: not set


class RunComparison(msgspec.Struct, frozen=True, kw_only=True):
    """Runs side by side; series are aligned by step."""

    runs: list[ComparedRun]
    differing: list[Setting]
    same: dict[str, Any]


@router.get("", summary="Runs, newest first, with how far they are")
def list_runs(
    caller: Reads,
    context: Has,
    kind: str = "",
    state: str = "",
    limit: Annotated[int, Query(ge=1, le=100)] = 50,
    cursor: Cursor = "",
) -> Annotated[RunList, AsJson]:
    with context.db.read() as tx:
        found = _runs.page(tx, caller.project, kind=kind, state=state, before=cursor, limit=limit + 1)
        states, kinds = _runs.counts(tx, caller.project)
        rows = _titled(tx, caller.project, [_row(context, one) for one in found[:limit]])
    return RunList(rows=rows, next_cursor=rows[-1].id if len(found) > limit else "", states=states, kinds=kinds)


@router.get("/compare", summary="Runs side by side: series by step, and the settings that differ")
def compare_runs(
    caller: Reads, context: Has, ids: Annotated[str, Query(max_length=400, description="Run ids, comma-separated.")]
) -> Annotated[RunComparison, AsJson]:
    wanted = list(dict.fromkeys(one for one in ids.split(",") if one))
    if not 2 <= len(wanted) <= MOST_COMPARED:
        raise BadInput("compare_count", f"{len(wanted)} runs; two to {MOST_COMPARED} are compared", where="ids")
    with context.db.read() as tx:
        found = [runs.get_run(tx, caller.project, one) for one in wanted]
        rows = _titled(tx, caller.project, [_row(context, one) for one in found])
    specs = [_flat(one.spec) for one in found]
    names = sorted({name for spec in specs for name in spec})
    differing = [name for name in names if len({repr(spec.get(name)) for spec in specs}) > 1]
    return RunComparison(
        runs=[
            ComparedRun(run=row, series=_series_of(context, one.id, 0), facts=_facts(one))
            for one, row in zip(found, rows, strict=True)
        ],
        differing=[Setting(name=name, values=[spec.get(name) for spec in specs]) for name in differing],
        same={name: specs[0].get(name) for name in names if name not in differing},
    )


@router.get("/{run_id}", summary="One run, live: ask again with `after`")
def show_run(run_id: str, caller: Reads, context: Has, after: After = 0) -> Annotated[RunView, AsJson]:
    with context.db.read() as tx:
        found = runs.get_run(tx, caller.project, run_id)
        inputs, outputs = _around(tx, caller.project, run_id)
        [row] = _titled(tx, caller.project, [_row(context, found)])
    folder = context.data_dir / "runs" / run_id
    checkpoints = _runs.checkpoints(folder)
    may, sentence = _runs.resumable(found, checkpoints)
    return RunView(
        run=row,
        process=context.executor.handle(run_id).state(),
        series=_series_of(context, run_id, after),
        spec=found.spec,
        facts=_facts(found),
        error=found.error,
        checkpoints=checkpoints,
        log=_runs.log_tail(folder / "log.txt"),
        inputs=inputs,
        outputs=outputs,
        may_stop=found.state in ("queued", "running"),
        may_resume=may,
        resume_sentence=sentence,
    )


def _row(context: Context, one: runs.Run | _runs.Head) -> RunRow:
    spec = one.spec
    title = str(spec.get("recipe") or "") or ", ".join(str(suite) for suite in spec.get("suites", ()))
    model_id, version_id = str(spec.get("model_id", "")), str(spec.get("dataset_version_id", ""))
    link = Link(kind="model", id=model_id) if model_id else Link(kind="dataset_version", id=version_id)
    over = one.state in runs.ENDED
    lines = [] if over else context.executor.progress(one.id)[0]
    pace = _series.pace(lines, over=False)
    if one.state == "succeeded":
        pace = msgspec.structs.replace(pace, share=1.0, last_ms=one.ended_ms)
    return RunRow(
        id=one.id,
        kind=one.kind,
        state=one.state,
        title=preview(title or one.kind),
        link=link if link.id else None,
        error=preview(str(one.error.get("message", ""))),
        attempt=one.attempt,
        by=one.workflow_id,
        pace=pace,
        created_ms=one.created_ms,
        started_ms=one.started_ms,
        ended_ms=one.ended_ms,
    )


def _series_of(context: Context, run_id: str, after: int) -> _series.Series:
    return _series.series(*context.executor.progress(run_id, after))


def _facts(one: runs.Run) -> dict[str, Any]:
    facts = one.result.get("facts", {})
    return dict(facts) if isinstance(facts, Mapping) else {}


def _flat(spec: Mapping[str, Any]) -> dict[str, Any]:
    """The settings of a run, options unfolded; what only names the run itself is left out."""
    out: dict[str, Any] = {}
    for name, value in spec.items():
        if isinstance(value, Mapping):
            out |= {f"{name}.{inner}": one for inner, one in value.items()}
        elif name not in ("kind", "project"):
            out[name] = value
    return out


def _around(tx: Connection, project: str, run_id: str) -> tuple[list[Link], list[Link]]:
    before = [edge.source for edge in edges.sources_of(tx, project, [("run", run_id)])]
    behind = [edge.target for edge in edges.targets_of(tx, project, [("run", run_id)])]
    known = titles(tx, project, [*before, *behind])
    links = [
        [Link(kind=ref.kind, id=ref.id, title=known.get(ref, ("",))[0]) for ref in refs] for refs in (before, behind)
    ]
    return links[0], links[1]


def _titled(tx: Connection, project: str, rows: list[RunRow]) -> list[RunRow]:
    """The rows with the names of the models and dataset versions that they lead to."""
    known = titles(tx, project, [(row.link.kind, row.link.id) for row in rows if row.link])
    return [
        msgspec.structs.replace(
            row, link=msgspec.structs.replace(row.link, title=known.get((row.link.kind, row.link.id), ("",))[0])
        )
        if row.link
        else row
        for row in rows
    ]
