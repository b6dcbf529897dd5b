"""Attempts: whatever goes wrong between a call and its verdict, the place's slot is free again."""

from __future__ import annotations

import asyncio
import json
from random import Random
from typing import Any

import pytest

from volant.core.nouns import Route, Snapshot, Target, TaskSpec, VariantSpec
from volant.gateway import attempt, body
from volant.gateway.attempt import Attempts
from volant.gateway.call import Call, Job
from volant.gateway.exchange import Exchange
from volant.gateway.plan import Plans, compile_plans
from volant.gateway.routing import Leg
from volant.gateway.translation import Crossing
from volant.providers.http import HttpClient, TransportError


class Patient:
    """A client that waits."""

    gone = cut = complete = started = congested = False
    on_close = on_pause = on_stop = None


def plans_of(**variant: Any) -> Plans:
    spec = VariantSpec(name="v", deployments=("a", "b"), **variant)
    task = TaskSpec(name="t", variants=(spec,))
    target = {"provider": "mock", "model": "m", "base_url": "http://127.0.0.1:9/v1"}
    snapshot = Snapshot(
        revision=1, config_hash="h", routes={"p": {"t": Route(task=task, live="v")}}, keys={}, subject_keys={},
        targets={"p": {name: Target(name=name, **target) for name in ("a", "b")}},
    )  # fmt: skip
    return compile_plans(snapshot, {})


def job_of(plans: Plans) -> Job:
    raw = json.dumps({"model": "t", "messages": []}).encode()
    variant = plans.tasks["p"]["t"].live
    return Job(
        inference_id="inf_" + "0" * 32, asked=body.parse(raw), variant=variant, live=variant, trace_id="1" * 32,
        wire=Patient(), answer_head=b"",  # type: ignore[arg-type]
    )  # fmt: skip


@pytest.mark.anyio
@pytest.mark.parametrize("calls", [1, 2], ids=["alone", "hedged"])
async def test_a_bug_in_the_verdict_leaks_no_slot(monkeypatch: pytest.MonkeyPatch, calls: int) -> None:
    """With a hedge both end in the same moment; the bug meets the first, and nobody looks at the second."""
    begun, all_begun = 0, asyncio.Event()

    async def broken_off(client: HttpClient, job: Job, leg: Leg, *_: Any) -> Call:
        nonlocal begun
        begun += 1
        if begun == calls:
            all_begun.set()
        await all_begun.wait()
        crossing = Crossing(way=leg.place.ways["chat"], body=b"", relays=True)
        return Call(
            crossing=crossing, exchange=Exchange.never_sent(client.loop, TransportError("closed", "it broke off"))
        )  # fmt: skip

    def bug(*_: Any, **__: Any) -> Any:
        raise RuntimeError("a bug")

    monkeypatch.setattr(attempt, "make_call", broken_off)
    monkeypatch.setattr(attempt, "failure_of", bug)
    plans = plans_of(hedge_after_ms=20.0 if calls == 2 else 0.0)
    client = HttpClient()
    with pytest.raises(RuntimeError, match="a bug"):
        await Attempts(client, Random(1)).answer(job_of(plans))
    assert begun == calls
    assert [place.health.in_flight for place in plans.places["p"].values()] == [0, 0]
    await client.aclose()
