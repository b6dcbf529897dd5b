"""Gemini's errors: `{"error": {code, message, status, details}}`, both ways.

Source: google.rpc.Status, ErrorInfo, RetryInfo and RequestInfo (googleapis/googleapis), and google-genai 3.4.
"""

from __future__ import annotations

import re
from typing import Any

import msgspec

from volant.core.chat import Failed
from volant.core.errors import VolantError
from volant.dialects.dialect import UpstreamError, told
from volant.dialects.fields import Json

_RPC = "type.googleapis.com/google.rpc."
_STATUS = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    409: "ABORTED",
    413: "INVALID_ARGUMENT",
    429: "RESOURCE_EXHAUSTED",
    499: "CANCELLED",
    500: "INTERNAL",
    501: "UNIMPLEMENTED",
    502: "UNAVAILABLE",
    503: "UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
    507: "UNAVAILABLE",
}
_CODES = {
    status: code for code, status in reversed(_STATUS.items())
} | {  # and other dialects' words of a stream's error
    "UNAVAILABLE": 503,
    "overloaded_error": 503,
    "rate_limit_error": 429,
    "invalid_request_error": 400,
}
_TOO_LONG = re.compile(
    r"input token count.{0,60}exceeds the maximum|exceeds the maximum number of (input )?tokens", re.IGNORECASE
)
_DELAY = re.compile(r"(\d{1,9}(?:\.\d{1,9})?)s")


def parse_error(status: int, body: bytes) -> UpstreamError:
    """What Gemini, or a proxy before it, said. Never raises."""
    try:
        said = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return UpstreamError(message=body[:500].decode(errors="replace"), kind=_STATUS.get(status, ""))
    if isinstance(said, list) and said:  # of a stream without alt=sse
        said = said[0]
    error = said.get("error") if isinstance(said, dict) else None
    if isinstance(error, str):
        return UpstreamError(message=error, kind=_STATUS.get(status, ""))
    if not isinstance(error, dict):
        error = said if isinstance(said, dict) else {}
    message = str(error.get("message") or f"HTTP {status} without a reason")
    details = [one for one in error.get("details") or () if isinstance(one, dict)] if _is_list(error) else []
    return UpstreamError(
        message=message,
        kind=str(error.get("status") or _STATUS.get(status, "")),
        code=next((str(one["reason"]) for one in details if one.get("reason")), ""),
        context_exceeded=status in (400, 413) and bool(_TOO_LONG.search(message)),
        retry_after_s=next((delay for one in details if (delay := _delay(one)) is not None), None),
    )


def _is_list(error: dict[str, Any]) -> bool:
    return isinstance(error.get("details"), list)


def _delay(detail: dict[str, Any]) -> float | None:
    said = _DELAY.fullmatch(str(detail.get("retryDelay") or ""))
    return float(said[1]) if said else None


def render_error(error: VolantError, request_id: str) -> bytes:
    """One of our errors: message, place and advice in one readable message, our code as ErrorInfo's reason."""
    details: list[Json] = [
        {"@type": f"{_RPC}ErrorInfo", "reason": error.code.upper(), "domain": "volant"},
    ]
    if request_id:
        details.append({"@type": f"{_RPC}RequestInfo", "requestId": request_id})
    if error.retry_after_s is not None:
        details.append({"@type": f"{_RPC}RetryInfo", "retryDelay": f"{max(error.retry_after_s, 0.001):.3f}s"})
    status = _STATUS.get(error.status, "INTERNAL")
    return msgspec.json.encode(
        {"error": {"code": error.status, "message": told(error), "status": status, "details": details}}
    )


def error_of_stream(event: Failed) -> Json:
    """The chunk that says that a stream breaks off. The SDK raises on it."""
    code = _CODES.get(event.kind, 500)
    reason = event.code or event.kind
    detail = {"@type": f"{_RPC}ErrorInfo", "reason": reason.upper(), "domain": "volant"}
    return {"error": {"code": code, "message": event.message, "status": _STATUS[code], "details": [detail]}}
