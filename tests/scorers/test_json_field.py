"""json_field_match beyond its own examples."""

from __future__ import annotations

import pytest

from volant.core.errors import BadInput
from volant.scorers import create


@pytest.mark.parametrize(
    ("options", "output", "expected", "value"),
    [
        ({"field": "intent"}, '{"intent": "a", "note": "x"}', '{"intent": "a"}', 1.0),
        ({"field": "intent", "only": True}, '{"intent": "a", "note": "x"}', '{"intent": "a"}', 0.0),
        ({"field": "intent"}, '{"intent": "a"}', "a", 1.0),  # a bare label as the expected answer
        ({"field": "intent"}, '{"label": "a"}', '{"intent": "a"}', 0.0),
        ({"field": "answer.label"}, '{"answer": {"label": "a"}}', '{"answer": {"label": "a"}}', 1.0),
        ({"field": "answer.label"}, '{"answer": "label"}', '{"answer": {"label": "a"}}', 0.0),
        ({"field": "intent", "ignore_case": True}, '{"intent": "A "}', '{"intent": "a"}', 1.0),
        ({"field": "ok"}, '{"ok": 1}', '{"ok": true}', 0.0),
        ({"field": "n"}, '{"n": 1.0}', '{"n": 1}', 1.0),
        ({}, '{"b": 2, "a": [1, true]}', '{"a": [1, true], "b": 2}', 1.0),
        ({}, '{"a": [1, 1]}', '{"a": [1, true]}', 0.0),
    ],
)
def test_cases(options: dict[str, object], output: str, expected: str, value: float) -> None:
    assert create("json_field_match", **options).score(output, expected).value == value


def test_an_expected_answer_without_the_field_is_the_datasets_error() -> None:
    with pytest.raises(BadInput, match="no field 'intent'"):
        create("json_field_match", field="intent").score('{"intent": "a"}', '{"label": "a"}')


def test_nesting_beyond_what_can_be_parsed_is_wrong_and_not_a_crash() -> None:
    assert create("json_field_match").score("[" * 100_000, '{"a": 1}').reason == "not JSON"
