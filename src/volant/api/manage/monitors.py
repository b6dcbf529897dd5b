"""Monitors: rules over live data, and the alerts that they fired."""

from __future__ import annotations

from typing import Annotated

import msgspec
from fastapi import APIRouter

from volant.api.access import Reads
from volant.api.paging import Limit, Listing
from volant.api.services import Has
from volant.api.structs import AsJson
from volant.core.nouns import MonitorSpec
from volant.registry import alerts, documents

router = APIRouter(tags=["monitors"])


class MonitorView(msgspec.Struct, frozen=True, kw_only=True):
    """A monitor and the alert of it that holds now."""

    spec: MonitorSpec
    holding: alerts.Alert | None


@router.get("/monitors", summary="Every monitor and whether it fires now")
def list_monitors(caller: Reads, context: Has) -> Annotated[Listing[MonitorView], AsJson]:
    with context.db.read() as tx:
        specs = documents.current(tx, caller.project).documents.monitors
        return Listing(
            data=[MonitorView(spec=spec, holding=alerts.holding_alert(tx, caller.project, spec.name)) for spec in specs]
        )


@router.get("/alerts", summary="Alerts, newest first")
def list_alerts(
    caller: Reads, context: Has, task: str = "", limit: Limit = 100
) -> Annotated[Listing[alerts.Alert], AsJson]:
    with context.db.read() as tx:
        return Listing(data=alerts.list_alerts(tx, caller.project, task=task, limit=limit))


@router.get("/alerts/{alert_id}", summary="One alert with its evidence and what it started")
def get_alert(alert_id: str, caller: Reads, context: Has) -> Annotated[alerts.Alert, AsJson]:
    with context.db.read() as tx:
        return alerts.get_alert(tx, caller.project, alert_id)
