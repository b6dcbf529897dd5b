"""Users: several questions each, preferred intents, the same by seed; and the estimator of their correlation."""

from __future__ import annotations

import itertools
from collections import Counter
from pathlib import Path

import pytest

from volant.data.importing import read_file
from volant.data.rows import Row
from volant.data.users import draw_users, label_correlation


def rows(count: int, labels: int = 10) -> list[Row]:
    return [Row(id=f"r{at}", text=f"question {at}", label=f"l{at % labels}") for at in range(count)]


def test_every_row_gets_a_user_who_asks_about_three() -> None:
    drawn = draw_users(rows(3000), seed=1)
    assert all(row.user for row in drawn.rows)
    assert [row.id for row in drawn.rows] == [row.id for row in rows(3000)]
    assert drawn.drawn == 3000
    sizes = Counter(row.user for row in drawn.rows)
    assert drawn.users == len(sizes)
    assert 2.8 <= 3000 / len(sizes) <= 3.2
    assert 1 in sizes.values()
    assert max(sizes.values()) >= 6


def test_the_same_seed_draws_the_same_users() -> None:
    assert draw_users(rows(300), seed=5) == draw_users(rows(300), seed=5)
    assert draw_users(rows(300), seed=5) != draw_users(rows(300), seed=6)


def test_affinity_sets_the_correlation() -> None:
    none, some, strong = (draw_users(rows(6000), seed=2, affinity=a).correlation for a in (0.0, 0.5, 0.9))
    assert abs(none) < 0.02
    assert none + 0.05 < some < strong


def test_users_of_the_file_stay() -> None:
    given = [*rows(10), Row(id="own", text="t", label="l1", user="user-00001")]
    drawn = draw_users(given, seed=3)
    assert drawn.rows[-1].user == "user-00001"
    assert drawn.drawn == 10
    assert all(row.user != "user-00001" for row in drawn.rows[:-1])
    assert draw_users([], seed=1).rows == []


@pytest.mark.parametrize(("questions", "affinity"), [(0.5, 0.5), (3, 1.5), (3, -0.1)])
def test_impossible_wishes(questions: float, affinity: float) -> None:
    with pytest.raises(ValueError, match="questions >= 1"):
        draw_users(rows(5), seed=1, questions=questions, affinity=affinity)


def asked(*labels_of_users: str) -> list[Row]:
    number = itertools.count()
    return [
        Row(id=f"r{next(number)}", text="t", label=label, user=f"u{user}")
        for user, labels in enumerate(labels_of_users)
        for label in labels
    ]


def test_correlation_at_its_ends() -> None:
    assert label_correlation(asked("aaa", "bbb", "ccc")) == pytest.approx(1.0)
    assert label_correlation(asked("abc", "abc", "abc")) < 0
    assert label_correlation(asked("a", "b")) == 0.0
    assert label_correlation(asked("aa", "aa")) == 0.0


def test_two_intents_give_the_usual_analysis_of_variance() -> None:
    """With two intents the pooled estimator equals that of one 0/1 variable."""
    from volant.core.stats.intracluster import intracluster_correlation

    data = asked("aab", "abbb", "bb", "aaa", "ab")
    interval = intracluster_correlation([float(row.label == "a") for row in data], [row.user for row in data])
    assert label_correlation(data) == pytest.approx(interval.estimate)


@pytest.mark.real_data
def test_real_questions(test_data: Path) -> None:
    drawn = draw_users(read_file(test_data / "intents" / "banking77_train.csv").rows, seed=1)
    assert 3_100 <= drawn.users <= 3_500
    assert 0.08 <= drawn.correlation <= 0.2
