"""Paired: a candidate against a baseline on the same items.

Knows two score vectors in one order and the cluster of each item; knows nothing of policy (see `non_inferiority`).

Sources: Miller 2024, arXiv 2411.00640, §4.2 (paired differences) and §2.2 (clusters); Tango 1998 (score test of a
difference of paired rates); McNemar 1947 and Fagerland, Lydersen and Laake 2013 (its exact form).
"""

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike

from volant.core.stats.clustered import Clusters, clustered_mean, effective_items, finite_vector
from volant.core.stats.distributions import binomial_upper_tail, normal_cdf, student_quantile, student_tail


@dataclass(frozen=True, slots=True, kw_only=True)
class PairedComparison:
    """Candidate minus baseline on the same items; higher is better."""

    items: int
    clusters: int
    baseline_mean: float
    candidate_mean: float
    difference: float
    sd_of_difference: float  # per item, n - 1 in the denominator
    standard_error: float | None  # clustered; None with fewer than two clusters
    effective_items: float  # how many independent items the clustered ones are worth
    wins: int  # items on which the candidate scores higher
    losses: int
    binary: bool  # all scores are 0 or 1
    bounded: bool  # all scores lie in [0, 1]
    confidence: float  # of the two-sided interval, and of each one-sided bound
    lower: float = -math.inf
    upper: float = math.inf
    one_sided_lower: float = -math.inf  # the bound that a non-inferiority gate reads
    one_sided_upper: float = math.inf
    mcnemar_p: float | None = None  # exact, two-sided; None unless outcomes are right/wrong and items independent


def compare_paired(
    baseline: ArrayLike, candidate: ArrayLike, clusters: Clusters | None = None, confidence: float = 0.95
) -> PairedComparison:
    """Compare baseline[items] with candidate[items], scored on the same items in the same order, higher is better.

    Standard errors are clustered (CR0 with G/(G-1)); critical values are Student's with G-1 degrees of freedom. For
    right/wrong outcomes every bound is the more cautious of that and of Tango's score bound at the effective number
    of items, which stays honest where hardly any item changes its outcome. ValueError for vectors of unequal length.
    """
    old, new = finite_vector("baseline", baseline), finite_vector("candidate", candidate)
    if old.size != new.size:
        raise ValueError(f"paired scores must be on the same items, got {old.size} baseline and {new.size} candidate")
    difference = new - old
    summary = clustered_mean(difference, clusters, confidence)
    both = np.concatenate([old, new])
    wins, losses = int((difference > 0).sum()), int((difference < 0).sum())
    binary = bool(np.isin(both, (0.0, 1.0)).all())
    comparison = PairedComparison(
        items=summary.items,
        clusters=summary.clusters,
        baseline_mean=float(old.mean()),
        candidate_mean=float(new.mean()),
        difference=summary.mean,
        sd_of_difference=float(difference.std(ddof=1)) if difference.size > 1 else 0.0,
        standard_error=summary.standard_error,
        effective_items=effective_items(summary),
        wins=wins,
        losses=losses,
        binary=binary,
        bounded=bool(both.min() >= 0.0 and both.max() <= 1.0),
        confidence=confidence,
        mcnemar_p=mcnemar_exact(wins, losses) if binary and summary.clusters == summary.items else None,
    )
    alpha = 1.0 - confidence
    return replace(
        comparison,
        lower=lower_bound(comparison, alpha / 2.0),
        upper=upper_bound(comparison, alpha / 2.0),
        one_sided_lower=lower_bound(comparison, alpha),
        one_sided_upper=upper_bound(comparison, alpha),
    )


def p_not_above(comparison: PairedComparison, reference: float) -> float:
    """P-value of "the true difference is at most `reference`": small where the data say that it lies above.

    For non-inferiority the reference is -margin, for superiority 0. With fewer than two clusters it is 1.
    """
    error = comparison.standard_error
    if error is None:
        return 1.0
    if _spreadless(comparison):
        return _p_without_spread(comparison, reference)
    p = student_tail((comparison.difference - reference) / error, comparison.clusters - 1) if error > 0 else 0.0
    return max(p, _p_tango(comparison, reference)) if comparison.binary else p


def lower_bound(comparison: PairedComparison, alpha: float) -> float:
    """The largest reference that the data reject at level alpha: a one-sided lower bound of the true difference."""
    error = comparison.standard_error
    floor = -1.0 if comparison.bounded else -math.inf
    if error is None:
        return floor
    if _spreadless(comparison):
        if not comparison.bounded:
            return floor
        return (1.0 + comparison.difference) * math.pow(alpha, 1.0 / comparison.clusters) - 1.0
    bound = comparison.difference - student_quantile(1.0 - alpha, comparison.clusters - 1) * error
    if comparison.binary:
        bound = min(bound, _tango_lower(comparison, alpha))
    return max(floor, bound)


def upper_bound(comparison: PairedComparison, alpha: float) -> float:
    """The one-sided upper bound of the true difference at level alpha."""
    mirrored = replace(comparison, difference=-comparison.difference, wins=comparison.losses, losses=comparison.wins)
    return -lower_bound(mirrored, alpha)


def mcnemar_exact(wins: int, losses: int) -> float:
    """Two-sided exact p-value that wins and losses are equally likely (sign test on the discordant pairs).

    Exact at any size, so right for small ones; conservative (Fagerland et al. 2013). 1 without discordant pairs.
    """
    if wins < 0 or losses < 0:
        raise ValueError(f"counts must not be negative, got {wins!r} wins and {losses!r} losses")
    discordant = wins + losses
    return min(1.0, 2.0 * binomial_upper_tail(max(wins, losses), discordant, 0.5)) if discordant else 1.0


def _spreadless(comparison: PairedComparison) -> bool:
    """Whether all clusters show one and the same difference, so that their spread says nothing of the error."""
    if comparison.standard_error is None:
        return False
    return comparison.sd_of_difference == 0.0 or comparison.standard_error < 1e-12


def _p_without_spread(comparison: PairedComparison, reference: float) -> float:
    """P-value where every cluster shows the difference d: ((1 + reference) / (1 + d)) ^ clusters.

    By Markov's inequality a difference in [-1, 1] with mean <= reference reaches d with at most that probability; for
    d = 0 it is the rule of three. Unbounded scores without spread prove nothing.
    """
    if not comparison.bounded or reference >= comparison.difference:
        return 1.0
    ratio = max(0.0, (1.0 + reference) / (1.0 + comparison.difference))
    return math.pow(ratio, comparison.clusters)


def _p_tango(comparison: PairedComparison, reference: float) -> float:
    """One-sided p-value of Tango's score test (1998) on counts scaled to the effective number of items."""
    if reference <= -1.0:
        return 0.0
    if reference >= 1.0:
        return 1.0
    scale = comparison.effective_items / comparison.items
    n, wins, losses = comparison.effective_items, comparison.wins * scale, comparison.losses * scale
    a = 2.0 * n
    b = -wins - losses + (2.0 * n - wins + losses) * reference
    c = -losses * reference * (1.0 - reference)
    share = (math.sqrt(max(0.0, b * b - 4.0 * a * c)) - b) / (2.0 * a)  # of losses, given the reference difference
    variance = n * (2.0 * share + reference * (1.0 - reference))
    gap = wins - losses - n * reference
    if variance <= 0.0:
        return 0.0 if gap > 0 else 1.0
    return normal_cdf(-gap / math.sqrt(variance))


def _tango_lower(comparison: PairedComparison, alpha: float) -> float:
    """The reference at which Tango's p-value is alpha, by bisection; the rejected side is returned."""
    low, high = -1.0, comparison.difference
    for _ in range(60):
        middle = 0.5 * (low + high)
        if _p_tango(comparison, middle) <= alpha:
            low = middle
        else:
            high = middle
    return low
