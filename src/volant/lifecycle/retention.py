"""Retention: what has run out goes. Terms stand in each project's documents (`[retention]`); records carry their own.

    texts        an inference beyond `payload_days` loses its payload, its feedback's texts and what names the person;
                 its numbers stay; a judgement that came later, or of nothing that is here, loses its own by its own age
    inferences   beyond `inference_days` the row and its model calls go too; rollups, which name nobody, stay
    feedback     beyond `feedback_days`
    records      beyond their own term, or `record_days` where they have none; models that learned from them are flagged

Ingest goes on meanwhile: rows are chosen in read views, which block nobody, and removed in short transactions whose
size follows the clock, with three times as much rest between them as they took. secure_delete overwrites what they
leave, and the write-ahead log is cut at the end of a round. The audit is never swept: it is proof, and holds no words
of anybody.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Connection, Select, and_, delete, func, or_, select, update

from volant.core.accounts import DAY_MS
from volant.core.clock import Clock
from volant.core.nouns import Documents
from volant.registry import documents, models, projects
from volant.registry.lineage.impact import models_of_records
from volant.store.blobs import Blobs
from volant.store.database import Database
from volant.store.tables import feedback, inference, inference_payload, model_call, record

KINDS = ("texts", "inferences", "feedback", "records")
_STEPS = {"texts": "texts", "comments": "texts", **{kind: kind for kind in KINDS[1:]}}  # what is removed → counted as
FLAG = "retention"  # of a model that learned from records that ran out
_CHOSEN_AT_ONCE = 2000
_LONG_MS, _SHORT_MS = 20.0, 8.0  # of one transaction: above, the next is smaller; below, larger
_LEAST, _MOST = 5, 500  # rows of one transaction
_REST = 3.0  # times what a transaction took

Audit = Callable[[Connection, str, dict[str, int]], None]  # (transaction, project, counts)


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """How long things are kept, in days; 0: for ever."""

    payload_days: int
    inference_days: int
    feedback_days: int
    record_days: int  # for records without a term of their own


class Swept(msgspec.Struct, frozen=True, kw_only=True):
    """What a sweep removed, or a preview would."""

    texts: int = 0
    inferences: int = 0
    feedback: int = 0
    records: int = 0
    models: tuple[str, ...] = ()  # flagged: they learned from records that ran out
    longest_ms: float = 0.0  # the longest transaction: for so long a writer may have waited
    is_done: bool = True  # False: time was up before everything was removed

    @property
    def total(self) -> int:
        return self.texts + self.inferences + self.feedback + self.records


def terms_of(current: Documents) -> Terms:
    """No text is kept longer than `policy.retention_days`, and not longer than `retention.payload_days`."""
    ours = current.retention
    payload = current.policy.retention_days
    return Terms(
        payload_days=min(payload, ours.payload_days) if ours.payload_days else payload,
        inference_days=ours.inference_days,
        feedback_days=ours.feedback_days,
        record_days=ours.record_days,
    )


def terms(tx: Connection, project: str) -> Terms:
    """The project's terms as they are now."""
    return terms_of(documents.current(tx, project).documents)


def preview(tx: Connection, blobs: Blobs, project: str, wanted: Terms, *, now_ms: int) -> Swept:
    """What a sweep would remove now. Reads only."""
    counts = dict.fromkeys(KINDS, 0)
    for step, kind in _STEPS.items():
        query = _query(step, project, wanted, now_ms)
        if query is not None:
            counts[kind] += int(tx.execute(select(func.count()).select_from(query.subquery())).scalar_one())
    ids = [row.id for row in _all(tx, "records", project, wanted, now_ms)] if counts["records"] else []
    flagged = tuple(one.id for one in models_of_records(tx, blobs, project, ids))
    return msgspec.convert(counts | {"models": flagged}, Swept)


@dataclass(slots=True)
class Pace:
    """How many rows a transaction takes, by how long the last one took."""

    rows: int = 20
    longest_ms: float = 0.0
    sleep: Callable[[float], None] = time.sleep
    monotonic: Callable[[], float] = time.monotonic

    def run(self, step: Callable[[], None]) -> None:
        """One transaction, and a rest. A writer that waits looks again after 1, 2, 5, 10, 15, 20 … ms (SQLite's busy
        handler): with the lock free three quarters of the time, one in 4,000 waits longer than 33 ms."""
        began = self.monotonic()
        step()
        took = (self.monotonic() - began) * 1000
        self.longest_ms = max(self.longest_ms, took)
        if took > _LONG_MS:
            self.rows = max(_LEAST, self.rows // 2)
        elif took < _SHORT_MS:
            self.rows = min(_MOST, self.rows * 2)
        self.sleep(_REST * took / 1000)


@dataclass(slots=True)
class Sweeper:
    """Sweeps the projects of one database. Only control has one."""

    db: Database
    blobs: Blobs
    clock: Clock
    audit: Audit
    make_pace: Callable[[], Pace] = Pace

    def sweep_all(self) -> Swept:
        """One round over every project."""
        with self.db.read() as tx:
            names = [project.id for project in projects.list_all(tx)]
        done = [self.sweep(name) for name in names]
        return Swept(
            **{kind: sum(getattr(one, kind) for one in done) for kind in KINDS},
            models=tuple(model for one in done for model in one.models),
            longest_ms=max((one.longest_ms for one in done), default=0.0),
        )

    def sweep(self, project: str, *, within_s: float = 0.0) -> Swept:
        """One project; `within_s`: stop after so many seconds, 0: when all is done."""
        now_ms, pace = self.clock.now_ms(), self.make_pace()
        until = pace.monotonic() + within_s if within_s else float("inf")
        with self.db.read() as tx:
            wanted = terms(tx, project)
        counts: dict[str, int] = dict.fromkeys(KINDS, 0)
        flagged: set[str] = set()
        is_done = True
        for step, kind in _STEPS.items():
            for part in self._chosen(step, project, wanted, now_ms):
                if not is_done:
                    break
                if step == "records":
                    flagged |= self._flag(project, part)
                for ids in _slices(part, pace):
                    if pace.monotonic() > until:
                        is_done = False
                        break
                    pace.run(partial(self._remove, step, project, ids))
                    counts[kind] += len(ids)
        done = Swept(**counts, models=tuple(sorted(flagged)), longest_ms=round(pace.longest_ms, 1), is_done=is_done)
        if done.total:
            with self.db.begin() as tx:
                self.audit(tx, project, {**{k: n for k, n in counts.items() if n}, "models": len(flagged)})
            self.db.checkpoint()
        return done

    def end_oldest_texts(self, *, younger_than_ms: int, rows: int) -> int:
        """Take the oldest texts of all projects, as a full data directory wants it; how many inferences lost theirs.

        Texts that are younger than `younger_than_ms` (Unix milliseconds) stay.
        """
        with self.db.read() as tx:
            oldest = [
                (row.started_ms, project.id)
                for project in projects.list_all(tx)
                if (row := tx.execute(_texts(project.id, younger_than_ms).limit(1)).first()) is not None
            ]
            if not oldest:
                return 0
            project_id = min(oldest)[1]
            ids = [row.id for row in tx.execute(_texts(project_id, younger_than_ms).limit(rows))]
        pace = self.make_pace()
        for part in _slices(ids, pace):
            pace.run(partial(self._remove, "texts", project_id, part))
        return len(ids)

    def _chosen(self, kind: str, project: str, wanted: Terms, now_ms: int) -> Iterator[list[str]]:
        """Ids of what has run out, part by part, each part in a read view of its own."""
        after: tuple[Any, ...] = ()
        while True:
            query = _query(kind, project, wanted, now_ms, after)
            if query is None:
                return
            with self.db.read() as tx:
                rows = tx.execute(query.limit(_CHOSEN_AT_ONCE)).all()
            if rows:
                yield [row[0] for row in rows]
            if len(rows) < _CHOSEN_AT_ONCE:
                return
            after = (rows[-1][1], rows[-1][0])

    def _flag(self, project: str, ids: Sequence[str]) -> set[str]:
        """Say of every model that learned from these records that they ran out; before they go. Gives the models."""
        today = datetime.fromtimestamp(self.clock.now_ms() / 1000, UTC).date().isoformat()
        with self.db.read() as tx:
            found = [one.id for one in models_of_records(tx, self.blobs, project, ids)]
        with self.db.begin() as tx:
            for model_id in found:
                before = [flag for flag in models.get_model(tx, project, model_id).flags if flag.get("kind") == FLAG]
                count = len(ids) + sum(int(flag.get("records", 0)) for flag in before)
                models.unflag(tx, project, model_id, FLAG)
                models.flag(tx, project, model_id, {"kind": FLAG, "records": count, "last": today})
        return set(found)

    def _remove(self, kind: str, project: str, ids: Sequence[str]) -> None:
        with self.db.begin() as tx:
            if kind == "texts":
                end_texts(tx, ids)
            elif kind == "comments":
                mine = (feedback.c.project == project, feedback.c.id.in_(ids))
                tx.execute(update(feedback).where(*mine).values(sealed=None, subject=""))
            elif kind == "inferences":
                tx.execute(delete(inference_payload).where(inference_payload.c.id.in_(ids)))
                tx.execute(delete(model_call).where(model_call.c.inference_id.in_(ids)))
                tx.execute(delete(inference).where(inference.c.project == project, inference.c.id.in_(ids)))
            else:
                table = feedback if kind == "feedback" else record
                tx.execute(delete(table).where(table.c.project == project, table.c.id.in_(ids)))


def end_texts(tx: Connection, ids: Sequence[str]) -> None:
    """Take the texts and the person out of these inferences; their numbers stay."""
    tx.execute(delete(inference_payload).where(inference_payload.c.id.in_(ids)))
    tx.execute(update(feedback).where(feedback.c.inference_id.in_(ids)).values(sealed=None, subject=""))
    nobody = {"subject": "", "session": "", "tags": "{}", "findings": "[]"}
    tx.execute(update(inference).where(inference.c.id.in_(ids)).values(nobody))


# ---------------------------------------------------------------- what has run out
def _query(kind: str, project: str, wanted: Terms, now_ms: int, after: tuple[Any, ...] = ()) -> Select[Any] | None:
    """(id, place in the order) of what has run out, behind `after`; None where it is kept for ever."""
    if kind == "texts":
        return _behind(
            _texts(project, now_ms - wanted.payload_days * DAY_MS), inference.c.started_ms, inference.c.id, after
        )
    if kind == "comments":
        there = select(inference_payload.c.id).where(inference_payload.c.id == feedback.c.inference_id).exists()
        late = (feedback.c.sealed.is_not(None), feedback.c.created_ms < now_ms - wanted.payload_days * DAY_MS, ~there)
        query = select(feedback.c.id, feedback.c.created_ms).where(feedback.c.project == project, *late)
        return _behind(query, feedback.c.created_ms, feedback.c.id, after)
    if kind == "records":
        ended: ColumnElement[bool] = and_(record.c.retention_until_ms > 0, record.c.retention_until_ms <= now_ms)
        if wanted.record_days:
            old = record.c.created_ms < now_ms - wanted.record_days * DAY_MS
            ended = or_(ended, and_(record.c.retention_until_ms == 0, old))
        query = select(record.c.id, record.c.created_ms).where(record.c.project == project, ended)
        return _behind(query, record.c.created_ms, record.c.id, after)
    days = wanted.inference_days if kind == "inferences" else wanted.feedback_days
    if not days:
        return None
    table, moment = (inference, inference.c.started_ms) if kind == "inferences" else (feedback, feedback.c.created_ms)
    query = select(table.c.id, moment).where(table.c.project == project, moment < now_ms - days * DAY_MS)
    return _behind(query, moment, table.c.id, after)


def _texts(project: str, before_ms: int) -> Select[Any]:
    return (
        select(inference.c.id, inference.c.started_ms)
        .join(inference_payload, inference_payload.c.id == inference.c.id)
        .where(inference.c.project == project, inference.c.started_ms < before_ms)
        .order_by(inference.c.started_ms, inference.c.id)
    )


def _behind(query: Select[Any], moment: Any, identifier: Any, after: tuple[Any, ...]) -> Select[Any]:
    if after:
        query = query.where(or_(moment > after[0], and_(moment == after[0], identifier > after[1])))
    return query.order_by(None).order_by(moment, identifier)


def _all(tx: Connection, kind: str, project: str, wanted: Terms, now_ms: int) -> list[Any]:
    query = _query(kind, project, wanted, now_ms)
    return [] if query is None else list(tx.execute(query))


def _slices(ids: Sequence[str], pace: Pace) -> Iterator[Sequence[str]]:
    """Parts as large as the pace says at that moment."""
    start = 0
    while start < len(ids):
        part = ids[start : start + pace.rows]
        yield part
        start += len(part)
