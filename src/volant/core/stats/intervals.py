"""Intervals: what a count of successes says about a rate.

Knows binomial counts of independent trials; knows nothing of clusters (see `clustered`) or of repeated looks
(see `sequential`).

Sources: Wilson 1927; Clopper and Pearson 1934; Brown, Cai and DasGupta 2001 (which interval when).
"""

import math
from dataclasses import dataclass

from volant.core.stats.distributions import beta_quantile, normal_quantile


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """An estimate with its two-sided confidence interval."""

    estimate: float
    lower: float
    upper: float
    confidence: float  # of the two-sided interval, e.g. 0.95
    n: int  # observations behind it

    def __str__(self) -> str:
        return f"{self.estimate:.3f} [{self.lower:.3f}, {self.upper:.3f}]"


def wilson(successes: float, trials: float, confidence: float = 0.95) -> Interval:
    """Wilson's score interval of a rate: close to its nominal coverage on average, never outside [0, 1].

    Fractional counts are allowed, so that an effective sample size fits. ValueError for impossible counts.
    Source: Wilson 1927; recommended for small samples by Brown, Cai and DasGupta 2001.
    """
    _require_counts(successes, trials)
    z = normal_quantile(0.5 + _require_confidence(confidence) / 2.0)
    rate = successes / trials
    spread = z * math.sqrt(rate * (1.0 - rate) / trials + z * z / (4.0 * trials * trials))
    centre = rate + z * z / (2.0 * trials)
    scale = 1.0 + z * z / trials
    lower = 0.0 if successes == 0 else max(0.0, (centre - spread) / scale)
    upper = 1.0 if successes == trials else min(1.0, (centre + spread) / scale)
    return Interval(estimate=rate, lower=lower, upper=upper, confidence=confidence, n=int(trials))


def clopper_pearson(successes: float, trials: float, confidence: float = 0.95) -> Interval:
    """The exact binomial interval: covers at least as often as it says, at the price of width.

    Fractional counts are allowed (Korn and Graubard 1998 use them with an effective sample size).
    Source: Clopper and Pearson 1934.
    """
    _require_counts(successes, trials)
    tail = (1.0 - _require_confidence(confidence)) / 2.0
    lower = clopper_pearson_lower(successes, trials, 1.0 - tail)
    upper = clopper_pearson_upper(successes, trials, 1.0 - tail)
    return Interval(estimate=successes / trials, lower=lower, upper=upper, confidence=confidence, n=int(trials))


def clopper_pearson_upper(successes: float, trials: float, confidence: float = 0.95) -> float:
    """The exact one-sided upper bound of a rate; for no success in n trials it is 1 - (1 - confidence)^(1/n)."""
    _require_counts(successes, trials)
    _require_confidence(confidence)
    return 1.0 if successes == trials else beta_quantile(confidence, successes + 1.0, trials - successes)


def clopper_pearson_lower(successes: float, trials: float, confidence: float = 0.95) -> float:
    """The exact one-sided lower bound of a rate."""
    _require_counts(successes, trials)
    _require_confidence(confidence)
    return 0.0 if successes == 0 else beta_quantile(1.0 - confidence, successes, trials - successes + 1.0)


def _require_counts(successes: float, trials: float) -> None:
    if not (trials > 0 and 0 <= successes <= trials):
        raise ValueError(f"counts must satisfy 0 <= successes <= trials, trials > 0: got {successes!r} of {trials!r}")


def _require_confidence(confidence: float) -> float:
    if not 0.0 < confidence < 1.0:
        raise ValueError(f"confidence must lie strictly between 0 and 1, got {confidence!r}")
    return confidence
