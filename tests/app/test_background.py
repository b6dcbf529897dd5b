"""Background: turns repeat, a failure stops neither itself nor the others and is logged without texts."""

from __future__ import annotations

import logging
import os
import sys
import threading
import time
from collections.abc import Callable

import pytest

from volant.app.background import YIELDING, Background
from volant.core.errors import Conflict


def until(holds: Callable[[], bool], seconds: float = 30.0) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.005)


def test_a_failure_is_named_once_and_forgotten_when_it_works_again(caplog: pytest.LogCaptureFixture) -> None:
    background, turns, good = Background(), [], []

    def sometimes() -> None:
        turns.append(1)
        if len(turns) < 4:
            raise ValueError("jane@example.org")

    with caplog.at_level(logging.ERROR, "volant.control"):
        background.every("sometimes", 0.005, sometimes)
        background.every("good", 0.005, lambda: good.append(1))
        until(lambda: len(turns) >= 1)
        until(lambda: len(turns) >= 6 and len(good) >= 6)
    background.stop()
    assert background.failing() == {}
    assert caplog.text.count("sometimes failed: ValueError") == 1
    assert "in sometimes" in caplog.text
    assert "jane" not in caplog.text


def test_what_fails_now_is_told() -> None:
    background = Background()

    def never() -> None:
        raise Conflict("no_way", "there is no way")

    background.every("never", 60, never)
    until(lambda: bool(background.failing()))
    assert "no_way" in background.failing()["never"]
    begin = time.monotonic()
    background.stop()
    assert time.monotonic() - begin < 30, "a stop does not wait for the next turn"


def test_a_wake_is_a_turn_at_once() -> None:
    background, wake, turns = Background(), threading.Event(), []
    background.every("woken", 60, lambda: turns.append(1), wake=wake)
    until(lambda: len(turns) == 1)
    wake.set()
    until(lambda: len(turns) == 2)
    background.stop(within_s=0.1)


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a thread has no priority of its own")
def test_what_yields_has_a_lower_priority_and_leaves_the_others_theirs() -> None:
    background, found = Background(), {}
    own = os.getpriority(os.PRIO_PROCESS, 0)

    def look(name: str) -> None:
        found[name] = os.getpriority(os.PRIO_PROCESS, threading.get_native_id())

    background.every("yields", 60, lambda: look("yields"), yields=True)
    background.every("answers", 60, lambda: look("answers"))
    until(lambda: len(found) == 2)
    background.stop()
    assert found == {"yields": min(19, max(own, YIELDING)), "answers": own}
