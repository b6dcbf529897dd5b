"""Engines: watch the engines of our own and keep their places (address, health) in the store, where snapshots read
them. So a killed engine is out of the gateways' targets within a second, and back when its successor answers.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from volant.core.clock import Clock
from volant.jobs.executor import LocalExecutor
from volant.registry import projects, state
from volant.serve.engine_client import healthy
from volant.serve.files import read_address
from volant.store.database import Database

LOOK_EVERY_S = 0.5


class EngineWatcher:
    """Looks at every deployment that an engine of ours serves."""

    def __init__(self, db: Database, executor: LocalExecutor, clock: Clock, changed: Callable[[], None]) -> None:
        self._db = db
        self._executor = executor
        self._clock = clock
        self._changed = changed

    def look(self) -> bool:
        """One round; True when a place changed. A place whose engine is no longer wanted becomes unhealthy."""
        wanted = set(self._executor.engines())
        with self._db.read() as tx:
            found = {project.id: state.places(tx, project.id) for project in projects.list_all(tx)}
        changed: list[tuple[str, str, state.Place]] = []
        for project, places in found.items():
            for deployment, place in places.items():
                if not place.engine:
                    continue
                now = self._seen(place, place.engine in wanted)
                if now != place:
                    changed.append((project, deployment, now))
        if not changed:
            return False
        with self._db.begin() as tx:
            for project, deployment, now in changed:
                if deployment in state.places(tx, project):  # not removed meanwhile
                    state.put_place(tx, project, deployment, now, now_ms=self._clock.now_ms())
        self._changed()
        return True

    def _seen(self, place: state.Place, wanted: bool) -> state.Place:
        address = read_address(self._executor.engine_dir(place.engine)) if wanted else None
        if address is None:
            return msgspec.structs.replace(place, healthy=False)
        return msgspec.structs.replace(place, base_url=address.base_url, healthy=healthy(address))
