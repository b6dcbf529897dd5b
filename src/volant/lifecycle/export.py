"""Export: a project's things as rows for everybody: JSON objects, one a line, in the words of docs/data-model.md.

Reads the tables page by page, each page in a read view of its own, so that no long view holds up the write-ahead log:
an export is not a backup, and rows that change meanwhile are as they were when their page was read. What people wrote
is in it only where it is asked for (`content`). Secrets, keys and sessions never are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from sqlalchemy import Connection, func, select, tuple_
from sqlalchemy.schema import Table

from volant.core.errors import NotFound
from volant.registry import datasets
from volant.store import tables
from volant.store.blobs import Blobs
from volant.store.database import Database
from volant.store.keys import KeyRing
from volant.traces.ingest import Payload

Json = dict[str, Any]
_PAGE = 500
_SEALED = frozenset({"sealed", "latency_sketch"})  # not for other programs
_AS_JSON = frozenset(  # columns of text that hold JSON
    {"tags", "findings", "segments", "counts", "funnel", "leaks", "spec", "result", "error", "flags", "facts", "body",
     "plan", "decisions", "parameters", "evidence", "progress", "receipt"}
)  # fmt: skip
Open = Callable[[Connection, KeyRing, str, Sequence[Any]], list[Json]]  # (…, project, rows) -> what to add to each


class Kind(msgspec.Struct, frozen=True, kw_only=True):
    """One kind of things that can be exported."""

    name: str
    sentence: str
    fields: list[str]
    has_content: bool  # there is more with `content`: what people wrote


@dataclass(frozen=True, slots=True, kw_only=True)
class _Source:
    table: Table
    sentence: str
    order: tuple[str, ...] = ("id",)
    open: Open | None = None
    content_fields: tuple[str, ...] = ()
    left_out: frozenset[str] = frozenset()


def kinds() -> list[Kind]:
    """Everything that can be exported, by name."""
    listed = [
        Kind(name=name, sentence=one.sentence, fields=_fields(one), has_content=one.open is not None)
        for name, one in _SOURCES.items()
    ]
    members = Kind(
        name="dataset_members", sentence="which records stand in which split of which dataset version",
        fields=["dataset_version_id", "record_id", "split", "known"], has_content=False,
    )  # fmt: skip
    return sorted([*listed, members], key=lambda one: one.name)


def rows(
    db: Database, ring: KeyRing, blobs: Blobs, project: str, kind: str, *, content: bool = False
) -> Iterator[list[Json]]:
    """The project's rows of one kind, page by page. Raises NotFound for a kind that is none."""
    if kind == "dataset_members":
        yield from _members(db, blobs, project)
        return
    source = _source(kind)
    after: tuple[Any, ...] = ()
    while True:
        with db.read() as tx:
            found = _page(tx, source, project, after)
            texts = source.open(tx, ring, project, found) if content and source.open else [{} for _ in found]
        if found:
            yield [_row(source, row, content) | text for row, text in zip(found, texts, strict=True)]
        if len(found) < _PAGE:
            return
        after = tuple(found[-1]._mapping[name] for name in source.order)


def count(tx: Connection, project: str, kind: str) -> int:
    """How many rows there are now. Raises NotFound."""
    source = _source(kind)
    query = select(func.count()).select_from(source.table).where(_of(source.table, project))
    return int(tx.execute(query).scalar_one())


# ---------------------------------------------------------------- reading
def _page(tx: Connection, source: _Source, project: str, after: tuple[Any, ...]) -> Sequence[Any]:
    order = [source.table.c[name] for name in source.order]
    query = select(source.table).where(_of(source.table, project))
    if after:
        query = query.where(order[0] > after[0] if len(order) == 1 else tuple_(*order) > tuple_(*after))
    return tx.execute(query.order_by(*order).limit(_PAGE)).all()


def _of(table: Table, project: str) -> Any:
    if "project" in table.c:
        return table.c.project == project
    of_project = select(tables.inference.c.id).where(tables.inference.c.project == project)
    return table.c.inference_id.in_(of_project)


def _fields(source: _Source) -> list[str]:
    plain = [str(column.name) for column in source.table.c if column.name not in _SEALED | source.left_out]
    return [*plain, *source.content_fields]


def _row(source: _Source, row: Any, content: bool) -> Json:
    out = {
        str(name): _value(name, value)
        for name, value in row._mapping.items()
        if name not in _SEALED and name not in source.left_out
    }
    if not content and isinstance(out.get("tags"), dict):
        out["tags"] = dict.fromkeys(out["tags"], "")  # an application chose what stands in them
    return out


def _value(name: str, value: Any) -> Any:
    if name in _AS_JSON and isinstance(value, str):
        try:
            return _without_keys(msgspec.json.decode(value))
        except msgspec.DecodeError:
            return value
    return value


def _without_keys(value: Any) -> Any:
    """An engine's own token stands in `state`: it is a secret, if only on loopback."""
    if isinstance(value, dict):
        return {name: _without_keys(one) for name, one in value.items() if name != "api_key"}
    return [_without_keys(one) for one in value] if isinstance(value, list) else value


def _members(db: Database, blobs: Blobs, project: str) -> Iterator[list[Json]]:
    with db.read() as tx:
        versions = [version.id for version in datasets.list_versions(tx, project)]
    for version in versions:
        page: list[Json] = []
        with db.read() as tx:
            for member in datasets.members(tx, blobs, project, version):
                page.append({"dataset_version_id": version, **_member(member)})
                if len(page) == _PAGE:
                    yield page
                    page = []
        if page:
            yield page


def _member(member: datasets.Member) -> Json:
    return {"record_id": member.record_id, "split": member.split, "known": member.known}


# ---------------------------------------------------------------- what people wrote
def _payloads(tx: Connection, ring: KeyRing, project: str, found: Sequence[Any]) -> list[Json]:
    ids = [row.id for row in found]
    query = select(tables.inference_payload).where(tables.inference_payload.c.id.in_(ids))
    sealed = {row.id: row.sealed for row in tx.execute(query)}
    wanted = [row for row in found if row.id in sealed]
    opened = ring.open_many(tx, project, [(row.subject, sealed[row.id]) for row in wanted])
    texts = dict(zip((row.id for row in wanted), opened, strict=True))
    return [_payload(texts.get(row.id)) for row in found]


def _payload(text: bytes | None) -> Json:
    if text is None:
        return {"input": None, "output": None}
    payload = msgspec.msgpack.decode(text, type=Payload)
    return {"input": _json(payload.input), "output": _json(payload.output)}


def _said(tx: Connection, ring: KeyRing, project: str, found: Sequence[Any]) -> list[Json]:
    judged = [row for row in found if row.sealed is not None]
    opened = ring.open_many(tx, project, [("" if row.pending else row.subject, row.sealed) for row in judged])
    texts = dict(zip((row.id for row in judged), opened, strict=True))
    return [{"content": _json(texts.get(row.id) or b"")} for row in found]


def _bodies(tx: Connection, ring: KeyRing, project: str, found: Sequence[Any]) -> list[Json]:
    opened = ring.open_many(tx, project, [(row.subject, row.sealed) for row in found])
    return [{"body": _json(text or b"")} for text in opened]


def _json(body: bytes) -> Any:
    try:
        return msgspec.json.decode(body) if body else None
    except msgspec.DecodeError:
        return body.decode(errors="replace")


def _source(kind: str) -> _Source:
    found = _SOURCES.get(kind)
    if found is None:
        known = ", ".join(one.name for one in kinds())
        raise NotFound("export_kind", f"{kind[:40]!r} is nothing that can be exported", where="what", hint=known)
    return found


_SOURCES: dict[str, _Source] = {
    "inferences": _Source(
        table=tables.inference, sentence="answered requests; with content, what was asked and answered",
        open=_payloads, content_fields=("input", "output"),
    ),
    "model_calls": _Source(table=tables.model_call, sentence="attempts at a deployment, inside an inference"),
    "feedback": _Source(
        table=tables.feedback, sentence="judgements; with content, comments and demonstrations",
        open=_said, content_fields=("content",), left_out=frozenset({"idempotency_key"}),
    ),
    "records": _Source(
        table=tables.record, sentence="rows of datasets; with content, their text", open=_bodies,
        content_fields=("body",), left_out=frozenset({"content_hmac"}),
    ),
    "datasets": _Source(table=tables.dataset, sentence="names of datasets"),
    "dataset_versions": _Source(table=tables.dataset_version, sentence="what cleaning did, splits, leaks and counts"),
    "prompts": _Source(table=tables.prompt, sentence="names of prompts"),
    "prompt_versions": _Source(table=tables.prompt_version, sentence="every version of every prompt"),
    "prompt_labels": _Source(
        table=tables.prompt_label, sentence="which version a label stands for", order=("prompt_id", "label")
    ),
    "prompt_label_moves": _Source(table=tables.prompt_label_move, sentence="where each label has pointed"),
    "documents": _Source(table=tables.document, sentence="every configuration that was applied"),
    "state": _Source(
        table=tables.state, sentence="what the loop decided: live variants, splits, places", order=("kind", "name")
    ),
    "runs": _Source(table=tables.run, sentence="trainings and evaluations"),
    "models": _Source(table=tables.model, sentence="the registry; the files are in models/"),
    "reports": _Source(table=tables.report, sentence="results of evaluations, with their intervals"),
    "verdicts": _Source(table=tables.verdict, sentence="what gates decided, with reasons"),
    "reviews": _Source(table=tables.review, sentence="people's decisions"),
    "releases": _Source(table=tables.release, sentence="what went live, and why"),
    "rollouts": _Source(table=tables.rollout, sentence="plans and decisions of rollouts"),
    "lineage": _Source(
        table=tables.lineage, sentence="edges: the target was made from the source",
        order=("source_kind", "source_id", "target_kind", "target_id", "operation"),
    ),
    "alerts": _Source(table=tables.alert, sentence="monitors that fired"),
    "erasures": _Source(table=tables.erasure, sentence="erasures with their receipts"),
    "usage": _Source(
        table=tables.usage, sentence="sums per UTC day: of each key, task and model, and of the project",
        order=("day", "over", "name"),
    ),
    "rollups": _Source(
        table=tables.rollup, sentence="sums per minute and slice",
        order=("minute_ms", "task", "variant", "deployment", "arm"),
    ),
}  # fmt: skip
