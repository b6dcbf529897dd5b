"""Watching: monitors look at the rollups; a firing becomes an alert, and an alert starts what the task's loop says.

A monitor looks at the variant that serves now: what an earlier release did is no evidence against this one. When the
release changes, an alert that was about the one before is over.
"""

from __future__ import annotations

import logging

from sqlalchemy import Connection

from volant.core.errors import VolantError
from volant.core.nouns import Documents, MonitorSpec
from volant.jobs.context import Context
from volant.loop.retrain import Retrain
from volant.monitor import rules
from volant.monitor.measures import Window
from volant.registry import alerts, audit, documents, projects, state
from volant.traces import metrics

EVERY_S = 1.0
log = logging.getLogger("volant.watching")


class Watching:
    """All monitors of all projects."""

    def __init__(self, context: Context, retrain: Retrain) -> None:
        self._context = context
        self._retrain = retrain

    def look(self) -> None:
        """One look of every monitor."""
        with self._context.db.read() as tx:
            configured = [(p.id, documents.current(tx, p.id).documents) for p in projects.list_all(tx)]
        for project, documents_of in configured:
            for spec in documents_of.monitors:
                self._look(project, spec, documents_of)

    def _look(self, project: str, spec: MonitorSpec, configured: Documents) -> None:
        context = self._context
        now_ms = context.clock.now_ms()
        with context.db.read() as tx:
            live = state.live(tx, project, spec.task)
            held = alerts.holding_alert(tx, project, spec.name)
            window = self._window(tx, project, spec, live.variant if live else "", now_ms)
        stale = held is not None and held.evidence.get("variant", "") != (live.variant if live else "")
        look = rules.look(spec, window, None if stale else _firing_of(held, spec))
        if held is not None and (stale or look.change == "resolved"):
            with context.db.begin() as tx:
                alerts.resolve(tx, project, held.id, now_ms=now_ms)
                context.audit_once(tx, project, audit.LOOP, "alert.resolve", "alert", held.id)
        if look.change == "fired" and look.firing is not None:
            log.info("%s", look.sentence)
            with context.db.begin() as tx:
                held = alerts.fire(
                    tx,
                    project,
                    monitor=spec.name,
                    task=spec.task,
                    value=look.firing.value,
                    low=look.firing.low,
                    threshold=look.firing.threshold,
                    n=look.firing.n,
                    sentence=look.sentence,
                    evidence={
                        "window_start_ms": look.firing.window_start_ms,
                        "variant": live.variant if live else "",
                        "release_id": live.release_id if live else "",
                    },
                    now_ms=now_ms,
                )
                told = {"task": audit.word(spec.task), "value": look.firing.value}
                context.audit_once(tx, project, audit.LOOP, "alert.fire", "alert", held.id, **told)
        if held is not None and not stale and not held.resolved_ms and not held.workflow_id:
            self._answer(project, held, configured)

    def _answer(self, project: str, alert: alerts.Alert, configured: Documents) -> None:
        """Start the retraining that the loop of the alert's task asks for."""
        wanted = [one for one in configured.loops if one.task == alert.task and one.monitor == alert.monitor]
        if not wanted or not wanted[0].automatic_retrain:
            return
        workflow_id = f"retrain-{alert.id}"
        try:
            self._retrain.check(project, alert.task)
        except VolantError as error:
            log.warning("alert %s starts nothing: %s", alert.id, error.message)
            return
        with self._context.db.begin() as tx:
            told = {"about": audit.word(alert.task), "alert": alert.id}
            self._context.audit_once(tx, project, audit.LOOP, "retrain.start", "workflow", workflow_id, **told)
        self._context.workflows.start(self._retrain.NAME, workflow_id, project, alert.task, alert.id)
        with self._context.db.begin() as tx:
            alerts.set_workflow(tx, project, alert.id, workflow_id)

    def _window(self, tx: Connection, project: str, spec: MonitorSpec, variant: str, now_ms: int) -> Window:
        start_ms = rules.window_start_ms(spec, now_ms)
        sums = metrics.sums(tx, project, since_ms=start_ms, until_ms=now_ms + 1, task=spec.task, variant=variant)
        return Window(
            start_ms=start_ms,
            end_ms=now_ms,
            requests=sums.requests,
            errors=sums.errors,
            fallbacks=sums.fallbacks,
            accepted=sums.accepted,
            corrected=sums.corrected,
            cost_usd=sums.cost_usd,
            latency_ms=sums.latency.quantile,
        )


def _firing_of(alert: alerts.Alert | None, spec: MonitorSpec) -> rules.Firing | None:
    if alert is None:
        return None
    return rules.Firing(
        monitor=alert.monitor,
        task=alert.task,
        measure=spec.measure,
        value=alert.value,
        low=alert.low,
        high=1.0,
        threshold=alert.threshold,
        n=alert.n,
        window_start_ms=int(alert.evidence.get("window_start_ms", 0)),
        fired_ms=alert.fired_ms,
        sentence=alert.sentence,
    )
