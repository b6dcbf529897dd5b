"""Build: a model of a task from a dataset version. train → export → register → evaluate → gate → first release."""

from __future__ import annotations

from typing import Any

import msgspec

from volant.core.errors import BadInput, Conflict
from volant.core.ids import new_id
from volant.jobs.actions import BuildOptions
from volant.jobs.context import Context
from volant.loop import releasing, serving
from volant.loop.making import CANARY_SEED, Making
from volant.loop.rolling import Rolling
from volant.registry import datasets, reports

Json = dict[str, Any]
ALL_SUITES = ("accuracy", "bias", "security")


class Build:
    """The workflow `build`."""

    NAME = "build"

    def __init__(self, context: Context, making: Making, rolling: Rolling) -> None:
        self._context = context
        self._making = making
        self._rolling = rolling

    def run(self, project: str, task: str, options: Json) -> Json:
        """The workflow. Gives the model's id, and the verdict's and release's where it came so far."""
        wanted = msgspec.convert(options, BuildOptions)
        making, step = self._making, self._context.workflows.step
        spec = self.training_spec(wanted)
        run_id = making.begin_training(project, spec, wanted.base_model_id)
        model_id = making.finish_training(project, run_id, wanted.name, spec, wanted.base_model_id)
        out: Json = {"model_id": model_id, "run_id": run_id}
        if not wanted.evaluate:
            return out
        suites = ALL_SUITES if wanted.gate else ("accuracy",)
        out["report_ids"] = making.evaluate(project, model_id, wanted.dataset_version_id, suites)
        if not wanted.gate:
            return out
        live = step("live", releasing.live_model, self._context, project, task)
        out["verdict_id"] = making.gate(project, wanted.gate, model_id, out["report_ids"], live)
        outcome = step("outcome", self._outcome, project, out["verdict_id"])
        out["outcome"] = outcome
        if wanted.release == "none" or outcome != "pass":
            return out
        if live:
            return {**out, "rollout_id": self._rolling.start_in_workflow(project, task, model_id, out["verdict_id"])}
        variant = step("deploy", serving.deploy, self._context, project, task, model_id)
        release_id = step("release-id", new_id, "release")
        reason = "the first model of the task passed its gate"
        where = (self._context, project)
        step("propose", releasing.propose, *where, task, variant, model_id, out["verdict_id"], release_id, reason)
        return {**out, "release_id": step("release", releasing.make_live, *where, release_id, reason)}

    def begin(self, project: str, task: str, options: BuildOptions, workflow_id: str) -> str:
        """Begin the workflow, once."""
        return self._context.workflows.start(self.NAME, workflow_id, project, task, msgspec.to_builtins(options))

    def complete(self, project: str, task: str, options: BuildOptions) -> BuildOptions:
        """Fill in what the caller left to the task's loop. Raises BadInput or NotFound before anything starts."""
        loop = self._making.loop_of(project, task)
        serving.task_of(self._context, project, task)
        kept_apart = sorted(set(options.splits) & {"test", "validation"})
        if kept_apart or not options.splits:
            raise BadInput("splits_unusable", f"nothing is trained on {' or '.join(kept_apart) or 'no split'}",
                           where="splits", hint='name "train", or live pools that no later evidence needs')  # fmt: skip
        recipe = options.recipe or (loop.recipe if loop else "")
        if not recipe:
            raise BadInput("recipe_missing", f"task {task!r} has no loop, so a recipe must be named", where="recipe")
        version_id = options.dataset_version_id
        with self._context.db.read() as tx:
            version = (
                datasets.get_version(tx, project, version_id) if version_id else datasets.newest(tx, project, task)
            )
        if not version.counts.get("train") or not version.counts["train"].records:
            raise Conflict("nothing_to_train", "the dataset version has no training rows", where=version.id)
        gate = options.gate or (loop.gate if loop and options.evaluate else "")
        return msgspec.structs.replace(
            options,
            dataset_version_id=version.id,
            recipe=recipe,
            recipe_options=options.recipe_options or (loop.recipe_options if loop and not options.recipe else {}),
            gate="" if options.gate == "none" else gate,
            name=options.name or task,
        )

    def training_spec(self, wanted: BuildOptions) -> Json:
        """What the training run is told."""
        return {
            "dataset_version_id": wanted.dataset_version_id,
            "recipe": wanted.recipe,
            "options": dict(wanted.recipe_options),
            "splits": list(wanted.splits),
            "known_only": wanted.known_only,
            "canary_seed": CANARY_SEED if wanted.gate else 0,
        }

    def _outcome(self, project: str, verdict_id: str) -> str:
        with self._context.db.read() as tx:
            return reports.get_verdict(tx, project, verdict_id).outcome
