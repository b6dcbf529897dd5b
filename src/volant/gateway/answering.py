"""Answering: what the caller gets of an outcome: the upstream's bytes, a rendered answer, a replay, or an error.

Knows every shape of an answer; asks nobody but the output guards.
"""

from __future__ import annotations

from volant.core.chat import ChatResponse, Choice, Message, TextPart, Usage
from volant.core.errors import UpstreamFailed, VolantError
from volant.dialects import find
from volant.dialects.openai_reading import reading_of
from volant.dialects.unsaid import unsaid
from volant.gateway import operations
from volant.gateway.answers import (
    JSON_HEADER,
    Refusal,
    error_event,
    failed_of,
    refused,
    send_error,
    stream_head,
    warning_line,
)
from volant.gateway.attempt import Outcome
from volant.gateway.body import Asked
from volant.gateway.call import Call, Job, renderer_of
from volant.gateway.cost import in_decimals
from volant.gateway.exchange import Exchange
from volant.gateway.inference import Inference
from volant.gateway.streams import TranslatedExchange
from volant.gateway.translation import replay
from volant.gateway.wire import Wire


async def complete(job: Job, outcome: Outcome) -> None:
    """Before the record: output guards over a whole answer; an error in words that are not the caller's."""
    call, exchange = outcome.call, outcome.exchange
    if outcome.failure is None and call is not None and call.said is not None and not call.crossing.relays:
        outcome.failure = refused(call.exchange.status, call.said)
    if (
        job.guarding is not None
        and isinstance(exchange, TranslatedExchange)
        and exchange.sieve is not None
        and (exchange.began or exchange.refusal is not None)
    ):
        job.guarding.conclude(exchange.sieve)
    if exchange is not None and exchange.began:
        return
    if outcome.failure is not None or outcome.gone:
        return
    if outcome.response is None and call is not None:
        outcome.response = call.response or _unasked_whole(job, call)
    if outcome.response is not None:
        await _guard(job, outcome, outcome.response)
    if outcome.response is not None and (lost := unsaid(outcome.response, job.asked.entrance.dialect)):
        named = outcome.warnings or (call.crossing.warnings if call is not None else ())
        outcome.warnings = (*named, *lost)


def _unasked_whole(job: Job, call: Call) -> ChatResponse | None:
    """A whole answer to who asked for a stream: some servers do not stream. It is given as a stream."""
    exchange, wire = call.exchange, call.crossing.way.wire
    if not job.asked.stream or wire.operation != "chat" or exchange.status != 200 or exchange.is_stream:
        return None
    try:
        return find(wire.dialect).parse_response(exchange.body)
    except UpstreamFailed:  # it is relayed as it came
        return None


async def _guard(job: Job, outcome: Outcome, response: ChatResponse) -> None:
    """`outcome.reading` becomes what may be kept, `outcome.response` what the caller gets."""
    kept = given = response
    if job.reads_output and job.guarding is not None and not outcome.said_by_us:
        try:
            kept = response if outcome.cache else await job.guarding.after(response)  # guarded when it was kept
            given = job.guarding.restore(kept)
        except VolantError as refusal:
            outcome.failure = refusal
            outcome.reading = None  # words that were not checked are not kept
            return
    outcome.kept, outcome.response = kept, given
    outcome.edited = given is not response
    if kept is not response or outcome.reading is None:
        counts = outcome.reading
        if kept.choices:
            outcome.reading = reading_of(kept)
            if counts is not None and counts.counted and not outcome.reading.counted:
                outcome.reading.counted = True


def send(job: Job, outcome: Outcome, wire: Wire) -> None:
    """Everything that is still to be sent."""
    exchange, asked = outcome.exchange, job.asked
    if exchange is not None and exchange.began:
        _end_stream(job, outcome, wire)
    elif outcome.failure is not None:
        request_id = job.inference_id.encode()
        send_error(wire, outcome.failure, asked.entrance.family, job.answer_head, request_id)
    elif outcome.response is not None and asked.stream:
        _send_replay(job, outcome, outcome.response, wire)
    else:
        _send_whole(job, outcome, wire)


def said_instead(inference: Inference, text: str) -> ChatResponse:
    """What a guard says in place of the model."""
    message = Message(role="assistant", parts=(TextPart(text=text),))
    return ChatResponse(
        id=inference.inference_id,
        created_s=inference.started_ms // 1000,
        model=inference.plan.task.name,
        choices=(Choice(index=0, message=message, finish="content_filter"),),
        usage=Usage(),
    )


def whole_of(outcome: Outcome) -> ChatResponse | None:
    """The upstream's answer, if it is whole and well ended: what may be given again."""
    call = outcome.call
    if outcome.failure is not None or outcome.gone or call is None or call.exchange.error is not None:
        return None
    if call.exchange.status != 200 or call.reading is None or call.reading.failed or not call.reading.finish:
        return None
    return outcome.kept or call.response or find("openai_chat").parse_response(call.reading.output)


def refusal_of(outcome: Outcome) -> VolantError | None:
    """What the provider found wrong with the request itself."""
    call = outcome.call
    if call is None or call.said is None or outcome.gone or not isinstance(outcome.failure, Refusal | None):
        return None
    return refused(call.exchange.status, call.said)


# ---------------------------------------------------------------- shapes
def _lines(job: Job, outcome: Outcome) -> bytes:
    """Our header lines of an answer that is known as a whole."""
    head = job.answer_head
    if outcome.leg is not None:
        head += outcome.leg.header
    if warnings := outcome.warnings or (outcome.call.crossing.warnings if outcome.call is not None else ()):
        head += warning_line(warnings)
    calls, judged = outcome.calls, job.judged
    cost = calls[0].cost_usd if len(calls) == 1 and not judged else sum(call.cost_usd for call in (*calls, *judged))
    return head + (b"x-volant-cost-usd: %b\r\n" % in_decimals(cost))


def _send_whole(job: Job, outcome: Outcome, wire: Wire) -> None:
    asked, call = job.asked, outcome.call
    if outcome.answer:
        wire.respond(200, JSON_HEADER + _lines(job, outcome), outcome.answer)
        return
    if call is not None and call.crossing.relays and not outcome.edited:
        exchange = call.exchange
        kind = exchange.content_type or b"application/json"
        wire.respond(exchange.status, b"content-type: %b\r\n%b" % (kind, _lines(job, outcome)), exchange.body)
        return
    if outcome.response is not None:
        body = find(asked.entrance.dialect).render_response(outcome.response, asked.chat())
    else:
        assert call is not None
        body = operations.answer_for(asked, call.crossing.way, call.exchange.body)
    wire.respond(200, JSON_HEADER + _lines(job, outcome), body)


def _send_replay(job: Job, outcome: Outcome, response: ChatResponse, wire: Wire) -> None:
    renderer = renderer_of(job.asked)
    data = b"".join(renderer.feed(event) for event in replay(response)) + renderer.done()
    wire.start(200, stream_head(job.asked.entrance) + _lines(job, outcome), data)
    wire.finish()


def _end_stream(job: Job, outcome: Outcome, wire: Wire) -> None:
    exchange, call = outcome.exchange, outcome.call
    assert exchange is not None
    assert call is not None
    if outcome.failure is not None:
        wire.finish(_broken(job.asked, exchange, outcome.failure))
    elif exchange.error is not None:
        error = BrokenOff(exchange.error.code, f"the answer broke off: {exchange.error}")
        wire.finish(_broken(job.asked, exchange, error))
    elif isinstance(exchange, TranslatedExchange):
        wire.finish(exchange.ending(call.reading is not None and call.reading.failed))
    else:
        wire.finish(exchange.done_event)


def _broken(asked: Asked, exchange: Exchange, error: VolantError) -> bytes:
    """How a stream says that it broke off: by the renderer that began it, if ours did, so that it stays one answer."""
    said = exchange.broken(failed_of(error)) if isinstance(exchange, TranslatedExchange) else b""
    return said or error_event(asked, error)


class BrokenOff(VolantError):
    """A stream that ended before its answer did."""
