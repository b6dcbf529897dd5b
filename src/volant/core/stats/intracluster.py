"""Intracluster: how alike the observations of one user (document, conversation) are.

Knows values or labels and whose they are; answers with a correlation and its interval. Knows nothing of decisions.

Sources: Fisher 1925 and Donner 1986 (analysis-of-variance estimator); Searle 1971, ch. 9 (its F interval, exact for
equal cluster sizes and normal values, a fair approximation elsewhere); Light and Margolin 1971, Cohen 1960 (agreement
beyond chance); Efron and Stein 1981 (jackknife).
"""

import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from volant.core.stats.clustered import Clusters, cluster_codes, finite_vector
from volant.core.stats.distributions import f_quantile, student_quantile
from volant.core.stats.intervals import Interval


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelAgreement:
    """How often two questions of one user carry the same label, against two questions of two users."""

    within: float  # probability for two questions of one user (mean over users with at least two)
    by_chance: float  # probability for two questions of two different users
    normalised: Interval  # (within - by_chance) / (1 - by_chance): 0 = as by chance, 1 = one label per user
    users: int  # users with at least two questions
    questions: int


def intracluster_correlation(values: ArrayLike, clusters: Clusters, confidence: float = 0.95) -> Interval:
    """The analysis-of-variance estimator of the intra-cluster correlation of values[items], with its F interval.

    ValueError without two clusters, without a cluster of two items, or where all values are the same (undefined).
    """
    data = finite_vector("values", values)
    codes, groups = cluster_codes(clusters, data.size)
    sizes = np.bincount(codes, minlength=groups).astype(np.float64)
    within_df = data.size - groups
    if groups < 2 or within_df < 1:
        raise ValueError(f"needs two clusters and one with two items, got {groups} clusters of {data.size} items")
    means = np.bincount(codes, weights=data, minlength=groups) / sizes
    between = float(sizes @ (means - data.mean()) ** 2) / (groups - 1)
    within = float(((data - means[codes]) ** 2).sum()) / within_df
    if between + within <= 1e-15 * max(1.0, float(np.abs(data).max()) ** 2):
        raise ValueError("all values are the same, so a correlation between them is undefined")
    size = (data.size - float(sizes @ sizes) / data.size) / (groups - 1)  # Donner's n0, the mean size less its spread
    tail = (1.0 - confidence) / 2.0
    high = f_quantile(1.0 - tail, groups - 1, within_df)
    low = 1.0 / f_quantile(1.0 - tail, within_df, groups - 1)
    ratio = between / within if within > 0 else math.inf
    return Interval(
        estimate=_from_ratio(ratio, size),
        lower=_from_ratio(ratio / high, size),
        upper=_from_ratio(ratio / low, size),
        confidence=confidence,
        n=data.size,
    )


def label_agreement(labels: Sequence[Hashable], users: Clusters, confidence: float = 0.95) -> LabelAgreement:
    """How strongly users prefer some labels, from labels[questions] and users[questions].

    The interval is a jackknife over users with Student's critical value. ValueError with fewer than three users, with
    fewer than two users of two questions, or where only one label occurs (chance agreement is then 1).
    """
    codes, groups = cluster_codes(users, len(labels))
    kinds, _ = cluster_codes(labels, len(labels))
    counts = np.zeros((groups, int(kinds.max(initial=0)) + 1))
    np.add.at(counts, (codes, kinds), 1.0)
    sizes = counts.sum(axis=1)
    repeated = sizes >= 2
    if groups < 3 or repeated.sum() < 2:
        raise ValueError(f"needs three users, two of them with two questions; got {groups} and {int(repeated.sum())}")
    if counts.shape[1] < 2:
        raise ValueError("only one label occurs, so agreement beyond chance is undefined")
    own = np.zeros(groups)
    own[repeated] = ((counts**2).sum(axis=1) - sizes)[repeated] / (sizes * (sizes - 1.0))[repeated]
    within = float(own.sum() / repeated.sum())
    chance = float(_chance_agreement(counts, np.zeros((1, counts.shape[1])), np.zeros(1), np.zeros(1))[0])
    estimate = _beyond_chance(within, chance)
    within_without = (own.sum() - own) / (repeated.sum() - repeated)
    squares = (counts**2).sum(axis=1)
    chance_without = _chance_agreement(counts, counts, sizes, squares)
    left_out = _beyond_chance(within_without, chance_without)
    error = math.sqrt((groups - 1) / groups * float(((left_out - left_out.mean()) ** 2).sum()))
    reach = student_quantile(0.5 + confidence / 2.0, groups - 1) * error
    interval = Interval(
        estimate=float(estimate), lower=float(estimate) - reach, upper=min(1.0, float(estimate) + reach),
        confidence=confidence, n=len(labels),
    )  # fmt: skip
    return LabelAgreement(
        within=within, by_chance=chance, normalised=interval, users=int(repeated.sum()), questions=len(labels)
    )


def _from_ratio(ratio: float, size: float) -> float:
    """The correlation that belongs to a ratio of mean squares: (F - 1) / (F + n0 - 1)."""
    return 1.0 if math.isinf(ratio) else (ratio - 1.0) / (ratio + size - 1.0)


def _beyond_chance(within: float | NDArray[np.float64], chance: float | NDArray[np.float64]) -> NDArray[np.float64]:
    return (np.asarray(within) - chance) / np.maximum(1.0 - np.asarray(chance), 1e-12)


def _chance_agreement(
    counts: NDArray[np.float64],
    removed: NDArray[np.float64],
    removed_sizes: NDArray[np.float64],
    removed_squares: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Probability that two questions of two different users agree, after removing one user's row each time.

    counts[users, labels]; removed[cases, labels] with its row sums and row sums of squares, one case a row.
    """
    total = counts.sum(axis=0)
    sizes = counts.sum(axis=1)
    same = ((total - removed) ** 2).sum(axis=1) - ((counts**2).sum() - removed_squares)
    pairs = (sizes.sum() - removed_sizes) ** 2 - ((sizes**2).sum() - removed_sizes**2)
    agreement: NDArray[np.float64] = same / np.maximum(pairs, 1.0)
    return agreement
