"""OpenAI, and every URL that speaks its chat completions."""

from __future__ import annotations

from volant.providers.registry import Capabilities, Provider, Wire, provider

CHAT = Wire(operation="chat", dialect="openai_chat", path="/chat/completions")
RESPONSES = Wire(operation="chat", dialect="openai_responses", path="/responses")
COMPLETIONS = Wire(operation="chat", dialect="openai_completions", path="/completions")
EMBEDDINGS = Wire(operation="embeddings", dialect="openai", path="/embeddings")
MODERATIONS = Wire(operation="moderations", dialect="openai", path="/moderations")
OPENAI = Capabilities(
    files=True,
    audio=True,
    top_k=False,
    limit_field="max_completion_tokens",
    developer_role=True,
    reasoning_content=False,
    short_call_ids=True,
)


@provider("openai")
def openai() -> Provider:
    """Source: OpenAI API reference, "Authentication", "Chat", "Responses", "Embeddings" (read November 2026)."""
    return Provider(
        title="OpenAI",
        wires=(CHAT, RESPONSES, COMPLETIONS, EMBEDDINGS, MODERATIONS),
        base_url="https://api.openai.com/v1",
        key_env="OPENAI_API_KEY",
        price_provider="openai",
        capabilities=OPENAI,
        elsewhere="compatible",
        docs=(
            "Keys are made at platform.openai.com, under API keys.\n\n"
            "A client that speaks Responses reaches OpenAI's Responses, with all that OpenAI keeps for it "
            "(`previous_response_id`, files, its own tools). Every other client is answered by chat completions, "
            "which never show the thinking.\n\n"
            "Reasoning models refuse temperature, top_p, penalties and stop sequences. Say so in their deployment: "
            '`options = { sampling = "false", penalties = "false", stop = "false" }`. Translated requests then '
            "lose the first three with a warning, and those with stop sequences are refused before they are sent.\n\n"
            "With a `base_url` of another host this provider is [compatible](compatible.md)."
        ),
    )


@provider("compatible")
def compatible() -> Provider:
    """What a server that copies OpenAI's chat completions can be expected to do."""
    return Provider(
        title="Any OpenAI-compatible URL",
        wires=(CHAT, COMPLETIONS, EMBEDDINGS),
        docs=(
            "For servers without a page of their own. Everything that chat completions can say is sent to it, except "
            "documents and sound. Where it cannot do something, say so in the deployment's `options`, and a request "
            'for it is refused or loses it with a warning: `{ images = "false", json_schema = "false" }`.\n\n'
            "Its tokens cost nothing here; give the deployment prices of its own where they do."
        ),
    )
