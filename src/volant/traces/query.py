"""Query: inferences, reviewed answers and canary rows, for those who ask. Reads only; metrics are in `metrics`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, Select, Subquery, func, select

from volant.core.errors import NotFound
from volant.core.nouns import GuardVerdict
from volant.store.keys import KeyRing
from volant.store.tables import feedback, inference, inference_payload, model_call
from volant.traces.ingest import Payload

_PAGE = 500


class Inference(msgspec.Struct, frozen=True, kw_only=True):
    """One answered request, as far as everyone may see it. Field names and units as in core.nouns.InferenceRecord."""

    id: str
    project: str
    trace_id: str
    span_id: str
    parent_span_id: str
    key_id: str
    task: str
    variant: str
    deployment: str
    model: str
    model_id: str
    release_id: str
    rollout_id: str
    arm: str
    step: int
    subject: str
    session: str
    tags: dict[str, str]
    item: str
    started_ms: int
    latency_ms: float
    ttft_ms: float
    status: int
    error_code: str
    fallback: bool
    canary_failed: bool
    streamed: bool
    input_tokens: int
    output_tokens: int
    cost_usd: float
    price_version: str
    config_hash: str
    shadow_of: str
    findings: tuple[str, ...]
    provider_response_id: str
    prompt_version_id: str
    operation: str
    dialect: str
    cache: str
    cached_tokens: int
    cache_write_tokens: int
    reasoning_tokens: int
    saved_usd: float
    verdicts: tuple[GuardVerdict, ...]
    warnings: tuple[str, ...]
    erased_ms: int  # when the person was erased; 0: not


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """One attempt at a deployment."""

    id: str
    inference_id: str
    span_id: str
    deployment: str
    model: str
    started_ms: int
    latency_ms: float
    status: int
    error_code: str
    input_tokens: int
    output_tokens: int
    cost_usd: float
    provider_response_id: str
    cached_tokens: int
    cache_write_tokens: int
    reasoning_tokens: int
    ttft_ms: float
    price_version: str
    why: str


class Filter(msgspec.Struct, frozen=True, kw_only=True):
    """What to list; empty and None mean: any."""

    task: str = ""
    variant: str = ""
    arm: str = ""
    rollout_id: str = ""
    item_prefix: str = ""
    subject: str = ""
    session: str = ""
    fallback: bool | None = None
    failed: bool | None = None  # the caller saw an error
    corrected: bool | None = None  # reviewed, and so
    since_ms: int = 0
    until_ms: int = 0  # exclusive; 0: now
    before: str = ""  # the `cursor` of the page before
    limit: int = 100


class Item(msgspec.Struct, frozen=True, kw_only=True):
    """How far an application's work item got."""

    inference_id: str
    fallback: bool
    status: int


class CanaryRow(msgspec.Struct, frozen=True, kw_only=True):
    """One inference of a rollout, as its controller reads it."""

    inference_id: str
    subject: str
    session: str
    arm: str
    step: int
    status: int
    canary_failed: bool
    fallback: bool
    error_code: str
    corrected: bool | None  # the newest review; None: not reviewed (yet)
    labelled_ms: int  # when that review came in; 0: none did
    started_ms: int
    latency_ms: float


class Reviewed(msgspec.Struct, frozen=True, kw_only=True):
    """How often reviewers accepted and corrected answers; fallbacks left out; the newest review of each counts."""

    accepted: int
    corrected: int
    clusters: tuple[tuple[int, int], ...]  # (reviewed, corrected) per person, so that the interval can respect it


class ReviewedAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """An answer with its newest review, opened: what a dataset is extended with."""

    inference_id: str
    subject: str
    item: str
    arm: str
    variant: str
    started_ms: int
    corrected: bool
    input: bytes  # the request's body
    output: bytes  # the response's body
    demonstration: Any  # the right answer where the reviewer gave one


# ---------------------------------------------------------------- inferences
def get_inference(tx: Connection, project: str, identifier: str) -> Inference:
    """By our id, or by the provider's response id (the newest). Raises NotFound."""
    query = select(inference).where(inference.c.project == project)
    row = tx.execute(query.where(inference.c.id == identifier)).one_or_none()
    if row is None and identifier:
        by_response = query.where(inference.c.provider_response_id == identifier)
        row = tx.execute(by_response.order_by(inference.c.started_ms.desc()).limit(1)).one_or_none()
    if row is None:
        raise NotFound(
            "inference_unknown",
            f"there is no inference {identifier[:60]!r}",
            where=project,
            hint="it may still be on its way from the gateway's spool; try again in a second",
        )
    return _inference(row)


def get_payload(tx: Connection, ring: KeyRing, project: str, inference_id: str) -> Payload | None:
    """Request and response, opened; None when none was recorded or the person was erased."""
    query = (
        select(inference.c.subject, inference_payload.c.sealed)
        .join(inference_payload, inference_payload.c.id == inference.c.id)
        .where(inference.c.project == project, inference.c.id == inference_id)
    )
    row = tx.execute(query).one_or_none()
    text = ring.open_for(tx, project, row.subject, row.sealed) if row is not None else None
    return None if text is None else msgspec.msgpack.decode(text, type=Payload)


def get_calls(tx: Connection, inference_id: str) -> list[Call]:
    """The attempts of an inference, in their order."""
    query = select(model_call).where(model_call.c.inference_id == inference_id)
    rows = tx.execute(query.order_by(model_call.c.started_ms, model_call.c.id))
    return [Call(**row._mapping) for row in rows]


def list_inferences(tx: Connection, project: str, chosen: Filter) -> list[Inference]:
    """The newest first. The next page has `before` = `cursor(last)`."""
    newest = _newest_review(project)
    query = select(inference).where(inference.c.project == project, *_conditions(chosen))
    if chosen.corrected is not None:
        query = query.join(newest, _reviews(newest)).where(newest.c.corrected == int(chosen.corrected))
    query = query.order_by(inference.c.started_ms.desc(), inference.c.id.desc()).limit(chosen.limit)
    return [_inference(row) for row in tx.execute(query)]


def cursor(last: Inference) -> str:
    """Where the page that ends with `last` goes on."""
    return f"{last.started_ms}:{last.id}"


def ids_of_subject(tx: Connection, project: str, subject: str) -> list[str]:
    """Every inference of one person, oldest first."""
    query = select(inference.c.id).where(inference.c.project == project, inference.c.subject == subject)
    return list(tx.execute(query.order_by(inference.c.started_ms, inference.c.id)).scalars())


# ---------------------------------------------------------------- for the story, the rollout, the monitor, the data
def items_recorded(tx: Connection, project: str, prefix: str) -> dict[str, Item]:
    """Which work items were answered: item → its newest inference, one that succeeded before one that failed."""
    query = select(inference.c.item, inference.c.id, inference.c.fallback, inference.c.status).where(
        inference.c.project == project, inference.c.item != "", *_prefix(prefix), inference.c.shadow_of == ""
    )
    found: dict[str, Item] = {}
    for item, inference_id, fallback, status in tx.execute(query.order_by(inference.c.started_ms, inference.c.id)):
        before = found.get(item)
        if item.startswith(prefix) and (before is None or status < 400 or before.status >= 400):
            found[item] = Item(inference_id=inference_id, fallback=bool(fallback), status=status)
    return found


def canary_rows(tx: Connection, project: str, rollout_id: str, *, since_ms: int = 0) -> list[CanaryRow]:
    """Every inference of a rollout, both arms and the shadow's, oldest first."""
    theirs = select(inference.c.id).where(inference.c.project == project, inference.c.rollout_id == rollout_id)
    newest = _newest_review(project, of=theirs)
    of_review = ("inference_id", "corrected", "labelled_ms")
    columns = [name for name in CanaryRow.__struct_fields__ if name not in of_review]
    query = (
        select(inference.c.id, newest.c.corrected, newest.c.reviewed_ms, *(inference.c[name] for name in columns))
        .join(newest, _reviews(newest), isouter=True)
        .where(inference.c.project == project, inference.c.rollout_id == rollout_id)
        .where(inference.c.started_ms >= since_ms)
        .order_by(inference.c.started_ms, inference.c.id)
    )
    return [
        CanaryRow(
            inference_id=row.id,
            subject=row.subject,
            session=row.session,
            arm=row.arm,
            step=row.step,
            status=row.status,
            canary_failed=bool(row.canary_failed),
            fallback=bool(row.fallback),
            error_code=row.error_code,
            corrected=None if row.corrected is None else bool(row.corrected),
            labelled_ms=row.reviewed_ms or 0,
            started_ms=row.started_ms,
            latency_ms=row.latency_ms,
        )
        for row in tx.execute(query)
    ]


def reviewed(
    tx: Connection,
    project: str,
    task: str,
    *,
    since_ms: int = 0,
    until_ms: int = 0,
    arm: str = "",
    variant: str = "",
) -> Reviewed:
    """Accepted and corrected answers whose newest review came in [since_ms, until_ms)."""
    query = _reviewed_query(project, task, (arm,) if arm else ("live", "canary"), variant, since_ms)
    if until_ms:
        query = query.where(query.selected_columns.reviewed_ms < until_ms)
    people: dict[str, tuple[int, int]] = {}
    for row in tx.execute(query):
        cluster = row.subject or row.id  # nobody named: each answer for itself
        count, corrected = people.get(cluster, (0, 0))
        people[cluster] = (count + 1, corrected + row.corrected)
    total, wrong = sum(n for n, _ in people.values()), sum(k for _, k in people.values())
    return Reviewed(accepted=total - wrong, corrected=wrong, clusters=tuple(sorted(people.values())))


def reviewed_answers(
    tx: Connection,
    ring: KeyRing,
    project: str,
    task: str,
    *,
    since_ms: int = 0,
    until_ms: int = 0,
    arms: Sequence[str] = ("live", "canary"),
    item_prefix: str = "",
) -> Iterator[ReviewedAnswer]:
    """Answers given in [since_ms, until_ms) that a reviewer judged, in the order of (item, time, id).

    Fallbacks, failures and erased people are left out.
    """
    query = _reviewed_query(project, task, arms, "").where(
        inference.c.started_ms >= since_ms, inference.c.status < 400, inference.c.erased_ms == 0, *_prefix(item_prefix)
    )
    if until_ms:
        query = query.where(inference.c.started_ms < until_ms)
    rows = tx.execute(query.order_by(inference.c.item, inference.c.started_ms, inference.c.id)).all()
    for start in range(0, len(rows), _PAGE):
        page = [row for row in rows[start : start + _PAGE] if row.item.startswith(item_prefix)]
        yield from _opened(tx, ring, project, page)


def inferences_of(tx: Connection, project: str, ids: Sequence[str]) -> dict[str, Inference]:
    """Inferences by id; an unknown id is left out."""
    found = tx.execute(select(inference).where(inference.c.project == project, inference.c.id.in_(list(ids))))
    return {row.id: _inference(row) for row in found}


def judged_answers(tx: Connection, ring: KeyRing, project: str, ids: Sequence[str]) -> dict[str, ReviewedAnswer | None]:
    """Those of `ids` that a reviewer judged, opened; None where no text is kept, or its person was erased."""
    newest = _newest_review(project, of=select(inference.c.id).where(inference.c.id.in_(list(ids))))
    names = ("id", "subject", "item", "arm", "variant", "started_ms")
    query: Select[Any] = (
        select(*(inference.c[name] for name in names), newest.c.feedback_id, newest.c.corrected)
        .join(newest, _reviews(newest))
        .where(inference.c.project == project)
    )
    rows = tx.execute(query).all()
    found: dict[str, ReviewedAnswer | None] = dict.fromkeys(row.id for row in rows)
    for start in range(0, len(rows), _PAGE):
        found |= {one.inference_id: one for one in _opened(tx, ring, project, rows[start : start + _PAGE])}
    return found


# ---------------------------------------------------------------- inside
def _newest_review(project: str, *, since_ms: int = 0, of: Select[Any] | None = None) -> Subquery:
    """The newest review of each inference (of those in `of`): inference_id, feedback_id, corrected, reviewed_ms."""
    rank = (
        func.row_number()
        .over(partition_by=feedback.c.inference_id, order_by=(feedback.c.created_ms.desc(), feedback.c.id.desc()))
        .label("rank")
    )
    ranked = (
        select(
            feedback.c.inference_id,
            feedback.c.id.label("feedback_id"),
            feedback.c.corrected,
            feedback.c.created_ms.label("reviewed_ms"),
            rank,
        )
        .where(feedback.c.project == project, feedback.c.corrected.is_not(None), feedback.c.pending == 0)
        .where(feedback.c.created_ms >= since_ms)
    )
    if of is not None:
        ranked = ranked.where(feedback.c.inference_id.in_(of))
    inner = ranked.subquery("ranked")
    return select(inner).where(inner.c.rank == 1).subquery("newest")


def _reviews(newest: Subquery) -> Any:
    return newest.c.inference_id == inference.c.id


def _reviewed_query(project: str, task: str, arms: Sequence[str], variant: str, reviewed_ms: int = 0) -> Select[Any]:
    newest = _newest_review(project, since_ms=reviewed_ms)
    query = (
        select(
            inference.c.id,
            inference.c.subject,
            inference.c.item,
            inference.c.arm,
            inference.c.variant,
            inference.c.started_ms,
            newest.c.feedback_id,
            newest.c.corrected,
            newest.c.reviewed_ms,
        )
        .join(newest, _reviews(newest))
        .where(
            inference.c.project == project,
            inference.c.task == task,
            inference.c.fallback == 0,
            inference.c.arm.in_(list(arms)),
        )
    )
    return query.where(inference.c.variant == variant) if variant else query


def _opened(tx: Connection, ring: KeyRing, project: str, page: Sequence[Row[Any]]) -> Iterator[ReviewedAnswer]:
    ids = [row.id for row in page]
    payloads = {
        row.id: row.sealed for row in tx.execute(select(inference_payload).where(inference_payload.c.id.in_(ids)))
    }
    demonstrations = {
        row.id: row.sealed
        for row in tx.execute(
            select(feedback.c.id, feedback.c.sealed).where(
                feedback.c.id.in_([row.feedback_id for row in page]),
                feedback.c.demonstrated == 1,
                feedback.c.sealed.is_not(None),
            )
        )
    }
    there = [row for row in page if row.id in payloads]
    bodies = ring.open_many(tx, project, [(row.subject, payloads[row.id]) for row in there])
    shown = [row for row in there if row.feedback_id in demonstrations]
    answers = ring.open_many(tx, project, [(row.subject, demonstrations[row.feedback_id]) for row in shown])
    right = {
        row.id: msgspec.json.decode(text)["demonstration"] for row, text in zip(shown, answers, strict=True) if text
    }
    for row, body in zip(there, bodies, strict=True):
        if body is None:
            continue
        payload = msgspec.msgpack.decode(body, type=Payload)
        yield ReviewedAnswer(
            inference_id=row.id,
            subject=row.subject,
            item=row.item,
            arm=row.arm,
            variant=row.variant,
            started_ms=row.started_ms,
            corrected=bool(row.corrected),
            input=payload.input,
            output=payload.output,
            demonstration=right.get(row.id),
        )


def _conditions(chosen: Filter) -> list[Any]:
    out: list[Any] = [
        inference.c[name] == getattr(chosen, name)
        for name in ("task", "variant", "arm", "rollout_id", "subject", "session")
        if getattr(chosen, name)
    ]
    out += _prefix(chosen.item_prefix)
    if chosen.fallback is not None:
        out.append(inference.c.fallback == int(chosen.fallback))
    if chosen.failed is not None:
        failed = (inference.c.status >= 400) | (inference.c.status == 0) | (inference.c.error_code != "")
        out.append(failed if chosen.failed else ~failed)
    if chosen.since_ms:
        out.append(inference.c.started_ms >= chosen.since_ms)
    if chosen.until_ms:
        out.append(inference.c.started_ms < chosen.until_ms)
    if chosen.before:
        at, _, last = chosen.before.partition(":")
        ms = int(at) if at.isdigit() else 0
        out.append((inference.c.started_ms < ms) | ((inference.c.started_ms == ms) & (inference.c.id < last)))
    return out


def _prefix(prefix: str) -> list[Any]:
    """A range instead of LIKE, so that the index serves it."""
    return [inference.c.item >= prefix, inference.c.item < prefix + "\U0010ffff"] if prefix else []


def _inference(row: Row[Any]) -> Inference:
    values = dict(row._mapping)
    values["tags"] = msgspec.json.decode(values["tags"])
    for name in ("findings", "warnings"):
        values[name] = msgspec.json.decode(values[name], type=tuple[str, ...])
    values["verdicts"] = msgspec.json.decode(values["verdicts"], type=tuple[GuardVerdict, ...])
    for name in ("fallback", "canary_failed", "streamed"):
        values[name] = bool(values[name])
    return Inference(**values)
