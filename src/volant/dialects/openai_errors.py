"""OpenAI errors: `{"error": {message, type, param, code}}`, the only shape whose message the SDKs show.

Source: OpenAI API reference, "Error codes", and what openai 3.54 (Python) reads. `x-should-retry` and `retry-after-ms`
steer the SDKs' own two retries.
"""

from __future__ import annotations

import math
import re
from typing import Any

import msgspec

from volant.core.errors import VolantError
from volant.dialects.dialect import UpstreamError, told

_TYPES = {
    400: "invalid_request_error",
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    413: "invalid_request_error",
    429: "rate_limit_error",
}
_TOO_LONG_CODES = {"context_length_exceeded", "exceed_context_size_error", "string_above_max_length"}
_TOO_LONG = re.compile(  # how OpenAI, vLLM, llama.cpp, Mistral, Groq and others say it where they give no code
    r"maximum context length|context[ _](length|window|size)|too many (input )?tokens|too large for model"
    r"|(prompt|input|request)( is)? too long|exceeds? the (model'?s )?(available )?context|max_model_len",
    re.IGNORECASE,
)


def error_body(message: str, *, kind: str, code: str | None = None, param: str | None = None) -> bytes:
    """The body of an error answer, or the data of an error event in a stream."""
    return msgspec.json.encode({"error": {"message": message, "type": kind, "param": param, "code": code}})


def render_error(error: VolantError, request_id: str = "") -> bytes:
    """One of our errors: message, place and advice in one readable message, our code as `code`.

    The request's id stands in a header, where the SDKs read it.
    """
    return error_body(told(error), kind=_TYPES.get(error.status, "server_error"), code=error.code)


def retry_headers(error: VolantError) -> list[tuple[bytes, bytes]]:
    """What tells an SDK whether and when to try again."""
    headers = [(b"x-should-retry", b"true" if error.retry_helps else b"false")]
    if error.retry_after_s is not None:
        headers.append((b"retry-after", b"%d" % max(1, math.ceil(error.retry_after_s))))
        headers.append((b"retry-after-ms", b"%d" % math.ceil(error.retry_after_s * 1000)))
    return headers


def parse_error(status: int, body: bytes) -> UpstreamError:
    """What a provider said went wrong, in OpenAI's shape or one of the shapes that its copies have. Never raises."""
    try:
        said: Any = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return UpstreamError(message=body[:500].decode(errors="replace").strip())
    if isinstance(said, list) and said:  # Google's compatible door wraps it
        said = said[0]
    if isinstance(said, dict):
        said = said.get("error") or said.get("detail") or said
    if not isinstance(said, dict):
        said = {"message": said if isinstance(said, str) else body[:500].decode(errors="replace")}
    message, code, kind = (str(said.get(name) or "") for name in ("message", "code", "type"))
    too_long = code in _TOO_LONG_CODES or kind in _TOO_LONG_CODES or bool(_TOO_LONG.search(message))
    return UpstreamError(
        message=message or body[:500].decode(errors="replace"),
        kind=kind or str(said.get("status") or ""),
        code=code,
        context_exceeded=too_long and status in (400, 413, 422),
    )
