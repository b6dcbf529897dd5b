"""Parts: small structs that several pages share, and the reading of bodies without their long lists."""

from __future__ import annotations

from typing import Any

import msgspec
from sqlalchemy import Connection, select

from volant.core.nouns import Metric, Outcome, Reason
from volant.store.tables import model, report, verdict

PREVIEW = 120  # characters of any text in a row of a list


class Link(msgspec.Struct, frozen=True, kw_only=True):
    """Where a click leads: a kind and its id. The console knows the page of each kind."""

    kind: str  # "model", "run", "report", "verdict", "release", "rollout", "dataset_version", "erasure", ...
    id: str
    title: str = ""


class ReportHead(msgspec.Struct, frozen=True, kw_only=True):
    """A report without its items; they are passed over unread."""

    report_id: str
    suite: str
    model_id: str
    dataset_version_id: str = ""
    metrics: tuple[Metric, ...]
    notes: tuple[str, ...] = ()
    evaluated: int = 0
    created_ms: int = 0


class VerdictHead(msgspec.Struct, frozen=True, kw_only=True):
    """A verdict as a page shows it."""

    verdict_id: str
    gate: str
    model_id: str
    baseline_model_id: str = ""
    outcome: Outcome
    reasons: tuple[Reason, ...]
    created_ms: int = 0

    @property
    def blocker(self) -> str:
        """The first sentence that does not pass; empty for a pass."""
        return next((reason.sentence for reason in self.reasons if reason.outcome != "pass"), "")


def preview(text: str) -> str:
    """The beginning of a text, on one line."""
    line = " ".join(text.split())
    return line if len(line) <= PREVIEW else line[: PREVIEW - 1] + "…"


def report_heads(tx: Connection, project: str, *, limit: int = 500, **equal: str) -> list[ReportHead]:
    """The newest reports first, `equal` naming columns (`suite`, `model_id`, `dataset_version_id`, `run_id`)."""
    query = select(report.c.body).where(report.c.project == project, *_equal(report, equal))
    query = query.order_by(report.c.created_ms.desc(), report.c.id.desc()).limit(limit)
    return [msgspec.json.decode(body, type=ReportHead) for body in tx.execute(query).scalars()]


def verdict_heads(tx: Connection, project: str, *, limit: int = 500, **equal: str) -> list[VerdictHead]:
    """The newest verdicts first, `equal` naming columns (`gate`, `model_id`, `outcome`)."""
    query = select(verdict.c.body).where(verdict.c.project == project, *_equal(verdict, equal))
    query = query.order_by(verdict.c.created_ms.desc(), verdict.c.id.desc()).limit(limit)
    return [msgspec.json.decode(body, type=VerdictHead) for body in tx.execute(query).scalars()]


def model_labels(tx: Connection, project: str, ids: list[str]) -> dict[str, str]:
    """Model id → `name@version`, of up to 500 ids."""
    wanted = sorted({one for one in ids if one})[:500]
    query = select(model.c.id, model.c.name, model.c.version).where(model.c.project == project, model.c.id.in_(wanted))
    return {row.id: f"{row.name}@{row.version}" for row in tx.execute(query)} if wanted else {}


def _equal(table: Any, equal: dict[str, str]) -> list[Any]:
    return [table.c[name] == value for name, value in equal.items() if value]
