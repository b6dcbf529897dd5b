"""Series: counters and histograms that take many values at once. Knows Prometheus' families; knows no metric by name.

prometheus_client's own take one value a call, lock and look up for each: that costs more than a record's rows. Not
safe to use from several threads: who changes them and who collects hold one lock.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.utils import floatToGoString


class Count:
    """One series of a counter."""

    __slots__ = ("value",)

    def __init__(self) -> None:
        self.value = 0.0


class Counts:
    """A counter with labels: `name` without its `_total`."""

    def __init__(self, name: str, text: str, labels: Sequence[str], *, registry: CollectorRegistry) -> None:
        self._name, self._text, self._labels = name, text, tuple(labels)
        self._series: dict[tuple[str, ...], Count] = {}
        registry.register(self)

    def at(self, *values: str) -> Count:
        """The series of these labels, made if need be."""
        return self._series.setdefault(values, Count())

    def describe(self) -> Iterator[Metric]:
        """Its family without a sample: the registry knows by it that a name is taken."""
        yield CounterMetricFamily(self._name, self._text, labels=self._labels)

    def collect(self) -> Iterator[Metric]:
        """The family as it is now."""
        family = CounterMetricFamily(self._name, self._text, labels=self._labels)
        for values, count in self._series.items():
            family.add_metric(values, count.value)
        yield family


class Spread:
    """One series of a histogram."""

    __slots__ = ("_bounds", "counts", "total")

    def __init__(self, bounds: tuple[float, ...]) -> None:
        self._bounds = bounds
        self.counts = [0] * (len(bounds) + 1)
        self.total = 0.0

    def observe(self, values: Sequence[float]) -> None:
        """Count some values. A bucket holds what is at most its bound."""
        bounds, counts = self._bounds, self.counts
        for value in values:
            counts[bisect_left(bounds, value)] += 1
        self.total += sum(values)


class Spreads:
    """A histogram with labels."""

    def __init__(
        self, name: str, text: str, labels: Sequence[str], *, registry: CollectorRegistry, buckets: Iterable[float]
    ) -> None:
        self._name, self._text, self._labels = name, text, tuple(labels)
        self._bounds = tuple(float(bound) for bound in buckets)
        self._names = [*map(floatToGoString, self._bounds), "+Inf"]
        self._series: dict[tuple[str, ...], Spread] = {}
        registry.register(self)

    def at(self, *values: str) -> Spread:
        """The series of these labels, made if need be."""
        return self._series.setdefault(values, Spread(self._bounds))

    def describe(self) -> Iterator[Metric]:
        """Its family without a sample: the registry knows by it that a name is taken."""
        yield HistogramMetricFamily(self._name, self._text, labels=self._labels)

    def collect(self) -> Iterator[Metric]:
        """The family as it is now."""
        family = HistogramMetricFamily(self._name, self._text, labels=self._labels)
        for values, spread in self._series.items():
            cumulative = list(zip(self._names, map(float, accumulate(spread.counts)), strict=True))
            family.add_metric(values, cumulative, spread.total)
        yield family
