"""Customers: simulated users who ask through the gateway with the official `openai` client.

Every question has an item name that the server records, so that a broken connection or a killed story is taken up
where it was: what is recorded is not asked again. Answers of the fallback are asked again at the end, as people do.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from openai import APIConnectionError, APIStatusError, AsyncOpenAI

PATIENCE_S = 90.0  # how long customers wait for a server that is away


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One thing to ask. `text` is what the person wrote, personal data and all."""

    item: str
    user: str
    text: str
    truth: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """One answer as the customer's client saw it."""

    question: Question
    inference_id: str
    deployment: str
    variant: str
    text: str
    latency_ms: float


@dataclass(slots=True)
class Tally:
    """What one round of asking gave."""

    answered: int = 0
    errors: Counter[str] = field(default_factory=Counter)
    by_deployment: Counter[str] = field(default_factory=Counter)
    right: int = 0
    latencies_ms: list[float] = field(default_factory=list)
    seconds: float = 0.0


@dataclass(slots=True, kw_only=True)
class Customers:
    """A crowd with a rate. `recorded` asks the server which items it has, after a broken connection."""

    base_url: str
    keys: Sequence[str]  # several applications, a key each; users are spread over them
    task: str
    rate_per_s: float
    in_flight: int
    recorded: Callable[[str], Awaitable[bool]]
    ready: Callable[[], Awaitable[bool]]

    async def ask(
        self,
        questions: Sequence[Question],
        on_answer: Callable[[Answered], None],
        *,
        tally: Tally,
        until: Callable[[], bool] = lambda: False,
    ) -> None:
        """Ask in order at the rate, several at once, until all are answered or `until()` says enough; count."""
        clients = [AsyncOpenAI(base_url=self.base_url, api_key=key, max_retries=0, timeout=30.0) for key in self.keys]
        gate = asyncio.Semaphore(self.in_flight)
        started = time.monotonic()
        tasks: set[asyncio.Task[None]] = set()

        async def one(client: AsyncOpenAI, question: Question) -> None:
            try:
                answered = await self._patiently(client, question, tally)
                if answered is not None:
                    tally.answered += 1
                    tally.by_deployment[answered.deployment] += 1
                    tally.latencies_ms.append(answered.latency_ms)
                    on_answer(answered)
            finally:
                gate.release()

        try:
            for number, question in enumerate(questions):
                if until():
                    break
                delay = started + number / self.rate_per_s - time.monotonic()
                if delay > 0:
                    await asyncio.sleep(delay)
                await gate.acquire()
                task = asyncio.create_task(one(clients[hash_of(question.user) % len(clients)], question))
                tasks.add(task)
                task.add_done_callback(tasks.discard)
            if tasks:
                await asyncio.gather(*tasks)
        finally:
            for client in clients:
                await client.close()
            tally.seconds += time.monotonic() - started

    async def _patiently(self, client: AsyncOpenAI, question: Question, tally: Tally) -> Answered | None:
        deadline = time.monotonic() + PATIENCE_S
        while True:
            try:
                return await self._once(client, question)
            except APIStatusError as error:
                tally.errors[str(error.status_code)] += 1
                if error.status_code < 500 and error.status_code != 429:
                    raise
            except APIConnectionError:
                tally.errors["connection"] += 1
            while not await self.ready():
                if time.monotonic() > deadline:
                    raise TimeoutError(f"the server was away for {PATIENCE_S:.0f} s")
                await asyncio.sleep(0.2)
            if await self.recorded(question.item):
                return None  # it was answered and recorded; only the answer got lost on its way
            await asyncio.sleep(0.05)

    async def _once(self, client: AsyncOpenAI, question: Question) -> Answered:
        started = time.monotonic()
        raw = await client.chat.completions.with_raw_response.create(
            model=self.task,
            messages=[{"role": "user", "content": question.text}],
            user=question.user,
            extra_body={"volant": {"tags": {"item": question.item}}},
        )
        completion = raw.parse()
        return Answered(
            question=question,
            inference_id=raw.headers["x-volant-inference-id"],
            deployment=raw.headers["x-volant-deployment"],
            variant=raw.headers["x-volant-variant"],
            text=completion.choices[0].message.content or "",
            latency_ms=(time.monotonic() - started) * 1000,
        )


def hash_of(user: str) -> int:
    """A number that is the same in every process, unlike `hash`."""
    value = 2166136261
    for byte in user.encode():
        value = (value ^ byte) * 16777619 & 0xFFFFFFFF
    return value
