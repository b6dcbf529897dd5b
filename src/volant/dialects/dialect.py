"""Dialect: what a wire format must offer, as one object of functions. Pure; one module a dialect has one of these.

    ingress  parse_request, render_response, stream_renderer, render_error     a client speaks it with us
    egress   render_request, parse_response, stream_parser, parse_error        we speak it with a provider

What the target cannot express is told to `Losses`: refused where it changes what is asked, named where it is harmless;
never silent.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NoReturn, Protocol

import msgspec

from volant.core.capabilities import Capabilities
from volant.core.chat import ChatRequest, ChatResponse, StreamEvent
from volant.core.embeddings import EmbeddingRequest, EmbeddingResponse
from volant.core.errors import BadInput, VolantError
from volant.dialects.sse import SseCutter

NAMES = ("openai_chat", "openai_responses", "openai_completions", "anthropic", "gemini", "bedrock")


class Losses:
    """What a translation could not carry over."""

    def __init__(self, target: str) -> None:
        """`target` is what people call the other side: "Anthropic messages"."""
        self.target = target
        self._dropped: dict[str, None] = {}

    @property
    def dropped(self) -> list[str]:
        """What was left out, in order, each once."""
        return list(self._dropped)

    def drop(self, field: str, why: str = "") -> None:
        """Leave out what is harmless; the caller reads it in `x-volant-warning`."""
        said = (f"{field}: {why}" if why else field).replace(";", ",")  # the header has a semicolon between two
        self._dropped[said] = None

    def refuse(self, field: str, why: str = "") -> NoReturn:
        """Raises BadInput `not_supported`: without it the answer would be to another question."""
        raise BadInput(
            "not_supported",
            f"{self.target} cannot take `{field}`{f': {why}' if why else ''}",
            where=field,
            hint="leave it out, or ask a task whose deployment takes it",
        )


class UpstreamError(msgspec.Struct, frozen=True, kw_only=True):
    """What a provider said went wrong. `context_exceeded`: the request is too long for this model, not wrong."""

    message: str
    kind: str = ""  # the provider's own word: "invalid_request_error", "INVALID_ARGUMENT", "ThrottlingException"
    code: str = ""
    context_exceeded: bool = False
    retry_after_s: float | None = None  # where the body says it (Google's RetryInfo), seconds


def told(error: VolantError) -> str:
    """Message, place and advice of one of our errors as one text: clients show no more than that."""
    where = f" ({error.where})" if error.where else ""
    hint = f" {error.hint}" if error.hint else ""
    return f"{error.message}{where}.{hint}" if where or hint else error.message


class Cutter(Protocol):
    """Gives whole frames of a stream out of pieces that the network cut anywhere."""

    def feed(self, piece: bytes) -> list[bytes]: ...
    def flush(self) -> bytes: ...


class StreamParser(Protocol):
    """Turns a provider's frames into events. Raises UpstreamFailed `invalid_chunk` for a frame that is none."""

    done: bool  # the provider said that this is the end

    def feed(self, event: bytes) -> list[StreamEvent]: ...


class StreamRenderer(Protocol):
    """Turns events into the bytes that a client reads. `done` is called once, after the last event.

    `feed(Failed)` gives the dialect's error event. A renderer never waits for an event that may not come: without a
    Counted or Finished, `done` still ends the stream well-formed.
    """

    def feed(self, event: StreamEvent) -> bytes: ...
    def done(self) -> bytes: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """One wire format for chats. `title` is what people call it.

    parse_request(body, model, stream): `model` and `stream` come from the path where the dialect says them there (""
    and None elsewhere). Raises BadInput with the path of the field.
    render_request(request, capabilities, losses): for the provider. Values in `extra` go out only where
    `request.dialect` is this dialect; else each is dropped or refused. Raises BadInput `not_supported`.
    parse_response: raises UpstreamFailed `invalid_answer`.
    render_response(response, request), stream_renderer(request): the answer to `request`, which this dialect may echo.
    parse_error(status, body): never raises. render_error(error, request_id): the body of an error answer.
    """

    name: str
    title: str
    parse_request: Callable[[bytes, str, bool | None], ChatRequest]
    render_request: Callable[[ChatRequest, Capabilities, Losses], bytes]
    parse_response: Callable[[bytes], ChatResponse]
    render_response: Callable[[ChatResponse, ChatRequest], bytes]
    stream_parser: Callable[[], StreamParser]
    stream_renderer: Callable[[ChatRequest], StreamRenderer]
    parse_error: Callable[[int, bytes], UpstreamError]
    render_error: Callable[[VolantError, str], bytes]
    cutter: Callable[[], Cutter] = SseCutter
    stream_type: str = "text/event-stream; charset=utf-8"
    is_stream: Callable[[bytes], bool] = field(
        default=lambda content_type: content_type.startswith(b"text/event-stream")
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class EmbeddingDialect:
    """One wire format for embeddings. As in Dialect; `split`: a request as so many as a provider takes it in."""

    name: str
    title: str
    parse_request: Callable[[bytes, str], EmbeddingRequest]
    render_request: Callable[[EmbeddingRequest, Losses], bytes]
    parse_response: Callable[[bytes], EmbeddingResponse]
    render_response: Callable[[EmbeddingResponse, EmbeddingRequest], bytes]
    parse_error: Callable[[int, bytes], UpstreamError]
    render_error: Callable[[VolantError, str], bytes]
    split: Callable[[EmbeddingRequest], tuple[EmbeddingRequest, ...]] = lambda request: (request,)
