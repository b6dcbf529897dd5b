"""Lineage: why an answer is what it is, and what derives from a person, a row, a version or a model, as pictures."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated

import msgspec
from fastapi import APIRouter, Query
from sqlalchemy import Connection

from volant.api.access import Reads
from volant.api.services import Has
from volant.api.structs import AsJson
from volant.api.views._graph import MOST_NODES, Graph, GraphBuilder, titles
from volant.core.errors import BadInput
from volant.registry import datasets, edges, lineage, models
from volant.registry.lineage import Node
from volant.traces import query

router = APIRouter(prefix="/lineage", tags=["views"])


class CountOfKind(msgspec.Struct, frozen=True, kw_only=True):
    """How many of a kind derive from it."""

    kind: str
    count: int


class LineageView(msgspec.Struct, frozen=True, kw_only=True):
    """A picture, and what it says in words."""

    kind: str  # of what was asked about
    id: str
    title: str
    graph: Graph
    sentences: list[str]  # why: from the answer down, as a text
    gaps: list[str]  # what could not be followed; empty: nothing is missing
    counts: list[CountOfKind]  # impact: how many of each kind
    live_models: list[str]  # impact: affected models that serve now


@router.get("/why/{inference_id}", summary="Everything behind one answer, as a picture")
def why_picture(inference_id: str, caller: Reads, context: Has) -> Annotated[LineageView, AsJson]:
    with context.db.read() as tx:
        found = query.get_inference(tx, caller.project, inference_id)
        chain = lineage.why(tx, caller.project, found.id)
        nodes = [node for _, node in lineage.walk(chain.root)]
        known = titles(tx, caller.project, [(node.kind, node.id) for node in nodes])
    graph = GraphBuilder()
    _draw(graph, chain.root, known)
    return LineageView(
        kind="inference",
        id=found.id,
        title=f"{found.task} by {found.variant}",
        graph=graph.made(),
        sentences=[f"{'  ' * min(depth, 8)}{node.sentence}" for depth, node in lineage.walk(chain.root)],
        gaps=list(chain.gaps),
        counts=[],
        live_models=[],
    )


@router.get("/impact", summary="What derives from a person, a record, a dataset version or a model: give one")
def impact_picture(
    caller: Reads,
    context: Has,
    user: Annotated[str, Query(max_length=500, description="As the application names them.")] = "",
    subject: str = "",
    record: str = "",
    dataset: Annotated[str, Query(description="A dataset version's id, or a dataset's name: its newest.")] = "",
    model: Annotated[str, Query(description="A model's id or `name@version`.")] = "",
) -> Annotated[LineageView, AsJson]:
    project = caller.project
    with context.db.read() as tx:
        if user and not subject:
            subject = context.keyring.subject_of(tx, project, user)
        if sum(bool(one) for one in (subject, record, dataset, model)) != 1:
            raise BadInput("bad_impact", "name one of user, subject, record, dataset and model", where="impact")
        if model:
            return _of_model(tx, project, models.resolve(tx, project, model))
        if dataset and not dataset.startswith("dsv_"):
            dataset = datasets.newest(tx, project, dataset).id
        found = lineage.impact(tx, context.blobs, project, subject=subject, record=record, dataset_version=dataset)
        return _of_impact(tx, project, found)


def _draw(graph: GraphBuilder, node: Node, known: dict[tuple[str, str], tuple[str, str]]) -> None:
    title, state = known.get((node.kind, node.id), (_short(node), str(node.facts.get("state", ""))))
    graph.node(node.kind, node.id, title, state or str(node.facts.get("outcome", "")), node.sentence)
    for child in node.children:
        graph.edge((child.kind, child.id), (node.kind, node.id), _step(child.kind, node.kind))
        _draw(graph, child, known)


def _short(node: Node) -> str:
    return {"inference": "the answer", "feedback": f"feedback {node.id}"}.get(node.kind, node.id)


def _step(child: str, parent: str) -> str:
    words = {
        ("model", "inference"): "answered",
        ("variant", "inference"): "chosen",
        ("deployment", "inference"): "served",
        ("feedback", "inference"): "judged",
        ("release", "inference"): "released",
        ("run", "model"): "trained",
        ("report", "model"): "evaluated",
        ("model", "model"): "tuned from",
        ("dataset_version", "run"): "read",
        ("dataset_version", "model"): "learned",
        ("alert", "run"): "started",
        ("source", "dataset_version"): "imported",
        ("dataset_version", "dataset_version"): "extended",
        ("verdict", "release"): "admitted",
        ("rollout", "release"): "moved",
        ("reason", "verdict"): "rule",
    }
    return words.get((child, parent), "signed" if child == "review" else "behind")


def _of_impact(tx: Connection, project: str, found: lineage.Impact) -> LineageView:
    groups = {
        "dataset_version": found.dataset_versions, "run": found.runs, "model": found.models,
        "deployment": found.deployments, "release": found.releases, "rollout": found.rollouts,
        "report": found.reports, "verdict": found.verdicts,
    }  # fmt: skip
    affected = [one for group in groups.values() for one in group]
    refs = [(one.kind, one.id) for one in affected]
    known = titles(tx, project, refs)
    graph = GraphBuilder()
    graph.node(found.kind, found.id, _named(found), "", "")
    if found.kind != "record" and found.records:
        graph.node("records", found.id, f"{len(found.records)} records", "", "")
        graph.edge((found.kind, found.id), ("records", found.id), "gave")
    if found.inferences:
        graph.node("inferences", found.id, f"{len(found.inferences)} requests", "", "")
        graph.edge((found.kind, found.id), ("inferences", found.id), "asked")
    for one in affected:
        title, state = known.get((one.kind, one.id), (one.id, ""))
        graph.node(one.kind, one.id, title, state or str(one.facts.get("state", "")), one.sentence)
    start = ("records", found.id) if found.kind != "record" and found.records else (found.kind, found.id)
    for version in found.dataset_versions:
        if version.id != found.id:
            graph.edge(start, ("dataset_version", version.id), "stands in")
    _join(tx, project, graph, refs)
    counts = {"record": len(found.records), "inference": len(found.inferences), "feedback": len(found.feedback)}
    counts |= {kind: len(group) for kind, group in groups.items()}
    return LineageView(
        kind=found.kind,
        id=found.id,
        title=_named(found),
        graph=graph.made(),
        sentences=[one.sentence for one in affected],
        gaps=[],
        counts=[CountOfKind(kind=kind, count=count) for kind, count in counts.items()],
        live_models=list(found.live_models),
    )


def _of_model(tx: Connection, project: str, one: models.ModelVersion) -> LineageView:
    """Everything made from a model: tuned ones, their reports, verdicts, releases, rollouts, deployments."""
    reached = edges.descendants(tx, project, [("model", one.id)])
    refs = [("model", one.id), *((ref.kind, ref.id) for ref in reached)]
    known = titles(tx, project, refs)
    graph = GraphBuilder()
    for kind, identifier in refs:
        graph.node(kind, identifier, *known.get((kind, identifier), (identifier, "")))
    _join(tx, project, graph, refs)
    counts: dict[str, int] = {}
    for kind, _ in refs[1:]:
        counts[kind] = counts.get(kind, 0) + 1
    return LineageView(
        kind="model",
        id=one.id,
        title=one.label,
        graph=graph.made(),
        sentences=[],
        gaps=[],
        counts=[CountOfKind(kind=kind, count=count) for kind, count in sorted(counts.items())],
        live_models=[ref[1] for ref in refs if ref[0] == "model" and known.get(ref, ("", ""))[1] == "live"],
    )


def _join(tx: Connection, project: str, graph: GraphBuilder, refs: Iterable[tuple[str, str]]) -> None:
    """The edges among the things in the picture."""
    inside = set(refs)
    for edge in edges.targets_of(tx, project, list(inside)[:MOST_NODES]):
        if tuple(edge.target) in inside:
            graph.edge(edge.source, edge.target, edge.operation)


def _named(found: lineage.Impact) -> str:
    return {"subject": "this person", "record": "this record"}.get(found.kind, found.id)
