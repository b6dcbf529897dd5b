"""What the loop does by itself stands in the audit: once, though a step is done again, and under who decided it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from tests.loop.test_rolling import PLACE, PLAN, TASK, _later, _users

from volant.core.clock import ManualClock
from volant.core.errors import Conflict
from volant.core.ids import new_id, new_span_id, new_trace_id
from volant.core.nouns import Documents, GateSpec, InferenceRecord, MonitorSpec, VariantSpec
from volant.core.settings import ServerSettings
from volant.jobs.actions import RolloutOptions
from volant.jobs.context import Context
from volant.jobs.executor import LocalExecutor
from volant.jobs.workflows import Workflows
from volant.loop import forgetting, releasing
from volant.loop import runs as run_steps
from volant.loop.making import Making
from volant.loop.rolling import Rolling, Word
from volant.loop.watching import Watching
from volant.registry import audit as chain
from volant.registry import documents, models, state
from volant.store.blobs import Blobs
from volant.store.database import Database
from volant.store.keys import KeyRing
from volant.store.tables import audit
from volant.traces import ingest

WATCH = MonitorSpec(name="errors", task="desk", measure="error_rate", threshold=0.2, min_count=10)


@pytest.fixture
def context(database: Database, ring: KeyRing, tmp_path: Path) -> Context:
    made = Context(
        data_dir=tmp_path, settings=ServerSettings(), clock=ManualClock(), db=database, vault=ring.vault, keyring=ring,
        blobs=Blobs(tmp_path / "blobs"), executor=LocalExecutor(tmp_path),
        workflows=Workflows(f"sqlite:///{tmp_path / 'dbos.db'}"), publish=lambda: None,
    )  # fmt: skip
    wanted = Documents(deployments=(PLACE,), tasks=(TASK,), gates=(GateSpec(name="gate"),), monitors=(WATCH,))
    with database.begin() as tx:
        documents.apply(tx, "default", wanted, applied_by="test", now_ms=made.clock.now_ms())
    return made


def told(context: Context) -> list[tuple[str, str]]:
    """(actor, action), oldest first, of a chain that is whole."""
    with context.db.read() as tx:
        assert chain.verify(tx, context.vault).intact
        return [(row.actor, row.action) for row in tx.execute(select(audit).order_by(audit.c.id))]


def _begun(context: Context) -> tuple[Rolling, tuple[str, str]]:
    rolling = Rolling(context, Making(context))
    ids = rolling.prepare("default", RolloutOptions(task="desk", variant="new", plan=PLAN), by="key_1")
    rolling._begin("default", *ids)
    rolling._begin("default", *ids)  # a step that a kill interrupted is done again
    return rolling, ids


def test_a_rollback_by_statistics_is_the_loops_and_told_once(context: Context) -> None:
    rolling, ids = _begun(context)
    for user in range(12):
        _users(context, ids[1], user, "canary", failed=True)
        _users(context, ids[1], user + 100, "live", failed=False)
    _later(context)
    for _ in range(2):
        assert rolling._look("default", ids[1]) == "rolled_back"
        rolling._end("default", *ids)
    assert told(context) == [
        ("key_1", "rollout.start"), ("loop", "rollout.move"), ("loop", "rollout.move"), ("loop", "release.end")
    ]  # fmt: skip


def test_a_promotion_by_a_persons_word_is_theirs_and_the_release_follows(context: Context) -> None:
    rolling, ids = _begun(context)
    rolling.say("default", ids[1], Word(action="promote", reviewer="Ada (usr_1)", by="usr_1", comment="Jane agrees"))
    assert rolling._look("default", ids[1]) == "promoted"
    for _ in range(2):
        rolling._end("default", *ids)
    assert told(context)[2:] == [("usr_1", "rollout.say"), ("usr_1", "rollout.move"), ("loop", "release.live")]
    with context.db.read() as tx:
        texts = " ".join(tx.execute(select(audit.c.detail)).scalars())
    assert "Ada" not in texts
    assert "Jane" not in texts


def test_a_candidate_that_cannot_be_deployed_is_told(context: Context) -> None:
    rolling = Rolling(context, Making(context))
    ids = rolling.prepare("default", RolloutOptions(task="desk", variant="new", plan=PLAN), by="key_1")
    for _ in range(2):
        rolling._give_up("default", *ids, "no engine")
    assert told(context) == [("key_1", "rollout.start"), ("loop", "rollout.move"), ("loop", "release.end")]


def test_a_run_its_model_and_its_verdict_are_told_once(context: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    run_id = new_id("run")
    making = Making(context)
    result = {"checkpoint": "c", "checkpoint_hash": "h", "gguf": "g", "gguf_hash": "h", "facts": {}}
    monkeypatch.setattr(LocalExecutor, "handle", lambda self, one: _Ended(result))
    spec = {"dataset_version_id": "dsv_1"}
    for _ in range(2):
        run_steps.begin(context, "default", "train", spec, [], run_id, "build-1")
    for _ in range(2):
        model_id = making._register("default", run_id, "desk", spec, "")
    verdict_id = new_id("verdict")
    for _ in range(2):
        making.decide("default", "gate", model_id, [], "", verdict_id)
    assert told(context) == [
        ("loop", one) for one in ("run.start", "run.end", "model.register", "verdict.decide")
    ]  # fmt: skip


class _Ended:
    """A run that is over."""

    def __init__(self, result: dict[str, Any]) -> None:
        self._result = result

    def wait(self) -> dict[str, Any]:
        return self._result


def test_a_monitors_firing_and_its_end_are_told(context: Context) -> None:
    watching = Watching(context, _NothingToRetrain())  # type: ignore[arg-type]
    with context.db.begin() as tx:
        failed = [
            InferenceRecord(
                inference_id=new_id("inference"), project="default", key_id="k", trace_id=new_trace_id(),
                span_id=new_span_id(), task="desk", variant="old", deployment="d", model="m",
                started_ms=context.clock.now_ms(), latency_ms=1.0, ttft_ms=1.0, status=502, error_code="upstream",
            )
            for _ in range(30)
        ]  # fmt: skip
        ingest.ingest(tx, context.keyring, failed, now_ms=context.clock.now_ms())
    for _ in range(3):
        watching.look()
    assert told(context) == [("loop", "alert.fire")]
    with context.db.begin() as tx:
        state.set_live(tx, "default", "desk", "new", now_ms=context.clock.now_ms())
    for _ in range(3):
        watching.look()
    assert told(context) == [("loop", "alert.fire"), ("loop", "alert.resolve")]


class _NothingToRetrain:
    NAME = "retrain"

    def check(self, project: str, task: str) -> None:
        raise Conflict("no_loop", "nothing to retrain")


def test_what_an_erasure_takes_out_of_service_is_told(context: Context) -> None:
    with context.db.begin() as tx:
        model = models.register(tx, "default", "desk", now_ms=1, gguf="g")
        variant = VariantSpec(name="ours", deployments=("d",), model_id=model.id)
        state.put_variant(tx, "default", "desk", variant, now_ms=1)
    release = releasing.propose(context, "default", "desk", "ours", model.id, "", new_id("release"), "first")
    releasing.make_live(context, "default", release, "first")
    forgetting.follow(context, "default", "era_1", {"blocked": [model.id], "tasks": [], "due_ms": 0})
    assert [action for _, action in told(context)] == [
        "release.propose", "release.live", "release.end", "deployment.stop"
    ]  # fmt: skip
