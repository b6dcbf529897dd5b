"""Recipe `sft`: fine-tune all weights of a checkpoint through TRL (the "pretrained" path)."""

from __future__ import annotations

from volant.train.config import Augmentation, Budget, Objective, Optimiser, TrainConfig
from volant.train.recipes import recipe


@recipe("sft")
def sft(
    base: str,
    epochs: float = 20.0,
    tokens: int = 0,
    learning_rate: float = 3e-3,
    batch_rows: int = 64,
    replace: float = 0.1,
    prompt_weight: float = 0.05,
    checkpoint_every: int = 200,
    seed: int = 1,
    threads: int = 2,
) -> TrainConfig:
    """`base` is a checkpoint directory; its tokenizer and shape are kept."""
    return TrainConfig(
        recipe="sft",
        method="sft",
        base=base,
        optimiser=Optimiser(kind="muon", learning_rate=learning_rate, matrix_learning_rate=learning_rate),
        augmentation=Augmentation(replace=replace),
        objective=Objective(prompt_weight=prompt_weight),
        budget=Budget(tokens=tokens) if tokens else Budget(epochs=epochs),
        batch_rows=batch_rows,
        checkpoint_every=checkpoint_every,
        seed=seed,
        threads=threads,
    )
