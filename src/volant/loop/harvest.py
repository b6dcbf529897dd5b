"""Harvest: reviewed answers become training rows. A new dataset version: the one before, and what people corrected.

An agent's demonstration is the label; an accepted answer is its own. Answers of a fallback, of a shadow and of people
who were erased are left out (the query does that). A few of the new rows go to validation, by the hash of their item,
so that the checkpoint of the next model is chosen on new products too.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from typing import Any

import msgspec

from volant.core.errors import Conflict
from volant.jobs.context import Context
from volant.registry import datasets, documents, records
from volant.registry.datasets import Member
from volant.traces import query

DAY_MS = 86_400_000
VALIDATION_SHARE = 0.06
LEAST = 20  # reviewed answers below which nothing can be learnt


def extend(context: Context, project: str, task: str, parent_id: str, version_id: str, until_ms: int) -> str:
    """Dataset version `version_id`: `parent_id` and every answer of the task reviewed since, up to `until_ms`.

    Raises Conflict when there are too few reviewed answers. Done twice, it finds what the first time made.
    """
    now_ms = context.clock.now_ms()
    with context.db.read() as tx:
        parent = datasets.get_version(tx, project, parent_id)
        days = documents.current(tx, project).documents.policy.retention_days
        known = frozenset(parent.funnel.get("known_labels", ())) if isinstance(parent.funnel, dict) else frozenset()
        had = {row.inference_id for row in datasets.rows(tx, context.keyring, context.blobs, project, parent_id)}
        answers = [
            answer
            for answer in query.reviewed_answers(tx, context.keyring, project, task, until_ms=until_ms)
            if answer.inference_id not in had
        ]
    rows = list(_rows(answers, f"feedback/{task}/{version_id}", now_ms, now_ms + days * DAY_MS))
    if len(rows) < LEAST:
        raise Conflict(
            "too_few_reviews",
            f"{len(rows)} reviewed answers of {task} are new; {LEAST} are needed",
            where=parent_id,
            hint="send feedback with the right answer as demonstration: POST /api/v1/feedback",
        )
    with context.db.begin() as tx:
        ids = records.insert_records(tx, context.keyring, project, rows, now_ms=now_ms)
        members = [
            Member(record_id, _split(row.body["item"]), row.body["label"] in known)
            for record_id, row in zip(ids, rows, strict=True)
            if record_id
        ]
        corrected = sum(answer.corrected for answer in answers)
        made = datasets.create_version(
            tx,
            context.blobs,
            project,
            parent.name,
            members,
            now_ms=now_ms,
            parent_id=parent_id,
            funnel={
                "known_labels": sorted(known),
                "reviewed": len(answers),
                "corrected": corrected,
                "unusable": len(answers) - len(rows),
                "labels": sorted({row.body["label"] for row in rows}),
            },
            version_id=version_id,
        )
    return made.id


def _rows(
    answers: Iterable[query.ReviewedAnswer], source: str, now_ms: int, until_ms: int
) -> Iterable[records.NewRecord]:
    position = 0
    for answer in answers:
        question, label = _question(answer.input), _label(answer)
        if not question or not label:
            continue
        yield records.NewRecord(
            source=source,
            position=position,
            body={
                "question": question,
                "answer": json.dumps({"intent": label}),
                "label": label,
                "item": answer.item or answer.inference_id,
            },
            subject=answer.subject,
            purpose="training",
            legal_basis="legitimate_interest",
            retention_until_ms=until_ms,
            inference_id=answer.inference_id,
            observed_ms=answer.started_ms,
        )
        position += 1


def _question(body: bytes) -> str:
    """The last thing that the user said, as recorded (redacted where the task says so)."""
    try:
        messages = msgspec.json.decode(body)["messages"]
    except (msgspec.DecodeError, KeyError, TypeError):
        return ""
    said = [message.get("content") for message in messages if message.get("role") == "user"]
    return said[-1].strip() if said and isinstance(said[-1], str) else ""


def _label(answer: query.ReviewedAnswer) -> str:
    """What the agent says, or what the model said and the agent accepted."""
    if answer.demonstration is not None:
        return _intent(answer.demonstration)
    if answer.corrected:
        return ""  # corrected, without saying to what
    try:
        content = msgspec.json.decode(answer.output)["choices"][0]["message"]["content"]
    except (msgspec.DecodeError, KeyError, IndexError, TypeError):
        return ""
    return _intent(content)


def _intent(value: Any) -> str:
    if isinstance(value, str):
        try:
            value = msgspec.json.decode(value)
        except msgspec.DecodeError:
            return ""
    label = value.get("intent") if isinstance(value, dict) else None
    return label if isinstance(label, str) else ""


def _split(item: str) -> str:
    draw = int.from_bytes(hashlib.sha256(item.encode()).digest()[:8], "big") / 2**64
    return "validation" if draw < VALIDATION_SHARE else "train"
