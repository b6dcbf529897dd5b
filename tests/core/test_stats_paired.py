"""Paired comparisons: against scipy, and their error rates on clustered and on hardly changing items."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from volant.core.stats.paired import compare_paired, lower_bound, mcnemar_exact, p_not_above, upper_bound

pairs = st.lists(st.tuples(st.integers(0, 1), st.integers(0, 1)), min_size=2, max_size=80)


def test_scores_agree_with_scipy() -> None:
    stats = pytest.importorskip("scipy.stats")
    rng = np.random.default_rng(2)
    old, new = rng.normal(3.0, 1.0, 50), rng.normal(3.2, 1.0, 50)
    ours = compare_paired(old, new)
    theirs = stats.ttest_rel(new, old)
    interval = theirs.confidence_interval(0.95)
    assert (ours.lower, ours.upper) == pytest.approx((interval.low, interval.high))
    assert p_not_above(ours, 0.0) == pytest.approx(stats.ttest_rel(new, old, alternative="greater").pvalue)
    assert ours.mcnemar_p is None


@pytest.mark.parametrize(("wins", "losses"), [(0, 0), (1, 0), (3, 9), (12, 2), (40, 41)])
def test_mcnemar_agrees_with_scipy(wins: int, losses: int) -> None:
    stats = pytest.importorskip("scipy.stats")
    expected = stats.binomtest(wins, wins + losses).pvalue if wins + losses else 1.0
    assert mcnemar_exact(wins, losses) == pytest.approx(expected)


@given(pairs)
@settings(max_examples=80, deadline=None)
def test_bounds_hold_the_estimate_and_mirror(rows: list[tuple[int, int]]) -> None:
    old, new = [a for a, _ in rows], [b for _, b in rows]
    forth, back = compare_paired(old, new), compare_paired(new, old)
    assert -1.0 <= forth.lower <= forth.one_sided_lower <= forth.difference
    assert forth.difference <= forth.one_sided_upper <= forth.upper <= 1.0
    assert (back.lower, back.upper) == pytest.approx((-forth.upper, -forth.lower), abs=1e-9)
    assert forth.wins == back.losses


@given(pairs, st.floats(0.001, 0.4))
@settings(max_examples=80, deadline=None)
def test_a_reference_is_rejected_exactly_below_the_bound(rows: list[tuple[int, int]], alpha: float) -> None:
    comparison = compare_paired([a for a, _ in rows], [b for _, b in rows])
    bound = lower_bound(comparison, alpha)
    if bound - 1e-6 > -1.0:
        assert p_not_above(comparison, bound - 1e-6) <= alpha + 1e-9
    if bound + 1e-6 < comparison.difference:
        assert p_not_above(comparison, bound + 1e-6) >= alpha - 1e-9


def test_equal_outputs_prove_only_what_their_number_can() -> None:
    few, many = compare_paired(np.ones(20), np.ones(20)), compare_paired(np.ones(500), np.ones(500))
    assert few.one_sided_lower == pytest.approx(0.05 ** (1 / 20) - 1.0)
    assert few.one_sided_lower < -0.1
    assert many.one_sided_lower > -0.01
    clustered = compare_paired(np.ones(500), np.ones(500), np.repeat(np.arange(5), 100))
    assert clustered.one_sided_lower < -0.4
    assert upper_bound(clustered, 0.05) == pytest.approx(-clustered.one_sided_lower)


def test_one_cluster_proves_nothing() -> None:
    comparison = compare_paired([0, 1, 1], [1, 1, 1], ["c"] * 3)
    assert (comparison.lower, comparison.upper) == (-1.0, 1.0)
    assert p_not_above(comparison, -0.9) == 1.0


def _worse_by_the_margin(rng: np.random.Generator, clustered: bool) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """300 items on which the candidate is truly 5 points worse; in clusters of 5 that change together, or not."""
    clusters = np.repeat(np.arange(60), 5)
    users = rng.random(60)[clusters] if clustered else rng.random(300)
    change = np.where(users < 0.10, -1, np.where(users < 0.15, 1, 0))
    old = np.where(change < 0, 1, np.where(change > 0, 0, rng.integers(0, 2, 300)))
    return old, old + change, clusters


@pytest.mark.parametrize("clustered", [False, True])
def test_a_candidate_worse_by_the_margin_rarely_passes(clustered: bool) -> None:
    rng = np.random.default_rng(13)
    false_passes = 0
    for _ in range(600):
        old, new, clusters = _worse_by_the_margin(rng, clustered)
        false_passes += compare_paired(old, new, clusters if clustered else None).one_sided_lower > -0.05
    assert false_passes / 600 <= 0.07  # 5 % and the noise of 600 runs


def test_rare_changes_rarely_pass() -> None:
    rng = np.random.default_rng(17)
    false_passes = 0
    for _ in range(800):
        lost = rng.random(70) < 0.05  # where only losses occur, the t interval alone is far too sure
        false_passes += compare_paired(np.ones(70), 1.0 - lost).one_sided_lower > -0.05
    assert false_passes / 800 <= 0.065


def test_unequal_lengths_are_refused() -> None:
    with pytest.raises(ValueError, match="same items"):
        compare_paired([1.0], [1.0, 0.0])
    with pytest.raises(ValueError, match="negative"):
        mcnemar_exact(-1, 2)
