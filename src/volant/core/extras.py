"""Extras: import a library that an extra brings, or say how to install it.

Knows module names and the extras of `pyproject.toml`; imports nothing until it is asked to.
"""

from __future__ import annotations

import importlib
from types import ModuleType

from volant.core.errors import Unavailable


def need(module: str, extra: str) -> ModuleType:
    """The module. Raises Unavailable `extra_missing`, with the one command that helps, when it is not installed."""
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] != module.partition(".")[0]:
            raise  # the library is there, and broken
        raise Unavailable(
            "extra_missing",
            f"this needs the package {module.partition('.')[0]!r}, which is not installed",
            hint=f"pip install 'volant[{extra}]'",
        ) from None
