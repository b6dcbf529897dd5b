"""Loop: the home page. The ring of each task, what needs a person, what started each training, and live figures."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from fastapi import APIRouter
from sqlalchemy import Connection

from volant.api.access import Caller, Reads
from volant.api.services import Has
from volant.api.structs import AsJson
from volant.api.views import _live, _loop
from volant.api.views._loop import Facts, Stage, StagedModel, Standing
from volant.api.views._parts import Link
from volant.core.accounts import DAY_MS
from volant.core.nouns import TaskSpec
from volant.registry import erasures, keys

router = APIRouter(prefix="/loop", tags=["views"])
ERASURE_NEAR_MS = 7 * DAY_MS
KEY_NEAR_MS = 14 * DAY_MS
FAILED_FOR_MS = 7 * DAY_MS
TRAININGS = 10


class RingStage(msgspec.Struct, frozen=True, kw_only=True):
    """One stage of a task's ring."""

    stage: Stage
    standing: Standing
    sentence: str
    link: Link | None


class Training(msgspec.Struct, frozen=True, kw_only=True):
    """What began a training."""

    run_id: str
    state: str
    by: Literal["alert", "person", "schedule"]
    sentence: str
    link: Link  # the alert, or the run
    created_ms: int


class TaskLoop(msgspec.Struct, frozen=True, kw_only=True):
    """One task as a loop."""

    task: str
    description: str
    live_variant: str
    candidate: str  # of the rollout that runs; empty: none
    candidate_share: float  # of users, 0..1
    stages: list[RingStage]  # data, train, evaluate, gate, rollout, monitor
    models: list[StagedModel]  # newest first
    trainings: list[Training]  # newest first, 10 at most
    hour: _live.Figures
    day: _live.Figures
    spark: list[_live.SparkPoint]  # the last day


class Attention(msgspec.Struct, frozen=True, kw_only=True):
    """Something that a person should look at."""

    kind: Literal["review", "held", "erasure", "flagged", "failed_run", "alert", "expiring_key", "unhealthy", "due"]
    urgency: Literal["now", "soon"]
    sentence: str
    task: str
    due_ms: int  # 0: no date
    link: Link


class LoopView(msgspec.Struct, frozen=True, kw_only=True):
    """The home page."""

    now_ms: int
    tasks: list[TaskLoop]
    attention: list[Attention]  # the most urgent first


@router.get("", summary="The ring of every task, what needs a person, what began each training, live figures")
def loop(caller: Reads, context: Has, task: str = "") -> Annotated[LoopView, AsJson]:
    now_ms = context.clock.now_ms()
    with context.db.read() as tx:
        facts = _loop.read(tx, caller.project)
        wanted = [spec for spec in facts.documents.tasks if task in ("", spec.name)]
        tasks = [_task(tx, caller.project, facts, spec, now_ms) for spec in wanted]
        return LoopView(now_ms=now_ms, tasks=tasks, attention=_attention(tx, caller, facts, tasks, now_ms))


def _task(tx: Connection, project: str, facts: Facts, spec: TaskSpec, now_ms: int) -> TaskLoop:
    staged = [_loop.stand(facts, spec.name, model) for model in _loop.models_of(facts, spec.name)]
    live = facts.live.get(spec.name)
    rolling = next((one for one in facts.rollouts if one.task == spec.name and one.running), None)
    hour, day, spark = _live.figures(tx, project, spec.name, now_ms)
    return TaskLoop(
        task=spec.name,
        description=spec.description,
        live_variant=live.variant if live else spec.live or spec.variants[0].name,
        candidate=rolling.candidate if rolling else "",
        candidate_share=rolling.share if rolling else 0.0,
        stages=_stages(tx, project, facts, spec, staged),
        models=staged,
        trainings=_trainings(facts, spec.name),
        hour=hour,
        day=day,
        spark=spark,
    )


def _stages(tx: Connection, project: str, facts: Facts, spec: TaskSpec, staged: list[StagedModel]) -> list[RingStage]:
    return [
        _data(tx, project, spec.name),
        _train(facts, spec.name, staged),
        *(_at(stage, staged) for stage in _loop.STAGES[2:5]),
        _monitor(facts, spec.name, staged),
    ]


def _data(tx: Connection, project: str, task: str) -> RingStage:
    newest = _loop.newest_dataset(tx, project, task)
    if newest is None:
        return RingStage(stage="data", standing="idle", sentence=f"No dataset is named {task!r} yet.", link=None)
    return RingStage(stage="data", standing="done", sentence=f"The newest version is {newest.title}.", link=newest)


def _train(facts: Facts, task: str, staged: list[StagedModel]) -> RingStage:
    runs = _loop.training(facts, task)
    running = next((one for one in runs if one.state in ("queued", "running")), None)
    newest_model_ms = max((model.created_ms for model in staged), default=0)
    failed = next((one for one in runs if one.state == "failed" and one.created_ms > newest_model_ms), None)
    if running is not None:
        sentence = f"{len([one for one in runs if one.state == 'running'])} training runs."
        return RingStage(stage="train", standing="active", sentence=sentence, link=Link(kind="run", id=running.id))
    if failed is not None:
        why = str(failed.error.get("message", "no reason was kept"))
        return RingStage(stage="train", standing="blocked", sentence=f"The newest training failed: {why}",
                         link=Link(kind="run", id=failed.id))  # fmt: skip
    return _at("train", staged)


def _at(stage: Stage, staged: list[StagedModel]) -> RingStage:
    """The most telling model at a stage; done where models have passed it, idle before the first."""
    here = [model for model in staged if model.stage == stage]
    for standing in ("blocked", "active", "waiting"):
        for model in here:
            newer = [one for one in staged if one.created_ms > model.created_ms and _beyond(one, stage)]
            if model.standing == standing and not (standing == "blocked" and newer):
                return RingStage(stage=stage, standing=model.standing, sentence=f"{model.label}: {model.sentence}",
                                 link=model.link)  # fmt: skip
    passed = [model for model in staged if _beyond(model, stage) or model in here]
    if passed:
        return RingStage(stage=stage, standing="done", sentence=f"{passed[0].label} came through.", link=passed[0].link)
    return RingStage(stage=stage, standing="idle", sentence="Nothing came here yet.", link=None)


def _beyond(model: StagedModel, stage: Stage) -> bool:
    return _loop.STAGES.index(model.stage) > _loop.STAGES.index(stage)


def _monitor(facts: Facts, task: str, staged: list[StagedModel]) -> RingStage:
    holding = next((one for one in facts.alerts if one.task == task and not one.resolved_ms), None)
    watched = [monitor.name for monitor in facts.documents.monitors if monitor.task == task]
    if holding is not None:
        link = Link(kind="alert", id=holding.id, title=holding.monitor)
        return RingStage(stage="monitor", standing="blocked", sentence=holding.sentence, link=link)
    serving = [one for one in staged if one.stage == "monitor" and one.standing in ("active", "blocked")]
    if any(one.standing == "blocked" for one in serving) or not watched:
        first = next((one for one in serving if one.standing == "blocked"), None)
        if first:
            return RingStage(stage="monitor", standing="blocked", sentence=f"{first.label}: {first.sentence}",
                             link=first.link)  # fmt: skip
        return RingStage(stage="monitor", standing="idle", sentence="No monitor watches this task.", link=None)
    names = ", ".join(watched)
    return RingStage(stage="monitor", standing="active", sentence=f"Watched by {names}; nothing fires.", link=None)


def _trainings(facts: Facts, task: str) -> list[Training]:
    data = {model.dataset_version_id for model in _loop.models_of(facts, task)}
    mine = [
        one
        for one in facts.runs
        if one.kind == "train" and (one.spec.get("dataset_version_id") in data or len(facts.documents.tasks) == 1)
    ]
    return [_training(facts, one) for one in mine[:TRAININGS]]


def _training(facts: Facts, one: _loop.RunRow) -> Training:
    name = one.workflow_id
    alert = next((alert for alert in facts.alerts if alert.workflow_id == name or name == f"retrain-{alert.id}"), None)
    link = Link(kind="run", id=one.id)
    by: Literal["alert", "person", "schedule"] = "person"
    if alert is not None:
        by, sentence, link = "alert", alert.sentence, Link(kind="alert", id=alert.id, title=alert.monitor)
    elif "without-" in name:
        by, sentence = "schedule", "An erasure asked for a model without a person; its date had come."
    elif name.startswith("retrain-"):
        sentence = "A person asked for a retraining."
    else:
        sentence = "A person began it." if name else "It was begun outside a workflow."
    return Training(run_id=one.id, state=one.state, by=by, sentence=sentence, link=link, created_ms=one.created_ms)


# ---------------------------------------------------------------- what needs a person
def _attention(tx: Connection, caller: Caller, facts: Facts, tasks: list[TaskLoop], now_ms: int) -> list[Attention]:
    found = [
        *_of_models(facts, tasks),
        *_of_rollouts(facts),
        *_of_alerts(facts),
        *_of_runs(facts, now_ms),
        *_of_erasures(tx, caller.project, facts, now_ms),
        *_of_places(facts),
        *(_of_keys(tx, caller.project, now_ms) if "keys" in caller.permissions else []),
    ]
    return sorted(found, key=lambda one: (one.urgency != "now", one.due_ms or now_ms))


def _of_models(facts: Facts, tasks: list[TaskLoop]) -> list[Attention]:
    out = []
    for task in tasks:
        newest = next((model for model in task.models if model.stage == "gate"), None)
        if newest and newest.standing == "blocked" and not any(_beyond(m, "gate") and m.created_ms > newest.created_ms
                                                               for m in task.models):  # fmt: skip
            out.append(Attention(kind="review", urgency="now", sentence=f"{newest.label}: {newest.sentence}",
                                 task=task.task, due_ms=0, link=newest.link))  # fmt: skip
    for model in facts.models:
        if model.flags and model.state in ("live", "blocked"):
            kinds = ", ".join(sorted({str(flag["kind"]) for flag in model.flags}))
            link = Link(kind="model", id=model.id, title=model.label)
            out.append(Attention(kind="flagged", urgency="soon", sentence=f"{model.label} ({model.state}) is flagged: "
                                 f"{kinds}.", task="", due_ms=0, link=link))  # fmt: skip
    return out


def _of_rollouts(facts: Facts) -> list[Attention]:
    return [
        Attention(kind="held", urgency="now", sentence=f"The rollout of {one.candidate} is held by "
                  f"{facts.words[one.id].get('reviewer') or 'a person'}.", task=one.task, due_ms=0,
                  link=Link(kind="rollout", id=one.id, title=one.candidate))
        for one in facts.rollouts
        if one.running and facts.words.get(one.id, {}).get("action") == "hold"
    ]  # fmt: skip


def _of_alerts(facts: Facts) -> list[Attention]:
    return [
        Attention(kind="alert", urgency="soon" if one.workflow_id else "now", sentence=one.sentence, task=one.task,
                  due_ms=0, link=Link(kind="alert", id=one.id, title=one.monitor))
        for one in facts.alerts
        if not one.resolved_ms
    ]  # fmt: skip


def _of_runs(facts: Facts, now_ms: int) -> list[Attention]:
    return [
        Attention(kind="failed_run", urgency="now", sentence=f"A run of kind {one.kind!r} failed: "
                  f"{one.error.get('message', 'no reason was kept')}", task="", due_ms=0,
                  link=Link(kind="run", id=one.id))
        for one in facts.runs
        if one.state == "failed" and one.ended_ms > now_ms - FAILED_FOR_MS
    ]  # fmt: skip


def _of_erasures(tx: Connection, project: str, facts: Facts, now_ms: int) -> list[Attention]:
    out = []
    for one in erasures.list_erasures(tx, project):
        if not one.ended_ms:
            near = one.deadline_ms - now_ms < ERASURE_NEAR_MS
            days = (one.deadline_ms - now_ms) / DAY_MS
            when = f"{days:.0f} days are left" if days >= 0 else f"its deadline passed {-days:.0f} days ago"
            out.append(Attention(kind="erasure", urgency="now" if near else "soon", task="", due_ms=one.deadline_ms,
                                 sentence=f"An erasure is {one.state}; {when}.",
                                 link=Link(kind="erasure", id=one.id)))  # fmt: skip
    out += [
        Attention(kind="due", urgency="soon", task=task, due_ms=int(when["due_ms"]),
                  sentence=f"The model of {task} will be trained again without an erased person.",
                  link=Link(kind="task", id=task))
        for task, when in facts.due.items()
    ]  # fmt: skip
    return out


def _of_places(facts: Facts) -> list[Attention]:
    return [
        Attention(kind="unhealthy", urgency="now", sentence=f"{name} is not healthy and gets no traffic.", task="",
                  due_ms=0, link=Link(kind="deployment", id=name, title=name))
        for name, place in facts.places.items()
        if not place.healthy
    ]  # fmt: skip


def _of_keys(tx: Connection, project: str, now_ms: int) -> list[Attention]:
    return [
        Attention(kind="expiring_key", urgency="soon", sentence=f"The key {key.name or key.prefix!r} expires soon.",
                  task="", due_ms=key.expires_ms, link=Link(kind="key", id=key.id, title=key.name or key.prefix))
        for key in keys.list_keys(tx, project)
        if key.usable(now_ms)
        and 0 < key.expires_ms - now_ms < KEY_NEAR_MS
        and not key.name.startswith(keys.SHORT_LIVED)  # made to end soon
    ]  # fmt: skip
