"""Betting: evidence on the mean of a bounded quantity that may be looked at after every observation.

Shapes: values[..., n] are observations in [0, 1] in order (leading axes are independent sequences); fractions[F] are
bets; a path has n + 1 entries, the first before any observation.

A gambler who believes that the mean lies above m stakes a fraction f of the wealth on each observation x and holds
(1 - f) + f * x / m of it afterwards. While the mean is at most m, whatever came before, the wealth is a nonnegative
supermartingale with start 1, so that the probability that it ever reaches 1/alpha is at most alpha (Ville 1939).
Mixing over fixed fractions keeps this, and makes the last entry of a path independent of the observations' order.

Knows nothing of arms, users or margins (see `sequential`).

Sources: Waudby-Smith and Ramdas 2024, "Estimating means of bounded random variables by betting" (arXiv 2010.09686),
§4 (capital processes, confidence sequences by inverting them); Orabona and Jun 2023 (arXiv 2110.14099), mixtures over
fractions as universal portfolios; Ramdas, Grünwald, Vovk and Shafer 2023 (arXiv 2210.01948), e-processes.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float64]

_HALVINGS = 34  # of [0, 1]: bounds are good to 1e-10


@dataclass(frozen=True, slots=True, kw_only=True)
class Bets:
    """A mixture of fractions of the wealth to stake; the weights sum to 1."""

    fractions: tuple[float, ...]  # each in [0, 1]
    weights: tuple[float, ...]

    def __post_init__(self) -> None:
        if len(self.fractions) != len(self.weights) or not self.fractions:
            raise ValueError("bets need one weight for each fraction")
        if not all(0.0 <= fraction <= 1.0 for fraction in self.fractions):
            raise ValueError(f"fractions must lie in [0, 1], got {self.fractions!r}")
        if min(self.weights) < 0 or not math.isclose(sum(self.weights), 1.0):
            raise ValueError(f"weights must be non-negative and sum to 1, got {self.weights!r}")


def equal_bets(*fractions: float) -> Bets:
    """Every fraction with the same weight."""
    return Bets(fractions=fractions, weights=(1.0 / len(fractions),) * len(fractions))


def log_wealth_above(values: Vector, mean: float, bets: Bets) -> Vector:
    """Path[..., n + 1] of the log-wealth against "the mean is at most `mean`", for values[..., n] in [0, 1].

    ValueError for values outside [0, 1] (they would break the guarantee) or a mean outside (0, 1).
    """
    if not 0.0 < mean < 1.0:
        raise ValueError(f"the mean to bet against must lie strictly between 0 and 1, got {mean!r}")
    data = np.asarray(values, dtype=np.float64)
    if data.size and not (data.min() >= 0.0 and data.max() <= 1.0):
        raise ValueError(f"values must lie in [0, 1], got {data.min()!r} to {data.max()!r}")
    fractions = np.asarray(bets.fractions)
    gains = 1.0 - fractions + fractions * (data[..., None] / mean)
    with np.errstate(divide="ignore"):  # a bet of everything may lose everything
        logs = np.log(gains)
        start = np.log(np.asarray(bets.weights))
    path = np.concatenate([np.zeros((*data.shape[:-1], 1, fractions.size)), logs], axis=-2)
    np.cumsum(path, axis=-2, out=path)
    return _log_sum_exp(path + start)


def log_wealth_below(values: Vector, mean: float, bets: Bets) -> Vector:
    """Path[..., n + 1] of the log-wealth against "the mean is at least `mean`"."""
    return log_wealth_above(1.0 - np.asarray(values, dtype=np.float64), 1.0 - mean, bets)


def lower_bound(values: Vector, alpha: float, bets: Bets, *, running: bool = True) -> float:
    """Lower confidence bound of the mean of values[n], valid at every n at once; 0 without evidence.

    The wealth falls as the mean it bets against rises, so the rejected means are [0, bound). `running` keeps the best
    bound so far (an alarm once raised stays); without it only the present wealth counts.
    """
    data = np.asarray(values, dtype=np.float64)
    target = -math.log(alpha)
    low, high = 0.0, 1.0
    if data.size == 0 or data.max() <= 0.0:
        return low
    for _ in range(_HALVINGS):
        middle = 0.5 * (low + high)
        path = log_wealth_above(data, middle, bets)
        if (path.max() if running else path[-1]) >= target:
            low = middle
        else:
            high = middle
    return low


def upper_bound(values: Vector, alpha: float, bets: Bets, *, running: bool = True) -> float:
    """Upper confidence bound of the mean of values[n], valid at every n at once; 1 without evidence."""
    return 1.0 - lower_bound(1.0 - np.asarray(values, dtype=np.float64), alpha, bets, running=running)


def _log_sum_exp(terms: Vector) -> Vector:
    """log(sum(exp(terms))) over the last axis; at least one term of each sum is finite, or the result is -inf."""
    top = terms.max(axis=-1, keepdims=True)
    safe = np.where(np.isfinite(top), top, 0.0)
    with np.errstate(divide="ignore"):
        total: Vector = np.log(np.exp(terms - safe).sum(axis=-1)) + safe[..., 0]
    return total
