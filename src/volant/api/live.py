"""Live: what changed in a project, found by a look a second while somebody listens, told to every listener.

One look is a handful of indexed queries: of small tables the newest rows' states, of large ones a maximum or a sum of
rollups. A change is a topic and, where there are few, the ids. Nothing is looked at while nobody listens. Who listens
too slowly loses nothing: topics that wait are joined.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Hashable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import msgspec
from sqlalchemy import Connection, Table, func, select

from volant.core.errors import Unavailable
from volant.jobs.context import Context
from volant.store import tables

log = logging.getLogger("volant.live")

LOOK_EVERY_S = 1.0
HEARTBEAT_S = 15.0  # proxies close what is silent
MOST_LISTENERS = 200
NEWEST = 200  # rows of a small table that are compared
MOST_IDS = 50  # in one event; with more changes the topic alone says it
RECENT_MS = 2 * 3_600_000  # of rollups: an answer that comes later still is seen with the next

# topic → (table, columns whose change counts). The newest rows by id, which sorts by time.
SMALL: dict[str, tuple[tuple[Table, tuple[str, ...]], ...]] = {
    "runs": ((tables.run, ("state", "started_ms", "ended_ms", "attempt")),),
    "models": ((tables.model, ("state", "flags", "gguf_hash", "checkpoint_hash")),),
    "datasets": ((tables.dataset_version, ("state",)),),
    "reports": ((tables.report, ()), (tables.verdict, ("outcome",))),
    "releases": ((tables.release, ("state", "ended_ms")), (tables.rollout, ("state", "step", "share", "ended_ms"))),
    "reviews": ((tables.review, ()),),
    "alerts": ((tables.alert, ("resolved_ms", "workflow_id")),),
    "erasures": ((tables.erasure, ("state", "ended_ms", "progress")),),
    "settings": ((tables.document, ()), (tables.api_key, ("revoked_ms", "expires_ms"))),
    "prompts": ((tables.prompt, ("archived_ms",)), (tables.prompt_version, ())),
}
PROGRESS = "progress"  # runs that are running said something
MOST_RUNNING = 20
COUNTED = ("traces", "feedback", "audit", "people", "settings", "releases", "prompts")

Seen = dict[str, dict[Hashable, Any]]  # topic → what → how it stands


class Event(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Something of a topic changed."""

    topic: str
    ids: tuple[str, ...] = ()


@dataclass(eq=False)
class _Listener:
    """One open stream: what it was not told yet."""

    waiting: dict[str, set[str] | None] = field(default_factory=dict)  # None: too many ids to name
    woken: asyncio.Event = field(default_factory=asyncio.Event)

    def tell(self, topic: str, ids: set[str]) -> None:
        before = self.waiting.get(topic, set())
        joined = None if before is None or not ids else before | ids
        self.waiting[topic] = None if joined is None or len(joined) > MOST_IDS else joined
        self.woken.set()

    def take(self) -> list[Event]:
        self.woken.clear()
        out = [Event(topic=topic, ids=tuple(sorted(ids or ()))) for topic, ids in self.waiting.items()]
        self.waiting.clear()
        return out


class Live:
    """The listeners of every project, and the looks while there are any."""

    def __init__(self, context: Context, *, every_s: float = LOOK_EVERY_S, heartbeat_s: float = HEARTBEAT_S) -> None:
        self._context = context
        self._every_s = every_s
        self._heartbeat_s = heartbeat_s
        self._listeners: dict[str, set[_Listener]] = {}
        self._looks: dict[str, asyncio.Task[None]] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._closed = False

    @property
    def listening(self) -> int:
        """How many streams are open."""
        return sum(map(len, self._listeners.values()))

    def check(self) -> None:
        """Raises Unavailable when there are too many listeners, or when the server stops."""
        if self._closed:
            raise Unavailable("stopping", "the server is stopping", retry_after_s=2.0)
        if self.listening >= MOST_LISTENERS:
            raise Unavailable(
                "too_many_listeners",
                f"{MOST_LISTENERS} windows listen already",
                hint="close some; pages work without events, and ask again when they are looked at",
                retry_after_s=30.0,
            )

    async def listen(self, project: str, may_go_on: Callable[[], bool], lasts_s: float) -> AsyncIterator[list[Event]]:
        """What changes, as it comes; an empty list now and then. Ends after `lasts_s`, at the server's end, or when
        `may_go_on` (asked with every heartbeat, however much there is to tell) says no."""
        self._loop = asyncio.get_running_loop()
        listener = _Listener()
        self._listeners.setdefault(project, set()).add(listener)
        if project not in self._looks:
            self._looks[project] = asyncio.create_task(self._look_on(project), name=f"live:{project}")
        asked = self._loop.time()
        ends = asked + lasts_s
        try:
            yield []
            while not self._closed and self._loop.time() < ends:
                with suppress(TimeoutError):
                    await asyncio.wait_for(listener.woken.wait(), self._heartbeat_s)
                events = listener.take()
                if not events or self._loop.time() - asked >= self._heartbeat_s:
                    if not await asyncio.to_thread(may_go_on):
                        return
                    asked = self._loop.time()
                yield events
        finally:
            self._forget(project, listener)

    def close(self) -> None:
        """Let everyone who listens go. From any thread, and from a signal's handler."""
        self._closed = True
        if self._loop is not None:
            with suppress(RuntimeError):  # the loop has ended already
                self._loop.call_soon_threadsafe(self._wake_all)

    def _wake_all(self) -> None:
        for listener in [one for some in self._listeners.values() for one in some]:
            listener.woken.set()

    def _forget(self, project: str, listener: _Listener) -> None:
        left = self._listeners.get(project, set())
        left.discard(listener)
        if not left:
            self._listeners.pop(project, None)
            look = self._looks.pop(project, None)
            if look is not None:
                look.cancel()

    async def _look_on(self, project: str) -> None:
        before: Seen | None = None
        while True:
            try:
                now = await asyncio.to_thread(self._look, project)
            except Exception as error:  # noqa: BLE001  # a look that fails (a locked store) is followed by another
                log.warning("a look for changes failed: %s", type(error).__name__)
            else:
                for topic, ids in changes(before, now) if before is not None else ():
                    for listener in self._listeners.get(project, ()):
                        listener.tell(topic, ids)
                before = now
            await asyncio.sleep(self._every_s)

    def _look(self, project: str) -> Seen:
        with self._context.db.read() as tx:
            seen = look(tx, project, self._context.clock.now_ms())
            running = [run for run, (state, *_) in seen["runs"].items() if state == "running"][:MOST_RUNNING]
        seen[PROGRESS] = {run: self._context.executor.said_bytes(str(run)) for run in running}
        return seen


def look(tx: Connection, project: str, now_ms: int) -> Seen:
    """How a project stands, as far as its listeners care."""
    seen: Seen = {topic: {} for topic in (*SMALL, *COUNTED)}
    for topic, parts in SMALL.items():
        for table, columns in parts:
            query = select(table.c.id, *(table.c[name] for name in columns)).where(table.c.project == project)
            for row in tx.execute(query.order_by(table.c.id.desc()).limit(NEWEST)):
                seen[topic][row.id] = tuple(row[1:])
    for topic, what, query in _counted(project, now_ms):
        seen[topic][(what,)] = tuple(tx.execute(query).one())
    return seen


def changes(before: Seen, now: Seen) -> list[tuple[str, set[str]]]:
    """The topics that changed, with the ids that did. A row that is only too old to be among the newest did not."""
    out = []
    for topic, rows in now.items():
        old = before.get(topic, {})
        changed = {key for key, how in rows.items() if key not in old or old[key] != how}
        newest_gone = {key for key in old if key not in rows and len(rows) < NEWEST}
        if changed or newest_gone:
            out.append((topic, {key for key in changed if isinstance(key, str)}))
    return out


def _counted(project: str, now_ms: int) -> list[tuple[str, str, Any]]:
    """(topic, what, one row) of what is too large, or has no id, to compare row by row."""
    rollup, state = tables.rollup, tables.state
    recent = rollup.c.minute_ms >= now_ms - RECENT_MS
    return [
        (
            "traces",
            "rollup",
            select(func.max(rollup.c.minute_ms), func.sum(rollup.c.requests)).where(
                rollup.c.project == project, recent
            ),
        ),
        (
            "feedback",
            "newest",
            select(func.max(tables.feedback.c.created_ms)).where(tables.feedback.c.project == project),
        ),
        ("audit", "newest", select(func.max(tables.audit.c.id))),
        (
            "releases",
            "state",
            select(func.max(state.c.revision), func.count()).where(state.c.project == project),
        ),
        (
            "prompts",
            "labels",
            select(func.max(tables.prompt_label.c.moved_ms), func.count()).where(
                tables.prompt_label.c.project == project
            ),
        ),
        (
            "people",
            "members",
            select(func.max(tables.membership.c.created_ms), func.count()).where(
                tables.membership.c.project == project
            ),
        ),
        (
            "people",
            "invitations",
            select(
                func.max(tables.invitation.c.created_ms),
                func.max(tables.invitation.c.accepted_ms),
                func.max(tables.invitation.c.revoked_ms),
            ).where(tables.invitation.c.project == project),
        ),
    ]
