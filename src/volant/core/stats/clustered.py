"""Clustered: the mean of one metric whose items come in groups (conversations, documents, templates, users).

Knows one vector of values and the group of each; knows nothing of baselines (see `paired`).

Sources: Liang and Zeger 1986 (the sandwich estimator, CR0); Cameron and Miller 2015, §II-VI (the factor G/(G-1) and
t critical values with G-1 degrees of freedom); Korn and Graubard 1998 (rates through an effective sample size);
Miller 2024, arXiv 2411.00640, §2.2 (clustered errors for evaluations of language models).
"""

import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from volant.core.stats.distributions import student_quantile
from volant.core.stats.intervals import Interval, wilson

Clusters = Sequence[Hashable] | NDArray[np.generic]


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusteredMean:
    """A mean with a standard error that allows for items of one cluster being alike."""

    mean: float
    standard_error: float | None  # None with fewer than two clusters: nothing is known of the spread
    items: int
    clusters: int
    design_effect: float | None  # clustered variance over the variance of independent items; None where both are 0
    lower: float  # two-sided interval, t with clusters - 1 degrees of freedom; infinite with fewer than two clusters
    upper: float
    confidence: float

    @property
    def degrees_of_freedom(self) -> int:
        return max(self.clusters - 1, 0)


def cluster_codes(clusters: Clusters | None, items: int) -> tuple[NDArray[np.intp], int]:
    """Integer codes[items] in order of first appearance, and the number of clusters; None makes each item its own."""
    if clusters is None:
        return np.arange(items, dtype=np.intp), items
    if len(clusters) != items:
        raise ValueError(f"there are {items} items but {len(clusters)} cluster ids")
    first_seen: dict[Hashable, int] = {}
    names = clusters.tolist() if isinstance(clusters, np.ndarray) else clusters
    codes = np.fromiter((first_seen.setdefault(name, len(first_seen)) for name in names), dtype=np.intp, count=items)
    return codes, len(first_seen)


def clustered_mean(values: ArrayLike, clusters: Clusters | None = None, confidence: float = 0.95) -> ClusteredMean:
    """Mean of values[items] with a cluster-robust standard error: CR0 times G/(G-1), t with G-1 degrees of freedom.

    With every item its own cluster this is the textbook standard error of a mean. ValueError for no items or NaN.
    """
    data = finite_vector("values", values)
    codes, groups = cluster_codes(clusters, data.size)
    mean = float(data.mean())
    if groups < 2:
        return ClusteredMean(
            mean=mean, standard_error=None, items=data.size, clusters=groups, design_effect=None,
            lower=-math.inf, upper=math.inf, confidence=confidence,
        )  # fmt: skip
    residuals = data - mean
    sums = np.bincount(codes, weights=residuals, minlength=groups)
    variance = groups / (groups - 1) * float(sums @ sums) / data.size**2
    independent = float(residuals @ residuals) / (data.size - 1) / data.size
    error = math.sqrt(variance)
    reach = student_quantile(0.5 + confidence / 2.0, groups - 1) * error
    return ClusteredMean(
        mean=mean, standard_error=error, items=data.size, clusters=groups,
        design_effect=variance / independent if independent > 0 else None,
        lower=mean - reach, upper=mean + reach, confidence=confidence,
    )  # fmt: skip


def clustered_rate(outcomes: ArrayLike, clusters: Clusters | None = None, confidence: float = 0.95) -> Interval:
    """Wilson's interval of the rate of outcomes[items] (0 or 1) at the effective number of items.

    The effective number is items / design effect, never more than the items; where all outcomes agree the design
    effect is unknown and each cluster counts as one item, which is the cautious end.
    """
    data = finite_vector("outcomes", outcomes)
    if not np.isin(data, (0.0, 1.0)).all():
        raise ValueError("outcomes of a rate must be 0 or 1; for other scores use clustered_mean")
    summary = clustered_mean(data, clusters, confidence)
    effective = effective_items(summary)
    interval = wilson(summary.mean * effective, effective, confidence)
    return Interval(
        estimate=summary.mean, lower=interval.lower, upper=interval.upper, confidence=confidence, n=summary.items
    )


def effective_items(summary: ClusteredMean) -> float:
    """How many independent items the clustered ones are worth: between 1 and items."""
    if summary.design_effect is None:
        return float(summary.clusters)
    return max(1.0, summary.items / max(1.0, summary.design_effect))


def finite_vector(name: str, values: ArrayLike) -> NDArray[np.float64]:
    """values as a non-empty vector of finite doubles; ValueError says which of these it is not."""
    data = np.asarray(values, dtype=np.float64)
    if data.ndim != 1 or data.size == 0:
        raise ValueError(f"{name} must be a non-empty vector, got shape {data.shape}")
    if not np.isfinite(data).all():
        bad = int((~np.isfinite(data)).sum())
        raise ValueError(f"{name} hold {bad} values that are not finite; drop or impute them")
    return data
