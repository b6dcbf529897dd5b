"""Anytime-valid evidence: its laws, the declared sizes, and error rates under continuous looks."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from volant.core.stats import betting, sequential
from volant.core.stats.betting import Bets, equal_bets, log_wealth_above, log_wealth_below

BETS = equal_bets(0.1, 0.5, 1.0)
units = st.lists(st.floats(0.0, 1.0), max_size=25)
means = st.floats(0.02, 0.98)


@given(values=units, mean=means)
@settings(deadline=None)
def test_wealth_is_the_mixture_of_products(values: list[float], mean: float) -> None:
    path = log_wealth_above(np.array(values), mean, BETS)
    assert path.shape == (len(values) + 1,)
    assert path[0] == pytest.approx(0.0, abs=1e-12)
    data = np.array(values)
    expected = np.mean([np.prod(1 - f + f * data / mean) for f in BETS.fractions])
    assert math.exp(path[-1]) == pytest.approx(expected, rel=1e-8)


@given(values=units, mean=means, seed=st.integers(0, 99))
@settings(deadline=None)
def test_the_last_entry_forgets_the_order(values: list[float], mean: float, seed: int) -> None:
    shuffled = np.random.default_rng(seed).permutation(np.array(values))
    straight = log_wealth_above(np.array(values), mean, BETS)[-1]
    assert log_wealth_above(shuffled, mean, BETS)[-1] == pytest.approx(straight, abs=1e-9)


@given(mean=st.floats(0.05, 0.95))
@settings(deadline=None)
def test_the_wealth_is_fair_at_the_mean_that_it_bets_against(mean: float) -> None:
    hit, miss = (math.exp(log_wealth_above(np.array([x]), mean, BETS)[-1]) for x in (1.0, 0.0))
    assert mean * hit + (1 - mean) * miss == pytest.approx(1.0)


@given(values=st.lists(st.floats(0.0, 1.0), min_size=1, max_size=25), alpha=st.floats(0.01, 0.3))
@settings(max_examples=60, deadline=None)
def test_bounds_invert_the_evidence_and_mirror(values: list[float], alpha: float) -> None:
    data = np.array(values)
    low, high = betting.lower_bound(data, alpha, BETS), betting.upper_bound(data, alpha, BETS)
    assert 0.0 <= low <= high <= 1.0
    assert high == pytest.approx(1.0 - betting.lower_bound(1.0 - data, alpha, BETS))
    target = -math.log(alpha)
    if low > 1e-6:
        assert log_wealth_above(data, low - 1e-7, BETS).max() >= target
    if low + 1e-6 < 1.0:
        assert log_wealth_above(data, low + 1e-6, BETS).max() < target
    assert betting.lower_bound(data, alpha, BETS, running=False) <= low


def test_many_sequences_are_weighed_at_once() -> None:
    data = np.random.default_rng(1).random((4, 3, 20))
    together = log_wealth_below(data, 0.6, BETS)
    assert together.shape == (4, 3, 21)
    assert together[2, 1] == pytest.approx(log_wealth_below(data[2, 1], 0.6, BETS))


def test_clean_users_claim_the_declared_ceilings() -> None:
    five, two = sequential.clean_users_needed(0.05), sequential.clean_users_needed(0.02)
    assert 59 < five <= 91
    assert 149 < two <= 230
    bounds = sequential.ceiling_bounds(np.zeros(five), alpha_lower=0.05, alpha_upper=0.05)
    assert bounds.lower == 0.0
    assert 0.045 < bounds.upper <= 0.05
    assert sequential.ceiling(np.zeros(five - 1), 0.05).log_safe < math.log(20) <= sequential.ceiling(
        np.zeros(five), 0.05
    ).log_safe  # fmt: skip


def test_a_failing_canary_is_found_at_once_and_stays_found() -> None:
    assert sequential.ceiling(np.ones(2), 0.05).log_harm >= math.log(60)
    later = sequential.ceiling(np.concatenate([np.zeros(60), np.ones(12)]), 0.05)
    assert later.log_harm >= math.log(60)
    recovered = sequential.ceiling(np.concatenate([np.ones(5), np.zeros(500)]), 0.05)
    assert recovered.log_harm >= math.log(60)
    assert recovered.estimate == pytest.approx(5 / 505)


@given(arms=st.lists(st.booleans(), max_size=60))
@settings(deadline=None)
def test_blocks_use_each_user_once_and_only_grow(arms: list[bool]) -> None:
    blocks = sequential.form_blocks(arms)
    assert (blocks.last > blocks.first).all()
    assert (blocks.first[1:] == blocks.last[:-1]).all()
    assert blocks.first.size <= sum(arms)
    assert blocks.last.max(initial=0) <= len(arms) - sum(arms)
    for block, index in enumerate(blocks.formed_at):
        seen = arms[: index + 1]
        assert sum(seen) >= block + 1  # its canary user is complete
        assert len(seen) - sum(seen) >= blocks.last[block]  # so are its baseline users
    earlier = sequential.form_blocks(arms[: len(arms) // 2])
    size = earlier.first.size
    assert (blocks.first[:size] == earlier.first).all()
    assert (blocks.last[:size] == earlier.last).all()


def test_differences_are_those_of_their_blocks() -> None:
    arms = [False, False, False, True, False, True, True, False]
    values = [0.0, 1.0, 0.5, 1.0, 0.2, 0.3, 0.9, 0.4]
    # the first canary user takes two of three, the second one of two, the third the other one
    assert sequential.block_differences(arms, values) == pytest.approx([1.0 - 0.5, 0.3 - 0.5, 0.9 - 0.2])
    assert sequential.block_differences([True, True], [0.1, 0.2]).size == 0
    assert sequential.block_differences([], []).size == 0


def test_nothing_observed_is_no_evidence() -> None:
    for found in (sequential.ceiling([], 0.05), sequential.difference([], 0.05)):
        assert (found.n, found.estimate) == (0, None)
        assert found.log_harm == pytest.approx(0.0)
        assert found.log_safe == pytest.approx(0.0)
    bounds = sequential.difference_bounds([], alpha_lower=0.05, alpha_upper=0.05)
    assert (bounds.lower, bounds.upper) == (-1.0, 1.0)
    assert sequential.sample_ratio([], []) == 0.0


def _users(rng: np.random.Generator, rate: np.ndarray | float, size: tuple[int, ...]) -> np.ndarray:
    """Means of users with 3 questions and an intra-user correlation of 0.2."""
    return rng.binomial(3, rng.beta(np.multiply(rate, 4.0), 4.0 - np.multiply(rate, 4.0), size=size)) / 3


def _differences(rng: np.random.Generator, baseline: float, canary: float, canary_users: int) -> np.ndarray:
    arms = rng.random(canary_users * 10) < 0.1
    return sequential.block_differences(arms, _users(rng, np.where(arms, canary, baseline), arms.shape))


@pytest.mark.parametrize(
    ("baseline", "canary", "direction", "alarms", "most"),
    [(0.45, 0.20, "safe", 1, 23), (0.20, 0.60, "harm", 3, 25), (0.20, 0.20, "safe", 1, 300)],
)
def test_declared_sizes_are_reached(baseline: float, canary: float, direction: str, alarms: int, most: int) -> None:
    rng = np.random.default_rng(21)
    weigh = log_wealth_above if direction == "harm" else log_wealth_below
    needed = []
    for _ in range(150):
        scaled = (1.0 + _differences(rng, baseline, canary, 2 * most)) / 2.0
        hits = np.flatnonzero(weigh(scaled, 0.525, sequential.DIFFERENCE_BETS) >= math.log(20 * alarms))
        needed.append(hits[0] if hits.size else math.inf)
    assert np.median(needed) <= most


@pytest.mark.parametrize("direction", ["safe", "harm"])
def test_at_the_margin_continuous_looks_err_rarely(direction: str) -> None:
    rng = np.random.default_rng(22)
    weigh = log_wealth_above if direction == "harm" else log_wealth_below
    wrong = 0
    for _ in range(500):
        scaled = (1.0 + _differences(rng, 0.20, 0.25, 200)) / 2.0
        wrong += weigh(scaled, 0.525, sequential.DIFFERENCE_BETS).max() >= math.log(20)
    assert wrong / 500 <= 0.05


def test_a_common_drift_while_the_share_rises_deceives_no_one() -> None:
    rng = np.random.default_rng(23)
    shares, level = np.repeat([0.1, 0.5], [800, 400]), np.linspace(0.2, 0.6, 1_200)
    wrong = pooled_off = 0
    for _ in range(200):
        arms = rng.random(1_200) < shares
        values = _users(rng, level, (1_200,))
        found = sequential.difference(sequential.block_differences(arms, values), 0.05)
        wrong += found.log_harm >= math.log(20)
        pooled_off += values[arms].mean() - values[~arms].mean() > 0.05
    assert wrong / 200 <= 0.05
    assert pooled_off / 200 >= 0.9  # what pooling over time would have concluded


def test_at_the_ceiling_continuous_looks_err_rarely() -> None:
    rng = np.random.default_rng(24)
    rates = _users(rng, 0.05, (1_500, 300))
    harm = log_wealth_above(rates, 0.05, sequential.CEILING_HARM_BETS).max(axis=1) >= math.log(20)
    safe = log_wealth_below(rates, 0.05, sequential.CEILING_SAFE_BETS).max(axis=1) >= math.log(20)
    assert 0.0 < harm.mean() <= 0.05
    assert 0.0 < safe.mean() <= 0.05


def test_a_wrong_split_is_found_and_a_right_one_is_not() -> None:
    rng = np.random.default_rng(25)
    shares = np.repeat([0.1, 0.5], [400, 400])
    alarms = {1.0: 0, 1.8: 0}
    for factor in alarms:
        for _ in range(200):
            arms = rng.random(800) < np.minimum(0.95, shares * factor)
            alarms[factor] += any(
                sequential.sample_ratio(arms[:n], shares[:n]) >= math.log(20) for n in range(40, 801, 40)
            )
    assert alarms[1.0] / 200 <= 0.05
    assert alarms[1.8] / 200 >= 0.99


def test_values_that_break_the_guarantee_are_refused() -> None:
    with pytest.raises(ValueError, match=r"\[0, 1\]"):
        log_wealth_above(np.array([1.2]), 0.5, BETS)
    with pytest.raises(ValueError, match=r"\[0, 1\]"):
        log_wealth_above(np.array([math.nan]), 0.5, BETS)
    with pytest.raises(ValueError, match="strictly between"):
        log_wealth_above(np.array([0.2]), 1.0, BETS)
    with pytest.raises(ValueError, match="user's mean"):
        sequential.ceiling([0.5, -0.1], 0.05)
    with pytest.raises(ValueError, match="difference"):
        sequential.difference([1.5], 0.05)
    with pytest.raises(ValueError, match="arm and a value"):
        sequential.block_differences([True], [0.5, 0.5])
    with pytest.raises(ValueError, match="declared shares"):
        sequential.sample_ratio([True], [1.0])
    with pytest.raises(ValueError, match="sum to 1"):
        Bets(fractions=(0.5, 1.0), weights=(0.5, 0.6))
    with pytest.raises(ValueError, match="fractions"):
        Bets(fractions=(1.5,), weights=(1.0,))
