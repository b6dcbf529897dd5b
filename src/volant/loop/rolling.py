"""Rolling: a candidate's way to the traffic. Deploy → shadow → canary steps → promote, or roll back by itself.

The decisions are `rollout.controller`'s, made anew from all rows at every look; here stand their effects. The loop of
looks is not made of steps: a look that a kill interrupts is simply made again. Only the ends are steps.
"""

from __future__ import annotations

import logging
import time
from typing import Any, Literal

import msgspec
from sqlalchemy import Connection
from sqlalchemy.exc import OperationalError

from volant.core.errors import BadInput, Conflict, StorageFull, VolantError
from volant.core.ids import new_id
from volant.core.nouns import RolloutPlan, Split
from volant.jobs.actions import RolloutOptions
from volant.jobs.context import Context
from volant.loop import releasing, serving
from volant.loop.making import Making
from volant.registry import audit, models, releases, reports, rollouts, state
from volant.rollout import controller
from volant.rollout.users import Row
from volant.traces import query

Json = dict[str, Any]
LOOK_EVERY_S = 0.5
SETTLE_S = 2.0  # gateways hear of a decision within a second; what the leaving engine computes by then still ends
log = logging.getLogger("volant.rolling")
_WORDS = "rollout-word"  # state kind: what a person said about a running rollout


class Word(msgspec.Struct, frozen=True, kw_only=True):
    """A person's word on a running rollout."""

    action: Literal["promote", "hold", "resume", "rollback"]
    reviewer: str
    comment: str = ""
    by: str = ""  # as audit rows name them


class Rolling:
    """The workflow `rollout`."""

    NAME = "rollout"

    def __init__(self, context: Context, making: Making) -> None:
        self._context = context
        self._making = making

    # ------------------------------------------------------------ the workflow
    def run(self, project: str, release_id: str, rollout_id: str) -> Json:
        """The workflow. Gives how it ended: {"rollout_id", "state", "sentence"}."""
        step = self._context.workflows.step
        try:
            step("deploy", self._deploy, project, release_id)
        except VolantError as error:
            sentence = step("cannot-deploy", self._give_up, project, release_id, rollout_id, error.message)
            return {"rollout_id": rollout_id, "state": "cancelled", "sentence": sentence}
        step("begin", self._begin, project, release_id, rollout_id)
        while not (ended := self._patient_look(project, rollout_id)):
            time.sleep(LOOK_EVERY_S)  # not a durable sleep: a rollout of days would leave a row for each
        sentence = step("end", self._end, project, release_id, rollout_id)
        time.sleep(SETTLE_S)
        step("clean", self._clean_up, project, rollout_id)
        return {"rollout_id": rollout_id, "state": ended, "sentence": sentence}

    # ------------------------------------------------------------ before it
    def prepare(
        self, project: str, options: RolloutOptions, ids: tuple[str, str] | None = None, by: str = audit.LOOP
    ) -> tuple[str, str]:
        """Check, and write release and rollout down; gives (release id, rollout id).

        Raises BadInput, NotFound or Conflict before anything changed.
        """
        context = self._context
        wanted_release, wanted_rollout = ids or ("", "")
        task = serving.task_of(context, project, options.task)
        loop = self._making.loop_of(project, options.task)
        plan = options.plan or (loop.rollout if loop else RolloutPlan())
        controller.check_plan(plan)
        if bool(options.model_id) == bool(options.variant):
            raise BadInput("candidate_missing", "name either a model or a variant to roll out", where="model_id")
        now_ms = context.clock.now_ms()
        with context.db.begin() as tx:
            live = state.live(tx, project, options.task)
            baseline = live.variant if live else (task.live or task.variants[0].name)
            candidate, model_id, verdict_id = options.variant, "", options.verdict_id
            if options.model_id:
                model = models.resolve(tx, project, options.model_id)
                model_id = model.id
                candidate = serving.variant_name(model, options.suffix)
                verdict_id = verdict_id or newest_verdict(tx, project, model.id)
                _require_pass(tx, project, verdict_id, model)
            if candidate == baseline:
                raise Conflict("candidate_is_live", f"{candidate} serves {options.task} already", where=options.task,
                               hint="give another model, or a suffix for a second deployment of it")  # fmt: skip
            release = releases.create_release(
                tx, project, task=options.task, variant=candidate, model_id=model_id, verdict_id=verdict_id,
                reason="rolled out", release_id=wanted_release, now_ms=now_ms,
            )  # fmt: skip
            rollout = rollouts.create_rollout(
                tx, project, task=options.task, baseline=baseline, candidate=candidate, plan=plan,
                release_id=release.id, rollout_id=wanted_rollout, now_ms=now_ms,
            )  # fmt: skip
            told = {"release": release.id, "task": audit.word(options.task), "model": model_id}
            context.audit_once(tx, project, by, "rollout.start", "rollout", rollout.id, **told)
        if options.chat_template:
            serving.override_template(context, candidate, options.chat_template)
        return release.id, rollout.id

    def start(
        self, project: str, options: RolloutOptions, ids: tuple[str, str] | None = None, by: str = audit.LOOP
    ) -> str:
        """Prepare and begin; gives the rollout's id. With `ids` (release, rollout) it may be done twice."""
        release_id, rollout_id = self.prepare(project, options, ids, by)
        self.begin(project, release_id, rollout_id)
        return rollout_id

    def begin(self, project: str, release_id: str, rollout_id: str) -> None:
        """Begin the workflow of a rollout that was prepared; once, however often it is asked."""
        self._context.workflows.start(self.NAME, f"rollout-{rollout_id}", project, release_id, rollout_id)

    def start_in_workflow(self, project: str, task: str, model_id: str, verdict_id: str) -> str:
        """Prepare and begin from within another workflow; gives the rollout's id.

        The beginning is no step: a workflow of its own is begun by the one that asks.
        """
        step = self._context.workflows.step
        ids: list[str] = step("rollout-ids", _new_ids)
        options = RolloutOptions(task=task, model_id=model_id, verdict_id=verdict_id)
        step("rollout-prepare", self._prepared, project, options, ids)
        self.begin(project, ids[0], ids[1])
        return ids[1]

    def _prepared(self, project: str, options: RolloutOptions, ids: list[str]) -> None:
        self.prepare(project, options, (ids[0], ids[1]))

    def say(self, project: str, rollout_id: str, word: Word) -> None:
        """Keep a person's word; the next look acts on it. Raises Conflict when the rollout has ended."""
        context = self._context
        with context.db.begin() as tx:
            rollout = rollouts.get_rollout(tx, project, rollout_id)
            if not rollout.running:
                raise Conflict("rollout_ended", f"{rollout_id} ended: {rollout.reason}", hint="start another one")
            state.put(tx, project, _WORDS, rollout_id, word, now_ms=context.clock.now_ms())
            context.audit(tx, project, word.by or audit.LOOP, "rollout.say", "rollout", rollout_id, action=word.action)

    # ------------------------------------------------------------ steps
    def _deploy(self, project: str, release_id: str) -> str:
        with self._context.db.read() as tx:
            release = releases.get_release(tx, project, release_id)
        if not release.model_id:
            return release.variant  # a variant that is configured: nothing to start
        return serving.deploy(self._context, project, release.task, release.model_id, release.variant)

    def _begin(self, project: str, release_id: str, rollout_id: str) -> None:
        now_ms = self._context.clock.now_ms()
        with self._context.db.begin() as tx:
            rollout = rollouts.get_rollout(tx, project, rollout_id)
            if rollout.state != "pending":
                return
            first = controller.first_state(rollout.plan, now_ms)
            releases.move(tx, project, release_id, "rolling_out", now_ms=now_ms, rollout_id=rollout_id)
            self._move(tx, project, rollout, first, {"action": "begin", "sentence": first.sentence}, now_ms)
        self._context.publish()

    def _patient_look(self, project: str, rollout_id: str) -> str:
        """A look that a full disk or a busy database puts off: a rollout must never be left without a watcher."""
        try:
            return self._look(project, rollout_id)
        except (StorageFull, OperationalError) as error:
            log.warning("rollout %s: a look is put off: %s", rollout_id, type(error).__name__)
            return ""

    def _look(self, project: str, rollout_id: str) -> str:
        """One look; gives the state in which the rollout ended, else an empty string."""
        context = self._context
        now_ms = context.clock.now_ms()
        with context.db.read() as tx:
            rollout = rollouts.get_rollout(tx, project, rollout_id)
            if not rollout.running:
                return rollout.state
            word = state.get(tx, project, _WORDS, rollout_id, Word)
            rows = [_row(found) for found in query.canary_rows(tx, project, rollout_id)]
        before = _state_of(rollout)
        look = _spoken(before, word) or controller.next_state(rollout.plan, before, rows, now_ms)
        if look.state == before:
            return ""
        decision = {
            "action": look.action,
            "sentence": look.sentence,
            "phase": before.phase,
            "step": before.step,
            "canary_users": look.canary_users,
            "baseline_users": look.baseline_users,
            "shadow_requests": look.shadow_requests,
            "bounds": [msgspec.to_builtins(bound) for bound in look.bounds],
            "by": word.reviewer if word and word.action in ("promote", "rollback") else "statistics",
        }
        with context.db.begin() as tx:
            by = word.by if word and word.action in ("promote", "rollback") else ""
            self._move(tx, project, rollout, look.state, decision, now_ms, by or audit.LOOP)
        context.publish()
        return str(look.state.phase) if look.state.over else ""

    def _move(
        self,
        tx: Connection,
        project: str,
        rollout: rollouts.Rollout,
        now: controller.RolloutState,
        decision: Json,
        now_ms: int,
        by: str = audit.LOOP,
    ) -> None:
        """Write the decision down and tell the gateways, in one transaction."""
        wanted = controller.split_of(rollout.plan, now)
        share = wanted[1] if wanted and wanted[0] == "canary" else 0.0
        rollouts.decide(
            tx, project, rollout.id, decision, now_ms=now_ms, state=now.phase, step=now.step, share=share,
            reason=now.sentence,
        )  # fmt: skip
        if wanted is not None:
            split = Split(rollout_id=rollout.id, candidate=rollout.candidate, share=wanted[1], mode=wanted[0],
                          salt=rollout.id, step=now.step)  # fmt: skip
            state.set_split(tx, project, rollout.task, split, now_ms=now_ms)
        elif now.phase == "rolled_back":
            state.clear_split(tx, project, rollout.task)
        # promoted: the split stays until the release moves everybody at once
        told = {"action": str(decision["action"]), "state": now.phase, "step": now.step, "share": share}
        self._context.audit(tx, project, by, "rollout.move", "rollout", rollout.id, **told)

    def _end(self, project: str, release_id: str, rollout_id: str) -> str:
        context = self._context
        with context.db.read() as tx:
            rollout = rollouts.get_rollout(tx, project, rollout_id)
        if rollout.state == "promoted":
            releasing.make_live(context, project, release_id, rollout.reason)
        else:
            with context.db.begin() as tx:
                releases.move(
                    tx, project, release_id, "rolled_back", now_ms=context.clock.now_ms(), reason=rollout.reason
                )
                told = {"state": "rolled_back", "rollout": rollout_id}
                context.audit_once(tx, project, audit.LOOP, "release.end", "release", release_id, **told)
        with context.db.begin() as tx:
            state.remove(tx, project, _WORDS, rollout_id)
        return rollout.reason[:500]

    def _give_up(self, project: str, release_id: str, rollout_id: str, why: str) -> str:
        """The candidate could not even be started: nothing moved."""
        sentence = f"The candidate could not be deployed: {why}"[:500]
        now_ms = self._context.clock.now_ms()
        with self._context.db.begin() as tx:
            if rollouts.get_rollout(tx, project, rollout_id).running:
                rollouts.decide(tx, project, rollout_id, {"action": "cancel", "sentence": sentence}, now_ms=now_ms,
                                state="cancelled", reason=sentence)  # fmt: skip
            releases.move(tx, project, release_id, "rejected", now_ms=now_ms, reason=sentence)
            release = releases.get_release(tx, project, release_id)
            told = {"action": "cancel", "state": "cancelled"}
            self._context.audit_once(tx, project, audit.LOOP, "rollout.move", "rollout", rollout_id, **told)
            told = {"state": "rejected", "rollout": rollout_id}
            self._context.audit_once(tx, project, audit.LOOP, "release.end", "release", release_id, **told)
        self._context.executor.drop(release.variant)
        return sentence

    def _clean_up(self, project: str, rollout_id: str) -> None:
        """Take away what no longer serves: the candidate after a rollback, the old variant after a promotion."""
        context = self._context
        with context.db.read() as tx:
            rollout = rollouts.get_rollout(tx, project, rollout_id)
            added = state.variants(tx, project, rollout.task)
        gone = rollout.baseline if rollout.state == "promoted" else rollout.candidate
        if gone in added and gone != releasing.live_variant(context, project, rollout.task):
            serving.withdraw(context, project, rollout.task, gone)


def _new_ids() -> list[str]:
    return [new_id("release"), new_id("rollout")]


def newest_verdict(tx: Connection, project: str, model_id: str) -> str:
    """The id of a model's newest verdict; empty when it was never gated."""
    found = reports.list_verdicts(tx, project, model_id=model_id)
    return found[-1].verdict_id if found else ""


def _require_pass(tx: Connection, project: str, verdict_id: str, model: models.ModelVersion) -> None:
    verdict = reports.get_verdict(tx, project, verdict_id) if verdict_id else None
    if verdict is None or verdict.outcome != "pass" or verdict.model_id != model.id:
        said = verdict.outcome.replace("_", " ") if verdict else "no verdict"
        raise Conflict(
            "gate_not_passed",
            f"{model.label} has {said}; only a model that passed its gate is rolled out",
            where=model.id,
            hint="evaluate and gate it first: volant gate",
        )


def _state_of(rollout: rollouts.Rollout) -> controller.RolloutState:
    phase: Any = rollout.state
    moved = rollout.decisions[-1] if rollout.decisions else {}
    since_ms = int(moved.get("at_ms", rollout.created_ms))
    return controller.RolloutState(phase=phase, step=rollout.step, since_ms=since_ms, sentence=rollout.reason)


def _row(found: query.CanaryRow) -> Row:
    arm: Any = found.arm
    return Row(
        subject=found.subject,
        arm=arm,
        step=found.step,
        status=found.status,
        started_ms=found.started_ms,
        canary_failed=found.canary_failed,
        fallback=found.fallback,
        error_code=found.error_code,
        corrected=found.corrected,
        labelled_ms=found.labelled_ms,
        inference_id=found.inference_id,
    )


def _spoken(before: controller.RolloutState, word: Word | None) -> controller.Look | None:
    """A person's word goes before the statistics."""
    if word is None or word.action == "resume":
        return None
    said = f" by {word.reviewer}" + (f": {word.comment}" if word.comment else "")
    if word.action == "hold":
        return controller.Look(action="hold", sentence="Held" + said, state=before)
    phase: Any = "promoted" if word.action == "promote" else "rolled_back"
    sentence = ("Promoted" if word.action == "promote" else "Rolled back") + said
    after = msgspec.structs.replace(before, phase=phase, sentence=sentence)
    return controller.Look(action="promote" if word.action == "promote" else "rollback", sentence=sentence, state=after)
