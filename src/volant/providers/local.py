"""Local: an engine of our own (a llama.cpp server in a subprocess). Its port is state; its tokens cost nothing."""

from __future__ import annotations

from volant.providers.openai import CHAT, COMPLETIONS
from volant.providers.registry import Capabilities, Provider, provider


@provider("local")
def local() -> Provider:
    """Source: llama.cpp's server README, "OpenAI-compatible API endpoints"."""
    return Provider(
        title="An engine on this machine",
        wires=(CHAT, COMPLETIONS),
        capabilities=Capabilities(images=False, image_urls=False, choices=False),
        docs=(
            "A llama.cpp server that Volant starts and watches ([serve](../serve.md)). Its deployments are made with "
            "it, and its address is state: a deployment that you write yourself needs the `base_url` of a running one."
        ),
    )
