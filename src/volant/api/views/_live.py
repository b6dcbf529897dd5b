"""Live figures of a task, from the rollups: the last hour, the last day, and a line of the day."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from sqlalchemy import ColumnElement, Connection, func, select

from volant.core.accounts import DAY_MS
from volant.store.tables import rollup
from volant.traces.rollups import MINUTE_MS
from volant.traces.sketch import Sketch

HOUR_MS = 3_600_000
POINT_MS = 30 * MINUTE_MS  # of the line: 48 points a day
MOST_SKETCHES = 3_000  # minutes × variants × deployments whose latencies are put together
_SEEN = ("live", "canary")  # a shadow's answers reach nobody


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """A window. Shares are 0..1, None where nothing was counted."""

    requests: int
    error_share: float | None
    corrected_share: float | None  # of reviewed answers
    reviewed: int
    cost_usd: float
    latency_ms_mean: float
    latency_ms_p95: float | None  # within 1 %; None: more than MOST_SKETCHES slices, which is too much for a page


class SparkPoint(msgspec.Struct, frozen=True, kw_only=True):
    """Half an hour of the day."""

    at_ms: int  # its beginning
    requests: int
    errors: int
    latency_ms_mean: float
    cost_usd: float
    accepted: int
    corrected: int


def figures(
    tx: Connection, project: str, task: str, now_ms: int, *, variant: str = ""
) -> tuple[Figures, Figures, list[SparkPoint]]:
    """The last hour, the last day, and the day's points with any traffic, oldest first."""
    at = [rollup.c.project == project, rollup.c.minute_ms < now_ms + 1, rollup.c.arm.in_(_SEEN)]
    at += [rollup.c.task == task] if task else []
    at += [rollup.c.variant == variant] if variant else []
    day = [*at, rollup.c.minute_ms >= now_ms - DAY_MS]
    hour = [*at, rollup.c.minute_ms >= now_ms - HOUR_MS]
    return _figures(tx, hour), _figures(tx, day), _points(tx, day)


def _figures(tx: Connection, where: Sequence[ColumnElement[bool]]) -> Figures:
    names = ("requests", "errors", "accepted", "corrected", "cost_usd", "latency_ms_sum")
    summed = [func.coalesce(func.sum(rollup.c[name]), 0).label(name) for name in names]
    query = select(func.count().label("slices"), *summed).where(*where)
    row = tx.execute(query).one()
    latency = Sketch()
    few = row.slices <= MOST_SKETCHES
    for encoded in tx.execute(select(rollup.c.latency_sketch).where(*where)).scalars() if few else ():
        latency.merge(Sketch.decode(encoded))
    reviewed = row.accepted + row.corrected
    return Figures(
        requests=row.requests,
        error_share=row.errors / row.requests if row.requests else None,
        corrected_share=row.corrected / reviewed if reviewed else None,
        reviewed=reviewed,
        cost_usd=row.cost_usd,
        latency_ms_mean=row.latency_ms_sum / row.requests if row.requests else 0.0,
        latency_ms_p95=latency.quantile(0.95) if few else None,
    )


def _points(tx: Connection, where: Sequence[ColumnElement[bool]]) -> list[SparkPoint]:
    start = (rollup.c.minute_ms - rollup.c.minute_ms % POINT_MS).label("at_ms")
    names = ("requests", "errors", "latency_ms_sum", "cost_usd", "accepted", "corrected")
    query = select(start, *(func.sum(rollup.c[name]).label(name) for name in names)).where(*where)
    return [
        SparkPoint(
            at_ms=row.at_ms,
            requests=row.requests,
            errors=row.errors,
            latency_ms_mean=row.latency_ms_sum / row.requests if row.requests else 0.0,
            cost_usd=row.cost_usd,
            accepted=row.accepted,
            corrected=row.corrected,
        )
        for row in tx.execute(query.group_by(start).order_by(start))
    ]
