"""Graph: nodes and edges as the console draws them, with titles and states of the registry's things."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec
from sqlalchemy import Connection, select

from volant.store.tables import alert, dataset, dataset_version, model, release, report, review, rollout, run, verdict

MOST_NODES = 400  # of one picture; what is beyond is counted


class GraphNode(msgspec.Struct, frozen=True, kw_only=True):
    """One thing."""

    kind: str
    id: str
    title: str
    state: str  # as the thing has it; empty: it has none
    note: str  # a sentence; empty: none


class GraphEdge(msgspec.Struct, frozen=True, kw_only=True):
    """Source → target: the target was made from the source, or follows it."""

    source: str  # kind:id
    target: str  # kind:id
    operation: str


class Graph(msgspec.Struct, frozen=True, kw_only=True):
    """A picture of lineage."""

    nodes: list[GraphNode]
    edges: list[GraphEdge]
    left_out: int  # nodes beyond the most that are drawn


class GraphBuilder:
    """Collects nodes and edges, each once."""

    def __init__(self) -> None:
        self._nodes: dict[str, GraphNode] = {}
        self._edges: dict[tuple[str, str, str], GraphEdge] = {}

    def node(self, kind: str, identifier: str, title: str, state: str = "", note: str = "") -> str:
        """Add a node; a later word replaces an earlier one. Gives its key."""
        key = f"{kind}:{identifier}"
        self._nodes[key] = GraphNode(kind=kind, id=identifier, title=title or identifier, state=state, note=note)
        return key

    def edge(self, source: tuple[str, str], target: tuple[str, str], operation: str) -> None:
        """Add an edge between two nodes, by (kind, id)."""
        ends = f"{source[0]}:{source[1]}", f"{target[0]}:{target[1]}"
        self._edges[(*ends, operation)] = GraphEdge(source=ends[0], target=ends[1], operation=operation)

    def made(self) -> Graph:
        """The picture: edges whose ends are both drawn."""
        shown = dict(list(self._nodes.items())[:MOST_NODES])
        drawn = [edge for edge in self._edges.values() if edge.source in shown and edge.target in shown]
        return Graph(nodes=list(shown.values()), edges=drawn, left_out=len(self._nodes) - len(shown))


def titles(tx: Connection, project: str, refs: Iterable[tuple[str, str]]) -> dict[tuple[str, str], tuple[str, str]]:
    """(kind, id) → (title, state), of the kinds that have a table. Up to `MOST_NODES` of each kind."""
    wanted: dict[str, list[str]] = {}
    for kind, identifier in dict.fromkeys(refs):
        wanted.setdefault(kind, []).append(identifier)
    out: dict[tuple[str, str], tuple[str, str]] = {}
    for kind, ids in wanted.items():
        query = _query(kind)
        if query is not None:
            table, statement = query
            found = statement.where(table.c.project == project, table.c.id.in_(ids[:MOST_NODES]))
            for row in tx.execute(found):
                out[kind, row.id] = (_title(kind, row), str(row._mapping.get("state", "") or ""))
    return out


def _query(kind: str) -> tuple[Any, Any] | None:
    if kind == "dataset_version":
        joined = dataset_version.join(dataset, dataset_version.c.dataset_id == dataset.c.id)
        columns = (dataset_version.c.id, dataset.c.name, dataset_version.c.version, dataset_version.c.state)
        return dataset_version, select(*columns).select_from(joined)
    tables: dict[str, tuple[Any, tuple[str, ...]]] = {
        "model": (model, ("id", "name", "version", "state")),
        "run": (run, ("id", "kind", "state")),
        "report": (report, ("id", "suite")),
        "verdict": (verdict, ("id", "gate", "outcome")),
        "release": (release, ("id", "variant", "state")),
        "rollout": (rollout, ("id", "candidate", "state")),
        "review": (review, ("id", "decision", "reviewer")),
        "alert": (alert, ("id", "monitor")),
    }
    if kind not in tables:
        return None
    table, names = tables[kind]
    return table, select(*(table.c[name] for name in names))


def _title(kind: str, row: Any) -> str:
    values = row._mapping
    words = {
        "dataset_version": "{name} v{version}",
        "model": "{name}@{version}",
        "run": "{kind}",
        "report": "{suite} report",
        "verdict": "gate {gate}: {outcome}",
        "release": "release of {variant}",
        "rollout": "rollout of {candidate}",
        "review": "{decision} by {reviewer}",
        "alert": "alert of {monitor}",
    }
    return words[kind].format(**values).replace("_", " ")
