"""Rollouts: moving a task's users to a candidate, step by step, with every decision kept.

    pending → shadow → canary → promoted | rolled_back | cancelled

Knows what was decided and when; the decision itself is the rollout stage's, the split that gateways read is `state`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, insert, select, update

from volant.core.errors import Conflict, NotFound
from volant.core.ids import new_id
from volant.core.nouns import RolloutPlan
from volant.registry import edges
from volant.store.tables import rollout as rollouts

RUNNING = ("pending", "shadow", "canary")
ENDED = ("promoted", "rolled_back", "cancelled")


class Rollout(msgspec.Struct, frozen=True, kw_only=True):
    """One movement of traffic."""

    id: str
    project: str
    task: str
    baseline: str  # variant
    candidate: str  # variant
    state: str
    step: int  # index into plan.steps
    share: float  # of users, 0..1
    plan: RolloutPlan
    decisions: tuple[dict[str, Any], ...]  # oldest first; each has at_ms
    created_ms: int
    ended_ms: int  # 0: it runs
    reason: str  # why it ended

    @property
    def running(self) -> bool:
        """It has not ended."""
        return self.state in RUNNING


def create_rollout(
    tx: Connection,
    project: str,
    *,
    task: str,
    baseline: str,
    candidate: str,
    plan: RolloutPlan,
    now_ms: int,
    release_id: str = "",
    rollout_id: str = "",
) -> Rollout:
    """A pending rollout. A `rollout_id` that exists is given back. Raises Conflict while another one runs."""
    if rollout_id and (there := _find(tx, project, rollout_id)) is not None:
        return there
    if (other := running(tx, project, task)) is not None:
        raise Conflict(
            "rollout_running",
            f"rollout {other.id} of {other.candidate!r} still runs for task {task!r}",
            where=task,
            hint=f"wait for it, or end it with `volant rollout rollback {other.id}`",
        )
    made = rollout_id or new_id("rollout")
    tx.execute(
        insert(rollouts).values(
            id=made,
            project=project,
            task=task,
            baseline=baseline,
            candidate=candidate,
            state="pending",
            plan=msgspec.json.encode(plan).decode(),
            created_ms=now_ms,
        )
    )
    edges.link(tx, project, ("release", release_id), ("rollout", made), "roll out", now_ms=now_ms)
    return get_rollout(tx, project, made)


def decide(
    tx: Connection,
    project: str,
    rollout_id: str,
    decision: Mapping[str, Any],
    *,
    now_ms: int,
    state: str = "",
    step: int | None = None,
    share: float | None = None,
    reason: str = "",
) -> Rollout:
    """Keep a decision with its evidence, and move. `at_ms` is added to it. Raises Conflict after the end."""
    rollout = get_rollout(tx, project, rollout_id)
    if not rollout.running:
        raise Conflict(
            "rollout_ended",
            f"rollout {rollout_id} is {rollout.state}: {rollout.reason or 'no reason given'}",
            where=rollout_id,
            hint="start another one",
        )
    if state and state not in (*RUNNING, *ENDED):
        raise Conflict("rollout_state", f"{state[:40]!r} is no state of a rollout", where=rollout_id)
    values: dict[str, Any] = {
        "decisions": msgspec.json.encode((*rollout.decisions, {**decision, "at_ms": now_ms})).decode()
    }
    given = {"state": state or None, "step": step, "share": share, "reason": reason or None}
    values |= {name: value for name, value in given.items() if value is not None}
    if state in ENDED:
        values["ended_ms"] = now_ms
    tx.execute(update(rollouts).where(rollouts.c.id == rollout_id).values(**values))
    return get_rollout(tx, project, rollout_id)


def get_rollout(tx: Connection, project: str, rollout_id: str) -> Rollout:
    """Raises NotFound."""
    found = _find(tx, project, rollout_id)
    if found is None:
        raise NotFound(
            "rollout_unknown", f"there is no rollout {rollout_id[:60]!r}", where=project, hint="`volant rollout list`"
        )
    return found


def running(tx: Connection, project: str, task: str) -> Rollout | None:
    """The rollout that runs for the task, or None."""
    found = [one for one in list_rollouts(tx, project, task=task) if one.running]
    return found[-1] if found else None


def list_rollouts(tx: Connection, project: str, *, task: str = "") -> list[Rollout]:
    """Oldest first."""
    query = select(rollouts).where(rollouts.c.project == project).order_by(rollouts.c.created_ms, rollouts.c.id)
    return [_rollout(row) for row in tx.execute(query.where(rollouts.c.task == task) if task else query)]


def _find(tx: Connection, project: str, rollout_id: str) -> Rollout | None:
    row = tx.execute(select(rollouts).where(rollouts.c.project == project, rollouts.c.id == rollout_id)).one_or_none()
    return None if row is None else _rollout(row)


def _rollout(row: Row[Any]) -> Rollout:
    values = dict(row._mapping)
    values["plan"] = msgspec.json.decode(values["plan"], type=RolloutPlan)
    values["decisions"] = msgspec.json.decode(values["decisions"], type=tuple[dict[str, Any], ...])
    return Rollout(**values)
