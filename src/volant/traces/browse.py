"""Browse: inferences as people look through them: any filter, a page at a time, and what a filter holds in numbers.

Every query is bounded: conditions that no index serves are tried on the newest `MOST_SCANNED` inferences that the
indexed ones leave, numbers are made of the newest `MOST_COUNTED`. The answers say where they stopped.
Reads no text of a person. Metrics over time come from the rollups (`metrics`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any, Literal

import msgspec
from sqlalchemy import Connection, case, exists, func, select

from volant.store.tables import feedback, inference

MOST_SCANNED = 50_000
MOST_COUNTED = 10_000
EDGES_MS = (1, 2, 5, 10, 20, 35, 50, 75, 100, 150, 200, 350, 500, 750, 1_000, 1_500, 2_000, 3_500, 5_000, 10_000,
            20_000, 60_000)  # fmt: skip  # upper edges; one more bucket holds what is slower

FACETS = ("task", "variant", "deployment", "model", "arm", "status", "error_code")
_INDEXED = ("task", "rollout_id", "subject", "trace_id")
_EXACT = ("variant", "deployment", "model", "model_id", "release_id", "arm", "session", "error_code", "key_id")
_RANGES = ("latency_ms", "cost_usd", "input_tokens", "output_tokens")
_ROW = ("id", "started_ms", "task", "variant", "deployment", "model", "arm", "status", "error_code", "latency_ms",
        "ttft_ms", "input_tokens", "output_tokens", "cost_usd", "fallback", "canary_failed", "streamed", "subject",
        "session", "item", "rollout_id", "release_id", "findings", "erased_ms")  # fmt: skip


class Chosen(msgspec.Struct, frozen=True, kw_only=True):
    """What to look at; empty, None and 0 mean: any."""

    task: str = ""
    variant: str = ""
    deployment: str = ""
    model: str = ""
    model_id: str = ""
    release_id: str = ""
    rollout_id: str = ""
    trace_id: str = ""
    arm: str = ""
    subject: str = ""
    session: str = ""
    key_id: str = ""
    error_code: str = ""
    status: int = 0  # exactly; 4 and 5 mean 4xx and 5xx
    item_prefix: str = ""
    tag: str = ""  # "name:value"
    finding: str = ""  # a kind; "any": some
    failed: bool | None = None  # the caller saw an error
    fallback: bool | None = None
    streamed: bool | None = None
    metric: str = ""  # inferences judged by this metric ...
    metric_min: float | None = None  # ... with a value of at least
    metric_max: float | None = None
    latency_ms_min: float = 0.0
    latency_ms_max: float = 0.0
    cost_usd_min: float = 0.0
    cost_usd_max: float = 0.0
    input_tokens_min: int = 0
    input_tokens_max: int = 0
    output_tokens_min: int = 0
    output_tokens_max: int = 0
    since_ms: int = 0
    until_ms: int = 0  # exclusive


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One inference in a list. Units as in core.nouns.InferenceRecord."""

    id: str
    started_ms: int
    task: str
    variant: str
    deployment: str
    model: str
    arm: str
    status: int
    error_code: str
    latency_ms: float
    ttft_ms: float
    input_tokens: int
    output_tokens: int
    cost_usd: float
    fallback: bool
    canary_failed: bool
    streamed: bool
    subject: str
    session: str
    item: str
    rollout_id: str
    release_id: str
    findings: tuple[str, ...]
    erased_ms: int


class Rows(msgspec.Struct, frozen=True, kw_only=True):
    """A page, newest first."""

    rows: list[Row]
    cursor: str  # of the next page; empty on the last
    stopped_ms: int  # nothing older than this was looked at; 0: all was


class Bucket(msgspec.Struct, frozen=True, kw_only=True):
    """One bar of the latency histogram."""

    low_ms: float  # inclusive
    high_ms: float | None  # exclusive; None: no end
    count: int
    errors: int


class FacetValue(msgspec.Struct, frozen=True, kw_only=True):
    """One value of a column, and how often it stands there."""

    value: str
    count: int


class Tally(msgspec.Struct, frozen=True, kw_only=True):
    """What a filter holds, in numbers."""

    count: int
    errors: int
    fallbacks: int
    cost_usd: float
    input_tokens: int
    output_tokens: int
    oldest_ms: int
    newest_ms: int
    latency: list[Bucket]
    facets: dict[str, list[FacetValue]]  # column → its values, most frequent first, 20 at most
    stopped_ms: int  # older ones are not counted; 0: all are


class Judged(msgspec.Struct, frozen=True, kw_only=True):
    """The newest judgement of an inference by one metric, without its text."""

    metric: str
    value: float | None
    corrected: bool | None
    has_text: bool  # a comment or a demonstration is behind it, for those who may read it
    source: str
    created_ms: int


# ---------------------------------------------------------------- pages and numbers
def page(tx: Connection, project: str, chosen: Chosen, *, limit: int, cursor: str = "") -> Rows:
    """Up to `limit` inferences, newest first; `cursor` as the page before gave it."""
    at_ms, _, last = cursor.partition(":")
    before = int(at_ms) if at_ms.isdigit() else 0
    floor = floor_ms(tx, project, chosen, MOST_SCANNED, before if last else before - 1)
    query = select(*(inference.c[name] for name in _ROW)).where(*_where(project, chosen, floor))
    if before:
        query = query.where(
            (inference.c.started_ms < before) | ((inference.c.started_ms == before) & (inference.c.id < last))
        )
    query = query.order_by(inference.c.started_ms.desc(), inference.c.id.desc()).limit(limit + 1)
    found = [_row(row._mapping) for row in tx.execute(query)]
    shown = found[:limit]
    if len(found) > limit:
        return Rows(rows=shown, cursor=f"{shown[-1].started_ms}:{shown[-1].id}", stopped_ms=0)
    return Rows(rows=shown, cursor=_after(floor, before), stopped_ms=floor)


def _after(floor: int, before: int) -> str:
    """Where the page after one that stopped at `floor` begins: with the rows of that very millisecond, but always later
    than the page itself, which began at `before`. Empty where there is no floor."""
    if not floor:
        return ""
    return f"{floor + 1 if floor + 1 != before else floor}:"


def tally(tx: Connection, project: str, chosen: Chosen, *, most: int = MOST_COUNTED) -> Tally:
    """The numbers of a filter, in one pass over the newest `most` that its indexed conditions leave.

    The histogram is of all latencies, whatever range of them was chosen: a range is chosen on it.
    """
    floor = floor_ms(tx, project, chosen, most)
    bucket = case(*((inference.c.latency_ms < edge, at) for at, edge in enumerate(EDGES_MS)), else_=len(EDGES_MS))
    failed = case((_failed(), 1), else_=0)
    columns = [inference.c[name] for name in FACETS]
    query = (
        select(
            bucket.label("bucket"), failed.label("failed"), *columns, func.count().label("count"),
            func.sum(inference.c.fallback), func.sum(inference.c.cost_usd), func.sum(inference.c.input_tokens),
            func.sum(inference.c.output_tokens), func.min(inference.c.started_ms), func.max(inference.c.started_ms),
        )
        .where(*_where(project, chosen, floor))
        .group_by(bucket, failed, *columns)
    )  # fmt: skip
    found = _tallied(tx.execute(query).all(), floor)
    whole = msgspec.structs.replace(chosen, latency_ms_min=0.0, latency_ms_max=0.0)
    if whole == chosen:
        return found
    return msgspec.structs.replace(found, latency=tally(tx, project, whole, most=most).latency)


def floor_ms(tx: Connection, project: str, chosen: Chosen, most: int, before_ms: int = 0) -> int:
    """The time of the `most`-th newest inference that the indexed conditions leave: what an index alone answers.

    0: there are fewer.
    """
    query = select(inference.c.started_ms).where(*_indexed(project, chosen))
    if before_ms > 0:
        query = query.where(inference.c.started_ms <= before_ms)
    query = query.order_by(inference.c.started_ms.desc()).offset(most).limit(1)
    return int(tx.execute(query).scalar_one_or_none() or 0)


def judgements(tx: Connection, project: str, inference_ids: Sequence[str]) -> dict[str, list[Judged]]:
    """Inference id → its newest judgement by each metric. Up to 500 ids."""
    query = (
        select(
            feedback.c.inference_id, feedback.c.metric, feedback.c.value, feedback.c.corrected,
            feedback.c.sealed.is_not(None).label("has_text"), feedback.c.source, feedback.c.created_ms,
        )
        .where(feedback.c.project == project, feedback.c.inference_id.in_(list(inference_ids)))
        .order_by(feedback.c.created_ms, feedback.c.id)
    )  # fmt: skip
    newest: dict[str, dict[str, Judged]] = {}
    for row in tx.execute(query):
        newest.setdefault(row.inference_id, {})[row.metric] = Judged(
            metric=row.metric,
            value=row.value,
            corrected=None if row.corrected is None else bool(row.corrected),
            has_text=bool(row.has_text),
            source=row.source,
            created_ms=row.created_ms,
        )
    return {inference_id: list(by_metric.values()) for inference_id, by_metric in newest.items()}


def neighbour(
    tx: Connection, project: str, started_ms: int, inference_id: str, way: Literal["newer", "older"], task: str = ""
) -> str:
    """The id of the inference just before or after, of one task or of all; empty at the end."""
    at, here = inference.c.started_ms, inference.c.id
    if way == "newer":
        after = (at > started_ms) | ((at == started_ms) & (here > inference_id))
        bound, order = at >= started_ms, (at.asc(), here.asc())
    else:
        after = (at < started_ms) | ((at == started_ms) & (here < inference_id))
        bound, order = at <= started_ms, (at.desc(), here.desc())
    query = select(here).where(inference.c.project == project, bound, after)
    if task:
        query = query.where(inference.c.task == task)
    return str(tx.execute(query.order_by(*order).limit(1)).scalar_one_or_none() or "")


def same_item(tx: Connection, project: str, item: str, *, limit: int = 20) -> list[str]:
    """The ids of answers to one work item of the application, newest first."""
    query = select(inference.c.id).where(inference.c.project == project, inference.c.item == item)
    return list(tx.execute(query.order_by(inference.c.started_ms.desc()).limit(limit)).scalars()) if item else []


# ---------------------------------------------------------------- inside
def _indexed(project: str, chosen: Chosen) -> list[Any]:
    out: list[Any] = [inference.c.project == project]
    out += [inference.c[name] == getattr(chosen, name) for name in _INDEXED if getattr(chosen, name)]
    if chosen.item_prefix:  # a range instead of LIKE, so that the index serves it
        out += [inference.c.item >= chosen.item_prefix, inference.c.item < chosen.item_prefix + "\U0010ffff"]
    if chosen.since_ms:
        out.append(inference.c.started_ms >= chosen.since_ms)
    if chosen.until_ms:
        out.append(inference.c.started_ms < chosen.until_ms)
    return out


def _where(project: str, chosen: Chosen, floor: int) -> list[Any]:
    out = _indexed(project, chosen)
    if floor:
        out.append(inference.c.started_ms > floor)
    out += [inference.c[name] == getattr(chosen, name) for name in _EXACT if getattr(chosen, name)]
    for name in _RANGES:
        if low := getattr(chosen, f"{name}_min"):
            out.append(inference.c[name] >= low)
        if high := getattr(chosen, f"{name}_max"):
            out.append(inference.c[name] < high)
    for name in ("fallback", "streamed"):
        if (wanted := getattr(chosen, name)) is not None:
            out.append(inference.c[name] == int(wanted))
    if chosen.failed is not None:
        out.append(_failed() if chosen.failed else ~_failed())
    if chosen.status in (4, 5):
        out += [inference.c.status >= chosen.status * 100, inference.c.status < chosen.status * 100 + 100]
    elif chosen.status:
        out.append(inference.c.status == chosen.status)
    if chosen.tag:
        name, _, value = chosen.tag.partition(":")
        wanted_tag = f"{msgspec.json.encode(name).decode()}:{msgspec.json.encode(value).decode()}"
        out.append(inference.c.tags.contains(wanted_tag, autoescape=True))
    if chosen.finding:
        kind = msgspec.json.encode(chosen.finding).decode()
        out.append(
            inference.c.findings != "[]"
            if chosen.finding == "any"
            else inference.c.findings.contains(kind, autoescape=True)
        )
    if chosen.metric:
        out.append(_judged(chosen))
    return out


def _judged(chosen: Chosen) -> Any:
    found = [feedback.c.inference_id == inference.c.id, feedback.c.metric == chosen.metric]
    if chosen.metric_min is not None:
        found.append(feedback.c.value >= chosen.metric_min)
    if chosen.metric_max is not None:
        found.append(feedback.c.value <= chosen.metric_max)
    return exists().where(*found)


def _failed() -> Any:
    return (inference.c.status >= 400) | (inference.c.status == 0) | (inference.c.error_code != "")


def _row(values: Any) -> Row:
    row = dict(values)
    row["findings"] = msgspec.json.decode(row["findings"], type=tuple[str, ...])
    for name in ("fallback", "canary_failed", "streamed"):
        row[name] = bool(row[name])
    return Row(**row)


def _tallied(groups: Sequence[Any], floor: int) -> Tally:
    counts, errors = [0] * (len(EDGES_MS) + 1), [0] * (len(EDGES_MS) + 1)
    facets: dict[str, Counter[str]] = {name: Counter() for name in FACETS}
    for group in groups:
        counts[group.bucket] += group.count
        errors[group.bucket] += group.count * group.failed
        for name in FACETS:
            facets[name][str(group._mapping[name])] += group.count
    totals = [list(column) for column in zip(*(tuple(group)[-6:] for group in groups), strict=True)] or [
        [] for _ in range(6)
    ]
    fallbacks, cost, tokens_in, tokens_out, oldest, newest = totals
    edges: list[float] = [0.0, *(float(edge) for edge in EDGES_MS)]
    return Tally(
        count=sum(counts),
        errors=sum(errors),
        fallbacks=sum(fallbacks),
        cost_usd=sum(cost),
        input_tokens=sum(tokens_in),
        output_tokens=sum(tokens_out),
        oldest_ms=min(oldest, default=0),
        newest_ms=max(newest, default=0),
        latency=[
            Bucket(low_ms=low, high_ms=edges[at + 1] if at + 1 < len(edges) else None, count=counts[at],
                   errors=errors[at])
            for at, low in enumerate(edges)
        ],
        facets={
            name: [FacetValue(value=value, count=count) for value, count in found.most_common(20) if value]
            for name, found in facets.items()
        },
        stopped_ms=floor,
    )  # fmt: skip
