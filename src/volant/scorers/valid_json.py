"""Valid JSON: the output parses, and holds the fields that an application needs. Ignores what they say."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import msgspec

from volant.scorers.registry import scorer
from volant.scorers.score import Example, Score


@scorer("valid_json")
@dataclass(frozen=True, slots=True, kw_only=True)
class ValidJson:
    """Full score for a JSON object (RFC 8259) with all of `fields` at its top level; `expected` is not read."""

    examples: ClassVar[tuple[Example, ...]] = (
        Example(output='{"intent": "anything"}', expected="", value=1.0),
        Example(output='["intent"]', expected="", value=0.0),
        Example(output="{'intent': 'anything'}", expected="", value=0.0),
    )

    fields: tuple[str, ...] = ()

    def score(self, output: str, expected: str) -> Score:
        try:
            document = msgspec.json.decode(output)
        except (msgspec.DecodeError, UnicodeError, RecursionError):
            return Score(value=0.0, reason="not JSON")
        if not isinstance(document, dict):
            return Score(value=0.0, reason="JSON, but not an object")
        missing = [name for name in self.fields if name not in document]
        return Score(value=0.0, reason=f"without {', '.join(missing)}") if missing else Score(value=1.0)
