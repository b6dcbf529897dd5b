"""Recipe `debug`: a model of 30 thousand parameters for tests. It learns a few words in seconds, and nothing useful."""

from __future__ import annotations

from volant.train.config import Architecture, Augmentation, Budget, Optimiser, Shape, TokenizerShape, TrainConfig
from volant.train.recipes import recipe


@recipe("debug")
def debug(
    steps: int = 40,
    architecture: Architecture = "llama",
    checkpoint_every: int = 10,
    dropout: float = 0.1,
    optimiser: str = "adamw",
    seed: int = 1,
    threads: int = 1,
) -> TrainConfig:
    """Every feature switched on, at the smallest size."""
    return TrainConfig(
        recipe="debug",
        method="scratch",
        shape=Shape(
            architecture=architecture, hidden=32, layers=2, heads=2, kv_heads=1, feed_forward=64, max_tokens=128
        ),
        tokenizer=TokenizerShape(vocabulary=400),
        optimiser=Optimiser(kind="muon" if optimiser == "muon" else "adamw", learning_rate=1e-2),
        augmentation=Augmentation(replace=0.1, drop=0.05, dropout=dropout),
        budget=Budget(steps=steps),
        batch_rows=16,
        checkpoint_every=checkpoint_every,
        seed=seed,
        threads=threads,
    )
