"""A rollout's looks over real rows: begin, widen, promote, roll back, and a person's word. No engine is needed."""

from __future__ import annotations

from pathlib import Path

import pytest

from volant.core.clock import ManualClock
from volant.core.errors import Conflict
from volant.core.ids import new_id, new_span_id, new_trace_id
from volant.core.nouns import DeploymentSpec, Documents, InferenceRecord, RolloutPlan, TaskSpec, VariantSpec
from volant.core.settings import ServerSettings
from volant.jobs.actions import RolloutOptions
from volant.jobs.context import Context
from volant.jobs.executor import LocalExecutor
from volant.jobs.workflows import Workflows
from volant.loop.making import Making
from volant.loop.rolling import Rolling, Word
from volant.registry import documents, models, releases, rollouts, state
from volant.store.blobs import Blobs
from volant.store.database import Database
from volant.store.keys import KeyRing
from volant.traces import feedback, ingest

PLAN = RolloutPlan(shadow_requests=0, steps=((0.5, 10),), failure_ceiling=0.3, correction_margin=0.3, label_wait_s=5.0)
PLACE = DeploymentSpec(name="d", provider="mock", model="m", base_url="http://127.0.0.1:9/v1")
TASK = TaskSpec(
    name="desk",
    variants=(VariantSpec(name="old", deployments=("d",)), VariantSpec(name="new", deployments=("d",))),
)


@pytest.fixture
def context(database: Database, ring: KeyRing, tmp_path: Path) -> Context:
    made = Context(
        data_dir=tmp_path, settings=ServerSettings(), clock=ManualClock(), db=database, vault=ring.vault, keyring=ring,
        blobs=Blobs(tmp_path / "blobs"), executor=LocalExecutor(tmp_path),
        workflows=Workflows(f"sqlite:///{tmp_path / 'dbos.db'}"), publish=lambda: None,
    )  # fmt: skip
    with database.begin() as tx:
        documents.apply(
            tx, "default", Documents(deployments=(PLACE,), tasks=(TASK,)), applied_by="test", now_ms=made.clock.now_ms()
        )
    return made


@pytest.fixture
def rolling(context: Context) -> Rolling:
    return Rolling(context, Making(context))


@pytest.fixture
def begun(context: Context, rolling: Rolling) -> tuple[str, str]:
    """(release, rollout) of variant `new`, in its first canary step."""
    ids = rolling.prepare("default", RolloutOptions(task="desk", variant="new", plan=PLAN))
    rolling._begin("default", *ids)
    return ids


def test_it_begins_with_a_split_of_whole_users(context: Context, begun: tuple[str, str]) -> None:
    with context.db.read() as tx:
        split = state.split(tx, "default", "desk")
        assert split is not None
        assert (split.candidate, split.share, split.mode, split.salt) == ("new", 0.5, "canary", begun[1])
        assert releases.get_release(tx, "default", begun[0]).state == "rolling_out"


def test_a_candidate_that_fails_is_rolled_back_and_its_traffic_ends(
    context: Context, rolling: Rolling, begun: tuple[str, str]
) -> None:
    for user in range(12):
        _users(context, begun[1], user, "canary", failed=True)
        _users(context, begun[1], user + 100, "live", failed=False)
    _later(context)
    assert rolling._look("default", begun[1]) == "rolled_back"
    rolling._end("default", *begun)
    with context.db.read() as tx:
        assert state.split(tx, "default", "desk") is None
        assert releases.get_release(tx, "default", begun[0]).state == "rolled_back"
        assert "technical_failures" in rollouts.get_rollout(tx, "default", begun[1]).reason


def test_a_good_candidate_is_promoted_and_then_serves(
    context: Context, rolling: Rolling, begun: tuple[str, str]
) -> None:
    for user in range(80):
        _users(context, begun[1], user, "canary", failed=False, corrected=False)
        _users(context, begun[1], user + 100, "live", failed=False, corrected=True)
    _later(context)
    assert rolling._look("default", begun[1]) == "promoted"
    rolling._end("default", *begun)
    with context.db.read() as tx:
        live = state.live(tx, "default", "desk")
        assert live is not None
        assert (live.variant, live.release_id) == ("new", begun[0])
        assert state.split(tx, "default", "desk") is None
    assert rolling._look("default", begun[1]) == "promoted"  # a look after the end changes nothing


def test_without_evidence_it_holds_however_often_it_looks(
    context: Context, rolling: Rolling, begun: tuple[str, str]
) -> None:
    _users(context, begun[1], 1, "canary", failed=False)
    _later(context)
    for _ in range(5):
        assert rolling._look("default", begun[1]) == ""
    with context.db.read() as tx:
        assert [d["action"] for d in rollouts.get_rollout(tx, "default", begun[1]).decisions] == ["begin"]


def test_a_persons_word_goes_before_the_statistics(context: Context, rolling: Rolling, begun: tuple[str, str]) -> None:
    for user in range(12):
        _users(context, begun[1], user, "canary", failed=True)
        _users(context, begun[1], user + 100, "live", failed=False)
    _later(context)
    rolling.say("default", begun[1], Word(action="hold", reviewer="ada"))
    assert rolling._look("default", begun[1]) == ""
    rolling.say("default", begun[1], Word(action="rollback", reviewer="ada", comment="a hunch"))
    assert rolling._look("default", begun[1]) == "rolled_back"
    with context.db.read() as tx:
        assert rollouts.get_rollout(tx, "default", begun[1]).decisions[-1]["by"] == "ada"
    with pytest.raises(Conflict, match="ended"):
        rolling.say("default", begun[1], Word(action="promote", reviewer="ada"))


def test_one_rollout_at_a_time_and_only_of_what_passed_its_gate(
    context: Context, rolling: Rolling, begun: tuple[str, str]
) -> None:
    with pytest.raises(Conflict) as caught:
        rolling.prepare("default", RolloutOptions(task="desk", variant="new", plan=PLAN))
    assert caught.value.code == "rollout_running"
    with context.db.begin() as tx:
        model = models.register(tx, "default", "desk", now_ms=1)
    with pytest.raises(Conflict) as caught:
        rolling.prepare("default", RolloutOptions(task="desk", model_id=model.id))
    assert caught.value.code == "gate_not_passed"


def _later(context: Context) -> None:
    """Long enough for every user to be complete and every judgement to be in."""
    assert isinstance(context.clock, ManualClock)
    context.clock.advance(120_000)


def _users(
    context: Context, rollout_id: str, user: int, arm: str, *, failed: bool, corrected: bool | None = None
) -> None:
    """One user who asks three questions."""
    with context.db.begin() as tx:
        subject = context.keyring.subject_of(tx, "default", f"user-{user}")
        records = [
            InferenceRecord(
                inference_id=new_id("inference"), project="default", key_id="k", trace_id=new_trace_id(),
                span_id=new_span_id(), task="desk", variant="new" if arm == "canary" else "old", deployment="d",
                model="m", rollout_id=rollout_id, arm="canary" if arm == "canary" else "live", subject=subject,
                started_ms=context.clock.now_ms() + user, latency_ms=1.0, ttft_ms=1.0, status=200,
                fallback=failed, canary_failed=failed,
            )
            for _ in range(3)
        ]  # fmt: skip
        ingest.ingest(tx, context.keyring, records, now_ms=context.clock.now_ms())
        if corrected is not None:
            for record in records:
                given = feedback.NewFeedback(
                    inference_id=record.inference_id, metric="accepted", value=not corrected, source="agent"
                )
                feedback.add(tx, context.keyring, "default", given, now_ms=context.clock.now_ms())
