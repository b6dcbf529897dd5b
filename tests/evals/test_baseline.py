"""The yardstick: TF-IDF and a linear classifier."""

from __future__ import annotations

import csv
import sys
from pathlib import Path

import pytest

from volant.core.errors import BadInput, Unavailable
from volant.evals.baseline import fit
from volant.scorers import create


def test_answers_in_the_tasks_own_form() -> None:
    texts = ["where is my card", "card not here yet", "I want a loan", "loan for a house"]
    yardstick = fit(texts, ["card", "card", "loan", "loan"])
    assert yardstick.outputs(["a loan please", "my card"]) == ['{"intent": "loan"}', '{"intent": "card"}']
    assert fit(texts, ["card", "card", "loan", "loan"], field="").outputs(["my card"]) == ["card"]
    assert yardstick.outputs([]) == []


def test_rows_of_one_label_are_refused() -> None:
    with pytest.raises(BadInput, match="1 different labels"):
        fit(["a", "b"], ["x", "x"])


def test_without_the_extra_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.split(".")[0] == "sklearn"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "sklearn", None)
    with pytest.raises(Unavailable) as caught:
        fit(["a", "b"], ["x", "y"])
    assert caught.value.hint == "pip install 'volant[evals]'"


def test_on_real_questions_it_is_a_strong_yardstick(test_data: Path) -> None:
    def rows(name: str) -> list[dict[str, str]]:
        with (test_data / "intents" / name).open(encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))

    train, test = rows("banking77_train.csv")[::4], rows("banking77_test.csv")[::4]
    yardstick = fit([row["text"] for row in train], [row["category"] for row in train])
    scorer = create("json_field_match", field="intent")
    outputs = yardstick.outputs([row["text"] for row in test])
    right = [scorer.score(out, row["category"]).value for out, row in zip(outputs, test, strict=True)]
    assert sum(right) / len(right) > 0.80
