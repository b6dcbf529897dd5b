"""Rollups: sums per minute and slice, written in the transaction that writes the inferences.

Knows sums and sketches; does not know which inferences are new (`ingest` does). They hold nothing about a person, so
an erasure leaves them. `accepted` and `corrected` stand in the minute of the inference, not of its feedback, and leave
out answers that a fallback gave.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from sqlalchemy import Connection, insert, select, update

from volant.core.nouns import InferenceRecord
from volant.store.tables import rollup
from volant.traces.sketch import Sketch

MINUTE_MS = 60_000
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


def slice_of(record: InferenceRecord) -> Slice:
    """Where an inference counts."""
    return Slice(
        record.project,
        record.started_ms - record.started_ms % MINUTE_MS,
        record.task,
        record.variant,
        record.deployment,
        record.arm,
    )


def failed(status: int, error_code: str) -> bool:
    """The caller saw an error."""
    return status >= 400 or status == 0 or bool(error_code)


def of_records(records: Iterable[InferenceRecord]) -> dict[Slice, Sums]:
    """The sums of some inferences."""
    out: dict[Slice, Sums] = {}
    for record in records:
        where = slice_of(record)
        sums = out.get(where)
        if sums is None:
            sums = out[where] = Sums()
        sums.requests += 1
        sums.errors += failed(record.status, record.error_code)
        sums.fallbacks += record.fallback
        sums.input_tokens += record.input_tokens
        sums.output_tokens += record.output_tokens
        sums.cost_usd += record.cost_usd
        sums.latency_ms_sum += record.latency_ms
        sums.latency.add(record.latency_ms)
    return out


def grow(tx: Connection, deltas: Mapping[Slice, Sums]) -> None:
    """Add to the rows, making those that are not there."""
    for where, sums in sorted(deltas.items(), key=lambda item: item[0]):
        at = [rollup.c[name] == value for name, value in where._asdict().items()]
        query = select(*(rollup.c[name] for name in _SUMS), rollup.c.latency_sketch).where(*at)
        before = tx.execute(query.with_for_update()).mappings().one_or_none()
        values: dict[str, object] = {name: getattr(sums, name) + (before[name] if before else 0) for name in _SUMS}
        sketch = Sketch.decode(before["latency_sketch"] if before else None)
        sketch.merge(sums.latency)
        values["latency_sketch"] = sketch.encode()
        if before:
            tx.execute(update(rollup).where(*at).values(**values))
        else:
            tx.execute(insert(rollup).values(**where._asdict(), **values))
