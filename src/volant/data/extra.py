"""The `data` extra: one place that imports its libraries, and one friendly error without them."""

from __future__ import annotations

import importlib
from types import ModuleType

from volant.core.errors import Conflict


def need(module: str) -> ModuleType:
    """Import `module` of the `data` extra when a step first uses it. Raises Conflict (`missing_extra`) without it."""
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name != module.partition(".")[0]:
            raise
        raise Conflict(
            "missing_extra",
            f"the data stage needs {error.name!r}, which is not installed",
            hint="install the extra: pip install 'volant[data]'",
        ) from None
