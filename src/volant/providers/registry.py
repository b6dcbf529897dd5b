"""Registry of providers: a fact sheet each, one decorator, and discovery of this package's modules.

Nothing asks for a provider's name: code asks for its facts. A provider of one's own uses the same door: the decorator
registers it when its module is imported.
"""

from __future__ import annotations

import functools
import importlib
import pkgutil
from collections.abc import Callable, Mapping
from typing import Literal
from urllib.parse import urlsplit

import msgspec

from volant.core.capabilities import Capabilities
from volant.core.errors import BadInput, Conflict, NotFound


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
    key_optional: bool = False  # such servers mostly want none
    price_provider: str = ""  # its id in the price tables; empty: costs nothing per token
    capabilities: Capabilities = Capabilities()
    elsewhere: str = ""  # the provider whose sheet counts where a deployment names another base URL
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


def sheet_of(name: str, base_url: str = "", options: Mapping[str, str] | None = None) -> Provider:
    """The sheet that counts for one deployment: at its address, with the abilities that it says of itself.

    Raises NotFound `unknown_provider`, BadInput `unknown_option` and `bad_option`.
    """
    sheet = find(name)
    if sheet.elsewhere and base_url and _company(base_url) != _company(sheet.base_url):
        sheet = find(sheet.elsewhere)
    said = {option: value for option, value in (options or {}).items() if option not in sheet.options}
    if not said:
        return sheet
    changes = {option: _ability(name, option, value, sheet) for option, value in said.items()}
    return msgspec.structs.replace(sheet, capabilities=msgspec.structs.replace(sheet.capabilities, **changes))


def _company(url: str) -> str:
    """The last two names of the host: eu.api.openai.com is OpenAI's as api.openai.com is."""
    return ".".join((urlsplit(url).hostname or "").split(".")[-2:])


def _ability(name: str, option: str, value: str, sheet: Provider) -> bool | str:
    known = getattr(sheet.capabilities, option, None)
    if known is None:
        offered = [*sheet.options, *Capabilities.__struct_fields__]
        raise BadInput(
            "unknown_option",
            f"provider {name!r} has no option {option[:40]!r}",
            where=f"options.{option}",
            hint=f"use one of: {', '.join(offered)}",
        )
    if isinstance(known, str):
        return value
    if value not in ("true", "false"):
        raise BadInput(
            "bad_option",
            f"option {option!r} is {value[:40]!r}",
            where=f"options.{option}",
            hint='an ability is "true" or "false"',
        )
    return value == "true"


@functools.cache
def _discover() -> None:
    """Import every module and package beside this one, so that their decorators run."""
    package = importlib.import_module("volant.providers")
    for module in pkgutil.iter_modules(package.__path__):
        if module.name not in _NOT_PROVIDERS:
            importlib.import_module(f"{package.__name__}.{module.name}")


# the machinery; prices is heavy and not for gateways
_NOT_PROVIDERS = {"registry", "http", "endpoint", "prices", "sigv4", "fetching", "addresses"}

__all__ = ["Capabilities", "Provider", "Wire", "find", "names", "provider", "sheet_of"]
