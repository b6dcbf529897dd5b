"""Gemini beside generateContent: counting tokens and listing models. For the gateway's doors.

    POST /v1beta/models/{model}:countTokens   parse_count → (render_count → provider → read_count) → answer_count
    GET  /v1beta/models                       models_list
    GET  /v1beta/models/{model}               model_info

Source: Gemini API reference, "models.countTokens", "models.list"; google-genai 3.4.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from volant.core.capabilities import Capabilities
from volant.core.chat import ChatRequest
from volant.core.errors import BadInput, UpstreamFailed
from volant.dialects.dialect import Losses
from volant.dialects.fields import Json, decode, want
from volant.dialects.gemini_request import read_request, write_request
from volant.dialects.gemini_wire import proto, whole_number

_METHODS = ("generateContent", "streamGenerateContent", "countTokens", "embedContent", "batchEmbedContents")


def parse_count(body: bytes, model: str = "") -> ChatRequest:
    """What is to be counted: bare `contents`, or a whole `generateContentRequest`. Raises BadInput."""
    wire = proto(want(decode(body), dict, "body"))
    inner = wire.get("generateContentRequest")
    if inner is not None:
        wire = want(inner, dict, "generateContentRequest")
    return read_request(wire, model, stream=False)


def render_count(request: ChatRequest, capabilities: Capabilities, losses: Losses) -> bytes:
    """The body that asks Gemini for the count; what does not count stays away without a word."""
    wire = write_request(request, capabilities, Losses(losses.target))
    if set(wire) == {"contents"}:
        return msgspec.json.encode(wire)
    whole = {"model": f"models/{request.model.removeprefix('models/')}", **wire}
    return msgspec.json.encode({"generateContentRequest": whole})


def read_count(body: bytes) -> int:
    """The count in Gemini's answer, in tokens. Raises UpstreamFailed `invalid_answer`."""
    try:
        tokens = whole_number(proto(want(decode(body), dict, "body")).get("totalTokens"), "totalTokens")
        return want(tokens, int, "totalTokens")
    except (BadInput, RecursionError) as error:
        raise UpstreamFailed("invalid_answer", f"the upstream's answer is no count of tokens: {error}") from error


def answer_count(tokens: int) -> bytes:
    """The body that answers the client."""
    return msgspec.json.encode({"totalTokens": tokens})


def models_list(names: Sequence[str]) -> bytes:
    """The body of the list of models, all in one page."""
    return msgspec.json.encode({"models": [_model(name) for name in names]})


def model_info(name: str) -> bytes:
    """The body that describes one model."""
    return msgspec.json.encode(_model(name))


def _model(name: str) -> Json:
    return {
        "name": f"models/{name}",
        "baseModelId": name,
        "version": "",
        "displayName": name,
        "supportedGenerationMethods": list(_METHODS),
    }
