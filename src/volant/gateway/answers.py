"""Answers: heads, errors and ends in the shape that the caller's clients read."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Protocol

from volant.core.chat import ChatRequest, Failed
from volant.core.errors import VolantError
from volant.core.ids import random_hex
from volant.dialects import find
from volant.dialects.dialect import UpstreamError
from volant.dialects.openai_errors import render_error, retry_headers
from volant.dialects.sse import data_of
from volant.gateway.ceiling_refusals import CeilingReached
from volant.gateway.doors import Entrance, Family
from volant.gateway.limit_headers import headers_of

if TYPE_CHECKING:
    from volant.gateway.body import Asked

JSON_HEADER = b"content-type: application/json\r\n"
_STREAM = b"cache-control: no-cache\r\nx-accel-buffering: no\r\n"
_DIALECTS = {"anthropic": "anthropic", "gemini": "gemini"}  # of families whose errors are not OpenAI's
_LONGEST_WARNING = 1000


class Responds(Protocol):
    """A wire, as far as it is needed here."""

    def respond(self, status: int, headers: bytes, body: bytes) -> None: ...


class Refusal(VolantError):
    """An error with a status of its own: of the connection, or a provider's."""

    status: ClassVar[int] = 400

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(code, message)
        self.status = status  # type: ignore[misc]  # in place of the class's


def refused(status: int, said: UpstreamError) -> Refusal:
    """A provider says that the request is wrong: its own status and words."""
    message = said.message or f"the provider answered {status}"
    return Refusal(status, said.code or said.kind or "upstream_refused", message)


def stream_head(entrance: Entrance) -> bytes:
    """Header lines of a stream's beginning."""
    if entrance.dialect == "openai_chat":
        return _OPENAI_STREAM
    kind = find(entrance.dialect).stream_type if entrance.sse else "application/json"
    return b"content-type: %b\r\n%b" % (kind.encode(), _STREAM)


_OPENAI_STREAM = b"content-type: text/event-stream; charset=utf-8\r\n" + _STREAM


def warning_line(warnings: tuple[str, ...]) -> bytes:
    """`x-volant-warning`: what was dropped, or guessed."""
    if not warnings:
        return b""
    said = "".join(char if " " <= char <= "~" else "?" for char in "; ".join(warnings)[:_LONGEST_WARNING])
    return f"x-volant-warning: {said}\r\n".encode()


def id_lines(family: Family, request_id: bytes) -> bytes:
    """The request's id where each family's clients look for it."""
    lines = b"x-request-id: %b\r\n" % request_id
    return lines + b"request-id: %b\r\n" % request_id if family == "anthropic" else lines


def error_body(family: Family, error: VolantError, request_id: str) -> bytes:
    """The body of an error answer."""
    name = _DIALECTS.get(family)
    return render_error(error) if name is None else find(name).render_error(error, request_id)


def send_error(wire: Responds, error: VolantError, family: Family, head: bytes = b"", request_id: bytes = b"") -> None:
    """An error, with what tells a client whether and when to try again. `head`: our lines, ids among them."""
    if not head:
        request_id = request_id or b"req_" + random_hex(24).encode()
        head = id_lines(family, request_id)
    lines = b"".join(name + b": " + value + b"\r\n" for name, value in retry_headers(error))
    if isinstance(error, CeilingReached):
        lines += headers_of(error, family)
    is_overload = family == "anthropic" and error.code == "upstream_overloaded"
    status = 529 if is_overload else error.status  # by it Anthropic's SDKs choose OverloadedError
    wire.respond(status, JSON_HEADER + lines + head, error_body(family, error, request_id.decode("latin-1")))


def failed_of(error: VolantError) -> Failed:
    """An error as an event of a stream."""
    hint = f" {error.hint}" if error.hint else ""
    kind = "rate_limit_error" if error.status == 429 else "server_error"
    return Failed(message=error.message + hint, kind=kind, code=error.code)


def rendered_for(asked: Asked) -> ChatRequest:
    """The request, for what writes an answer to it; a bare one where it is relayed unread."""
    dialect = asked.entrance.dialect
    return asked.known() or ChatRequest(model=asked.model, messages=(), stream=asked.stream, dialect=dialect)


def error_event(asked: Asked, error: VolantError) -> bytes:
    """The last event of a relayed stream that breaks off: it says nothing of what it does not know, such as ids."""
    if asked.entrance.dialect == "openai_chat":
        return b"data: " + render_error(error) + b"\n\n"
    event = find(asked.entrance.dialect).stream_renderer(rendered_for(asked)).feed(failed_of(error))
    return event if asked.entrance.sse else b",\r\n%b]" % (data_of(event) or b"{}")  # the last of an array
