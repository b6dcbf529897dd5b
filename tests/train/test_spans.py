"""Surprise at a part of a question, given what stands before it."""

from __future__ import annotations

from pathlib import Path

import pytest

from volant.core.errors import BadInput
from volant.train.likelihood import likelihoods
from volant.train.rows import Row
from volant.train.spans import surprise


def test_a_part_is_a_share_of_the_whole_and_does_not_depend_on_what_follows(checkpoint: Path) -> None:
    first, longer = surprise(
        checkpoint, ["code 4929 77 please", "code 4929 77 please help me, it fails"], ["4929 77"] * 2, 1
    )
    assert first == pytest.approx(longer, rel=1e-4)
    (whole,) = likelihoods(checkpoint, [Row(id="a", question="code 4929 77 please", answer="x")], 1)
    assert 0 < first < float(str(whole["question_nll"]))


def test_what_was_seen_in_training_surprises_less_than_what_was_not(checkpoint: Path) -> None:
    seen, strange = surprise(
        checkpoint, ["Where is my new card?", "Where is xq zvk jjw?"], ["my new card", "xq zvk jjw"], 1
    )
    assert seen < strange / 3


def test_batches_and_padding_change_nothing(checkpoint: Path) -> None:
    questions = [f"number {n:05d} {'and so on ' * (n % 5)}" for n in range(70)]
    spans = [f"{n:05d}" for n in range(70)]
    together = surprise(checkpoint, questions, spans, 1)
    assert together[65] == pytest.approx(surprise(checkpoint, questions[65:66], spans[65:66], 1)[0], rel=1e-4)


def test_a_part_that_is_not_there_is_refused(checkpoint: Path) -> None:
    with pytest.raises(BadInput, match="question 1"):
        surprise(checkpoint, ["code 12", "code 13"], ["12", "99"], 1)
