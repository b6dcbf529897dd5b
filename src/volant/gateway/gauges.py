"""Gauges: what this worker is doing just now, in a small file that control reads: RUN/gateway-N.facts.

Knows healths and counts; a request's path only adds to a count where it refuses. Written whole, about once a second.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import msgspec

from volant.core.workers import PlaceFacts, WorkerFacts
from volant.gateway.balance import Health

STALE_MS = 10_000  # a worker that said nothing for so long is gone
_SUFFIX = ".facts"


def places_of(healths: Mapping[tuple[str, ...], Health], now: float) -> tuple[PlaceFacts, ...]:
    """`healths` by (project, deployment, address, model); `now` is the event loop's clock, seconds."""
    return tuple(
        PlaceFacts(
            project=identity[0],
            deployment=identity[1],
            model=identity[3],
            in_flight=health.in_flight,
            max_in_flight=health.max_in_flight,
            ttft_ms=round(health.ttft_ms, 3),
            failures=health.failures,
            state=health.state(now),
            rests_ms=round(max(0.0, health.open_until - now, health.rest_until - now) * 1000),
            **_of_the_minute(health, now),
        )
        for identity, health in healths.items()
    )


def _of_the_minute(health: Health, now: float) -> dict[str, int]:
    if health.meter is None:
        return {}
    requests, tokens = health.meter.counted(now)
    return {"requests": requests, "tokens": tokens}


def write(run: Path, facts: WorkerFacts) -> None:
    """Replace this worker's file (0600). A disk without room costs the gauges, nothing else."""
    place = run / f"gateway-{facts.worker}{_SUFFIX}"
    beside = place.with_suffix(f".{os.getpid()}")
    try:
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        try:
            os.write(descriptor, msgspec.json.encode(facts))
        finally:
            os.close(descriptor)
        beside.replace(place)
    except OSError:
        beside.unlink(missing_ok=True)


def read(run: Path, now_ms: int) -> list[WorkerFacts]:
    """What the workers said in the last ten seconds, by their number."""
    found = []
    for place in sorted(run.glob(f"gateway-*{_SUFFIX}")):
        try:
            facts = msgspec.json.decode(place.read_bytes(), type=WorkerFacts)
        except (OSError, msgspec.DecodeError):
            continue
        if now_ms - facts.said_ms <= STALE_MS:
            found.append(facts)
    return found
