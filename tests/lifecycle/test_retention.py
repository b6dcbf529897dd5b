"""What has run out goes, in files as well; numbers stay; models that learned from it say so; ingest goes on."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select, update

from volant.api.manage.retention import sweeper_of
from volant.app.bootstrap import open_context
from volant.core.accounts import DAY_MS
from volant.core.clock import ManualClock
from volant.core.errors import BadInput
from volant.core.nouns import Documents, InferenceRecord, Policy, Retention
from volant.core.settings import ServerSettings
from volant.jobs.context import Context
from volant.lifecycle import retention
from volant.lifecycle.retention import Pace
from volant.registry import audit, audit_log, documents, models, records
from volant.store import tables
from volant.traces import feedback, metrics
from volant.traces.ingest import ingest

NOW_MS = 1_800_000_000_000


def opened(data: Path, clock: ManualClock) -> Context:
    return open_context(data, ServerSettings(data_dir=str(data)), environment={}, publish=lambda: None, clock=clock)


@pytest.fixture
def context(tmp_path: Path) -> Any:
    made = opened(tmp_path / "data", ManualClock(NOW_MS))
    yield made
    made.db.close()


def asked(name: str, started_ms: int, text: str = "{}") -> InferenceRecord:
    facts: dict[str, Any] = {"trace_id": "t", "span_id": "s", "variant": "v", "deployment": "d", "model": "m"}
    return InferenceRecord(
        inference_id=name, project="default", key_id="k", task="helpdesk", subject=f"sub_{name}", tags={},
        started_ms=started_ms, latency_ms=5.0, ttft_ms=1.0, status=200, input=text.encode(), output=b"{}", **facts,
    )  # fmt: skip


def fill(context: Context, ages_days: list[float]) -> None:
    rows = [asked(f"inf_{number}", int(NOW_MS - age * DAY_MS)) for number, age in enumerate(ages_days)]
    for start in range(0, len(rows), 500):
        with context.db.begin() as tx:
            ingest(tx, context.keyring, rows[start : start + 500], now_ms=NOW_MS)


def keep(context: Context, **days: int) -> None:
    with context.db.begin() as tx:
        wanted = Documents(policy=Policy(retention_days=10_000), retention=Retention(**days))
        documents.apply(tx, "default", wanted, applied_by="t", now_ms=NOW_MS)


def count(context: Context, table: Any) -> int:
    with context.db.read() as tx:
        return int(tx.execute(select(func.count()).select_from(table)).scalar_one())


def test_each_kind_has_its_term_and_numbers_stay(context: Context) -> None:
    fill(context, [1, 40, 100, 500])
    with context.db.begin() as tx:
        for number, age in enumerate([1, 40, 100, 500]):
            at = int(NOW_MS - age * DAY_MS)
            given = feedback.NewFeedback(inference_id=f"inf_{number}", value=True, demonstration={"intent": "card"})
            feedback.add(tx, context.keyring, "default", given, now_ms=at)
    keep(context, payload_days=30, inference_days=200, feedback_days=90)
    with context.db.read() as tx:
        wanted = retention.terms(tx, "default")
        due = retention.preview(tx, context.blobs, "default", wanted, now_ms=NOW_MS)
    assert (due.texts, due.inferences, due.feedback, due.records) == (3, 1, 2, 0)
    done = sweeper_of(context).sweep("default")
    assert (done.texts, done.inferences, done.feedback, done.is_done) == (3, 1, 2, True)
    with context.db.read() as tx:
        rows = {row.id: row for row in tx.execute(select(tables.inference))}
        assert set(rows) == {"inf_0", "inf_1", "inf_2"}
        assert [rows[name].subject for name in sorted(rows)] == ["sub_inf_0", "", ""]
        assert tx.execute(select(tables.inference_payload.c.id)).scalars().all() == ["inf_0"]
        told = {row.inference_id: row.sealed is not None for row in tx.execute(select(tables.feedback))}
        assert told == {"inf_0": True, "inf_1": False}, "the text of a judgement goes with the answer's"
        total = metrics.metrics(tx, "default", since_ms=0, until_ms=NOW_MS + DAY_MS)
        assert total.requests == 4
        row = audit_log.entries(tx, audit_log.Filter(projects=("default",), action="retention.sweep"), 5)
        assert [one.detail for one in row] == [{"feedback": 2, "inferences": 1, "models": 0, "texts": 3}]
    again = sweeper_of(context).sweep("default")
    assert again.total == 0
    with context.db.read() as tx:
        assert len(audit_log.entries(tx, audit_log.Filter(projects=("default",), action="retention."), 5)) == 1


def test_zero_keeps_for_ever_and_the_shorter_of_two_terms_holds(context: Context) -> None:
    fill(context, [5000])
    keep(context, payload_days=0, inference_days=0, feedback_days=0)
    assert sweeper_of(context).sweep("default").total == 0
    assert retention.terms_of(Documents(policy=Policy(retention_days=7))).payload_days == 7
    assert retention.terms_of(Documents(retention=Retention(payload_days=9))).payload_days == 9
    assert retention.terms_of(Documents()).payload_days == 365, "as in the first release"
    with pytest.raises(BadInput, match="must not be negative"):
        keep(context, payload_days=-1)
    for days in (0, -1):  # in [retention] 0 is for ever; here it would be everything, at once
        wanted = Documents(policy=Policy(retention_days=days))
        with context.db.begin() as tx, pytest.raises(BadInput, match="1 day or more"):
            documents.apply(tx, "default", wanted, applied_by="t", now_ms=NOW_MS)


def test_what_was_said_after_the_answers_text_went_goes_too(context: Context) -> None:
    fill(context, [300])
    keep(context, payload_days=30, inference_days=0, feedback_days=0)
    assert sweeper_of(context).sweep("default").texts == 1

    def said(inference_id: str, age_days: float) -> None:
        given = feedback.NewFeedback(inference_id=inference_id, value=False, comment="call me at 0171 5550123")
        with context.db.begin() as tx:
            feedback.add(tx, context.keyring, "default", given, now_ms=int(NOW_MS - age_days * DAY_MS))

    said("inf_0", 100)
    said("inf_never_came", 100)
    said("inf_0", 10)
    with context.db.read() as tx:
        due = retention.preview(tx, context.blobs, "default", retention.terms(tx, "default"), now_ms=NOW_MS)
    assert due.texts == sweeper_of(context).sweep("default").texts == 2
    with context.db.read() as tx:
        rows = tx.execute(select(tables.feedback).order_by(tables.feedback.c.created_ms)).all()
    assert [(row.sealed is None, row.subject, row.value) for row in rows] == [
        (True, "", 0.0), (True, "", 0.0), (False, rows[2].subject, 0.0),
    ]  # fmt: skip
    assert sweeper_of(context).sweep("default").total == 0


def test_what_is_swept_is_nowhere_in_the_files(context: Context) -> None:
    with context.db.begin() as tx:
        row = asked("inf_x", NOW_MS - 90 * DAY_MS, '{"q": "' + "x" * 3000 + '"}')
        ingest(tx, context.keyring, [row], now_ms=NOW_MS)
        sealed = bytes(tx.execute(select(tables.inference_payload.c.sealed)).scalar_one())
    context.db.checkpoint()
    needle = sealed[10:40]
    assert needle in (context.data_dir / "volant.db").read_bytes()
    keep(context, payload_days=30)
    sweeper_of(context).sweep("default")
    left = [place.name for place in context.data_dir.glob("volant.db*") if needle in place.read_bytes()]
    assert left == []


def test_records_that_run_out_go_and_the_models_that_learned_from_them_say_so(
    released: Callable[[str], Path],
) -> None:
    data = released("0001")
    context = opened(data, ManualClock(NOW_MS))
    # every record of the fixture carries a year; by NOW_MS all but these have been given another
    with context.db.begin() as tx:
        ids = tx.execute(select(tables.record.c.id).order_by(tables.record.c.id)).scalars().all()
        out, stay = ids[:300], ids[300:]
        tx.execute(update(tables.record).values(retention_until_ms=NOW_MS + DAY_MS))
        tx.execute(update(tables.record).where(tables.record.c.id.in_(out)).values(retention_until_ms=NOW_MS - 1))
        learned = {one.id for one in retention.models_of_records(tx, context.blobs, "default", out)}
    assert learned, "the fixture's models learned from its records"
    with context.db.read() as tx:
        due = retention.preview(tx, context.blobs, "default", retention.terms(tx, "default"), now_ms=NOW_MS)
    assert (due.records, set(due.models)) == (300, learned)
    done = sweeper_of(context).sweep("default")
    assert (done.records, set(done.models)) == (300, learned)
    with context.db.read() as tx:
        assert set(tx.execute(select(tables.record.c.id)).scalars()) == set(stay)
        assert [one.id for one in records.read(tx, context.keyring, "default", out)] == []
        for model in models.list_models(tx, "default"):
            flags = [flag for flag in model.flags if flag["kind"] == retention.FLAG]
            assert bool(flags) == (model.id in learned)
            assert all(flag["records"] == 300 for flag in flags)
        assert audit.verify(tx, context.vault).intact
    with context.db.begin() as tx:
        tx.execute(update(tables.record).where(tables.record.c.id.in_(stay[:10])).values(retention_until_ms=NOW_MS - 1))
    sweeper_of(context).sweep("default")
    with context.db.read() as tx:
        flags = [flag for m in models.list_models(tx, "default") for flag in m.flags if flag["kind"] == retention.FLAG]
        assert {flag["records"] for flag in flags} == {310}, "one flag, which counts on"
    context.db.close()


def test_records_without_a_term_end_with_the_projects(context: Context) -> None:
    with context.db.begin() as tx:
        for number, age in enumerate([10, 100]):
            row = records.NewRecord(source="s", position=number, body={"text": "x"}, observed_ms=1)
            records.insert_records(tx, context.keyring, "default", [row], now_ms=NOW_MS - age * DAY_MS)
    assert sweeper_of(context).sweep("default").records == 0
    keep(context, record_days=50)
    assert sweeper_of(context).sweep("default").records == 1
    assert count(context, tables.record) == 1


def test_a_sweep_by_hand_ends_in_time_and_the_next_goes_on(context: Context) -> None:
    fill(context, [100] * 400)
    keep(context, payload_days=30)
    ticks = iter(range(10_000))
    sweeper = sweeper_of(context)
    sweeper.make_pace = lambda: Pace(rows=5, sleep=lambda seconds: None, monotonic=lambda: float(next(ticks)))
    first = sweeper.sweep("default", within_s=20)
    assert not first.is_done
    assert 0 < first.texts < 400
    sweeper.make_pace = Pace
    assert sweeper.sweep("default").texts == 400 - first.texts
    assert count(context, tables.inference_payload) == 0


def test_the_pace_follows_the_clock() -> None:
    took = [0.001] * 6 + [0.060] * 10
    moments: list[float] = []
    for seconds in took:
        moments += [0.0, seconds]
    steps, rested = iter(moments), []
    pace = Pace(rows=20, sleep=rested.append, monotonic=lambda: next(steps))
    sizes = []
    for _ in took:
        pace.run(lambda: None)
        sizes.append(pace.rows)
    assert sizes[:6] == [40, 80, 160, 320, 500, 500]
    assert sizes[-1] == retention._LEAST
    assert rested == pytest.approx([retention._REST * seconds for seconds in took])
    assert pace.longest_ms == pytest.approx(60)


def test_ingest_goes_on_while_thousands_are_swept(context: Context) -> None:
    """Writers wait for a transaction of the sweep at most; what they wait is measured from their side."""
    fill(context, [100] * 3000)  # on a busy machine the pace is five rows and a rest
    keep(context, payload_days=30, inference_days=60)
    waits: list[float] = []
    finished = threading.Event()

    def write() -> None:
        number = 0
        while not finished.is_set():
            number += 1
            began = time.monotonic()
            with context.db.begin() as tx:
                waits.append((time.monotonic() - began) * 1000)
                ingest(tx, context.keyring, [asked(f"inf_new_{number}", NOW_MS)], now_ms=NOW_MS)
            time.sleep(0.002)

    writer = threading.Thread(target=write)
    writer.start()
    swept = time.monotonic()
    done = sweeper_of(context).sweep("default")
    lasted_ms = (time.monotonic() - swept) * 1000
    finished.set()
    writer.join()
    assert (done.texts, done.inferences) == (3000, 3000)
    waits.sort()
    assert len(waits) > 50
    most = waits[int(len(waits) * 0.95)]
    assert most < max(250, lasted_ms / 10), f"95 of 100 waited less than {most:.0f} ms of {lasted_ms:.0f} ms"
    with context.db.read() as tx:
        kept = tx.execute(select(func.count()).select_from(tables.inference)).scalar_one()
    assert kept == len(waits)


def test_a_database_made_by_the_first_release_has_the_terms_it_had(released: Callable[[str], Path]) -> None:
    data = released("0001")
    with closing(sqlite3.connect(data / "volant.db")) as connection:
        newest = connection.execute("select max(started_ms) from inference").fetchone()[0]
    context = opened(data, ManualClock(newest + 300 * DAY_MS))
    with context.db.read() as tx:
        wanted = retention.terms(tx, "default")
        due = retention.preview(tx, context.blobs, "default", wanted, now_ms=newest + 300 * DAY_MS)
    context.db.close()
    assert due.total == 0
