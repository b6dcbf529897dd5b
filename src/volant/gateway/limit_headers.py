"""Limit headers: what is left of the tightest ceilings, in the words of the caller's dialect. Pure.

OpenAI: x-ratelimit-{limit,remaining,reset}-{requests,tokens}, resets as durations. Anthropic:
anthropic-ratelimit-{requests,tokens}-{limit,remaining,reset}, resets as RFC 3339. What is left is this worker's lease
and what control could have granted beside it: a little out of date, never more than there is.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime
from math import inf
from typing import Protocol

from volant.core.accounts import MINUTE_MS
from volant.gateway.accounts import Account


class Accounted(Protocol):
    """A reservation, or a refusal."""

    @property
    def accounts(self) -> tuple[Account, ...]: ...


def headers_of(standing: Accounted, dialect: str, now_ms: Callable[[], int] | None = None) -> bytes:
    """Header lines as bytes, each with its line end; empty where no rate is limited. Call it before `settle`."""
    if not standing.accounts:
        return b""
    requests = tokens = inf  # where the least is left
    of_requests = of_tokens = 0
    for account in standing.accounts:
        if (left := account.requests) != inf and (left := left + account.rest.requests) < requests:
            requests, of_requests = left, account.ceiling.limits.requests_per_minute
        if (left := account.minute_tokens) != inf and (left := left + account.rest.minute_tokens) < tokens:
            tokens, of_tokens = left, account.ceiling.limits.tokens_per_minute
    if not of_requests and not of_tokens:
        return b""
    now = now_ms() if now_ms is not None else time.time_ns() // 1_000_000
    ends = (now // MINUTE_MS + 1) * MINUTE_MS
    write = _anthropic if dialect.startswith("anthropic") else _openai
    lines = write(b"requests", of_requests, _shown(requests, of_requests), now, ends) if of_requests else b""
    return lines + write(b"tokens", of_tokens, _shown(tokens, of_tokens), now, ends) if of_tokens else lines


def _shown(left: float, limit: int) -> int:
    return max(0, min(limit, int(left)))


def _openai(kind: bytes, limit: int, left: int, now: int, ends: int) -> bytes:
    return b"x-ratelimit-limit-%b: %d\r\nx-ratelimit-remaining-%b: %d\r\nx-ratelimit-reset-%b: %dms\r\n" % (
        kind, limit, kind, left, kind, ends - now,
    )  # fmt: skip


def _anthropic(kind: bytes, limit: int, left: int, now: int, ends: int) -> bytes:
    reset = datetime.fromtimestamp(ends / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ").encode()
    name = b"anthropic-ratelimit-" + kind
    return b"%b-limit: %d\r\n%b-remaining: %d\r\n%b-reset: %b\r\n" % (name, limit, name, left, name, reset)
