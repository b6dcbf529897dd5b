"""Power: how many items a question needs, and what a number of items can show.

Knows margins, rates and error levels; knows nothing of data. Everything here is asked before an evaluation runs.

Sources: Chow, Shao and Wang 2008, §3.1 (one-sample non-inferiority) and §4.1 (one rate); Connor 1987 (paired
binary outcomes through their discordant rate); Kish 1965 (design effect); Miller 2024, arXiv 2411.00640, §5
(power of language-model evaluations).
"""

import math

from volant.core.stats.distributions import normal_cdf, normal_quantile


def zero_failure_trials(rate: float, confidence: float = 0.95) -> int:
    """How many trials without a failure claim "the failure rate is at most `rate`" with this confidence.

    299 for 1 %, 598 for 0.5 % and 2,995 for 0.1 %, at 95 %. The smallest n with (1 - rate)^n <= 1 - confidence.
    """
    _require_open_unit("rate", rate)
    _require_open_unit("confidence", confidence)
    return math.ceil(math.log1p(-confidence) / math.log1p(-rate) - 1e-9)


def detection_probability(rate: float, trials: int) -> float:
    """The power of a zero-tolerance check: the probability that `trials` show a failure of this rate at least once."""
    _require_open_unit("rate", rate)
    if trials < 0:
        raise ValueError(f"trials must not be negative, got {trials!r}")
    return -math.expm1(trials * math.log1p(-rate))


def items_needed_for_non_inferiority(
    margin: float,
    *,
    sd_of_difference: float | None = None,
    discordant_rate: float | None = None,
    alpha: float = 0.05,
    power: float = 0.8,
    design_effect: float = 1.0,
    true_difference: float = 0.0,
) -> int:
    """Paired items needed so that an equal candidate passes "not worse by more than `margin`" with this power.

    Give the standard deviation of the per-item difference or, for right/wrong outcomes, the share of items on which
    the two models disagree. `design_effect` multiplies the items when they come in clusters. `margin` and
    `true_difference` (candidate minus baseline) are in the metric's unit. At least z^2 (1 - margin) / margin items,
    below which not even a run without any disagreement proves the margin (Tango 1998, zero discordant pairs).
    """
    sd = _sd(sd_of_difference, discordant_rate, true_difference)
    room = _room(margin, true_difference)
    z_alpha, z_power = normal_quantile(1.0 - alpha), normal_quantile(power)
    needed = design_effect * ((z_alpha + z_power) * sd / room) ** 2
    floor = z_alpha**2 * (1.0 - margin) / margin if margin < 1.0 else 1.0
    return max(2, math.ceil(needed - 1e-9), math.ceil(floor - 1e-9))


def power_of(
    items: int,
    margin: float,
    *,
    sd_of_difference: float | None = None,
    discordant_rate: float | None = None,
    alpha: float = 0.05,
    design_effect: float = 1.0,
    true_difference: float = 0.0,
) -> float:
    """The probability that `items` paired items let a candidate with this true difference pass the margin."""
    if items <= 0:
        return 0.0
    sd = _sd(sd_of_difference, discordant_rate, true_difference)
    room = _room(margin, true_difference)
    if sd == 0.0:
        return 1.0
    return normal_cdf(room * math.sqrt(items / design_effect) / sd - normal_quantile(1.0 - alpha))


def smallest_margin(
    items: int,
    *,
    sd_of_difference: float | None = None,
    discordant_rate: float | None = None,
    alpha: float = 0.05,
    power: float = 0.8,
    design_effect: float = 1.0,
) -> float:
    """The minimal detectable effect: the smallest margin that `items` paired items can test with this power."""
    if items <= 0:
        raise ValueError(f"items must be positive, got {items!r}")
    sd = _sd(sd_of_difference, discordant_rate, 0.0)
    return (normal_quantile(1.0 - alpha) + normal_quantile(power)) * sd * math.sqrt(design_effect / items)


def items_needed_for_rate(
    bound: float, rate: float, *, alpha: float = 0.05, power: float = 0.8, design_effect: float = 1.0
) -> int:
    """Items needed to show, one-sided, that a rate whose true value is `rate` lies on its side of `bound`."""
    _require_open_unit("bound", bound)
    _require_closed_unit("rate", rate)
    if rate == bound:
        raise ValueError(f"a rate equal to its bound ({bound!r}) cannot be told from it by any number of items")
    spread = normal_quantile(1.0 - alpha) * math.sqrt(bound * (1.0 - bound))
    spread += normal_quantile(power) * math.sqrt(rate * (1.0 - rate))
    return max(1, math.ceil(design_effect * (spread / (rate - bound)) ** 2 - 1e-9))


def power_of_rate(items: int, bound: float, rate: float, *, alpha: float = 0.05, design_effect: float = 1.0) -> float:
    """The probability that `items` items show that a rate with true value `rate` lies on its side of `bound`."""
    _require_open_unit("bound", bound)
    _require_closed_unit("rate", rate)
    if items <= 0 or rate == bound:
        return 0.0
    effective = items / design_effect
    gap = abs(rate - bound) * math.sqrt(effective) - normal_quantile(1.0 - alpha) * math.sqrt(bound * (1.0 - bound))
    spread = math.sqrt(rate * (1.0 - rate))
    return float(gap > 0) if spread == 0.0 else normal_cdf(gap / spread)


def design_effect(cluster_size: float, correlation: float) -> float:
    """How many times more items a clustered sample needs: 1 + (size - 1) * intra-cluster correlation (Kish 1965)."""
    if cluster_size < 1:
        raise ValueError(f"a cluster holds at least one item, got a mean size of {cluster_size!r}")
    return 1.0 + (cluster_size - 1.0) * correlation


def _sd(sd_of_difference: float | None, discordant_rate: float | None, true_difference: float) -> float:
    """Standard deviation of the per-item difference, from whichever of the two descriptions is given."""
    if (sd_of_difference is None) == (discordant_rate is None):
        raise ValueError("give either sd_of_difference or discordant_rate, and not both")
    if sd_of_difference is not None:
        if sd_of_difference < 0:
            raise ValueError(f"a standard deviation cannot be negative, got {sd_of_difference!r}")
        return sd_of_difference
    assert discordant_rate is not None
    _require_closed_unit("discordant_rate", discordant_rate)
    if discordant_rate < abs(true_difference):
        raise ValueError(f"a discordant rate of {discordant_rate!r} cannot carry a difference of {true_difference!r}")
    return math.sqrt(discordant_rate - true_difference**2)


def _room(margin: float, true_difference: float) -> float:
    if not margin > 0:
        raise ValueError(f"the margin must be positive, got {margin!r}")
    if not margin + true_difference > 0:
        raise ValueError(f"a true difference of {true_difference!r} is beyond the margin {margin!r}: no size passes it")
    return margin + true_difference


def _require_open_unit(name: str, value: float) -> None:
    if not 0.0 < value < 1.0:
        raise ValueError(f"{name} must lie strictly between 0 and 1, got {value!r}")


def _require_closed_unit(name: str, value: float) -> None:
    if not 0.0 <= value <= 1.0:
        raise ValueError(f"{name} must lie in [0, 1], got {value!r}")
