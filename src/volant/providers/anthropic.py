"""Anthropic: Claude by the Messages API."""

from __future__ import annotations

from volant.providers.registry import Capabilities, Provider, Wire, provider


@provider("anthropic")
def anthropic() -> Provider:
    """Source: Anthropic API reference, "Versions", "Messages", "Count tokens" (read November 2026)."""
    return Provider(
        title="Anthropic",
        wires=(
            Wire(operation="chat", dialect="anthropic", path="/messages"),
            Wire(operation="count_tokens", dialect="anthropic", path="/messages/count_tokens"),
        ),
        base_url="https://api.anthropic.com/v1",
        auth_header="x-api-key",
        auth_value="{key}",
        headers=(("anthropic-version", "{version}"),),
        options={"version": "2026-10-21"},
        key_env="ANTHROPIC_API_KEY",
        price_provider="anthropic",
        capabilities=Capabilities(
            files=True,
            file_urls=True,
            logprobs=False,
            seed=False,
            choices=False,
            penalties=False,
            sampling=False,
            top_k=False,
            json_object=False,
        ),
        docs=(
            "Keys are made at console.anthropic.com, under API keys.\n\n"
            "Under version 2026-10-21 Anthropic refuses temperature, top_p and top_k, so they are left out of requests "
            "that are translated, with a warning. To send them, ask for the older version and say so: "
            '`options = { version = "2023-06-01", sampling = "true", top_k = "true" }`.\n\n'
            "A client of the Anthropic SDK keeps its own `anthropic-version` and `anthropic-beta`. Signed thinking "
            "goes round to clients of every dialect."
        ),
    )
