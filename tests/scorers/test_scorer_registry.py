"""The door that third parties use: `@scorer`, names, options."""

from __future__ import annotations

from typing import ClassVar

import pytest

from volant.core.errors import BadInput, Conflict, NotFound
from volant.scorers import Example, Score, create, scorer
from volant.scorers.registry import _registered


def test_an_unknown_name_lists_those_that_exist() -> None:
    with pytest.raises(NotFound) as caught:
        create("no_such_scorer")
    assert "json_field_match" in caught.value.hint


def test_a_scorer_of_ones_own_comes_in_by_the_same_door(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("volant.scorers.registry._registered", dict(_registered))

    @scorer("shorter_than")
    class ShorterThan:
        examples: ClassVar[tuple[Example, ...]] = ()

        def __init__(self, characters: int = 10) -> None:
            self.characters = characters

        def score(self, output: str, expected: str) -> Score:
            return Score(value=float(len(output) < self.characters))

    assert create("shorter_than", characters=3).score("four", "").value == 0.0
    assert create("shorter_than").score("four", "").value == 1.0


def test_a_taken_name_is_refused_and_both_holders_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("volant.scorers.registry._registered", dict(_registered))
    with pytest.raises(Conflict, match=r"ExactMatch.*Impostor"):

        @scorer("exact_match")
        class Impostor:
            examples: ClassVar[tuple[Example, ...]] = ()

            def score(self, output: str, expected: str) -> Score:
                return Score(value=0.0)


def test_a_pattern_that_does_not_compile_is_refused() -> None:
    with pytest.raises(BadInput, match="not a regular expression"):
        create("regex", pattern="(")


@pytest.mark.parametrize("value", [-0.1, 1.1, float("nan")])
def test_a_score_outside_its_range_cannot_be_made(value: float) -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        Score(value=value)
