"""Order: which rows stand together in step N. A pure function of (lengths, batch size, seed, step).

Because it needs no state, a run that was killed goes on with exactly the batches it would have seen. Rows of
similar length stand together, so that little is computed on padding: rows are shuffled, cut into windows of sixteen
batches, sorted by length inside a window, and the batches are shuffled again.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

_WINDOW = 16  # batches that are sorted by length together


class BatchOrder:
    """Batches of row indices, epoch after epoch. Steps count from 0."""

    def __init__(self, lengths: Sequence[int], batch_rows: int, seed: int) -> None:
        if not lengths:
            raise ValueError("no rows to order")
        self._lengths = np.asarray(lengths, dtype=np.int64)
        self._batch_rows = batch_rows
        self._seed = seed
        self._epoch = -1
        self._batches: list[NDArray[np.int64]] = []

    @property
    def steps_per_epoch(self) -> int:
        """Batches in one epoch; the last may be smaller."""
        return math.ceil(len(self._lengths) / self._batch_rows)

    def batch(self, step: int) -> NDArray[np.int64]:
        """Row indices of a step, shape (≤ B,)."""
        epoch, position = divmod(step, self.steps_per_epoch)
        if epoch != self._epoch:
            self._batches, self._epoch = self._shuffled(epoch), epoch
        return self._batches[position]

    def tokens(self, step: int) -> int:
        """Tokens of a step's rows, padding not counted."""
        return int(self._lengths[self.batch(step)].sum())

    def steps_for_tokens(self, tokens: int) -> int:
        """The smallest number of steps that sees at least so many tokens (at least 1)."""
        per_epoch = int(self._lengths.sum())
        step = (tokens // per_epoch) * self.steps_per_epoch
        seen = (tokens // per_epoch) * per_epoch
        while seen < tokens:
            seen += self.tokens(step)
            step += 1
        return max(step, 1)

    def _shuffled(self, epoch: int) -> list[NDArray[np.int64]]:
        random = np.random.default_rng((self._seed, epoch))
        order = random.permutation(len(self._lengths))
        window = self._batch_rows * _WINDOW
        batches: list[NDArray[np.int64]] = []
        for start in range(0, len(order), window):
            rows = order[start : start + window]
            rows = rows[np.argsort(self._lengths[rows], kind="stable")]
            batches += [rows[i : i + self._batch_rows] for i in range(0, len(rows), self._batch_rows)]
        return [batches[i] for i in random.permutation(len(batches))]
