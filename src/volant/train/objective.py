"""Objective: the weighted cross-entropy that both loops minimise.

Logits are computed only where a weight is not zero, which at small sizes is most of the saving there is: the V×D
output matrix is a third of all work.
"""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F

from volant.train.examples import Batch


def weighted_loss(model: Any, batch: Batch, label_smoothing: float) -> torch.Tensor:
    """Mean cross-entropy over target tokens by weight, a scalar.

    `model` is a causal language model with `.model` (returns hidden states (B, T, D)) and `.lm_head`.
    """
    hidden = model.model(input_ids=batch.tokens, use_cache=False).last_hidden_state[:, :-1]  # (B, T-1, D)
    targets, weights = batch.tokens[:, 1:], batch.weights[:, 1:]  # (B, T-1)
    counted = weights > 0
    logits = model.lm_head(hidden[counted])  # (N, V), N targets that count
    loss = F.cross_entropy(logits, targets[counted], reduction="none", label_smoothing=label_smoothing)
    weight = weights[counted]
    return (loss * weight).sum() / weight.sum()
