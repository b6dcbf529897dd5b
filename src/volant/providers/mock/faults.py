"""Faults: every way in which a provider can fail that a client must survive, on purpose and by name.

A fault is a function of one `Answer`: what would have been said, and the means to say it wrongly. `Plan` says which
requests fail: a share of all, the kinds by turns. A name that does not resolve is a fault of the address, and so is a
server without TLS: give the deployment one of `ADDRESSES`, or https:// and the port of a stand-in.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Protocol

import msgspec

from volant.dialects.openai_errors import error_body
from volant.dialects.sse import event_of

ADDRESSES = {"dns": "http://no-such-provider.invalid/v1", "refused": "http://127.0.0.1:9/v1"}
SLOW_S = 3.0  # until a slow first token
READ_PAUSE_S = 0.1  # of a slow reader, after each piece


class Answer(Protocol):
    """One request's answer, to be given wrongly."""

    stream: bool
    body: bytes  # of an answer that is no stream
    events: list[bytes]  # of a stream; the role comes first, then a word each
    slow_s: float

    def head(self, status: int, kind: str = "application/json", length: int | None = None, more: str = "") -> bytes: ...
    def write(self, data: bytes) -> None: ...
    def later(self, seconds: float, act: Callable[[], None]) -> None: ...
    def close(self) -> None: ...
    def reset(self) -> None: ...
    def answer(self) -> None: ...
    def count(self) -> None: ...


Fault = Callable[[Answer], None]
FAULTS: dict[str, Fault] = {}
AFTER_FIRST_TOKEN = (  # of a stream: cannot be saved
    "stall", "cut", "ends_early", "reset_mid_stream", "malformed_sse_mid_stream", "length_too_short",
)  # fmt: skip
HARMLESS = ("huge_chunk", "slow_reader")  # the answer comes all the same


def _fault(act: Fault) -> Fault:
    FAULTS[act.__name__] = act
    return act


# ---------------------------------------------------------------- what it says about itself
@_fault
def rate_limited(one: Answer) -> None:
    """429 with retry-after in seconds."""
    _error(one, 429, "rate_limit_exceeded", "retry-after: 1\r\n")


@_fault
def rate_limited_ms(one: Answer) -> None:
    """429 with retry-after-ms."""
    _error(one, 429, "rate_limit_exceeded", "retry-after-ms: 50\r\n")


@_fault
def server_error(one: Answer) -> None:
    """500."""
    _error(one, 500, "server_error")


@_fault
def bad_gateway(one: Answer) -> None:
    """502 with a page of HTML, as a load balancer gives."""
    page = b"<html><h1>502 Bad Gateway</h1></html>"
    one.write(one.head(502, "text/html", len(page)) + page)


@_fault
def overloaded(one: Answer) -> None:
    """529."""
    _error(one, 529, "overloaded_error")


@_fault
def error_body_200(one: Answer) -> None:
    """200, and a body that says it failed."""
    body = error_body("failed as asked", kind="mock_error", code="server_error")
    one.write(one.head(200, length=len(body)) + body)


@_fault
def error_event_first(one: Answer) -> None:
    """A stream whose first event is an error; of a whole answer as `error_body_200`."""
    if not one.stream:
        error_body_200(one)
        return
    event = event_of(error_body("failed as asked", kind="mock_error", code="server_error"))
    one.write(one.head(200, "text/event-stream") + chunk(event) + b"0\r\n\r\n")


# ---------------------------------------------------------------- time
@_fault
def slow_first_token(one: Answer) -> None:
    """The right answer, too late."""
    one.later(one.slow_s, one.answer)


@_fault
def stall(one: Answer) -> None:
    """Half of the answer, then silence."""
    one.write(_half(one))


@_fault
def stall_after_head(one: Answer) -> None:
    """The head, then silence."""
    one.write(_begun(one))


# ---------------------------------------------------------------- connections
@_fault
def cut(one: Answer) -> None:
    """Half of the answer, then the end of the connection."""
    one.write(_half(one))
    one.later(0.01, one.close)


@_fault
def ends_early(one: Answer) -> None:
    """Half of the answer, well-formed as HTTP: a stream without its end, JSON without its second half."""
    if one.stream:
        one.write(_half(one) + b"0\r\n\r\n")
    else:
        half = one.body[: len(one.body) // 2]
        one.write(one.head(200, length=len(half)) + half)


@_fault
def reset(one: Answer) -> None:
    """A reset (RST) in place of an answer."""
    one.reset()


@_fault
def reset_mid_stream(one: Answer) -> None:
    """Half of the answer, then a reset."""
    one.write(_half(one))
    one.later(0.01, one.reset)


@_fault
def closed(one: Answer) -> None:
    """The end of the connection in place of an answer."""
    one.close()


# ---------------------------------------------------------------- bytes
@_fault
def malformed_json(one: Answer) -> None:
    """JSON that breaks off, with the right length; a stream's first event likewise."""
    if one.stream:
        one.write(one.head(200, "text/event-stream") + chunk(b'data: {"id": "chatcmpl-1", "choices": [{"de\n\n'))
        one.write(chunk(b"data: [DONE]\n\n") + b"0\r\n\r\n")
        return
    body = one.body[:-9]
    one.write(one.head(200, length=len(body)) + body)


@_fault
def malformed_sse(one: Answer) -> None:
    """An event stream that is none."""
    body = b"\x00\xff\xfe these are no events\n\n: nor this\n\n"
    one.write(one.head(200, "text/event-stream") + chunk(body) + b"0\r\n\r\n")


@_fault
def malformed_sse_mid_stream(one: Answer) -> None:
    """Some words, then an event that is no JSON; a whole answer is malformed."""
    if not one.stream:
        malformed_json(one)
        return
    one.write(_half(one) + chunk(b'data: {"id": \n\n') + b"0\r\n\r\n")


@_fault
def length_too_long(one: Answer) -> None:
    """It announces more bytes than come."""
    kind, body = _unframed(one)
    one.write(one.head(200, kind, len(body) + 100) + body)
    if one.stream:  # it said its own end: whoever reads events has all of it
        one.count()
    one.later(0.01, one.close)


@_fault
def length_too_short(one: Answer) -> None:
    """It announces fewer bytes than come."""
    kind, body = _unframed(one)
    one.write(one.head(200, kind, len(body) // 2) + body)


@_fault
def no_http(one: Answer) -> None:
    """Bytes that are no HTTP."""
    one.write(b"\x16\x03\x01 this is no answer\r\n\r\n")
    one.later(0.01, one.close)


@_fault
def wrong_type(one: Answer) -> None:
    """200 and a page of HTML, as a captive portal gives."""
    page = b"<html><h1>Welcome</h1></html>"
    one.write(one.head(200, "text/html", len(page)) + page)


@_fault
def empty_body(one: Answer) -> None:
    """200 and nothing."""
    one.write(one.head(200, length=0))


@_fault
def empty_stream(one: Answer) -> None:
    """A stream without one event; a whole answer without a choice."""
    if one.stream:
        one.write(one.head(200, "text/event-stream") + b"0\r\n\r\n")
        return
    body = b'{"id":"chatcmpl-1","object":"chat.completion","created":1,"model":"m","choices":[]}'
    one.write(one.head(200, length=len(body)) + body)


# ---------------------------------------------------------------- harmless, but must be borne
@_fault
def huge_chunk(one: Answer) -> None:
    """The right answer with a megabyte of a comment (of white space, in JSON) in it."""
    if one.stream:
        one.events.insert(1, b": " + b"x" * (1 << 20) + b"\n\n")
    else:
        one.body += b" " * (1 << 20)
    one.answer()


@_fault
def slow_reader(one: Answer) -> None:
    """The right answer; the request was read slowly (see the server)."""
    one.answer()


# ---------------------------------------------------------------- which requests fail
class Plan(msgspec.Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """`share` of the requests fail, the kinds one after the other. Empty kinds: all. Raises ValueError for others."""

    share: float = 0.0
    kinds: tuple[str, ...] = ()
    seed: int = 7
    slow_s: float = SLOW_S

    def __post_init__(self) -> None:
        unknown = set(self.kinds) - set(FAULTS)
        if unknown:
            raise ValueError(f"no such faults: {', '.join(sorted(unknown))}; there are: {', '.join(sorted(FAULTS))}")


class Dice:
    """Draws by a plan, and counts what it drew."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.counts: dict[str, int] = {}
        self._rng = Random(plan.seed)
        self._kinds = plan.kinds or tuple(FAULTS)
        self._next = 0

    def draw(self) -> str:
        """The fault of the next request; empty: none."""
        if not self.plan.share or self._rng.random() >= self.plan.share:
            return ""
        kind = self._kinds[self._next % len(self._kinds)]
        self._next += 1
        self.counts[kind] = self.counts.get(kind, 0) + 1
        return kind


# ---------------------------------------------------------------- inside
def chunk(data: bytes) -> bytes:
    """One frame of chunked encoding."""
    return b"%x\r\n%s\r\n" % (len(data), data)


def _error(one: Answer, status: int, code: str, more: str = "") -> None:
    body = error_body("failed as asked", kind="mock_error", code=code)
    one.write(one.head(status, length=len(body), more=more) + body)


def _unframed(one: Answer) -> tuple[str, bytes]:
    return ("text/event-stream", b"".join(one.events)) if one.stream else ("application/json", one.body)


def _half(one: Answer) -> bytes:
    """Of a stream the role and half of the words, one at least; of a whole answer half of its bytes."""
    if one.stream:
        words = max(1, (len(one.events) - 3) // 2)
        return one.head(200, "text/event-stream") + b"".join(map(chunk, one.events[: 1 + words]))
    return one.head(200, length=len(one.body)) + one.body[: len(one.body) // 2]


def _begun(one: Answer) -> bytes:
    return one.head(200, "text/event-stream") if one.stream else one.head(200, length=len(one.body))
