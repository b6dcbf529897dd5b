"""Where each model version of a task stands on the ring, and why it goes no further.

    data → train → evaluate → gate → rollout → monitor

Knows the registry's rows of one project, read once; decides nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import msgspec
from sqlalchemy import Connection, select

from volant.api.views._parts import Link, ReportHead, VerdictHead, report_heads, verdict_heads
from volant.core.nouns import Documents, LoopSpec
from volant.registry import alerts, datasets, documents, models, releases, rollouts, state
from volant.registry.alerts import Alert
from volant.registry.models import ModelVersion
from volant.registry.releases import Release
from volant.registry.rollouts import Rollout
from volant.store.tables import run

Stage = Literal["data", "train", "evaluate", "gate", "rollout", "monitor"]
Standing = Literal["idle", "waiting", "active", "done", "blocked", "retired"]
STAGES: tuple[Stage, ...] = ("data", "train", "evaluate", "gate", "rollout", "monitor")
MOST = 200  # newest rows of a kind that are looked at


class StagedModel(msgspec.Struct, frozen=True, kw_only=True):
    """A model version where it stands."""

    model_id: str
    label: str
    stage: Stage
    standing: Standing
    sentence: str
    state: str  # in the registry
    variant: str  # that serves it, or would
    link: Link  # what the sentence is about
    created_ms: int


class RunRow(msgspec.Struct, frozen=True, kw_only=True):
    """A run without its result."""

    id: str
    kind: str
    state: str
    spec: dict[str, Any]
    error: dict[str, Any]
    workflow_id: str
    created_ms: int
    started_ms: int
    ended_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """Everything of a project that the ring is made of, newest first where it has a time."""

    documents: Documents
    models: Sequence[ModelVersion]
    reports: Sequence[ReportHead]
    verdicts: Sequence[VerdictHead]
    releases: Sequence[Release]
    rollouts: Sequence[Rollout]
    alerts: Sequence[Alert]
    runs: Sequence[RunRow]
    live: dict[str, state.Live]  # task → what serves
    places: dict[str, state.Place]
    words: dict[str, dict[str, Any]]  # rollout id → a person's word
    due: dict[str, dict[str, Any]]  # task → when it is trained without somebody

    def loop_of(self, task: str) -> LoopSpec | None:
        """The task's loop."""
        return next((loop for loop in self.documents.loops if loop.task == task), None)


def read(tx: Connection, project: str) -> Facts:
    """Read the project's registry; the newest `MOST` of each kind."""
    return Facts(
        documents=documents.current(tx, project).documents,
        models=models.list_models(tx, project)[::-1][:MOST],
        reports=report_heads(tx, project, limit=MOST),
        verdicts=verdict_heads(tx, project, limit=MOST),
        releases=releases.list_releases(tx, project)[::-1][:MOST],
        rollouts=rollouts.list_rollouts(tx, project)[::-1][:MOST],
        alerts=alerts.list_alerts(tx, project, limit=MOST),
        runs=run_rows(tx, project, limit=MOST),
        live=state.listed(tx, project, "live", state.Live),
        places=state.places(tx, project),
        words=state.listed(tx, project, "rollout-word", dict[str, Any]),
        due=state.listed(tx, project, "retrain-due", dict[str, Any]),
    )


def run_rows(tx: Connection, project: str, *, limit: int, kind: str = "", state_: str = "") -> list[RunRow]:
    """The newest runs, without their results."""
    columns = [run.c[name] for name in RunRow.__struct_fields__]
    query = select(*columns).where(run.c.project == project)
    for name, value in (("kind", kind), ("state", state_)):
        if value:
            query = query.where(run.c[name] == value)
    query = query.order_by(run.c.created_ms.desc(), run.c.id.desc()).limit(limit)
    return [_run(row._mapping) for row in tx.execute(query)]


def models_of(facts: Facts, task: str) -> list[ModelVersion]:
    """The models that were made for a task: named like it, released for it, or made from such a one."""
    released = {one.model_id for one in facts.releases if one.task == task}
    names = {task} | {model.name for model in facts.models if model.id in released}
    mine = {model.id for model in facts.models if model.name in names}
    return [model for model in facts.models if model.id in mine or model.base_model_id in mine]


def stand(facts: Facts, task: str, model: ModelVersion) -> StagedModel:
    """Where a model version stands."""
    made = [one for one in facts.releases if one.model_id == model.id and one.task == task]
    stage, standing, sentence, link = (
        _blocked(model) or _released(facts, task, made) or _gated(facts, task, model) or _evaluated(facts, model)
    )
    return StagedModel(
        model_id=model.id,
        label=model.label,
        stage=stage,
        standing=standing,
        sentence=sentence,
        state=model.state,
        variant=next((one.variant for one in made if one.state == "live"), made[0].variant if made else ""),
        link=link,
        created_ms=model.created_ms,
    )


def training(facts: Facts, task: str) -> list[RunRow]:
    """Trainings of the task that run or failed and left no model, by the dataset that they read."""
    made = {model.run_id for model in facts.models}
    return [one for one in facts.runs if one.kind == "train" and one.id not in made and _for_task(facts, task, one)]


# ---------------------------------------------------------------- inside
_Where = tuple[Stage, Standing, str, Link]


def _blocked(model: ModelVersion) -> _Where | None:
    if model.state != "blocked":
        return None
    kinds = ", ".join(sorted({str(flag["kind"]) for flag in model.flags})) or "a person's word"
    return "monitor", "blocked", f"Blocked: flagged for {kinds}.", Link(kind="model", id=model.id, title=model.label)


def _released(facts: Facts, task: str, made: Sequence[Release]) -> _Where | None:
    if not made:
        return None
    live = next((one for one in made if one.state == "live"), None)
    moving = next((one for one in made if one.state in ("proposed", "rolling_out")), None)
    if live:
        return _serving(facts, task, live)
    if moving:
        return _moving(facts, moving)
    newest = made[0]
    link = Link(kind="release", id=newest.id, title=newest.variant)
    if newest.state in ("rolled_back", "rejected"):
        return "rollout", "blocked", newest.reason, link
    return "monitor", "retired", _ended(facts, newest), link


def _ended(facts: Facts, release: Release) -> str:
    """Why a release ended, with the name of what took its place."""
    by = next((one.variant for one in facts.releases if one.id in release.reason), "")
    if release.state == "superseded" and by:
        return f"{by} took its place."
    return release.reason or f"The release is {release.state}."


def _serving(facts: Facts, task: str, release: Release) -> _Where:
    alert = next((one for one in facts.alerts if one.task == task and not one.resolved_ms), None)
    if alert is not None:
        return "monitor", "blocked", alert.sentence, Link(kind="alert", id=alert.id, title=alert.monitor)
    place = facts.places.get(release.variant)
    link = Link(kind="release", id=release.id, title=release.variant)
    if place is not None and not place.healthy:
        return "monitor", "blocked", f"{release.variant} serves {task} and is not healthy.", link
    return "monitor", "active", f"Serves {task}: {release.reason or 'live'}", link


def _moving(facts: Facts, release: Release) -> _Where:
    rollout = next((one for one in facts.rollouts if one.id == release.rollout_id), None)
    if rollout is None:
        return "rollout", "waiting", "Proposed; nothing moves yet.", Link(kind="release", id=release.id)
    link = Link(kind="rollout", id=rollout.id, title=rollout.candidate)
    word = facts.words.get(rollout.id, {})
    if word.get("action") == "hold":
        return "rollout", "blocked", f"Held by {word.get('reviewer', 'a person')}.", link
    where = "in shadow" if rollout.state == "shadow" else f"at {rollout.share:.0%} of users"
    return "rollout", "active", f"{where.capitalize()}: {rollout.reason or 'begun'}", link


def _gated(facts: Facts, task: str, model: ModelVersion) -> _Where | None:
    verdict = next((one for one in facts.verdicts if one.model_id == model.id), None)
    if verdict is None:
        return None
    link = Link(kind="verdict", id=verdict.verdict_id, title=verdict.gate)
    if verdict.outcome == "fail":
        return "gate", "blocked", f"Gate {verdict.gate!r} failed: {verdict.blocker}", link
    if verdict.outcome == "insufficient_evidence":
        return "gate", "blocked", f"Gate {verdict.gate!r} lacks evidence: {verdict.blocker}", link
    loop = facts.loop_of(task)
    if loop is not None and not loop.automatic_rollout:
        return "gate", "blocked", "The gate passed; a person must start the rollout.", link
    return "gate", "waiting", "The gate passed; nothing was released yet.", link


def _evaluated(facts: Facts, model: ModelVersion) -> _Where:
    mine = [one for one in facts.runs if one.kind == "evaluate" and one.spec.get("model_id") == model.id]
    report = next((one for one in facts.reports if one.model_id == model.id), None)
    if mine and mine[0].state in ("queued", "running"):
        return "evaluate", "active", "Is being evaluated.", Link(kind="run", id=mine[0].id)
    if mine and mine[0].state == "failed":
        why = str(mine[0].error.get("message", "no reason was kept"))
        return "evaluate", "blocked", f"The evaluation failed: {why}", Link(kind="run", id=mine[0].id)
    if report is not None:
        link = Link(kind="report", id=report.report_id, title=report.suite)
        return "evaluate", "done", "Evaluated, and not put before a gate.", link
    return "train", "done", "Trained, and not evaluated yet.", Link(kind="run", id=model.run_id)


def _for_task(facts: Facts, task: str, one: RunRow) -> bool:
    mine = {model.dataset_version_id for model in models_of(facts, task)}
    return one.spec.get("dataset_version_id") in mine or len(facts.documents.tasks) == 1


def _run(values: Any) -> RunRow:
    row = dict(values)
    for name in ("spec", "error"):
        row[name] = msgspec.json.decode(row[name])
    return RunRow(**row)


def newest_dataset(tx: Connection, project: str, task: str) -> Link | None:
    """The newest version of the dataset that is named like the task."""
    head = datasets.list_versions(tx, project, task)
    return Link(kind="dataset_version", id=head[-1].id, title=f"{task} v{head[-1].version}") if head else None
