"""Intervals of a rate against scipy, and their coverage."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from volant.core.stats.intervals import clopper_pearson, clopper_pearson_lower, clopper_pearson_upper, wilson

counts = st.integers(1, 3_000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


@pytest.mark.parametrize(("k", "n"), [(0, 10), (1, 10), (5, 10), (10, 10), (3, 1_000), (997, 1_000), (123, 320)])
@pytest.mark.parametrize("confidence", [0.8, 0.95, 0.99])
def test_intervals_agree_with_scipy(k: int, n: int, confidence: float) -> None:
    stats = pytest.importorskip("scipy.stats")
    for ours, method in ((wilson(k, n, confidence), "wilson"), (clopper_pearson(k, n, confidence), "exact")):
        theirs = stats.binomtest(k, n).proportion_ci(confidence_level=confidence, method=method)
        assert ours.lower == pytest.approx(theirs.low, rel=1e-8, abs=1e-12)
        assert ours.upper == pytest.approx(theirs.high, rel=1e-8, abs=1e-12)


@given(counts)
@settings(max_examples=150, deadline=None)
def test_intervals_hold_the_estimate_and_mirror(count: tuple[int, int]) -> None:
    k, n = count
    for method in (wilson, clopper_pearson):
        interval, mirrored = method(k, n), method(n - k, n)
        assert 0.0 <= interval.lower <= k / n <= interval.upper <= 1.0
        assert interval.lower == pytest.approx(1.0 - mirrored.upper, abs=1e-9)
    exact, score = clopper_pearson(k, n), wilson(k, n)
    assert exact.upper - exact.lower > 0.9 * (score.upper - score.lower)


def test_clean_trials_give_the_rule_of_three() -> None:
    assert clopper_pearson_upper(0, 299) == pytest.approx(0.01, abs=4e-5)
    assert clopper_pearson_upper(0, 299) <= 0.01 < clopper_pearson_upper(0, 298)
    assert clopper_pearson_lower(0, 299) == 0.0
    assert clopper_pearson_upper(4, 4) == 1.0


def test_coverage_is_as_declared() -> None:
    rng = np.random.default_rng(5)
    for rate in (0.03, 0.4):
        draws = rng.binomial(60, rate, size=1_500)
        exact = {k: clopper_pearson(int(k), 60) for k in np.unique(draws)}
        score = {k: wilson(int(k), 60) for k in np.unique(draws)}
        assert np.mean([exact[k].lower <= rate <= exact[k].upper for k in draws]) >= 0.94
        assert np.mean([score[k].lower <= rate <= score[k].upper for k in draws]) >= 0.91


def test_impossible_counts_are_refused() -> None:
    for k, n in ((-1, 3), (4, 3), (0, 0)):
        with pytest.raises(ValueError, match="counts"):
            wilson(k, n)
        with pytest.raises(ValueError, match="counts"):
            clopper_pearson(k, n)
    with pytest.raises(ValueError, match="confidence"):
        wilson(1, 2, confidence=1.0)
