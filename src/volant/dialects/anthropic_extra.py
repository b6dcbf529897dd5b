"""Anthropic beside messages: counting tokens and listing models. For the gateway's doors.

    POST /v1/messages/count_tokens   parse_count → (render_count → provider → read_count) → answer_count
    GET  /v1/models                  models_list
    GET  /v1/models/{model}          model_info

Source: Anthropic API reference, "Count Message tokens", "List Models"; anthropic SDK 2.12.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from volant.core.capabilities import Capabilities
from volant.core.chat import ChatRequest, Json
from volant.core.errors import BadInput, UpstreamFailed
from volant.dialects.anthropic_request import parse_request, render_wire
from volant.dialects.dialect import Losses
from volant.dialects.fields import decode, want

_COUNTED = (
    "model", "system", "messages", "tools", "tool_choice", "thinking", "output_config", "cache_control", "speed",
    "mcp_servers", "context_management", "user_profile_id", "workspace_id",
)  # fmt: skip
_UNKNOWN_TIME = "1970-01-01T00:00:00Z"  # what the API itself says where it does not know the date


def parse_count(body: bytes, model: str = "") -> ChatRequest:
    """The messages whose tokens are to be counted: a request without a limit. Raises BadInput as `parse_request`."""
    return parse_request(body, model, stream=False)


def render_count(request: ChatRequest, capabilities: Capabilities, losses: Losses) -> bytes:
    """The body that asks Anthropic for the count; what does not count stays away without a word."""
    silent = Losses(losses.target)  # a default limit and dropped sampling do not touch a count; refusals still raise
    wire = render_wire(request, capabilities, silent)
    return msgspec.json.encode({name: wire[name] for name in _COUNTED if name in wire})


def read_count(body: bytes) -> int:
    """The count in Anthropic's answer, in tokens. Raises UpstreamFailed `invalid_answer`."""
    try:
        return want(want(decode(body), dict, "body").get("input_tokens"), int, "input_tokens")
    except (BadInput, RecursionError) as error:
        raise UpstreamFailed("invalid_answer", f"the upstream's answer is no count of tokens: {error}") from error


def answer_count(tokens: int) -> bytes:
    """The body that answers the client."""
    return msgspec.json.encode({"input_tokens": tokens})


def models_list(names: Sequence[str]) -> bytes:
    """The body of the list of models, all in one page."""
    data = [_model(name) for name in names]
    ends = {"first_id": names[0] if names else None, "last_id": names[-1] if names else None}
    return msgspec.json.encode({"data": data, "has_more": False, **ends})


def model_info(name: str) -> bytes:
    """The body that describes one model."""
    return msgspec.json.encode(_model(name))


def _model(name: str) -> Json:
    return {"type": "model", "id": name, "display_name": name, "created_at": _UNKNOWN_TIME, "lifecycle": "active"}
