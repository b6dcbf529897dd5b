"""Prices: what a deployment's tokens cost on a day: its own dated prices, its own prices, else a table's. Pure.

Knows the rules of precedence; the table comes in (providers/prices.py reads it). US dollars a token.
"""

from __future__ import annotations

import msgspec

from volant.core.nouns import DatedPrice, DeploymentSpec, PriceTier

_MILLION = 1_000_000


class Price(msgspec.Struct, frozen=True, kw_only=True):
    """What tokens cost. `version` says who says so: "genai-prices 0.2.3", "…+configured", "configured 2027-01-01",
    "none" (the provider charges nothing a token), "unknown" (it does, and nobody knows what)."""

    usd_per_input_token: float = 0.0
    usd_per_output_token: float = 0.0
    usd_per_cached_token: float = 0.0
    usd_per_cache_write_token: float = 0.0
    usd_per_input_audio_token: float = 0.0
    usd_per_output_audio_token: float = 0.0
    tiers: tuple[PriceTier, ...] = ()
    version: str = "none"


def price_on(spec: DeploymentSpec, day: str, table: Price) -> Price:
    """What counts for a deployment on a UTC day: the newest of its `prices` that has begun, else the table with its
    `usd_per_million_…` in place of what they say."""
    begun = [one for one in spec.prices if one.from_day <= day]
    if begun:
        return _dated(max(begun, key=lambda one: one.from_day))
    own = (
        spec.usd_per_million_input_tokens,
        spec.usd_per_million_output_tokens,
        spec.usd_per_million_cached_tokens,
    )
    return table if own == (None, None, None) else _overridden(spec, table)


def begins(spec: DeploymentSpec, day: str) -> bool:
    """A price of its own begins on that day."""
    return any(one.from_day == day for one in spec.prices)


def _dated(price: DatedPrice) -> Price:
    given_in, given_out = price.usd_per_million_input_tokens, price.usd_per_million_output_tokens
    cached, written = price.usd_per_million_cached_tokens, price.usd_per_million_cache_write_tokens
    return Price(
        usd_per_input_token=given_in / _MILLION,
        usd_per_output_token=given_out / _MILLION,
        usd_per_cached_token=(given_in if cached is None else cached) / _MILLION,
        usd_per_cache_write_token=(given_in if written is None else written) / _MILLION,
        usd_per_input_audio_token=given_in / _MILLION,
        usd_per_output_audio_token=given_out / _MILLION,
        version=f"configured {price.from_day}",
    )


def _overridden(spec: DeploymentSpec, table: Price) -> Price:
    """Whoever gives the input's price gives that of all of its parts, but for what they say apart."""
    changes: dict[str, float] = {}
    if (given_in := spec.usd_per_million_input_tokens) is not None:
        for part in ("input", "cached", "cache_write", "input_audio"):
            changes[f"usd_per_{part}_token"] = given_in / _MILLION
    if (given_out := spec.usd_per_million_output_tokens) is not None:
        for part in ("output", "output_audio"):
            changes[f"usd_per_{part}_token"] = given_out / _MILLION
    if (cached := spec.usd_per_million_cached_tokens) is not None:
        changes["usd_per_cached_token"] = cached / _MILLION
    known = table.version not in ("none", "unknown")
    version = f"{table.version}+configured" if known else "configured"
    tiers = () if given_in is not None or given_out is not None else table.tiers
    return msgspec.structs.replace(table, **changes, tiers=tiers, version=version)
