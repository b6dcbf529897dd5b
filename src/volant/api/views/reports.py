"""Reports: what evaluating gave, beside a baseline: intervals, paired differences as sentences, slices and flips.

Item ids and scores need `read`. The question behind an item is a record, and needs `content`.
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from fastapi import APIRouter, Query
from sqlalchemy import Connection, select

from volant.api.access import Reads, ReadsContent
from volant.api.paging import Cursor
from volant.api.services import Has
from volant.api.structs import AsJson
from volant.api.trail import reads
from volant.api.views import _reports
from volant.api.views._parts import Link, ReportHead, model_labels
from volant.core.errors import NotFound
from volant.core.nouns import ItemScore, Metric, Report
from volant.registry import records, reports
from volant.store.tables import record

router = APIRouter(prefix="/reports", tags=["views"])


class ReportRow(msgspec.Struct, frozen=True, kw_only=True):
    """One report in the list."""

    id: str
    suite: str
    model_id: str
    model_label: str
    dataset_version_id: str
    evaluated: int
    headline: Metric | None  # the suite's first metric, overall
    run_id: str
    created_ms: int


class ReportList(msgspec.Struct, frozen=True, kw_only=True):
    """A page of reports, newest first."""

    rows: list[ReportRow]
    next_cursor: str
    suites: dict[str, int]


class MetricRow(msgspec.Struct, frozen=True, kw_only=True):
    """One metric of one slice, as a dot with its interval, beside the baseline's."""

    metric: Metric
    baseline: Metric | None
    difference: _reports.Difference | None  # paired where items allow it
    trend: Literal["", "better", "worse", "same"]  # "same": no difference is shown; empty: nothing is paired
    sentence: str  # "4.1 points better [2.0, 6.2] on the same 856 items", or why nothing is compared


class ReportView(msgspec.Struct, frozen=True, kw_only=True):
    """One report beside a baseline."""

    report: ReportHead
    model_label: str
    run_id: str
    baseline: ReportHead | None
    baseline_label: str
    baseline_reason: str  # why this one, or why there is none
    baselines: list[Link]  # others to choose from: the same suite
    metrics: list[MetricRow]
    slices: list[str]
    items: int
    flips_better: int
    flips_worse: int
    only_report: int  # items that only one of the two has
    only_baseline: int
    verdicts: list[Link]  # gates that read it


class ItemRow(msgspec.Struct, frozen=True, kw_only=True):
    """One item, in both reports where both have it."""

    item: str
    metric: str  # empty: the suite's own
    known: bool
    score: float
    baseline_score: float | None
    flip: Literal["", "better", "worse"]
    record_id: str = ""  # empty: it is no record of a dataset
    inference_id: str = ""  # the answer that the record was made from; empty: it was imported


class ItemPage(msgspec.Struct, frozen=True, kw_only=True):
    """Some items of a report."""

    rows: list[ItemRow]
    next_cursor: str
    total: int  # under this filter


class ItemText(msgspec.Struct, frozen=True, kw_only=True):
    """The question behind an item, opened."""

    item: str
    question: str  # empty: its person was erased, or it is no record
    answer: str  # the right one
    label: str
    record_id: str
    inference_id: str  # the answer that it was made from; empty: it was imported
    output: str
    baseline_output: str


@router.get("", summary="Reports, newest first, each with its headline")
def list_reports(
    caller: Reads,
    context: Has,
    suite: str = "",
    model_id: str = "",
    limit: Annotated[int, Query(ge=1, le=100)] = 50,
    cursor: Cursor = "",
) -> Annotated[ReportList, AsJson]:
    with context.db.read() as tx:
        found = _reports.heads(tx, caller.project, suite=suite, model_id=model_id, before=cursor, limit=limit + 1)
        labels = model_labels(tx, caller.project, [head.model_id for head, _ in found])
        suites = _reports.suites(tx, caller.project)
    rows = [_row(head, run_id, labels) for head, run_id in found[:limit]]
    return ReportList(rows=rows, next_cursor=rows[-1].id if len(found) > limit else "", suites=suites)


@router.get("/{report_id}", summary="One report beside a baseline, without its items")
def show_report(
    report_id: str,
    caller: Reads,
    context: Has,
    baseline: Annotated[str, Query(description="A report's id; empty: the base model's; `none`: nothing.")] = "",
) -> Annotated[ReportView, AsJson]:
    with context.db.read() as tx:
        return _view(tx, caller.project, reports.get_report(tx, caller.project, report_id), baseline)


@router.get("/{report_id}/items", summary="A page of items; `only=flips`: those that changed sides")
def report_items(
    report_id: str,
    caller: Reads,
    context: Has,
    baseline: str = "",
    only: Literal["", "flips", "better", "worse", "wrong", "right"] = "",
    metric: str = "",
    known: bool | None = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 100,
    cursor: Cursor = "",
) -> Annotated[ItemPage, AsJson]:
    with context.db.read() as tx:
        report = reports.get_report(tx, caller.project, report_id)
        other, _ = _reports.baseline_of(tx, caller.project, report, baseline)
        rows = [one for one in _items(report, other) if _wanted(one, only, metric, known)]
        start = int(cursor) if cursor.isdigit() else 0
        behind = _reports.behind(tx, caller.project, [row.item for row in rows[start : start + limit]])
    shown = [_linked(row, behind) for row in rows[start : start + limit]]
    more = start + limit < len(rows)
    return ItemPage(rows=shown, next_cursor=str(start + limit) if more else "", total=len(rows))


@router.get("/{report_id}/item", summary="The question behind an item, opened")
def report_item(
    report_id: str, caller: ReadsContent, context: Has, item: str, baseline: str = ""
) -> Annotated[ItemText, AsJson]:
    with context.db.read() as tx:
        report = reports.get_report(tx, caller.project, report_id)
        other, _ = _reports.baseline_of(tx, caller.project, report, baseline)
        here = next((one for one in report.items if one.item == item), None)
        if here is None:
            raise NotFound("item_unknown", f"the report has no item {item[:60]!r}", where=report_id)
        there = next((one for one in other.items if one.item == item), None) if other else None
        source, position = _reports.place_of(item)
        query = select(record.c.id).where(
            record.c.project == caller.project, record.c.source == source, record.c.position == position
        )
        found = next(records.read(tx, context.keyring, caller.project, tx.execute(query).scalars().all()), None)
    reads(context, caller, "report", of=report_id, count=1 if found else 0)
    body = found.body if found else {}
    return ItemText(
        item=item,
        question=str(body.get("question", "")),
        answer=str(body.get("answer", "")),
        label=str(body.get("label", "")),
        record_id=found.id if found else "",
        inference_id=found.inference_id if found else "",
        output=here.output,
        baseline_output=there.output if there else "",
    )


def _row(head: ReportHead, run_id: str, labels: dict[str, str]) -> ReportRow:
    return ReportRow(
        id=head.report_id,
        suite=head.suite,
        model_id=head.model_id,
        model_label=labels.get(head.model_id, ""),
        dataset_version_id=head.dataset_version_id,
        evaluated=head.evaluated,
        headline=next((metric for metric in head.metrics if metric.slice == "overall"), None),
        run_id=run_id,
        created_ms=head.created_ms,
    )


def _view(tx: Connection, project: str, report: Report, wanted: str) -> ReportView:
    other, reason = _reports.baseline_of(tx, project, report, wanted)
    same = [head for head, _ in _reports.heads(tx, project, suite=report.suite, limit=50)]
    same = [head for head in same if head.report_id != report.report_id]
    labels = model_labels(tx, project, [report.model_id, *(head.model_id for head in same)])
    rows = _items(report, other)
    return ReportView(
        report=_head(report),
        model_label=labels.get(report.model_id, ""),
        run_id=_reports.run_of(tx, project, report.report_id),
        baseline=_head(other) if other else None,
        baseline_label=labels.get(other.model_id, "") if other else "",
        baseline_reason=reason,
        baselines=[
            Link(kind="report", id=head.report_id, title=labels.get(head.model_id, head.model_id)) for head in same
        ],
        metrics=[_metric(metric, report, other) for metric in report.metrics],
        slices=list(dict.fromkeys(metric.slice for metric in report.metrics)),
        items=len(report.items),
        flips_better=sum(row.flip == "better" for row in rows),
        flips_worse=sum(row.flip == "worse" for row in rows),
        only_report=sum(row.baseline_score is None for row in rows) if other else 0,
        only_baseline=len({one.item for one in other.items} - {one.item for one in report.items}) if other else 0,
        verdicts=_reports.verdicts_on(tx, project, report.report_id),
    )


def _metric(metric: Metric, report: Report, other: Report | None) -> MetricRow:
    beside = (
        next((one for one in other.metrics if (one.name, one.slice) == (metric.name, metric.slice)), None)
        if other
        else None
    )
    difference, sentence = _reports.difference(metric, beside, report, other)
    trend = _reports.trend(metric, difference)
    return MetricRow(metric=metric, baseline=beside, difference=difference, trend=trend, sentence=sentence)


def _head(report: Report) -> ReportHead:
    return ReportHead(**{name: getattr(report, name) for name in ReportHead.__struct_fields__})


def _items(report: Report, other: Report | None) -> list[ItemRow]:
    old = {one.item: one for one in other.items} if other else {}
    return [_item(one, old.get(one.item)) for one in report.items]


def _item(one: ItemScore, before: ItemScore | None) -> ItemRow:
    prefix, colon, _ = one.item.partition(":")
    metric = prefix if colon and "/" not in prefix else ""
    flip: Literal["", "better", "worse"] = ""
    if before is not None and before.score != one.score:
        flip = "better" if (one.score > before.score) != _reports.lower_is_better(metric) else "worse"
    return ItemRow(
        item=one.item,
        metric=metric,
        known=one.known,
        score=one.score,
        baseline_score=before.score if before else None,
        flip=flip,
    )


def _linked(row: ItemRow, behind: dict[str, tuple[str, str]]) -> ItemRow:
    record_id, inference_id = behind.get(row.item, ("", ""))
    return msgspec.structs.replace(row, record_id=record_id, inference_id=inference_id)


def _wanted(row: ItemRow, only: str, metric: str, known: bool | None) -> bool:
    if (metric and row.metric != metric) or (known is not None and row.known != known):
        return False
    if only in ("better", "worse"):
        return row.flip == only
    if only in ("wrong", "right"):
        good = row.score >= 1.0
        return (good != _reports.lower_is_better(row.metric)) == (only == "right")
    return only == "" or row.flip != ""
