"""Counting: how many input tokens a request has: asked of a provider that says, else estimated, with a warning.

Sources: Anthropic "Count Message tokens", Gemini `models.countTokens`, OpenAI "Get input token counts" (read November
2026). What is counted is what would be sent: with the variant's system message and prompt. Pure.
"""

from __future__ import annotations

import math
from typing import Any

import msgspec

from volant.core.chat import ChatRequest, TextPart
from volant.core.errors import UpstreamFailed
from volant.dialects import find
from volant.dialects.dialect import Losses
from volant.dialects.openai_reading import Reading
from volant.gateway import body
from volant.gateway.composing import composed
from volant.gateway.plan import Place, VariantPlan, Way

ESTIMATED = "input_tokens: estimated at four bytes a token; this deployment cannot count"
_ENCODER = msgspec.json.Encoder()
_COUNTED = {  # dialect -> fields of a chat that its counting takes
    "anthropic": frozenset(
        {"model", "messages", "system", "thinking", "tool_choice", "tools", "output_config", "mcp_servers"}
    ),
    "openai_responses": frozenset(
        {"model", "input", "instructions", "tools", "tool_choice", "parallel_tool_calls", "reasoning", "text"}
    ),
}
_TOKENS_A_MESSAGE = 4
_TOKENS_OF_MEDIA = 1000  # a picture or a page, roughly


def request_for(
    asked: body.Asked, variant: VariantPlan, place: Place, way: Way, edited: ChatRequest | None = None
) -> tuple[bytes, tuple[str, ...]]:
    """(body, what was dropped). Raises BadInput for what `way` cannot say."""
    dialect = find(way.wire.dialect)
    plain = edited is None and not (variant.defaults or variant.system or variant.said)
    if plain and way.wire.dialect == asked.entrance.dialect and asked.known() is None:  # it may understand it
        fields: dict[str, Any] = {name: value for name, value in asked.fields.items() if name != "volant"}
        return _ENCODER.encode({**fields, "model": place.target.model} if "model" in fields else fields), ()
    losses = Losses(dialect.title)
    request = composed(edited or asked.chat(), variant)
    request = msgspec.structs.replace(request, model=place.target.model, stream=False, include_usage=False)
    wire: dict[str, Any] = msgspec.json.decode(dialect.render_request(request, place.capabilities, losses))
    if dialect.name == "gemini":
        wire = {"generateContentRequest": {"model": f"models/{place.target.model.removeprefix('models/')}", **wire}}
    elif (counted := _COUNTED.get(dialect.name)) is not None:
        wire = {name: value for name, value in wire.items() if name in counted}
    return _ENCODER.encode(wire), tuple(said for said in losses.dropped if not said.startswith("max_tokens"))


def read(answer: bytes) -> Reading:
    """The count, as `content`; it costs nothing. Raises UpstreamFailed for an answer that is none."""
    try:
        said = msgspec.json.decode(answer)
        tokens = int(said["input_tokens"] if "input_tokens" in said else said["totalTokens"])
    except (msgspec.DecodeError, KeyError, TypeError, ValueError):
        raise UpstreamFailed("invalid_answer", "the upstream gave no count of tokens") from None
    return Reading(content=str(tokens), counted=True, finish="stop", output=b'{"input_tokens":%d}' % tokens)


def estimated(asked: body.Asked, variant: VariantPlan) -> int:
    """About how many input tokens. Raises BadInput for a request that its dialect does not know."""
    request = composed(asked.chat(), variant)
    size = len(_ENCODER.encode(request.tools)) if request.tools else 0
    media = 0
    for message in request.messages:
        for part in message.parts:
            if isinstance(part, TextPart):
                size += len(part.text.encode("utf-8", "replace"))
            else:
                media += 1
        size += sum(len(call.name) + len(call.arguments) for call in message.tool_calls)
    return math.ceil(size / 4) + _TOKENS_A_MESSAGE * len(request.messages) + _TOKENS_OF_MEDIA * media


def answer_for(asked: body.Asked, tokens: int) -> bytes:
    """In the caller's dialect."""
    if asked.entrance.dialect == "gemini":
        details = [{"modality": "TEXT", "tokenCount": tokens}]
        return _ENCODER.encode({"totalTokens": tokens, "promptTokensDetails": details})
    return _ENCODER.encode({"input_tokens": tokens})
