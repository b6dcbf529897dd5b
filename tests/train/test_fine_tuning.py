from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from safetensors.numpy import load_file

from volant.core.clock import SystemClock
from volant.train.likelihood import likelihoods
from volant.train.model import weights_hash
from volant.train.progress import Progress, read_progress
from volant.train.recipes import build
from volant.train.rows import Row
from volant.train.training import Training
from volant.train.worker import train

RENAMED = {"card_arrival": "card_arrival", "exchange_rate": "exchange_rate", "top_up_failed": "top_up_new_reason"}


@pytest.fixture(scope="module")
def changed(rows: list[Row]) -> list[Row]:
    """The same questions; one intent has a new name, which only a fine-tune can know."""
    return [
        msgspec.structs.replace(row, answer=row.answer.replace("top_up_failed", RENAMED["top_up_failed"]))
        for row in rows
    ]


def _tune(recipe: str, base: Path, rows: list[Row], output: Path, **options: object) -> Training:
    config = build(recipe, {"base": str(base), "epochs": 25, "batch_rows": 8, "threads": 1, **options})
    progress = Progress(output / "progress.jsonl", SystemClock().now_ms)
    try:
        return train(config, rows, output, progress, "run_f")
    finally:
        progress.close()


@pytest.mark.parametrize("recipe", ["sft", "lora"])
def test_a_fine_tune_learns_what_the_base_cannot_know(
    recipe: str, checkpoint: Path, changed: list[Row], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    new = [row for row in changed if "new_reason" in row.answer and row.split == "train"]
    before = [line["answer_nll"] for line in likelihoods(checkpoint, new, 1)]
    made = _tune(recipe, checkpoint, changed, tmp_path, learning_rate=1e-2)
    after = [line["answer_nll"] for line in likelihoods(tmp_path / "final", new, 1)]
    assert all(float(str(a)) < float(str(b)) for a, b in zip(after, before, strict=True))
    assert sum(bool(line["exact"]) for line in likelihoods(tmp_path / "final", new, 1)) >= len(new) // 2
    assert made.base_hash == weights_hash(checkpoint)
    assert made.method == recipe
    assert (tmp_path / "final" / "tokenizer.json").read_bytes() == (checkpoint / "tokenizer.json").read_bytes()
    assert "train_loss" not in capfd.readouterr().out  # the trainer's own summary is switched off
    assert read_progress(tmp_path / "progress.jsonl")[0]["rows"] == 40


def test_lora_is_merged_and_leaves_embeddings_and_norms_alone(
    checkpoint: Path, changed: list[Row], tmp_path: Path
) -> None:
    _tune("lora", checkpoint, changed, tmp_path, epochs=2)
    old, new = load_file(checkpoint / "model.safetensors"), load_file(tmp_path / "final" / "model.safetensors")
    assert set(old) == set(new)
    moved = {name for name in old if not (old[name] == new[name]).all()}
    assert moved == {name for name in old if name.endswith("_proj.weight")}


def test_the_same_fine_tune_gives_the_same_weights(checkpoint: Path, changed: list[Row], tmp_path: Path) -> None:
    made = [_tune("sft", checkpoint, changed, tmp_path / name, epochs=2) for name in "ab"]
    assert made[0].weights_hash == made[1].weights_hash
