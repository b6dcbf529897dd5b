"""Forgetting: one person's erasure as a durable workflow, to the weights.

The steps are governance's; here stand what follows for models: blocked ones stop serving, and for every task whose live
model learned from the person a training without them is scheduled. It starts from nothing, by the recipe of the model
at the bottom of the chain: tuning a model that knows the person would not make it forget.
"""

from __future__ import annotations

import itertools
import logging
import time
from typing import Any

from sqlalchemy import Connection

from volant.core.errors import NotFound, VolantError
from volant.governance import erasure, receipt
from volant.jobs.actions import BuildOptions, Started
from volant.jobs.context import Context
from volant.loop import releasing, serving
from volant.loop.build import Build
from volant.registry import audit, documents, erasures, models, projects, releases, rollouts, runs, state
from volant.store.place import place_of

Json = dict[str, Any]
DRAIN_WAIT_S = 0.5  # control drains the spools every 0.15 s; what comes later is cleaned as it is drained
DUE = "retrain-due"  # state kind: task → when its model is to be trained again without somebody
EVERY_S = 60.0
log = logging.getLogger("volant.forgetting")


class Forgetting:
    """The workflow `erase`, and the training that it schedules."""

    NAME = "erase"

    def __init__(self, context: Context, build: Build) -> None:
        self._context = context
        self._build = build
        self._house = erasure.House(
            data_dir=context.data_dir, db=context.db, ring=context.keyring, blobs=context.blobs, clock=context.clock,
            place=place_of(context.data_dir),
        )  # fmt: skip

    def start(self, project: str, *, user: str = "", subject: str = "", reason: str = "", by: str = "") -> Started:
        """Open the erasure and begin. One that is open for the person already is found again."""
        with self._context.db.read() as tx:
            policy = documents.current(tx, project).documents.policy
        erasure_id = erasure.request(
            self._house, project, user=user, subject=subject, reason=reason, requested_by=by, policy=policy
        )
        workflow_id, already = self._workflow_of(erasure_id)
        self._context.workflows.start(self.NAME, workflow_id, project, erasure_id)
        return Started(workflow_id=workflow_id, kind="erase", object_id=erasure_id, already=already)

    def _workflow_of(self, erasure_id: str) -> tuple[str, bool]:
        """The workflow to ask: the one that runs, or the next after one that ended short of the goal."""
        for number in itertools.count(1):
            workflow_id = f"erase-{erasure_id}-{number}"
            found = self._context.workflows.status(workflow_id)
            if found is None or found.state in ("waiting", "running"):
                return workflow_id, found is not None
        raise AssertionError("itertools.count ended")

    def run(self, project: str, erasure_id: str) -> Json:
        """The workflow. Gives the state, the flagged models, and when training without the person is due."""
        step, house = self._context.workflows.step, self._house
        step("drain", _drained)
        looked = step("look", erasure.look, house, project, erasure_id)
        removed = step("remove", erasure.remove, house, project, erasure_id)
        step("follow", follow, self._context, project, erasure_id, removed)
        step("clean", self._clean, project, erasure_id)
        checked = step("check", erasure.check, house, project, erasure_id)
        finished = step("finish", erasure.finish, house, project, erasure_id)
        return {
            "erasure_id": erasure_id,
            "state": finished["state"],
            "found_before": looked["found"],
            "found_after": checked["found"],
            "models": removed["models"],
            "retrain_due_ms": removed["due_ms"],
        }

    def text(self, project: str, erasure_id: str) -> str:
        """The receipt for people. Raises NotFound while there is none."""
        with self._context.db.read() as tx:
            row = erasures.get_erasure(tx, project, erasure_id)
        if not row.receipt:
            raise NotFound("receipt_not_yet", f"erasure {erasure_id} is under way", where=erasure_id, hint="ask again")
        return receipt.as_text(erasure.receipt_of(row))

    def train_what_is_due(self) -> None:
        """Start the trainings whose time has come; a tick of control."""
        context = self._context
        now_ms = context.clock.now_ms()
        with context.db.read() as tx:
            due = [
                (project.id, task, int(when["due_ms"]))
                for project in projects.list_all(tx)
                for task, when in state.listed(tx, project.id, DUE, dict[str, Any]).items()
                if int(when["due_ms"]) <= now_ms
            ]
        for project, task, due_ms in due:
            try:
                options = self._from_nothing(project, task, f"without-{project}-{task}-{due_ms}")
                if options is not None:
                    wanted = self._build.complete(project, task, options)
                    workflow_id = f"build-{wanted.key}"
                    with context.db.begin() as tx:
                        told = audit.word(workflow_id), audit.word(task)
                        context.audit_once(tx, project, audit.LOOP, "build.start", "workflow", told[0], about=told[1])
                    self._build.begin(project, task, wanted, workflow_id)
            except VolantError as error:  # it stays due, and the other tasks get theirs
                log.warning("%s is due to be trained without somebody, and cannot be: %s", task, error.message)
                continue
            with context.db.begin() as tx:
                state.remove(tx, project, DUE, task)

    def _from_nothing(self, project: str, task: str, key: str) -> BuildOptions | None:
        """The recipe of the first model in the live one's chain, on the live one's data; None when none serves."""
        live = releasing.live_model(self._context, project, task)
        if not live:
            return None
        with self._context.db.read() as tx:
            model = root = models.get_model(tx, project, live)
            while root.base_model_id:
                root = models.get_model(tx, project, root.base_model_id)
            spec = runs.get_run(tx, project, root.run_id).spec
        return BuildOptions(
            dataset_version_id=model.dataset_version_id,
            recipe=str(spec["recipe"]),
            recipe_options=dict(spec["options"]),
            key=key,
        )

    def _clean(self, project: str, erasure_id: str) -> None:
        erasure.clean(self._house, project, erasure_id, _drained)


def follow(context: Context, project: str, erasure_id: str, removed: Json) -> None:
    """Blocked models stop serving and their rollouts end; trainings are scheduled; gateways hear of it."""
    now_ms = context.clock.now_ms()
    gone: list[tuple[str, str]] = []
    ended: list[tuple[str, str, str]] = []
    with context.db.begin() as tx:
        for task in documents.current(tx, project).documents.tasks:
            for name, variant in state.variants(tx, project, task.name).items():
                if variant.model_id in removed["blocked"]:
                    gone.append((task.name, name))
                    ended += _take_out(context, tx, project, task.name, name, erasure_id)
        for task_name in removed["tasks"]:
            state.put(tx, project, DUE, task_name, {"due_ms": removed["due_ms"]}, now_ms=now_ms)
        for action, kind, object_id in ended:
            context.audit(tx, project, audit.LOOP, action, kind, object_id, state="withdrawn", erasure=erasure_id)
    for task_name, name in gone:
        serving.withdraw(context, project, task_name, name)
    context.publish()


def _take_out(
    context: Context, tx: Connection, project: str, task: str, variant: str, erasure_id: str
) -> list[tuple[str, str, str]]:
    """No traffic for a variant any more, live or in a rollout; the configuration's own serves again.

    Gives what the audit is to say of it: (action, kind, id).
    """
    ended: list[tuple[str, str, str]] = []
    now_ms = context.clock.now_ms()
    reason = f"its model learned from a person who was erased ({erasure_id}), and policy blocks it"
    live, split = state.live(tx, project, task), state.split(tx, project, task)
    if live is not None and live.variant == variant:
        state.remove(tx, project, "live", task)
        if (release := releases.live_release(tx, project, task)) is not None:
            releases.move(tx, project, release.id, "withdrawn", now_ms=now_ms, reason=reason)
            ended.append(("release.end", "release", release.id))
    if split is not None and split.candidate == variant:
        state.clear_split(tx, project, task)
        if rollouts.get_rollout(tx, project, split.rollout_id).running:
            decision = {"action": "rollback", "sentence": reason, "by": "policy"}
            rollouts.decide(tx, project, split.rollout_id, decision, now_ms=now_ms, state="rolled_back", reason=reason)
            ended.append(("rollout.move", "rollout", split.rollout_id))
    return ended


def _drained() -> None:
    """Leave control's own drain time for a turn."""
    time.sleep(DRAIN_WAIT_S)
