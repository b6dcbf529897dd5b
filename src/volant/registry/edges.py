"""Edges: what was made from what. Source → target means: the target was made from the source.

Only coarse nouns have edges (dataset version, run, model, report, verdict, release, rollout, review, deployment, alert,
source); a record's membership stands in its dataset versions' segments, an inference's origin on its own row.
Every function that adds such a noun writes its edges itself, so that walking them misses nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import ColumnElement, Connection, insert, or_, select
from sqlalchemy.sql import and_

from volant.store.tables import lineage

_AT_ONCE = 200


class Ref(NamedTuple):
    """Something that lineage knows."""

    kind: str  # "dataset_version", "run", "model", "report", "verdict", "release", "rollout", "review", ...
    id: str


class Edge(NamedTuple):
    """One step of lineage."""

    source: Ref
    target: Ref
    operation: str  # "train", "evaluate", "extend", "gate", "admit", ...
    parameters: dict[str, Any]
    created_ms: int


def link(
    tx: Connection,
    project: str,
    source: tuple[str, str],
    target: tuple[str, str],
    operation: str,
    *,
    now_ms: int,
    parameters: Mapping[str, Any] | None = None,
) -> bool:
    """Write one edge; False when it was there, or when an end has no id (an optional origin)."""
    if not source[1] or not target[1]:
        return False
    key = {
        "source_kind": source[0],
        "source_id": source[1],
        "target_kind": target[0],
        "target_id": target[1],
        "operation": operation,
    }
    there = select(lineage.c.created_ms).where(*(lineage.c[name] == value for name, value in key.items()))
    if tx.execute(there).one_or_none() is not None:
        return False
    text = msgspec.json.encode(dict(parameters or {})).decode()
    tx.execute(insert(lineage).values(project=project, parameters=text, created_ms=now_ms, **key))
    return True


def sources_of(tx: Connection, project: str, refs: Iterable[tuple[str, str]]) -> list[Edge]:
    """The edges that end in any of `refs`, oldest first."""
    return _edges(tx, project, refs, "target")


def targets_of(tx: Connection, project: str, refs: Iterable[tuple[str, str]]) -> list[Edge]:
    """The edges that begin in any of `refs`, oldest first."""
    return _edges(tx, project, refs, "source")


def descendants(
    tx: Connection, project: str, refs: Iterable[tuple[str, str]], *, kinds: Collection[str] = ()
) -> dict[Ref, Edge]:
    """Everything made from `refs`, directly or not, each with the edge that first reached it.

    With `kinds`, only steps to those kinds are taken. Cycles do no harm.
    """
    reached: dict[Ref, Edge] = {}
    start = {Ref(*ref) for ref in refs}
    frontier = start
    while frontier:
        following: set[Ref] = set()
        for edge in targets_of(tx, project, sorted(frontier)):
            wanted = not kinds or edge.target.kind in kinds
            if wanted and edge.target not in reached and edge.target not in start:
                reached[edge.target] = edge
                following.add(edge.target)
        frontier = following
    return reached


def _edges(tx: Connection, project: str, refs: Iterable[tuple[str, str]], end: str) -> list[Edge]:
    wanted = list(dict.fromkeys(Ref(*ref) for ref in refs))
    found: list[Edge] = []
    for start in range(0, len(wanted), _AT_ONCE):
        query = select(lineage).where(lineage.c.project == project, _any_of(wanted[start : start + _AT_ONCE], end))
        found += [
            Edge(
                Ref(row.source_kind, row.source_id),
                Ref(row.target_kind, row.target_id),
                row.operation,
                msgspec.json.decode(row.parameters),
                row.created_ms,
            )
            for row in tx.execute(query)
        ]
    return sorted(found, key=lambda edge: (edge.created_ms, edge.source, edge.target, edge.operation))


def _any_of(refs: list[Ref], end: str) -> ColumnElement[bool]:
    kinds = sorted({ref.kind for ref in refs})
    return or_(
        *(
            and_(
                lineage.c[f"{end}_kind"] == kind,
                lineage.c[f"{end}_id"].in_([ref.id for ref in refs if ref.kind == kind]),
            )
            for kind in kinds
        )
    )
