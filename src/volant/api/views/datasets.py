"""Datasets: versions as a graph, one version with its cleaning funnel, the difference of two, and pages of records.

Numbers, ids and reasons need the permission `read`; the rows themselves, and removed rows beside the row that stayed,
need `content`.
"""

from __future__ import annotations

from collections import Counter
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Query
from sqlalchemy import Connection

from volant.api.access import Reads, ReadsContent
from volant.api.paging import Cursor
from volant.api.services import Has
from volant.api.structs import AsJson
from volant.api.trail import reads
from volant.api.views import _datasets
from volant.api.views._datasets import Head
from volant.api.views._parts import Link, model_labels
from volant.registry import edges, records
from volant.registry.datasets import SplitCount

router = APIRouter(prefix="/datasets", tags=["views"])


class DatasetNode(msgspec.Struct, frozen=True, kw_only=True):
    """One version in the graph."""

    id: str
    name: str
    version: int
    title: str  # name v1
    state: str
    splits: dict[str, SplitCount]
    records: int
    leaks: int
    redacted: int  # rows in which personal data was redacted
    removed: int
    models: int  # that learned from it
    created_ms: int


class DatasetEdge(msgspec.Struct, frozen=True, kw_only=True):
    """What a version was made from: `source` names a version, or a source of rows."""

    source_kind: str  # "dataset_version", "source", "alert"
    source: str
    target: str  # version id
    operation: str  # "extend", "import", "start"
    records: int  # that came this way; 0: not said


class DatasetGraph(msgspec.Struct, frozen=True, kw_only=True):
    """Versions, newest first, and what they were made from."""

    nodes: list[DatasetNode]
    edges: list[DatasetEdge]
    next_cursor: str


class DatasetVersionView(msgspec.Struct, frozen=True, kw_only=True):
    """One version."""

    node: DatasetNode
    parent_id: str
    content_hash: str
    funnel: list[_datasets.FunnelStep]  # from rows in to rows kept
    changed: list[_datasets.CountOf]  # what cleaning wrote anew, by step: "pii", "encoding", ...
    removed: list[_datasets.CountOf]  # by step
    rejected: list[_datasets.CountOf]  # rows that could not be read, by code
    label_conflicts: int
    labels: list[str]
    known_labels: list[str]
    columns: list[_datasets.Column]
    users: dict[str, int]  # split → people
    leaks: list[_datasets.Leak]  # 100 at most
    sources: list[DatasetEdge]
    used_by: list[Link]  # runs and models
    grown_into: list[Link]


class DatasetDifference(msgspec.Struct, frozen=True, kw_only=True):
    """What the right version has that the left has not, and the reverse; by record ids."""

    left: DatasetNode
    right: DatasetNode
    added: int
    removed: int
    moved: int  # in both, in another split, or with another `known` mark
    same: int
    by_split: list[_datasets.SplitDifference]
    by_source: list[_datasets.CountOf]  # of the added ones
    labels_added: list[str]
    labels_removed: list[str]


class RecordRow(msgspec.Struct, frozen=True, kw_only=True):
    """One record, opened."""

    id: str
    source: str
    position: int
    split: str
    known: bool
    subject: str
    inference_id: str
    body: dict[str, Any]


class RecordPage(msgspec.Struct, frozen=True, kw_only=True):
    """Some records of a version, in the order of their ids (of their making)."""

    rows: list[RecordRow]
    next_cursor: str
    erased: int  # members of this page whose person was erased


class RemovedExample(msgspec.Struct, frozen=True, kw_only=True):
    """A removed row: where it stood and why, beside the row that stayed in its stead."""

    row: str  # source:line
    label: str
    step: str
    reason: str
    score: float
    keeper: str
    keeper_text: str  # empty: there is none, or its person was erased


class RemovedExamples(msgspec.Struct, frozen=True, kw_only=True):
    """Examples of what one step of cleaning removed."""

    step: str
    examples: list[RemovedExample]


@router.get("", summary="Dataset versions as a graph, newest first")
def list_datasets(
    caller: Reads, context: Has, name: str = "", limit: Annotated[int, Query(ge=1, le=100)] = 50, cursor: Cursor = ""
) -> Annotated[DatasetGraph, AsJson]:
    with context.db.read() as tx:
        found = _datasets.heads(tx, caller.project, name=name, before=cursor, limit=limit + 1)
        shown = found[:limit]
        return DatasetGraph(
            nodes=[_node(one, uses) for one, uses in zip(shown, _uses(tx, caller.project, shown), strict=True)],
            edges=_edges(tx, caller.project, [one.id for one in shown]),
            next_cursor=shown[-1].id if len(found) > limit else "",
        )


@router.get("/difference", summary="What one version has and another has not")
def dataset_difference(caller: Reads, context: Has, left: str, right: str) -> Annotated[DatasetDifference, AsJson]:
    with context.db.read() as tx:
        old, new = (_datasets.head(tx, caller.project, one) for one in (left, right))
        found = _datasets.apart(tx, context.blobs, caller.project, left, right)
        added = [one for one in found.right if one not in found.left]
        both = [one for one in found.right if one in found.left]
        moved = sum(found.left[one] != found.right[one] for one in both)
        uses = _uses(tx, caller.project, [old, new])
        return DatasetDifference(
            left=_node(old, uses[0]),
            right=_node(new, uses[1]),
            added=len(added),
            removed=len(found.left) - len(both),
            moved=moved,
            same=found.shared + len(both) - moved,
            by_split=_datasets.by_split(found, old, new),
            by_source=_datasets.by_source(tx, added),
            labels_added=sorted(set(new.funnel.labels) - set(old.funnel.labels)),
            labels_removed=sorted(set(old.funnel.labels) - set(new.funnel.labels)) if not new.parent_id else [],
        )


@router.get("/{version_id}", summary="One version: funnel, splits, leaks, PII counts, where it is used")
def show_dataset(version_id: str, caller: Reads, context: Has) -> Annotated[DatasetVersionView, AsJson]:
    with context.db.read() as tx:
        one = _datasets.head(tx, caller.project, version_id)
        targets = edges.targets_of(tx, caller.project, [("dataset_version", version_id)])
        used = [edge.target for edge in targets if edge.target.kind in ("run", "model")]
        labels = model_labels(tx, caller.project, [ref.id for ref in used if ref.kind == "model"])
        grown = [edge.target.id for edge in targets if edge.target.kind == "dataset_version"]
        return DatasetVersionView(
            node=_node(one, sum(ref.kind == "model" for ref in used)),
            parent_id=one.parent_id,
            content_hash=one.content_hash,
            funnel=_datasets.funnel_steps(one),
            changed=_datasets.counted(one.funnel.changed),
            removed=_datasets.counted(one.funnel.removed),
            rejected=_datasets.counted(Counter(row.code for row in one.funnel.rejected)),
            label_conflicts=one.funnel.label_conflicts,
            labels=one.funnel.labels,
            known_labels=one.funnel.known_labels,
            columns=_datasets.columns_of(tx, caller.project, one),
            users=one.funnel.users,
            leaks=one.leaks[:100],
            sources=_edges(tx, caller.project, [version_id]),
            used_by=[Link(kind=ref.kind, id=ref.id, title=labels.get(ref.id, "")) for ref in dict.fromkeys(used)],
            grown_into=[Link(kind="dataset_version", id=one_id) for one_id in grown],
        )


@router.get("/{version_id}/records", summary="A page of records, opened")
def dataset_records(
    version_id: str,
    caller: ReadsContent,
    context: Has,
    split: str = "",
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    cursor: Cursor = "",
) -> Annotated[RecordPage, AsJson]:
    with context.db.read() as tx:
        listed = _datasets.members(tx, context.blobs, caller.project, version_id)
        ids = sorted(one for one, member in listed.items() if one > cursor and split in ("", member.split))
        shown = ids[:limit]
        rows = [
            RecordRow(
                id=found.id, source=found.source, position=found.position, split=listed[found.id].split,
                known=listed[found.id].known, subject=found.subject, inference_id=found.inference_id, body=found.body,
            )
            for found in records.read(tx, context.keyring, caller.project, shown)
        ]  # fmt: skip
    reads(context, caller, "record", [row.id for row in rows], chosen_by={"dataset_version": version_id})
    more = len(ids) > limit
    return RecordPage(rows=rows, next_cursor=shown[-1] if more else "", erased=len(shown) - len(rows))


@router.get("/{version_id}/removed/{step}", summary="Examples of what one step of cleaning removed")
def removed_examples(
    version_id: str, step: str, caller: ReadsContent, context: Has, limit: Annotated[int, Query(ge=1, le=50)] = 10
) -> Annotated[RemovedExamples, AsJson]:
    with context.db.read() as tx:
        found = _datasets.removals(tx, caller.project, version_id, step)[:limit]
        texts = _datasets.texts_at(tx, context.keyring, caller.project, [one.keeper for one in found if one.keeper])
    reads(context, caller, "dataset_version", of=version_id, count=len(texts), chosen_by={"step": step})
    examples = [
        RemovedExample(row=one.row, label=one.label, step=one.step, reason=one.reason, score=one.score,
                       keeper=one.keeper, keeper_text=texts.get(one.keeper, ""))
        for one in found
    ]  # fmt: skip
    return RemovedExamples(step=step, examples=examples)


def _node(one: Head, models: int) -> DatasetNode:
    return DatasetNode(
        id=one.id,
        name=one.name,
        version=one.version,
        title=f"{one.name} v{one.version}",
        state=one.state,
        splits=one.counts,
        records=sum(count.records for count in one.counts.values()),
        leaks=len(one.leaks),
        redacted=one.funnel.changed.get("pii", 0) + one.funnel.changed.get("secrets", 0),
        removed=sum(one.funnel.removed.values()),
        models=models,
        created_ms=one.created_ms,
    )


def _uses(tx: Connection, project: str, shown: list[Head]) -> list[int]:
    found = edges.targets_of(tx, project, [("dataset_version", one.id) for one in shown]) if shown else []
    counts = Counter(edge.source.id for edge in found if edge.target.kind == "model")
    return [counts[one.id] for one in shown]


def _edges(tx: Connection, project: str, ids: list[str]) -> list[DatasetEdge]:
    found = edges.sources_of(tx, project, [("dataset_version", one) for one in ids]) if ids else []
    return [
        DatasetEdge(source_kind=edge.source.kind, source=edge.source.id, target=edge.target.id,
                    operation=edge.operation, records=int(edge.parameters.get("records", 0)))
        for edge in found
        if edge.source.kind in ("dataset_version", "source", "alert")
    ]  # fmt: skip
