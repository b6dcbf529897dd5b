"""What a call costs: each kind of token by its price, long inputs by their tier; which price counts on which day."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from volant.core.chat import Usage
from volant.core.costs import cost_usd, dearest
from volant.core.nouns import DatedPrice, DeploymentSpec, PriceTier, Target
from volant.core.prices import Price, begins, price_on
from volant.providers.prices import price_of, table_price

TIER = PriceTier(above_tokens=1000, usd_per_input_token=2.0, usd_per_output_token=20.0, usd_per_cached_token=0.2,
                 usd_per_cache_write_token=2.5)  # fmt: skip
TARGET = Target(
    name="d", provider="openai", model="m", base_url="", usd_per_input_token=1.0, usd_per_output_token=10.0,
    usd_per_cached_token=0.1, usd_per_cache_write_token=1.25, usd_per_input_audio_token=5.0,
    usd_per_output_audio_token=50.0, price_tiers=(TIER,),
)  # fmt: skip


@pytest.mark.parametrize(
    ("usage", "usd"),
    [
        ({"input_tokens": 100, "output_tokens": 10}, 200.0),
        ({"input_tokens": 100, "cached_tokens": 60, "cache_write_tokens": 20}, 20 + 6 + 25),
        (
            {"input_tokens": 100, "input_audio_tokens": 40, "output_tokens": 10, "output_audio_tokens": 4},
            60 + 200 + 60 + 200,
        ),
        ({"input_tokens": 10, "output_tokens": 10, "reasoning_tokens": 8}, 110.0),
        ({"input_tokens": 1000}, 1000.0),
        ({"input_tokens": 1001, "cached_tokens": 1, "output_tokens": 1}, 2000.0 + 0.2 + 20.0),
        ({"input_tokens": 10, "cached_tokens": 50}, 5.0),
    ],
)  # fmt: skip
def test_each_kind_of_token_has_its_price(usage: dict[str, int], usd: float) -> None:
    assert cost_usd(TARGET, Usage(**usage)) == pytest.approx(usd)


TOKENS = st.integers(0, 5000)


@given(plain=TOKENS, cached=TOKENS, written=TOKENS, audio=TOKENS, out=TOKENS, said=TOKENS)
def test_nothing_costs_more_than_what_is_reserved_for_it(
    plain: int, cached: int, written: int, audio: int, out: int, said: int
) -> None:
    usage = Usage(
        input_tokens=plain + cached + written + audio, cached_tokens=cached, cache_write_tokens=written,
        input_audio_tokens=audio, output_tokens=out + said, output_audio_tokens=said,
    )  # fmt: skip
    per_input, per_output = dearest(TARGET)
    assert cost_usd(TARGET, usage) <= usage.input_tokens * per_input + usage.output_tokens * per_output + 1e-6


def spec(**more: Any) -> DeploymentSpec:
    return DeploymentSpec(name="d", provider="anthropic", model="claude-sonnet-4-5", **more)


def test_the_tables_know_cached_written_and_tiers() -> None:
    found = price_of(spec(), "2026-11-23")
    assert 0 < found.usd_per_cached_token < found.usd_per_input_token < found.usd_per_cache_write_token
    [tier] = found.tiers
    assert tier.above_tokens == 200_000
    assert tier.usd_per_input_token > found.usd_per_input_token
    audio = table_price("google", "gemini-2.5-flash", "2026-11-23")
    assert audio.usd_per_input_audio_token > audio.usd_per_input_token
    assert audio.usd_per_cache_write_token == audio.usd_per_input_token, "what has no price of its own costs as input"


def test_own_prices_stand_in_place_of_the_tables() -> None:
    table = Price(usd_per_input_token=1e-6, usd_per_output_token=2e-6, usd_per_cached_token=1e-7, tiers=(TIER,),
                  version="t 1")  # fmt: skip
    assert price_on(spec(), "2026-11-23", table) is table
    own = price_on(spec(usd_per_million_input_tokens=3), "2026-11-23", table)
    assert (own.usd_per_input_token, own.usd_per_cached_token, own.usd_per_output_token) == (3e-6, 3e-6, 2e-6)
    assert (own.tiers, own.version) == ((), "t 1+configured")
    cached = price_on(spec(usd_per_million_cached_tokens=0.5), "2026-11-23", Price(version="unknown"))
    assert (cached.usd_per_cached_token, cached.version) == (5e-7, "configured")


def test_a_dated_price_counts_from_its_day_on() -> None:
    def dated(day: str, usd: float, **more: float) -> DatedPrice:
        return DatedPrice(from_day=day, usd_per_million_input_tokens=usd, usd_per_million_output_tokens=9, **more)

    mine = spec(
        usd_per_million_input_tokens=7,
        prices=(dated("2027-02-01", 2, usd_per_million_cached_tokens=1), dated("2027-01-01", 1)),
    )
    table = Price(version="t 1")
    prices = {day: price_on(mine, day, table) for day in ("2026-12-31", "2027-01-01", "2027-01-31", "2027-02-01")}
    assert [round(one.usd_per_input_token * 1e6) for one in prices.values()] == [7, 1, 1, 2]
    assert prices["2027-01-01"].usd_per_cached_token == 1e-6, "as input"
    assert (prices["2027-02-01"].usd_per_cached_token, prices["2027-02-01"].version) == (1e-6, "configured 2027-02-01")
    assert begins(mine, "2027-02-01")
    assert not begins(mine, "2027-02-02")
