"""Registry of checks: one protocol, one decorator, and discovery of the modules of this package.

Knows names and classes; knows nothing of what a check looks for. A check of one's own, outside of the package, uses the
same door: the decorator registers it when its module is imported.
"""

from __future__ import annotations

import functools
import importlib
import pkgutil
from collections.abc import Callable
from typing import Protocol, TypeVar, runtime_checkable

from volant.checks.finding import Finding
from volant.core.errors import Conflict, NotFound


@runtime_checkable
class Check(Protocol):
    """A question about a text. One method; must be pure, deterministic and safe on any `str`, surrogates included."""

    def find(self, text: str) -> list[Finding]:
        """Return what was found, ordered by start; at most one finding per span and kind."""
        ...


CheckClass = TypeVar("CheckClass", bound=Callable[[], Check])

_registered: dict[str, Callable[[], Check]] = {}  # filled by the decorator while modules are imported, then only read


def check(name: str) -> Callable[[CheckClass], CheckClass]:
    """Register a class without required arguments as the check `name`.

    Raises Conflict when another class holds the name already.
    """

    def register(cls: CheckClass) -> CheckClass:
        holder = _registered.get(name)
        if holder is not None and _address(holder) != _address(cls):
            raise Conflict(
                "check_name_taken",
                f"two checks are called {name!r}: {_address(holder)} and {_address(cls)}",
                where=_address(cls),
                hint="give one of them another name in its @check(...)",
            )
        _registered[name] = cls
        return cls

    return register


def names() -> list[str]:
    """Names of all registered checks, sorted."""
    _discover()
    return sorted(_registered)


def create(name: str) -> Check:
    """Build the check `name` with its defaults. Raises NotFound, naming those that exist."""
    _discover()
    try:
        build = _registered[name]
    except KeyError:
        raise NotFound(
            "unknown_check", f"no check is called {name!r}", hint=f"use one of: {', '.join(sorted(_registered))}"
        ) from None
    return build()


@functools.cache
def _discover() -> None:
    """Import every module of the package once, so that their decorators run."""
    package = importlib.import_module("volant.checks")
    for module in pkgutil.iter_modules(package.__path__):
        importlib.import_module(f"{package.__name__}.{module.name}")


def _address(cls: object) -> str:
    return f"{getattr(cls, '__module__', '?')}.{getattr(cls, '__qualname__', '?')}"
