"""Gauges: what a worker says of its places, and how control reads it."""

from __future__ import annotations

from pathlib import Path

from volant.core.workers import WorkerFacts
from volant.gateway import gauges
from volant.gateway.balance import FAILURES_TO_OPEN, OPEN_FIRST_S, Health, Meter

IDENTITY = ("default", "d", "http://127.0.0.1:9/v1", "m")


def test_an_open_circuit_says_for_how_long() -> None:
    health = Health(max_in_flight=8)
    for _ in range(FAILURES_TO_OPEN):
        health.begin(10.0)
        health.fail(10.0)
    [place] = gauges.places_of({IDENTITY: health}, 12.0)
    assert (place.state, place.failures) == ("open", FAILURES_TO_OPEN)
    assert place.rests_ms == (OPEN_FIRST_S - 2.0) * 1000
    [later] = gauges.places_of({IDENTITY: health}, 10.0 + OPEN_FIRST_S + 1)
    assert (later.state, later.rests_ms) == ("half_open", 0)


def test_a_place_with_limits_says_what_its_last_minute_took() -> None:
    health = Health()
    assert gauges.places_of({IDENTITY: health}, 0.0)[0].requests == 0
    health.meter = Meter(100, 1000)
    health.meter.take(30, 5.0)
    health.meter.take(20, 45.0)
    [place] = gauges.places_of({IDENTITY: health}, 50.0)
    assert (place.requests, place.tokens) == (2, 50)
    [place] = gauges.places_of({IDENTITY: health}, 80.0)
    assert (place.requests, place.tokens) == (1, 20)


def test_who_was_silent_for_ten_seconds_is_gone(tmp_path: Path) -> None:
    for worker, said_ms in ((0, 1_000), (1, 20_000)):
        gauges.write(tmp_path, WorkerFacts(worker=worker, pid=1, said_ms=said_ms))
    (tmp_path / "gateway-2.facts").write_text("half a")
    assert [one.worker for one in gauges.read(tmp_path, 20_500)] == [1]
