"""From files to dataset version 1, and from reviewed answers to version 2, on a real store."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
from sqlalchemy import select

from volant.core.clock import ManualClock
from volant.core.errors import BadInput, Conflict
from volant.core.ids import new_id, new_span_id, new_trace_id
from volant.core.nouns import InferenceRecord
from volant.core.settings import ServerSettings
from volant.jobs.actions import ImportOptions, Upload
from volant.jobs.context import Context
from volant.jobs.executor import LocalExecutor
from volant.jobs.workflows import Workflows
from volant.loop import harvest, intake
from volant.registry import datasets
from volant.store import tables
from volant.store.blobs import Blobs
from volant.store.database import Database
from volant.store.keys import KeyRing
from volant.traces import feedback, ingest

EXAMPLE = Path(__file__).parents[2] / "examples" / "helpdesk" / "questions.csv"
OPTIONS = ImportOptions(dataset="desk", known_share=2 / 3, seed=3, language="en")


@pytest.fixture
def context(database: Database, ring: KeyRing, tmp_path: Path) -> Context:
    return Context(
        data_dir=tmp_path, settings=ServerSettings(), clock=ManualClock(), db=database, vault=ring.vault, keyring=ring,
        blobs=Blobs(tmp_path / "blobs"), executor=LocalExecutor(tmp_path),
        workflows=Workflows(f"sqlite:///{tmp_path / 'dbos.db'}"), publish=lambda: None,
    )  # fmt: skip


@pytest.fixture
def upload(tmp_path: Path) -> Upload:
    """900 rows of the example."""
    with EXAMPLE.open(newline="", encoding="utf-8") as source:
        rows = list(csv.reader(source))[:901]
    return _upload(tmp_path / "questions.csv", rows)


def _upload(place: Path, rows: list[list[str]], role: str = "data") -> Upload:
    with place.open("w", newline="", encoding="utf-8") as target:
        csv.writer(target).writerows(rows)
    return Upload(path=place, name=place.name, role="test" if role == "test" else "data")


def test_every_row_is_accounted_for_and_later_products_are_asked_live(upload: Upload) -> None:
    made = intake.prepare([upload], OPTIONS)
    kept = sum(len(rows) for rows in made.parts.values())
    assert made.funnel["rows_in"] == kept + sum(made.funnel["removed"].values()) + len(made.funnel["rejected"])
    known = set(made.known)
    assert 0 < len(known) < len(made.funnel["labels"])
    for part in ("train", "validation"):
        assert {row.label for row in made.parts[part]} <= known
    assert {row.label for row in made.parts["pool_a"]} - known
    pools = [{row.user for row in made.parts[name]} for name in ("pool_a", "pool_b", "test")]
    assert not pools[0] & pools[1]
    assert not pools[1] & pools[2]
    assert not pools[0] & pools[2]


def test_a_given_test_stays_whole_and_its_copies_leave_train(upload: Upload, tmp_path: Path) -> None:
    with upload.path.open(newline="", encoding="utf-8") as source:
        rows = list(csv.reader(source))
    leaked = [[rows[at][0].upper() + " !!", rows[at][1]] for at in (5, 6, 7)]
    fresh = [["does the moon charge interest", rows[1][1]]]
    test = _upload(tmp_path / "test.csv", [rows[0], *leaked, *fresh], "test")
    made = intake.prepare([upload, test], OPTIONS)
    assert len(made.parts["test"]) == 4
    assert len(made.leaks) == 3
    train = {row.line for name, part in made.parts.items() if name != "test" for row in part}
    assert not {6, 7, 8} & train  # the file's lines of rows 5, 6 and 7


def test_the_same_files_make_one_version_and_nothing_stands_in_clear(
    context: Context, upload: Upload, tmp_path: Path
) -> None:
    first = intake.import_dataset(context, "default", [upload], OPTIONS)
    assert intake.import_dataset(context, "default", [upload], OPTIONS) == first
    with context.db.read() as tx:
        rows = list(datasets.rows(tx, context.keyring, context.blobs, "default", first))
    context.db.checkpoint()
    stored = (tmp_path / "volant.db").read_bytes()
    texts = [row.body["question"] for row in rows if len(row.body["question"]) > 30]
    assert len(texts) > 300
    assert not [text for text in texts if text.encode() in stored]


def test_shares_that_leave_nothing_to_train_on_are_refused(tmp_path: Path) -> None:
    rows = [["question", "intent"]] + [[f"where is parcel number {n} of mine", "parcel"] for n in range(60)]
    with pytest.raises(BadInput) as caught:
        intake.prepare([_upload(tmp_path / "q.csv", rows)], ImportOptions(dataset="d", shares={"pool_b": 1.0}))
    assert caught.value.code == "bad_shares"


def test_reviewed_answers_become_version_two_without_the_test(context: Context, upload: Upload) -> None:
    parent = intake.import_dataset(context, "default", [upload], OPTIONS)
    with context.db.read() as tx:
        rows = list(datasets.rows(tx, context.keyring, context.blobs, "default", parent))
    live = [row.body["question"] for row in rows if row.split == "pool_a"][:40]
    tested = next(row.body["question"] for row in rows if row.split == "test")
    asked = [_ask(context, f"pool_a/{n}", text) for n, text in enumerate([*live, tested])]
    bridged = _ask(context, "pool_a/bridged", "who bridges this", fallback=True)
    for inference_id in (*asked, bridged):
        _review(context, inference_id, "card_arrival")
    version = harvest.extend(context, "default", "desk", parent, new_id("dataset_version"), 2**50)
    with context.db.read() as tx:
        grown = list(datasets.rows(tx, context.keyring, context.blobs, "default", version))
    fresh = [row for row in grown if row.inference_id]
    assert {row.inference_id for row in fresh} == set(asked[:-1])  # neither the test's question nor the fallback's
    assert {row.body["label"] for row in fresh} == {"card_arrival"}
    assert len(grown) == len(rows) + len(fresh)
    assert harvest.extend(context, "default", "desk", parent, version, 2**50) == version


def test_too_few_reviews_are_refused_with_what_to_do(context: Context, upload: Upload) -> None:
    parent = intake.import_dataset(context, "default", [upload], OPTIONS)
    _review(context, _ask(context, "pool_a/0", "one question only, please"), "card_arrival")
    with pytest.raises(Conflict) as caught:
        harvest.extend(context, "default", "desk", parent, new_id("dataset_version"), 2**50)
    assert caught.value.code == "too_few_reviews"
    with context.db.read() as tx:
        assert len(tx.execute(select(tables.dataset_version.c.id)).all()) == 1


def _ask(context: Context, item: str, text: str, *, fallback: bool = False) -> str:
    inference_id = new_id("inference")
    with context.db.begin() as tx:
        subject = context.keyring.subject_of(tx, "default", item)
        record = InferenceRecord(
            inference_id=inference_id, project="default", key_id="key_1", trace_id=new_trace_id(),
            span_id=new_span_id(),
            task="desk", variant="v1", deployment="v1", model="m", subject=subject,
            tags={"item": item}, started_ms=context.clock.now_ms(), latency_ms=1.0, ttft_ms=1.0, status=200,
            fallback=fallback,
            input=json.dumps({"messages": [{"role": "user", "content": text}]}).encode(),
            output=json.dumps({"choices": [{"message": {"role": "assistant", "content": "{}"}}]}).encode(),
        )  # fmt: skip
        ingest.ingest(tx, context.keyring, [record], now_ms=context.clock.now_ms())
    return inference_id


def _review(context: Context, inference_id: str, label: str) -> None:
    given = feedback.NewFeedback(
        inference_id=inference_id, metric="accepted", value=False, demonstration={"intent": label}, source="agent"
    )
    with context.db.begin() as tx:
        feedback.add(tx, context.keyring, "default", given, now_ms=context.clock.now_ms())
