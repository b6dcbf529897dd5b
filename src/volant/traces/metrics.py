"""Metrics: what the rollups say about a window of time. Never reads an inference, so it costs the same at any age.

A window is rounded outwards to whole minutes. Shadow answers are left out unless asked for: nobody saw them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import msgspec
from sqlalchemy import Connection, select

from volant.store.tables import rollup
from volant.traces.rollups import MINUTE_MS, Sums
from volant.traces.sketch import Sketch

By = Literal["minute_ms", "task", "variant", "deployment", "arm"]
_ADDED = ("requests", "errors", "fallbacks", "input_tokens", "output_tokens", "cost_usd", "latency_ms_sum", "accepted",
          "corrected")  # fmt: skip


class Metrics(msgspec.Struct, frozen=True, kw_only=True):
    """One window of one slice. Shares are 0..1, and None where nothing was counted."""

    requests: int
    errors: int
    fallbacks: int
    input_tokens: int
    output_tokens: int
    cost_usd: float
    latency_ms_mean: float
    latency_ms_p50: float  # within 1 %
    latency_ms_p95: float
    accepted: int  # reviews of answers given in the window, fallbacks left out
    corrected: int
    error_share: float | None
    fallback_share: float | None
    corrected_share: float | None


def metrics(
    tx: Connection,
    project: str,
    *,
    since_ms: int,
    until_ms: int,
    task: str = "",
    variant: str = "",
    arms: Sequence[str] = ("live", "canary"),
) -> Metrics:
    """The whole window as one."""
    found = _sums(tx, project, since_ms, until_ms, task, variant, arms, None)
    return _metrics(found.get("", Sums()))


def sums(
    tx: Connection,
    project: str,
    *,
    since_ms: int,
    until_ms: int,
    task: str = "",
    variant: str = "",
    arms: Sequence[str] = ("live", "canary"),
) -> Sums:
    """The whole window as plain sums with the sketch of its latencies, for rules that ask for any quantile."""
    return _sums(tx, project, since_ms, until_ms, task, variant, arms, None).get("", Sums())


def metrics_by(
    tx: Connection,
    project: str,
    by: By,
    *,
    since_ms: int,
    until_ms: int,
    task: str = "",
    variant: str = "",
    arms: Sequence[str] = ("live", "canary"),
) -> dict[str, Metrics]:
    """The window by minute (as text, Unix milliseconds), task, variant, deployment or arm, in that order."""
    found = _sums(tx, project, since_ms, until_ms, task, variant, arms, by)
    return {key: _metrics(found[key]) for key in sorted(found)}


def _sums(
    tx: Connection,
    project: str,
    since_ms: int,
    until_ms: int,
    task: str,
    variant: str,
    arms: Sequence[str],
    by: By | None,
) -> dict[str, Sums]:
    query = select(rollup).where(
        rollup.c.project == project,
        rollup.c.minute_ms >= since_ms - since_ms % MINUTE_MS,
        rollup.c.minute_ms < until_ms,
        rollup.c.arm.in_(list(arms)),
    )
    if task:
        query = query.where(rollup.c.task == task)
    if variant:
        query = query.where(rollup.c.variant == variant)
    out: dict[str, Sums] = {}
    for row in tx.execute(query).mappings():
        added = out.setdefault(str(row[by]) if by else "", Sums())
        for name in _ADDED:
            setattr(added, name, getattr(added, name) + row[name])
        added.latency.merge(Sketch.decode(row["latency_sketch"]))
    return out


def _metrics(sums: Sums) -> Metrics:
    reviews = sums.accepted + sums.corrected
    return Metrics(
        requests=sums.requests,
        errors=sums.errors,
        fallbacks=sums.fallbacks,
        input_tokens=sums.input_tokens,
        output_tokens=sums.output_tokens,
        cost_usd=sums.cost_usd,
        latency_ms_mean=sums.latency_ms_sum / sums.requests if sums.requests else 0.0,
        latency_ms_p50=sums.latency.quantile(0.5),
        latency_ms_p95=sums.latency.quantile(0.95),
        accepted=sums.accepted,
        corrected=sums.corrected,
        error_share=sums.errors / sums.requests if sums.requests else None,
        fallback_share=sums.fallbacks / sums.requests if sums.requests else None,
        corrected_share=sums.corrected / reviews if reviews else None,
    )
