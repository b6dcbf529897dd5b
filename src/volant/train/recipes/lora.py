"""Recipe `lora`: train low-rank adapters on a checkpoint through TRL and PEFT; `final/` holds the merged model."""

from __future__ import annotations

from volant.train.config import Augmentation, Budget, LoraShape, Objective, Optimiser, TrainConfig
from volant.train.recipes import recipe


@recipe("lora")
def lora(
    base: str,
    epochs: float = 20.0,
    tokens: int = 0,
    rank: int = 16,
    learning_rate: float = 5e-3,
    batch_rows: int = 64,
    replace: float = 0.1,
    prompt_weight: float = 0.05,
    checkpoint_every: int = 200,
    seed: int = 1,
    threads: int = 2,
) -> TrainConfig:
    """`base` is a checkpoint directory; its tokenizer and shape are kept, and embeddings are not trained."""
    return TrainConfig(
        recipe="lora",
        method="lora",
        base=base,
        optimiser=Optimiser(learning_rate=learning_rate, weight_decay=0.0),
        augmentation=Augmentation(replace=replace),
        objective=Objective(prompt_weight=prompt_weight),
        budget=Budget(tokens=tokens) if tokens else Budget(epochs=epochs),
        lora=LoraShape(rank=rank, alpha=2 * rank),
        batch_rows=batch_rows,
        checkpoint_every=checkpoint_every,
        seed=seed,
        threads=threads,
    )
