"""Registry of scorers: one protocol, one decorator, and discovery of the modules of this package.

Knows names and classes; knows nothing of what a scorer looks at. A scorer of one's own, outside of the package, uses
the same door: the decorator registers it when its module is imported.
"""

from __future__ import annotations

import functools
import importlib
import inspect
import pkgutil
from collections.abc import Callable
from typing import Any, ClassVar, Protocol, TypeVar, runtime_checkable

from volant.core.errors import BadInput, Conflict, NotFound
from volant.scorers.score import Example, Score


@runtime_checkable
class Scorer(Protocol):
    """Judges one output. One method; must be deterministic and safe on any `str`.

    `examples` states at least one case of full and one of zero score under the default options.
    """

    examples: ClassVar[tuple[Example, ...]]

    def score(self, output: str, expected: str) -> Score:
        """Judge `output`, what the model said, against `expected`, what it should have said."""
        ...


ScorerClass = TypeVar("ScorerClass", bound=Callable[..., Scorer])

_registered: dict[str, Callable[..., Scorer]] = {}  # filled by the decorator while modules are imported, then only read


def scorer(name: str) -> Callable[[ScorerClass], ScorerClass]:
    """Register a class, all of whose options have defaults, as the scorer `name`.

    Raises Conflict when another class holds the name already.
    """

    def register(cls: ScorerClass) -> ScorerClass:
        holder = _registered.get(name)
        if holder is not None and _address(holder) != _address(cls):
            raise Conflict(
                "scorer_name_taken",
                f"two scorers are called {name!r}: {_address(holder)} and {_address(cls)}",
                where=_address(cls),
                hint="give one of them another name in its @scorer(...)",
            )
        _registered[name] = cls
        return cls

    return register


def names() -> list[str]:
    """Names of all registered scorers, sorted."""
    _discover()
    return sorted(_registered)


def create(name: str, **options: Any) -> Scorer:
    """Build the scorer `name`. Raises NotFound for an unknown name, BadInput for an unknown or impossible option."""
    _discover()
    try:
        build = _registered[name]
    except KeyError:
        raise NotFound(
            "unknown_scorer", f"no scorer is called {name!r}", hint=f"use one of: {', '.join(sorted(_registered))}"
        ) from None
    known = inspect.signature(build).parameters
    unknown = sorted(set(options) - set(known))
    if unknown:
        raise BadInput(
            "scorer_option_unknown",
            f"scorer {name!r} has no option {', '.join(map(repr, unknown))}",
            hint=f"its options are: {', '.join(known) or 'none'}",
        )
    return build(**options)


@functools.cache
def _discover() -> None:
    """Import every module of the package once, so that their decorators run."""
    package = importlib.import_module("volant.scorers")
    for module in pkgutil.iter_modules(package.__path__):
        importlib.import_module(f"{package.__name__}.{module.name}")


def _address(cls: object) -> str:
    return f"{getattr(cls, '__module__', '?')}.{getattr(cls, '__qualname__', '?')}"
