"""Ingest: a batch of spooled records becomes rows, sealed payloads, model calls and rollups, in one transaction.

Idempotent by inference id: a record that comes again (control was killed between commit and the spool's deletion)
changes nothing, and the rollups grow for new rows only. A record of a person who was erased after they asked keeps its
numbers and loses its payload and everything that names the person.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from operator import attrgetter
from typing import Any

import msgspec
from sqlalchemy import Connection

from volant.core.nouns import InferenceRecord, ModelCall
from volant.store.database import insert_rows, one_of
from volant.store.keys import KeyRing
from volant.store.tables import inference, inference_payload, model_call
from volant.traces import feedback, rollups, usage
from volant.traces.alike import groups_of

ITEM_TAG = "item"
_SAME = (  # columns that hold what the record's field of that name says
    "project", "trace_id", "span_id", "parent_span_id", "key_id", "task", "variant", "deployment", "model", "model_id",
    "release_id", "rollout_id", "arm", "step", "started_ms", "latency_ms", "ttft_ms", "status", "error_code",
    "input_tokens", "output_tokens", "cost_usd", "price_version", "config_hash", "shadow_of", "prompt_version_id",
    "operation", "dialect", "cache", "cached_tokens", "cache_write_tokens", "reasoning_tokens", "saved_usd",
)  # fmt: skip
_COLUMNS = (
    "id", *_SAME, "subject", "session", "tags", "item", "fallback", "canary_failed", "streamed", "findings", "verdicts",
    "warnings", "provider_response_id", "erased_ms",
)  # fmt: skip
_CALL_FIELDS = ModelCall.__struct_fields__
_CALL_COLUMNS = ("inference_id", *("id" if name == "call_id" else name for name in _CALL_FIELDS))
_same = attrgetter("inference_id", *_SAME)
_of_call = attrgetter(*_CALL_FIELDS)


class Payload(msgspec.Struct, frozen=True, kw_only=True):
    """What is sealed of an inference: the bodies as they were recorded."""

    input: bytes
    output: bytes


class Ingested(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a batch."""

    new: int = 0
    known: int = 0  # they were there already
    dropped_payloads: int = 0  # the person was erased meanwhile
    refused: int = 0  # their project does not exist
    feedback: int = 0  # judgements that had waited for these inferences
    fresh: tuple[InferenceRecord, ...] = ()  # the new ones as they were written: without what an erasure takes


def ingest(tx: Connection, ring: KeyRing, records: Sequence[InferenceRecord], *, now_ms: int) -> Ingested:
    """Write a batch. Call inside `Database.begin()`; what it returns holds once that commits."""
    unique = {record.inference_id: record for record in reversed(records)}  # the first of a pair counts
    here = {row[0] for row in tx.exec_driver_sql("SELECT id FROM project")}
    valid = [record for record in reversed(unique.values()) if record.project in here]
    among, ids = one_of(tx, [record.inference_id for record in valid])
    there = {row[0] for row in tx.exec_driver_sql(f"SELECT id FROM inference WHERE id{among}", (ids,))}
    fresh = [record for record in valid if record.inference_id not in there]
    dropped = attached = 0
    gone: dict[str, int] = {}  # inference id → when its person was erased
    for project in sorted({record.project for record in fresh}):
        part = [record for record in fresh if record.project == project]
        erased = _erased(tx, ring, project, part)
        gone |= erased
        dropped += sum(1 for record in part if record.inference_id in erased and (record.input or record.output))
        _insert(tx, ring, project, part, erased, now_ms)
        by_id = {record.inference_id: record for record in part}
        by_response = {response: record for record in part if (response := _response_id(record))}
        judge = functools.partial(_judged, erased=erased)
        attached += feedback.attach_pending(tx, ring, project, by_id, by_response, judge, now_ms=now_ms)
    if fresh:
        groups = groups_of(fresh)
        rollups.grow(tx, rollups.of_groups(groups))
        usage.grow(tx, groups)
    return Ingested(
        new=len(fresh),
        known=len(records) - len(fresh) - (len(unique) - len(valid)),
        dropped_payloads=dropped,
        refused=len(unique) - len(valid),
        feedback=attached,
        fresh=tuple(_nobodys(record) if record.inference_id in gone else record for record in fresh),
    )


def _nobodys(record: InferenceRecord) -> InferenceRecord:
    """The numbers of an erased person's request."""
    return msgspec.structs.replace(record, subject="", session="", tags={}, input=b"", output=b"")


def _erased(tx: Connection, ring: KeyRing, project: str, records: Sequence[InferenceRecord]) -> dict[str, int]:
    """Which of the records belong to a person who was erased after they asked: inference id → when."""
    keys = ring.subject_keys(tx, project, {record.subject for record in records})
    times = {subject: key.destroyed_ms for subject, key in keys.items() if key.destroyed_ms}
    return {
        record.inference_id: times[record.subject]
        for record in records
        if record.subject in times and record.started_ms <= times[record.subject]
    }


def _insert(
    tx: Connection,
    ring: KeyRing,
    project: str,
    records: Sequence[InferenceRecord],
    erased: Mapping[str, int],
    now_ms: int,
) -> None:
    insert_rows(tx, inference, _COLUMNS, [_row(record, erased.get(record.inference_id, 0)) for record in records])
    kept = [r for r in records if r.inference_id not in erased and (r.input or r.output)]
    texts = [(r.subject, msgspec.msgpack.encode(Payload(input=r.input, output=r.output))) for r in kept]
    sealed = ring.seal_many(tx, project, texts, now_ms=now_ms) if kept else ()
    payloads = [(record.inference_id, blob) for record, blob in zip(kept, sealed, strict=True)]
    insert_rows(tx, inference_payload, ("id", "sealed"), payloads)
    calls = [(record.inference_id, *_of_call(call)) for record in records for call in record.calls]
    insert_rows(tx, model_call, _CALL_COLUMNS, calls)


def _row(record: InferenceRecord, erased_ms: int) -> tuple[Any, ...]:
    """As `_COLUMNS` names them."""
    tags, findings, verdicts, warnings = record.tags, record.findings, record.verdicts, record.warnings
    return (
        *_same(record),
        "" if erased_ms else record.subject,
        "" if erased_ms else record.session,
        "{}" if erased_ms or not tags else msgspec.json.encode(tags, order="sorted").decode(),
        tags.get(ITEM_TAG, "") if tags else "",
        int(record.fallback),
        int(record.canary_failed),
        int(record.streamed),
        msgspec.json.encode(findings).decode() if findings else "[]",
        msgspec.json.encode(verdicts).decode() if verdicts else "[]",
        msgspec.json.encode(warnings).decode() if warnings else "[]",
        _response_id(record),
        erased_ms,
    )


def _response_id(record: InferenceRecord) -> str:
    """The id in the body that the caller got: the last attempt's that has one."""
    for call in reversed(record.calls):
        if call.provider_response_id:
            return call.provider_response_id
    return ""


def _judged(record: InferenceRecord, *, erased: Mapping[str, int]) -> feedback.Judged:
    erased_ms = erased.get(record.inference_id, 0)
    return feedback.Judged(
        id=record.inference_id,
        subject="" if erased_ms else record.subject,
        started_ms=record.started_ms,
        erased_ms=erased_ms,
        fallback=int(record.fallback),
        provider_response_id=_response_id(record),
        task=record.task,
        variant=record.variant,
        deployment=record.deployment,
        arm=record.arm,
    )
