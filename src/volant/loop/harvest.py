"""Harvest: reviewed answers become training rows. A new dataset version: the one before, and what people corrected.

An agent's demonstration is the label; an accepted answer is its own. Answers of a fallback, of a shadow and of people
who were erased are left out (the query does that), and so are questions that stand in the test. An item that was asked
twice in the same words counts once. A few of the new rows go to validation, by the hash of their item, so that the
checkpoint of the next model is chosen on new products too.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import msgspec

from volant.core.accounts import DAY_MS
from volant.core.errors import Conflict
from volant.data.dedup import text_key
from volant.jobs.context import Context
from volant.registry import audit, datasets, documents, records
from volant.registry.datasets import Member
from volant.traces import query

VALIDATION_SHARE = 0.06
LEAST = 20  # reviewed answers below which nothing can be learnt


def extend(context: Context, project: str, task: str, parent_id: str, version_id: str, until_ms: int) -> str:
    """Dataset version `version_id`: `parent_id` and every answer of the task reviewed since, up to `until_ms`.

    Raises Conflict when there are too few reviewed answers. Done twice, it finds what the first time made.
    """
    now_ms = context.clock.now_ms()
    with context.db.read() as tx:
        if any(made.id == version_id for made in datasets.list_versions(tx, project)):
            return version_id  # made before a kill: answers may have changed since, the version does not
        parent = datasets.get_version(tx, project, parent_id)
        days = documents.current(tx, project).documents.policy.retention_days
        known = frozenset(parent.funnel.get("known_labels", ())) if isinstance(parent.funnel, dict) else frozenset()
        before = list(datasets.rows(tx, context.keyring, context.blobs, project, parent_id))
        had = {row.inference_id for row in before}
        tested = {text_key(str(row.body.get("question", ""))) for row in before if row.split == "test"}
        answers = [
            answer
            for answer in query.reviewed_answers(tx, context.keyring, project, task, until_ms=until_ms)
            if answer.inference_id not in had
        ]
    usable = list(_usable(answers))
    unseen = [one for one in usable if text_key(one.question) not in tested]
    newest = list({(one.answer.item or one.answer.inference_id, one.question): one for one in unseen}.values())
    rows = records_of(newest, f"feedback/{task}/{version_id}", now_ms + days * DAY_MS)
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
            Member(record_id, split_of(row.body["item"]), row.body["label"] in known)
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
                "unusable": len(answers) - len(usable),
                "leaked": len(usable) - len(unseen),
                "asked_twice": len(unseen) - len(newest),
                "labels": sorted({row.body["label"] for row in rows}),
            },
            version_id=version_id,
        )
        told = {"parent": parent_id, "records": len(members)}
        context.audit(tx, project, audit.LOOP, "dataset.harvest", "dataset_version", made.id, **told)
    return made.id


class Usable(NamedTuple):
    """An answer that says what was asked and what is right."""

    answer: query.ReviewedAnswer
    question: str
    label: str


def _usable(answers: Iterable[query.ReviewedAnswer]) -> Iterator[Usable]:
    for answer in answers:
        question, label = question_of(answer.input), label_of(answer)
        if question and label:
            yield Usable(answer, question, label)


def records_of(
    found: Sequence[Usable],
    source: str,
    until_ms: int,
    *,
    purpose: str = "training",
    legal_basis: str = "legitimate_interest",
) -> list[records.NewRecord]:
    """What is kept of answers: the question, what is right, and whose it was."""
    return [
        records.NewRecord(
            source=source,
            position=position,
            body={
                "question": one.question,
                "answer": json.dumps({"intent": one.label}),
                "label": one.label,
                "item": one.answer.item or one.answer.inference_id,
            },
            subject=one.answer.subject,
            purpose=purpose,
            legal_basis=legal_basis,
            retention_until_ms=until_ms,
            inference_id=one.answer.inference_id,
            observed_ms=one.answer.started_ms,
        )
        for position, one in enumerate(found)
    ]


def question_of(body: bytes) -> str:
    """The last thing that the user said, as recorded (redacted where the task says so)."""
    try:
        messages = msgspec.json.decode(body)["messages"]
    except (msgspec.DecodeError, KeyError, TypeError):
        return ""
    said = [message.get("content") for message in messages if message.get("role") == "user"]
    return said[-1].strip() if said and isinstance(said[-1], str) else ""


def label_of(answer: query.ReviewedAnswer) -> str:
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


def split_of(item: str) -> str:
    """Where a new row goes, by the hash of its item: a few to validation, the others to train."""
    draw = int.from_bytes(hashlib.sha256(item.encode()).digest()[:8], "big") / 2**64
    return "validation" if draw < VALIDATION_SHARE else "train"
