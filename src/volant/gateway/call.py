"""Call: one request to one place, from its translation to the last byte that came, and what that amounts to.

Knows connections and dialects; does not know who is asked next, nor whether a failure counts.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable

import msgspec

from volant.core.chat import ChatRequest, ChatResponse, Failed, Started, assemble
from volant.core.errors import UpstreamFailed, VolantError
from volant.core.nouns import ModelCall
from volant.dialects import find
from volant.dialects.dialect import StreamRenderer, UpstreamError
from volant.dialects.openai_reading import Reading, read_answer, read_stream, reading_of
from volant.gateway import edge, operations
from volant.gateway.answers import rendered_for, stream_head, warning_line
from volant.gateway.body import Asked
from volant.gateway.exchange import Exchange
from volant.gateway.footing import Footing
from volant.gateway.hooks import Guarding
from volant.gateway.parts import ask_each
from volant.gateway.plan import Place, VariantPlan
from volant.gateway.routing import Leg
from volant.gateway.streams import OneArray, TranslatedExchange
from volant.gateway.translation import Crossing, Headers, cross, named_answer
from volant.gateway.wire import Wire
from volant.providers.http import Connection, HttpClient, Timeouts, TransportError, is_stale


class Job(msgspec.Struct, kw_only=True):
    """What is to be answered."""

    inference_id: str
    asked: Asked
    variant: VariantPlan
    live: VariantPlan
    trace_id: str
    wire: Wire | None  # None: nobody waits (shadow); then no stream either
    answer_head: bytes  # our header lines of the answer, but for the deployment
    edited: ChatRequest | None = None  # what the guards made of the request; None: nothing
    guarding: Guarding | None = None
    said: Headers = ()  # headers of the caller that go along to a place of the same dialect
    footing: Footing | None = None  # what it holds of its ceilings; None: there are none
    judged: list[ModelCall] = []  # what guards and cache asked meanwhile

    @property
    def input_tokens(self) -> int:
        """About how long the request is; 0: not known (a picture's bytes are no words)."""
        raw = self.asked.raw
        return 0 if b"base64" in raw else (len(raw) + self.variant.added_bytes) // 4 + 1

    @property
    def reads_output(self) -> bool:
        """Some guard looks at the answer."""
        return self.guarding is not None and self.guarding.reads_output


class Call(msgspec.Struct, kw_only=True):
    """One call, over."""

    crossing: Crossing
    exchange: Exchange
    reading: Reading | None = None
    response: ChatResponse | None = None  # in normalised words, where it was read so
    code: str = ""  # what is wrong with an answer that came whole: invalid_answer, empty_stream, ...
    said: UpstreamError | None = None  # the provider's own words about an error
    refusal: VolantError | None = None  # a guard broke its stream off


class Begun(msgspec.Struct, kw_only=True):
    """A request that was sent before anybody waited for its answer, and that call is over: see `express`."""

    ids: tuple[str, str, str, str]  # as request_ids
    place: Place
    connection: Connection
    exchange: Exchange
    footing: Footing | None
    started_ms: int
    started: float  # perf_counter()


async def make_call(
    client: HttpClient, job: Job, leg: Leg, span_id: str, timeouts: Timeouts, begun: Begun | None = None
) -> Call:
    """Ask `leg.place`, or take what came of asking it. Raises BadInput `not_supported` (and the like) for what it
    cannot be asked."""
    asked = job.asked
    stream = asked.stream and job.wire is not None
    crossing = cross(asked, leg.variant, leg.place, stream=stream, edited=job.edited, said=job.said)
    if crossing.parts:

        def ask(part: Crossing, timeouts: Timeouts) -> Awaitable[Call]:
            return _asked(client, job, leg, part, span_id, timeouts)

        return await ask_each(ask, crossing, leg, job.wire, timeouts, client.loop)
    return await _asked(client, job, leg, crossing, span_id, timeouts, begun)


async def _asked(
    client: HttpClient,
    job: Job,
    leg: Leg,
    crossing: Crossing,
    span_id: str,
    timeouts: Timeouts,
    begun: Begun | None = None,
) -> Call:
    stream = job.asked.stream and job.wire is not None
    trace = b"traceparent: 00-%b-%b-01\r\n" % (job.trace_id.encode(), span_id.encode())
    endpoint = crossing.way.endpoint
    data = endpoint.request(crossing.body, trace, stream=stream, said=crossing.said)
    if begun is not None and ((error := begun.exchange.error) is None or not is_stale(begun.connection, error)):
        return _read(job, crossing, begun.exchange)
    for fresh in (False, True) if begun is None else (True,):
        connection = None if fresh else client.idle(endpoint.origin)
        if connection is None:
            try:
                connection = await client.connect(endpoint.origin, timeouts.connect_s, fresh=True)
            except TransportError as error:
                return Call(crossing=crossing, exchange=Exchange.never_sent(client.loop, error))
        exchange = _exchange(client, connection, job, leg, crossing)
        if job.wire is not None and job.wire.gone:  # left while we connected
            exchange.abandon()
            break
        if job.wire is not None and job.wire.cut:
            exchange.stop()
            break
        connection.start(data, exchange, timeouts)
        try:
            await exchange.done
        except asyncio.CancelledError:
            connection.cancel()
            raise
        if fresh or exchange.error is None or not is_stale(connection, exchange.error):
            break
    return _read(job, crossing, exchange)


def _exchange(client: HttpClient, connection: Connection, job: Job, leg: Leg, crossing: Crossing) -> Exchange:
    asked = job.asked
    if not asked.stream or job.wire is None:
        return Exchange(client.loop, connection, job.wire)
    warning = warning_line(crossing.warnings) if crossing.warnings else b""
    head = stream_head(asked.entrance) + job.answer_head + leg.header + warning
    plain = crossing.relays and not job.reads_output
    if plain and asked.entrance.dialect == "openai_chat":
        return Exchange(
            client.loop, connection, job.wire, stream_head=head, strip_usage=not asked.include_usage
        )  # fmt: skip
    return TranslatedExchange(
        client.loop,
        connection,
        job.wire,
        stream_head=head,
        dialect=find(crossing.way.wire.dialect),
        fallback=_fallback(job, crossing),
        renderer=None if plain and asked.entrance.sse else renderer_of(asked),
        sieve=job.guarding.filter() if job.guarding is not None and job.reads_output else None,
    )


def _fallback(job: Job, crossing: Crossing) -> Started:
    """Who answers, in the words of those who do not say it themselves."""
    return Started(id=job.inference_id, created_s=int(time.time()), model=crossing.model)


def renderer_of(asked: Asked) -> StreamRenderer:
    """What writes a stream for this caller."""
    renderer = find(asked.entrance.dialect).stream_renderer(rendered_for(asked))
    return renderer if asked.entrance.sse else OneArray(renderer)


# ---------------------------------------------------------------- what came
def _read(job: Job, crossing: Crossing, exchange: Exchange) -> Call:
    call = Call(crossing=crossing, exchange=exchange)
    if isinstance(exchange, TranslatedExchange):
        call.refusal = exchange.refusal
    if exchange.error is not None and not exchange.blocks:
        return call
    if exchange.status >= 400:
        call.said = operations.parse_error(crossing.way, exchange.status, exchange.body)
    elif exchange.status == 200:
        try:
            _read_answer(job, call)
        except UpstreamFailed as error:
            call.code = error.code
        except Exception:  # noqa: BLE001  # what a place says is not ours: one that breaks a reader has not answered
            edge.mistake(f"reading what {crossing.model or 'a place'} answered")
            call.code, call.reading, call.response = "invalid_answer", None, None
        if exchange.error is None and not call.code:
            call.code = _fault(call)
        if exchange.began and call.refusal is None:
            exchange.error = _unfinished(call)
    return call


def _read_answer(job: Job, call: Call) -> None:
    exchange, wire = call.exchange, call.crossing.way.wire
    if wire.operation != "chat":
        call.reading = operations.read(call.crossing.way, exchange.body)
    elif isinstance(exchange, TranslatedExchange) and exchange.is_stream:
        said = assemble(exchange.events)
        call.response = said if exchange.sieve is None else assemble(exchange.sieve.kept)
        failed = any(isinstance(event, Failed) for event in exchange.events)
        if call.response.choices:
            call.reading = reading_of(call.response, failed=failed)
            if said.usage is not None:
                call.reading.count(said.usage)
    elif exchange.is_stream and job.wire is not None:
        call.reading = read_stream(exchange.blocks)
    elif wire.dialect == "openai_chat":
        call.reading = read_answer(exchange.body)
        if call.reading is not None and (job.reads_output or not call.crossing.relays):
            call.response = find(wire.dialect).parse_response(exchange.body)
    elif exchange.error is None:
        call.response = named_answer(find(wire.dialect).parse_response(exchange.body), _fallback(job, call.crossing))
        if call.response.choices:
            call.reading = reading_of(call.response)


def _unfinished(call: Call) -> TransportError | None:
    """What a stream lacks that the caller has begun to read. All of it may be there although its connection broke."""
    exchange, reading = call.exchange, call.reading
    if exchange.is_whole:
        return None
    if exchange.error is not None:
        return exchange.error
    if reading is None:
        return TransportError("invalid_chunk", "the stream held an event that cannot be read")
    if reading.finish or reading.failed:
        return None
    return TransportError("ended_early", "the stream ended before its answer did")


def _fault(call: Call) -> str:
    """What is wrong with an answer that came whole."""
    exchange = call.exchange
    if exchange.is_stream and not exchange.began:
        return "upstream_stream_error" if exchange.failed_early else "empty_stream"
    if call.reading is None:
        return "invalid_answer"
    return "upstream_stream_error" if call.reading.failed else ""
