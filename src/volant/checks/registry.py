"""Registry of checks: one protocol, one decorator, and discovery of the modules of this package.

Knows names, classes and their options; knows nothing of what a check looks for. A check of one's own, outside of the
package, uses the same door: the decorator registers it when its module is imported.
"""

from __future__ import annotations

import functools
import importlib
import pkgutil
from collections.abc import Callable
from typing import Any, Protocol, TypeVar, runtime_checkable

import msgspec

from volant.checks.finding import Finding, combined_score
from volant.core.errors import BadInput, Conflict, NotFound

Json = dict[str, Any]


@runtime_checkable
class Check(Protocol):
    """A question about a text. One method; must be pure, deterministic and safe on any `str`, surrogates included.

    A class may say more of itself, beside the method:
    `Options`  a msgspec.Struct of what may be configured, every field with a default; its fields are the names of the
               class's keyword arguments. Wrong values raise BadInput there, naming the field in `where`.
    `window`   characters that a finding spans at most, the words that decide it included; a longer run without a
               space does not count. Without it the check must see the whole text (a stream is held back).
    `combines` True where several weak findings make a strong one (see `combined_score`); else the surest counts.
    """

    def find(self, text: str) -> list[Finding]:
        """Return what was found, ordered by start; at most one finding per span and kind."""
        ...


CheckClass = TypeVar("CheckClass", bound=Callable[..., Check])

_registered: dict[str, Callable[..., Check]] = {}  # filled by the decorator while modules are imported, then only read


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


def create(name: str, options: Json | None = None) -> Check:
    """Build the check `name`, with its defaults where `options` says nothing.

    Raises NotFound, naming those that exist; BadInput `bad_check_option` for an option that it does not know or take.
    """
    build = _find(name)
    if not options:
        return build()
    shape = getattr(build, "Options", None)
    if shape is None:
        raise BadInput("bad_check_option", f"the check {name!r} has no options", where=next(iter(options)))
    try:
        given = msgspec.convert(options, shape)
    except msgspec.ValidationError as error:
        raise BadInput("bad_check_option", str(error), hint=f"options: {', '.join(option_names(name))}") from None
    return build(**{field: getattr(given, field) for field in shape.__struct_fields__})


def option_names(name: str) -> tuple[str, ...]:
    """What `create` takes for that check. Raises NotFound."""
    shape = getattr(_find(name), "Options", None)
    return tuple(shape.__struct_fields__) if shape is not None else ()


def window_of(check: Check) -> int | None:
    """See Check: characters; None: the whole text."""
    return getattr(check, "window", None)


def strength(check: Check, findings: list[Finding]) -> float:
    """How sure the check is of a text, by what it found in it: 0 to 1."""
    if getattr(check, "combines", False):
        return combined_score(findings)
    return max((one.score for one in findings), default=0.0)


def _find(name: str) -> Callable[..., Check]:
    _discover()
    try:
        return _registered[name]
    except KeyError:
        raise NotFound(
            "unknown_check", f"no check is called {name!r}", hint=f"use one of: {', '.join(sorted(_registered))}"
        ) from None


@functools.cache
def _discover() -> None:
    """Import every module of the package once, so that their decorators run."""
    package = importlib.import_module("volant.checks")
    for module in pkgutil.iter_modules(package.__path__):
        importlib.import_module(f"{package.__name__}.{module.name}")


def _address(cls: object) -> str:
    return f"{getattr(cls, '__module__', '?')}.{getattr(cls, '__qualname__', '?')}"
