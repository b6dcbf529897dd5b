"""OpenAI errors: `{"error": {message, type, param, code}}`, the only shape whose message the SDKs show.

Source: OpenAI API reference, "Error codes", and what openai 3.54 (Python) reads. `x-should-retry` and `retry-after-ms`
steer the SDKs' own two retries.
"""

from __future__ import annotations

import math

import msgspec

from volant.core.errors import VolantError

_TYPES = {
    400: "invalid_request_error",
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    413: "invalid_request_error",
    429: "rate_limit_error",
}


def error_body(message: str, *, kind: str, code: str | None = None, param: str | None = None) -> bytes:
    """The body of an error answer, or the data of an error event in a stream."""
    return msgspec.json.encode({"error": {"message": message, "type": kind, "param": param, "code": code}})


def render_error(error: VolantError) -> bytes:
    """One of our errors: message, place and advice in one readable message, our code as `code`."""
    where = f" ({error.where})" if error.where else ""
    hint = f" {error.hint}" if error.hint else ""
    message = f"{error.message}{where}.{hint}" if where or hint else error.message
    return error_body(message, kind=_TYPES.get(error.status, "server_error"), code=error.code)


def retry_headers(error: VolantError) -> list[tuple[bytes, bytes]]:
    """What tells an SDK whether and when to try again."""
    headers = [(b"x-should-retry", b"true" if error.retry_helps else b"false")]
    if error.retry_after_s is not None:
        headers.append((b"retry-after", b"%d" % max(1, math.ceil(error.retry_after_s))))
        headers.append((b"retry-after-ms", b"%d" % math.ceil(error.retry_after_s * 1000)))
    return headers
