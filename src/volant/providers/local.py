"""Local: an engine of our own (a llama.cpp server in a subprocess). Its port is state; its tokens cost nothing."""

from __future__ import annotations

from volant.providers.registry import Capabilities, Provider, provider


@provider("local")
def local() -> Provider:
    """Source: llama.cpp's server README, "OpenAI-compatible API endpoints"."""
    return Provider(
        title="An engine on this machine",
        capabilities=Capabilities(images=False),
    )
