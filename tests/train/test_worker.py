from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from volant.core.clock import SystemClock
from volant.core.errors import Conflict, DoesNotFit, VolantError
from volant.train import memory
from volant.train.config import TrainConfig
from volant.train.model import load_model, weights_hash
from volant.train.progress import Progress, read_progress
from volant.train.recipes import build
from volant.train.rows import Row
from volant.train.training import Training
from volant.train.worker import train


def _train(config: TrainConfig, rows: list[Row], output: Path) -> Training:
    progress = Progress(output / "progress.jsonl", SystemClock().now_ms)
    try:
        return train(config, rows, output, progress, "run_t")
    finally:
        progress.close()


def test_a_checkpoint_brings_its_evidence(checkpoint: Path, rows: list[Row]) -> None:
    assert {path.name for path in checkpoint.iterdir()} == {
        "model.safetensors", "config.json", "generation_config.json", "tokenizer.json", "tokenizer_config.json",
        "chat_template.jinja", "training.json",
    }  # fmt: skip
    made = msgspec.json.decode((checkpoint / "training.json").read_bytes(), type=Training)
    assert (made.rows, made.validation_rows, made.run_id) == (40, 8, "run_c")
    assert made.weights_hash == weights_hash(checkpoint)
    assert made.parameters == sum(p.numel() for p in load_model(checkpoint).parameters())
    assert made.tokens > 0
    assert made.wall_s > 0
    text = (checkpoint / "training.json").read_text()
    assert "my new card" not in text
    assert not (checkpoint.parent / "checkpoints").exists()


def test_progress_tells_the_whole_run_and_the_best_validation_is_chosen(checkpoint: Path) -> None:
    events = read_progress(checkpoint.parent / "progress.jsonl")
    names = [event["event"] for event in events]
    assert names[0] == "started"
    assert names[-1] == "finished"
    looks = [event for event in events if event["event"] == "validated"]
    assert [event["step"] for event in looks] == [40, 80, 120]
    best = max(looks, key=lambda event: (event["val_exact"], -event["val_loss"]))
    assert events[-1]["chosen_step"] == best["step"]
    assert events[-1]["val_exact"] == best["val_exact"] > 0.3
    assert names.count("checkpoint") == 3
    step = next(e for e in events if e["event"] == "step")
    assert {"loss", "learning_rate", "tokens", "tokens_per_s"} <= set(step)
    assert step["memory_bytes"] > 50 << 20, "torch alone is more"


def test_the_same_configuration_and_rows_give_the_same_weights(rows: list[Row], tmp_path: Path) -> None:
    config = build("debug", {"steps": 12, "optimiser": "muon", "architecture": "qwen3"})
    first, second = _train(config, rows, tmp_path / "a"), _train(config, rows, tmp_path / "b")
    assert first.weights_hash == second.weights_hash
    other = _train(msgspec.structs.replace(config, seed=2), rows, tmp_path / "c")
    assert other.weights_hash != first.weights_hash


def test_a_finished_run_is_not_repeated_and_another_run_is_refused(rows: list[Row], tmp_path: Path) -> None:
    config = build("debug", {"steps": 4})
    first = _train(config, rows, tmp_path)
    assert _train(config, rows, tmp_path) == first
    with pytest.raises(Conflict) as caught:
        _train(config, rows[1:], tmp_path)
    assert caught.value.code == "resume_mismatch"
    assert read_progress(tmp_path / "progress.jsonl")[-1]["code"] == "resume_mismatch"


def test_without_validation_rows_the_last_step_is_kept(rows: list[Row], tmp_path: Path) -> None:
    made = _train(build("debug", {"steps": 4}), [row for row in rows if row.split == "train"], tmp_path)
    assert (made.chosen_step, made.validation_rows) == (4, 0)


def test_a_recipe_that_does_not_fit_stops_before_anything_is_written(
    rows: list[Row], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memory, "available_bytes", lambda: 1000)
    with pytest.raises(DoesNotFit):
        _train(build("debug", {}), rows, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["progress.jsonl"]
    assert read_progress(tmp_path / "progress.jsonl")[-1]["code"] == "memory_too_small"


def test_a_loss_that_is_no_number_ends_the_run(rows: list[Row], tmp_path: Path) -> None:
    config = build("debug", {"steps": 30})
    wild = msgspec.structs.replace(config, optimiser=msgspec.structs.replace(config.optimiser, learning_rate=1e30))
    with pytest.raises(VolantError) as caught:
        _train(wild, rows, tmp_path)
    assert caught.value.code == "training_diverged"
