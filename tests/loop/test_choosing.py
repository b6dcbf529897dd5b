"""Answers that somebody chose become rows of a dataset's next version, or are refused by name; on a real store."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from sqlalchemy import select
from tests.loop.test_intake_and_harvest import context  # noqa: F401 (a fixture)

from volant.core.errors import BadInput, NotFound
from volant.core.ids import new_id, new_span_id, new_trace_id
from volant.core.nouns import InferenceRecord
from volant.jobs.actions import FromTraces, TraceChoice
from volant.jobs.context import Context
from volant.loop import choosing
from volant.registry import datasets, records
from volant.registry.datasets import DatasetRow, Member
from volant.store import tables
from volant.traces import feedback, ingest

TRAINED, TESTED, LIVE = "anna", "tess", "leo"


@pytest.fixture
def parent(context: Context) -> str:  # noqa: F811
    """A dataset `desk` of three questions: one of train, one of the test, one of a live pool."""
    said = {
        "train": (TRAINED, "how do I open an account"),
        "test": (TESTED, "what is the fee of a transfer"),
        "pool_a": (LIVE, "where is my new card"),
    }
    with context.db.begin() as tx:
        rows = [
            records.NewRecord(
                source="q.csv", position=number, body={"question": text, "label": "a", "answer": ""},
                subject=context.keyring.subject_of(tx, "default", user),
            )
            for number, (user, text) in enumerate(said.values())
        ]  # fmt: skip
        ids = records.insert_records(tx, context.keyring, "default", rows, now_ms=1)
        members = [Member(one, split) for one, split in zip(ids, said, strict=True)]
        return datasets.create_version(
            tx, context.blobs, "default", "desk", members, now_ms=1, funnel={"known_labels": ["a"]}
        ).id


def ask(context: Context, text: str, says: Any = None, user: str = "", **options: Any) -> str:  # noqa: F811
    """One recorded answer of the task `desk`; gives its id."""
    inference_id = new_id("inference")
    content = says if isinstance(says, str) else json.dumps(says or {"intent": "a"})
    with context.db.begin() as tx:
        subject = context.keyring.subject_of(tx, "default", user) if user else ""
        record = InferenceRecord(
            inference_id=inference_id, project="default", key_id="key_1", trace_id=new_trace_id(),
            span_id=new_span_id(), task="desk", variant="v1", deployment="v1", model="m", subject=subject,
            tags={"item": f"ticket-{inference_id}"}, started_ms=context.clock.now_ms(), latency_ms=1.0, ttft_ms=1.0,
            status=200, input=json.dumps({"messages": [{"role": "user", "content": text}]}).encode(),
            output=json.dumps({"choices": [{"message": {"role": "assistant", "content": content}}]}).encode(),
        )  # fmt: skip
        record = msgspec.structs.replace(record, **options)
        ingest.ingest(tx, context.keyring, [record], now_ms=context.clock.now_ms())
    context.clock.advance(1)  # type: ignore[attr-defined]
    return inference_id


def judge(context: Context, inference_id: str, value: bool, right: Any = None) -> None:  # noqa: F811
    given = feedback.NewFeedback(inference_id=inference_id, metric="accepted", value=value, demonstration=right)
    with context.db.begin() as tx:
        feedback.add(tx, context.keyring, "default", given, now_ms=context.clock.now_ms())
    context.clock.advance(1)  # type: ignore[attr-defined]


def accepted(context: Context, text: str, **options: Any) -> str:  # noqa: F811
    one = ask(context, text, **options)
    judge(context, one, True)
    return one


def extend(context: Context, *ids: str, **options: Any) -> FromTraces:  # noqa: F811
    return choosing.extend(context, "default", "desk", TraceChoice(inference_ids=ids, **options), by="usr_1")


def rows_of(context: Context, version: str) -> dict[str, DatasetRow]:  # noqa: F811
    with context.db.read() as tx:
        rows = datasets.rows(tx, context.keyring, context.blobs, "default", version)
        return {row.inference_id or row.record_id: row for row in rows}


def codes(found: FromTraces) -> dict[str, str]:
    return {one.inference_id: one.code for one in found.refused}


def test_rows_say_what_is_right_whose_they_are_and_where_they_come_from(context: Context, parent: str) -> None:  # noqa: F811
    taken = accepted(context, "my card is gone, call me: jane@example.org", user=LIVE)
    mended = ask(context, "who lends me money for a house", {"intent": "wrong"}, user=TRAINED)
    judge(context, mended, False, {"intent": "early"})
    judge(context, mended, False, {"intent": "mortgage"})
    found = extend(context, taken, mended, purpose="testing", legal_basis="consent")
    assert (found.added, found.refused, found.parent_id, found.redacted) == (2, (), parent, 1)
    rows = rows_of(context, found.version_id)
    assert rows[taken].body["question"] == "my card is gone, call me: [EMAIL]"
    assert (rows[taken].body["label"], rows[mended].body["label"]) == ("a", "mortgage")
    assert json.loads(rows[mended].body["answer"]) == {"intent": "mortgage"}
    assert (rows[taken].known, rows[mended].known) == (True, False)
    assert rows[mended].split == "train", "a person stays where they are"
    with context.db.read() as tx:
        kept = {row.inference_id: row for row in tx.execute(select(tables.record)) if row.inference_id}
        version = datasets.get_version(tx, "default", found.version_id)
        edges = {(row.source_kind, row.source_id) for row in tx.execute(select(tables.lineage))
                 if row.target_id == found.version_id}  # fmt: skip
        assert kept[taken].subject == context.keyring.subject_of(tx, "default", LIVE)
    assert {(one.purpose, one.legal_basis) for one in kept.values()} == {("testing", "consent")}
    assert all(one.retention_until_ms > context.clock.now_ms() for one in kept.values())
    assert (version.name, version.version, version.parent_id) == ("desk", 2, parent)
    assert edges == {("dataset_version", parent), ("source", f"feedback/desk/{found.version_id}")}


def test_whatever_becomes_no_row_is_refused_by_name(context: Context, parent: str) -> None:  # noqa: F811
    good = accepted(context, "can I pay abroad with it")
    mute = ask(context, "my question without an answer")
    judge(context, mute, False)
    odd = ask(context, "talk to me", "Hello there!")
    judge(context, odd, True)
    newest = accepted(context, "is there a limit at the machine")
    wanted = {
        "inf_nowhere": "unknown",
        ask(context, "nobody judged this"): "unjudged",
        mute: "no_right_answer",
        odd: "not_intent",
        accepted(context, "a fallback said so", fallback=True): "fallback",
        accepted(context, "it went wrong", status=500): "failed",
        accepted(context, "a shadow said so", arm="shadow", shadow_of="inf_x"): "shadow",
        accepted(context, "it holds no text", input=b"", output=b""): "no_text",
        accepted(context, "WHAT is the fee of a transfer?!"): "leak",
        accepted(context, "how do I open an account?"): "already",
        accepted(context, "any other thing of hers", user=TESTED): "tested_person",
        newest: "exact_duplicate",
    }
    last = accepted(context, "Is there a limit at the machine?")
    found = extend(context, good, last, *wanted)
    assert codes(found) == wanted
    assert all(one.reason for one in found.refused)
    assert found.added + len(found.refused) == len(wanted) + 2
    assert {one for one in rows_of(context, found.version_id) if one.startswith("inf_")} == {good, last}
    again = extend(context, good, last)
    assert (again.added, again.version_id, set(codes(again).values())) == (0, "", {"already"})


def test_the_newest_judgement_counts(context: Context, parent: str) -> None:  # noqa: F811
    one = ask(context, "may I close my account", {"intent": "close"})
    judge(context, one, False, {"intent": "open"})
    judge(context, one, True)
    assert rows_of(context, extend(context, one).version_id)[one].body["label"] == "close"


def test_a_dry_run_says_the_same_and_keeps_nothing(context: Context, parent: str) -> None:  # noqa: F811
    ids = (accepted(context, "can I pay abroad with it"), ask(context, "nobody judged this"))
    dry = extend(context, *ids, dry_run=True)
    assert (dry.added, dry.version_id, codes(dry)) == (1, "", {ids[1]: "unjudged"})
    with context.db.read() as tx:
        assert len(datasets.list_versions(tx, "default")) == 1
        assert not records.ids_of_inferences(tx, "default", ids)
    wet = extend(context, *ids)
    assert (wet.added, wet.splits, wet.refused) == (dry.added, dry.splits, dry.refused)


def test_a_task_of_other_answers_and_an_unknown_dataset_are_told(context: Context, parent: str) -> None:  # noqa: F811
    chat = ask(context, "talk to me", "Hello there!", task="chat")
    judge(context, chat, True)
    with pytest.raises(BadInput) as caught:
        extend(context, accepted(context, "can I pay abroad with it"), chat)
    assert caught.value.code == "not_intents"
    assert "'chat'" in str(caught.value)
    with pytest.raises(NotFound):
        choosing.extend(context, "default", "nowhere", TraceChoice(inference_ids=(chat,)), by="usr_1")


def test_nothing_of_a_text_stands_in_clear(context: Context, parent: str, tmp_path: Path) -> None:  # noqa: F811
    found = extend(context, accepted(context, "a sentence that stands nowhere else at all"))
    assert found.added == 1
    context.db.checkpoint()
    assert b"stands nowhere else" not in (tmp_path / "volant.db").read_bytes()
