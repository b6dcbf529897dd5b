"""Monitors fire on evidence, once, and are resolved without flicker."""

from __future__ import annotations

import random
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from volant.core.errors import BadInput
from volant.core.nouns import MonitorSpec
from volant.monitor import Firing, Window, look, measure, window_start_ms
from volant.monitor.measures import MEASURES


def spec(**fields: Any) -> MonitorSpec:
    return MonitorSpec(
        **{"name": "corrections", "task": "t", "measure": "corrected_share", "threshold": 0.25, **fields}
    )


def judged(corrected: int, of: int, end_ms: int = 5000) -> Window:
    return Window(start_ms=1000, end_ms=end_ms, requests=of, accepted=of - corrected, corrected=corrected)


def firing(**fields: Any) -> Firing:
    found = look(spec(**fields), judged(80, 200), None).firing
    assert found is not None
    return found


def test_fires_once_when_the_lower_bound_passes_the_threshold() -> None:
    first = look(spec(), judged(80, 200), None)
    assert first.change == "fired"
    assert first.firing is not None
    assert first.firing.low > 0.25
    assert (first.firing.value, first.firing.n, first.firing.fired_ms) == (0.4, 200, 5000)
    again = look(spec(), judged(90, 200, 6000), first.firing)
    assert (again.change, again.firing) == ("none", first.firing)


def test_the_sentence_has_the_numbers() -> None:
    assert firing().sentence == (
        "corrections fired: the share of corrected answers is 40.0 % (at least 34.5 % with 95 % confidence) "
        "of 200 judged answers, the threshold is 25.0 %."
    )


def test_an_estimate_above_the_threshold_that_may_be_chance_does_not_fire() -> None:
    found = look(spec(), judged(32, 110), None)  # 29 %, at least 22 %
    assert found.change == "none"
    assert found.firing is None


def test_too_few_observations_change_nothing_in_either_direction() -> None:
    assert look(spec(), judged(99, 99), None).change == "none"
    before = firing()
    found = look(spec(), judged(0, 99), before)
    assert (found.change, found.firing) == ("none", before)
    assert "100 are needed" in found.sentence
    assert look(spec(), judged(0, 0), before).firing == before


def test_between_firing_and_resolved_it_holds_what_was() -> None:
    between = judged(55, 200)  # 27.5 %, at least 22.6 %
    assert look(spec(), between, None).firing is None
    assert look(spec(), between, firing()).firing == firing()
    back = look(spec(), judged(50, 200), firing())
    assert (back.change, back.firing) == ("resolved", None)


def test_the_quantities() -> None:
    window = Window(
        start_ms=0, end_ms=1, requests=1000, errors=50, fallbacks=100, accepted=60, corrected=40, cost_usd=1.5,
        latency_ms=lambda q: 1000 * q,
    )  # fmt: skip
    values = {name: measure(name, window, 0.95) for name in MEASURES}  # type: ignore[arg-type]
    assert {name: found and found.value for name, found in values.items()} == {
        "corrected_share": 0.4, "error_rate": 0.05, "fallback_share": 0.1, "latency_ms_p95": 950, "cost_usd": 1.5,
    }  # fmt: skip
    for name in ("corrected_share", "error_rate", "fallback_share", "latency_ms_p95"):
        found = values[name]
        assert found is not None
        assert found.low < found.value < found.high, name


def test_the_bound_of_a_percentile_covers_as_often_as_it_says() -> None:
    rng = np.random.default_rng(5)
    truth = float(np.exp(1.6448536))  # 95th percentile of a log-normal latency
    covered = 0
    for _ in range(400):
        sample = np.exp(rng.standard_normal(300))
        window = Window(start_ms=0, end_ms=1, requests=300, latency_ms=lambda q, s=sample: float(np.quantile(s, q)))
        found = measure("latency_ms_p95", window, 0.95)
        assert found is not None
        covered += found.low <= truth
    assert 0.92 <= covered / 400 <= 0.99


def test_money_is_known_and_needs_no_minimum() -> None:
    budget = spec(name="budget", measure="cost_usd", threshold=10.0)
    fired = look(budget, Window(start_ms=0, end_ms=1, requests=3, cost_usd=10.5), None)
    assert fired.change == "fired"
    assert "cost is 10.50 USD of 3 requests" in fired.sentence
    assert look(budget, Window(start_ms=0, end_ms=2, requests=3, cost_usd=9.5), fired.firing).change == "none"
    assert look(budget, Window(start_ms=0, end_ms=2, requests=3, cost_usd=8.9), fired.firing).change == "resolved"


def test_a_window_begins_no_earlier_than_the_release() -> None:
    assert window_start_ms(spec(window_s=60), 100_000) == 40_000
    assert window_start_ms(spec(window_s=60), 100_000, not_before_ms=70_000) == 70_000


def test_false_alarms_of_one_look_stay_below_five_percent() -> None:
    rng = random.Random(3)
    fired = sum(
        look(spec(), judged(sum(rng.random() < 0.25 for _ in range(300)), 300), None).change == "fired"
        for _ in range(400)
    )
    assert fired / 400 < 0.08  # 5 % and three standard errors


@given(st.lists(st.tuples(st.integers(0, 300), st.integers(0, 300)), max_size=30))
def test_firing_and_resolving_alternate(windows: list[tuple[int, int]]) -> None:
    state: Firing | None = None
    changes = []
    for end, (corrected, accepted) in enumerate(windows):
        found = look(spec(), Window(start_ms=0, end_ms=end, accepted=accepted, corrected=corrected), state)
        state = found.firing
        if found.change != "none":
            changes.append(found.change)
    assert changes == ["fired", "resolved"] * (len(changes) // 2) + ["fired"] * (len(changes) % 2)


def test_a_firing_goes_through_the_store_unchanged() -> None:
    assert msgspec.json.decode(msgspec.json.encode(firing()), type=Firing) == firing()


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"measure": "vibes"}, "no measure 'vibes'"),
        ({"threshold": 0.0}, "threshold"),
        ({"threshold": 5.0}, "share's below 1"),
        ({"confidence": 1.0}, "confidence"),
        ({"min_count": 0, "window_s": -1}, "window_s and min_count"),
    ],
)
def test_a_rule_that_cannot_work_is_refused(fields: dict[str, Any], says: str) -> None:
    with pytest.raises(BadInput, match=says):
        look(spec(**fields), judged(1, 200), None)
