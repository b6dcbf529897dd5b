"""Models: every version with its evidence in a line: what it learned from, how well it does, its gate, its engines."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter
from sqlalchemy import Connection, select

from volant.api.access import Reads
from volant.api.services import Has
from volant.api.structs import AsJson
from volant.api.views._parts import report_heads
from volant.core.nouns import Metric
from volant.jobs.context import Context
from volant.registry import models, state
from volant.store.tables import dataset, dataset_version, release, verdict

router = APIRouter(prefix="/models", tags=["views"])
MOST = 2_000  # versions; the newest


class Serving(msgspec.Struct, frozen=True, kw_only=True):
    """A deployment of ours that serves a model."""

    deployment: str
    engine: str
    engine_state: str  # running, waiting, failed, stopping, exited; empty: no process of ours
    healthy: bool


class ModelRow(msgspec.Struct, frozen=True, kw_only=True):
    """One version of a model, as the list shows it."""

    id: str
    name: str
    version: int
    state: str
    flags: tuple[dict[str, Any], ...]  # what is held against it, each with its `kind`
    recipe: str
    parameters: int  # weights
    tokens: int  # seen in training
    train_ms: int
    base_model_id: str
    base_label: str  # `name@version`; empty: from nothing
    dataset_version_id: str
    dataset_label: str
    run_id: str
    accuracy: Metric | None  # overall, from the newest accuracy report
    accuracy_report_id: str
    gate: str  # outcome of the newest verdict: pass, fail, insufficient_evidence; empty: none yet
    gate_name: str
    verdict_id: str
    release_id: str  # the live one, else the newest
    release_state: str
    task: str  # that it is released for
    serving: list[Serving]
    created_ms: int


class ModelsView(msgspec.Struct, frozen=True, kw_only=True):
    """The models page."""

    models: list[ModelRow]  # newest first
    total: int
    states: dict[str, int]  # how many versions are in each


@router.get("", summary="The models page: every version with its evidence in a line")
def models_page(caller: Reads, context: Has) -> Annotated[ModelsView, AsJson]:
    with context.db.read() as tx:
        listed = sorted(models.list_models(tx, caller.project), key=lambda one: one.created_ms, reverse=True)
        rows = _rows(tx, context, caller.project, listed[:MOST], {one.id: one.label for one in listed})
    states: dict[str, int] = {}
    for one in listed:
        states[one.state] = states.get(one.state, 0) + 1
    return ModelsView(models=rows, total=len(listed), states=states)


def _rows(
    tx: Connection, context: Context, project: str, listed: list[models.ModelVersion], labels: Mapping[str, str]
) -> list[ModelRow]:
    accuracy, verdicts = _accuracy(tx, project), _newest(tx, project, verdict)
    releases, datasets = _newest(tx, project, release), _dataset_labels(tx, project)
    releases |= _newest(tx, project, release, release.c.state == "live")
    serving = _serving(tx, context, project)
    out = []
    for one in listed:
        report_id, metric = accuracy.get(one.id, ("", None))
        judged, released = verdicts.get(one.id), releases.get(one.id)
        facts = one.facts
        out.append(
            ModelRow(
                id=one.id,
                name=one.name,
                version=one.version,
                state=one.state,
                flags=one.flags,
                recipe=str(facts.get("recipe", "")),
                parameters=int(facts.get("parameters", 0)),
                tokens=int(facts.get("tokens", 0)),
                train_ms=int(float(facts.get("wall_s", 0)) * 1000),
                base_model_id=one.base_model_id,
                base_label=labels.get(one.base_model_id, ""),
                dataset_version_id=one.dataset_version_id,
                dataset_label=datasets.get(one.dataset_version_id, ""),
                run_id=one.run_id,
                accuracy=metric,
                accuracy_report_id=report_id,
                gate=judged.outcome if judged else "",
                gate_name=judged.gate if judged else "",
                verdict_id=judged.id if judged else "",
                release_id=released.id if released else "",
                release_state=released.state if released else "",
                task=released.task if released else "",
                serving=serving.get(one.id, []),
                created_ms=one.created_ms,
            )
        )
    return out


def _accuracy(tx: Connection, project: str) -> dict[str, tuple[str, Metric | None]]:
    """Of each model, the newest accuracy report's overall metric."""
    heads = sorted(report_heads(tx, project, limit=MOST, suite="accuracy"), key=lambda one: one.created_ms)
    overall = {one.report_id: next((m for m in one.metrics if m.slice == "overall"), None) for one in heads}
    return {one.model_id: (one.report_id, overall[one.report_id]) for one in heads}


def _newest(tx: Connection, project: str, table: Any, *where: Any) -> dict[str, Any]:
    """The newest row of each model, without long bodies."""
    wanted = [table.c[name] for name in ("id", "model_id", "state", "task", "outcome", "gate") if name in table.c]
    query = select(*wanted).where(table.c.project == project, *where).order_by(table.c.created_ms, table.c.id)
    return {row.model_id: row for row in tx.execute(query)}


def _dataset_labels(tx: Connection, project: str) -> dict[str, str]:
    query = (
        select(dataset_version.c.id, dataset.c.name, dataset_version.c.version)
        .join(dataset, dataset.c.id == dataset_version.c.dataset_id)
        .where(dataset_version.c.project == project)
    )
    return {row.id: f"{row.name}@{row.version}" for row in tx.execute(query)}


def _serving(tx: Connection, context: Context, project: str) -> dict[str, list[Serving]]:
    actual = context.executor.actual()
    out: dict[str, list[Serving]] = {}
    for name, place in state.places(tx, project).items():
        process = actual.get(place.engine) if place.engine else None
        one = Serving(
            deployment=name,
            engine=place.engine,
            engine_state=process.state if process else "",
            healthy=place.healthy,
        )
        out.setdefault(place.model_id, []).append(one)
    return out
