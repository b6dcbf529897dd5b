"""Runs: one execution of anything long, as a state machine with attempts.

    queued → running → succeeded
                     → failed → queued (retry)
    queued, running  → cancelled → queued (a person lets it go on)

`attempt` is the fencing token: an attempt that was replaced can no longer report a result.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, insert, select, update

from volant.core.errors import Conflict, NotFound
from volant.core.ids import new_id
from volant.registry import edges
from volant.store.tables import run as runs

_NEXT = {
    "queued": ("running", "cancelled"),
    "running": ("succeeded", "failed", "cancelled", "queued"),
    "failed": ("queued",),
    "succeeded": (),
    "cancelled": ("queued",),
}
ENDED = ("succeeded", "failed", "cancelled")
RESUMABLE = ("failed", "cancelled")  # a person may let them go on


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """One execution."""

    id: str
    project: str
    kind: str  # "train", "evaluate", "import", ...
    state: str
    spec: dict[str, Any]  # ids and parameters only
    result: dict[str, Any]
    error: dict[str, Any]  # VolantError.as_dict() of the last failure
    attempt: int  # 0 before the first start
    workflow_id: str
    created_ms: int
    started_ms: int
    ended_ms: int


def create_run(
    tx: Connection,
    project: str,
    kind: str,
    spec: Mapping[str, Any],
    *,
    now_ms: int,
    inputs: Iterable[tuple[str, str]] = (),
    workflow_id: str = "",
    run_id: str = "",
) -> Run:
    """A queued run. `inputs` are (kind, id) of what it reads. A `run_id` that exists is given back as it is."""
    if run_id and (there := _find(tx, project, run_id)) is not None:
        return there
    made = run_id or new_id("run")
    tx.execute(
        insert(runs).values(
            id=made, project=project, kind=kind, spec=_json(spec), workflow_id=workflow_id, created_ms=now_ms
        )
    )
    for source in inputs:
        edges.link(tx, project, source, ("run", made), "read", now_ms=now_ms)
    return get_run(tx, project, made)


def start(tx: Connection, project: str, run_id: str, *, now_ms: int) -> Run:
    """queued → running; the attempt grows. Raises Conflict from another state."""
    run = get_run(tx, project, run_id)
    return _move(tx, run, "running", attempt=run.attempt + 1, started_ms=now_ms, ended_ms=0)


def succeed(tx: Connection, project: str, run_id: str, result: Mapping[str, Any], *, attempt: int, now_ms: int) -> Run:
    """running → succeeded, by the attempt that runs now. Raises Conflict `run_fenced` for an older attempt."""
    return _end(tx, project, run_id, "succeeded", attempt, now_ms, result=_json(result), error="{}")


def fail(tx: Connection, project: str, run_id: str, error: Mapping[str, Any], *, attempt: int, now_ms: int) -> Run:
    """running → failed, by the attempt that runs now. `error` as VolantError.as_dict() gives it."""
    return _end(tx, project, run_id, "failed", attempt, now_ms, error=_json(error))


def cancel(tx: Connection, project: str, run_id: str, *, now_ms: int) -> Run:
    """queued or running → cancelled. Raises Conflict when it ended already."""
    return _move(tx, get_run(tx, project, run_id), "cancelled", ended_ms=now_ms)


def requeue(tx: Connection, project: str, run_id: str) -> Run:
    """failed or cancelled, or running and lost → queued, to be started as the next attempt."""
    return _move(tx, get_run(tx, project, run_id), "queued", ended_ms=0)


def get_run(tx: Connection, project: str, run_id: str) -> Run:
    """Raises NotFound."""
    found = _find(tx, project, run_id)
    if found is None:
        raise NotFound("run_unknown", f"there is no run {run_id[:60]!r}", where=project, hint="`volant run list`")
    return found


def list_runs(tx: Connection, project: str, *, kind: str = "", state: str = "", limit: int = 100) -> list[Run]:
    """The newest runs first."""
    query = select(runs).where(runs.c.project == project).order_by(runs.c.created_ms.desc(), runs.c.id.desc())
    if kind:
        query = query.where(runs.c.kind == kind)
    if state:
        query = query.where(runs.c.state == state)
    return [_run(row) for row in tx.execute(query.limit(limit))]


def _end(tx: Connection, project: str, run_id: str, state: str, attempt: int, now_ms: int, **values: str) -> Run:
    run = get_run(tx, project, run_id)
    if run.attempt != attempt:
        raise Conflict(
            "run_fenced",
            f"attempt {attempt} of run {run_id} was replaced by attempt {run.attempt}",
            where=run_id,
            hint="nothing to do: the newer attempt reports",
        )
    return _move(tx, run, state, ended_ms=now_ms, **values)


def _move(tx: Connection, run: Run, state: str, **values: int | str) -> Run:
    if state not in _NEXT[run.state]:
        raise Conflict(
            "run_state",
            f"run {run.id} is {run.state} and cannot become {state}",
            where=run.id,
            hint=f"from {run.state} it may become {' or '.join(_NEXT[run.state]) or 'nothing else'}",
        )
    moved = tx.execute(
        update(runs)
        .where(runs.c.id == run.id, runs.c.state == run.state, runs.c.attempt == run.attempt)
        .values(state=state, **values)
    )
    if moved.rowcount != 1:
        raise Conflict("run_state", f"run {run.id} changed meanwhile", where=run.id, hint="read it again")
    return get_run(tx, run.project, run.id)


def _find(tx: Connection, project: str, run_id: str) -> Run | None:
    row = tx.execute(select(runs).where(runs.c.project == project, runs.c.id == run_id)).one_or_none()
    return None if row is None else _run(row)


def _run(row: Row[Any]) -> Run:
    values = dict(row._mapping)
    for name in ("spec", "result", "error"):
        values[name] = msgspec.json.decode(values[name])
    return Run(**values)


def _json(value: Mapping[str, Any]) -> str:
    return msgspec.json.encode(dict(value)).decode()
