"""Costs: what a call took in US dollars, from its tokens and its target's prices. Pure."""

from __future__ import annotations

from typing import Protocol

from volant.core.nouns import Target


class Tokens(Protocol):
    """What was counted, as core.chat.Usage has it: the input includes its cached, written and audio parts."""

    @property
    def input_tokens(self) -> int: ...
    @property
    def output_tokens(self) -> int: ...
    @property
    def cached_tokens(self) -> int: ...
    @property
    def cache_write_tokens(self) -> int: ...
    @property
    def input_audio_tokens(self) -> int: ...
    @property
    def output_audio_tokens(self) -> int: ...


def cost_usd(target: Target, usage: Tokens) -> float:
    """Dollars. The input's cached, written and audio parts, and the output's audio, have prices of their own; reasoning
    is output. A long input moves the whole call to its tier, as providers bill it."""
    per_input, per_output = target.usd_per_input_token, target.usd_per_output_token
    per_cached, per_write = target.usd_per_cached_token, target.usd_per_cache_write_token
    for tier in target.price_tiers:
        if usage.input_tokens > tier.above_tokens:
            per_input, per_output = tier.usd_per_input_token, tier.usd_per_output_token
            per_cached, per_write = tier.usd_per_cached_token, tier.usd_per_cache_write_token
    cost = 0.0
    plain_in, plain_out = usage.input_tokens, usage.output_tokens
    if usage.cached_tokens or usage.cache_write_tokens:
        plain_in -= usage.cached_tokens + usage.cache_write_tokens
        cost += usage.cached_tokens * per_cached + usage.cache_write_tokens * per_write
    if usage.input_audio_tokens or usage.output_audio_tokens:
        plain_in -= usage.input_audio_tokens
        plain_out -= usage.output_audio_tokens
        cost += usage.input_audio_tokens * target.usd_per_input_audio_token
        cost += usage.output_audio_tokens * target.usd_per_output_audio_token
    return cost + max(0, plain_in) * per_input + max(0, plain_out) * per_output


def dearest(target: Target) -> tuple[float, float]:
    """The most that an input and an output token may cost there, whatever they are and however long the input is."""
    tiers = target.price_tiers
    per_input = max(
        target.usd_per_input_token, target.usd_per_cache_write_token, target.usd_per_input_audio_token,
        *(max(tier.usd_per_input_token, tier.usd_per_cache_write_token) for tier in tiers),
    )  # fmt: skip
    per_output = max(
        target.usd_per_output_token, target.usd_per_output_audio_token, *(tier.usd_per_output_token for tier in tiers)
    )
    return per_input, per_output
