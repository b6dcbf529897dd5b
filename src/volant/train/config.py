"""TrainConfig: everything that decides a training run, as typed, frozen data.

Two runs with equal configuration and equal rows give equal weights (same machine, same thread count); the hash of
both goes into `training.json`. Knows nothing of torch, files or recipes.

Shape letters used below and in the numeric modules: B rows of a batch, T tokens of a row, D hidden size, V vocabulary,
L layers, F width of the feed-forward block, H heads.
"""

from __future__ import annotations

import hashlib
from typing import Literal

import msgspec

from volant.core.errors import BadInput

Architecture = Literal["llama", "qwen3"]
Method = Literal["scratch", "sft", "lora"]


class Shape(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The model's shape. Embeddings are tied: input and output share the V×D matrix."""

    architecture: Architecture = "llama"
    hidden: int = 128  # D
    layers: int = 4  # L
    heads: int = 4  # H
    kv_heads: int = 4
    feed_forward: int = 344  # F
    max_tokens: int = 256  # longest row, question and answer together

    def parameters(self, vocabulary: int) -> int:
        """Number of weights with a vocabulary of so many tokens (norm weights included)."""
        head = self.hidden // self.heads
        attention = self.hidden * head * (2 * self.heads + 2 * self.kv_heads)
        norms = 2 * self.hidden + (2 * head if self.architecture == "qwen3" else 0)
        layer = attention + 3 * self.hidden * self.feed_forward + norms
        return vocabulary * self.hidden + self.layers * layer + self.hidden


class TokenizerShape(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A byte-level BPE tokenizer, trained on the training rows. `lowercase` is done by the chat template."""

    vocabulary: int = 2000  # at most; small data may merge less
    min_frequency: int = 2
    lowercase: bool = True


class Optimiser(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """AdamW (Loshchilov & Hutter 2019), or Muon (Jordan et al. 2024) for the matrices and AdamW for the rest."""

    kind: Literal["adamw", "muon"] = "adamw"
    learning_rate: float = 3e-3  # of AdamW's parameters
    matrix_learning_rate: float = 3e-3  # of Muon's parameters; unused by "adamw"
    weight_decay: float = 0.1
    beta1: float = 0.9
    beta2: float = 0.98
    clip: float = 1.0  # largest norm of the gradient


class Schedule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Learning rate over the run: linear warm-up, then cosine to zero, or constant and a linear tail."""

    kind: Literal["cosine", "wsd"] = "cosine"
    warmup: float = 0.1  # share of all steps
    tail: float = 0.3  # share of all steps in the linear tail of "wsd"


class Augmentation(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Noise that is drawn anew for every visit of a row, a pure function of (seed, step). Prompts only."""

    replace: float = 0.1  # share of question tokens replaced by random ones
    drop: float = 0.0  # share of question tokens left out
    dropout: float = 0.0  # on the outputs of attention and feed-forward blocks
    embedding_dropout: float = 0.0


class Objective(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Cross-entropy, weighted by the part that a token belongs to."""

    prompt_weight: float = 0.2
    answer_weight: float = 1.0
    label_smoothing: float = 0.0


class Budget(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How long to train: exactly one of the three. `tokens` counts question, answer and template, not padding."""

    epochs: float = 0.0
    steps: int = 0
    tokens: int = 0


class LoraShape(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Low-rank adapters (Hu et al. 2021) on every linear layer of the blocks."""

    rank: int = 16
    alpha: int = 32
    dropout: float = 0.0


class TrainConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One training run. `base` is the directory of a checkpoint to start from ("sft", "lora"), empty for "scratch"."""

    recipe: str
    method: Method
    base: str = ""
    shape: Shape = Shape()  # of "scratch" only; otherwise the base's
    tokenizer: TokenizerShape = TokenizerShape()  # of "scratch" only; otherwise the base's
    optimiser: Optimiser = Optimiser()
    schedule: Schedule = Schedule()
    augmentation: Augmentation = Augmentation()
    objective: Objective = Objective()
    budget: Budget = Budget(epochs=10)
    lora: LoraShape = LoraShape()
    batch_rows: int = 64  # B
    checkpoint_every: int = 200  # steps between checkpoints, each with a look at the validation rows
    keep_checkpoints: int = 2
    choose_by: Literal["exact", "loss"] = "exact"  # what the validation rows decide the best checkpoint by
    seed: int = 1
    threads: int = 2

    def fingerprint(self) -> str:
        """SHA-256 (hex) of everything that decides the weights. The base's path is not part of it: its weights are."""
        bare = msgspec.structs.replace(self, base="")
        return hashlib.sha256(msgspec.json.encode(bare, order="deterministic")).hexdigest()


def _require(condition: bool, where: str, message: str, hint: str) -> str | None:
    return None if condition else f"{where}: {message} ({hint})"


def problems(config: TrainConfig) -> list[str]:
    """Everything wrong with a configuration, as sentences. Empty: it can run (memory is another question)."""
    s, t, o, a, b = config.shape, config.tokenizer, config.optimiser, config.augmentation, config.budget
    share = "a share between 0 and 1"
    checks = [
        _require(s.hidden > 0 and s.heads > 0 and s.layers > 0, "shape", "sizes must be positive", "see Shape"),
        _require(s.heads > 0 and s.hidden % s.heads == 0, "shape.heads", f"{s.heads} does not divide hidden {s.hidden}",
                 "choose heads that divide hidden"),
        _require(s.heads > 0 and (s.hidden // s.heads) % 2 == 0, "shape.heads", "the size of a head must be even",
                 "rotary positions turn pairs"),
        _require(s.kv_heads > 0 and s.heads % s.kv_heads == 0, "shape.kv_heads",
                 f"{s.kv_heads} does not divide heads {s.heads}", "choose 1, heads, or a divisor"),
        _require(s.feed_forward > 0, "shape.feed_forward", "must be positive", "about 8/3 of hidden"),
        _require(16 <= s.max_tokens <= 131072, "shape.max_tokens", f"{s.max_tokens} is out of range", "16 to 131072"),
        _require(t.vocabulary >= 300, "tokenizer.vocabulary", f"{t.vocabulary} is too small",
                 "256 bytes and the special tokens need a place: at least 300"),
        _require(o.learning_rate > 0, "optimiser.learning_rate", "must be positive", "3e-3 is a start"),
        _require(o.matrix_learning_rate > 0, "optimiser.matrix_learning_rate", "must be positive", "3e-3 is a start"),
        _require(o.clip > 0, "optimiser.clip", "must be positive", "1.0 is usual"),
        _require(0 <= config.schedule.warmup < 1, "schedule.warmup", share, "0.1 is usual"),
        _require(0 < config.schedule.tail <= 1, "schedule.tail", share, "0.3 is usual"),
        *[_require(0 <= value < 1, f"augmentation.{name}", share, "0 switches it off")
          for name, value in (("replace", a.replace), ("drop", a.drop), ("dropout", a.dropout),
                              ("embedding_dropout", a.embedding_dropout))],
        _require(config.objective.prompt_weight >= 0 and config.objective.answer_weight > 0, "objective",
                 "weights must not be negative, and the answer's must be positive", "0.2 and 1.0 are usual"),
        _require(sum(x > 0 for x in (b.epochs, b.steps, b.tokens)) == 1 and min(b.epochs, b.steps, b.tokens) >= 0,
                 "budget", "exactly one of epochs, steps and tokens must be positive", "e.g. {'epochs': 10}"),
        _require(1 <= config.batch_rows <= 65536, "batch_rows", f"{config.batch_rows} is out of range", "64 is usual"),
        _require(config.checkpoint_every > 0, "checkpoint_every", "must be positive", "200 is usual"),
        _require(config.keep_checkpoints > 0, "keep_checkpoints", "must be positive", "2 is usual"),
        _require(config.threads > 0, "threads", "must be positive", "the number of cores"),
        _require((config.method == "scratch") == (not config.base), "base",
                 "a fine-tune needs a base checkpoint, and a training from scratch has none",
                 "set `base` to the directory of a checkpoint, or use a recipe that starts from scratch"),
        _require(config.lora.rank > 0 and config.lora.alpha > 0, "lora", "must be positive", "rank 16, alpha 32"),
    ]  # fmt: skip
    return [problem for problem in checks if problem]


def validated(config: TrainConfig) -> TrainConfig:
    """The configuration itself, or BadInput("train_config_invalid") that names every problem at once."""
    found = problems(config)
    if found:
        raise BadInput("train_config_invalid", "; ".join(found), where=f"recipe {config.recipe}",
                       hint="change the recipe's options; `volant train --help` lists them")  # fmt: skip
    return config
