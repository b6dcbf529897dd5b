"""Cleaning: each step, the order of steps, and that nothing is dropped without a reason."""

from __future__ import annotations

import sys
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from volant.core.errors import BadInput, Conflict
from volant.data.cleaning import CleaningPolicy, clean, redact_rejected
from volant.data.extra import need
from volant.data.importing import read_file
from volant.data.language import foreign
from volant.data.rows import Rejected, Row


def rows(*texts: str, label: str = "x") -> list[Row]:
    return [Row(id=f"r{at}", text=text, label=label) for at, text in enumerate(texts)]


def test_broken_encoding_is_repaired_and_typographic_quotes_stay() -> None:
    cleaned = clean(rows("My cafÃ© card doesnâ€™t work &amp; I’m angry"))
    assert cleaned.kept[0].text == "My café card doesn’t work & I’m angry"
    assert [(c.row_id, c.step) for c in cleaned.changes] == [("r0", "encoding")]
    assert "ftfy" in cleaned.changes[0].detail


def test_white_space() -> None:
    cleaned = clean(rows("  one\t two \r\n\n\n\nthree  "))
    assert cleaned.kept[0].text == "one two\n\nthree"
    assert [c.step for c in cleaned.changes] == ["whitespace"]


def test_personal_data_never_leaves_cleaning() -> None:
    secret = "ada@example.org"
    policy = CleaningPolicy(languages=())
    cleaned = clean(rows(f"write to {secret} now", f"Write to {secret} now!", f"{secret}: 4111 1111 1111 1111"), policy)
    assert [row.text for row in cleaned.kept] == ["write to [EMAIL] now", "[EMAIL]: [CARD]"]
    assert secret.encode() not in msgspec.json.encode(cleaned)
    assert [c.detail for c in cleaned.changes if c.row_id == "r2"] == ["CARD x1, EMAIL x1"]
    assert [r.step for r in cleaned.removals] == ["exact_duplicate"]


def test_weak_findings_stay_below_the_policys_score() -> None:
    text = "my name is ada lovelace."
    assert clean(rows(text)).kept[0].text == "my name is [NAME]."
    assert clean(rows(text), CleaningPolicy(min_score=0.8)).kept[0].text == text
    assert clean(rows(text), CleaningPolicy(redact_with=())).kept[0].text == text


def test_rejected_rows_can_be_redacted_too() -> None:
    one = Rejected(source="q.csv", line=2, code="ragged_row", message="m", raw="ada@example.org,x,y")
    assert redact_rejected([one])[0].raw == "[EMAIL],x,y"


def test_foreign_rows_go_and_short_ones_stay() -> None:
    cleaned = clean(
        rows(
            "Where is my new card?",
            "How long does a transfer take?",
            "Ich habe meine Karte verloren, was soll ich jetzt tun?",
            "Karte weg",
            "Can I get a Visa or Mastercard?",
        )
    )
    assert [row.id for row in cleaned.kept] == ["r0", "r1", "r3", "r4"]
    [removal] = cleaned.removals
    assert (removal.row.id, removal.step) == ("r2", "language")
    assert "'de'" in removal.reason
    assert 0.5 <= removal.score <= 1


def test_a_file_in_another_language_is_a_wrong_setting() -> None:
    german = rows("Wie kann ich meine Karte sperren lassen?", "Wann kommt endlich meine neue Karte an?")
    with pytest.raises(BadInput, match="'de'") as caught:
        clean(german)
    assert caught.value.code == "wrong_language"
    assert len(clean(german, CleaningPolicy(languages=("de",))).kept) == 2
    assert len(clean(german, CleaningPolicy(languages=())).kept) == 2
    with pytest.raises(BadInput, match="klingon"):
        clean(german, CleaningPolicy(languages=("klingon",)))


def test_placeholders_are_in_no_language() -> None:
    assert foreign("[EMAIL] [CARD] [PHONE] [NAME] [IBAN] [URL_CREDENTIALS]", ["de"]) is None


def test_empty_rows_and_duplicate_ids() -> None:
    cleaned = clean(rows("fine question here", " \t\n "))
    assert [(r.row.id, r.step) for r in cleaned.removals] == [("r1", "empty")]
    with pytest.raises(BadInput, match="r0"):
        clean([*rows("a"), *rows("b")])


def test_without_the_extra_there_is_one_friendly_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "rensa", None)
    with pytest.raises(Conflict, match=r"pip install 'volant\[data\]'") as caught:
        need("rensa")
    assert caught.value.code == "missing_extra"


pieces = st.sampled_from(
    [
        "where is my card",
        "Where is my card?",
        "ada@example.org",
        "  ",
        "Ã©",
        "Ich habe meine Karte verloren und warte",
        "x",
    ]
)
texts = st.one_of(st.text(max_size=60), st.lists(pieces, max_size=4).map(" ".join))


@settings(max_examples=80, deadline=None)
@given(data=st.lists(st.tuples(texts, st.sampled_from("ab")), max_size=15), near=st.sampled_from([None, 0.5, 0.8]))
def test_counts_add_up(data: list[tuple[str, str]], near: float | None) -> None:
    given_rows = [Row(id=f"r{at}", text=text, label=label) for at, (text, label) in enumerate(data)]
    try:
        cleaned = clean(given_rows, CleaningPolicy(near_threshold=near))
    except BadInput:  # most of the rows were drawn in German
        cleaned = clean(given_rows, CleaningPolicy(near_threshold=near, languages=()))
    kept, removed = [row.id for row in cleaned.kept], [removal.row.id for removal in cleaned.removals]
    assert sorted(kept + removed) == sorted(row.id for row in given_rows)
    assert kept == [row.id for row in given_rows if row.id in set(kept)]
    counts = cleaned.counts()
    assert counts["rows"] == len(given_rows)
    assert counts["kept"] + sum(n for name, n in counts.items() if name.startswith("removed_")) == counts["rows"]
    assert all(removal.reason and 0 <= removal.score <= 1 for removal in cleaned.removals)
    keepers = {r.keeper_id for r in cleaned.removals if r.step == "near_duplicate"}
    assert keepers <= set(kept)
    changed = {change.row_id for change in cleaned.changes}
    before = {row.id: row.text for row in given_rows}
    assert all(row.text == before[row.id] or row.id in changed for row in cleaned.kept)


@settings(max_examples=40, deadline=None)
@given(data=st.lists(texts, max_size=8))
def test_cleaning_twice_changes_nothing(data: list[str]) -> None:
    policy = CleaningPolicy(languages=())
    once = clean(rows(*data), policy)
    again = clean(once.kept, policy)
    assert again.kept == once.kept


@pytest.mark.real_data
def test_real_questions_lose_only_duplicates(test_data: Path) -> None:
    imported = read_file(test_data / "intents" / "banking77_train.csv")
    counts = clean(imported.rows).counts()
    assert counts["removed_exact_duplicate"] == 31
    assert 100 <= counts["removed_near_duplicate"] <= 200
    assert "removed_language" not in counts
    assert "changed_pii" not in counts
    assert counts["kept"] + counts["removed_exact_duplicate"] + counts["removed_near_duplicate"] == 10_003
