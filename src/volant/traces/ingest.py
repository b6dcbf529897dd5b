"""Ingest: a batch of spooled records becomes rows, sealed payloads, model calls and rollups, in one transaction.

Idempotent by inference id: a record that comes again (control was killed between commit and the spool's deletion)
changes nothing, and the rollups grow for new rows only. A record of a person who was erased after they asked keeps its
numbers and loses its payload and everything that names the person.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection, select

from volant.core.nouns import InferenceRecord
from volant.store.database import insert_rows
from volant.store.keys import KeyRing
from volant.store.tables import inference, inference_payload, model_call
from volant.store.tables import project as projects
from volant.traces import feedback, rollups, usage

ITEM_TAG = "item"


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
    fresh: tuple[str, ...] = ()  # ids of the new ones


def ingest(tx: Connection, ring: KeyRing, records: Sequence[InferenceRecord], *, now_ms: int) -> Ingested:
    """Write a batch (500 or fewer). Call inside `Database.begin()`; what it returns holds once that commits."""
    unique = {record.inference_id: record for record in reversed(records)}  # the first of a pair counts
    here = set(tx.execute(select(projects.c.id)).scalars())
    valid = [record for record in reversed(unique.values()) if record.project in here]
    there = set(tx.execute(select(inference.c.id).where(inference.c.id.in_([r.inference_id for r in valid]))).scalars())
    fresh = [record for record in valid if record.inference_id not in there]
    dropped = attached = 0
    for project in sorted({record.project for record in fresh}):
        part = [record for record in fresh if record.project == project]
        erased = _erased(tx, ring, project, part)
        dropped += sum(1 for record in part if record.inference_id in erased and (record.input or record.output))
        _insert(tx, ring, project, part, erased, now_ms)
        attached += feedback.attach_pending(tx, ring, project, [_judged(r, erased) for r in part], now_ms=now_ms)
    return Ingested(
        new=len(fresh),
        known=len(records) - len(fresh) - (len(unique) - len(valid)),
        dropped_payloads=dropped,
        refused=len(unique) - len(valid),
        feedback=attached,
        fresh=tuple(record.inference_id for record in fresh),
    )


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
    insert_rows(tx, inference, [_row(record, erased.get(record.inference_id, 0)) for record in records])
    kept = [r for r in records if r.inference_id not in erased and (r.input or r.output)]
    texts = [(r.subject, msgspec.msgpack.encode(Payload(input=r.input, output=r.output))) for r in kept]
    sealed = ring.seal_many(tx, project, texts, now_ms=now_ms)
    if kept:
        pairs = zip(kept, sealed, strict=True)
        insert_rows(tx, inference_payload, [{"id": r.inference_id, "sealed": blob} for r, blob in pairs])
    calls = [_call(record.inference_id, call) for record in records for call in record.calls]
    insert_rows(tx, model_call, calls)
    rollups.grow(tx, rollups.of_records(records))
    usage.grow(tx, records)


def _row(record: InferenceRecord, erased_ms: int) -> dict[str, Any]:
    return {
        "id": record.inference_id,
        "project": record.project,
        "trace_id": record.trace_id,
        "span_id": record.span_id,
        "parent_span_id": record.parent_span_id,
        "key_id": record.key_id,
        "task": record.task,
        "variant": record.variant,
        "deployment": record.deployment,
        "model": record.model,
        "model_id": record.model_id,
        "release_id": record.release_id,
        "rollout_id": record.rollout_id,
        "arm": record.arm,
        "step": record.step,
        "subject": "" if erased_ms else record.subject,
        "session": "" if erased_ms else record.session,
        "tags": "{}" if erased_ms or not record.tags else msgspec.json.encode(record.tags, order="sorted").decode(),
        "item": record.tags.get(ITEM_TAG, ""),
        "started_ms": record.started_ms,
        "latency_ms": record.latency_ms,
        "ttft_ms": record.ttft_ms,
        "status": record.status,
        "error_code": record.error_code,
        "fallback": int(record.fallback),
        "canary_failed": int(record.canary_failed),
        "streamed": int(record.streamed),
        "input_tokens": record.input_tokens,
        "output_tokens": record.output_tokens,
        "cost_usd": record.cost_usd,
        "price_version": record.price_version,
        "config_hash": record.config_hash,
        "shadow_of": record.shadow_of,
        "prompt_version_id": record.prompt_version_id,
        "findings": msgspec.json.encode(record.findings).decode() if record.findings else "[]",
        "operation": record.operation,
        "dialect": record.dialect,
        "cache": record.cache,
        "cached_tokens": record.cached_tokens,
        "cache_write_tokens": record.cache_write_tokens,
        "reasoning_tokens": record.reasoning_tokens,
        "saved_usd": record.saved_usd,
        "verdicts": msgspec.json.encode(record.verdicts).decode() if record.verdicts else "[]",
        "warnings": msgspec.json.encode(record.warnings).decode() if record.warnings else "[]",
        "provider_response_id": _response_id(record),
        "erased_ms": erased_ms,
    }


def _response_id(record: InferenceRecord) -> str:
    """The id in the body that the caller got: the last attempt's that has one."""
    return next((call.provider_response_id for call in reversed(record.calls) if call.provider_response_id), "")


def _call(inference_id: str, call: Any) -> dict[str, Any]:
    values: dict[str, Any] = msgspec.structs.asdict(call)
    values["id"] = values.pop("call_id")
    return {"inference_id": inference_id, **values}


def _judged(record: InferenceRecord, erased: Mapping[str, int]) -> feedback.Judged:
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
