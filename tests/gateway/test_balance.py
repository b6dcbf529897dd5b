"""Balance: the less loaded of two, and circuits that open, probe and close."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from volant.gateway.balance import (
    CALLS_TO_JUDGE,
    FAILURES_TO_OPEN,
    OPEN_FIRST_S,
    OPEN_LAST_S,
    SLOW_START_S,
    SLOW_START_SHARE,
    WINDOW_S,
    Health,
    Meter,
    choose,
)


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
    health.begin(now)
    assert not health.is_healthy(now)  # one probe at a time
    health.fail(now)
    assert not health.is_healthy(now + OPEN_FIRST_S)  # it rests twice as long
    now += 2 * OPEN_FIRST_S
    health.begin(now)
    health.succeed(5.0, now)
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
    health.begin(OPEN_FIRST_S)
    assert not health.is_healthy(OPEN_FIRST_S)
    health.let_go()  # its client left
    assert health.is_healthy(OPEN_FIRST_S)


def test_a_failure_while_it_rests_is_no_news() -> None:
    health = Health()
    for _ in range(FAILURES_TO_OPEN):
        health.begin(0.0)
        health.fail(0.0)
    for _ in range(5):  # nobody else was left
        health.begin(1.0)
        health.fail(1.0)
    assert health.openings == 1
    assert health.is_healthy(OPEN_FIRST_S)


def test_a_high_share_of_failures_opens_without_three_in_a_row() -> None:
    health = Health()
    for at in range(CALLS_TO_JUDGE // 2):
        assert health.state(1.0) == "closed", at
        health.begin(1.0)
        health.succeed(5.0, 1.0)
        health.begin(1.0)
        health.fail(1.0)
    assert health.state(1.0) == "open"


def test_a_fifth_of_failures_does_not_open_by_rate() -> None:
    health = Health()
    for at in range(500):
        now = at * 0.1
        health.begin(now)
        if at % 5:
            health.succeed(5.0, now)
        else:
            health.fail(now)
    assert health.state(50.0) == "closed"


def test_old_failures_leave_the_window() -> None:
    health = Health()
    for at in range(CALLS_TO_JUDGE - 2):
        health.begin(1.0)
        if at % 3 < 2:
            health.fail(1.0)
        else:
            health.succeed(5.0, 1.0)
    later = 1.0 + 2 * WINDOW_S + 1
    for _ in range(2):
        health.begin(later)
        health.fail(later)
    assert health.state(later) == "closed"


def test_who_came_back_gets_its_share_slowly() -> None:
    health = Health(weight=4.0)
    for _ in range(FAILURES_TO_OPEN):
        health.begin(0.0)
        health.fail(0.0)
    health.begin(OPEN_FIRST_S)
    health.succeed(5.0, OPEN_FIRST_S)
    shares = [health.share(OPEN_FIRST_S + seconds) for seconds in (0, 1, 15, SLOW_START_S, 99)]
    assert shares == [pytest.approx(4 * share) for share in (SLOW_START_SHARE, SLOW_START_SHARE, 0.5, 1, 1)]


def test_a_new_place_gets_its_share_slowly_too() -> None:
    rng, healths = Random(7), [Health(), Health(since=100.0)]
    hits = sum(choose(healths, rng, 103.0) == 1 for _ in range(10_000))
    assert hits / 10_000 == pytest.approx(0.1 / 1.1, abs=0.02)


def test_the_clearly_slower_is_spared_until_its_latency_is_old() -> None:
    rng, quick, slow = Random(7), Health(), Health()
    for health, ttft_ms in ((quick, 100.0), (slow, 1000.0)):
        health.begin(10.0)
        health.succeed(ttft_ms, 10.0)
    assert {choose([quick, slow], rng, 10.0) for _ in range(100)} == {0}
    quick.in_flight = 10  # busy with ten, it is no quicker
    assert 1 in {choose([quick, slow], rng, 10.0) for _ in range(100)}
    quick.in_flight = 0
    for second in range(10, 40):
        quick.begin(second)
        quick.succeed(100.0, second)
    assert 1 in {choose([quick, slow], rng, 40.0) for _ in range(100)}


def test_latency_rises_at_once_and_falls_slowly() -> None:
    health = Health()
    for now, ttft_ms in ((1.0, 100.0), (2.0, 900.0), (3.0, 100.0)):
        health.begin(now)
        health.succeed(ttft_ms, now)
        if now == 2.0:
            assert health.ttft_ms == 900.0
    assert 700 < health.ttft_ms < 900


@given(st.lists(st.tuples(st.floats(0, 5), st.integers(0, 400)), max_size=120))
def test_a_meter_never_passes_its_limit_in_any_minute(asks: list[tuple[float, int]]) -> None:
    meter, now, taken = Meter(10, 1000), 1000.0, list[tuple[float, int]]()
    for pause, tokens in asks:
        now += pause
        if meter.has_room(tokens, now):
            meter.take(tokens, now)
            taken.append((now, tokens))
        last_minute = [tokens for at, tokens in taken if at > now - 60]
        assert len(last_minute) <= 10
        assert sum(last_minute) <= 1000


def test_a_meter_says_how_long_to_wait_and_keeps_its_word() -> None:
    meter = Meter(1, 0)
    meter.take(5, 1003.0)
    wait = meter.wait_s(5, 1004.0)
    assert 60 <= wait <= 70
    assert not meter.has_room(5, 1004.0 + wait - 0.1)
    assert meter.has_room(5, 1004.0 + wait)


def test_a_meter_is_corrected_by_what_was_really_used() -> None:
    meter = Meter(0, 100)
    meter.take(90, 1000.0)
    assert not meter.has_room(20, 1000.0)
    meter.correct(-50, 1001.0)
    assert meter.has_room(20, 1001.0)
    meter.correct(30, 1001.0)
    assert not meter.has_room(40, 1001.0)


def test_a_worker_has_its_share_of_a_limit() -> None:
    assert (Meter(10, 1000, 0.5).requests_per_minute, Meter(10, 1000, 0.5).tokens_per_minute) == (5, 500)
    assert Meter(1, 0, 0.25).requests_per_minute == 1
