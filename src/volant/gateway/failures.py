"""Failures: what one call ended with, sorted by what it means for the next. Pure; the table is in docs/routing.md."""

from __future__ import annotations

from typing import Literal, NamedTuple

Kind = Literal["request", "context", "passing", "limited", "down", "slow", "refused", "over"]

_REQUEST_FAULT = frozenset({400, 405, 406, 411, 413, 414, 415, 422, 431})  # the next place would say the same
_DOWN = frozenset({"connect_failed", "connect_refused", "connect_timeout", "dns_failed", "tls_failed", "proxy_failed"})
_SLOW = frozenset({"first_byte_timeout", "between_timeout"})
_REFUSED = frozenset({401, 402, 403, 404, 501})


class Failure(NamedTuple):
    """What one call ended with. `code` is for people and records.

    request   the request itself is wrong: any place would say so
    context   it is too long for this model
    passing   an accident: 5xx, overloaded, a connection that broke, an answer that is none
    limited   its provider's rate limit
    down      no connection
    slow      a timeout
    refused   it wants other credentials, or does not have the model
    over      no time is left
    """

    kind: Kind
    code: str
    retry_after_s: float = 0.0

    @property
    def counts(self) -> bool:
        """Does it speak against the place's health?"""
        return self.kind not in ("request", "context", "over")


def failure_of(status: int, code: str, *, context_exceeded: bool = False, retry_after_s: float = 0.0) -> Failure:
    """Sort what happened. `code` is a TransportError's or the dialect's; empty where the status says it all."""
    said = code or f"upstream_{status}"
    if context_exceeded:
        return Failure("context", said)
    if code in _DOWN:
        return Failure("down", said)
    if code in _SLOW:
        return Failure("slow", said)
    if code == "total_timeout":
        return Failure("over", said)
    if code == "too_large":
        return Failure("refused", said)
    if not code or 400 <= status < 600:
        if status in _REQUEST_FAULT:
            return Failure("request", said)
        if status in _REFUSED:
            return Failure("refused", said)
        if status == 429:
            return Failure("limited", said, retry_after_s)
    return Failure("passing", said, retry_after_s)
