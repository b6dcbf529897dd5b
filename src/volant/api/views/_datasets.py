"""What is read of dataset versions for their pages: heads without segments, funnels without their long lists."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from sqlalchemy import Connection, select

from volant.core.errors import NotFound
from volant.registry import datasets, records
from volant.registry.datasets import Member, SplitCount
from volant.store.blobs import Blobs
from volant.store.keys import KeyRing
from volant.store.tables import dataset, dataset_version, record

_AT_ONCE = 500


class CountOf(msgspec.Struct, frozen=True, kw_only=True):
    """How many of a name."""

    name: str
    count: int


class FunnelStep(msgspec.Struct, frozen=True, kw_only=True):
    """A step of the way from rows in to rows kept."""

    step: str
    removed: int
    left: int  # after it
    sentence: str


class Column(msgspec.Struct, frozen=True, kw_only=True):
    """What a record of this version holds, by its column."""

    name: str
    meaning: str
    values: int  # distinct ones, where they are counted; 0: not counted


class Leak(msgspec.Struct, frozen=True, kw_only=True):
    """An item of the test that also stood in train."""

    test: str  # record id
    train: list[str]  # where the rows stood that were dropped for it


class Rejection(msgspec.Struct, frozen=True, kw_only=True):
    """A row that could not be read."""

    code: str = ""


class Removed(msgspec.Struct, frozen=True, kw_only=True):
    """A row that cleaning took out; never its text."""

    row: str
    step: str
    reason: str
    label: str = ""
    keeper: str = ""
    score: float = 1.0


class Funnel(msgspec.Struct, frozen=True, kw_only=True):
    """The numbers of a version's funnel; an import's and a harvest's."""

    rows_in: int = 0
    test_rows_in: int = 0
    removed: dict[str, int] = {}
    changed: dict[str, int] = {}
    rejected: list[Rejection] = []
    label_conflicts: int = 0
    came_later: int = 0
    labels: list[str] = []
    known_labels: list[str] = []
    users: dict[str, int] = {}
    reviewed: int = 0
    corrected: int = 0
    unusable: int = 0
    leaked: int = 0
    asked_twice: int = 0


class Head(msgspec.Struct, frozen=True, kw_only=True):
    """A version without its segments and its list of removals."""

    id: str
    name: str
    version: int
    parent_id: str
    counts: dict[str, SplitCount]
    funnel: Funnel
    leaks: list[Leak]
    content_hash: str
    state: str
    created_ms: int


class SplitDifference(msgspec.Struct, frozen=True, kw_only=True):
    """One split in two versions."""

    split: str
    left: int
    right: int
    added: int
    removed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Apart:
    """What two versions do not share: record id → its place."""

    left: dict[str, Member]
    right: dict[str, Member]
    shared: int  # members of the segments that both have


class _Removals(msgspec.Struct, frozen=True, kw_only=True):
    removals: list[Removed] = []


def heads(tx: Connection, project: str, *, name: str = "", before: str = "", limit: int) -> list[Head]:
    """The newest versions first; `before` is the last id of the page before."""
    query = _query(project)
    if name:
        query = query.where(dataset.c.name == name)
    if before:
        at = select(dataset_version.c.created_ms).where(dataset_version.c.id == before).scalar_subquery()
        here = dataset_version.c.created_ms
        query = query.where((here < at) | ((here == at) & (dataset_version.c.id < before)))
    query = query.order_by(dataset_version.c.created_ms.desc(), dataset_version.c.id.desc()).limit(limit)
    return [_head(row._mapping) for row in tx.execute(query)]


def head(tx: Connection, project: str, version_id: str) -> Head:
    """Raises NotFound."""
    row = tx.execute(_query(project).where(dataset_version.c.id == version_id)).one_or_none()
    if row is None:
        raise NotFound(
            "dataset_version_unknown",
            f"there is no dataset version {version_id[:60]!r}",
            where=project,
            hint="`volant data list` shows them",
        )
    return _head(row._mapping)


def members(tx: Connection, blobs: Blobs, project: str, version_id: str) -> dict[str, Member]:
    """Record id → its place in the version, erased ones included. Raises NotFound."""
    return {member.record_id: member for member in datasets.members(tx, blobs, project, version_id)}


def removals(tx: Connection, project: str, version_id: str, step: str) -> list[Removed]:
    """What one step of cleaning removed. Raises NotFound."""
    query = select(dataset_version.c.funnel).where(
        dataset_version.c.project == project, dataset_version.c.id == version_id
    )
    body = tx.execute(query).scalar_one_or_none()
    if body is None:
        head(tx, project, version_id)
    found = msgspec.json.decode(body or b"{}", type=_Removals)
    return [one for one in found.removals if one.step == step]


def texts_at(tx: Connection, ring: KeyRing, project: str, places: Sequence[str]) -> dict[str, str]:
    """`source:line` → the question that stands there, opened; of those that are still there."""
    found: dict[str, str] = {}
    for place in places:
        source, _, line = place.rpartition(":")
        if line.isdigit():
            query = select(record.c.id).where(
                record.c.project == project, record.c.source == source, record.c.position == int(line)
            )
            for one in records.read(tx, ring, project, tx.execute(query).scalars().all()):
                found[place] = str(one.body.get("question", one.body.get("text", "")))
    return found


def funnel_steps(one: Head) -> list[FunnelStep]:
    """From rows in to rows kept, step by step: an import's, or a harvest's."""
    funnel = one.funnel
    if funnel.reviewed:
        left = funnel.reviewed
        steps = [FunnelStep(step="reviewed", removed=0, left=left, sentence=f"{left} answers were reviewed; "
                            f"{funnel.corrected} of them were corrected.")]  # fmt: skip
        for name, count, why in (
            ("unusable", funnel.unusable, "say no question or no right answer"),
            ("leaked", funnel.leaked, "stand in the test"),
            ("asked_twice", funnel.asked_twice, "were asked before in the same words"),
        ):
            left -= count
            steps.append(FunnelStep(step=name, removed=count, left=left, sentence=f"{count} {why}."))
        return steps
    left = funnel.rows_in + funnel.test_rows_in
    steps = [FunnelStep(step="rows_in", removed=0, left=left, sentence=f"{left} rows came in.")] if left else []
    gone = {"rejected": len(funnel.rejected), **funnel.removed}
    for name, count in gone.items():
        left -= count
        why = f"{count} removed: {_WHY.get(name, name)}."
        steps.append(FunnelStep(step=name, removed=count, left=left, sentence=why))
    return steps


def columns_of(tx: Connection, project: str, one: Head) -> list[Column]:
    """What the records hold. Knows the convention of `registry.records`; opens none of them."""
    people = sum(one.funnel.users.values())
    columns = [
        Column(name="question", meaning="what the person asked, redacted; sealed", values=0),
        Column(name="answer", meaning="the exact answer that a model shall give; sealed", values=0),
        Column(name="label", meaning="the label inside the answer; sealed", values=len(one.funnel.labels)),
        Column(name="subject", meaning="the keyed hash of the person", values=people),
        Column(name="split", meaning="train, validation, test, or a pool of live questions", values=len(one.counts)),
        Column(name="known", meaning="the first model knew its label", values=2 if one.funnel.known_labels else 0),
    ]
    if one.parent_id:
        columns.append(Column(name="inference_id", meaning="the answer that it was made from", values=0))
    return columns


def apart(tx: Connection, blobs: Blobs, project: str, left: str, right: str) -> Apart:
    """The members that two versions do not share as whole segments. Shared segments are not read. Raises NotFound."""
    old, new = (datasets.get_version(tx, project, one).segments for one in (left, right))
    shared = {segment.blob for segment in old} & {segment.blob for segment in new}
    return Apart(
        left=_read(blobs, [segment for segment in old if segment.blob not in shared]),
        right=_read(blobs, [segment for segment in new if segment.blob not in shared]),
        shared=sum(segment.count for segment in new if segment.blob in shared),
    )


def by_split(found: Apart, left: Head, right: Head) -> list[SplitDifference]:
    """Counts of each split on both sides."""
    out = []
    for split in sorted({*left.counts, *right.counts}):
        old = {one for one, member in found.left.items() if member.split == split}
        new = {one for one, member in found.right.items() if member.split == split}
        none = SplitCount(records=0, known=0)
        before, after = left.counts.get(split, none), right.counts.get(split, none)
        out.append(
            SplitDifference(
                split=split, left=before.records, right=after.records, added=len(new - old), removed=len(old - new)
            )
        )
    return out


def by_source(tx: Connection, ids: Sequence[str]) -> list[CountOf]:
    """Where records of the caller's own versions came from; erased ones are not counted."""
    found: Counter[str] = Counter()
    for start in range(0, len(ids), _AT_ONCE):
        part = ids[start : start + _AT_ONCE]
        query = select(record.c.source).where(record.c.id.in_(part))  # a project's condition makes SQLite scan it
        found.update(tx.execute(query).scalars())
    return counted(found)


def counted(counts: Mapping[str, int]) -> list[CountOf]:
    """The most frequent first."""
    order = sorted(counts.items(), key=lambda one: (-one[1], one[0]))
    return [CountOf(name=name, count=count) for name, count in order]


_WHY = {
    "rejected": "they could not be read as rows",
    "empty": "they say nothing",
    "language": "they are in another language",
    "exact_duplicate": "the same words stand in another row",
    "near_duplicate": "nearly the same words stand in another row",
    "leak": "they stand in the test",
    "straddle": "their duplicate is another person's in another split",
    "unknown": "no such answer is there",
    "already": "the dataset has the answer, or its question, already",
    "erased": "their person was erased",
    "shadow": "a shadow answered",
    "fallback": "a fallback answered",
    "failed": "the request failed",
    "unjudged": "nobody accepted or corrected the answer",
    "no_text": "their text is not kept",
    "no_right_answer": "they were corrected without a right answer",
    "not_intent": "what is right is no intent",
    "no_question": "they hold no text of a user",
    "tested_person": "their person's questions are the test",
}


def _read(blobs: Blobs, segments: Sequence[datasets.Segment]) -> dict[str, Member]:
    return {member.record_id: member for segment in segments for member in datasets.read_segment(blobs, segment)}


def _query(project: str) -> Any:
    names = ("id", "version", "parent_id", "counts", "funnel", "leaks", "content_hash", "state", "created_ms")
    joined = dataset_version.join(dataset, dataset_version.c.dataset_id == dataset.c.id)
    columns = [dataset_version.c[name] for name in names]
    return select(*columns, dataset.c.name).select_from(joined).where(dataset_version.c.project == project)


def _head(values: Any) -> Head:
    row = dict(values)
    row["counts"] = msgspec.json.decode(row["counts"], type=dict[str, SplitCount])
    row["funnel"] = msgspec.json.decode(row["funnel"], type=Funnel)
    row["leaks"] = msgspec.json.decode(row["leaks"], type=list[Leak])
    return Head(**row)
