"""Events: a change is told to those who listen in that project, and to nobody else; streams end when they should."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import update

from volant.api.live import MOST_LISTENERS, NEWEST, Event, Live, changes, look
from volant.core.errors import Unavailable
from volant.registry import alerts, models, runs, state
from volant.store import tables


async def _collect(
    live: Live, project: str, act: Callable[[], None], *, until: int = 1, may_go_on: Callable[[], bool] = lambda: True
) -> list[Event]:
    """What a listener hears after `act`, until it heard so many events."""
    heard: list[Event] = []
    looks, real = 0, live._look
    loop, listens = asyncio.get_running_loop(), asyncio.Event()

    def counted(of: str) -> Any:
        nonlocal looks
        looks += 1
        if looks == 2:  # the first is what the others are compared with
            loop.call_soon_threadsafe(listens.set)
        return real(of)

    live._look = counted  # type: ignore[method-assign]
    stream = live.listen(project, may_go_on, 20.0)
    async for some in stream:
        if not heard and not some:  # the first, empty one: it listens
            await listens.wait()
            await asyncio.to_thread(act)
        heard += some
        if len(heard) >= until:
            break
    await stream.aclose()  # type: ignore[attr-defined]  # an async generator
    return heard


def _fast(api: Any) -> Live:
    return Live(api.context, every_s=0.02, heartbeat_s=5.0)


def test_a_change_is_told_with_its_id(api: Any) -> None:
    def act() -> None:
        with api.context.db.begin() as tx:
            models.register(tx, "default", "m", now_ms=5, model_id="mdl_1")

    live = _fast(api)
    assert asyncio.run(_collect(live, "default", act)) == [Event(topic="models", ids=("mdl_1",))]
    assert live.listening == 0


def test_a_change_of_state_is_one_and_another_projects_is_none(api: Any) -> None:
    with api.context.db.begin() as tx:
        api.context.keyring.ensure_project(tx, "other", now_ms=1)
        models.register(tx, "default", "m", now_ms=5, model_id="mdl_1")
        models.register(tx, "other", "m", now_ms=5, model_id="mdl_2")

    def act() -> None:
        with api.context.db.begin() as tx:
            models.set_state(tx, "other", "mdl_2", "live")
            models.set_state(tx, "default", "mdl_1", "blocked")

    assert asyncio.run(_collect(_fast(api), "default", act)) == [Event(topic="models", ids=("mdl_1",))]


def test_what_a_running_run_says_is_a_change(api: Any) -> None:
    with api.context.db.begin() as tx:
        run = runs.create_run(tx, "default", "train", {}, now_ms=1).id
        runs.start(tx, "default", run, now_ms=1)
    folder = api.context.data_dir / "runs" / run
    folder.mkdir(parents=True)

    def act() -> None:
        (folder / "progress.jsonl").write_text('{"event": "step", "step": 1}\n')

    assert asyncio.run(_collect(_fast(api), "default", act)) == [Event(topic="progress", ids=(run,))]


def test_every_kind_of_change_has_its_topic(api: Any) -> None:
    with api.context.db.read() as tx:
        before = look(tx, "default", 0)
    with api.context.db.begin() as tx:
        runs.create_run(tx, "default", "train", {}, now_ms=7, run_id="run_1")
        state.set_live(tx, "default", "t", "v", now_ms=7)
        alerts.fire(
            tx, "default", monitor="m", task="t", value=1, low=1, threshold=0, n=1, sentence="s", evidence={}, now_ms=7
        )
    with api.context.db.read() as tx:
        found = dict(changes(before, look(tx, "default", 0)))
    assert found.keys() == {"runs", "releases", "alerts"}
    assert found["runs"] == {"run_1"}


def test_what_is_pushed_out_of_the_newest_did_not_change() -> None:
    full = {"runs": {f"run_{number:04}": ("done",) for number in range(NEWEST)}}
    later = {"runs": {f"run_{number:04}": ("done",) for number in range(1, NEWEST + 1)}}
    assert changes(full, later) == [("runs", {f"run_{NEWEST:04}"})]
    assert changes(full, full) == []
    assert changes({"runs": {"run_1": ()}}, {"runs": {}}) == [("runs", set())]


def test_nobody_looks_while_nobody_listens(api: Any) -> None:
    looks, twice = 0, threading.Event()
    live = _fast(api)
    real = live._look

    def counted(project: str) -> Any:
        nonlocal looks
        looks += 1
        if looks == 2:
            twice.set()
        return real(project)

    live._look = counted  # type: ignore[method-assign]

    async def scenario() -> int:
        listening = asyncio.ensure_future(_collect(live, "default", lambda: None))
        assert await asyncio.to_thread(twice.wait, 60)
        listening.cancel()
        with pytest.raises(asyncio.CancelledError):
            await listening
        await asyncio.sleep(0.1)
        seen = looks
        await asyncio.sleep(0.2)
        return looks - seen

    assert asyncio.run(scenario()) == 0


def test_a_stream_ends_with_the_server_and_with_the_session(api: Any) -> None:
    async def until_closed(live: Live, close: bool, may: bool) -> int:
        heard = 0
        async for _ in live.listen("default", lambda: may, 240.0):
            heard += 1
            if close:
                asyncio.get_running_loop().call_later(0.05, live.close)
        return heard

    async def in_time(live: Live, close: bool, may: bool) -> int:
        return await asyncio.wait_for(until_closed(live, close, may), 60.0)

    assert asyncio.run(in_time(_fast(api), True, True)) >= 1
    assert asyncio.run(in_time(Live(api.context, every_s=0.02, heartbeat_s=0.05), False, False)) == 1


def test_a_busy_project_is_no_reason_to_go_on_without_a_session(api: Any) -> None:
    async def scenario() -> int:
        live, heard = Live(api.context, every_s=60.0, heartbeat_s=0.1), 0
        stream = live.listen("default", lambda: False, 60.0)
        async for _ in stream:
            heard += 1
            for listener in live._listeners["default"]:  # something changes again and again
                listener.tell("traces", set())
            if heard == 200:
                break
            await asyncio.sleep(0.02)
        await stream.aclose()  # type: ignore[attr-defined]  # an async generator
        return heard

    assert 1 <= asyncio.run(scenario()) < 200


def test_listeners_are_limited_and_a_stopping_server_takes_none(api: Any) -> None:
    live = api.inner.state.live
    live._listeners = {"default": set(range(MOST_LISTENERS))}
    answer = api.call("GET", "/api/v1/events")
    assert (answer.status, answer.json()["error"]["code"]) == (503, "too_many_listeners")
    live._listeners = {}
    live.close()
    with pytest.raises(Unavailable, match="stopping"):
        live.check()


def test_many_changes_are_one_event_without_ids(api: Any) -> None:
    def act() -> None:
        with api.context.db.begin() as tx:
            for number in range(60):
                models.register(tx, "default", "m", now_ms=5, model_id=f"mdl_{number}")

    assert asyncio.run(_collect(_fast(api), "default", act)) == [Event(topic="models")]


def test_a_look_survives_a_store_that_fails(api: Any) -> None:
    live = _fast(api)
    real, failed = live._look, False

    def flaky(project: str) -> Any:
        nonlocal failed
        if not failed:
            failed = True
            raise OSError("locked")
        return real(project)

    live._look = flaky  # type: ignore[method-assign]

    def act() -> None:
        with api.context.db.begin() as tx:
            tx.execute(update(tables.project).values(name="x"))
            models.register(tx, "default", "m", now_ms=5, model_id="mdl_1")

    assert asyncio.run(_collect(live, "default", act)) == [Event(topic="models", ids=("mdl_1",))]
    assert failed
