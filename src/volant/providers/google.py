"""Google: Gemini by an API key."""

from __future__ import annotations

from volant.providers.registry import Capabilities, Provider, Wire, provider


@provider("google")
def google() -> Provider:
    """Source: Gemini API reference, "Generating content", "Embeddings", "Counting tokens" (read November 2026)."""
    return Provider(
        title="Google Gemini",
        wires=(
            Wire(
                operation="chat",
                dialect="gemini",
                path="/models/{model}:generateContent",
                stream_path="/models/{model}:streamGenerateContent?alt=sse",
            ),
            Wire(operation="embeddings", dialect="gemini", path="/models/{model}:batchEmbedContents"),
            Wire(operation="count_tokens", dialect="gemini", path="/models/{model}:countTokens"),
        ),
        base_url="https://generativelanguage.googleapis.com/v1beta",
        auth_header="x-goog-api-key",
        auth_value="{key}",
        key_env="GEMINI_API_KEY",
        price_provider="google",
        capabilities=Capabilities(image_urls=False, files=True, audio=True, parallel_tools=False),
        docs=(
            "Keys are made at aistudio.google.com. Vertex AI, which wants OAuth tokens, is another API and not this "
            "one.\n\n"
            "Thought signatures go round: Gemini refuses a tool result whose call has lost its signature, so clients "
            "of other dialects must send assistant messages back as they came."
        ),
    )
