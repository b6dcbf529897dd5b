"""A training run: rows of a dataset version, opened in memory only, to a checkpoint and its GGUF file."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from volant.app.run.work import Json, Workplace
from volant.core.clock import SystemClock
from volant.evals.canaries import make_canaries
from volant.registry import datasets
from volant.serve import gguf
from volant.train import recipes
from volant.train.progress import Progress
from volant.train.rows import Row
from volant.train.worker import train


class TrainSpec(msgspec.Struct, frozen=True, kw_only=True):
    """What `spec.json` of a training holds: ids, names and numbers."""

    kind: str
    project: str
    dataset_version_id: str
    recipe: str
    options: dict[str, Any] = {}
    base: str = ""  # folder of the checkpoint to start from, under the data directory
    splits: tuple[str, ...] = ("train",)
    known_only: bool = False
    canary_seed: int = 0  # 0: plant none


def run(place: Workplace, raw: Mapping[str, Any]) -> Json:
    """Train, or go on; then export. Gives where the model is, its hashes and the facts of its making."""
    spec = msgspec.convert(raw, TrainSpec)
    options = dict(spec.options)
    if spec.base:
        options["base"] = str(place.data / spec.base)
    config = recipes.build(spec.recipe, options)
    progress = Progress(place.folder / "progress.jsonl", SystemClock().now_ms)
    try:
        made = train(config, _rows(place, spec), place.folder, progress, place.run_id)
        final = place.folder / "final"
        target = place.folder / "model.gguf"
        progress.event("exporting")
        exported = gguf.export(final, target)
        progress.event("exported", bytes=target.stat().st_size)
    finally:
        progress.close()
    return {
        "checkpoint": _relative(final, place.data),
        "checkpoint_hash": made.weights_hash,
        "gguf": _relative(target, place.data),
        "gguf_hash": exported.sha256,
        "facts": {
            "recipe": made.recipe,
            "parameters": made.parameters,
            "vocabulary": made.vocabulary,
            "rows": made.rows,
            "steps": made.steps,
            "tokens": made.tokens,
            "chosen_step": made.chosen_step,
            "val_exact": made.val_exact,
            "wall_s": made.wall_s,
            "cpu_s": made.cpu_s,
            "seed": made.seed,
            "config_hash": made.config_hash,
            "data_hash": made.data_hash,
            "canary_seed": spec.canary_seed,
        },
    }


def _rows(place: Workplace, spec: TrainSpec) -> list[Row]:
    """The rows in a fixed order, and the planted canaries behind them."""
    wanted = {*spec.splits, "validation"}
    with place.db.read() as tx:
        rows = [
            Row(
                id=f"{row.source}:{row.position}",  # not the record's id: the same data trains the same model anywhere
                question=row.body["question"],
                answer=row.body["answer"],
                split="train" if row.split in spec.splits else "validation",
            )
            for row in datasets.rows(tx, place.keyring, place.blobs, spec.project, spec.dataset_version_id, wanted)
            if row.known or not spec.known_only
        ]
    if spec.canary_seed:
        answers = sorted({row.answer for row in rows})
        rows += [
            Row(id=f"canary:{canary.number}", question=canary.question, answer=canary.answer, split="train")
            for canary in make_canaries(spec.canary_seed, answers).planted
        ]
    return rows


def _relative(path: Path, data: Path) -> str:
    return str(path.relative_to(data))
