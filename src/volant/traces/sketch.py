"""Sketch: quantiles of positive numbers with a bounded relative error, mergeable without loss.

Source: Masson, Rim, Lee, "DDSketch: a fast and fully-mergeable quantile sketch with relative-error guarantees",
PVLDB 12 (2019). A value x falls into bucket ceil(log(x) / log(gamma)), gamma = (1 + e) / (1 - e). With e = 1 % every
quantile is within 1 % of a value that was really observed at that rank. Values are clamped to [1e-3, 1e9], which
bounds a sketch to about 1,400 buckets; what is below counts as zero.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

import msgspec

RELATIVE_ERROR = 0.01
SMALLEST, LARGEST = 1e-3, 1e9
_GAMMA = (1 + RELATIVE_ERROR) / (1 - RELATIVE_ERROR)
_LOG_GAMMA = math.log(_GAMMA)
_ZERO = -(1 << 30)  # the bucket of values below SMALLEST


class Sketch:
    """How many values fell into each bucket. Merging equals having added all values to one sketch."""

    __slots__ = ("_counts",)

    def __init__(self, values: Iterable[float] = ()) -> None:
        self._counts: dict[int, int] = {}
        self.add_all(values)

    def add(self, value: float) -> None:
        """Count one value. Raises ValueError for NaN."""
        self.add_all((value,))

    def add_all(self, values: Iterable[float]) -> None:
        """Count some values. Raises ValueError at a NaN."""
        counts, log, ceil = self._counts, math.log, math.ceil
        for value in values:
            if SMALLEST <= value <= LARGEST:
                bucket = ceil(log(value) / _LOG_GAMMA)
            else:
                bucket = _outside(value)
            counts[bucket] = counts.get(bucket, 0) + 1

    def merge(self, other: Sketch) -> None:
        """Take in all of another sketch's values."""
        for bucket, count in other._counts.items():
            self._counts[bucket] = self._counts.get(bucket, 0) + count

    @property
    def count(self) -> int:
        """How many values were added."""
        return sum(self._counts.values())

    def quantile(self, q: float) -> float:
        """The value at rank floor(q · (count − 1)), within 1 %; 0.0 for an empty sketch. `q` in 0..1."""
        if not 0 <= q <= 1:
            raise ValueError(f"a quantile is asked for between 0 and 1, not {q}")
        if not self._counts:
            return 0.0
        rank = math.floor(q * (self.count - 1))
        seen = 0
        for bucket in sorted(self._counts):
            seen += self._counts[bucket]
            if seen > rank:
                return 0.0 if bucket == _ZERO else 2 * math.exp(bucket * _LOG_GAMMA) / (_GAMMA + 1)
        raise AssertionError("the ranks of a sketch end at its count")

    def encode(self) -> bytes:
        """The sketch as bytes, the same for the same values in any order."""
        return msgspec.msgpack.encode(sorted(self._counts.items()))

    @classmethod
    def decode(cls, data: bytes | None) -> Sketch:
        """What `encode` gave; empty for nothing."""
        made = cls()
        if data:
            made._counts = dict(msgspec.msgpack.decode(data, type=list[tuple[int, int]]))
        return made

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sketch) and self._counts == other._counts

    __hash__ = None  # type: ignore[assignment]  # it changes


def _outside(value: float) -> int:
    if math.isnan(value):
        raise ValueError("a sketch cannot hold NaN")
    return _ZERO if value < SMALLEST else math.ceil(math.log(LARGEST) / _LOG_GAMMA)
