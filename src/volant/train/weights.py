"""Weights: the parameters that train, by name, in one safetensors file. Nothing else of a model goes in."""

from __future__ import annotations

from pathlib import Path

import torch
from safetensors.torch import load_file, save_file

NAME = "weights.safetensors"


def save_weights(model: torch.nn.Module, directory: Path) -> None:
    """Write every parameter that trains. Tied parameters are written once."""
    trained = {name: p.detach().contiguous() for name, p in model.named_parameters() if p.requires_grad}
    save_file(trained, directory / NAME)


def load_weights(model: torch.nn.Module, directory: Path) -> None:
    """Copy what `save_weights` wrote into the same model, in place."""
    saved = load_file(directory / NAME)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if parameter.requires_grad:
                parameter.copy_(saved[name])
