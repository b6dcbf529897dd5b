"""Model: one version with its card, evidence, files, lineage one step up and down, and where it serves."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter
from sqlalchemy import Connection

from volant.api.access import Reads
from volant.api.services import Has
from volant.api.structs import AsJson
from volant.api.views._graph import Graph, GraphBuilder, titles
from volant.api.views._parts import Link, ReportHead, VerdictHead, report_heads, verdict_heads
from volant.core.errors import NotFound
from volant.core.nouns import Report, Verdict
from volant.governance.card import CardFacts, model_card
from volant.jobs.context import Context
from volant.registry import datasets, edges, models, releases, state
from volant.registry.models import ModelVersion

router = APIRouter(prefix="/models", tags=["views"])
MOST_FILES = 200


class ModelFile(msgspec.Struct, frozen=True, kw_only=True):
    """A file of a model on the disk."""

    path: str  # under the data directory
    size_bytes: int
    sha256: str  # as it was registered; empty: only the weights' and the export's are


class ModelFlag(msgspec.Struct, frozen=True, kw_only=True):
    """Something that is held against a model."""

    kind: str
    sentence: str
    link: Link | None


class ModelDeployment(msgspec.Struct, frozen=True, kw_only=True):
    """A place that serves it."""

    name: str
    healthy: bool
    process: str  # the engine's state: running, waiting, failed, …; empty: no process of ours
    restarts: int
    task: str
    live: bool  # it answers its task now


class ModelRelease(msgspec.Struct, frozen=True, kw_only=True):
    """A decision about it."""

    id: str
    task: str
    variant: str
    state: str
    reason: str
    created_ms: int
    ended_ms: int


class ModelView(msgspec.Struct, frozen=True, kw_only=True):
    """One model version."""

    model: ModelVersion
    label: str
    card: str  # Markdown; names and numbers of evidence, no text of a person
    reports: list[ReportHead]  # newest first
    verdicts: list[VerdictHead]
    releases: list[ModelRelease]
    deployments: list[ModelDeployment]
    flags: list[ModelFlag]
    files: list[ModelFile]
    lineage: Graph  # one step up and down
    versions: list[Link]  # of the same name, newest first


@router.get("/{model}", summary="One version: card, evidence, files, lineage, health")
def show_model(model: str, caller: Reads, context: Has) -> Annotated[ModelView, AsJson]:
    project = caller.project
    with context.db.read() as tx:
        one = models.resolve(tx, project, model)
        found = report_heads(tx, project, model_id=one.id)
        verdicts = verdict_heads(tx, project, model_id=one.id)
        made = releases.list_releases(tx, project, model_id=one.id)[::-1]
        versions = models.list_models(tx, project, name=one.name)[::-1]
        return ModelView(
            model=one,
            label=one.label,
            card=_card(tx, project, one, found, verdicts, made[0].task if made else ""),
            reports=found,
            verdicts=verdicts,
            releases=[
                ModelRelease(**{name: getattr(release, name) for name in ModelRelease.__struct_fields__})
                for release in made
            ],
            deployments=_deployments(tx, context, project, one.id),
            flags=[_flag(note) for note in one.flags],
            files=_files(context.data_dir, one),
            lineage=_lineage(tx, project, one),
            versions=[Link(kind="model", id=version.id, title=version.label) for version in versions],
        )


def _card(
    tx: Connection, project: str, one: ModelVersion, found: list[ReportHead], verdicts: list[VerdictHead], task: str
) -> str:
    facts = CardFacts(
        model_id=one.id,
        name=one.label,
        task=task or one.name,
        created_ms=one.created_ms,
        base_model_id=one.base_model_id,
        run_id=one.run_id,
        dataset_version_id=one.dataset_version_id,
        training=_plain(one.facts),
        data=_data(tx, project, one.dataset_version_id),
        notices=[_flag(note).sentence for note in one.flags],
    )
    evidence = [Report(**msgspec.structs.asdict(head)) for head in found]
    return model_card(facts, evidence, Verdict(**msgspec.structs.asdict(verdicts[0])) if verdicts else None)


def _data(tx: Connection, project: str, version_id: str) -> dict[str, Any]:
    try:
        version = datasets.get_version(tx, project, version_id)
    except NotFound:
        return {}
    facts: dict[str, Any] = {"dataset": f"{version.name} v{version.version}", "content hash": version.content_hash}
    facts |= {f"rows in {split}": count.records for split, count in version.counts.items()}
    return {**facts, "leaked test items": len(version.leaks)}


def _plain(facts: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in facts.items() if isinstance(value, str | int | float | bool)}


def _flag(note: Mapping[str, Any]) -> ModelFlag:
    kind = str(note.get("kind", ""))
    erasure = str(note.get("erasure_id", ""))
    if erasure:
        sentence = "It learned from a person who was erased; a training without them is due."
        return ModelFlag(kind=kind, sentence=sentence, link=Link(kind="erasure", id=erasure))
    return ModelFlag(kind=kind, sentence=str(note.get("sentence", f"Flagged: {kind}."))[:300], link=None)


def _deployments(tx: Connection, context: Context, project: str, model_id: str) -> list[ModelDeployment]:
    actual = context.executor.actual()
    live = {fact.variant: task for task, fact in state.listed(tx, project, "live", state.Live).items()}
    out = []
    for name, place in state.places(tx, project).items():
        if place.model_id == model_id:
            process = actual.get(place.engine)
            out.append(
                ModelDeployment(
                    name=name,
                    healthy=place.healthy,
                    process=process.state if process else "",
                    restarts=process.restarts if process else 0,
                    task=live.get(name, ""),
                    live=name in live,
                )
            )
    return out


def _files(data: Path, one: ModelVersion) -> list[ModelFile]:
    folder, export = data / one.checkpoint, data / one.gguf
    inside = sorted(path for path in folder.rglob("*") if path.is_file()) if one.checkpoint and folder.is_dir() else []
    files = [
        ModelFile(
            path=str(path.relative_to(data)),
            size_bytes=path.stat().st_size,
            sha256=one.checkpoint_hash if path.name == "model.safetensors" else "",
        )
        for path in inside[:MOST_FILES]
    ]
    if one.gguf and export.is_file():
        files.append(ModelFile(path=one.gguf, size_bytes=export.stat().st_size, sha256=one.gguf_hash))
    return files


def _lineage(tx: Connection, project: str, one: ModelVersion) -> Graph:
    me = ("model", one.id)
    around = [*edges.sources_of(tx, project, [me]), *edges.targets_of(tx, project, [me])]
    known = titles(tx, project, [ref for edge in around for ref in (edge.source, edge.target)])
    graph = GraphBuilder()
    for edge in around:
        for ref in (edge.source, edge.target):
            graph.node(ref.kind, ref.id, *known.get((ref.kind, ref.id), (ref.id, "")))
        graph.edge(edge.source, edge.target, edge.operation)
    graph.node("model", one.id, one.label, one.state)
    return graph.made()
