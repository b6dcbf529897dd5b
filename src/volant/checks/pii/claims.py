"""Claims: which spans of a text are taken already, so that a card's digits are not read again as a phone number.

Knows spans, kinds and scores; detectors run in the order of their certainty and the first to claim a span keeps it.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterator

from volant.checks.finding import Finding


class Claims:
    """Non-overlapping spans, sorted by start. One instance serves one text."""

    __slots__ = ("_spans",)

    def __init__(self) -> None:
        self._spans: list[tuple[int, int, str, float]] = []

    def add(self, start: int, end: int, kind: str, score: float) -> bool:
        """Claim `text[start:end]` unless a part of it is taken; says whether it was claimed."""
        spans = self._spans
        at = bisect_left(spans, (start,))
        if (at < len(spans) and spans[at][0] < end) or (at and spans[at - 1][1] > start):
            return False
        insort(spans, (start, end, kind, score))
        return True

    def gaps(self, length: int) -> Iterator[tuple[int, int]]:
        """Yield the unclaimed (start, end) stretches of a text of `length` characters, as they are now."""
        at = 0
        for start, end, _, _ in list(self._spans):
            if at < start:
                yield at, start
            at = end
        if at < length:
            yield at, length

    def findings(self, check: str) -> list[Finding]:
        """All claims as findings whose label is their kind."""
        return [
            Finding(check=check, kind=kind, start=start, end=end, score=score, label=kind)
            for start, end, kind, score in self._spans
        ]
