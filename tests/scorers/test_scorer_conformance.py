"""Every registered scorer keeps the protocol. A new scorer is found here without a line being edited."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from volant.core.errors import BadInput
from volant.scorers import Scorer, create, names

DOCS = Path(__file__).parents[2] / "docs" / "evaluate.md"
EVERY = pytest.mark.parametrize("name", names())
TEXTS = st.text(st.characters(codec=None), max_size=80)  # lone surrogates included


def test_the_scorers_of_the_house_are_found() -> None:
    assert {"exact_match", "json_field_match", "valid_json", "regex", "refusal"} <= set(names())


@EVERY
def test_keeps_the_protocol(name: str) -> None:
    assert isinstance(create(name), Scorer)


@EVERY
def test_its_own_examples_hold_and_show_both_ends(name: str) -> None:
    scorer = create(name)
    assert {example.value for example in scorer.examples} >= {0.0, 1.0}
    for example in scorer.examples:
        assert scorer.score(example.output, example.expected).value == example.value, example


@EVERY
@given(output=TEXTS, expected=TEXTS)
def test_any_text_gives_the_same_score_twice(name: str, output: str, expected: str) -> None:
    scorer = create(name)
    try:
        first = scorer.score(output, expected)
    except BadInput:  # an expected answer that the scorer cannot read is the dataset's fault, and says so
        return
    assert 0.0 <= first.value <= 1.0
    assert scorer.score(output, expected) == first


@EVERY
@given(output=TEXTS)
def test_reasons_do_not_repeat_the_text(name: str, output: str) -> None:
    reason = create(name).score(output + "4929-private-7731", '{"a": 1}').reason
    assert "4929-private-7731" not in reason


@EVERY
def test_an_unknown_option_is_refused(name: str) -> None:
    with pytest.raises(BadInput, match="nonsense"):
        create(name, nonsense=1)


@EVERY
def test_has_a_heading_in_the_docs(name: str) -> None:
    assert f"\n### `{name}`\n" in DOCS.read_text(encoding="utf-8")
