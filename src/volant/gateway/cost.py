"""Cost: what a call took in dollars, and the most that a request can take. Pure."""

from __future__ import annotations

from volant.core.costs import cost_usd as cost_of
from volant.gateway import body
from volant.gateway.plan import TaskPlan

OUTPUT_TOKENS = 4096  # reserved for a request that names no limit
REMOTE_TOKENS = 32_000  # reserved for what is named by URL or by a file's id: its bytes are not in the request
_REMOTE = (b"image_url", b"file_id", b"file_url", b"fileUri", b"file_uri", b'"type":"url"', b'"type": "url"')


def most_of(asked: body.Asked, plan: TaskPlan) -> tuple[float, int]:
    """(dollars, tokens) that a request can take at most in one call: a token has at least one byte, and the answer ends
    at its limit."""
    operation = asked.entrance.operation
    if operation in ("count_tokens", "moderations"):
        return 0.0, 0
    raw = asked.raw
    most_in = len(raw)
    if b"url" in raw or b"file" in raw:  # else none of the names can be there
        most_in += REMOTE_TOKENS * sum(raw.count(name) for name in _REMOTE)
    if plan.candidate is None and not plan.weighted:
        variant = plan.live
        most_out = body.output_limit(asked, variant, OUTPUT_TOKENS)
        most_in += variant.added_bytes
        dearest_in, dearest_out = variant.dearest
    else:
        variants = plan.weighted or (plan.live, plan.candidate or plan.live)
        most_out = max(body.output_limit(asked, variant, OUTPUT_TOKENS) for variant in variants)
        most_in += max(variant.added_bytes for variant in variants)
        dearest_in = max(variant.dearest[0] for variant in variants)
        dearest_out = max(variant.dearest[1] for variant in variants)
    return most_in * dearest_in + most_out * dearest_out, most_in + most_out


def in_decimals(usd: float) -> bytes:
    """`usd` as a header says it: digits and a point, never an exponent, to a millionth of a millionth."""
    return (b"%.12f" % usd).rstrip(b"0").rstrip(b".")


__all__ = ["OUTPUT_TOKENS", "REMOTE_TOKENS", "cost_of", "in_decimals", "most_of"]
