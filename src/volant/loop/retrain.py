"""Retrain: what a firing monitor starts. Reviewed answers → dataset version → tune → evaluate → gate → rollout.

Beside the candidate, and never served: the live model with as much extra training and no new data, so that a gain is
the data's and not the training's. Both train at the same time.
"""

from __future__ import annotations

from typing import Any

from volant.core.errors import Conflict
from volant.core.ids import new_id
from volant.core.nouns import LoopSpec
from volant.jobs.context import Context
from volant.loop import harvest, releasing
from volant.loop.build import ALL_SUITES
from volant.loop.making import CANARY_SEED, Making
from volant.loop.rolling import Rolling
from volant.registry import edges, models, reports

Json = dict[str, Any]


class Retrain:
    """The workflow `retrain`."""

    NAME = "retrain"

    def __init__(self, context: Context, making: Making, rolling: Rolling) -> None:
        self._context = context
        self._making = making
        self._rolling = rolling

    def run(self, project: str, task: str, alert_id: str) -> Json:
        """The workflow. Gives the ids of what it made, in the order in which it made them."""
        step, making = self._context.workflows.step, self._making
        plan = step("plan", self._plan, project, task)
        step("extend", self._extend, project, task, plan, alert_id)
        out: Json = {"dataset_version_id": plan["version_id"], "baseline_model_id": plan["live"]}
        spec = self._spec(plan, plan["version_id"])
        run_id = making.begin_training(project, spec, plan["live"])
        twin_spec = self._spec(plan, plan["parent_id"])
        twin_run = making.begin_training(project, twin_spec, plan["live"]) if plan["twin"] else ""
        out["model_id"] = making.finish_training(project, run_id, task, spec, plan["live"])
        if twin_run:
            name = f"{task}-no-new-data"
            out["twin_model_id"] = making.finish_training(project, twin_run, name, twin_spec, plan["live"])
            out["twin_report_ids"] = making.evaluate(project, out["twin_model_id"], plan["version_id"], ("accuracy",))
        out["report_ids"] = making.evaluate(
            project, out["model_id"], plan["version_id"], (*ALL_SUITES, "yardstick") if plan["twin"] else ALL_SUITES
        )
        out["verdict_id"] = making.gate(project, plan["gate"], out["model_id"], out["report_ids"], plan["live"])
        out["outcome"] = step("outcome", self._outcome, project, out["verdict_id"])
        if out["outcome"] == "pass" and plan["rollout"]:
            out["rollout_id"] = self._rolling.start_in_workflow(project, task, out["model_id"], out["verdict_id"])
        return out

    def check(self, project: str, task: str) -> None:
        """Raises Conflict when there is nothing to retrain, or nothing that says how."""
        self._plan_of(project, task)

    # ------------------------------------------------------------ steps
    def _plan(self, project: str, task: str) -> Json:
        loop, model = self._plan_of(project, task)
        return {
            "live": model.id,
            "parent_id": model.dataset_version_id,
            "version_id": new_id("dataset_version"),
            "until_ms": self._context.clock.now_ms(),
            "recipe": loop.recipe,
            "options": dict(loop.recipe_options),
            "gate": loop.gate,
            "rollout": loop.automatic_rollout,
            "twin": loop.equal_training,
        }

    def _plan_of(self, project: str, task: str) -> tuple[LoopSpec, models.ModelVersion]:
        loop = self._making.loop_of(project, task)
        if loop is None:
            raise Conflict("no_loop", f"task {task!r} has no loop", hint="add [[loops]] to volant.toml")
        live = releasing.live_model(self._context, project, task)
        if not live:
            raise Conflict("no_live_model", f"no model of ours serves {task!r} yet", hint="volant train first")
        with self._context.db.read() as tx:
            return loop, models.get_model(tx, project, live)

    def _extend(self, project: str, task: str, plan: Json, alert_id: str) -> str:
        context = self._context
        made = harvest.extend(context, project, task, plan["parent_id"], plan["version_id"], plan["until_ms"])
        with context.db.begin() as tx:
            edges.link(
                tx, project, ("alert", alert_id), ("dataset_version", made), "start", now_ms=context.clock.now_ms()
            )
        return made

    def _spec(self, plan: Json, dataset_version_id: str) -> Json:
        return {
            "dataset_version_id": dataset_version_id,
            "recipe": plan["recipe"],
            "options": plan["options"],
            "splits": ["train"],
            "canary_seed": CANARY_SEED,
        }

    def _outcome(self, project: str, verdict_id: str) -> str:
        with self._context.db.read() as tx:
            return reports.get_verdict(tx, project, verdict_id).outcome
