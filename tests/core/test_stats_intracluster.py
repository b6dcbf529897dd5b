"""Correlation within users: known values, coverage, and agreement with the definition."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from volant.core.stats.intracluster import intracluster_correlation, label_agreement


def _values(rng: np.random.Generator, correlation: float, users: int = 80, each: int = 3) -> np.ndarray:
    shared = rng.normal(0.0, np.sqrt(correlation), users)[:, None]
    return (shared + rng.normal(0.0, np.sqrt(1.0 - correlation), (users, each))).ravel()


def test_extremes() -> None:
    users = np.repeat(np.arange(10), 3)
    alike = intracluster_correlation(np.repeat(np.arange(10.0), 3), users)
    assert (alike.estimate, alike.lower, alike.upper) == (1.0, 1.0, 1.0)
    opposed = intracluster_correlation(np.tile([0.0, 0.5, 1.0], 10), users)
    assert opposed.estimate == pytest.approx(-0.5)  # the smallest correlation that three values can share


def test_the_interval_covers() -> None:
    rng = np.random.default_rng(3)
    users = np.repeat(np.arange(80), 3)
    for correlation in (0.0, 0.2, 0.6):
        found = [intracluster_correlation(_values(rng, correlation), users) for _ in range(300)]
        assert np.mean([one.estimate for one in found]) == pytest.approx(correlation, abs=0.03)
        assert np.mean([one.lower <= correlation <= one.upper for one in found]) >= 0.92


def test_unequal_clusters_of_answers_right_or_wrong() -> None:
    rng = np.random.default_rng(4)
    users = np.repeat(np.arange(400), rng.integers(1, 7, 400))
    taste = rng.beta(0.3 * 4, 0.7 * 4, 400)  # intra-user correlation 1 / (4 + 1) = 0.2
    outcome = (rng.random(users.size) < taste[users]).astype(float)
    found = intracluster_correlation(outcome, users)
    assert found.lower < 0.2 < found.upper
    assert found.upper - found.lower < 0.25


@given(st.lists(st.tuples(st.integers(0, 4), st.sampled_from("abc")), min_size=8, max_size=40))
@settings(max_examples=60, deadline=None)
def test_agreement_is_its_definition(rows: list[tuple[int, str]]) -> None:
    by_user: dict[int, list[str]] = {}
    for user, label in rows:
        by_user.setdefault(user, []).append(label)
    several = [labels for labels in by_user.values() if len(labels) >= 2]
    if len(by_user) < 3 or len(several) < 2 or len({label for _, label in rows}) < 2:
        with pytest.raises(ValueError, match=r"needs three users|only one label"):
            label_agreement([label for _, label in rows], [user for user, _ in rows])
        return
    found = label_agreement([label for _, label in rows], [user for user, _ in rows])
    within = np.mean([np.mean([a == b for a, b in itertools.combinations(labels, 2)]) for labels in several])
    across = [a == b for (u, a), (v, b) in itertools.combinations(rows, 2) if u != v]
    assert found.within == pytest.approx(within)
    assert found.by_chance == pytest.approx(np.mean(across))
    assert found.users == len(several)


def _labels(rng: np.random.Generator, loyalty: float) -> tuple[list[int], list[int]]:
    """120 users with 4 questions over 10 intents; with this probability a question is about the user's favourite."""
    favourite = np.repeat(rng.integers(0, 10, 120), 4)
    labels = np.where(rng.random(480) < loyalty, favourite, rng.integers(0, 10, 480))
    return labels.tolist(), np.repeat(np.arange(120), 4).tolist()


def test_preferences_are_found_with_an_interval_that_covers() -> None:
    rng = np.random.default_rng(5)
    for loyalty in (0.0, 0.6):
        found = [label_agreement(*_labels(rng, loyalty)).normalised for _ in range(150)]
        truth = loyalty**2  # both questions are about the favourite; otherwise they agree as by chance
        assert np.mean([one.estimate for one in found]) == pytest.approx(truth, abs=0.02)
        assert np.mean([one.lower <= truth <= one.upper for one in found]) >= 0.89


def test_undefined_correlations_are_refused() -> None:
    with pytest.raises(ValueError, match="all values are the same"):
        intracluster_correlation([1.0, 1.0, 1.0, 1.0], [0, 0, 1, 1])
    with pytest.raises(ValueError, match="two clusters"):
        intracluster_correlation([1.0, 0.0], [0, 0])
    with pytest.raises(ValueError, match="two clusters"):
        intracluster_correlation([1.0, 0.0], [0, 1])
    with pytest.raises(ValueError, match="cluster ids"):
        label_agreement(["a", "b"], [0])
