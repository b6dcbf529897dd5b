"""OpenAI, and every URL that speaks its chat completions (vLLM, SGLang, Ollama, OpenRouter, Groq, Mistral, ...)."""

from __future__ import annotations

from volant.providers.registry import Provider, provider


@provider("openai")
def openai() -> Provider:
    """Source: OpenAI API reference, "Authentication" and "Create chat completion" (read November 2026)."""
    return Provider(
        title="OpenAI and compatible",
        base_url="https://api.openai.com/v1",
        key_env="OPENAI_API_KEY",
        price_provider="openai",
    )
