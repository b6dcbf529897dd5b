"""Alerts: firings of monitors, kept with their numbers, what they started, and when they were over."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, insert, select, update

from volant.core.errors import NotFound
from volant.core.ids import new_id
from volant.registry import edges
from volant.store.tables import alert as alerts


class Alert(msgspec.Struct, frozen=True, kw_only=True):
    """One firing."""

    id: str
    project: str
    monitor: str
    task: str
    value: float
    low: float  # lower confidence bound when it fired
    threshold: float
    n: int
    sentence: str
    evidence: dict[str, Any]  # window, variant and release that it was about
    fired_ms: int
    resolved_ms: int  # 0: it holds
    workflow_id: str  # the retraining that it started


def fire(
    tx: Connection,
    project: str,
    *,
    monitor: str,
    task: str,
    value: float,
    low: float,
    threshold: float,
    n: int,
    sentence: str,
    evidence: Mapping[str, Any],
    now_ms: int,
) -> Alert:
    """Keep a firing. While one of the same monitor holds, that one is given back."""
    holding = holding_alert(tx, project, monitor)
    if holding is not None:
        return holding
    made = new_id("alert")
    tx.execute(
        insert(alerts).values(
            id=made,
            project=project,
            monitor=monitor,
            task=task,
            value=value,
            low=low,
            threshold=threshold,
            n=n,
            sentence=sentence,
            evidence=msgspec.json.encode(dict(evidence)).decode(),
            fired_ms=now_ms,
        )
    )
    release = str(evidence.get("release_id", ""))
    edges.link(tx, project, ("release", release), ("alert", made), "observe", now_ms=now_ms)
    return get_alert(tx, project, made)


def resolve(tx: Connection, project: str, alert_id: str, *, now_ms: int) -> Alert:
    """It no longer holds; done again it changes nothing. Raises NotFound."""
    if not get_alert(tx, project, alert_id).resolved_ms:
        tx.execute(update(alerts).where(alerts.c.id == alert_id).values(resolved_ms=now_ms))
    return get_alert(tx, project, alert_id)


def set_workflow(tx: Connection, project: str, alert_id: str, workflow_id: str) -> Alert:
    """Say what it started. Raises NotFound."""
    get_alert(tx, project, alert_id)
    tx.execute(update(alerts).where(alerts.c.id == alert_id).values(workflow_id=workflow_id))
    return get_alert(tx, project, alert_id)


def get_alert(tx: Connection, project: str, alert_id: str) -> Alert:
    """Raises NotFound."""
    row = tx.execute(select(alerts).where(alerts.c.project == project, alerts.c.id == alert_id)).one_or_none()
    if row is None:
        raise NotFound("alert_unknown", f"there is no alert {alert_id[:60]!r}", where=project)
    return _alert(row)


def holding_alert(tx: Connection, project: str, monitor: str) -> Alert | None:
    """The alert of a monitor that holds now, or None."""
    query = select(alerts).where(alerts.c.project == project, alerts.c.monitor == monitor, alerts.c.resolved_ms == 0)
    row = tx.execute(query.order_by(alerts.c.fired_ms.desc()).limit(1)).one_or_none()
    return None if row is None else _alert(row)


def list_alerts(tx: Connection, project: str, *, task: str = "", limit: int = 100) -> list[Alert]:
    """The newest first."""
    query = select(alerts).where(alerts.c.project == project).order_by(alerts.c.fired_ms.desc(), alerts.c.id.desc())
    if task:
        query = query.where(alerts.c.task == task)
    return [_alert(row) for row in tx.execute(query.limit(limit))]


def _alert(row: Row[Any]) -> Alert:
    values = dict(row._mapping)
    values["evidence"] = msgspec.json.decode(values["evidence"])
    return Alert(**values)
