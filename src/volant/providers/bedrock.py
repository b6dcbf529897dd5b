"""Amazon Bedrock: any of its models by the Converse API."""

from __future__ import annotations

from volant.providers.registry import Capabilities, Provider, Wire, provider


@provider("bedrock")
def bedrock() -> Provider:
    """Source: Amazon Bedrock API reference, "Converse", "ConverseStream" (read November 2026)."""
    return Provider(
        title="Amazon Bedrock",
        wires=(
            Wire(
                operation="chat",
                dialect="bedrock",
                path="/model/{model}/converse",
                stream_path="/model/{model}/converse-stream",
            ),
        ),
        base_url="https://bedrock-runtime.{region}.amazonaws.com",
        auth="sigv4",
        options={"region": "us-east-1"},
        key_env="AWS_BEARER_TOKEN_BEDROCK",
        price_provider="aws",
        capabilities=Capabilities(
            image_urls=False,
            files=True,
            cache_points=True,
            logprobs=False,
            seed=False,
            choices=False,
            penalties=False,
            json_object=False,
            parallel_tools=False,
        ),
        docs=(
            "The key is either a Bedrock API key (made in the Bedrock console) or an access key as "
            "`ACCESS_KEY_ID:SECRET_ACCESS_KEY`, with `:SESSION_TOKEN` after it where there is one; requests are then "
            "signed (Signature Version 4). Roles of an EC2 instance or a pod are not asked for credentials.\n\n"
            "`model` is a model id, an inference profile id (`eu.anthropic.…`) or an ARN. Clients of every dialect "
            "reach it. A model without prompt caching refuses cache points, which Claude's clients ask for: "
            '`options = { cache_points = "false" }`. Few models hear: `{ audio = "true" }` for one that does. No '
            "client speaks Converse to Volant. Images and documents are sent whole: Volant fetches their URLs.\n\n"
            "Claude, known by its name in the model id, is told how to think in its own words; name an inference "
            "profile's ARN so that it has the name, or its thinking is asked for as an effort only."
        ),
    )
