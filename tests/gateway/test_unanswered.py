"""When a place asks to be left alone: seconds, milliseconds, or a date."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from volant.dialects.dialect import UpstreamError
from volant.gateway.exchange import Exchange
from volant.gateway.unanswered import retry_after_s


def _exchange(**headers: str) -> Exchange:
    loop = asyncio.new_event_loop()
    try:
        exchange = Exchange(loop, None)
    finally:
        loop.close()
    exchange.headers = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return exchange


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, 0.0),
        ({"retry_after": "7"}, 7.0),
        ({"retry_after": "0.25"}, 0.25),
        ({"retry_after": "7", "retry_after_ms": "120"}, 0.12),
        ({"retry_after": "-3"}, 0.0),
        ({"retry_after": "soon"}, 0.0),
        ({"retry_after": "inf"}, 86_400.0),
        ({"retry_after": "nan"}, 0.0),
        ({"retry_after_ms": "1e300"}, 86_400.0),
        ({"retry_after": "Wed, 21 Oct 9999 07:28:00 GMT"}, 86_400.0),
        ({"retry_after": "Wed, 21 Oct 99999999999999 07:28:00 GMT"}, 0.0),
        ({"retry_after": "Wed, 21 Oct 2015 07:28:00 GMT"}, 0.0),
    ],
)
def test_what_it_asks_for(headers: dict[str, str], seconds: float) -> None:
    assert retry_after_s(_exchange(**headers)) == seconds


def test_google_says_it_in_the_body_and_a_header_wins() -> None:
    said = UpstreamError(message="slow down", retry_after_s=12.5)
    assert retry_after_s(_exchange(), said) == 12.5
    assert retry_after_s(_exchange(retry_after="3"), said) == 3.0
    assert retry_after_s(_exchange(), UpstreamError(message="slow down", retry_after_s=1e9)) == 86_400.0
    assert retry_after_s(_exchange(), UpstreamError(message="slow down")) == 0.0


def test_a_date_is_understood() -> None:
    until = datetime.now(UTC) + timedelta(seconds=30)
    assert retry_after_s(_exchange(retry_after=format_datetime(until, usegmt=True))) == pytest.approx(29.5, abs=1.0)
