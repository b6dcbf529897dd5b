"""Measures: what a window of traffic says about one quantity, with an interval.

Knows sums over a window; knows nothing of thresholds, alerts or where sums come from.

Sources: Wilson 1927 (shares); order statistics for the interval of a quantile (David and Nagaraja 2003, §7.1), with
Wilson's interval of the quantile's rank.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, get_args

from volant.core.stats import wilson

MeasureName = Literal["corrected_share", "error_rate", "latency_ms_p95", "fallback_share", "cost_usd"]
MEASURES: tuple[str, ...] = get_args(MeasureName)
SHARES = ("corrected_share", "error_rate", "fallback_share")


def _no_latency(_: float) -> float:
    return 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """Sums over a stretch of time of one task, as rollups give them."""

    start_ms: int
    end_ms: int
    requests: int = 0
    errors: int = 0
    fallbacks: int = 0
    accepted: int = 0  # judged answers, those of a fallback left out
    corrected: int = 0
    cost_usd: float = 0.0
    latency_ms: Callable[[float], float] = _no_latency  # quantile (0..1) -> milliseconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """A quantity over a window."""

    value: float
    low: float  # one-sided bounds at the confidence asked for; equal to the value where there is no sampling
    high: float
    n: int  # what it is an average or a quantile of

    @property
    def exact(self) -> bool:
        """A sum that is simply known, without an interval."""
        return self.low == self.value == self.high


def measure(name: MeasureName, window: Window, confidence: float) -> Measured | None:
    """One quantity over a window; None where nothing was observed. `confidence` is one-sided, e.g. 0.95.

    Raises KeyError for a measure that does not exist.
    """
    return _MEASURES[name](window, confidence)


def _share(part: int, whole: int, confidence: float) -> Measured | None:
    if whole <= 0:
        return None
    interval = wilson(min(part, whole), whole, 2 * confidence - 1)
    return Measured(value=interval.estimate, low=interval.lower, high=interval.upper, n=whole)


def _corrected(window: Window, confidence: float) -> Measured | None:
    return _share(window.corrected, window.accepted + window.corrected, confidence)


def _errors(window: Window, confidence: float) -> Measured | None:
    return _share(window.errors, window.requests, confidence)


def _fallbacks(window: Window, confidence: float) -> Measured | None:
    return _share(window.fallbacks, window.requests, confidence)


def _latency_p95(window: Window, confidence: float) -> Measured | None:
    """The 95th percentile between the percentiles that its rank may really have among so many requests."""
    rank = _share(round(0.95 * window.requests), window.requests, confidence)
    if rank is None:
        return None
    low, value, high = (window.latency_ms(q) for q in (rank.low, 0.95, rank.high))
    return Measured(value=value, low=min(low, value), high=max(high, value), n=window.requests)


def _cost(window: Window, confidence: float) -> Measured | None:
    return Measured(value=window.cost_usd, low=window.cost_usd, high=window.cost_usd, n=window.requests)


_MEASURES: dict[str, Callable[[Window, float], Measured | None]] = {
    "corrected_share": _corrected,
    "error_rate": _errors,
    "fallback_share": _fallbacks,
    "latency_ms_p95": _latency_p95,
    "cost_usd": _cost,
}
