"""Datasets: a name, and immutable versions of it.

A version is a list of segments; a segment is a blob (zstd JSON) of `[record_id, split, known]`. Version 2 is the
segments of version 1 and one more. Segments hold opaque ids only, so they outlive an erasure without telling anything:
rows that were erased are skipped when a version is read. The content hash is made of keyed hashes in the order of
(source, position), so that it depends on what the rows say and not on their ids or on when they came.
"""

from __future__ import annotations

import hashlib
import itertools
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import msgspec
from backports import zstd
from sqlalchemy import Connection, Row, func, insert, select

from volant.core.errors import BadInput, Conflict, NotFound
from volant.core.ids import new_id
from volant.registry import edges, records
from volant.store.blobs import Blobs
from volant.store.keys import KeyRing
from volant.store.tables import dataset as datasets
from volant.store.tables import dataset_version as versions
from volant.store.tables import record as record_table

_AT_ONCE = 500


class Member(NamedTuple):
    """A record's place in a version."""

    record_id: str
    split: str  # "train", "validation", "test", "pool_a", "pool_b"
    known: bool = True  # its label was known to the first model


class Segment(msgspec.Struct, frozen=True, kw_only=True):
    """A blob of members, and what is needed to pass over it unread."""

    blob: str
    count: int
    first_id: str
    last_id: str


class SplitCount(msgspec.Struct, frozen=True, kw_only=True):
    """How many records a split had when its version was made."""

    records: int
    known: int


class DatasetVersion(msgspec.Struct, frozen=True, kw_only=True):
    """One immutable version."""

    id: str
    project: str
    dataset_id: str
    name: str  # of the dataset
    version: int
    parent_id: str
    segments: tuple[Segment, ...]
    counts: dict[str, SplitCount]  # split → counts, erased rows included
    funnel: Any  # how many rows each step of cleaning kept and removed, with reasons
    leaks: tuple[Any, ...]  # items of the test that also stood in train, as record ids
    content_hash: str
    state: str
    created_ms: int


class DatasetRow(msgspec.Struct, frozen=True, kw_only=True):
    """One row of a version, opened."""

    record_id: str
    source: str
    position: int
    split: str
    known: bool
    subject: str
    inference_id: str
    body: dict[str, Any]


def create_version(
    tx: Connection,
    blobs: Blobs,
    project: str,
    name: str,
    members: Iterable[Member | tuple[str, str, bool]],
    *,
    now_ms: int,
    parent_id: str = "",
    funnel: Mapping[str, Any] | None = None,
    leaks: Sequence[Any] = (),
    version_id: str = "",
) -> DatasetVersion:
    """A new version of dataset `name`: the parent's segments, and one with `members`.

    Members that the parent has already are left out, and those without an id (`insert_records` refused them).
    A `version_id` that exists is given back as it is (a workflow that goes on). Raises BadInput for a record twice or
    unknown, Conflict for a parent of another dataset.
    """
    if version_id and (there := _find(tx, project, version_id)) is not None:
        return there
    parent = get_version(tx, project, parent_id) if parent_id else None
    if parent is not None and parent.name != name:
        raise Conflict("parent_elsewhere", f"version {parent_id} belongs to dataset {parent.name!r}", where=name)
    inherited = list(_members(blobs, parent.segments)) if parent else []
    had = {member.record_id for member in inherited}
    added = [member for member in map(_member, members) if member.record_id and member.record_id not in had]
    added.sort(key=lambda member: member.record_id)
    _refuse_twice(added)
    places = _places(tx, project, (member.record_id for member in (*inherited, *added)))
    _refuse_unknown(added, places)
    dataset_id = _ensure_dataset(tx, project, name, now_ms)
    segments = (*(parent.segments if parent else ()), *((_write_segment(blobs, added),) if added else ()))
    made = version_id or new_id("dataset_version")
    tx.execute(
        insert(versions).values(
            id=made,
            project=project,
            dataset_id=dataset_id,
            version=_next_version(tx, dataset_id),
            parent_id=parent_id,
            segments=_json(segments),
            counts=_json(_counts((*inherited, *added))),
            funnel=_json(dict(funnel or {})),
            leaks=_json(list(leaks)),
            content_hash=_content_hash((*inherited, *added), places),
            created_ms=now_ms,
        )
    )
    edges.link(tx, project, ("dataset_version", parent_id), ("dataset_version", made), "extend", now_ms=now_ms)
    for source, count in sorted(Counter(places[member.record_id].source for member in added).items()):
        target = ("dataset_version", made)
        edges.link(tx, project, ("source", source), target, "import", now_ms=now_ms, parameters={"records": count})
    return get_version(tx, project, made)


def get_version(tx: Connection, project: str, version_id: str) -> DatasetVersion:
    """By id. Raises NotFound."""
    found = _find(tx, project, version_id)
    if found is None:
        raise NotFound(
            "dataset_version_unknown",
            f"there is no dataset version {version_id[:60]!r}",
            where=project,
            hint="`volant data list` shows them",
        )
    return found


def newest(tx: Connection, project: str, name: str) -> DatasetVersion:
    """The newest version of a dataset. Raises NotFound."""
    found = list_versions(tx, project, name)
    if not found:
        raise NotFound(
            "dataset_unknown", f"there is no dataset {name[:60]!r}", where=project, hint="`volant data list`"
        )
    return found[-1]


def list_versions(tx: Connection, project: str, name: str = "") -> list[DatasetVersion]:
    """Every version, of one dataset or of all, oldest first."""
    query = _query(project).order_by(datasets.c.name, versions.c.version)
    return [_version(row) for row in tx.execute(query.where(datasets.c.name == name) if name else query)]


def members(tx: Connection, blobs: Blobs, project: str, version_id: str) -> list[Member]:
    """The members as they were listed, erased ones included."""
    return list(_members(blobs, get_version(tx, project, version_id).segments))


def rows(
    tx: Connection,
    ring: KeyRing,
    blobs: Blobs,
    project: str,
    version_id: str,
    splits: Collection[str] | None = None,
) -> Iterator[DatasetRow]:
    """The rows of a version, opened, in the order of (source, position); erased ones are skipped."""
    listed = {
        member.record_id: member
        for member in members(tx, blobs, project, version_id)
        if splits is None or member.split in splits
    }
    places = _places(tx, project, listed)
    order = sorted(places, key=lambda record_id: (places[record_id].source, places[record_id].position))
    for found in records.read(tx, ring, project, order):
        member = listed[found.id]
        yield DatasetRow(
            record_id=found.id,
            source=found.source,
            position=found.position,
            split=member.split,
            known=member.known,
            subject=found.subject,
            inference_id=found.inference_id,
            body=found.body,
        )


class Hits(NamedTuple):
    """Where some records stand in a version."""

    split: str
    known: bool


def membership(tx: Connection, blobs: Blobs, project: str, record_ids: Iterable[str]) -> dict[str, dict[Hits, int]]:
    """Which versions hold any of these records: version id → (split, known) → how many, oldest version first."""
    wanted = sorted(set(record_ids))
    if not wanted:
        return {}
    read: dict[str, Counter[Hits]] = {}
    found: dict[str, dict[Hits, int]] = {}
    for version in list_versions(tx, project):
        counts: Counter[Hits] = Counter()
        for segment in version.segments:
            if segment.blob not in read:
                read[segment.blob] = _hits(blobs, segment, wanted)
            counts += read[segment.blob]
        if counts:
            found[version.id] = dict(counts)
    return found


def sources(tx: Connection, blobs: Blobs, project: str, version_id: str) -> dict[str, int]:
    """How many rows of a version are still there, by source."""
    out: dict[str, int] = {}
    for place in _places(tx, project, (m.record_id for m in members(tx, blobs, project, version_id))).values():
        out[place.source] = out.get(place.source, 0) + 1
    return dict(sorted(out.items()))


# ---------------------------------------------------------------- inside
class _Place(NamedTuple):
    source: str
    position: int
    content_hmac: str


def _places(tx: Connection, project: str, record_ids: Iterable[str]) -> dict[str, _Place]:
    wanted = list(record_ids)
    columns = (record_table.c.id, record_table.c.source, record_table.c.position, record_table.c.content_hmac)
    found: dict[str, _Place] = {}
    for start in range(0, len(wanted), _AT_ONCE):
        query = select(*columns).where(
            record_table.c.project == project, record_table.c.id.in_(wanted[start : start + _AT_ONCE])
        )
        found |= {row[0]: _Place(*row[1:]) for row in tx.execute(query)}
    return found


def _content_hash(listed: Iterable[Member], places: Mapping[str, _Place]) -> str:
    digest = hashlib.sha256()
    present = [(places[member.record_id], member) for member in listed if member.record_id in places]
    for place, member in sorted(present, key=lambda pair: (pair[0].source, pair[0].position)):
        digest.update(f"{place.content_hmac}\0{member.split}\0{int(member.known)}\n".encode())
    return digest.hexdigest()


def _counts(listed: Iterable[Member]) -> dict[str, SplitCount]:
    all_of: dict[str, int] = {}
    known: dict[str, int] = {}
    for member in listed:
        all_of[member.split] = all_of.get(member.split, 0) + 1
        known[member.split] = known.get(member.split, 0) + int(member.known)
    return {split: SplitCount(records=all_of[split], known=known[split]) for split in sorted(all_of)}


def _write_segment(blobs: Blobs, listed: Sequence[Member]) -> Segment:
    packed = zstd.compress(msgspec.json.encode(listed), 9)
    return Segment(
        blob=blobs.put(packed), count=len(listed), first_id=listed[0].record_id, last_id=listed[-1].record_id
    )


def read_segment(blobs: Blobs, segment: Segment) -> list[Member]:
    """The members of one segment, erased ones included."""
    return msgspec.json.decode(zstd.decompress(blobs.get(segment.blob)), type=list[Member])


def _members(blobs: Blobs, segments: Iterable[Segment]) -> Iterator[Member]:
    for segment in segments:
        yield from read_segment(blobs, segment)


def _hits(blobs: Blobs, segment: Segment, wanted: Sequence[str]) -> Counter[Hits]:
    if wanted[-1] < segment.first_id or wanted[0] > segment.last_id:
        return Counter()
    sought = set(wanted)
    return Counter(Hits(m.split, m.known) for m in read_segment(blobs, segment) if m.record_id in sought)


def _member(value: Member | tuple[str, str, bool]) -> Member:
    return Member(*value)


def _refuse_twice(added: Sequence[Member]) -> None:
    for one, other in itertools.pairwise(added):
        if one.record_id == other.record_id:
            raise BadInput(
                "record_twice",
                f"record {one.record_id} is listed twice ({one.split!r} and {other.split!r})",
                hint="a record stands in one split of a version",
            )


def _refuse_unknown(added: Sequence[Member], places: Mapping[str, _Place]) -> None:
    unknown = [member.record_id for member in added if member.record_id not in places]
    if unknown:
        raise BadInput(
            "record_unknown",
            f"{len(unknown)} of {len(added)} records do not exist, the first is {unknown[0][:60]!r}",
            hint="insert the records first; the ones of an erased person are gone",
        )


def _ensure_dataset(tx: Connection, project: str, name: str, now_ms: int) -> str:
    query = select(datasets.c.id).where(datasets.c.project == project, datasets.c.name == name)
    there = tx.execute(query).scalar_one_or_none()
    if there is not None:
        return str(there)
    made = new_id("dataset")
    tx.execute(insert(datasets).values(id=made, project=project, name=name, created_ms=now_ms))
    return made


def _next_version(tx: Connection, dataset_id: str) -> int:
    newest_one = tx.execute(select(func.max(versions.c.version)).where(versions.c.dataset_id == dataset_id)).scalar()
    return int(newest_one or 0) + 1


def _query(project: str) -> Any:
    joined = versions.join(datasets, versions.c.dataset_id == datasets.c.id)
    return select(versions, datasets.c.name).select_from(joined).where(versions.c.project == project)


def _find(tx: Connection, project: str, version_id: str) -> DatasetVersion | None:
    row = tx.execute(_query(project).where(versions.c.id == version_id)).one_or_none()
    return None if row is None else _version(row)


def _version(row: Row[Any]) -> DatasetVersion:
    values = dict(row._mapping)
    values["segments"] = msgspec.json.decode(values["segments"], type=tuple[Segment, ...])
    values["counts"] = msgspec.json.decode(values["counts"], type=dict[str, SplitCount])
    values["funnel"] = msgspec.json.decode(values["funnel"])
    values["leaks"] = msgspec.json.decode(values["leaks"], type=tuple[Any, ...])
    return DatasetVersion(**values)


def _json(value: Any) -> str:
    return msgspec.json.encode(value).decode()
