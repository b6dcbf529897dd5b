"""Releases: the decision to serve a model as a variant of a task, with the verdict that admitted it.

    proposed → rolling_out → live → superseded
    proposed → live, rejected        rolling_out → rolled_back        live → withdrawn

Knows decisions; moving traffic is a rollout, and what gateways read is `state`.
"""

from __future__ import annotations

from typing import Any

import msgspec
from sqlalchemy import Connection, Row, insert, select, update

from volant.core.errors import Conflict, NotFound
from volant.core.ids import new_id
from volant.registry import edges
from volant.store.tables import release as releases

_NEXT = {
    "proposed": ("rolling_out", "live", "rejected"),
    "rolling_out": ("live", "rolled_back"),
    "live": ("superseded", "withdrawn"),
    "superseded": ("live",),
    "withdrawn": (),
    "rejected": (),
    "rolled_back": (),
}
_ENDED = ("superseded", "withdrawn", "rejected", "rolled_back")


class Release(msgspec.Struct, frozen=True, kw_only=True):
    """One decision."""

    id: str
    project: str
    task: str
    variant: str
    model_id: str
    verdict_id: str
    rollout_id: str
    state: str
    reason: str
    created_ms: int
    ended_ms: int  # 0: it holds


def create_release(
    tx: Connection,
    project: str,
    *,
    task: str,
    variant: str,
    model_id: str,
    now_ms: int,
    verdict_id: str = "",
    reason: str = "",
    release_id: str = "",
) -> Release:
    """A proposed release. A `release_id` that exists is given back as it is."""
    if release_id and (there := _find(tx, project, release_id)) is not None:
        return there
    made = release_id or new_id("release")
    tx.execute(
        insert(releases).values(
            id=made,
            project=project,
            task=task,
            variant=variant,
            model_id=model_id,
            verdict_id=verdict_id,
            state="proposed",
            reason=reason,
            created_ms=now_ms,
        )
    )
    target = ("release", made)
    edges.link(tx, project, ("model", model_id), target, "release", now_ms=now_ms, parameters={"task": task})
    edges.link(tx, project, ("verdict", verdict_id), target, "admit", now_ms=now_ms)
    return get_release(tx, project, made)


def move(
    tx: Connection, project: str, release_id: str, state: str, *, now_ms: int, reason: str = "", rollout_id: str = ""
) -> Release:
    """Change its state; the same state again changes nothing. A new live release supersedes the task's old one.

    Raises Conflict for a step that is not in the picture above.
    """
    release = get_release(tx, project, release_id)
    if release.state == state:
        return release
    if state not in _NEXT[release.state]:
        raise Conflict(
            "release_state",
            f"release {release_id} is {release.state} and cannot become {state}",
            where=release_id,
            hint=f"from {release.state} it may become {' or '.join(_NEXT[release.state]) or 'nothing else'}",
        )
    if state == "live" and (old := live_release(tx, project, release.task)) is not None:
        tx.execute(
            update(releases)
            .where(releases.c.id == old.id)
            .values(state="superseded", ended_ms=now_ms, reason=f"superseded by {release_id}")
        )
    values: dict[str, Any] = {"state": state, "ended_ms": now_ms if state in _ENDED else 0}
    if reason:
        values["reason"] = reason
    if rollout_id:
        values["rollout_id"] = rollout_id
        edges.link(tx, project, ("release", release_id), ("rollout", rollout_id), "roll out", now_ms=now_ms)
    tx.execute(update(releases).where(releases.c.id == release_id).values(**values))
    return get_release(tx, project, release_id)


def get_release(tx: Connection, project: str, release_id: str) -> Release:
    """Raises NotFound."""
    found = _find(tx, project, release_id)
    if found is None:
        raise NotFound(
            "release_unknown", f"there is no release {release_id[:60]!r}", where=project, hint="`volant release list`"
        )
    return found


def live_release(tx: Connection, project: str, task: str) -> Release | None:
    """The release that serves the task, or None."""
    query = select(releases).where(releases.c.project == project, releases.c.task == task, releases.c.state == "live")
    row = tx.execute(query.order_by(releases.c.created_ms.desc()).limit(1)).one_or_none()
    return None if row is None else _release(row)


def list_releases(tx: Connection, project: str, *, task: str = "", model_id: str = "") -> list[Release]:
    """Oldest first."""
    query = select(releases).where(releases.c.project == project).order_by(releases.c.created_ms, releases.c.id)
    if task:
        query = query.where(releases.c.task == task)
    if model_id:
        query = query.where(releases.c.model_id == model_id)
    return [_release(row) for row in tx.execute(query)]


def _find(tx: Connection, project: str, release_id: str) -> Release | None:
    row = tx.execute(select(releases).where(releases.c.project == project, releases.c.id == release_id)).one_or_none()
    return None if row is None else _release(row)


def _release(row: Row[Any]) -> Release:
    return Release(**row._mapping)
