"""Inner: what a guard or the cache asks of a model while a request is answered: a judge's opinion, vectors.

Goes the way of any request to a task or deployment of the same project, with its balancing, retries and fallbacks, but
through no guard, no cache and no record of its own: its calls stand on the request's record, with their cost.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

import msgspec

from volant.core.capabilities import Capabilities
from volant.core.chat import ChatRequest
from volant.core.embeddings import EmbeddingRequest
from volant.core.errors import Unavailable, UpstreamFailed
from volant.core.ids import new_id
from volant.core.nouns import KeyGrant, ModelCall
from volant.dialects import find, find_embeddings
from volant.dialects.dialect import Losses
from volant.gateway import body, prompting
from volant.gateway.attempt import Attempts, Outcome
from volant.gateway.call import Job
from volant.gateway.doors import CHAT, Entrance
from volant.gateway.plan import Plans

_EMBEDDINGS = Entrance(family="openai", operation="embeddings", dialect="openai")
_LIKE_OPENAI = Capabilities()


class Inner:
    """Asks for one request. `calls` are its calls so far."""

    def __init__(self, plans: Callable[[], Plans | None], attempts: Attempts, grant: KeyGrant, trace_id: str) -> None:
        self._plans = plans
        self._attempts = attempts
        self._grant = msgspec.structs.replace(grant, tasks=(), operations=(), direct=True)
        self._trace_id = trace_id
        self.calls: list[ModelCall] = []

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

    async def _answer(self, entrance: Entrance, raw: bytes, name: str, timeout_s: float, why: str) -> Outcome:
        plans = self._plans()
        if plans is None:
            raise Unavailable("starting", "this gateway has no configuration yet")
        plan = plans.find_task(self._grant, name)
        if plan.prompted:
            plan = prompting.rendered(plan, {})
        inference_id = new_id("inference")
        variant = plan.live
        job = Job(
            inference_id=inference_id,
            asked=body.parse(raw, entrance=entrance),
            variant=variant,
            live=variant,
            trace_id=self._trace_id,
            wire=None,
            answer_head=b"",
        )
        try:
            async with asyncio.timeout(timeout_s):
                outcome = await self._attempts.answer(job)
        except TimeoutError:
            raise Unavailable(f"{why}_timeout", f"{name!r} did not answer within {timeout_s:g} s") from None
        self.calls += [msgspec.structs.replace(call, why=why) for call in outcome.calls]
        if outcome.failure is not None:
            raise outcome.failure
        if outcome.exchange is None or outcome.exchange.status != 200:
            said = outcome.call.said.message if outcome.call is not None and outcome.call.said is not None else ""
            raise UpstreamFailed("upstream_failed", f"{name!r} did not answer: {said[:200]}")
        return outcome
