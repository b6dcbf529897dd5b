"""Cost: what a call took in dollars, and the most that a request can take. Pure."""

from __future__ import annotations

from volant.core.chat import Usage
from volant.core.nouns import Target
from volant.dialects.openai_reading import Reading
from volant.gateway import body
from volant.gateway.plan import TaskPlan

OUTPUT_TOKENS = 4096  # reserved for a request that names no limit


def cost_of(target: Target, usage: Usage | Reading) -> float:
    """Dollars. Tokens read from the provider's cache, and those written to it, have prices of their own."""
    plain = usage.input_tokens - usage.cached_tokens - usage.cache_write_tokens
    cost = max(0, plain) * target.usd_per_input_token + usage.output_tokens * target.usd_per_output_token
    if usage.cached_tokens or usage.cache_write_tokens:
        cost += usage.cached_tokens * target.usd_per_cached_token
        cost += usage.cache_write_tokens * target.usd_per_cache_write_token
    return cost


def most_usd(asked: body.Asked, plan: TaskPlan) -> float:
    """The most that a request can cost: a token has at least one byte, and the answer ends at its limit."""
    if asked.entrance.operation in ("count_tokens", "moderations"):
        return 0.0
    variants = plan.weighted or ((plan.live,) if plan.candidate is None else (plan.live, plan.candidate))
    dearest_in = max(variant.dearest[0] for variant in variants)
    dearest_out = max(variant.dearest[1] for variant in variants)
    if not dearest_in and not dearest_out:
        return 0.0
    most = max(body.output_limit(asked, variant, OUTPUT_TOKENS) for variant in variants)
    added = max(variant.added_bytes for variant in variants)
    return (len(asked.raw) + added) * dearest_in + most * dearest_out
