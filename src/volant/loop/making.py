"""Making: what building and retraining share. Train a model and register it; evaluate it; gate it.

Every public method is a part of a workflow and is made of steps, so that a kill goes on at the last finished one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection

from volant.core.errors import NotFound
from volant.core.ids import new_id
from volant.core.nouns import GateSpec, LoopSpec, Report, Verdict
from volant.governance import gate as gates
from volant.jobs.context import Context
from volant.loop import runs as run_steps
from volant.registry import audit, documents, erasures, models, reports, runs

Json = dict[str, Any]
CANARY_SEED = 20_261  # of the planted secrets that the memorisation probe looks for


class Making:
    """The shared parts, bound to one control process."""

    def __init__(self, context: Context) -> None:
        self.context = context

    # ------------------------------------------------------------ configuration
    def loop_of(self, project: str, task: str) -> LoopSpec | None:
        """The task's loop, or None."""
        with self.context.db.read() as tx:
            configured = documents.current(tx, project).documents
        return next((loop for loop in configured.loops if loop.task == task), None)

    def gate_of(self, project: str, name: str) -> GateSpec:
        """A gate by name. Raises NotFound."""
        with self.context.db.read() as tx:
            configured = documents.current(tx, project).documents
        for spec in configured.gates:
            if spec.name == name:
                return spec
        raise NotFound("gate_unknown", f"there is no gate {name[:60]!r}", where=project, hint="add it to volant.toml")

    # ------------------------------------------------------------ training
    def begin_training(self, project: str, spec: Mapping[str, Any], base_model_id: str) -> str:
        """Two steps: an id, and the run."""
        workflows = self.context.workflows
        run_id: str = workflows.step("train-id", run_steps.new_run_id)
        workflows.step("train-begin", self._begin_training, project, run_id, dict(spec), base_model_id)
        return run_id

    def finish_training(self, project: str, run_id: str, name: str, spec: Mapping[str, Any], base_id: str) -> str:
        """Wait, then register what came out; gives the model's id."""
        model_id: str = self.context.workflows.step(
            "train-register", self._register, project, run_id, name, dict(spec), base_id
        )
        return model_id

    def _begin_training(self, project: str, run_id: str, spec: Json, base_model_id: str) -> str:
        context = self.context
        inputs = [("dataset_version", str(spec["dataset_version_id"]))]
        if base_model_id:
            with context.db.read() as tx:
                base = models.get_model(tx, project, base_model_id)
            inputs.append(("model", base.id))
            spec = {**spec, "base": base.checkpoint}
        return run_steps.begin(context, project, "train", spec, inputs, run_id, context.workflows.current_id())

    def _register(self, project: str, run_id: str, name: str, spec: Json, base_id: str) -> str:
        context = self.context
        result = run_steps.finish(context, project, run_id)
        model_id = "mdl_" + run_id.removeprefix("run_")  # one model a run: doing this twice registers once
        with context.db.begin() as tx:
            made = models.register(
                tx,
                project,
                name,
                now_ms=context.clock.now_ms(),
                run_id=run_id,
                base_model_id=base_id,
                dataset_version_id=str(spec["dataset_version_id"]),
                checkpoint=result["checkpoint"],
                checkpoint_hash=result["checkpoint_hash"],
                gguf=result["gguf"],
                gguf_hash=result["gguf_hash"],
                facts=result["facts"],
                model_id=model_id,
            )
            self._hold_against(tx, project, made)
            told = {"run": run_id, "dataset_version": made.dataset_version_id}
            context.audit_once(tx, project, audit.LOOP, "model.register", "model", made.id, **told)
        return made.id

    def _hold_against(self, tx: Connection, project: str, made: models.ModelVersion) -> None:
        """Flag a model for people erased while it trained, and for what its base was flagged for: tuning keeps it."""
        began_ms = runs.get_run(tx, project, made.run_id).created_ms
        version = ("dataset_version", made.dataset_version_id)
        notes = []
        for one in erasures.list_erasures(tx, project):
            removed = one.progress.get("removed") or {}
            derived = {(part["kind"], part["id"]) for part in removed.get("derived", ())}
            if version in derived and one.progress.get("removed_ms", 0) >= began_ms:
                notes.append({"kind": "erasure", "erasure_id": one.id})
        base = models.get_model(tx, project, made.base_model_id) if made.base_model_id else None
        notes += [note for note in base.flags if note["kind"] == "erasure"] if base else []
        for note in notes:
            models.flag(tx, project, made.id, note)
        policy = documents.current(tx, project).documents.policy
        if (base is not None and base.state == "blocked") or (notes and policy.erasure_blocks_models):
            models.set_state(tx, project, made.id, "blocked")

    # ------------------------------------------------------------ evaluation
    def evaluate(self, project: str, model_id: str, dataset_version_id: str, suites: Sequence[str]) -> list[str]:
        """Run suites on a model as exported, i.e. as it will be served; gives the ids of the reports."""
        workflows = self.context.workflows
        run_id: str = workflows.step("evaluate-id", run_steps.new_run_id)
        workflows.step(
            "evaluate-begin", self._begin_evaluation, project, run_id, model_id, dataset_version_id, list(suites)
        )
        ids: list[str] = workflows.step("evaluate-keep", self._keep_reports, project, run_id)
        return ids

    def finish_evaluation(self, project: str, run_id: str) -> list[str]:
        """Wait for an evaluation that goes on, then keep its reports; gives their ids."""
        ids: list[str] = self.context.workflows.step("evaluate-keep", self._keep_reports, project, run_id)
        return ids

    def _begin_evaluation(
        self, project: str, run_id: str, model_id: str, dataset_version_id: str, suites: list[str]
    ) -> str:
        context = self.context
        with context.db.read() as tx:
            model = models.get_model(tx, project, model_id)
        spec = {
            "model_id": model_id,
            "checkpoint": model.checkpoint,
            "gguf": model.gguf,
            "dataset_version_id": dataset_version_id,
            "suites": suites,
            "canary_seed": model.facts.get("canary_seed", 0),
        }
        inputs = [("model", model_id), ("dataset_version", dataset_version_id)]
        return run_steps.begin(context, project, "evaluate", spec, inputs, run_id, context.workflows.current_id())

    def _keep_reports(self, project: str, run_id: str) -> list[str]:
        context = self.context
        result = run_steps.finish(context, project, run_id)
        found = msgspec.convert(result["reports"], tuple[Report, ...])
        with context.db.begin() as tx:
            for report in found:
                reports.add_report(tx, project, report, run_id=run_id, now_ms=context.clock.now_ms())
            for report in found:
                told = {"suite": report.suite, "model": report.model_id, "run": run_id}
                context.audit_once(tx, project, audit.LOOP, "report.add", "report", report.report_id, **told)
        return [report.report_id for report in found]

    # ------------------------------------------------------------ gate
    def gate(self, project: str, gate: str, model_id: str, report_ids: Sequence[str], baseline_id: str) -> str:
        """Decide and keep the verdict; gives its id."""
        workflows = self.context.workflows
        verdict_id: str = workflows.step("gate-id", new_id, "verdict")
        workflows.step("gate", self._decide_id, project, gate, model_id, list(report_ids), baseline_id, verdict_id)
        return verdict_id

    def decide(
        self, project: str, gate: str, model_id: str, report_ids: Sequence[str], baseline_id: str, verdict_id: str,
        by: str = audit.LOOP,
    ) -> Verdict:  # fmt: skip
        """Read the reports, judge, and keep the verdict."""
        context = self.context
        spec = self.gate_of(project, gate)
        now_ms = context.clock.now_ms()
        with context.db.begin() as tx:
            of_candidate = [reports.get_report(tx, project, one) for one in report_ids]
            of_baseline = reports.list_reports(tx, project, model_id=baseline_id) if baseline_id else []
            verdict = gates.decide(
                spec,
                of_candidate,
                of_baseline,
                model_id=model_id,
                baseline_model_id=baseline_id,
                verdict_id=verdict_id,
                now_ms=now_ms,
            )
            kept = reports.add_verdict(tx, project, verdict, now_ms=now_ms, report_ids=report_ids)
            told = {"outcome": kept.outcome, "model": model_id}
            context.audit_once(tx, project, by, "verdict.decide", "verdict", kept.verdict_id, **told)
        return kept

    def _decide_id(self, *arguments: Any) -> str:
        """`decide` as a workflow's step: steps keep ids, not verdicts."""
        return self.decide(*arguments).verdict_id
