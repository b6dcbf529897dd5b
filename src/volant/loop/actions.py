"""Actions: what routes and commands may ask of the loop. Each checks first, then starts a workflow or does a step."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Literal

import msgspec

from volant.core.errors import BadInput, Conflict
from volant.core.ids import new_id
from volant.core.nouns import Verdict
from volant.jobs.actions import (
    BuildOptions,
    CaseAdded,
    FromTraces,
    ImportOptions,
    NewCase,
    RolloutOptions,
    Started,
    TraceChoice,
    Upload,
)
from volant.jobs.context import Context
from volant.loop import cases, choosing, intake, releasing, serving
from volant.loop.build import ALL_SUITES, Build
from volant.loop.evaluation import Evaluation
from volant.loop.forgetting import Forgetting
from volant.loop.making import Making
from volant.loop.resuming import Resuming
from volant.loop.retrain import Retrain
from volant.loop.rolling import Rolling, Word, newest_verdict
from volant.registry import audit, datasets, models, reports, reviews, rollouts

SUITES = (*ALL_SUITES, "yardstick")


class Actions:
    """The loop of one control process, as `jobs.actions.LoopActions`."""

    def __init__(self, context: Context, making: Making, build: Build, retrain: Retrain, rolling: Rolling,
                 evaluation: Evaluation, forgetting: Forgetting, resuming: Resuming) -> None:  # fmt: skip
        self._context = context
        self._making = making
        self._build = build
        self._retrain = retrain
        self._rolling = rolling
        self._evaluation = evaluation
        self._forgetting = forgetting
        self._resuming = resuming

    def import_dataset(self, project: str, files: Sequence[Upload], options: ImportOptions, *, by: str) -> str:
        return intake.import_dataset(self._context, project, files, options, by=by)

    def extend_dataset(self, project: str, dataset: str, choice: TraceChoice, *, by: str) -> FromTraces:
        return choosing.extend(self._context, project, dataset, choice, by=by)

    def add_case(self, project: str, dataset: str, case: NewCase, *, by: str) -> CaseAdded:
        return cases.add(self._context, project, dataset, case, by=by)

    def start_build(self, project: str, task: str, options: BuildOptions, *, by: str) -> Started:
        wanted = self._build.complete(project, task, options)
        return self._start(by, "build", Build.NAME, options.key, project, task, msgspec.to_builtins(wanted))

    def start_retrain(self, project: str, task: str, *, alert_id: str = "", key: str = "", by: str) -> Started:
        self._retrain.check(project, task)
        if alert_id and not key:
            return self._begin(by, "retrain", Retrain.NAME, f"retrain-{alert_id}", project, task, alert_id)
        return self._start(by, "retrain", Retrain.NAME, key, project, task, alert_id)

    def start_evaluation(
        self,
        project: str,
        model_id: str,
        *,
        suites: Sequence[str] = (),
        dataset_version_id: str = "",
        baseline_model_id: str = "",
        key: str = "",
        by: str,
    ) -> Started:
        unknown = sorted(set(suites) - set(SUITES))
        if unknown:
            raise BadInput("suite_unknown", f"no such suite: {', '.join(unknown)}", where="suites",
                           hint=f"suites are {', '.join(SUITES)}")  # fmt: skip
        with self._context.db.read() as tx:
            model = models.resolve(tx, project, model_id)
            version_id = datasets.get_version(tx, project, dataset_version_id or model.dataset_version_id).id
        chosen = list(suites or ALL_SUITES)
        return self._start(by, "evaluation", Evaluation.NAME, key, project, model.id, version_id, chosen)

    def resume_run(self, project: str, run_id: str, *, name: str = "", by: str) -> Started:
        attempt = self._resuming.check(project, run_id)
        workflow_id = f"{Resuming.NAME}-{run_id}-{attempt}"
        return self._begin(by, "resume", Resuming.NAME, workflow_id, project, run_id, attempt, name)

    def gate(self, project: str, model_id: str, *, gate: str, baseline_model_id: str = "", by: str) -> Verdict:
        with self._context.db.read() as tx:
            model = models.resolve(tx, project, model_id)
            baseline = models.resolve(tx, project, baseline_model_id).id if baseline_model_id else ""
            found = [report.report_id for report in reports.list_reports(tx, project, model_id=model.id)]
        return self._making.decide(project, gate, model.id, found, baseline, new_id("verdict"), by)

    def release(
        self, project: str, task: str, *, model_id: str, verdict_id: str = "", reviewer: str, comment: str = "", by: str
    ) -> str:
        context = self._context
        with context.db.read() as tx:
            model = models.resolve(tx, project, model_id)
            chosen = verdict_id or newest_verdict(tx, project, model.id)
            verdict = reports.get_verdict(tx, project, chosen) if chosen else None
            rolling = rollouts.running(tx, project, task)
        if rolling is not None:
            raise Conflict("rollout_running", f"rollout {rolling.id} moves the traffic of {task!r} now", where=task,
                           hint="end it first: volant rollout rollback, or promote")  # fmt: skip
        if verdict is None:
            raise Conflict("no_verdict", f"{model.label} was never gated", hint="volant gate first")
        if verdict.model_id != model.id:
            raise Conflict("verdict_elsewhere", f"{chosen} judges another model than {model.label}", where=chosen)
        if verdict.outcome != "pass" and not comment:
            raise Conflict(
                "gate_not_passed",
                f"the gate says {verdict.outcome.replace('_', ' ')} of {model.label}",
                hint="a person may release it all the same, with a comment that says why",
            )
        variant = serving.deploy(context, project, task, model.id, by=by)
        reason = f"released by {reviewer}" + (f": {comment}" if comment else "")
        release_id = releasing.propose(
            context, project, task, variant, model.id, verdict.verdict_id, new_id("release"), reason, by
        )
        with context.db.begin() as tx:
            signed = reviews.add_review(
                tx,
                project,
                subject_kind="release",
                subject_id=release_id,
                evidence_hash=reports.evidence_hash(verdict),
                decision="approve",
                reviewer=reviewer,
                comment=comment,
                now_ms=context.clock.now_ms(),
            )
            about = {"kind": "release", "subject": release_id}
            context.audit(tx, project, by, "review.sign", "review", signed.id, decision="approve", **about)
        return releasing.make_live(context, project, release_id, reason, by)

    def start_rollout(self, project: str, options: RolloutOptions, *, by: str) -> Started:
        ids = None
        if options.key:
            digest = hashlib.sha256(f"{project}\0{options.key}".encode()).hexdigest()[:32]
            ids = (f"rel_{digest}", f"rol_{digest}")
            if self._context.workflows.status(f"rollout-{ids[1]}") is not None:
                return Started(workflow_id=f"rollout-{ids[1]}", kind="rollout", object_id=ids[1], already=True)
        rollout_id = self._rolling.start(project, options, ids, by)
        return Started(workflow_id=f"rollout-{rollout_id}", kind="rollout", object_id=rollout_id)

    def act_on_rollout(
        self,
        project: str,
        rollout_id: str,
        action: Literal["promote", "hold", "resume", "rollback"],
        *,
        reviewer: str,
        comment: str = "",
        by: str,
    ) -> None:
        self._rolling.say(project, rollout_id, Word(action=action, reviewer=reviewer, comment=comment, by=by))

    def start_erasure(self, project: str, *, user: str = "", subject: str = "", reason: str = "", by: str) -> Started:
        return self._forgetting.start(project, user=user, subject=subject, reason=reason, by=by)

    def _start(self, by: str, kind: str, name: str, key: str, *arguments: object) -> Started:
        """Start workflow `name`, whose first argument is the project; the same key of it finds the same workflow.

        No project has a ~ in its name, so two projects never meet in one workflow.
        """
        named = f"{arguments[0]}~{key}" if key else new_id("run").removeprefix("run_")
        return self._begin(by, kind, name, f"{name}-{named}", *arguments)

    def _begin(self, by: str, kind: str, name: str, workflow_id: str, *arguments: object) -> Started:
        """`arguments`: the project, then the task or model that it is about."""
        project, about = str(arguments[0]), audit.word(str(arguments[1]))
        already = self._context.workflows.status(workflow_id) is not None
        if not already:
            with self._context.db.begin() as tx:
                workflow = audit.word(workflow_id)
                self._context.audit(tx, project, by, f"{kind}.start", "workflow", workflow, about=about)
        self._context.workflows.start(name, workflow_id, *arguments)  # type: ignore[arg-type]
        return Started(workflow_id=workflow_id, kind=name, already=already)
