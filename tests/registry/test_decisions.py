"""Runs, models, releases, rollouts and reviews: what they may become, and what they may not."""

from __future__ import annotations

import pytest

from volant.core.errors import BadInput, Conflict, NotFound
from volant.core.nouns import RolloutPlan
from volant.registry import models, releases, reports, reviews, rollouts, runs
from volant.store.database import Database

pytestmark = pytest.mark.usefixtures("ring")


def test_a_run_goes_through_its_states_and_older_attempts_are_fenced(database: Database) -> None:
    with database.begin() as tx:
        run = runs.create_run(tx, "default", "train", {"steps": 3}, now_ms=1, inputs=[("dataset_version", "dsv_1")])
        assert runs.create_run(tx, "default", "train", {}, now_ms=2, run_id=run.id) == run
        assert (run.state, run.attempt) == ("queued", 0)
        first = runs.start(tx, "default", run.id, now_ms=2)
        failed = runs.fail(tx, "default", run.id, {"code": "oops"}, attempt=first.attempt, now_ms=3)
        assert (failed.state, failed.error, failed.ended_ms) == ("failed", {"code": "oops"}, 3)
        runs.requeue(tx, "default", run.id)
        second = runs.start(tx, "default", run.id, now_ms=4)
        assert second.attempt == 2
        with pytest.raises(Conflict, match="replaced by attempt 2"):
            runs.succeed(tx, "default", run.id, {}, attempt=1, now_ms=5)
        done = runs.succeed(tx, "default", run.id, {"loss": 0.5}, attempt=2, now_ms=6)
        assert (done.state, done.result, done.error) == ("succeeded", {"loss": 0.5}, {})
        with pytest.raises(Conflict, match="is succeeded and cannot become cancelled"):
            runs.cancel(tx, "default", run.id, now_ms=7)
        with pytest.raises(NotFound):
            runs.get_run(tx, "other", run.id)
        assert [one.id for one in runs.list_runs(tx, "default", kind="train", state="succeeded")] == [run.id]
        assert runs.list_runs(tx, "default", state="queued") == []


def test_models_are_versioned_by_name_and_flagged(database: Database) -> None:
    with database.begin() as tx:
        first = models.register(tx, "default", "intent", now_ms=1, run_id="run_1", facts={"steps": 3})
        second = models.register(tx, "default", "intent", now_ms=2, base_model_id=first.id)
        assert (first.label, second.label) == ("intent@1", "intent@2")
        assert models.register(tx, "default", "intent", now_ms=3, model_id=first.id) == first
        assert models.resolve(tx, "default", "intent") == second
        assert models.resolve(tx, "default", "intent@1") == first
        assert models.resolve(tx, "default", second.id) == second
        for name in ("intent@3", "nothing", "mdl_none"):
            with pytest.raises(NotFound):
                models.resolve(tx, "default", name)
        models.set_artifacts(tx, "default", first.id, gguf="models/x/model.gguf", gguf_hash="ab")
        models.set_facts(tx, "default", first.id, {"bytes": 7})
        flag = {"kind": "erasure", "erasure_id": "era_1"}
        models.flag(tx, "default", first.id, flag)
        flagged = models.flag(tx, "default", first.id, flag)
        assert flagged.flags == (flag,)
        assert (flagged.gguf, flagged.checkpoint, flagged.facts) == (
            "models/x/model.gguf",
            "",
            {"steps": 3, "bytes": 7},
        )
        assert models.unflag(tx, "default", first.id, "erasure").flags == ()
        assert models.set_state(tx, "default", first.id, "blocked").state == "blocked"
        assert [one.id for one in models.list_models(tx, "default", state="blocked")] == [first.id]
        with pytest.raises(BadInput, match="no state"):
            models.set_state(tx, "default", first.id, "lively")
        with pytest.raises(BadInput, match="needs a `kind`"):
            models.flag(tx, "default", first.id, {})
        with pytest.raises(BadInput, match="cannot name"):
            models.register(tx, "default", "a@b", now_ms=1)


def test_a_new_live_release_supersedes_the_old_one(database: Database) -> None:
    with database.begin() as tx:
        one = releases.create_release(tx, "default", task="t", variant="a", model_id="mdl_1", now_ms=1)
        two = releases.create_release(tx, "default", task="t", variant="b", model_id="mdl_2", now_ms=2)
        elsewhere = releases.create_release(tx, "default", task="u", variant="a", model_id="mdl_1", now_ms=2)
        releases.move(tx, "default", elsewhere.id, "live", now_ms=3)
        releases.move(tx, "default", one.id, "live", now_ms=3)
        assert releases.live_release(tx, "default", "t") == releases.get_release(tx, "default", one.id)
        releases.move(tx, "default", two.id, "rolling_out", now_ms=4, rollout_id="rol_1")
        live = releases.move(tx, "default", two.id, "live", now_ms=5, reason="promoted")
        assert (live.rollout_id, live.reason, live.ended_ms) == ("rol_1", "promoted", 0)
        old = releases.get_release(tx, "default", one.id)
        assert (old.state, old.ended_ms) == ("superseded", 5)
        assert releases.get_release(tx, "default", elsewhere.id).state == "live"
        with pytest.raises(Conflict, match="is live and cannot become rejected"):
            releases.move(tx, "default", two.id, "rejected", now_ms=6)
        assert releases.move(tx, "default", two.id, "live", now_ms=7) == live
        assert len(releases.list_releases(tx, "default", task="t")) == 2


def test_one_rollout_a_task_with_every_decision_kept(database: Database) -> None:
    plan = RolloutPlan()
    with database.begin() as tx:
        made = rollouts.create_rollout(
            tx, "default", task="t", baseline="a", candidate="b", plan=plan, now_ms=1, release_id="rel_1"
        )
        with pytest.raises(Conflict, match="still runs"):
            rollouts.create_rollout(tx, "default", task="t", baseline="a", candidate="c", plan=plan, now_ms=2)
        assert (
            rollouts.create_rollout(
                tx, "default", task="t", baseline="a", candidate="b", plan=plan, now_ms=2, rollout_id=made.id
            )
            == made
        )
        rollouts.decide(tx, "default", made.id, {"why": "start"}, now_ms=3, state="canary", step=0, share=0.1)
        wider = rollouts.decide(tx, "default", made.id, {"why": "harmless"}, now_ms=4, step=1, share=0.5)
        assert (wider.state, wider.step, wider.share, wider.running) == ("canary", 1, 0.5, True)
        ended = rollouts.decide(tx, "default", made.id, {}, now_ms=5, state="promoted", share=1.0, reason="all inside")
        assert [decision["at_ms"] for decision in ended.decisions] == [3, 4, 5]
        assert (ended.ended_ms, ended.reason, ended.running) == (5, "all inside", False)
        with pytest.raises(Conflict, match="is promoted"):
            rollouts.decide(tx, "default", made.id, {}, now_ms=6)
        assert rollouts.running(tx, "default", "t") is None
        again = rollouts.create_rollout(tx, "default", task="t", baseline="b", candidate="c", plan=plan, now_ms=7)
        assert rollouts.running(tx, "default", "t") == again
        with pytest.raises(Conflict, match="no state"):
            rollouts.decide(tx, "default", again.id, {}, now_ms=8, state="somewhere")


def test_an_approval_holds_for_its_evidence_only(database: Database) -> None:
    seen, other = reports.evidence_hash({"accuracy": 0.8}), reports.evidence_hash({"accuracy": 0.7})
    with database.begin() as tx:
        where = {"subject_kind": "release", "subject_id": "rel_1", "reviewer": "ann"}
        reviews.add_review(tx, "default", evidence_hash=seen, decision="approve", now_ms=1, **where)
        assert reviews.approved(tx, "default", "release", "rel_1", seen)
        assert not reviews.approved(tx, "default", "release", "rel_1", other)
        assert not reviews.approved(tx, "other", "release", "rel_1", seen)
        reviews.add_review(tx, "default", evidence_hash=seen, decision="reject", now_ms=2, **where)
        assert not reviews.approved(tx, "default", "release", "rel_1", seen)
        assert [one.decision for one in reviews.reviews_of(tx, "default", "release", "rel_1")] == ["approve", "reject"]
        with pytest.raises(BadInput):
            reviews.add_review(tx, "default", evidence_hash="", decision="approve", now_ms=3, **where)
