"""Attempt: one place after the other until one answers.

`routing` says who is asked next, `call` asks; here what came of it is judged, told to the place's health and counted.
What a place says about the request itself (400, 413, 422, ...) is the answer; what it says about itself sends the
request on. What a place cannot express goes to the next that can. Once a stream has said its first word there is no way
back.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from random import Random
from time import perf_counter, time_ns

import msgspec

from volant.core.chat import ChatResponse
from volant.core.errors import BadInput, Unavailable, VolantError
from volant.core.ids import new_span_id
from volant.core.nouns import ModelCall
from volant.dialects.openai_reading import Reading
from volant.gateway.call import Begun, Call, Job, make_call
from volant.gateway.exchange import SERVER_STOPPING, Exchange
from volant.gateway.failures import Failure, failure_of
from volant.gateway.footing import Footing
from volant.gateway.hedging import Race, Racer
from volant.gateway.hooks import Question
from volant.gateway.media import may_name_urls, with_media
from volant.gateway.plan import Place
from volant.gateway.routing import Course, HedgeBudget, Leg
from volant.gateway.tally import HEDGE_LOST, is_estimated, model_call
from volant.gateway.unanswered import failure_to_tell, retry_after_s
from volant.providers.fetching import Fetch
from volant.providers.http import HttpClient

LOSER_S = 0.02  # the slower of two has so long to end
GONE = 499  # the status of a record whose caller left (nginx's number)


class Outcome(msgspec.Struct, kw_only=True):
    """What came of all attempts. `leg` and `call` are the last ones; `failure` says that none answered."""

    leg: Leg | None = None
    call: Call | None = None
    reading: Reading | None = None
    failure: VolantError | None = None
    gone: bool = False  # the caller left
    calls: list[ModelCall] = []
    own_failed: bool = False  # the variant's own deployments did not answer
    ttft_ms: float = 0.0
    estimated: bool = False  # tokens are estimates: no usage came
    response: ChatResponse | None = None  # the answer in normalised words, where somebody had to read it so
    kept: ChatResponse | None = None  # as the guards allow it to be kept
    edited: bool = False  # the guards changed what the upstream said
    said_by_us: bool = False  # nobody was asked: a guard answers
    answer: bytes = b""  # in the caller's dialect, where we made it ourselves
    warnings: tuple[str, ...] = ()
    code: str = ""  # why a guard does: stands in the record
    question: Question | None = None  # that the cache did not know
    cache: str = ""  # how the answer was found without asking: "exact", "semantic"

    @property
    def exchange(self) -> Exchange | None:
        """Of the last call."""
        return self.call.exchange if self.call is not None else None


class _Asked(msgspec.Struct):
    """One call, from its start to its end."""

    span_id: str
    tokens: int  # what was taken of the place's limit a minute
    started_ms: int
    started: float
    ended: float = 0.0
    call: Call | None = None


class Attempts:
    """Makes attempts. Holds the client and the dice."""

    def __init__(self, client: HttpClient, rng: Random, fetch: Fetch | None = None) -> None:
        """`fetch` gets what callers name by URL; without it only providers that fetch by themselves take URLs."""
        self._client = client
        self._rng = rng
        self._fetch = fetch
        self._hedges = HedgeBudget()

    async def answer(self, job: Job, outcome: Outcome | None = None, begun: Begun | None = None) -> Outcome:
        """Try until one answers. Never raises for what upstreams do: see Outcome. `outcome`: to be filled in, for who
        may not be here at the end. `begun`: the first was asked already."""
        outcome = outcome if outcome is not None else Outcome()
        failures: list[str] = []
        unable: BadInput | None = None
        tokens = job.input_tokens if job.variant.measured or job.live.measured else 0
        kind = job.asked.entrance.kind
        suits = None if job.asked.entrance.operation == "chat" else lambda place: place.way(kind) is not None
        course = Course(job.variant, job.live, rng=self._rng, now=self._client.loop.time, tokens=tokens, suits=suits)
        refused: VolantError | None = None
        hedged = job.variant.spec.hedge_after_ms > 0 and job.wire is not None and len(job.variant.deployments) > 1
        leg = course.first() if begun is None else course.begun(begun.place, begun.connection.started_at)
        if job.footing is not None and leg is not None and leg.place.target.model != job.footing.model:
            leg, refused = await _within_ceilings(job.footing, course, leg)
        while leg is not None:
            if leg.wait_s:
                await self._pause(job, leg.wait_s)
            try:
                if hedged and leg.why == "first":
                    leg, failure = await self._race(job, course, leg, outcome, failures)
                else:
                    asked, begun = await self._ask(job, course, leg, begun), None
                    failure = self._settle(job, leg, asked, outcome)
            except BadInput as error:
                unable, failure = error, Failure("refused", error.code)
            else:
                if failure is None:
                    return outcome
                failures.append(f"{leg.place.target.name}: {failure.code}")
            if job.wire is not None and job.wire.started:  # the caller reads an answer: nobody else may begin one
                break
            leg = course.after(failure, leg)
            if job.footing is not None:
                if leg is not None and (spent := await job.footing.cover_again(outcome.calls)) is not None:
                    outcome.failure, outcome.own_failed = spent, True
                    return outcome
                leg, refused = await _within_ceilings(job.footing, course, leg)
        outcome.own_failed = True
        if refused is not None and outcome.call is None:
            outcome.failure = refused
        elif unable is not None and outcome.call is None:
            outcome.failure = unable
        elif outcome.call is None or outcome.call.said is None or not outcome.call.said.context_exceeded:
            outcome.failure = failure_to_tell(job, course, outcome.call, failures, outcome.calls)
        return outcome

    async def _pause(self, job: Job, seconds: float) -> None:
        """Wait, but no longer than the caller does."""
        wire = job.wire
        if wire is None:
            await asyncio.sleep(seconds)
            return
        over = asyncio.Event()
        wire.on_close = over.set
        wire.on_stop = lambda final: over.set() if final else None
        try:
            async with asyncio.timeout(seconds):
                await over.wait()
        except TimeoutError:
            pass

    # ------------------------------------------------------------ one attempt
    async def _ask(self, job: Job, course: Course, leg: Leg, begun: Begun | None = None) -> _Asked:
        """One call, told to the place's health as under way until `_settle`. Raises BadInput for what the place cannot
        be asked. `begun`: it was made, and told."""
        place, health, now = leg.place, leg.place.health, self._client.loop.time
        if self._fetch is not None and may_name_urls(job.asked, place, job.edited):
            job = await with_media(job, place, self._fetch)
        tokens = course.tokens
        limits = place.timeouts
        if leg.why != "first" and (left_s := course.left_s()) < limits.total_s:
            limits = replace(limits, total_s=max(left_s, 0.001))
        if begun is None:
            asked = _Asked(new_span_id(), tokens, time_ns() // 1_000_000, perf_counter())
            health.begin(now())
        else:
            asked = _Asked(begun.ids[3], 0, begun.started_ms, begun.started)
        try:
            if health.meter is not None and begun is None:
                health.meter.take(tokens, now())
            asked.call = await make_call(self._client, job, leg, asked.span_id, limits, begun)
        except BaseException:
            health.let_go()
            raise
        asked.ended = perf_counter()
        return asked

    def _settle(self, job: Job, leg: Leg, asked: _Asked, outcome: Outcome) -> Failure | None:
        """What came of it: into the outcome, the place's health and the count. None when this is the end of it, well or
        badly."""
        call, place = asked.call, leg.place
        assert call is not None
        outcome.leg, outcome.call, outcome.reading = leg, call, call.reading
        outcome.ttft_ms = ((call.exchange.first_at or asked.ended) - asked.started) * 1000
        try:
            failure = self._judge(place, call, outcome)
        except BaseException:  # what a place says is not ours: whatever it breaks here, its slot is free again
            place.health.let_go()
            raise
        outcome.estimated = outcome.estimated or is_estimated(call)
        outcome.calls.append(self._count(job, leg, asked, len(outcome.calls), outcome.ttft_ms, failure))
        return self._end(leg, call, outcome, failure)

    def _count(
        self, job: Job, leg: Leg, asked: _Asked, number: int, ttft_ms: float, failure: Failure | None
    ) -> ModelCall:
        call, meter = asked.call, leg.place.health.meter
        assert call is not None
        latency_ms = (asked.ended - asked.started) * 1000
        made = model_call(job, leg, call, failure, asked.span_id, asked.started_ms, latency_ms, ttft_ms, number)
        if meter is not None:
            meter.correct(made.input_tokens + made.output_tokens - asked.tokens, self._client.loop.time())
        return made

    # ------------------------------------------------------------ two at once
    async def _race(
        self, job: Job, course: Course, leg: Leg, outcome: Outcome, failures: list[str]
    ) -> tuple[Leg, Failure | None]:
        """One leg, with a second place beside it where the first is silent for long. Gives the leg that ended it."""
        assert job.wire is not None
        self._hedges.request()
        race = Race(job.wire)
        running: dict[asyncio.Task[_Asked], tuple[Leg, Racer]] = {}

        def start(one: Leg) -> None:
            racer = race.enter()
            work = self._ask(msgspec.structs.replace(job, wire=racer), course, one)
            running[self._client.loop.create_task(work)] = (one, racer)

        start(leg)
        try:
            await asyncio.wait(running, timeout=job.variant.spec.hedge_after_ms / 1000)
            silent = not next(iter(running)).done() and race.winner is None and not job.wire.gone
            if silent and (second := course.hedge(self._hedges)) is not None:
                if job.footing is None or await _covers_beside(job.footing, second):
                    start(second)
                else:
                    course.take_back(second, self._hedges)
            while True:
                done, _ = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
                for task in sorted(done, key=lambda one: running[one][1].lost):  # a winner first
                    one, racer = running.pop(task)
                    if racer.lost:  # whatever became of it is not the caller's
                        if task.exception() is None:
                            self._lose(job, one, task.result(), outcome)
                        continue
                    failure = self._outcome_of(job, one, task, outcome, alone=not running)
                    if failure is None:
                        race.claim(racer)
                        await self._end_losers(job, running, outcome)
                        return one, None
                    if not running:
                        return one, failure
                    failures.append(f"{one.place.target.name}: {failure.code}")
                    course.note(failure, one)
        finally:
            for task, (one, _) in running.items():
                if not task.cancel() and not task.cancelled() and task.exception() is None:
                    one.place.health.let_go()  # it is over, and nobody looks at it any more

    def _outcome_of(
        self, job: Job, leg: Leg, task: asyncio.Task[_Asked], outcome: Outcome, *, alone: bool
    ) -> Failure | None:
        try:
            return self._settle(job, leg, task.result(), outcome)
        except BadInput as error:
            if leg.why == "hedge" or not alone:  # it cannot be asked this; the other one is under way, or was
                return Failure("refused", error.code)
            raise

    async def _end_losers(
        self, job: Job, running: dict[asyncio.Task[_Asked], tuple[Leg, Racer]], outcome: Outcome
    ) -> None:
        """They were told; who is not even connected yet is not waited for, and was asked nothing."""
        done, late = await asyncio.wait(running, timeout=LOSER_S) if running else (set(), set())
        for task in done:
            leg, _ = running.pop(task)
            if task.exception() is None:
                self._lose(job, leg, task.result(), outcome)
        for task in late:
            running.pop(task)
            task.cancel()

    def _lose(self, job: Job, leg: Leg, asked: _Asked, outcome: Outcome) -> None:
        """The slower of two: paid for as far as it is known, and no failure of its place."""
        leg.place.health.lose((asked.ended - asked.started) * 1000, self._client.loop.time())
        made = self._count(job, leg, asked, len(outcome.calls), 0.0, Failure("over", HEDGE_LOST))
        outcome.calls.insert(0, made)  # the last one is the one that answered

    def _end(self, leg: Leg, call: Call, outcome: Outcome, failure: Failure | None) -> Failure | None:
        if failure is not None and failure.code == SERVER_STOPPING:
            outcome.failure = Unavailable(
                SERVER_STOPPING, "the server stopped before the answer was whole", hint="ask again", retry_after_s=1.0
            )
            return None
        if call.refusal is not None:
            outcome.failure = call.refusal
            return None
        if failure is None or outcome.gone or call.exchange.began or failure.kind == "request":
            outcome.own_failed = leg.is_fallback or (failure is not None and not outcome.gone)
            return None
        return failure

    def _judge(self, place: Place, call: Call, outcome: Outcome) -> Failure | None:
        """What was wrong; None when it answered. Tells the place's health, as the last thing."""
        health, exchange, now = place.health, call.exchange, self._client.loop.time()
        if exchange.error is not None:
            code = exchange.error.code
            if code in ("client_gone", SERVER_STOPPING):
                outcome.gone = code == "client_gone"
                health.let_go()
                return Failure("request", code)
            failure = failure_of(0, code)
        elif call.refusal is not None:
            health.succeed(outcome.ttft_ms, now)
            return Failure("request", call.refusal.code)
        elif 200 <= exchange.status < 300 and not call.code:
            health.succeed(outcome.ttft_ms, now)
            return None
        else:
            too_long = call.said is not None and call.said.context_exceeded
            wait_s = retry_after_s(exchange, call.said) if exchange.status in (429, 503, 529) else 0.0
            failure = failure_of(exchange.status, call.code, context_exceeded=too_long, retry_after_s=wait_s)
        if failure.counts:
            health.fail(now, failure.retry_after_s)
        else:
            health.let_go()
        return failure


async def _covers_beside(footing: Footing, leg: Leg) -> bool:
    """May `leg` run beside the first? Its model's ceilings hold too."""
    model = leg.place.target.model
    return (model == footing.model or await footing.stand_on(model) is None) and footing.covers_beside()


async def _within_ceilings(footing: Footing, course: Course, leg: Leg | None) -> tuple[Leg | None, VolantError | None]:
    """The next leg whose model's ceilings allow a call; else why none does."""
    refusal: VolantError | None = None
    while leg is not None and (refusal := await footing.stand_on(leg.place.target.model)) is not None:
        leg = course.after(Failure("refused", refusal.code), leg)
    return leg, refusal
