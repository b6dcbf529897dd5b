"""Recipe `scratch`: tokenizer and model from nothing, on the rows given ("in-house")."""

from __future__ import annotations

from volant.train.config import (
    Architecture,
    Augmentation,
    Budget,
    Objective,
    Optimiser,
    Shape,
    TokenizerShape,
    TrainConfig,
)
from volant.train.recipes import recipe


@recipe("scratch")
def scratch(
    epochs: float = 20.0,
    tokens: int = 0,
    architecture: Architecture = "llama",
    hidden: int = 128,
    layers: int = 4,
    vocabulary: int = 2000,
    learning_rate: float = 3e-3,
    batch_rows: int = 64,
    replace: float = 0.1,
    prompt_weight: float = 0.05,
    checkpoint_every: int = 200,
    seed: int = 1,
    threads: int = 2,
) -> TrainConfig:
    """About a million parameters. `tokens` > 0 replaces `epochs`: the control with an equal number of them uses it."""
    return TrainConfig(
        recipe="scratch",
        method="scratch",
        shape=Shape(
            architecture=architecture,
            hidden=hidden,
            layers=layers,
            heads=max(1, hidden // 32),
            kv_heads=max(1, hidden // 32),
            feed_forward=hidden * 8 // 3 // 16 * 16,
        ),
        tokenizer=TokenizerShape(vocabulary=vocabulary),
        optimiser=Optimiser(kind="muon", learning_rate=learning_rate, matrix_learning_rate=learning_rate),
        augmentation=Augmentation(replace=replace),
        objective=Objective(prompt_weight=prompt_weight),
        budget=Budget(tokens=tokens) if tokens else Budget(epochs=epochs),
        batch_rows=batch_rows,
        checkpoint_every=checkpoint_every,
        seed=seed,
        threads=threads,
    )
