"""Limit headers: what is left of the tightest ceilings, in the words of the caller's dialect. Pure.

OpenAI: x-ratelimit-{limit,remaining,reset}-{requests,tokens}, resets as durations. Anthropic:
anthropic-ratelimit-{requests,tokens}-{limit,remaining,reset}, resets as RFC 3339. What is left is this worker's lease
and what control could have granted beside it: a little out of date, never more than there is.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from math import inf
from typing import Protocol

from volant.core.accounts import MINUTE_MS
from volant.gateway.accounts import Account


class Accounted(Protocol):
    """A reservation, or a refusal."""

    @property
    def accounts(self) -> tuple[Account, ...]: ...


def headers_of(
    standing: Accounted, dialect: str, now_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000
) -> bytes:
    """Header lines as bytes, each with its line end; empty where no rate is limited. Call it before `settle`."""
    if not standing.accounts:
        return b""
    requests = _tightest(
        (one.ceiling.limits.requests_per_minute, one.requests + one.rest.requests) for one in standing.accounts
    )
    tokens = _tightest(
        (one.ceiling.limits.tokens_per_minute, one.minute_tokens + one.rest.minute_tokens) for one in standing.accounts
    )
    if requests is None and tokens is None:
        return b""
    now = now_ms()
    ends = (now // MINUTE_MS + 1) * MINUTE_MS
    write = _anthropic if dialect.startswith("anthropic") else _openai
    return b"".join(write(kind, *of, now, ends) for kind, of in ((b"requests", requests), (b"tokens", tokens)) if of)


def _tightest(found: Iterable[tuple[int, float]]) -> tuple[int, int] | None:
    """(limit, left) where the least is left."""
    best: tuple[int, int] | None = None
    for limit, left in found:
        if limit and left != inf and (best is None or left < best[1]):
            best = (limit, max(0, min(limit, int(left))))
    return best


def _openai(kind: bytes, limit: int, left: int, now: int, ends: int) -> bytes:
    return b"x-ratelimit-limit-%b: %d\r\nx-ratelimit-remaining-%b: %d\r\nx-ratelimit-reset-%b: %dms\r\n" % (
        kind, limit, kind, left, kind, ends - now,
    )  # fmt: skip


def _anthropic(kind: bytes, limit: int, left: int, now: int, ends: int) -> bytes:
    reset = datetime.fromtimestamp(ends / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ").encode()
    name = b"anthropic-ratelimit-" + kind
    return b"%b-limit: %d\r\n%b-remaining: %d\r\n%b-reset: %b\r\n" % (name, limit, name, left, name, reset)
