"""Clustered means against their special cases, and their coverage on clustered data."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from volant.core.stats.clustered import clustered_mean, clustered_rate, effective_items
from volant.core.stats.intervals import wilson

vectors = st.lists(st.floats(-5.0, 5.0), min_size=2, max_size=40)


@given(vectors)
@settings(deadline=None)
def test_items_of_their_own_give_the_textbook_error(values: list[float]) -> None:
    summary = clustered_mean(values)
    expected = np.std(values, ddof=1) / np.sqrt(len(values))
    assert summary.standard_error == pytest.approx(expected, rel=1e-9, abs=1e-12)
    assert summary.clusters == len(values)


def test_interval_without_clusters_agrees_with_scipy() -> None:
    stats = pytest.importorskip("scipy.stats")
    values = [0.2, 0.9, 0.4, 0.4, 0.7, 0.1]
    theirs = stats.ttest_1samp(values, 0.0).confidence_interval(0.9)
    ours = clustered_mean(values, confidence=0.9)
    assert (ours.lower, ours.upper) == pytest.approx((theirs.low, theirs.high))


@given(st.lists(st.tuples(st.floats(0, 1), st.integers(0, 5)), min_size=3, max_size=30), st.integers(2, 4))
@settings(deadline=None)
def test_copies_within_a_cluster_add_nothing(rows: list[tuple[float, int]], copies: int) -> None:
    values, ids = [value for value, _ in rows], [cluster for _, cluster in rows]
    once = clustered_mean(values, ids)
    many = clustered_mean(values * copies, ids * copies)
    assert many.mean == pytest.approx(once.mean)
    if once.standard_error is None:
        assert many.standard_error is None
    else:
        assert many.standard_error == pytest.approx(once.standard_error, rel=1e-6, abs=1e-12)


def test_one_cluster_knows_no_error() -> None:
    summary = clustered_mean([0.1, 0.5, 0.9], ["a", "a", "a"])
    assert summary.standard_error is None
    assert summary.lower == -np.inf
    assert effective_items(summary) == 1.0


def test_cluster_ids_may_be_arrays_or_any_names() -> None:
    values = [0.0, 1.0, 1.0, 0.0, 1.0]
    by_name = clustered_mean(values, ["x", ("y", 1), ("y", 1), None, "x"])
    by_number = clustered_mean(values, np.array([7, 3, 3, 0, 7]))
    assert by_name == by_number


def _clustered_outcomes(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    users = np.repeat(np.arange(60), 4)
    taste = rng.beta(0.7 * 1.5, 0.3 * 1.5, size=60)  # intra-user correlation 0.4
    return (rng.random(240) < taste[users]).astype(float), users


def test_coverage_holds_on_clustered_data_and_fails_without_clusters() -> None:
    rng = np.random.default_rng(11)
    mean_covers = rate_covers = naive_covers = 0
    for _ in range(500):
        outcomes, users = _clustered_outcomes(rng)
        mean, rate = clustered_mean(outcomes, users), clustered_rate(outcomes, users)
        naive = wilson(outcomes.sum(), outcomes.size)
        mean_covers += mean.lower <= 0.7 <= mean.upper
        rate_covers += rate.lower <= 0.7 <= rate.upper
        naive_covers += naive.lower <= 0.7 <= naive.upper
    assert mean_covers / 500 >= 0.92
    assert rate_covers / 500 >= 0.92
    assert naive_covers / 500 <= 0.88


def test_rate_of_equal_outcomes_counts_clusters() -> None:
    interval = clustered_rate(np.ones(40), np.repeat(np.arange(10), 4))
    assert interval.lower == pytest.approx(wilson(10, 10).lower)
    assert interval.n == 40


def test_bad_vectors_are_refused() -> None:
    with pytest.raises(ValueError, match="non-empty"):
        clustered_mean([])
    with pytest.raises(ValueError, match="1 values that are not finite"):
        clustered_mean([1.0, float("nan")])
    with pytest.raises(ValueError, match="cluster ids"):
        clustered_mean([1.0, 2.0], ["a"])
    with pytest.raises(ValueError, match="0 or 1"):
        clustered_rate([0.5, 1.0])
