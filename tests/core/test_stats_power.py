"""Power formulas: the declared figures, their inverses, and simulation."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from volant.core.stats.non_inferiority import NonInferiorityPlan, judge_non_inferiority
from volant.core.stats.paired import compare_paired
from volant.core.stats.power import (
    design_effect,
    detection_probability,
    items_needed_for_non_inferiority,
    items_needed_for_rate,
    power_of,
    power_of_rate,
    smallest_margin,
    zero_failure_trials,
)


def test_zero_tolerance_needs_the_declared_trials() -> None:
    assert [zero_failure_trials(rate) for rate in (0.01, 0.005, 0.001)] == [299, 598, 2995]


@given(rate=st.floats(1e-4, 0.9), confidence=st.floats(0.5, 0.999))
@settings(deadline=None)
def test_zero_tolerance_trials_are_the_fewest(rate: float, confidence: float) -> None:
    n = zero_failure_trials(rate, confidence)
    assert detection_probability(rate, n) >= confidence - 1e-9
    assert n == 1 or detection_probability(rate, n - 1) < confidence + 1e-9


@given(margin=st.floats(0.01, 0.3), disagree=st.floats(0.02, 0.9), effect=st.floats(1.0, 4.0))
@settings(deadline=None)
def test_items_power_and_margin_invert_each_other(margin: float, disagree: float, effect: float) -> None:
    n = items_needed_for_non_inferiority(margin, discordant_rate=disagree, design_effect=effect)
    assert power_of(n, margin, discordant_rate=disagree, design_effect=effect) >= 0.8 - 1e-9
    reached = smallest_margin(n, discordant_rate=disagree, design_effect=effect)
    assert reached <= margin + 1e-9


def test_three_hundred_and_twenty_items_test_six_points() -> None:
    assert smallest_margin(320, discordant_rate=0.186) == pytest.approx(0.06, abs=5e-4)
    assert items_needed_for_non_inferiority(0.06, sd_of_difference=0.4313) == pytest.approx(320, abs=1)


def test_without_disagreement_the_margin_alone_sets_the_size() -> None:
    assert items_needed_for_non_inferiority(0.05, sd_of_difference=0.0) == 52  # 1.645^2 * 0.95 / 0.05 = 51.4


def test_power_of_a_rate_inverts_and_matches_simulation() -> None:
    n = items_needed_for_rate(0.1, 0.05)
    assert power_of_rate(n, 0.1, 0.05) >= 0.8 > power_of_rate(n - 1, 0.1, 0.05) - 1e-3
    draws = np.random.default_rng(1).binomial(n, 0.05, size=20_000) / n
    shown = (0.1 - draws) / np.sqrt(0.1 * 0.9 / n) > 1.6449
    assert shown.mean() == pytest.approx(0.8, abs=0.05)
    assert power_of_rate(0, 0.1, 0.05) == 0.0
    assert power_of_rate(200, 0.1, 0.0) == 1.0


def test_the_declared_power_is_reached_in_simulation() -> None:
    rng = np.random.default_rng(7)
    n = items_needed_for_non_inferiority(0.06, discordant_rate=0.2)
    plan = NonInferiorityPlan(margin=0.06)
    passed = 0
    for _ in range(400):
        changed = rng.random(n) < 0.2
        old = rng.integers(0, 2, n)
        passed += judge_non_inferiority(compare_paired(old, np.where(changed, 1 - old, old)), plan).word == "pass"
    assert 0.72 <= passed / 400 <= 0.88


def test_impossible_questions_are_refused() -> None:
    with pytest.raises(ValueError, match="either"):
        power_of(10, 0.05)
    with pytest.raises(ValueError, match="either"):
        power_of(10, 0.05, sd_of_difference=0.1, discordant_rate=0.1)
    with pytest.raises(ValueError, match="beyond the margin"):
        items_needed_for_non_inferiority(0.05, discordant_rate=0.2, true_difference=-0.06)
    with pytest.raises(ValueError, match="cannot be told"):
        items_needed_for_rate(0.1, 0.1)
    with pytest.raises(ValueError, match="margin"):
        items_needed_for_non_inferiority(0.0, discordant_rate=0.2)
    assert design_effect(3, 0.2) == pytest.approx(1.4)
    with pytest.raises(ValueError, match="cluster"):
        design_effect(0.5, 0.2)
