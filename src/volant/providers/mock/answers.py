"""Answers: what the stand-in says, as bytes. Depends on what is asked alone; knows no connection."""

from __future__ import annotations

from typing import Any

import msgspec

from volant.dialects.sse import DONE, event_of
from volant.providers.mock.faults import chunk

INPUT_TOKENS = 20  # of every call; output tokens are the words of the answer
_WORDS = ("the", "quick", "brown", "fox", "jumps", "over", "a", "lazy", "dog", "and", "runs", "far", "away", "home")
_CREATED_S = 1_700_000_000
_REASONS = {200: b"OK", 401: b"Unauthorized", 404: b"Not Found", 429: b"Too Many Requests"}
_MAX_KEPT = 1000


class Answers:
    """Of one model; `answer` is the content of every one of them (empty: words)."""

    def __init__(self, model: str, answer: str = "") -> None:
        self.model = model
        self.answer = answer
        self._rendered: dict[tuple[Any, ...], Any] = {}  # by what they depend on

    def words(self, count: int) -> list[str]:
        """The answer in pieces: words, or the fixed answer cut into `count`."""
        if self.answer:
            size = max(1, -(-len(self.answer) // count))
            return [self.answer[at : at + size] for at in range(0, len(self.answer), size)]
        return [(" " if at else "") + _WORDS[at % len(_WORDS)] for at in range(count)]

    def completion(self, pieces: tuple[str, ...]) -> bytes:
        """A whole answer with its HTTP head."""
        cached = self._rendered.get(("whole", pieces))
        if cached is None:
            message = {"role": "assistant", "content": "".join(pieces)}
            choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": "stop"}
            body = msgspec.json.encode(
                self._base("chat.completion") | {"choices": [choice], "usage": _usage(len(pieces))}
            )
            cached = self._keep(("whole", pieces), head(200, b"application/json", len(body)) + body)
        return bytes(cached)

    def frames(self, pieces: tuple[str, ...], usage: bool) -> list[bytes]:
        """A streamed answer: chunked-encoding frames."""
        cached: list[bytes] | None = self._rendered.get(("frames", pieces, usage))
        if cached is None:
            cached = [chunk(event) for event in self.events(pieces, usage)]
            cached[-1] += b"0\r\n\r\n"
            self._keep(("frames", pieces, usage), cached)
        return cached

    def events(self, pieces: tuple[str, ...], usage: bool) -> list[bytes]:
        """A streamed answer: its events. The role, a word each, the finish, the usage where asked, [DONE]."""
        events = [self._chunk({"role": "assistant", "content": ""})]
        events += [self._chunk({"content": piece}) for piece in pieces]
        events.append(self._chunk({}, finish="stop"))
        if usage:
            counted = self._base("chat.completion.chunk") | {"choices": [], "usage": _usage(len(pieces))}
            events.append(event_of(msgspec.json.encode(counted)))
        return [*events, DONE]

    def _chunk(self, delta: dict[str, str], finish: str | None = None) -> bytes:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
        return event_of(msgspec.json.encode(self._base("chat.completion.chunk") | {"choices": [choice]}))

    def _base(self, kind: str) -> dict[str, Any]:
        return {
            "id": "chatcmpl-mock0001",
            "object": kind,
            "created": _CREATED_S,
            "model": self.model,
            "system_fingerprint": "fp_mock",
        }

    def _keep(self, key: tuple[Any, ...], value: Any) -> Any:
        if len(self._rendered) > _MAX_KEPT:
            self._rendered.clear()
        self._rendered[key] = value
        return value

    def models(self) -> bytes:
        """The list of one."""
        model = {"id": self.model, "object": "model", "created": _CREATED_S, "owned_by": "mock"}
        return msgspec.json.encode({"object": "list", "data": [model]})


def head(status: int, kind: bytes, length: int | None = None, more: bytes = b"") -> bytes:
    """Status line and headers; without a length the body is chunked. `more`: further lines, each ended by CR LF."""
    framing = b"transfer-encoding: chunked" if length is None else b"content-length: %d" % length
    reason = _REASONS.get(status, b"Error")
    return b"HTTP/1.1 %d %s\r\ncontent-type: %s\r\n%s\r\n%sx-request-id: mock\r\n\r\n" % (
        status, reason, kind, framing, more,
    )  # fmt: skip


def _usage(words: int) -> dict[str, int]:
    return {"prompt_tokens": INPUT_TOKENS, "completion_tokens": words, "total_tokens": INPUT_TOKENS + words}
