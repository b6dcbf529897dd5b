"""Resume: the tensors of a checkpoint, written and taken back. The same for every loop.

Weights, optimiser, schedule and torch's random state, from which dropout draws. Order and noise need nothing: they are
functions of the step.
"""

from __future__ import annotations

from pathlib import Path

import torch

from volant.train.weights import load_weights, save_weights

_REST = "optimiser.pt"


def write_tensors(
    directory: Path,
    model: torch.nn.Module,
    optimiser: torch.optim.Optimizer,
    schedule: torch.optim.lr_scheduler.LambdaLR,
) -> None:
    """Write all that a run needs to go on from here."""
    save_weights(model, directory)
    rest = {"optimiser": optimiser.state_dict(), "schedule": schedule.state_dict(), "random": torch.get_rng_state()}
    torch.save(rest, directory / _REST)


def restore_tensors(
    directory: Path,
    model: torch.nn.Module,
    optimiser: torch.optim.Optimizer,
    schedule: torch.optim.lr_scheduler.LambdaLR,
) -> torch.Tensor:
    """Take them back. Returns the random state, to be set just before the next step."""
    load_weights(model, directory)
    rest = torch.load(directory / _REST, weights_only=True)
    optimiser.load_state_dict(rest["optimiser"])
    schedule.load_state_dict(rest["schedule"])
    state: torch.Tensor = rest["random"]
    return state
