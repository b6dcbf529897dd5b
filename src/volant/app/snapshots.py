"""Snapshots: what gateways hold, built anew after every change, pushed by long poll, sealed on disk for a start
without control. Knows prices and providers; knows nothing of HTTP.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from collections.abc import Mapping
from pathlib import Path

from sqlalchemy import Connection

from volant.core.accounts import day_of
from volant.core.clock import Clock
from volant.core.errors import NotFound
from volant.core.nouns import Snapshot
from volant.core.prices import Price
from volant.gateway import snapshot_file
from volant.providers import find
from volant.providers.prices import table_price
from volant.registry import revision
from volant.registry.snapshot import build_snapshot
from volant.store.database import Database
from volant.store.keys import KeyRing
from volant.store.place import seat_of

LOOK_EVERY_S = 0.25  # a change that nobody announced is seen within this
IN_FORCE_S = 3.0  # who announces a change waits so long for the gateways to hold it
GONE_S = 40.0  # a gateway that did not ask for so long is no more: it asks every 25 s


class SnapshotPublisher:
    """The newest snapshot, and those who wait for a newer one."""

    def __init__(
        self,
        data_dir: Path,
        db: Database,
        ring: KeyRing,
        clock: Clock,
        environment: Mapping[str, str],
        changed: threading.Event,
    ) -> None:
        self._data_dir = data_dir
        self._db = db
        self._ring = ring
        self._clock = clock
        self._environment = environment
        self._lock = threading.Lock()
        self._heard = threading.Condition(self._lock)
        self._held: dict[str, tuple[int, float]] = {}  # worker → revision that it holds, when it asked last
        self._current: tuple[int, bytes] = (-1, b"")
        self._waiters: set[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = set()
        self._closed = False
        self._day = ""  # the UTC day of the newest look
        self.changed = changed  # set it to have the next look at once

    def refresh(self) -> bool:
        """Build and push when the store's revision is another one; True when it was."""
        self._begin_day()
        with self._db.read() as tx:
            if revision.current(tx) == self._current[0]:
                return False
            snapshot = self._build(tx)
        body = snapshot_file.encode(snapshot)
        snapshot_file.save(self._data_dir, self._ring.vault, snapshot)
        with self._lock:
            self._current = (snapshot.revision, body)
            self._wake()
        return True

    def announce(self) -> None:
        """A change was committed: push it, and wait until the gateways that are here hold it, three seconds at
        most.

        So a key works when it is shown, and a task answers when `volant apply` returns. Does not wait where it would
        stop an event loop.
        """
        self.changed.set()
        with contextlib.suppress(RuntimeError):
            asyncio.get_running_loop()
            return
        with self._db.read() as tx:
            wanted = revision.current(tx)
        with self._heard:
            self._heard.wait_for(lambda: self._closed or self._hold(wanted), IN_FORCE_S)

    def _hold(self, wanted: int) -> bool:
        since = time.monotonic() - GONE_S
        return all(held >= wanted for held, asked in self._held.values() if asked >= since)

    def _begin_day(self) -> None:
        """A new day has new prices: it is a change like any other."""
        day = day_of(self._clock.now_ms())
        if self._day and day != self._day:
            with self._db.begin() as tx:
                revision.bump(tx)
        self._day = day

    async def wait(self, after: int, timeout_s: float, worker: str = "") -> tuple[int, bytes] | None:
        """(revision, msgpack) as soon as the revision is not `after`; None after `timeout_s` or at the end.

        A `worker` that asks holds `after`.
        """
        if worker:
            with self._heard:
                self._held[seat_of(worker)] = (after, time.monotonic())  # started anew, it sits where it sat
                self._heard.notify_all()
        waiter = (asyncio.get_running_loop(), asyncio.Event())
        try:
            async with asyncio.timeout(timeout_s):
                while True:
                    with self._lock:
                        if self._current[0] not in (after, -1):
                            return self._current
                        if self._closed:
                            return None
                        self._waiters.add(waiter)
                    await waiter[1].wait()
                    waiter[1].clear()
        except TimeoutError:
            return None
        finally:
            with self._lock:
                self._waiters.discard(waiter)

    def close(self) -> None:
        """Let everyone who waits go."""
        with self._heard:
            self._closed = True
            self._heard.notify_all()
            self._wake()

    def _wake(self) -> None:
        for loop, event in self._waiters:
            loop.call_soon_threadsafe(event.set)

    def _build(self, tx: Connection) -> Snapshot:
        day = day_of(self._clock.now_ms())
        return build_snapshot(
            tx,
            self._ring,
            now_ms=self._clock.now_ms(),
            price_of=lambda provider, model: _price(provider, model, day),
            base_url_of=_base_url,
            environment=self._environment,
        )


def _price(provider: str, model: str, day: str) -> Price | None:
    try:
        return table_price(provider, model, day)
    except NotFound:
        return None


def _base_url(provider: str) -> str:
    try:
        return find(provider).base_url
    except NotFound:
        return ""
