"""Feedback: a judgement on an inference: a metric, a comment, or a demonstration (the right answer).

The convention of the loop: the metric `accepted` is true or false. False means *corrected*; with a demonstration it
says what the answer should have been. A demonstration alone is a correction. The newest per inference counts.

Feedback may come before its inference. It waits with `pending` = 1, its text sealed under the project's key; when the
inference arrives, the same transaction seals the text again under the person's key and writes over the old copy
(`secure_delete` is on). If the person was erased in between, the text is dropped and the value stays.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple, TypeVar

import msgspec
from sqlalchemy import Connection, Row, insert, select, update

from volant.core.errors import BadInput, Conflict
from volant.core.ids import new_id
from volant.store.database import mark_of, one_of
from volant.store.keys import KeyRing
from volant.store.tables import feedback as feedbacks
from volant.store.tables import inference as inferences
from volant.traces import rollups

ACCEPTED = "accepted"
_METRIC = re.compile(r"[A-Za-z][A-Za-z0-9_.:-]{0,63}")
_AT_ONCE = 500
Arrived = TypeVar("Arrived")


class NewFeedback(msgspec.Struct, frozen=True, kw_only=True):
    """A judgement on its way in. Names its inference by our id, or by the provider's response id."""

    inference_id: str = ""
    response_id: str = ""
    metric: str = ""  # empty: "accepted" where there is a value or a demonstration
    value: bool | float | None = None
    comment: str = ""
    demonstration: Any = None  # the right answer, as JSON or text
    source: str = ""  # who judges: "agent", "user", "scorer:…"
    idempotency_key: str = ""


class Added(msgspec.Struct, frozen=True, kw_only=True):
    """What became of it."""

    id: str
    new: bool  # False: this idempotency key was seen before
    pending: bool  # its inference has not arrived yet
    inference_id: str


class Feedback(msgspec.Struct, frozen=True, kw_only=True):
    """A judgement as it was kept, its text opened."""

    id: str
    inference_id: str
    metric: str
    value: float | None
    corrected: bool | None  # None: the metric says nothing about it
    comment: str
    demonstration: Any
    source: str
    created_ms: int


class Judged(NamedTuple):
    """What feedback needs to know of its inference."""

    id: str
    subject: str
    started_ms: int
    erased_ms: int
    fallback: int
    provider_response_id: str
    task: str
    variant: str
    deployment: str
    arm: str


def add(tx: Connection, ring: KeyRing, project: str, given: NewFeedback, *, now_ms: int) -> Added:
    """Keep one judgement. Raises BadInput when it judges nothing, Conflict for a key used for something else."""
    metric, value = _checked(given)
    key = given.idempotency_key or new_id("feedback")
    before = tx.execute(
        select(feedbacks).where(feedbacks.c.project == project, feedbacks.c.idempotency_key == key)
    ).one_or_none()
    if before is not None:
        return _again(before, given, metric, value)
    judged = _find(tx, project, given)
    subject = judged.subject if judged else ""
    sealed = None
    if not (judged and _gone(tx, ring, project, judged)):
        sealed = _seal(tx, ring, project, subject, given, now_ms)
    made = new_id("feedback")  # grows within a millisecond too, so that the newest is known
    old = _verdict(tx, judged.id) if judged else None
    tx.execute(
        insert(feedbacks).values(
            id=made,
            project=project,
            inference_id=judged.id if judged else given.inference_id,
            response_id=given.response_id,
            pending=int(judged is None),
            metric=metric,
            value=value,
            corrected=int(not value) if metric == ACCEPTED and value is not None else None,
            demonstrated=int(given.demonstration is not None),
            sealed=sealed,
            source=given.source,
            idempotency_key=key,
            subject=subject,
            created_ms=now_ms,
        )
    )
    if judged and metric == ACCEPTED:
        _move_rollup(tx, project, judged, old, _verdict(tx, judged.id))
    return Added(id=made, new=True, pending=judged is None, inference_id=judged.id if judged else given.inference_id)


def attach_pending(
    tx: Connection,
    ring: KeyRing,
    project: str,
    by_id: Mapping[str, Arrived],
    by_response: Mapping[str, Arrived],
    judge: Callable[[Arrived], Judged],
    *,
    now_ms: int,
) -> int:
    """Give waiting feedback to inferences that were inserted in this transaction; gives how many.

    `by_id` and `by_response` (the provider's own id) hold what arrived; `judge` says of one what feedback needs to
    know, and is asked only for those that were waited for.
    """
    among = [one_of(tx, names) for names in (by_id, by_response)]
    look = (
        f"SELECT id FROM feedback WHERE project = {mark_of(tx)} AND pending = 1"
        f" AND (inference_id{among[0][0]} OR response_id{among[1][0]})"
    )
    ids = [row[0] for row in tx.exec_driver_sql(look, (project, among[0][1], among[1][1]))]
    if not ids:
        return 0
    query = select(feedbacks).where(feedbacks.c.id.in_(ids))
    waiting = tx.execute(query.order_by(feedbacks.c.created_ms, feedbacks.c.id)).all()
    for row in waiting:
        judged = judge(by_id.get(row.inference_id) or by_response[row.response_id])
        sealed = None
        if row.sealed is not None and not _gone(tx, ring, project, judged):
            text = ring.open_for(tx, project, "", row.sealed)
            sealed = ring.seal_for(tx, project, judged.subject, text, now_ms=now_ms) if text is not None else None
        old = _verdict(tx, judged.id)
        tx.execute(
            update(feedbacks)
            .where(feedbacks.c.id == row.id)
            .values(pending=0, inference_id=judged.id, subject=judged.subject, sealed=sealed)
        )
        _move_rollup(tx, project, judged, old, _verdict(tx, judged.id))
    return len(waiting)


def of_inferences(
    tx: Connection, ring: KeyRing, project: str, inference_ids: Iterable[str]
) -> dict[str, list[Feedback]]:
    """Every judgement on these inferences, oldest first, texts opened (empty where the person was erased)."""
    wanted = list(inference_ids)
    found: dict[str, list[Feedback]] = {}
    for start in range(0, len(wanted), _AT_ONCE):
        query = select(feedbacks).where(
            feedbacks.c.project == project, feedbacks.c.inference_id.in_(wanted[start : start + _AT_ONCE])
        )
        rows = tx.execute(query.order_by(feedbacks.c.created_ms, feedbacks.c.id)).all()
        sealed = [row for row in rows if row.sealed is not None]
        opened = ring.open_many(tx, project, [("" if row.pending else row.subject, row.sealed) for row in sealed])
        texts = dict(zip((row.id for row in sealed), opened, strict=True))
        for row in rows:
            found.setdefault(row.inference_id, []).append(_feedback(row, texts.get(row.id)))
    return found


# ---------------------------------------------------------------- inside
def _checked(given: NewFeedback) -> tuple[str, float | None]:
    if not given.inference_id and not given.response_id:
        raise BadInput(
            "feedback_without_target",
            "feedback must name an inference",
            where="inference_id",
            hint="send the x-volant-inference-id of the answer, or the response's own id as response_id",
        )
    if given.value is None and not given.comment and given.demonstration is None:
        raise BadInput("feedback_empty", "feedback needs a value, a comment or a demonstration", where="feedback")
    value = None if given.value is None else float(given.value)
    metric = given.metric
    if not metric:
        metric = ACCEPTED if value is not None or given.demonstration is not None else "comment"
    if not _METRIC.fullmatch(metric):
        raise BadInput(
            "bad_metric", f"{metric[:70]!r} cannot name a metric", where="metric", hint="letters, digits, _.:-"
        )
    if metric == ACCEPTED:
        value = 0.0 if value is None and given.demonstration is not None else value
        if value not in (None, 0.0, 1.0):
            raise BadInput("bad_value", f"`accepted` is true or false, not {value}", where="value")
    return metric, value


def _again(row: Row[Any], given: NewFeedback, metric: str, value: float | None) -> Added:
    same_target = row.inference_id == given.inference_id or (row.response_id and row.response_id == given.response_id)
    if row.metric != metric or row.value != value or not same_target:
        raise Conflict(
            "idempotency_key_reused",
            f"the idempotency key {given.idempotency_key[:40]!r} was used for other feedback",
            where="idempotency_key",
            hint="use a fresh key for every judgement",
        )
    return Added(id=row.id, new=False, pending=bool(row.pending), inference_id=row.inference_id)


def _find(tx: Connection, project: str, given: NewFeedback) -> Judged | None:
    query = select(*(inferences.c[name] for name in Judged._fields)).where(inferences.c.project == project)
    if given.inference_id:
        row = tx.execute(query.where(inferences.c.id == given.inference_id)).one_or_none()
    else:
        by_response = query.where(inferences.c.provider_response_id == given.response_id)
        row = tx.execute(by_response.order_by(inferences.c.started_ms.desc()).limit(1)).one_or_none()
    return None if row is None else Judged(*row)


def _gone(tx: Connection, ring: KeyRing, project: str, judged: Judged) -> bool:
    """The person was erased after they asked: their texts are not to be kept."""
    if judged.erased_ms:
        return True
    return bool(judged.subject) and ring.erased_ms(tx, project, judged.subject) >= judged.started_ms


def _seal(tx: Connection, ring: KeyRing, project: str, subject: str, given: NewFeedback, now_ms: int) -> bytes | None:
    if not given.comment and given.demonstration is None:
        return None
    text = msgspec.json.encode({"comment": given.comment, "demonstration": given.demonstration})
    return ring.seal_for(tx, project, subject, text, now_ms=now_ms)


def _verdict(tx: Connection, inference_id: str) -> int | None:
    """1 corrected, 0 accepted, None not reviewed: by the newest judgement."""
    query = select(feedbacks.c.corrected).where(
        feedbacks.c.inference_id == inference_id, feedbacks.c.pending == 0, feedbacks.c.corrected.is_not(None)
    )
    row = tx.execute(query.order_by(feedbacks.c.created_ms.desc(), feedbacks.c.id.desc()).limit(1)).one_or_none()
    return None if row is None else int(row[0])


def _move_rollup(tx: Connection, project: str, judged: Judged, old: int | None, new: int | None) -> None:
    if old == new or judged.fallback:
        return
    minute_ms = judged.started_ms - judged.started_ms % rollups.MINUTE_MS
    where = rollups.Slice(project, minute_ms, judged.task, judged.variant, judged.deployment, judged.arm)
    sums = rollups.Sums(
        accepted=int(new == 0) - int(old == 0),
        corrected=int(new == 1) - int(old == 1),
    )
    rollups.grow(tx, {where: sums})


def _feedback(row: Row[Any], text: bytes | None) -> Feedback:
    opened: dict[str, Any] = msgspec.json.decode(text) if text is not None else {"comment": "", "demonstration": None}
    return Feedback(
        id=row.id,
        inference_id=row.inference_id,
        metric=row.metric,
        value=row.value,
        corrected=None if row.corrected is None else bool(row.corrected),
        comment=opened["comment"],
        demonstration=opened["demonstration"],
        source=row.source,
        created_ms=row.created_ms,
    )
