"""Parts: a request that its place takes only in several calls (embeddings of many texts), as one call.

One after the other at one place, so that all vectors are of one model; together they are one answer, one count of
tokens, and at most as long as one call. Where a part fails, all of it failed, and the parts before were paid for.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Protocol, TypeVar

import msgspec

from volant.core.embeddings import EmbeddingRequest
from volant.dialects import find_embeddings
from volant.dialects.openai_reading import Reading
from volant.gateway import operations
from volant.gateway.exchange import Exchange
from volant.gateway.routing import Leg
from volant.gateway.translation import Crossing
from volant.gateway.wire import Wire
from volant.providers.http import Timeouts, TransportError


class Call(Protocol):
    """One call, as far as it concerns its parts."""

    crossing: Crossing
    exchange: Exchange
    reading: Reading | None
    code: str


C = TypeVar("C", bound=Call)


async def ask_each(
    ask: Callable[[Crossing, Timeouts], Awaitable[C]],
    crossing: Crossing,
    leg: Leg,
    wire: Wire | None,
    timeouts: Timeouts,
    loop: asyncio.AbstractEventLoop,
) -> C:
    """All parts of `crossing` (it has some), asked by `ask`. Waits where the place's own limit a minute makes it."""
    deadline = loop.time() + timeouts.total_s
    done: list[C] = []
    for body, count in crossing.parts:
        here = msgspec.structs.replace(crossing, body=body, parts=())
        if done and not await _may_go(leg, wire, deadline, loop):
            late = TransportError("total_timeout", "its time was over before all of its parts were asked")
            return _ended(done[-1], Exchange.never_sent(loop, late), sum(_tokens(one) for one in done))
        call = await ask(here, replace(timeouts, total_s=max(deadline - loop.time(), 0.001)))
        if call.exchange.error is not None or call.exchange.status != 200 or call.code:
            return _failed(call, done)
        if _vectors(call) != count:
            call.code = "invalid_answer"
            return _failed(call, done)
        done.append(call)
    return _joined(crossing, done)


async def _may_go(leg: Leg, wire: Wire | None, deadline: float, loop: asyncio.AbstractEventLoop) -> bool:
    """Count one more request at the place, when there is room. Its tokens were counted with the first part's."""
    meter = leg.place.health.meter
    if meter is None:
        return True
    while wait_s := meter.wait_s(0, loop.time()):
        if loop.time() + wait_s >= deadline or (wire is not None and (wire.gone or wire.cut)):
            return False
        await asyncio.sleep(min(wait_s, 1.0))
    meter.take(0, loop.time())
    return True


def _vectors(call: Call) -> int:
    return len(find_embeddings(call.crossing.way.wire.dialect).parse_response(call.exchange.body).vectors)


def _joined(crossing: Crossing, done: list[C]) -> C:
    """One answer in the place's dialect, in the order that was asked in."""
    dialect = find_embeddings(crossing.way.wire.dialect)
    answers = [dialect.parse_response(call.exchange.body) for call in done]
    counts = [answer.input_tokens for answer in answers]
    whole = msgspec.structs.replace(
        answers[0],
        vectors=tuple(vector for answer in answers for vector in answer.vectors),
        input_tokens=sum(counts) if all(counts) else 0,  # else an estimate of all is better than a sum of some
    )
    exchange = done[-1].exchange
    exchange.first_at = done[0].exchange.first_at
    exchange.blocks = [dialect.render_response(whole, EmbeddingRequest(model=crossing.model, inputs=()))]
    call = done[-1]
    call.crossing, call.reading = crossing, operations.read(crossing.way, exchange.body)
    return call


def _failed(call: C, done: list[C]) -> C:
    """The part that failed, with what it and those before it took."""
    if not done:
        return call
    exchange = call.exchange
    heard = exchange.status == 200 or (exchange.error is not None and exchange.error.code == "client_gone")
    return _ended(call, exchange, sum(_tokens(one) for one in done) + (_tokens(call) if heard else 0))


def _ended(call: C, exchange: Exchange, tokens: int) -> C:
    call.exchange, call.reading = exchange, Reading(counted=True, input_tokens=tokens)
    return call


def _tokens(call: Call) -> int:
    if call.reading is not None and call.reading.counted:
        return call.reading.input_tokens
    return len(call.crossing.body) // 4 + 1
