"""Inner: what guards and the cache ask beside a request ends with it, all of it at once."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest
from gateway_stack import KEY, grant

from volant.core.chat import ChatRequest, Message, TextPart
from volant.core.errors import VolantError
from volant.gateway.attempt import Outcome
from volant.gateway.call import Job
from volant.gateway.inner import Inner

pytestmark = pytest.mark.anyio


class Slow:
    """Attempts that end a little after their caller has left."""

    def __init__(self) -> None:
        self.said: list[str] = []

    async def answer(self, job: Job, outcome: Outcome) -> Outcome:
        left = asyncio.Event()
        assert job.wire is not None
        job.wire.on_close = left.set
        await left.wait()
        self.said.append("left")
        await asyncio.sleep(0.01)
        self.said.append("ended")
        return outcome


class Plans:
    def find_task(self, *given: Any) -> Any:
        return SimpleNamespace(prompted=False, live=None)


async def test_all_calls_are_hung_up_on_before_any_is_waited_for() -> None:
    slow = Slow()
    inner = Inner(Plans, slow, grant(KEY), "trace")  # type: ignore[arg-type]
    question = ChatRequest(model="judge", messages=(Message(role="user", parts=(TextPart(text="well?"),)),))
    asking = [asyncio.create_task(inner.ask("judge", question, 60.0)) for _ in range(3)]
    await asyncio.sleep(0.01)
    await inner.close()
    assert slow.said == ["left"] * 3 + ["ended"] * 3
    ended = await asyncio.gather(*asking, return_exceptions=True)
    assert all(isinstance(one, VolantError) for one in ended)
    await inner.close()  # nothing is under way any more
