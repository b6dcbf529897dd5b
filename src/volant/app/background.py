"""Background: things that control does again and again, each in a thread of its own. Knows nothing of what they are.

An error of one is logged, without the texts it may quote, and waits for the next turn: it stops neither itself nor the
others.
"""

from __future__ import annotations

import logging
import os
import sys
import threading
import traceback
from collections.abc import Callable

from volant.core.errors import VolantError

YIELDING = 5  # nice; a third of the weight, enough to keep up with gateways that use every core

log = logging.getLogger("volant.control")


class Background:
    """Repeating threads that stop together."""

    def __init__(self) -> None:
        self._stop = threading.Event()
        self._threads: list[threading.Thread] = []
        self._failing: dict[str, str] = {}

    def every(
        self,
        name: str,
        seconds: float,
        run: Callable[[], object],
        *,
        wake: threading.Event | None = None,
        yields: bool = False,
    ) -> None:
        """Run again `seconds` after each end, or at once when `wake` is set. Starts at once. `yields`: it lets what
        answers people go first where the processor is short (Linux)."""
        target = self._yielding if yields else self._turn
        thread = threading.Thread(target=target, args=(name, seconds, run, wake), name=name, daemon=True)
        self._threads.append(thread)
        thread.start()

    def failing(self) -> dict[str, str]:
        """What failed at its last turn: name → sentence."""
        return dict(self._failing)

    def stop(self, within_s: float = 5.0) -> None:
        """No more turns; waits for those that run."""
        self._stop.set()
        for thread in self._threads:
            thread.join(within_s)

    def _yielding(self, name: str, seconds: float, run: Callable[[], object], wake: threading.Event | None) -> None:
        if sys.platform == "linux":  # a thread has its own priority there; elsewhere the whole process would yield
            own = threading.get_native_id()
            os.setpriority(os.PRIO_PROCESS, own, max(YIELDING, os.getpriority(os.PRIO_PROCESS, own)))
        self._turn(name, seconds, run, wake)

    def _turn(self, name: str, seconds: float, run: Callable[[], object], wake: threading.Event | None) -> None:
        waiting = wake or self._stop
        while not self._stop.is_set():
            try:
                run()
                self._failing.pop(name, None)
            except VolantError as error:
                self._note(name, f"{error.code}: {error}", "")
            except Exception as error:  # noqa: BLE001  # the edge of a worker thread: recorded, and tried again
                frames = traceback.extract_tb(error.__traceback__)[-8:]
                places = "".join(f"\n  {frame.filename}:{frame.lineno} in {frame.name}" for frame in frames)
                self._note(name, type(error).__name__, places)
            waiting.wait(seconds)
            if wake is not None:
                wake.clear()

    def _note(self, name: str, sentence: str, places: str) -> None:
        if self._failing.get(name) != sentence:  # once, not at every turn
            log.error("%s failed: %s%s", name, sentence, places)
        self._failing[name] = sentence
