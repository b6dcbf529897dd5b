"""Ingest: idempotent, sealed by person, rollups exact."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import func, select

from volant.core.errors import NotFound
from volant.core.nouns import InferenceRecord
from volant.store.database import Database
from volant.store.keys import KeyRing
from volant.store.tables import inference, inference_payload, lease, model_call, rollup, spend
from volant.store.vault import Vault
from volant.traces import feedback, query, usage
from volant.traces.ingest import ingest
from volant.traces.metrics import metrics, metrics_by

Make = Callable[..., InferenceRecord]
START_MS = 1_700_000_040_000


def test_a_batch_that_comes_twice_counts_once(database: Database, ring: KeyRing, make: Make) -> None:
    batch = [make(subject=f"sub_{n % 3}", latency_ms=float(n + 1)) for n in range(10)]
    with database.begin() as tx:
        first = ingest(tx, ring, [*batch[:6], batch[0]], now_ms=1)
    with database.begin() as tx:
        second = ingest(tx, ring, batch, now_ms=2)
    assert (first.new, first.known) == (6, 1)
    assert (second.new, second.known) == (4, 6)
    with database.read() as tx:
        assert tx.execute(select(func.count()).select_from(inference)).scalar_one() == 10
        assert tx.execute(select(func.count()).select_from(inference_payload)).scalar_one() == 10
        assert tx.execute(select(func.count()).select_from(model_call)).scalar_one() == 10
        whole = metrics(tx, "default", since_ms=START_MS, until_ms=START_MS + 1)
    assert (whole.requests, whole.input_tokens, whole.output_tokens) == (10, 100, 40)
    assert whole.cost_usd == pytest.approx(0.01)
    assert whole.latency_ms_mean == pytest.approx(5.5)
    assert whole.latency_ms_p50 == pytest.approx(5.0, rel=0.01)
    assert whole.latency_ms_p95 == pytest.approx(9.0, rel=0.01)
    assert whole.corrected_share is None


def test_payloads_open_for_their_inference_and_stand_nowhere_in_clear(
    database: Database, ring: KeyRing, make: Make, tmp_path: Path
) -> None:
    record = make(subject="sub_a", input=b"my very own words " * 3)
    nobodys = make(input=b"words of a caller without users")
    silent = make(input=b"", output=b"")
    with database.begin() as tx:
        ingest(tx, ring, [record, nobodys, silent], now_ms=1)
    database.checkpoint()
    stored = (tmp_path / "volant.db").read_bytes()
    assert b"very own words" not in stored
    assert b"caller without users" not in stored
    with database.read() as tx:
        opened = query.get_payload(tx, ring, "default", record.inference_id)
        assert opened is not None
        assert (opened.input, opened.output) == (record.input, record.output)
        assert query.get_payload(tx, ring, "default", nobodys.inference_id) is not None
        assert query.get_payload(tx, ring, "default", silent.inference_id) is None
        assert query.get_payload(tx, ring, "other", record.inference_id) is None
    with database.begin() as tx:
        ring.destroy(tx, "default", "sub_a", now_ms=2)
        assert query.get_payload(tx, ring, "default", record.inference_id) is None


def test_a_late_record_of_an_erased_person_keeps_its_numbers_only(
    database: Database, ring: KeyRing, make: Make
) -> None:
    late = make(subject="sub_a", session="s1", tags={"item": "A/1", "mood": "x"}, started_ms=START_MS)
    later = make(subject="sub_a", started_ms=START_MS + 5000)
    with database.begin() as tx:
        ring.destroy(tx, "default", "sub_a", now_ms=START_MS + 1000)
        done = ingest(tx, ring, [late, later], now_ms=START_MS + 6000)
    assert (done.new, done.dropped_payloads) == (2, 1)
    first, second = done.fresh
    assert (first.inference_id, first.subject, first.session, first.tags) == (late.inference_id, "", "", {})
    assert (first.input, first.output) == (b"", b""), "whoever hears of new records hears what was written"
    assert first.input_tokens == late.input_tokens
    assert second == later
    with database.read() as tx:
        row = query.get_inference(tx, "default", late.inference_id)
        assert (row.subject, row.session, row.tags, row.item) == ("", "", {}, "A/1")
        assert row.erased_ms == START_MS + 1000
        assert query.get_payload(tx, ring, "default", late.inference_id) is None
        assert query.get_payload(tx, ring, "default", later.inference_id) is not None
        assert metrics(tx, "default", since_ms=START_MS, until_ms=START_MS + 60_000).requests == 2


def test_an_unknown_project_is_refused_and_does_not_hold_up_the_rest(
    database: Database, ring: KeyRing, make: Make
) -> None:
    with database.begin() as tx:
        done = ingest(tx, ring, [make(project="nowhere"), make(project="other"), make()], now_ms=1)
    assert (done.new, done.refused) == (2, 1)


def test_slices_add_up(database: Database, ring: KeyRing, make: Make) -> None:
    batch = [
        make(variant="first"),
        make(variant="second", arm="canary", status=502, error_code="upstream_failed"),
        make(variant="first", deployment="spare", fallback=True, started_ms=START_MS + 60_000),
        make(variant="second", arm="shadow"),
        make(task="other-task"),
    ]
    with database.begin() as tx:
        ingest(tx, ring, batch, now_ms=1)
    with database.read() as tx:
        span = {"since_ms": START_MS, "until_ms": START_MS + 120_000}
        whole = metrics(tx, "default", task="intent", **span)
        assert (whole.requests, whole.errors, whole.fallbacks) == (3, 1, 1)
        assert whole.error_share == pytest.approx(1 / 3)
        arms = metrics_by(tx, "default", "arm", task="intent", arms=("live", "canary", "shadow"), **span)
        assert {arm: one.requests for arm, one in arms.items()} == {"canary": 1, "live": 2, "shadow": 1}
        minutes = metrics_by(tx, "default", "minute_ms", task="intent", **span)
        assert {minute: one.requests for minute, one in minutes.items()} == {
            str(START_MS): 2,
            str(START_MS + 60_000): 1,
        }
        assert metrics(tx, "default", task="intent", since_ms=START_MS, until_ms=START_MS).requests == 0
        assert tx.execute(select(func.sum(rollup.c.requests))).scalar_one() == 5


def test_an_inference_is_found_by_either_id(database: Database, ring: KeyRing, make: Make) -> None:
    record = make()
    with database.begin() as tx:
        ingest(tx, ring, [record], now_ms=1)
    with database.read() as tx:
        ours = query.get_inference(tx, "default", record.inference_id)
        assert query.get_inference(tx, "default", f"chatcmpl-{record.inference_id}") == ours
        assert [call.status for call in query.get_calls(tx, ours.id)] == [200]
        for project, identifier in (("other", record.inference_id), ("default", "inf_none"), ("default", "")):
            with pytest.raises(NotFound, match="no inference"):
                query.get_inference(tx, project, identifier)


def test_lists_page_through_everything_once(database: Database, ring: KeyRing, make: Make) -> None:
    batch = [
        make(started_ms=START_MS + n // 3, tags={"item": f"A/{n:03d}"}, fallback=n % 5 == 0, subject=f"sub_{n % 2}")
        for n in range(25)
    ]
    with database.begin() as tx:
        ingest(tx, ring, batch, now_ms=1)
    seen: list[str] = []
    with database.read() as tx:
        before = ""
        while page := query.list_inferences(tx, "default", query.Filter(limit=7, before=before)):
            seen += [row.id for row in page]
            before = query.cursor(page[-1])
        assert sorted(seen) == sorted(record.inference_id for record in batch)
        assert len(query.list_inferences(tx, "default", query.Filter(fallback=True))) == 5
        assert len(query.list_inferences(tx, "default", query.Filter(item_prefix="A/01", subject="sub_1"))) == 5
        assert len(query.list_inferences(tx, "default", query.Filter(since_ms=START_MS + 8))) == 1
        assert query.list_inferences(tx, "default", query.Filter(failed=True)) == []
        assert query.list_inferences(tx, "other", query.Filter()) == []
        assert len(query.ids_of_subject(tx, "default", "sub_0")) == 13


def test_items_show_what_was_answered(database: Database, ring: KeyRing, make: Make) -> None:
    good = make(tags={"item": "A/1"}, started_ms=START_MS)
    failed = make(tags={"item": "A/1"}, started_ms=START_MS + 1, status=503)
    bridged = make(tags={"item": "A/2"}, fallback=True)
    shadow = make(tags={"item": "A/3"}, arm="shadow", shadow_of="inf_x")
    with database.begin() as tx:
        ingest(tx, ring, [good, failed, bridged, shadow, make(tags={"item": "B/1"})], now_ms=1)
    with database.read() as tx:
        items = query.items_recorded(tx, "default", "A/")
    assert set(items) == {"A/1", "A/2"}
    assert items["A/1"].inference_id == good.inference_id
    assert items["A/2"].fallback


def test_postgresql_keeps_the_same(postgres: str, make: Make) -> None:
    """The statements that go to the driver as they are: known ids, waiting feedback, sums, leases of a gone worker."""
    pool = Database.open(postgres)
    pool.migrate()
    ring = KeyRing(pool, Vault(b"m" * 32))
    batch = [make(subject=f"sub_{n % 3}", holder="m0.1.x", latency_ms=n + 1.0, fallback=n == 9) for n in range(10)]
    judgement = feedback.NewFeedback(inference_id=batch[3].inference_id, value=False, comment="no")
    by_response = feedback.NewFeedback(response_id=batch[4].calls[0].provider_response_id, value=True)
    with pool.begin() as tx:
        ring.ensure_project(tx, "default", now_ms=1)
        for given in (judgement, by_response):
            assert feedback.add(tx, ring, "default", given, now_ms=1).pending
        tx.execute(lease.insert().values(account="key_1", holder="m0.1.x", day="2023-11-14", ended=1))
        tx.execute(lease.insert().values(account="task:default/intent", holder="m0.1.x", day="2023-11-14", ended=0))
    with pool.begin() as tx:
        first = ingest(tx, ring, batch[:6], now_ms=1)
    with pool.begin() as tx:
        second = ingest(tx, ring, batch, now_ms=2)
    assert (first.new, first.feedback, second.new, second.known) == (6, 2, 4, 6)
    with pool.read() as tx:
        whole = metrics(tx, "default", since_ms=START_MS, until_ms=START_MS + 1)
        used = {row.name: row.requests for row in usage.by_name(tx, "default", "key", since_day="2023-11-01")}
        recorded = {row[0]: row[1] for row in tx.execute(select(lease.c.account, lease.c.recorded_usd))}
        counted = tx.execute(select(spend.c.usd).where(spend.c.account == "key_1")).scalars().all()
        opened = query.get_payload(tx, ring, "default", batch[0].inference_id)
    assert (whole.requests, whole.fallbacks, whole.latency_ms_mean) == (10, 1, pytest.approx(5.5))
    assert whole.corrected_share == pytest.approx(0.5)
    assert used == {"key_1": 10}
    assert recorded == {"key_1": pytest.approx(0.01), "task:default/intent": pytest.approx(0.01)}
    assert not counted, "whoever holds the account's lock counts it"
    assert opened is not None
    assert opened.input == batch[0].input
    pool.close()
