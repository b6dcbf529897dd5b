"""Metrics: what the rollups say about a window of time: requests, errors, latency, tokens, cost, feedback."""

from __future__ import annotations

from typing import Annotated

import msgspec
from fastapi import APIRouter, Query

from volant.api.access import Reads
from volant.api.services import Has
from volant.api.structs import AsJson
from volant.traces import metrics

router = APIRouter(prefix="/metrics", tags=["metrics"])
HOUR_MS = 3_600_000


class MetricsView(msgspec.Struct, frozen=True, kw_only=True):
    """A window as one, and by slice."""

    since_ms: int
    until_ms: int
    total: metrics.Metrics
    by: str
    slices: dict[str, metrics.Metrics]


@router.get("", summary="A window of time as one and by slice")
def show(
    caller: Reads,
    context: Has,
    task: str = "",
    variant: str = "",
    by: metrics.By = "variant",
    since_ms: Annotated[int, Query(ge=0, description="Unix milliseconds; 0: an hour before `until_ms`.")] = 0,
    until_ms: Annotated[int, Query(ge=0, description="Unix milliseconds; 0: now.")] = 0,
    arm: Annotated[list[str] | None, Query(description="live, canary, shadow. Default: what callers saw.")] = None,
) -> Annotated[MetricsView, AsJson]:
    until = until_ms or context.clock.now_ms() + 1
    since = since_ms or max(0, until - HOUR_MS)
    arms = tuple(arm or ("live", "canary"))
    with context.db.read() as tx:
        total = metrics.metrics(
            tx, caller.project, since_ms=since, until_ms=until, task=task, variant=variant, arms=arms
        )
        slices = metrics.metrics_by(
            tx, caller.project, by, since_ms=since, until_ms=until, task=task, variant=variant, arms=arms
        )
    return MetricsView(since_ms=since, until_ms=until, total=total, by=by, slices=slices)
