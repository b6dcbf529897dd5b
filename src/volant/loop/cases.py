"""Cases: a question that a person tried, and what is right, becomes a row of a dataset's next version.

Cleaned and redacted before the first write, as every row is. A question that the dataset has already is refused: the
test and what is learnt from must stay apart. Knows no HTTP.
"""

from __future__ import annotations

import json

from volant.core.accounts import DAY_MS
from volant.core.errors import BadInput, Conflict
from volant.core.ids import new_id
from volant.data import cleaning
from volant.data.dedup import text_key
from volant.data.rows import Row
from volant.jobs.actions import CaseAdded, NewCase
from volant.jobs.context import Context
from volant.registry import datasets, documents, records
from volant.registry.datasets import Member


def add(context: Context, project: str, dataset: str, case: NewCase, *, by: str) -> CaseAdded:
    """Version n+1 of `dataset`: version n and the case.

    Raises NotFound for a dataset that is not there, BadInput for an empty question or label, Conflict `known_question`
    for one that it has, or `dataset_grew`.
    """
    label = case.label.strip()
    cleaned = cleaning.clean([Row(id="case", text=case.question, label=label)], cleaning.CleaningPolicy(languages=()))
    if not cleaned.kept or not label:
        where = "question" if not cleaned.kept else "label"
        raise BadInput("empty_case", f"no {where} is left once it is cleaned", where=where, hint="say both in words")
    question = cleaned.kept[0].text
    with context.db.read() as tx:
        parent = datasets.newest(tx, project, dataset)
        rows = list(datasets.rows(tx, context.keyring, context.blobs, project, parent.id))
        days = documents.current(tx, project).documents.policy.retention_days
    there = next((row for row in rows if text_key(str(row.body.get("question", ""))) == text_key(question)), None)
    if there is not None:
        raise Conflict(
            "known_question", f"{there.split} of {dataset!r} has the same question", where=there.record_id,
            hint="open it in Datasets; a question stands in one place only",
        )  # fmt: skip
    known = parent.funnel.get("known_labels", ()) if isinstance(parent.funnel, dict) else ()
    now_ms, version_id = context.clock.now_ms(), new_id("dataset_version")
    redacted = any(change.step == "pii" for change in cleaned.changes)
    body = {"question": question, "answer": json.dumps({"intent": label}), "label": label, "item": version_id}
    record = records.NewRecord(
        source=f"case/{version_id}", position=0, body=body, purpose="evaluation", legal_basis="legitimate_interest",
        retention_until_ms=now_ms + days * DAY_MS, inference_id=case.inference_id, observed_ms=now_ms,
    )  # fmt: skip
    with context.db.begin() as tx:
        if datasets.newest(tx, project, dataset).id != parent.id:
            raise Conflict(
                "dataset_grew", f"{dataset!r} got another version meanwhile", where=dataset, hint="try again"
            )
        (record_id,) = records.insert_records(tx, context.keyring, project, [record], now_ms=now_ms)
        made = datasets.create_version(
            tx, context.blobs, project, dataset, [Member(record_id, case.split, label in known)], now_ms=now_ms,
            parent_id=parent.id, version_id=version_id,
            funnel={"rows_in": 1, "changed": {"pii": 1} if redacted else {}, "known_labels": sorted(known)},
        )  # fmt: skip
        context.audit(
            tx, project, by, "dataset.case", "dataset_version", version_id, parent=parent.id, split=case.split
        )  # fmt: skip
    return CaseAdded(version_id=made.id, record_id=record_id, question=question, redacted=redacted)
