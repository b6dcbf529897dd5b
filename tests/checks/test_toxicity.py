"""Toxicity: said to somebody it is a strong sign, alone a weak one; written otherwise it is still read."""

from __future__ import annotations

import csv
import os
from pathlib import Path

import pytest

from volant.checks import create
from volant.checks.toxicity import Toxicity
from volant.core.errors import BadInput

CASES = Path(__file__).parents[2] / "bench" / "data" / "toxicity.tsv"


def kinds(text: str, least: float = 0.5) -> set[str]:
    return {one.kind for one in create("toxicity").find(text) if one.score >= least}


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("You are an idiot", "INSULT"),
        ("YOU ARE\nAN IDIOT!", "INSULT"),
        ("y0u are an id10t", "INSULT"),
        ("go fuuuck yourself", "INSULT"),
        ("sh*t for brains, f*ck you", "INSULT"),
        ("I’ll kill you", "THREAT"),
        ("Immigrants are parasites", "HATE"),
        ("du bist ein Arschloch", "INSULT"),
        ("je vais te tuer", "THREAT"),
        ("eres un gilipollas", "INSULT"),
        ("sei uno stronzo", "INSULT"),
        ("vou te matar", "THREAT"),
    ],
)
def test_hostility_is_found(text: str, kind: str) -> None:
    assert kind in kinds(text)


@pytest.mark.parametrize(
    "text", ["kill the process", "a stupid bug", "Scunthorpe", "classic assessment", "I'll kill your process", "shit!"]
)
def test_words_alone_are_no_hostility(text: str) -> None:
    assert not kinds(text)


def test_swearing_is_a_weak_sign() -> None:
    assert kinds("this shit does not work", 0.3) == {"PROFANITY"}


def test_spans_are_those_of_the_text_as_given() -> None:
    text = "Well:\tYOU’RE AN İDIOT, no: you’re an idiot"
    (found,) = (one for one in create("toxicity").find(text) if one.kind == "INSULT")
    assert text[found.start : found.end] == "you’re an idiot"


def test_only_wanted_kinds() -> None:
    check = create("toxicity", {"kinds": ["THREAT"]})
    assert {one.kind for one in check.find("you idiot, I will kill you")} == {"THREAT"}
    with pytest.raises(BadInput, match="HARM"):
        create("toxicity", {"kinds": ["HARM"]})


def test_the_first_quick_look_loses_nothing() -> None:
    class Always:
        def search(self, text: str) -> bool:
            return True

    quick, slow = Toxicity(), Toxicity()
    slow._any = Always()
    for line in CASES.read_text(encoding="utf-8").splitlines():
        text = line.rpartition("\t")[2]
        assert quick.find(text) == slow.find(text)


def test_it_keeps_what_the_docs_say_of_the_cases() -> None:
    written = CASES.read_text(encoding="utf-8").splitlines()
    lines = (line.split("\t") for line in written if not line.startswith("#"))
    found = [(expected != "-", bool(kinds(text))) for expected, _, text in lines]
    hits = sum(hostile and flagged for hostile, flagged in found)
    assert hits / sum(hostile for hostile, _ in found) >= 0.8
    assert hits / sum(flagged for _, flagged in found) >= 0.9


@pytest.mark.real_data
def test_no_false_alarm_among_customers_questions() -> None:
    folder = os.environ.get("VOLANT_TEST_DATA")
    if not folder:
        pytest.skip("needs VOLANT_TEST_DATA")
    with (Path(folder) / "intents" / "banking77_test.csv").open(encoding="utf-8") as lines:
        assert not [row["text"] for row in csv.DictReader(lines) if kinds(row["text"])]
