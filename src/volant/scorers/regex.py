"""Regex: a pattern is found in the output. Knows Python's `re`; knows nothing of meaning."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import ClassVar

from volant.core.errors import BadInput
from volant.scorers.registry import scorer
from volant.scorers.score import Example, Score


@scorer("regex")
@dataclass(frozen=True, slots=True, kw_only=True)
class Regex:
    """Full score when the pattern is found; where `pattern` is empty, `expected` is the literal text to find.

    Raises BadInput for a pattern that does not compile. Python's `re` can take exponential time on nested repeats:
    patterns come from whoever configures the evaluation, never from a model or a user.
    """

    examples: ClassVar[tuple[Example, ...]] = (
        Example(output="your reference is ABC-12", expected="ABC-12", value=1.0),
        Example(output="your reference is ABC-12", expected="ABC.12", value=0.0),
    )

    pattern: str = ""
    whole: bool = False  # the pattern must cover the whole output
    ignore_case: bool = False

    def __post_init__(self) -> None:
        try:
            re.compile(self.pattern)
        except re.error as error:
            raise BadInput(
                "pattern_invalid", f"not a regular expression: {error}", where="regex.pattern",
                hint="see the syntax of Python's `re`, or leave it empty to look for the expected text",
            ) from None  # fmt: skip

    def score(self, output: str, expected: str) -> Score:
        flags = re.IGNORECASE if self.ignore_case else 0
        pattern = self.pattern or re.escape(expected)
        found = (re.fullmatch if self.whole else re.search)(pattern, output, flags)
        return Score(value=1.0) if found else Score(value=0.0, reason="not found")
