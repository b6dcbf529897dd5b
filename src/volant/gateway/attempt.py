"""Attempt: one place after the other until one answers.

Order: the variant's healthy deployments (the less loaded of two drawn), then, for a candidate, the live variant's, then
healthy fallbacks, then whatever is left although its circuit is open. What a place says about the request itself (400,
413, 422, ...) is the answer; what it says about itself (5xx, 429, wrong credentials, no connection, too slow) sends the
request on. Once a stream has begun there is no way back.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field
from random import Random
from time import perf_counter, time_ns
from typing import NamedTuple

from volant.core.errors import LimitReached, Unavailable, UpstreamFailed, VolantError
from volant.core.ids import new_span_id
from volant.core.nouns import ModelCall
from volant.dialects.openai_reading import Reading, read_answer, read_stream
from volant.gateway import body
from volant.gateway.balance import choose
from volant.gateway.exchange import SERVER_STOPPING, Exchange
from volant.gateway.plan import Place, VariantPlan
from volant.gateway.wire import Wire
from volant.providers.http import HttpClient, TransportError, is_stale

GONE = 499  # the status of a record whose caller left (nginx's number)
_REQUEST_FAULT = frozenset({400, 405, 406, 411, 413, 414, 415, 422, 431})  # the next place would say the same
_RETRY_PAUSE_S = 0.1


class Leg(NamedTuple):
    """One place to try, as one variant."""

    variant: VariantPlan
    place: Place
    is_fallback: bool


@dataclass(slots=True, kw_only=True)
class Outcome:
    """What came of all attempts. `leg` and `exchange` are the last ones; `failure` says that none answered."""

    leg: Leg | None = None
    exchange: Exchange | None = None
    reading: Reading | None = None
    failure: VolantError | None = None
    gone: bool = False  # the caller left
    calls: list[ModelCall] = field(default_factory=list)
    own_failed: bool = False  # the variant's own deployments did not answer
    ttft_ms: float = 0.0
    estimated: bool = False  # tokens are estimates: no usage came


@dataclass(slots=True, kw_only=True)
class Job:
    """What is to be answered."""

    inference_id: str
    asked: body.Asked
    variant: VariantPlan
    live: VariantPlan
    trace_id: str
    wire: Wire | None  # None: nobody waits (shadow); then no stream either
    answer_head: bytes  # our header lines of the answer, but for the deployment


class Attempts:
    """Makes attempts. Holds the client and the dice."""

    def __init__(self, client: HttpClient, rng: Random) -> None:
        self._client = client
        self._rng = rng

    async def answer(self, job: Job) -> Outcome:
        """Try until one answers. Never raises for what upstreams do: see Outcome."""
        outcome = Outcome()
        failures: list[str] = []
        tried = 0
        leg: Leg | None = None
        for leg in self._legs(job):
            tried += 1
            if await self._try(job, leg, outcome, failures):
                return outcome
        if tried == 1 and leg is not None and _may_recover(outcome):
            await asyncio.sleep(_RETRY_PAUSE_S * (1 + self._rng.random()))
            if await self._try(job, leg, outcome, failures):
                return outcome
        outcome.own_failed = True
        outcome.failure = _failure(job, outcome, failures)
        return outcome

    # ------------------------------------------------------------ order
    def _legs(self, job: Job) -> Iterator[Leg]:
        resting: list[Leg] = []
        own = job.variant.deployments
        if len(own) == 1 and self._is_ready(own[0]):
            yield Leg(job.variant, own[0], False)
        else:
            yield from self._balanced(job.variant, False, resting)
        # from here on the usual request is over: no list is made before
        bridged = job.variant is not job.live
        if bridged:
            yield from self._balanced(job.live, True, resting)
        later = [Leg(job.variant, place, True) for place in job.variant.fallbacks]
        if bridged:
            known = {leg.place.target.name for leg in later}
            later += [Leg(job.live, p, True) for p in job.live.fallbacks if p.target.name not in known]
        for leg in later:
            if self._is_ready(leg.place):
                yield leg
            elif leg.place.endpoint is not None:
                resting.append(leg)
        for leg in resting:
            if not leg.place.health.is_saturated():
                yield leg

    def _balanced(self, variant: VariantPlan, is_fallback: bool, resting: list[Leg]) -> Iterator[Leg]:
        places = list(variant.deployments)
        while places:
            ready = [place for place in places if self._is_ready(place)]
            if not ready:
                resting += [Leg(variant, place, is_fallback) for place in places if place.endpoint is not None]
                return
            place = ready[0] if len(ready) == 1 else ready[choose([one.health for one in ready], self._rng)]
            places.remove(place)
            yield Leg(variant, place, is_fallback)

    def _is_ready(self, place: Place) -> bool:
        health = place.health
        return (
            place.endpoint is not None
            and health.in_flight < health.max_in_flight
            and (health.open_until == 0.0 or health.is_healthy(self._client.loop.time()))
        )

    # ------------------------------------------------------------ one attempt
    async def _try(self, job: Job, leg: Leg, outcome: Outcome, failures: list[str]) -> bool:
        """True when this is the end of it, well or badly."""
        place = leg.place
        started_ms = time_ns() // 1_000_000
        started = perf_counter()
        span_id = new_span_id()
        place.health.begin()
        try:
            exchange = await self._call(job, leg, span_id)
        except BaseException:
            place.health.let_go()
            raise
        ended = perf_counter()
        outcome.leg, outcome.exchange = leg, exchange
        outcome.ttft_ms = ((exchange.first_at or ended) - started) * 1000
        outcome.reading = _read(exchange)
        code = self._judge(place, exchange, outcome)
        outcome.calls.append(
            _model_call(leg, exchange, outcome, code, span_id, started_ms, (ended - started) * 1000, job)
        )
        if code == SERVER_STOPPING:
            outcome.failure = Unavailable(
                SERVER_STOPPING, "the server stopped before the answer was whole", hint="ask again", retry_after_s=1.0
            )
            return True
        if not code or outcome.gone or exchange.began or exchange.status in _REQUEST_FAULT:
            outcome.own_failed = leg.is_fallback or (bool(code) and not outcome.gone)
            return True
        failures.append(f"{place.target.name}: {code}")
        return False

    async def _call(self, job: Job, leg: Leg, span_id: str) -> Exchange:
        place, client, asked = leg.place, self._client, job.asked
        endpoint = place.endpoint
        assert endpoint is not None
        upstream_body = body.render(asked, leg.variant, place, stream=None if job.wire is not None else False)
        data = endpoint.request(
            upstream_body, b"traceparent: 00-%b-%b-01\r\n" % (job.trace_id.encode(), span_id.encode())
        )
        for fresh in (False, True):
            connection = None if fresh else client.idle(endpoint.origin)
            if connection is None:
                try:
                    connection = await client.connect(endpoint.origin, place.timeouts.connect_s, fresh=True)
                except TransportError as error:
                    return Exchange.never_sent(client.loop, error)
            exchange = Exchange(
                client.loop,
                connection,
                job.wire,
                stream_head=_STREAM_HEAD + job.answer_head + place.header if asked.stream else b"",
                strip_usage=not asked.include_usage,
            )
            if job.wire is not None and job.wire.gone:  # left while we connected
                exchange.abandon()
                return exchange
            if job.wire is not None and job.wire.cut:
                exchange.stop()
                return exchange
            connection.start(data, exchange, place.timeouts)
            try:
                await exchange.done
            except asyncio.CancelledError:
                connection.cancel()
                raise
            if fresh or exchange.error is None or not is_stale(connection, exchange.error):
                break
        return exchange

    def _judge(self, place: Place, exchange: Exchange, outcome: Outcome) -> str:
        """What was wrong, as a code; empty when it answered. Tells the place's health."""
        health, error = place.health, exchange.error
        if error is not None:
            if error.code == "client_gone":
                outcome.gone = True
                health.let_go()
            elif error.code == SERVER_STOPPING:
                health.let_go()
            else:
                health.fail(self._client.loop.time())
            return error.code
        if exchange.status == 200 and outcome.reading is None and exchange.is_stream and not exchange.began:
            health.fail(self._client.loop.time())  # an event stream without one event
            return "empty_stream"
        if 200 <= exchange.status < 300:
            health.succeed(outcome.ttft_ms)
            return "upstream_stream_error" if outcome.reading is not None and outcome.reading.failed else ""
        if exchange.status in _REQUEST_FAULT:
            health.let_go()
        else:
            health.fail(self._client.loop.time(), retry_after_s(exchange) if exchange.status in (429, 503) else 0.0)
        return f"upstream_{exchange.status}"


_STREAM_HEAD = b"content-type: text/event-stream; charset=utf-8\r\ncache-control: no-cache\r\nx-accel-buffering: no\r\n"


def retry_after_s(exchange: Exchange) -> float:
    """How long the place asked to be left alone, seconds; 0 where it said nothing we understand."""
    try:
        if milliseconds := exchange.header(b"retry-after-ms"):
            return max(0.0, float(milliseconds) / 1000)
        return max(0.0, float(exchange.header(b"retry-after") or 0))
    except ValueError:  # an HTTP date: rare, and its own clock
        return 0.0


def _read(exchange: Exchange) -> Reading | None:
    if exchange.status != 200 or not exchange.blocks:
        return None
    return read_stream(exchange.blocks) if exchange.is_stream else read_answer(exchange.body)


def _may_recover(outcome: Outcome) -> bool:
    """Is one more try of the only place worth its time? Not after a timeout, nor after a clear no."""
    exchange = outcome.exchange
    if exchange is None or exchange.began:
        return False
    if exchange.error is not None:
        return exchange.error.code in ("closed", "connect_failed")
    return exchange.status in (500, 502, 503, 504)


def _model_call(
    leg: Leg,
    exchange: Exchange,
    outcome: Outcome,
    code: str,
    span_id: str,
    started_ms: int,
    latency_ms: float,
    job: Job,
) -> ModelCall:
    target, reading = leg.place.target, outcome.reading
    input_tokens = output_tokens = 0
    if reading is not None and reading.counted:
        input_tokens, output_tokens = reading.input_tokens, reading.output_tokens
    elif exchange.status == 200 and exchange.blocks:  # no usage came: broke off, left, or a server that never counts
        outcome.estimated = True
        input_tokens, output_tokens = (len(job.asked.raw) + leg.variant.added_bytes) // 4 + 1, _pieces_of(exchange)
    return ModelCall(
        call_id=f"call_{job.inference_id[4:-2]}{len(outcome.calls):02x}",  # its inference's time and randomness
        span_id=span_id,
        deployment=target.name,
        model=target.model,
        started_ms=started_ms,
        latency_ms=latency_ms,
        status=exchange.status,
        error_code=code,
        input_tokens=input_tokens,
        output_tokens=output_tokens,
        cost_usd=input_tokens * target.usd_per_input_token + output_tokens * target.usd_per_output_token,
        provider_response_id=reading.response_id if reading is not None else "",
    )


def _pieces_of(exchange: Exchange) -> int:
    """A stream sends about one token an event; a whole answer has about one in four bytes."""
    if exchange.is_stream:
        return sum(block.count(b"data:") for block in exchange.blocks)
    return sum(len(block) for block in exchange.blocks) // 4


def _failure(job: Job, outcome: Outcome, failures: list[str]) -> VolantError:
    """What to tell the caller when nobody answered."""
    exchange = outcome.exchange
    if exchange is None:
        return _nobody(job)
    tried = "; ".join(failures)
    if exchange.status == 429:
        return LimitReached(
            "upstream_rate_limited",
            f"every deployment is at its provider's limit ({tried})",
            retry_after_s=retry_after_s(exchange) or 1.0,
        )
    return UpstreamFailed(
        "upstream_failed", f"no deployment answered ({tried})", hint="see `volant doctor`", retry_after_s=1.0
    )


def _nobody(job: Job) -> VolantError:
    places = (*job.variant.deployments, *job.variant.fallbacks)
    name = job.variant.spec.name
    if job.variant.fault is not None:
        return job.variant.fault
    if not places:
        return Unavailable("no_deployment", f"variant {name!r} has no deployment", hint="check volant.toml")
    problems = "; ".join(f"{p.target.name}: {p.problem or 'all its slots are taken'}" for p in places)
    return Unavailable("no_deployment", f"nothing can serve variant {name!r} now ({problems})", retry_after_s=1.0)
