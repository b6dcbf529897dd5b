"""Registry of providers: a fact sheet each, one decorator, and discovery of this package's modules.

Nothing asks for a provider's name: code asks for its facts. A provider of one's own uses the same door: the decorator
registers it when its module is imported.
"""

from __future__ import annotations

import functools
import importlib
import pkgutil
from collections.abc import Callable
from typing import Literal

import msgspec

from volant.core.capabilities import Capabilities
from volant.core.errors import Conflict, NotFound


class Wire(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that a provider's API does: an operation in a dialect, at a path after the base URL.

    `{model}` in a path is the deployment's model, percent-encoded; `{NAME}` an entry of its `options`.
    """

    operation: Literal["chat", "embeddings", "count_tokens", "moderations"]
    dialect: str  # a name of volant.dialects; of embeddings "openai" or "gemini", of moderations "openai"
    path: str
    stream_path: str = ""  # empty: the same, and the body says that it is a stream


class Provider(msgspec.Struct, frozen=True, kw_only=True):
    """How to reach one company's or engine's API: wire + connection + capabilities."""

    title: str
    wires: tuple[Wire, ...] = (Wire(operation="chat", dialect="openai_chat", path="/chat/completions"),)
    base_url: str = ""  # used where a deployment names none; empty: the deployment must, or its engine's state does
    auth: Literal["header", "sigv4"] = "header"
    auth_header: str = "authorization"
    auth_value: str = "Bearer {key}"  # `{key}` is replaced; no header is sent where there is no key
    headers: tuple[tuple[str, str], ...] = ()  # sent with every request; `{NAME}` as in a Wire's path
    options: dict[str, str] = {}  # what a deployment may set, and what it is otherwise: {"api_version": "v1"}
    key_env: str = ""  # environment variable that usually holds the key
    price_provider: str = ""  # its id in the price tables; empty: costs nothing per token
    capabilities: Capabilities = Capabilities()
    docs: str = ""  # what a newcomer must know, as Markdown: where the key comes from, which models, what is special

    def wire(self, operation: str, dialect: str = "") -> Wire | None:
        """How it does `operation`: in `dialect` where it can, else in its own first one; None where it cannot."""
        able = [wire for wire in self.wires if wire.operation == operation]
        return next((wire for wire in able if wire.dialect == dialect), able[0] if able else None)


_registered: dict[str, Provider] = {}  # filled by the decorator while modules are imported, then only read


def provider(name: str) -> Callable[[Callable[[], Provider]], Callable[[], Provider]]:
    """Register the fact sheet that a function returns as the provider `name`.

    Raises Conflict when the name has another sheet already.
    """

    def register(build: Callable[[], Provider]) -> Callable[[], Provider]:
        sheet = build()
        if _registered.setdefault(name, sheet) != sheet:
            raise Conflict(
                "provider_name_taken",
                f"two providers are called {name!r}",
                where=f"{build.__module__}.{build.__qualname__}",
                hint="give one of them another name in its @provider(...)",
            )
        return build

    return register


def names() -> list[str]:
    """Names of all registered providers, sorted."""
    _discover()
    return sorted(_registered)


def find(name: str) -> Provider:
    """The fact sheet of `name`. Raises NotFound `unknown_provider`, naming those that exist."""
    _discover()
    try:
        return _registered[name]
    except KeyError:
        raise NotFound(
            "unknown_provider",
            f"no provider is called {name!r}",
            hint=f"use one of: {', '.join(sorted(_registered))} (any OpenAI-compatible URL: openai)",
        ) from None


@functools.cache
def _discover() -> None:
    """Import every module and package beside this one, so that their decorators run."""
    package = importlib.import_module("volant.providers")
    for module in pkgutil.iter_modules(package.__path__):
        if module.name not in _NOT_PROVIDERS:
            importlib.import_module(f"{package.__name__}.{module.name}")


_NOT_PROVIDERS = {"registry", "http", "endpoint", "prices"}  # the machinery; prices is heavy and not for gateways

__all__ = ["Capabilities", "Provider", "Wire", "find", "names", "provider"]
