"""What is read and worked out of reports for their page: heads, the report to compare with, paired differences."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Literal

import msgspec
from sqlalchemy import Connection, func, select, tuple_

from volant.api.views._parts import Link, ReportHead
from volant.core.errors import NotFound
from volant.core.metrics import ACCURACY, EXACT_MATCH, items_of
from volant.core.nouns import Metric, Report
from volant.core.stats import compare_paired
from volant.registry import edges, models, reports
from volant.store.tables import record, report

YARDSTICK = "yardstick"  # the suite of the linear classifier, comparable with accuracy item by item
_OF_ACCURACY = (ACCURACY, YARDSTICK)


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """This report minus the baseline, paired by item, in the metric's own unit; 95 % confidence."""

    value: float
    low: float
    high: float
    items: int
    wins: int  # items that got better
    losses: int  # items that got worse
    p: float | None  # McNemar, exact, two-sided; None for clustered items


def heads(
    tx: Connection, project: str, *, suite: str = "", model_id: str = "", before: str = "", limit: int
) -> list[tuple[ReportHead, str]]:
    """Reports without items, each with its run's id, newest first; `before` is the last id of the page before."""
    query = select(report.c.body, report.c.run_id).where(report.c.project == project)
    for name, value in (("suite", suite), ("model_id", model_id)):
        if value:
            query = query.where(report.c[name] == value)
    if before:
        at = select(report.c.created_ms).where(report.c.id == before).scalar_subquery()
        query = query.where((report.c.created_ms < at) | ((report.c.created_ms == at) & (report.c.id < before)))
    query = query.order_by(report.c.created_ms.desc(), report.c.id.desc()).limit(limit)
    return [(msgspec.json.decode(row.body, type=ReportHead), row.run_id) for row in tx.execute(query)]


def suites(tx: Connection, project: str) -> dict[str, int]:
    """How many reports there are of each suite."""
    query = select(report.c.suite, func.count()).where(report.c.project == project).group_by(report.c.suite)
    return {row[0]: row[1] for row in tx.execute(query.order_by(report.c.suite))}


def run_of(tx: Connection, project: str, report_id: str) -> str:
    """The run that made a report; empty for none."""
    query = select(report.c.run_id).where(report.c.project == project, report.c.id == report_id)
    return str(tx.execute(query).scalar_one_or_none() or "")


def verdicts_on(tx: Connection, project: str, report_id: str) -> list[Link]:
    """The verdicts that were made of a report."""
    found = edges.targets_of(tx, project, [("report", report_id)])
    return [Link(kind="verdict", id=edge.target.id) for edge in found if edge.target.kind == "verdict"]


def baseline_of(tx: Connection, project: str, one: Report, wanted: str) -> tuple[Report | None, str]:
    """The report to compare with, and why this one. Raises NotFound for one that is named and not there.

    Empty: the base model's newest of the same suite, else the newest of the same suite of another model before it.
    """
    if wanted == "none":
        return None, "Nothing was asked for to compare with."
    if wanted:
        found = reports.get_report(tx, project, wanted)
        if found.suite != one.suite and not {found.suite, one.suite} <= set(_OF_ACCURACY):
            raise NotFound("report_unknown", f"{wanted} is a {found.suite} report, this one {one.suite}",
                           hint="compare reports of one suite")  # fmt: skip
        return found, "You chose it."
    base = _base_of(tx, project, one.model_id)
    if one.suite == YARDSTICK:
        mine = _newest(tx, project, ACCURACY, one.model_id)
        return mine, "The model that stands beside this yardstick." if mine else "No accuracy report to compare with."
    found_base = _newest(tx, project, one.suite, base) if base else None
    if found_base is not None:
        return found_base, "The model that this one was tuned from."
    older = _older(tx, project, one)
    return older, "The newest report of this suite before it." if older else "It is the first report of its suite."


def difference(
    metric: Metric, beside: Metric | None, one: Report, other: Report | None
) -> tuple[Difference | None, str]:
    """The paired difference of a metric, and the sentence that says it."""
    if other is None or beside is None:
        return None, "There is nothing to compare it with." if other is None else "The baseline does not report it."
    old = {item.item: item for item in items_of(other, metric.name)}
    pairs = [(old[item.item], item) for item in items_of(one, metric.name) if item.item in old]
    if metric.slice in ("known", "new"):
        pairs = [pair for pair in pairs if pair[1].known == (metric.slice == "known")]
    if metric.name == EXACT_MATCH and one.suite not in _OF_ACCURACY:
        pairs = []
    if metric.unit != "share" or not pairs:
        change = metric.value - beside.value
        return None, f"{_words(change, metric.unit)}; the items of the two cannot be paired."
    clusters = [after.cluster for _, after in pairs]
    found = compare_paired([before.score for before, _ in pairs], [after.score for _, after in pairs], clusters)
    low, high = max(-1.0, found.lower), min(1.0, found.upper)
    wins, losses = (found.losses, found.wins) if lower_is_better(metric.name) else (found.wins, found.losses)
    made = Difference(value=found.difference, low=low, high=high, items=found.items, wins=wins, losses=losses,
                      p=found.mcnemar_p)  # fmt: skip
    return made, _sentence(metric, made)


def trend(metric: Metric, made: Difference | None) -> Literal["", "better", "worse", "same"]:
    """Whether the difference is shown, and to which side; empty where nothing is paired."""
    if made is None:
        return ""
    if made.low <= 0 <= made.high:
        return "same"
    return "better" if (made.value > 0) != lower_is_better(metric.name) else "worse"


def behind(tx: Connection, project: str, items: Sequence[str]) -> dict[str, tuple[str, str]]:
    """Item → (its record's id, the inference that the record was made from; empty: it was imported)."""
    places = {item: place_of(item) for item in items}
    keys = [place for place in set(places.values()) if place[0]]
    if not keys:
        return {}
    query = select(record.c.source, record.c.position, record.c.id, record.c.inference_id).where(
        record.c.project == project, tuple_(record.c.source, record.c.position).in_(keys)
    )
    found = {(row.source, row.position): (row.id, row.inference_id) for row in tx.execute(query)}
    return {item: found[place] for item, place in places.items() if place in found}


def lower_is_better(metric: str) -> bool:
    """Whether an item's score of 1 is the bad one: an attack that worked, an answer that changed with a name."""
    return metric in _LOWER_IS_BETTER


def place_of(item: str) -> tuple[str, int]:
    """Where the record of an item stands: (source, position); position -1 for an item that is no record.

    Items of probes are `METRIC:SOURCE:POSITION/PROBE`, all others `SOURCE:POSITION`.
    """
    for part in (_METRIC.sub("", item), item):
        text = part.removeprefix("bias/").removeprefix("security/")
        for candidate in (text, text.rpartition("/")[0], text.rpartition("/")[0].rpartition("/")[0]):
            source, _, position = candidate.rpartition(":")
            if source and position.isdigit():
                return source, int(position)
    return "", -1


# ---------------------------------------------------------------- inside
_METRIC = re.compile(r"^[a-z_]+:(?!//)")
_LOWER_IS_BETTER = ("injection_success", "false_refusal", "flip_rate", "flip_rate_same_group", "extractable_canaries")


def _sentence(metric: Metric, made: Difference) -> str:
    points, low, high = 100 * made.value, 100 * made.low, 100 * made.high
    better = trend(metric, made)
    if better == "same":
        return f"No difference is shown: {points:+.1f} points [{low:+.1f}, {high:+.1f}] on the same {made.items} items."
    if points < 0:
        low, high = -high, -low
    return f"{abs(points):.1f} points {better} [{low:.1f}, {high:.1f}] on the same {made.items} items."


def _words(change: float, unit: str) -> str:
    if unit in ("share", "difference"):
        return f"{100 * change:+.1f} points against the baseline"
    return f"{change:+.2f} {unit} against the baseline"


def _base_of(tx: Connection, project: str, model_id: str) -> str:
    try:
        return models.get_model(tx, project, model_id).base_model_id
    except NotFound:
        return ""


def _newest(tx: Connection, project: str, suite: str, model_id: str) -> Report | None:
    return _first(tx, _bodies(project, suite).where(report.c.model_id == model_id))


def _older(tx: Connection, project: str, one: Report) -> Report | None:
    query = _bodies(project, one.suite).where(
        report.c.created_ms <= one.created_ms, report.c.id != one.report_id, report.c.model_id != one.model_id
    )
    return _first(tx, query)


def _bodies(project: str, suite: str) -> Any:
    query = select(report.c.body).where(report.c.project == project, report.c.suite == suite)
    return query.order_by(report.c.created_ms.desc(), report.c.id.desc()).limit(1)


def _first(tx: Connection, query: Any) -> Report | None:
    body = tx.execute(query).scalar_one_or_none()
    return None if body is None else msgspec.json.decode(body, type=Report)
