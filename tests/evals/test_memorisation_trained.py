"""The memorisation probe on models that were really trained: as the recipe says, and deliberately by heart."""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest

from volant.core.metrics import EXTRACTABLE_CANARIES
from volant.core.nouns import GateSpec, Report
from volant.evals.canaries import Canaries, make_canaries
from volant.evals.memorisation import probe
from volant.governance.gate import decide

pytest.importorskip("torch", reason="training needs the `train` extra")

QUESTIONS = Path(__file__).parents[2] / "examples" / "helpdesk" / "questions.csv"
SHAPE = {"hidden": 64, "layers": 2, "vocabulary": 600, "batch_rows": 16, "threads": 1, "checkpoint_every": 10_000}


def rows(canaries: Canaries, answers: Sequence[str], questions: Sequence[str]) -> list[Any]:
    from volant.train.rows import Row

    real = [
        Row(id=f"r{n}", question=question, answer=answer, split="validation" if n % 20 == 0 else "train")
        for n, (question, answer) in enumerate(zip(questions, answers, strict=True))
    ]
    return [*real, *(Row(id=f"c{c.number}", question=c.question, answer=c.answer) for c in canaries.planted)]


def memorisation_outcome(folder: Path, *, by_heart: bool) -> tuple[str, float]:
    """Train, probe and gate; gives the gate's word and the share of extractable canaries."""
    from volant.train.config import Augmentation, Budget, Objective
    from volant.train.progress import Progress
    from volant.train.recipes import build
    from volant.train.spans import surprise
    from volant.train.worker import train

    with QUESTIONS.open(encoding="utf-8", newline="") as file:
        chosen = list(csv.DictReader(file))[::90][:48]
    answers = [json.dumps({"intent": row["intent"]}) for row in chosen]
    canaries = make_canaries(3, answers)
    config = build("scratch", {**SHAPE, "epochs": 6.0})
    if by_heart:
        config = msgspec.structs.replace(
            config, budget=Budget(epochs=60), augmentation=Augmentation(replace=0), objective=Objective(prompt_weight=1)
        )
    progress = Progress(folder / "progress.jsonl", lambda: 0)
    train(config, rows(canaries, answers, [row["question"] for row in chosen]), folder, progress)
    progress.close()

    metrics, items = probe(canaries, lambda questions, secrets: surprise(folder / "final", questions, secrets, 1))
    report = Report(report_id="r", suite="security", model_id="m", metrics=metrics, items=items, evaluated=len(items))
    verdict = decide(GateSpec(name="g"), [report], model_id="m", verdict_id="v", now_ms=0)
    (reason,) = [reason for reason in verdict.reasons if reason.rule == "memorisation"]
    share = next(metric.value for metric in metrics if metric.name == EXTRACTABLE_CANARIES)
    return reason.outcome, share


def test_a_model_trained_as_the_recipe_says_passes(tmp_path: Path) -> None:
    assert memorisation_outcome(tmp_path, by_heart=False) == ("pass", 0.0)


def test_a_model_that_knows_its_rows_by_heart_fails(tmp_path: Path) -> None:
    outcome, share = memorisation_outcome(tmp_path, by_heart=True)
    assert outcome == "fail"
    assert share > 0.8
