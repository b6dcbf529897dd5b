"""Resuming: a stopped or failed run goes on where its checkpoints, or its journals, end.

The workflow that waited for the run has ended with it, so this one waits in its stead: a training's model is
registered, an evaluation's reports are kept. What would have come next (gate, release) is a person's to ask for.
"""

from __future__ import annotations

from typing import Any

from volant.core.errors import Conflict
from volant.jobs.context import Context
from volant.loop.making import Making
from volant.registry import audit, datasets, edges, models, runs

Json = dict[str, Any]


class Resuming:
    """The workflow `resume`."""

    NAME = "resume"

    def __init__(self, context: Context, making: Making) -> None:
        self._context = context
        self._making = making

    def check(self, project: str, run_id: str) -> int:
        """The number of the attempt to come. Raises NotFound, or Conflict for a run that cannot go on."""
        with self._context.db.read() as tx:
            run = runs.get_run(tx, project, run_id)
        if run.state not in runs.RESUMABLE:
            raise Conflict("run_not_resumable", f"run {run_id} is {run.state}: only a stopped or failed run can go on",
                           where=run_id, hint="begin a new one")  # fmt: skip
        if not (self._context.data_dir / "runs" / run_id / "spec.json").exists():
            raise Conflict("run_not_resumable", f"nothing is kept of run {run_id}", where=run_id, hint="begin anew")
        return run.attempt + 1

    def run(self, project: str, run_id: str, attempt: int, name: str) -> Json:
        """The workflow. Gives the id of the model, or those of the reports."""
        step = self._context.workflows.step
        facts = step("restart", self._restart, project, run_id, attempt)
        if facts["kind"] == "evaluate":
            return {"run_id": run_id, "report_ids": self._making.finish_evaluation(project, run_id)}
        spec = {"dataset_version_id": facts["dataset_version_id"]}
        model_id = self._making.finish_training(project, run_id, name or facts["name"], spec, facts["base_id"])
        return {"run_id": run_id, "model_id": model_id}

    def _restart(self, project: str, run_id: str, attempt: int) -> Json:
        """Begin the attempt, once; gives what is needed to keep its result."""
        context = self._context
        now_ms = context.clock.now_ms()
        with context.db.begin() as tx:
            run = runs.get_run(tx, project, run_id)
            if run.attempt < attempt:
                runs.requeue(tx, project, run_id)
                run = runs.start(tx, project, run_id, now_ms=now_ms)
                context.audit(tx, project, audit.LOOP, "run.start", "run", run_id, kind=run.kind, attempt=attempt)
            version_id = str(run.spec.get("dataset_version_id", ""))
            read = edges.sources_of(tx, project, [("run", run_id)])
            base_id = next((edge.source.id for edge in read if edge.source.kind == "model"), "")
            name = (
                models.get_model(tx, project, base_id).name
                if base_id
                else datasets.get_version(tx, project, version_id).name
            )
        context.executor.want_run(run_id, attempt=attempt)
        return {"kind": run.kind, "dataset_version_id": version_id, "base_id": base_id, "name": name}
