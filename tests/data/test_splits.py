"""Splits: whole users, exact shares, no near duplicate in two parts, stable by seed."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from volant.core.errors import BadInput
from volant.data.dedup import near_pairs
from volant.data.importing import read_file
from volant.data.rows import Row
from volant.data.splits import known_intents, require_classes, restrict, split_by_user
from volant.data.users import draw_users

SHARES = {"train": 0.6, "validation": 0.1, "pool_a": 0.15, "pool_b": 0.15}
WORDS = "card fee transfer pin app limit abroad cash refund account top up declined pending exchange rate".split()  # noqa: SIM905


def questions(count: int, users: int, seed: int = 0) -> list[Row]:
    """Rows whose texts share nothing, so that no two are near."""
    rng = Random(seed)
    return [
        Row(
            id=f"r{at}",
            text=f"{rng.randrange(10**12)} {rng.choice(WORDS)} {rng.randrange(10**12)}",
            user=f"u{at % users}",
        )
        for at in range(count)
    ]


def part_of(splits_parts: dict[str, list[Row]]) -> dict[str, str]:
    return {row.id: name for name, rows in splits_parts.items() for row in rows}


def test_whole_users_and_shares() -> None:
    splits = split_by_user(questions(3000, 1000), SHARES, seed=1)
    assert splits.removals == []
    users = [{row.user for row in rows} for rows in splits.parts.values()]
    assert sum(map(len, users)) == len(set().union(*users)) == 1000
    for name, share in SHARES.items():
        assert len(splits.parts[name]) == pytest.approx(3000 * share, abs=3)


def test_stable_by_seed_and_independent_of_order() -> None:
    rows = questions(600, 200)
    one = part_of(split_by_user(rows, SHARES, seed=1).parts)
    assert one == part_of(split_by_user(rows[::-1], SHARES, seed=1).parts)
    assert one != part_of(split_by_user(rows, SHARES, seed=2).parts)


def test_a_few_new_users_move_few_old_ones() -> None:
    rows = questions(3000, 1000)
    before = part_of(split_by_user(rows, SHARES, seed=1, near_threshold=None).parts)
    grown = [*rows, *(Row(id=f"n{at}", text=f"new {at}", user=f"n{at}") for at in range(30))]
    after = part_of(split_by_user(grown, SHARES, seed=1, near_threshold=None).parts)
    assert sum(before[at] != after[at] for at in before) <= 60


def near_twins() -> list[Row]:
    """Every tenth user asks the same long question, with a small change."""
    long = "I have been charged an extra fee for my last card payment abroad"
    twins = [Row(id=f"t{at}", text=f"{long}{'!' * at} {at}", user=f"u{at * 10}") for at in range(20)]
    return [*questions(1500, 500), *twins]


def test_straddling_duplicates_are_dropped_with_a_reason() -> None:
    rows = near_twins()
    splits = split_by_user(rows, SHARES, seed=1)
    placed = part_of(splits.parts)
    assert splits.removals
    assert {r.row.id for r in splits.removals} | set(placed) == {row.id for row in rows}
    assert len(placed) + len(splits.removals) == len(rows)
    for removal in splits.removals:
        assert removal.step == "straddle"
        assert removal.keeper_id in placed
        assert placed[removal.keeper_id] in removal.reason
    assert_no_straddler(rows, placed)


def test_joined_users_keep_every_row() -> None:
    rows = near_twins()
    shares = {"train": 0.5, "pool_a": 0.25, "pool_b": 0.25}
    splits = split_by_user(rows, shares, seed=1, straddlers="join")
    placed = part_of(splits.parts)
    assert splits.removals == []
    assert len(placed) == len(rows)
    assert_no_straddler(rows, placed)
    assert len({placed[row.id] for row in rows if row.id.startswith("t")}) == 1


def test_users_that_cannot_be_told_apart_are_an_error_when_joined() -> None:
    rows = [Row(id=f"r{at}", text="the very same question of everybody", user=f"u{at}") for at in range(40)]
    with pytest.raises(BadInput, match="40 of 40") as caught:
        split_by_user(rows, SHARES, seed=1, straddlers="join")
    assert caught.value.code == "users_inseparable"


def assert_no_straddler(rows: list[Row], placed: dict[str, str]) -> None:
    for one, other, _ in near_pairs([row.text for row in rows]):
        a, b = placed.get(rows[one].id), placed.get(rows[other].id)
        assert a is None or b is None or a == b


text = st.lists(st.sampled_from(WORDS), min_size=1, max_size=4).map(" ".join)


@settings(max_examples=60, deadline=None)
@given(texts=st.lists(text, min_size=8, max_size=60), users=st.integers(4, 20), seed=st.integers(0, 99))
def test_nothing_is_lost_and_nothing_straddles(texts: list[str], users: int, seed: int) -> None:
    rows = [Row(id=f"r{at}", text=one, user=f"u{at % users}") for at, one in enumerate(texts)]
    try:
        splits = split_by_user(rows, {"train": 0.5, "pool_a": 0.5}, seed=seed)
    except BadInput:  # one cluster of duplicates can leave a part empty
        return
    placed = part_of(splits.parts)
    assert sorted([*placed, *(r.row.id for r in splits.removals)]) == sorted(row.id for row in rows)
    assert_no_straddler(rows, placed)


@pytest.mark.parametrize("shares", [{}, {"a": 0.5}, {"a": 1.5, "b": -0.5}])
def test_bad_shares(shares: dict[str, float]) -> None:
    with pytest.raises(BadInput, match="sum to 1"):
        split_by_user(questions(10, 5), shares, seed=1)


def test_rows_without_users_and_too_few_users() -> None:
    with pytest.raises(BadInput, match="no user") as nobody:
        split_by_user([Row(id="r0", text="t")], SHARES, seed=1)
    assert nobody.value.where == "r0"
    with pytest.raises(BadInput, match="1 users") as few:
        split_by_user(questions(30, 1), SHARES, seed=1)
    assert few.value.code == "too_few_users"


def test_known_intents() -> None:
    labels = [f"intent_{at}" for at in range(77)]
    known = known_intents(labels * 3, seed=1)
    assert len(known) == 51
    assert known == tuple(sorted(known)) == known_intents(reversed(labels), seed=1)
    assert known != known_intents(labels, seed=2)
    assert known_intents(["a", "b"], 0.99, seed=1) in (("a",), ("b",))
    assert known_intents(["a", "b"], 1, seed=1) == ("a", "b")
    assert known_intents(["a"], 0.1, seed=1) == ("a",)
    with pytest.raises(ValueError, match="labels"):
        known_intents([], seed=1)


def test_restrict_withholds_with_a_reason() -> None:
    rows = [Row(id="r0", text="t", label="old"), Row(id="r1", text="t", label="new")]
    inside, outside = restrict(rows, ["old"])
    assert [row.id for row in inside] == ["r0"]
    assert [(r.row.id, r.step) for r in outside] == [("r1", "unknown_intent")]
    assert "'new'" in outside[0].reason


def test_an_empty_class_is_named() -> None:
    rows = [Row(id="r0", text="t", label="a"), Row(id="r1", text="t", label="a"), Row(id="r2", text="t", label="b")]
    require_classes(rows, ["a", "b"], where="train")
    with pytest.raises(BadInput, match=r"'b' \(1\), 'c' \(0\)") as caught:
        require_classes(rows, ["a", "b", "c"], where="train", minimum=2)
    assert (caught.value.code, caught.value.where) == ("empty_class", "train")


@pytest.mark.real_data
def test_real_questions_with_their_duplicates(test_data: Path) -> None:
    """Uncleaned: near duplicates are there, and none of them ends in two parts."""
    rows = draw_users(read_file(test_data / "intents" / "banking77_train.csv").rows, seed=1).rows
    splits = split_by_user(rows, SHARES, seed=1)
    placed = part_of(splits.parts)
    assert len(placed) + len(splits.removals) == 10_003
    assert 0 < len(splits.removals) < 200
    assert_no_straddler(rows, placed)
    users = [{row.user for row in part} for part in splits.parts.values()]
    assert sum(map(len, users)) == len(set().union(*users))
