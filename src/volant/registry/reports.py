"""Reports and verdicts: what evaluating gave, and what a gate said about it. Written once, never changed."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Any

import msgspec
from sqlalchemy import Connection, insert, select

from volant.core.errors import NotFound
from volant.core.nouns import Report, Verdict
from volant.registry import edges
from volant.store.tables import report as reports
from volant.store.tables import verdict as verdicts


def add_report(tx: Connection, project: str, report: Report, *, now_ms: int, run_id: str = "") -> Report:
    """Keep a report under its `report_id`; one that is there stays as it is."""
    if (there := _find(tx, project, report.report_id)) is not None:
        return there
    kept = report if report.created_ms else msgspec.structs.replace(report, created_ms=now_ms)
    tx.execute(
        insert(reports).values(
            id=kept.report_id,
            project=project,
            suite=kept.suite,
            model_id=kept.model_id,
            dataset_version_id=kept.dataset_version_id,
            run_id=run_id,
            body=msgspec.json.encode(kept).decode(),
            created_ms=kept.created_ms,
        )
    )
    target = ("report", kept.report_id)
    parameters = {"suite": kept.suite}
    for source in (("model", kept.model_id), ("dataset_version", kept.dataset_version_id), ("run", run_id)):
        edges.link(tx, project, source, target, "evaluate", now_ms=now_ms, parameters=parameters)
    return kept


def get_report(tx: Connection, project: str, report_id: str) -> Report:
    """Raises NotFound."""
    found = _find(tx, project, report_id)
    if found is None:
        raise NotFound(
            "report_unknown",
            f"there is no report {report_id[:60]!r}",
            where=project,
            hint="`volant eval MODEL --reports`",
        )
    return found


def list_reports(tx: Connection, project: str, *, model_id: str = "", suite: str = "") -> list[Report]:
    """Oldest first, of one model or suite or of all."""
    query = select(reports.c.body).where(reports.c.project == project).order_by(reports.c.created_ms, reports.c.id)
    if model_id:
        query = query.where(reports.c.model_id == model_id)
    if suite:
        query = query.where(reports.c.suite == suite)
    return [msgspec.json.decode(body, type=Report) for body in tx.execute(query).scalars()]


def add_verdict(
    tx: Connection, project: str, verdict: Verdict, *, now_ms: int, report_ids: Iterable[str] = ()
) -> Verdict:
    """Keep a verdict under its `verdict_id`; one that is there stays as it is.

    It is linked to `report_ids` and to the reports that its reasons name.
    """
    if (there := _find_verdict(tx, project, verdict.verdict_id)) is not None:
        return there
    kept = verdict if verdict.created_ms else msgspec.structs.replace(verdict, created_ms=now_ms)
    tx.execute(
        insert(verdicts).values(
            id=kept.verdict_id,
            project=project,
            gate=kept.gate,
            model_id=kept.model_id,
            outcome=kept.outcome,
            body=msgspec.json.encode(kept).decode(),
            created_ms=kept.created_ms,
        )
    )
    target = ("verdict", kept.verdict_id)
    for report_id in sorted({*report_ids, *(reason.report_id for reason in kept.reasons)}):
        edges.link(tx, project, ("report", report_id), target, "gate", now_ms=now_ms)
    edges.link(tx, project, ("model", kept.model_id), target, "gate", now_ms=now_ms, parameters={"gate": kept.gate})
    return kept


def get_verdict(tx: Connection, project: str, verdict_id: str) -> Verdict:
    """Raises NotFound."""
    found = _find_verdict(tx, project, verdict_id)
    if found is None:
        raise NotFound(
            "verdict_unknown", f"there is no verdict {verdict_id[:60]!r}", where=project, hint="`volant gate`"
        )
    return found


def list_verdicts(tx: Connection, project: str, *, model_id: str = "") -> list[Verdict]:
    """Oldest first."""
    query = select(verdicts.c.body).where(verdicts.c.project == project).order_by(verdicts.c.created_ms, verdicts.c.id)
    if model_id:
        query = query.where(verdicts.c.model_id == model_id)
    return [msgspec.json.decode(body, type=Verdict) for body in tx.execute(query).scalars()]


def evidence_hash(*evidence: Any) -> str:
    """What a review is bound to: the SHA-256 of structs or JSON values, in hex."""
    return hashlib.sha256(msgspec.json.encode(evidence, order="deterministic")).hexdigest()


def _find(tx: Connection, project: str, report_id: str) -> Report | None:
    query = select(reports.c.body).where(reports.c.project == project, reports.c.id == report_id)
    body = tx.execute(query).scalar_one_or_none()
    return None if body is None else msgspec.json.decode(body, type=Report)


def _find_verdict(tx: Connection, project: str, verdict_id: str) -> Verdict | None:
    query = select(verdicts.c.body).where(verdicts.c.project == project, verdicts.c.id == verdict_id)
    body = tx.execute(query).scalar_one_or_none()
    return None if body is None else msgspec.json.decode(body, type=Verdict)
