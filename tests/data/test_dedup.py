"""Deduplication: what counts as equal, who stays, and that hashing misses no pair that brute force finds."""

from __future__ import annotations

from pathlib import Path

import pytest

from volant.data.dedup import bands_for, exact_duplicates, near_duplicates, near_pairs, normalised, similarity, text_key
from volant.data.importing import read_file
from volant.data.rows import Row


def rows(*pairs: tuple[str, str]) -> list[Row]:
    return [Row(id=f"r{at}", text=text, label=label) for at, (text, label) in enumerate(pairs)]


def test_folding() -> None:
    assert normalised("  Top-Up: “Ｗｈｙ”?! ") == "top up why"
    assert text_key("What's THIS?") == text_key("what s this")
    assert text_key("???") != text_key("!!!")
    assert text_key("\ud800") != text_key("")


def test_exact_keeps_the_commonest_label_and_reports_the_others() -> None:
    result = exact_duplicates(rows(("Hi!", "b"), ("other", "c"), ("hi", "a"), ("HI", "a")))
    assert [row.id for row in result.kept] == ["r1", "r2"]
    assert {(r.row.id, r.keeper_id) for r in result.removals} == {("r0", "r2"), ("r3", "r2")}
    [conflict] = result.conflicts
    assert conflict.row_ids[0] == "r2"
    assert set(conflict.labels) == {"a", "b"}


LONG = "I have been charged an extra fee for my last card payment abroad"


def test_near_duplicates_of_one_label_go_and_of_two_labels_stay() -> None:
    result = near_duplicates(
        rows((LONG, "fee"), (LONG + "!!", "fee"), (LONG + ".", "other"), ("quite different", "fee"))
    )
    assert [row.id for row in result.kept] == ["r0", "r2", "r3"]
    [removal] = result.removals
    assert (removal.row.id, removal.keeper_id, removal.score) == ("r1", "r0", 1.0)
    [conflict] = result.conflicts
    assert conflict.row_ids == ("r2", "r0")
    assert conflict.labels == ("other", "fee")


def test_a_removal_names_a_keeper_that_is_kept_with_its_true_similarity() -> None:
    texts = [LONG, LONG + " today", LONG + " today again", "where is it", LONG.replace("extra ", "")]
    result = near_duplicates(rows(*((text, "x") for text in texts)), threshold=0.7)
    kept = {row.id: row for row in result.kept}
    assert result.removals
    for removal in result.removals:
        true = similarity(removal.row.text, kept[removal.keeper_id].text)
        assert removal.score == pytest.approx(true, abs=1e-4)
        assert true >= 0.7


@pytest.mark.parametrize("threshold", [0.3, 0.5, 0.8, 0.95, 1.0])
def test_bands_miss_at_most_one_in_a_thousand(threshold: float) -> None:
    bands = bands_for(threshold)
    assert 128 % bands == 0
    assert (1 - threshold ** (128 // bands)) ** bands <= 0.001
    with pytest.raises(ValueError, match="threshold"):
        bands_for(threshold + 1)


@pytest.mark.real_data
def test_hashing_finds_what_brute_force_finds(test_data: Path) -> None:
    texts = [row.text for row in read_file(test_data / "intents" / "banking77_train.csv").rows[:800]]
    found = {(one, other) for one, other, _ in near_pairs(texts, 0.7)}
    grams = [{folded[at : at + 5] for at in range(max(1, len(folded) - 4))} for folded in map(normalised, texts)]
    brute = {
        (i, j)
        for j, own in enumerate(grams)
        for i, other in enumerate(grams[:j])
        if len(own & other) >= 0.7 * len(own | other)
    }
    assert len(brute) >= 20
    assert found == brute
