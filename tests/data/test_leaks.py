"""Leaks: found for case and punctuation, dropped from train only."""

from __future__ import annotations

from pathlib import Path

import pytest

from volant.data.importing import read_file
from volant.data.leaks import drop_leaks, find_leaks
from volant.data.rows import Row


def rows(prefix: str, *texts: str) -> list[Row]:
    return [Row(id=f"{prefix}{at}", text=text, label=prefix) for at, text in enumerate(texts)]


def test_the_train_copies_go() -> None:
    train = rows("train", "Where's my card?", "other", "WHERE S MY CARD", "more")
    test = rows("test", "where's my card", "unseen", "Other!")
    sealed = drop_leaks(train, test)
    assert [(leak.test_id, leak.train_ids) for leak in sealed.leaks] == [
        ("test0", ("train0", "train2")),
        ("test2", ("train1",)),
    ]
    assert [row.id for row in sealed.kept] == ["train3"]
    assert [(r.row.id, r.step, r.keeper_id) for r in sealed.removals] == [
        ("train0", "leak", "test0"),
        ("train1", "leak", "test2"),
        ("train2", "leak", "test0"),
    ]
    assert find_leaks(sealed.kept, test) == []


def test_no_leaks() -> None:
    train = rows("train", "a", "b")
    sealed = drop_leaks(train, rows("test", "c"))
    assert (sealed.kept, sealed.removals, sealed.leaks) == (train, [], [])


@pytest.mark.real_data
def test_exactly_25_of_the_real_test_questions_stand_in_train(test_data: Path) -> None:
    train = read_file(test_data / "intents" / "banking77_train.csv").rows
    test = read_file(test_data / "intents" / "banking77_test.csv").rows
    sealed = drop_leaks(train, test)
    assert len(test) == 3_080
    assert len(sealed.leaks) == 25
    assert len(sealed.removals) == 25
    assert len(sealed.kept) == 10_003 - 25
    assert find_leaks(sealed.kept, test) == []
