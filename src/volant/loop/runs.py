"""Runs: heavy work of a workflow as processes of their own. Begin one, wait for it, keep what became of it.

Each function is a workflow's step: it may be done twice and then finds what the first time left.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from volant.core.errors import VolantError
from volant.core.ids import new_id
from volant.jobs.context import Context
from volant.registry import audit, runs

Json = dict[str, Any]


def begin(
    context: Context,
    project: str,
    kind: str,
    spec: Mapping[str, Any],
    inputs: Sequence[tuple[str, str]],
    run_id: str,
    workflow_id: str,
) -> str:
    """Have the run `run_id`; its specification holds ids and numbers only. Gives its id."""
    body = {"kind": kind, "project": project, **spec}
    now_ms = context.clock.now_ms()
    with context.db.begin() as tx:
        run = runs.create_run(
            tx, project, kind, body, now_ms=now_ms, inputs=inputs, run_id=run_id, workflow_id=workflow_id
        )
        if run.state == "queued":
            run = runs.start(tx, project, run_id, now_ms=now_ms)
            workflow = audit.word(workflow_id)
            context.audit_once(tx, project, audit.LOOP, "run.start", "run", run_id, kind=kind, workflow=workflow)
    folder = context.executor.run_dir(run_id)
    beside = folder / ".spec.json.new"
    beside.write_bytes(msgspec.json.encode(body))
    beside.replace(folder / "spec.json")
    context.executor.want_run(run_id)
    return run_id


def finish(context: Context, project: str, run_id: str) -> Json:
    """Wait for the run and write down how it ended; gives its result. Raises the run's own error."""
    try:
        result = context.executor.handle(run_id).wait()
    except VolantError as error:
        _close(context, project, run_id, {}, error.as_dict())
        raise
    _close(context, project, run_id, {name: value for name, value in result.items() if name != "reports"}, None)
    return result


def new_run_id() -> str:
    """A run's id, to be made in a step of its own so that a workflow that goes on keeps it."""
    return new_id("run")


def _close(context: Context, project: str, run_id: str, result: Json, error: Mapping[str, Any] | None) -> None:
    now_ms = context.clock.now_ms()
    with context.db.begin() as tx:
        run = runs.get_run(tx, project, run_id)
        if run.state != "running":
            return
        if error is None:
            ended = runs.succeed(tx, project, run_id, result, attempt=run.attempt, now_ms=now_ms)
        elif error.get("code") == "run_cancelled":
            ended = runs.cancel(tx, project, run_id, now_ms=now_ms)
        else:
            ended = runs.fail(tx, project, run_id, error, attempt=run.attempt, now_ms=now_ms)
        context.audit(tx, project, audit.LOOP, "run.end", "run", run_id, state=ended.state)
