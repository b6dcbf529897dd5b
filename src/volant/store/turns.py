"""Turns: threads that write one database take turns, in the order in which they came.

SQLite lets one write at a time, and who finds it busy sleeps and looks again: beside a thread that writes batch after
batch, another may wait for seconds. Here it is handed over.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager


class Turns:
    """One at a time, first come first served, within this process."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._taken = False
        self._waiting: deque[threading.Lock] = deque()

    @contextmanager
    def one(self, longest_s: float) -> Iterator[bool]:
        """Wait for the turn, and end it. False: it did not come within `longest_s`; the caller goes on without."""
        mine = self._come(longest_s)
        try:
            yield mine
        finally:
            if mine:
                self._go()

    def _come(self, longest_s: float) -> bool:
        with self._guard:
            if not self._taken:
                self._taken = True
                return True
            ticket = threading.Lock()
            ticket.acquire()
            self._waiting.append(ticket)
        if ticket.acquire(timeout=longest_s):
            return True
        with self._guard:
            if ticket in self._waiting:
                self._waiting.remove(ticket)
                return False
        return True  # it came in the last moment

    def _go(self) -> None:
        with self._guard:
            if self._waiting:
                self._waiting.popleft().release()
            else:
                self._taken = False
