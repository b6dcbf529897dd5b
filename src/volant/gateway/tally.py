"""Tally: one call as the record keeps it: what it was, what it took, what it cost. Pure."""

from __future__ import annotations

from operator import attrgetter

import msgspec

from volant.core.chat import Delta, StreamEvent, ToolDelta
from volant.core.nouns import ModelCall, Target
from volant.dialects.openai_reading import Reading
from volant.gateway.call import Call, Job
from volant.gateway.cost import cost_of
from volant.gateway.counting import estimated
from volant.gateway.failures import Failure
from volant.gateway.routing import Leg
from volant.gateway.streams import TranslatedExchange

HEDGE_LOST = "hedge_lost"  # of a call: the other of two had a word to say first


def model_call(
    job: Job,
    leg: Leg,
    call: Call,
    failure: Failure | None,
    span_id: str,
    started_ms: int,
    latency_ms: float,
    ttft_ms: float,
    number: int,
) -> ModelCall:
    """What one call was, took and cost. `number`: how many there were before it."""
    reading, exchange = call.reading, call.exchange
    counts = reading
    if is_estimated(call):
        # no usage came: broke off, left, or a server that never counts
        counts = _so_far(job, leg, call)
    if counts is None:
        # no answer came from a place that has read the request: it counts that
        counts = Reading(input_tokens=_estimate(job, leg)) if exchange.unanswered else _NOTHING
    return written(
        job.inference_id,
        leg.place.target,
        in_reason(counts),
        span_id,
        started_ms,
        latency_ms,
        ttft_ms,
        number,
        status=exchange.status,
        error_code=failure.code if failure is not None else "",
        response_id=reading.response_id if reading is not None else "",
        why=leg.why,
    )


def written(
    inference_id: str,
    target: Target,
    counts: Reading,
    span_id: str,
    started_ms: int,
    latency_ms: float,
    ttft_ms: float,
    number: int,
    *,
    status: int,
    error_code: str = "",
    response_id: str = "",
    why: str = "first",
) -> ModelCall:
    """One call to `target`, which took `counts`."""
    return ModelCall(
        call_id=f"call_{inference_id[4:-2]}{number:02x}",  # its inference's time and randomness
        span_id=span_id,
        deployment=target.name,
        model=target.model,
        started_ms=started_ms,
        latency_ms=latency_ms,
        status=status,
        error_code=error_code,
        input_tokens=counts.input_tokens,
        output_tokens=counts.output_tokens,
        cost_usd=cost_of(target, counts),
        provider_response_id=response_id,
        cached_tokens=counts.cached_tokens,
        cache_write_tokens=counts.cache_write_tokens,
        reasoning_tokens=counts.reasoning_tokens,
        ttft_ms=ttft_ms,
        price_version=target.price_version,
        why=why,
    )


_NOTHING = Reading()
_MOST = 1 << 40  # tokens of one call
_COUNTS = tuple(name for name in Reading.__struct_fields__ if name.endswith("_tokens"))
_counts_of = attrgetter(*_COUNTS)


def in_reason(counts: Reading) -> Reading:
    """What a provider counted, from 0 to a trillion: beyond, it would give budgets back or fit into no record."""
    said = _counts_of(counts)
    if min(said) >= 0 and max(said) <= _MOST:
        return counts
    return msgspec.structs.replace(
        counts, **{name: min(max(count, 0), _MOST) for name, count in zip(_COUNTS, said, strict=True)}
    )


def is_estimated(call: Call) -> bool:
    """Something came, and no usage with it."""
    reading, exchange = call.reading, call.exchange
    return (reading is None or not reading.counted) and exchange.status == 200 and bool(exchange.blocks)


def _estimate(job: Job, leg: Leg) -> int:
    asked = job.asked
    if (
        b"base64" in asked.raw and asked.entrance.operation == "chat" and asked.known()
    ):  # a picture's bytes are no words
        return estimated(job.asked, leg.variant)
    return (len(job.asked.raw) + leg.variant.added_bytes) // 4 + 1


def _so_far(job: Job, leg: Leg, call: Call) -> Reading:
    """Of an answer that broke off, or whose server never counts: what was counted until then, and else an estimate."""
    exchange, counts = call.exchange, Reading(input_tokens=_estimate(job, leg))
    if isinstance(exchange, TranslatedExchange) and (usage := exchange.usage) is not None:
        counts.count(usage)
    counts.output_tokens = max(counts.output_tokens, _pieces_of(job, call))
    return counts


def _pieces_of(job: Job, call: Call) -> int:
    """A stream sends about one token an event, or about one in four letters; a whole answer has as many bytes."""
    exchange = call.exchange
    if job.asked.entrance.operation != "chat":
        return 0
    if not exchange.is_stream:
        return sum(len(block) for block in exchange.blocks) // 4
    if isinstance(exchange, TranslatedExchange):
        said = [_letters(event) for event in exchange.events]
        return max(sum(map(bool, said)), sum(said) // 4)
    letters = len(call.reading.content) if call.reading is not None else 0
    return max(sum(block.count(b"data:") for block in exchange.blocks), letters // 4)


def _letters(event: StreamEvent) -> int:
    if isinstance(event, Delta):
        return len(event.text) + len(event.reasoning) + len(event.refusal)
    return len(event.arguments) if isinstance(event, ToolDelta) else 0
