"""Erasures: requests with the time that is left, how far they are, and the receipt in a few lines."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

import msgspec
from fastapi import APIRouter, Query
from sqlalchemy import Connection, select

from volant.api.access import Reads
from volant.api.paging import Cursor
from volant.api.services import Has
from volant.api.structs import AsJson
from volant.api.views._parts import Link
from volant.registry import erasures
from volant.registry.erasures import Erasure
from volant.store.tables import erasure

router = APIRouter(prefix="/erasures", tags=["views"])
STEPS = ("look", "remove", "check", "finish")
Step = Literal["look", "remove", "check", "finish"]


class ErasureStep(msgspec.Struct, frozen=True, kw_only=True):
    """One step of an erasure."""

    step: Step
    done: bool
    sentence: str


class RemovedCount(msgspec.Struct, frozen=True, kw_only=True):
    """How many of what were removed."""

    what: str
    count: int


class DerivedThing(msgspec.Struct, frozen=True, kw_only=True):
    """Something made from the person's data, and what became of it."""

    link: Link
    sentence: str
    action: str


class ErasureRow(msgspec.Struct, frozen=True, kw_only=True):
    """One request in the list."""

    id: str
    subject: str  # the keyed hash
    state: str
    reason: str
    requested_ms: int
    deadline_ms: int
    left_ms: int  # until the deadline; negative: it passed. 0 once it is done
    ended_ms: int
    steps_done: int  # of 4
    found_after: int  # of the person's texts and keys, by the check; -1: not checked yet
    outcome: str  # of the receipt; empty: none yet


class ErasureList(msgspec.Struct, frozen=True, kw_only=True):
    """A page of requests, newest first."""

    now_ms: int
    rows: list[ErasureRow]
    next_cursor: str
    open: int  # on this page


class ErasureView(msgspec.Struct, frozen=True, kw_only=True):
    """One request."""

    erasure: ErasureRow
    now_ms: int
    steps: list[ErasureStep]
    removed: list[RemovedCount]
    kept: list[str]  # sentences: what stays, and why
    derived: list[DerivedThing]
    models: list[Link]
    retraining_tasks: list[str]
    retraining_due_ms: int  # 0: nothing to do
    places_before: list[str]  # where the person's texts were found
    places_after: list[str]
    files_looked_at: int
    key_destroyed: bool
    receipt: dict[str, Any]  # the whole of it, signed


@router.get("", summary="Erasure requests, newest first, with the time that is left")
def list_erasures(
    caller: Reads,
    context: Has,
    state: str = "",
    limit: Annotated[int, Query(ge=1, le=100)] = 50,
    cursor: Cursor = "",
) -> Annotated[ErasureList, AsJson]:
    now_ms = context.clock.now_ms()
    with context.db.read() as tx:
        found = _page(tx, caller.project, state, cursor, limit + 1)
    rows = [_row(one, now_ms) for one in found[:limit]]
    return ErasureList(
        now_ms=now_ms,
        rows=rows,
        next_cursor=rows[-1].id if len(found) > limit else "",
        open=sum(not row.ended_ms for row in rows),
    )


@router.get("/{erasure_id}", summary="One request: steps, what was removed and what stays, the receipt")
def show_erasure(erasure_id: str, caller: Reads, context: Has) -> Annotated[ErasureView, AsJson]:
    with context.db.read() as tx:
        one = erasures.get_erasure(tx, caller.project, erasure_id)
    removed, receipt = _part(one.progress, "removed"), one.receipt
    retraining = _part(removed, "retraining")
    before, after = _part(one.progress, "before"), _part(one.progress, "after")
    return ErasureView(
        erasure=_row(one, context.clock.now_ms()),
        now_ms=context.clock.now_ms(),
        steps=_steps(one),
        removed=[RemovedCount(what=name, count=int(count)) for name, count in _part(removed, "counts").items()],
        kept=[str(sentence) for sentence in receipt.get("kept", ())],
        derived=[_derived(thing) for thing in removed.get("derived", ())],
        models=[Link(kind="model", id=str(model)) for model in removed.get("models", ())],
        retraining_tasks=[str(task) for task in retraining.get("tasks", ())],
        retraining_due_ms=int(retraining.get("due_ms", 0)),
        places_before=[str(place) for place in before.get("places", ())],
        places_after=[str(place) for place in after.get("places", ())],
        files_looked_at=int(after.get("files", before.get("files", 0))),
        key_destroyed=bool(removed.get("key_destroyed")),
        receipt=receipt,
    )


def _page(tx: Connection, project: str, state: str, before: str, limit: int) -> list[Erasure]:
    query = select(erasure).where(erasure.c.project == project)
    if state:
        query = query.where(erasure.c.state == state)
    if before:
        at = select(erasure.c.requested_ms).where(erasure.c.id == before).scalar_subquery()
        here = erasure.c.requested_ms
        query = query.where((here < at) | ((here == at) & (erasure.c.id < before)))
    rows = tx.execute(query.order_by(erasure.c.requested_ms.desc(), erasure.c.id.desc()).limit(limit))
    return [
        Erasure(**{**row._mapping, "progress": msgspec.json.decode(row.progress),
                   "receipt": msgspec.json.decode(row.receipt)})
        for row in rows
    ]  # fmt: skip


def _row(one: Erasure, now_ms: int) -> ErasureRow:
    after = one.progress.get("after")
    return ErasureRow(
        id=one.id,
        subject=one.subject,
        state=one.state,
        reason=str(one.progress.get("reason", ""))[:120],
        requested_ms=one.requested_ms,
        deadline_ms=one.deadline_ms,
        left_ms=0 if one.ended_ms else one.deadline_ms - now_ms,
        ended_ms=one.ended_ms,
        steps_done=sum(step.done for step in _steps(one)),
        found_after=int(after.get("found", 0)) if after else -1,
        outcome=str(one.receipt.get("outcome", "")),
    )


def _steps(one: Erasure) -> list[ErasureStep]:
    before, removed, after = (_part(one.progress, name) for name in ("before", "removed", "after"))
    counts = sum(int(count) for count in _part(removed, "counts").values())
    return [
        ErasureStep(step="look", done=bool(before), sentence=f"{before.get('found', 0)} of "
                    f"{before.get('needles', 0)} traces of the person were found in {before.get('files', 0)} files."
                    if before else "The whole data directory is read for what the person said."),
        ErasureStep(step="remove", done=bool(removed), sentence=f"{counts} things were removed, the key with them."
                    if removed else "Rows, texts and the person's key are removed."),
        ErasureStep(step="check", done=bool(after), sentence=f"{after.get('found', 0)} of {after.get('needles', 0)} "
                    "traces are left." if after else "Everything is read again."),
        ErasureStep(step="finish", done=bool(one.ended_ms), sentence="The receipt is signed."
                    if one.ended_ms else "The receipt is written and signed."),
    ]  # fmt: skip


def _derived(thing: Mapping[str, Any]) -> DerivedThing:
    link = Link(kind=str(thing.get("kind", "")), id=str(thing.get("id", "")))
    return DerivedThing(link=link, sentence=str(thing.get("sentence", "")), action=str(thing.get("action", "")))


def _part(values: Mapping[str, Any], name: str) -> dict[str, Any]:
    found = values.get(name)
    return dict(found) if isinstance(found, Mapping) else {}
