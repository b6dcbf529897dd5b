"""Exact match: the output is the expected text. Knows whitespace and case; knows nothing of structure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from volant.scorers.registry import scorer
from volant.scorers.score import Example, Score


@scorer("exact_match")
@dataclass(frozen=True, slots=True, kw_only=True)
class ExactMatch:
    """Full score when both texts are equal."""

    examples: ClassVar[tuple[Example, ...]] = (
        Example(output=" card_arrival\n", expected="card_arrival", value=1.0),
        Example(output="Card_arrival", expected="card_arrival", value=0.0),
        Example(output="", expected="card_arrival", value=0.0),
    )

    strip: bool = True  # leading and trailing white space does not count
    ignore_case: bool = False  # Unicode case folding on both

    def score(self, output: str, expected: str) -> Score:
        same = self._normal(output) == self._normal(expected)
        return Score(value=1.0) if same else Score(value=0.0, reason="differs")

    def _normal(self, text: str) -> str:
        text = text.strip() if self.strip else text
        return text.casefold() if self.ignore_case else text
