"""Azure OpenAI: OpenAI's dialects at a resource's own address, with another header for the key."""

from __future__ import annotations

from volant.providers.openai import CHAT, COMPLETIONS, EMBEDDINGS, OPENAI, RESPONSES
from volant.providers.registry import Provider, Wire, provider

_DATED = "/deployments/{model}"
_VERSION = "?api-version={api_version}"


@provider("azure")
def azure() -> Provider:
    """Source: Microsoft Learn, "Azure OpenAI in Foundry Models, v1 API" (read November 2026)."""
    return Provider(
        title="Azure OpenAI",
        wires=(CHAT, RESPONSES, COMPLETIONS, EMBEDDINGS),
        base_url="https://{resource}.openai.azure.com/openai/v1",
        auth_header="api-key",
        auth_value="{key}",
        key_env="AZURE_OPENAI_API_KEY",
        options={"resource": ""},
        price_provider="azure",
        capabilities=OPENAI,
        docs=(
            "The v1 API, which needs no api-version. `resource` is the name of the Azure resource; `model` is the name "
            "of the *deployment* in it, so set `price_model` to the model behind it. Keys stand in the Azure portal, "
            "under Keys and Endpoint. Where the resource has another host (services.ai.azure.com, a private link), "
            "give the `base_url` up to `/openai/v1`.\n\n"
            "Entra ID tokens expire within the hour and are not renewed by Volant: use a key."
        ),
    )


@provider("azure-dated")
def azure_dated() -> Provider:
    """Source: Microsoft Learn, "Azure OpenAI REST API reference", 2024-10-21 (read November 2026)."""
    return Provider(
        title="Azure OpenAI, dated API versions",
        wires=(
            Wire(operation="chat", dialect="openai_chat", path=f"{_DATED}/chat/completions{_VERSION}"),
            Wire(operation="chat", dialect="openai_completions", path=f"{_DATED}/completions{_VERSION}"),
            Wire(operation="embeddings", dialect="openai", path=f"{_DATED}/embeddings{_VERSION}"),
        ),
        base_url="https://{resource}.openai.azure.com/openai",
        auth_header="api-key",
        auth_value="{key}",
        key_env="AZURE_OPENAI_API_KEY",
        options={"resource": "", "api_version": "2024-10-21"},
        price_provider="azure",
        capabilities=OPENAI,
        docs=(
            "For resources and gateways that still want `?api-version=`. New ones: [azure](azure.md). `model` is the "
            "name of the *deployment*; set `price_model` to the model behind it."
        ),
    )
