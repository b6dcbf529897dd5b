"""Training: what made a model, as written to `final/training.json`. Hashes and counts only, never a row's text."""

from __future__ import annotations

import msgspec

from volant.train.config import TrainConfig


class Training(msgspec.Struct, frozen=True, kw_only=True):
    """The evidence beside a model."""

    run_id: str
    recipe: str
    method: str
    config: TrainConfig
    config_hash: str
    data_hash: str  # over row ids and splits, never over texts
    base_hash: str  # SHA-256 of the base's weights; empty from scratch
    weights_hash: str  # SHA-256 of model.safetensors
    seed: int
    rows: int
    validation_rows: int
    parameters: int
    vocabulary: int
    steps: int
    tokens: int  # seen, padding not counted
    chosen_step: int
    val_exact: float
    val_loss: float
    wall_s: float
    cpu_s: float
    peak_rss_bytes: int
    versions: dict[str, str]
