"""Balance: the less loaded of two, and circuits that open, probe and close."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from volant.gateway.balance import FAILURES_TO_OPEN, OPEN_FIRST_S, OPEN_LAST_S, Health, choose


def _with_load(*loads: int) -> list[Health]:
    healths = [Health() for _ in loads]
    for health, load in zip(healths, loads, strict=True):
        health.in_flight = load
    return healths


@given(st.lists(st.integers(0, 50), min_size=1, max_size=8), st.integers())
def test_the_most_loaded_is_never_chosen_but_alone(loads: list[int], seed: int) -> None:
    chosen = choose(_with_load(*loads), Random(seed))
    assert 0 <= chosen < len(loads)
    if len(loads) > 1 and loads.count(max(loads)) == 1:
        assert loads[chosen] < max(loads)


def test_two_choices_keep_the_load_flat() -> None:
    rng, healths = Random(7), [Health() for _ in range(20)]
    for _ in range(2000):
        healths[choose(healths, rng)].in_flight += 1
    assert max(health.in_flight for health in healths) <= 105  # one random choice would give about 125


def test_weights_share_idle_traffic() -> None:
    rng, healths = Random(7), [Health(weight=3.0), Health(weight=1.0)]
    hits = sum(choose(healths, rng) == 0 for _ in range(10_000))
    assert hits / 10_000 == pytest.approx(0.75, abs=0.02)


def test_a_circuit_opens_probes_and_closes() -> None:
    health, now = Health(), 100.0
    for _ in range(FAILURES_TO_OPEN):
        assert health.is_healthy(now)
        health.begin()
        health.fail(now)
    assert not health.is_healthy(now)
    assert not health.is_healthy(now + OPEN_FIRST_S - 0.1)
    now += OPEN_FIRST_S
    assert health.is_healthy(now)
    health.begin()
    assert not health.is_healthy(now)  # one probe at a time
    health.fail(now)
    assert not health.is_healthy(now + OPEN_FIRST_S)  # it rests twice as long
    now += 2 * OPEN_FIRST_S
    health.begin()
    health.succeed(5.0)
    assert health.is_healthy(now)
    assert (health.failures, health.openings, health.in_flight) == (0, 0, 0)


def test_success_forgives_single_failures() -> None:
    health = Health()
    for _ in range(10):
        health.begin()
        health.fail(0.0)
        health.begin()
        health.succeed(1.0)
    assert health.is_healthy(0.0)


def test_rest_as_long_as_asked_but_not_for_ever() -> None:
    health = Health()
    health.begin()
    health.fail(0.0, rest_s=7.0)
    assert not health.is_healthy(6.9)
    assert health.is_healthy(7.0)
    health.begin()
    health.fail(7.0, rest_s=86_400.0)
    assert health.is_healthy(7.0 + OPEN_LAST_S)


def test_a_probe_without_a_verdict_lets_the_next_one_try() -> None:
    health = Health()
    for _ in range(FAILURES_TO_OPEN):
        health.begin()
        health.fail(0.0)
    health.begin()
    health.let_go()  # its client left
    assert health.is_healthy(OPEN_FIRST_S)
