"""Shadow: the candidate gets a copy of a request after its caller was answered.

The copy is what the input guards left of the request, and what the candidate says passes the task's output guards
before it is recorded. Bounded: at most `limit` copies are under way, and what comes above is dropped and counted, so
that a slow candidate can neither fill the memory nor slow down the live variant. A copy never falls back: only the
candidate's own answer counts.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace
from time import perf_counter, time_ns
from typing import Literal

from volant.core.errors import StorageFull
from volant.gateway import answering, edge
from volant.gateway.attempt import Attempts, Outcome
from volant.gateway.call import Job
from volant.gateway.inference import Inference
from volant.gateway.record import Recorder

_log = logging.getLogger("volant.gateway")


class Shadows:
    """Copies under way."""

    def __init__(self, attempts: Attempts, recorder: Recorder, limit: int = 16) -> None:
        self._attempts = attempts
        self._recorder = recorder
        self._limit = limit
        self._tasks: set[asyncio.Task[None]] = set()
        self.dropped = 0

    def submit(self, inference: Inference, on_full_disk: Literal["serve", "refuse"]) -> None:
        """Ask the candidate `inference` (a copy: see shadow_of), or drop it."""
        if len(self._tasks) >= self._limit:
            self.dropped += 1
            return
        task = asyncio.get_running_loop().create_task(self._run(inference, on_full_disk))
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    async def close(self, wait_s: float) -> None:
        """Wait for what is under way, then end it."""
        if self._tasks:
            _, late = await asyncio.wait(self._tasks, timeout=wait_s)
            for task in late:
                task.cancel()

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            _log.error("a shadow copy failed here: %r", error)

    async def _run(self, inference: Inference, on_full_disk: Literal["serve", "refuse"]) -> None:
        started = perf_counter()
        inference.started_ms = time_ns() // 1_000_000
        alone = replace(inference.variant, fallbacks=(), context_fallbacks=())
        job = Job(
            inference_id=inference.inference_id,
            asked=inference.asked,
            variant=alone,
            live=alone,
            trace_id=inference.trace_id,
            wire=None,
            answer_head=b"",
            edited=inference.edited,
            guarding=inference.guarding,
            judged=inference.judged,
        )
        outcome = Outcome()
        try:
            await self._attempts.answer(job, outcome)
            await answering.complete(job, outcome)
        except Exception:
            if not (outcome.calls or inference.judged):
                raise  # nothing was paid for
            outcome.failure = edge.mistake(f"the shadow copy {inference.inference_id}")
            outcome.reading = None  # words that were not checked are not kept
        if inference.inner is not None:
            await inference.inner.close()
        try:
            await self._recorder.remember(inference, outcome, started, on_full_disk)
        except StorageFull:
            self._recorder.unrecorded += 1  # nobody waits who could be refused
