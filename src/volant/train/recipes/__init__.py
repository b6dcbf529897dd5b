"""Recipes: functions that return a TrainConfig, found by name.

A recipe is one module in this folder with one decorated function of a few typed arguments. Third parties use the same
decorator. Discovery imports every module of this folder once; no list is edited by hand. Knows nothing of torch.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from volant.core.errors import BadInput, NotFound
from volant.train.config import TrainConfig, validated

RecipeFunction = Callable[..., TrainConfig]

_REGISTRY: dict[str, RecipeFunction] = {}


def recipe(name: str) -> Callable[[RecipeFunction], RecipeFunction]:
    """Register a function as the recipe `name`. A name taken by another function is a programming error."""

    def register(function: RecipeFunction) -> RecipeFunction:
        other = _REGISTRY.get(name)
        if other is not None and (other.__module__, other.__qualname__) != (function.__module__, function.__qualname__):
            raise ValueError(f"recipe {name!r} is already {other.__module__}.{other.__qualname__}")
        _REGISTRY[name] = function
        return function

    return register


def discovered() -> Mapping[str, RecipeFunction]:
    """All recipes by name, this folder's modules imported."""
    for module in pkgutil.iter_modules(__path__):
        importlib.import_module(f"{__name__}.{module.name}")
    return dict(sorted(_REGISTRY.items()))


def options_of(name: str) -> dict[str, tuple[Any, Any]]:
    """A recipe's options as {name: (type, default)}; `inspect.Parameter.empty` where an option must be given."""
    function = _find(name)
    parameters = inspect.signature(function, eval_str=True).parameters.values()
    return {parameter.name: (parameter.annotation, parameter.default) for parameter in parameters}


def build(name: str, options: Mapping[str, Any]) -> TrainConfig:
    """The configuration of a recipe with these options, checked.

    Raises NotFound("recipe_unknown"), BadInput("recipe_option_unknown"), BadInput("recipe_option_missing"),
    BadInput("recipe_option_invalid") or BadInput("train_config_invalid").
    """
    function, known = _find(name), options_of(name)
    unknown = sorted(set(options) - set(known))
    if unknown:
        raise BadInput("recipe_option_unknown", f"no such option: {', '.join(unknown)}", where=f"recipe {name}",
                       hint=f"options are {', '.join(known)}")  # fmt: skip
    missing = [key for key, (_, default) in known.items() if default is inspect.Parameter.empty and key not in options]
    if missing:
        raise BadInput("recipe_option_missing", f"needs {', '.join(missing)}", where=f"recipe {name}",
                       hint="give it in the recipe's options")  # fmt: skip
    arguments: dict[str, Any] = {}
    for key, value in options.items():
        try:
            arguments[key] = msgspec.convert(value, known[key][0])
        except msgspec.ValidationError as error:
            raise BadInput("recipe_option_invalid", f"{key}: {error}", where=f"recipe {name}",
                           hint=f"{key} is a {known[key][0]}") from None  # fmt: skip
    return validated(function(**arguments))


def _find(name: str) -> RecipeFunction:
    found = discovered()
    if name not in found:
        raise NotFound("recipe_unknown", f"no recipe {name!r}", hint=f"recipes are {', '.join(found)}")
    return found[name]
