"""Optimise: the optimiser and the learning rate of step N. Both loops use the same two functions."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch

from volant.train.config import Optimiser, Schedule


def learning_rate_factor(step: int, steps: int, schedule: Schedule) -> float:
    """Factor on the learning rate at a step (from 0) of so many: 0 < factor <= 1."""
    done = (step + 1) / steps
    if done < schedule.warmup:
        return done / schedule.warmup
    if schedule.kind == "cosine":
        through = (done - schedule.warmup) / (1 - schedule.warmup)
        return max(0.5 * (1 + math.cos(math.pi * through)), 1e-3)
    return max(min(1.0, (1 - done) / schedule.tail), 1e-3)


class JointOptimiser(torch.optim.Optimizer):
    """Several optimisers that step together, one per kind of parameter. Its state is the list of theirs."""

    def __init__(self, parts: list[torch.optim.Optimizer]) -> None:
        self.parts = parts
        super().__init__(
            [parameter for part in parts for group in part.param_groups for parameter in group["params"]], {}
        )
        self.param_groups = [group for part in parts for group in part.param_groups]

    def step(self, closure: Callable[[], float] | None = None) -> None:  # type: ignore[override]
        """Step every part."""
        if closure is not None:
            raise ValueError("no closure: parts would each evaluate it")
        for part in self.parts:
            part.step()

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Drop all gradients."""
        for part in self.parts:
            part.zero_grad(set_to_none)

    def state_dict(self) -> dict[str, Any]:
        """The parts' states, in order."""
        return {"parts": [part.state_dict() for part in self.parts]}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take the parts' states back; groups are theirs again, so that a schedule goes on changing them."""
        for part, state in zip(self.parts, state_dict["parts"], strict=True):
            part.load_state_dict(state)
        self.param_groups = [group for part in self.parts for group in part.param_groups]


def build_optimiser(model: torch.nn.Module, config: Optimiser) -> torch.optim.Optimizer:
    """An optimiser over the parameters that train. Norm weights do not decay."""
    named = [(name, parameter) for name, parameter in model.named_parameters() if parameter.requires_grad]
    matrices = [p for name, p in named if p.ndim == 2 and "embed" not in name and "lm_head" not in name]
    tables = [p for name, p in named if p.ndim == 2 and ("embed" in name or "lm_head" in name)]
    vectors = [p for _, p in named if p.ndim != 2]
    betas = (config.beta1, config.beta2)

    def adamw(groups: list[tuple[list[torch.nn.Parameter], float]]) -> torch.optim.Optimizer:
        parts = [{"params": parameters, "weight_decay": decay} for parameters, decay in groups if parameters]
        return torch.optim.AdamW(parts, lr=config.learning_rate, betas=betas, fused=True)

    if config.kind == "adamw":
        return adamw([(matrices + tables, config.weight_decay), (vectors, 0.0)])
    muon = torch.optim.Muon(
        matrices,
        lr=config.matrix_learning_rate,
        weight_decay=config.weight_decay,
        adjust_lr_fn="match_rms_adamw",
    )
    return JointOptimiser([muon, adamw([(tables, config.weight_decay), (vectors, 0.0)])])


def build_schedule(
    optimiser: torch.optim.Optimizer, steps: int, schedule: Schedule
) -> torch.optim.lr_scheduler.LambdaLR:
    """The schedule as torch knows it; its state is the step it stands at."""
    return torch.optim.lr_scheduler.LambdaLR(optimiser, lambda step: learning_rate_factor(step, steps, schedule))
