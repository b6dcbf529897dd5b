"""Batches: the tensors of step N, a pure function of (examples, configuration, N).

Joins order and noise; keeps no state that a resumed run would need.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from volant.train.config import TrainConfig
from volant.train.examples import Batch, Example, collate, disturbed, replaceable
from volant.train.order import BatchOrder

_NOISE = 1  # keeps the stream of noise apart from the stream of order


class Batches:
    """Tensors by step, and how many steps the budget allows."""

    def __init__(self, examples: Sequence[Example], tokenizer: Any, config: TrainConfig) -> None:
        self._examples = examples
        self._config = config
        self._pad: int = tokenizer.pad_token_id
        self._vocabulary = replaceable(tokenizer)
        self._order = BatchOrder([len(example) for example in examples], config.batch_rows, config.seed)

    @property
    def steps(self) -> int:
        """Steps that the budget allows, at least one."""
        budget = self._config.budget
        if budget.steps:
            return budget.steps
        if budget.tokens:
            return self._order.steps_for_tokens(budget.tokens)
        return max(1, math.ceil(budget.epochs * self._order.steps_per_epoch))

    def tokens_total(self) -> int:
        """Tokens of all steps together, before noise, padding not counted."""
        return sum(self._order.tokens(step) for step in range(self.steps))

    def token_ids(self) -> list[list[int]]:
        """Every row as token ids, question and answer, for trainers that want to see a data set."""
        return [[*example.prompt.tolist(), *example.answer.tolist()] for example in self._examples]

    def at(self, step: int) -> Batch:
        """The batch of a step (from 0)."""
        random = np.random.default_rng((self._config.seed, _NOISE, step))
        chosen = [
            disturbed(self._examples[row], self._config.augmentation, self._vocabulary, random)
            for row in self._order.batch(step)
        ]
        return collate(chosen, self._pad, self._config.objective)
