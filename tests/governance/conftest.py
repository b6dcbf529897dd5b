"""A small bank's data directory, made through the real functions: two customers, their traces, data and models."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from pathlib import Path

import msgspec
import pytest

from volant.core.clock import ManualClock
from volant.core.ids import new_id, new_span_id, new_trace_id
from volant.core.nouns import InferenceRecord, ItemScore, Metric, Report
from volant.governance.erasure import House
from volant.registry import datasets, models, records, releases, reports, runs
from volant.registry.records import NewRecord
from volant.store.blobs import Blobs
from volant.store.database import Database
from volant.store.keys import KeyRing
from volant.store.spool import SpoolWriter
from volant.store.vault import Vault
from volant.traces import feedback
from volant.traces.drain import TraceDrain
from volant.traces.feedback import NewFeedback

PROJECT, TASK = "default", "helpdesk-intent"
ANNA, BEN = "anna.kowalska-0042", "ben.okafor-0007"
ANNA_RECORDS = (
    'My "travel" card was swallowed by the machine in Łódź, what now?',
    "Why did the café charge me 14.90 € twice on Sunday morning?",
    "A very long complaint: " + " and then again the transfer to my landlord bounced," * 400,  # overflow pages
)
ANNA_ASKED = ("Is it normal that my salary is three days late?", "Can my sister in Gdańsk use my second account?")
ANNA_IN_SPOOL = "One more thing: please close the savings pot I forgot."
ANNA_COMMENT = "Customer rang twice about the Gdańsk sister, be kind to her."
ANNA_TEXTS = (*(text.strip() for text in ANNA_RECORDS), *ANNA_ASKED, ANNA_COMMENT)
BEN_RECORDS = ("How do I raise my cash limit before the holidays?", "Who do I call about a lost umbrella?")
BEN_ASKED = ("Does the app work in Lagos without roaming?", ANNA_ASKED[0])  # he says the same words as Anna


@dataclass(kw_only=True)
class Bank:
    """The house, and what a test needs to know of it."""

    project: str = PROJECT
    task: str = TASK
    name: str = ANNA
    texts: tuple[str, ...] = ANNA_TEXTS  # of Anna, already in the database
    waiting: str = ANNA_IN_SPOOL  # of Anna, in the spool
    bens: tuple[str, ...] = (*BEN_RECORDS, *BEN_ASKED)
    both_said: str = ANNA_ASKED[0]
    house: House
    anna: str  # subjects
    ben: str
    anna_key: bytes
    model_ids: tuple[str, ...]  # learned from Anna; based on that one; learned from nobody
    version_id: str
    report_id: str
    run_id: str
    drain: TraceDrain

    @property
    def vault(self) -> Vault:
        return self.house.ring.vault

    @property
    def data(self) -> Path:
        return self.house.data_dir

    def drain_once(self) -> None:
        self.drain.run_once()

    def ask(self, text: str, *, user: str = ANNA, worker: str = "0", close: bool = True) -> SpoolWriter:
        """A request through the gateway, into its spool."""
        with self.house.db.read() as tx:
            subject = self.house.ring.subject_of(tx, PROJECT, user)
        writer = SpoolWriter(self.data / "spool" / worker, self.vault.spool_key)
        writer.append(msgspec.msgpack.encode(asked(subject, user, text, self.house.clock.now_ms())))
        if close:
            writer.close()
        return writer


def asked(subject: str, user: str, text: str, started_ms: int) -> InferenceRecord:
    """An inference as a gateway spools it."""
    body = {"model": TASK, "user": user, "messages": [{"role": "system", "content": "Answer with an intent as JSON."},
                                                     {"role": "user", "content": text}]}  # fmt: skip
    answer = {"choices": [{"message": {"role": "assistant", "content": '{"intent": "card_swallowed"}'}}]}
    return InferenceRecord(
        inference_id=new_id("inference"),
        project=PROJECT,
        key_id="key_1",
        trace_id=new_trace_id(),
        span_id=new_span_id(),
        task=TASK,
        variant="first",
        deployment="small",
        model="small",
        subject=subject,
        session=f"chat-of-{user}",
        tags={"item": "q-1", "who": user},
        started_ms=started_ms,
        latency_ms=12.5,
        ttft_ms=3.0,
        status=200,
        input_tokens=10,
        output_tokens=4,
        input=msgspec.json.encode(body),
        output=msgspec.json.encode(answer),
    )


def open_house(data: Path, clock: ManualClock) -> House:
    """As control opens it."""
    vault = Vault((data / "master.key").read_bytes())
    db = Database.open(f"sqlite:///{data / 'volant.db'}")
    return House(data_dir=data, db=db, ring=KeyRing(db, vault), blobs=Blobs(data / "blobs"), clock=clock)


@pytest.fixture
def bank(tmp_path: Path) -> Bank:
    data = tmp_path / "data"
    for folder in ("run", "runs", "spool", "engines/small", "models"):
        (data / folder).mkdir(parents=True)
    (data / "master.key").write_bytes(bytes(range(32)))
    clock = ManualClock()
    house = open_house(data, clock)
    house.db.migrate()
    ring, now = house.ring, clock.now_ms()
    with house.db.begin() as tx:
        ring.ensure_project(tx, PROJECT, now_ms=now)
        anna, ben = ring.subject_of(tx, PROJECT, ANNA), ring.subject_of(tx, PROJECT, BEN)
        rows = [(anna, text) for text in ANNA_RECORDS] + [(ben, text) for text in BEN_RECORDS] + [("", "Nobody asked.")]
        made = [
            NewRecord(source="import:bank.csv", position=at, body={"question": text, "label": "x"}, subject=subject)
            for at, (subject, text) in enumerate(rows)
        ]
        ids = records.insert_records(tx, ring, PROJECT, made, now_ms=now)
        members = [(one, "train" if at else "test", True) for at, one in enumerate(ids)]
        version = datasets.create_version(tx, house.blobs, PROJECT, "bank", members, now_ms=now)
        bens = [(one, "train", True) for one in ids[3:5]]
        other = datasets.create_version(tx, house.blobs, PROJECT, "others", bens, now_ms=now)
        learned = [_model(tx, version.id, clock), "", ""]
        learned[1] = models.register(tx, PROJECT, "helpdesk", base_model_id=learned[0], now_ms=now).id
        learned[2] = _model(tx, other.id, clock)
        release = releases.create_release(tx, PROJECT, task=TASK, variant="first", model_id=learned[0], now_ms=now)
        releases.move(tx, PROJECT, release.id, "live", now_ms=now)
        score = Metric(name="exact", value=0.5, low=0.2, high=0.8, n=2)
        items = [ItemScore(item=f"bank:{at}", cluster=who, score=1.0, known=True) for at, who in enumerate((anna, ben))]
        report = Report(
            report_id=new_id("report"), suite="accuracy", model_id=learned[2], dataset_version_id=version.id,
            metrics=(score,), items=tuple(items),
        )  # fmt: skip
        reports.add_report(tx, PROJECT, report, now_ms=now)
        run_id = new_id("run")
    drain = TraceDrain(house.db, ring, data / "spool", clock)
    spool = SpoolWriter(data / "spool" / "0", ring.vault.spool_key)
    first = [asked(anna, ANNA, text, now) for text in ANNA_ASKED] + [asked(ben, BEN, text, now) for text in BEN_ASKED]
    for record in first:
        spool.append(msgspec.msgpack.encode(record))
    spool.close()
    drain.run_once()
    with house.db.begin() as tx:
        given = NewFeedback(inference_id=first[0].inference_id, value=False, comment=ANNA_COMMENT, source="agent")
        feedback.add(tx, ring, PROJECT, given, now_ms=now)
        anna_key = ring.subject_keys(tx, PROJECT, [anna])[anna].raw
    assert anna_key is not None
    late = SpoolWriter(data / "spool" / "1", ring.vault.spool_key)
    late.append(msgspec.msgpack.encode(asked(anna, ANNA, ANNA_IN_SPOOL, now)))
    late.close()
    _others(data, ring.vault, anna, run_id)
    return Bank(
        house=house, anna=anna, ben=ben, anna_key=anna_key, model_ids=tuple(learned), version_id=version.id,
        report_id=report.report_id, run_id=run_id, drain=drain,
    )  # fmt: skip


def _model(tx, version_id: str, clock: ManualClock) -> str:  # type: ignore[no-untyped-def]
    run = runs.create_run(
        tx, PROJECT, "train", {"splits": ["train"]}, now_ms=clock.now_ms(), inputs=[("dataset_version", version_id)]
    )
    return models.register(
        tx, PROJECT, "helpdesk", run_id=run.id, dataset_version_id=version_id, now_ms=clock.now_ms()
    ).id


def _others(data: Path, vault: Vault, anna: str, run_id: str) -> None:
    """Files of other processes: workflows, a snapshot, a finished run, weights, a log."""
    with sqlite3.connect(data / "dbos.db") as workflows:
        workflows.execute("PRAGMA journal_mode=WAL")
        workflows.execute("CREATE TABLE workflow_status (workflow_uuid TEXT PRIMARY KEY, inputs TEXT)")
        workflows.execute("INSERT INTO workflow_status VALUES ('build-1', '[\"dsv_1\"]')")
    workflows.close()
    (data / "snapshot.sealed").write_bytes(vault.seal(vault.snapshot_key, b'{"revision": 7}'))
    (data / "runs" / run_id).mkdir()
    (data / "runs" / run_id / "result.json").write_text(f'{{"state":"done","items":[{{"cluster":"{anna}"}}]}}')
    (data / "models" / "model.gguf").write_bytes(bytes(i * i % 251 for i in range(200_000)))
    (data / "engines" / "small" / "log.txt").write_text("listening on 127.0.0.1\n" * 100)
