"""Prices: US dollars a token, from the dated tables of genai-prices: plain, cached, written and audio, with tiers.

Used where a snapshot is built (control); the gateway gets plain numbers in its Targets. Offline: the tables come with
the package, whose version is the price version on every call. Prices that depend on the hour are taken at noon UTC.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import cache
from importlib.metadata import version
from typing import Any

from genai_prices import Usage, calc_price
from genai_prices.types import TieredPrices

from volant.core.nouns import DeploymentSpec, PriceTier
from volant.core.prices import Price, price_on
from volant.providers.registry import find

_MILLION = 1_000_000
_PARTS = {
    "usd_per_input_token": "input_mtok",
    "usd_per_output_token": "output_mtok",
    "usd_per_cached_token": "cache_read_mtok",
    "usd_per_cache_write_token": "cache_write_mtok",
    "usd_per_input_audio_token": "input_audio_mtok",
    "usd_per_output_audio_token": "output_audio_mtok",
}
_ELSE = {"cached": "input", "cache_write": "input", "input_audio": "input", "output_audio": "output"}


def price_of(spec: DeploymentSpec, day: str = "") -> Price:
    """The price of a deployment on a UTC day (empty: today): its own, else the tables', else "unknown" or "none".

    "none": the provider charges nothing a token. "unknown": it does, but the tables do not know the model, so that
    cost is shown as unknown instead of as zero. Raises NotFound for a provider that nobody knows.
    """
    day = day or datetime.now(UTC).strftime("%Y-%m-%d")
    return price_on(spec, day, table_price(spec.provider, spec.price_model or spec.model, day))


def table_price(provider: str, model: str, day: str) -> Price:
    """What the tables say of a provider's model on a day."""
    return _from_tables(find(provider).price_provider, model, day)


@cache
def _from_tables(provider_id: str, model: str, day: str) -> Price:
    if not provider_id:
        return Price()
    noon = datetime.fromisoformat(day).replace(tzinfo=UTC) + timedelta(hours=12)
    try:
        found = calc_price(Usage(input_tokens=1), model, provider_id=provider_id, genai_request_timestamp=noon)
    except LookupError:
        return Price(version="unknown")
    said = {name: getattr(found.model_price, field) for name, field in _PARTS.items()}
    starts = sorted({tier.start for one in said.values() if isinstance(one, TieredPrices) for tier in one.tiers})
    tiers = tuple(_tier(said, start) for start in starts)
    return Price(**_at(said, 0), tiers=tiers, version=f"genai-prices {version('genai-prices')}")


def _at(said: dict[str, Any], tokens: int) -> dict[str, float]:
    """Dollars a token where the input has more than `tokens`. A part without a price of its own costs as the whole."""
    prices = {name: _dollars(one, tokens) for name, one in said.items()}
    for part, whole in _ELSE.items():
        if prices[f"usd_per_{part}_token"] is None:
            prices[f"usd_per_{part}_token"] = prices[f"usd_per_{whole}_token"]
    return {name: one or 0.0 for name, one in prices.items()}


def _dollars(price: Decimal | TieredPrices | None, tokens: int) -> float | None:
    if price is None:
        return None
    if isinstance(price, TieredPrices):
        passed = [tier.price for tier in price.tiers if tokens >= tier.start > 0]
        price = passed[-1] if passed else price.base
    return float(price) / _MILLION


def _tier(said: dict[str, Any], start: int) -> PriceTier:
    prices = _at(said, start)
    return PriceTier(
        above_tokens=start,
        usd_per_input_token=prices["usd_per_input_token"],
        usd_per_output_token=prices["usd_per_output_token"],
        usd_per_cached_token=prices["usd_per_cached_token"],
        usd_per_cache_write_token=prices["usd_per_cache_write_token"],
    )
