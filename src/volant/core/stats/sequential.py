"""Sequential: what canary users say, readable after every user without a penalty.

Shapes: one entry per user who is complete, in the order in which they completed. The unit is the user, because traffic
is split by user: a user's mean in [0, 1] is frozen when they are complete, and requests of one user never count as
independent.

Three questions, three evidences, each with one path of log-evidence (reaching log(1/alpha) happens with probability at
most alpha at any time while the claim rejected is true):

- `ceiling`: is a rate of the canary users above, or surely at most, an absolute ceiling?
- `difference`: is the canary's mean above, or surely within a margin of, the baseline's?
- `sample_ratio`: did users reach the arms in the declared proportion?

Knows nothing of steps, promotion or rollback (see `canary`).

Sources: Waudby-Smith and Ramdas 2024 (arXiv 2010.09686); Lindon, Sanden and Shirikian 2022 (KDD, arXiv 2205.14762),
continuous monitoring of releases; Lindon and Malek 2022 (NeurIPS, arXiv 2011.03567), sample-ratio mismatch; Turner, Ly
and Grünwald 2024 (two samples in blocks, arXiv 2106.02693).
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from volant.core.stats import betting
from volant.core.stats.betting import Bets, Vector, equal_bets

# Small fractions find small effects in many users, large ones find large effects in few. Chosen by simulation.
DIFFERENCE_BETS = equal_bets(0.04, 1 / 8, 2 / 8, 3 / 8, 4 / 8, 5 / 8, 6 / 8, 7 / 8, 1.0)
CEILING_HARM_BETS = equal_bets(1 / 64, 1 / 32, 1 / 16, 1 / 8, 1 / 4, 1 / 2, 1.0)
# Half of the wealth expects no failure at all: a clean canary claims 5 % after 68 users and 2 % after 172.
CEILING_SAFE_BETS = Bets(
    fractions=(1 / 8, 1 / 4, 3 / 8, 1 / 2, 5 / 8, 3 / 4, 7 / 8, 1.0), weights=(*((0.5 / 7,) * 7), 0.5)
)
# Odds multipliers that a broken split is expected to show.
RATIO_ODDS = (0.25, 0.5, 0.67, 0.8, 1.25, 1.5, 2.0, 4.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """Evidence on one quantity at one look, against one limit, in both directions."""

    n: int  # canary users (ceiling) or blocks of one canary user and some baseline users (difference)
    estimate: float | None  # None without observations
    log_harm: float  # highest log-evidence so far that the quantity is above the limit
    log_safe: float  # present log-evidence that the quantity is below the limit


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """An anytime-valid interval: the lower bound at the alarm's alpha, the upper one at the promotion's."""

    lower: float
    upper: float


def ceiling(rates: ArrayLike, limit: float) -> Evidence:
    """Evidence that the mean of rates[users] (each user's share of failed requests) is above, or below, `limit`."""
    values = _unit(rates)
    harm = betting.log_wealth_above(values, limit, CEILING_HARM_BETS)
    safe = betting.log_wealth_below(values, limit, CEILING_SAFE_BETS)
    return Evidence(n=values.size, estimate=_mean(values), log_harm=float(harm.max()), log_safe=float(safe[-1]))


def ceiling_bounds(rates: ArrayLike, *, alpha_lower: float, alpha_upper: float) -> Bounds:
    """Anytime-valid bounds of the mean of rates[users]."""
    values = _unit(rates)
    return Bounds(
        lower=betting.lower_bound(values, alpha_lower, CEILING_HARM_BETS),
        upper=betting.upper_bound(values, alpha_upper, CEILING_SAFE_BETS, running=False),
    )


def clean_users_needed(limit: float, alpha: float = 0.05) -> int:
    """Users without any failure after which "the rate is at most `limit`" is claimed, at any time, with error alpha."""
    users = max(1, math.ceil(math.log(1.0 / alpha) / -math.log1p(-limit)))
    while ceiling(np.zeros(users), limit).log_safe < -math.log(alpha):
        users += 1
    return users


@dataclass(frozen=True, slots=True, kw_only=True)
class Blocks:
    """Who is set against whom: block k holds canary user k and the baseline users first[k] up to before last[k].

    Both count within their arm, in order of completion; formed_at[k] is the user (of all) whose completion made it.
    """

    first: NDArray[np.intp]
    last: NDArray[np.intp]
    formed_at: NDArray[np.intp]


def form_blocks(is_canary: ArrayLike) -> Blocks:
    """Set canary users against baseline users, from is_canary[users] in order of completion.

    A canary user takes the older half (at least one) of the baseline users not used yet, or waits for the next one.
    Who meets whom depends on the order of arms alone, never on values, so a block's expectation is the difference of
    the arms' means, also while both drift together; and blocks only get appended, so that earlier looks stay true. The
    half that is kept evens out random gaps: with 10 % canary traffic a block holds about nine baseline users. For
    canary shares up to a half; above, canary users wait.
    """
    first: list[int] = []
    last: list[int] = []
    formed_at: list[int] = []
    canary_seen = baseline_seen = used = 0
    for index, canary in enumerate(np.asarray(is_canary, dtype=bool).tolist()):
        canary_seen += canary
        baseline_seen += not canary
        if len(first) < canary_seen and used < baseline_seen:
            first.append(used)
            used += (baseline_seen - used + 1) // 2
            last.append(used)
            formed_at.append(index)
    return Blocks(first=_indices(first), last=_indices(last), formed_at=_indices(formed_at))


def block_differences(is_canary: ArrayLike, values: ArrayLike) -> Vector:
    """Differences[blocks] of a canary user's value and the mean of the baseline users set against them.

    is_canary[users] and values[users] stand in order of completion; see `form_blocks` for who meets whom.
    """
    arms = np.asarray(is_canary, dtype=bool)
    data = _unit(values)
    if arms.shape != data.shape:
        raise ValueError(f"every user needs an arm and a value, got {arms.size} arms and {data.size} values")
    blocks = form_blocks(arms)
    totals = np.concatenate([[0.0], np.cumsum(data[~arms])])
    means = (totals[blocks.last] - totals[blocks.first]) / np.maximum(1, blocks.last - blocks.first)
    differences: Vector = np.clip(data[arms][: means.size] - means, -1.0, 1.0)
    return differences


def difference(differences: ArrayLike, limit: float) -> Evidence:
    """Evidence that the mean of differences[blocks] in [-1, 1] is above, or below, `limit` (canary minus baseline)."""
    values = _signed(differences)
    middle = (1.0 + limit) / 2.0
    scaled = (1.0 + values) / 2.0
    harm = betting.log_wealth_above(scaled, middle, DIFFERENCE_BETS)
    safe = betting.log_wealth_below(scaled, middle, DIFFERENCE_BETS)
    return Evidence(n=values.size, estimate=_mean(values), log_harm=float(harm.max()), log_safe=float(safe[-1]))


def difference_bounds(differences: ArrayLike, *, alpha_lower: float, alpha_upper: float) -> Bounds:
    """Anytime-valid bounds of the mean of differences[blocks]."""
    scaled = (1.0 + _signed(differences)) / 2.0
    return Bounds(
        lower=2.0 * betting.lower_bound(scaled, alpha_lower, DIFFERENCE_BETS) - 1.0,
        upper=2.0 * betting.upper_bound(scaled, alpha_upper, DIFFERENCE_BETS, running=False) - 1.0,
    )


def sample_ratio(is_canary: ArrayLike, shares: ArrayLike) -> float:
    """Log-evidence that users do not reach the canary with the declared probability.

    is_canary[users] with shares[users], the canary's share in force when each user was assigned. A likelihood ratio of
    odds multiplied by a constant, mixed over several (Lindon and Malek 2022, with a discrete prior).
    """
    arms = np.asarray(is_canary, dtype=bool)
    declared = np.asarray(shares, dtype=np.float64)
    if arms.shape != declared.shape:
        raise ValueError(f"every user needs an arm and a share, got {arms.size} arms and {declared.size} shares")
    if declared.size == 0:
        return 0.0
    if not (declared.min() > 0.0 and declared.max() < 1.0):
        raise ValueError("declared shares must lie strictly between 0 and 1 while both arms serve")
    odds = np.asarray(RATIO_ODDS)
    norm = 1.0 - declared[:, None] + odds * declared[:, None]
    ratios = np.where(arms[:, None], np.log(odds) - np.log(norm), -np.log(norm)).sum(axis=0)
    top = float(ratios.max())
    return top + math.log(float(np.exp(ratios - top).mean()))


def _mean(values: Vector) -> float | None:
    return float(values.mean()) if values.size else None


def _indices(values: list[int]) -> NDArray[np.intp]:
    return np.asarray(values, dtype=np.intp)


def _unit(values: ArrayLike) -> Vector:
    data = np.asarray(values, dtype=np.float64)
    if data.ndim != 1 or (data.size and not (data.min() >= 0.0 and data.max() <= 1.0)):
        raise ValueError("a user's mean must lie in [0, 1], one number for each user")
    return data


def _signed(values: ArrayLike) -> NDArray[np.float64]:
    data = np.asarray(values, dtype=np.float64)
    if data.ndim != 1 or (data.size and not (data.min() >= -1.0 and data.max() <= 1.0)):
        raise ValueError("a difference of two means must lie in [-1, 1], one number for each block")
    return data
