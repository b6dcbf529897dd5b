"""Lineage: from an answer to the rows behind it, and from a person to everything made of them."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import pytest
from sqlalchemy import insert

from volant.core.errors import BadInput, NotFound
from volant.core.nouns import Metric, Reason, Report, RolloutPlan, Verdict
from volant.registry import datasets, lineage, models, records, releases, reports, reviews, rollouts, runs, state
from volant.registry.records import NewRecord
from volant.store.blobs import Blobs
from volant.store.database import Database
from volant.store.keys import KeyRing
from volant.store.tables import feedback, inference


class World(NamedTuple):
    """Two dataset versions, two models (the second on the first), and an unrelated third."""

    blobs: Blobs
    ids: list[str]  # records 0..7 train (7 new), 8 validation, 9 test, 10 pool
    added: list[str]  # of version 2
    versions: tuple[str, str]
    models: tuple[str, str, str]
    releases: tuple[str, str]


@pytest.fixture
def world(database: Database, ring: KeyRing, tmp_path: Path) -> World:
    blobs = Blobs(tmp_path / "blobs")
    with database.begin() as tx:
        new = [NewRecord(source="import:a", position=n, body={"text": f"q{n}"}, subject=f"sub_{n}") for n in range(11)]
        ids = records.insert_records(tx, ring, "default", new, now_ms=1)
        split = ["train"] * 8 + ["validation", "test", "pool_a"]
        members = [(one, split[n], n != 7) for n, one in enumerate(ids)]
        first = datasets.create_version(tx, blobs, "default", "help", members, now_ms=1)
        reviewed = NewRecord(
            source="feedback", position=0, body={"text": "n"}, subject="sub_fb", inference_id="inf_fb", observed_ms=1
        )
        added = records.insert_records(tx, ring, "default", [reviewed], now_ms=2)
        second = datasets.create_version(
            tx, blobs, "default", "help", [(added[0], "train", False)], now_ms=2, parent_id=first.id
        )
        made = [
            _train(tx, first.id, "", {"splits": ["train"], "known_only": True}, 10),
            _train(tx, first.id, "", {"splits": ["other"]}, 11),
        ]
        made.insert(1, _train(tx, second.id, made[0], {}, 20))
        _evaluate(tx, made[0], first.id, 12)
        _evaluate(tx, made[1], first.id, 22)
        one = _release(tx, made[0], "first", 13)
        two = _release(tx, made[1], "second", 23)
        rollouts.create_rollout(
            tx, "default", task="intent", baseline="first", candidate="second", plan=RolloutPlan(), now_ms=24,
            release_id=two, rollout_id="rol_1",
        )  # fmt: skip
        reviews.add_review(
            tx, "default", subject_kind="release", subject_id=two, evidence_hash="e" * 64, decision="approve",
            reviewer="ann", now_ms=25,
        )  # fmt: skip
        state.put_place(tx, "default", "small", state.Place(base_url="http://x", model_id=made[1]), now_ms=26)
        _answer(tx, "inf_1", made[1], two, "sub_3")
        _answer(tx, "inf_fallback", "", "", "sub_3", fallback=1, deployment="spare")
        _answer(tx, "inf_fb", made[0], one, "sub_fb")
    return World(blobs, ids, added, (first.id, second.id), tuple(made), (one, two))  # type: ignore[arg-type]


def _train(tx, version: str, base: str, spec: dict[str, object], at: int) -> str:  # type: ignore[no-untyped-def]
    inputs = [("dataset_version", version), *([("model", base)] if base else [])]
    run = runs.create_run(tx, "default", "train", spec, now_ms=at, inputs=inputs)
    runs.start(tx, "default", run.id, now_ms=at)
    runs.succeed(tx, "default", run.id, {}, attempt=1, now_ms=at + 1500)
    return models.register(
        tx, "default", "intent", now_ms=at, run_id=run.id, base_model_id=base, dataset_version_id=version
    ).id


def _evaluate(tx, model: str, version: str, at: int) -> None:  # type: ignore[no-untyped-def]
    run = runs.create_run(
        tx, "default", "evaluate", {}, now_ms=at, inputs=[("dataset_version", version), ("model", model)]
    )
    metric = Metric(name="exact", value=0.8, low=0.75, high=0.85, n=320)
    report = Report(
        report_id=f"rep_{model}", suite="accuracy", model_id=model, dataset_version_id=version, metrics=(metric,),
        evaluated=320,
    )  # fmt: skip
    reports.add_report(tx, "default", report, now_ms=at, run_id=run.id)
    reason = Reason(rule="accuracy_min", outcome="pass", sentence="0.80 is above 0.50", report_id=f"rep_{model}")
    verdict = Verdict(verdict_id=f"ver_{model}", gate="g", model_id=model, outcome="pass", reasons=(reason,))
    reports.add_verdict(tx, "default", verdict, now_ms=at)


def _release(tx, model: str, variant: str, at: int) -> str:  # type: ignore[no-untyped-def]
    made = releases.create_release(
        tx, "default", task="intent", variant=variant, model_id=model, verdict_id=f"ver_{model}", now_ms=at
    )
    return releases.move(tx, "default", made.id, "live", now_ms=at).id


def _answer(tx, identifier: str, model: str, release: str, subject: str, **more: object) -> None:  # type: ignore[no-untyped-def]
    row = {
        "id": identifier, "project": "default", "task": "intent", "variant": "second", "deployment": "small",
        "model": "small", "model_id": model, "release_id": release, "subject": subject, "arm": "live", "status": 200,
        "latency_ms": 12.0, "started_ms": 1_700_000_000_000, "config_hash": "c0ffee", "fallback": 0,
    }  # fmt: skip
    tx.execute(insert(inference).values(row | more))
    tx.execute(
        insert(feedback).values(
            id=f"fb_{identifier}", project="default", inference_id=identifier, metric="accepted", value=1.0,
            idempotency_key=identifier, subject=subject,
        )
    )  # fmt: skip


def test_why_walks_from_the_answer_to_the_rows_and_the_decision(database: Database, world: World) -> None:
    with database.read() as tx:
        chain = lineage.why(tx, "default", "inf_1")
    assert chain.gaps == ()
    found = [(depth, node.kind, node.id) for depth, node in lineage.walk(chain.root)]
    first, second, _ = world.models
    assert found[0] == (0, "inference", "inf_1")
    assert {(kind, identifier) for _, kind, identifier in found} >= {
        ("deployment", "small"),
        ("variant", "second"),
        ("model", second),
        ("model", first),
        ("dataset_version", world.versions[0]),
        ("dataset_version", world.versions[1]),
        ("source", "import:a"),
        ("source", "feedback"),
        ("report", f"rep_{second}"),
        ("release", world.releases[1]),
        ("verdict", f"ver_{second}"),
        ("reason", "accuracy_min"),
        ("rollout", "rol_1"),
        ("feedback", "accepted"),
    }
    kinds = [kind for _, kind, _ in found]
    assert kinds.index("model") < kinds.index("run") < kinds.index("dataset_version") < kinds.index("source")
    sentences = " ".join(node.sentence for _, node in lineage.walk(chain.root))
    assert "fine-tuned from " + first in sentences
    assert "exact 0.800 [0.750, 0.850], n=320" in sentences
    assert "11 rows came from 'import:a'" in sentences
    assert "ann said approve" in sentences
    assert "configuration c0ffee" in sentences


def test_a_fallbacks_answer_claims_no_model_of_ours(database: Database, world: World) -> None:
    with database.read() as tx:
        chain = lineage.why(tx, "default", "inf_fallback")
        with pytest.raises(NotFound, match="no inference"):
            lineage.why(tx, "other", "inf_fallback")
    kinds = [node.kind for _, node in lineage.walk(chain.root)]
    assert "model" not in kinds
    assert "a fallback answered" in chain.root.sentence


def test_a_broken_link_is_a_gap_and_not_a_silence(database: Database, world: World) -> None:
    with database.begin() as tx:
        _answer(tx, "inf_odd", "mdl_vanished", "rel_vanished", "sub_x")
        chain = lineage.why(tx, "default", "inf_odd")
    assert any("mdl_vanished is not in the registry" in gap for gap in chain.gaps)
    assert any("no release is recorded" in gap for gap in chain.gaps)


def test_impact_of_a_trained_person_reaches_the_models_based_on_theirs(database: Database, world: World) -> None:
    with database.read() as tx:
        found = lineage.impact(tx, world.blobs, "default", subject="sub_3")
    first, second, unrelated = world.models
    assert found.records == (world.ids[3],)
    assert found.inferences == ("inf_1", "inf_fallback")
    assert set(found.feedback) == {"fb_inf_1", "fb_inf_fallback"}
    assert [one.id for one in found.dataset_versions] == list(world.versions)
    assert {one.id for one in found.models} == {first, second}
    assert unrelated not in {one.id for one in found.models}
    assert {one.id for one in found.reports} == {f"rep_{first}", f"rep_{second}"}
    assert {one.id for one in found.verdicts} == {f"ver_{first}", f"ver_{second}"}
    assert {one.id for one in found.releases} == set(world.releases)
    assert [one.id for one in found.deployments] == ["small"]
    assert [one.id for one in found.rollouts] == ["rol_1"]
    assert found.live_models == (second,)
    assert {one.facts["kind"] for one in found.runs} == {"train", "evaluate"}


def test_a_new_label_left_out_by_the_first_run_touches_the_second_model_only(database: Database, world: World) -> None:
    with database.read() as tx:
        found = lineage.impact(tx, world.blobs, "default", subject="sub_7")
    assert {one.id for one in found.models} == {world.models[1]}


def test_test_and_pool_rows_make_no_model_derived(database: Database, world: World) -> None:
    with database.read() as tx:
        tested = lineage.impact(tx, world.blobs, "default", record=world.ids[9])
        pool = lineage.impact(tx, world.blobs, "default", record=world.ids[10])
        chosen_on = lineage.impact(tx, world.blobs, "default", record=world.ids[8])
    assert tested.models == ()
    assert {one.id for one in tested.reports} == {f"rep_{model}" for model in world.models[:2]}
    assert {one.facts["kind"] for one in tested.runs} == {"evaluate"}
    assert (pool.models, pool.reports, pool.runs) == ((), (), ())
    assert len(pool.dataset_versions) == 2
    assert {one.id for one in chosen_on.models} == set(world.models)  # checkpoints are chosen on it


def test_impact_of_feedback_reaches_only_what_came_after(database: Database, world: World) -> None:
    with database.read() as tx:
        found = lineage.impact(tx, world.blobs, "default", record=world.added[0])
        assert found.inferences == ("inf_fb",)
        assert {one.id for one in found.models} == {world.models[1]}
        assert [one.id for one in found.dataset_versions] == [world.versions[1]]


def test_impact_of_a_version_and_of_nobody(database: Database, world: World) -> None:
    with database.read() as tx:
        second = lineage.impact(tx, world.blobs, "default", dataset_version=world.versions[1])
        assert second.kind == "dataset_version"
        assert len(second.records) == 12
        assert {one.id for one in second.models} == {world.models[1]}
        first = lineage.impact(tx, world.blobs, "default", dataset_version=world.versions[0])
        assert {one.id for one in first.models} == set(world.models)
        assert [one.id for one in first.dataset_versions] == list(world.versions)
        nobody = lineage.impact(tx, world.blobs, "default", subject="sub_nobody")
        assert (nobody.records, nobody.models, nobody.live_models) == ((), (), ())
        with pytest.raises(BadInput, match="name one of"):
            lineage.impact(tx, world.blobs, "default", subject="a", record="b")


def test_edges_are_written_once_and_walked_through_cycles(database: Database, ring: KeyRing) -> None:
    with database.begin() as tx:
        a, b, c = ("model", "a"), ("model", "b"), ("run", "c")
        assert lineage.link(tx, "default", a, b, "x", now_ms=1)
        assert not lineage.link(tx, "default", a, b, "x", now_ms=2)
        assert not lineage.link(tx, "default", ("model", ""), b, "x", now_ms=2)
        lineage.link(tx, "default", b, c, "y", now_ms=1, parameters={"n": 1})
        lineage.link(tx, "default", c, a, "z", now_ms=1)
        assert set(lineage.descendants(tx, "default", [a])) == {b, c}
        assert set(lineage.descendants(tx, "default", [a], kinds=["model"])) == {b}
        assert set(lineage.descendants(tx, "other", [a])) == set()
        assert lineage.sources_of(tx, "default", [c])[0].parameters == {"n": 1}
