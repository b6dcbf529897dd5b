"""Inner: what a guard or the cache asks of a model while a request is answered: a judge's opinion, vectors.

Goes the way of any request to a task or deployment of the same project, with its balancing, retries and fallbacks, but
through no guard, no cache and no record of its own: its calls stand on the request's record, with their cost, and on
its ceilings. One that takes too long is hung up on, as a client would, so that what its provider has read is paid for.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence

import msgspec

from volant.core.capabilities import Capabilities
from volant.core.chat import ChatRequest
from volant.core.embeddings import EmbeddingRequest
from volant.core.errors import Unavailable, UpstreamFailed, VolantError
from volant.core.ids import new_id
from volant.core.nouns import KeyGrant, ModelCall
from volant.dialects import find, find_embeddings
from volant.dialects.dialect import Losses
from volant.gateway import body, prompting
from volant.gateway.attempt import Attempts, Outcome
from volant.gateway.call import Job
from volant.gateway.cost import most_of
from volant.gateway.doors import CHAT, Entrance
from volant.gateway.footing import Footing
from volant.gateway.plan import Plans
from volant.gateway.wire import Wire

_EMBEDDINGS = Entrance(family="openai", operation="embeddings", dialect="openai")
_LIKE_OPENAI = Capabilities()
_log = logging.getLogger("volant.gateway")
_HANG_UP_S = 0.05  # who is not even connected by then was asked nothing


class _Patience(Wire):
    """Who waits for the answer: nobody on a wire, and not for ever."""

    __slots__ = ("_left",)

    def __init__(self) -> None:
        self.on_close = self.on_pause = self.on_stop = None
        self.cut = self._left = False

    @property
    def gone(self) -> bool:
        return self._left

    @property
    def started(self) -> bool:
        return False

    def leave(self) -> None:
        """Hang up: the call under way ends, and counts as far as it came."""
        self._left = True
        if self.on_close is not None:
            self.on_close()


class Inner:
    """Asks for one request. `calls` are its calls so far."""

    def __init__(
        self,
        plans: Callable[[], Plans | None],
        attempts: Attempts,
        grant: KeyGrant,
        trace_id: str,
        *,
        footing: Footing | None = None,
        calls: list[ModelCall] | None = None,
    ) -> None:
        """`footing`: the request's, beside which its calls stand."""
        self._footing = footing
        self._under_way: dict[asyncio.Task[Outcome], _Patience] = {}
        self._plans = plans
        self._attempts = attempts
        self._grant = msgspec.structs.replace(grant, tasks=(), operations=(), direct=True)
        self._trace_id = trace_id
        self.calls: list[ModelCall] = calls if calls is not None else []

    async def ask(self, name: str, request: ChatRequest, timeout_s: float) -> str:
        """The words of the answer. Raises VolantError."""
        losses = Losses("OpenAI chat completions")
        raw = find("openai_chat").render_request(msgspec.structs.replace(request, model=name), _LIKE_OPENAI, losses)
        outcome = await self._answer(CHAT, raw, name, timeout_s, "judge")
        if outcome.reading is None:
            raise UpstreamFailed("invalid_answer", f"{name!r} gave no answer")
        return outcome.reading.content

    async def embed(self, name: str, texts: Sequence[str], timeout_s: float) -> list[Sequence[float]]:
        """One vector a text. Raises VolantError."""
        request = EmbeddingRequest(model=name, inputs=tuple(texts))
        raw = find_embeddings("openai").render_request(request, Losses("OpenAI embeddings"))
        outcome = await self._answer(_EMBEDDINGS, raw, name, timeout_s, "embedding")
        call = outcome.call
        if call is None or call.exchange.status != 200:
            raise UpstreamFailed("invalid_answer", f"{name!r} gave no vectors")
        answer = find_embeddings(call.crossing.way.wire.dialect).parse_response(call.exchange.body)
        if len(answer.vectors) != len(texts):
            raise UpstreamFailed(
                "invalid_answer", f"{name!r} gave {len(answer.vectors)} vectors for {len(texts)} texts"
            )
        return list(answer.vectors)

    async def close(self) -> None:
        """The request is over: hang up on whatever is still under way, so that it stands in `calls`."""
        await _hang_up(dict(self._under_way))

    async def _answer(self, entrance: Entrance, raw: bytes, name: str, timeout_s: float, why: str) -> Outcome:
        plans = self._plans()
        if plans is None:
            raise Unavailable("starting", "this gateway has no configuration yet")
        plan = plans.find_task(self._grant, name)
        if plan.prompted:
            plan = prompting.rendered(plan, {})
        asked, waiting = body.parse(raw, entrance=entrance), _Patience()
        footing: Footing | None = None
        if self._footing is not None:
            footing = await self._footing.beside(plan.live.model, *most_of(asked, plan))
        job = Job(
            inference_id=new_id("inference"),
            asked=asked,
            variant=plan.live,
            live=plan.live,
            trace_id=self._trace_id,
            wire=waiting,
            answer_head=b"",
            footing=footing,
        )
        work = asyncio.get_running_loop().create_task(self._ask(job, why))
        self._under_way[work] = waiting
        work.add_done_callback(self._ended)
        try:
            async with asyncio.timeout(timeout_s):
                outcome = await asyncio.shield(work)
        except TimeoutError:
            await _hang_up({work: waiting})
            raise Unavailable(f"{why}_timeout", f"{name!r} did not answer within {timeout_s:g} s") from None
        except asyncio.CancelledError:  # the request is over; `close` waits for the end of this
            waiting.leave()
            raise
        if outcome.failure is not None:
            raise outcome.failure
        if outcome.exchange is None or outcome.exchange.status != 200:
            said = outcome.call.said.message if outcome.call is not None and outcome.call.said is not None else ""
            raise UpstreamFailed("upstream_failed", f"{name!r} did not answer: {said[:200]}")
        return outcome

    async def _ask(self, job: Job, why: str) -> Outcome:
        """To its end, whoever still waits for it: what it took is told and settled."""
        outcome = Outcome()
        try:
            return await self._attempts.answer(job, outcome)
        finally:
            self.calls += [msgspec.structs.replace(call, why=why) for call in outcome.calls]
            if job.footing is not None:
                job.footing.settle(outcome.calls)

    def _ended(self, work: asyncio.Task[Outcome]) -> None:
        del self._under_way[work]
        if not work.cancelled() and (error := work.exception()) is not None and not isinstance(error, VolantError):
            _log.error("what a guard or the cache asked failed here: %r", error)


async def _hang_up(calls: Mapping[asyncio.Task[Outcome], _Patience]) -> None:
    """On all at once."""
    if not calls:
        return
    for waiting in calls.values():
        waiting.leave()
    _, late = await asyncio.wait(calls, timeout=_HANG_UP_S)
    for work in late:
        work.cancel()
    if late:
        await asyncio.wait(late)
