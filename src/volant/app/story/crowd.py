"""Crowd: one round of customers asking and agents reviewing, at the same time, taken up again after a kill.

Customers ask; a share of the answers is reviewed and sent back as feedback in batches; what was recorded before is
not asked again, and what a fallback answered is asked again at the end, as people do.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from volant.app.story.agents import Agents, intent_of
from volant.app.story.customers import Answered, Customers, Question, Tally
from volant.app.story.server import Api
from volant.core.errors import VolantError

FLUSH_EVERY_S = 0.25
BATCH = 100


@dataclass(slots=True, kw_only=True)
class Round:
    """What a round gave."""

    tally: Tally
    asked: int
    bridged: int = 0  # answers of the fallback
    reviewed: int = 0
    corrected: int = 0
    noisy: int = 0
    right: int = 0
    judged: int = 0  # answers of a model, whose truth is known to the story
    answers: list[Answered] = field(default_factory=list)

    @property
    def accuracy(self) -> float | None:
        """Share of right answers among a model's own."""
        return self.right / self.judged if self.judged else None


@dataclass(slots=True, kw_only=True)
class Crowd:
    """Customers and agents on one server."""

    api: Api
    customers: Customers
    agents: Agents
    standby: str  # the fallback's deployment

    def run(
        self,
        questions: Sequence[Question],
        *,
        until: Callable[[], bool] = lambda: False,
        watch: Callable[[Round], None] = lambda _: None,
        ask_again: bool = True,
    ) -> Round:
        """The whole round; blocking."""
        return asyncio.run(self._run(questions, until, watch, ask_again))

    async def _run(
        self, questions: Sequence[Question], until: Callable[[], bool], watch: Callable[[Round], None], ask_again: bool
    ) -> Round:
        prefix = questions[0].item.rsplit("/", 1)[0] + "/" if questions else ""
        before = await asyncio.to_thread(self._items, prefix)
        done = Round(tally=Tally(), asked=len(questions))
        outbox: list[dict[str, Any]] = []
        stop = asyncio.Event()

        def on_answer(answered: Answered) -> None:
            if answered.deployment == self.standby:
                done.bridged += 1
            else:
                self._judge(answered, done, outbox)
            watch(done)

        posting = asyncio.create_task(self._post(outbox, stop))
        try:
            left = [q for q in questions if q.item not in before]
            await self.customers.ask(left, on_answer, tally=done.tally, until=until)
            if ask_again:
                await self._ask_bridged_again(questions, prefix, on_answer, done)
            await self._review_earlier(questions, before, outbox, done)
        finally:
            stop.set()
            await posting
        return done

    async def _ask_bridged_again(
        self, questions: Sequence[Question], prefix: str, on_answer: Callable[[Answered], None], done: Round
    ) -> None:
        for _ in range(5):
            items = await asyncio.to_thread(self._settled_items, prefix, len(questions))
            bridged = [q for q in questions if q.item in items and items[q.item]["fallback"]]
            if not bridged:
                return
            await asyncio.sleep(1.0)  # time for the engine to come back
            await self.customers.ask(bridged, on_answer, tally=done.tally)

    async def _review_earlier(
        self, questions: Sequence[Question], before: dict[str, Any], outbox: list[dict[str, Any]], done: Round
    ) -> None:
        """Answers that an earlier, killed telling got: their reviews are sent again; the server keeps each once."""
        for question in questions:
            found = before.get(question.item)
            if found is None or found["fallback"]:
                continue
            if self.agents.review(question.item, "", question.truth) is None:
                continue
            detail = await asyncio.to_thread(self.api.get, f"/api/v1/inferences/{found['inference_id']}/payload")
            text = detail["output"]["choices"][0]["message"]["content"] if detail.get("output") else ""
            answered = Answered(question=question, inference_id=found["inference_id"], deployment="", variant="",
                                text=text, latency_ms=0.0)  # fmt: skip
            self._judge(answered, done, outbox)

    def _judge(self, answered: Answered, done: Round, outbox: list[dict[str, Any]]) -> None:
        question = answered.question
        done.judged += 1
        done.right += intent_of(answered.text) == question.truth
        if len(done.answers) < 5000:
            done.answers.append(answered)
        review = self.agents.review(question.item, answered.text, question.truth)
        if review is None:
            return
        done.reviewed += 1
        done.corrected += not review.accepted
        done.noisy += review.noisy
        outbox.append(
            {
                "inference_id": answered.inference_id,
                "metric": "accepted",
                "value": review.accepted,
                "demonstration": json.loads(review.demonstration),
                "source": "agent",
                "idempotency_key": f"review/{question.item}/{answered.inference_id}",
            }
        )

    async def _post(self, outbox: list[dict[str, Any]], stop: asyncio.Event) -> None:
        while not stop.is_set() or outbox:
            batch, outbox[:BATCH] = outbox[:BATCH], []
            if batch:
                await self._patiently({"feedback": batch})
            else:
                await asyncio.sleep(FLUSH_EVERY_S)

    async def _patiently(self, body: dict[str, Any]) -> None:
        for attempt in range(60):
            try:
                await asyncio.to_thread(self.api.post, "/api/v1/feedback/batch", body)
            except VolantError as error:
                if attempt == 59 or not error.retry_helps:
                    raise
                await asyncio.sleep(1.0)
            else:
                return

    def _items(self, prefix: str) -> dict[str, Any]:
        if not prefix:
            return {}
        items: dict[str, Any] = self.api.get("/api/v1/inferences/items", prefix=prefix)["items"]
        return items

    def _settled_items(self, prefix: str, most: int) -> dict[str, Any]:
        """The items once the spools are drained: the number stands still."""
        items = self._items(prefix)
        for _ in range(40):
            time.sleep(0.25)
            again = self._items(prefix)
            if len(again) == len(items) or len(again) >= most:
                return again
            items = again
        return items
