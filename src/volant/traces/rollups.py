"""Rollups: sums per minute and slice, written in the transaction that writes the inferences.

Knows sums and sketches; does not know which inferences are new (`ingest` does). They hold nothing about a person, so
an erasure leaves them. `accepted` and `corrected` stand in the minute of the inference, not of its feedback, and leave
out answers that a fallback gave.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import NamedTuple

from sqlalchemy import Connection

from volant.core.accounts import MINUTE_MS as MINUTE_MS
from volant.traces.alike import Groups
from volant.traces.sketch import Sketch

_SUMS = (
    "requests",
    "errors",
    "fallbacks",
    "input_tokens",
    "output_tokens",
    "cost_usd",
    "latency_ms_sum",
    "accepted",
    "corrected",
)


class Slice(NamedTuple):
    """What a rollup row is about."""

    project: str
    minute_ms: int  # Unix milliseconds at the minute's start
    task: str
    variant: str
    deployment: str
    arm: str


@dataclass(slots=True, kw_only=True)
class Sums:
    """What is added to a row."""

    requests: int = 0
    errors: int = 0
    fallbacks: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cost_usd: float = 0.0
    latency_ms_sum: float = 0.0
    accepted: int = 0
    corrected: int = 0
    latency: Sketch = field(default_factory=Sketch)


def of_groups(groups: Groups) -> dict[Slice, Sums]:
    """The sums of some inferences."""
    out: dict[Slice, Sums] = {}
    for one, records in groups.items():
        where = Slice(one.project, one.minute_ms, one.task, one.variant, one.deployment, one.arm)
        sums = out.get(where)
        if sums is None:
            sums = out[where] = Sums()
        latencies = [record.latency_ms for record in records]
        sums.requests += len(records)
        sums.errors += len(records) * one.failed
        sums.fallbacks += len(records) * one.fallback
        sums.input_tokens += sum(record.input_tokens for record in records)
        sums.output_tokens += sum(record.output_tokens for record in records)
        sums.cost_usd += sum(record.cost_usd for record in records)
        sums.latency_ms_sum += sum(latencies)
        sums.latency.add_all(latencies)
    return out


def grow(tx: Connection, deltas: Mapping[Slice, Sums]) -> None:
    """Add to the rows, making those that are not there."""
    for where, sums in sorted(deltas.items(), key=lambda item: item[0]):
        while True:  # twice where another machine makes the row at this moment
            before = tx.exec_driver_sql(_text_of(tx.dialect.name, "select"), tuple(where)).one_or_none()
            values = tuple(getattr(sums, name) + (before[at] if before else 0) for at, name in enumerate(_SUMS))
            sketch = Sketch.decode(before[-1] if before else None)
            sketch.merge(sums.latency)
            write = "update" if before else "insert"
            if tx.exec_driver_sql(_text_of(tx.dialect.name, write), (*values, sketch.encode(), *where)).rowcount:
                break


@lru_cache
def _text_of(dialect: str, what: str) -> str:
    """The statements of `grow`, made once: they are run for every slice of every batch."""
    mark, lock = ("?", "") if dialect == "sqlite" else ("%s", " FOR UPDATE")
    columns = (*_SUMS, "latency_sketch")
    at = " AND ".join(f"{name} = {mark}" for name in Slice._fields)
    if what == "select":
        return f"SELECT {', '.join(columns)} FROM rollup WHERE {at}{lock}"
    if what == "update":
        return f"UPDATE rollup SET {', '.join(f'{name} = {mark}' for name in columns)} WHERE {at}"
    names = (*columns, *Slice._fields)
    return f"INSERT INTO rollup ({', '.join(names)}) VALUES ({', '.join([mark] * len(names))}) ON CONFLICT DO NOTHING"
