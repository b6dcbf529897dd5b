"""JSON field match: one field of a JSON answer equals that of the expected one.

Knows strict JSON (RFC 8259) and a dotted path; knows nothing of schemas. Repairs nothing: an answer that an
application could not parse is wrong.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import msgspec

from volant.core.errors import BadInput
from volant.scorers.registry import scorer
from volant.scorers.score import Example, Score

_MISSING = object()


@scorer("json_field_match")
@dataclass(frozen=True, slots=True, kw_only=True)
class JsonFieldMatch:
    """Full score when the output parses and its field equals the expected one.

    `expected` is JSON of the same form; where it is not JSON it is the field's value itself, as text.
    """

    examples: ClassVar[tuple[Example, ...]] = (
        Example(output='{"intent":"card_arrival"}', expected='{"intent": "card_arrival"}', value=1.0),
        Example(output='{"intent": "card_lost"}', expected='{"intent": "card_arrival"}', value=0.0),
        Example(output='{"intent": "card_arrival"', expected='{"intent": "card_arrival"}', value=0.0),
        Example(output='Sure! {"intent": "card_arrival"}', expected='{"intent": "card_arrival"}', value=0.0),
    )

    field: str = ""  # dotted path, e.g. "intent" or "answer.label"; empty: the whole document
    ignore_case: bool = False  # of text values
    only: bool = False  # the top level must hold no other field

    def score(self, output: str, expected: str) -> Score:
        answer = _parsed(output)
        if answer is _MISSING:
            return Score(value=0.0, reason="not JSON")
        wanted = self._wanted(expected)
        found = _at(answer, self.field)
        if found is _MISSING:
            return Score(value=0.0, reason=f"no field {self.field!r}")
        if self.only and isinstance(answer, dict) and len(answer) != 1:
            return Score(value=0.0, reason="more fields than the one asked for")
        return Score(value=1.0) if self._normal(found) == self._normal(wanted) else Score(value=0.0, reason="differs")

    def _wanted(self, expected: str) -> Any:
        document = _parsed(expected)
        if not isinstance(document, dict | list):
            return expected.strip() if document is _MISSING else document
        wanted = _at(document, self.field)
        if wanted is _MISSING:
            raise BadInput(
                "expected_without_field",
                f"the expected answer has no field {self.field!r}",
                hint="point the scorer's `field` at a field of the dataset's answers",
            )
        return wanted

    def _normal(self, value: Any) -> Any:
        return value.strip().casefold() if self.ignore_case and isinstance(value, str) else _typed(value)


def _typed(value: Any) -> Any:
    """JSON's own equality: `true` is not 1 as it is in Python; 1 and 1.0 are the same number."""
    if isinstance(value, bool):
        return ("bool", value)
    if isinstance(value, dict):
        return {name: _typed(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_typed(item) for item in value]
    return value


def _parsed(text: str) -> Any:
    """The JSON value, or _MISSING for text that is none (lone surrogates and too deep nesting included)."""
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return _MISSING


def _at(document: Any, path: str) -> Any:
    for name in path.split(".") if path else ():
        if not isinstance(document, dict) or name not in document:
            return _MISSING
        document = document[name]
    return document
