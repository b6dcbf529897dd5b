"""Housekeeping: texts end with their term, numbers stay; a killed import's uploads are swept."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from volant.api.manage.datasets import UPLOAD_PREFIX
from volant.api.manage.retention import sweeper_of
from volant.app.bootstrap import open_context
from volant.app.housekeeping import sweep_uploads, tidy
from volant.core.accounts import DAY_MS
from volant.core.clock import ManualClock
from volant.core.nouns import Documents, InferenceRecord, Policy
from volant.core.settings import ServerSettings
from volant.registry import documents, keys
from volant.store.tables import feedback as feedbacks
from volant.store.tables import inference, inference_payload
from volant.traces import feedback, metrics
from volant.traces.ingest import ingest


def test_texts_end_with_the_projects_term_and_numbers_stay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    clock = ManualClock()
    settings = ServerSettings(data_dir=str(tmp_path / "data"))
    context = open_context(tmp_path / "data", settings, environment={}, publish=lambda: None, clock=clock)

    def record(name: str, started_ms: int) -> InferenceRecord:
        facts: dict[str, Any] = {"trace_id": "t", "span_id": "s", "variant": "v", "deployment": "d", "model": "m"}
        return InferenceRecord(
            inference_id=name, project="default", key_id="k", task="helpdesk", subject="sub_1", tags={"item": name},
            started_ms=started_ms, latency_ms=5.0, ttft_ms=1.0, status=200, input=b"{}", output=b"{}", **facts,
        )  # fmt: skip

    begun = clock.now_ms()
    with context.db.begin() as tx:
        documents.apply(tx, "default", Documents(policy=Policy(retention_days=10)), applied_by="t", now_ms=1)
        ingest(tx, context.keyring, [record("old", begun), record("new", begun + 5 * DAY_MS)], now_ms=begun)
        given = feedback.NewFeedback(inference_id="old", value=False, demonstration={"intent": "card"})
        feedback.add(tx, context.keyring, "default", given, now_ms=begun)
    sweeper = sweeper_of(context)
    assert tidy(context, sweeper).texts == 0
    clock.advance(10 * DAY_MS + 1)
    assert tidy(context, sweeper).texts == 1
    assert tidy(context, sweeper).texts == 0
    with context.db.read() as tx:
        assert list(tx.execute(select(inference_payload.c.id)).scalars()) == ["new"]
        rows = {row.id: row for row in tx.execute(select(inference))}
        assert (rows["old"].subject, rows["old"].tags, rows["old"].latency_ms) == ("", "{}", 5.0)
        assert rows["new"].subject == "sub_1"
        kept = tx.execute(select(feedbacks)).one()
        assert (kept.sealed, kept.corrected) == (None, 1)
        counted = metrics.metrics(tx, "default", since_ms=begun, until_ms=begun + 20 * DAY_MS)
        assert (counted.requests, counted.corrected) == (2, 1)
    context.db.close()


def test_keys_that_a_page_made_for_itself_go_a_week_after_their_end(tmp_path: Path) -> None:
    clock = ManualClock()
    settings = ServerSettings(data_dir=str(tmp_path / "data"))
    context = open_context(tmp_path / "data", settings, environment={}, publish=lambda: None, clock=clock)
    ends = clock.now_ms() + 60_000
    with context.db.begin() as tx:
        for name, expires_ms in (("playground of Ada", ends), ("playground of Ben", 0), ("app", ends)):
            keys.create_key(
                tx, "default", name=name, scopes=("inference",), now_ms=clock.now_ms(), expires_ms=expires_ms
            )
    sweeper = sweeper_of(context)
    left = []
    for days in (0, 6, 2):
        clock.advance(days * DAY_MS)
        tidy(context, sweeper)
        with context.db.read() as tx:
            left.append({key.name for key in keys.list_keys(tx, "default")} - {"root"})
    everything = {"playground of Ada", "playground of Ben", "app"}
    assert left == [everything, everything, {"playground of Ben", "app"}]
    context.db.close()


def test_uploads_of_the_dead_are_swept_and_those_of_the_living_stay(tmp_path: Path) -> None:
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    for number in (dead.pid, os.getpid()):
        (tmp_path / f"{UPLOAD_PREFIX}{number}-x").mkdir()
        (tmp_path / f"{UPLOAD_PREFIX}{number}-x" / "data.csv").write_text("question")
    (tmp_path / "somebody-elses").mkdir()
    assert sweep_uploads(tmp_path) == 1
    assert sorted(place.name for place in tmp_path.iterdir()) == ["somebody-elses", f"{UPLOAD_PREFIX}{os.getpid()}-x"]
    assert sweep_uploads(tmp_path, leaving=True) == 1
    assert [place.name for place in tmp_path.iterdir()] == ["somebody-elses"]
