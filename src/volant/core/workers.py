"""Workers: what a gateway's worker says about itself, now and then, for who looks from outside. Numbers and names."""

from __future__ import annotations

import msgspec


class PlaceFacts(msgspec.Struct, frozen=True, kw_only=True):
    """One deployment as one worker sees it."""

    project: str
    deployment: str
    model: str
    in_flight: int = 0
    max_in_flight: int = 0
    ttft_ms: float = 0.0  # moving average
    failures: int = 0  # in a row
    state: str = "closed"  # its circuit: closed, open, half_open; resting: it asked to be left alone for a while
    rests_ms: int = 0  # how long it rests still
    requests: int = 0  # of the last minute, where it has limits a minute: this worker's
    tokens: int = 0  # likewise


class WorkerFacts(msgspec.Struct, frozen=True, kw_only=True):
    """One worker. Counts are since it started."""

    worker: int
    pid: int
    said_ms: int
    revision: int = -1  # of the configuration that it holds
    connections: int = 0
    places: tuple[PlaceFacts, ...] = ()
    refused: dict[str, int] = {}  # error code → requests that reached no deployment
    unrecorded: int = 0
    shadows_dropped: int = 0
