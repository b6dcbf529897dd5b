"""Limit headers: the tightest ceiling a minute, in the caller's dialect; and refusals say which ceiling of what."""

from __future__ import annotations

from typing import Any

import pytest

from volant.core.errors import Unavailable
from volant.core.leasing import AccountAsk, Amount, Lease
from volant.core.nouns import Limits
from volant.gateway.accounts import Account
from volant.gateway.admission import FREE
from volant.gateway.ceiling_refusals import CeilingReached, refusal_of
from volant.gateway.ceilings import Ceiling
from volant.gateway.limit_headers import headers_of

NOON = 1_795_435_200_000  # 2026-11-23T12:00:00Z
NOW = NOON + 48_500


def account(over: Any, limits: Limits, short: str = "", name: str = "help", **left: float) -> Account:
    made = Account(Ceiling(f"{over}:p/{name}", over, name, limits))
    made.take_lease(
        AccountAsk(account=""),
        Lease(granted=Amount(**left), rest=Amount(requests=3), short=short, expires_ms=NOON + 60_000),
    )
    made.short = short
    return made


class Held:
    def __init__(self, *accounts: Account) -> None:
        self.accounts = accounts


def test_the_tightest_is_said_in_the_callers_words() -> None:
    key = account("key", Limits(requests_per_minute=60, tokens_per_minute=900), requests=20, minute_tokens=500)
    task = account("task", Limits(requests_per_minute=10, concurrent=5), requests=4, slots=2)
    held = Held(key, task, account("model", Limits(usd_per_day=1), usd=1))
    assert headers_of(held, "openai", lambda: NOW).decode().split("\r\n")[:-1] == [
        "x-ratelimit-limit-requests: 10", "x-ratelimit-remaining-requests: 7", "x-ratelimit-reset-requests: 11500ms",
        "x-ratelimit-limit-tokens: 900", "x-ratelimit-remaining-tokens: 500", "x-ratelimit-reset-tokens: 11500ms",
    ]  # fmt: skip
    assert b"anthropic-ratelimit-requests-remaining: 7\r\n" in headers_of(held, "anthropic", lambda: NOW)
    assert b"anthropic-ratelimit-tokens-reset: 2026-11-23T12:01:00Z\r\n" in headers_of(held, "anthropic", lambda: NOW)


def test_no_more_is_said_than_there_is() -> None:
    key = account("key", Limits(requests_per_minute=2), requests=2)
    assert b"remaining-requests: 2\r\n" in headers_of(Held(key), "gemini", lambda: NOW)
    key.requests = -9
    assert b"remaining-requests: 0\r\n" in headers_of(Held(key), "gemini", lambda: NOW)


def test_where_no_rate_is_limited_nothing_is_said() -> None:
    assert headers_of(FREE, "openai") == b""
    assert headers_of(Held(account("key", Limits(usd_per_day=1), usd=1)), "openai") == b""


@pytest.mark.parametrize(
    ("made", "code", "words", "after_s"),
    [
        (account("key", Limits(requests_per_minute=9)), "rate_limited", "this key may make 9 requests a minute", 11.5),
        (account("task", Limits(concurrent=4)), "rate_limited", "the task 'help' may have 4 requests under way", 1.0),
        (account("model", Limits(tokens_per_minute=500), minute_tokens=99), "rate_limited",
         "the model 'help' may use 500 tokens a minute, and a request like this may use 100", 11.5),
        (account("project", Limits(usd_per_day=5), name="p"), "budget_exhausted",
         "the project 'p' may spend $5 a day, and a request like this may cost $0.250000; the next day begins at "
         "2026-11-24T00:00Z", 3600.0),
        (account("key", Limits(usd_per_day=5, usd_per_month=9), short="usd_per_month"), "budget_exhausted",
         "$9 a month, and a request like this may cost $0.250000; the next month begins at 2026-12-01T00:00Z", 3600.0),
        (account("key", Limits(tokens_per_month=1000, usd_per_day=1), usd=1), "budget_exhausted",
         "1,000 tokens a month, and a request like this may use 100", 3600.0),
    ],
)  # fmt: skip
def test_a_refusal_says_which_ceiling_of_what_and_when_it_frees(
    made: Account, code: str, words: str, after_s: float
) -> None:
    refusal = refusal_of(made, 0.25, 100, NOW)
    assert isinstance(refusal, CeilingReached)
    assert (refusal.code, refusal.retry_after_s) == (code, after_s)
    assert words in refusal.message
    assert refusal.accounts == (made,)


@pytest.mark.parametrize(
    ("limits", "left", "code", "words"),
    [
        (Limits(usd_per_day=0.2), {"usd": 0.2}, "budget_exhausted",
         "spend $0.2 a day, and one request like this may cost $0.250000: more than all of it"),
        (Limits(tokens_per_month=90), {"tokens": 90}, "budget_exhausted",
         "use 90 tokens a month, and one request like this may use 100"),
        (Limits(tokens_per_minute=90), {"minute_tokens": 90}, "rate_limited",
         "use 90 tokens a minute, and one request like this may use 100"),
    ],
)  # fmt: skip
def test_what_never_fits_is_not_asked_again(limits: Limits, left: dict[str, Any], code: str, words: str) -> None:
    refusal = refusal_of(account("key", limits, **left), 0.25, 100, NOW)
    assert (refusal.code, refusal.retry_after_s, refusal.retry_helps) == (code, None, False)
    assert words in refusal.message
    assert isinstance(refusal, CeilingReached)


def test_while_control_is_away_a_budget_is_not_known() -> None:
    made = account("key", Limits(usd_per_day=5))
    made.without_control(NOON + 100_000)
    refusal = refusal_of(made, 0.25, 100, NOON + 100_000)
    assert isinstance(refusal, Unavailable)
    assert (refusal.code, refusal.retry_after_s) == ("budget_unknown", 2.0)
