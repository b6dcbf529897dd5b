"""Anthropic errors: `{"type": "error", "error": {type, message}, "request_id"}`, both ways.

Source: Anthropic API reference, "Errors", and the types of the anthropic SDK 2.12. The SDK chooses its exception by the
HTTP status; people and logs read `type`.
"""

from __future__ import annotations

import msgspec

from volant.core.errors import VolantError
from volant.dialects.dialect import UpstreamError, told

_TYPES = {
    400: "invalid_request_error",
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    408: "timeout_error",
    409: "invalid_request_error",
    413: "request_too_large",
    422: "invalid_request_error",
    429: "rate_limit_error",
    503: "overloaded_error",
    504: "timeout_error",
    529: "overloaded_error",
}
_TOO_LONG = (
    "prompt is too long",
    "exceed context limit",
    "exceeds the context window",
    "context window",
    "maximum context length",
)


def render_error(error: VolantError, request_id: str) -> bytes:
    """One of our errors: message, place and advice in one readable message."""
    body = {
        "type": "error",
        "error": {"type": type_of(error.status), "message": told(error), "details": {"error_code": error.code}},
        "request_id": request_id or None,
    }
    return msgspec.json.encode(body)


def type_in_stream(kind: str) -> str:
    """The word for an error that breaks a stream off: Anthropic's own, else `api_error`."""
    return kind if kind in _TYPES.values() else "api_error"


def type_of(status: int) -> str:
    """The word for an HTTP status."""
    return _TYPES.get(status, "api_error" if status >= 500 else "invalid_request_error")


def parse_error(status: int, body: bytes) -> UpstreamError:
    """What an error answer says; never raises."""
    try:
        wire = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        wire = None
    said = wire.get("error") if isinstance(wire, dict) else None
    if not isinstance(said, dict):
        text = said if isinstance(said, str) else body[:200].decode(errors="replace").strip()
        return UpstreamError(message=text or f"status {status} without a word", kind=type_of(status))
    message = str(said.get("message") or "")
    details = said.get("details")
    return UpstreamError(
        message=message,
        kind=str(said.get("type") or type_of(status)),
        code=str(details.get("error_code") or "") if isinstance(details, dict) else "",
        context_exceeded=status in (400, 413) and any(words in message.lower() for words in _TOO_LONG),
    )
