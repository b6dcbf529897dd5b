"""Score: what a scorer says of one output.

Knows a value and a short reason; knows nothing of datasets, averages or intervals (see `core.stats`).
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """A judgement of one output."""

    value: float  # 0 (wrong) to 1 (right)
    reason: str = ""  # why, in a few words, without the text that was judged

    def __post_init__(self) -> None:
        if not 0.0 <= self.value <= 1.0:
            raise ValueError(f"a score lies between 0 and 1, got {self.value!r}")

    @property
    def passed(self) -> bool:
        """True for a full score."""
        return self.value == 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """A worked case that a scorer states about itself; documentation and conformance test in one."""

    output: str
    expected: str
    value: float
